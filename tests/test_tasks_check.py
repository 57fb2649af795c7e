"""`check(…)` in a notebook, in a script and on the command line; hints, solutions, and what they remember."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from nbclient import NotebookClient

from course import check, hint, solution
from course.build import build, solved
from course.chapters import Course
from course.checks.running import points_of
from course.cli import cli
from course.errors import TaskNotSolved, UnknownName, UsageMistake
from course.quiz import answers
from course.quiz import bank as banks
from course.tasks import checking
from course.working_copy import WorkingCopy

QUIZ = """---
title: Small
---
## your-turn

### Centre each column. {#centre task=centre points=3}

```python cases
def reference(x):
    return x - x.mean(axis=0)

visible = [
    case(array([[1.0, 2.0], [3.0, 5.0]]), group="shape"),
    case(array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]), group="values"),
]
def hidden(rng):
    yield case(rng.normal(size=(5, 3)), group="values")
groups = {"shape": 1, "values": 2}
seconds = 0.2
```

> **Hint:** mean over which axis?
> **Hint:** mean(axis=0)
> **Explanation:** Broadcasting.

### Double it, looping by numba. {#double task=double points=1}

```python cases
def reference(x):
    return 2 * x
visible = [(array([1.0, 2.0]),)]
rules = [must_use_numba, must_not_call("np.multiply")]
```

> **Explanation:** Twice.

### Add one. {#add-one task=add_one language=rust points=2}

```python cases
def reference(x):
    return x + 1
visible = [(1,)]
rejects = [("let x = String::new(); let y = take(x); x.len()", "E0382", "let x = String::new(); take(x)")]
```

> **Explanation:** One more.

### Which is larger? {#larger}

