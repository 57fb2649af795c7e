"""Functions of a compiled cell, as Python sees them."""

from __future__ import annotations

import ctypes
import inspect
import itertools
import keyword
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from course.errors import RustError, RustPanic
from course.rust.aliasing import LENT, NUMBERS, check_aliases, check_lent
from course.rust.border import packer
from course.rust.results import Words, reader
from course.rust.scalars import c_type, number_packer
from course.rust.shim import direct, symbol
from course.rust.signature import Function, Parameter
from course.rust.types import Option, Scalar, Slice, Tuple, Type, Unit, View

__all__ = ["CellLibrary", "RustFunction"]

_ATTEMPTS = 3  # to add line tables: a full disk may be emptied, a compiler that is gone should not be asked for ever
_FRAMES = re.compile(r"(\\n|\n)Exception raised from .*?((?:\"\))?)\Z", re.DOTALL)


def _readable(message: str) -> str:
    """Return a message without the C++ calls that libtorch adds: thirty lines that say nothing to who wrote Rust."""
    return _FRAMES.sub(r"\2", message)


class CellLibrary:
    """A compiled cell, loaded into this process. `texts`: file name of each cell in it → (cell's name, source)."""

    def __init__(self, path: Path, texts: dict[str, tuple[str, str]]) -> None:
        self.path = path
        self.texts = texts
        self.dll = ctypes.CDLL(str(path))
        self.free = self.dll.course_free
        self.free.argtypes = [ctypes.c_size_t] * 3
        self.free.restype = None
        self.failures = ctypes.c_uint64.in_dll(self.dll, "course_failures")
        self._take = self.dll.course_take_failure
        self._take.argtypes = []
        self._take.restype = ctypes.c_size_t
        self._cell_line = self.dll.course_cell_line
        self._cell_line.argtypes = []
        self._cell_line.restype = ctypes.c_size_t
        self._no_lines: str | None = None  # why it has no line tables: unknown until a panic asks
        self._asked = 0

    def raise_failure(self, function: str) -> None:
        """Raise the panic that ended a call on this thread, if one did."""
        address = self._take()
        if not address:
            return  # another thread's call has failed: it raises there
        words = Words(address, self.free)
        message, file, line, column, deeper = words.text(), words.text(), words.word(), words.word(), words.word()
        message = _readable(message)
        if deeper and (found := self._trace()):
            file, line, column = found
        name = file.rpartition("/")[2]
        if name in self.texts and file == name:
            cell, source = self.texts[name]
            lines = source.splitlines()
            shown = lines[line - 1] if 0 < line <= len(lines) else ""
            raise RustPanic(function, message, cell=cell, line=line, source=shown)
        where = f"{tidy_path(file)}:{line}:{column}" if file else ""
        help = f"the cell's own line is not known: {self._no_lines}" if deeper and self._no_lines else ""
        raise RustPanic(function, message, where=where, help=help)

    def _trace(self) -> tuple[str, int, int] | None:
        """Return the cell's line that called what panicked in a crate, or None where it cannot be found."""
        if self._no_lines != "" and self._asked < _ATTEMPTS:
            from course.rust.lines import add_lines

            # Before Rust looks for lines: it looks into the file once, and remembers what it found.
            self._asked += 1
            self._no_lines = add_lines(self.path)
        address = self._cell_line() if self._no_lines == "" else 0
        if not address:
            return None
        words = Words(address, self.free)
        return words.text(), words.word(), words.word()


def tidy_path(path: str) -> str:
    """Shorten the path of a crate's or the standard library's source to what a reader can use."""
    for mark in ("/registry/src/", "/library/"):
        _, found, after = path.partition(mark)
        if found:
            return after.partition("/")[2] if "registry" in mark else f"library/{after}"
    return path


class RustFunction:
    """A Rust function, callable with NumPy arrays and Python values.

    Each call checks every argument, lends arrays without a copy, and releases the GIL while Rust runs.
    `prepare(…)` checks once and returns a function without arguments, for tight loops. `source` is its Rust.
    """

    def __init__(
        self, function: Function, library: CellLibrary, *, interruptible: bool = False, timed: bool = False
    ) -> None:
        self.rust = function
        self.source = function.source
        self.signature = function.signature
        self.__name__ = self.__qualname__ = function.name.removeprefix("r#")
        self.__doc__ = f"{function.signature}\n\n{function.doc}".rstrip()
        self.__module__ = "__main__"
        self.__signature__ = python_signature(function)
        self.library = library
        self.names = parameter_names(function)
        self.bare, self.packers = _c_function(function, library)
        self.finish = _finisher(function, library)
        call = _interruptible(self) if interruptible else _compose(self)
        # Each function gets a class of its own, whose `__call__` is what was composed for it: nothing is passed on.
        self.__class__ = type("RustFunction", (RustFunction,), {"__call__": staticmethod(_timed(self, call, timed))})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError  # replaced for each function

    def __repr__(self) -> str:
        return f"<rust {self.signature}>"

    def prepare(self, *args: Any, **kwargs: Any) -> Callable[[], Any]:
        """Check the arguments once; return a function that calls Rust with them again and again, unchecked.

        The arrays are kept alive, and what they hold is read afresh by each call. Numbers and text are fixed.
        """
        bound = self.__signature__.bind(*args, **kwargs).args
        flat = flatten(self, bound)
        types = [t for _, types in self.packers for t in types]
        ready = tuple(_ready(t, value) for t, value in zip(types, flat, strict=True))
        return _prepared(self, ready, bound)


