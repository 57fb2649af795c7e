"""Every question type in every state it can be in, light, dark and narrow: no accessibility rule is broken.

The widget's own script and style run on a bare page, with states made by the engine: the notebook around it has
violations of its own, which are not ours to mend. To look at the pages: `python -m tests.browser.gallery FOLDER`.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessibility import broken
from tests.browser.gallery import PATIENCE, STATES, page_html

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {name: make(tmp_path_factory.mktemp("gallery")) for name, make in STATES.items()}


SAID = {"waiting": "Waiting for the kernel…", "silent": "the kernel does not reply"}


@pytest.mark.parametrize(
    ("theme", "width", "colours"),
    [
        ("light", 900, "none"),
        ("dark", 900, "none"),
        ("light", 360, "none"),
        ("dark", 360, "none"),
        ("light", 900, "active"),
    ],
)
@pytest.mark.parametrize("name", list(STATES))
def test_no_accessibility_rule_is_broken(
    chromium: Browser, gallery: dict[str, Any], name: str, theme: str, width: int, colours: Any
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900}, forced_colors=colours)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.set_content(page_html(gallery[name], theme, PATIENCE.get(name)))
        expect(page.get_by_role("group", name="Quiz:").first).to_be_visible()
        if name in SAID:
            expect(page.get_by_text(SAID[name])).to_have_count(len(gallery[name][0]["items"]))
        page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))")
        assert broken(page, ".course-quiz") == []
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


def test_print_from_a_dark_page_is_dark_on_white(chromium: Browser, gallery: dict[str, Any]) -> None:
    colours = """() => [...document.querySelectorAll(".course-quiz *")]
      .filter((node) => node.offsetParent).map((node) => {
        const style = getComputedStyle(node); return [style.color, style.backgroundColor]; })"""
    page = chromium.new_page()
    try:
        seen = []
        for theme in ("light", "dark"):
            page.emulate_media(media="screen")
            page.set_content(page_html(gallery["wrong"], theme))
            expect(page.get_by_text("Which of these copies its data?")).to_be_visible()
            page.emulate_media(media="print")
            seen.append(page.evaluate(colours))
        assert len(seen[0]) > 100
        assert seen[0] == seen[1]
        title = page.locator(".cq-title").first
        assert title.evaluate("node => getComputedStyle(node).color") == "rgb(0, 0, 0)"
    finally:
        page.close()


@pytest.mark.parametrize("width", [900, 360])
def test_a_long_line_of_a_program_leaves_its_buttons_on_the_card(
    chromium: Browser, gallery: dict[str, Any], width: int
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    try:
        page.set_content(page_html(gallery["open"], "light"))
        card = page.get_by_role("group", name="Write a function that adds up rows.")
        add = card.get_by_role("button", name="Add to the program: return sum(sum(")
        edges = [box["x"] + box["width"] for box in (add.bounding_box(), card.bounding_box()) if box]
        assert edges[0] < edges[1]
    finally:
        page.close()


def test_menus_and_the_names_of_buttons_show_no_markdown(chromium: Browser, gallery: dict[str, Any]) -> None:
    page = chromium.new_page()
    try:
        page.set_content(page_html(gallery["open"], "light"))
        menu = page.get_by_role("combobox", name="ArrayView1<f64>", exact=True)
        words = sorted(text.partition(". ")[2] for text in menu.get_by_role("option").all_text_contents()[1:])
        assert words == ["borrowed, to read", "borrowed, to write", "owned", "reference counted"]
        expect(page.get_by_role("button", name="Move up: read the data", exact=True)).to_have_count(1)
    finally:
        page.close()


def test_what_a_python_program_prints_is_asked_without_a_compiler(chromium: Browser, gallery: dict[str, Any]) -> None:
    page = chromium.new_page()
    try:
        page.set_content(page_html(gallery["open"], "light"))
        asked = page.get_by_role("group", name="What does this Python print?")
        expect(asked.get_by_role("textbox", name="What it prints, line by line")).to_be_visible()
        expect(asked.get_by_role("radio")).to_have_count(0)
        expect(page.get_by_role("group", name="What does this print?").get_by_role("radio")).to_have_count(2)
        expect(page.get_by_text("0 of 12 answered")).to_have_count(1)
        expect(page.get_by_text("0 of 0 answered")).to_have_count(0)  # a section of tasks and essays has no questions
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
