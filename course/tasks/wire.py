"""Values as bytes, for the way between the process that runs a learner's code and the one that judges it.

The list of what crosses is closed: None, bool, int, float, complex, str, bytes; list, tuple and dict (with str keys)
of these; NumPy scalars and arrays of booleans, integers, floats and complex numbers. `decode` gives exactly these
types back, never a subclass, and runs nothing of what it reads: a JSON tree, and after it the bytes of arrays as
`.npy` blobs whose headers are held to the one form that `encode` writes. There is no pickle in it.

A frame:  b"CTW1", the length of the tree in four bytes (big-endian), the tree, the blobs.

What does not survive: the byte order of an array (it arrives in the machine's own), its steps through memory (it
arrives without gaps, in C or in Fortran order as it was), and that two values were one object.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from course.errors import CannotCross, FrameUnreadable

__all__ = ["LARGEST", "decode", "encode"]

LARGEST = 256 * 1024 * 1024  # bytes of one frame, unless told otherwise
DEPTH = 64  # lists within lists
COUNT = 500_000  # values in one frame; an array counts as one
LONGEST_TREE = 32 * 1024 * 1024  # bytes of the JSON part
LONGEST_NAME = 1000  # characters of a text inside the tree; a longer one becomes a blob
BIGGEST_INTEGER = 1_000_000  # bits
MOST_AXES = 32

_MAGIC = b"CTW1"
_NPY = b"\x93NUMPY\x01\x00"
_TYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(name)
    for name in ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16")
}
_NAMES = {(kind.kind, kind.itemsize): name for name, kind in _TYPES.items()}
_HEADER = re.compile(
    rb"\{'descr': '(?P<type>[|<][biufc]\d{1,2})', 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:|\d{1,15},|\d{1,15}(?:, \d{1,15})+))\)\} *\n"
)
_HEX = re.compile("-?0x[0-9a-f]+")
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encode(value: Any, *, largest: int = LARGEST) -> bytes:
    """Return a value as a frame. Raises `CannotCross` where it, or something inside it, is of another type."""
    writer = _Writer(largest)
    tree = writer.tree(value, 0)
    head = json.dumps([tree, [len(blob) for blob in writer.blobs]], separators=(",", ":"), allow_nan=False).encode()
    if len(head) > LONGEST_TREE or _separators(head) > 4 * COUNT:
        raise CannotCross("a value of too many parts")
    frame = b"".join((_MAGIC, struct.pack(">I", len(head)), head, *writer.blobs))
    if len(frame) > largest:
        raise CannotCross(f"a value of {len(frame):,} bytes (at most {largest:,})")
    return frame


def decode(frame: bytes | bytearray | memoryview, *, largest: int = LARGEST) -> Any:
    """Return the value that `encode` wrote. Raises `FrameUnreadable`, and nothing else, for any other bytes."""
    frame = memoryview(frame).cast("B")
    if len(frame) > largest:
        raise FrameUnreadable(f"it has {len(frame):,} bytes, at most {largest:,} are read")
    if len(frame) < 8 or frame[:4] != _MAGIC:
        raise FrameUnreadable("it does not begin as one")
    (length,) = struct.unpack(">I", frame[4:8])
    if length > min(LONGEST_TREE, len(frame) - 8):
        raise FrameUnreadable("its first part is cut off")
    head = bytes(frame[8 : 8 + length])
    if _separators(head) > 4 * COUNT:
        raise FrameUnreadable("it has too many parts")
    try:
        content = json.loads(head, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise FrameUnreadable("its first part is no JSON") from None
    match content:
        case [tree, list(lengths)] if all(type(n) is int and n >= 0 for n in lengths):
            pass
        case _:
            raise FrameUnreadable("its first part has another form")
    if 8 + length + sum(lengths) != len(frame):
        raise FrameUnreadable("its parts do not add up to its length")
    blobs, at = [], 8 + length
    for size in lengths:
        blobs.append(frame[at : at + size])
        at += size
    return _Reader(blobs).value(tree, 0)


def _separators(head: bytes) -> int:
    """Bound the number of values from above before anything is built; texts with such characters count too."""
    return head.count(b",") + head.count(b"[") + head.count(b"{")


def _no_constant(name: str) -> float:
    raise ValueError(name)


class _Writer:
    """Turns a value into the tree, and collects the blobs on the way."""

    def __init__(self, largest: int) -> None:
        self.blobs: list[bytes] = []
        self.left = largest
        self.count = 0

    def tree(self, value: Any, depth: int) -> Any:
        self.count += 1
        if self.count > COUNT:
            raise CannotCross(f"a value of more than {COUNT:,} parts")
        if depth > DEPTH:
            raise CannotCross(f"lists within lists, more than {DEPTH} deep")
        kind = type(value)  # asked of the value itself: `__class__` may lie, a subclass may do anything
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -(2**53) < value < 2**53 else {"i": self._digits(value)}
        if kind is float:
            return value if math.isfinite(value) else {"f": repr(value)}
        if kind is str:
            return self._text(value)
        if kind is complex:
            return {"c": [self.tree(value.real, depth), self.tree(value.imag, depth)]}
        if kind is list:
            return [self.tree(part, depth + 1) for part in value]
        if kind is tuple:
            return {"t": [self.tree(part, depth + 1) for part in value]}
        if kind is dict:
            return {"d": [[self._key(key), self.tree(part, depth + 1)] for key, part in value.items()]}
        if kind is bytes:
            return {"b": self._blob(value)}
        if kind is np.ndarray:
            return {"a": self._blob(_npy(value))}
        if issubclass(kind, np.generic) and kind.__module__ == "numpy":
            return {"s": self._blob(_npy(np.asarray(value)))}
        raise CannotCross(_described(kind))

    def _digits(self, value: int) -> str:
        if value.bit_length() > BIGGEST_INTEGER:
            raise CannotCross(f"a whole number of more than {BIGGEST_INTEGER:,} bits")
        return hex(value)

    def _key(self, key: Any) -> str:
        if type(key) is not str:
            raise CannotCross(f"a dict with a key of type {type(key).__name__}")
        if len(key) > LONGEST_NAME:
            raise CannotCross(f"a dict with a key of {len(key):,} characters")
        self._whole(key)
        return key

    def _text(self, value: str) -> Any:
        data = self._whole(value)
        return value if len(value) <= LONGEST_NAME else {"u": self._blob(data)}

    def _whole(self, value: str) -> bytes:
        try:
            return value.encode("utf-8")
        except UnicodeEncodeError:
            raise CannotCross("a text with half of a character in it (a lone surrogate)") from None

    def _blob(self, data: bytes) -> int:
        self.left -= len(data)
        if self.left < 0:
            raise CannotCross("a value of too many bytes")
        self.blobs.append(data)
        return len(self.blobs) - 1


def _described(kind: type) -> str:
    name = getattr(kind, "__qualname__", "?")
    module = getattr(kind, "__module__", "builtins")
    known = module not in ("builtins", "__main__") and isinstance(module, str)
    return f"a value of type {module + '.' if known else ''}{name}"


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    name = _NAMES.get((array.dtype.kind, array.dtype.itemsize))
    if name is None or array.dtype.fields is not None:
        raise CannotCross(f"an array of dtype {array.dtype}")
    if array.ndim > MOST_AXES:
        raise CannotCross(f"an array of {array.ndim} axes")
    fortran = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    shape = f"({array.shape[0]},)" if array.ndim == 1 else f"({', '.join(map(str, array.shape))})"
    header = f"{{'descr': '{name}', 'fortran_order': {fortran}, 'shape': {shape}}}"
    # As `.npy` has it: the data begins at a multiple of 64 bytes, the header ends in a new line.
    header += " " * (-(len(_NPY) + 2 + len(header) + 1) % 64) + "\n"
    data = array.astype(_TYPES[name], order="K", copy=False).tobytes("F" if fortran else "C")
    return _NPY + struct.pack("<H", len(header)) + header.encode("ascii") + data


class _Reader:
    """Turns a tree back into the value."""

    def __init__(self, blobs: Sequence[memoryview]) -> None:
        self.blobs = blobs
        self.count = 0

    def value(self, tree: Any, depth: int) -> Any:
        self.count += 1
        if self.count > COUNT or depth > DEPTH:
            raise FrameUnreadable("it has too many parts")
        if tree is None or isinstance(tree, bool | float):
            return tree
        if isinstance(tree, int):
            if not -(2**53) < tree < 2**53:
                raise FrameUnreadable("a whole number is written as a large one is not")
            return tree
        if isinstance(tree, str):
            return _sound(tree)
        if isinstance(tree, list):
            return [self.value(part, depth + 1) for part in tree]
        if len(tree) == 1:
            ((mark, inside),) = tree.items()
            read = getattr(self, f"_read_{mark}", None) if len(mark) == 1 else None
            if read is not None:
                return read(inside, depth)
        raise FrameUnreadable("it holds a part of no known type")

    def _read_i(self, inside: Any, _depth: int) -> int:
        if (
            isinstance(inside, str)
            and len(inside) <= BIGGEST_INTEGER // 4 + 8
            and re.fullmatch("-?0x[0-9a-f]+", inside)
        ):
            return int(inside, 16)
        raise FrameUnreadable("a whole number cannot be read")

    def _read_f(self, inside: Any, _depth: int) -> float:
        if isinstance(inside, str) and inside in _NOT_FINITE:
            return _NOT_FINITE[inside]
        raise FrameUnreadable("a number cannot be read")

    def _read_c(self, inside: Any, depth: int) -> complex:
        parts = [self.value(part, depth + 1) for part in inside] if isinstance(inside, list) else []
        if len(parts) == 2 and all(type(part) is float for part in parts):
            return complex(parts[0], parts[1])
        raise FrameUnreadable("a complex number cannot be read")

    def _read_t(self, inside: Any, depth: int) -> tuple[Any, ...]:
        if not isinstance(inside, list):
            raise FrameUnreadable("a tuple cannot be read")
        return tuple(self.value(part, depth + 1) for part in inside)

    def _read_d(self, inside: Any, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for pair in inside if isinstance(inside, list) else [None]:
            match pair:
                case [str(key), tree] if key not in found:
                    found[_sound(key)] = self.value(tree, depth + 1)
                case _:
                    raise FrameUnreadable("a dict cannot be read")
        return found

    def _read_b(self, inside: Any, _depth: int) -> bytes:
        return bytes(self._blob(inside))

    def _read_u(self, inside: Any, _depth: int) -> str:
        try:
            return bytes(self._blob(inside)).decode("utf-8")
        except UnicodeDecodeError:
            raise FrameUnreadable("a text is not UTF-8") from None

    def _read_a(self, inside: Any, _depth: int) -> np.ndarray[Any, Any]:
        return _array(self._blob(inside))

    def _read_s(self, inside: Any, _depth: int) -> Any:
        array = _array(self._blob(inside))
        if array.ndim:
            raise FrameUnreadable("a NumPy number has axes")
        return array[()]

    def _blob(self, number: Any) -> memoryview:
        if type(number) is not int or not 0 <= number < len(self.blobs):
            raise FrameUnreadable("it names a part that is not there")
        return self.blobs[number]


def _sound(text: str) -> str:
    """Return a text, or refuse it: JSON can spell half a character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise FrameUnreadable("a text has half of a character in it") from None
    return text


