"""Everything `course quiz check` does: parse, lint and prove, and one result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.errors import CourseError, QuizErrors
from course.quiz.lint import Finding, lint
from course.quiz.model import Quiz
from course.quiz.parse import load
from course.quiz.prove import prove

__all__ = ["Checked", "check"]


@dataclass
class Checked:
    """What checking some files found. `good`: nothing to mend (what could not be run here does not count)."""

    files: list[str]
    questions: int = 0
    errors: list[CourseError] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    drifted: list[Finding] = field(default_factory=list)
    proved: int = 0
    not_proved: list[Finding] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether there is nothing to mend."""
        return not (self.errors or self.findings or self.drifted)

    @property
    def summary(self) -> str:
        """The result in a line."""
        counts = [
            _count(len(self.files), "file"),
            _count(self.questions, "item"),
            f"{_count(self.proved, 'proof')} agree" + ("s" if self.proved == 1 else ""),
        ]
        for number, what in (
            (len(self.errors), "error"),
            (len(self.findings), "finding"),
            (len(self.drifted), "drifted key"),
        ):
            if number:
                counts.append(_count(number, what))
        if self.not_proved:
            counts.append(f"{len(self.not_proved)} not proved here")
        return ", ".join(counts)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-safe data (docs/schemas/quiz-check.schema.json)."""
        return {
            "files": self.files,
            "errors": [{"place": e.place, "message": e.message, "help": e.help} for e in self.errors],
            "findings": [finding.as_dict() for finding in self.findings],
            "drifted": [finding.as_dict() for finding in self.drifted],
            "proved": self.proved,
            "not_proved": [finding.as_dict() for finding in self.not_proved],
        }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def check(files: Sequence[Path], *, proofs: bool = True) -> Checked:
    """Parse, lint and (unless `proofs=False`) prove quiz files; every file is looked at whatever the others hold."""
    result = Checked([str(path) for path in files])
    quizzes: list[Quiz] = []
    for path in files:
        try:
            quizzes.append(load(path))
        except QuizErrors as errors:
            result.errors += errors.errors
        except CourseError as error:
            result.errors.append(error)
    for quiz in quizzes:
        result.questions += sum(1 for _ in quiz.items)
        result.findings += lint(quiz)
    if proofs:
        found = prove(quizzes)
        result.proved, result.drifted, result.not_proved = found.proved, found.drifted, found.not_proved
    return result
