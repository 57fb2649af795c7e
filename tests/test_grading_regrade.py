"""`course regrade`: what a mended key changes, what has to run again, and that nothing is written before it is told."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from nbgrader.api import Gradebook

from course.chapters import Course
from course.cli import main
from course.grading.batch import grade_class
from course.grading.classfolder import ClassFolder
from course.grading.engine import Options
from course.grading.regrade import Regraded, regrade_class
from course.grading.release import release
from course.grading.results import read_results
from tests.nbgrader.classroom import NAME, Classroom, coded, make_course

SCHEMA = json.loads((Path(__file__).parents[1] / "docs/schemas/regrade.schema.json").read_text("utf-8"))


class Class(Classroom):
    """A class of three, graded; its keys can be edited."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "class")
        self.course, self.bank = Course(folder / "course"), folder / "bank"

    @property
    def open(self) -> ClassFolder:
        return ClassFolder.open(self.folder)

    def edit(self, path: Path, old: str, new: str) -> None:
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        release(self.folder, self.course, (), banks=[self.bank])

    def edit_key(self) -> None:
        """Turn the key of `owns` round."""
        path = self.bank / f"{NAME}.md"
        text = path.read_text("utf-8")
        text = text.replace("- [x] `Array1` {#array}", "- [ ] `Array1` {#array}")
        path.write_text(text.replace("- [ ] `ArrayView1` {#view}", "- [x] `ArrayView1` {#view}"), "utf-8")
        release(self.folder, self.course, (), banks=[self.bank])

    def regrade(self, **more: Any) -> Regraded:
        return regrade_class(self.open, [NAME], options=Options(workers=1), **more)

    def points(self, item: str) -> dict[str, float | None]:
        found = read_results(self.folder / "results.jsonl")
        return {result.learner: result.points for result in found if result.item == f"{NAME}/{item}"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regrade")
    course, bank = make_course(folder)
    release(folder / "class", course, (), banks=[bank])
    room = Class(folder)
    room.hand_in("ada", coded(room.released(), "return 2 * x"), room.right("ada"))
    room.hand_in("bob", coded(room.released(), "return x + x + 0"), room.partly("bob"))
    room.hand_in("eve", room.released())
    grade_class(room.open, [NAME], options=Options(workers=1))
    return folder


@pytest.fixture
def room(graded: Path, tmp_path: Path) -> Class:
    shutil.copytree(graded, tmp_path / "copy")
    return Class(tmp_path / "copy")


@pytest.mark.needs("sandbox")
def test_an_unchanged_key_changes_nothing_and_runs_nothing(room: Class):
    found = room.regrade(apply=True)

    assert (found.submissions, found.changes, found.runs, found.backup) == (3, [], 0, "")


@pytest.mark.needs("sandbox")
def test_a_mended_key_is_shown_and_written_only_when_told(room: Class):
    room.edit_key()
    before = (room.folder / "results.jsonl").read_bytes()
    book = (room.folder / "gradebook.db").read_bytes()

    found = room.regrade()

    changes = {(change.learner, change.item): (change.before, change.after, change.by) for change in found.changes}
    assert changes == {("ada", f"{NAME}/owns"): (2.0, 0.0, -2.0), ("bob", f"{NAME}/owns"): (2.0, 0.0, -2.0)}
    assert (found.runs, found.rerun, found.applied) == (0, {}, False)
    assert (room.folder / "results.jsonl").read_bytes() == before
    assert (room.folder / "gradebook.db").read_bytes() == book

    found = room.regrade(apply=True)

    assert found.applied
    assert room.points("owns") == {"ada": 0.0, "bob": 0.0, "eve": 0.0}
    with Gradebook(room.open.gradebook_url) as opened:
        assert opened.find_grade("quiz-views", NAME, NAME, "ada").score == 5.0
    shown = json.loads(room.path("autograded", "ada").read_text("utf-8"))
    quiz = next(c for c in shown["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "quiz-views")
    assert quiz["outputs"][-1]["data"]["text/plain"] == "5.0"
    with sqlite3.connect(found.backup) as backup:
        assert backup.execute("select count(*) from grade where auto_score = 7.0").fetchone() == (1,)
    assert room.regrade().changes == []
    assert grade_class(room.open, [NAME]).unchanged == 3


@pytest.mark.needs("sandbox")
def test_a_changed_comparison_judges_stored_values_without_running_code(room: Class):
    room.edit(room.course.root / "quizzes" / f"{NAME}.md", "groups = {", "compare = exactly\n\ngroups = {")

    found = room.regrade()

    assert (found.runs, found.rerun, found.changes) == (0, {}, [])


@pytest.mark.needs("sandbox")
def test_changed_cases_run_the_code_again_and_say_so(room: Class):
    room.edit(room.course.root / "quizzes" / f"{NAME}.md", "[4321.0625]", "[4321.0625, -1.0]")

    found = room.regrade(apply=True)

    assert found.rerun == {f"{NAME}/twice": 2}
    assert (found.runs, found.changes) == (2, [])
    assert room.regrade().runs == 0


@pytest.mark.needs("sandbox")
def test_a_changed_weight_of_groups_changes_scores(room: Class):
    path = room.course.root / "quizzes" / f"{NAME}.md"
    room.edit(
        path, "def reference(x):\n    return 2 * x", "def reference(x):\n    return 2 * x if x[0] < 99 else 3 * x"
    )

    found = room.regrade(apply=True)

    assert {(change.learner, change.before, change.after) for change in found.changes} == {
        ("ada", 3.0, 1.0),
        ("bob", 3.0, 1.0),
    }
    assert found.runs == 0
    assert room.points("twice") == {"ada": 1.0, "bob": 1.0, "eve": 0.0}


@pytest.mark.needs("sandbox")
def test_the_command_prints_who_changes_and_fits_its_schema(room: Class, capsys: pytest.CaptureFixture[str]):
    room.edit_key()

    with pytest.raises(SystemExit) as exit:
        main(["regrade", str(room.folder), "--json"])
    assert exit.value.code == 0
    Draft202012Validator(SCHEMA).validate(json.loads(capsys.readouterr().out))
    with pytest.raises(SystemExit):
        main(["regrade", str(room.folder), "--apply"])
    said = capsys.readouterr().out
    assert "2 learners' scores change" in said
    assert f"{NAME}/owns: -2 for 2" in said
    assert "written; the gradebook as it was:" in said


def test_whoever_cannot_be_judged_again_is_named_and_the_exit_code_says_so(
    room: Class, capsys: pytest.CaptureFixture[str]
):
    room.edit_key()
    room.path("autograded", "ada").write_text("{")

    with pytest.raises(SystemExit) as exit:
        main(["regrade", str(room.folder), "--apply"])

    assert exit.value.code == 3
    assert f"{NAME} ada: its graded notebook cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["grade", "regrade"])
def test_the_warning_of_no_sandbox_obeys_no_color(room: Class, command: str):
    call = [sys.executable, "-m", "course", command, str(room.folder), "--no-sandbox"]
    said = {}
    for name in ("NO_COLOR", "FORCE_COLOR"):
        plain = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
        done = subprocess.run(
            call, capture_output=True, text=True, check=True, env=plain | {name: "1", "TERM": "xterm"}
        )
        said[name] = done.stderr

    assert said["NO_COLOR"] == "no sandbox: learners' code runs as you, and can do what you can\n"
    assert "\x1b[" in said["FORCE_COLOR"]


@pytest.mark.needs("sandbox")
def test_what_a_reference_warns_of_is_not_printed(room: Class):
    noisy = "def reference(x):\n    import warnings\n    warnings.warn('loud')\n    return 2 * x"
    room.edit(room.course.root / "quizzes" / f"{NAME}.md", "def reference(x):\n    return 2 * x", noisy)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = room.regrade()

    assert (found.changes, found.problems) == ([], [])