def _array(blob: memoryview) -> np.ndarray[Any, Any]:
    start = len(_NPY) + 2
    if len(blob) < start or blob[: len(_NPY)] != _NPY:
        raise FrameUnreadable("an array does not begin as one")
    (length,) = struct.unpack("<H", blob[len(_NPY) : start])
    match = _HEADER.fullmatch(bytes(blob[start : start + length]))
    kind = _TYPES.get(match["type"].decode()) if match else None
    if match is None or kind is None:
        raise FrameUnreadable("the header of an array has another form")
    shape = tuple(int(part) for part in match["shape"].replace(b",", b" ").split())
    data = blob[start + length :]
    if len(shape) > MOST_AXES or math.prod(shape) * kind.itemsize != len(data):
        raise FrameUnreadable("an array is not as long as its header says")
    if kind.kind == "b" and len(data) and int(np.frombuffer(data, np.uint8).max()) > 1:
        raise FrameUnreadable("an array of booleans holds something else")
    try:
        flat = np.frombuffer(data, kind).astype(kind.newbyteorder("="))
        return flat.reshape(shape, order="F" if match["fortran"] == b"True" else "C")
    except ValueError:  # axes so long that NumPy refuses them, with one of length 0 beside them
        raise FrameUnreadable("an array has a shape that cannot be") from None
