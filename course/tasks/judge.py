"""From what ran to points and words: a pure function, on the side that has the key.

Nothing of the learner's is called: values came through the wire, sources are text. For a hidden case the words tell
neither its arguments, nor what was expected, nor any text of the learner's that could carry them.
"""

from __future__ import annotations

import builtins
import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from course.tasks.calling import run_case
from course.tasks.compare import Close, Compare, Custom, Undecided, identical
from course.tasks.definition import Definition, Failure, Wrong, changed
from course.tasks.model import Case, CaseVerdict, Ran, TaskScore
from course.tasks.problem import Problem, brief

__all__ = ["judge"]

NOT_RUN = Ran("not-run")
_BEGIN = {"python": "write it in place of `raise NotImplementedError(…)`", "rust": "write it in place of `todo!(…)`"}
_ADVICE = {
    "IndexError": "an index is too large",
    "ZeroDivisionError": "what is it divided by?",
    "RecursionError": "it calls itself without end",
    "UnboundLocalError": "a name is used before it has a value",
    "NameError": "a name is not known: is the cell that sets it above, and was it run?",
    "WrongArgument": "does the Rust function's signature take the arguments as they are?",
}


def judge(
    definition: Definition, runs: Mapping[str, Ran], source: str = "", *, rejected: Mapping[str, bool] | None = None
) -> TaskScore:
    """Return the score: each group whose cases all pass earns its share of the points.

    runs: what came of each case, by its id; a case without one was not run, and does not pass.
    source: the solution as it was written (a Rust one with its `%%rust` line), for structural rules.
    rejected: of each of `rejects`, whether the program was refused with its code and its twin compiled.
    """
    verdicts: list[CaseVerdict] = []
    for case in definition.cases:
        problem = _problem(definition, case, runs.get(case.id, NOT_RUN))
        message = "" if problem is None else problem.for_hidden if case.hidden else problem.text
        verdicts.append(CaseVerdict(case.id, case.group, case.hidden, problem is None, message))
    for reject in definition.rejects:
        passed = (rejected or {}).get(reject.id, False)
        message = "" if passed else "a program that the types should forbid compiles, or one they should allow does not"
        verdicts.append(CaseVerdict(reject.id, reject.group, True, passed, message))
    begun = not any(ran.outcome in ("missing", "stub") for ran in runs.values())
    rules = definition.rules if begun else ()
    broken = tuple(words for rule in rules if (words := rule.broken(source, definition.function)))
    earned = 0.0
    if begun and not broken:
        whole = sum(definition.groups.values())
        for group, weight in definition.groups.items():
            mine = [verdict.passed for verdict in verdicts if verdict.group == group]
            earned += weight / whole if mine and all(mine) else 0.0
    points = round(earned * definition.points, 9)
    message = _first_words(definition, runs, verdicts, broken)
    return TaskScore(definition.item, points, definition.points, message, tuple(verdicts), broken)


def _first_words(
    definition: Definition, runs: Mapping[str, Ran], verdicts: list[CaseVerdict], broken: tuple[str, ...]
) -> str:
    if broken:
        return broken[0]
    failing = [verdict for verdict in verdicts if not verdict.passed]
    if not failing:
        return ""
    first = next((verdict for verdict in failing if not verdict.hidden), failing[0])
    if runs.get(first.id, NOT_RUN).outcome in ("missing", "stub"):
        return first.message
    if wrong := _recognised(definition, runs):
        return wrong.message
    if first.hidden and first.id.startswith("hidden"):
        return f"the cases shown pass, but not every hidden one: {first.message}"
    return first.message


# -- one case


def _problem(definition: Definition, case: Case, ran: Ran) -> Problem | None:
    expected = case.expected
    if expected.outcome == "raised":
        problem = _should_raise(expected, ran, definition.language)
    elif ran.outcome != "returned":
        problem = _did_not_return(definition, ran)
    else:
        problem = _compared(definition, case, ran)
    if problem is None or problem.kind == "unchanged" or ran.outcome in ("missing", "stub", "not-run", "unreadable"):
        return problem
    words = _mistake(definition, case, ran)
    return Problem("mistake", words) if words else problem


def _did_not_return(definition: Definition, ran: Ran) -> Problem:
    name, limits = definition.function, definition.limits
    match ran.outcome:
        case "missing":
            return Problem("missing", f"there is no function `{name}` yet: run the cell that defines it")
        case "stub":
            return Problem("stub", f"not begun yet: {_BEGIN.get(definition.language, _BEGIN['python'])}")
        case "raised":
            kind = _error_name(ran.error)
            advice = _ADVICE.get(kind, "")
            return Problem(
                "raised",
                f"it raises {ran.error}" + (f" ({advice})" if advice else ""),
                f"it raises {kind}" + (f" ({advice})" if advice else ""),
            )
        case "panicked":
            return Problem("panicked", f"it panics: {ran.error}", "it panics")
        case "timeout":
            return Problem(
                "timeout", f"it takes more than {limits.seconds:g} s: does a loop end, and is it one too many?"
            )
        case "memory":
            return Problem("memory", f"it needs more than {limits.memory} MiB of memory")
        case "crashed":
            return Problem("crashed", f"it ended the process: {ran.error or 'a crash'}", "it ended the process")
        case "unreadable":
            return Problem(
                "unreadable",
                ran.error or "it gives a value that cannot be looked at",
                "it gives a value that cannot be looked at",
            )
        case _:
            return Problem("not-run", "not run: what came before it failed")


