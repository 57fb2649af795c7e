"""`course grade`: scores, the gradebook, doing it again, being stopped, and submissions that cost only themselves."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import pytest
from jsonschema import Draft202012Validator
from nbgrader.api import Gradebook

from course.cli import main
from course.errors import CourseError, GradebookTrouble, GradingElsewhere, NotAClass
from course.grading import autograded, batch, engine, recorder
from course.grading.batch import Summary, grade_class
from course.grading.classfolder import ClassFolder
from course.grading.engine import Options, grade_notebook
from course.grading.lock import locked
from course.grading.reading import MOST_CELLS
from course.grading.release import release
from course.grading.results import read_results
from course.grading.store import Store, StoredRun
from course.quiz.answers import METADATA
from course.tasks.model import Limits, Ran
from tests.nbgrader.classroom import NAME, Classroom, make_course

ROOT = Path(__file__).parents[1]
SCHEMAS = {name: json.loads((ROOT / f"docs/schemas/{name}.schema.json").read_text()) for name in ("results", "grade")}

QUESTIONS = {"owns": 2.0, "borrow": 4.0, "sum": 1.0}


class Class(Classroom):
    """A released class whose learners hand things in, and its grading."""

    @property
    def open(self) -> ClassFolder:
        return ClassFolder.open(self.folder)

    def grade(self, **more: Any) -> Summary:
        return grade_class(self.open, [NAME], options=Options(workers=1), **more)

    def points(self) -> dict[tuple[str, str], float | None]:
        return {
            (result.learner, result.item.removeprefix(f"{NAME}/")): result.points
            for result in read_results(self.folder / "results.jsonl")
        }

    def write(
        self, learner: str, source: str = "", answers: Callable[[str], list[dict[str, Any]]] | None = None
    ) -> None:
        """Hand in the notebook with `source` in the task's cell."""
        notebook = self.released()
        for cell in notebook["cells"]:
            if source and cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == "twice":
                cell["source"] = source
        shutil.rmtree(self.folder / "submitted" / learner, ignore_errors=True)
        self.hand_in(learner, notebook, answers(learner) if answers else None)

    def gradebook(self) -> Gradebook:
        return Gradebook(self.open.gradebook_url)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grading")
    course, bank = make_course(folder)
    release(folder / "class", course, (), banks=[bank])
    return folder


@pytest.fixture
def room(released: Path, tmp_path: Path) -> Class:
    shutil.copytree(released / "class", tmp_path / "class")
    return Class(tmp_path / "class")


SOLVED = "import numpy as np\n\n\ndef twice(x):\n    return 2 * x\n"


# ---- scores ----


def test_questions_are_graded_without_running_anything(room: Class):
    room.write("ada", answers=room.right)
    room.write("bob", answers=room.partly)
    room.write("eve")

    summary = room.grade()

    assert (summary.graded, summary.runs, summary.exit_code) == (3, 0, 0)
    points = room.points()
    assert [points["ada", name] for name in QUESTIONS] == [2.0, 4.0, 1.0]
    assert [points["bob", name] for name in QUESTIONS] == [2.0, 2.0, 0.0]
    assert [points["eve", name] for name in QUESTIONS] == [0.0, 0.0, 0.0]
    assert points["eve", "twice"] == 0.0


@pytest.mark.needs("sandbox")
def test_tasks_are_run_in_the_sandbox_and_judged_outside(room: Class):
    room.write("ada", SOLVED)
    room.write("bob", "def twice(x):\n    return x + x if x[0] < 100 else x\n")
    room.write("cyd", "def twice(x):\n    return 3 * x\n")
    room.write("dan", "def twice(x):\n    return 2 * x +\n")
    room.write("eve", "class twice:\n    def __init__(self, x): pass\n    def __eq__(self, other): return True\n")
    room.write("fay", "@twice_checked\ndef twice(x):\n    return 2 * x\n")

    summary = room.grade()

    points = room.points()
    assert [points[name, "twice"] for name in ("ada", "bob", "cyd", "dan", "eve", "fay")] == [3.0, 1.0, 0, 0, 0, 0]
    assert "own namespaces" in summary.isolation or "Landlock" in summary.isolation
    told = {result.learner: result for result in read_results(room.folder / "results.jsonl") if result.kind == "task"}
    assert "SyntaxError" in told["dan"].message
    assert all(result.isolation == summary.isolation for result in told.values())
    assert not [case for case in told["bob"].cases if case["hidden"] and "4321" in str(case)]


