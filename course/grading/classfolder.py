"""The folder of a class, as `course release` makes it: an ordinary nbgrader course, and beside it what is private.

    COURSE/nbgrader_config.py  gradebook.db  source/  release/  submitted/  autograded/  feedback/
    COURSE/.course/banks/NN_topic.json   the quizzes with their keys
    COURSE/.course/secret                what variants and hidden cases are seeded with
    COURSE/.course/grading.sqlite        what has been graded, and from what (`course.grading.store`)
    COURSE/results.jsonl                 one line per learner and item

Nothing under `.course/` is ever released. `submitted/` holds what learners wrote: it is read, never believed.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.errors import CourseError, NotAClass, UnknownName
from course.quiz import bank
from course.quiz.model import Essay, Item, Quiz, Section, Task

__all__ = ["PRIVATE", "ClassFolder", "Graded", "Key"]

PRIVATE = ".course"


@dataclass(frozen=True)
class Graded:
    """One graded cell of a released chapter: its grade id, and what of the quiz file it is graded by.

    kind: "quiz" (a section's questions), "task", "essay", or "tests" (assertions that only a kernel can run).
    """

    grade_id: str
    kind: str
    points: float
    section: Section | None = None
    item: Item | None = None


@dataclass(frozen=True)
class Key:
    """All that one chapter is graded by. `digest` changes when any of it does."""

    chapter: str
    quiz: Quiz
    released: Mapping[str, Any]  # the notebook as handed out
    graded: tuple[Graded, ...]
    secret: bytes
    digest: str

    @functools.cached_property
    def cells(self) -> dict[str, dict[str, Any]]:
        """The handed-out cells that have a grade id, by that id."""
        return {name: cell for cell in self.released["cells"] if (name := grade_id(cell))}

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that are graded here, in the notebook's order."""
        return tuple(g.item for g in self.graded if isinstance(g.item, Task))


@dataclass(frozen=True)
class ClassFolder:
    """A class: see the module."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> ClassFolder:
        """Return the class in a folder. Raises `NotAClass` saying what is missing."""
        root = root.expanduser().resolve()
        if not root.is_dir():
            raise NotAClass(root, "there is no such folder")
        if not (root / "release").is_dir() or not (root / "nbgrader_config.py").is_file():
            raise NotAClass(root, "it has no release/ and nbgrader_config.py")
        if not (root / PRIVATE / "banks").is_dir():
            raise NotAClass(root, f"it has no {PRIVATE}/banks with the keys")
        return cls(root)

    @property
    def private(self) -> Path:
        """What nobody but the instructor sees."""
        return self.root / PRIVATE

    @property
    def submitted(self) -> Path:
        """What learners handed in: LEARNER/CHAPTER/, as nbgrader keeps it."""
        return self.root / "submitted"

    @property
    def autograded(self) -> Path:
        """The same with scores in it, for formgrader and feedback."""
        return self.root / "autograded"

    @property
    def results(self) -> Path:
        """One line per learner and item."""
        return self.root / "results.jsonl"

    @functools.cached_property
    def secret(self) -> bytes:
        """The class secret; empty where the class has none."""
        path = self.private / "secret"
        return path.read_bytes().strip() if path.is_file() else b""

    @functools.cached_property
    def gradebook_url(self) -> str:
        """Where the gradebook is: what nbgrader_config.py says, else gradebook.db in the folder."""
        from traitlets.config.loader import PyFileConfigLoader

        try:
            config = PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config()
        except Exception as error:  # noqa: BLE001 - it is a program: it may raise anything
            place = str(self.root / "nbgrader_config.py")
            said = f"nbgrader_config.py cannot be read: {type(error).__name__}: {error}"
            raise CourseError(said, place=place, help="mend it, or let course release write it again") from None
        url = config.CourseDirectory.get("db_url") if "CourseDirectory" in config else None
        return str(url) if url else f"sqlite:///{self.root / 'gradebook.db'}"

    def chapters(self) -> list[str]:
        """Return the chapters that were released, in order."""
        return sorted(
            path.parent.name for path in (self.root / "release").glob("*/*.ipynb") if path.stem == path.parent.name
        )

    def chosen(self, names: tuple[str, ...]) -> list[str]:
        """Return the chapters named (`3`, `03`, `03_ndarray`), or all. Raises `UnknownName`."""
        known = self.chapters()
        if not known:
            raise NotAClass(self.root, "no chapter has been released")
        found = []
        for name in names:
            match = [c for c in known if name == c or (name.isdecimal() and f"{int(name):02}" == c[:2])]
            if not match:
                raise UnknownName("released chapter", name, known, place=str(self.root))
            found += match
        return sorted(set(found)) if names else known

    def key(self, chapter: str) -> Key:
        """Return what a chapter is graded by. Raises where the bank or the handed-out notebook cannot be read."""
        path = self.root / "release" / chapter / f"{chapter}.ipynb"
        try:
            content = path.read_bytes()
            released = json.loads(content)
            cells = released["cells"]
        except (OSError, ValueError, KeyError, TypeError):
            raise NotAClass(self.root, f"release/{chapter}/{chapter}.ipynb cannot be read") from None
        keys = self.private / "banks"
        file = next((p for s in ("md", "json") if (p := keys / f"{chapter}.{s}").is_file()), None)
        if file is None:
            raise CourseError(
                f"the keys of {chapter} are not there", place=str(keys), help=f"course release {self.root} {chapter}"
            )
        quiz = bank.read(file, own=True)
        digest = hashlib.sha256()
        for part in (content, file.read_bytes(), quiz.seed.encode(), self.secret):
            digest.update(hashlib.sha256(part).digest())
        graded = tuple(found for cell in cells if (found := _graded(cell, quiz)))
        return Key(chapter, quiz, released, graded, self.secret, digest.hexdigest())


def grade_id(cell: Mapping[str, Any]) -> str:
    """Return the grade id of a cell of a notebook we made, or ""."""
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", ""))


def _graded(cell: Mapping[str, Any], quiz: Quiz) -> Graded | None:
    """Return what a handed-out cell is graded by; None where it has no points."""
    record = cell.get("metadata", {}).get("nbgrader", {})
    if not record.get("grade"):
        return None
    name, points = str(record["grade_id"]), float(record.get("points", 0))
    if record.get("solution"):
        essay = next((item for item in quiz.items if item.id == name and isinstance(item, Essay)), None)
        return Graded(name, "essay", points, item=essay)
    if name.startswith("quiz-"):
        section = next((section for section in quiz.sections if section.id == name.removeprefix("quiz-")), None)
        if section is not None:
            return Graded(name, "quiz", points, section=section)
    if name.startswith("check-"):
        task = next((item for item in quiz.items if item.id == name.removeprefix("check-")), None)
        if isinstance(task, Task):
            return Graded(name, "task", points, item=task)
    return Graded(name, "tests", points)
