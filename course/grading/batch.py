"""`course grade COURSE`: every submission of a class that has changed, or whose key has, graded and recorded.

For each batch, in this order: the notebooks of `autograded/`, the gradebook (one transaction), the store (one
transaction). What is in the store is therefore everywhere; killed between two of them, the next run does the batch
again and writes the same. `results.jsonl` is written from the store at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.grading.classfolder import ClassFolder
from course.grading.engine import Engine, Options, Submission, failure
from course.grading.gradebook import Gradebook
from course.grading.handed_in import HandedIn, Loader, handed_in
from course.grading.lock import locked
from course.grading.reading import Work, read_work
from course.grading.recorder import About, Recorder
from course.grading.results import Result, write_results
from course.grading.scoring import Score, Tools
from course.grading.store import Store
from course.grading.submissions import collect

__all__ = ["Summary", "Told", "grade_class"]

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
    collected: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)  # what was not brought in: place, why
    runs: int = 0
    isolation: str = ""
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """3 where a submission could not be graded, or must be looked at; else 0."""
        return 3 if self.failed or self.trouble or self.refused else 0

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
            "collected": self.collected,
            "refused": [{"place": place, "why": why} for place, why in self.refused],
            "runs": self.runs,
            "isolation": self.isolation,
            "seconds": round(self.seconds, 3),
        }


def grade_class(
    folder: ClassFolder,
    chapters: Sequence[str],
    *,
    source: Path | None = None,
    options: Options | None = None,
    again: bool = False,
    tell: Tell = lambda _: None,
    progress: Progress = lambda _fraction, _what: None,
) -> Summary:
    """Grade what has changed in `submitted/`; return what was done. `again`: also what has not changed.

    `source`: a folder, a zip or a notebook, brought into `submitted/` first (`course.grading.submissions`).

    Raises:
        GradingElsewhere: another process does.
        GradebookTrouble, CannotWrite: what was graded so far is recorded; run it again and it goes on.
        NoSandbox: this machine cannot hold what learners wrote.
    """
    started = time.monotonic()
    with locked(folder.private), Store(folder.private / "grading.sqlite") as store:
        run = _Run(folder, store, options or Options(), again, tell, progress)
        if source is not None:
            tell(f"reading {source}")
            brought = collect(source, folder.submitted, chapters)
            tell(f"{len(brought.found)} submissions, {brought.changed} of them new or changed")
            run.summary.collected, run.summary.refused = len(brought.found), brought.refused
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
        self.total = sum(1 for _ in handed_in(self.folder, chapters))
        engine = Engine(self.store, self._finished, self._failed, options=self.options)
        self.recorder = Recorder(self.folder, self.store, gradebook, engine)
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
        for one in handed_in(self.folder, tuple(tools)):
            own = tools[one.chapter]
            known = self.store.state(one.chapter, one.learner)
            submission = Submission(one.learner, own, lambda: Work(()))
            try:
                notebook, log, content, when = one.read()
                submission.about = About(one, content, when, None if known is None else known)
                if known is not None and not self.again and self._stands(known, content, own):
                    self._unchanged(one, known[2])
                    continue
                raw, work = read_work(notebook, log, chapter=one.chapter)
                submission.about.notebook = raw
            except Exception as problem:  # noqa: BLE001 - whatever one submission does to us is its own affair
                error = failure(problem)
                submission.about = submission.about or About(one, f"unreadable: {error.message}", None, known)
                self._failed(submission, error)
                continue
            submission.load = Loader(one, content, work)
            yield submission

    def _stands(self, known: tuple[str, str, str], content: str, tools: Tools) -> bool:
        if known[:2] != (content, tools.judged):
            return False
        return known[2] != "trouble" or (self.options.seconds is None and self.options.memory is None)

    def _unchanged(self, one: HandedIn, status: str) -> None:
        self.summary.unchanged += 1
        if status != "graded" and (record := self.store.get(one.chapter, one.learner)):
            told = self.summary.failed if status == "failed" else self.summary.trouble
            told.append(Told(one.chapter, one.learner, record.notes))
        self._advance(one)

    def _finished(self, submission: Submission, work: Work, found: Score) -> None:
        about: About = submission.about
        if about.known is not None and about.known[0] == about.content and not self.again:
            self.summary.rejudged += 1
        else:
            self.summary.graded += 1
        if found.notes:
            self.summary.trouble.append(Told(submission.tools.key.chapter, submission.learner, found.notes))
        self.recorder.add(submission, work, found)
        self._advance(about.one)

    def _failed(self, submission: Submission, error: CourseError) -> None:
        about: About = submission.about
        why = [error.message]
        if about.known is not None and about.known[2] != "failed":
            why.append("what it earned before stands in the gradebook")
        self.summary.failed.append(Told(submission.tools.key.chapter, submission.learner, tuple(why)))
        self.recorder.add_failed(submission, tuple(why))
        self._advance(about.one)

    def _advance(self, one: HandedIn) -> None:
        self.done += 1
        self.progress(self.done / max(1, self.total), f"{one.chapter} {one.learner}")
