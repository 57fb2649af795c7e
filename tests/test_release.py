"""`course release`: what goes to learners, what stays private, what is refused, and doing it again."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from course.chapters import Course
from course.cli import main
from course.errors import CannotRelease, CourseError, NotForAClass, UsageMistake
from course.grading.class_bank import class_bank, seed_for
from course.grading.classfolder import ClassFolder
from course.grading.release import Release, release
from course.quiz import bank as banks
from course.quiz.session import Session
from tests.courses import HEADER
from tests.nbgrader.classroom import NAME, PRIVATE, QUIZ, make_course

SECRET = b"0123456789abcdef"


class Place:
    """A course with a private bank, and a class to release to."""

    def __init__(self, folder: Path) -> None:
        self.course, self.bank = make_course(folder)
        self.folder = folder / "class"

    def release(self, *names: str, **options: Any) -> Release:
        return release(self.folder, self.course, names, **({"banks": [self.bank]} | options))[0]

    def edit(self, old: str, new: str) -> None:
        path = self.bank / f"{NAME}.md"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    @property
    def out(self) -> Path:
        return self.folder / "release" / NAME

    def cells(self, step: str = "release") -> dict[str, Any]:
        content = json.loads((self.folder / step / NAME / f"{NAME}.ipynb").read_text("utf-8"))
        records = (cell["metadata"].get("nbgrader") for cell in content["cells"])
        return {record["grade_id"]: record for record in records if record}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A release that tests only look at."""
    place = Place(tmp_path_factory.mktemp("made"))
    place.release()
    return place


@pytest.fixture
def place(made: Place, tmp_path: Path) -> Place:
    """A copy of it, to change."""
    shutil.copytree(made.folder.parent, tmp_path / "copy")
    copied = object.__new__(Place)
    copied.course, copied.bank = Course(tmp_path / "copy" / "course"), tmp_path / "copy" / "bank"
    copied.folder = tmp_path / "copy" / "class"
    record = copied.folder / ".course" / "release.json"
    record.write_text(record.read_text("utf-8").replace(str(made.bank), str(copied.bank)), "utf-8")
    return copied


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# ---- what learners get ----


def test_learners_get_a_notebook_and_a_bank_without_keys(made: Place) -> None:
    assert sorted(everything(made.out)) == [f"{NAME}.ipynb", f"quizzes/{NAME}.json"]
    learner_bank = banks.read(made.out / "quizzes" / f"{NAME}.json")
    assert [item.keyed for item in learner_bank.items] == [False] * 5
    assert {item.mode for item in learner_bank.items} == {"graded"}


def test_no_key_leaves_the_private_folder(made: Place) -> None:
    leaks = [
        name
        for name, content in everything(made.folder).items()
        if not name.startswith(".course/") and (b"canary" in content.lower() or b"4321" in content)
    ]
    assert leaks == []
    assert b"CANARY" in (made.folder / ".course" / "banks" / f"{NAME}.json").read_bytes()
    secret = (made.folder / ".course" / "secret").read_bytes().strip()
    assert not any(secret in content for name, content in everything(made.folder).items() if ".course" not in name)


def test_the_private_folder_is_for_its_owner_alone(made: Place) -> None:
    private = made.folder / ".course"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    open_to_others = [
        path.name
        for path in private.rglob("*")
        if path.is_file() and path.name != "release.lock" and path.stat().st_mode & 0o077
    ]
    assert open_to_others == []
    assert "*" in (private / ".gitignore").read_text("utf-8").splitlines()


