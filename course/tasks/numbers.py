"""Numbers and arrays of them: where they differ from what is expected, and the usual ways to be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course.tasks.problem import Problem, brief, described, pair, shape_text

__all__ = ["numbers_problem"]

Same = Callable[[Any, Any], Any]
Array = Any  # an ndarray of numbers

NEAR = 1e-3  # relative: so near, it is a matter of rounding or of a divisor, not of another formula
_WORDS = {"b": "booleans", "c": "complex numbers", "f": "floats", "i": "integers", "u": "integers"}


def numbers_problem(got: Any, expected: Any, where: str, same: Same) -> Problem | None:
    """Compare two numbers or arrays of numbers; `same` says of arrays of one shape where they agree."""
    if isinstance(expected, int) and isinstance(got, int) and isinstance(expected, bool) == isinstance(got, bool):
        return None if got == expected else _integers(got, expected, where)
    subject = where or "it"
    one = not isinstance(expected, np.ndarray)
    if one and isinstance(got, np.ndarray) and got.ndim:
        text = f"{subject} is {described(got)}, and should be one number"
        return Problem("shape", text + (": take it out with x.item()" if got.size == 1 else ""), "it is an array")
    if not one and expected.ndim and not isinstance(got, np.ndarray):
        text = f"{subject} is {described(got)}, and should be an array of shape {shape_text(expected.shape)}"
        return Problem("shape", text, f"{subject} is one number, and should be an array")
    g, e = _array(got), _array(expected)
    if (g.dtype.kind == "b") != (e.dtype.kind == "b"):
        a, b = _WORDS[g.dtype.kind], _WORDS[e.dtype.kind]
        return Problem("dtype", f"{subject} holds {a}, and should hold {b}")
    if g.dtype.kind == "c" and e.dtype.kind != "c":
        return Problem("dtype", f"{subject} holds complex numbers, and should hold real ones")
    if g.shape != e.shape:
        return _shape(g, e, subject, same)
    right = np.asarray(_agree(g, e, same))
    return None if right.all() else _values(g, e, right, subject, same)


def _array(value: Any) -> Array:
    """Return numbers as an array; a whole number beyond 64 bits becomes the nearest float."""
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        try:
            return np.asarray(float(value))
        except OverflowError:
            return np.asarray(np.inf if value > 0 else -np.inf)
    return np.asarray(value)


def _agree(g: Array, e: Array, same: Same) -> Any:
    """Ask `same` of numbers of a width in which a difference does not wrap around."""
    if g.dtype.kind == "b":
        return g == e
    if g.dtype.kind in "iu" and e.dtype.kind in "iu":
        return g == e
    wide = np.complex128 if "c" in (g.dtype.kind, e.dtype.kind) else np.float64
    return same(g.astype(wide), e.astype(wide))


def _shape(g: Array, e: Array, subject: str, same: Same) -> Problem:
    a, b = shape_text(g.shape), shape_text(e.shape)
    text, blunt = f"{subject} has the shape {a}, expected {b}", f"{subject} has another shape than it should"
    if g.ndim == e.ndim == 2 and g.T.shape == e.shape and np.all(_agree(g.T, e, same)):
        return Problem("transposed", f"{subject} is transposed: shape {a}, expected {b}", f"{subject} is transposed")
    if g.size == e.size and [n for n in g.shape if n != 1] == [n for n in e.shape if n != 1]:
        more = "an extra axis" if g.ndim > e.ndim else "an axis too few"
        mend = "x.ravel() or x[:, 0] drops it" if g.ndim > e.ndim else "keepdims=True keeps it"
        return Problem(
            "axis", f"{subject} has {more} of length 1: shape {a}, expected {b} ({mend})", f"{subject} has {more}"
        )
    if g.ndim == e.ndim:
        wrong = [axis for axis in range(g.ndim) if g.shape[axis] != e.shape[axis]]
        if len(wrong) == 1 and abs(number := g.shape[wrong[0]] - e.shape[wrong[0]]) == 1:
            what = "one too many" if number > 0 else "one too few"
            return Problem("shape", f"{text}: {what} along axis {wrong[0]}", f"{blunt}: {what} along an axis")
    if g.ndim < e.ndim and g.shape in (e.shape[1:], e.shape[:-1]):
        text += ": was it summed over an axis too many?"
    return Problem("shape", text, blunt)


def _integers(got: int, expected: int, where: str) -> Problem:
    subject = where or "it"
    for bits in (64, 32, 16, 8):
        if abs(expected) >= 2 ** (bits - 1) and (expected - got) % 2**bits == 0:
            text = f"{subject} is {brief(got)}, expected {brief(expected)}: the number did not fit in {bits} bits"
            return Problem("wraps", text + " and wrapped around", f"{subject} wrapped around: too large for its type")
    if abs(got - expected) == 1:
        return Problem(
            "value", f"{subject} is off by one: {brief(got)}, expected {brief(expected)}", "it is off by one"
        )
    if got == -expected:
        return Problem("sign", f"{subject} has the wrong sign: {brief(got)}", f"{subject} has the wrong sign")
    return Problem("value", f"{subject} is {brief(got)}, expected {brief(expected)}", f"{subject} is another number")


def _values(g: Array, e: Array, right: Array, subject: str, same: Same) -> Problem:
    if e.dtype.kind == "b":
        return _places(g, e, right, subject)
    with np.errstate(all="ignore"):
        if problem := _not_finite(g, e):
            return problem
        for kind, found in _suspects(g, e):
            if found is not None and np.all(_agree(found, e, same)):
                text = f"{subject} is {kind}" if g.ndim else f"{subject} is {kind}: {brief(g[()])}"
                return Problem(kind, text, f"{subject} is {kind}")
        return _wrapped(g, e, subject) or _factor(g, e, subject, same) or _places(g, e, right, subject)


def _not_finite(g: Array, e: Array) -> Problem | None:
    if g.dtype.kind not in "fc":
        return None
    for name, test, why in (
        ("nan", np.isnan, "0/0, inf − inf, or the root or logarithm of a negative number"),
        ("inf", np.isinf, "a division by zero, or a number too large for a float, as exp(1000) is"),
    ):
        strange = test(g) & ~test(e)
        if strange.any():
            count = "" if not g.ndim else f" in {int(strange.sum())} of {g.size} places{_first(strange)}"
            return Problem(name, f"there is {name}{count}: {why}?", f"there is {name}: {why}?")
    return None


def _suspects(g: Array, e: Array) -> Iterator[tuple[str, Array | None]]:
    """Yield what was perhaps done, in words, and what would then be right."""
    if not np.any(e):
        return
    yield "right but for the sign", -g.astype(complex if g.dtype.kind == "c" else float)
    if g.ndim == 2 and g.shape[0] == g.shape[1]:
        yield "transposed", g.T
    for axis in range(g.ndim):
        yield ("in reverse order" if g.ndim == 1 else f"in reverse order along axis {axis}"), np.flip(g, axis)
    if g.ndim == 1 and g.dtype.kind != "c" and g.size > 2 and np.array_equal(np.sort(g), np.sort(e)):
        yield "right, but in another order", e
    if g.dtype.kind != "c" and e.dtype.kind == "f":
        if np.array_equal(g, np.floor(e)) or np.array_equal(g, np.trunc(e)):
            yield "cut off to whole numbers: is there a // or an integer array on the way", e
        real = g.astype(float)
        if np.all(real >= 0) and np.all(e >= 0) and not np.array_equal(real, np.ones_like(real)):
            yield "the square of what it should be", np.sqrt(real)
            yield "the square root of what it should be", real * real


def _wrapped(g: Array, e: Array, subject: str) -> Problem | None:
    if g.dtype.kind not in "iu" or e.dtype.kind not in "iu" or g.dtype.itemsize >= 8 or e.size > 1_000_000:
        return None
    if np.array_equal(e.astype(g.dtype), g):
        text = f"numbers do not fit in {g.dtype} and wrapped around: compute in a wider type"
        return Problem("wraps", f"{subject}: {text}", f"{subject}: {text}")
    return None


def _factor(g: Array, e: Array, subject: str, same: Same) -> Problem | None:
    """Everything is too large by one factor, or off by one number."""
    if g.dtype.kind == "c" or e.dtype.kind == "c" or g.size < 2 or not np.isfinite(e).all():
        return None
    real, wanted = g.astype(float), e.astype(float)
    biggest = np.unravel_index(np.argmax(np.abs(wanted)), wanted.shape)
    factor = real[biggest] / wanted[biggest]
    if np.isfinite(factor) and factor and abs(factor - 1) > NEAR and np.all(_agree(real / factor, wanted, same)):
        return Problem(
            "factor",
            f"{subject} is right but for one factor: {factor:.6g} times too large",
            "it is right but for a factor",
        )
    offset = real.flat[0] - wanted.flat[0]
    if abs(offset) > NEAR * abs(wanted[biggest]) and np.ptp(wanted) > 0 and np.all(_agree(real - offset, wanted, same)):
        text = f"{subject} is off by the same number everywhere: {offset:.6g} too much"
        return Problem("offset", text, "it is off by the same number everywhere")
    return None


def _places(g: Array, e: Array, right: Array, subject: str) -> Problem:
    why = _nearly(g, e)
    blunt = f"{subject} is {why}" if why else f"{subject} has wrong numbers"
    if not g.ndim:
        value, wanted = pair(g[()], e[()])
        return Problem("value", f"{subject} is {value}, expected {wanted}" + (f": {why}" if why else ""), blunt)
    wrong = ~right
    place = tuple(int(n) for n in np.argwhere(wrong)[0])
    value, wanted = pair(g[place], e[place])
    at = f"[{', '.join(map(str, place))}]"
    text = f"{subject} differs in {int(wrong.sum())} of {g.size} places; the first, {at}, is {value}, expected {wanted}"
    return Problem("value", text + (f": {why}" if why else ""), blunt)


def _nearly(g: Array, e: Array) -> str:
    """Say why numbers may be near what is expected, where they are."""
    if e.dtype.kind not in "fc" or g.dtype.kind not in "fc" or not np.any(e):
        return ""
    if not np.allclose(g, e, rtol=NEAR, atol=0, equal_nan=True):
        return ""
    if g.dtype.itemsize < e.dtype.itemsize:
        return f"near, but computed in {g.dtype}, which holds fewer digits than {e.dtype}"
    return "near, but not equal: was something rounded on the way, or is a divisor n where it should be n − 1?"


def _first(where: Array) -> str:
    place = np.argwhere(where)[0]
    return f", the first at [{', '.join(str(int(n)) for n in place)}]"
