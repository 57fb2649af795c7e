"""The quiz in Firefox: what a learner must be able to rely on there too."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessibility import broken
from tests.browser.answering import (
    FOUR,
    OWNS,
    answer_each_kind_by_keyboard,
    choose,
    chosen,
    number,
    points,
    question,
    readable,
    said,
)
from tests.browser.gallery import STATES, page_html

pytestmark = pytest.mark.needs("firefox")


def test_an_answer_outlives_reload_restart_browser_and_folder(firefox_lab: Any) -> None:
    lab = firefox_lab
    path = lab.quiz()
    page = lab.open(path)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right: 1 of 1 point")
    number(page, "5")
    expect(said(page, FOUR)).to_contain_text("Not right yet")
    lab.save(page)
    page.reload()
    lab.ready(page)
    expect(chosen(page, "Array1")).to_be_checked()
    lab.restart(page)
    lab.run_all(page)
    expect(chosen(page, "Array1")).to_be_checked()
    lab.save(page)
    page.context.close()

    elsewhere = lab.folder / "elsewhere"
    elsewhere.mkdir()
    copy = Path(shutil.copy(path, elsewhere / path.name))
    page = lab.open(copy)
    expect(chosen(page, "Array1")).to_be_checked()
    expect(said(page, FOUR)).to_contain_text("Not right yet")
    lab.save(page)
    assert points(lab.attempts(copy)) == {"01_kinds/owns": 1, "01_kinds/four": 0}


def test_each_kind_is_answered_by_keyboard_alone(firefox_lab: Any) -> None:
    path = firefox_lab.quiz("01_kinds/every")
    page = firefox_lab.open(path)
    answer_each_kind_by_keyboard(page)
    firefox_lab.save(page)
    assert len(readable(firefox_lab.attempts(path))) == 12


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_keys_typed_in_a_quiz_are_its_own_and_saving_stays_possible(firefox_lab: Any, app: str) -> None:
    page = firefox_lab.open(firefox_lab.quiz(), app=app)
    expect(question(page, OWNS)).to_be_visible()
    chosen(page, "ArrayView1").focus()
    cells = "() => [...window.jupyterapp.shell.currentWidget.content.model.cells].map((cell) => cell.type)"
    before = page.evaluate(cells)
    for key in ("a", "b", "d", "d", "m", "y", "x", "ArrowDown", "ArrowUp", "j", "k", "0", "0"):
        page.keyboard.press(key)
    assert page.evaluate(cells) == before
    expect(question(page, OWNS)).to_be_visible()
    page.keyboard.press("ArrowDown")
    firefox_lab.save(page, keys="Control+s")


@pytest.mark.parametrize(
    ("name", "theme"),
    [("open", "light"), ("partly", "dark"), ("revealed", "light"), ("not-read", "dark"), ("exam-running", "light")],
)
def test_no_accessibility_rule_is_broken(firefox: Browser, tmp_path: Path, name: str, theme: str) -> None:
    page = firefox.new_page(viewport={"width": 900, "height": 900})
    try:
        page.set_content(page_html(STATES[name](tmp_path), theme))
        expect(page.get_by_role("group", name="Quiz:").first).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))")
        assert broken(page, ".course-quiz") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 900
    finally:
        page.close()