@pytest.mark.needs("sandbox")
def test_equal_code_runs_once(room: Class):
    for name in ("ada", "bob", "cyd", "dan"):
        room.write(name, SOLVED)

    assert room.grade().runs == 1
    assert {room.points()[name, "twice"] for name in ("ada", "bob", "cyd", "dan")} == {3.0}


@pytest.mark.needs("sandbox")
def test_a_function_that_needs_more_of_the_notebook_gets_it(room: Class):
    notebook = room.released()
    where = next(i for i, c in enumerate(notebook["cells"]) if "twice(x)" in "".join(c["source"]))
    made = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"][where]["source"] = "def twice(x):\n    return factor * x\n"
    notebook["cells"].insert(where, made | {"id": "how", "source": "globals().update({'fac' + 'tor': 2})"})
    notebook["cells"].insert(
        where, made | {"id": "other", "source": "from math import *\nname = 'factor'\nfactor_ = 1"}
    )
    room.hand_in("ada", notebook)

    room.grade()

    assert room.points()["ada", "twice"] == 3.0


@pytest.mark.needs("sandbox")
def test_a_notebook_graded_alone_gets_what_its_class_gets(room: Class):
    room.write("ada", SOLVED, answers=room.partly)
    alone = grade_notebook(room.path("submitted", "ada"), room.open, chapter=NAME, learner="ada")

    room.grade()

    again = grade_notebook(room.path("submitted", "ada"), room.open, chapter=NAME, learner="ada")
    assert alone.score.points == again.score.points
    assert alone.score.points == {"quiz-views": 4.0, "check-twice": 3.0, "why-rust": 0.0}
    assert alone.shown["check-twice"][1]["data"]["text/plain"] == "3.0"


@pytest.mark.needs("sandbox")
def test_who_was_too_slow_is_run_again_with_more_time_and_the_others_are_not(room: Class):
    room.write("ada", SOLVED)
    room.write("bob", "import time\n\n\ndef twice(x):\n    time.sleep(7)\n    return 2 * x\n")

    first = room.grade()
    same = room.grade()
    more = grade_class(room.open, [NAME], options=Options(workers=1, seconds=60.0, memory=1024))

    assert [(one.learner, "stopped after 5 s" in "".join(one.why)) for one in first.trouble] == [("bob", True)]
    assert (first.exit_code, same.exit_code, same.runs, same.unchanged) == (3, 3, 0, 2)
    assert (more.exit_code, more.runs, more.unchanged) == (0, 1, 1)
    assert (room.points()["ada", "twice"], room.points()["bob", "twice"]) == (3.0, 3.0)


@pytest.mark.needs("sandbox")
def test_code_that_ends_its_process_before_the_first_case_is_told_so(room: Class):
    room.write("ada", "import os\n\nos._exit(3)\n\n\ndef twice(x):\n    return 2 * x\n")

    assert [one.learner for one in room.grade().trouble] == ["ada"]

    lines = (room.folder / "results.jsonl").read_text("utf-8").splitlines()
    told = [one["message"] for one in map(json.loads, lines) if one["item"].endswith("/twice")]
    assert told == ["its process ended: exit code 3"]


