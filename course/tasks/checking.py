"""`check("03_ndarray/softmax-rows")`, `hint(…)` and `solution(…)`: a task in the learner's own notebook.

The function is called in the learner's kernel, where they can print and debug; the verdict is by the same judge as a
grader's. Each check, hint and look at the solution is a line in the answers file, as the learner's own report.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from course.errors import CourseError, TaskNotSolved, UnknownName, UsageMistake
from course.quiz import answers, variants
from course.quiz import bank as banks
from course.quiz.answers import Attempt
from course.quiz.model import Quiz, Task, points_text
from course.quiz.running import learner_in
from course.tasks.calling import run_case
from course.tasks.definition import Definition, load
from course.tasks.model import Case, Ran, TaskScore
from course.tasks.table import Report, report

__all__ = ["check", "hint", "solution"]

GRACE = 10.0  # seconds that a case may take longer in a notebook: numba compiles at the first call
_definitions: dict[tuple[str, str | None, str], Definition] = {}


def check(name: str, bank: str | os.PathLike[str] | None = None) -> float:
    """Run a task's cases on your function and show what to look at: `check("03_ndarray/softmax-rows")`.

    Returns the points earned. `bank` is a folder of quiz files, where it is not the course's own. A loop without end
    is stopped after the task's time, or by the kernel's interrupt; Rust and numba code only once they return.
    """
    quiz, task = _find(name, bank, "check")
    shell, namespace = _surroundings()
    definition = _definition(quiz, task)
    function = namespace.get(task.function)
    if (why := _stands_in(function)) is not None:
        _show(Report(task.function, why, f"0 of {points_text(task.points)}", calm=True))
        return 0.0
    if task.language == "rust" and _was_refused(task.function, shell):
        why = f"the newest cell with `{task.function}` did not compile: mend it and run it, then check again"
        _show(Report(task.function, why, f"0 of {points_text(task.points)}", calm=True))
        return 0.0
    visible = definition.visible_only()
    runs = _run(visible, function)
    source = _source(function, shell)
    score, judged = visible.judge(runs, source), visible
    if definition.practice and not score.message and not visible.whole:
        runs |= _run(replace(definition, cases=tuple(case for case in definition.cases if case.hidden)), function)
        score, judged = definition.judge(runs, source, rejected=_rejected(definition, source)), definition
    passed = not score.message
    if not any(ran.outcome in ("missing", "stub") for ran in runs.values()):
        _record(quiz, task, "check", {"points": score.points, "of": score.possible, "verdict": score.verdict})
    note = "" if judged.whole or not passed else "The rest is seen when it is graded."
    _show(report(judged, runs, score, after=_next_steps(task, passed), note=note), score)
    if os.environ.get("NBGRADER_EXECUTION") == "validate" and not passed:
        raise TaskNotSolved(task.full_id, score.message)
    return float(score.points)


def hint(name: str, bank: str | os.PathLike[str] | None = None) -> None:
    """Show the next hint of a task; asked again after the last one, all of them."""
    quiz, task = _find(name, bank, "hint")
    _show_text(next_hint(quiz, task, Path.cwd()))


def solution(name: str, bank: str | os.PathLike[str] | None = None) -> None:
    """Show the course's solution of a task: after you passed it, or when asked for twice."""
    quiz, task = _find(name, bank, "solution")
    text, language = shown_solution(quiz, task, Path.cwd())
    _show_text(text, language)


# -- finding


def _find(name: str, bank: str | os.PathLike[str] | None, what: str) -> tuple[Quiz, Task]:
    chapter, _, slug = name.partition("/") if isinstance(name, str) else ("", "", "")
    if not chapter or not slug:
        raise UsageMistake(
            f"{name!r} does not name a task", place=f"{what}(…)", help=f'write {what}("03_ndarray/softmax-rows")'
        )
    quiz = banks.find(chapter, folder=Path(bank) if bank is not None else None)
    tasks = {item.id: item for item in quiz.items if isinstance(item, Task)}
    if slug not in tasks:
        if any(item.id == slug for item in quiz.items):
            raise UsageMistake(f"{name} is a question, no task", place=f"{what}(…)", help="answer it where it is asked")
        raise UnknownName("task", slug, tasks, place=f"{chapter}: {what}(…)")
    return quiz, tasks[slug]


