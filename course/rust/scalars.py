"""Packers of single values: numbers, truth values, text, and nothing. Those of arrays are in `border.py`."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course.errors import WrongArgument
from course.rust.types import SCALARS

__all__ = ["DTYPES", "Packer", "c_type", "describe", "number_packer", "text_packer", "unit_packer"]

Packer = Callable[[Any], tuple[Any, ...]]
"""Value → flat C arguments."""

DTYPES = {name: np.dtype(code) for name, code in SCALARS.items()}
"""Rust's name of a number → NumPy's dtype."""

_C_TYPES: dict[str, Any] = {
    "bool": ctypes.c_uint8,
    "i8": ctypes.c_int8,
    "i16": ctypes.c_int16,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    "isize": ctypes.c_int64,
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "usize": ctypes.c_uint64,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
}


def c_type(name: str) -> Any:
    """Return the ctypes type of a Rust scalar."""
    return _C_TYPES[name]


def unit_packer(place: str) -> Packer:
    """Return the packer of `()`: None, or an empty tuple."""

    def pack(value: Any) -> tuple[Any, ...]:
        if value is not None and value != ():
            raise WrongArgument(f"the type () takes None or (), got {describe(value)}", place=place)
        return ()

    return pack


def text_packer(place: str) -> Packer:
    """Return the packer of text: UTF-8, lent for the time of the call."""

    def pack(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, str):
            help = "decode it first: value.decode()" if isinstance(value, bytes) else "write str(value)"
            raise WrongArgument(f"text is needed, got {describe(value)}", place=place, help=help)
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            message = f"the text holds half of a character pair at position {error.start}, which UTF-8 cannot write"
            raise WrongArgument(message, place=place, help="text.encode('utf-8', 'replace').decode()") from None
        return data, len(data)

    return pack


def number_packer(name: str, place: str) -> Callable[[Any], Any]:
    """Return the check of one number: value → the value ctypes takes."""
    if name == "bool":
        return _bool_packer(place)
    if name in {"f32", "f64"}:
        return _float_packer(name, place)
    limits = np.iinfo(DTYPES[name])
    low, high = int(limits.min), int(limits.max)

    def pack(value: Any) -> int:
        if type(value) is int:
            number = value
        elif isinstance(value, np.integer) or (isinstance(value, int) and not isinstance(value, bool)):
            number = int(value)
        else:
            help = ""
            if isinstance(value, (bool, np.bool_)):
                help = "write int(value)"
            elif isinstance(value, (float, np.floating)):
                help = "write int(value), or round(value)" if math.isfinite(value) else "it has no integer value"
            elif isinstance(value, np.ndarray) and value.size == 1:
                help = "write value.item()"
            raise WrongArgument(f"{name} needs an integer, got {describe(value)}", place=place, help=help)
        if low <= number <= high:
            return number
        raise WrongArgument(f"{number} does not fit {name}, which holds {low} to {high}", place=place)

    return pack


def _bool_packer(place: str) -> Callable[[Any], int]:
    def pack(value: Any) -> int:
        if isinstance(value, (bool, np.bool_)):
            return 1 if value else 0
        help = "write bool(value), or a comparison such as value != 0"
        raise WrongArgument(f"bool needs True or False, got {describe(value)}", place=place, help=help)

    return pack


def _float_packer(name: str, place: str) -> Callable[[Any], float]:
    narrow = name == "f32"
    largest = float(np.finfo(np.float32).max)

    def pack(value: Any) -> float:
        if type(value) is float:
            number = value
        elif isinstance(value, (float, int, np.floating, np.integer)) and not isinstance(value, bool):
            if isinstance(value, np.longdouble):
                raise WrongArgument(f"{name} needs a number, got numpy.longdouble", place=place, help="float(value)")
            try:
                number = float(value)
            except OverflowError:
                raise WrongArgument(f"the integer is too large for {name}", place=place) from None
        else:
            help = "write value.item()" if isinstance(value, np.ndarray) and value.size == 1 else ""
            if isinstance(value, (bool, np.bool_)):
                help = "write float(value)"
            raise WrongArgument(f"{name} needs a number, got {describe(value)}", place=place, help=help)
        if narrow and largest < abs(number) < math.inf:
            raise WrongArgument(f"{number!r} is too large for f32, which ends at {largest:.3g}", place=place)
        return number

    return pack


def describe(value: Any) -> str:
    """Name a value that does not fit as its owner would: None, a list, an array."""
    if value is None:
        return "None"
    if isinstance(value, (bool, int, float, str, np.generic)):
        shown = repr(value)
        return f"{type(value).__name__} {shown if len(shown) <= 40 else shown[:37] + '…'}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
