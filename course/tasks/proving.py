"""Prove a task: reference and solution pass, every wrong solution fails with its message, `rejects` are refused.

Run by `course quiz check`. That a chapter's solution passes among the other cells of its chapter, and that its stub is
told to be one, is proved by `course dev check`, which runs both notebooks.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from course.errors import BadCases, CannotWrite, CourseError, CratesNotBuilt, RustMissing
from course.files import write_whole
from course.quiz.lint import Finding
from course.quiz.model import Quiz, Task
from course.tasks.calling import run_case
from course.tasks.compare import identical
from course.tasks.definition import Definition, Wrong, is_rust, load
from course.tasks.model import TaskScore
from course.tasks.rejecting import rejected
from course.tasks.solutions import solutions_in

__all__ = ["prove_task", "rust_function"]


def prove_task(quiz: Quiz, task: Task) -> tuple[int, list[Finding], list[Finding]]:
    """Return how many proofs agree, what has drifted, and what could not be run here.

    What agreed is remembered until the cases, the solution, this package or a compiler changes.
    """
    solution = _solution(quiz, task)
    mark = _mark(task, solution)
    with contextlib.suppress(OSError, ValueError):
        return int(mark.read_text("utf-8")), [], []
    try:
        definition = load(task, path=quiz.path)
        again = load(task, path=quiz.path)
    except BadCases as bad:
        return 0, [Finding("drifted", bad.place, bad.message, bad.help)], []
    prover = _Prover(quiz, task, definition)
    prover.repeatable(again)
    prover.failing_earns_nothing(solution)
    prover.wrong_solutions()
    prover.solution(solution)
    if not prover.drifted and not prover.not_proved:
        with contextlib.suppress(CannotWrite):
            write_whole(mark, str(prover.proved))
    return prover.proved, prover.drifted, prover.not_proved


def _solution(quiz: Quiz, task: Task) -> str:
    """Return the chapter's own solution as a cell, or nothing: a private bank has no chapters."""
    source = Path(quiz.path).resolve().parent.parent / "notebooks" / "src" / f"{task.chapter}.md"
    try:
        text, language = solutions_in(source.read_text("utf-8-sig")).get(task.id, ("", ""))
    except OSError:
        return ""
    return f"%%rust\n{text}" if language == "rust" else text


def _mark(task: Task, solution: str) -> Path:
    from course.rust import toolchain
    from course.rust.places import cache_root

    try:
        compiler = toolchain.find().version
    except RustMissing:
        compiler = "no Rust"
    ours = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    numba = metadata.version("numba")
    about = f"{task!r}{solution}{sys.version}{np.__version__}{numba}{compiler}".encode()
    return cache_root() / "proofs" / f"task-{hashlib.sha256(about + b''.join(ours)).hexdigest()[:40]}.txt"


def _failing(*_: Any) -> None:
    raise ValueError("it always fails")


