"""JSON Schemas of quiz files' JSON form and of every type's response: generated from the types, published in docs."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema

from course.quiz.questions import TYPES
from course.quiz.questions.base import ID_SCHEMA, object_schema

__all__ = ["complaint", "response_complaint", "schemas", "write"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT = {"type": "string"}
_FINDING = object_schema(
    ["place", "message", "help"],
    rule={**_TEXT, "description": "the lint rule's name; absent for errors and drifted keys"},
    place={**_TEXT, "description": "file:line:column"},
    message=_TEXT,
    help=_TEXT,
)


def _item_schema() -> dict[str, Any]:
    common: dict[str, Any] = {
        "id": ID_SCHEMA,
        "type": {"enum": list(TYPES)},
        "title": {**_TEXT, "description": "the heading, Markdown"},
        "body": {**_TEXT, "description": "the rest of the stem, Markdown"},
        "points": {"type": "number", "minimum": 0},
        "topic": _TEXT,
        "level": {"enum": [None, 1, 2, 3]},
        "mode": {"enum": ["practice", "graded"]},
        "attempts": {"type": ["integer", "null"], "minimum": 1, "description": "null: no limit"},
        "scheme": _TEXT,
        "hints": {
            "type": "array",
            "items": object_schema(["text", "cost"], text=_TEXT, cost={"type": "number", "minimum": 0, "maximum": 1}),
        },
        "keyed": {"type": "boolean", "description": "false: the key is not in this bank"},
        "variant": object_schema(["code"], code=_TEXT, key={**_TEXT, "description": "key"}),
        "explanation": {**_TEXT, "description": "shown after answering; absent where the key is"},
        "line": {"type": "integer"},
        "proof": object_schema(["language", "code"], language={"enum": ["python", "rust"]}, code=_TEXT),
        "waivers": {"type": "array", "items": object_schema(["rule", "reason"], rule=_TEXT, reason=_TEXT)},
    }
    required = [name for name in common if name not in ("variant", "explanation", "line", "proof", "waivers")]
    forms = []
    for name, kind in TYPES.items():
        own = kind.schema()
        needed = [field for field, schema in own.items() if "key" not in schema.get("description", "").split(":")[0]]
        properties = {**common, "options": {"type": "array", "maxItems": 0}, **own, "type": {"const": name}}
        forms.append(object_schema([*required, "options", *(f for f in needed if f != "options")], **properties))
    return {"oneOf": forms}


def _quiz_schema() -> dict[str, Any]:
    section = object_schema(
        ["id", "title", "intro", "pick", "questions"],
        id=ID_SCHEMA,
        title=_TEXT,
        intro=_TEXT,
        pick={"type": ["integer", "null"], "minimum": 1, "description": "so many items are drawn; null: all"},
        questions={"type": "array", "items": {"$ref": "#/$defs/item"}},
    )
    return {
        "title": "A quiz: what `course quiz show --json` and `course quiz strip` write",
        **object_schema(
            ["schema", "bank", "name", "title", "exam_minutes", "sections"],
            schema={"const": 1},
            bank={"enum": ["full", "learner"]},
            name=_TEXT,
            title=_TEXT,
            exam_minutes={"type": ["number", "null"]},
            seed={**_TEXT, "maxLength": 200, "description": "what a class draws its variants from; absent: nobody's"},
            sections={"type": "array", "items": section},
        ),
        "$defs": {"item": _item_schema()},
    }


def _check_schema() -> dict[str, Any]:
    return {
        "title": "What `course quiz check --json` writes",
        **object_schema(
            ["files", "errors", "findings", "drifted", "proved", "not_proved"],
            files={"type": "array", "items": _TEXT},
            errors={"type": "array", "items": _FINDING, "description": "what does not parse"},
            findings={"type": "array", "items": _FINDING, "description": "lint"},
            drifted={"type": "array", "items": _FINDING, "description": "keys that are not what is computed"},
            proved={"type": "integer", "description": "keys that were computed and agree"},
            not_proved={"type": "array", "items": _FINDING, "description": "what could not be run here, and why"},
        ),
    }


def _response_schema() -> dict[str, Any]:
    forms = {name: kind.response_schema() for name, kind in TYPES.items()}
    return {
        "title": "Responses: one form for each type of question, under $defs",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in forms],
        "$defs": forms,
    }


@functools.cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema of the quiz engine by its name."""
    made = {"quiz": _quiz_schema(), "quiz-response": _response_schema(), "quiz-check": _check_schema()}
    return {name: {"$schema": _DIALECT, "$id": f"{name}.schema.json", **schema} for name, schema in made.items()}


def complaint(name: str, data: Any) -> str | None:
    """Return what is wrong with data by a schema, in a line; None where nothing is."""
    return _first(_check(name), schemas()[name], data)


def response_complaint(type: str, response: Any) -> str | None:
    """Return what is wrong with the form of a response to a question of this type; None where nothing is."""
    return _first(_response_check(type), TYPES[type].response_schema(), response)


@functools.cache
def _check(name: str) -> Callable[[Any], Any]:
    # Without the dialect, which this library would take for an older one; what these schemas use is the same in both.
    return _compiled({key: value for key, value in schemas()[name].items() if key not in ("$schema", "$id")})


@functools.cache
def _response_check(type: str) -> Callable[[Any], Any]:
    return _compiled(TYPES[type].response_schema())


def _compiled(schema: dict[str, Any]) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return made


def _first(check: Callable[[Any], Any], schema: dict[str, Any], data: Any) -> str | None:
    try:
        check(data)
    except fastjsonschema.JsonSchemaValueException as found:
        # jsonschema explains better, and takes seconds to import: it is asked only where something is wrong.
        from jsonschema import Draft202012Validator

        error = next(iter(Draft202012Validator(schema).iter_errors(data)), None)
        if error is None:
            return str(found.message)[:200]
        if error.context:  # of several forms, the one that fits best says most
            error = max(error.context, key=lambda e: len(e.absolute_path))
        where = "/".join(str(part) for part in error.absolute_path)
        return f"{where or 'the whole'}: {error.message[:200]}"
    return None


def write(folder: Path) -> list[Path]:
    """Write every schema to `folder` as `NAME.schema.json`, and return the files."""
    from course.files import write_whole

    paths = []
    for name, schema in schemas().items():
        path = folder / f"{name}.schema.json"
        write_whole(path, json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
        paths.append(path)
    return paths
