"""Attacks that only the clock ends, and a disk that is full, through `course grade` as an instructor types it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from course.grading.release import release
from course.grading.results import read_results
from course.grading.synthetic.hostile import PYTHON, RUST
from course.grading.synthetic.mangling import UNREADABLE
from course.grading.synthetic.pupils import hostile_python, hostile_rust
from tests.courses import chapter_of

pytestmark = [pytest.mark.needs("sandbox", "rust"), pytest.mark.timeout(900)]

NAME = "00_small"
RUST_CELL = """%%rust
pub fn thrice(x: f64) -> f64 {
    3.0 * x
}
"""
CHAPTER = f"""
# Small

```python
from course import check
```

```python solution="twice"
def twice(x):
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
```

```python
check("{NAME}/twice")
```

```rust solution="thrice"
pub fn thrice(x: f64) -> f64 {{
    // BEGIN SOLUTION
    3.0 * x
    // END SOLUTION
}}
```

```python
check("{NAME}/thrice")
```
"""
BANK = """---
title: Small
---

## Your turn {#your-turn}

### Write `twice(x)`. {#twice task=twice points=1}

```python cases
def reference(x):
    return 2 * x
visible = [(1.5,)]
seconds = 1
```

> **Hint:** Two.
> **Explanation:** Two.

### Write `thrice(x)`. {#thrice task=thrice language=rust points=1}

```python cases
def reference(x):
    return 3 * x
visible = [(1.5,)]
seconds = 1
```

> **Hint:** Three.
> **Explanation:** Three.
"""
SAID = {
    "fork-bomb": "stopped after 1 s",
    "loop-swallowing-signals": "stopped after 1 s",
    "sleeps": "stopped after 1 s",
    "patches-asserts": "",
    "patches-ipython": "",
    "rust-endless-const": "",
    "rust-spawns": "",
}
"""Kind → what the summary says of it. Without: it does no harm there, and its result is wrong like anybody's."""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command")
    course, chapter = chapter_of(CHAPTER, folder / "course")
    chapter.quiz.parent.mkdir()
    chapter.quiz.write_text(BANK, "utf-8")
    release(folder / "class", course, ())
    return folder / "class"


def hand_in(folder: Path, learner: str, **sources: str) -> Path:
    notebook = json.loads((folder / "release" / NAME / f"{NAME}.ipynb").read_bytes())
    solved = {"twice": "def twice(x):\n    return 2 * x\n", "thrice": RUST_CELL} | sources
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in solved:
            cell["source"] = f"{solved[name]}\n"
    path = folder / "submitted" / learner / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), "utf-8")
    return path


COMMAND = [sys.executable, "-c", "import sys; from course.cli import main; main(sys.argv[1:])", "grade"]


def points(folder: Path) -> dict[tuple[str, str], float | None]:
    return {(one.learner, one.item.partition("/")[2]): one.points for one in read_results(folder / "results.jsonl")}


def test_what_only_the_clock_ends_costs_only_itself_and_is_named(released: Path, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    shutil.copytree(released, folder)
    for learner in ("ada", "zoe"):
        hand_in(folder, learner)
    for kind in SAID:
        if kind in PYTHON:
            hand_in(folder, kind, twice=hostile_python(PYTHON[kind], "twice"))
        else:
            hand_in(folder, kind, thrice=hostile_rust(RUST[kind], RUST_CELL, "thrice"))
    huge = hand_in(folder, "huge")
    huge.write_bytes(UNREADABLE["huge"](huge.read_bytes()))

    done = subprocess.run([*COMMAND, str(folder), "--json"], capture_output=True, text=True, check=False)
    summary: dict[str, Any] = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (3, "")
    found = points(folder)
    assert {found[who, task] for who in ("ada", "zoe") for task in ("twice", "thrice")} == {1.0}
    for kind in SAID:
        attacked, other = ("twice", "thrice") if kind in PYTHON else ("thrice", "twice")
        assert found[kind, attacked] == 0.0, kind
        assert found[kind, other] == 1.0 or kind.startswith("patches-"), kind  # what it breaks for itself is its affair
    trouble = {one["learner"]: "; ".join(one["why"]) for one in summary["trouble"]}
    assert {kind: said for kind, said in SAID.items() if said not in trouble.get(kind, "")} == {}
    told = {one.learner: one.message for one in read_results(folder / "results.jsonl") if one.points == 0}
    assert all(told.values()), told
    assert "compile" in told["rust-endless-const"]
    assert [(one["learner"], "at most 50,000,000 are read" in one["why"][0]) for one in summary["failed"]] == [
        ("huge", True)
    ]
