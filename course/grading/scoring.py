"""From one learner's work and the key to results: a pure function, but for what must be run.

`plan` says what tasks need to run; `score` takes what came of it. Neither runs anything, and neither calls anything of
the learner's. What a class shares (definitions, encoded cases) is worked out once and kept in `Tools`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from course.errors import CannotGrade, CourseError
from course.grading import essays, slicing
from course.grading.classfolder import Graded, Key
from course.grading.reading import Cell, Work
from course.grading.results import Result
from course.grading.sandbox.cells import modules, rust_of
from course.grading.sandbox.jobs import Job
from course.grading.store import StoredRun
from course.quiz.marking import Mark, Marks, marks
from course.quiz.model import Essay, Task
from course.tasks import wire
from course.tasks.definition import Definition, load
from course.tasks.model import Limits, Outcome, Ran, TaskScore

__all__ = ["ENGINE", "Plan", "Score", "Tools", "job_hash", "score"]

ENGINE = "1"
"""Changes when the same work and key would give other results: everything is then judged again."""


@dataclass(frozen=True)
class Plan:
    """What one task of one submission needs to run. `fallback`: the whole notebook, where the slice is not enough."""

    graded: Graded
    task: Task
    definition: Definition
    job: Job
    source: str
    fallback: Job | None = None


@dataclass(frozen=True)
class Score:
    """What a submission earned: results, and for each graded cell what it is worth and why.

    points: grade id → points, None where a person or nbgrader gives them. notes: what was odd, for the report.
    marks and tasks: the details, for what the cell shows.
    """

    results: tuple[Result, ...]
    points: Mapping[str, float | None]
    notes: tuple[str, ...] = ()
    marks: Mapping[str, Marks] = field(default_factory=dict)
    tasks: Mapping[str, TaskScore] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)


class Tools:
    """What the submissions of one chapter share. `seconds` and `memory` are lower bounds for every task's limits."""

    def __init__(self, key: Key, *, seconds: float | None = None, memory: int | None = None) -> None:
        self.key = key
        self.seconds, self.memory = seconds, memory
        self.own = frozenset(_text(cell) for cell in key.released["cells"] if cell["cell_type"] == "code")
        self.checksums = {name: _text(cell) for name, cell in key.cells.items()}

    @functools.cached_property
    def judged(self) -> str:
        """The hash of everything but the work that results depend on."""
        parts = [ENGINE, self.key.digest]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @functools.cached_property
    def definitions(self) -> dict[str, Definition | CourseError]:
        """Each task's definition, or why it has none."""
        found: dict[str, Definition | CourseError] = {}
        for task in self.key.tasks:
            try:
                with _quietly():
                    found[task.id] = load(task, secret=self.key.secret, bank=self.key.chapter, path=self.key.quiz.path)
            except CourseError as error:
                found[task.id] = error
        return found

    @functools.cached_property
    def warm(self) -> tuple[str, ...]:
        """What the chapter imports, where it has tasks: learners write with it, and workers import it beforehand."""
        if not self.key.tasks:
            return ()
        code = tuple(_text(cell) for cell in self.key.released["cells"] if cell["cell_type"] == "code")
        return tuple(sorted(name for name in modules(code, whole=True) if name.split(".")[0] != "course"))

    @functools.cached_property
    def cases(self) -> dict[str, tuple[bytes, ...]]:
        """Each task's cases as they cross to a worker."""
        return {
            name: tuple(wire.encode(tuple(case.arguments)) for case in definition.cases)
            for name, definition in self.definitions.items()
            if isinstance(definition, Definition)
        }

    def limits(self, definition: Definition) -> Limits:
        """Return a task's limits, raised to what the instructor asked for."""
        own = definition.limits
        return replace(own, seconds=max(own.seconds, self.seconds or 0), memory=max(own.memory, self.memory or 0))

    def plan(self, work: Work, graded: Graded, *, name: str) -> Plan | None:
        """Return what a task needs to run; None where the work has nothing of it, or its definition fails."""
        task = graded.item
        assert isinstance(task, Task)
        definition = self.definitions[task.id]
        if not isinstance(definition, Definition):
            return None
        if self.not_begun(work, task):
            return None
        code = self._code(work)
        defining = [text for text in code if task.function in slicing.functions_of(text)]
        if not defining:
            # A cell that does not parse defines nothing; running it says why.
            defining = [text for text in code if _seems_to_define(text, task.function)][-1:]
            if not defining:
                return None
            part = slicing.Slice(tuple(defining), whole=True)
        else:
            part = slicing.needed(code, task.function, own=self.own)
        source = defining[-1]
        if not rust_of(source):
            source = "\n\n".join(text for text in part.cells if not rust_of(text))
        rejects = tuple(pair for r in definition.rejects for pair in ((r.program, r.code), (r.intended, "")))
        job = Job(
            name,
            part.cells,
            task.function,
            task.language,
            self.cases[task.id],
            self.limits(definition),
            rejects,
            lenient=True,
        )
        whole = None if part.whole else replace(job, cells=slicing.whole(code).cells)
        return Plan(graded, task, definition, job, source, whole)

    def _code(self, work: Work) -> list[str]:
        return [cell.text for cell in work.cells if cell.kind == "code" or self._retyped(cell)]

    def not_begun(self, work: Work, task: Task) -> bool:
        """Whether the task's function is the stub that was handed out, word for word: there is nothing to run."""
        stub = self.checksums.get(task.id, "")
        if "NotImplementedError" not in stub and "todo!" not in stub:
            return False
        defining = self.defining(work, task)
        return bool(defining) and set(defining) == {stub}

    def defining(self, work: Work, task: Task) -> list[str]:
        """Return the cells of a work that look as if they define a task's function."""
        return [text for text in self._code(work) if _seems_to_define(text, task.function)]

    def _retyped(self, cell: Cell) -> bool:
        """Whether a cell was code when it was handed out, and has been made something else."""
        handed_out = self.key.cells.get(cell.grade_id)
        return cell.kind != "code" and handed_out is not None and handed_out["cell_type"] == "code"


