"""Every question type in every state it can be in, light, dark and narrow: no accessibility rule is broken.

The widget's own script and style run on a bare page, with states made by the engine: the notebook around it has
violations of its own, which are not ours to mend. To look at the pages: `python -m tests.browser.gallery FOLDER`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.gallery import STATES, page_html

pytestmark = pytest.mark.needs("chromium")

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {name: make(tmp_path_factory.mktemp("gallery")) for name, make in STATES.items()}


@pytest.mark.parametrize(("theme", "width"), [("light", 900), ("dark", 900), ("light", 360)])
@pytest.mark.parametrize("name", list(STATES))
def test_no_accessibility_rule_is_broken(
    chromium: Browser, gallery: dict[str, Any], name: str, theme: str, width: int
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.set_content(page_html(gallery[name], theme))
        expect(page.get_by_role("group", name="Quiz:").first).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))")
        page.evaluate(AXE)
        found = page.evaluate("axe.run('.course-quiz')")
        assert found["passes"], "axe looked at nothing"
        assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert errors == []
    finally:
        page.close()


def test_colours_motion_and_print_follow_the_reader(chromium: Browser, gallery: dict[str, Any]) -> None:
    page = chromium.new_page(forced_colors="active", reduced_motion="reduce")
    try:
        page.set_content(page_html(gallery["right"], "light"))
        bar = page.locator(".cq-bar > div").first
        assert bar.evaluate("node => getComputedStyle(node).transitionDuration") == "0s"
        marked = page.locator('form[data-status="right"]').first
        assert marked.evaluate("node => getComputedStyle(node).borderInlineStartWidth") == "6px"
        page.emulate_media(media="print", forced_colors="none")
        expect(page.get_by_role("button").first).to_be_hidden()
        expect(page.get_by_text("Which of these copies its data?")).to_be_visible()
    finally:
        page.close()


def test_a_question_in_hebrew_runs_from_right_to_left(chromium: Browser, gallery: dict[str, Any]) -> None:
    page = chromium.new_page()
    try:
        page.set_content(page_html(gallery["open"], "light"))
        direction = "node => getComputedStyle(node).direction"
        assert page.locator("form").filter(has_text="מה מודפס").evaluate(direction) == "rtl"
        assert page.locator("form").filter(has_text="Which one owns?").evaluate(direction) == "ltr"
    finally:
        page.close()
