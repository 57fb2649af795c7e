"""Chapters as a learner meets them: opened by `course lab` in a real Chromium, run from the menu.

Each runs with Rust, and is looked at in both themes; two run without Rust as well, which tests/notebooks does for all.

`COURSE_SHOTS=folder` keeps a picture of each.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from course.chapters import Course
from course.checks.running import is_stub

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = [chapter.name for chapter in Course(ROOT).chapters()]
BARE = ("00_welcome", "03_ndarray")  # nothing but recordings; half of a chapter's cells
pytestmark = [pytest.mark.needs("chromium", "rust", "crates"), pytest.mark.timeout(600)]


class OpenLab:
    """A `course lab` that answers: its address and its working copy."""

    def __init__(self, address: str, folder: Path) -> None:
        self.base, _, self.token = address.partition("?token=")
        self.base = self.base.partition("/lab")[0]
        self.folder = folder

    def page(self, browser: Browser, chapter: str) -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 1650}, color_scheme="light")
        page.goto(f"{self.base}/lab/workspaces/{chapter}/tree/{chapter}.ipynb?token={self.token}")
        expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=60_000)
        return page

    def idle(self, chapter: str) -> bool:
        with urllib.request.urlopen(f"{self.base}/api/sessions?token={self.token}", timeout=30) as answer:
            sessions = json.load(answer)
        return any(s["path"] == f"{chapter}.ipynb" and s["kernel"]["execution_state"] == "idle" for s in sessions)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], OpenLab]]:
    """Start `course lab`, once with Rust and once without, when first asked for."""
    labs: dict[bool, OpenLab] = {}
    with ExitStack() as stack:

        def started(rust: bool) -> OpenLab:
            if rust not in labs:
                folder = tmp_path_factory.mktemp("rust" if rust else "bare")
                env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "NBGRADER", "IPYTHON"))}
                env |= {"COURSE_ROOT": str(ROOT), "NO_COLOR": "1", "COURSE_LEARNER": "browser-tests"}
                env |= {} if rust else {"COURSE_NO_RUST": "1"}
                program = "from course.cli import main; main()"
                command = [sys.executable, "-c", program, "lab", "--no-browser", "--dir", str(folder / "learning")]
                process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
                stack.callback(process.wait, 30)
                stack.callback(process.send_signal, signal.SIGINT)
                assert process.stdout is not None
                said = []
                for line in process.stdout:
                    said.append(line)
                    if found := re.search(r"JupyterLab is running: (http\S+)", line):
                        labs[rust] = OpenLab(found[1], folder / "learning")
                        break
                else:
                    pytest.fail("course lab ended before it answered: " + "".join(said))
            return labs[rust]

        yield started


def run_all(lab: OpenLab, page: Page, chapter: str) -> dict[str, list[Any]]:
    """Run all cells from the menu, save, and return the outputs of the saved notebook by cell."""
    for _ in range(300):
        if lab.idle(chapter):
            break
        page.wait_for_timeout(200)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    # A cell that uses what a learner has yet to write stops the run; where `check` alone uses it, it goes to the end.
    path = lab.folder / f"{chapter}.ipynb"
    for _ in range(1200):
        page.wait_for_timeout(250)
        if not lab.idle(chapter):
            continue
        page.keyboard.press("Control+s")
        page.wait_for_timeout(500)
        try:
            cells = json.loads(path.read_text("utf-8"))["cells"]
        except ValueError:
            continue  # it is being saved just now
        outputs = {cell["id"]: cell.get("outputs", []) for cell in cells}
        ended = [cell for cell in cells if cell["cell_type"] == "code"][-1]["execution_count"] is not None
        if ended or any(output["output_type"] == "error" for found in outputs.values() for output in found):
            return outputs
    pytest.fail(f"{chapter} did not run to its first task, nor to its end")


def figure_before_the_end(outputs: dict[str, list[Any]], chapter: str) -> bool:
    """Whether a cell that shows a figure stands before the one that stopped the run."""
    cells = json.loads((ROOT / "notebooks" / f"{chapter}.ipynb").read_text("utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code" and re.search(r"^show\(", "".join(cell["source"]), re.MULTILINE):
            return True
        if any(output["output_type"] == "error" for output in outputs.get(cell["id"], ())):
            return False
    return False


@pytest.mark.parametrize(
    ("chapter", "rust"),
    [(chapter, True) for chapter in CHAPTERS] + [(chapter, False) for chapter in BARE],
    ids=[*CHAPTERS, *(f"{chapter}-without-rust" for chapter in BARE)],
)
def test_a_chapter_runs_as_far_as_a_learner_has_come_and_shows_its_figures_in_both_themes(
    chapter: str, rust: bool, start: Callable[[bool], OpenLab], chromium: Browser
) -> None:
    lab = start(rust)
    page = lab.page(chromium, chapter)
    outputs = run_all(lab, page, chapter)

    errors = [o for found in outputs.values() for o in found if o["output_type"] == "error"]
    assert [
        o["ename"] for o in errors if not is_stub(o["ename"], o["evalue"]) and (rust or o["ename"] != "RustMissing")
    ] == []
    html = ["".join(o["data"].get("text/html", "")) for found in outputs.values() for o in found if "data" in o]
    assert any("Recorded on" in text for text in html) == (not rust)
    if not figure_before_the_end(outputs, chapter):
        page.context.close()
        return
    assert any("course-figure" in text for text in html)
    page.locator(".jp-WindowedPanel-outer").hover()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Home")
    figure = page.locator(".course-figure img:visible").first
    for _ in range(150):
        if figure.count():
            break
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(150)
    for theme in ("light", "dark"):  # `course lab` follows the system's, also while it is open
        page.emulate_media(color_scheme=theme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(theme == "light").lower())
        expect(figure).to_be_visible()
        assert len(figure.get_attribute("alt") or "") >= 20
        assert figure.evaluate("image => image.complete && image.naturalWidth > 100")
        assert ("course-dark" in (figure.get_attribute("class") or "")) == (theme == "dark")
        if folder := os.environ.get("COURSE_SHOTS"):
            figure.evaluate("image => image.scrollIntoView({block: 'start'})")
            page.mouse.wheel(0, -40)
            page.wait_for_timeout(1500)
            page.screenshot(path=f"{folder}/{chapter}-{'rust' if rust else 'bare'}-{theme}.png")
    page.context.close()


def test_a_rust_cell_is_coloured_as_rust(start: Callable[[bool], OpenLab], chromium: Browser) -> None:
    page = start(True).page(chromium, "00_welcome")
    cell = page.locator(".jp-CodeCell .cm-content").filter(has_text="%%rust").first
    cell.scroll_into_view_if_needed()

    # `fn` is a keyword in Rust only. JupyterLab colours everything as Python when the kernel answers, so look later.
    page.wait_for_timeout(6_000)
    keyword = page.locator(".cm-line span").filter(has_text=re.compile("^from$")).first
    function = cell.locator(".cm-line span").filter(has_text=re.compile("^fn$")).first
    expect(function).to_be_visible()
    colours = [part.evaluate("element => getComputedStyle(element).color") for part in (keyword, function)]
    assert colours[0] == colours[1]
    page.context.close()
