"""The Python side of the border, on the way in: check an argument and pack it into flat values.

Each parameter type has a *packer*: a function from a Python value to the flat C arguments that `shim.py`
declares for that type, in the same order. It raises `WrongArgument` rather than convert or copy anything
silently. Single values are packed in `scalars.py`; the way out is in `results.py`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course.errors import WrongArgument
from course.rust.scalars import DTYPES, Packer, c_type, describe, number_packer, text_packer, unit_packer
from course.rust.types import Option, Scalar, Slice, Str, Text, Tuple, Type, Unit, View

__all__ = ["arrays_in", "packer"]

_SIZE = ctypes.c_size_t
from_buffer: Callable[[Any], Any] = ctypes.c_char.from_buffer
addressof = ctypes.addressof


# Parameters


def packer(type_: Type, place: str) -> tuple[Packer, list[Any]]:
    """Return the packer of a parameter type and the C types it packs into. `place` starts its error messages."""
    match type_:
        case Scalar(name):
            number = number_packer(name, place)
            return (lambda value: (number(value),)), [c_type(name)]
        case Slice(element, mutable):
            return _array_packer(element, 1, mutable, place, contiguous=True), [_SIZE, _SIZE]
        case View(element, rank, mutable):
            words = 5 if rank is None else 2 * rank + 2
            return _array_packer(element, rank, mutable, place, contiguous=False), [_SIZE] * words
        case Str() | Text():
            return text_packer(place), [ctypes.c_char_p, _SIZE]
        case Unit():
            return unit_packer(place), []
        case Option(item):
            return _option_packer(item, place)
        case Tuple(items):
            return _tuple_packer(items, place)
    raise AssertionError(type_)


def _zeros(types: list[Any]) -> tuple[Any, ...]:
    """Return arguments that stand for nothing, where an `Option` is None."""
    return tuple(None if t is ctypes.c_char_p else 0 for t in types)


def _option_packer(item: Type, place: str) -> tuple[Packer, list[Any]]:
    inner, types = packer(item, place)
    nothing = (0, *_zeros(types))
    return (lambda value: nothing if value is None else (1, *inner(value))), [ctypes.c_uint8, *types]


def _tuple_packer(items: tuple[Type, ...], place: str) -> tuple[Packer, list[Any]]:
    inner = [packer(item, f"{place}.{number}") for number, item in enumerate(items)]
    packers = [pack for pack, _ in inner]
    count = len(items)

    def pack(value: Any) -> tuple[Any, ...]:
        if type(value) is not tuple or len(value) != count:
            raise WrongArgument(f"a tuple of {count} is needed, got {describe(value)}", place=place)
        return tuple(flat for one, item in zip(packers, value, strict=True) for flat in one(item))

    return pack, [t for _, types in inner for t in types]


# Arrays


def _array_packer(element: Scalar, rank: int | None, mutable: bool, place: str, *, contiguous: bool) -> Packer:
    """Return the packer of a slice (`contiguous`) or view: the common case first, every other through `_examine`."""
    dtype = DTYPES[element.name]
    odd = dtype.alignment - 1
    ndarray = np.ndarray
    # The quickest way to an address: it takes only what is contiguous, writeable and not empty, and says so.
    # Bytes other than 0 and 1 can reach a bool array through a view; Rust must not see them, so each is looked at.
    quick = rank if element.name != "bool" else 0

    def pack(array: Any) -> tuple[Any, ...]:
        return _examine(array, element, rank, mutable, place, contiguous=contiguous)

    def pack_slice(array: Any) -> tuple[Any, ...]:
        if type(array) is ndarray and array.dtype is dtype and array.ndim == 1:
            try:
                address = addressof(from_buffer(array))
            except (TypeError, ValueError, BufferError):
                return pack(array)
            if not address & odd:
                return address, len(array)
        return pack(array)

    def pack_view1(array: Any) -> tuple[Any, ...]:
        if type(array) is ndarray and array.dtype is dtype and array.ndim == 1:
            try:
                address = addressof(from_buffer(array))
            except (TypeError, ValueError, BufferError):
                return pack(array)
            if not address & odd:
                return address, len(array), 1, 0
        return pack(array)

    def pack_view2(array: Any) -> tuple[Any, ...]:
        if type(array) is ndarray and array.dtype is dtype and array.ndim == 2:
            try:
                address = addressof(from_buffer(array))
            except (TypeError, ValueError, BufferError):
                return pack(array)
            if not address & odd:
                rows, columns = array.shape
                return address, rows, columns, columns, 1, 0
        return pack(array)

    if quick == 1:
        return pack_slice if contiguous else pack_view1
    return pack_view2 if quick == 2 else pack


def _examine(
    array: Any, element: Scalar, rank: int | None, mutable: bool, place: str, *, contiguous: bool
) -> tuple[Any, ...]:
    """Check an array in full and pack it, or say what is wrong with it and how to mend it."""
    dtype = DTYPES[element.name]
    _check_kind(array, dtype, place)
    if rank is not None and array.ndim != rank:
        _refuse_rank(array, rank, place)
    if mutable and not array.flags.writeable:
        raise WrongArgument(
            "the array is read-only, and the function writes to it", place=place, help="pass a copy: x.copy()"
        )
    if array.size == 0:
        return _pack(array, dtype.alignment, [0] * array.ndim, 0, rank, contiguous)
    interface = array.__array_interface__
    address: int = interface["data"][0]
    if not array.flags.aligned or address % dtype.alignment:
        raise WrongArgument(
            f"the array's memory is not aligned to {dtype.alignment} bytes, as {element} needs",
            place=place,
            help="pass a copy: x.copy()",
        )
    if contiguous and not array.flags.c_contiguous:
        raise WrongArgument(
            f"a slice needs elements one after the other; this array has a stride of {array.strides[0]} bytes "
            f"for elements of {dtype.itemsize}",
            place=place,
            help=f"take ArrayView1<{element}> in Rust, which honours strides, or pass np.ascontiguousarray(x), a copy",
        )
    if any(stride % dtype.itemsize for stride in array.strides):
        raise WrongArgument(
            f"the array's strides {array.strides} are not whole elements of {dtype.itemsize} bytes",
            place=place,
            help="it is a field of a structured array: pass a copy, x.copy()",
        )
    if mutable and _overlaps_itself(array):
        raise WrongArgument(
            "several elements of the array share one place in memory, and the function writes to it",
            place=place,
            help="pass a copy: x.copy()",
        )
    if element.name == "bool" and _stray_bool(array):
        raise WrongArgument("a byte of the bool array is neither 0 nor 1", place=place, help="pass x.view('u1') != 0")
    lowest, strides, flips = address, [], 0
    for axis, (length, stride) in enumerate(zip(array.shape, array.strides, strict=True)):
        if stride < 0:
            lowest += stride * (length - 1)
            flips |= 1 << axis
        strides.append(abs(stride) // dtype.itemsize)
    return _pack(array, lowest, strides, flips, rank, contiguous)


def _pack(
    array: Any, address: int, strides: list[int], flips: int, rank: int | None, contiguous: bool
) -> tuple[Any, ...]:
    if contiguous:
        return address, array.shape[0]
    if rank is not None:
        return (address, *array.shape, *strides, flips)
    many = _SIZE * max(array.ndim, 1)
    shape, steps = many(*array.shape), many(*strides)
    # ctypes takes the arrays' addresses and keeps them alive as long as these arguments.
    return address, array.ndim, _Borrowed(shape), _Borrowed(steps), flips


class _Borrowed:
    """An address for ctypes that keeps what it points at alive."""

    def __init__(self, memory: Any) -> None:
        self.memory = memory
        self._as_parameter_ = ctypes.addressof(memory)


def _check_kind(array: Any, dtype: np.dtype[Any], place: str) -> None:
    if type(array) not in (np.ndarray, np.memmap):
        raise WrongArgument(f"a NumPy array is needed, got {_describe_kind(array)}", place=place, help=_as_array(array))
    if array.dtype == dtype:
        return
    if array.dtype.newbyteorder("=") == dtype:
        raise WrongArgument(
            f"the array's bytes are in the other order ({array.dtype.str}); this machine's is {dtype.str}",
            place=place,
            help=f"pass x.astype(np.{dtype.name}), a copy in native order",
        )
    raise WrongArgument(
        f"the array has dtype {array.dtype}, the Rust type needs {dtype.name}",
        place=place,
        help=f"pass x.astype(np.{dtype.name}), a copy, or make the array with dtype=np.{dtype.name}",
    )


def _describe_kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"its subclass {type(value).__module__}.{type(value).__qualname__}"
    return describe(value)


def _as_array(value: Any) -> str:
    """Return what to write in place of a value that is not an array."""
    if isinstance(value, np.ma.MaskedArray):
        return "its mask would be lost: pass x.filled(value), or x.compressed()"
    if isinstance(value, np.ndarray):
        return "pass np.asarray(x)"
    if type(value).__module__.partition(".")[0] in {"pandas", "polars"}:
        return "pass x.to_numpy()"
    if type(value).__module__.partition(".")[0] == "torch":
        return "pass x.numpy(), which shares its memory"
    if isinstance(value, (list, tuple, range)):
        return "make an array first: np.array(x)"
    return "make an array first: np.asarray(x)"


def _refuse_rank(array: Any, rank: int, place: str) -> None:
    dimensions = "dimension" if rank == 1 else "dimensions"
    help = ""
    if rank == 1 and array.ndim == 0:
        help = "pass np.atleast_1d(x)"
    elif rank == 1:
        help = "pass one row or column (x[0], x[:, 0]), x.ravel(), or take an ArrayView2 in Rust"
        if array.ndim != 2:
            help = "pass x.ravel(), or take a view of more dimensions in Rust"
    elif array.ndim == rank - 1:
        help = "pass x[:, np.newaxis] for a column or x[np.newaxis] for a row"
    elif array.ndim > rank:
        help = f"pass a part of it, x[0], or take ArrayView{array.ndim} in Rust"
    raise WrongArgument(
        f"{rank} {dimensions} are needed, the array has {array.ndim}: shape {array.shape}"
        if rank != 1
        else f"one dimension is needed, the array has {array.ndim}: shape {array.shape}",
        place=place,
        help=help,
    )


def _overlaps_itself(array: Any) -> bool:
    """Tell whether two elements of an array may share memory: true unless each stride clears all smaller ones."""
    reach = array.itemsize
    for stride, length in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < reach:
            return True
        reach += stride * (length - 1)
    return False


def _stray_bool(array: Any) -> bool:
    return bool((array.view(np.uint8) > 1).any())


def arrays_in(type_: Type, value: Any, name: str) -> Iterator[tuple[str, Any, bool]]:
    """Yield each array of an argument: its name, itself, whether Rust may write to it."""
    match type_:
        case Slice(_, mutable) | View(_, _, mutable):
            yield name, value, mutable
        case Option(item):
            if value is not None:
                yield from arrays_in(item, value, name)
        case Tuple(items):
            for number, (item, part) in enumerate(zip(items, value, strict=True)):
                yield from arrays_in(item, part, f"{name}.{number}")
        case _:
            return
