"""Compare what a learner's function gave with what is expected, and say in which way it is wrong.

Everything here comes from `wire.decode` or from the author, so it is of exact built-in or NumPy types. Whatever grows
with the learner's value is looked at only after its size was found equal to that of the expected one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from course.errors import CourseError
from course.tasks.numbers import numbers_problem
from course.tasks.problem import Problem, brief, described, kind_of

__all__ = ["Close", "Compare", "Custom", "Equal", "Exactly", "Undecided", "comparison_from_json", "identical"]


class Compare(Protocol):
    """A way to compare: None where the two agree, else what is wrong."""

    def problem(self, got: Any, expected: Any) -> Problem | None:
        """Return what is wrong with `got`, or None."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what a learner bank may say of it."""
        ...


@dataclass(frozen=True)
class Close:
    """`allclose(rtol=1e-9, atol=1e-12)`: numbers agree within `atol + rtol·|expected|`; everything else is equal.

    An integer where a float is expected is as good, a float where an integer is expected too; a boolean is not.
    """

    rtol: float = 1e-9
    atol: float = 1e-12

    def problem(self, got: Any, expected: Any) -> Problem | None:
        return _walk(got, expected, "", self.close)

    def close(self, got: Any, expected: Any) -> Any:
        """Return where two arrays of one shape agree."""
        with np.errstate(all="ignore"):
            within = np.abs(got - expected) <= self.atol + self.rtol * np.abs(expected)
        return within | (got == expected) | ((got != got) & (expected != expected))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "allclose", "rtol": self.rtol, "atol": self.atol}


@dataclass(frozen=True)
class Equal:
    """`equal`: numbers are equal (nan to nan), whatever their dtype; everything else is equal."""

    def problem(self, got: Any, expected: Any) -> Problem | None:
        return _walk(got, expected, "", lambda g, e: (g == e) | ((g != g) & (e != e)))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "equal"}


@dataclass(frozen=True)
class Exactly:
    """`exactly`: the same types and dtypes too, and the same bits (0.0 is not -0.0)."""

    def problem(self, got: Any, expected: Any) -> Problem | None:
        if identical(got, expected):
            return None
        loose = Equal().problem(got, expected)
        if loose is not None:
            return loose
        if (a := described(got)) != (b := described(expected)):
            return Problem("type", f"the value is right, but it is {a}; expected is {b}")
        return Problem("bits", "equal, but not in every bit: is there a -0.0 for a 0.0, or another dtype inside?")

    def to_json(self) -> dict[str, Any]:
        return {"kind": "exactly"}


@dataclass(frozen=True)
class Custom:
    """`compare = f`: the author's `f(got, expected)` gives True, or False, or the message for what is wrong."""

    function: Callable[[Any, Any], Any]

    def problem(self, got: Any, expected: Any) -> Problem | None:
        try:
            verdict = self.function(got, expected)
            wrong = (
                verdict if isinstance(verdict, str) else "" if bool(np.all(verdict)) else "it is not what is expected"
            )
        except Exception:  # noqa: BLE001 - the author's code meets any value that crosses
            return _walk(got, expected, "", lambda g, e: g == e) or Problem("value", "it is not what is expected")
        return Problem("value", wrong) if wrong else None

    def to_json(self) -> dict[str, Any]:
        return {"kind": "custom"}


@dataclass(frozen=True)
class Undecided:
    """What a learner bank has in place of a `Custom` comparison, whose code may tell the key."""

    def problem(self, got: Any, expected: Any) -> Problem | None:
        if type(got) is type(expected) and identical(got, expected):
            return None
        return Problem("undecided", "this is compared when it is graded")

    def to_json(self) -> dict[str, Any]:
        return {"kind": "custom"}


def comparison_from_json(data: Mapping[str, Any]) -> Compare:
    """Return the comparison that `to_json` described."""
    match data.get("kind"):
        case "allclose":
            return Close(float(data["rtol"]), float(data["atol"]))
        case "equal":
            return Equal()
        case "exactly":
            return Exactly()
        case "custom":
            return Undecided()
    raise CourseError("the bank compares in a way this course does not know", help="write it anew: course quiz strip")


