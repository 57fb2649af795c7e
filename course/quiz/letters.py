"""Responses as people type them, and as they read them: `b`, `a, c`, `c a b`, `1c 2a`, `c a >b`, `does not compile`.

The letters are those of the options as they are displayed, so both ways take a view. This is how a question is
answered where no JavaScript runs, and how an answer is shown beside the printed questions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from course.errors import NotAnAttempt

__all__ = ["how_to", "letter", "response_from", "words"]

_FAILS = re.compile(
    r"\s*(?:it\s+)?(?:does\s+not|doesn't|doesn’t)\s+compile\s*:?\s*(?P<code>E?\d*)\s*\.?\s*", re.IGNORECASE
)


def letter(index: int) -> str:
    """Return the name of the option at an index: A to Z, then AA, AB and so on."""
    return chr(65 + index) if index < 26 else letter(index // 26 - 1) + chr(65 + index % 26)


def how_to(view: Mapping[str, Any]) -> str:
    """Return an example of what to type for this question."""
    kind = view["type"]
    if kind == "output":
        prints_only = view.get("language") == "python"
        return "what it prints" if prints_only else 'what it prints, or "does not compile: E0001"'
    return {
        "single": "b",
        "several": "a, c",
        "ordering": " ".join(letter(i).lower() for i in reversed(range(len(view.get("options", ()))))),
        "matching": " ".join(f"{n}{letter(n - 1).lower()}" for n in range(1, len(view.get("left", ())) + 1)),
        "parsons": "c a >b" if view.get("indents") else "c a b",
        "number": "1e-3",
        "short": "your answer",
    }.get(kind, "")


def response_from(view: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return the response that a typed answer means. Raises `NotAnAttempt` saying how to write it."""
    kind = view["type"]
    if kind in ("number", "short"):
        return {"text": text}
    if kind == "output":
        fails = _FAILS.fullmatch(text)
        if fails and view.get("language") != "python":
            code = fails["code"].upper()
            return {"compiles": False, "code": f"E{code}" if code and not code.startswith("E") else code}
        return {"text": text}
    if kind in ("single", "several"):
        ids = _letters(view, _split(text), view["options"])
        if kind == "single" and len(ids) > 1:
            raise _mistake(view, "this question has one answer")
        return {"options": ids}
    if kind == "ordering":
        return {"order": _letters(view, _split(text), view["options"])}
    if kind == "matching":
        return {"pairs": _pairs(view, text)}
    if kind == "parsons":
        lines = re.findall(r"(>*)\s*([A-Za-z]+)", text)
        if not lines or re.sub(r"[>A-Za-z,;\s]", "", text):
            raise _mistake(view, f"{text!r} names no lines")
        if len(lines) == 1 and len(lines[0][1]) > 1 and len(view["lines"]) <= 26:
            lines = [(lines[0][0] if n == 0 else "", one) for n, one in enumerate(lines[0][1])]
        ids = _letters(view, [name for _, name in lines], view["lines"])
        return {"lines": [[id, len(deep)] for id, (deep, _) in zip(ids, lines, strict=True)]}
    raise NotAnAttempt("this item is answered in its own cell", help="see the text of the question")


def words(view: Mapping[str, Any], response: Mapping[str, Any] | None) -> str:
    """Return a response in the letters and words of the page, on one line; what is unknown is shown as it is."""
    if not response:
        return ""
    kind = view["type"]
    if kind in ("single", "several", "ordering"):
        names = _names(view["options"])
        ids = response.get("order" if kind == "ordering" else "options")
        shown = [names.get(str(id), str(id)) for id in ids] if isinstance(ids, list) else []
        if kind == "ordering":
            return " ".join(shown)
        texts = {option["id"]: _one_line(option["text"]) for option in view["options"]}
        return "; ".join(f"{name}. {texts.get(id, '')}" for name, id in zip(shown, ids or [], strict=True))
    if kind == "matching" and isinstance(pairs := response.get("pairs"), dict):
        names = _names(view["right"])
        lefts = {left["id"]: number for number, left in enumerate(view["left"], 1)}
        found = sorted((lefts.get(a, 0), names.get(str(b), str(b))) for a, b in pairs.items())
        return " ".join(f"{number}{name}" for number, name in found)
    if kind == "parsons" and isinstance(lines := response.get("lines"), list):
        names = _names(view["lines"])
        return " ".join(">" * int(line[1]) + names.get(line[0], "?") for line in lines if _is_line(line))
    if response.get("compiles") is False:
        code = str(response.get("code") or "")
        return f"does not compile: {code}" if code else "does not compile"
    return _one_line(str(response.get("text", "")))


def _is_line(line: object) -> bool:
    return isinstance(line, list) and len(line) == 2 and type(line[1]) is int and 0 <= line[1] < 100


def _names(options: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {option["id"]: letter(index) for index, option in enumerate(options)}


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def _split(text: str) -> list[str]:
    """Return the letters of `a, c`, `a c` and `ac`; letters stand alone or all together."""
    parts = [part for part in re.split(r"[\s,;]+", text.strip()) if part]
    return list(parts[0]) if len(parts) == 1 else parts


def _letters(view: Mapping[str, Any], given: Sequence[str], options: Sequence[Mapping[str, Any]]) -> list[str]:
    by_letter = {name.lower(): id for id, name in _names(options).items()}
    ids = []
    for one in given:
        id = by_letter.get(one.lower())
        if id is None:
            last = letter(len(options) - 1).lower()
            raise _mistake(view, f"there is no {one!r} here, the letters go from a to {last}")
        if id in ids:
            raise _mistake(view, f"{one!r} is named twice")
        ids.append(id)
    if not ids:
        raise _mistake(view, "the answer is empty")
    return ids


def _pairs(view: Mapping[str, Any], text: str) -> dict[str, str]:
    found = re.findall(r"(\d+)\s*[-=:.→)]*\s*([A-Za-z]+)", text)
    if not found:
        raise _mistake(view, f"{text!r} names no pairs")
    by_letter = {name.lower(): id for id, name in _names(view["right"]).items()}
    pairs: dict[str, str] = {}
    for number, name in found:
        if not 1 <= int(number[:9]) <= len(view["left"]):
            raise _mistake(view, f"there is no number {number} on the left")
        if name.lower() not in by_letter:
            raise _mistake(view, f"there is no {name!r} on the right")
        left = view["left"][int(number) - 1]["id"]
        if left in pairs:
            raise _mistake(view, f"number {number} is paired twice")
        pairs[left] = by_letter[name.lower()]
    return pairs


def _mistake(view: Mapping[str, Any], what: str) -> NotAnAttempt:
    return NotAnAttempt(what, help=f'write it like answer("{view["id"]}", "{how_to(view)}")')
