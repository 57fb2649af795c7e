"""Grade one response: a pure function of the question, the variant shown and the response. No kernel, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course.errors import CannotGrade, UnreadableResponse
from course.quiz import variants
from course.quiz.model import Item
from course.quiz.questions import TYPES, Graded

__all__ = ["Graded", "grade", "price_of_hints"]

_PLACES = 9  # decimals of a fraction: enough for any scheme, and the same on every machine


def grade(item: Item, response: Mapping[str, Any], *, shown: Mapping[str, Any] | None = None, hints: int = 0) -> Graded:
    """Return points, fraction, verdict and messages for a response (a JSON-safe dict; a schema for each type).

    `shown`: the values of the variant the learner saw. `hints`: how many hints were asked for, at their price.

    Raises:
        NotAnAttempt: it cannot be read for certain; the message says how to write it.
        UnknownOption: it names an option that the question does not have.
        UnreadableResponse: it is not of the form this type asks for.
        CannotGrade: the item has no key here, or is no question.
    """
    if not item.keyed:
        raise CannotGrade(
            f"the key of {item.full_id} is not in this bank", help="it is graded by the instructor, with the full bank"
        )
    if not isinstance(response, Mapping):
        raise UnreadableResponse("the response is no object", help="answer the question again")
    if item.variant is not None:
        item = variants.fill_key(item, shown)
    outcome = TYPES[item.type].outcome(item, response)
    fraction = outcome.fraction
    if fraction >= 1:
        verdict = "right"
    elif fraction > 0:
        verdict, fraction = "partly", round(fraction, _PLACES)
    else:
        verdict = "wrong"
    points = fraction * item.points
    if hints and points:
        points = max(0.0, points - price_of_hints(item, hints))
    return Graded(points, fraction, verdict, outcome.messages, outcome.per_option)


def price_of_hints(item: Item, count: int) -> float:
    """Return the points that the first `count` hints of an item cost."""
    return sum(hint.cost for hint in item.hints[: max(0, count)]) * item.points