def identical(a: Any, b: Any) -> bool:
    """Whether two values are of the same types and bits; nan is itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(identical(a[key], b[key]) for key in a)
    if isinstance(a, float):
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
    if isinstance(a, complex):
        return identical(a.real, b.real) and identical(a.imag, b.imag)
    return bool(a == b)


def _walk(got: Any, expected: Any, where: str, same: Callable[[Any, Any], Any]) -> Problem | None:
    """Compare by structure; `same` decides for arrays of numbers."""
    if expected is None or got is None:
        return _none(got, expected, where)
    if isinstance(expected, dict):
        return _dicts(got, expected, where, same)
    if isinstance(expected, list | tuple):
        return _sequences(got, expected, where, same)
    if isinstance(expected, str | bytes):
        return _texts(got, expected, where)
    if isinstance(got, dict | list | tuple | str | bytes):
        return _type(got, expected, where)
    return numbers_problem(got, expected, where, same)


def _none(got: Any, expected: Any, where: str) -> Problem | None:
    if got is None and expected is None:
        return None
    if where:
        return Problem("none", f"{where} is {described(got)}; expected is {described(expected)}", f"{where} is wrong")
    if got is None:
        return Problem("none", "it returns nothing (None): does every way through it end in a result?")
    return Problem(
        "none", f"it returns {described(got)}, and should return nothing: work in place, leave out the return"
    )


def _type(got: Any, expected: Any, where: str) -> Problem:
    mend = ""
    if isinstance(expected, np.ndarray) and isinstance(got, list):
        mend = ": np.array(…) makes an array of it"
    elif isinstance(expected, list) and isinstance(got, np.ndarray):
        mend = ": .tolist() makes a list of it"
    elif isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        mend = f": {type(expected).__name__}(…) makes one of it"
    subject = where or "it"
    return Problem(
        "type",
        f"{subject} is {described(got)}, and should be {described(expected)}{mend}",
        f"{subject} is {kind_of(got)}, and should be {kind_of(expected)}{mend}",
    )


def _dicts(got: Any, expected: dict[str, Any], where: str, same: Any) -> Problem | None:
    if not isinstance(got, dict):
        return _type(got, expected, where)
    subject = where or "it"
    if missing := [key for key in expected if key not in got]:
        return Problem("keys", f"{subject} lacks the key {missing[0]!r}", f"{subject} lacks a key")
    if extra := [key for key in got if key not in expected]:
        return Problem("keys", f"{subject} has the key {extra[0][:40]!r} too many", f"{subject} has a key too many")
    for key, value in expected.items():
        inner = f"{where}[{key!r}]" if where else f"its entry {key!r}"
        if problem := _walk(got[key], value, inner, same):
            return problem
    return None


def _sequences(got: Any, expected: Any, where: str, same: Any) -> Problem | None:
    if type(got) is not type(expected):
        return _type(got, expected, where)
    subject = where or "it"
    if len(got) != len(expected):
        few = "few" if len(got) < len(expected) else "many"
        number = abs(len(got) - len(expected))
        return Problem(
            "length",
            f"{subject} has {number} too {few}: {len(got)} entries, expected {len(expected)}",
            f"{subject} has too {few} entries",
        )
    for number, (a, b) in enumerate(zip(got, expected, strict=True)):
        inner = f"{where}[{number}]" if where else f"its entry [{number}]"
        if problem := _walk(a, b, inner, same):
            if not isinstance(expected, tuple) and problem.kind in ("value", "text") and _reordered(got, expected):
                return Problem("order", f"{subject} has the right entries in another order")
            return problem
    return None


def _reordered(got: Any, expected: Any) -> bool:
    """Whether short lists of plain values hold the same in another order."""
    plain = (bool, int, float, str)
    if len(got) > 10_000 or not all(isinstance(value, plain) for value in (*got, *expected)):
        return False
    return sorted(map(repr, got)) == sorted(map(repr, expected))


def _texts(got: Any, expected: Any, where: str) -> Problem | None:
    if type(got) is not type(expected):
        return _type(got, expected, where)
    if got == expected:
        return None
    subject = where or "it"
    if len(got) > 10 * len(expected) + 1000:
        return Problem("text", f"{subject} is far too long: {len(got):,} characters", f"{subject} is far too long")
    if isinstance(got, str):
        if got.split() == expected.split():
            return Problem(
                "text",
                f"{subject} is right but for white space: {brief(got)}, expected {brief(expected)}",
                f"{subject} is right but for white space",
            )
        if got.casefold() == expected.casefold():
            return Problem(
                "text",
                f"{subject} is right but for capital letters: {brief(got)}, expected {brief(expected)}",
                f"{subject} is right but for capital letters",
            )
    return Problem("text", f"{subject} is {brief(got)}, expected {brief(expected)}", f"{subject} is another text")
