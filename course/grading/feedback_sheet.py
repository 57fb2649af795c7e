"""What a page of feedback is made from, and the words and signs that all its parts share."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from course.grading.classfolder import Graded, Key
from course.grading.gradebook import Marked
from course.grading.pictures import Picture
from course.grading.results import Result
from course.quiz import cards
from course.quiz.marking import Marks
from course.quiz.model import Task
from course.tasks.table import Report

__all__ = [
    "LONGEST",
    "SIGNS",
    "Sheet",
    "chip",
    "css",
    "e",
    "number",
    "pre",
    "sentence_of",
    "title_of",
    "verdict_of",
    "with_code",
]

SIGNS = {
    "right": ("✓", "right"),
    "partly": ("◐", "partly right"),
    "wrong": ("✗", "not right"),
    "unanswered": ("–", "no answer"),
    "awaiting": ("…", "not marked yet"),
    "not graded": ("!", "not graded"),
    "marked": ("✎", "marked"),
}
LONGEST = 20_000  # characters of one answer that are shown


@dataclass(frozen=True)
class Sheet:
    """All that a page says. given: what the gradebook has, by grade id; `""` is what being late takes off."""

    key: Key
    learner: str
    status: str  # of the record: "graded", "trouble" or "failed"
    notes: Sequence[str]
    results: Mapping[str, Result]  # by full item id
    given: Mapping[str, Marked]
    marks: Mapping[str, Marks] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    code: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()
    more_pictures: int = 0
    handed_in_again: bool = False
    keys: bool = False

    def of(self, graded: Graded) -> list[Result]:
        """Return the results that count in a graded cell."""
        return [result for result in self.results.values() if result.grade_id == graded.grade_id]

    def points(self, graded: Graded) -> float | None:
        """Return what a graded cell is worth so far: the gradebook's word, else the grader's; None: nobody's."""
        if (given := self.given.get(graded.grade_id)) is not None:
            return given.points
        points = [result.points for result in self.of(graded)]
        return None if not points or None in points else min(sum(p for p in points if p is not None), graded.points)


def verdict_of(sheet: Sheet, graded: Graded, result: Result) -> str:
    """Return a result's verdict, as a person's mark leaves it where the cell has one item alone."""
    given = sheet.given.get(graded.grade_id)
    if graded.kind == "quiz" or given is None or given.manual is None:
        return result.verdict if result.verdict in SIGNS else "not graded"
    if graded.kind == "essay":
        return "marked"
    points = given.points or 0.0
    return "right" if points >= graded.points else "partly" if points > 0 else "wrong"


def chip(verdict: str) -> str:
    """Return a verdict as a small sign with its word."""
    sign, word = SIGNS[verdict]
    return f'<span class="chip {css(verdict)}"><span aria-hidden="true">{sign}</span> {word}</span>'


def css(verdict: str) -> str:
    """Return a verdict as the name of a style."""
    return verdict.replace(" ", "-")


def title_of(graded: Graded) -> str:
    """Return what a graded cell is called."""
    if graded.section is not None:
        return _readable(graded.section.title or graded.section.id)
    if isinstance(graded.item, Task):
        return f"Task: {graded.item.function}"
    return f"Essay: {_readable(graded.grade_id)}" if graded.kind == "essay" else _readable(graded.grade_id)


def _readable(name: str) -> str:
    return name[:1].upper() + name[1:].replace("-", " ")


@functools.lru_cache(maxsize=4000)
def pre(text: str, language: str = "") -> str:
    """Return code, or any text that keeps its lines, as HTML; of a very long one the beginning."""
    text = text[:LONGEST] + ("\n…" if len(text) > LONGEST else "")
    first, _, rest = text.partition("\n")
    if first.startswith("%%"):
        return f'<pre class="highlight"><code>{e(first)}\n{cards.coloured_line(rest, language)}</code></pre>'
    return f'<pre class="highlight"><code>{cards.coloured_line(text, language) if language else e(text)}</code></pre>'


def with_code(text: str) -> str:
    """Return text as HTML, with what is between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return e(text)
    return "".join(f"<code>{e(part)}</code>" if n % 2 else e(part) for n, part in enumerate(parts))


def sentence_of(text: str) -> str:
    """Return a message as a sentence."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in '.!?…' else '.'}" if text else ""


def e(text: str) -> str:
    """Return text as HTML."""
    return escape(text, quote=True)


def number(value: float) -> str:
    """Return points in the fewest characters."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
