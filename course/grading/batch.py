"""`course grade COURSE`: every submission of a class that has changed, or whose key has, graded and recorded.

For each batch, in this order: the notebooks of `autograded/`, the gradebook (one transaction), the store (one
transaction). What is in the store is therefore everywhere; killed between two of them, the next run does the batch
again and writes the same. `results.jsonl` is written from the store at the end.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from course.errors import CannotWrite, CourseError, SubmissionUnreadable
from course.grading.autograded import autograded
from course.grading.classfolder import ClassFolder
from course.grading.engine import Engine, Options, Submission, shown
from course.grading.gradebook import Entry, Gradebook
from course.grading.lock import locked
from course.grading.reading import MOST_BYTES, Work, read_work
from course.grading.results import Result, write_results
from course.grading.scoring import Score, Tools
from course.grading.store import Record, Store
from course.quiz import answers

__all__ = ["Summary", "Told", "grade_class"]

BATCH = 64  # submissions in one transaction
SECONDS = 2.0  # after which a smaller batch is written

Tell = Callable[[str], None]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Told:
    """A submission that is to be named, and why."""

    chapter: str
    learner: str
    why: tuple[str, ...]


@dataclass
class Summary:
    """What a run did: how many were graded, judged again by another key, and unchanged; and whom to look at."""

    graded: int = 0
    rejudged: int = 0
    unchanged: int = 0
    trouble: list[Told] = field(default_factory=list)
    failed: list[Told] = field(default_factory=list)
    runs: int = 0
    isolation: str = ""
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """3 where a submission could not be graded, or must be looked at; else 0."""
        return 3 if self.failed or self.trouble else 0

    def as_json(self) -> dict[str, Any]:
        """Return what `course grade --json` prints (docs/schemas/grade.schema.json)."""

        def told(ones: Sequence[Told]) -> list[dict[str, Any]]:
            ordered = sorted(ones, key=lambda one: (one.chapter, one.learner))
            return [{"chapter": one.chapter, "learner": one.learner, "why": list(one.why)} for one in ordered]

        return {
            "schema": 1,
            "graded": self.graded,
            "rejudged": self.rejudged,
            "unchanged": self.unchanged,
            "trouble": told(self.trouble),
            "failed": told(self.failed),
            "runs": self.runs,
            "isolation": self.isolation,
            "seconds": round(self.seconds, 3),
        }


def grade_class(
    folder: ClassFolder,
    chapters: Sequence[str],
    *,
    options: Options | None = None,
    again: bool = False,
    tell: Tell = lambda _: None,
    progress: Progress = lambda _fraction, _what: None,
) -> Summary:
    """Grade what has changed in `submitted/`; return what was done. `again`: also what has not changed.

    Raises:
        GradingElsewhere: another process does.
        GradebookTrouble, CannotWrite: what was graded so far is recorded; run it again and it goes on.
        NoSandbox: this machine cannot hold what learners wrote.
    """
    started = time.monotonic()
    with locked(folder.private), Store(folder.private / "grading.sqlite") as store:
        run = _Run(folder, store, options or Options(), again, tell, progress)
        try:
            with Gradebook(folder.gradebook_url, tell=tell) as gradebook:
                run.grade(chapters, gradebook)
        finally:
            write_results(folder.results, _results(store))
        run.summary.seconds = time.monotonic() - started
        return run.summary


def _results(store: Store) -> Iterator[Result]:
    for record in store.records():
        yield from record.results


@dataclass(frozen=True)
class _HandedIn:
    """One submission as it lies in `submitted/`."""

    chapter: str
    learner: str
    folder: Path

    @property
    def notebook(self) -> Path:
        return self.folder / f"{self.chapter}.ipynb"

    def read(self) -> tuple[bytes, bytes | None, str, datetime | None]:
        """Return the notebook, the answers file, the hash of all that counts, and the time it was handed in."""
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
    with os.fdopen(descriptor, "rb") as file:
        import stat

        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionUnreadable(f"{path.name} is no file", place=str(path))
        if status.st_size > most:
            raise SubmissionUnreadable(
                f"{path.name} has {status.st_size:,} bytes; at most {most:,} are read", place=str(path)
            )
        return file.read(most + 1)


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


class _Run:
    def __init__(
        self, folder: ClassFolder, store: Store, options: Options, again: bool, tell: Tell, progress: Progress
    ) -> None:
        self.folder, self.store, self.options = folder, store, options
        self.again, self.tell, self.progress = again, tell, progress
        self.summary = Summary()
        self.done = self.total = 0

    def grade(self, chapters: Sequence[str], gradebook: Gradebook) -> None:
        tools = {chapter: self._tools(chapter) for chapter in chapters}
        self.total = sum(1 for _ in _handed_in(self.folder, chapters))
        engine = Engine(self.store, self._finished, self._failed, options=self.options)
        self.recorder = _Recorder(self.folder, self.store, gradebook, engine)
        warm = tuple(sorted({name for one in tools.values() for name in one.warm}))
        with engine:
            try:
                engine.grade(self._changed(tools), warm=warm)
            finally:
                self.recorder.flush()
        self.summary.runs, self.summary.isolation = engine.ran, engine.isolation

    def _tools(self, chapter: str) -> Tools:
        tools = Tools(self.folder.key(chapter), seconds=self.options.seconds, memory=self.options.memory)
        for name, definition in tools.definitions.items():
            if isinstance(definition, CourseError):
                self.tell(f"the task {chapter}/{name} cannot be graded: {definition.message}")
        return tools

    def _changed(self, tools: Mapping[str, Tools]) -> Iterator[Submission]:
        """Yield the submissions that are to be graded; count the others."""
        for one in _handed_in(self.folder, tuple(tools)):
            own = tools[one.chapter]
            known = self.store.state(one.chapter, one.learner)
            submission = Submission(one.learner, own, lambda: Work(()))
            try:
                notebook, log, content, when = one.read()
                submission.about = _About(one, content, when, None if known is None else known)
                if known is not None and not self.again and self._stands(known, content, own):
                    self._unchanged(one, known[2])
                    continue
                raw, work = read_work(notebook, log, chapter=one.chapter)
                submission.about.notebook = raw
            except SubmissionUnreadable as error:
                submission.about = submission.about or _About(one, f"unreadable: {error.message}", None, known)
                self._failed(submission, error)
                continue
            submission.load = _Loader(one, content, work)
            yield submission

    def _stands(self, known: tuple[str, str, str], content: str, tools: Tools) -> bool:
        if known[:2] != (content, tools.judged):
            return False
        return known[2] != "trouble" or (self.options.seconds is None and self.options.memory is None)

    def _unchanged(self, one: _HandedIn, status: str) -> None:
        self.summary.unchanged += 1
        if status != "graded" and (record := self.store.get(one.chapter, one.learner)):
            told = self.summary.failed if status == "failed" else self.summary.trouble
            told.append(Told(one.chapter, one.learner, record.notes))
        self._advance(one)

    def _finished(self, submission: Submission, work: Work, found: Score) -> None:
        about: _About = submission.about
        if about.known is not None and about.known[0] == about.content and not self.again:
            self.summary.rejudged += 1
        else:
            self.summary.graded += 1
        if found.notes:
            self.summary.trouble.append(Told(submission.tools.key.chapter, submission.learner, found.notes))
        self.recorder.add(submission, work, found)
        self._advance(about.one)

    def _failed(self, submission: Submission, error: CourseError) -> None:
        about: _About = submission.about
        why = [error.message]
        if about.known is not None and about.known[2] != "failed":
            why.append("what it earned before stands in the gradebook")
        self.summary.failed.append(Told(submission.tools.key.chapter, submission.learner, tuple(why)))
        self.recorder.add_failed(submission, tuple(why))
        self._advance(about.one)

    def _advance(self, one: _HandedIn) -> None:
        self.done += 1
        self.progress(self.done / max(1, self.total), f"{one.chapter} {one.learner}")


@dataclass
class _About:
    """What the run knows of a submission beside its work. known: what the store has of it."""

    one: _HandedIn
    content: str
    when: datetime | None
    known: tuple[str, str, str] | None
    notebook: dict[str, Any] | None = None


class _Loader:
    """Gives a submission's work: at once the first time, from the file later."""

    def __init__(self, one: _HandedIn, content: str, work: Work) -> None:
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


