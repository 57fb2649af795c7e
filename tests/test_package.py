import base64
import json
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from course.quiz.questions import TYPES

ROOT = Path(__file__).resolve().parents[1]

CANARY = "canary-9c1f7e"
EVERY_TYPE = ROOT / "tests" / "fixtures" / "quizzes" / "every-type.md"  # graded, with a canary in each key
GRADED = f"""---
title: Secrets
mode: graded
---

## end

### Which bird warns miners? {{#bird points=1}}

- [x] A canary. {{#option-a}}
  > {CANARY} feedback
- [ ] A crow. {{#option-b}}
  > {CANARY} feedback

> **Hint:** It is small.
> **Explanation:** {CANARY} explanation

### How many miners? {{#miners points=1}}

= 918273645 +- 1

> **Hint:** Count.
> **Explanation:** {CANARY} explanation

### Count them. {{#count task=count points=1}}

```python cases
def reference(x):
    return x + 1  # {CANARY}
visible = [(1,)]
def hidden(rng):
    yield (array([918273.625]),)
wrong = [("{CANARY}", "def count(x): return x", "{CANARY}")]
```

> **Hint:** One, two.
"""
SOLUTION = f"""
```python solution="count"
def count(x):
    return x + 1  # {CANARY}
```
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this package with one more quiz, whose items are graded."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    ignore = shutil.ignore_patterns(".venv", ".git", "target", "node_modules", "__pycache__", "learning", ".*_cache")
    shutil.copytree(ROOT, clone, ignore=ignore)
    (clone / "quizzes").mkdir(exist_ok=True)
    (clone / "quizzes" / "99_secrets.md").write_text(GRADED, "utf-8")
    shutil.copy(EVERY_TYPE, clone / "quizzes" / "98_every_type.md")
    (clone / "notebooks" / "src" / "99_secrets.md").write_text(SOLUTION, "utf-8")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=clone, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_the_wheel_has_every_built_notebook_and_no_source(wheel):
    built = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}

    assert {Path(name).name for name in wheel if name.startswith("course/content/notebooks/0")} >= built
    assert not [name for name in wheel if "/src/" in name and "content" in name]
    assert not [name for name in wheel if name.startswith("course/content/quizzes/") and name.endswith(".md")]


def test_the_key_of_a_graded_item_is_nowhere_in_the_wheel(wheel):
    bank = json.loads(wheel["course/content/quizzes/99_secrets.json"])

    assert bank["title"] == "Secrets"
    assert b"It is small." in wheel["course/content/quizzes/99_secrets.json"]
    assert [name for name, content in wheel.items() if CANARY.encode() in content or b"918273645" in content] == []
    (task,) = (item for section in bank["sections"] for item in section["questions"] if item["type"] == "task")
    frames = [base64.b64decode(case[name]) for case in task["shown"]["cases"] for name in ("arguments", "expected")]
    assert len(frames) == 2
    assert not [frame for frame in frames if CANARY.encode() in frame or struct.pack("d", 918273.625) in frame]


def test_the_keys_of_every_type_are_nowhere_in_the_wheel(wheel):
    bank = json.loads(wheel["course/content/quizzes/98_every_type.json"])
    asked = {item["type"] for section in bank["sections"] for item in section["questions"]}

    assert asked == set(TYPES)
    found = [name for name, content in wheel.items() if b"CANARY" in content.replace(b"CANARY-NOT-A-KEY", b"")]
    assert found == []
    assert [name for name, content in wheel.items() if b"424.242" in content or b"31337.5" in content] == []


def test_the_wheel_has_the_solutions_of_practice_tasks_and_no_others(wheel):
    found = json.loads(wheel["course/content/solutions/03_ndarray.json"])

    assert set(found) == {"softmax-rows", "standardise"}
    assert found["standardise"][1] == "rust"
    assert "fn standardise" in found["standardise"][0]
    assert "SOLUTION" not in found["standardise"][0]
    assert "course/content/solutions/99_secrets.json" not in wheel


def test_the_wheel_has_the_extension_the_style_the_data_and_the_crates(wheel):
    names = set(wheel)

    assert {"course/course.mplstyle", "course/datasets/penguins.csv", "course/rust/crates/Cargo.lock"} <= names
    assert any(name.endswith("share/jupyter/labextensions/course-quiz/package.json") for name in names)
    assert any("content/notebooks/recorded/" in name for name in names)


def test_no_machines_path_is_in_the_wheel(wheel):
    assert [name for name, content in wheel.items() if str(ROOT).encode() + b"/" in content] == []