def _error_name(error: str) -> str:
    """Return the name of an error where it is one; a learner's class may be called anything."""
    name = error.partition(":")[0].strip()
    known = isinstance(getattr(builtins, name, None), type)
    ours = name in ("RustError", "AliasError", "WrongArgument", "TypingError")
    return name if re.fullmatch(r"[A-Za-z]{1,40}", name) and (known or ours) else "an error"


def _should_raise(expected: Ran, ran: Ran, language: str) -> Problem | None:
    wanted, found = _error_name(expected.error), _error_name(ran.error)
    if ran.outcome == "raised" and (found == wanted or (language == "rust" and found == "RustError")):
        return None
    how = "return Err(…)" if language == "rust" else f"raise {wanted}"
    if ran.outcome == "returned":
        return Problem(
            "raises", f"it should {how} here, and returns {brief(ran.value)}", f"it should {how} in one case"
        )
    if ran.outcome in ("raised", "panicked"):
        return Problem("raises", f"it should {how} here; instead: {ran.error}", f"it should {how} in one case")
    return Problem(ran.outcome, f"it should {how} here ({ran.outcome})", f"it should {how} in one case")


def _compared(definition: Definition, case: Case, ran: Ran) -> Problem | None:
    expected = case.expected
    wrote = changed(case)
    names = definition.parameters
    after = ran.arguments
    if len(after) != len(case.arguments):
        return Problem("arguments", "what it was given cannot be looked at afterwards", "it cannot be looked at")
    for number, before in enumerate(case.arguments):
        name = f"`{names[number]}`" if number < len(names) else f"argument {number + 1}"
        if number not in wrote:
            if not identical(after[number], before):
                mend = "borrow it with &, not &mut" if definition.language == "rust" else "work on a copy, x.copy()"
                return Problem("changed", f"{name} was changed: {mend}, or make a new array")
            continue
        if identical(after[number], before):
            return _unchanged(definition, case, ran, number, name)
        problem = definition.compare.problem(after[number], expected.arguments[number])
        if problem is not None:
            return _after(problem, name)
    return definition.compare.problem(ran.value, expected.value)


def _unchanged(definition: Definition, case: Case, ran: Ran, number: int, name: str) -> Problem:
    text = f"{name} has not changed: write into it, x[i, j] = …; a line like x = … gives a new array the old name"
    if definition.language == "rust":
        text = f"{name} has not changed: write through the view that was lent to you"
    if ran.value is not None and definition.compare.problem(ran.value, case.expected.arguments[number]) is None:
        text = f"the result is right, but it is returned: write it into {name}, which should change in place"
    return Problem("unchanged", text)


def _after(problem: Problem, name: str) -> Problem:
    def about(text: str) -> str:
        return re.sub(r"^it (?=is|has|holds|differs|lacks)", f"{name} afterwards ", text) if text else ""

    return Problem(problem.kind, about(problem.text), about(problem.for_hidden))


# -- what the author looks for


def outcome_of(case: Case, ran: Ran) -> Any:
    """Return what a detector is given: the result; where work is done in place, the argument(s) that should change."""
    if ran.outcome != "returned":
        failure = Failure(ran.error)
        failure.outcome = ran.outcome
        return failure
    wrote = changed(case)
    if case.expected.value is not None or not wrote or len(ran.arguments) != len(case.arguments):
        return ran.value
    return ran.arguments[wrote[0]] if len(wrote) == 1 else tuple(ran.arguments[n] for n in wrote)


def _mistake(definition: Definition, case: Case, ran: Ran) -> str:
    got, expected = outcome_of(case, ran), outcome_of(case, case.expected)
    for mistake in definition.mistakes:
        try:
            found = mistake.detect(got, expected, case.arguments)
            if isinstance(found, str) and found:
                return found
            if bool(found):
                return mistake.message
        except Exception:  # noqa: BLE001, S112 - a detector meets values of any shape; then it has not found its mistake
            continue
    return ""


def _recognised(definition: Definition, runs: Mapping[str, Ran]) -> Wrong | None:
    """Return the listed wrong solution whose results these are, on every case that ran."""
    ran = [case for case in definition.cases if case.id in runs and runs[case.id].outcome != "not-run"]
    if not ran:
        return None
    compare: Compare = definition.compare
    if isinstance(compare, Custom | Undecided):
        compare = Close()
    for wrong, results in _wrong_results(definition, tuple(case.id for case in ran)):
        if all(_alike(runs[case.id], results[case.id], compare) for case in ran):
            return wrong
    return None


def _alike(a: Ran, b: Ran, compare: Compare) -> bool:
    if a.outcome != b.outcome:
        return False
    if a.outcome != "returned":
        return _error_name(a.error) == _error_name(b.error)
    return compare.problem(a.value, b.value) is None and compare.problem(a.arguments, b.arguments) is None


def _wrong_results(definition: Definition, ids: tuple[str, ...]) -> list[tuple[Wrong, dict[str, Ran]]]:
    """Run the listed wrong solutions on these cases; done when the first submission is wrong, and kept."""
    kept = definition.remembered
    if "functions" not in kept:
        kept["functions"] = list(_functions(definition))
    found = []
    for number, (wrong, function) in enumerate(kept["functions"]):
        results = {}
        for case in definition.cases:
            if case.id in ids:
                key = (number, case.id)
                if key not in kept:
                    kept[key] = run_case(function, case.arguments)
                results[case.id] = kept[key]
        found.append((wrong, results))
    return found


def _functions(definition: Definition) -> Iterator[tuple[Wrong, Callable[..., Any]]]:
    for wrong in definition.wrong:
        with contextlib.suppress(Exception):  # one that does not run is for `course quiz check` to name
            function = definition.wrong_function(wrong)
            if function is not None:
                yield wrong, function
