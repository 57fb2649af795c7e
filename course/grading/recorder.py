"""Write what was graded, a batch at a time: the graded notebooks, the gradebook, the store, in this order."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from course.errors import CannotWrite
from course.grading.autograded import autograded
from course.grading.classfolder import ClassFolder
from course.grading.engine import Engine, Submission, shown
from course.grading.gradebook import Entry, Gradebook
from course.grading.handed_in import HandedIn
from course.grading.reading import Work, read_work
from course.grading.results import Result
from course.grading.scoring import Score
from course.grading.store import Record, Store

__all__ = ["About", "Recorder", "write_quickly"]

BATCH = 64  # submissions in one transaction
SECONDS = 2.0  # after which a smaller batch is written


@dataclass
class About:
    """What the run knows of a submission beside its work. known: what the store has of it."""

    one: HandedIn
    content: str
    when: datetime | None
    known: tuple[str, str, str] | None
    notebook: dict[str, Any] | None = None


class Recorder:
    """Writes what was graded, a batch at a time."""

    def __init__(self, folder: ClassFolder, store: Store, gradebook: Gradebook, engine: Engine) -> None:
        self.folder, self.store, self.gradebook, self.engine = folder, store, gradebook, engine
        self.records: list[Record] = []
        self.entries: dict[str, list[Entry]] = {}
        self.since = time.monotonic()

    def add(self, submission: Submission, work: Work, found: Score) -> None:
        about: About = submission.about
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
        about: About = submission.about
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
