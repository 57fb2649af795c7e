"""One job, from its cells to its results: compile, run, and run again for the cases that a lost one left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast, get_args

from course.errors import CourseError
from course.grading.sandbox.compiler import STOPPED
from course.grading.sandbox.frames import Malformed, Reader, line, split
from course.grading.sandbox.jobs import CellOutput, Done, Job
from course.grading.sandbox.rust_cells import LARGEST_TOGETHER, Library, RustCell, Shelf, rust_cells, with_reject
from course.grading.sandbox.worker import Child, Ending, Lost, Zygote
from course.rust.program import ending as described
from course.tasks import wire
from course.tasks.model import Outcome, Ran

__all__ = ["Runner"]

RESTARTS = 2  # after a case that ended its process: so often is another child made for the cases after it
PATIENCE = 3  # times a case's limit: so long its clock stands still, at most, while it waits for a processor
_LARGEST = 64 << 20  # bytes of one result
_LONGEST = 16 << 20  # characters of all cells
_OUTPUTS = 16 << 20  # bytes of what all cells of a submission show
_OUTCOMES = frozenset(get_args(Outcome))
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class _Attempt:
    """What one child has said so far."""

    begun_at_all: bool = False
    runs: dict[int, Ran] = field(default_factory=dict)
    begun: int = -1
    began: float = 0.0
    given: float = 0.0
    ready: bool = False
    ended: bool = False
    problem: str = ""
    missing: str = ""
    outputs: list[CellOutput] = field(default_factory=list)
    waited: float = 0.0
    shown: int = 0


@dataclass
class Runner:
    """Does jobs with the zygotes of one worker."""

    run: Zygote
    compiler: Zygote
    shelf: Shelf
    seconds: float
    memory: int

    def do(self, job: Job, isolation: str) -> Done:
        """Do a job. Raises `Lost` when a zygote has ended under it."""
        started = time.monotonic()
        if sum(map(len, job.cells)) > _LONGEST:
            text = f"its cells hold more than {_LONGEST >> 20} million characters"
            nothing = (Ran("not-run", error=text),) * len(job.cases)
            return Done(job.id, nothing, text, isolation=isolation, fault="submission")
        entries, libraries, cpu, fault = self._compile(job)
        rejected = {} if fault else self._rejects(job)
        if fault:
            return Done(job.id, problem=fault, isolation=isolation, seconds=time.monotonic() - started, fault="machine")
        until = time.monotonic() + self.seconds
        runs: dict[int, Ran] = {}
        problem = missing = ended_by = ""
        outputs: tuple[CellOutput, ...] = ()
        start = 0
        for turn in range(RESTARTS + 1):
            attempt, ending = self._attempt(job, start, entries, libraries, until)
            cpu += ending.cpu
            runs |= attempt.runs
            missing = missing or attempt.missing
            if turn == 0:
                outputs = tuple(attempt.outputs)
            if not attempt.begun_at_all and not ending.timed_out:
                raise Lost(line(ending.words))
            if not attempt.ready:
                # The cells themselves did not come to their end; they would not the next time either.
                problem = problem or attempt.problem or self._why(ending)
                break
            problem = problem or attempt.problem
            if attempt.ended:
                if job.function and len(runs) < len(job.cases):
                    problem = problem or "it ended before its last case"
                break
            if not job.function:
                problem = problem or self._why(ending)
                break
            lost = attempt.begun if attempt.begun not in attempt.runs else max(attempt.begun + 1, start)
            if not start <= lost < len(job.cases):
                problem = problem or self._why(ending)
                break
            runs[lost] = self._lost(job, ending)
            ended_by = ended_by or f"case {lost + 1}: {runs[lost].error}"
            # Where cells may raise, one that did is no news beside a process that had to be ended.
            problem = ended_by if job.lenient else problem or ended_by
            start = lost + 1
            if start >= len(job.cases) or time.monotonic() >= until:
                break
        ended = next(((n, r) for n, r in sorted(runs.items()) if r.outcome in ("memory", "crashed")), None)
        if ended is not None and not problem:
            problem = f"case {ended[0] + 1}: {ended[1].error}"
        not_run = Ran("not-run", error=problem)
        return Done(
            job.id,
            tuple(runs.get(number, not_run) for number in range(len(job.cases))),
            problem if self._matters(job, runs) else "",
            missing,
            MappingProxyType(rejected),
            outputs,
            isolation,
            time.monotonic() - started,
            cpu,
            "submission" if problem and self._matters(job, runs) else "",
        )

    @staticmethod
    def _matters(job: Job, runs: dict[int, Ran]) -> bool:
        """Where a notebook was run to its end, a cell that raised is no news unless the function is not there."""
        if not job.lenient or not job.function:
            return True
        return any(number not in runs or runs[number].outcome == "missing" for number in range(len(job.cases))) or any(
            run.outcome in ("timeout", "memory", "crashed") for run in runs.values()
        )

    # Rust

    def _compile(self, job: Job) -> tuple[dict[str, Any], list[Library], float, str]:
        entries: dict[str, Any] = {}
        libraries: list[Library] = []
        cpu = 0.0
        until = time.monotonic() + self.seconds
        for number, cell in rust_cells(job.cells).items():
            entry: dict[str, Any] = {"fd": None, "problem": cell.problem, "units": [list(unit) for unit in cell.units]}
            entries[str(number)] = entry
            if cell.problem or cell.flags.expect:
                continue
            if time.monotonic() > until:
                entry["problem"] = f"compiling its cells took more than {self.seconds:g} s"
                continue
            compiled = self.shelf.get(_sound(cell), self.compiler)
            cpu += compiled.cpu
            if compiled.fault:
                return {}, [], cpu, compiled.problem
            entry["problem"] = compiled.problem
            if compiled.library is not None and sum(one.size for one in libraries) > LARGEST_TOGETHER:
                entry["problem"] = f"its Rust cells have more than {LARGEST_TOGETHER >> 20} MB, compiled"
            elif compiled.library is not None:
                entry["fd"] = len(libraries)
                libraries.append(compiled.library)
        return entries, libraries, cpu, ""

    def _rejects(self, job: Job) -> dict[int, bool]:
        cells = rust_cells(job.cells) if job.rejects else {}
        refused: dict[int, bool] = {}
        for number, (source, code) in enumerate(job.rejects):
            cell = with_reject(job, cells, source)
            codes = self.shelf.get(_sound(cell), self.compiler).codes if cell is not None else ()
            refused[number] = code in codes if code else bool(codes) and STOPPED not in codes
        return refused

    # Running

    def _attempt(
        self, job: Job, start: int, entries: dict[str, Any], libraries: list[Library], until: float
    ) -> tuple[_Attempt, Ending]:
        payload = wire.encode(
            {
                "cells": [_text(cell) for cell in job.cells],
                "function": job.function,
                "language": job.language,
                "cases": list(job.cases),
                "start": start,
                "lenient": job.lenient,
                "outputs": job.outputs and start == 0,
                "threads": job.limits.threads,
                "rust": entries,
            }
        )
        request = {
            "cpu": int(self.seconds * max(1, job.limits.threads)) + 2,
            "memory": (self.memory + job.limits.memory) << 20,
            "file": 64 << 20,
            "processes": job.limits.threads + 15,
            "tmp": 64,
            "inodes": 2000,
        }
        child = self.run.fork(request, payload, [library.fd for library in libraries])
        attempt = _Attempt()

        def take(kind: bytes, body: bytes) -> None:
            _take(attempt, job, child, kind, body)

        def deadline() -> float:
            if attempt.ended:
                return min(until, attempt.began + 2.0)
            if not attempt.ready or attempt.begun < 0:
                return until
            return min(until, self._case_deadline(attempt, job, child))

        return attempt, child.watch(Reader(_LARGEST, 4 * _LARGEST), take, deadline)

    @staticmethod
    def _case_deadline(attempt: _Attempt, job: Job, child: Child) -> float:
        """Return when the case must have come back.

        The clock is the wall's, but stands still while the case waits for a processor that others have: another's load
        is not the learner's fault. It does so for `PATIENCE` times the limit at most.
        """
        seconds = job.limits.seconds
        if time.monotonic() >= attempt.began + seconds + attempt.given:
            waited = child.waited() - attempt.waited
            attempt.given = max(attempt.given, min(waited, PATIENCE * seconds))
        return attempt.began + seconds + attempt.given

    def _lost(self, job: Job, ending: Ending) -> Ran:
        """Say what became of the case during which the process ended."""
        limits = job.limits
        words = ending.words.lower()
        if ending.malformed:
            return Ran("crashed", error="it wrote what no worker writes where results are sent")
        if ending.flooded:
            return Ran("crashed", error="it printed without an end")
        if ending.timed_out:
            return Ran("timeout", error=f"stopped after {limits.seconds:g} s", seconds=limits.seconds)
        if "memory allocation of" in words or "memoryerror" in words:
            return Ran("memory", error=f"asked for more memory than it may have ({limits.memory} MiB)")
        return Ran("crashed", error=self._why(ending))

    def _why(self, ending: Ending) -> str:
        if ending.malformed:
            return "it wrote what no worker writes where results are sent"
        if ending.flooded:
            return "it printed without an end"
        if ending.timed_out:
            return f"stopped after {self.seconds:g} s"
        last = ending.words.strip().splitlines()[-1:] or [""]
        if "overflowed its stack" in ending.words:
            last = ["stack overflow: recursion without an end"]
        said = line(last[0], 160)
        return f"its process ended: {described(ending.status)}{f'; {said}' if said else ''}"


def _take(attempt: _Attempt, job: Job, child: Child, kind: bytes, body: bytes) -> None:
    """Note what a child says. Nothing of it is believed, but that the child says it."""
    if kind == b"B":
        number = int.from_bytes(body, "big")
        if not attempt.ready or len(body) != 4 or number >= len(job.cases):
            raise Malformed
        attempt.begun, attempt.began, attempt.given = number, time.monotonic(), 0.0
        attempt.waited = child.waited()
    elif kind == b"S":
        attempt.begun_at_all = True
    elif kind == b"E":
        attempt.ended, attempt.began = True, time.monotonic()
    elif kind in (b"P", b"C"):
        head, _ = split(body)
        attempt.problem, attempt.missing = line(head.get("problem")), line(head.get("missing"), 100)
        attempt.ready = attempt.ready or kind == b"C"
    elif kind == b"O":
        head, blobs = split(body)
        cell, text = head.get("cell"), head.get("text")
        if type(cell) is not int or not isinstance(text, str):
            raise Malformed
        attempt.shown += len(body)
        if attempt.shown <= _OUTPUTS:
            figures = tuple(blob for blob in blobs if blob.startswith(_PNG))
            attempt.outputs.append(CellOutput(cell, text, figures, line(head.get("error"))))
    elif kind == b"R":
        number, ran, missing = _ran(body)
        if number != attempt.begun or number in attempt.runs:
            raise Malformed
        attempt.runs[number] = ran
        attempt.missing = attempt.missing or missing
    else:
        raise Malformed


def _ran(body: bytes) -> tuple[int, Ran, str]:
    head, blobs = split(body)
    number, outcome, seconds = head.get("case"), head.get("outcome"), head.get("seconds")
    if type(number) is not int or type(seconds) is not float or not 0 <= seconds < 1e6:
        raise Malformed
    if not isinstance(outcome, str) or outcome not in _OUTCOMES:
        raise Malformed
    error, missing = line(head.get("error"), 500), line(head.get("missing"), 100)
    if outcome != "returned":
        return number, Ran(cast(Outcome, outcome), error=error, seconds=seconds), missing
    try:
        match wire.decode(blobs[0] if blobs else b""):
            case (value, tuple(arguments)):
                return number, Ran("returned", value, arguments, seconds=seconds), missing
    except CourseError as unreadable:
        return number, Ran("unreadable", error=line(unreadable.message), seconds=seconds), missing
    return number, Ran("unreadable", error="what came back has another form", seconds=seconds), missing


def _text(text: str) -> str:
    """Return a text that can be sent: half characters become question marks."""
    return text.encode("utf-8", "replace").decode()


def _sound(cell: RustCell) -> RustCell:
    return RustCell(tuple((name, _text(source)) for name, source in cell.units), cell.flags, cell.problem)
