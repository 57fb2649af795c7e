"""A released class through nbgrader as it comes: its own commands, its own pages, our configuration.

Everything is graded once, by one `nbgrader autograde`; the tests look at what came of it.
"""

from __future__ import annotations

import csv
import html
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin
from nbgrader.utils import get_username
from nbgrader.validator import Validator

from course import lab
from course.grading.release import release
from course.quiz.answers import METADATA
from tests.nbgrader.classroom import KINDS, NAME, Classroom, answered, at, hand_in_all, make_course, succeed

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """The class after everybody has handed in and nbgrader has graded them."""
    folder = tmp_path_factory.mktemp("class-of")
    course, bank = make_course(folder)
    release(folder / "spring", course, banks=[bank])
    room = Classroom(folder / "spring")
    hand_in_all(room)
    essay = answered(room, room.right("essayist"))
    essay["cells"][at(essay, "why-rust")]["source"] = "Memory safety, and it is <b>fast</b>."
    room.hand_in("essayist", essay)
    (broken := room.path("submitted", "broken")).parent.mkdir(parents=True)
    broken.write_text("this is no notebook", "utf-8")
    shutil.copy(room.folder / "gradebook.db", room.folder / "before.db")
    graded = room.autograde()
    assert (room.folder / "autograded").is_dir(), graded.stderr[-2000:]
    assert "There was an error processing assignment '00_small' for student 'broken'" in graded.stderr
    return room


def grades(room: Classroom, learner: str) -> dict[str, Any]:
    with Gradebook(f"sqlite:///{room.folder / 'gradebook.db'}") as gradebook:
        found = gradebook.find_submission_notebook(NAME, NAME, learner).grades
        return {grade.name: (grade.score, grade.max_score, grade.needs_manual_grade) for grade in found}


@pytest.mark.parametrize("learner", list(KINDS))
def test_everybody_gets_the_points_of_their_answers_whatever_became_of_the_notebook(
    room: Classroom, learner: str
) -> None:
    _, quiz, task = KINDS[learner]
    found = grades(room, learner)
    assert (found["quiz-views"], found["check-twice"]) == ((quiz, 7, False), (task, 3, False))


def test_an_essay_waits_for_a_person_and_an_untouched_one_does_not(room: Classroom) -> None:
    assert grades(room, "essayist")["why-rust"] == (0, 4, True)
    assert grades(room, "right")["why-rust"] == (0, 4, False)
    assert grades(room, "deleted")["why-rust"] == (0, 4, False)


def test_one_broken_notebook_costs_nobody_else(room: Classroom) -> None:
    assert not room.path("autograded", "broken").exists()
    assert all(room.path("autograded", learner).exists() for learner in KINDS)


@pytest.mark.parametrize("learner", list(KINDS))
def test_what_was_answered_is_still_in_the_graded_notebook(room: Classroom, learner: str) -> None:
    notebook = json.loads(room.path("autograded", learner).read_text("utf-8"))
    cell = notebook["cells"][at(notebook, "quiz-views")]
    assert "".join(cell["source"]) == f'quiz("{NAME}/views")'
    assert [output["output_type"] for output in cell["outputs"]] == ["display_data", "execute_result"]
    assert cell["metadata"]["nbgrader"]["points"] == 7
    if learner == "in-outputs":
        kept = [cell["metadata"].get(METADATA, {}).get("attempts", []) for cell in notebook["cells"]]
        assert sum(map(len, kept)) == 4


def test_a_deleted_cell_comes_back_where_it_was(room: Classroom) -> None:
    notebook = json.loads(room.path("autograded", "deleted").read_text("utf-8"))
    assert at(notebook, "quiz-views") < at(notebook, "why-rust")
    assert "Why Rust?" in "".join(notebook["cells"][at(notebook, "why-rust")]["source"])


def test_of_a_copied_essay_one_is_marked(room: Classroom) -> None:
    notebook = json.loads(room.path("autograded", "duplicated").read_text("utf-8"))
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in notebook["cells"]]
    assert sorted(filter(None, ids)) == ["check-twice", "quiz-views", "twice", "why-rust"]


