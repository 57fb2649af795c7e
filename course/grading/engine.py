"""Many submissions through the sandbox, in a stream: plan, run what has not been run, score.

Nothing is collected: a submission without tasks to run is scored at once, the others wait for their jobs, a few at a
time. Equal jobs run once, whether they come from one submission or from a class that copies from itself.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from course.errors import CannotWrite, CourseError, GradebookTrouble, GraderFailed, SubmissionUnreadable
from course.grading.classfolder import ClassFolder
from course.grading.reading import Work, read_work
from course.grading.sandbox.jobs import Done, Job
from course.grading.scoring import Plan, Score, Tools, job_hash, plan, score
from course.grading.shown import outputs, quiz_shown, task_shown
from course.grading.store import Store, StoredRun

if TYPE_CHECKING:
    from course.grading.sandbox.isolation import Isolation
    from course.grading.sandbox.pool import Pool

__all__ = ["Engine", "Options", "Submission", "failure", "grade_notebook", "shown"]

SECONDS_PER_SUBMISSION = 60.0
RECENT = 32  # runs that are held ready


def _default_workers() -> int:
    from course.grading.sandbox.pool import default_workers

    return default_workers()


@dataclass(frozen=True)
class Options:
    """How code is run. seconds, memory: what each case gets at least; sandbox: False runs it with nothing round it."""

    workers: int = field(default_factory=_default_workers)
    seconds: float | None = None
    memory: int | None = None
    sandbox: bool = True

    @property
    def isolation(self) -> Isolation:
        """What holds the learners' code."""
        from course.grading.sandbox.isolation import Isolation

        return Isolation.probe() if self.sandbox else Isolation.none()


@dataclass
class Submission:
    """One submission on its way: `work` is let go of once it is planned; `load` gives it again."""

    learner: str
    tools: Tools
    load: Callable[[], Work]
    about: Any = None  # what the caller wants to know it by
    plans: Mapping[str, Plan] = field(default_factory=dict)
    runs: dict[str, StoredRun] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)  # grade id → hash of the job it was judged by
    waiting: int = 0

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.tools.key.chapter}/{self.learner}"


@dataclass
class _Wanted:
    """A submission's task that waits for a job."""

    submission: Submission
    grade_id: str
    job: Job
    last: bool  # whether there is nothing more to try when it fails


class Engine:
    """Scores submissions: `finish` is called with each that is done, in this thread, `failed` with each that cannot be.

    `fresh`: runs that were made, for the store, to be taken by the caller; by hash, as bytes.
    """

    def __init__(
        self,
        store: Store | None,
        finish: Callable[[Submission, Work, Score], None],
        failed: Callable[[Submission, CourseError], None],
        *,
        options: Options | None = None,
    ) -> None:
        self.store, self.finish, self.failed = store, finish, failed
        self.options = options or Options()
        self.fresh: dict[str, bytes] = {}
        self.ran = 0
        self.isolation = ""
        self._pool: Pool | None = None
        self._waiting: dict[str, list[_Wanted]] = {}  # job hash → who waits for it
        self._names: dict[str, str] = {}  # job id → hash
        self._again: deque[Job] = deque()
        self._warm: tuple[str, ...] = ()
        self._number = itertools.count()
        self._recent: dict[str, StoredRun] = {}

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.__exit__(kind, error, trace)

    def grade(self, submissions: Iterable[Submission], *, warm: tuple[str, ...] = ()) -> None:
        """Score submissions. `warm`: packages that workers import beforehand."""
        self._warm = warm
        todo = iter(submissions)
        while True:
            jobs = self._jobs(todo)
            first = next(jobs, None)
            if first is None:
                return
            for done in self._opened().run(itertools.chain((first,), jobs)):
                self._take(done)

    def _opened(self) -> Pool:
        if self._pool is None:
            from course.grading.sandbox.pool import Pool

            options = self.options
            pool = Pool(
                options.workers,
                isolation=options.isolation,
                seconds_per_submission=max(SECONDS_PER_SUBMISSION, 12 * (options.seconds or 0)),
                warm=self._warm,
                anyway=not options.sandbox,
            )
            self._pool = pool.__enter__()
            self.isolation = pool.isolation.words
        return self._pool

    # ---- one submission ----

    def _jobs(self, todo: Iterator[Submission]) -> Iterator[Job]:
        while True:
            while self._again:
                yield self._again.popleft()
            submission = next(todo, None)
            if submission is None:
                return
            try:
                work = submission.load()
                submission.plans = plan(work, submission.tools, name=submission.name)
                yield from self._planned(submission)
                if not submission.waiting:
                    self._finish(submission, work)
            except Exception as error:  # noqa: BLE001 - whatever one submission does to us is its own affair
                self.failed(submission, failure(error))

    def _planned(self, submission: Submission) -> Iterator[Job]:
        submission.waiting = 1  # so that it is not finished while its jobs are still being asked for
        for grade_id, one in submission.plans.items():
            yield from self._want(submission, grade_id, one.job, last=one.fallback is None)
        submission.waiting -= 1

    def _want(self, submission: Submission, grade_id: str, job: Job, *, last: bool) -> Iterator[Job]:
        name = job_hash(job)
        submission.jobs[grade_id] = name
        wanted = _Wanted(submission, grade_id, job, last)
        if name in self._waiting:
            submission.waiting += 1
            self._waiting[name].append(wanted)
        elif (stored := self._stored(name)) and stored.good_for(job.limits):
            yield from self._got(wanted, stored)
        else:
            submission.waiting += 1
            self._waiting[name] = [wanted]
            job = replace(job, id=f"{job.id} ({next(self._number)})")
            self._names[job.id] = name
            yield job

    def _stored(self, name: str) -> StoredRun | None:
        if name in self._recent:
            return self._recent[name]
        if name in self.fresh:
            found: StoredRun | None = StoredRun.decode(self.fresh[name])
        else:
            found = self.store.run(name) if self.store is not None else None
        if found is not None:
            self._recent[name] = found  # a class has many equal solutions
            if len(self._recent) > RECENT:
                self._recent.pop(next(iter(self._recent)))
        return found

    def _got(self, wanted: _Wanted, run: StoredRun) -> Iterator[Job]:
        """Take a run for a task; yield the job to run in its place where a slice was not enough."""
        submission = wanted.submission
        submission.runs[wanted.grade_id] = run
        fallback = submission.plans[wanted.grade_id].fallback
        if not wanted.last and fallback is not None and _not_enough(wanted.job, fallback, run):
            yield from self._want(submission, wanted.grade_id, fallback, last=True)

    def _take(self, done: Done) -> None:
        name = self._names.pop(done.job)
        waiting = self._waiting.pop(name)
        self.ran += 1
        job = waiting[0].job
        run = StoredRun(
            done.runs,
            done.problem,
            done.missing_name,
            dict(done.rejected),
            done.isolation,
            (float(job.limits.seconds), int(job.limits.memory)),
            fault="machine" if done.fault == "machine" else "",
        )
        if not run.fault and (data := run.encode()) is not None:
            self.fresh[name] = data
        for wanted in waiting:
            wanted.submission.waiting -= 1
            self._again.extend(self._got(wanted, run))
            if not wanted.submission.waiting:
                try:
                    self._finish(wanted.submission, wanted.submission.load())
                except Exception as error:  # noqa: BLE001 - as above
                    self.failed(wanted.submission, failure(error))

    def _finish(self, submission: Submission, work: Work) -> None:
        found = score(work, submission.tools, submission.learner, submission.plans, submission.runs)
        self.finish(submission, work, found)


