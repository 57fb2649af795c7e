"""Ordering: a numbered list, written in the right order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from course.quiz.model import Option, Ordering
from course.quiz.questions._text import identify, read_option, rendered
from course.quiz.questions.base import (
    ID_SCHEMA,
    OPTION_SCHEMA,
    Draft,
    ItemType,
    Outcome,
    object_schema,
    option_json,
    options_from,
    permutation,
)

__all__ = ["OrderingType", "fewest_moves"]


def fewest_moves(places: Sequence[int]) -> int:
    """Return how many entries must be moved to sort them: all but the longest increasing subsequence."""
    tails: list[int] = []
    for place in places:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(places) - len(tails)


class OrderingType(ItemType[Ordering]):
    """Steps to put in order."""

    name = "ordering"
    model = Ordering
    attributes = frozenset({"scheme"})

    def parse(self, draft: Draft) -> Ordering | None:
        parsed = [read_option(draft, text) for text in draft.numbered]
        ids = identify(draft, [(attributes.id, text, line) for text, attributes, _, line in parsed])
        options = tuple(
            Option(id, text, feedback=feedback, line=line)
            for id, (text, _, feedback, line) in zip(ids, parsed, strict=True)
        )
        if len(options) < 2:
            draft.report("one step has only one order", draft.line, 1, "write two steps or more")
            return None
        if draft.common["scheme"] not in ("", "all"):
            draft.report(
                f"ordering has no scheme {draft.common['scheme']!r}",
                draft.line,
                draft.attributes.column("scheme") + 1,
                "write scheme=all for all or nothing; leave it out for partial credit",
            )
            return None
        return Ordering(options=options, order=tuple(ids), **draft.common)

    def outcome(self, item: Ordering, response: Mapping[str, Any]) -> Outcome:
        assert item.order is not None
        place = {id: at for at, id in enumerate(item.order)}
        given = permutation(response, "order", place, "steps")
        moves = fewest_moves([place[id] for id in given])
        if moves == 0:
            return Outcome(1.0)
        message = "one step is out of place" if moves == 1 else f"{moves} steps are out of place"
        return Outcome(0.0 if item.scheme == "all" else 1 - moves / (len(given) - 1), (f"At the least, {message}.",))

    def view(self, item: Ordering, order: Sequence[str]) -> dict[str, Any]:
        by_id = {option.id: option for option in item.options}
        return {"options": [{"id": id, **rendered(by_id[id].text, inline=True)} for id in order]}

    def answer(self, item: Ordering) -> dict[str, Any]:
        return {"order": list(item.order or ())}

    def answer_text(self, item: Ordering) -> str:
        text = {option.id: option.text for option in item.options}
        return "\n".join(f"{at}. {text[id]}" for at, id in enumerate(item.order or (), 1))

    def to_json(self, item: Ordering, keys: bool) -> dict[str, Any]:
        options = item.options if keys else sorted(item.options, key=lambda option: option.id)
        data: dict[str, Any] = {"options": [option_json(option, keys) for option in options]}
        if keys and item.order is not None:
            data["order"] = list(item.order)
        return data

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        order = data.get("order")
        options = tuple(replace(option, correct=None) for option in options_from(data["options"]))
        return {"options": options, "order": None if order is None else tuple(order)}

    def response_schema(self) -> dict[str, Any]:
        order = {"type": "array", "items": ID_SCHEMA, "uniqueItems": True}
        return object_schema(["order"], order={**order, "description": "every step's id, first to last"})

    def schema(self) -> dict[str, Any]:
        return {
            "options": {"type": "array", "items": OPTION_SCHEMA},
            "order": {"type": "array", "items": ID_SCHEMA, "description": "key: ids from first to last"},
        }
