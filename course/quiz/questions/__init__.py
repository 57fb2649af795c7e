"""The item types, one file each. A new type is a file here and a line in `TYPES`."""

from __future__ import annotations

from typing import Any

from course.quiz.questions.base import Draft, Graded, ItemType, Outcome
from course.quiz.questions.choice import Several, Single
from course.quiz.questions.essay import EssayType
from course.quiz.questions.matching import MatchingType
from course.quiz.questions.number import NumberType
from course.quiz.questions.ordering import OrderingType
from course.quiz.questions.output import OutputType
from course.quiz.questions.parsons import ParsonsType
from course.quiz.questions.short import ShortType
from course.quiz.questions.task import TaskType

__all__ = ["TYPES", "Draft", "Graded", "ItemType", "Outcome"]

TYPES: dict[str, ItemType[Any]] = {
    kind.name: kind
    for kind in (
        Single(),
        Several(),
        NumberType(),
        ShortType(),
        OrderingType(),
        MatchingType(),
        ParsonsType(),
        OutputType(),
        TaskType(),
        EssayType(),
    )
}
"""Name → type, in the order the documentation lists them."""
