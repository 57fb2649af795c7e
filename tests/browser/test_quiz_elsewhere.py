"""A front end that shows widgets and no more, as VS Code does: no extension of ours, no way to the notebook's cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from course.quiz import answers
from course.quiz.session import Session
from course.quiz.widget import QuizWidget
from tests.browser.answering import FOUR, OWNS, QUIZ, button, choose, number, points, question, said
from tests.browser.gallery import SCRIPTS, SOURCE

pytestmark = pytest.mark.needs("chromium")

# The least that a front end of widgets must give: values, changes, and messages both ways.
MODEL = """
const values = {}, calls = {};
const fire = (name, ...said) => (calls[name] ?? []).forEach((call) => call(...said));
const take = ({ state, drafts, sent }) => {
  Object.assign(values, { state, drafts });
  ["change:state", "change:drafts"].forEach((name) => fire(name));
  sent.forEach((message) => fire("msg:custom", message));
};
take(await kernel(null, {}));
const model = {
  get: (name) => values[name],
  set: (name, value) => { values[name] = value; fire(`change:${name}`); },
  save_changes() {},
  send: (message) => kernel(message, values.drafts).then(take),
  on: (name, call) => (calls[name] ??= []).push(call),
  off() {},
};
widget.render({ model, el: document.querySelector("main") });
"""


@pytest.fixture
def elsewhere(chromium: Browser) -> Iterator[Callable[..., Page]]:
    page = chromium.new_page(viewport={"width": 900, "height": 900})

    def show(kernel: Callable[[Any, Any], Any]) -> Page:
        page.expose_function("kernel", kernel)
        script = "\n".join((SOURCE / name).read_text("utf-8") for name in SCRIPTS)
        script = script.replace("export default", "const widget =") + MODEL
        page.set_content(f'<!doctype html><title>Quiz</title><main></main><script type="module">{script}</script>')
        return page

    yield show
    page.close()


@pytest.fixture
def shown(tmp_path: Path) -> QuizWidget:
    return QuizWidget(Session(QUIZ, QUIZ.section("small"), folder=tmp_path, learner="l-1"))


def test_a_quiz_that_cannot_write_the_notebook_says_so_and_its_answers_file_has_everything(
    elsewhere: Callable[..., Page], shown: QuizWidget, tmp_path: Path
) -> None:
    sent: list[Any] = []
    shown.send = sent.append

    def kernel(message: Any, drafts: Any) -> Any:
        sent.clear()
        shown.drafts = drafts
        if message is not None:
            shown._receive(shown, message, None)
        return {"state": shown.state, "drafts": shown.drafts, "sent": sent}

    page = elsewhere(kernel)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right: 1 of 1 point")
    number(page, "5")
    expect(said(page, FOUR)).to_contain_text("Not right yet")
    expect(page.get_by_text("hand in 01_kinds.answers.jsonl together with it")).to_be_visible()
    button(page, FOUR, "Try again").click()
    expect(question(page, FOUR).get_by_role("textbox")).to_be_editable()
    number(page, "4")
    expect(said(page, FOUR)).to_contain_text("Right")

    log = answers.read(tmp_path / "01_kinds.answers.jsonl")
    assert log.problems == ()
    assert len(log.attempts) == 3
    assert points(log.attempts) == {"01_kinds/owns": 1, "01_kinds/four": 1}


def test_a_quiz_whose_messages_go_nowhere_says_that_the_answer_is_not_kept(
    elsewhere: Callable[..., Page], shown: QuizWidget, tmp_path: Path
) -> None:
    page = elsewhere(lambda _, drafts: {"state": shown.state, "drafts": drafts, "sent": []})
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("your answer is not kept")
    assert not (tmp_path / "01_kinds.answers.jsonl").exists()
