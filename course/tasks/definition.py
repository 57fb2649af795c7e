"""What a task's fence `python cases` defines, executed: the trusted side's knowledge of a task.

The fence is ordinary Python by the author, run with a small vocabulary (`VOCABULARY`; docs/tasks.md). `load` runs it,
calls the reference on every case, and gives a `Definition`. From a learner bank, which has no fence, `load` makes a
definition of the visible cases alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from course.errors import CourseError
from course.quiz.model import Task
from course.tasks.compare import Close, Compare, Equal, Exactly, identical
from course.tasks.model import Case, Limits, Ran, TaskScore
from course.tasks.rules import RULES, Rule

__all__ = ["VOCABULARY", "Definition", "Mistake", "Reject", "Wrong", "changed", "is_rust", "load", "seed"]


@dataclass(frozen=True)
class Written:
    """`case(x, y, group="shape")`: the arguments of a case, and its group."""

    arguments: tuple[Any, ...]
    group: str | None = None


@dataclass(frozen=True)
class Reject:
    """A Rust program that must not compile against the learner's code, and its twin that must.

    Both are the inside of a `main`, and may end in a value; where `fn main` is written, it stands as it is. They follow
    the learner's code.
    """

    id: str
    program: str
    code: str
    intended: str
    group: str = ""

    def sources(self, learner: str) -> tuple[str, str]:
        """Return two programs: the one that must be refused with `code`, and the one that must compile."""
        # A cell's own `main`, if it has one, would be a second one: tasks ask for functions.
        text = "\n".join(line for line in learner.splitlines() if not line.startswith("%%"))
        return self._whole(text, self.program), self._whole(text, self.intended)

    @staticmethod
    def _whole(text: str, program: str) -> str:
        main = program if "fn main" in program else f"fn main() {{\nlet _ = {{\n{program}\n}};\n}}"
        return f"#![allow(unused)]\n{text}\n{main}\n"


@dataclass(frozen=True)
class Wrong:
    """A wrong solution, and what to tell who writes it. `like`: a Python function that is wrong in the same way."""

    name: str
    source: str
    message: str
    like: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Mistake:
    """A way to be wrong that the author looks for: `detect(got, expected, args)`.

    True, or a text to be shown in place of the message. With several parameters beyond its own it is given less.
    """

    message: str
    detect: Callable[..., object]


@dataclass(frozen=True)
class Definition:
    """All that the trusted side knows of a task. `cases` are visible and hidden, in order; their ids are unique.

    parameters: names of the function's parameters, for messages. practice: hidden cases may be told of.
    """

    item: str
    function: str
    language: str
    points: float
    cases: tuple[Case, ...]
    limits: Limits = field(default_factory=Limits)
    rules: tuple[Rule, ...] = ()
    rejects: tuple[Reject, ...] = ()
    groups: Mapping[str, float] = field(default_factory=lambda: {"": 1.0})
    compare: Compare = field(default_factory=Close)
    wrong: tuple[Wrong, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    parameters: tuple[str, ...] = ()
    practice: bool = True
    whole: bool = True  # False: hidden cases exist that are not here
    namespace: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    remembered: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # results of wrong solutions

    def visible_only(self) -> Definition:
        """Return the definition without hidden cases and `rejects`: what `check` looks at first."""
        visible = tuple(case for case in self.cases if not case.hidden)
        return replace(
            self, cases=visible, rejects=(), whole=self.whole and len(visible) == len(self.cases) and not self.rejects
        )

    def judge(
        self, runs: Mapping[str, Ran], source: str = "", *, rejected: Mapping[str, bool] | None = None
    ) -> TaskScore:
        """Return the score of a solution: see `course.tasks.judge.judge`."""
        from course.tasks.judge import judge

        return judge(self, runs, source, rejected=rejected)

    def wrong_function(self, wrong: Wrong, *, compiled: bool = False) -> Callable[..., Any] | None:
        """Return a wrong solution as a Python function; None for Rust without a `like`.

        `compiled`: as numba compiles it. Otherwise `@njit` is left out, which costs no time; only errors differ.
        """
        if wrong.like is not None or is_rust(wrong.source):
            return wrong.like
        return self.function_in(wrong.source, compiled=compiled)

    def function_in(self, source: str, *, compiled: bool = False) -> Callable[..., Any] | None:
        """Run trusted Python with the names a chapter's first cell gives; return the task's function in it."""
        space = {**self.namespace, **_notebook(compiled)}
        space.pop(self.function, None)
        exec(compile(source, f"<{self.function}>", "exec"), space)  # noqa: S102 - the author's
        return space.get(self.function)


def is_rust(source: str) -> bool:
    """Whether the text of a solution is Rust: with its `%%rust` line, or as an author lists it."""
    if source.lstrip().startswith("%%rust"):
        return True
    return bool(re.search(r"^\s*(?:pub\s+)?fn\s+\w+", source, re.MULTILINE))


def _plain(*args: Any, **_: Any) -> Any:
    """Stand in for numba's decorators: the function as it is."""
    return args[0] if args and callable(args[0]) else lambda function: function


def _notebook(compiled: bool) -> dict[str, Any]:
    """Return the names a wrong solution may count on, as the first cell of a chapter gives them."""
    if not compiled:
        return {"np": np, "njit": _plain, "jit": _plain, "prange": range}
    from numba import jit, njit, prange

    return {"np": np, "njit": njit, "jit": jit, "prange": prange}


# -- the vocabulary


def _allclose(rtol: float = 1e-9, atol: float = 1e-12) -> Close:
    if not (0 <= rtol < 1 and 0 <= atol < math.inf):
        raise CourseError("a tolerance is a small number, not negative", help="write allclose(rtol=1e-9)")
    return Close(float(rtol), float(atol))


def _case(*arguments: Any, group: str | None = None) -> Written:
    return Written(arguments, group)


def _reject(program: str, code: str, intended: str, group: str | None = None) -> tuple[Any, ...]:
    return program, code, intended, group


def _raised(got: Any, error: str) -> bool:
    return isinstance(got, Failure) and error in got


class Failure(str):
    """What a detector is given as `got` where the call did not return: the error's text, and `outcome`."""

    outcome: str


VOCABULARY: dict[str, Any] = {
    "np": np,
    "array": np.array,
    "case": _case,
    "reject": _reject,
    "allclose": _allclose,
    "equal": Equal(),
    "exactly": Exactly(),
    "raised": _raised,
    **RULES,
}
"""What the author of a fence `python cases` may use without importing it."""


def seed(item: str, *, bank: str = "", secret: bytes = b"") -> int:
    """Return the seed of a task's hidden cases: from its full id, the bank's name and the class's secret."""
    text = json.dumps([item, bank, secret.hex()], ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


# -- loading


def load(task: Task, *, secret: bytes = b"", bank: str = "", path: str = "") -> Definition:
    """Run a task's cases and return what they define. `path`: the quiz file, for messages.

    From a learner bank (no cases, but what may be shown of them) the definition has the visible cases only.

    Raises:
        BadCases: the cases do not run, or do not define a task; its place is in the quiz file.
    """
    if task.cases is None:
        from course.tasks.public import from_public

        return from_public(task)
    from course.tasks.fence import Loader

    return Loader(task, secret, bank, path or f"{task.chapter}.md").definition()


def changed(case: Case) -> tuple[int, ...]:
    """Return which arguments the reference changes in this case."""
    after = case.expected.arguments
    return tuple(n for n, value in enumerate(case.arguments) if n < len(after) and not identical(value, after[n]))