def python_signature(function: Function) -> inspect.Signature:
    """Return a function's signature as Python's tools show it: Rust's types as annotations."""
    return inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str(p.type))
            for name, p in zip(parameter_names(function), function.parameters, strict=True)
        ],
        return_annotation=str(function.result),
    )


def parameter_names(function: Function) -> list[str]:
    """Return the names of the parameters as Python can write them: all different, none a keyword."""
    names: list[str] = []
    for parameter in function.parameters:
        name = parameter.name.removeprefix("r#")
        while keyword.iskeyword(name) or name in names:
            name += "_"
        names.append(name)
    return names


def flatten(function: RustFunction, values: tuple[Any, ...]) -> list[Any]:
    """Check arguments and return the flat C arguments they become."""
    flat = [part for value, (pack, _) in zip(values, function.packers, strict=True) for part in pack(value)]
    check_aliases(function.rust, function.names, values)
    return flat


def place_of(function: Function, parameter: Parameter) -> str:
    """Return how error messages name a parameter."""
    return f"{function.name}({parameter.name}: {parameter.type})"


def _c_function(function: Function, library: CellLibrary) -> tuple[Any, list[tuple[Callable[[Any], Any], list[Any]]]]:
    packers = [packer(p.type, place_of(function, p)) for p in function.parameters]
    bare = library.dll[symbol(function)]
    bare.argtypes = [t for _, types in packers for t in types]
    if isinstance(function.result, Unit):
        bare.restype = None
    elif isinstance(function.result, Scalar):
        bare.restype = c_type(function.result.name)
    else:
        bare.restype = ctypes.c_size_t
    return bare, packers


def _finisher(function: Function, library: CellLibrary) -> Callable[[Any], Any] | None:
    """Return what turns the C function's value into Python's, or None where it is that already."""
    if function.result == Scalar("bool"):
        return bool
    if direct(function.result):
        return None
    read = reader(function.result)

    free, name = library.free, function.name

    def finish(address: int) -> Any:
        words = Words(address, free)
        value = read(words)
        if words.errors:
            raise RustError(name, _readable(words.errors[0]))
        return value

    return finish


def _has_array(type_: Type) -> bool:
    match type_:
        case Slice() | View():
            return True
        case Option(item):
            return _has_array(item)
        case Tuple(items):
            return any(map(_has_array, items))
    return False


def _writes(type_: Type) -> bool:
    match type_:
        case Slice(_, mutable) | View(_, _, mutable):
            return mutable
        case Option(item):
            return _writes(item)
        case Tuple(items):
            return any(map(_writes, items))
    return False


