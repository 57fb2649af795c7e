"""Banks: folders of quiz files. Markdown holds everything; learner-bank JSON holds no key of a graded item."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from course.errors import CourseError, UnknownName
from course.quiz.codec import from_json
from course.quiz.model import Item, Quiz, Section
from course.quiz.parse import load

__all__ = ["Bank", "find", "folders", "read"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LARGEST = 20_000_000  # bytes of a learner bank


def read(path: Path | str, *, own: bool = False) -> Quiz:
    """Read one file of a bank: Markdown, or the JSON that `course quiz strip` writes.

    `own`: a file that this program wrote for itself, in a place that nobody else writes to.
    """
    path = Path(path)
    if path.suffix != ".json":
        return load(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise CourseError("the file is too large for a bank", place=str(path), help="write it anew")
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CourseError(f"cannot read the bank: {error.strerror}", place=str(path), help="check the path") from None
    except (ValueError, RecursionError):
        raise CourseError("the bank is no JSON", place=str(path), help="write it anew: course quiz strip") from None
    return from_json(data, path=str(path), own=own)


class Bank:
    """A folder of quiz files; files are read when asked for, and again when they have changed."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._read: dict[Path, tuple[tuple[int, int], Quiz]] = {}

    @property
    def names(self) -> list[str]:
        """The quizzes that are here."""
        files = (path for suffix in ("md", "json") for path in self.folder.glob(f"*.{suffix}"))
        return sorted({path.stem for path in files if _NAME.fullmatch(path.stem)})

    def __contains__(self, name: str) -> bool:
        return self._path(name) is not None

    def _path(self, name: str) -> Path | None:
        if not _NAME.fullmatch(name):
            return None
        return next((p for s in ("md", "json") if (p := self.folder / f"{name}.{s}").is_file()), None)

    def quiz(self, name: str) -> Quiz:
        """Return a quiz by name, `NN_topic`; raises `UnknownName`."""
        path = self._path(name)
        if path is None:
            raise UnknownName("quiz", name, self.names, place=str(self.folder))
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        if path not in self._read or self._read[path][0] != stamp:
            self._read[path] = (stamp, read(path))
        return self._read[path][1]

    def section(self, id: str) -> tuple[Quiz, Section]:
        """Return a section by its full id, `NN_topic/section`, with its quiz."""
        quiz, own = self._split(id, "section")
        return quiz, quiz.section(own)

    def item(self, id: str) -> Item:
        """Return an item by its full id, `NN_topic/slug`."""
        quiz, own = self._split(id, "item")
        return quiz.item(own)

    def _split(self, id: str, what: str) -> tuple[Quiz, str]:
        name, slash, own = id.partition("/")
        if not slash:
            help = f'write it in full: "{name}/…", one of {", ".join(self.names[:10])}'
            raise CourseError(f"{id!r} names no {what} of a quiz", place=str(self.folder), help=help)
        return self.quiz(name), own


def folders(start: Path | None = None) -> Iterator[Path]:
    """Yield the folders where quizzes are looked for, best first, whether they exist or not.

    `COURSE_BANK`, then `quizzes/` beside `start` (a notebook or its folder; else the current folder) and in its
    parents, then the course's own.
    """
    named = os.environ.get("COURSE_BANK")
    if named:
        bank = Path(named).expanduser()
        if not bank.is_dir():
            raise CourseError(
                "COURSE_BANK names a folder that is not there", place=str(bank), help="set it to a folder of quiz files"
            )
        yield bank
    here = (start or Path.cwd()).resolve()
    if here.is_file():
        here = here.parent
    for folder in (here, *here.parents):
        yield folder / "quizzes"
    package = Path(__file__).resolve().parent.parent
    yield package.parent / "quizzes"
    yield package / "content" / "quizzes"


_banks: dict[Path, Bank] = {}


def find(name: str, *, folder: Path | str | None = None, start: Path | None = None) -> Quiz:
    """Return the quiz called `name` (`NN_topic`), from `folder` or from the first of `folders(start)` that has it.

    Raises:
        UnknownName: nobody has it.
        QuizErrors: its file has errors.
    """
    places = [Path(folder)] if folder is not None else list(folders(start))
    known: set[str] = set()
    for place in dict.fromkeys(places):
        if not place.is_dir():
            continue
        bank = _banks.setdefault(place, Bank(place))
        if name in bank:
            return bank.quiz(name)
        known.update(bank.names)
    raise UnknownName("quiz", name, known, place=str(folder or ""))
