"""What the pool is given and what it gives back, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from course.tasks.model import Limits, Ran

__all__ = ["CellOutput", "Done", "Job"]


@dataclass(frozen=True)
class Job:
    """Run some cells, then call a function of theirs with each case's arguments.

    Attributes:
        id: what messages call it.
        cells: the learner's cells, in order: Python, and `%%rust` cells with their first line. Other magics are
            dropped.
        function: the name the task asks for; "" runs the cells only.
        language: "python" or "rust". A Rust task wants a function of a `%%rust` cell.
        cases: for each call, the tuple of arguments as `course.tasks.wire` encodes it.
        limits: for each case.
        rejects: Rust programs that must not compile beside the learner's items: (source, error code).
        lenient: go on after a cell that raises, as a person would who runs a notebook cell by cell.
        outputs: also return what each cell showed, bounded.
    """

    id: str
    cells: tuple[str, ...]
    function: str
    language: str
    cases: tuple[bytes, ...]
    limits: Limits
    rejects: tuple[tuple[str, str], ...] = ()
    lenient: bool = False
    outputs: bool = False


@dataclass(frozen=True)
class CellOutput:
    """What one cell showed: its text, its figures as PNG, the error it ended with. All of it is the learner's claim."""

    cell: int
    text: str = ""
    figures: tuple[bytes, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Done:
    """What came of a job.

    Attributes:
        job: its id.
        runs: one for each case, in order.
        problem: "" or one line that says what happened, for the report.
        missing_name: the name that a cell or the function looked for and did not find: it may be in a cell that was
            not among those run.
        rejected: for each of `rejects` by its number, whether the compiler refused it for the reason given.
        outputs: what the cells showed, where that was asked for.
        isolation: what held the learner's code, in words.
        seconds: from taking the job up to its last result.
        cpu: seconds of processor time that the job's own processes used.
        fault: whose the problem is: "submission", or "machine" where another machine, or this one mended, may do it.
    """

    job: str
    runs: tuple[Ran, ...] = ()
    problem: str = ""
    missing_name: str = ""
    rejected: Mapping[int, bool] = field(default_factory=lambda: MappingProxyType({}))
    outputs: tuple[CellOutput, ...] = ()
    isolation: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    fault: str = ""
