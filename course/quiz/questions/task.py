"""Tasks: code to write. The quiz file holds the stem, the points and the cases; `course.tasks` runs and judges."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from course.errors import CannotGrade
from course.quiz.model import Task
from course.quiz.questions.base import Draft, ItemType, Outcome

__all__ = ["TaskType"]


class TaskType(ItemType[Task]):
    """`{#center-columns task=center_columns language=rust}` and a fence `python cases`."""

    name = "task"
    model = Task
    attributes = frozenset({"task", "language"})
    variants = False

    def parse(self, draft: Draft) -> Task | None:
        function = draft.attributes.get("task") or ""
        language = draft.attributes.get("language") or "python"
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", function):
            column = draft.attributes.column("task") + 1
            draft.report("a task names the function to write", draft.line, column, "write {task=center_columns}")
            return None
        if language not in ("python", "rust"):
            column = draft.attributes.column("language") + 1
            draft.report(f"no task is written in {language!r}", draft.line, column, "language=python or language=rust")
            return None
        if "cases" not in draft.fences:
            draft.report("a task needs its cases", draft.line, 1, "add a fence `python cases`")
            return None
        cases = draft.fences["cases"]
        try:
            tree = ast.parse(cases.code)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as bad:
            number = cases.line + (getattr(bad, "lineno", None) or 1) - 1
            draft.report(f"the cases are no Python: {bad}", number, 1, "mend the code")
            return None
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if "reference" not in names:
            draft.report("the cases define no reference", cases.line, 1, "add `def reference(…)`: the right answer")
            return None
        return Task(function=function, language=language, cases=cases.code, cases_line=cases.line, **draft.common)

    def outcome(self, item: Task, response: Mapping[str, Any]) -> Outcome:
        raise CannotGrade(
            f"{item.full_id} is a task: its code is run, not compared",
            help=f'in a notebook, check("{item.full_id}"); for a class, course grade',
        )

    def view(self, item: Task, order: Sequence[str]) -> dict[str, Any]:
        return {"function": item.function, "language": item.language}

    def answer(self, item: Task) -> dict[str, Any]:
        return {}

    def answer_text(self, item: Task) -> str:
        return ""

    def to_json(self, item: Task, keys: bool) -> dict[str, Any]:
        data: dict[str, Any] = {"function": item.function, "language": item.language}
        if keys and item.cases is not None:
            data["cases"] = item.cases
        elif not keys and (shown := _shown(item)) is not None:
            data["shown"] = shown
        return data

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        fields = ("function", "language", "cases", "shown")
        return {name: data.get(name) for name in fields}

    def response_schema(self) -> dict[str, Any]:
        return {"not": {}, "description": "a task's answer is code in the notebook"}

    def schema(self) -> dict[str, Any]:
        from course.tasks.public import SCHEMA

        return {
            "function": {"type": "string"},
            "language": {"enum": ["python", "rust"]},
            "cases": {"type": "string", "description": "key: Python source that defines how the code is tested"},
            "shown": {**SCHEMA, "description": "in place of the key, in a learner bank: the visible cases"},
        }


def _shown(item: Task) -> Mapping[str, Any] | None:
    """Return what a learner bank says of a task's cases: the fence is run for it."""
    if item.cases is None:
        return item.shown
    from course.tasks.definition import load
    from course.tasks.public import to_public

    return to_public(load(item))
