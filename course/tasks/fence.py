"""Read a fence `python cases`: run it, check each name that it defines, and answer its cases by the reference."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from course.errors import BadCases, CannotCross, CourseError
from course.quiz.model import Task
from course.tasks.calling import crossed, run_case
from course.tasks.compare import Close, Compare, Custom, Equal, Exactly
from course.tasks.definition import VOCABULARY, Definition, Failure, Mistake, Reject, Written, Wrong, seed
from course.tasks.model import Case, Limits, Ran
from course.tasks.rules import RULES, Rule

__all__ = ["Loader"]

MOST_CASES = 1000
LONGEST_TIME, MOST_MEMORY, MOST_THREADS = 600.0, 65_536, 64


class Loader:
    """Reads one fence; every complaint names the line it is about."""

    def __init__(self, task: Task, secret: bytes, bank: str, path: str) -> None:
        self.task, self.secret, self.bank, self.path = task, secret, bank, path
        self.first = task.cases_line or 1
        self.space: dict[str, Any] = {}

    def definition(self) -> Definition:
        task = self.task
        self._execute()
        reference = self.space.get("reference")
        if not callable(reference):
            raise self.bad("the cases define no reference", "add `def reference(…)`: the right answer")
        code = getattr(reference, "__code__", None)
        names = code.co_varnames[: code.co_argcount] if code is not None else ()
        groups = self._groups()
        cases = (*self._cases("visible", False, groups), *self._cases("hidden", True, groups))
        if not any(not case.hidden for case in cases):
            raise self.bad("no case is visible", "add `visible = [(…,), …]`: what the learner sees", "visible")
        rejects = self._rejects(groups)
        used = {case.group for case in cases} | {reject.group for reject in rejects}
        for name in groups:
            if name not in used:
                raise self.bad(f"no case is in the group {name!r}", f'add case(…, group="{name}")', "groups")
        made = Definition(
            task.full_id,
            task.function,
            task.language,
            task.points,
            tuple(self._answered(case, reference) for case in cases),
            self._limits(),
            self._rules(),
            rejects,
            groups,
            self._compare(),
            self._wrong(),
            self._mistakes(),
            tuple(names),
            task.mode == "practice",
            namespace=self.space,
        )
        self._reference_agrees(made, reference)
        return made

    # -- complaints

    def bad(self, message: str, help: str, name: str = "") -> BadCases:
        """Return a complaint at the line where a name is given its value, else at the fence."""
        line = self.first
        for number, text in enumerate((self.task.cases or "").splitlines()):
            if name and (text.startswith((f"{name} ", f"{name}=", f"def {name}("))):
                line = self.first + number
                break
        return BadCases(f"#{self.task.id}: {message}", place=f"{self.path}:{line}:1", help=help)

    def failed(self, error: BaseException, doing: str, name: str = "") -> BadCases:
        """Return a complaint about code of the fence that raised, at the line that did."""
        if isinstance(error, BadCases):
            return error
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._file:
                line = trace.tb_lineno
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename == self._file:
            line = error.lineno or 0
        text = error.message if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
        help = error.help if isinstance(error, CourseError) and error.help else "mend the cases"
        bad = self.bad(f"{doing}: {text}", help, name)
        if line:
            bad.place = f"{self.path}:{self.first + line - 1}:1"
        return bad

    @property
    def _file(self) -> str:
        return f"<cases of {self.task.full_id}>"

    # -- parts

    def _execute(self) -> None:
        self.space = dict(VOCABULARY) | {"__name__": "cases"}
        try:
            exec(compile(self.task.cases or "", self._file, "exec"), self.space)  # noqa: S102 - the author is trusted
        except Exception as error:
            raise self.failed(error, "the cases do not run") from error

    def _groups(self) -> dict[str, float]:
        groups = self.space.get("groups", {"": 1})
        if not (
            isinstance(groups, dict)
            and groups
            and all(isinstance(name, str) for name in groups)
            and all(isinstance(weight, int | float) and 0 < weight < 1e6 for weight in groups.values())
        ):
            raise self.bad("groups are names with weights", 'write groups = {"shape": 1, "values": 2}', "groups")
        return {str(name): float(weight) for name, weight in groups.items()}

    def _group(self, given: str | None, groups: Mapping[str, float], name: str) -> str:
        if given is None and len(groups) == 1:
            return next(iter(groups))
        if given is None:
            raise self.bad("a case says no group", 'write case(…, group="…")', name)
        if given not in groups:
            raise self.bad(f"there is no group {given!r}", f"there is: {', '.join(groups)}", name)
        return given

    def _cases(self, name: str, hidden: bool, groups: Mapping[str, float]) -> list[Case]:
        written = self.space.get(name, ())
        if hidden and callable(written):
            try:
                written = list(self._limited(written(np.random.default_rng(self._seed()))))
            except Exception as error:
                raise self.failed(error, "hidden(rng) fails", name) from error
        elif hidden and written != ():
            raise self.bad("hidden is no function", "write def hidden(rng): yield (…,)", name)
        if not isinstance(written, list | tuple):
            raise self.bad(f"{name} is no list of cases", f"write {name} = [(…,), …]", name)
        found = []
        for number, one in enumerate(written, start=1):
            case = one if isinstance(one, Written) else Written(one) if isinstance(one, tuple) else None
            if case is None:
                raise self.bad(f"case {number} is no tuple of arguments", "one argument too: (x,)", name)
            try:
                arguments = crossed(case.arguments)
            except CannotCross as error:
                raise self.bad(f"case {number} cannot be handed over: {error.message}", error.help, name) from None
            group = self._group(case.group, groups, name)
            found.append(Case(f"{name}-{number}", group, arguments, Ran("not-run"), hidden))
        return found

    def _seed(self) -> int:
        return seed(self.task.full_id, bank=self.bank, secret=self.secret)

    def _limited(self, cases: Iterable[Any]) -> Iterable[Any]:
        for number, case in enumerate(cases):
            if number >= MOST_CASES:
                raise CourseError(f"more than {MOST_CASES} hidden cases", help="end the loop earlier")
            yield case

    def _answered(self, case: Case, reference: Callable[..., Any]) -> Case:
        ran = run_case(reference, case.arguments)
        if ran.outcome not in ("returned", "raised"):
            raise self.bad(f"the reference fails on {case.id}: {ran.error}", "mend it, or the case", "reference")
        return replace(case, expected=replace(ran, seconds=0.0))

    def _reference_agrees(self, made: Definition, reference: Callable[..., Any]) -> None:
        """Run the reference once more: a case that it does not answer alike twice can be passed by nobody."""
        for case in made.cases:
            again = run_case(reference, case.arguments)
            if again.outcome != case.expected.outcome or (
                again.outcome == "returned" and made.compare.problem(again.value, case.expected.value) is not None
            ):
                raise self.bad(
                    f"the reference does not pass {case.id}: a second call gives another result",
                    "let it depend on its arguments only; or mend compare",
                    "reference",
                )

    def _limits(self) -> Limits:
        seconds, memory = self.space.get("seconds", Limits.seconds), self.space.get("memory", Limits.memory)
        threads = self.space.get("threads", Limits.threads)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_TIME:
            raise self.bad("seconds is the time of one case", f"a number up to {LONGEST_TIME:g}", "seconds")
        for name, value, most in (("memory", memory, MOST_MEMORY), ("threads", threads, MOST_THREADS)):
            if type(value) is not int or not 0 < value <= most:
                raise self.bad(f"{name} is a whole number from 1 to {most}", f"write {name} = …", name)
        return Limits(float(seconds), memory, threads)

    def _rules(self) -> tuple[Rule, ...]:
        rules = self.space.get("rules", [])
        if not isinstance(rules, list | tuple) or not all(isinstance(rule, Rule) for rule in rules):
            raise self.bad("rules is a list of rules", f"of {', '.join(RULES)}; must_not_call takes names", "rules")
        return tuple(rules)

    def _rejects(self, groups: Mapping[str, float]) -> tuple[Reject, ...]:
        found = []
        rejects = self.space.get("rejects", [])
        for number, one in enumerate(rejects if isinstance(rejects, list | tuple) else [None], start=1):
            parts = (*one, None)[:4] if isinstance(one, tuple) and len(one) in (3, 4) else ()
            if not parts or not all(isinstance(part, str) for part in parts[:3]):
                help = 'write ("let y = x; x.len()", "E0382", "let y = x; y.len()"): refused, code, intended'
                raise self.bad("rejects is a list of programs that must not compile", help, "rejects")
            if self.task.language != "rust":
                raise self.bad("only a Rust task has rejects", "delete them", "rejects")
            program, code, intended, group = parts
            group = self._group(group, groups, "rejects")
            found.append(Reject(f"rejects-{number}", program, code, intended, group))
        return tuple(found)

    def _compare(self) -> Compare:
        compare = self.space.get("compare", Close())
        if isinstance(compare, Close | Equal | Exactly):
            return compare
        if compare is VOCABULARY["allclose"]:
            return Close()
        if callable(compare) and not isinstance(compare, type):
            return Custom(compare)
        raise self.bad("compare is no comparison", "allclose(rtol=…), equal, exactly, or a function", "compare")

    def _wrong(self) -> tuple[Wrong, ...]:
        found = []
        wrong = self.space.get("wrong", [])
        for one in wrong if isinstance(wrong, list | tuple) else [None]:
            parts = one if isinstance(one, tuple) and len(one) in (3, 4) else ("", "", "")
            texts = all(isinstance(part, str) and part.strip() for part in parts[:3])
            if not texts or (len(parts) == 4 and not callable(parts[3])):
                help = 'write ("row means", "def f(x): …", "did you average over the wrong axis?")'
                raise self.bad("wrong is a list of wrong solutions, each with its message", help, "wrong")
            found.append(Wrong(*parts))
        return tuple(found)

    def _mistakes(self) -> tuple[Mistake, ...]:
        found = []
        mistakes = self.space.get("mistakes", [])
        for one in mistakes if isinstance(mistakes, list | tuple) else [None]:
            match one:
                case (str(message), detect) if callable(detect):
                    found.append(Mistake(message, detect))
                case (str(message), str(error)):
                    found.append(Mistake(message, functools.partial(_mentions, error)))
                case _:
                    help = 'write ("the rows have mean 0: …", lambda got, expected, args: …)'
                    raise self.bad("mistakes is a list of messages, each with what detects it", help, "mistakes")
        return tuple(found)


def _mentions(error: str, got: Any, _expected: Any, _args: Any) -> bool:
    return isinstance(got, Failure) and error in got
