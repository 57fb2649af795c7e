"""The house rules of a chapter, each by name: what `course dev check` holds every chapter to.

A rule looks at one chapter and yields findings: file and line, what is wrong, and what to do. Rules that read are
in `reading` and `effort`; those that run the notebook, solved and as a learner gets it, in `running`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from course.chapters import Chapter, Course
from course.errors import CourseError
from course.source import Source, read_source

__all__ = ["READING", "RUNNING", "Finding", "Rule", "check", "rule"]


@dataclass(frozen=True)
class Finding:
    """A rule that a chapter breaks: where, what is wrong, and what to do."""

    rule: str
    place: str
    message: str
    help: str

    def as_json(self) -> dict[str, str]:
        """Return the finding as `--json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Page:
    """A chapter as a rule sees it."""

    course: Course
    chapter: Chapter
    source: Source

    def at(self, line: int) -> str:
        """Return `file:line`, the file as seen from the course's folder."""
        return f"{shown(self.course, self.source.path)}:{line}"


Rule = Callable[[Page], Iterator[tuple[str, str, str]]]

READING: dict[str, Rule] = {}
RUNNING: dict[str, Rule] = {}


def rule(name: str, *, into: dict[str, Rule]) -> Callable[[Rule], Rule]:
    """Register a rule under its name. It yields (place, message, help)."""

    def register(function: Rule) -> Rule:
        into[name] = function
        return function

    return register


def shown(course: Course, path: Path) -> str:
    """Return a path as seen from the course's folder."""
    return str(path.relative_to(course.root)) if path.is_relative_to(course.root) else str(path)


def check(
    course: Course,
    chapters: Iterable[Chapter],
    *,
    run: bool = True,
    started: Callable[[str, str], None] | None = None,
) -> list[Finding]:
    """Hold chapters to every rule (those that run notebooks only where `run`); return what they break.

    A chapter that cannot be read gives one finding, of the rule `readable`. `started` is told each chapter and rule.
    """
    from course.checks import effort, reading, running  # noqa: F401  (importing registers the rules)

    found: list[Finding] = []
    for chapter in chapters:
        if started:
            started(chapter.name, "readable")
        try:
            page = Page(course, chapter, read_source(chapter.source))
        except CourseError as error:
            found.append(Finding("readable", _relative(course, error.place), error.message, error.help))
            continue
        for name, look in (READING | (RUNNING if run else {})).items():
            if started:
                started(chapter.name, name)
            found += [Finding(name, *parts) for parts in look(page)]
    return found


def _relative(course: Course, place: str) -> str:
    return place.removeprefix(f"{course.root}/")