@pytest.mark.needs("sandbox")
def test_who_asked_for_too_much_memory_gets_it_where_the_command_says_so(
    room: Class, capsys: pytest.CaptureFixture[str]
) -> None:
    """Address space is what is bounded: the array of 3 GiB is asked for and never written to."""
    room.write("ada", "import numpy as np\n\n\ndef twice(x):\n    np.empty(3 << 30, np.uint8)\n    return 2 * x\n")
    room.write("bob", SOLVED)

    def grade(*options: str) -> tuple[int | str | None, dict[str, Any]]:
        with pytest.raises(SystemExit) as ended:
            main(["grade", str(room.folder), "--json", *options])
        return ended.value.code, json.loads(capsys.readouterr().out)

    code, small = grade()
    assert (room.points()["ada", "twice"], room.points()["bob", "twice"]) == (0.0, 3.0)
    assert (code, [(one["learner"], "memory" in "".join(one["why"])) for one in small["trouble"]]) == (
        3,
        [("ada", True)],
    )
    code, large = grade("--memory=4096")
    assert (code or 0, large["runs"], large["unchanged"], large["trouble"]) == (0, 1, 1, [])
    assert room.points()["ada", "twice"] == 3.0


def test_a_run_that_met_no_limit_is_good_for_every_other():
    calm = StoredRun((Ran("returned", 1.0, ()),), limits=(5.0, 512))
    ended = StoredRun((Ran("returned", 1.0, ()), Ran("timeout", error="stopped")), limits=(5.0, 512))

    assert calm.good_for(Limits(60.0, 4096))
    assert ended.good_for(Limits(5.0, 512))
    assert ended.good_for(Limits(1.0, 64))
    assert not ended.good_for(Limits(6.0, 512))
    assert not ended.good_for(Limits(5.0, 1024))


def test_an_essay_waits_for_a_person_and_its_words_are_a_comment(room: Class):
    notebook = room.released()
    cell = next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "why-rust")
    cell["source"] = "It gives memory safety, and it is as fast as C."
    room.hand_in("ada", notebook)
    room.write("bob")

    room.grade()

    with room.gradebook() as book:
        grade = book.find_grade("why-rust", NAME, NAME, "ada")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (None, None, True)
        comment = book.find_comment("why-rust", NAME, NAME, "ada").comment
        assert "Provisional" in comment
        assert "4 of 4" in comment
        grade = book.find_grade("why-rust", NAME, NAME, "bob")
        assert (grade.auto_score, grade.needs_manual_grade) == (0.0, False)


# ---- the gradebook ----


def test_the_gradebook_says_what_the_results_say(room: Class):
    room.write("ada", answers=room.right)
    room.write("bob", answers=room.partly)

    room.grade()

    with room.gradebook() as book:
        for learner, quiz in (("ada", 7.0), ("bob", 4.0)):
            found = book.find_submission(NAME, learner)
            assert found.score == quiz
            assert found.max_score == 14.0
            grade = book.find_grade("quiz-views", NAME, NAME, learner)
            assert (grade.auto_score, grade.score, grade.needs_manual_grade) == (quiz, quiz, False)
            assert book.find_comment("twice", NAME, NAME, learner).comment
        assert [student["id"] for student in book.student_dicts()] == ["ada", "bob"]
        assert len(book.notebook_submission_dicts(NAME, NAME)) == 2


def test_what_a_person_gave_stays(room: Class):
    room.write("ada", answers=room.partly)
    room.grade()
    with room.gradebook() as book:
        grade = book.find_grade("quiz-views", NAME, NAME, "ada")
        grade.manual_score, grade.extra_credit = 6.5, 0.5
        book.find_comment("twice", NAME, NAME, "ada").manual_comment = "see me"
        book.db.commit()

    room.grade(again=True)
    with room.gradebook() as book:
        grade = book.find_grade("quiz-views", NAME, NAME, "ada")
        assert (grade.score, grade.auto_score, grade.needs_manual_grade) == (7.0, 4.0, False)
        assert book.find_comment("twice", NAME, NAME, "ada").comment == "see me"

    room.write("ada", answers=room.right)
    room.grade()
    with room.gradebook() as book:
        grade = book.find_grade("quiz-views", NAME, NAME, "ada")
        assert (grade.manual_score, grade.auto_score, grade.needs_manual_grade) == (6.5, 7.0, True)


def test_the_time_of_handing_in_reaches_the_gradebook(room: Class):
    room.write("ada")
    (room.folder / "submitted" / "ada" / NAME / "timestamp.txt").write_text("2026-03-02 11:30:00 Europe/Berlin")

    room.grade()

    with room.gradebook() as book:
        assert book.find_submission(NAME, "ada").timestamp.isoformat() == "2026-03-02T10:30:00"


