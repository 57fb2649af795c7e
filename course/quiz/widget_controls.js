// The controls of each question type: build them, read a response from them, show one in them.
//
// Each entry of CONTROLS takes (view, tell) and returns {element, read, write, lock}:
//   read() → the response, or null while there is none;   write(response);   lock(true|false)
// `tell()` is called on every change, `tell(text)` when a change should also be said aloud.

/** Make an element: h("p.note", {title: "…"}, child, …). `html` is trusted: it comes from the quiz file, never a learner. */
function h(selector, properties = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "html") node.innerHTML = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value === "boolean") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const letter = (index) => (index < 26 ? String.fromCharCode(65 + index) : letter(Math.floor(index / 26) - 1) + letter(index % 26));
let serial = 0;
const fresh = (stem) => `course-quiz-${stem}-${++serial}`;

function choices(view, tell) {
  const kind = view.type === "several" ? "checkbox" : "radio";
  const name = fresh("option");
  const inputs = new Map();
  const element = h("div.cq-options", {});
  view.options.forEach((option, index) => {
    const id = fresh("choice");
    const input = h("input", { type: kind, name, id, value: option.id, onchange: () => tell() });
    inputs.set(option.id, input);
    // JupyterLab may scroll a cell as it becomes active, between press and release; then no click comes. So choose at
    // the press. (Check boxes wait for the click: a press that toggled would be undone by it.)
    const press = (event) => {
      if (kind === "checkbox" || event.button !== 0 || input.disabled || input.checked) return;
      input.checked = true;
      tell();
    };
    const label = h(
      "label.cq-option-label",
      { for: id, onmousedown: press },
      input,
      h("span.cq-letter", { "aria-hidden": "true" }, letter(index)),
      h("span.cq-text", { dir: "auto", html: option.html }),
      h("span.cq-mark", {}),
    );
    element.append(h("div.cq-option", { "data-option": option.id }, label));
  });
  return {
    element,
    read: () => {
      const options = [...inputs].filter(([, input]) => input.checked).map(([id]) => id);
      return options.length ? { options } : null;
    },
    write: (response) => inputs.forEach((input, id) => (input.checked = !!response?.options?.includes(id))),
    lock: (on) => inputs.forEach((input) => (input.disabled = on)),
  };
}

function line(view, tell) {
  const id = fresh("line");
  const numeric = view.type === "number";
  const input = h("input.cq-input", {
    id,
    type: "text",
    inputmode: numeric ? "decimal" : "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    dir: numeric ? "ltr" : "auto",
    maxlength: 1000,
    oninput: () => tell(),
  });
  const label = numeric ? (view.unit ? `Your number, in ${view.unit}` : "Your number") : "Your answer";
  const unit = view.unit ? h("span.cq-unit", { "aria-hidden": "true" }, view.unit) : null;
  const element = h("div.cq-field", {}, h("label.cq-label", { for: id }, label), h("div.cq-field-row", {}, input, unit));
  return {
    element,
    read: () => (input.value.trim() ? { text: input.value } : null),
    write: (response) => (input.value = response?.text ?? ""),
    lock: (on) => (input.readOnly = on),
  };
}

/** Either what a program prints, or that it does not compile and with which error. */
function output(view, tell) {
  const name = fresh("compiles");
  const [printsId, failsId, textId, codeId] = ["prints", "fails", "text", "code"].map(fresh);
  const prints = h("input", { type: "radio", name, id: printsId, value: "prints", onchange: () => show() });
  const fails = h("input", { type: "radio", name, id: failsId, value: "fails", onchange: () => show() });
  const text = h("textarea.cq-input.cq-mono", { id: textId, rows: 3, spellcheck: "false", autocapitalize: "off", dir: "ltr", maxlength: 20000, oninput: () => tell() });
  const code = h("input.cq-input.cq-mono.cq-short", { id: codeId, type: "text", spellcheck: "false", autocomplete: "off", dir: "ltr", maxlength: 20, placeholder: "E0001", oninput: () => tell() });
  const compiles = view.language !== "python"; // Python has no compiler: then only the text is asked
  const textField = h("div.cq-field.cq-indented", {}, h("label.cq-label", { for: textId }, compiles ? "What it prints, line by line (nothing, if nothing)" : "What it prints, line by line"), text);
  const codeField = h("div.cq-field.cq-indented", {}, h("label.cq-label", { for: codeId }, "The compiler’s error code, if you know it"), code);
  const option = (input, id, words, field) =>
    h("div.cq-option", {}, h("label.cq-option-label", { for: id }, input, h("span.cq-text", {}, words)), field);
  function show(quiet) {
    textField.hidden = compiles && !prints.checked;
    codeField.hidden = !fails.checked;
    if (!quiet) tell();
  }
  const element = compiles
    ? h("div.cq-options", {}, option(prints, printsId, "It compiles and prints", textField), option(fails, failsId, "It does not compile", codeField))
    : textField;
  show(true);
  return {
    element,
    read: () => {
      if (compiles && fails.checked) return { compiles: false, code: code.value.trim() };
      if (compiles && !prints.checked) return null;
      return text.value.trim() || compiles ? { text: text.value } : null; // a program may print nothing
    },
    write: (response) => {
      prints.checked = typeof response?.text === "string";
      fails.checked = response?.compiles === false;
      text.value = response?.text ?? "";
      code.value = response?.code ?? "";
      show(true);
    },
    lock: (on) => {
      prints.disabled = fails.disabled = on;
      text.readOnly = code.readOnly = on;
    },
  };
}

