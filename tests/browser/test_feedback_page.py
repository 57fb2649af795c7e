"""A page of feedback in a browser: no accessibility rule is broken, it fits, and nothing in it runs or loads."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from course.grading.classfolder import Graded, Key
from course.grading.feedback_page import Sheet, page
from course.grading.gradebook import Marked
from course.grading.pictures import Picture
from course.grading.results import Result
from course.quiz import load, shown_values
from course.quiz.answers import Attempt, new_id
from course.quiz.marking import marks
from course.quiz.model import Question
from course.quiz.parse import parse
from course.tasks.table import Report, Row
from tests.browser.accessibility import broken
from tests.browser.gallery import BANK, WRONG

pytestmark = pytest.mark.needs("chromium")

KINDS = load(BANK / "01_kinds.md")
MORE = parse(
    """---
title: Kinds
---

## more

### Write `add(x)`. {#add-code task=add points=3}

```python cases
def reference(x):
    return x
visible = [(1.0,)]
```

> **Explanation:** None.

### Why? {#why points=4}

> **Rubric:**
> - names safety {points=4}
>   - safety

> **Explanation:** None.
""",
    path="01_kinds.md",
)
# A drawing as hostile as one can be: what makes it harmless here is the page and the browser, not the cleaning before.
DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40" onload="document.title='taken'">
<script>document.title = 'taken'; parent.document.title = 'taken'</script><rect width="60" height="40" fill="#0a5fa0"/>
<image href="http://127.0.0.1:9/x.png"/></svg>"""
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WORDS = "</code></pre><script>document.title = 'taken'</script><img src='http://127.0.0.1:9/y.png'>"


def sheet(kind: str, *, keys: bool = False) -> Sheet:
    """Return a sheet with questions of every type, a task, an essay, figures and a person's words."""
    name = KINDS.name
    task, essay = MORE.item("add-code"), MORE.item("why")
    graded = [Graded(f"quiz-{one.id}", "quiz", 20.0, section=one) for one in KINDS.sections]
    graded += [Graded("check-add-code", "task", 3.0, item=task), Graded("why", "essay", 4.0, item=essay)]
    key = Key(name, KINDS, {"cells": []}, tuple(graded), b"", "")
    if kind == "failed":
        why = "the notebook is not JSON"
        results = {
            f"{name}/{g.grade_id}": Result(
                "ada", name, f"{name}/{g.grade_id}", "question", g.grade_id, None, 1.0, "not graded", why
            )
            for g in graded
        }
        return Sheet(key, "ada", "failed", (why,), results, {})
    attempts = [
        Attempt(new_id(), item.full_id, response, "2026-03-01T10:00:00.000Z", learner="ada", bank=name)
        for item in KINDS.items
        if isinstance(item, Question) and (response := _response(item, kind)) is not None
    ]
    found = {g.grade_id: marks(KINDS, g.section, attempts, learner="ada") for g in graded if g.section is not None}
    results = {
        mark.item.full_id: Result(
            "ada", name, mark.item.full_id, "question", cell, mark.points, mark.item.points, mark.verdict
        )
        for cell, one in found.items()
        for mark in one.marks
    }
    cases = ({"id": "visible-1", "group": "", "hidden": False, "passed": False, "message": "look at `x`"},)
    results[task.full_id] = Result(
        "ada", name, task.full_id, "task", "check-add-code", 1.0, 3.0, "partly", "the sign is wrong", cases=cases
    )
    results[essay.full_id] = Result(
        "ada", name, essay.full_id, "essay", "why", None, 4.0, "awaiting", response={"text": f"Safety. {WORDS}"}
    )
    rows = (Row("add([1., 2.])", "[2., 4.]", WORDS, False, "look at `x`"), Row("add([])", "[]", "[]", True, ""))
    return Sheet(
        key,
        "ada",
        "trouble",
        ("add-code: case 1: stopped after 5 s",),
        results,
        {"check-add-code": Marked(1.0, 2.0, 0.5, "Nearly there."), "": Marked(manual=-1.0)},
        found,
        {"check-add-code": Report("add", "the sign is wrong", "", rows)},
        {
            "check-add-code": (
                f"%%rust\n// {WORDS}\nfn add(x: f64) -> f64 {{ x }}",
                "def add(x):\n    return x  # " + "long " * 60,
            )
        },
        (
            Picture("image/png", PIXEL, "one pixel", "It is <b>blue</b>.", "Views"),
            Picture("image/svg+xml", DRAWING, "a box", "", ""),
        ),
        more_pictures=2,
        keys=keys,
    )


def _response(item: Question, kind: str) -> dict[str, Any] | None:
    from course.quiz import reveal

    if kind == "nothing":
        return None
    shown = shown_values(item, learner="ada", n=0, secret="")
    right: dict[str, Any] = reveal(item, None, shown=shown, answer=True)["answer"]
    return WRONG.get(item.id, right) if kind == "mixed" else right


def opened(chromium: Browser, sheet: Sheet, folder: Path, **how: Any) -> tuple[Page, list[str]]:
    """Open the page as a file; return it, and every address it asked for beside its own."""
    file = folder / "page.html"
    file.write_text(page(sheet), "utf-8")
    tab = chromium.new_page(**how)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    return tab, [url for url in asked if url != file.as_uri() and not url.startswith("data:")]


@pytest.mark.parametrize(
    ("kind", "keys", "scheme", "width"),
    [
        ("mixed", True, "light", 1000),
        ("mixed", False, "dark", 1000),
        ("mixed", True, "light", 360),
        ("nothing", False, "light", 1000),
        ("failed", False, "dark", 360),
    ],
)
def test_no_accessibility_rule_is_broken(
    chromium: Browser, tmp_path: Path, kind: str, keys: bool, scheme: Any, width: int
) -> None:
    tab, _ = opened(
        chromium,
        sheet(kind, keys=keys),
        tmp_path,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        bypass_csp=True,  # to run the checker
    )
    try:
        assert broken(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        tab.close()


def test_nothing_runs_and_nothing_is_loaded(chromium: Browser, tmp_path: Path) -> None:
    tab, asked = opened(chromium, sheet("mixed", keys=True), tmp_path)
    try:
        tab.wait_for_load_state("networkidle")
        assert "taken" not in tab.title()
        assert asked == []
        images = tab.evaluate("[...document.images].map((one) => [one.complete, one.naturalWidth])")
        assert images == [[True, 1], [True, 60]], "the figures are shown all the same"
    finally:
        tab.close()


def test_should_a_script_slip_in_the_page_forbids_it(chromium: Browser, tmp_path: Path) -> None:
    text = page(sheet("mixed")).replace("<main>", f"<main>{WORDS}<p style='color: red' id='odd'>x</p>")
    (tmp_path / "page.html").write_text(text, "utf-8")
    tab = chromium.new_page()
    failed: list[str] = []
    tab.on("console", lambda said: failed.append(said.text))
    try:
        tab.goto((tmp_path / "page.html").as_uri())
        assert "taken" not in tab.title()
        assert tab.evaluate("getComputedStyle(document.getElementById('odd')).color") != "rgb(255, 0, 0)"
        assert sum("Content Security Policy" in said for said in failed) >= 3
    finally:
        tab.close()


def test_on_paper_it_is_light_and_whole(chromium: Browser, tmp_path: Path) -> None:
    tab, _ = opened(chromium, sheet("mixed"), tmp_path, color_scheme="dark")
    try:
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        tab.emulate_media(media="print")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        tab.close()
