"""How well a made-up learner does: which questions they get right, and what they write for a task."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.errors import CourseError
from course.quiz import grade, shown_values, variants
from course.quiz.answers import Attempt
from course.quiz.model import Matching, Ordering, Output, Parsons, Question, SeveralChoice, SingleChoice
from course.quiz.questions import TYPES

__all__ = ["ABILITIES", "Ability", "attempts_for", "hostile_python", "hostile_rust", "right_response", "wrong_response"]


@dataclass(frozen=True)
class Ability:
    """Chances: that a question is answered at all, that it is answered right, and what becomes of each task.

    tasks: how often a task is solved, is one of its listed wrong solutions, is left as it was, or does not even run.
    """

    answers: float
    right: float
    tasks: tuple[float, float, float, float]
    share: int  # of a hundred learners


ABILITIES = {
    "perfect": Ability(1.0, 1.0, (1, 0, 0, 0), 15),
    "good": Ability(1.0, 0.85, (0.9, 0.1, 0, 0), 35),
    "middling": Ability(0.95, 0.6, (0.5, 0.3, 0.1, 0.1), 30),
    "beginner": Ability(0.8, 0.4, (0.1, 0.3, 0.4, 0.2), 15),
    "blank": Ability(0.0, 0.0, (0, 0, 1, 0), 5),
}


def right_response(item: Question, shown: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a response that is fully right for what this learner was shown."""
    filled = variants.fill_key(item, shown) if item.variant is not None else item
    return TYPES[item.type].answer(filled)


def wrong_response(item: Question, shown: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a response that can be read and is not fully right."""
    for response in _candidates(item):
        try:
            if grade(item, response, shown=shown).fraction < 1:
                return response
        except CourseError:
            continue
    raise CourseError(f"no wrong answer to {item.full_id} was found", help="add one to _candidates")


def _candidates(item: Question) -> list[dict[str, Any]]:
    if isinstance(item, SingleChoice):
        return [{"options": [option.id]} for option in item.options]
    if isinstance(item, SeveralChoice):
        return [{"options": [option.id]} for option in item.options] + [{"options": [o.id for o in item.options]}]
    if isinstance(item, Ordering):
        ids = [option.id for option in item.options]
        return [{"order": ids[::-1]}, {"order": ids}]
    if isinstance(item, Matching):
        rights = [option.id for option in item.right]
        return [{"pairs": {left.id: right for left in item.left}} for right in rights]
    if isinstance(item, Parsons):
        return [{"lines": [[line.id, 0] for line in item.lines]}]
    if isinstance(item, Output):
        return [{"text": "nothing of the kind\n"}, {"text": "0"}, {"compiles": False, "code": "E0000"}]
    return [{"text": "-987654.25"}, {"text": "something else"}]


def attempts_for(
    items: tuple[Question, ...], ability: Ability, learner: str, secret: str, rng: random.Random
) -> tuple[list[Attempt], dict[str, float]]:
    """Return the attempts a learner makes at some questions, and the points that each question must give.

    Some answer wrongly first and rightly then, where a question allows it: the last answer counts.
    """
    attempts: list[Attempt] = []
    expected: dict[str, float] = {}
    for number, item in enumerate(items):
        expected[item.full_id] = 0.0
        if rng.random() >= ability.answers:
            continue
        shown = shown_values(item, learner=learner, n=0, secret=secret)
        right = rng.random() < ability.right
        responses = [right_response(item, shown) if right else wrong_response(item, shown)]
        if right and item.attempts is None and rng.random() < 0.2:
            responses.insert(0, wrong_response(item, shown))
        for turn, response in enumerate(responses):
            attempts.append(
                Attempt(
                    attempt=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                    item=item.full_id,
                    response=response,
                    at=f"2026-11-{1 + number % 28:02d}T{8 + turn:02d}:{rng.randrange(60):02d}:00.000Z",
                    mode=item.mode,
                    seconds=round(rng.uniform(5, 90), 1),
                    bank=item.chapter,
                    learner=learner,
                )
            )
        expected[item.full_id] = grade(item, responses[-1], shown=shown).points
    return attempts, expected


def hostile_python(program: str, function: str) -> str:
    """Return a hostile program as the answer to a Python task."""
    return program.replace("NAME", function).strip() + "\n"


def hostile_rust(program: str, cell: str, function: str) -> str:
    """Return a hostile program as the answer to a Rust task: the cell with its function's body replaced."""
    head, body_mark, body = program.partition("BODY ")
    magic, _, source = cell.partition("\n")
    start = re.search(rf"\bfn\s+{re.escape(function)}\b", source)
    if start is None:
        raise CourseError(f"the cell has no function {function}", help="check the task's name in the quiz file")
    opening = source.index("{", start.end())
    depth, at = 1, opening + 1
    while depth:
        depth += {"{": 1, "}": -1}.get(source[at], 0)
        at += 1
    inner = f"{body.strip()}\n    #[allow(unreachable_code)]\n    {{ todo!() }}" if body_mark else " todo!() "
    return f"{magic}\n{source[:opening]}{{ {inner} }}{source[at:]}\n{head.strip()}\n"