- [x] two {#two}
- [ ] one {#one}

> **Hint:** Count.
> **Explanation:** Two.
"""
SOURCE = """---
jupyter:
  course: {title: Small, part: START, minutes: 10}
---

# Small

```python
import numpy as np

from course import check, hint, quiz, solution
```

```python solution="centre"
def centre(x):
    # BEGIN SOLUTION
    return x - x.mean(axis=0)
    # END SOLUTION
```

```python
check("00_small/centre")
```
"""
RIGHT = "def centre(x):\n    return x - x.mean(axis=0)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one chapter, which is the current folder."""
    (tmp_path / "quizzes").mkdir()
    (tmp_path / "quizzes" / "00_small.md").write_text(QUIZ, "utf-8")
    (tmp_path / "notebooks" / "src").mkdir(parents=True)
    (tmp_path / "notebooks" / "src" / "00_small.md").write_text(SOURCE, "utf-8")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    monkeypatch.setenv("COURSE_LEARNER", "tester")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return tmp_path


def run(source: str, call: str = 'check("00_small/centre")') -> float:
    """Run a learner's code and a check as one script."""
    space: dict[str, Any] = {"__name__": "script", "check": check, "hint": hint, "solution": solution}
    exec(f"import numpy as np\n{source}\npoints = {call}", space)
    points = space["points"]
    assert points is None or type(points) is float
    return points


def log() -> list[tuple[str, Any]]:
    return [(a.event, a.response) for a in answers.read(Path("00_small.answers.jsonl")).attempts]


# -- check


def test_the_points_of_what_passes_are_returned_and_the_table_says_what_to_look_at(capsys):
    assert run(RIGHT) == 3.0
    out = capsys.readouterr().out
    assert "right: all 2 cases shown and 1 more pass (3 of 3 points)" in out
    assert 'solution("00_small/centre")' in out

    assert run("def centre(x): return x - x.mean(axis=0) if len(x) == 2 else x") == 1.0
    out = capsys.readouterr().out
    assert "(1 of 3 points)" in out
    assert "✗ centre([[1, 2], [3, 5], [0, 1]])" in out
    assert "expected  [[-0.33333, -0.66667]" in out
    assert 'hint("00_small/centre")' in out


def test_hidden_cases_are_run_once_the_shown_ones_pass_and_not_shown(capsys):
    assert run("def centre(x): return x - x.mean(axis=0) if len(x) < 5 else x") == 1.0
    out = capsys.readouterr().out
    assert "the cases shown pass, but not every hidden one" in out
    assert out.count("✓") == 2
    assert "✗" not in out


@pytest.mark.parametrize(
    ("source", "words"),
    [("", "there is no function `centre` yet"), ("def centre(x): raise NotImplementedError", "not begun yet")],
)
def test_a_task_that_is_not_begun_is_no_error_and_no_attempt(source, words, capsys):
    assert run(source) == 0.0
    assert words in capsys.readouterr().out
    assert not Path("00_small.answers.jsonl").exists()


def test_each_check_is_remembered(capsys):
    run("def centre(x): return x")
    run(RIGHT)

    assert log() == [
        ("check", {"points": 0.0, "of": 3.0, "verdict": "wrong"}),
        ("check", {"points": 3.0, "of": 3.0, "verdict": "right"}),
    ]


def test_the_arguments_are_fresh_for_each_check(capsys):
    assert run("def centre(x):\n    x -= x.mean(axis=0)\n    return x") == 0.0
    assert "`x` was changed" in capsys.readouterr().out
    assert run(RIGHT) == 3.0


def test_a_loop_without_end_is_stopped(monkeypatch, capsys):
    monkeypatch.setattr(checking, "GRACE", 0.3)
    started = time.monotonic()

    assert (
        run("def centre(x):\n    while True:\n        try:\n            x = x + 1\n        except Exception: pass") == 0
    )
    assert time.monotonic() - started < 60
    assert "takes more than 0.2 s" in capsys.readouterr().out


def test_the_learners_interrupt_is_not_taken_for_a_mistake():
    with pytest.raises(KeyboardInterrupt):
        run("def centre(x): raise KeyboardInterrupt")


def test_a_name_that_is_no_task_is_named_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean centre"):
        check("00_small/center")
    with pytest.raises(UsageMistake, match="is a question, no task"):
        check("00_small/larger")
    with pytest.raises(UsageMistake, match="does not name a task"):
        check("centre")


def test_under_nbgraders_validate_a_failing_check_is_an_error_and_under_autograde_it_is_not(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with pytest.raises(TaskNotSolved, match="differs in"):
        run("def centre(x): return x")
    assert run(RIGHT) == 3.0
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert run("def centre(x): return x") == 0.0
    assert not Path("00_small.answers.jsonl").exists()


def test_a_folder_that_cannot_be_written_to_costs_only_the_memory(monkeypatch, capsys):
    Path("00_small.answers.jsonl").mkdir()

    assert run(RIGHT) == 3.0


def test_a_graded_task_from_a_learner_bank_is_checked_on_what_is_shown(folder, monkeypatch, capsys):
    from course.quiz.strip import strip

    (folder / "bank").mkdir()
    full = (folder / "quizzes" / "00_small.md").read_text("utf-8").replace("points=3}", "points=3 mode=graded}")
    (folder / "full.md").write_text(full, "utf-8")
    (folder / "bank" / "00_small.json").write_text(
        strip(banks.read(folder / "full.md")).replace('"name": "full"', '"name": "00_small"'), "utf-8"
    )
    call = 'check("00_small/centre", bank="bank")'

    assert run("def centre(x): return x - x.mean(axis=0) if len(x) < 5 else x", call) == 3.0
    assert "The rest is seen when it is graded." in capsys.readouterr().out
    with pytest.raises(UsageMistake, match="is graded: its solution is not here"):
        solution("00_small/centre", bank="bank")


# -- hints and solutions


def test_hints_come_one_at_a_time_and_then_all(capsys):
    for words in ("Hint 1 of 2: mean over which axis?", "Hint 2 of 2: mean(axis=0)", "all the hints"):
        hint("00_small/centre")
        assert words in capsys.readouterr().out
    hint("00_small/double")
    assert "has no hints" in capsys.readouterr().out
    assert [event for event, _ in log()] == ["hint", "hint"]


def test_a_solution_is_shown_after_a_pass_or_when_asked_for_twice(capsys):
    solution("00_small/centre")
    assert "not passed 00_small/centre yet" in capsys.readouterr().out
    solution("00_small/centre")
    shown = capsys.readouterr().out
    assert "return x - x.mean(axis=0)" in shown
    assert "SOLUTION" not in shown
    Path("00_small.answers.jsonl").unlink()
    run(RIGHT)
    capsys.readouterr()
    solution("00_small/centre")
    assert "return x - x.mean(axis=0)" in capsys.readouterr().out


# -- in a notebook


def notebook(folder: Path, *cells: str, **env: str) -> nbformat.NotebookNode:
    import os

    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    client = NotebookClient(
        made, timeout=120, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=os.environ | env)


def text_of(cell: nbformat.NotebookNode) -> str:
    return "\n".join(o.data["text/plain"] for o in cell.outputs if o.output_type == "display_data")


def test_in_a_notebook_the_table_is_shown_and_the_points_are_the_cells_value(folder):
    ran = notebook(
        folder,
        "import numpy as np\nfrom numba import njit\nfrom course import check",
        "def centre(x):\n    raise NotImplementedError",
        'check("00_small/centre")',
        RIGHT,
        'check("00_small/centre")',
        "def double(x):\n    return 2 * x",
        'check("00_small/double")',
        "@njit\ndef double(x):\n    return 2 * x",
        'check("00_small/double")',
        "@njit\ndef double(x):\n    return np.multiply(2, x)",
        'check("00_small/double")',
    )
    checks = [cell for cell in ran.cells if cell.source.startswith("check(")]

    assert [points_of(cell) for cell in checks] == [0.0, 3.0, 0.0, 1.0, 0.0]
    assert "not begun yet" in text_of(checks[0])
    assert "plain Python: keep @njit" in text_of(checks[2])
    assert "it uses `np.multiply`" in text_of(checks[4])
    for cell in checks:
        html = next(o.data["text/html"] for o in cell.outputs if o.output_type == "display_data")
        assert re.search(r'<p class="verdict \w+" ', html)
        assert html.count("<th scope=") == 0 or "<caption" in html
    assert not [o for cell in ran.cells for o in cell.outputs if o.output_type == "error"]


@pytest.mark.needs("rust")
def test_a_rust_cell_is_checked_and_its_types_too(folder):
    head = "%%rust --quiet\npub fn add_one(x: i64) -> i64 { "
    ran = notebook(
        folder,
        "%load_ext course\nfrom course import check",
        head + 'todo!("write your code here") }',
        'check("00_small/add-one")',
        head + "x + 2 }",
        'check("00_small/add-one")',
        head + "x + 1 }\nfn take(x: &String) -> usize { x.len() }",
        'check("00_small/add-one")',
        head + "x + 1 }\nfn take(x: String) -> usize { x.len() }",
        'check("00_small/add-one")',
    )
    checks = [cell for cell in ran.cells if cell.source.startswith("check(")]

    assert [points_of(cell) for cell in checks] == [0.0, 0.0, 0.0, 2.0]
    assert "in place of `todo!(…)`" in text_of(checks[0])
    assert "off by one" in text_of(checks[1])
    assert "a program that the types should forbid" in text_of(checks[2])


@pytest.mark.needs("rust")
def test_a_cell_that_was_refused_is_not_checked_by_what_an_older_one_left(folder):
    head = "%%rust --quiet\npub fn add_one(x: i64) -> i64 { "
    ran = notebook(
        folder,
        "%load_ext course\nfrom course import check",
        head + "x + 1.5 }",
        'check("00_small/add-one")',
        head + "x + 1 }\nfn take(x: String) -> usize { x.len() }",
        'check("00_small/add-one")',
        head + "x + 1.5 }\nfn take(x: String) -> usize { x.len() }",
        'check("00_small/add-one")',
        head + "x + 1 }\nfn take(x: String) -> usize { x.len() }",
        'check("00_small/add-one")',
        head + "let y = [x, x]; y[0, 1] }",
        'check("00_small/add-one")',
        head + "(x + 1 }",
        'check("00_small/add-one")',
        'hint("00_small/add-one")',
    )
    checks = [cell for cell in ran.cells if cell.source.startswith("check(")]

    assert [points_of(cell) for cell in checks] == [0.0, 2.0, 0.0, 2.0, 0.0, 0.0]
    assert all("did not compile" in text_of(checks[n]) for n in (0, 2, 4, 5))
    assert not [o for o in ran.cells[-1].outputs if o.output_type == "error"]


def test_without_rust_a_rust_task_says_that_it_cannot_be_checked(folder):
    ran = notebook(
        folder,
        "%load_ext course\nfrom course import check",
        "%%rust\nfn add_one(x: i64) -> i64 { x + 1 }",
        'check("00_small/add-one")',
        COURSE_NO_RUST="1",
    )

    assert points_of(ran.cells[2]) == 0.0
    assert "not checked" in text_of(ran.cells[2])
    assert "course doctor" in text_of(ran.cells[2])


# -- building, and the command line


def test_a_check_cell_is_locked_and_worth_what_the_quiz_file_says(folder):
    course = Course(folder)
    (path,) = build(course, course.chapters())
    cells = {cell["id"]: cell for cell in json.loads(path.read_text("utf-8"))["cells"]}

    record = cells["check-centre"]["metadata"]["nbgrader"]
    assert (record["grade"], record["locked"], record["solution"], record["points"]) == (True, True, False, 3)
    assert cells["check-centre"]["metadata"]["editable"] is False
    assert cells["centre"]["metadata"]["nbgrader"]["solution"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('check("00_small/centre")', 'check("00_small/center")', "no task is called 'center'"),
        ('check("00_small/centre")', 'check("01_other/centre")', "is not a task of this chapter's quiz"),
        ('check("00_small/centre")', 'check("00_small/centre")\nprint()', "holds its check(…) line alone"),
        ('solution="centre"', 'solution="center"', "no solution cell is called 'centre'"),
        ('check("00_small/centre")', 'check("00_small/larger")', "no task is called 'larger'"),
    ],
)
def test_a_check_cell_that_checks_nothing_is_an_error_with_its_line(folder, old, new, words):
    from course.errors import CourseError

    source = folder / "notebooks" / "src" / "00_small.md"
    source.write_text(SOURCE.replace(old, new), "utf-8")
    course = Course(folder)
    with pytest.raises(CourseError) as caught:
        build(course, course.chapters())

    assert words in caught.value.message
    assert re.search(r"00_small\.md:\d+$", caught.value.place)


def test_on_the_command_line_the_saved_notebook_is_checked(folder):
    course = Course(folder)
    # One task is enough for a kernel of its own to be started.
    kept = QUIZ[: QUIZ.index("### Double")] + QUIZ[QUIZ.index("### Which is") :]
    (folder / "quizzes" / "00_small.md").write_text(kept, "utf-8")
    build(course, course.chapters())
    copy, _ = WorkingCopy.make(course, folder / "learning")
    chapter = course.chapter("00")
    command = CliRunner()

    done = command.invoke(cli, ["check", "00", "--json"])
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert [(one["item"], one["points"]) for one in told["tasks"]] == [("00_small/centre", 0.0)]
    assert "not begun yet" in told["tasks"][0]["text"]
    _fits_the_schema(told)
    first = command.invoke(cli, ["hint", "00"])
    assert "Hint 1 of 2: mean over which axis?" in first.output
    assert "not passed" in command.invoke(cli, ["solution", "00"]).output

    shutil.copy(copy.notebook(chapter), folder / "before.ipynb")
    nbformat.write(solved(course, chapter), copy.notebook(chapter))
    done = command.invoke(cli, ["check", "00"])
    assert done.exit_code == 0, done.output
    assert "00_small: 1 of 1 task right" in done.output
    assert "Hint 1 of 1: Count." in command.invoke(cli, ["hint", "00"]).output  # the task is solved, the question not
    assert "Hint 2 of 2" in command.invoke(cli, ["hint", "00/centre"]).output
    assert "return x - x.mean(axis=0)" in command.invoke(cli, ["solution", "00"]).output
    listed = json.loads(command.invoke(cli, ["list", "--json"]).output)
    assert listed["chapters"][0]["tasks_passed"] == 1


def _fits_the_schema(data: Any) -> None:
    from jsonschema import Draft202012Validator

    schemas = Path(__file__).resolve().parents[1] / "docs" / "schemas"
    Draft202012Validator(json.loads((schemas / "task-check.schema.json").read_text("utf-8"))).validate(data)
