"""A learner's attempts: the answers file beside a notebook, and the same attempts inside the notebook.

Two hands write them, so that neither a dead kernel nor a lost folder loses one. The kernel appends one line per
attempt to `NN_topic.answers.jsonl`; the front end keeps the attempts of a quiz in its cell's metadata. Every attempt
has an identity of its own (a UUID), so bringing any two collections together is a union, in any order, any number of
times. Whatever a learner's machine wrote is theirs to change: only the response is used for marking, the rest
(times, hints, confidence) is shown as the learner's own report. The formats are described in docs/answers.md.
"""

from __future__ import annotations

import errno
import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from course.errors import CannotWrite, CourseError, NotebookUnreadable, UnreadableAttempt

__all__ = [
    "EVENTS",
    "METADATA",
    "MIME",
    "MODES",
    "SCHEMA",
    "Attempt",
    "Log",
    "add",
    "collect",
    "file_for",
    "from_cells",
    "from_notebook",
    "merge",
    "new_id",
    "now",
    "read",
    "read_text",
    "responses",
    "write_text",
]

SCHEMA = 1
METADATA = "course_quiz"  # the key in a cell's metadata
MIME = "application/vnd.course.answers+json"  # the status output that people and nbconvert see
MODES = ("practice", "graded", "exam")
EVENTS = ("answer", "reveal", "start", "pause", "resume", "hand-in", "again", "check", "hint")

MAX_LINE = 256 * 1024  # bytes of one attempt; the longest honest response is a few kilobytes
MAX_FILE = 64 * 1024 * 1024  # bytes of an answers file or a notebook that will be read at all
LOCK_SECONDS = 10.0

_CHAPTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_ITEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def new_id() -> str:
    """Return a new attempt id."""
    return str(uuid.uuid4())


def now() -> str:
    """Return the time as answers files write it: UTC, ending in Z.

    In microseconds, because attempts are ordered by it, and a cell may answer one question twice in a millisecond.
    """
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Attempt:
    """One submitted response with its circumstances, or one event of a quiz (`event` other than "answer").

    `item` is a full id: `03_ndarray/slice-no-copy`; for events of a whole quiz it is the quiz: `03_ndarray/views`.
    """

    attempt: str
    item: str
    response: Mapping[str, Any] | None
    at: str
    mode: str = "practice"
    hints: int = 0
    seconds: float | None = None
    confidence: int | None = None  # 1 guessing, 2 fairly sure, 3 certain
    variant: int = 0
    bank: str = ""
    learner: str = ""
    event: str = "answer"
    schema: int = SCHEMA

    def __hash__(self) -> int:
        return hash(self.attempt)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as it is written: the order of fields is fixed, `event` only where it is one."""
        record: dict[str, Any] = {
            "schema": self.schema,
            "attempt": self.attempt,
            "item": self.item,
            "response": dict(self.response) if self.response is not None else None,
            "at": self.at,
            "mode": self.mode,
            "hints": self.hints,
            "seconds": self.seconds,
            "confidence": self.confidence,
            "variant": self.variant,
            "bank": self.bank,
            "learner": self.learner,
        }
        if self.event != "answer":
            record["event"] = self.event
        return record

    def as_line(self) -> bytes:
        """Return the record as one line of an answers file."""
        text = json.dumps(self.as_dict(), ensure_ascii=False, allow_nan=False)
        # A lone surrogate (half of a character, as some front ends send) cannot be UTF-8: it is written as an escape.
        return text.encode("utf-8", "backslashreplace") + b"\n"

    @staticmethod
    def from_dict(record: object, *, place: str = "") -> Attempt:
        """Check a record and return it as an attempt. Raises `UnreadableAttempt` saying what is wrong with it."""

        def refuse(what: str) -> UnreadableAttempt:
            return UnreadableAttempt(what, place=place)

        if not isinstance(record, dict):
            raise refuse(f"an attempt is a JSON object, this is {_kind(record)}")
        schema = record.get("schema")
        if type(schema) is not int or schema < 1:
            raise refuse("the record does not say which schema it follows")
        if schema > SCHEMA:
            raise UnreadableAttempt(
                f"the record follows schema {schema}, this version of the course reads up to {SCHEMA}",
                place=place,
                help="install the version of the course that wrote it; the record is kept as it is",
            )
        for name, pattern in (("attempt", _UUID), ("item", _ITEM), ("at", _AT)):
            value = record.get(name)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise refuse(f"`{name}` is not what an attempt has there: {_show(value)}")
        event = record.get("event", "answer")
        if event not in EVENTS:
            raise refuse(f"`event` is none of {', '.join(EVENTS)}: {_show(event)}")
        response = record.get("response")
        if not (isinstance(response, dict) or (response is None and event != "answer")):
            raise refuse(f"`response` is not a JSON object: {_show(response)}")
        if record.get("mode") not in MODES:
            raise refuse(f"`mode` is none of {', '.join(MODES)}: {_show(record.get('mode'))}")
        for name, top in (("hints", 1000), ("variant", 1_000_000)):
            value = record.get(name, 0)
            if type(value) is not int or not 0 <= value <= top:
                raise refuse(f"`{name}` is not a whole number from 0 to {top}: {_show(value)}")
        confidence = record.get("confidence")
        if confidence is not None and (type(confidence) is not int or not 1 <= confidence <= 3):
            raise refuse(f"`confidence` is not 1, 2 or 3: {_show(confidence)}")
        seconds = record.get("seconds")
        if seconds is not None and (
            isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 1e9
        ):
            raise refuse(f"`seconds` is not a number of seconds: {_show(seconds)}")
        for name in ("bank", "learner"):
            value = record.get(name, "")
            if not isinstance(value, str) or len(value) > 200:
                raise refuse(f"`{name}` is not a short text: {_show(value)}")
        return Attempt(
            attempt=record["attempt"],
            item=record["item"],
            response=response,
            at=record["at"],
            mode=record["mode"],
            hints=record.get("hints", 0),
            seconds=seconds,
            confidence=confidence,
            variant=record.get("variant", 0),
            bank=record.get("bank", ""),
            learner=record.get("learner", ""),
            event=event,
            schema=schema,
        )


@dataclass(frozen=True)
class Log:
    """Attempts in the order they were made, and what could not be read on the way to them."""

    attempts: tuple[Attempt, ...] = ()
    problems: tuple[UnreadableAttempt, ...] = field(default=())


def merge(*collections: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Return the union by attempt id, ordered by time.

    The order of the arguments does not matter, nor how often one is given. Should two records share an id and
    differ (one was edited by hand), the one that sorts first is taken, so that every reader takes the same.
    """
    found: dict[str, Attempt] = {}
    for collection in collections:
        for attempt in collection:
            other = found.get(attempt.attempt)
            if other is None or (other != attempt and attempt.as_line() < other.as_line()):
                found[attempt.attempt] = attempt
    return tuple(sorted(found.values(), key=lambda a: (_moment(a.at), a.attempt)))