def _definition(quiz: Quiz, task: Task) -> Definition:
    key = (task.full_id, task.cases, repr(task.shown))
    if key not in _definitions:
        _definitions[key] = load(task, path=quiz.path)
    return _definitions[key]


def _was_refused(function: str, shell: Any) -> bool:
    """Whether the compiler refused the newest cell with this function: what Python holds is an older one, or none."""
    from course.rust.magic import refused

    return function in refused(shell)


def _surroundings() -> tuple[Any, Mapping[str, Any]]:
    """Return the notebook's shell and names; in a script, those of the caller."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        return shell, shell.user_ns
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return None, frame.f_globals if frame is not None else {}


def _stands_in(function: Any) -> str | None:
    """Return what to say where the function comes from a Rust cell that could not run here."""
    from course.recordings import StandIn

    if not isinstance(function, StandIn):
        return None
    # Its attributes refuse to be read, so that a stand-in is never taken for a value.
    name, why = (object.__getattribute__(function, f"_StandIn__{part}") for part in ("name", "why"))
    return f"not checked, for `{name}` needs Rust and {why}; `course doctor` says how to add it"


# -- running


def _run(definition: Definition, function: Any) -> dict[str, Ran]:
    """Run every case; the first that finds no function, or a stub, speaks for all."""
    runs: dict[str, Ran] = {}
    if not callable(function):
        return {case.id: Ran("missing") for case in definition.cases}
    for case in definition.cases:
        ran = _timed(definition, case, function)
        runs[case.id] = ran
        if ran.outcome in ("stub", "timeout"):
            rest = Ran("stub") if ran.outcome == "stub" else Ran("not-run")
            return runs | {other.id: rest for other in definition.cases if other.id not in runs}
    return runs


class _TooLong(BaseException):
    """Raised by the clock into the learner's code; no `except Exception` of theirs can hold it."""


def _timed(definition: Definition, case: Case, function: Callable[..., Any]) -> Ran:
    seconds = definition.limits.seconds
    try:
        with _clock(seconds + GRACE):
            return run_case(function, case.arguments, passing=(_TooLong,))
    except _TooLong:
        return Ran("timeout", seconds=seconds + GRACE)


