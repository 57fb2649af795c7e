"""A quiz where a notebook is long, edited, or not trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.answering import FOUR, OWNS, choose, points, question, said

pytestmark = pytest.mark.needs("chromium")

SCROLL = "at => window.jupyterapp.shell.currentWidget.content.scrollToItem(at, 'smart')"
WINDOWED = """() => { const notebook = window.jupyterapp.shell.currentWidget.content;
                      notebook.notebookConfig = { ...notebook.notebookConfig, windowingMode: "full" }; }"""
ALL_DRAWN = "() => window.jupyterapp.shell.currentWidget.content.widgets.every((cell) => !cell.isPlaceholder())"


def scroll_to(page: Any, cell: int, words: str) -> None:
    """Scroll until a question stays where it is: cells are drawn in idle time, and each moves those below."""
    seen = None
    for _ in range(60):
        if seen is None:
            page.evaluate(SCROLL, cell)
        page.wait_for_timeout(500)
        now = question(page, words).bounding_box() if page.evaluate(ALL_DRAWN) else None
        if now is not None and now == seen:
            return
        seen = now
    pytest.fail(f"the question {words!r} does not stay in sight")


def test_a_quiz_that_was_scrolled_away_in_a_long_notebook_is_as_it_was(lab: Any) -> None:
    filler = [f"x = {n}\n" * 12 for n in range(100)]
    path = lab.notebook("from course.quiz.widget import quiz", *filler, 'quiz("01_kinds/small")', *filler)
    page = lab.open(path, run=False)
    page.evaluate(WINDOWED)  # cells out of sight are taken out of the page
    lab.run_all(page)
    scroll_to(page, 101, OWNS)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right")
    question(page, FOUR).get_by_role("textbox", name="Your number").fill("3.9")
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    page.evaluate(SCROLL, 0)
    expect(question(page, OWNS)).to_be_hidden()
    lab.save(page)  # while it is out of sight
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}
    scroll_to(page, 101, OWNS)
    expect(said(page, OWNS)).to_contain_text("Right")
    expect(question(page, FOUR).get_by_role("textbox", name="Your number")).to_have_value("3.9")


def test_a_cell_that_shows_another_quiz_keeps_the_answers_of_the_first(lab: Any) -> None:
    path = lab.quiz()
    page = lab.open(path)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right")
    change = "text => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).sharedModel.setSource(text)"
    page.evaluate(change, 'quiz("01_kinds/counted")')
    lab.run_all(page)
    expect(question(page, "Which one borrows?")).to_be_visible()
    page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).getMetadata("course_quiz")?.quiz
                 === "01_kinds/counted\""""
    )
    lab.save(page)
    cell = json.loads(path.read_text())["cells"][1]
    assert cell["metadata"]["course_quiz"]["quiz"] == "01_kinds/counted"
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}
    (path.parent / "01_kinds.answers.jsonl").unlink()
    page.evaluate(change, 'quiz("01_kinds/small")')
    lab.run_all(page)
    expect(said(page, OWNS)).to_contain_text("Right")


def test_a_notebook_not_yet_trusted_shows_the_questions_in_print_and_what_was_answered(lab: Any) -> None:
    path = lab.quiz()
    page = lab.open(path)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right")
    lab.save(page)
    page.context.close()
    lab.server.stop_kernels()
    data = json.loads(path.read_text())
    data["metadata"]["mailed"] = "by somebody"  # another text, which nobody here has signed
    path.write_text(json.dumps(data))
    page = lab.open(path, run=False)
    expect(page.get_by_text("Quiz: small")).to_be_visible()
    expect(page.get_by_text("Which one owns?")).to_be_visible()
    expect(page.get_by_text("1 of 3 answered.")).to_be_visible()
    expect(page.get_by_role("radio")).to_have_count(0)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}
