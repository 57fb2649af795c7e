"""A built quiz cell through nbgrader as it comes: released, answered, autograded, in the gradebook and the feedback."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from course.build import build
from course.quiz import load, shown_values
from course.quiz.answers import METADATA, Attempt, from_notebook, new_id
from tests.courses import chapter_of

NAME = "00_small"
QUIZ = f"{NAME}/views"
CHAPTER = f"""
# Small

```python
from course import quiz
```

```python
quiz("{QUIZ}")
```
"""
QUESTIONS = """---
title: Small
mode: graded
---

## views

### Which one owns its memory? {#owns points=2}

- [x] `Array1` {#array}
- [ ] `ArrayView1` {#view}

> **Explanation:** A view borrows.

### Which of these borrow? {#borrow points=4}

- [x] `a.view()` {#viewed}
- [x] `a.slice(s![..])` {#sliced}
- [ ] `a.clone()` {#cloned}

> **Explanation:** A clone owns.

### How much is {{a}} + {{b}}? {#sum points=1}

= {{total}}

```python variant
def variant(rng):
    return {"a": rng.randint(10, 99), "b": rng.randint(10, 99)}
```

```python key
def key(shown):
    return {"total": shown["a"] + shown["b"]}
```

> **Explanation:** Add them.
"""


def attempt(item: str, response: Any, learner: str, minute: int = 0, **fields: Any) -> dict[str, Any]:
    at = f"2026-03-01T10:{minute:02}:00.000Z"
    made = Attempt(new_id(), f"{NAME}/{item}", response, at, mode="graded", bank=NAME, learner=learner, **fields)
    return made.as_dict()


def total(learner: str) -> str:
    """What the sum is for this learner, whose numbers are nobody else's."""
    item = load_questions().item("sum")
    shown = shown_values(item, learner=learner, n=0, secret="")
    return str(shown["a"] + shown["b"])


def right(learner: str) -> list[dict[str, Any]]:
    return [
        attempt("owns", {"options": ["view"]}, learner),
        attempt("owns", {"options": ["array"]}, learner, minute=5),  # the last answer counts
        attempt("borrow", {"options": ["viewed", "sliced"]}, learner),
        attempt("sum", {"text": total(learner)}, learner),
    ]


def partly(learner: str) -> list[dict[str, Any]]:
    return [
        attempt("owns", {"options": ["array"]}, learner),
        attempt("borrow", {"options": ["viewed"]}, learner),
        attempt("sum", {"text": "0"}, learner),
    ]


def wrong(learner: str) -> list[dict[str, Any]]:
    return [
        attempt("owns", {"options": ["view"]}, learner),
        attempt("borrow", {"options": ["cloned"]}, learner),
        attempt("sum", {"text": "0"}, learner),
    ]


def junk(learner: str) -> list[Any]:
    """What no front end writes: points, strange ids, other shapes. None of it is an answer, and none stops the run."""
    good = attempt("owns", {"options": ["array"]}, learner)
    return [
        None,
        "right",
        {"points": 7, "score": 7},
        good | {"attempt": "1"},
        good | {"schema": 99},
        good | {"item": "../../etc/passwd"},
        attempt("owns", {"options": ["array", "view"], "points": 7}, learner),
        attempt("borrow", {"options": ["no-such-option"]}, learner),
        attempt("sum", {"text": "9" * 5000}, learner),
    ]


# who: what the notebook carries, and the score that belongs to it
LEARNERS: dict[str, tuple[Any, float]] = {
    "right": (right, 7),
    "partly": (partly, 4),
    "wrong": (wrong, 0),
    "none": (None, 0),
    "tampered": (partly, 4),
    "junk": (junk, 0),
}

_questions: dict[str, Path] = {}


def load_questions() -> Any:
    return load(_questions["path"])


@dataclass
class Graded:
    """The course after grading: its folder, the released notebook, the submissions, the scores and nbgrader's API."""

    folder: Path
    api: Any
    carried: dict[str, list[Any]]
    scores: dict[str, tuple[float, float, bool]]

    def notebook(self, step: str, learner: str = "") -> Path:
        return self.folder / step / learner / NAME / f"{NAME}.ipynb"


def cell_of(notebook: Path) -> dict[str, Any]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return next(cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == "quiz-views")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("nbgrader")
    course, chapter = chapter_of(CHAPTER, folder / "course")
    chapter.quiz.parent.mkdir()
    chapter.quiz.write_text(QUESTIONS, "utf-8")
    _questions["path"] = chapter.quiz
    build(course, [chapter])
    made = Graded(folder, None, {}, {})
    source = made.notebook("source")
    source.parent.mkdir(parents=True)
    source.write_bytes(chapter.notebook.read_bytes())
    settings = Config()
    settings.CourseDirectory.root = str(folder)
    made.api = NbGraderAPI(config=settings)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("COURSE_BANK", str(chapter.quiz.parent))
        environment.delenv("COURSE_LEARNER", raising=False)
        succeed(made.api.generate_assignment(NAME))
        for learner, (responses, _) in LEARNERS.items():
            made.carried[learner] = responses(learner) if responses else []
            submit(made, learner)
            succeed(made.api.autograde(NAME, learner))
        succeed(made.api.generate_feedback(NAME, "partly"))
    with made.api.gradebook as gradebook:
        for learner in LEARNERS:
            grade = gradebook.find_grade("quiz-views", NAME, NAME, learner)
            made.scores[learner] = (grade.score, grade.max_score, grade.needs_manual_grade)
    return made


def succeed(result: dict[str, Any]) -> None:
    assert result["success"], f"{result['error']}\n{result['log']}"


def submit(graded: Graded, learner: str) -> None:
    notebook = json.loads(graded.notebook("release").read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") != "quiz-views":
            continue
        if learner != "none":
            cell["metadata"][METADATA] = {"schema": 1, "quiz": QUIZ, "attempts": graded.carried[learner]}
        if learner == "tampered":
            cell["source"] = "7.0"
            cell["metadata"]["nbgrader"]["points"] = 700
        if learner == "junk":
            cell["metadata"][METADATA] |= {"points": 7, "score": "full", "drafts": ["?"]}
    path = graded.notebook("submitted", learner)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), "utf-8")


def test_a_release_is_locked_and_worth_what_the_quiz_file_says(graded: Graded) -> None:
    record = cell_of(graded.notebook("release"))["metadata"]["nbgrader"]
    assert (record["grade"], record["locked"], record["solution"], record["points"]) == (True, True, False, 7)


@pytest.mark.parametrize("learner", list(LEARNERS))
def test_the_gradebook_has_the_points_of_the_last_answers(graded: Graded, learner: str) -> None:
    assert graded.scores[learner] == (LEARNERS[learner][1], 7, False)


@pytest.mark.parametrize("learner", list(LEARNERS))
def test_what_was_answered_survives_autograding(graded: Graded, learner: str) -> None:
    cell = cell_of(graded.notebook("autograded", learner))
    assert cell["metadata"].get(METADATA, {}).get("attempts", []) == graded.carried[learner]
    assert "".join(cell["source"]) == f'quiz("{QUIZ}")'
    assert cell["metadata"]["nbgrader"]["points"] == 7
    before, after = (from_notebook(graded.notebook(step, learner)) for step in ("submitted", "autograded"))
    assert after.attempts == before.attempts


def test_the_feedback_shows_the_questions_the_answers_and_the_score(graded: Graded) -> None:
    page = html.unescape((graded.folder / "feedback" / "partly" / NAME / f"{NAME}.html").read_text("utf-8"))
    for words in ("Which one owns its memory?", "Which of these borrow?", "a.slice(s![..])", "3 of 3 answered"):
        assert words in page
    assert "Score: 4.0 / 7.0" in page
