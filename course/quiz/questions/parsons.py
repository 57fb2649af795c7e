"""Parsons problems: the lines of a program, to choose and arrange; in Python, to indent."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from course.errors import NotAnAttempt, UnknownOption, UnreadableResponse
from course.quiz.model import Line, Parsons
from course.quiz.questions._text import text_id
from course.quiz.questions.base import ID_SCHEMA, Draft, ItemType, Outcome, object_schema

__all__ = ["ParsonsType", "longest_common"]

_DISTRACTOR = re.compile(r"\s*(?:#|//)\s*distractor\s*$")
STEP = 4  # spaces to one level of indentation
LONGEST = 200  # lines; comparing two programs takes the product of their lengths


def longest_common(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for at, y in enumerate(b, 1):
            above = row[at]
            row[at] = diagonal + 1 if x == y else max(above, row[at - 1])
            diagonal = above
    return row[-1]


class ParsonsType(ItemType[Parsons]):
    """Lines to arrange; lines marked as distractors do not belong."""

    name = "parsons"
    model = Parsons
    attributes = frozenset({"scheme"})
    variants = False

    def parse(self, draft: Draft) -> Parsons | None:
        fence = draft.fences["parsons"]
        lines: list[Line] = []
        solution: list[tuple[str, int]] = []
        seen: dict[str, int] = {}
        for number, raw in enumerate(fence.code.split("\n"), fence.line):
            if not raw.strip():
                continue
            text = _DISTRACTOR.sub("", raw).rstrip()
            stripped = text.lstrip()
            stem = text_id(stripped)
            seen[stem] = seen.get(stem, 0) + 1
            id = stem if seen[stem] == 1 else f"{stem}-{seen[stem]}"
            lines.append(Line(id, stripped))
            if text != raw.rstrip():
                continue
            level, rest = divmod(len(text.expandtabs(STEP)) - len(stripped.expandtabs(STEP)), STEP)
            if fence.language == "rust":
                level = 0  # indentation does not count
            elif rest:
                draft.report("indentation is not a multiple of four spaces", number, 1, "indent by four spaces a level")
                return None
            solution.append((id, level))
        if len(solution) < 2 or len(lines) > LONGEST:
            draft.report("a Parsons problem has 2 to 200 lines that belong", fence.line, 1, "change the program")
            return None
        if draft.common["scheme"] not in ("", "all"):
            draft.report(
                f"a Parsons problem has no scheme {draft.common['scheme']!r}",
                draft.line,
                draft.attributes.column("scheme") + 1,
                "write scheme=all for all or nothing; leave it out for partial credit",
            )
            return None
        return Parsons(language=fence.language, lines=tuple(lines), solution=tuple(solution), **draft.common)

    def outcome(self, item: Parsons, response: Mapping[str, Any]) -> Outcome:
        assert item.solution is not None
        given = _lines_in(response, indents=item.indents)
        if not given:
            raise NotAnAttempt("no line has been placed", help="put the lines that belong in order")
        text = {line.id: line.text for line in item.lines}
        for id, _ in given:
            if id not in text:
                raise UnknownOption(id)
        # Lines with the same text are the same line, whichever of them was taken.
        wanted = [(text[id], level) for id, level in item.solution]
        placed = [(text[id], level) for id, level in given]
        spare: dict[str, int] = {}
        for line, _ in wanted:
            spare[line] = spare.get(line, 0) + 1
        foreign = 0
        for line, _ in placed:
            spare[line] = spare.get(line, 0) - 1
            foreign += spare[line] < 0
        moves = len(wanted) - longest_common(wanted, placed) + foreign
        if moves == 0:
            return Outcome(1.0)
        message = "one change mends it" if moves == 1 else f"{moves} changes mend it"
        fraction = 0.0 if item.scheme == "all" else max(0.0, 1 - moves / (len(wanted) - 1))
        return Outcome(fraction, (f"At the least, {message}.",))

    def view(self, item: Parsons, order: Sequence[str]) -> dict[str, Any]:
        text = {line.id: line.text for line in item.lines}
        return {
            "language": item.language,
            "indents": item.indents,
            "lines": [{"id": id, "text": text[id]} for id in order],
        }

    def answer(self, item: Parsons) -> dict[str, Any]:
        return {"lines": [[id, level] for id, level in item.solution or ()]}

    def answer_text(self, item: Parsons) -> str:
        text = {line.id: line.text for line in item.lines}
        body = "\n".join(" " * STEP * level + text[id] for id, level in item.solution or ())
        return f"```{item.language}\n{body}\n```"

    def to_json(self, item: Parsons, keys: bool) -> dict[str, Any]:
        lines = item.lines if keys else sorted(item.lines, key=lambda line: line.id)
        data: dict[str, Any] = {
            "language": item.language,
            "lines": [{"id": line.id, "text": line.text} for line in lines],
        }
        if keys and item.solution is not None:
            data["solution"] = [[id, level] for id, level in item.solution]
        return data

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        solution = data.get("solution")
        return {
            "language": data["language"],
            "lines": tuple(Line(line["id"], line["text"]) for line in data["lines"]),
            "solution": None if solution is None else tuple((id, level) for id, level in solution),
        }

    def response_schema(self) -> dict[str, Any]:
        lines = {"type": "array", "items": _PLACED, "minItems": 1, "maxItems": LONGEST}
        return object_schema(["lines"], lines={**lines, "description": "[line id, indent level], top to bottom"})

    def schema(self) -> dict[str, Any]:
        line = object_schema(["id", "text"], id=ID_SCHEMA, text={"type": "string"})
        return {
            "language": {"enum": ["python", "rust"]},
            "lines": {"type": "array", "items": line},
            "solution": {"type": "array", "items": _PLACED, "description": "key: [line id, indent level]"},
        }


_PLACED: dict[str, Any] = {
    "type": "array",
    "prefixItems": [ID_SCHEMA, {"type": "integer", "minimum": 0, "maximum": 50}],
    "minItems": 2,
    "maxItems": 2,
}


def _lines_in(response: Mapping[str, Any], *, indents: bool) -> list[tuple[str, int]]:
    given = response.get("lines")
    wrong = UnreadableResponse("the response has no list of [line, indent]", help="answer the question again")
    if not isinstance(given, list) or len(given) > LONGEST:
        raise wrong
    found: list[tuple[str, int]] = []
    for entry in given:
        if not isinstance(entry, list | tuple) or len(entry) != 2:
            raise wrong
        id, level = entry
        if not isinstance(id, str) or not isinstance(level, int) or isinstance(level, bool):
            raise wrong
        found.append((id, level if indents else 0))
    if len({id for id, _ in found}) != len(found):
        raise UnreadableResponse("the response places a line twice", help="answer the question again")
    return found
