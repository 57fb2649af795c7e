"""What does this program print? Does it compile? A fence of code, then `text output` or `= does not compile`.

Both are one type, with one response form, so that how the question is asked does not give the answer away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from course.errors import NotAnAttempt, UnreadableResponse
from course.quiz.model import Output
from course.quiz.questions.base import Draft, ItemType, Outcome, object_schema

__all__ = ["DOES_NOT_COMPILE", "OutputType", "as_printed"]

LONGEST = 20_000  # characters of output
DOES_NOT_COMPILE = re.compile(r"does not compile(?:\s*:\s*(?P<code>\S.*))?", re.IGNORECASE)
_CODE = re.compile(r"(?:error)?\s*\[?[eE]?\s*(\d{1,4})\]?")


def as_printed(text: str) -> str:
    """Return output as it is compared: without white space at the ends of lines and without empty lines at the end."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).rstrip("\n")


def error_code(text: str) -> str | None:
    """Return the compiler's code that a text means (`E0382`, `e382`, `error[E0382]`), or None."""
    match = _CODE.fullmatch(text.strip())
    return f"E{int(match[1]):04}" if match else None


class OutputType(ItemType[Output]):
    """Predict what the compiler and the program do."""

    name = "output"
    model = Output
    attributes = frozenset({"scheme"})

    def parse(self, draft: Draft) -> Output | None:
        code = draft.code
        if code is None:
            draft.report("there is no program above this", draft.line, 1, "put a fence `rust` or `python` before it")
            return None
        if draft.common["scheme"] not in ("", "all"):
            draft.report(
                f"this question has no scheme {draft.common['scheme']!r}",
                draft.line,
                draft.attributes.column("scheme") + 1,
                "write scheme=all for all or nothing; leave it out for partial credit",
            )
            return None
        common = {**draft.common, "language": code.language, "code": code.code, "code_line": code.line}
        if "output" in draft.fences:
            return Output(prints=as_printed(draft.fences["output"].code), **common)
        written = draft.keys[0]
        match = DOES_NOT_COMPILE.fullmatch(written.text.strip())
        assert match is not None
        if code.language != "rust":
            draft.report("only Rust is compiled here", written.line, written.column, "use a fence `text output`")
            return None
        if match["code"] is None:
            return Output(error="", **common)
        error = error_code(match["code"])
        if error is None:
            draft.report(
                f"this is no code of the compiler: {match['code'][:30]}",
                written.line,
                written.column,
                "write `= does not compile: E0382`",
            )
            return None
        return Output(error=error, **common)

    def outcome(self, item: Output, response: Mapping[str, Any]) -> Outcome:
        text, compiles = response.get("text"), response.get("compiles")
        if compiles is False and text is None:
            code = response.get("code", "")
            if not isinstance(code, str) or len(code) > 100:
                raise UnreadableResponse("the response has no readable code", help="answer the question again")
            given = error_code(code)
            if code.strip() and given is None:
                raise NotAnAttempt(f"{code.strip()[:30]!r} is no code of the compiler", help="write it like E0001")
            if item.error is None:
                return Outcome(0.0, ("It compiles and runs.",))
            if not item.error or given == item.error:
                return Outcome(1.0)
            said = "It does not compile, but not for that reason." if given else "It does not compile: with which code?"
            return Outcome(0.0 if item.scheme == "all" else 0.5, (said,))
        if not isinstance(text, str) or compiles is not None:
            raise UnreadableResponse(
                "the response says neither what is printed nor that it does not compile", help="answer it again"
            )
        if len(text) > LONGEST:
            raise NotAnAttempt(f"output of {len(text)} characters was not read", help="write what the program prints")
        if item.prints is None:
            return Outcome(0.0, ("It does not compile.",))
        if as_printed(text) == item.prints:
            return Outcome(1.0)
        if "".join(text.split()) == "".join(item.prints.split()):
            return Outcome(0.0, ("Only the white space differs: spaces and line ends count.",))
        return Outcome(0.0)

    def view(self, item: Output, order: Sequence[str]) -> dict[str, Any]:
        return {"language": item.language}

    def answer(self, item: Output) -> dict[str, Any]:
        return {"text": item.prints} if item.prints is not None else {"compiles": False, "code": item.error or ""}

    def answer_text(self, item: Output) -> str:
        if item.prints is not None:
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", item.prints)), default=0))
            return f"It prints:\n\n{fence}text\n{item.prints}\n{fence}" if item.prints else "It prints nothing."
        return f"It does not compile: `{item.error}`." if item.error else "It does not compile."

    def to_json(self, item: Output, keys: bool) -> dict[str, Any]:
        data: dict[str, Any] = {"language": item.language, "code": item.code}
        if keys and item.prints is not None:
            data["prints"] = item.prints
        if keys and item.error is not None:
            data["error"] = item.error
        return data

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {name: data.get(name) for name in ("language", "code", "prints", "error")}

    def response_schema(self) -> dict[str, Any]:
        text = {"type": "string", "maxLength": LONGEST, "description": "what the program prints"}
        code = {"type": "string", "maxLength": 100, "description": "the compiler's code, like E0382; may be empty"}
        return {
            "oneOf": [
                object_schema(["text"], text=text),
                object_schema(["compiles"], compiles={"const": False}, code=code),
            ]
        }

    def schema(self) -> dict[str, Any]:
        return {
            "language": {"enum": ["python", "rust"]},
            "code": {"type": "string", "description": "the program, as the stem shows it"},
            "prints": {"type": "string", "description": "key: what it prints"},
            "error": {"type": "string", "description": "key: the compiler's code; empty where it is not asked for"},
        }