const iconButton = (label, sign, onclick) => h("button.cq-icon", { type: "button", "aria-label": label, title: label, onclick }, sign);

/** Let rows be dragged by their grip within and between `lists`; `dropped` is called when one has landed. */
function draggable(row, grip, lists, dropped) {
  grip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || row.classList.contains("cq-locked")) return;
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    row.classList.add("cq-dragging");
    const move = (at) => {
      for (const list of lists()) {
        const box = list.getBoundingClientRect();
        if (at.clientY < box.top - 12 || at.clientY > box.bottom + 12 || at.clientX < box.left || at.clientX > box.right) continue;
        const others = [...list.children].filter((other) => other !== row && other.matches(".cq-row"));
        const next = others.find((other) => at.clientY < other.getBoundingClientRect().top + other.offsetHeight / 2);
        if (next ? row.nextSibling !== next : list.lastElementChild !== row) list.insertBefore(row, next ?? null);
        return;
      }
    };
    const stop = () => {
      row.classList.remove("cq-dragging");
      grip.removeEventListener("pointermove", move);
      dropped(row);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", stop, { once: true });
    grip.addEventListener("pointercancel", stop, { once: true });
  });
}

function ordering(view, tell) {
  const list = h("ol.cq-list", { "aria-label": "Put in order, first at the top" });
  let touched = false;
  const rows = new Map();
  const rename = () =>
    [...list.children].forEach((row, index, all) => {
      row.querySelector(".cq-up").disabled = index === 0 || row.classList.contains("cq-locked");
      row.querySelector(".cq-down").disabled = index === all.length - 1 || row.classList.contains("cq-locked");
    });
  const changed = (row) => {
    touched = true;
    rename();
    tell(`${row.dataset.text}: now number ${[...list.children].indexOf(row) + 1} of ${list.children.length}`);
  };
  const shift = (row, step) => {
    if (step < 0) list.insertBefore(row, row.previousElementSibling);
    else list.insertBefore(row.nextElementSibling, row);
    changed(row);
    // At the end of the list the button that was pressed is disabled: stay on the row.
    const [here, other] = step < 0 ? [".cq-up", ".cq-down"] : [".cq-down", ".cq-up"];
    const button = row.querySelector(here);
    (button.disabled ? row.querySelector(other) : button).focus();
  };
  for (const option of view.options) {
    const row = h("li.cq-row", { "data-option": option.id });
    row.dataset.text = option.plain;
    const grip = h("span.cq-grip", { "aria-hidden": "true", title: "drag" });
    const up = iconButton(`Move up: ${option.plain}`, "↑", () => shift(row, -1));
    const down = iconButton(`Move down: ${option.plain}`, "↓", () => shift(row, 1));
    up.classList.add("cq-up");
    down.classList.add("cq-down");
    row.append(grip, h("span.cq-text", { dir: "auto", html: option.html }), h("span.cq-buttons", {}, up, down));
    draggable(row, grip, () => [list], changed);
    rows.set(option.id, row);
    list.append(row);
  }
  rename();
  return {
    element: list,
    read: () => ({ order: [...list.children].map((row) => row.dataset.option), ...(touched ? {} : { untouched: true }) }),
    write: (response) => {
      for (const id of response?.order ?? view.options.map((option) => option.id)) if (rows.has(id)) list.append(rows.get(id));
      touched = !!response;
      rename();
    },
    lock: (on) => {
      rows.forEach((row) => row.classList.toggle("cq-locked", on));
      rename();
    },
  };
}

function matching(view, tell) {
  const selects = new Map();
  const element = h("div.cq-pairs", {});
  for (const left of view.left) {
    const id = fresh("pair");
    const mark = h("span.cq-mark", { id: fresh("mark") });
    const select = h("select.cq-input.cq-select", { id, "aria-describedby": mark.id, onchange: () => tell() }, h("option", { value: "" }, "choose…"));
    view.right.forEach((right, index) => select.append(h("option", { value: right.id, dir: "auto" }, `${letter(index)}. ${right.plain}`)));
    selects.set(left.id, select);
    element.append(h("div.cq-pair", { "data-option": left.id }, h("label.cq-text", { for: id, dir: "auto", html: left.html }), select, mark));
  }
  return {
    element,
    read: () => {
      const pairs = Object.fromEntries([...selects].filter(([, s]) => s.value).map(([id, s]) => [id, s.value]));
      return Object.keys(pairs).length ? { pairs } : null;
    },
    write: (response) => selects.forEach((select, id) => (select.value = response?.pairs?.[id] ?? "")),
    lock: (on) => selects.forEach((select) => (select.disabled = on)),
  };
}

