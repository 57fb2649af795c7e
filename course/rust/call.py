"""Functions of a compiled cell, as Python sees them."""

from __future__ import annotations

import ctypes
import inspect
import itertools
import keyword
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from course.errors import AliasError, RustError, RustPanic
from course.rust.border import Library, arrays_in, c_type, number_packer, packer, read_text, reader
from course.rust.shim import direct, symbol
from course.rust.signature import Function, Option, Scalar, Slice, Tuple, Type, Unit, View

__all__ = ["CellLibrary", "RustFunction"]

_EXACT_WORK = 1_000_000  # candidate solutions tried before two arrays that might overlap count as overlapping


class CellLibrary(Library):
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

    def words(self, address: int) -> Iterator[int]:
        """Copy the words at an address out of Rust's memory, and give that back."""
        count = ctypes.c_uint64.from_address(address).value
        words = (ctypes.c_uint64 * count).from_address(address)[:]
        self.free(address, 8 * count, 8)
        return itertools.islice(words, 1, None)

    def raise_failure(self, function: str) -> None:
        """Raise the panic that ended a call on this thread, if one did."""
        address = self._take()
        if not address:
            return  # another thread's call has failed: it raises there
        words = self.words(address)
        message, file, line, column = read_text(words, self), read_text(words, self), next(words), next(words)
        name = file.rpartition("/")[2]
        if name in self.texts and file == name:
            cell, source = self.texts[name]
            lines = source.splitlines()
            shown = lines[line - 1] if 0 < line <= len(lines) else ""
            raise RustPanic(function, message, cell=cell, line=line, source=shown)
        where = f"{tidy_path(file)}:{line}:{column}" if file else ""
        raise RustPanic(function, message, where=where)


def tidy_path(path: str) -> str:
    """Shorten the path of a crate's or the standard library's source to what a reader can use."""
    for mark in ("/registry/src/", "/library/"):
        before, found, after = path.partition(mark)
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
        self.__name__ = self.__qualname__ = function.name
        self.__doc__ = f"{function.signature}\n\n{function.doc}".rstrip()
        self.__module__ = "__main__"
        self.library = library
        names = parameter_names(function)
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str(p.type))
                for name, p in zip(names, function.parameters, strict=True)
            ],
            return_annotation=str(function.result),
        )
        self._names = names
        self._bare, self._pack = _c_function(function, library)
        self._finish = _finisher(function, library)
        self._call = _compose(self, names)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<rust {self.signature}>"

    def prepare(self, *args: Any, **kwargs: Any) -> Callable[[], Any]:
        """Check the arguments once; return a function that calls Rust with them again and again, unchecked.

        The arrays are kept alive, and what they hold is read afresh by each call. Numbers and text are fixed.
        """
        bound = self.__signature__.bind(*args, **kwargs).args
        flat, types = [], []
        for value, (pack, ctypes_) in zip(bound, self._pack, strict=True):
            flat += pack(value)
            types += ctypes_
        check_aliases(self.rust, self._names, bound)
        ready = tuple(_ready(t, value) for t, value in zip(types, flat, strict=True))
        return _prepared(self, ready, bound)


def parameter_names(function: Function) -> list[str]:
    """Return the names of the parameters as Python can write them: all different, none a keyword."""
    names: list[str] = []
    for parameter in function.parameters:
        name = parameter.name.removeprefix("r#")
        while keyword.iskeyword(name) or name in names:
            name += "_"
        names.append(name)
    return names


def _c_function(function: Function, library: CellLibrary) -> tuple[Any, list[tuple[Callable[[Any], Any], list[Any]]]]:
    packers = [packer(p.type, f"{function.name}({p.name}: {p.type})") for p in function.parameters]
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

    def finish(address: int) -> Any:
        errors: list[str] = []
        value = read(library.words(address), library, errors)
        if errors:
            raise RustError(function.name, errors[0])
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