@contextlib.contextmanager
def _clock(seconds: float) -> Iterator[None]:
    """Raise `_TooLong` in the main thread after so long; elsewhere, and on systems without alarms, do nothing."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _rejected(definition: Definition, source: str) -> dict[str, bool]:
    if not definition.rejects:
        return {}
    from course.tasks.rejecting import rejected

    return rejected(definition.rejects, source)


def _source(function: Any, shell: Any) -> str:
    """Return the cell a function was defined in, with the imports of other cells that it uses."""
    library = getattr(function, "library", None)
    if library is not None and hasattr(library, "texts"):
        return "%%rust\n" + "\n".join(source for _, source in library.texts.values())
    if hasattr(function, "rust"):  # in a process of its own: the function alone is known here
        return f"%%rust\n{function.source}"
    plain = inspect.unwrap(getattr(function, "py_func", function))
    code = getattr(plain, "__code__", None)
    if code is None:
        return ""
    cell = "".join(linecache.getlines(code.co_filename)) or _own_lines(plain)
    cells = [str(text) for text in shell.user_ns.get("In", [])] if shell is not None else []
    return "\n".join([*_imports(cells, cell), cell])


def _own_lines(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def _imports(cells: list[str], cell: str) -> list[str]:
    used = set(_names(cell))
    found: dict[str, None] = {}
    for text in cells:
        with contextlib.suppress(SyntaxError, ValueError):
            plain = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in text.splitlines())
            for node in ast.parse(plain).body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    bound = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
                    if bound & used:
                        found[ast.unparse(node)] = None
    return list(found)


def _names(cell: str) -> Iterator[str]:
    try:
        tree = ast.parse("\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in cell.splitlines()))
    except (SyntaxError, ValueError):
        return
    yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


# -- remembering


def _record(quiz: Quiz, task: Task, event: str, response: dict[str, Any]) -> None:
    """Append an event to the answers file; a folder that cannot be written to costs only the memory of it."""
    if os.environ.get("NBGRADER_EXECUTION"):
        return  # a grader's run is no doing of the learner's
    folder = Path.cwd()
    with contextlib.suppress(CourseError):
        keep(quiz, task, event, response, folder)


def keep(quiz: Quiz, item: Any, event: str, response: dict[str, Any], folder: Path) -> None:
    """Append an event about an item to the answers file of its chapter in a folder."""
    made = Attempt(
        attempt=answers.new_id(),
        item=item.full_id,
        response=response,
        at=answers.now(),
        mode=item.mode,
        bank=quiz.name,
        learner=learner_in(folder),
        event=event,
    )
    answers.add(answers.file_for(quiz.name, folder), [made])


def events(item: Any, folder: Path, event: str) -> list[Attempt]:
    """Return the events of one kind about an item, in order."""
    try:
        log = answers.read(answers.file_for(item.chapter, folder))
    except CourseError:
        return []  # the quiz says what is wrong with the file; here it only means that nothing is remembered
    return [attempt for attempt in log.attempts if attempt.item == item.full_id and attempt.event == event]


def passed_before(item: Any, folder: Path) -> bool:
    """Whether a check of this task was passed."""
    return any((attempt.response or {}).get("verdict") == "right" for attempt in events(item, folder, "check"))


def next_hint(quiz: Quiz, item: Any, folder: Path, *, shown: Mapping[str, Any] | None = None) -> str:
    """Return the next hint of an item in words, and remember that it was asked for. `shown`: its variant's values."""
    item = variants.fill_stem(item, shown)
    if not item.hints:
        return f"{item.full_id} has no hints."
    before = len(events(item, folder, "hint"))
    total = len(item.hints)
    if before >= total:
        listed = "\n".join(f"{number}. {one.text}" for number, one in enumerate(item.hints, start=1))
        return f"These are all the hints of {item.full_id}:\n\n{listed}"
    with contextlib.suppress(CourseError):
        keep(quiz, item, "hint", {"number": before + 1}, folder)
    return f"Hint {before + 1} of {total}: {item.hints[before].text}"


def shown_solution(quiz: Quiz, task: Task, folder: Path, *, command: str = "") -> tuple[str, str]:
    """Return the solution and its language; or, the first time it is asked for early, what to do (language "").

    command: what was typed, where it was not in a notebook.
    """
    from course.tasks.solutions import solution_of

    if task.mode != "practice":
        raise UsageMistake(f"{task.full_id} is graded: its solution is not here", help="ask whoever teaches the class")
    found = solution_of(task)
    asked = bool(events(task, folder, "reveal"))
    passed = passed_before(task, folder)
    if not asked:
        with contextlib.suppress(CourseError):
            keep(quiz, task, "reveal", {}, folder)
    if not passed and not asked:
        how = f"course hint {task.chapter[:2]}" if command else f'hint("{task.full_id}")'
        hints = f" There are hints: {how}." if task.hints else ""
        return f"You have not passed {task.full_id} yet.{hints} Ask once more to see the solution all the same.", ""
    return found


def _next_steps(task: Task, passed: bool) -> list[tuple[str, str]]:
    if os.environ.get("NBGRADER_EXECUTION"):
        return []
    if passed:
        from course.tasks.solutions import has_solution

        return [("How the course does it:", f'solution("{task.full_id}")')] if has_solution(task) else []
    if not task.hints:
        return []
    left = len(task.hints) - len(events(task, Path.cwd(), "hint"))
    how_many = "all hints again:" if left <= 0 else "a hint:" if left == 1 else f"{left} hints, one at a time:"
    return [(how_many[0].upper() + how_many[1:], f'hint("{task.full_id}")')]


# -- showing


def _show(shown: Report, score: TaskScore | None = None) -> None:
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(shown.text())
    else:
        points, verdict = (score.points, score.verdict) if score else (0.0, "wrong")
        display(shown.bundle(), raw=True, metadata={"course_check": {"points": points, "verdict": verdict}})


def _show_text(text: str, language: str = "") -> None:
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(text)
    else:
        markdown = f"```{language}\n{text}\n```" if language else text
        display({"text/markdown": markdown, "text/plain": text}, raw=True)
