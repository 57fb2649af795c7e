"""A chapter with plain test cells: run by nbgrader, its quiz scored by the grader, its hidden tests kept hidden."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from course.grading.nbgrader_plugins import HideTests
from course.grading.release import release
from tests.nbgrader.classroom import CHAPTER, NAME, Classroom, answered, at, make_course, succeed

TESTS = """
```python solution="two"
# BEGIN SOLUTION
two = 2
# END SOLUTION
```

```python tests="two" points=1
assert two > 0, "two is more than nothing"
### BEGIN HIDDEN TESTS
assert two == 2, f"CANARY-HIDDEN: {two} is not 2"
### END HIDDEN TESTS
```
"""


pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    folder = tmp_path_factory.mktemp("plain")
    course, bank = make_course(folder)
    source = course.sources / f"{NAME}.md"
    source.write_text(source.read_text("utf-8").replace(CHAPTER, CHAPTER + TESTS), "utf-8")
    release(folder / "spring", course, banks=[bank], run_notebooks=True)
    room = Classroom(folder / "spring")
    notebook = answered(room, room.partly("ada"))
    notebook["cells"][at(notebook, "two")]["source"] = "two = 3\nquiz = lambda *a: 7.0\ncheck = lambda *a: 3.0"
    notebook["cells"].insert(1, notebook["cells"].pop(at(notebook, "two")))
    notebook["cells"][2]["source"] = ""  # no import: the names above are what the locked cells would call
    room.hand_in("ada", notebook)
    succeed(room.api().autograde(NAME, "ada"))
    return room


def test_hidden_tests_are_not_handed_out(room: Classroom) -> None:
    assert "HIDDEN" not in room.path("release").read_text("utf-8")
    assert "two is more than nothing" in room.path("release").read_text("utf-8")


def test_plain_cells_are_run_and_the_rest_is_scored_by_the_grader(room: Classroom) -> None:
    with Gradebook(f"sqlite:///{room.folder / 'gradebook.db'}") as gradebook:
        grades = gradebook.find_submission_notebook(NAME, NAME, "ada").grades
        scores = {grade.name: grade.score for grade in grades}
    assert scores == {"quiz-views": 4, "check-twice": 0, "why-rust": 0, "two-tests": 0}


def test_feedback_hides_hidden_tests_and_what_their_traceback_shows(room: Classroom) -> None:
    graded = json.loads(room.path("autograded", "ada").read_text("utf-8"))
    errors = graded["cells"][at(graded, "two-tests")]["outputs"]
    assert "CANARY-HIDDEN" in json.dumps(errors)  # for the instructor
    succeed(room.api().generate_feedback(NAME, "ada"))
    page = Path(room.path("feedback", "ada", "html")).read_text("utf-8")
    assert "CANARY" not in page
    assert "AssertionError: a test of this cell failed" in page


@pytest.mark.parametrize(
    ("said", "shown"), [("two is more than nothing", True), ("CANARY-HIDDEN: 3 is not 2", False), ("", False)]
)
def test_the_words_of_a_visible_test_stay(said: str, shown: bool) -> None:
    source = TESTS.split("points=1\n")[1].split("```", maxsplit=1)[0]
    error = nbformat.v4.new_output("error", ename="AssertionError", evalue=said, traceback=["CANARY", said])
    cell = nbformat.v4.new_code_cell(source, outputs=[error])
    cell, _ = HideTests().preprocess_cell(cell, {}, 0)
    assert cell.outputs[0].evalue == (said if shown else "a test of this cell failed")
    assert "CANARY" not in json.dumps(cell)
