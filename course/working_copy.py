"""The learner's working copy: made from the built notebooks, brought up to date, restored.

    learning/
      03_ndarray.ipynb                 the learner's
      03_ndarray.answers.jsonl         the log of attempts; nothing here ever deletes or rewrites one
      figures/                         the pictures the chapters show
      .course/state.json               which course this is a working copy of
      .course/learner                  an anonymous name for this learner
      .course/base/03_ndarray.ipynb    what was handed out, as it was handed out: the base of the next merge
      .course/base/03_ndarray-1f….ipynb    what an update brought; the notebook's metadata say which one it holds
      .course/kept/                    every notebook as it was before a reset or an update

The order of writing makes a stop at any moment harmless: the copy that is kept, the base, then the notebook that names
it. And a JupyterLab that had the notebook open and saves its old state over an update restores the old base with it, so
that the next update brings the change again instead of taking the old text for the learner's.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from course.chapters import Chapter, Course
from course.errors import CannotWrite, CourseError, NotAWorkingCopy, NotebookUnreadable, NoWorkingCopy
from course.files import write_whole
from course.merge import Merged, carry_answers, merge
from course.notebook_file import Notebook, parse_notebook, read_notebook, write_notebook

__all__ = ["ChapterUpdate", "Reset", "WorkingCopy", "default_folder", "is_clone"]

PRIVATE = ".course"
BASE_KEY = "course_base"  # the notebook metadata in which an update leaves its stamp
STAMP = re.compile(r"[0-9a-f]{12}")
LOCK_SECONDS = 10


@dataclass(frozen=True)
class ChapterUpdate:
    """What an update did to one chapter: `what` is new, merged, same, or failed."""

    chapter: Chapter
    what: str
    merged: Merged | None = None
    kept: Path | None = None
    error: CourseError | None = None


@dataclass(frozen=True)
class Reset:
    """What a reset did: where the old notebook is now (None where there was none), and the attempts carried over."""

    notebook: Path
    kept: Path | None
    attempts: int


def is_clone(course: Course) -> bool:
    """Tell whether the course is a clone of its repository, not content installed with the package."""
    return (course.root / "pyproject.toml").is_file()


def default_folder(course: Course) -> Path:
    """Return where the working copy goes unless told: `learning/` in a clone, else in the current folder."""
    return (course.root if is_clone(course) else Path.cwd()) / "learning"


@dataclass(frozen=True)
class WorkingCopy:
    """A learner's folder of one course."""

    folder: Path
    course: Course

    @classmethod
    def find(cls, course: Course, folder: Path | None = None) -> WorkingCopy:
        """Return the working copy: the one named, the one we are in, the one remembered, or the one in the usual place.

        Raises `NoWorkingCopy`, which says where it was if it has moved.
        """
        if folder is not None:
            folder = folder.expanduser().resolve()
            if (folder / PRIVATE / "state.json").is_file():
                return cls(folder, course)
            raise NoWorkingCopy
        here = Path.cwd().resolve()
        for candidate in (here, *here.parents):
            if (candidate / PRIVATE / "state.json").is_file():
                return cls(candidate, course)
        remembered = _remembered(course)
        usual = default_folder(course)
        if remembered is not None and remembered != usual:
            if not remembered.is_dir():
                raise NoWorkingCopy(remembered)
            return cls(remembered, course)
        if usual.is_dir() and (_has_chapters(usual, course) or (usual / PRIVATE).is_dir()):
            return cls(usual, course)
        raise NoWorkingCopy

    @classmethod
    def make(cls, course: Course, folder: Path | None = None) -> tuple[WorkingCopy, list[Chapter]]:
        """Return the working copy, made first where it is not there, and the chapters this put into it.

        A notebook that is there is never written over. Raises `NotAWorkingCopy` where the folder holds something else.
        """
        try:
            copy = cls.find(course, folder)
        except NoWorkingCopy as missing:
            if missing.place:
                raise
            copy = cls((folder or default_folder(course)).expanduser().resolve(), course)
        copy._check_place()
        built = [chapter for chapter in course.chapters() if chapter.notebook.is_file()]
        if not built:
            raise CourseError("the course has no built notebooks", place=str(course.notebooks), help="course dev build")
        with copy.locked():
            copy._write_state()
            copy._bring_figures()
            made = [chapter for chapter in built if copy._hand_out(chapter)]
        return copy, made

    @property
    def private(self) -> Path:
        """Where we keep what is ours."""
        return self.folder / PRIVATE

    def notebook(self, chapter: Chapter) -> Path:
        """Return the learner's notebook of a chapter, whether or not it is there."""
        return self.folder / f"{chapter.name}.ipynb"

    def base(self, chapter: Chapter, stamp: object = None) -> Path:
        """Return the copy of a chapter as it was handed out, or as the update that left `stamp` brought it."""
        name = f"{chapter.name}-{stamp}" if isinstance(stamp, str) and STAMP.fullmatch(stamp) else chapter.name
        return self.private / "base" / f"{name}.ipynb"

    def read_base(self, chapter: Chapter, mine: Notebook) -> Notebook:
        """Return the course's cells that the learner's notebook began with.

        Where they are lost, nothing: the next update then shows every difference as a conflict, and guesses none.
        """
        try:
            return read_notebook(self.base(chapter, mine["metadata"].get(BASE_KEY)))
        except CourseError:
            return {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

    def answers(self, chapter: Chapter) -> Path:
        """Return the chapter's log of attempts."""
        return self.folder / f"{chapter.name}.answers.jsonl"

    @property
    def learner(self) -> str:
        """The name in `COURSE_LEARNER`, else an anonymous one, the same for as long as the working copy lives."""
        if given := os.environ.get("COURSE_LEARNER", "").strip():
            return given
        try:
            return (self.private / "learner").read_text("utf-8").strip() or "learner"
        except (OSError, UnicodeDecodeError):
            return "learner"

    def outdated(self, chapter: Chapter) -> bool:
        """Tell whether the chapter has changed since it was handed out."""
        if not chapter.notebook.is_file() or not self.notebook(chapter).is_file():
            return False
        stamp = None
        with contextlib.suppress(NotebookUnreadable):
            stamp = read_notebook(self.notebook(chapter))["metadata"].get(BASE_KEY)
        try:
            return self.base(chapter, stamp).read_bytes() != chapter.notebook.read_bytes()
        except OSError:
            return True

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other `course` commands out of this working copy for a moment."""
        try:
            self.private.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.private / "lock", timeout=LOCK_SECONDS):
                yield
        except filelock.Timeout:
            raise CourseError(
                "another course command is at work in this folder", place=str(self.folder), help="wait for it to end"
            ) from None
        except OSError as error:
            raise CannotWrite(self.folder, error) from error

    def reset(self, chapter: Chapter) -> Reset:
        """Put a fresh copy of a chapter in place; keep the old one, and carry its attempts over."""
        if not chapter.notebook.is_file():
            raise CourseError("the chapter is not built", place=str(chapter.notebook), help="course dev build")
        fresh_bytes = chapter.notebook.read_bytes()
        fresh = parse_notebook(fresh_bytes, chapter.notebook)
        attempts = 0
        with self.locked():
            kept = self._keep(chapter)
            if kept is not None:
                # A notebook too damaged to read is kept as it is; its attempts are in the answers file.
                with contextlib.suppress(NotebookUnreadable):
                    fresh, attempts = carry_answers(fresh, read_notebook(kept))
            write_whole(self.base(chapter), fresh_bytes)
            if attempts:
                write_notebook(self.notebook(chapter), fresh)
            else:
                write_whole(self.notebook(chapter), fresh_bytes)
        return Reset(self.notebook(chapter), kept, attempts)

    def update(self) -> list[ChapterUpdate]:
        """Bring every chapter that changed in, and carry the learner's cells and answers over.

        A chapter that cannot be read or written is left as it is and reported; the others are done.
        """
        self._check_place()
        with self.locked():
            self._write_state()
            self._bring_figures()
            return [self._update(chapter) for chapter in self.course.chapters() if chapter.notebook.is_file()]

    def _update(self, chapter: Chapter) -> ChapterUpdate:
        try:
            if self._hand_out(chapter):
                return ChapterUpdate(chapter, "new")
            if not self.outdated(chapter):
                return ChapterUpdate(chapter, "same")
            theirs_bytes = chapter.notebook.read_bytes()
            theirs = parse_notebook(theirs_bytes, chapter.notebook)
            mine = read_notebook(self.notebook(chapter))
            merged = merge(self.read_base(chapter, mine), theirs, mine)
            stamp = hashlib.sha256(theirs_bytes).hexdigest()[:12]
            merged.notebook["metadata"][BASE_KEY] = stamp
            kept = self._keep(chapter)
            write_whole(self.base(chapter, stamp), theirs_bytes)
            write_notebook(self.notebook(chapter), merged.notebook)
        except CourseError as error:
            return ChapterUpdate(chapter, "failed", error=error)
        return ChapterUpdate(chapter, "merged", merged=merged, kept=kept)

    def _hand_out(self, chapter: Chapter) -> bool:
        """Put a chapter in where it is not there yet."""
        content = chapter.notebook.read_bytes()
        mine = self.notebook(chapter)
        if mine.exists():
            if not self.base(chapter).is_file() and mine.read_bytes() == content:
                write_whole(self.base(chapter), content)  # the state was lost, and nothing was changed yet
            return False
        write_whole(self.base(chapter), content)
        write_whole(mine, content)
        return True

    def _bring_figures(self) -> None:
        """Copy the pictures that chapters show. A different file of the same name may be the learner's: it is kept."""
        source = self.course.notebooks / "figures"
        for path in sorted(file for file in source.rglob("*") if file.is_file()):
            content, mine = path.read_bytes(), self.folder / "figures" / path.relative_to(source)
            try:
                old = mine.read_bytes() if mine.exists() else None
            except OSError as error:
                raise CannotWrite(mine, error) from error
            if old == content:
                continue
            if old is not None:
                write_whole(self._name_for_keeping(mine), old)
            write_whole(mine, content)

    def _keep(self, chapter: Chapter) -> Path | None:
        """Copy the learner's notebook, byte for byte, to a name of its own under `.course/kept`."""
        try:
            content = self.notebook(chapter).read_bytes()
        except FileNotFoundError:
            return None
        path = self._name_for_keeping(self.notebook(chapter))
        write_whole(path, content)
        return path

    def _name_for_keeping(self, path: Path) -> Path:
        """Return a free name under `.course/kept` for what this file was: its own, and the time."""
        stamp = time.strftime("%Y%m%dT%H%M%S")
        kept, number = self.private / "kept" / f"{path.stem}-{stamp}{path.suffix}", 2
        while kept.exists():
            kept, number = kept.with_name(f"{path.stem}-{stamp}-{number}{path.suffix}"), number + 1
        return kept

    def _check_place(self) -> None:
        """Refuse a folder that is the course itself, or that holds something else."""
        if self.folder.exists() and not self.folder.is_dir():
            raise NotAWorkingCopy(self.folder, "it is a file")
        for own in (self.course.root, self.course.notebooks, self.course.sources):
            if self.folder == own.resolve():
                raise NotAWorkingCopy(self.folder, "it is a folder of the course itself")
        if (
            not self.folder.is_dir()
            or (self.private / "state.json").is_file()
            or _has_chapters(self.folder, self.course)
        ):
            return
        if any(entry.name != PRIVATE for entry in self.folder.iterdir()):
            raise NotAWorkingCopy(self.folder, "it is not empty, and no working copy")

    def _write_state(self) -> None:
        path = self.private / "state.json"
        if not path.is_file():
            made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            write_whole(path, json.dumps({"schema": 1, "course": str(self.course.root), "made": made}, indent=1) + "\n")
        if not (self.private / "learner").is_file():
            write_whole(self.private / "learner", f"learner-{secrets.token_hex(4)}\n")
        _remember(self.course, self.folder)


def _has_chapters(folder: Path, course: Course) -> bool:
    return any((folder / f"{chapter.name}.ipynb").is_file() for chapter in course.chapters())


def _memory() -> Path:
    return platformdirs.user_config_path("ml-in-rust-measured") / "working-copies.json"


def _memories() -> dict[str, str]:
    try:
        data = json.loads(_memory().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in data.items() if isinstance(v, str)} if isinstance(data, dict) else {}


def _remembered(course: Course) -> Path | None:
    folder = _memories().get(str(course.root))
    return Path(folder) if folder else None


def _remember(course: Course, folder: Path) -> None:
    """Remember where the working copy is. A home that cannot be written only costs the memory, not the work."""
    memories = _memories()
    # In a clone the usual place needs no memory; elsewhere it depends on where the command was called.
    usual = str(default_folder(course)) if is_clone(course) else None
    if memories.get(str(course.root), usual) == str(folder):
        return
    with contextlib.suppress(CourseError):
        write_whole(_memory(), json.dumps(memories | {str(course.root): str(folder)}, indent=1) + "\n")
