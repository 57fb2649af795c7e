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


def answer_each_kind_by_keyboard(page: Page) -> None:
    """Answer the eleven questions of `01_kinds/every` rightly, with keys and nothing else."""
    expect(question(page, "Which of these copies")).to_be_visible()

    def tab_to(locator: Locator) -> None:
        for _ in range(60):
            if locator.evaluate("node => node === document.activeElement"):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"no Tab leads to {locator}")

    def check(words: str, kinds: str = "Right") -> None:
        tab_to(button(page, words, "Check"))
        page.keyboard.press("Enter")
        expect(said(page, words)).to_contain_text(re.compile(kinds))

    words = "Which of these copies its data?"
    question(page, words).get_by_role("radio", name="a.to_owned()").focus()
    page.keyboard.press("Space")
    check(words)
    words = "Is a view as large"
    tab_to(question(page, words).get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    check(words)
    words = "Which of these borrow?"
    for option in ("a.view()", "a.slice(s![..])"):
        tab_to(question(page, words).get_by_role("checkbox", name=option, exact=True))
        page.keyboard.press("Space")
    check(words)
    words = "How many bytes"
    tab_to(question(page, words).get_by_role("textbox"))
    page.keyboard.type("1,500")
    page.keyboard.press("Enter")
    expect(said(page, words)).to_contain_text("Write 1500 or 1.500")
    page.keyboard.press("Control+a")
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    expect(said(page, words)).to_contain_text("Right")
    words = "Which crate gives"
    tab_to(question(page, words).get_by_role("textbox"))
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
            up.focus()
            page.keyboard.press("Enter")
    down = group.get_by_role("button", name="Move down: predict")
    for _ in range(3):
        if down.is_enabled():
            down.focus()
            page.keyboard.press("Space")
    check(words)
    words = "Which type goes with which?"
    for left, right in (("Array1<f64>", "owned"), ("ArrayView1<f64>", "to read"), ("ArrayViewMut1<f64>", "to write")):
        select = question(page, words).get_by_role("combobox", name=left, exact=True)
        tab_to(select)
        options = select.get_by_role("option").all_text_contents()
        page.keyboard.type(next(text for text in options if text.endswith(right))[:2])
    check(words)
    words = "Write a function"
    group = question(page, words)
    for line in ("def total(rows):", "result = 0.0", "for row in rows:", "result += row.sum()", "return result"):
        group.get_by_role("button", name=f"Add to the program: {line}", exact=True).focus()
        page.keyboard.press("Enter")
    for line, times in (("result = 0.0", 1), ("for row in rows:", 1), ("result += row.sum()", 2), ("return result", 1)):
        group.get_by_role("button", name=f"Indent more: {line}", exact=True).focus()
        for _ in range(times):
            page.keyboard.press("Enter")
    check(words)
    words = "What does this print?"
    tab_to(question(page, words).get_by_role("radio").first)
    page.keyboard.press("Space")
    tab_to(question(page, words).get_by_role("textbox"))
    page.keyboard.type("6")
    check(words)
    words = "Does this compile?"
    tab_to(question(page, words).get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    tab_to(question(page, words).get_by_role("textbox"))
    page.keyboard.type("e0382")
    check(words)
    words = "How much is"
    title = question(page, words).locator("legend").inner_text()
    a, b = map(int, re.findall(r"\d+", title.split("much")[1])[:2])
    tab_to(question(page, words).get_by_role("textbox"))
    page.keyboard.type(str(a + b))
    page.keyboard.press("Enter")
    expect(said(page, words)).to_contain_text("Right")
    expect(page.get_by_text("11 of 11 answered · 19 of 19 points")).to_be_visible()