def responses(attempts: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    """Return the answers of each item, first to last, without the events between them."""
    by_item: dict[str, list[Attempt]] = {}
    for attempt in merge(attempts):
        if attempt.event == "answer":
            by_item.setdefault(attempt.item, []).append(attempt)
    return by_item


def file_for(name: str, folder: Path) -> Path:
    """Return the answers file, in `folder`, of the chapter that a quiz or an item (`03_ndarray/views`) belongs to."""
    chapter = name.partition("/")[0]
    if not _CHAPTER.fullmatch(chapter):
        raise CourseError(f"{chapter!r} cannot name a chapter", help="write it as 03_ndarray/views")
    return folder / f"{chapter}.answers.jsonl"


def read(path: Path) -> Log:
    """Read an answers file. A file that is not there has no attempts; a torn or strange line is a problem, not an end.

    Raises `CourseError` only where the file as a whole cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise CourseError(
                f"the answers file is too large to be one ({size:,} bytes)",
                place=str(path),
                help=f"files over {MAX_FILE:,} bytes are not read",
            )
        data = path.read_bytes()
    except FileNotFoundError:
        return Log()
    except OSError as error:
        raise CourseError(
            f"the answers file cannot be read: {error.strerror}", place=str(path), help="check its permissions"
        ) from error
    return read_text(data, place=str(path))


def read_text(data: bytes | str, *, place: str = "answers") -> Log:
    """Read the content of an answers file (also one that was uploaded)."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    attempts: list[Attempt] = []
    problems: list[UnreadableAttempt] = []
    *lines, last = raw.split(b"\n")  # after a whole line nothing follows: `last` is empty, or torn
    for number, line in enumerate([*lines, last], start=1):
        if not line.strip():
            continue
        where = f"{place}:{number}"
        try:
            attempts.append(_from_line(line, where, torn=number > len(lines)))
        except UnreadableAttempt as problem:
            problems.append(problem)
    return Log(merge(attempts), tuple(problems))


def write_text(attempts: Iterable[Attempt]) -> str:
    """Return attempts as the content of an answers file, for download."""
    return b"".join(attempt.as_line() for attempt in merge(attempts)).decode()


def add(path: Path, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Append the attempts that the file does not have yet, and return those.

    Under a lock (several kernels may share the file), flushed to the disk before this returns. A torn last line, left
    by a crash, is closed first and never glued to the next. Raises `CannotWrite`; the file then ends where it ended.
    """
    wanted = merge(attempts)
    if not wanted:
        return ()
    if not path.parent.is_dir():  # the lock would make it, in a place that nobody meant
        raise CannotWrite(path, OSError(errno.ENOENT, "there is no such folder"))
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_SECONDS):
            known = {attempt.attempt for attempt in read(path).attempts}
            new = tuple(attempt for attempt in wanted if attempt.attempt not in known)
            if new:
                _append(path, b"".join(attempt.as_line() for attempt in new))
            return new
    except Timeout as error:
        busy = OSError(0, f"another program has held its lock for {LOCK_SECONDS:.0f} seconds")
        raise CannotWrite(path, busy) from error
    except OSError as error:
        raise CannotWrite(path, error) from error


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        if size:
            os.lseek(descriptor, size - 1, os.SEEK_SET)
            if os.read(descriptor, 1) != b"\n":
                data = b"\n" + data
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)  # a full disk took part of it: better none than half
            raise
    finally:
        os.close(descriptor)


def from_notebook(path: Path, *, quiz: str | None = None) -> Log:
    """Read the attempts a notebook file carries: every cell that has some, or those of one quiz.

    Copies of a quiz cell are brought together. Raises `NotebookUnreadable`.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise NotebookUnreadable(path, f"it has more than {MAX_FILE:,} bytes")
        cells = json.loads(path.read_bytes())["cells"]
        if not isinstance(cells, list):
            raise TypeError
    except OSError as error:
        raise NotebookUnreadable(path, error.strerror or "it cannot be opened") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotebookUnreadable(path, "it is not a Jupyter notebook of format 4") from None
    return from_cells(cells, quiz=quiz, place=path.name)


def from_cells(cells: Iterable[object], *, quiz: str | None = None, place: str = "the notebook") -> Log:
    """Read the attempts that the cells of a notebook carry; see `from_notebook`."""
    attempts: list[Attempt] = []
    problems: list[UnreadableAttempt] = []
    for number, cell in enumerate(cells, start=1):
        for block in _blocks(cell):
            if quiz is not None and block.get("quiz") != quiz:
                continue
            records = block.get("attempts")
            for record in records if isinstance(records, list) else ():
                try:
                    attempts.append(Attempt.from_dict(record, place=f"{place}, cell {number}"))
                except UnreadableAttempt as problem:
                    problems.append(problem)
    return Log(merge(attempts), tuple(problems))


def _blocks(cell: object) -> list[dict[str, Any]]:
    """Return what a cell stores about quizzes: in its metadata and, where no front end wrote that, in its outputs."""
    if not isinstance(cell, dict):
        return []
    metadata = cell.get("metadata")
    found = [metadata.get(METADATA)] if isinstance(metadata, dict) else []
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        if isinstance(data, dict):
            found.append(data.get(MIME))
    return [block for block in found if isinstance(block, dict)]


def collect(notebook: Path, jsonl: Path | None = None) -> Log:
    """Bring together what the notebook carries and the answers file has (by default the one beside it)."""
    inside = from_notebook(notebook)
    beside = read(jsonl if jsonl is not None else notebook.with_name(f"{notebook.stem}.answers.jsonl"))
    return Log(merge(inside.attempts, beside.attempts), inside.problems + beside.problems)


def _from_line(line: bytes, place: str, *, torn: bool) -> Attempt:
    if len(line) > MAX_LINE:
        raise UnreadableAttempt(f"the line has {len(line):,} bytes", place=place, help=f"at most {MAX_LINE:,} are read")
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        what = "the last line was torn off by a crash" if torn else "the line is not JSON"
        raise UnreadableAttempt(what, place=place) from None
    return Attempt.from_dict(record, place=place)


def _moment(at: str) -> str:
    """Return a time such that text order is time order ("…00Z" and "…00.5Z" differ in length)."""
    whole, _, fraction = at.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<6}"


def _kind(value: object) -> str:
    return {list: "a list", str: "text", type(None): "null", bool: "true or false"}.get(type(value), "a number")


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
