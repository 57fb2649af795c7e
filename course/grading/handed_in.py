"""What lies in `submitted/`: each submission's files, read with care, and the hash of all that counts in them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from course.errors import CourseError, SubmissionUnreadable
from course.grading.classfolder import ClassFolder
from course.grading.reading import MOST_BYTES, Work, read_work
from course.quiz import answers

__all__ = ["HandedIn", "Loader", "handed_in"]


@dataclass(frozen=True)
class HandedIn:
    """One submission as it lies in `submitted/`."""

    chapter: str
    learner: str
    folder: Path

    @property
    def notebook(self) -> Path:
        return self.folder / f"{self.chapter}.ipynb"

    def read(self) -> tuple[bytes, bytes | None, str, datetime | None]:
        """Return the notebook, the answers file, the hash of all that counts, and the time it was handed in."""
        for folder in (self.folder.parent, self.folder):
            if folder.is_symlink():
                raise SubmissionUnreadable(f"{folder.name} is a link, and links are not followed", place=str(folder))
        notebook = _content(self.notebook, MOST_BYTES)
        beside = self.folder / f"{self.chapter}.answers.jsonl"
        log = _content(beside, answers.MAX_FILE) if beside.exists() or beside.is_symlink() else None
        stamp = self.folder / "timestamp.txt"
        when = _content(stamp, 1000).decode("utf-8", "replace").strip() if stamp.exists() else ""
        digest = hashlib.sha256()
        for part in (notebook, log or b"", when.encode()):
            digest.update(hashlib.sha256(part).digest())
        return notebook, log, digest.hexdigest(), _moment(when)


def _content(path: Path, most: int) -> bytes:
    """Return what a regular file holds: no link, no pipe, nothing endless."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SubmissionUnreadable(f"there is no {path.name} in it", place=str(path)) from None
    except OSError as error:
        said = "is a link, and links are not followed" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise SubmissionUnreadable(f"{path.name} {said}", place=str(path)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionUnreadable(f"{path.name} is no file", place=str(path))
        if status.st_size > most:
            raise SubmissionUnreadable(
                f"{path.name} has {status.st_size:,} bytes; at most {most:,} are read", place=str(path)
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(descriptor)


def _moment(text: str) -> datetime | None:
    """Read a timestamp.txt as nbgrader does: the time in UTC, without a zone."""
    if not text:
        return None
    from dateutil import parser, tz  # type: ignore[import-untyped,unused-ignore]

    words = text.split(" ")
    try:
        if len(words) == 3:
            found: datetime = parser.parse(" ".join(words[:2]))
            zone = tz.gettz(words[2]) if not words[2].lstrip("+-").isdigit() else None
            found = parser.parse(text) if zone is None else found.replace(tzinfo=zone)
        else:
            found = parser.parse(text)
    except (ValueError, OverflowError):
        return None
    offset = found.utcoffset()
    return found if offset is None else (found - offset).replace(tzinfo=None)


class Loader:
    """Gives a submission's work: at once the first time, from the file later."""

    def __init__(self, one: HandedIn, content: str, work: Work) -> None:
        self.one, self.content = one, content
        self.work: Work | None = work

    def __call__(self) -> Work:
        work, self.work = self.work, None
        if work is None:
            notebook, log, content, _ = self.one.read()
            if content != self.content:
                raise SubmissionUnreadable(
                    "it was changed while it was being graded", place=str(self.one.notebook), help="course grade again"
                )
            _, work = read_work(notebook, log, chapter=self.one.chapter)
        return work


def handed_in(folder: ClassFolder, chapters: Sequence[str]) -> Iterator[HandedIn]:
    """Yield what is in `submitted/`, by chapter and learner."""
    try:
        with os.scandir(folder.submitted) as entries:
            learners = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    except FileNotFoundError:
        learners = []
    except OSError as error:
        raise CourseError(f"submitted/ cannot be read: {error.strerror}", place=str(folder.submitted)) from error
    for chapter in chapters:
        for learner in learners:
            place = folder.submitted / learner / chapter
            if place.is_dir() or place.is_symlink():  # a link is named, and not followed
                yield HandedIn(chapter, learner, place)
