// The quiz a learner sees. Python decides (course/quiz/session.py) and sends one `state`; this file shows it, and sends
// back what the learner does. Nothing is marked here, and nothing arrives here that may not be seen yet.
//
// Read with widget_store.js (keeping answers) and widget_controls.js (one control per question type): Python joins the
// three files into one module.

const PATIENCE = 1500; // milliseconds to wait for the kernel before an answer is kept without it

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const VERDICTS = { right: ["✓", "Right"], partly: ["◐", "Partly right"], wrong: ["✗", "Not right yet"] };
const SURE = [[1, "a guess"], [2, "fairly"], [3, "certain"]];

/** One question: built once for what it asks, then only updated, so that nobody's typing is ever thrown away. */
class Card {
  constructor(item, quiz) {
    this.quiz = quiz;
    this.item = item;
    this.began = performance.now();
    this.pending = null;
    const { view } = item;
    this.control = (CONTROLS[view.type] ?? nothing)(view, (words) => this.changed(words));
    this.asks = !["task", "essay"].includes(view.type);
    this.submit = h("button.cq-button.cq-primary", { type: "submit" });
    this.hint = h("button.cq-button", { type: "button", onclick: () => quiz.send({ type: "hint", item: item.id }) });
    this.reveal = h("button.cq-button", { type: "button", onclick: () => this.record("reveal") }, "Show the answer");
    this.vary = h("button.cq-button", { type: "button", onclick: () => quiz.send({ type: "vary", item: item.id }) }, "New variant");
    this.hints = h("div.cq-hints", {});
    this.verdict = h("div.cq-verdict", { role: "status", tabindex: "-1" });
    this.after = h("div.cq-after", {});
    this.said = h("div.cq-said", { role: "status" });
    this.points = h("span.cq-points", {}, plural(view.points, "point", "points"));
    this.element = h(
      "form.cq-item",
      { novalidate: true, autocomplete: "off", onsubmit: (event) => this.onSubmit(event) },
      h(
        "fieldset.cq-fieldset",
        {},
        h("legend.cq-legend", {}, h("span.cq-number", {}, `${item.number}`), h("span.cq-title", { dir: "auto", html: view.title.html })),
        h("div.cq-body", { dir: "auto", html: view.body?.html || "" }),
        this.note(view),
        this.control.element,
      ),
      this.hints,
      this.asks ? h("div.cq-foot", {}, h("div.cq-actions", {}, this.submit, this.hint, this.reveal, this.vary), this.sureness()) : null,
      this.verdict,
      this.after,
      this.said,
    );
    this.element.querySelector(".cq-legend").append(this.points);
    this.restore(quiz.drafts()[item.id] ?? null);
    this.update(item);
  }

  note(view) {
    const words =
      view.type === "several" ? "Choose all that apply." : view.pointer ? view.pointer : null;
    return words ? h("p.cq-note", {}, words) : null;
  }

  sureness() {
    const name = fresh("sure");
    this.sure = new Map();
    const row = h("span.cq-sure-options", {});
    for (const [value, words] of SURE) {
      const id = fresh("sure");
      const input = h("input", { type: "radio", name, id, value, onchange: () => this.changed() });
      this.sure.set(value, input);
      row.append(h("label", { for: id }, input, h("span", {}, words)));
    }
    return (this.sureField = h("fieldset.cq-sure", {}, h("legend", {}, "How sure are you?"), row));
  }

  confidence() {
    return [...this.sure].find(([, input]) => input.checked)?.[0] ?? null;
  }

  /** Show a draft, or else the last response, in the controls. */
  restore(draft) {
    const shown = draft ?? { response: this.item.response, confidence: this.item.confidence };
    this.control.write(shown.response ?? null);
    this.sure?.forEach((input, value) => (input.checked = value === shown.confidence));
  }

  changed(words) {
    if (words) this.said.textContent = words;
    const { untouched, ...response } = this.control.read() ?? {};
    const filled = Object.keys(response).length > 0 && !untouched;
    const draft = filled || this.confidence() ? { response: filled ? response : null, confidence: this.confidence() } : null;
    this.quiz.draft(this.item.id, draft);
    if (this.item.notice || this.complaint) {
      this.complaint = null;
      this.item = { ...this.item, notice: null };
      this.speak();
    }
  }

