// The quiz a learner sees. Python decides (course/quiz/session.py) and sends one `state`; this file shows it, and sends
// back what the learner does. Nothing is marked here, and nothing arrives here that may not be seen yet.
//
// Read with widget_store.js (keeping answers), widget_controls.js (one control per question type) and widget_card.js (one
// question): Python joins the four files into one module.

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

class QuizView {
  constructor(model, el) {
    keepKeys();
    this.model = model;
    this.cards = new Map();
    this.asked = new Map(); // requests on their way to the kernel
    this.own = []; // attempts kept here that the kernel may not have heard of
    this.root = h("div.course-quiz", { role: "group", "aria-label": `Quiz: ${model.get("state").title}` });
    el.append(this.root);
    this.store = new Store(model, this.root);
    this.header = h("div.cq-header", {});
    this.exam = h("div.cq-exam", {});
    this.examSaid = h("div.cq-keeping.cq-exam-said", { role: "status" });
    this.list = h("div.cq-items", {});
    this.footer = h("div.cq-footer", {});
    this.summary = h("div.cq-summary", {});
    this.keeping = h("div.cq-keeping", { role: "status" });
    this.footer.append(this.summary, this.keeping, this.answersBox());
    this.root.append(this.header, this.exam, this.examSaid, this.list, this.footer);
    this.listen = { "change:state": () => this.show(), "change:drafts": () => this.otherDrafts(), "msg:custom": (message) => this.receive(message) };
    for (const [name, call] of Object.entries(this.listen)) model.on(name, call);
    this.leaving = (event) => this.leave(event);
    window.addEventListener("pagehide", this.leaving);
    document.addEventListener("visibilitychange", this.leaving);
    this.takeHeld();
    this.sizes = new ResizeObserver(() => this.letScroll());
    this.sizes.observe(this.root);
    this.ticking = setInterval(() => this.tick(), 1000);
    this.show();
    this.settle(40);
  }

  close() {
    this.sizes.disconnect();
    clearInterval(this.ticking);
    clearTimeout(this.waiting);
    clearTimeout(this.writing);
    clearTimeout(this.store.later);
    for (const [name, call] of Object.entries(this.listen)) this.model.off(name, call);
    window.removeEventListener("pagehide", this.leaving);
    document.removeEventListener("visibilitychange", this.leaving);
  }

  get state() {
    return this.model.get("state");
  }

  send(message) {
    try {
      this.model.send(message);
    } catch {
      // The kernel is gone; whoever asked hears it from `ask`, which gets no reply.
    }
  }

  /** Ask the kernel for something. Where no reply comes in time, `tell` gets the words of `silent()`; where one comes
   *  after all, it gets "" (or what the kernel has to say), with whether it is a reply. */
  ask(message, tell, silent) {
    const request = newId();
    const waiting = setTimeout(() => tell(silent(), false), PATIENCE);
    const replied = (words) => {
      clearTimeout(waiting);
      this.asked.delete(request);
      tell(words, true);
    };
    this.asked.set(request, replied);
    this.send({ ...message, request });
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
    this.own.push(...extra);
    const kept = this.store.put(union(attempts, this.own), this.drafts(), status);
    const words = [];
    if (this.unheard) words.push(this.unheard);
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

  /** The page is going, or going out of sight: what was typed in the last moment must not go with it. */
  leave(event) {
    if (event.type !== "pagehide" && document.visibilityState !== "hidden") return;
    this.store.hold(this.drafts());
    clearTimeout(this.writing);
    if (this.settled) this.keep([]);
  }

  /** What was typed just before a reload and had no time to reach the kernel. */
  takeHeld() {
    const held = this.store.held();
    if (!held) return;
    const open = new Set(this.state.items.filter((item) => !item.locked).map((item) => item.id));
    const kept = Object.fromEntries(Object.entries(held).filter(([id]) => open.has(id)));
    if (!same(kept, this.drafts())) this.setDrafts(kept);
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
    this.letScroll();
    if (this.settled) this.keep([]);
  }

  /** Code wider than its box scrolls: by keyboard too, so it must be possible to focus it, then and only then. */
  letScroll() {
    for (const box of this.root.querySelectorAll("pre, .cq-code-line")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
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
    const act = (event) => () => this.examEvent(event);
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

  /** Start, pause, go on or hand in. Without a kernel, stopping the clock and handing in are kept in the notebook. */
  examEvent(event) {
    const attempt = { ...this.attempt({ item: this.state.quiz, response: null }), event };
    const silent = () => {
      if (event === "start") return unheard("Not started yet");
      if (event === "resume") return unheard("The clock still stands");
      if (!this.keep([attempt])) return unheard(event === "pause" ? "The clock still runs" : "Not handed in yet");
      this.timer.remove();
      this.list.hidden = true;
      return unheard(event === "pause" ? "The clock was stopped, and the notebook remembers when" : "Handed in, and the notebook remembers when; nothing is marked yet");
    };
    this.ask({ type: "submit", attempt }, (words) => (this.examSaid.textContent = words), silent);
  }

  tick() {
    // Another person's page may have written the cell at the same moment as ours, and the last write stays.
    const known = new Set(this.state.attempts.map((attempt) => attempt.attempt));
    this.own = this.own.filter((attempt) => !known.has(attempt.attempt));
    if (this.own.length && this.settled) this.keep([]);
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
    const words = progress.of ? [`${progress.answered} of ${progress.of} answered`] : []; // none: tasks and essays only
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
    this.summary.replaceChildren(progress.of ? bar : "", words.length ? h("p", {}, words.join(" · ")) : "", wider.length ? h("p.cq-wider", {}, wider.join(" · ")) : "", again ?? "");
    if (hadFocus) this.list.querySelector("input, textarea, select, button")?.focus();
  }

  again() {
    const attempt = { ...this.attempt({ item: this.state.quiz, response: null }), event: "again" };
    const tell = (words) => {
      this.unheard = words;
      this.keep([]);
    };
    this.ask({ type: "submit", attempt }, tell, () => unheard("Not started again yet"));
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
        h("button.cq-button", { type: "button", onclick: () => this.download() }, "Download my answers"),
        h("label.cq-upload", { for: upload.id }, "Bring answers back: ", upload),
      ),
      this.told,
    );
  }

  download() {
    const tell = (words) => (this.told.textContent = words);
    this.ask({ type: "download" }, tell, () => unheard("Nothing was downloaded yet"));
  }

  async upload(input) {
    const file = input.files[0];
    if (!file) return;
    if (file.size > 16 * 1024 * 1024) {
      this.told.textContent = "This file is too large to be an answers file.";
      return;
    }
    const text = await file.text();
    input.value = ""; // the same file may be chosen again
    const tell = (words) => (this.told.textContent = words);
    this.ask({ type: "upload", text }, tell, () => unheard("Nothing was brought back yet"));
  }

  receive(message) {
    if (message?.type === "done") this.asked.get(message.request)?.(message.text);
    if (message?.type !== "file" || !this.asked.has(message.request)) return; // another view of this quiz asked
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