def test_a_learner_with_the_package_and_the_folder_alone_gets_the_class_variant(
    made: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COURSE_BANK", raising=False)
    mine = shutil.copytree(made.out, tmp_path / "anywhere" / NAME)
    found = banks.find(NAME, start=mine)
    assert Path(found.path).parent == mine / "quizzes"
    key = ClassFolder.open(made.folder).key(NAME)
    assert found.seed == key.quiz.seed != ""
    here, there = (
        Session(quiz, quiz.section("views"), folder=mine, learner="ada").state("u")["items"]
        for quiz in (found, key.quiz)
    )
    assert [card["view"]["title"] for card in here] == [card["view"]["title"] for card in there]


def test_the_gradebook_is_one_that_nbgrader_made(made: Place) -> None:
    with Gradebook(f"sqlite:///{made.folder / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_notebook(NAME, NAME)
        assert {cell.name: cell.max_score for cell in notebook.grade_cells} == {
            "quiz-views": 7,
            "check-twice": 3,
            "why-rust": 4,
        }
    assert made.cells()["quiz-views"]["points"] == 7
    assert len(made.cells()["quiz-views"]["checksum"]) == 32


def test_a_release_needs_nothing_on_the_path(made: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert release(tmp_path / "class", made.course, banks=[made.bank])[0].what == "new"


def test_an_essay_keeps_its_question(made: Place) -> None:
    assert "Why Rust? Write two sentences." in (made.out / f"{NAME}.ipynb").read_text("utf-8")


def test_in_practice_mode_the_keys_ship(place: Place) -> None:
    assert place.release(mode="practice").mode == "practice"
    learner_bank = banks.read(place.out / "quizzes" / f"{NAME}.json")
    assert all(item.keyed for item in learner_bank.items)


# ---- banks ----


def test_a_private_section_takes_the_place_of_the_public_one_and_keeps_its_essay(made: Place) -> None:
    found = class_bank(made.course.quizzes, [made.bank], NAME, mode="graded", secret=SECRET)
    assert found is not None
    assert [item.id for item in found.quiz.items] == ["owns", "borrow", "sum", "twice", "why-rust"]
    assert found.public == {"twice", "why-rust"}


def test_without_a_private_bank_the_public_items_are_told_of(made: Place) -> None:
    found = class_bank(made.course.quizzes, [], NAME, mode="graded", secret=SECRET)
    assert found is not None
    assert found.public == {"public", "twice", "why-rust"}


def test_another_class_has_other_variants() -> None:
    assert seed_for(SECRET, NAME) == seed_for(SECRET, NAME)
    assert len({seed_for(SECRET, NAME), seed_for(SECRET + b"!", NAME), seed_for(SECRET, "01_other")}) == 3


def test_a_bank_without_keys_is_refused(made: Place, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="key of 00_small/owns is not in this bank"):
        release(tmp_path / "class", made.course, banks=[made.out / "quizzes"])
    assert not (tmp_path / "class").exists()


def test_a_bank_that_lacks_a_section_the_chapter_shows_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.course.quizzes / f"{NAME}.md").unlink()
    (place.course.quizzes / f"{NAME}.md").write_text(PRIVATE.replace("## views", "## other"), "utf-8")
    with pytest.raises(CourseError, match="views"):
        place.release(banks=[])
    assert not place.folder.exists()


def test_a_bank_that_is_not_there_is_named(made: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="no such bank"):
        release(tmp_path / "class", made.course, banks=[tmp_path / "nowhere"])


# ---- again ----


def test_released_again_nothing_changes(place: Place) -> None:
    before = everything(place.folder)
    assert release(place.folder, place.course)[0].what == "same"
    assert everything(place.folder) == before


def test_a_mended_key_changes_the_private_bank_and_nothing_else(place: Place) -> None:
    before = everything(place.folder)
    place.edit("- [ ] `a.clone()`", "- [x] `a.clone()`")
    assert release(place.folder, place.course)[0].what == "rekeyed"
    after = everything(place.folder)
    assert [name for name in after if after[name] != before.get(name)] == [f".course/banks/{NAME}.json"]


def test_changed_points_reach_the_notebook_and_the_gradebook(place: Place) -> None:
    place.edit("{#borrow points=4}", "{#borrow points=5}")
    assert release(place.folder, place.course)[0].what == "updated"
    assert place.cells()["quiz-views"]["points"] == place.cells("source")["quiz-views"]["points"] == 8
    with Gradebook(f"sqlite:///{place.folder / 'gradebook.db'}") as gradebook:
        assert gradebook.find_graded_cell("quiz-views", NAME, NAME).max_score == 8


def test_what_the_instructor_put_beside_the_notebook_stays(place: Place) -> None:
    (place.folder / "source" / NAME / "data.csv").write_text("a,b\n", "utf-8")
    place.edit("{#borrow points=4}", "{#borrow points=5}")
    place.release()
    assert (place.out / "data.csv").read_text("utf-8") == "a,b\n"


def test_the_instructors_own_settings_stay(place: Place) -> None:
    config = place.folder / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + "c.Execute.timeout = 99\n", "utf-8")
    place.edit("{#borrow points=4}", "{#borrow points=5}")
    place.release()
    assert "timeout = 99" in config.read_text("utf-8")


def test_a_stopped_release_is_done_again(place: Place) -> None:
    shutil.rmtree(place.out)
    left = place.folder / ".course" / "releasing-x"
    (left / "source").mkdir(parents=True)
    assert place.release().what == "updated"
    assert (place.out / f"{NAME}.ipynb").is_file()
    assert not left.exists()


def test_what_a_stopped_release_had_moved_away_comes_back(place: Place) -> None:
    (place.folder / "source" / NAME / "mine.txt").write_text("mine", "utf-8")
    old = place.folder / ".course" / "releasing-x" / "old" / "source" / NAME
    old.parent.mkdir(parents=True)
    (place.folder / "source" / NAME).rename(old)
    place.release()
    assert (place.folder / "source" / NAME / "mine.txt").read_text("utf-8") == "mine"


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_the_core_alone_is_refused_once_there_are_submissions_and_the_option_is_named(place: Place) -> None:
    source = place.course.sources / f"{NAME}.md"
    quiz_cell = f'```python\nquiz("{QUIZ}")\n```\n'
    source.write_text(
        source.read_text("utf-8").replace(quiz_cell, f"### Optional: views\n\n{quiz_cell}\n## On\n"), "utf-8"
    )
    place.release()
    with Gradebook(f"sqlite:///{place.folder / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(NAME, "ada")

    with pytest.raises(CannotRelease, match="it has submissions") as caught:
        place.release(core=True)

    assert caught.value.help.startswith("leave --core out")
    assert place.release().what == "same"


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_a_release_that_nbgrader_refuses_leaves_all_as_it_was(place: Place) -> None:
    with Gradebook(f"sqlite:///{place.folder / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(NAME, "ada")
    source = place.course.sources / f"{NAME}.md"
    source.write_text(source.read_text("utf-8").replace('essay="why-rust"', 'essay="why-not"'), "utf-8")
    before = {name: content for name, content in everything(place.folder).items() if not name.endswith(".db")}
    with pytest.raises(CannotRelease, match="it has submissions") as caught:
        place.release()
    assert "new class folder" in caught.value.help
    after = {name: content for name, content in everything(place.folder).items() if not name.endswith(".db")}
    assert after == before


# ---- refusals ----


def test_a_folder_with_something_else_in_it_is_refused(made: Place, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(NotForAClass, match="not empty"):
        release(tmp_path, made.course)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_somebody_elses_nbgrader_course_is_refused_with_the_lines_to_add(made: Place, tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n", "utf-8")
    with pytest.raises(NotForAClass) as caught:
        release(tmp_path, made.course)
    assert "configure(c, __file__)" in caught.value.help


def test_the_course_itself_is_no_class(made: Place) -> None:
    with pytest.raises(NotForAClass, match="course itself"):
        release(made.course.root, made.course)


def test_the_secret_of_a_released_class_cannot_be_changed(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "secret"
    other.write_text("another secret, long enough", "utf-8")
    with pytest.raises(UsageMistake, match="another secret"):
        place.release(secret_file=other)


def test_a_secret_that_is_gone_is_not_replaced(place: Place) -> None:
    (place.folder / ".course" / "secret").unlink()
    with pytest.raises(CourseError, match="secret is gone"):
        place.release()


def test_a_short_secret_is_refused(made: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("1234", "utf-8")
    with pytest.raises(UsageMistake, match="at least 16"):
        release(tmp_path / "class", made.course, secret_file=tmp_path / "secret")


def test_plain_test_cells_are_released_only_when_accepted(tmp_path: Path) -> None:
    place = Place(tmp_path)
    text = '```python solution="two"\n# BEGIN SOLUTION\ntwo = 2\n# END SOLUTION\n```\n'
    text += '\n```python tests="two" points=1\nassert two == 2\n```\n'
    (place.course.sources / f"{NAME}.md").write_text(HEADER.format(needs="") + text, "utf-8")
    with pytest.raises(CourseError, match="plain test cells") as caught:
        place.release()
    assert "--run-notebooks" in caught.value.help
    assert place.release(run_notebooks=True).points == 1
    assert "NotImplementedError" in (place.out / f"{NAME}.ipynb").read_text("utf-8")
    assert "two = 2" in (place.folder / ".course" / "solutions" / f"{NAME}.ipynb").read_text("utf-8")


def test_the_core_alone_has_no_points_below_an_optional_heading_until_the_next_heading(tmp_path: Path) -> None:
    place = Place(tmp_path)
    source = place.course.sources / f"{NAME}.md"
    text = source.read_text("utf-8")
    quiz_cell = f'```python\nquiz("{QUIZ}")\n```\n'
    fenced = "\n```python .noeval\n# Not a heading\n```\n\n"
    assert quiz_cell in text
    source.write_text(text.replace(quiz_cell, f"### Optional: views{fenced}{quiz_cell}\n## And on\n"), "utf-8")
    everything_counts = place.release()

    core = place.release(core=True)

    assert core.what == "updated"
    assert core.points == everything_counts.points - 7
    assert (everything_counts.questions, everything_counts.public) == (3, 2)
    assert (core.questions, core.tasks, core.essays, core.public) == (0, 1, 1, 2)  # those without points do not count
    assert place.cells()["quiz-views"]["grade"] is False
    learner_bank = banks.read(place.out / "quizzes" / f"{NAME}.json")
    assert {item.points for item in learner_bank.section("views").items} == {0}  # which is what the page says
    assert place.cells()["check-twice"]["grade"] is True
    with Gradebook(f"sqlite:///{place.folder / 'gradebook.db'}") as gradebook:
        assert gradebook.find_assignment(NAME).max_score == core.points
    assert "quiz-views" not in [one.grade_id for one in ClassFolder.open(place.folder).key(NAME).graded]
    assert release(place.folder, place.course)[0].what == "same"  # what was chosen is remembered
    assert place.release(core=False).points == everything_counts.points


def test_the_command_says_what_was_released_and_what_to_do_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_ROOT", str(place.course.root))
    with pytest.raises(SystemExit) as ended:
        main(["release", str(place.folder), "0", "--bank", str(place.bank)])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "as it was" in said
    assert "2 of these items stand in the course itself" in said
    assert str(place.out) in said


@pytest.mark.parametrize("later", [0.0, 0.1, 0.25, 0.5])
def test_a_release_killed_at_work_can_be_done_again(place: Place, later: float) -> None:
    place.edit("{#borrow points=4}", "{#borrow points=5}")
    program = (
        "import sys; from pathlib import Path; from course.chapters import Course; "
        "from course.grading.release import release; release(Path(sys.argv[1]), Course(Path(sys.argv[2])))"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(place.folder), str(place.course.root)])
    while child.poll() is None and not list((place.folder / ".course").glob("releasing-*")):
        time.sleep(0.005)
    time.sleep(later)
    child.kill()
    child.wait()
    for path in (*place.folder.rglob("*.json"), *place.folder.rglob("*.ipynb")):
        json.loads(path.read_text("utf-8"))
    place.release()
    assert place.cells()["quiz-views"]["points"] == place.cells("source")["quiz-views"]["points"] == 8
    assert release(place.folder, place.course)[0].what == "same"
    assert not list((place.folder / ".course").glob("releasing-*"))