  onSubmit(event) {
    event.preventDefault();
    event.stopPropagation();
    if (this.pending || this.submit.hidden) return;
    if (this.item.canRetry) {
      this.quiz.send({ type: "retry", item: this.item.id });
      return;
    }
    if (this.item.locked) return;
    if (!this.control.read()) {
      this.complaint = "Nothing to check yet: answer first.";
      this.speak();
      return;
    }
    this.record("answer");
  }

  /** Make an attempt, and see that it is kept whether or not a kernel is there to mark it. */
  record(event) {
    const { item, quiz } = this;
    const { untouched, ...response } = (event === "answer" && this.control.read()) || {};
    const attempt = quiz.attempt({
      item: item.id,
      response: event === "answer" ? response : null,
      hints: item.hints.length,
      seconds: Math.round((performance.now() - this.began) / 100) / 10,
      confidence: event === "answer" ? this.confidence() : null,
      variant: item.variant,
    });
    if (event !== "answer") attempt.event = event;
    this.complaint = null;
    this.pending = attempt;
    this.speak();
    quiz.send({ type: "submit", attempt });
    setTimeout(() => {
      if (this.pending !== attempt) return;
      this.pending = null;
      const kept = quiz.keep([attempt]);
      this.complaint = kept
        ? "Your answer is kept in the notebook. The kernel is busy or no longer running, so it is not checked yet: run this cell to have it checked."
        : "The kernel does not reply, and this front end does not let us write into the notebook: your answer is not kept. Run this cell and answer again.";
      this.speak();
    }, PATIENCE);
  }

  update(item) {
    const { item: before } = this;
    this.item = item;
    const settled = this.pending && (item.attempts.includes(this.pending.attempt) || item.refused === this.pending.attempt);
    if (settled) {
      this.pending = null;
      this.began = performance.now();
    }
    // Another view, another tab or a restored notebook answered: show that, unless this one is being typed in.
    if (!settled && before !== item && !same(before.response, item.response) && !this.element.contains(document.activeElement)) {
      this.restore(this.quiz.drafts()[item.id] ?? null);
    }
    this.element.dataset.status = item.status;
    this.control.lock(item.locked);
    this.sureField && (this.sureField.disabled = item.locked);
    this.sureField && (this.sureField.hidden = item.locked && !this.confidence());
    this.showHints(item);
    const graded = this.quiz.state.mode !== "practice" && !this.quiz.state.exam?.done;
    const label = item.canRetry ? "Try again" : graded ? (item.response ? "Record the change" : "Record answer") : "Check";
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    this.submit.textContent = label;
    this.submit.hidden = item.locked && !item.canRetry;
    this.hint.hidden = item.nextHint === null || item.locked;
    if (item.nextHint !== null) {
      const cost = item.nextHint.cost ? `, costs ${item.nextHint.cost}` : "";
      this.hint.textContent = `Hint ${item.hints.length + 1} of ${item.hints.length + item.nextHint.left}${cost}`;
    }
    this.reveal.hidden = !item.canReveal;
    this.vary.hidden = !item.canVary;
    this.showMarks(item);
    this.showAfter(item);
    this.speak();
    // A button that was pressed and is gone takes the focus with it: give it to what it led to.
    if (focused && focused !== document.body && (focused.hidden || focused.disabled)) this.verdict.focus({ preventScroll: true });
    if (before.canRetry && !item.canRetry && !item.locked && focused === this.submit) this.firstControl()?.focus();
  }

  firstControl() {
    return this.control.element.querySelector("input:checked, input:not([type=radio]), textarea, select, button:not(:disabled), input");
  }

  showHints(item) {
    if (this.hints.childElementCount === item.hints.length) return;
    const added = this.hints.childElementCount < item.hints.length && this.hints.dataset.ready;
    this.hints.replaceChildren(
      ...item.hints.map((html, index) => h("div.cq-hint", {}, h("strong", {}, `Hint ${index + 1}`), h("div", { dir: "auto", html }))),
    );
    this.hints.dataset.ready = "yes";
    if (added) this.said.textContent = this.hints.lastElementChild.textContent;
  }

  showMarks(item) {
    for (const row of this.element.querySelectorAll("[data-option]")) {
      const mark = item.verdict?.options?.[row.dataset.option];
      row.querySelector(":scope > .cq-feedback")?.remove();
      delete row.dataset.mark;
      const sign = row.querySelector(".cq-mark");
      if (sign) sign.textContent = "";
      if (!mark) continue;
      if (mark.mark) {
        row.dataset.mark = mark.mark;
        if (sign) sign.textContent = { right: "✓ right", wrong: "✗ not right", missed: "← belongs here" }[mark.mark];
      }
      if (mark.feedback) row.append(h("div.cq-feedback", { dir: "auto", html: mark.feedback }));
    }
  }

