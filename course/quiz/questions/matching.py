"""Matching: a table with the header `left | right`; extra right-hand rows are distractors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course.errors import NotAnAttempt, UnknownOption, UnreadableResponse
from course.quiz.model import Matching, Option
from course.quiz.questions._text import rendered, text_id
from course.quiz.questions.base import (
    ID_SCHEMA,
    OPTION_SCHEMA,
    Draft,
    ItemType,
    Outcome,
    object_schema,
    option_json,
    options_from,
)

__all__ = ["MatchingType"]


class MatchingType(ItemType[Matching]):
    """Each left-hand entry goes with one right-hand entry."""

    name = "matching"
    model = Matching
    attributes = frozenset({"scheme"})

    def parse(self, draft: Draft) -> Matching | None:
        left: list[Option] = []
        right: dict[str, Option] = {}
        pairs: dict[str, str] = {}
        sound = True
        for line, cells in draft.table[1:]:
            a, b = cells[0].strip(), cells[1].strip()
            if not b:
                draft.report("a row without a right-hand side", line, 1, "write what belongs to it, or delete the row")
                sound = False
                continue
            answer = right.setdefault(text_id(b), Option(text_id(b), b, line=line))
            if not a:
                continue
            if text_id(a) in pairs:
                draft.report(f"two rows have the same left-hand side: {a[:40]}", line, 1, "word one differently")
                sound = False
            left.append(Option(text_id(a), a, line=line))
            pairs[text_id(a)] = answer.id
        if sound and (len(left) < 2 or len(right) < 2):
            draft.report("there is nothing to choose between", draft.line, 1, "write two rows or more")
            sound = False
        if draft.common["scheme"] not in ("", "all"):
            draft.report(
                f"matching has no scheme {draft.common['scheme']!r}",
                draft.line,
                draft.attributes.column("scheme") + 1,
                "write scheme=all for all or nothing; leave it out for partial credit",
            )
            sound = False
        if not sound:
            return None
        return Matching(left=tuple(left), right=tuple(right.values()), pairs=pairs, **draft.common)

    def outcome(self, item: Matching, response: Mapping[str, Any]) -> Outcome:
        assert item.pairs is not None
        given = response.get("pairs")
        if not isinstance(given, dict) or not all(isinstance(v, str) for kv in given.items() for v in kv):
            raise UnreadableResponse("the response has no pairs", help="answer the question again")
        known = {option.id for option in item.right}
        for a, b in given.items():
            if a not in item.pairs:
                raise UnknownOption(a)
            if b not in known:
                raise UnknownOption(b)
        if len(given) < len(item.pairs):
            missing = len(item.pairs) - len(given)
            raise NotAnAttempt(f"{missing} of {len(item.pairs)} have no partner yet", help="choose one for each")
        verdicts = {a: item.pairs[a] == b for a, b in given.items()}
        right = sum(verdicts.values())
        if right == len(verdicts):
            return Outcome(1.0, (), verdicts)
        fraction = 0.0 if item.scheme == "all" else right / len(verdicts)
        return Outcome(fraction, (f"{right} of {len(verdicts)} are right.",), verdicts)

    def view(self, item: Matching, order: Sequence[str]) -> dict[str, Any]:
        by_id = {option.id: option for option in item.right}
        return {
            "left": [{"id": o.id, **rendered(o.text, inline=True)} for o in item.left],
            "right": [{"id": id, **rendered(by_id[id].text, inline=True)} for id in order],
        }

    def answer(self, item: Matching) -> dict[str, Any]:
        return {"pairs": dict(item.pairs or {})}

    def answer_text(self, item: Matching) -> str:
        right = {option.id: option.text for option in item.right}
        pairs = item.pairs or {}
        return "\n".join(f"- {option.text} → {right[pairs[option.id]]}" for option in item.left)

    def to_json(self, item: Matching, keys: bool) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for side, options in (("left", item.left), ("right", item.right)):
            # Sorted by id where the key is not to ship: together, the two sides' file order would tell it.
            shown = options if keys else sorted(options, key=lambda option: option.id)
            data[side] = [option_json(option, keys) for option in shown]
        if keys and item.pairs is not None:
            data["pairs"] = dict(item.pairs)
        return data

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        pairs = data.get("pairs")
        return {
            "left": options_from(data["left"]),
            "right": options_from(data["right"]),
            "pairs": None if pairs is None else dict(pairs),
        }

    def response_schema(self) -> dict[str, Any]:
        pairs = {
            "type": "object",
            "additionalProperties": ID_SCHEMA,
            "description": "left id → right id, for every left",
        }
        return object_schema(["pairs"], pairs=pairs)

    def schema(self) -> dict[str, Any]:
        return {
            "left": {"type": "array", "items": OPTION_SCHEMA},
            "right": {"type": "array", "items": OPTION_SCHEMA},
            "pairs": {"type": "object", "additionalProperties": ID_SCHEMA, "description": "key: left id → right id"},
        }
