"""Two people in one notebook at the same time, with jupyter-collaboration.

That package changes how every notebook is saved, so it is no dependency of the course, and this test needs an
environment of its own; docs/answers.md says how to make one.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.answering import FOUR, OWNS, button, choose, number, points, question, said

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.skipif(
        importlib.util.find_spec("jupyter_collaboration") is None,
        reason="needs jupyter-collaboration, in an environment of its own (docs/answers.md)",
    ),
]

COUNT = """() => { window.changes = 0;
    window.jupyterapp.shell.currentWidget.content.model.contentChanged.connect(() => window.changes++); }"""
OUTPUTS = "() => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).outputs.length"
SOON = "(button, at) => { setTimeout(() => button.click(), at - Date.now()); }"


def test_answers_of_two_people_arrive_at_both_and_none_is_lost(lab: Any) -> None:
    path = lab.quiz()
    one = lab.open(path)
    expect(question(one, OWNS)).to_be_visible()
    two = lab.open(path, run=False)
    expect(question(two, OWNS)).to_be_visible()
    assert one.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.collaborative")
    for page in (one, two):
        page.evaluate(COUNT)

    choose(one, "Array1")
    expect(said(two, OWNS)).to_contain_text("Right")
    number(two, "4")
    expect(said(one, FOUR)).to_contain_text("Right")
    question(one, "מה").get_by_role("radio", name="שלוש").check()
    question(two, "מה").get_by_role("radio", name="ארבע").check()
    at = one.evaluate("() => Date.now() + 1500")
    for page in (one, two):  # both at the same moment: the first to reach the kernel counts, and both see it
        button(page, "מה", "Check").evaluate(SOON, at)
    expect(button(one, "מה", "Check")).to_be_hidden()
    expect(button(two, "מה", "Check")).to_be_hidden()
    assert said(one, "מה").inner_text() == said(two, "מה").inner_text()

    one.wait_for_timeout(5000)  # long enough for whoever waits to let the other write
    changes = [page.evaluate("() => window.changes") for page in (one, two)]
    assert max(changes) < 60
    one.wait_for_timeout(3000)
    assert [page.evaluate("() => window.changes") for page in (one, two)] == changes  # quiet again
    assert [page.evaluate(OUTPUTS) for page in (one, two)] == [2, 2]  # the quiz and its status, once
    lab.save(one)
    assert points(lab.attempts(path)) | {"01_kinds/hebrew": None} == {
        "01_kinds/owns": 1,
        "01_kinds/four": 1,
        "01_kinds/hebrew": None,
    }

    lab.restart(one)
    lab.run_all(one)
    for page in (one, two):
        expect(said(page, OWNS)).to_contain_text("Right")


def test_answers_of_two_people_are_kept_while_the_kernel_is_gone(lab: Any) -> None:
    path = lab.quiz()
    one = lab.open(path)
    expect(question(one, OWNS)).to_be_visible()
    two = lab.open(path, run=False)
    expect(question(two, OWNS)).to_be_visible()
    lab.restart(one)
    question(one, OWNS).get_by_role("radio", name="Array1", exact=True).check()
    question(two, FOUR).get_by_role("textbox", name="Your number").fill("4")
    at = one.evaluate("() => Date.now() + 1500")
    button(one, OWNS, "Check").evaluate(SOON, at)
    button(two, FOUR, "Check").evaluate(SOON, at)
    expect(said(one, OWNS)).to_contain_text("kept in the notebook")
    expect(said(two, FOUR)).to_contain_text("kept in the notebook")
    one.wait_for_timeout(3000)
    lab.save(one)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1, "01_kinds/four": 1}
