"""What a running quiz knows of its surroundings: whose it is, which notebook it stands in, how far the course is."""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from course.errors import CannotWrite, CourseError
from course.files import write_whole
from course.quiz import answers
from course.quiz.answers import Attempt
from course.quiz.model import Question, Quiz

__all__ = ["course_progress", "find_notebooks", "learner_in"]

_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_PRIVATE = Path(".course") / "learner"


def learner_in(folder: Path) -> str:
    """Return the anonymous name of the learner who works in a folder; it decides the shuffles and variants they get.

    `COURSE_LEARNER`, else the working copy's own (`.course/learner` in the folder or above it), else a new one, kept
    in the folder for the next time where it can be.
    """
    given = os.environ.get("COURSE_LEARNER", "")
    if _NAME.fullmatch(given):
        return given
    for place in (folder, *folder.parents):
        try:
            found = (place / _PRIVATE).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if _NAME.fullmatch(found):
            return found
    new = secrets.token_hex(8)
    try:
        write_whole(folder / _PRIVATE, new + "\n")
    except CannotWrite:
        return _fleeting()
    return new


@functools.cache
def _fleeting() -> str:
    """A name for as long as this kernel lives, where nothing can be written."""
    return secrets.token_hex(8)


def find_notebooks(folder: Path, inputs: Sequence[str]) -> list[Path]:
    """Return the notebook in a folder that this kernel is running, the newest first where more than one may be it.

    A kernel is not told its notebook's name. With several beside each other, only their code tells them apart: it is
    one of those whose code begins with `inputs`, or else holds the last of them, or else the newest.
    """
    candidates = [path for path in folder.glob("*.ipynb") if path.is_file()]
    candidates.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    ran = [text.strip() for text in inputs if text.strip()]
    if len(candidates) <= 1 or not ran:
        return candidates[:1]
    code = {path: _code_of(path) for path in candidates}
    alike = [path for path in candidates if code[path][: len(ran)] == ran]
    # A skipped cell, or one that was run twice.
    return alike or [path for path in candidates if ran[-1] in code[path]] or candidates[:1]


def _code_of(path: Path) -> list[str]:
    try:
        cells = json.loads(path.read_bytes())["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [source.strip() for source in sources if source.strip()]


def course_progress(folder: Path, quiz: Quiz, mine: Iterable[Attempt]) -> dict[str, Any]:
    """Return how many questions of this chapter and of the whole course have an answer.

    The attempts of the quiz on show count whether or not they reached the answers file.
    """
    answered = {attempt.item for attempt in mine if attempt.event == "answer"}
    answered |= _answered_in(answers.file_for(quiz.name, folder))
    questions = {item.full_id for item in quiz.items if isinstance(item, Question)}
    progress: dict[str, Any] = {"chapter": {"answered": len(questions & answered), "of": len(questions)}}
    whole = _course_questions(quiz.path)
    if whole and questions < whole:
        for path in folder.glob("*.answers.jsonl"):
            answered |= _answered_in(path)
        progress["course"] = {"answered": len(whole & answered), "of": len(whole)}
    return progress


def _answered_in(path: Path) -> frozenset[str]:
    try:
        stamp = path.stat()
    except OSError:
        return frozenset()
    return _answered(path, (stamp.st_mtime_ns, stamp.st_size))


@functools.lru_cache(maxsize=64)
def _answered(path: Path, _stamp: tuple[int, int]) -> frozenset[str]:
    try:
        return frozenset(a.item for a in answers.read(path).attempts if a.event == "answer")
    except CourseError:
        return frozenset()  # the quiz of that chapter says what is wrong with it


@functools.lru_cache(maxsize=8)
def _course_questions(path: str) -> frozenset[str]:
    """Return the full ids of all questions in the folder of a quiz file, as far as they can be read."""
    from course.quiz.bank import read

    found: set[str] = set()
    folder = Path(path).parent
    for file in sorted((*folder.glob("[0-9][0-9]_*.md"), *folder.glob("[0-9][0-9]_*.json"))):
        try:
            quiz = read(file)
        except CourseError:
            continue
        found |= {item.full_id for item in quiz.items if isinstance(item, Question)}
    return frozenset(found)
