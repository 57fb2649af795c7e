// One question on the page: its control, its buttons, and what is said about it.

const PATIENCE = 1500; // milliseconds to wait for the kernel before an answer is kept without it

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const direction = (text) => (/^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}]/u.test(text) ? "rtl" : "ltr");
const VERDICTS = { right: ["✓", "Right"], partly: ["◐", "Partly right"], wrong: ["✗", "Not right yet"] };
const unheard = (what) =>
  `${what}: the kernel does not reply. If it is busy, this is done as soon as it is free; if it was stopped or restarted, run the cells from the first to this one. Nothing is lost.`;
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
    this.hint = h("button.cq-button", { type: "button", onclick: () => this.ask({ type: "hint", number: this.item.hints.length + 1 }, "No hint yet") });
    this.reveal = h("button.cq-button", { type: "button", onclick: () => this.record("reveal") }, "Show the answer");
    this.vary = h("button.cq-button", { type: "button", onclick: () => this.ask({ type: "vary", variant: this.item.variant + 1 }, "No new variant yet") }, "New variant");
    this.hints = h("div.cq-hints", {});
    this.verdict = h("div.cq-verdict", { role: "status", tabindex: "-1" });
    this.after = h("div.cq-after", {});
    this.said = h("div.cq-said", { role: "status" });
    this.points = h("span.cq-points", { dir: "auto" }, plural(view.points, "point", "points"));
    this.element = h(
      "form.cq-item",
      { novalidate: true, autocomplete: "off", dir: direction(view.title.text ?? ""), onsubmit: (event) => this.onSubmit(event) },
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
    // JupyterLab takes away the browser's own "Enter submits the form", so it is done here.
    this.element.addEventListener("keydown", (event) => {
      const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey && !event.isComposing;
      if (event.key !== "Enter" || !plain || !event.target.matches("input[type=text]")) return;
      event.preventDefault();
      if (!event.repeat) this.element.requestSubmit();
    });
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
    return (this.sureField = h("fieldset.cq-sure", {}, h("legend", { dir: "auto" }, "How sure are you?"), row));
  }

  confidence() {
    return [...this.sure].find(([, input]) => input.checked)?.[0] ?? null;
  }

  /** Show a draft, or else the last response, in the controls. */
  restore(draft) {
    // A draft belongs to the variant it was written under; another variant is another question.
    const ours = draft && (draft.variant ?? 0) === this.item.variant;
    const shown = ours ? draft : { response: this.item.response, confidence: this.item.confidence };
    this.control.write(shown.response ?? null);
    this.sure?.forEach((input, value) => (input.checked = value === shown.confidence));
  }

  changed(words) {
    if (words) this.said.textContent = words;
    const { untouched, ...response } = this.control.read() ?? {};
    const filled = Object.keys(response).length > 0 && !untouched;
    const draft = filled || this.confidence() ? { response: filled ? response : null, confidence: this.confidence(), variant: this.item.variant } : null;
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
      this.ask({ type: "retry" }, "No new try yet");
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

  /** Ask the kernel for something about this question. Silence is said beside what is said already. */
  ask(message, missing) {
    const tell = (words) => {
      this.unheard = words;
      this.speak();
    };
    this.quiz.ask({ ...message, item: this.item.id }, tell, () => unheard(missing));
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
    this.complaint = this.unheard = null;
    this.pending = attempt;
    this.sent = performance.now();
    this.speak();
    setTimeout(() => this.speak(), 450); // a kernel that answers at once needs no words about waiting
    const silent = () => {
      this.pending = null;
      if (event !== "answer") return unheard("The answer cannot be shown yet");
      return quiz.keep([attempt])
        ? unheard("Your answer is kept in the notebook, and not checked yet")
        : "The kernel does not reply, and this front end does not let us write into the notebook: your answer is not kept. Run the cells from the first to this one and answer again.";
    };
    const tell = (words, replied) => {
      if (replied && this.pending === attempt) this.pending = null; // whatever became of it, nothing more will come
      this.unheard = words;
      this.speak();
    };
    quiz.ask({ type: "submit", attempt }, tell, silent);
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
    this.sureField && (this.sureField.hidden = item.locked);
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
    if (settled) this.sayFeedback(item);
    // A button that was pressed and is gone takes the focus with it: give it to what it led to.
    if (focused && focused !== document.body && (focused.hidden || focused.disabled)) this.verdict.focus({ preventScroll: true });
    if (before.canRetry && !item.canRetry && !item.locked && focused === this.submit) this.firstControl()?.focus();
  }

  firstControl() {
    return this.control.element.querySelector("input:checked, input:not([type=radio]), textarea, select, button:not(:disabled), input");
  }

  showHints(item) {
    const asked = this.hints.dataset.ready; // hints that were there from the start are read where they stand
    this.hints.dataset.ready = "yes";
    const before = this.hints.childElementCount;
    if (before === item.hints.length) return;
    this.hints.replaceChildren(
      ...item.hints.map((html, index) => h("div.cq-hint", {}, h("strong", {}, `Hint ${index + 1}`), h("div", { dir: "auto", html }))),
    );
    const last = this.hints.lastElementChild?.lastElementChild;
    if (asked && before < item.hints.length) this.said.textContent = `Hint ${item.hints.length}: ${last.textContent.trim()}`;
  }

  showMarks(item) {
    const missed = item.view.type === "single" ? "← the answer" : "← also right";
    for (const row of this.element.querySelectorAll("[data-option]")) {
      const mark = item.verdict?.options?.[row.dataset.option];
      row.querySelector(":scope > .cq-feedback")?.remove();
      delete row.dataset.mark;
      const sign = row.querySelector(".cq-mark");
      if (sign) sign.textContent = "";
      if (!mark) continue;
      if (mark.mark) {
        row.dataset.mark = mark.mark;
        if (sign) sign.textContent = { right: "✓ right", wrong: "✗ not right", missed }[mark.mark];
      }
      if (mark.feedback) row.append(h("div.cq-feedback", { dir: "auto", html: mark.feedback }));
    }
  }

  /** Feedback stands beside the option it belongs to; who listens is told it after the verdict, without searching. */
  sayFeedback(item) {
    const chosen = item.response?.options ?? [];
    const said = [...this.element.querySelectorAll("[data-option]")]
      .filter((row) => chosen.includes(row.dataset.option))
      .map((row) => row.querySelector(":scope > .cq-feedback")?.textContent.trim() ?? "");
    this.said.textContent = said.filter(Boolean).join(" ");
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
    if (this.pending && performance.now() - this.sent > 400) {
      status = "waiting";
      lines.push("Waiting for the kernel…");
    } else if (this.complaint || item.notice) {
      status = "notice";
      lines.push(this.complaint || item.notice);
    } else if (item.status === "recorded") {
      lines.push(item.locked ? "Your answer was handed in." : "Recorded. You may change it until you hand in.");
    } else if (item.verdict) {
      const [sign, words] = VERDICTS[item.verdict.verdict];
      const shown = item.status === "revealed" ? ["◇", "Answer shown"] : [sign, item.verdict.verdict === "wrong" && !item.canRetry ? "Not right" : words];
      lines.push(`${shown[0]} ${shown[1]}${item.verdict.points === null ? "" : `: ${item.verdict.points} of ${plural(item.view.points, "point", "points")}`}`);
    }
    const said = lines.concat(!this.pending && status !== "notice" ? item.verdict?.messages ?? [] : []);
    if (this.unheard && !this.pending) {
      if (!said.length) status = "notice";
      said.push(this.unheard);
    }
    const key = JSON.stringify([status, said]);
    if (this.verdict.dataset.key === key) return;
    this.verdict.dataset.key = key;
    this.verdict.dataset.kind = status;
    this.verdict.replaceChildren(...said.map((words, index) => h(index ? "p" : "p.cq-first", { dir: "auto" }, words)));
  }
}