  showAfter(item) {
    const verdict = item.verdict;
    const parts = [];
    if (verdict?.answer) parts.push(h("div.cq-answer", {}, h("strong", {}, "The answer"), h("div", { dir: "auto", html: verdict.answer })));
    if (verdict?.explanation) parts.push(h("div.cq-explanation", {}, h("strong", {}, "Why"), h("div", { dir: "auto", html: verdict.explanation })));
    const key = JSON.stringify([verdict?.answer, verdict?.explanation]);
    if (this.after.dataset.key === key) return;
    this.after.dataset.key = key;
    this.after.replaceChildren(...parts);
  }

  /** Say in words how things stand: the one place a screen reader listens to. */
  speak() {
    const { item } = this;
    const lines = [];
    let status = item.status;
    if (this.pending) {
      status = "waiting";
      lines.push("Sent to the kernel…");
    } else if (this.complaint || item.notice) {
      status = "notice";
      lines.push(this.complaint || item.notice);
    } else if (item.status === "recorded") {
      lines.push(item.locked ? "Your answer was handed in." : "Recorded. You may change it until you hand in.");
    } else if (item.verdict) {
      const [sign, words] = VERDICTS[item.verdict.verdict];
      const shown = item.status === "revealed" ? ["◇", "Answer shown"] : [sign, item.verdict.verdict === "wrong" && !item.canRetry ? "Not right" : words];
      lines.push(`${shown[0]} ${shown[1]}${item.verdict.points === null ? "" : `: ${item.verdict.points} of ${item.view.points} points`}`);
    }
    const said = lines.concat(!this.pending && status !== "notice" ? item.verdict?.messages ?? [] : []);
    const key = JSON.stringify([status, said]);
    if (this.verdict.dataset.key === key) return;
    this.verdict.dataset.key = key;
    this.verdict.dataset.kind = status;
    this.verdict.replaceChildren(...said.map((words, index) => h(index ? "p" : "p.cq-first", { dir: "auto" }, words)));
  }
}

class QuizView {
  constructor(model, el) {
    keepKeys();
    this.model = model;
    this.cards = new Map();
    this.root = h("section.course-quiz", { "aria-label": `Quiz: ${model.get("state").title}` });
    el.append(this.root);
    this.store = new Store(model, this.root);
    this.header = h("header.cq-header", {});
    this.exam = h("div.cq-exam", {});
    this.list = h("div.cq-items", {});
    this.footer = h("footer.cq-footer", {});
    this.summary = h("div.cq-summary", {});
    this.keeping = h("div.cq-keeping", { role: "status" });
    this.footer.append(this.summary, this.keeping, this.answersBox());
    this.root.append(this.header, this.exam, this.list, this.footer);
    this.listen = { "change:state": () => this.show(), "change:drafts": () => this.otherDrafts(), "msg:custom": (message) => this.receive(message) };
    for (const [name, call] of Object.entries(this.listen)) model.on(name, call);
    this.ticking = setInterval(() => this.tick(), 1000);
    this.show();
    this.settle(40);
  }

  close() {
    clearInterval(this.ticking);
    clearTimeout(this.waiting);
    clearTimeout(this.writing);
    for (const [name, call] of Object.entries(this.listen)) this.model.off(name, call);
  }

  get state() {
    return this.model.get("state");
  }

  send(message) {
    try {
      this.model.send(message);
    } catch {
      // The kernel is gone; `Card.record` says so and keeps the answer without it.
    }
  }

  attempt(fields) {
    const { mode, bank, learner } = this.state;
    const { item, response, hints = 0, seconds = null, confidence = null, variant = 0 } = fields;
    return { schema: 1, attempt: newId(), item, response, at: new Date().toISOString(), mode, hints, seconds, confidence, variant, bank, learner };
  }

  /** Our cell and its output appear a moment after we do: wait for both, then bring notebook and kernel together. */
  settle(tries) {
    this.waiting = setTimeout(() => {
      if (!this.store.ready() && tries > 0) return this.settle(tries - 1);
      const { attempts, drafts } = this.store.get();
      const known = new Set(this.state.attempts.map((attempt) => attempt.attempt));
      const missing = attempts.filter((attempt) => !known.has(attempt.attempt));
      const merged = { ...drafts, ...this.drafts() };
      if (!same(merged, this.drafts())) {
        this.setDrafts(merged);
        this.otherDrafts();
      }
      if (missing.length) this.send({ type: "restore", attempts: missing });
      this.settled = true;
      this.keep([]);
    }, tries === 40 ? 0 : 100);
  }

