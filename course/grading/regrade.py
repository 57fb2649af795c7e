"""`course regrade COURSE`: what a changed key changes, from stored answers and stored runs; written only when told.

Answers to questions are judged again from what was recorded. Tasks are judged again from what their code gave; code is
run again only where the cases, or what else goes into a run, are others than before. Nothing is written before
`apply`, and then after a backup of the gradebook.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from course.errors import CannotWrite, CourseError, GradebookTrouble
from course.grading.autograded import with_outputs
from course.grading.classfolder import ClassFolder
from course.grading.engine import Engine, Options, Submission, shown
from course.grading.gradebook import Entry, Gradebook
from course.grading.lock import locked
from course.grading.reading import Work
from course.grading.recorder import BATCH, write_quickly
from course.grading.results import Result, write_results
from course.grading.scoring import Score, Tools
from course.grading.store import Record, Store

__all__ = ["Change", "Regraded", "regrade_class"]


@dataclass(frozen=True)
class Change:
    """One score that is another now. before, after: points; None where nobody has given any."""

    chapter: str
    learner: str
    item: str
    before: float | None
    after: float | None
    why: str = ""

    @property
    def by(self) -> float:
        """By how much."""
        return round((self.after or 0.0) - (self.before or 0.0), 9)


@dataclass
class Regraded:
    """What a regrade found: how many submissions were looked at, what changes, and what had to run again."""

    submissions: int = 0
    changes: list[Change] = field(default_factory=list)
    runs: int = 0
    rerun: dict[str, int] = field(default_factory=dict)  # task → submissions whose code ran again
    problems: list[tuple[str, str, str]] = field(default_factory=list)  # chapter, learner, why
    applied: bool = False
    backup: str = ""
    isolation: str = ""
    seconds: float = 0.0

    @property
    def learners(self) -> dict[tuple[str, str], float]:
        """(chapter, learner) → by how much their score changes; those alone whose score does."""
        found: dict[tuple[str, str], float] = {}
        for change in self.changes:
            place = change.chapter, change.learner
            found[place] = round(found.get(place, 0.0) + change.by, 9)
        return found

    @property
    def items(self) -> dict[str, dict[float, int]]:
        """Full item id → by how much → for how many learners."""
        found: dict[str, dict[float, int]] = {}
        for change in self.changes:
            steps = found.setdefault(change.item, {})
            steps[change.by] = steps.get(change.by, 0) + 1
        return dict(sorted(found.items()))

    @property
    def exit_code(self) -> int:
        """3 where a submission could not be judged again; else 0."""
        return 3 if self.problems else 0

    def as_json(self) -> dict[str, Any]:
        """Return what `course regrade --json` prints (docs/schemas/regrade.schema.json)."""
        return {
            "schema": 1,
            "submissions": self.submissions,
            "changes": [
                {
                    "chapter": change.chapter,
                    "learner": change.learner,
                    "item": change.item,
                    "before": change.before,
                    "after": change.after,
                    "by": change.by,
                    "why": change.why,
                }
                for change in self.changes
            ],
            "learners": [
                {"chapter": chapter, "learner": learner, "by": by}
                for (chapter, learner), by in sorted(self.learners.items())
            ],
            "runs": self.runs,
            "rerun": dict(sorted(self.rerun.items())),
            "problems": [{"chapter": c, "learner": name, "why": why} for c, name, why in self.problems],
            "applied": self.applied,
            "backup": self.backup,
            "isolation": self.isolation,
            "seconds": round(self.seconds, 3),
        }


def regrade_class(
    folder: ClassFolder,
    chapters: Sequence[str],
    *,
    apply: bool = False,
    options: Options | None = None,
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[float, str], None] = lambda _fraction, _what: None,
) -> Regraded:
    """Judge again what has been graded; return what changes. `apply`: write it, after a backup.

    Raises:
        GradingElsewhere: the class is being graded.
        GradebookTrouble, CannotWrite: it could not be written; what was written is whole.
        NoSandbox: code has to run again, and this machine cannot hold it.
    """
    started = time.monotonic()
    with locked(folder.private), Store(folder.private / "grading.sqlite") as store:
        run = _Run(folder, store, {chapter: Tools(folder.key(chapter)) for chapter in chapters}, options, progress)
        run.look()
        if apply and (run.found.changes or run.stale):
            if run.found.changes:
                run.found.backup = str(back_up(folder))
            run.write(tell)
            write_results(folder.results, (result for record in store.records() for result in record.results))
            run.found.applied = True
        run.found.seconds = time.monotonic() - started
        return run.found


class _Run:
    def __init__(
        self,
        folder: ClassFolder,
        store: Store,
        tools: Mapping[str, Tools],
        options: Options | None,
        progress: Callable[[float, str], None],
    ) -> None:
        self.folder, self.store, self.tools = folder, store, tools
        self.options = options or Options()
        self.progress = progress
        self.found = Regraded()
        self.stale = False  # whether a record is of another key, though its scores are the same
        self.total = max(1, store.count(tuple(tools)))
        self.writing: tuple[Gradebook, list[Record], dict[str, list[Entry]]] | None = None

    def look(self) -> None:
        """Judge everything again and note what changes; keep what had to run."""
        self._judge()
        self.found.changes.sort(key=lambda change: (change.chapter, change.learner, change.item))

    def write(self, tell: Callable[[str], None]) -> None:
        """Judge again, from runs that are all there by now, and write."""
        with Gradebook(self.folder.gradebook_url, tell=tell) as gradebook:
            self.writing = gradebook, [], {}
            try:
                self._judge()
            finally:
                self._flush()
                self.writing = None

    def _judge(self) -> None:
        engine = Engine(self.store, self._judged, self._failed, options=self.options)
        warm = tuple(sorted({name for one in self.tools.values() for name in one.warm}))
        self.done = 0
        with engine:
            engine.grade(self._submissions(), warm=warm)
        if engine.fresh:
            self.store.enter((), engine.fresh)
        if engine.ran:
            self.found.runs, self.found.isolation = engine.ran, engine.isolation

    def _submissions(self) -> Iterator[Submission]:
        for chapter, tools in self.tools.items():
            for learner in self.store.learners(chapter):
                record = self.store.get(chapter, learner, work=True)
                if record is None or record.work is None:
                    continue  # it could not be read when it was graded
                yield Submission(learner, tools, _Again(self.store, record), record)

    def _judged(self, submission: Submission, work: Work, found: Score) -> None:
        record: Record = submission.about
        self.done += 1
        self.progress(self.done / self.total, f"{record.chapter} {record.learner}")
        if self.writing is None:
            self._compare(submission, record, found)
        else:
            self._write(submission, work, record, found)

    def _failed(self, submission: Submission, error: CourseError) -> None:
        self.found.problems.append((submission.tools.key.chapter, submission.learner, error.message))

    def _compare(self, submission: Submission, record: Record, found: Score) -> None:
        self.found.submissions += 1
        self.stale = self.stale or record.judged != submission.tools.judged
        before = {result.item: result for result in record.results}
        after = {result.item: result for result in found.results}
        for item in sorted(before.keys() | after.keys()):
            old, new = before.get(item), after.get(item)
            if (old.points if old else None) != (new.points if new else None):
                why = _why(old, new)
                change = Change(
                    record.chapter, record.learner, item, old.points if old else None, new.points if new else None, why
                )
                self.found.changes.append(change)
        known = record.jobs or {}
        for name, job in submission.jobs.items():
            task = submission.plans[name].task.full_id
            if known.get(task) != job:
                self.found.rerun[task] = self.found.rerun.get(task, 0) + 1

    def _write(self, submission: Submission, work: Work, record: Record, found: Score) -> None:
        assert self.writing is not None
        _, records, entries = self.writing
        path = self.folder.autograded / record.learner / record.chapter / f"{record.chapter}.ipynb"
        if path.is_file():
            try:
                content = with_outputs(path.read_bytes(), shown(found, submission.tools, record.learner))
            except (ValueError, KeyError, TypeError, OSError) as error:
                self._failed(submission, CourseError(f"its graded notebook cannot be read: {error}"))
            else:
                write_quickly(path, content)
        unsure = any(run.fault for run in submission.runs.values())
        jobs = {submission.plans[name].task.full_id: job for name, job in submission.jobs.items()}
        records.append(
            Record(
                record.chapter,
                record.learner,
                record.content,
                "" if unsure else submission.tools.judged,
                "trouble" if found.notes else "graded",
                found.notes,
                found.results,
                work,
                jobs,
            )
        )
        entries.setdefault(record.chapter, []).append(Entry(record.learner, found.points, found.comments))
        if len(records) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        assert self.writing is not None
        gradebook, records, entries = self.writing
        for chapter, ones in entries.items():
            gradebook.record(chapter, ones)
        if records:
            self.store.enter(records, {})
        records.clear()
        entries.clear()


class _Again:
    """Gives the stored work of a submission, any number of times, without keeping it."""

    def __init__(self, store: Store, record: Record) -> None:
        self.store, self.record = store, record

    def __call__(self) -> Work:
        found = self.store.get(self.record.chapter, self.record.learner, work=True)
        assert found is not None
        assert found.work is not None
        return found.work


def _why(old: Result | None, new: Result | None) -> str:
    if old is None:
        return "the item is new"
    if new is None:
        return "the item is gone"
    if old.possible != new.possible:
        return f"it is worth {new.possible:g} now, not {old.possible:g}"
    return f"{old.verdict} → {new.verdict}" if old.verdict != new.verdict else ""


def back_up(folder: ClassFolder) -> Path:
    """Copy the gradebook to `.course/backups/`, dated, and return where. Raises when that is not possible."""
    url = folder.gradebook_url
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    place = folder.private / "backups"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotWrite(place, error) from error
    if url.startswith("sqlite:///"):
        target = place / f"gradebook-{stamp}.db"
        try:
            with sqlite3.connect(url.removeprefix("sqlite:///").partition("?")[0]) as source:
                with sqlite3.connect(target) as copy:
                    source.backup(copy)
                copy.close()
            source.close()
        except sqlite3.Error as error:
            raise GradebookTrouble(f"the gradebook could not be backed up: {error}", place=str(target)) from error
        return target
    if shutil.which("pg_dump") is None:
        return _dump(url, place / f"gradebook-{stamp}.jsonl")
    target = place / f"gradebook-{stamp}.sql"
    plain = url.replace("+psycopg2", "").replace("+psycopg", "")
    done = subprocess.run(["pg_dump", "--file", str(target), plain], capture_output=True, text=True, check=False)
    if done.returncode:
        target.unlink(missing_ok=True)
        return _dump(url, place / f"gradebook-{stamp}.jsonl")  # a server newer than the client, for one
    return target


def _dump(url: str, target: Path) -> Path:
    """Write all tables of a gradebook as lines of JSON: table name, row."""
    with (
        Gradebook(url) as gradebook,
        gradebook.engine.connect() as connection,
        target.open("w", encoding="utf-8") as file,
    ):
        for name, table in gradebook.tables.items():
            for row in connection.execute(table.select()).mappings():
                file.write(json.dumps([name, dict(row)], default=str) + "\n")
    return target
