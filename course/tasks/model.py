"""What a task asks and what came of it, as plain immutable data: the words that notebook and grader share.

A *case* is one call of the learner's function with known arguments. Running it gives a `Ran`: in the kernel for
`check("…")`, in a sandboxed worker for a class. Judging turns what ran into a `TaskScore`; that happens where the key
is, never in the process that ran the learner's code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Case", "CaseVerdict", "Limits", "Ran", "TaskScore"]

Outcome = Literal[
    "returned",  # the call came back: `value` and `arguments` are what it left
    "raised",  # the call raised: `error` is "TypeName: message"
    "panicked",  # Rust panicked: `error` is its message and line
    "timeout",  # stopped after the limit
    "memory",  # asked for more memory than the limit
    "crashed",  # the process ended: a signal, an exit, an abort
    "unreadable",  # it returned something that cannot cross (see `course.tasks.wire`)
    "missing",  # there is no function of that name
    "stub",  # NotImplementedError or todo!(): not begun
    "not-run",  # an earlier failure stopped the run
]


@dataclass(frozen=True)
class Limits:
    """What one case may use: wall seconds, memory in MiB above an idle worker's, and threads."""

    seconds: float = 5.0
    memory: int = 512
    threads: int = 1


@dataclass(frozen=True)
class Ran:
    """What came of one call of the learner's function.

    value: what it returned. arguments: the arguments after the call, so that work done in place is seen, and a change
    that nobody asked for too. error: for every outcome but "returned", what happened, in one line.
    """

    outcome: Outcome
    value: Any = None
    arguments: tuple[Any, ...] = ()
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Case:
    """One call: its arguments, and what the reference made of them. `id` is `visible-1`, `hidden-3`, … in order."""

    id: str
    group: str
    arguments: tuple[Any, ...]
    expected: Ran
    hidden: bool = False


@dataclass(frozen=True)
class CaseVerdict:
    """How one case went: `message` says what to look at (empty where it passed)."""

    id: str
    group: str
    hidden: bool
    passed: bool
    message: str = ""


@dataclass(frozen=True)
class TaskScore:
    """Points for a task, between 0 and `possible`, and why.

    message: the one thing to tell the learner first (empty when all is right). rules: the structural rules that were
    broken, in words.
    """

    item: str
    points: float
    possible: float
    message: str = ""
    cases: tuple[CaseVerdict, ...] = ()
    rules: tuple[str, ...] = field(default_factory=tuple)

    @property
    def verdict(self) -> Literal["right", "partly", "wrong"]:
        """Say it in the word used for items."""
        if self.points >= self.possible > 0:
            return "right"
        return "partly" if self.points > 0 else "wrong"