  /** Write what is known into the notebook. Returns whether it took it. */
  keep(extra) {
    const { attempts, status, storage } = this.state;
    const kept = this.store.put(union(attempts, extra), this.drafts(), status);
    const words = [];
    if (storage.problem) words.push(storage.problem + (kept ? " Your answers are kept in this notebook: save it." : ""));
    if (!kept && this.settled) words.push(`This front end does not let a quiz write into the notebook: hand in ${storage.file} together with it.`);
    if (this.keeping.textContent !== words.join(" ")) this.keeping.textContent = words.join(" ");
    return kept;
  }

  drafts() {
    return this.model.get("drafts") ?? {};
  }

  setDrafts(drafts) {
    this.model.set("drafts", drafts);
    this.model.save_changes();
  }

  draft(id, draft) {
    const { [id]: before, ...others } = this.drafts();
    this.setDrafts(draft ? { ...others, [id]: draft } : others);
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.settled && this.keep([]), 300);
  }

  otherDrafts() {
    for (const [id, card] of this.cards) {
      if (!card.element.contains(document.activeElement) && !card.item.locked) card.restore(this.drafts()[id] ?? null);
    }
  }

  show() {
    const { state } = this;
    this.root.dataset.mode = state.mode;
    this.showHeader(state);
    this.showExam(state);
    const wanted = state.items.map((item) => {
      const key = JSON.stringify(item.view);
      let card = this.cards.get(item.id);
      if (!card || card.key !== key) {
        const focused = card?.element.contains(document.activeElement);
        const next = new Card(item, this);
        next.key = key;
        card?.element.replaceWith(next.element);
        this.cards.set(item.id, next);
        if (focused) next.firstControl()?.focus();
        card = next;
      } else {
        card.update(item);
      }
      return card.element;
    });
    if (!same([...this.list.children].length, wanted.length) || wanted.some((node, i) => this.list.children[i] !== node)) {
      this.list.replaceChildren(...wanted);
    }
    this.showSummary(state);
    if (this.settled) this.keep([]);
  }

  showHeader(state) {
    const mode = { practice: "practice", graded: "graded: recorded now, marked later", exam: "exam" }[state.mode];
    const dots = h("span.cq-dots", { "aria-hidden": "true" }, ...state.items.map((item) => h("span.cq-dot", { "data-status": item.status })));
    const key = JSON.stringify([state.title, mode, state.items.map((item) => item.status)]);
    if (this.header.dataset.key === key) return;
    this.header.dataset.key = key;
    const asked = state.items.filter((item) => !["task", "essay"].includes(item.view.type)).length;
    const count = asked ? plural(asked, "question", "questions") : plural(state.count, "question", "questions");
    this.header.replaceChildren(
      h("p.cq-eyebrow", {}, `Quiz · ${mode}`),
      h("div.cq-heading", {}, h("p.cq-quiz-title", { dir: "auto" }, state.title), h("span.cq-count", {}, count, dots)),
    );
  }

  showExam(state) {
    const exam = state.exam;
    this.exam.hidden = !exam;
    this.list.hidden = !!exam && exam.phase !== "running" && exam.phase !== "done";
    if (!exam) return;
    this.due = exam.phase === "running" && exam.left !== null ? performance.now() + exam.left * 1000 : null;
    const key = exam.phase;
    if (this.exam.dataset.key === key) return this.tick();
    const hadFocus = this.exam.contains(document.activeElement);
    this.exam.dataset.key = key;
    const act = (event) => () => this.send({ type: "submit", attempt: { ...this.attempt({ item: state.quiz, response: null }), event } });
    const button = (words, event, primary) => h(`button.cq-button${primary ? ".cq-primary" : ""}`, { type: "button", onclick: act(event) }, words);
    this.timer = h("span.cq-timer", { role: "timer", "aria-label": "Time left" });
    this.timeSaid = h("span.cq-said", { role: "status" });
    const minutes = exam.duration === null ? "as long as you need" : plural(Math.round(exam.duration / 60), "minute", "minutes");
    const parts = {
      ready: [
        h("p", {}, `${plural(state.count, "question", "questions")}, ${minutes}. Nothing is marked until you hand in; you may change every answer until then. Pause whenever you need to: the clock stops and the questions are covered.`),
        h("p.cq-note", {}, "The clock is your own: on your machine it cannot be enforced, and what it says is recorded as your own report."),
        button("Start", "start", true),
      ],
      running: [this.timer, h("span.cq-exam-buttons", {}, button("Pause", "pause"), button("Hand in", "hand-in", true)), this.timeSaid],
      paused: [h("p", {}, `Paused${exam.left === null ? "" : ` with ${clock(exam.left)} left`}. Your answers are kept.`), button("Go on", "resume", true)],
      done: [h("p", {}, "Handed in.", exam.late ? ` It was ${clock(exam.late)} over time; that is recorded, nothing is taken off here.` : "")],
    }[exam.phase];
    this.exam.replaceChildren(...parts);
    if (hadFocus) (this.exam.querySelector("button") ?? this.root).focus();
    this.tick();
  }

  tick() {
    if (!this.timer?.isConnected) return;
    const exam = this.state.exam;
    if (exam?.phase !== "running") return;
    if (this.due === null) {
      this.timer.textContent = "no time limit";
      return;
    }
    const left = (this.due - performance.now()) / 1000;
    this.timer.textContent = left >= 0 ? `${clock(left)} left` : `${clock(-left)} over time`;
    this.timer.dataset.low = left < 60 ? "yes" : "no";
    const words = left < 0 ? "The time is up: finish the sentence and hand in." : left < 60 ? "Less than a minute left." : left < 300 && exam.duration > 600 ? "Less than five minutes left." : "";
    if (words !== this.timeSaid.textContent) this.timeSaid.textContent = words;
  }

  showSummary(state) {
    const { progress } = state;
    const words = [`${progress.answered} of ${progress.of} answered`];
    if (progress.points !== null) words.push(`${progress.points} of ${progress.total} points`);
    if (progress.sure) words.push(progress.sure);
    const wider = [];
    if (progress.chapter) wider.push(`This chapter: ${progress.chapter.answered} of ${progress.chapter.of}`);
    if (progress.course) wider.push(`Course: ${progress.course.answered} of ${progress.course.of}`);
    const again = state.canStartAgain
      ? h("button.cq-button.cq-quiet", { type: "button", onclick: () => this.again() }, "Practise again")
      : null;
    const key = JSON.stringify([words, wider, !!again]);
    if (this.summary.dataset.key === key) return;
    const hadFocus = this.summary.contains(document.activeElement);
    this.summary.dataset.key = key;
    const share = progress.of ? progress.answered / progress.of : 0;
    const bar = h("div.cq-bar", { "aria-hidden": "true" }, h("div", { style: `inline-size: ${share * 100}%` }));
    this.summary.replaceChildren(bar, h("p", {}, words.join(" · ")), wider.length ? h("p.cq-wider", {}, wider.join(" · ")) : "", again ?? "");
    if (hadFocus) this.list.querySelector("input, textarea, select, button")?.focus();
  }

  again() {
    this.send({ type: "submit", attempt: { ...this.attempt({ item: this.state.quiz, response: null }), event: "again" } });
  }

  answersBox() {
    const upload = h("input.cq-file", { type: "file", id: fresh("upload"), accept: ".jsonl,.json,.txt", onchange: (event) => this.upload(event.target) });
    this.told = h("p.cq-told", { role: "status" });
    return h(
      "details.cq-answers",
      {},
      h("summary", {}, "Your answers"),
      h("p", {}, "They are kept in this notebook when it is saved, and in a file beside it. On a machine that forgets (Binder), take them with you:"),
      h(
        "div.cq-actions",
        {},
        h("button.cq-button", { type: "button", onclick: () => this.send({ type: "download" }) }, "Download my answers"),
        h("label.cq-upload", { for: upload.id }, "Bring answers back: ", upload),
      ),
      this.told,
    );
  }

  async upload(input) {
    const file = input.files[0];
    if (!file) return;
    if (file.size > 16 * 1024 * 1024) {
      this.told.textContent = "This file is too large to be an answers file.";
      return;
    }
    this.send({ type: "upload", text: await file.text() });
    input.value = "";
  }

  receive(message) {
    if (message?.type === "told") this.told.textContent = message.text;
    if (message?.type !== "file") return;
    const address = URL.createObjectURL(new Blob([message.text], { type: "application/jsonl" }));
    const link = h("a", { href: address, download: message.name });
    this.root.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
}

export default {
  render({ model, el }) {
    const view = new QuizView(model, el);
    return () => view.close();
  },
};
