"""The Python side of the border, on the way out: read a result's words, adopt the memory that Rust hands over.

A result that is more than a number arrives as 64-bit words; the *reader* of its type reads them in the order in
which `shim.py` wrote them. Memory that Rust hands over becomes a NumPy array without a copy, and is given back to
Rust when the last array that uses it dies.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course.rust.scalars import DTYPES
from course.rust.types import Array, Option, Result, Scalar, StaticStr, Text, Tuple, Type, Unit, Vector

__all__ = ["Free", "Reader", "Words", "reader"]

Free = Callable[[int, int, int], None]
"""Gives memory back to Rust: address, bytes, alignment."""


class Words:
    """The words of one result, copied out of Rust's memory, which is given back at once.

    `errors` collects the texts of `Err` values: they are raised when everything has been read, so that no memory
    that came beside them is lost.
    """

    __slots__ = ("_words", "errors", "free")

    def __init__(self, address: int, free: Free) -> None:
        count = ctypes.c_uint64.from_address(address).value
        words: list[int] = (ctypes.c_uint64 * count).from_address(address)[:]
        free(address, 8 * count, 8)
        self._words: Iterator[int] = iter(words)
        next(self._words)  # how many there are
        self.free = free
        self.errors: list[str] = []

    def word(self) -> int:
        """Return the next word."""
        return next(self._words)

    def signed(self) -> int:
        """Return the next word as a signed number."""
        word = next(self._words)
        return word - 2**64 if word >= 2**63 else word

    def text(self) -> str:
        """Return the `String` that the next words describe, and give its memory back."""
        address, length, capacity = self.word(), self.word(), self.word()
        text = ctypes.string_at(address, length).decode() if length else ""
        if capacity:
            self.free(address, capacity, 1)
        return text


Reader = Callable[[Words], Any]
"""Words → Python value."""


def reader(type_: Type) -> Reader:
    """Return the function that reads a result of this type; it mirrors what `shim.py` writes."""
    match type_:
        case Scalar(name):
            return _number_reader(name)
        case Unit():
            return lambda _: None
        case Text() | StaticStr():
            return Words.text
        case Tuple(items):
            readers = [reader(item) for item in items]
            return lambda words: tuple(read(words) for read in readers)
        case Option(item):
            read_item = reader(item)
            return lambda words: read_item(words) if words.word() else None
        case Result(item, _):
            return _result_reader(reader(item))
        case Vector(Scalar(name)):
            return _vector_reader(DTYPES[name])
        case Vector(item):
            read_each = reader(item)
            return lambda words: [read_each(words) for _ in range(words.word())]
        case Array(element, _):
            return _array_reader(DTYPES[element.name])
    raise AssertionError(type_)


def _number_reader(name: str) -> Reader:
    if name == "bool":
        return lambda words: bool(words.word())
    if name == "f64":
        return lambda words: struct.unpack("<d", struct.pack("<Q", words.word()))[0]
    if name == "f32":
        return lambda words: struct.unpack("<f", struct.pack("<I", words.word()))[0]
    return Words.signed if name.startswith("i") else Words.word


def _result_reader(read_item: Reader) -> Reader:
    def read(words: Words) -> Any:
        if words.word():
            return read_item(words)
        words.errors.append(words.text())
        return None

    return read


class _Owner:
    """Memory that Rust has handed over. NumPy arrays keep it alive; it goes back when the last of them dies."""

    __slots__ = ("__array_interface__", "_align", "_bytes", "_free", "_start")

    def __init__(self, free: Free, start: int, bytes_: int, align: int, interface: dict[str, Any]) -> None:
        self._free = free
        self._start = start
        self._bytes = bytes_
        self._align = align
        self.__array_interface__ = interface

    def __del__(self) -> None:
        self._free(self._start, self._bytes, self._align)


def _adopt(words: Words, dtype: np.dtype[Any], offset: int, shape: Any, strides: Any) -> Any:
    """Make an array of the memory that the next three words describe, without a copy."""
    address, length, capacity = words.word(), words.word(), words.word()
    if shape is None:
        shape = (length,)
    if capacity == 0:
        return np.empty(shape, dtype)
    start = address + offset * dtype.itemsize
    interface = {"shape": shape, "typestr": dtype.str, "data": (start, False), "strides": strides, "version": 3}
    return np.asarray(_Owner(words.free, address, capacity * dtype.itemsize, dtype.alignment, interface))


def _vector_reader(dtype: np.dtype[Any]) -> Reader:
    return lambda words: _adopt(words, dtype, 0, None, None)


def _array_reader(dtype: np.dtype[Any]) -> Reader:
    def read(words: Words) -> Any:
        rank = words.word()
        shape = tuple(words.word() for _ in range(rank))
        strides = tuple(words.signed() * dtype.itemsize for _ in range(rank))
        return _adopt(words, dtype, words.word(), shape, strides)

    return read
