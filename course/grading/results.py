"""What grading gives: one `Result` for each learner and item, and `results.jsonl`, which holds them all.

There is no time in it and its lines are sorted, so that equal submissions, keys and versions give equal bytes. The
format is that of docs/schemas/results.schema.json.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.errors import CannotWrite, CourseError

__all__ = ["SCHEMA", "Result", "read_results", "write_results"]

SCHEMA = 1


@dataclass(frozen=True)
class Result:
    """What one learner earned for one item.

    kind: "question", "task", "essay", or "tests" (assertions of a notebook that only nbgrader runs).
    grade_id: the graded cell it counts in. points: None where nobody has given any yet.
    verdict: right, partly, wrong, unanswered, awaiting (a person marks it), or not graded (message says why).
    message: what to tell the learner first; messages: all of it. response: what was answered to a question, as
    recorded. attempts: how many answers were recorded. cases: how each case of a task went. provisional: what the words
    of an essay would earn by its rubric, for the person who marks it. isolation: what held a task's code.
    """

    learner: str
    chapter: str
    item: str
    kind: str
    grade_id: str
    points: float | None
    possible: float
    verdict: str
    message: str = ""
    messages: tuple[str, ...] = ()
    response: Mapping[str, Any] | None = None
    attempts: int = 0
    cases: tuple[Mapping[str, Any], ...] = ()
    provisional: Mapping[str, Any] | None = None
    isolation: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)  # for the recorder; not written

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of `results.jsonl` holds it."""
        return {
            "schema": SCHEMA,
            "learner": self.learner,
            "chapter": self.chapter,
            "item": self.item,
            "kind": self.kind,
            "grade_id": self.grade_id,
            "points": self.points,
            "possible": self.possible,
            "verdict": self.verdict,
            "message": self.message,
            "messages": list(self.messages),
            "response": None if self.response is None else dict(self.response),
            "attempts": self.attempts,
            "cases": [dict(case) for case in self.cases],
            "provisional": None if self.provisional is None else dict(self.provisional),
            "isolation": self.isolation,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Result:
        """Return what `as_json` wrote."""
        return Result(
            learner=data["learner"],
            chapter=data["chapter"],
            item=data["item"],
            kind=data["kind"],
            grade_id=data["grade_id"],
            points=data["points"],
            possible=data["possible"],
            verdict=data["verdict"],
            message=data["message"],
            messages=tuple(data["messages"]),
            response=data["response"],
            attempts=data["attempts"],
            cases=tuple(data["cases"]),
            provisional=data["provisional"],
            isolation=data["isolation"],
        )

    def line(self) -> bytes:
        """Return it as bytes of one line; the same result gives the same bytes."""
        text = json.dumps(self.as_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-8", "backslashreplace") + b"\n"


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write `results.jsonl` whole, from results that come sorted; they are never all in memory."""
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(descriptor, "wb") as file:
            for result in results:
                file.write(result.line())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o600)  # scores are nobody else's business
        Path(temporary).replace(path)
    except OSError as error:
        raise CannotWrite(path, error) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def read_results(path: Path) -> Iterator[Result]:
    """Yield the results of a file. Raises `CourseError` naming the line that is none."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield Result.from_json(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    raise CourseError(
                        "this line is no result", place=f"{path}:{number}", help="course grade writes the file again"
                    ) from None
    except FileNotFoundError:
        raise CourseError("nothing has been graded yet", place=str(path), help="course grade COURSE") from None
    except OSError as error:
        raise CourseError(f"the results cannot be read: {error.strerror}", place=str(path)) from error