class _Prover:
    """Proves one task, and counts."""

    def __init__(self, quiz: Quiz, task: Task, definition: Definition) -> None:
        self.quiz, self.task, self.definition = quiz, task, definition
        self.proved = 1  # the reference answered every case, twice alike
        self.drifted: list[Finding] = []
        self.not_proved: list[Finding] = []

    def drift(self, message: str, help: str) -> None:
        place = f"{self.quiz.path}:{self.task.cases_line or self.task.line}:1"
        self.drifted.append(Finding("drifted", place, f"#{self.task.id}: {message}", help))

    def not_here(self, error: CourseError) -> None:
        place = f"{self.quiz.path}:{self.task.line}:1"
        self.not_proved.append(Finding("not-proved", place, f"#{self.task.id}: {error.message}", error.help))

    def repeatable(self, again: Definition) -> None:
        """Hidden cases are the same for the same seed."""
        first = [(case.id, case.group, case.arguments) for case in self.definition.cases]
        second = [(case.id, case.group, case.arguments) for case in again.cases]
        if identical(first, second):
            self.proved += 1
        else:
            self.drift("hidden(rng) gives different cases for the same seed", "draw everything from rng")

    def failing_earns_nothing(self, source: str) -> None:
        """A function that fails in every case gets no point, also where some cases expect an error."""
        runs = {case.id: run_case(_failing, case.arguments) for case in self.definition.cases}
        points = self.definition.judge(runs, source).points
        if points:
            words = f"a function that always fails earns {points:g} points"
            self.drift(words, "a group whose cases all expect an error needs one with a result, too")
        else:
            self.proved += 1

    def judged(self, function: Callable[..., Any], source: str) -> tuple[TaskScore, TaskScore]:
        """Return the whole score, and that of the visible cases alone. Raises NameError where a name is missing."""
        runs = {case.id: run_case(function, case.arguments) for case in self.definition.cases}
        if any(ran.error.startswith("NameError:") for ran in runs.values()):
            raise NameError
        refused = rejected(self.definition.rejects, source) if is_rust(source) else {}
        whole = self.definition.judge(runs, source, rejected=refused)
        return whole, self.definition.visible_only().judge(runs, source)

    def wrong_solutions(self) -> None:
        """Each fails, with its message; and the visible cases see at least one of them."""
        seen = False
        count = 0
        for wrong, function in self._functions():
            count += 1
            source = f"%%rust\n{wrong.source}" if is_rust(wrong.source) else wrong.source
            try:
                whole, visible = self.judged(function, source)
            except NameError:
                self.drift(
                    f"the wrong solution {wrong.name!r} uses a name that is not there", "define it, or import it"
                )
                continue
            seen = seen or bool(visible.message)
            if whole.points >= whole.possible:
                self.drift(f"the wrong solution {wrong.name!r} passes", "add a case that tells it from a right one")
            elif wrong.message not in whole.message:
                help = f"add a detector to `mistakes`, or let it say {wrong.message!r}"
                self.drift(f"the wrong solution {wrong.name!r} is told {whole.message!r}", help)
            else:
                self.proved += 1
        if count and not seen:
            self.drift("the visible cases pass every wrong solution", "show a case that one of them fails")

    def _functions(self) -> Iterator[tuple[Wrong, Callable[..., Any]]]:
        for wrong in self.definition.wrong:
            try:
                if is_rust(wrong.source):
                    yield wrong, rust_function(wrong.source, self.task.function)
                    continue
                function = self.definition.wrong_function(wrong, compiled=True)
            except (RustMissing, CratesNotBuilt) as error:
                self.not_here(error)
                return
            except Exception as error:  # noqa: BLE001 - the author's code may fail in any way
                text = error.message if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
                self.drift(f"the wrong solution {wrong.name!r} does not run: {text}", "mend it")
                continue
            if function is None:
                self.drift(f"the wrong solution {wrong.name!r} defines no {self.task.function}", "name it so")
                continue
            yield wrong, function

    def solution(self, source: str) -> None:
        """The chapter's solution passes, in its language, and `rejects` are refused with it."""
        if not source:
            if self.definition.rejects:
                self.not_here(CourseError("rejects are proved with the chapter's solution", help="add the solution"))
            return
        try:
            if is_rust(source):
                function: Any = rust_function(source, self.task.function)
            else:
                function = self.definition.function_in(source, compiled=True)
            whole, _ = self.judged(function, source)
        except (RustMissing, CratesNotBuilt) as error:
            self.not_here(error)
            return
        except NameError:
            return  # it builds on other cells of its chapter; `course dev check` runs them all
        except Exception as error:  # noqa: BLE001 - as above
            text = error.message if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
            self.drift(f"the chapter's solution does not run: {text}", "mend it")
            return
        if whole.points < whole.possible:
            self.drift(f"the chapter's solution does not pass: {whole.message}", "mend it, or the cases")
        else:
            self.proved += 1


def rust_function(source: str, name: str) -> Callable[..., Any]:
    """Compile a Rust cell and return its function `name`. Raises `CourseError` where it does not compile."""
    from course.rust import compile as compiling
    from course.rust import diagnostics, flags
    from course.rust.call import CellLibrary, RustFunction

    text = source.split("\n", 1)[1] if source.startswith("%%") else source
    chosen = flags.parse("", known_cells=set())
    units = [compiling.unit(text, "")]
    try:
        built = compiling.build(units, chosen.compile())
    except compiling.Refused as refused:
        report = diagnostics.read(refused.diagnostics, units, refused.shim)
        codes = ", ".join(report.codes) or "an error"
        raise CourseError(f"it does not compile ({codes})", help=report.text()[:2000]) from None
    library = CellLibrary(built.artifact, {u.file: (u.name, u.source) for u in units})
    for function in units[-1].cell.functions:
        if function.name == name:
            return RustFunction(function, library)
    raise CourseError(f"it has no function `{name}` that Python can call", help="see %%rust? for the types that cross")
