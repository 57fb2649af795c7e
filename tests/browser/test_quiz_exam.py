"""An exam in real front ends: started, paused, handed in, and only then marked, with or without its kernel."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.answering import FOUR, OWNS, SILENT, button, chosen, question, said

pytestmark = pytest.mark.needs("chromium")

BOTH = pytest.mark.parametrize("app", ["lab", "notebook"])
EXAM = "02_exam/exam"


@BOTH
def test_an_exam_is_started_paused_and_handed_in_and_only_then_marked(lab: Any, app: str) -> None:
    path = lab.quiz(EXAM, name="02_exam.ipynb")
    page = lab.open(path, app=app)

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    expect(page.get_by_text("2 questions, 10 minutes.")).to_be_visible()
    expect(question(page, OWNS)).to_have_count(0)  # not even in the page
    press("Start")
    clock = page.get_by_role("timer", name="Time left")
    expect(clock).to_have_text(re.compile(r"^9:[0-5]\d left$"))
    chosen(page, "ArrayView1").check()
    button(page, OWNS, "Record answer").click()
    expect(said(page, OWNS)).to_contain_text("Recorded. You may change it until you hand in.")
    lab.save(page)
    for untold in ("It owns.", "It borrows.", "Views borrow.", "Not right"):
        assert untold not in page.content() + path.read_text()

    press("Pause")
    paused = page.get_by_text(re.compile(r"^Paused with 9:[0-5]\d left\."))
    expect(paused).to_be_visible()
    left = paused.inner_text()
    expect(question(page, OWNS)).to_have_count(0)
    lab.save(page)
    page.reload()
    lab.ready(page)
    lab.restart(page)
    lab.run_all(page)
    expect(paused).to_have_text(left)  # the clock stood

    press("Go on")
    expect(clock).to_be_visible()
    expect(chosen(page, "ArrayView1")).to_be_checked()
    chosen(page, "Array1").check()
    button(page, OWNS, "Record the change").click()
    expect(said(page, OWNS)).to_contain_text("Recorded")
    lab.save(page)
    page.reload()
    lab.ready(page)
    expect(clock).to_be_visible()
    expect(chosen(page, "Array1")).to_be_checked()

    press("Hand in")
    expect(page.get_by_text("Handed in.", exact=True)).to_be_visible()
    expect(said(page, OWNS)).to_contain_text("Right: 1 of 1 point")
    expect(page.get_by_text("Views borrow.")).to_be_visible()
    expect(said(page, FOUR)).to_contain_text("Not right")
    expect(page.get_by_text("1 of 2 answered · 1 of 2 points")).to_be_visible()
    expect(chosen(page, "Array1")).to_be_disabled()
    lab.save(page)
    events = [attempt.event for attempt in lab.attempts(path)]
    assert events == ["start", "answer", "pause", "resume", "answer", "hand-in"]


@BOTH
def test_an_exam_without_its_kernel_is_paused_and_handed_in_by_the_notebook(lab: Any, app: str) -> None:
    path = lab.quiz(EXAM, name="02_exam.ipynb")
    page = lab.open(path, app=app)
    press = page.get_by_role("button")
    warning = page.get_by_role("status").filter(has_text=SILENT)
    press.filter(has_text="Start").click()
    expect(question(page, OWNS)).to_be_visible()
    lab.restart(page)
    press.filter(has_text="Pause").click()
    expect(warning).to_contain_text("The clock was stopped, and the notebook remembers when")
    expect(question(page, OWNS)).to_be_hidden()
    lab.run_all(page)
    expect(page.get_by_text(re.compile(r"^Paused with 9:"))).to_be_visible()
    lab.restart(page)
    press.filter(has_text="Go on").click()
    expect(warning).to_contain_text("The clock still stands")
    lab.run_all(page)
    press.filter(has_text="Go on").click()
    expect(question(page, OWNS)).to_be_visible()
    lab.restart(page)
    press.filter(has_text="Hand in").click()
    expect(warning).to_contain_text("Handed in, and the notebook remembers when")
    lab.save(page)
    assert [attempt.event for attempt in lab.attempts(path)] == ["start", "pause", "resume", "hand-in"]
    lab.run_all(page)
    expect(page.get_by_text("Handed in.", exact=True)).to_be_visible()
