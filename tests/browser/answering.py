"""What a learner does with a quiz: its controls, found by role and name as a person or a screen reader finds them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from course.quiz import grade, load

SILENT = "the kernel does not reply"
OWNS, FOUR = "Which one owns?", "How many are two and two?"
QUIZ = load(Path(__file__).parents[1] / "fixtures" / "widget" / "01_kinds.md")


def question(page: Page, words: str, nth: int = 0) -> Locator:
    return page.get_by_role("group", name=words).nth(nth)


def button(page: Page, words: str, name: str, nth: int = 0) -> Locator:
    return (
        page.locator("form").filter(has=page.get_by_role("group", name=words)).nth(nth).get_by_role("button", name=name)
    )


def said(page: Page, words: str, nth: int = 0) -> Locator:
    """What the page says about a question, where a screen reader hears it."""
    return page.locator("form").filter(has=page.get_by_role("group", name=words)).nth(nth).get_by_role("status").first


def choose(page: Page, option: str, nth: int = 0) -> None:
    chosen(page, option, nth).check()
    button(page, OWNS, "Check", nth).click()


def number(page: Page, text: str, nth: int = 0) -> None:
    question(page, FOUR, nth).get_by_role("textbox", name="Your number").fill(text)
    button(page, FOUR, "Check", nth).click()


def chosen(page: Page, option: str, nth: int = 0) -> Locator:
    return question(page, OWNS, nth).get_by_role("radio", name=re.compile(rf"^{option}\b"))  # after it: "✓ right"


def points(attempts: Any) -> dict[str, float]:
    last = {a.item: a for a in attempts if a.event == "answer"}
    return {item: grade(QUIZ.item(item.split("/")[1]), a.response).points for item, a in last.items()}


def readable(attempts: Any) -> list[Any]:
    """Return what a kernel takes: the page itself keeps "1,500" too, where the kernel is slow to refuse it."""
    return [attempt for attempt in attempts if attempt.response != {"text": "1,500"}]


def tab_to(page: Page, control: Locator) -> None:
    """Move the focus to a control with Tab, or Shift+Tab where it is further up, as a person without a mouse does."""
    control.wait_for(state="attached")
    for _ in range(200):
        way = control.evaluate(
            """node => node === document.activeElement ? null
               : node.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING
                 ? "Shift+Tab" : "Tab\""""
        )
        if way is None:
            return
        page.keyboard.press(way)
    pytest.fail(f"no Tab leads to {control}")


def answer_each_kind_by_keyboard(page: Page) -> None:
    """Answer the twelve questions of `01_kinds/every` rightly, with keys and nothing else."""
    expect(question(page, "Which of these copies")).to_be_visible()

    def tab(locator: Locator) -> None:
        tab_to(page, locator)

    def press(locator: Locator, key: str = "Enter", times: int = 1) -> None:
        tab(locator)
        for _ in range(times):
            page.keyboard.press(key)

    def check(words: str) -> None:
        press(button(page, words, "Check"))
        expect(said(page, words)).to_contain_text("Right")

    words = "Which of these copies its data?"
    # Into the group, which is one stop of Tab, and on with the arrows.
    press(question(page, words).get_by_role("radio").first, "Space")
    for _ in range(4):
        if question(page, words).get_by_role("radio", name="a.to_owned()").is_checked():
            break
        page.keyboard.press("ArrowDown")
    check(words)
    words = "Is a view as large"
    tab(question(page, words).get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    check(words)
    words = "Which of these borrow?"
    boxes = question(page, words).get_by_role("checkbox").all()
    for box in boxes:  # in the order of the page
        name = box.evaluate("node => node.labels[0].querySelector('.cq-text').textContent")
        if name in ("a.view()", "a.slice(s![..])"):
            press(box, "Space")
    check(words)
    words = "How many bytes"
    tab(question(page, words).get_by_role("textbox"))
    page.keyboard.type("1,500")
    page.keyboard.press("Enter")
    expect(said(page, words)).to_contain_text("Write 1500 or 1.500")
    page.keyboard.press("Control+a")
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    expect(said(page, words)).to_contain_text("Right")
    words = "Which crate gives"
    tab(question(page, words).get_by_role("textbox"))
    page.keyboard.type("NDArray")
    page.keyboard.press("Enter")
    expect(said(page, words)).to_contain_text("Right")
    words = "Put the steps"
    group = question(page, words)
    for step in ("solve for the weights", "centre the columns", "read the data"):  # last first, each to the top
        up = group.get_by_role("button", name=f"Move up: {step}")
        for _ in range(3):
            if up.is_disabled():
                break
            press(up)
    down = group.get_by_role("button", name="Move down: predict")
    for _ in range(3):
        if down.is_enabled():
            press(down, "Space")
    check(words)
    words = "Which type goes with which?"
    for left, right in (("Array1<f64>", "owned"), ("ArrayView1<f64>", "to read"), ("ArrayViewMut1<f64>", "to write")):
        select = question(page, words).get_by_role("combobox", name=left, exact=True)
        tab(select)
        options = select.get_by_role("option").all_text_contents()
        page.keyboard.type(next(text for text in options if text.endswith(right))[:2])
    check(words)
    words = "Write a function"
    group = question(page, words)
    for line in ("def total(rows):", "result = 0.0", "for row in rows:", "result += row.sum()", "return result"):
        press(group.get_by_role("button", name=f"Add to the program: {line}", exact=True))
    for line, times in (("result = 0.0", 1), ("for row in rows:", 1), ("result += row.sum()", 2), ("return result", 1)):
        press(group.get_by_role("button", name=f"Indent more: {line}", exact=True), times=times)
    check(words)
    words = "What does this print?"
    press(question(page, words).get_by_role("radio").first, "Space")
    tab(question(page, words).get_by_role("textbox"))
    page.keyboard.type("6")
    check(words)
    words = "What does this Python print?"
    expect(question(page, words).get_by_role("radio")).to_have_count(0)  # nothing compiles it
    tab(question(page, words).get_by_role("textbox", name="What it prints, line by line"))
    page.keyboard.type("2")
    check(words)
    words = "Does this compile?"
    tab(question(page, words).get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    tab(question(page, words).get_by_role("textbox"))
    page.keyboard.type("e0382")
    check(words)
    words = "How much is"
    title = question(page, words).locator("legend").inner_text()
    a, b = map(int, re.findall(r"\d+", title.split("much")[1])[:2])
    tab(question(page, words).get_by_role("textbox"))
    page.keyboard.type(str(a + b))
    page.keyboard.press("Enter")
    expect(said(page, words)).to_contain_text("Right")
    expect(page.get_by_text("12 of 12 answered · 20 of 20 points")).to_be_visible()
