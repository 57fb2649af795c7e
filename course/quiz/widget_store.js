// Where a quiz's answers are kept: in the metadata of its cell. (The kernel keeps them in a file as well.)
//
// The course's extension tells us our cell; without it we look through the notebook that the widget manager belongs to
// for the cell whose stored output carries our mark. Either way, writing is a union by attempt id, so that two views,
// two tabs and two copies of a cell never take an answer from each other.

const STATUS_MIME = "application/vnd.course.answers+json";
const METADATA = "course_quiz";
const HELD = "course-quiz-drafts:";

/** A new UUID. `crypto.randomUUID` does not exist on plain http away from localhost; `getRandomValues` does. */
function newId() {
  if (globalThis.crypto?.randomUUID) return crypto.randomUUID();
  const bytes = new Uint8Array(16);
  crypto.getRandomValues(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The union of attempts by id, in the order they were made. */
function union(...lists) {
  const found = new Map();
  for (const list of lists) {
    for (const attempt of Array.isArray(list) ? list : []) {
      if (attempt && typeof attempt.attempt === "string" && !found.has(attempt.attempt)) found.set(attempt.attempt, attempt);
    }
  }
  return [...found.values()].sort((a, b) => (String(a.at) < String(b.at) ? -1 : String(a.at) > String(b.at) ? 1 : 0));
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

class Store {
  /** `node`: the widget's element. `model`: the widget's model (its `state` names quiz and uid). */
  constructor(model, node) {
    this.model = model;
    this.node = node;
  }

  /** The cells that hold this quiz, or none where this front end does not let us at them. */
  cells() {
    const { uid } = this.model.get("state");
    let found = [];
    document.dispatchEvent(
      new CustomEvent("course-quiz:locate", { detail: { node: this.node, uid, found: (cells) => (found = cells) } }),
    );
    if (found.length) return found;
    const notebook = this.model.widget_manager?.context?.model; // undocumented, but in JupyterLab and Notebook 7 alike
    if (!notebook?.cells) return [];
    for (let i = 0; i < notebook.cells.length; i++) {
      const cell = notebook.cells.get(i);
      if (this.statuses(cell, uid).length) found.push(cell);
    }
    return found;
  }

  /** Where a cell stores a status output of this quiz; more than one where two people's pages wrote at once. */
  statuses(cell, uid) {
    const found = [];
    for (let i = 0; i < (cell.outputs?.length ?? 0); i++) {
      if (cell.outputs.get(i).data?.[STATUS_MIME]?.uid === uid) found.push(i);
    }
    return found;
  }

  read(cell) {
    const stored = cell.getMetadata(METADATA);
    if (!stored || typeof stored !== "object") return {};
    // The cell may have shown another quiz before: its answers stay where they are, its drafts are not ours.
    return stored.quiz === this.model.get("state").quiz ? stored : { attempts: stored.attempts };
  }

  /** What the notebook remembers of this quiz: {attempts, drafts}. */
  get() {
    const stored = this.cells().map((cell) => this.read(cell));
    return { attempts: union(...stored.map((s) => s.attempts)), drafts: Object.assign({}, ...stored.map((s) => s.drafts)) };
  }

  /** Add attempts, keep drafts, and bring the stored output up to date. Returns whether a cell took them. */
  put(attempts, drafts, status) {
    const cells = this.cells();
    const { quiz, uid } = this.model.get("state");
    for (const cell of cells) {
      const before = this.read(cell);
      const after = { schema: 1, quiz, attempts: union(before.attempts, attempts) };
      if (drafts && Object.keys(drafts).length) after.drafts = drafts;
      // Write on a difference only: a write marks the notebook as changed.
      if (!same(before, after)) cell.setMetadata(METADATA, after);
      if (status) this.show(cell, uid, status);
    }
    return cells.length > 0;
  }

  /** Bring a cell's stored status up to date. Where several people have one notebook open, each one's page would write
   *  it, and all writes would stay: so the first of them writes, and the others look later whether that was done. */
  show(cell, uid, status, waited = false) {
    const [at, ...more] = this.statuses(cell, uid);
    if (at === undefined) return;
    const output = cell.outputs.get(at);
    if (same(output.data, status) && !more.length) return;
    const people = cell.sharedModel?.awareness;
    const first = !people || Math.min(...people.getStates().keys(), people.clientID) === people.clientID;
    if (!first && !waited) {
      clearTimeout(this.later);
      this.later = setTimeout(() => {
        const { uid, status } = this.model.get("state");
        for (const cell of this.cells()) this.show(cell, uid, status, true);
      }, 3000);
      return;
    }
    if (!same(output.data, status)) output.setData({ data: status, metadata: output.metadata ?? {} });
    for (const index of more.reverse()) cell.sharedModel?.updateOutputs?.(index, index + 1, []);
  }

  /** Remember drafts for the page that comes after this one: nothing that a leaving page sends is sure to arrive. */
  hold(drafts) {
    const { uid } = this.model.get("state");
    try {
      sessionStorage.setItem(HELD + uid, JSON.stringify({ at: Date.now(), drafts }));
    } catch {
      // This browser stores nothing for us: the notebook and the kernel still have all but the last moment's typing.
    }
  }

  /** What the page before this one held, once, or null. A tab brought back much later tells old news. */
  held() {
    const { uid } = this.model.get("state");
    try {
      const { at, drafts } = JSON.parse(sessionStorage.getItem(HELD + uid)) ?? {};
      sessionStorage.removeItem(HELD + uid);
      return Date.now() - at < 120000 && drafts && typeof drafts === "object" ? drafts : null;
    } catch {
      return null;
    }
  }

  /** Whether a cell of ours is there, and its stored output too: both appear a moment after the widget does. */
  ready() {
    const { uid } = this.model.get("state");
    const cells = this.cells();
    return cells.length > 0 && cells.some((cell) => this.statuses(cell, uid).length);
  }
}

/** Keys typed in a quiz are the quiz's own; JupyterLab must not take `a` for "insert a cell above".
 *  Lab and Notebook listen in different places, so we go before both, at the window, and mark what was typed into.
 *  Combinations (Ctrl+S saves) and Shift+Enter (runs the cell) stay theirs. */
function keepKeys() {
  if (window.__courseQuizKeys) return;
  window.__courseQuizKeys = true;
  window.addEventListener(
    "keydown",
    (event) => {
      const target = event.target;
      if (!(target instanceof Element) || !target.closest(".course-quiz")) return;
      const theirs = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
      if (theirs) delete target.dataset.lmSuppressShortcuts;
      else target.dataset.lmSuppressShortcuts = "true";
    },
    true,
  );
}
