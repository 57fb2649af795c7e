"""Rust cells in a real JupyterLab, light and dark: a result, a warning, an error of the compiler, a panic.

`COURSE_SHOTS=folder` keeps a picture of each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from course.rust import toolchain
from course.rust.places import cache_root

pytestmark = [pytest.mark.needs("chromium", "rust", "gcc"), pytest.mark.timeout(300)]

CELLS = {
    "start": "import os\nos.environ |= {settings}\n%load_ext course\nimport numpy as np",
    "mean": "%%rust\n/// The mean of some numbers.\nfn mean(x: &[f64]) -> f64 {\n"
    "    x.iter().sum::<f64>() / x.len() as f64\n}",
    "result": "mean(np.arange(5.0))",
    "warning": "%%rust\nfn twice(x: f64) -> f64 {\n    let mut unused = 3.0;\n    2.0 * x\n}",
    "error": "%%rust\nfn grow() -> usize {\n    let mut rows = vec![1.0, 2.0];\n    let first = &rows[0];\n"
    '    rows.push(3.0);\n    println!("{first}");\n    rows.len()\n}',
    "item": "%%rust\nfn item(x: &[f64], i: usize) -> f64 {\n    x[i]\n}",
    "panic": "item(np.zeros(3), 7)",
}

# For each text on the page: what it says, its contrast with the paper under it, its size in pixels, how white space is
# kept. Transparent colours are laid over what is behind them.
TEXTS = """output => {
  const read = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, under) => [0, 1, 2].map(i => top[3] * top[i] + (1 - top[3]) * under[i]);
  const paper = element => {
    if (!element) return [255, 255, 255];
    const top = read(getComputedStyle(element).backgroundColor);
    return top[3] === 1 ? top.slice(0, 3) : over(top, paper(element.parentElement));
  };
  const light = colour => {
    const [r, g, b] = colour.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, said = walker.currentNode.textContent.trim();
    if (!said || !element.checkVisibility() || element.closest('style')) continue;
    const style = getComputedStyle(element), under = paper(element);
    const pair = [light(over(read(style.color), under)), light(under)].sort((a, b) => b - a);
    found.push({said, contrast: (pair[0] + 0.05) / (pair[1] + 0.05), size: parseFloat(style.fontSize),
                space: style.whiteSpace});
  }
  return found;
}"""


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(lab: Any, theme: str) -> Iterator[Page]:
    """A notebook that has been run to its end, in one of JupyterLab's two themes."""
    settings = {"COURSE_RUSTC": str(toolchain.find().rustc), "COURSE_CACHE_DIR": str(cache_root())}
    sources = [source.replace("{settings}", repr(settings)) for source in CELLS.values()]
    path = lab.notebook(*sources, name="rust.ipynb")
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        cell["metadata"] = {"tags": ["raises-exception"]}  # Run All goes on after the cells that are meant to fail
    path.write_text(json.dumps(notebook))
    opened = lab.page()
    lab.open(path, page=opened, run=False)
    _wear(opened, f"JupyterLab {theme.title()}")
    lab.run_all(opened)
    expect(_output(opened, "panic")).to_contain_text("panicked", timeout=120_000)
    yield opened
    _wear(opened, "JupyterLab Light")  # the server remembers it for the tests that follow


def _wear(page: Page, theme: str) -> None:
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    expect(page.locator(f"body[data-jp-theme-name='{theme}']")).to_have_count(1)


def _output(page: Page, cell: str) -> Locator:
    return page.locator(".jp-NotebookPanel .jp-Cell").nth(list(CELLS).index(cell)).locator(".jp-Cell-outputArea")


def _keep(page: Page, cell: str, theme: str) -> None:
    if folder := os.environ.get("COURSE_SHOTS"):
        shown = page.locator(".jp-NotebookPanel .jp-Cell").nth(list(CELLS).index(cell))
        shown.scroll_into_view_if_needed()
        shown.screenshot(path=f"{folder}/rust-{cell}-{theme}.png")


def _texts(page: Page, cell: str) -> list[dict[str, Any]]:
    texts: list[dict[str, Any]] = _output(page, cell).evaluate(TEXTS)
    assert texts
    assert [text for text in texts if text["contrast"] < 4.5] == []
    assert [text for text in texts if text["size"] < 10] == []
    return texts


def test_what_a_rust_cell_shows_can_be_read_in_both_themes(page: Page, theme: str) -> None:
    page.wait_for_timeout(300)  # colours fade from one theme to the other
    for cell in ("result", "warning", "error", "panic"):
        _keep(page, cell, theme)

    assert [text["said"] for text in _texts(page, "result")][-1] == "2.0"

    _output(page, "warning").locator("summary").first.click()
    _keep(page, "warning", theme)
    texts = _texts(page, "warning")
    assert any("unused variable" in text["said"] for text in texts)
    assert {text["space"] for text in texts if "let mut unused" in text["said"]} == {"pre"}

    texts = _texts(page, "error")
    assert any("E0502" in text["said"] for text in texts)
    drawn = [text for text in texts if "rows.push(3.0);" in text["said"] or "^^^" in text["said"]]
    assert drawn
    assert {text["space"] for text in drawn} == {"pre"}

    texts = _texts(page, "panic")
    assert any("the len is 3 but the index is 7" in text["said"] for text in texts)
    assert any("x[i]" in text["said"] for text in texts)


def test_a_long_line_of_a_message_scrolls_and_does_not_widen_the_page(page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 1000})
    drawing = _output(page, "error").locator(".course-rust pre").first
    drawing.scroll_into_view_if_needed()
    box, area = drawing.bounding_box(), _output(page, "error").bounding_box()
    assert box is not None
    assert area is not None
    assert box["x"] + box["width"] <= area["x"] + area["width"] + 1
    lines = drawing.evaluate("e => [e.innerText.trimEnd().split('\\n').length, e.clientHeight]")
    heights = drawing.evaluate("e => parseFloat(getComputedStyle(e).lineHeight)")
    assert lines[1] >= lines[0] * heights * 0.95  # each line of the drawing is a line on the page, none folded away
