"""What a screen reader is told: roles, names and states in the browser's own accessibility tree, and what is announced.

No screen reader speaks here; this is what every one of them is given to speak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.answering import button, question, said
from tests.browser.gallery import PATIENCE, STATES, page_html

pytestmark = pytest.mark.needs("chromium")

CONTROLS = {"radio", "checkbox", "textbox", "combobox", "button", "DisclosureTriangle"}
TYPES = {  # the control each question of the fixture is answered with, in their order
    "copies": "radio",
    "true-false": "radio",
    "borrow": "checkbox",
    "bytes": "textbox",
    "crate": "textbox",
    "steps": "button",
    "types": "combobox",
    "sum": "button",
    "prints": "radio",
    "python": "textbox",
    "moved": "radio",
    "add": "textbox",
}


@dataclass(frozen=True)
class Node:
    role: str
    name: str
    states: dict[str, Any]
    children: tuple[Node, ...]
    description: str = ""

    def __iter__(self) -> Iterator[Node]:
        """Go through the tree in the order it is read."""
        yield self
        for child in self.children:
            yield from child

    def find(self, role: str, name: str = "") -> list[Node]:
        return [node for node in self if node.role == role and name in node.name]

    def words(self) -> str:
        return " ".join(node.name for node in self if node.role == "StaticText")


def tree(page: Page) -> Node:
    """Return Chromium's accessibility tree of the first quiz on the page."""
    found = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    nodes = {node["nodeId"]: node for node in found}

    def build(id: str) -> list[Node]:
        raw = nodes[id]
        children = tuple(child for i in raw.get("childIds", ()) if i in nodes for child in build(i))
        if raw.get("ignored"):
            return list(children)
        states = {p["name"]: p["value"].get("value") for p in raw.get("properties", ())}
        name, about = (raw.get(key, {}).get("value", "") for key in ("name", "description"))
        return [Node(raw["role"]["value"], name, states, children, about)]

    root = next(node for node in found if node.get("name", {}).get("value", "").startswith("Quiz:"))
    return build(root["nodeId"])[0]


@pytest.fixture
def shown(chromium: Browser, tmp_path: Path) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 900, "height": 900})

    def show(state: str) -> Node:
        folder = tmp_path / state
        folder.mkdir()
        page.set_content(page_html(STATES[state](folder), "light", PATIENCE.get(state)))
        expect(page.get_by_role("group", name="Quiz:").first).to_be_visible()
        return tree(page)

    yield show
    page.close()


def questions(quiz: Node) -> list[Node]:
    return [node for node in quiz if node.role == "group" and re.match(r"\d+\.", node.name)]


@pytest.mark.parametrize("state", list(STATES))
def test_every_control_has_a_role_and_a_name_of_its_own(shown: Any, state: str) -> None:
    for asked in questions(shown(state)):
        controls = [(node.role, node.name) for node in asked if node.role in CONTROLS]
        assert all(name.strip() for _, name in controls), f"a control without a name in {asked.name}"
        assert len(set(controls)) == len(controls), f"two controls that sound alike in {asked.name}"


def test_a_question_is_a_group_named_by_its_number_words_and_points(shown: Any) -> None:
    found = questions(shown("open"))
    assert [node.name for node in found[:3]] == [
        "1. Which of these copies its data? 2 points",
        "2. Is a view as large as its array? 1 point",
        "3. Which of these borrow? 2 points",
    ]
    assert [node.find(role) != [] for node, role in zip(found, TYPES.values(), strict=True)] == [True] * len(TYPES)