def test_graded_notebooks_show_scores_and_nothing_that_runs(room: Class):
    notebook = room.released()
    script = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/html": "<script>steal()</script>", "text/plain": "a figure"},
    }
    notebook["cells"].append(
        {"cell_type": "code", "metadata": {}, "source": "plot()", "execution_count": 3, "outputs": [script], "id": "x"}
    )
    quiz = next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "quiz-views")
    quiz["source"] = "7.0"
    notebook["cells"] = [
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") != "check-twice"
    ]
    room.hand_in("ada", notebook, room.partly("ada"))

    room.grade()

    text = room.path("autograded", "ada").read_text("utf-8")
    graded = json.loads(text)
    import nbformat

    nbformat.validate(nbformat.from_dict(graded))
    assert "steal" not in text
    assert "a figure" in text
    cells = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in graded["cells"]}
    assert "quiz(" in cells["quiz-views"]["source"]
    assert cells["quiz-views"]["outputs"][-1]["data"]["text/plain"] == "4.0"
    assert "check-twice" in cells


# ---- formats ----


def test_results_and_summary_fit_their_schemas(room: Class, capsys: pytest.CaptureFixture[str]):
    room.write("ada", answers=room.right)
    (room.folder / "submitted" / "bob" / NAME).mkdir(parents=True)
    room.path("submitted", "bob").write_text("{")

    with pytest.raises(SystemExit) as exit:
        main(["grade", str(room.folder), "--json"])

    assert exit.value.code == 3
    Draft202012Validator(SCHEMAS["grade"]).validate(json.loads(capsys.readouterr().out))
    lines = (room.folder / "results.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 10
    for line in lines:
        Draft202012Validator(SCHEMAS["results"]).validate(json.loads(line))
    keys = [(row["chapter"], row["learner"], row["item"]) for row in map(json.loads, lines)]
    assert keys == sorted(keys)


# ---- again ----


def test_grading_twice_does_nothing_the_second_time(room: Class):
    room.write("ada", answers=room.right)
    room.write("bob", answers=room.partly)
    first = room.grade()
    before = (room.folder / "results.jsonl").read_bytes()
    stamp = room.path("autograded", "ada").stat().st_mtime_ns

    second = room.grade()

    assert (first.graded, second.graded, second.unchanged) == (2, 0, 2)
    assert (room.folder / "results.jsonl").read_bytes() == before
    assert room.path("autograded", "ada").stat().st_mtime_ns == stamp


def test_a_changed_submission_is_graded_alone(room: Class):
    room.write("ada", answers=room.right)
    room.write("bob", answers=room.partly)
    room.grade()
    room.write("bob", answers=room.right)

    summary = room.grade()

    assert (summary.graded, summary.unchanged) == (1, 1)
    assert room.points()["bob", "borrow"] == 4.0


def test_equal_classes_give_equal_bytes(released: Path, tmp_path: Path):
    contents = []
    for order in (("ada", "bob", "cyd"), ("cyd", "ada", "bob")):
        shutil.copytree(released / "class", tmp_path / order[0])
        room = Class(tmp_path / order[0])
        for name in order:
            room.write(name, answers=room.partly)
        log = tmp_path / f"{order[0]}.jsonl"
        room.grade()
        log.write_bytes((room.folder / "results.jsonl").read_bytes())
        contents.append(log.read_bytes())

    assert contents[0] == contents[1]


# ---- submissions that cost only themselves ----


def _broken(room: Class, how: str) -> None:
    place = room.path("submitted", "mal")
    room.write("mal", answers=room.right)
    content = place.read_bytes()
    match how:
        case "not JSON":
            place.write_bytes(content[: len(content) // 2])
        case "not UTF-8":
            place.write_bytes(content[:-3].replace(b"Rust", b"R\xfcst") + b"}\n\n")
        case "200 MB":
            with place.open("ab") as file:
                file.truncate(200_000_000)
        case "a list":
            place.write_text("[1, 2, 3]")
        case "nested":
            place.write_text('{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}")
        case "format 2":
            place.write_text(json.dumps(json.loads(content) | {"nbformat": 2}))
        case "no notebook":
            place.unlink()
        case "a link":
            place.unlink()
            place.symlink_to(room.path("submitted", "ada"))
        case "a folder that is a link":
            shutil.rmtree(place.parent)
            place.parent.symlink_to(Path("..") / "ada" / NAME)
        case "a link to nowhere":
            shutil.rmtree(place.parent)
            place.parent.symlink_to("nowhere")
        case "a learner that is a link":
            shutil.rmtree(place.parent.parent)
            place.parent.parent.symlink_to("ada")
        case "answers that are a link":
            answers = room.path("submitted", "mal", "answers.jsonl")
            answers.unlink()
            answers.symlink_to(room.path("submitted", "ada", "answers.jsonl"))
        case "a pipe":
            place.unlink()
            os.mkfifo(place)
        case "a folder":
            place.unlink()
            place.mkdir()
        case "300 000 cells":
            place.write_text('{"nbformat": 4, "metadata": {}, "cells": [' + ",".join(["{}"] * 300_000) + "]}")


@pytest.mark.parametrize(
    "how",
    [
        "not JSON",
        "not UTF-8",
        "200 MB",
        "a list",
        "nested",
        "format 2",
        "no notebook",
        "a link",
        "a folder that is a link",
        "a link to nowhere",
        "a learner that is a link",
        "answers that are a link",
        "a pipe",
        "a folder",
        "300 000 cells",
    ],
)
def test_a_broken_submission_is_named_and_costs_only_itself(room: Class, how: str):
    room.write("ada", answers=room.right)
    room.write("zoe", answers=room.partly)
    _broken(room, how)

    summary = room.grade()

    assert [one.learner for one in summary.failed] == ["mal"]
    assert summary.exit_code == 3
    points = room.points()
    assert (points["ada", "borrow"], points["zoe", "borrow"], points["mal", "borrow"]) == (4.0, 2.0, None)
    again = room.grade()
    assert (again.exit_code, [one.why for one in again.failed]) == (3, [one.why for one in summary.failed])


def _with_answers(room: Class, learner: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a notebook that carries right answers in its quiz cell, and the record that holds them."""
    notebook = room.released()
    cells = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in notebook["cells"]}
    record = {"quiz": f"{NAME}/views", "attempts": room.right(learner)}
    cells["quiz-views"]["metadata"][METADATA] = record
    return notebook, record


def test_no_depth_of_an_answer_costs_another_learner(room: Class):
    depths = [*range(900, 970, 10), *range(970, 1001)]  # where the limits of JSON and of Python lie
    for depth in depths:
        for where in ("deep", "quiz", "response"):
            notebook, record = _with_answers(room, f"{where}-{depth}")
            part = record["attempts"][0]["response"] if where == "response" else record
            part[where] = ["NESTED"]
            path = room.path("submitted", f"{where}-{depth}")
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(notebook).replace('["NESTED"]', "[" * depth + "]" * depth))
    room.write("ada", answers=room.right)
    room.write("zoe", answers=room.partly)

    summary = room.grade()

    odd = {f"{where}-{depth}" for where in ("deep", "quiz", "response") for depth in depths}
    assert {one.learner for one in (*summary.trouble, *summary.failed)} == odd
    assert {"nested more than 50 deep" in one.why[0] for one in summary.trouble} == {True}
    assert {"nested too deeply" in one.why[0] for one in summary.failed} == {True}, "what JSON's own reader refuses"
    points = room.points()
    assert (points["ada", "borrow"], points["zoe", "borrow"]) == (4.0, 2.0)
    assert {points[one.learner, "borrow"] for one in summary.trouble} == {4.0}, "the other answers count"


def test_a_number_that_is_none_costs_its_answer_alone(room: Class):
    room.write("ada", answers=room.right)
    notebook, record = _with_answers(room, "mal")
    record["attempts"][-1]["response"] = {"text": float("nan")}
    room.hand_in("mal", notebook)

    summary = room.grade()

    assert [(one.learner, "NaN" in one.why[0]) for one in summary.trouble] == [("mal", True)]
    points = room.points()
    assert [[points[who, name] for name in QUESTIONS] for who in ("ada", "mal")] == [[2.0, 4.0, 1.0], [2.0, 4.0, 0.0]]


@pytest.mark.parametrize("where", ["read_work", "plan", "score", "autograded"])
def test_a_mistake_of_ours_costs_only_the_submission_that_met_it(
    room: Class, monkeypatch: pytest.MonkeyPatch, where: str
):
    """Nobody can know which mistake is left in the grader, so one is put in."""
    for name in ("ada", "mal", "zoe"):
        room.write(name, answers=room.right)
    module = {"read_work": batch, "plan": engine, "score": engine, "autograded": recorder}[where]
    right, calls = getattr(module, where), []

    def wrong(*some: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:  # mal's: learners come in order
            raise KeyError("a mistake")
        return right(*some, **more)

    monkeypatch.setattr(module, where, wrong)

    summary = room.grade()

    (told,) = summary.failed
    assert (told.learner, summary.exit_code) == ("mal", 3)
    assert "the grader failed on it: KeyError: 'a mistake' (test_grading_class.py:" in told.why[0]
    assert [room.points()[name, "borrow"] for name in ("ada", "mal", "zoe")] == [4.0, None, 4.0]


def test_a_mangled_notebook_is_graded_and_named(room: Class):
    room.write("ada", answers=room.right)
    notebook = json.loads(room.path("submitted", "ada").read_text())
    cells = notebook["cells"]
    copies = [dict(cell, id=f"copy{n}") for n, cell in enumerate(cells) if cell["metadata"].get("nbgrader")]
    many = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": f"a{n} = {n}",
            "outputs": [],
            "execution_count": None,
            "id": f"m{n}",
        }
        for n in range(10_000)
    ]
    odd: list[Any] = [None, 3, {"cell_type": "code"}, {"cell_type": "heading", "source": "x"}]
    notebook["cells"] = [*reversed(cells), *copies, *many, *odd]
    room.path("submitted", "ada").write_text(json.dumps(notebook))

    summary = room.grade()

    assert [one.learner for one in summary.trouble] == ["ada"]
    assert any("twice is there 2 times" in why for why in summary.trouble[0].why)
    assert [room.points()["ada", name] for name in QUESTIONS] == [2.0, 4.0, 1.0]


@pytest.mark.timeout(120)
def test_the_most_copies_of_a_cell_that_can_be_handed_in_are_told_apart(room: Class):
    """Where the time grows with the square, this takes a quarter of an hour."""
    notebook = room.released()
    place = next(
        i for i, c in enumerate(notebook["cells"]) if c["metadata"].get("nbgrader", {}).get("grade_id") == "twice"
    )
    handed_out = notebook["cells"][place]
    copies = [dict(handed_out) for _ in range(MOST_CELLS - len(notebook["cells"]))]
    copies[-1] = handed_out | {"source": SOLVED}
    notebook["cells"][place + 1 : place + 1] = copies

    graded = json.loads(autograded.autograded(room.open.key(NAME), notebook, {}))

    (there,) = [c for c in graded["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "twice"]
    assert there["source"] == SOLVED
    assert len({c["id"] for c in graded["cells"]}) == MOST_CELLS


def test_a_submission_that_broke_keeps_what_it_earned_before(room: Class):
    room.write("ada", answers=room.right)
    room.grade()
    room.path("submitted", "ada").write_text("{")

    summary = room.grade()

    assert "stands in the gradebook" in summary.failed[0].why[-1]
    with room.gradebook() as book:
        assert book.find_grade("quiz-views", NAME, NAME, "ada").score == 7.0
    room.write("ada", answers=room.partly)
    assert room.grade().failed == []
    assert room.points()["ada", "borrow"] == 2.0


# ---- being stopped ----


def _grade_in_child(folder: Path) -> None:
    grade_class(ClassFolder.open(folder), [NAME], options=Options(workers=1))


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same(room: Class, tmp_path: Path):
    for number in range(120):
        room.write(f"learner-{number:03}", answers=room.right if number % 2 else room.partly)
    shutil.copytree(room.folder, tmp_path / "whole")
    whole = Class(tmp_path / "whole")
    begun = time.monotonic()
    whole.grade()
    took = time.monotonic() - begun  # a kill after a fixed time would come too late on a fast machine
    rng = random.Random(7)
    context = multiprocessing.get_context("fork")
    killed = 0
    for _ in range(8):
        child = context.Process(target=_grade_in_child, args=(room.folder,))
        child.start()
        child.join(rng.uniform(0.02, 0.8) * took)
        if child.is_alive():
            os.kill(child.pid or 0, signal.SIGKILL)
            killed += 1
        child.join()

    summary = room.grade()

    assert killed
    assert summary.graded + summary.unchanged == 120
    assert room.points() == whole.points()
    assert (room.folder / "results.jsonl").read_bytes() == (whole.folder / "results.jsonl").read_bytes()
    with room.gradebook() as book:
        assert len(book.assignment_submissions(NAME)) == 120
        assert sum(one.score for one in book.assignment_submissions(NAME)) == 60 * 7.0 + 60 * 4.0
    left = [path for path in room.folder.rglob("*") if path.suffix == ".part"]
    assert len(left) <= killed


def test_two_graders_at_once_are_one_too_many(room: Class):
    room.write("ada", answers=room.right)
    with locked(room.open.private), pytest.raises(GradingElsewhere, match=f"process {os.getpid()} on"):
        _other(room)

    assert room.grade().graded == 1


def test_a_lock_that_is_let_go_in_a_moment_is_waited_for(room: Class):
    room.write("ada", answers=room.right)
    dying = filelock.FileLock(room.open.private / "grading.lock", thread_local=False)
    dying.acquire()
    threading.Timer(0.3, dying.release).start()

    assert room.grade().graded == 1


def _other(room: Class) -> None:
    """Grade from another process: locks are of processes."""
    code = "import sys; from course.cli import main; main(['grade', sys.argv[1]])"
    done = subprocess.run([sys.executable, "-c", code, str(room.folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        message = done.stderr.replace("\n", " ")
        raise GradingElsewhere(room.folder, message.partition("graded already, by ")[2])


def test_a_locked_gradebook_is_waited_for(room: Class):
    room.write("ada", answers=room.right)
    holder = sqlite3.connect(room.folder / "gradebook.db", isolation_level=None, check_same_thread=False)
    holder.execute("begin immediate")
    said: list[str] = []

    def tell(words: str) -> None:
        said.append(words)
        holder.execute("rollback")

    room.grade(tell=tell)

    assert said == ["the gradebook is locked by another program; waiting for it"]
    assert room.points()["ada", "borrow"] == 4.0


def test_a_gradebook_locked_for_long_stops_cleanly_and_goes_on_later(room: Class, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("course.grading.gradebook.PATIENCE", 0.0)
    room.write("ada", answers=room.right)
    holder = sqlite3.connect(room.folder / "gradebook.db", isolation_level=None)
    holder.execute("begin immediate")

    with pytest.raises(GradebookTrouble, match="has been locked"):
        grade_class(room.open, [NAME], options=Options(workers=1))
    holder.execute("rollback")

    assert room.grade().graded == 1
    assert room.points()["ada", "borrow"] == 4.0


ON_A_SMALL_DISK = """
import json, os, shutil, subprocess, sys
source, disk, out, room = *sys.argv[1:4], int(sys.argv[4])
shutil.copytree(source, disk + "/class")
free = os.statvfs(disk)
with open(disk + "/filler", "wb") as file:
    file.write(bytes(max(0, free.f_bavail * free.f_frsize - room)))
def grade():
    code = "import sys; from course.cli import main; main(['grade', sys.argv[1]])"
    done = subprocess.run([sys.executable, "-c", code, disk + "/class"], capture_output=True, text=True)
    return [done.returncode, done.stderr, [p for _, _, names in os.walk(disk) for p in names if p.endswith(".part")]]
first = grade()
shutil.copytree(disk + "/class", out + "/full")
os.unlink(disk + "/filler")
second = grade()
shutil.copytree(disk + "/class", out + "/again")
print(json.dumps([first, second]))
"""


@pytest.mark.parametrize("room_left", [40_000, 150_000, 400_000])
def test_a_disk_that_is_really_full_is_said_and_leaves_nothing_half_written(
    room: Class, tmp_path: Path, room_left: int
):
    disk = tmp_path / "disk"
    disk.mkdir()
    inside = ["bwrap", "--dev-bind", "/", "/", "--size", "30000000", "--tmpfs", str(disk)]
    if shutil.which("bwrap") is None or subprocess.run([*inside, "true"], check=False).returncode:
        pytest.skip("a disk of its own needs bubblewrap")
    for number in range(40):
        room.write(f"learner-{number:03}", answers=room.right)
    done = subprocess.run(
        [*inside, sys.executable, "-c", ON_A_SMALL_DISK, str(room.folder), str(disk), str(tmp_path), str(room_left)],
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = json.loads(done.stdout)

    assert (first[0], first[2]) == (1, [])
    assert "Traceback" not in first[1]
    assert "no space left" in first[1] or "full" in first[1]
    with sqlite3.connect(tmp_path / "full" / "gradebook.db") as book:
        assert book.execute("pragma integrity_check").fetchone() == ("ok",)
    assert second == [0, "", []]
    again = Class(tmp_path / "again")
    assert {again.points()[f"learner-{n:03}", "borrow"] for n in range(40)} == {4.0}


def test_a_full_disk_is_said_and_leaves_nothing_half_written(room: Class):
    for number in range(40):
        room.write(f"learner-{number:03}", answers=room.right)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "from course.cli import main; import course.grading.batch, course.grading.gradebook; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (170_000, resource.RLIM_INFINITY)); main(['grade', sys.argv[1]])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(room.folder)], capture_output=True, text=True, check=False)

    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot" in done.stderr or "could not" in done.stderr
    with sqlite3.connect(room.folder / "gradebook.db") as book:
        assert book.execute("pragma integrity_check").fetchone() == ("ok",)
    room.grade()
    assert len({learner for learner, _ in room.points()}) == 40
    assert {room.points()[f"learner-{n:03}", "borrow"] for n in range(40)} == {4.0}


def test_memory_does_not_grow_with_the_class(room: Class):
    for number in range(60):
        room.write(f"learner-{number:04}", answers=room.right)
    code = (
        "import resource, sys; from pathlib import Path; from course.grading.batch import grade_class; "
        "from course.grading.classfolder import ClassFolder; f = ClassFolder.open(Path(sys.argv[1])); peak = []\n"
        f"for _ in range(4): grade_class(f, ['{NAME}'], again=True); "
        "peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        "print(*peak)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(room.folder)], capture_output=True, text=True, check=True)

    first, *_, last = map(int, done.stdout.split())
    assert last - first < 12_000  # KiB


# ---- what is no class ----


def test_a_folder_that_is_no_class_is_refused(tmp_path: Path):
    with pytest.raises(NotAClass, match="no such folder"):
        ClassFolder.open(tmp_path / "nowhere")
    with pytest.raises(NotAClass, match="release"):
        ClassFolder.open(tmp_path)


def test_a_key_that_is_gone_is_said(room: Class):
    (room.folder / ".course" / "banks" / f"{NAME}.json").unlink()

    with pytest.raises(CourseError, match="keys of 00_small are not there"):
        room.grade()


def test_the_store_is_for_its_owner_alone(room: Class):
    room.write("ada")
    room.grade()

    assert (room.folder / ".course" / "grading.sqlite").stat().st_mode & 0o077 == 0
    assert (room.folder / "results.jsonl").stat().st_mode & 0o077 == 0
    with Store(room.folder / ".course" / "grading.sqlite", read_only=True) as store:
        assert store.count([NAME]) == 1