def failure(error: Exception) -> CourseError:
    """Return why one submission could not be graded. What stops the whole run is raised again."""
    if isinstance(error, GradebookTrouble | CannotWrite):
        raise error
    if isinstance(error, CourseError):
        return error
    if isinstance(error, RecursionError | MemoryError):
        return SubmissionUnreadable("something in it is nested too deeply, or too large, to be graded")
    return GraderFailed(error)


def _not_enough(job: Job, fallback: Job, run: StoredRun) -> bool:
    """Whether a run of a slice says that the rest of the notebook is needed."""
    if run.fault:
        return False
    if run.missing_name:
        left_out = set(fallback.cells) - set(job.cells)
        return any(run.missing_name in text for text in left_out)
    return bool(run.runs) and all(ran.outcome == "missing" for ran in run.runs)


def shown(found: Score, tools: Tools, learner: str) -> dict[str, list[dict[str, Any]]]:
    """Return what each graded cell shows: grade id → outputs. Cells that a person or nbgrader scores are left out."""
    cells = {}
    for graded in tools.key.graded:
        points = found.points.get(graded.grade_id)
        if points is None:
            continue
        if graded.grade_id in found.marks and graded.section is not None:
            seed = tools.key.quiz.seed
            bundle = quiz_shown(graded.section, found.marks[graded.grade_id], learner=learner, seed=seed)
            cells[graded.grade_id] = outputs(points, bundle)
        elif graded.grade_id in found.tasks:
            cells[graded.grade_id] = outputs(points, task_shown(found.tasks[graded.grade_id]))
    return cells


@dataclass(frozen=True)
class Notebook:
    """A notebook graded alone: for each graded cell its points (None: not given by us) and what it shows."""

    score: Score
    shown: Mapping[str, list[dict[str, Any]]]


def grade_notebook(
    path: Path, folder: ClassFolder, *, chapter: str, learner: str, options: Options | None = None
) -> Notebook:
    """Grade one notebook file as `course grade` grades it, with the answers file beside it.

    Runs that are in the class's store are taken from there; nothing is written.

    Raises:
        SubmissionUnreadable: it cannot be read.
        NoSandbox: code of the learner's would have to run, and nothing here can hold it.
    """
    beside = path.with_name(f"{chapter}.answers.jsonl")
    try:
        content = path.read_bytes()
        log = beside.read_bytes() if beside.is_file() else None
    except OSError as error:
        raise SubmissionUnreadable(f"it cannot be read: {error.strerror}", place=str(path)) from None
    _, work = read_work(content, log, chapter=chapter)
    options = options or Options(workers=1)
    tools = Tools(folder.key(chapter), seconds=options.seconds, memory=options.memory)
    found: list[Score] = []
    problems: list[CourseError] = []
    place = folder.private / "grading.sqlite"
    store = Store(place, read_only=True) if place.is_file() else None
    try:
        with Engine(
            store, lambda _s, _w, one: found.append(one), lambda _s, error: problems.append(error), options=options
        ) as engine:
            engine.grade([Submission(learner, tools, lambda: work)], warm=tools.warm)
    finally:
        if store is not None:
            store.close()
    if problems:
        raise problems[0]
    return Notebook(found[0], shown(found[0], tools, learner))