def test_an_open_question_says_what_is_chosen_and_what_can_be_moved(shown: Any) -> None:
    found = dict(zip(TYPES, questions(shown("open")), strict=True))
    assert [node.states["checked"] for node in found["copies"].find("radio")] == ["false"] * 4
    assert found["bytes"].find("textbox", "Your number, in bytes")
    up, down = found["steps"].find("button", "Move up: "), found["steps"].find("button", "Move down: ")
    assert [bool(node.states.get("disabled")) for node in up] == [True, False, False, False]
    assert [bool(node.states.get("disabled")) for node in down] == [False, False, False, True]
    assert found["steps"].find("list", "Put in order, first at the top")
    assert [node.name for node in found["types"].find("combobox")] == [
        "Array1<f64>",
        "ArrayView1<f64>",
        "ArrayViewMut1<f64>",
    ]
    assert found["sum"].find("list", "Lines to choose from")
    assert found["sum"].find("list", "Your program")


def test_a_marked_question_says_so_in_words_at_every_control(shown: Any) -> None:
    found = dict(zip(TYPES, questions(shown("revealed")), strict=True))
    names = [node.name for node in found["copies"].find("radio")]
    assert "a.slice(s![..2]) ✗ not right" in names
    assert "a.to_owned() ← the answer" in names
    assert all(node.states.get("disabled") for node in found["copies"].find("radio"))
    assert [node.description for node in found["types"].find("combobox")] == ["✗ not right"] * 3
    assert [bool(node.states.get("readonly")) for node in found["bytes"].find("textbox")] == [True]
    assert not found["steps"].find("button")  # nothing to press where nothing can be moved
    partly = questions(shown("partly"))[6].find("combobox")
    assert sorted(node.description for node in partly) == ["✓ right", "✗ not right", "✗ not right"]


def test_the_lines_of_a_program_say_how_far_they_are_indented(shown: Any) -> None:
    program = questions(shown("right"))[7].find("list", "Your program")[0]
    lines = [re.sub(r"\s+", " ", line.words()) for line in program.find("listitem")]
    assert [line.rpartition(" , ")[2] if "indented" in line else "" for line in lines] == [
        "",
        "indented 1",
        "indented 1",
        "indented 2",
        "indented 1",
    ]


def test_the_clock_of_an_exam_is_a_timer_that_does_not_talk_by_itself(shown: Any) -> None:
    clock = shown("exam-running").find("timer", "Time left")
    assert len(clock) == 1
    assert clock[0].states.get("live", "off") == "off"


HEAR = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const change of changes) {
      const place = change.target.parentElement?.closest("[role=status]") ?? change.target.closest?.("[role=status]");
      const words = place?.textContent.trim();
      if (words && window.heard.at(-1) !== words) window.heard.push(words);
    }
  }).observe(document.querySelector(".course-quiz"), { childList: true, characterData: true, subtree: true });
}"""


def test_hints_verdicts_feedback_and_moves_are_announced_in_that_order(lab: Any) -> None:
    page = lab.open(lab.quiz("01_kinds/every"))
    words = "Which of these copies"
    expect(question(page, words)).to_be_visible()
    page.evaluate(HEAR)

    def heard(at_least: int) -> list[str]:
        page.wait_for_function("count => window.heard.length >= count", arg=at_least)
        return page.evaluate("() => window.heard.splice(0).filter((words) => !words.startsWith('Waiting'))")

    button(page, words, "Hint 1").click()
    assert heard(1) == ["Hint 1: Which of them could outlive a?"]
    question(page, words).get_by_role("radio", name="a.view()").check()
    button(page, words, "Check").click()
    expect(said(page, words)).to_contain_text("Not right yet")
    verdict, feedback = heard(2)
    assert verdict.startswith("✗ Not right yet: 0 of 2 points")
    assert feedback == "A view borrows the whole array."
    steps = question(page, "Put the steps")
    step = steps.get_by_role("listitem").first.locator(".cq-text").inner_text()
    steps.get_by_role("button", name=f"Move down: {step}").click()
    assert heard(1) == [f"{step}: now number 2 of 4"]
    button(page, "How many bytes", "Check").click()
    assert heard(1) == ["Nothing to check yet: answer first."]
