"""A made-up class is the same for the same seed, holds every kind, and says truly what each must get."""

import json

import pytest

from course.chapters import Course
from course.cli import main
from course.errors import UnknownName, UsageMistake
from course.grading.synthetic import KINDS, make_class, write_class
from course.quiz import answers, bank
from course.quiz.marking import marks
from course.quiz.model import Question

COURSE = Course.find()
CHAPTER = COURSE.chapter("03")


def test_the_same_seed_gives_the_same_class_and_another_gives_another():
    one, again, other = (list(make_class(COURSE, CHAPTER, 12, seed=seed)) for seed in (1, 1, 2))

    assert one == again
    assert [pupil.content for pupil in one] != [pupil.content for pupil in other]


def test_no_two_learners_hand_in_the_same_solution():
    solutions = set()
    for pupil in make_class(COURSE, CHAPTER, 10, kinds=["perfect"]):
        cells = json.loads(pupil.content)["cells"]
        solutions |= {c["source"] for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == "standardise"}

    assert len(solutions) == 10


def test_a_class_of_some_hundreds_has_every_kind_but_the_huge():
    kinds = {pupil.kind for pupil in make_class(COURSE, CHAPTER, 900)}

    assert kinds == {kind for group in KINDS.values() for kind in group}


@pytest.mark.parametrize("kind", KINDS["honest"])
def test_the_points_expected_for_questions_are_those_that_marking_gives(kind, tmp_path):
    pupil = next(iter(make_class(COURSE, CHAPTER, 1, kinds=[kind], seed=5)))
    path = tmp_path / "03_ndarray.ipynb"
    path.write_bytes(pupil.content)
    quiz = bank.read(CHAPTER.quiz)
    attempts = answers.from_notebook(path).attempts

    given = {}
    for section in quiz.sections:
        found = marks(quiz, section, attempts, learner=pupil.name)
        given |= {mark.item.full_id: mark.points for mark in found.marks if isinstance(mark.item, Question)}

    questions = {item.full_id for item in quiz.items if isinstance(item, Question)}
    assert {item: points for item, points in pupil.points.items() if item in questions} == pytest.approx(given)
    assert set(answers.read_text(answers.write_text(pupil.attempts)).attempts) == set(attempts)


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="endless-loop"):
        list(make_class(COURSE, CHAPTER, 1, kinds=["endles-loop"]))


def test_made_up_learners_are_not_mixed_with_real_ones(tmp_path):
    real = tmp_path / "submitted" / "ada" / "03_ndarray"
    real.mkdir(parents=True)
    (real / "03_ndarray.ipynb").write_text("hers")

    with pytest.raises(UsageMistake):
        write_class(tmp_path, make_class(COURSE, CHAPTER, 1))

    assert (real / "03_ndarray.ipynb").read_text() == "hers"
    assert [entry.name for entry in tmp_path.iterdir()] == ["submitted"]


def test_a_class_can_grow_and_its_list_keeps_everyone(tmp_path):
    write_class(tmp_path, make_class(COURSE, CHAPTER, 2, kinds=["good"]))
    path = write_class(tmp_path, make_class(COURSE, CHAPTER, 3, kinds=["blank"]))

    listed = json.loads(path.read_text())
    assert [(each["learner"], each["kind"]) for each in listed] == [
        ("learner-0001", "blank"),
        ("learner-0002", "blank"),
        ("learner-0003", "blank"),
    ]


def test_the_command_writes_a_class_and_says_what_comes_next(tmp_path, capsys):
    call = ["dev", "class", "3", str(tmp_path), "--kind", "perfect", "--kind", "torn", "--notebook-alone"]

    with pytest.raises(SystemExit) as exit:
        main(call)

    said = capsys.readouterr().out
    assert exit.value.code == 0
    assert "3 submissions of 03_ndarray in" in said
    assert "course grade" in said
    listed = json.loads((tmp_path / "expected.json").read_text())
    assert [(each["learner"], each["kind"]) for each in listed] == [
        ("learner-0001", "perfect"),
        ("learner-0002", "torn"),
        ("learner-0003", "perfect"),
    ]
    files = {path.name for path in (tmp_path / "submitted").rglob("*") if path.is_file()}
    assert files == {"03_ndarray.ipynb"}, "the notebook alone, without answers files"


def test_the_command_lists_the_kinds(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit:
        main(["dev", "class", "1", str(tmp_path / "none"), "--kinds"])

    said = capsys.readouterr().out
    assert exit.value.code == 0
    assert all(kind in said for group in KINDS.values() for kind in group)
    assert not (tmp_path / "none").exists()