def _compose(function: RustFunction) -> Callable[..., Any]:
    """Write and compile the Python function that checks, calls and finishes: no loop, no branch to spare."""
    rust, names = function.rust, function.names
    # Names of the learner's parameters cannot meet ours: those start with two underscores and end in none.
    space: dict[str, Any] = {
        "__bare": function.bare,
        "__failures": function.library.failures,
        "__raise_failure": function.library.raise_failure,
        "__finish": function.finish,
        "__may_share": np.may_share_memory,
        "__check_aliases": check_aliases,
        "__check_lent": check_lent,
        "__rust": rust,
        "__names": names,
        "__lent": LENT,
        "__number": NUMBERS.__next__,
    }
    flat = []
    for number, (name, parameter) in enumerate(zip(names, rust.parameters, strict=True)):
        if isinstance(parameter.type, Scalar):
            space[f"__pack{number}"] = number_packer(parameter.type.name, place_of(rust, parameter))
            flat.append(f"__pack{number}({name})")
        else:
            space[f"__pack{number}"] = function.packers[number][0]
            flat.append(f"*__pack{number}({name})")
    arrays = [(n, p.type) for n, p in zip(names, rust.parameters, strict=True) if _has_array(p.type)]
    values = f"({''.join(f'{n}, ' for n in names)})"
    name = rust.name if rust.name.isidentifier() and not keyword.iskeyword(rust.name) else "rust_function"
    lines = [f"def {name}({', '.join(names)}):", "    __tracebackhide__ = True"]
    lines.append(f"    __flat = ({''.join(f'{f}, ' for f in flat)})")
    if not all(isinstance(t, (Slice, View)) for _, t in arrays):
        lines.append(f"    __check_aliases(__rust, __names, {values})")
    else:
        pairs = [
            f"__may_share({a}, {b})" for (a, t), (b, u) in itertools.combinations(arrays, 2) if _writes(t) or _writes(u)
        ]
        if pairs:
            lines.append(f"    if {' or '.join(pairs)}: __check_aliases(__rust, __names, {values})")
    if arrays:
        lines += [
            "    __mark = __number()",
            f"    __lent[__mark] = (__rust, __names, {values})",
            "    try:",
            "        if len(__lent) > 1: __check_lent(__mark)",
            "        __result = __bare(*__flat)",
            "    finally:",
            "        del __lent[__mark]",
        ]
    else:
        lines.append("    __result = __bare(*__flat)")
    lines += [
        f"    if __failures.value: __raise_failure({rust.name!r})",
        f"    return {'__result' if function.finish is None else '__finish(__result)'}",
    ]
    exec(compile("\n".join(lines), f"<call of {rust.name}>", "exec"), space)  # noqa: S102 - made of names only
    composed: Callable[..., Any] = space[name]
    return composed


def _interruptible(function: RustFunction) -> Callable[..., Any]:
    """Return a call that runs in a thread of its own, so that an interrupt gives control back at once.

    Rust cannot be stopped: an interrupted call runs on to its end, what it returns is dropped, and until then
    its arrays count as lent: another call that would write to them, or read what it writes, is refused.
    """
    rust, library = function.rust, function.library

    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        values = function.__signature__.bind(*args, **kwargs).args
        flat = flatten(function, values)
        mark = next(NUMBERS)
        LENT[mark] = (rust, function.names, values)
        outcome: list[Any] = []
        done = threading.Event()

        def work() -> None:
            try:
                result = function.bare(*flat)
                if library.failures.value:
                    library.raise_failure(rust.name)
                outcome.append((result if function.finish is None else function.finish(result), None))
            except Exception as error:  # noqa: BLE001 - handed to the thread that waits
                outcome.append((None, error))
            finally:
                del LENT[mark]
                done.set()

        try:
            check_lent(mark)
        except BaseException:
            del LENT[mark]
            raise
        threading.Thread(target=work, name=f"rust {rust.name}", daemon=True).start()
        try:
            # The signal may reach another thread; a wait that ends now and then lets this one see it all the same.
            while not done.wait(0.2):
                pass
        except KeyboardInterrupt:
            print(
                f"`{rust.name}` runs on in the background until it is done; its arrays stay lent until then",
                file=sys.stderr,
            )
            raise
        result, error = outcome[0]
        if error is not None:
            raise error
        return result

    return call


def _timed(function: RustFunction, call: Callable[..., Any], wanted: bool) -> Callable[..., Any]:
    """Return the call, or one that prints what it took."""
    if not wanted:
        return call
    name = function.__name__

    def timed(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        started = time.perf_counter()
        result = call(*args, **kwargs)
        print(f"{name}: {duration(time.perf_counter() - started)}, checks included")
        return result

    return timed


def duration(seconds: float) -> str:
    """Write a time with three digits and a unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def _ready(type_: Any, value: Any) -> Any:
    """Make the C value once, so that a prepared call converts nothing."""
    if hasattr(value, "_as_parameter_"):
        made = ctypes.c_size_t(value._as_parameter_)
        made.kept = value  # type: ignore[attr-defined]
        return made
    return type_(value)


def _prepared(function: RustFunction, ready: tuple[Any, ...], kept: tuple[Any, ...]) -> Callable[[], Any]:
    bare, failures, finish = function.bare, function.library.failures, function.finish
    raise_failure, name = function.library.raise_failure, function.__name__
    if finish is None:

        def prepared() -> Any:
            result = bare(*ready)
            if failures.value:
                raise_failure(name)
            return result
    else:

        def prepared() -> Any:
            result = bare(*ready)
            if failures.value:
                raise_failure(name)
            return finish(result)

    prepared.arguments = kept  # type: ignore[attr-defined]
    prepared.__name__ = prepared.__qualname__ = f"{name}_prepared"
    prepared.__doc__ = f"Call {function.signature} with the arguments it was prepared with."
    return prepared