def _compose(function: RustFunction, names: list[str]) -> Callable[..., Any]:
    """Write and compile the Python function that checks, calls and finishes: no loop, no dictionary, no branch to spare."""
    rust = function.rust
    space: dict[str, Any] = {
        "_bare": function._bare,
        "_failures": function.library.failures,
        "_raise_failure": function.library.raise_failure,
        "_finish": function._finish,
        "_may_share": np.may_share_memory,
        "_check_aliases": check_aliases,
        "_rust": rust,
        "_names": names,
        "_lent": LENT,
        "_check_lent": check_lent,
    }
    flat = []
    for number, (name, parameter) in enumerate(zip(names, rust.parameters, strict=True)):
        place = f"{rust.name}({parameter.name}: {parameter.type})"
        if isinstance(parameter.type, Scalar):
            space[f"_pack{number}"] = number_packer(parameter.type, place)
            flat.append(f"_pack{number}({name})")
        else:
            space[f"_pack{number}"] = function._pack[number][0]
            flat.append(f"*_pack{number}({name})")
    arrays = [(n, p.type) for n, p in zip(names, rust.parameters, strict=True) if _has_array(p.type)]
    simple = all(isinstance(t, (Slice, View)) for _, t in arrays)
    values = f"({''.join(f'{n}, ' for n in names)})"
    lines = [f"def {rust.name}({', '.join(names)}):", "    __tracebackhide__ = True"]
    lines.append(f"    flat = ({''.join(f'{f}, ' for f in flat)})")
    if any(_writes(t) for _, t in arrays):
        pairs = [
            f"_may_share({a}, {b})" for (a, t), (b, u) in itertools.combinations(arrays, 2) if _writes(t) or _writes(u)
        ]
        if simple and pairs:
            lines.append(f"    if {' or '.join(pairs)}: _check_aliases(_rust, _names, {values})")
        elif not simple:
            lines.append(f"    _check_aliases(_rust, _names, {values})")
    if arrays:
        lines.append(f"    if _lent: _check_lent(_rust, _names, {values})")
    lines += [
        "    result = _bare(*flat)",
        f"    if _failures.value: _raise_failure({rust.name!r})",
        f"    return {'result' if function._finish is None else '_finish(result)'}",
    ]
    name = rust.name if rust.name.isidentifier() and not keyword.iskeyword(rust.name) else "rust_function"
    lines[0] = f"def {name}({', '.join(names)}):"
    exec(compile("\n".join(lines), f"<call of {rust.name}>", "exec"), space)  # noqa: S102 - built from names only
    composed: Callable[..., Any] = space[name]
    return composed


def _ready(type_: Any, value: Any) -> Any:
    """Make the C value once, so that a prepared call converts nothing."""
    if hasattr(value, "_as_parameter_"):
        made = ctypes.c_size_t(value._as_parameter_)
        made.kept = value  # type: ignore[attr-defined]
        return made
    return type_(value)


def _prepared(function: RustFunction, ready: tuple[Any, ...], kept: tuple[Any, ...]) -> Callable[[], Any]:
    bare, failures, finish = function._bare, function.library.failures, function._finish
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


# Aliasing

LENT: list[tuple[str, list[tuple[str, Any, bool]]]] = []
"""Calls that still run although Python has stopped waiting for them, with the arrays they have borrowed."""


def check_aliases(function: Function, names: list[str], values: tuple[Any, ...]) -> None:
    """Raise `AliasError` when one argument's memory is written to and is also another's."""
    arrays = [a for n, p, v in zip(names, function.parameters, values, strict=True) for a in arrays_in(p.type, v, n)]
    for (first, x, writes_x), (second, y, writes_y) in itertools.combinations(arrays, 2):
        if (writes_x or writes_y) and share(x, y):
            raise AliasError(function.name, first, second)


def check_lent(function: Function, names: list[str], values: tuple[Any, ...]) -> None:
    """Raise `AliasError` when an argument is still borrowed by a call that was interrupted but runs on."""
    arrays = [a for n, p, v in zip(names, function.parameters, values, strict=True) for a in arrays_in(p.type, v, n)]
    for running, borrowed in list(LENT):
        for name, x, writes in arrays:
            for _, y, wrote in borrowed:
                if (writes or wrote) and share(x, y):
                    raise AliasError(function.name, name, running, running=True)


def share(x: Any, y: Any) -> bool:
    """Tell whether two arrays share memory; where that would take too long to find out, say yes."""
    if not np.may_share_memory(x, y):
        return False
    try:
        return bool(np.shares_memory(x, y, max_work=_EXACT_WORK))
    except np.exceptions.TooHardError:
        return True
