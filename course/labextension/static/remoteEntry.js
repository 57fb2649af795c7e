// The course's extension for JupyterLab and Notebook 7, written by hand: it is small enough to need no bundler.
//
// A quiz widget knows its page, not its notebook. This extension tells it which cell it stands in, so that the widget
// can keep its answers in that cell's metadata (course/quiz/widget_store.js). It also gives a quiz whose kernel is
// gone a sentence and a button in place of "Error displaying widget".

const STATUS = "application/vnd.course.answers+json";

/** Every notebook open in this window, wherever its panel is. */
function* notebooks(app) {
  for (const panel of app.shell.widgets("main")) {
    if (panel.content?.widgets && panel.content?.model?.cells) yield panel.content;
  }
}

/** Cells hold their nodes also while a long notebook keeps them off the page, so search cells, not panels. */
function cellAround(app, node) {
  for (const notebook of notebooks(app)) {
    const index = notebook.widgets.findIndex((cell) => cell.node.contains(node));
    if (index >= 0) return { notebook, cell: notebook.widgets[index], index };
  }
  return null;
}

/** The cells whose stored output carries this widget's mark: for a view outside any cell. */
function cellsMarked(app, uid) {
  const found = [];
  for (const notebook of notebooks(app)) {
    for (const cell of notebook.model.cells) {
      for (let i = 0; i < (cell.outputs?.length ?? 0); i++) {
        if (cell.outputs.get(i).data[STATUS]?.uid === uid) found.push(cell);
      }
    }
  }
  return found;
}

/** Put a sentence and a button where the widget manager reports a model that is gone. */
function wake(app, node) {
  if (!/^Error displaying widget/.test(node.textContent)) return;
  const place = cellAround(app, node);
  const outputs = place?.cell.model.outputs;
  if (!outputs) return;
  let ours = false;
  for (let i = 0; i < outputs.length; i++) ours ||= STATUS in outputs.get(i).data;
  if (!ours) return;
  const text = document.createElement("p");
  text.textContent = "This quiz is asleep: its kernel is no longer running. Your answers are kept. ";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jp-Button jp-mod-styled jp-mod-minimal";
  button.textContent = "Show the questions";
  button.addEventListener("click", async () => {
    const around = cellAround(app, node) ?? place;
    app.shell.activateById(around.notebook.parent?.id ?? around.notebook.id);
    around.notebook.activeCellIndex = around.index;
    around.notebook.deselectAll();
    // The names a quiz needs (`from course import quiz`) may stand in an earlier cell: run those too.
    const above = app.commands.hasCommand("notebook:run-all-above") && around.index > 0;
    if (above) await app.commands.execute("notebook:run-all-above");
    await app.commands.execute("notebook:run-cell");
  });
  const box = document.createElement("div");
  box.className = "course-quiz-asleep";
  box.append(text, button);
  node.replaceChildren(box);
}

function activate(app) {
  document.addEventListener("course-quiz:locate", (event) => {
    const { node, uid, found } = event.detail;
    const place = cellAround(app, node);
    found(place ? [place.cell.model] : cellsMarked(app, uid));
  });
  const look = (root) => {
    if (!(root instanceof Element)) return;
    const text = root.textContent;
    if (text.length > 20000 || !text.includes("Error displaying widget")) return;
    const hits = root.matches(".jupyter-widgets, .widget-subarea") ? [root] : [];
    hits.push(...root.querySelectorAll(".jupyter-widgets, .widget-subarea"));
    for (const hit of hits) wake(app, hit);
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) look(node.nodeType === Node.TEXT_NODE ? node.parentElement : node);
    }
  }).observe(document.body, { childList: true, subtree: true });
}

const RUST = "text/x-rustsrc";

/** Colour `%%rust` cells as Rust; JupyterLab colours every cell in the kernel's language. */
function colourRustCells(app) {
  const known = new WeakSet();
  let ours = false;
  const colour = (notebook, model, again) => {
    if (model.type !== "code") return;
    const rust = /^%%rust\b/.test(model.sharedModel.getSource());
    if (!again && rust === (model.mimeType === RUST)) return;
    ours = true;
    model.mimeType = notebook.codeMimetype;
    if (rust) model.mimeType = RUST;
    ours = false;
  };
  const watch = (notebook) => {
    for (const model of notebook.model.cells) {
      if (!known.has(model)) {
        known.add(model);
        model.contentChanged.connect(() => colour(notebook, model));
        // When the kernel says its language, JupyterLab sets that of every cell: set ours again. It loads a language
        // when first used, and what has loaded last wins, so set it once more when it surely has loaded.
        model.mimeTypeChanged.connect(() => {
          if (ours) return;
          for (const wait of [0, 500, 2500]) setTimeout(() => colour(notebook, model, wait > 0), wait);
        });
      }
      colour(notebook, model);
    }
  };
  const look = () => {
    for (const notebook of notebooks(app)) {
      if (!known.has(notebook.model)) {
        known.add(notebook.model);
        notebook.model.cells.changed.connect(() => watch(notebook));
      }
      watch(notebook);
    }
  };
  const soon = () => {
    for (const panel of app.shell.widgets("main")) panel.context?.ready?.then(look);
  };
  app.shell.currentChanged?.connect(soon);
  app.shell.layoutModified?.connect(soon);
  app.restored.then(soon);
}

const plugins = [
  { id: "course-quiz:answers", description: "Keeps quiz answers in notebooks.", autoStart: true, activate },
  { id: "course-quiz:rust", description: "Colours %%rust cells.", autoStart: true, activate: colourRustCells },
];

window._JUPYTERLAB = window._JUPYTERLAB || {};
window._JUPYTERLAB["course-quiz"] = {
  init() {},
  get: async () => () => ({ __esModule: true, default: plugins }),
};
