"""What has been graded, from what, and what the learners' code gave: one SQLite file, `.course/grading.sqlite`.

It is what makes grading resumable and regrading quick. A submission is entered here after it is in the gradebook, in
one transaction per batch: killed at any point, the next run finds whole submissions or none, and does the others again.

    submission  per chapter and learner: hashes of what was graded and by which key, the work itself, the results
    run         per job (cells, function, cases, limits: a hash of them all): what came of each case, as wire frames
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.errors import CannotWrite, CourseError
from course.grading.reading import Work
from course.grading.results import Result
from course.tasks import wire
from course.tasks.model import Limits, Ran

__all__ = ["Record", "Store", "StoredRun"]

VERSION = 1
_NO_ROOM = 1_000_000  # bytes: with less, an error of the disk is one of room, which SQLite cannot always tell
LARGEST_RUN = 4_000_000  # bytes of one job's values that are kept; larger ones are run again when they are needed


@dataclass(frozen=True)
class Record:
    """One graded submission.

    content: hash of what was handed in. judged: hash of the key, and of the engine, that the results come from.
    status: "graded", "trouble" (graded, and something should be looked at) or "failed"; notes say why.
    jobs: full item id of each task → the job whose run it was judged by.
    """

    chapter: str
    learner: str
    content: str
    judged: str
    status: str
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    work: Work | None = None
    jobs: Mapping[str, str] | None = None


@dataclass(frozen=True)
class StoredRun:
    """What came of a job: a `Ran` for each case, and what is said of the run as a whole."""

    runs: tuple[Ran, ...]
    problem: str = ""
    missing_name: str = ""
    rejected: Mapping[int, bool] | None = None
    isolation: str = ""
    limits: tuple[float, int] = (0.0, 0)  # seconds and MiB that each case had
    fault: str = ""  # "machine": not the submission's; such a run is not kept

    def good_for(self, limits: Limits) -> bool:
        """Whether it tells what a run with these limits would give."""
        bounded = any(ran.outcome in ("timeout", "memory", "crashed", "not-run") for ran in self.runs)
        return not bounded or (limits.seconds <= self.limits[0] and limits.memory <= self.limits[1])

    def encode(self) -> bytes | None:
        """Return it as bytes for the store; None where it is too large to keep."""
        runs = [[ran.outcome, ran.value, ran.arguments, ran.error] for ran in self.runs]
        rejected = [[number, refused] for number, refused in sorted((self.rejected or {}).items())]
        try:
            parts = [runs, self.problem, self.missing_name, rejected, self.isolation, list(self.limits)]
            frame = wire.encode(parts, largest=LARGEST_RUN)
        except CourseError:
            return None
        return zlib.compress(frame, 1)

    @staticmethod
    def decode(data: bytes) -> StoredRun:
        """Return what `encode` wrote."""
        runs, problem, missing, rejected, isolation, (seconds, memory) = wire.decode(zlib.decompress(data))
        return StoredRun(
            tuple(Ran(outcome, value, tuple(arguments), error) for outcome, value, arguments, error in runs),
            problem,
            missing,
            dict(rejected),
            isolation,
            (seconds, memory),
        )


class Store:
    """The store of one class. One process has it open to write (`course.grading.lock`); others may read."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        with self._errors():
            if read_only:
                self._db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)
                return
            new = not path.exists()
            self._db = sqlite3.connect(path, timeout=30)
            if new:
                path.chmod(0o600)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = full")
            (version,) = self._db.execute("pragma user_version").fetchone()
            if version > VERSION:
                raise CourseError(
                    f"what was graded here was kept by a newer version ({version})",
                    place=str(path),
                    help="install a newer version of the course; or delete the file, and everything is graded anew",
                )
            with self._db:
                self._db.execute(
                    "create table if not exists submission (chapter text, learner text, content text, judged text, "
                    "status text, notes text, results text, work blob, jobs text, primary key (chapter, learner))"
                )
                self._db.execute("create table if not exists run (job text primary key, data blob)")
                self._db.execute(f"pragma user_version = {VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Say what SQLite says in our words."""
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if "full" in text or ("disk I/O" in text and shutil.disk_usage(self.path.parent).free < _NO_ROOM):
                raise CannotWrite(self.path, OSError(28, "no space left")) from error
            if "readonly" in text or "unable to open" in text:
                raise CannotWrite(self.path, OSError(13, "permission denied")) from error
            raise CourseError(
                f"the record of what was graded cannot be used: {text}",
                place=str(self.path),
                help="where it is damaged, delete it: everything is graded anew, and gives the same",
            ) from error

    # ---- submissions ----

    def state(self, chapter: str, learner: str) -> tuple[str, str, str] | None:
        """Return (content, judged, status) of a graded submission, or None."""
        with self._errors():
            row = self._db.execute(
                "select content, judged, status from submission where chapter = ? and learner = ?", (chapter, learner)
            ).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def get(self, chapter: str, learner: str, *, work: bool = False) -> Record | None:
        """Return a record, with the work in it where that is asked for."""
        return next(self._records("chapter = ? and learner = ?", (chapter, learner), work), None)

    def records(self, chapters: Sequence[str] = (), *, work: bool = False) -> Iterator[Record]:
        """Yield all records, sorted by chapter and learner, one at a time."""
        marks = ", ".join("?" * len(chapters))
        yield from self._records(f"chapter in ({marks})" if chapters else "1", tuple(chapters), work)

    def _records(self, where: str, values: Sequence[str], work: bool) -> Iterator[Record]:
        columns = "chapter, learner, content, judged, status, notes, results, jobs" + (", work" if work else "")
        with self._errors():
            rows = self._db.execute(
                f"select {columns} from submission where {where} order by chapter, learner",  # noqa: S608 - our own
                values,
            )
            for row in rows:
                yield Record(
                    row[0],
                    row[1],
                    row[2],
                    row[3],
                    row[4],
                    tuple(json.loads(row[5])),
                    tuple(Result.from_json(result) for result in json.loads(row[6])),
                    Work.from_json(json.loads(zlib.decompress(row[8]))) if work and row[8] is not None else None,
                    json.loads(row[7]),
                )

    def learners(self, chapter: str) -> list[str]:
        """Return whose submissions of a chapter are here, sorted."""
        with self._errors():
            rows = self._db.execute("select learner from submission where chapter = ? order by learner", (chapter,))
            return [row[0] for row in rows]

    def count(self, chapters: Sequence[str]) -> int:
        """Return how many submissions of these chapters have been graded."""
        marks = ", ".join("?" * len(chapters))
        with self._errors():
            row = self._db.execute(f"select count(*) from submission where chapter in ({marks})", chapters)  # noqa: S608
            return int(row.fetchone()[0])

    # ---- runs ----

    def run(self, job: str) -> StoredRun | None:
        """Return what came of a job, if it has been run."""
        with self._errors():
            row = self._db.execute("select data from run where job = ?", (job,)).fetchone()
        return None if row is None else StoredRun.decode(row[0])

    # ---- writing ----

    def enter(self, records: Iterable[Record], runs: Mapping[str, bytes]) -> None:
        """Enter a batch: all of it, or nothing."""
        with self._errors(), self._db:
            self._db.executemany("insert or replace into run values (?, ?)", runs.items())
            self._db.executemany(
                "insert or replace into submission values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        record.chapter,
                        record.learner,
                        record.content,
                        record.judged,
                        record.status,
                        json.dumps(record.notes),
                        json.dumps([result.as_json() for result in record.results]),
                        zlib.compress(json.dumps(record.work.as_json()).encode(), 1) if record.work else None,
                        json.dumps(dict(record.jobs or {}), sort_keys=True),
                    )
                    for record in records
                ),
            )
