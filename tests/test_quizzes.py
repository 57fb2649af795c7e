"""The course's own quizzes: each file parses, keeps the item-writing rules, and its keys are what is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.quiz import load
from course.quiz.checking import check
from course.quiz.model import Question, SeveralChoice, SingleChoice

FILES = sorted((Path(__file__).parent.parent / "quizzes").glob("*.md"))


def test_there_are_quizzes() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_quiz_keeps_the_rules(path: Path) -> None:
    found = check([path], proofs=False)
    assert [*found.errors, *found.findings] == []


@pytest.mark.needs("rust", "crates")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_key_that_can_be_computed_is_what_is_computed(path: Path) -> None:
    found = check([path])
    assert [*found.drifted, *found.not_proved] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_option_has_feedback_and_every_question_an_id_of_its_own(path: Path) -> None:
    text = path.read_text("utf-8")
    for item in load(path).items:
        if isinstance(item, SingleChoice | SeveralChoice):
            silent = [option.text for option in item.options if not option.feedback]
            assert silent == [], f"{path.name}:{item.line}: no feedback"
        if isinstance(item, Question):
            assert f"{{#{item.id}" in text, f"{path.name}:{item.line}: the id comes from the heading"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_chapter_asks_eight_to_twelve_questions_of_four_types_two_or_three_at_a_time(path: Path) -> None:
    sections = {section.id: section.questions for section in load(path).sections if section.questions}
    questions = [question for asked in sections.values() for question in asked]
    if path.stem == "00_welcome":  # a third of an evening
        assert 6 <= len(questions) <= 8
    elif path.stem == "03_ndarray":  # the chapter that others are measured by asks more
        assert len(questions) >= 8
    else:
        assert 8 <= len(questions) <= 12

    assert len({question.type for question in questions}) >= 4
    assert [id for id, asked in sections.items() if not 2 <= len(asked) <= 3] == []