function parsons(view, tell) {
  const poolId = fresh("pool");
  const programId = fresh("program");
  const pool = h("ul.cq-list.cq-pool", { "aria-labelledby": poolId });
  const program = h("ol.cq-list.cq-program", { "aria-labelledby": programId });
  const rows = new Map();
  let locked = false;
  const indentOf = (row) => Number(row.dataset.indent || 0);
  const refresh = () => {
    const placed = [...program.children];
    for (const row of rows.values()) {
      const inside = row.parentElement === program;
      const index = placed.indexOf(row);
      if (!inside) row.dataset.indent = 0;
      row.querySelector(".cq-code-line").style.paddingInlineStart = `${indentOf(row) * 2}em`;
      row.querySelector(".cq-unseen").textContent = inside && indentOf(row) ? `, indented ${indentOf(row)}` : "";
      const state = { add: !inside, remove: inside, up: inside && index > 0, down: inside && index < placed.length - 1, in: inside && indentOf(row) < 8, out: inside && indentOf(row) > 0 };
      for (const [what, on] of Object.entries(state)) {
        const button = row.querySelector(`.cq-${what}`);
        if (!button) continue;
        button.disabled = locked || !on;
        if (what === "add") button.hidden = inside;
        else button.hidden = !inside;
      }
    }
    pool.classList.toggle("cq-empty", !pool.children.length);
    program.classList.toggle("cq-empty", !program.children.length);
  };
  const say = (row, words) => {
    refresh();
    tell(`${row.dataset.text}: ${words}`);
  };
  const position = (row) => `line ${[...program.children].indexOf(row) + 1} of ${program.children.length}`;
  const press = (row, what) => {
    if (what === "add") program.append(row);
    if (what === "remove") pool.append(row);
    if (what === "up") program.insertBefore(row, row.previousElementSibling);
    if (what === "down") program.insertBefore(row.nextElementSibling, row);
    if (what === "in") row.dataset.indent = indentOf(row) + 1;
    if (what === "out") row.dataset.indent = indentOf(row) - 1;
    const words = what === "remove" ? "taken out" : what === "in" || what === "out" ? `indented ${indentOf(row)}` : position(row);
    say(row, words);
    const again = row.querySelector(`.cq-${what}`);
    (again.disabled || again.hidden ? row.querySelector("button:not([hidden]):not(:disabled)") : again)?.focus();
  };
  for (const source of view.lines) {
    const row = h("li.cq-row", { "data-option": source.id });
    row.dataset.text = source.text.trim();
    row.dataset.indent = 0;
    const grip = h("span.cq-grip", { "aria-hidden": "true", title: "drag" });
    const buttons = h("span.cq-buttons", {});
    const kinds = [["add", "Add to the program", "+"], ["out", "Indent less", "⇤"], ["in", "Indent more", "⇥"], ["up", "Move up", "↑"], ["down", "Move down", "↓"], ["remove", "Take out", "×"]];
    for (const [what, words, sign] of kinds) {
      if (!view.indents && (what === "in" || what === "out")) continue;
      const button = iconButton(`${words}: ${source.text.trim()}`, sign, () => press(row, what));
      button.classList.add(`cq-${what}`);
      buttons.append(button);
    }
    row.append(grip, h("code.cq-code-line.highlight", { html: source.html, dir: "ltr" }), h("span.cq-unseen", {}), buttons);
    draggable(row, grip, () => [program, pool], (moved) => say(moved, moved.parentElement === program ? position(moved) : "taken out"));
    rows.set(source.id, row);
    pool.append(row);
  }
  refresh();
  const element = h(
    "div.cq-parsons",
    {},
    h("div", {}, h("p.cq-label", { id: poolId }, "Lines to choose from (not all may belong)"), pool),
    h("div", {}, h("p.cq-label", { id: programId }, "Your program"), program),
  );
  return {
    element,
    read: () => (program.children.length ? { lines: [...program.children].map((row) => [row.dataset.option, indentOf(row)]) } : null),
    write: (response) => {
      for (const source of view.lines) pool.append(rows.get(source.id));
      for (const [id, indent] of response?.lines ?? []) {
        if (!rows.has(id)) continue;
        rows.get(id).dataset.indent = indent;
        program.append(rows.get(id));
      }
      refresh();
    },
    lock: (on) => {
      locked = on;
      rows.forEach((row) => row.classList.toggle("cq-locked", on));
      refresh();
    },
  };
}

const nothing = () => ({ element: h("div", {}), read: () => null, write: () => {}, lock: () => {} });

const CONTROLS = { single: choices, several: choices, number: line, short: line, output, ordering, matching, parsons, task: nothing, essay: nothing };
