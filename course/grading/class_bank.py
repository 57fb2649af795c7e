"""The quiz a class is graded by: the course's own, with the instructor's private sections in place of its public ones.

A section of a private bank takes the place of the section with the same id, whole: its text, its questions, how many
are drawn. Tasks and essays of the old section stay where the new one has none of that id, because the notebook has a
cell for each of them. Sections of new ids are added at the end.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from course.build import quiz_of
from course.errors import CourseError, UsageMistake
from course.quiz import bank
from course.quiz.model import Item, Question, Quiz, Section

__all__ = ["ClassBank", "class_bank", "points_of", "seed_for", "with_points"]


@dataclass(frozen=True)
class ClassBank:
    """A chapter's quiz as a class is graded by it, and the ids of the items that anyone can look up."""

    quiz: Quiz
    public: frozenset[str]


def seed_for(secret: bytes, chapter: str) -> str:
    """Return what the learner bank of a chapter draws variants from. It tells nothing of the secret."""
    return hmac.digest(secret, f"variants of {chapter}".encode(), "sha256").hex()[:32]


def class_bank(own: Path, private: Sequence[Path], chapter: str, *, mode: str, secret: bytes) -> ClassBank | None:
    """Put a chapter's quiz together; None where neither the course nor a private bank has one.

    own: the folder of the course's quizzes. private: folders of banks; where two have the chapter, the later one wins.

    Raises:
        CourseError: a bank cannot be read, holds no keys, or gives one id to two items.
        UsageMistake: there is no such folder.
    """
    found: Quiz | None = None
    public: set[str] = set()
    path = next((p for s in ("md", "json") if (p := own / f"{chapter}.{s}").is_file()), None)
    if path is not None:
        found = bank.read(path)
        public = {item.id for item in found.items}
    for folder in private:
        if not folder.is_dir():
            raise UsageMistake("there is no such bank", place=str(folder), help="name a folder of quiz files")
        banks = bank.Bank(folder)
        if chapter not in banks:
            continue
        added = banks.quiz(chapter)
        found = added if found is None else _merged(found, added)
        public -= {item.id for item in added.items}
    if found is None:
        return None
    _check(found)
    sections = tuple(replace(s, items=tuple(replace(i, mode=mode) for i in s.items)) for s in found.sections)
    quiz = replace(found, sections=sections, seed=seed_for(secret, chapter))
    return ClassBank(quiz, frozenset(public & {item.id for item in quiz.items}))


def _merged(base: Quiz, added: Quiz) -> Quiz:
    theirs = {section.id: section for section in added.sections}
    new_ids = {item.id for item in added.items}
    sections: list[Section] = []
    for section in base.sections:
        other = theirs.pop(section.id, None)
        if other is None:
            kept = tuple(item for item in section.items if item.id not in new_ids)
            sections.append(replace(section, items=kept))
            continue
        kept = tuple(item for item in section.items if not isinstance(item, Question) and item.id not in new_ids)
        sections.append(replace(other, items=(*other.items, *kept)))
    sections += theirs.values()
    return replace(added, sections=tuple(sections), exam_minutes=added.exam_minutes or base.exam_minutes)


def _check(quiz: Quiz) -> None:
    names = {section.id for section in quiz.sections}
    for item in quiz.items:
        if item.id in names:
            help = f"give the item of the private bank another id: ### … {{#{item.id}-2}}"
            raise CourseError(f"a section and an item are both called {item.id!r}", place=quiz.path, help=help)
    for item in quiz.items:
        if not item.keyed:
            raise CourseError(
                f"the key of {item.full_id} is not in this bank",
                place=quiz.path,
                help="release from the quiz file itself, in a clone of the course or with --bank",
            )


def points_of(section: Section) -> float:
    """Return what a section's questions are worth; where some are drawn, the most a learner can be given."""
    points = sorted((question.points for question in section.questions), reverse=True)
    return _whole(sum(points[: section.pick]))


def _whole(points: float) -> float:
    return int(points) if points == int(points) else points


def with_points(notebook: dict[str, Any], quiz: Quiz | None, chapter: str) -> dict[str, Any]:
    """Return a built notebook whose graded cells are worth what the quiz says, for cells that a quiz is behind.

    Raises `CourseError` where a cell shows a section or a task that the quiz lacks.
    """
    cells = []
    for cell in notebook["cells"]:
        record = cell["metadata"].get("nbgrader", {})
        name = str(record.get("grade_id", ""))
        points: float | None = None
        if record.get("grade") and (quiz_of(cell["source"]) or name.startswith("check-")):
            if quiz is None:
                raise CourseError(f"{chapter} shows a quiz and has none", place=chapter, help="add its quiz file")
            if shown := quiz_of(cell["source"]):
                points = points_of(quiz.section(shown.partition("/")[2]))
            else:
                points = _whole(quiz.item(name.removeprefix("check-")).points)
        elif record.get("grade") and record.get("solution") and quiz is not None:
            points = next((_whole(item.points) for item in _essays(quiz) if item.id == name), None)
        worth = {} if points is None else {"metadata": cell["metadata"] | {"nbgrader": record | {"points": points}}}
        cells.append(cell | worth)
    return notebook | {"cells": cells}


def _essays(quiz: Quiz) -> list[Item]:
    return [item for item in quiz.items if item.type == "essay"]