def _handed_in(folder: ClassFolder, chapters: Sequence[str]) -> Iterator[_HandedIn]:
    """Yield what is in `submitted/`, by chapter and learner."""
    try:
        with os.scandir(folder.submitted) as entries:
            learners = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except FileNotFoundError:
        learners = []
    except OSError as error:
        raise CourseError(f"submitted/ cannot be read: {error.strerror}", place=str(folder.submitted)) from error
    for chapter in chapters:
        for learner in learners:
            place = folder.submitted / learner / chapter
            if place.is_dir():
                yield _HandedIn(chapter, learner, place)


class _Recorder:
    """Writes what was graded, a batch at a time."""

    def __init__(self, folder: ClassFolder, store: Store, gradebook: Gradebook, engine: Engine) -> None:
        self.folder, self.store, self.gradebook, self.engine = folder, store, gradebook, engine
        self.records: list[Record] = []
        self.entries: dict[str, list[Entry]] = {}
        self.since = time.monotonic()

    def add(self, submission: Submission, work: Work, found: Score) -> None:
        about: _About = submission.about
        chapter, learner = submission.tools.key.chapter, submission.learner
        before = self.store.get(chapter, learner) if about.known is not None else None
        notebook, about.notebook = about.notebook, None
        if notebook is None:
            raw, log, _, _ = about.one.read()
            notebook, _ = read_work(raw, log, chapter=chapter)
        content = autograded(submission.tools.key, notebook, shown(found, submission.tools, learner))
        write_quickly(self.folder.autograded / learner / chapter / f"{chapter}.ipynb", content)
        unsure = any(run.fault for run in submission.runs.values())
        self.records.append(
            Record(
                chapter,
                learner,
                about.content,
                "" if unsure else submission.tools.judged,  # what this machine could not run is tried again
                "trouble" if found.notes else "graded",
                found.notes,
                found.results,
                work,
                {submission.plans[name].task.full_id: job for name, job in submission.jobs.items()},
            )
        )
        changed = _changed_answers(before, found)
        entry = Entry(learner, found.points, found.comments, changed, about.when)
        self.entries.setdefault(chapter, []).append(entry)
        self._written()

    def add_failed(self, submission: Submission, why: tuple[str, ...]) -> None:
        about: _About = submission.about
        key, learner = submission.tools.key, submission.learner
        results = []
        for graded in key.graded:
            items = graded.section.questions if graded.kind == "quiz" and graded.section else ()
            names = [(item.id, item.points) for item in items] or [
                (graded.item.id if graded.item else graded.grade_id, graded.points)
            ]
            kind = "question" if graded.kind == "quiz" else graded.kind
            results += [
                Result(
                    learner,
                    key.chapter,
                    f"{key.chapter}/{name}",
                    kind,
                    graded.grade_id,
                    None,
                    points,
                    "not graded",
                    message=why[0],
                )
                for name, points in names
            ]
        ordered = tuple(sorted(results, key=lambda result: result.item))
        self.records.append(
            Record(key.chapter, learner, about.content, submission.tools.judged, "failed", why, ordered)
        )
        self._written()

    def _written(self) -> None:
        if len(self.records) >= BATCH or time.monotonic() - self.since > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the batch: to the gradebook, then to the store."""
        for chapter, entries in self.entries.items():
            self.gradebook.record(chapter, entries)
        self.entries.clear()
        if self.records or self.engine.fresh:
            self.store.enter(self.records, self.engine.fresh)
        self.records.clear()
        self.engine.fresh.clear()
        self.since = time.monotonic()


def _changed_answers(before: Record | None, found: Score) -> frozenset[str]:
    """Return the grade ids whose answers are others than those recorded before."""
    old = {result.item: (result.response, result.message) for result in before.results} if before else {}
    return frozenset(
        result.grade_id for result in found.results if old.get(result.item) != (result.response, result.message)
    )


def write_quickly(path: Path, content: bytes) -> None:
    """Replace a file by rename, without waiting for the disk: what is lost in a power cut is graded again."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CannotWrite(path, error) from error
