"""The model as JSON and back: with keys for authors and instructors, without them for learners of graded items."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from course.errors import CourseError
from course.quiz.model import Hint, Item, Proof, Quiz, Section, Variant, Waiver
from course.quiz.questions import TYPES

__all__ = ["SCHEMA", "from_json", "item_json", "quiz_json"]

SCHEMA = 1


def quiz_json(quiz: Quiz, *, learner: bool = False) -> dict[str, Any]:
    """Return a quiz as JSON-safe data. `learner`: graded items lose all that tells their key."""
    return {
        "schema": SCHEMA,
        "bank": "learner" if learner else "full",
        "name": quiz.name,
        "title": quiz.title,
        "exam_minutes": quiz.exam_minutes,
        **({"seed": quiz.seed} if quiz.seed else {}),
        "sections": [_section_json(section, learner) for section in quiz.sections],
    }


def _section_json(section: Section, learner: bool) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": section.title,
        "intro": section.intro,
        "pick": section.pick,
        "questions": [item_json(item, keys=not learner or item.mode == "practice") for item in section.items],
    }


def item_json(item: Item, *, keys: bool = True) -> dict[str, Any]:
    """Return an item as JSON-safe data; `keys=False` leaves out all that tells the key."""
    keys = keys and item.keyed
    data: dict[str, Any] = {
        "id": item.id,
        "type": item.type,
        "title": item.title,
        "body": item.body,
        "points": item.points,
        "topic": item.topic,
        "level": item.level,
        "mode": item.mode,
        "attempts": item.attempts,
        "scheme": item.scheme,
        "options": [],
        "hints": [{"text": hint.text, "cost": hint.cost} for hint in item.hints],
        "keyed": keys,
    }
    if item.variant is not None:
        # Re-written from the syntax tree for learners: a comment in the code may tell the key.
        code = item.variant.code if keys else _bare(item.variant.code)
        data["variant"] = {"code": code, **({"key": item.variant.key} if keys and item.variant.key else {})}
    if keys:
        data["explanation"] = item.explanation
        data["line"] = item.line
        if item.proof is not None:
            data["proof"] = {"language": item.proof.language, "code": item.proof.code}
        if item.waivers:
            data["waivers"] = [{"rule": waiver.rule, "reason": waiver.reason} for waiver in item.waivers]
    data.update(TYPES[item.type].to_json(item, keys))
    return data


def _bare(code: str) -> str:
    """Return Python source without comments and docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            body = [
                statement
                for statement in node.body
                if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
            ]
            node.body = body or [ast.Pass()]
    return ast.unparse(tree)


def from_json(data: Any, *, path: str = "", own: bool = False) -> Quiz:
    """Return the quiz that `quiz_json` wrote. `own`: this program wrote the file; it is checked where it fails.

    Raises:
        CourseError: it is not what `quiz_json` writes, or of a newer version.
    """
    from course.quiz.schema import complaint

    version = data.get("schema") if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise CourseError(
            f"this bank is of version {version}, this course reads up to {SCHEMA}",
            place=path,
            help="install a newer version of the course",
        )
    try:
        if own:
            return _quiz_from(data, path)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass  # somebody has edited it after all: say what is wrong with it
    if wrong := complaint("quiz", data):
        raise CourseError(f"this is no bank: {wrong}", place=path, help="write it anew: course quiz strip")
    return _quiz_from(data, path)


def _quiz_from(data: Any, path: str) -> Quiz:
    name = data["name"]
    sections = tuple(
        Section(
            section["id"],
            section["title"],
            tuple(_item_from(item, name) for item in section["questions"]),
            section["pick"],
            section["intro"],
        )
        for section in data["sections"]
    )
    return Quiz(data["title"], name, path, sections, data["exam_minutes"], seed=data.get("seed", ""))


def _item_from(data: Mapping[str, Any], chapter: str) -> Item:
    kind = TYPES[data["type"]]
    proof, variant = data.get("proof"), data.get("variant")
    item: Item = kind.model(
        id=data["id"],
        chapter=chapter,
        line=data.get("line", 0),
        title=data["title"],
        body=data["body"],
        points=data["points"],
        topic=data["topic"],
        level=data["level"],
        mode=data["mode"],
        attempts=data["attempts"],
        scheme=data["scheme"],
        hints=tuple(Hint(hint["text"], hint["cost"]) for hint in data["hints"]),
        explanation=data.get("explanation", ""),
        waivers=tuple(Waiver(w["rule"], w["reason"]) for w in data.get("waivers", ())),
        proof=Proof(proof["language"], proof["code"]) if proof else None,
        variant=Variant(variant["code"], variant.get("key")) if variant else None,
        keyed=data["keyed"],
        **kind.from_json(data),
    )
    return item
