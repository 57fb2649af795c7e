"""Essays: free text, with a rubric of criteria, evidence and counter-evidence."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from course.errors import CannotGrade
from course.quiz.attributes import BadAttribute, split
from course.quiz.model import Criterion, Essay
from course.quiz.questions._text import text_id
from course.quiz.questions.base import ID_SCHEMA, Draft, ItemType, Outcome, object_schema

__all__ = ["EssayType"]

_HELP = "write `> - what it says {points=1}`, below it `>   - evidence | another wording` and `>   - not: …`"


class EssayType(ItemType[Essay]):
    """A quote that starts with `**Rubric:**`, and a quoted list."""

    name = "essay"
    model = Essay
    variants = False

    def parse(self, draft: Draft) -> Essay | None:
        assert draft.rubric is not None
        found: list[tuple[str | None, str, float, list[tuple[str, ...]], list[tuple[str, ...]]]] = []
        sound = True
        for at, raw in enumerate(draft.rubric.lines):
            line, column = draft.rubric.place(draft.rubric.first + at)
            text = raw.strip()
            if not text:
                continue
            nested = raw[:1].isspace()
            text = re.sub(r"^[-*+]\s+", "", text)
            if not nested:
                try:
                    words, attributes = split(text, {"points"})
                    points = float(attributes.get("points") or "1")
                except BadAttribute as bad:
                    column += max(0, raw.find(text)) + bad.column
                    draft.report(bad.message, line, column, bad.help)
                    sound = False
                    continue
                except ValueError:
                    points = math.nan
                if not (0 < points < 1000) or not words:
                    draft.report("a criterion has words and points above zero", line, column, _HELP)
                    sound = False
                    continue
                found.append((attributes.id, words, points, [], []))
            elif not found:
                draft.report("evidence without a criterion above it", line, column, _HELP)
                sound = False
            else:
                against = text.lower().startswith("not:")
                words = text[4:] if against else text
                alternatives = tuple(" ".join(part.split()) for part in words.split("|") if part.strip())
                if alternatives:
                    (found[-1][4] if against else found[-1][3]).append(alternatives)
        if not found and sound:
            draft.report("the rubric has no criterion", draft.rubric.first, 1, _HELP)
        if not found or not sound:
            return None
        rubric = tuple(
            Criterion(id or text_id(words), words, points, tuple(evidence), tuple(against))
            for id, words, points, evidence, against in found
        )
        if len({criterion.id for criterion in rubric}) != len(rubric):
            draft.report("two criteria are the same", draft.rubric.first, 1, "give each an id: {#id points=1}")
            return None
        total = math.fsum(criterion.points for criterion in rubric)
        if draft.attributes.get("points") is None:
            draft.common["points"] = total
        elif not math.isclose(total, draft.common["points"]):
            column = draft.attributes.column("points") + 1
            draft.report(
                f"the criteria have {total:g} points together, the essay {draft.common['points']:g}",
                draft.line,
                column,
                "leave points out: the rubric's are summed",
            )
            return None
        return Essay(rubric=rubric, **draft.common)

    def outcome(self, item: Essay, response: Mapping[str, Any]) -> Outcome:
        raise CannotGrade(
            f"{item.full_id} is an essay: a person marks it", help="course grade gives a provisional score"
        )

    def view(self, item: Essay, order: Sequence[str]) -> dict[str, Any]:
        return {}  # a criterion's words are half the answer

    def answer(self, item: Essay) -> dict[str, Any]:
        return {}

    def answer_text(self, item: Essay) -> str:
        return "\n".join(f"- {criterion.text}" for criterion in item.rubric)

    def to_json(self, item: Essay, keys: bool) -> dict[str, Any]:
        if not keys:
            return {}
        rubric = []
        for criterion in item.rubric:
            data: dict[str, Any] = {"id": criterion.id, "text": criterion.text, "points": criterion.points}
            data["evidence"] = [list(words) for words in criterion.evidence or ()]
            data["against"] = [list(words) for words in criterion.against or ()]
            rubric.append(data)
        return {"rubric": rubric}

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        def words(criterion: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], ...] | None:
            return None if name not in criterion else tuple(tuple(entry) for entry in criterion[name])

        return {
            "rubric": tuple(
                Criterion(c["id"], c["text"], c["points"], words(c, "evidence"), words(c, "against"))
                for c in data.get("rubric", ())
            )
        }

    def response_schema(self) -> dict[str, Any]:
        return {"not": {}, "description": "an essay's answer is text in the notebook"}

    def schema(self) -> dict[str, Any]:
        words = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}, "description": "key"}
        criterion = object_schema(
            ["id", "text", "points"],
            id=ID_SCHEMA,
            text={"type": "string"},
            points={"type": "number"},
            evidence=words,
            against=words,
        )
        return {"rubric": {"type": "array", "items": criterion, "description": "key"}}
