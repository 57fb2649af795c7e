"""Whatever a quiz lets a learner do, keys alone do it. (Each kind of question: `answer_each_kind_by_keyboard`.)"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.answering import FOUR, OWNS, button, question, said, tab_to

pytestmark = pytest.mark.needs("chromium")


def test_hints_confidence_variants_and_the_answer_are_asked_for_by_keyboard_alone(lab: Any) -> None:
    page = lab.open(lab.quiz("01_kinds/every"))

    def press(control: Locator, key: str = "Enter") -> None:
        tab_to(page, control)
        page.keyboard.press(key)

    words = "Which of these copies its data?"
    expect(question(page, words)).to_be_visible()
    form = page.locator("form").filter(has=page.get_by_role("group", name=words))
    press(button(page, words, "Hint 1 of 2"))
    expect(form.get_by_text("Which of them could outlive a?").first).to_be_visible()
    press(question(page, words).get_by_role("radio").first, "Space")
    for _ in range(4):
        if question(page, words).get_by_role("radio", name="a.view()").is_checked():
            break
        page.keyboard.press("ArrowDown")
    press(form.get_by_role("group", name="How sure are you?").get_by_role("radio", name="a guess"), "Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    press(button(page, words, "Check"))
    expect(said(page, words)).to_contain_text("You were certain")
    press(button(page, words, "Try again"))
    expect(button(page, words, "Check")).to_be_visible()
    press(button(page, words, "Check"))  # the wrong option is chosen still
    expect(said(page, words)).to_contain_text("Not right yet")
    press(button(page, words, "Show the answer"))
    expect(said(page, words)).to_contain_text("Answer shown")
    words = "How much is"
    legend = question(page, words).locator("legend")
    before = legend.inner_text()
    press(button(page, words, "New variant"), "Space")
    expect(legend).not_to_have_text(before)


def test_answers_are_taken_home_and_brought_back_by_keyboard_alone(lab: Any, tmp_path: Path) -> None:
    page = lab.open(lab.quiz())
    expect(question(page, FOUR)).to_be_visible()
    tab_to(page, question(page, FOUR).get_by_role("textbox"))
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(said(page, FOUR)).to_contain_text("Right")
    tab_to(page, page.get_by_text("Your answers", exact=True))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Download my answers"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "my-answers.jsonl")
    tab_to(page, page.get_by_label("Bring answers back"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(tmp_path / "my-answers.jsonl")
    expect(page.get_by_text("1 record read, 0 of them new here.")).to_be_visible()


def test_an_exam_is_taken_by_keyboard_alone(lab: Any) -> None:
    page = lab.open(lab.quiz("02_exam/exam", name="02_exam.ipynb"))

    def press(name: str) -> None:
        control = page.get_by_role("button", name=name, exact=True)
        expect(control).to_be_visible()
        tab_to(page, control)
        page.keyboard.press("Enter")

    press("Start")
    expect(page.get_by_role("timer", name="Time left")).to_be_visible()
    tab_to(page, question(page, OWNS).get_by_role("radio").first)
    page.keyboard.press("Space")
    tab_to(page, button(page, OWNS, "Record answer"))
    page.keyboard.press("Enter")
    expect(said(page, OWNS)).to_contain_text("Recorded")
    press("Pause")
    expect(page.get_by_text(re.compile(r"^Paused with"))).to_be_visible()
    press("Go on")
    tab_to(page, question(page, FOUR).get_by_role("textbox"))
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(said(page, FOUR)).to_contain_text("Recorded")
    press("Hand in")
    expect(page.get_by_text("Handed in.", exact=True)).to_be_visible()
    expect(said(page, FOUR)).to_contain_text("Right: 1 of 1 point")
