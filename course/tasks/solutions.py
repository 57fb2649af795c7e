"""The course's own solutions: from a chapter's source where there is one, else from what the wheel carries.

Only practice tasks have one that ships. The reader here is small on purpose: building the wheel needs no notebook
tools.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from course.errors import CourseError
from course.quiz.model import Task

__all__ = ["has_solution", "solution_of", "solutions_in"]

_FENCE = re.compile(r"^(`{3,})(\w+)[^\n]*?\bsolution=\"([a-z0-9-]+)\"[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^[ \t]*(?:#+|//+)[ \t]*(?:BEGIN|END) SOLUTION[ \t]*\n", re.MULTILINE)


def solutions_in(source: str) -> dict[str, tuple[str, str]]:
    """Return the solution cells of a chapter's source: slug → (text, language)."""
    return {slug: (_MARK.sub("", text).rstrip("\n"), language) for _, language, slug, text in _FENCE.findall(source)}


def solution_of(task: Task) -> tuple[str, str]:
    """Return a task's solution and its language. Raises `CourseError` where none ships."""
    found = _known(task.chapter).get(task.id)
    if found is None:
        raise CourseError(
            f"no solution of {task.full_id} is here", help="its hints are: course hint, or hint(…) in the notebook"
        )
    return found


def has_solution(task: Task) -> bool:
    """Whether a task's solution may be shown, and is here."""
    return task.mode == "practice" and task.id in _known(task.chapter)


def _known(chapter: str) -> dict[str, tuple[str, str]]:
    from course.chapters import Course

    try:
        course = Course.find()
    except CourseError:
        return {}
    package = Path(__file__).resolve().parent.parent
    for root in dict.fromkeys((course.root, package.parent)):
        source = root / "notebooks" / "src" / f"{chapter}.md"
        if source.is_file():
            return solutions_in(source.read_text("utf-8-sig"))
    for root in dict.fromkeys((course.root, package / "content")):
        carried = root / "solutions" / f"{chapter}.json"
        if carried.is_file():
            data = json.loads(carried.read_text("utf-8"))
            return {slug: (str(text), str(language)) for slug, (text, language) in data.items()}
    return {}
