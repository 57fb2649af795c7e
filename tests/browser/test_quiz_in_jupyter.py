"""The quiz in real front ends: an answer given is an answer kept, whatever is closed, restarted, copied or re-run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.needs("chromium")

BOTH = pytest.mark.parametrize("app", ["lab", "notebook"])


def question(page: Page, words: str) -> Locator:
    return page.get_by_role("group", name=words)


def card(page: Page, words: str) -> Locator:
    return page.locator("form.cq-item").filter(has=question(page, words))


def choose(page: Page, words: str, option: str) -> None:
    question(page, words).get_by_role("radio", name=option).check()
    card(page, words).get_by_role("button", name="Check").click()


def test_smoke(lab: Any) -> None:
    path = lab.quiz()
    page = lab.open(path)
    choose(page, "Which one owns?", "Array1")
    page.screenshot(path="/tmp/shots/smoke.png")
    expect(card(page, "Which one owns?").get_by_role("status").first).to_contain_text("Right")
    lab.save(page)
    print(json.dumps(json.loads(path.read_text())["cells"][1]["metadata"], indent=1))
    print((path.parent / "01_kinds.answers.jsonl").read_text())
    assert lab.attempts(path)