def job_hash(job: Job) -> str:
    """Return what tells two jobs apart: equal jobs give equal runs, whoever handed them in.

    Limits are no part of it: a run that kept within smaller ones is good for larger ones too (`StoredRun.good_for`).
    """
    digest = hashlib.sha256()
    for case in job.cases:
        digest.update(hashlib.sha256(case).digest())
    rest = [job.cells, job.function, job.language, job.rejects, job.lenient]
    digest.update(json.dumps(rest, ensure_ascii=True).encode())
    return digest.hexdigest()


def plan(work: Work, tools: Tools, *, name: str) -> dict[str, Plan]:
    """Return what a submission's tasks need to run, by grade id. `name` is what messages call the submission."""
    found = {}
    for graded in tools.key.graded:
        if graded.kind == "task" and (one := tools.plan(work, graded, name=f"{name} {graded.item.id}")):  # type: ignore[union-attr]
            found[graded.grade_id] = one
    return found


def score(work: Work, tools: Tools, learner: str, plans: Mapping[str, Plan], runs: Mapping[str, StoredRun]) -> Score:
    """Return what a submission earned. `runs`: grade id → what came of the task's job."""
    return _Scoring(work, tools, learner).score(plans, runs)


class _Scoring:
    def __init__(self, work: Work, tools: Tools, learner: str) -> None:
        self.work, self.tools, self.learner = work, tools, learner
        self.key = tools.key
        self.results: list[Result] = []
        self.points: dict[str, float | None] = {}
        self.notes: list[str] = list(work.notes)
        self.marks: dict[str, Marks] = {}
        self.tasks: dict[str, TaskScore] = {}
        self.comments: dict[str, str] = {}

    def score(self, plans: Mapping[str, Plan], runs: Mapping[str, StoredRun]) -> Score:
        self._look_at_cells()
        for graded in self.key.graded:
            if graded.kind == "quiz":
                self._quiz(graded)
            elif graded.kind == "task":
                self._task(graded, plans.get(graded.grade_id), runs.get(graded.grade_id))
            elif graded.kind == "essay":
                self._essay(graded)
            else:
                self._tests(graded)
        results = tuple(sorted(self.results, key=lambda result: result.item))
        notes = tuple(dict.fromkeys(self.notes))
        return Score(results, self.points, notes, self.marks, self.tasks, self.comments)

    def _result(
        self, graded: Graded, item: str, points: float | None, possible: float, verdict: str, **more: Any
    ) -> None:
        kind = {"quiz": "question"}.get(graded.kind, graded.kind)
        full = f"{self.key.chapter}/{item}"
        result = Result(self.learner, self.key.chapter, full, kind, graded.grade_id, points, possible, verdict, **more)
        self.results.append(result)

    def _look_at_cells(self) -> None:
        """Note graded cells that are there twice, or not at all, or changed where they are locked."""
        there: dict[str, list[Cell]] = {}
        missing: list[str] = []
        for cell in self.work.cells:
            if cell.grade_id:
                there.setdefault(cell.grade_id, []).append(cell)
        for name, handed_out in self.key.cells.items():
            copies = there.get(name, [])
            record = handed_out["metadata"]["nbgrader"]
            if len(copies) > 1:
                self.notes.append(f"the cell {name} is there {len(copies)} times")
            elif not copies and not name.startswith("check-") and (record["grade"] or record["solution"]):
                missing.append(name)
            elif copies and copies[0].kind != handed_out["cell_type"]:
                self.notes.append(f"the cell {name} was made a {copies[0].kind} cell")
        if len(missing) > 1:
            self.notes.append(f"{len(missing)} graded cells are not there: {', '.join(missing)}")
        elif missing:
            self.notes.append(f"the cell {missing[0]} is not there")

    def _quiz(self, graded: Graded) -> None:
        assert graded.section is not None
        try:
            found = marks(self.key.quiz, graded.section, self.work.attempts, learner=self.learner)
        except (CannotGrade, RecursionError) as error:
            said = error.message if isinstance(error, CourseError) else "an answer is nested too deeply"
            self.notes.append(f"{graded.grade_id} cannot be graded: {said}")
            self.points[graded.grade_id] = None
            for item in graded.section.questions:
                self._result(graded, item.id, None, item.points, "not graded", message=said)
            return
        self.marks[graded.grade_id] = found
        self.points[graded.grade_id] = min(found.points, graded.points)
        counts: dict[str, int] = {}
        for attempt in self.work.attempts:
            if attempt.event == "answer":
                counts[attempt.item] = counts.get(attempt.item, 0) + 1
        for mark in found.marks:
            self._mark(graded, mark, counts.get(mark.item.full_id, 0))

    def _mark(self, graded: Graded, mark: Mark, attempts: int) -> None:
        said = mark.graded.messages if mark.graded else ()
        if mark.problem is not None:
            said = (mark.problem.message,)
        self._result(
            graded,
            mark.item.id,
            round(mark.points, 9),
            mark.item.points,
            mark.verdict,
            message=said[0] if said else "",
            messages=said,
            response=mark.attempt.response if mark.attempt else None,
            attempts=attempts,
        )

    def _task(self, graded: Graded, plan: Plan | None, run: StoredRun | None) -> None:
        task = graded.item
        assert isinstance(task, Task)
        definition = self.tools.definitions[task.id]
        if not isinstance(definition, Definition):
            self.notes.append(f"{task.id} cannot be graded: {definition.message}")
            self.points[graded.grade_id] = None
            self._result(graded, task.id, None, graded.points, "not graded", message=definition.message)
            return
        isolation = ""
        if run is not None and run.fault:
            self.notes.append(f"{task.id} could not be run: {run.problem}")
            self.points[graded.grade_id] = None
            self._result(graded, task.id, None, graded.points, "not graded", message=run.problem)
            return
        if plan is None or run is None:
            outcome: Outcome = "stub" if self.tools.not_begun(self.work, task) else "missing"
            found = definition.judge({case.id: Ran(outcome) for case in definition.cases})
        else:
            runs = {case.id: ran for case, ran in zip(definition.cases, run.runs, strict=False)}
            refused = run.rejected or {}
            rejected = {
                reject.id: refused.get(2 * number, False) and not refused.get(2 * number + 1, True)
                for number, reject in enumerate(definition.rejects)
            }
            with _quietly():
                found = definition.judge(runs, plan.source, rejected=rejected)
            isolation = run.isolation
            # Code that does not compile, or raises, is a learner's everyday; a process that had to be ended is not.
            if run.problem and any(ran.outcome in ("timeout", "memory", "crashed", "not-run") for ran in run.runs):
                self.notes.append(f"{task.id}: {run.problem}")
        points = min(found.points, graded.points)
        self.points[graded.grade_id] = points
        self.tasks[graded.grade_id] = found
        first = found.message
        never = run is not None and all(ran.outcome in ("missing", "not-run") for ran in run.runs)
        if run is not None and run.problem and (not first or never):
            first = run.problem  # why no case ran says more than that none did
        said = tuple(dict.fromkeys(filter(None, (first, *found.rules))))
        if said:
            self.comments[task.id] = "\n".join(said)
        self._result(
            graded,
            task.id,
            points,
            graded.points,
            found.verdict,
            message=said[0] if said else "",
            messages=said,
            cases=tuple(
                {
                    "id": case.id,
                    "group": case.group,
                    "hidden": case.hidden,
                    "passed": case.passed,
                    "message": case.message,
                }
                for case in found.cases
            ),
            isolation=isolation,
        )

    def _essay(self, graded: Graded) -> None:
        text = self._essay_text(graded.grade_id)
        if text is None or text.strip() == self.tools.checksums.get(graded.grade_id, "").strip():
            self.points[graded.grade_id] = 0.0
            self._result(graded, graded.grade_id, 0.0, graded.points, "unanswered", message="nothing was written")
            return
        self.points[graded.grade_id] = None
        found = essays.provisional(graded.item, text) if isinstance(graded.item, Essay) else None
        if found is not None and found.findings:
            self.comments[graded.grade_id] = found.comment()
        self._result(
            graded,
            graded.grade_id,
            None,
            graded.points,
            "awaiting",
            message="a person marks it",
            response={"text": text},
            attempts=1,
            provisional=found.as_json() if found is not None and found.findings else None,
        )

    def _essay_text(self, name: str) -> str | None:
        """Return what was written for an essay: of several copies of its cell the first that was changed."""
        texts = [cell.text for cell in self.work.cells if cell.grade_id == name]
        if not texts:
            texts = [cell.text for cell in self.work.cells if cell.id == name and not cell.grade_id]
        handed_out = self.tools.checksums.get(name, "").strip()
        return next((text for text in texts if text.strip() != handed_out), texts[0] if texts else None)

    def _tests(self, graded: Graded) -> None:
        self.points[graded.grade_id] = None
        said = "assertions of a notebook: only nbgrader autograde runs them"
        self._result(graded, graded.grade_id, None, graded.points, "not graded", message=said)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Run an author's code: what its libraries warn of (a fit that does not converge) is no news of a submission."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _seems_to_define(text: str, function: str) -> bool:
    return bool(re.search(rf"\b(?:def|fn)\s+{re.escape(function)}\b", text[: slicing.LONGEST]))


def _text(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