def test_course_grade_gives_the_same_scores(room: Classroom, tmp_path: Path) -> None:
    other = Classroom(shutil.copytree(room.folder, tmp_path / "spring", ignore=shutil.ignore_patterns("autograded")))
    shutil.rmtree(other.folder / "feedback", ignore_errors=True)
    (other.folder / "gradebook.db").unlink()
    (other.folder / "gradebook.db").write_bytes((room.folder / "before.db").read_bytes())
    command = [sys.executable, "-m", "course", "grade", str(other.folder), "--workers=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr[-2000:]  # for the one that is no notebook
    for learner in KINDS:
        assert grades(other, learner) == grades(room, learner), learner


def test_feedback_shows_answers_and_points_and_no_key(room: Classroom) -> None:
    succeed(room.api().generate_feedback(NAME, "partly"))
    page = html.unescape(room.path("feedback", "partly", "html").read_text("utf-8"))
    for words in ("Which one owns its memory?", "a.slice(s![..])", "partly right", "2 of 4 points", "Score: 5.0 / 14"):
        assert words in page
    assert "0 of 1 passed" in page
    assert "4321" not in page
    assert "canary" not in page.lower()


def test_feedback_shows_answers_and_explanations_when_the_instructor_says_so(room: Classroom) -> None:
    succeed(room.api(ShowAnswers={"enabled": True}).generate_feedback(NAME, "wrong"))
    page = room.path("feedback", "wrong", "html").read_text("utf-8")
    assert all(f"CANARY-EXPLANATION-{name}" in page for name in ("OWNS", "BORROW", "SUM"))


def test_export_lists_everybody(room: Classroom) -> None:
    exporter = CsvExportPlugin()
    exporter.to = str(room.folder / "all.csv")
    with room.api().gradebook as gradebook:
        exporter.export(gradebook)
    with (room.folder / "all.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert {who: scores[who] for who in KINDS} == {who: quiz + task for who, (_, quiz, task) in KINDS.items()}


@pytest.fixture
def learners_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the course but the package."""
    for name in [name for name in os.environ if name.startswith("COURSE_")]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("learners_machine")
def test_validate_names_what_is_unanswered(room: Classroom, tmp_path: Path) -> None:
    """Validate runs the notebook in the learner's folder, with the learner bank that came with it."""
    mine = shutil.copytree(room.folder / "release" / NAME, tmp_path / NAME)
    notebook = mine / f"{NAME}.ipynb"
    notebook.write_text(json.dumps(answered(room, room.right("ada")[:3])), "utf-8")
    failed = {found["source"]: found["error"] for found in Validator().validate(str(notebook))["failed"]}
    assert "1 of 3 unanswered: sum" in failed[f'quiz("{NAME}/views")']


@pytest.mark.usefixtures("learners_machine")
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_the_exchange_carries_a_chapter_to_a_learner_and_back(room: Classroom, tmp_path: Path) -> None:
    exchange, home = tmp_path / "exchange", tmp_path / "home"
    exchange.mkdir()
    exchange.chmod(0o777)
    home.mkdir()
    places = {"root": str(exchange), "cache": str(tmp_path / "cache"), "assignment_dir": str(home)}
    ours = room.api(Exchange=places)

    def nbgrader(verb: str) -> None:
        """Do what a learner types."""
        options = [f"--Exchange.{name}={value}" for name, value in places.items()]
        command = [sys.executable, "-m", "nbgrader", verb, NAME, "--course=spring", *options]
        subprocess.run(command, cwd=home, check=True, capture_output=True)

    who = get_username()
    succeed(ours.release_assignment(NAME))
    nbgrader("fetch_assignment")
    # A kernel in the fetched folder, with nothing but the package: it finds the class's learner bank beside it.
    said = f"from course import answer; answer('{NAME}/sum', '{room.total('grace')}')"
    environment = {**os.environ, "COURSE_LEARNER": "grace"}
    subprocess.run([sys.executable, "-c", said], cwd=home / NAME, env=environment, check=True, capture_output=True)
    nbgrader("submit")
    succeed(ours.collect(NAME))
    succeed(ours.autograde(NAME, who))
    assert grades(room, who)["quiz-views"] == (1, 7, False)


@pytest.mark.needs("chromium")
def test_formgrader_shows_the_quiz_and_takes_the_mark_of_an_essay(room: Classroom, chromium: Browser) -> None:
    from playwright.sync_api import expect

    with Gradebook(f"sqlite:///{room.folder / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission_notebook(NAME, NAME, "essayist").id
    server = lab.start(room.folder, room.folder / ".course", room.folder.parent / "course", instructor=True)
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    try:
        page.goto(f"{server.url}formgrader?token={server.token}")
        page.goto(f"{server.url}formgrader/submissions/{submission}/?index=0")
        expect(page.get_by_text("Which of these borrow?")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Memory safety, and it is fast.")).to_be_visible()
        scores = page.locator("input.score")
        expect(scores).to_have_count(3)
        expect(scores.nth(0)).to_have_attribute("placeholder", "7")
        with page.expect_response(lambda answer: "/formgrader/api/grade/" in answer.url):
            scores.nth(2).fill("3")
            scores.nth(2).press("Tab")
        assert scores.nth(1).get_attribute("placeholder") == "0"
        if shots := os.environ.get("COURSE_SCREENSHOTS"):
            page.screenshot(path=f"{shots}/formgrader.png", full_page=True)
    finally:
        page.close()
        server.stop()
    assert grades(room, "essayist")["why-rust"] == (3, 4, False)
