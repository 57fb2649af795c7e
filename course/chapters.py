"""The chapters in their order, and where their files are.

A chapter is a Markdown source `notebooks/src/NN_topic.md`; its number is its place. The header of the source says
the rest, and `course dev build` carries it into the notebook:

    jupyter:
      course:
        title: Arrays and views
        part: LIBRARIES
        minutes: 40
        needs: [rust, crates]
"""

from __future__ import annotations

import functools
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from course.capabilities import CAPABILITIES
from course.errors import CourseError, UnknownName

__all__ = ["PARTS", "Chapter", "Course", "Header", "read_header"]

PARTS = ("START", "LIBRARIES", "BENEFITS", "CHALLENGES AND COMPARISON", "PRACTICE")

NAME = re.compile(r"(?P<number>\d\d)_(?P<topic>[a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Header:
    """What the header of a chapter says: title, part, minutes of work, and capabilities it needs."""

    title: str
    part: str
    minutes: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """One chapter: its name (`03_ndarray`) and its files, of which some may not exist yet."""

    name: str
    notebook: Path
    source: Path
    quiz: Path
    recording: Path

    @property
    def number(self) -> int:
        """Its place in the course."""
        return int(self.name[:2])

    @functools.cached_property
    def header(self) -> Header:
        """The header, read from the source where there is one, else from the built notebook."""
        if self.source.is_file():
            return read_header(self.source.read_text("utf-8-sig"), path=self.source)
        metadata = json.loads(self.notebook.read_text("utf-8"))["metadata"]
        return _header(metadata.get("course"), place=str(self.notebook))

    @property
    def title(self) -> str:
        """Its title."""
        return self.header.title

    @property
    def part(self) -> str:
        """The part of the course it belongs to."""
        return self.header.part

    @property
    def minutes(self) -> int:
        """How long it takes, in minutes."""
        return self.header.minutes

    @property
    def needs(self) -> tuple[str, ...]:
        """The capabilities it uses; without them it can be read, not measured."""
        return self.header.needs


@dataclass(frozen=True)
class Course:
    """A course: a folder with `notebooks/` (and, for authors, `notebooks/src/`) and `quizzes/`."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """Return the course that `start` (or the current folder) is in, else the one installed with this package.

        `COURSE_ROOT` overrides both. Raises `CourseError` where there is none.
        """
        named = os.environ.get("COURSE_ROOT")
        if named:
            root = Path(named).expanduser().resolve()
            if not (root / "notebooks").is_dir():
                raise CourseError(
                    "COURSE_ROOT names a folder without notebooks/",
                    place=str(root),
                    help="set it to a clone of the course, or unset it",
                )
            return cls(root)
        here = (start or Path.cwd()).resolve()
        package = Path(__file__).resolve().parent
        for folder in (here, *here.parents, package.parent, package / "content"):
            if (folder / "notebooks").is_dir() and ((folder / "pyproject.toml").is_file() or folder.name == "content"):
                return cls(folder)
        raise CourseError("no course here", place=str(here), help="change into a clone of the course")

    @property
    def sources(self) -> Path:
        """Where authors write: `notebooks/src`."""
        return self.root / "notebooks" / "src"

    @property
    def notebooks(self) -> Path:
        """Where built notebooks are."""
        return self.root / "notebooks"

    @property
    def recordings(self) -> Path:
        """Where the outputs recorded on the reference machine are."""
        return self.root / "notebooks" / "recorded"

    @property
    def quizzes(self) -> Path:
        """Where quiz files are."""
        return self.root / "quizzes"

    def at(self, name: str) -> Chapter:
        """Return the chapter of that full name, whether or not its files exist."""
        return Chapter(
            name=name,
            notebook=self.notebooks / f"{name}.ipynb",
            source=self.sources / f"{name}.md",
            quiz=self.quizzes / f"{name}.md",
            recording=self.recordings / f"{name}.json",
        )

    def chapters(self) -> list[Chapter]:
        """Return every chapter in order: those with a source, or in an installed course those with a notebook.

        Raises `CourseError` for a file whose name is no chapter's, and for two chapters of one number.
        """
        files = sorted(self.sources.glob("*.md")) or sorted(self.notebooks.glob("*.ipynb"))
        seen: dict[str, Path] = {}
        for file in files:
            if not NAME.fullmatch(file.stem):
                raise CourseError(
                    "a chapter's file is named for its number and topic",
                    place=str(file),
                    help="rename it like 03_ndarray.md: two digits, an underscore, lower-case letters",
                )
            if other := seen.get(file.stem[:2]):
                raise CourseError(
                    f"two chapters have the number {file.stem[:2]}",
                    place=str(file),
                    help=f"the other is {other.name}; renumber one of them",
                )
            seen[file.stem[:2]] = file
        return [self.at(file.stem) for file in files]

    def chapter(self, name: str) -> Chapter:
        """Return the chapter called `3`, `03` or `03_ndarray`; `UnknownName` says which is nearest."""
        chapters = self.chapters()
        for chapter in chapters:
            if name == chapter.name or (name.isdecimal() and int(name) == chapter.number):
                return chapter
        raise UnknownName("chapter", name, [chapter.name for chapter in chapters])

    def chosen(self, names: tuple[str, ...]) -> list[Chapter]:
        """Return the chapters named, or all where none is."""
        return [self.chapter(name) for name in names] if names else self.chapters()


def read_header(text: str, *, path: Path) -> Header:
    """Read the header of a chapter's source. Raises `CourseError` naming the line and the field."""
    if not text.startswith("---\n"):
        raise CourseError(
            "the chapter has no header", place=f"{path}:1", help="begin the file with the header of CONTRIBUTING.md"
        )
    end = text.find("\n---\n", 3)
    if end < 0:
        raise CourseError("the header has no end", place=f"{path}:1", help="close it with a line of three hyphens")
    try:
        data = yaml.safe_load(text[4 : end + 1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise CourseError(
            f"the header is not YAML: {problem}", place=f"{path}:{line}", help="indent by two spaces, `name: value`"
        ) from None
    fields = data.get("jupyter", {}) if isinstance(data, dict) else {}
    return _header(fields.get("course") if isinstance(fields, dict) else None, place=f"{path}:1")


def _header(fields: Any, *, place: str) -> Header:
    if not isinstance(fields, dict):
        raise CourseError("the header has no `course`", place=place, help="add `jupyter: course:` with title and part")
    known = ("title", "part", "minutes", "needs")
    for name in fields:
        if name not in known and name != "built":
            raise UnknownName("header field", str(name), known, place=place)
    title, part, minutes, needs = (fields.get(name) for name in known)
    if not isinstance(title, str) or not title.strip():
        raise CourseError("the header has no title", place=place, help="add `title: …` under `course:`")
    if part not in PARTS:
        raise UnknownName("part", str(part), PARTS, place=place)
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 240:
        raise CourseError(
            "the header does not say how many minutes the chapter takes",
            place=place,
            help="add `minutes: 40` under `course:`",
        )
    needs = needs or []
    if not isinstance(needs, list):
        raise CourseError("`needs` in the header is not a list", place=place, help="write `needs: [rust, crates]`")
    for need in needs:
        if need not in CAPABILITIES:
            raise UnknownName("capability", str(need), CAPABILITIES, place=place)
    return Header(title=title.strip(), part=part, minutes=minutes, needs=tuple(needs))
