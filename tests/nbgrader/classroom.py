"""A small class for tests: a course, a private bank, a release, and learners who hand in all sorts of things."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbgrader.apps import NbGraderAPI
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course.chapters import Course
from course.grading.classfolder import ClassFolder
from course.quiz import shown_values
from course.quiz.answers import METADATA, MIME, Attempt, new_id
from tests.courses import chapter_of

NAME = "00_small"
QUIZ = f"{NAME}/views"
CHAPTER = f"""
# Small

```python
from course import check, quiz
```

```python
quiz("{QUIZ}")
```

```python solution="twice"
import numpy as np


def twice(x):
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
```

```python
check("{NAME}/twice")
```

<!-- #region essay="why-rust" points=4 -->
Why Rust? Write two sentences.
<!-- #endregion -->
"""
PUBLIC = """---
title: Small
---

## views

### Which is public? {#public}

- [x] This. {#this}
- [ ] That. {#that}

> **Explanation:** CANARY-PUBLIC-EXPLANATION

## Your turn {#your-turn}

### Write `twice(x)`. {#twice task=twice points=3}

```python cases
def reference(x):
    return 2 * x

visible = [case(array([1.0, 2.0]), group="plain")]

def hidden(rng):
    yield case(array([4321.0625]), group="hidden")

groups = {"plain": 1, "hidden": 2}
```

> **Hint:** Two of them.
> **Explanation:** CANARY-TASK

### Why Rust? {#why-rust points=4}

> **Rubric:**
> - names memory safety {points=2}
>   - memory safety | CANARY-EVIDENCE
> - names speed {points=2}
>   - fast | speed

> **Explanation:** CANARY-ESSAY
"""
PRIVATE = """---
title: Small
---

## views

### Which one owns its memory? {#owns points=2 attempts=2}

- [x] `Array1` {#array}
  > CANARY-FEEDBACK
- [ ] `ArrayView1` {#view}

> **Hint:** Look at the name.
> **Explanation:** CANARY-EXPLANATION-OWNS

### Which of these borrow? {#borrow points=4}

- [x] `a.view()` {#viewed}
- [x] `a.slice(s![..])` {#sliced}
- [ ] `a.clone()` {#cloned}

> **Explanation:** CANARY-EXPLANATION-BORROW

### How much is {{a}} + {{b}}? {#sum points=1}

= {{canary_total}}

```python variant
def variant(rng):
    return {"a": rng.randint(10, 99), "b": rng.randint(10, 99)}
```

```python key
def key(shown):
    return {"canary_total": shown["a"] + shown["b"]}
```

> **Explanation:** CANARY-EXPLANATION-SUM
"""


def make_course(folder: Path) -> tuple[Course, Path]:
    """Write the course and the private bank; return both."""
    course, chapter = chapter_of(CHAPTER, folder / "course")
    chapter.quiz.parent.mkdir()
    chapter.quiz.write_text(PUBLIC, "utf-8")
    bank = folder / "bank"
    bank.mkdir()
    (bank / f"{NAME}.md").write_text(PRIVATE, "utf-8")
    return course, bank


def attempt(item: str, response: Any, learner: str, minute: int = 0, **fields: Any) -> dict[str, Any]:
    at = f"2026-03-01T10:{minute:02}:00.000Z"
    made = Attempt(new_id(), f"{NAME}/{item}", response, at, mode="graded", bank=NAME, learner=learner, **fields)
    return made.as_dict()


class Classroom:
    """A released class: its folder, and what learners do with what they were given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, step: str, learner: str = "", suffix: str = "ipynb") -> Path:
        return self.folder / step / learner / NAME / f"{NAME}.{suffix}"

    def released(self) -> dict[str, Any]:
        notebook: dict[str, Any] = json.loads(self.path("release").read_text("utf-8"))
        return notebook

    def total(self, learner: str) -> str:
        """What the sum is for this learner, as their widget shows it: from the learner bank alone."""
        bank = json.loads((self.folder / "release" / NAME / "quizzes" / f"{NAME}.json").read_text("utf-8"))
        item = ClassFolder.open(self.folder).key(NAME).quiz.item("sum")
        shown = shown_values(item, learner=learner, secret=bank["seed"])
        assert shown is not None
        return str(shown["a"] + shown["b"])

    def right(self, learner: str) -> list[dict[str, Any]]:
        return [
            attempt("owns", {"options": ["view"]}, learner),
            attempt("owns", {"options": ["array"]}, learner, minute=5),
            attempt("borrow", {"options": ["viewed", "sliced"]}, learner),
            attempt("sum", {"text": self.total(learner)}, learner),
        ]

    def partly(self, learner: str) -> list[dict[str, Any]]:
        return [
            attempt("owns", {"options": ["array"]}, learner),
            attempt("borrow", {"options": ["viewed"]}, learner),
            attempt("sum", {"text": "0"}, learner),
        ]

    def hand_in(self, learner: str, notebook: dict[str, Any], log: list[dict[str, Any]] | None = None) -> None:
        path = self.path("submitted", learner)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), "utf-8")
        if log:
            lines = "".join(json.dumps(record) + "\n" for record in log)
            self.path("submitted", learner, "answers.jsonl").write_text(lines, "utf-8")

    def autograde(self) -> subprocess.CompletedProcess[str]:
        """Do what an instructor types."""
        command = [sys.executable, "-m", "nbgrader", "autograde", NAME]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=280, check=False)

    def config(self, **options: Any) -> Config:
        """Return what nbgrader_config.py sets, and some more: `ShowAnswers={"enabled": True}`."""
        config = PyFileConfigLoader("nbgrader_config.py", path=str(self.folder)).load_config()
        config.merge(Config(options))
        return config

    def api(self, **options: Any) -> Any:
        """Return nbgrader's own interface to its commands: as quick as they are once the imports are done."""
        return NbGraderAPI(config=self.config(**options))


def succeed(result: dict[str, Any]) -> None:
    assert result["success"], f"{result.get('error')}\n{result.get('log')}"


def at(notebook: dict[str, Any], grade_id: str) -> int:
    """Return where the cell with a grade id is."""
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in notebook["cells"]]
    return ids.index(grade_id)


def coded(notebook: dict[str, Any], body: str, before: str = "") -> dict[str, Any]:
    """Return the notebook with a solution of the task in it."""
    cell = notebook["cells"][at(notebook, "twice")]
    cell["source"] = f"import numpy as np\n\n\n{before}def twice(x):\n    {body}\n"
    return notebook


def answered(room: Classroom, attempts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the released notebook with attempts in its quiz cell."""
    notebook = room.released()
    notebook["cells"][at(notebook, "quiz-views")]["metadata"][METADATA] = {
        "schema": 1,
        "quiz": QUIZ,
        "attempts": attempts,
    }
    return notebook


PATCHES = """\
import course.quiz, course.tasks.judge
import nbgrader.utils
quiz = lambda *a, **k: 7.0
check = lambda *a, **k: 3.0
course.quiz.quiz = quiz
course.tasks.judge.judge = check
nbgrader.utils.determine_grade = lambda *a, **k: (7.0, 7.0)
"""
RIGHT = """\
class Right:
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.array([2.0, 4.0])


"""


def _tampered(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = answered(room, room.partly(learner))
    cell = notebook["cells"][at(notebook, "quiz-views")]
    cell["source"] = "7.0"
    cell["metadata"]["nbgrader"] |= {"points": 700, "locked": False, "solution": True, "checksum": "0" * 32}
    cell["metadata"][METADATA] |= {"points": 7, "score": "full"}
    full = {"output_type": "execute_result", "data": {"text/plain": "7.0"}, "metadata": {}, "execution_count": 1}
    cell["outputs"] = [full]
    check = notebook["cells"][at(notebook, "check-twice")]
    check |= {"source": "3.0", "outputs": [full]}
    return notebook


def _redefined(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = answered(room, room.partly(learner))
    cell = copy.deepcopy(notebook["cells"][1])
    cell |= {"id": "mine", "metadata": {}, "source": PATCHES}
    notebook["cells"].insert(at(notebook, "quiz-views"), cell)
    return coded(notebook, "return Right()", RIGHT)


def _duplicated(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = answered(room, room.right(learner))
    for name in ("quiz-views", "twice", "check-twice", "why-rust"):
        where = at(notebook, name)
        notebook["cells"].insert(where, copy.deepcopy(notebook["cells"][where]) | {"id": f"copy-{where}"})
    # Of the two copies of the answer the second is worked in.
    where = at(notebook, "twice")
    notebook["cells"][where + 1]["source"] = "def twice(x):\n    return x * 2\n"
    return notebook


def _deleted(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = room.released()
    notebook["cells"] = notebook["cells"][:1]
    return notebook


def _retyped(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = answered(room, room.right(learner))
    cell = notebook["cells"][at(notebook, "quiz-views")]
    for name in ("outputs", "execution_count"):
        cell.pop(name)
    cell["cell_type"] = "raw"
    essay = notebook["cells"][at(notebook, "why-rust")]
    essay |= {"cell_type": "code", "outputs": [], "execution_count": None, "source": "# It is fast."}
    check = notebook["cells"][at(notebook, "check-twice")]
    for name in ("outputs", "execution_count"):
        check.pop(name)
    check["cell_type"] = "markdown"
    return coded(notebook, "return 2 * x")


def _unknown(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = answered(room, room.right(learner))
    notebook["cells"][1]["metadata"]["nbgrader"] = {"grade_id": "quiz-bonus", "grade": True, "points": 100}
    notebook["cells"][0]["metadata"]["nbgrader"] = "what is this"
    return notebook


def _in_outputs(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = room.released()
    data = {MIME: {"schema": 1, "quiz": QUIZ, "attempts": room.right(learner)}, "text/plain": "recorded"}
    cell = {"cell_type": "code", "id": "answers", "metadata": {}, "source": 'answer("owns", "a")', "execution_count": 1}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    notebook["cells"].append(cell | {"outputs": [output]})
    return notebook


def _old_format(room: Classroom, learner: str) -> dict[str, Any]:
    notebook = answered(room, room.right(learner))
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        cell.pop("id")
    coded(notebook, "return 2 * x")
    del notebook["cells"][at(notebook, "why-rust")]
    return notebook


# who: how they make their notebook, and the points of the quiz and of the task that belong to them
KINDS: dict[str, tuple[Callable[[Classroom, str], dict[str, Any]], float, float]] = {
    "right": (lambda room, who: coded(answered(room, room.right(who)), "return x + x"), 7, 3),
    "partly": (lambda room, who: coded(answered(room, room.partly(who)), "return x if x[0] > 2 else 2 * x"), 4, 1),
    "wrong": (
        lambda room, who: coded(answered(room, [attempt("owns", {"options": ["view"]}, who)]), "return x"),
        0,
        0,
    ),
    "nothing": (lambda room, who: room.released(), 0, 0),
    "tampered": (_tampered, 4, 0),
    "redefined": (_redefined, 4, 0),
    "duplicated": (_duplicated, 7, 3),
    "deleted": (_deleted, 7, 0),
    "retyped": (_retyped, 7, 3),
    "unknown": (_unknown, 7, 0),
    "in-outputs": (_in_outputs, 7, 0),
    "old-format": (_old_format, 7, 3),
}


def hand_in_all(room: Classroom) -> None:
    for who, (make, _, _) in KINDS.items():
        room.hand_in(who, make(room, who), room.right(who) if who == "deleted" else None)
