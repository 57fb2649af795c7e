"""Call a learner's function once and say what came of it, as a `Ran`: in a kernel and in a worker alike.

What the function leaves behind goes through the wire and back before anybody looks at it, so that a notebook sees
what a grader would see, and no method of a learner's object is ever called.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from course.errors import CannotCross, RustCrash, RustPanic
from course.tasks.model import Ran
from course.tasks.wire import decode, encode

__all__ = ["crossed", "failed", "fresh", "is_stub", "run_case"]

LONGEST = 500  # characters of an error's message


def fresh(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arguments that share no memory with these; arrays keep their order in memory."""
    return tuple(value.copy("K") if isinstance(value, np.ndarray) else copy.deepcopy(value) for value in arguments)


def crossed(value: Any) -> Any:
    """Return a value as it arrives on the other side of the wire. Raises `CannotCross`."""
    return decode(encode(value))


def run_case(
    function: Callable[..., Any], arguments: tuple[Any, ...], *, passing: tuple[type[BaseException], ...] = ()
) -> Ran:
    """Call a function with a copy of the arguments. `KeyboardInterrupt` and `passing` go through; nothing else does."""
    given = fresh(arguments)
    started = time.perf_counter()
    try:
        with np.errstate(all="ignore"):
            value = function(*given)
    except KeyboardInterrupt:
        raise
    except passing:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit too is only a way for a learner's code to fail
        return failed(error, time.perf_counter() - started)
    seconds = time.perf_counter() - started
    try:
        frame = encode((value, given))
    except CannotCross as error:
        return Ran("unreadable", error=error.message, seconds=seconds)
    value, after = decode(frame)
    return Ran("returned", value, after, seconds=seconds)


def failed(error: BaseException, seconds: float = 0.0) -> Ran:
    """Return what an exception of a learner's function means."""
    if is_stub(error):
        return Ran("stub", error="not begun", seconds=seconds)
    if isinstance(error, RustPanic):
        where = f" ({error.place})" if error.place else ""
        return Ran("panicked", error=_cut(error.rust_message + where), seconds=seconds)
    if isinstance(error, RustCrash):
        return Ran("crashed", error=_cut(error.how), seconds=seconds)
    if isinstance(error, MemoryError):
        return Ran("memory", error="out of memory", seconds=seconds)
    if isinstance(error, SystemExit):
        return Ran("crashed", error="it ends the program (exit)", seconds=seconds)
    return Ran("raised", error=_cut(f"{type(error).__name__}: {_message(error)}"), seconds=seconds)


def is_stub(error: BaseException) -> bool:
    """Whether an error is that of a stub the learner has yet to fill."""
    if isinstance(error, RustPanic):
        return error.rust_message.startswith("not yet implemented")
    return isinstance(error, NotImplementedError)


def _message(error: BaseException) -> str:
    text = getattr(error, "message", None)  # an error of the course keeps its help apart
    if isinstance(text, str):
        return text
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a learner's own exception class may fail at this too
        return ""


def _cut(text: str) -> str:
    # Half a character cannot be shown, nor stored; an error message may hold anything.
    text = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
