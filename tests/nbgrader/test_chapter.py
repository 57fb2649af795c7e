"""A real chapter, with a task in Rust, through `nbgrader autograde` with our configuration and through `course grade`.

Each grader gets a copy of one released class, and is run as an instructor types it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course.chapters import Course
from course.grading.release import release
from course.grading.synthetic import Pupil, make_class, write_class

pytestmark = [pytest.mark.needs("sandbox", "rust", "crates"), pytest.mark.timeout(900)]

CHAPTER = "03_ndarray"
COMMANDS = {"nbgrader": ("nbgrader", "autograde", CHAPTER), "course": ("course", "grade", ".", "--workers=1")}
TASK = f"{CHAPTER}/standardise"
MOST = 3.0  # its points
KINDS = ("middling", "middling", "perfect")

Scores = dict[tuple[str, str], tuple[float | None, float | None, float, bool]]


def scores(folder: Path) -> Scores:
    """Return (learner, graded cell) → score, automatic score, most, and whether a person must mark it."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            (submission.student.id, grade.name): (
                grade.score,
                grade.auto_score,
                grade.max_score,
                grade.needs_manual_grade,
            )
            for submission in gradebook.assignment_submissions(CHAPTER)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def _three(course: Course, folder: Path) -> list[Pupil]:
    """Return who left the task in Rust or broke it, who handed in a wrong solution of it, and who solved it."""
    (chapter,) = course.chosen([CHAPTER])
    for seed in range(100):
        made = list(
            make_class(
                course,
                chapter,
                len(KINDS),
                kinds=KINDS,
                seed=seed,
                released=folder / "release" / CHAPTER / f"{CHAPTER}.ipynb",
                quiz=folder / ".course" / "banks" / f"{CHAPTER}.json",
            )
        )
        # What a wrong solution earns depends on its cases, so it is not among what is known beforehand.
        if [pupil.points.get(TASK) for pupil in made] == [0, None, MOST]:
            return made
    pytest.fail("no class of a hundred has such learners in this order", pytrace=False)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Scores], dict[str, dict[str, float]]]:
    """What each grader gave, and what is known beforehand of each learner: item → points."""
    folder = tmp_path_factory.mktemp("chapter") / "spring"
    course = Course.find()
    release(folder, course, [CHAPTER])
    expected = json.loads(write_class(folder, iter(_three(course, folder))).read_bytes())
    given = {}
    for grader, command in COMMANDS.items():
        copy = shutil.copytree(folder, folder.with_name(grader))
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=copy, capture_output=True, text=True, timeout=800, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        given[grader] = scores(copy)
    return given, {one["learner"]: one["points"] for one in expected}


def test_nbgrader_with_our_configuration_gives_every_score_that_course_grade_gives(
    graded: tuple[dict[str, Scores], dict[str, dict[str, float]]],
) -> None:
    given, known = graded
    assert given["nbgrader"] == given["course"]
    assert len(given["course"]) == len(known) * len({cell for _, cell in given["course"]})


def test_the_learners_differ_in_the_task_in_rust_and_get_what_is_theirs(
    graded: tuple[dict[str, Scores], dict[str, dict[str, float]]],
) -> None:
    """Equal scores would show little if all of them were 0, or full."""
    given, known = graded
    found = given["nbgrader"]
    left, partly, right = (found[learner, "check-standardise"][0] for learner in sorted(known))
    assert (left, right) == (0, MOST)
    assert partly is not None
    assert 0 < partly < MOST
    for learner, points in known.items():
        if TASK in points and f"{CHAPTER}/softmax-rows" in points:
            total = sum(score or 0 for (who, _), (score, *_) in found.items() if who == learner)
            assert total == pytest.approx(sum(points.values()), abs=1e-6), learner
