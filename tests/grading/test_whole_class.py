"""A chapter to a class and back, with a learner of every kind: honest, mangled, unreadable, hostile.

Everybody is graded once, by the command as an instructor types it; the tests look at what came of it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from course.chapters import Course
from course.grading.classfolder import ClassFolder
from course.grading.engine import Options
from course.grading.feedback import feedback
from course.grading.gradebook import Gradebook
from course.grading.regrade import regrade_class
from course.grading.release import release
from course.grading.results import Result, read_results
from course.grading.store import Store
from course.grading.synthetic import KINDS, make_class, write_class

# A machine with other things to do gives each case up to four times its limit, and many here use all of it.
pytestmark = [pytest.mark.needs("sandbox", "rust", "crates"), pytest.mark.timeout(1500)]

CHAPTER = "03_ndarray"
# Whose end is the clock's, as that of others here; tests/test_sandbox*.py try them with less time.
LIKE_OTHERS = ("fork-bomb", "loop-swallowing-signals", "sleeps", "rust-spawns", "rust-endless-const")
CHOSEN = tuple(kind for group in KINDS.values() for kind in group if kind not in LIKE_OTHERS)
CHEAP = 6  # learners of the class that is stopped half-way: honest and mangled ones


def grade(folder: Path, *more: str) -> subprocess.Popen[str]:
    code = "import sys; from course.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "grade", str(folder), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@dataclass
class Spring:
    """The class after its first grading."""

    folder: Path
    expected: list[dict[str, Any]]
    code: int
    summary: dict[str, Any]
    errors: str

    @property
    def open(self) -> ClassFolder:
        return ClassFolder.open(self.folder)

    def results(self) -> dict[tuple[str, str], Result]:
        return {(one.learner, one.item): one for one in read_results(self.folder / "results.jsonl")}

    def kinds(self, *groups: str) -> dict[str, str]:
        """Return learner → kind, of these groups."""
        wanted = {kind for group in groups for kind in KINDS[group]}
        return {one["learner"]: one["kind"] for one in self.expected if one["kind"] in wanted}


@pytest.fixture(scope="module")
def spring(tmp_path_factory: pytest.TempPathFactory) -> Spring:
    folder = tmp_path_factory.mktemp("whole") / "spring"
    course = Course.find()
    (chapter,) = course.chosen(["03"])
    release(folder, course, [chapter.name])
    pupils = make_class(
        course,
        chapter,
        len(CHOSEN),
        kinds=CHOSEN,
        released=folder / "release" / CHAPTER / f"{CHAPTER}.ipynb",
        quiz=folder / ".course" / "banks" / f"{CHAPTER}.json",
    )
    expected = write_class(folder, pupils)
    shutil.copytree(folder, folder.with_name("before"))
    process = grade(folder, "--json")
    out, errors = process.communicate(timeout=1400)
    assert out, errors
    return Spring(folder, json.loads(expected.read_bytes()), process.returncode, json.loads(out), errors)


def test_everybody_gets_exactly_what_is_theirs(spring: Spring) -> None:
    results = spring.results()
    wrong = [
        (one["learner"], one["kind"], item, points, found and (found.points, found.message))
        for one in spring.expected
        for item, points in one["points"].items()
        if (found := results.get((one["learner"], item))) is None or found.points != points
    ]

    assert wrong == []
    assert sum(len(one["points"]) for one in spring.expected) > 850
    assert sum(bool(one["points"]) for one in spring.expected) == len(CHOSEN) - len(spring.kinds("unreadable"))
    for learner in spring.kinds("unreadable"):
        assert {result.points for (who, _), result in results.items() if who == learner} == {None}


def test_the_gradebook_has_what_the_results_have(spring: Spring) -> None:
    sums: dict[tuple[str, str], float] = {}
    for result in spring.results().values():
        if result.points is not None:
            place = result.learner, result.grade_id
            sums[place] = sums.get(place, 0.0) + result.points
    with Gradebook(spring.open.gradebook_url) as gradebook:
        found = {(learner, cell): auto for learner, cell, auto, _ in gradebook.scores(CHAPTER)}

    assert {place: round(points, 6) for place, points in sums.items()} == {
        place: round(points, 6) for place, points in found.items() if points is not None
    }
    assert {learner for learner, _ in found} == set(spring.kinds("honest", "mangled", "hostile"))


def test_the_summary_names_whom_to_look_at_and_nothing_else_is_printed(spring: Spring) -> None:
    failed = {one["learner"]: one["why"] for one in spring.summary["failed"]}
    trouble = {one["learner"]: one["why"] for one in spring.summary["trouble"]}

    assert spring.code == 3
    assert spring.errors == "", "warnings of a library belong to nobody"
    assert set(failed) == set(spring.kinds("unreadable"))
    assert all(why and why[0] for why in (*failed.values(), *trouble.values()))
    assert not set(trouble) & set(spring.kinds("honest"))
    assert spring.summary["graded"] == len(spring.expected) - len(failed)
    named = {
        kind: "; ".join(trouble[name]) for name, kind in spring.kinds("mangled", "hostile").items() if name in trouble
    }
    said = {
        "endless-loop": "stopped after 15 s",  # softmax_rows, whose cases numba compiles
        "forges-frames": "it wrote what no worker writes",
        "exits": "its process ended",
        "segfault": "SIGSEGV",
        "rust-endless-loop": "stopped after 5 s",
        "rust-exits": "its process ended",
        "duplicated": "is there 2 times",
        "without-solution": "is not there",
        "no-metadata": "graded cells are not there",
    }
    assert {kind: words for kind, words in said.items() if words not in named.get(kind, "")} == {}


def test_each_attack_has_a_line_that_says_what_came_of_it(spring: Spring) -> None:
    silent = []
    for (learner, item), result in spring.results().items():
        kind = spring.kinds("hostile").get(learner, "")
        attacked = result.kind == "task" and result.points == 0
        if attacked and kind and not result.message:
            silent.append((kind, item))

    assert silent == []


def test_a_second_run_changes_nothing(spring: Spring) -> None:
    before = (spring.folder / "results.jsonl").read_bytes()

    process = grade(spring.folder, "--json")
    summary = json.loads(process.communicate(timeout=300)[0])

    assert (process.returncode, summary["graded"], summary["runs"]) == (3, 0, 0)
    assert (summary["trouble"], len(summary["failed"])) == (spring.summary["trouble"], len(spring.summary["failed"]))
    assert (spring.folder / "results.jsonl").read_bytes() == before


def test_killed_while_code_runs_it_goes_on_and_ends_with_the_same_bytes(spring: Spring, tmp_path: Path) -> None:
    shutil.copytree(spring.folder.with_name("before"), tmp_path / "again")
    cheap = sorted(spring.kinds("honest", "mangled"))[:CHEAP]
    for learner in (tmp_path / "again" / "submitted").iterdir():
        if learner.name not in cheap:
            shutil.rmtree(learner)
    process = grade(tmp_path / "again")
    _wait_for(lambda: _graded(tmp_path / "again") or process.poll() is not None)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    done = _graded(tmp_path / "again")

    process = grade(tmp_path / "again", "--json")
    summary = json.loads(process.communicate(timeout=600)[0])

    assert summary["graded"] + summary["unchanged"] == CHEAP
    assert summary["unchanged"] >= done
    whole = (spring.folder / "results.jsonl").read_bytes().splitlines()
    own = [line for line in whole if json.loads(line)["learner"] in cheap]
    assert (tmp_path / "again" / "results.jsonl").read_bytes().splitlines() == own


def _wait_for(there: Callable[[], object]) -> None:
    until = time.monotonic() + 120
    while not there() and time.monotonic() < until:
        time.sleep(0.05)


def _graded(folder: Path) -> int:
    path = folder / ".course" / "grading.sqlite"
    if not path.is_file():
        return 0
    try:
        with Store(path, read_only=True) as store:
            return store.count([CHAPTER])
    except Exception:  # noqa: BLE001 - it is being made
        return 0


def test_regrading_by_the_same_key_changes_nobody(spring: Spring) -> None:
    found = regrade_class(spring.open, [CHAPTER], options=Options(workers=1))

    assert (found.changes, found.problems, found.rerun, found.runs) == ([], [], {}, 0)
    assert found.submissions == len(spring.expected) - len(spring.summary["failed"])


def test_everybody_has_a_page_of_feedback(spring: Spring, tmp_path: Path) -> None:
    made = feedback(spring.open, [CHAPTER], out=tmp_path)

    assert (made.written, made.problems, made.not_graded) == (len(spring.expected), [], [])
    for path in tmp_path.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "<script" not in text
        assert f"Feedback for <bdi>{path.parent.name}</bdi>" in text
