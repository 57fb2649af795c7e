"""The types that cross between Python and Rust.

The table is written once, here; `signature.py` reads it from a cell, `shim.py` (the Rust side), `border.py` and
`results.py` (the Python side) follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "SCALARS",
    "SUPPORTED",
    "Array",
    "Option",
    "Result",
    "Scalar",
    "Slice",
    "StaticStr",
    "Str",
    "Text",
    "Tuple",
    "Type",
    "Unit",
    "Vector",
    "View",
]

# Rust's name → NumPy's type string in native byte order.
SCALARS = {
    "bool": "?",
    "i8": "i1",
    "i16": "i2",
    "i32": "i4",
    "i64": "i8",
    "isize": "i8",
    "u8": "u1",
    "u16": "u2",
    "u32": "u4",
    "u64": "u8",
    "usize": "u8",
    "f32": "f4",
    "f64": "f8",
}

SUPPORTED = (
    "numbers that cross: bool, i8 … i64, u8 … u64, isize, usize, f32, f64 (below: T)",
    "parameters: T, &[T], &mut [T], ArrayView1<T>, ArrayViewMut1<T>, … (1 to 6, D), &str, String, tuples, Option",
    "results: T, Vec<T>, Array1<T>, Array2<T>, …, String, tuples, Option, Vec and Result of these, ()",
)


@dataclass(frozen=True)
class Scalar:
    """A number or a truth value."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Slice:
    """`&[T]` or `&mut [T]`: a contiguous array of one dimension, borrowed from NumPy."""

    element: Scalar
    mutable: bool

    def __str__(self) -> str:
        return f"&{'mut ' if self.mutable else ''}[{self.element}]"


@dataclass(frozen=True)
class View:
    """`ArrayViewN<T>` or `ArrayViewMutN<T>`: an array with any strides, borrowed from NumPy. Rank None: any."""

    element: Scalar
    rank: int | None
    mutable: bool

    def __str__(self) -> str:
        rank = "D" if self.rank is None else self.rank
        return f"ArrayView{'Mut' if self.mutable else ''}{rank}<{self.element}>"


@dataclass(frozen=True)
class Str:
    """`&str`, borrowed from Python for the call."""

    def __str__(self) -> str:
        return "&str"


@dataclass(frozen=True)
class StaticStr:
    """`&'static str` as a result: text that is part of the program."""

    def __str__(self) -> str:
        return "&'static str"


@dataclass(frozen=True)
class Text:
    """`String`: text that Rust owns."""

    def __str__(self) -> str:
        return "String"


@dataclass(frozen=True)
class Unit:
    """`()`: nothing."""

    def __str__(self) -> str:
        return "()"


@dataclass(frozen=True)
class Tuple:
    """A tuple of two or more, or of one."""

    items: tuple[Type, ...]

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.items))
        return f"({inside},)" if len(self.items) == 1 else f"({inside})"


@dataclass(frozen=True)
class Option:
    """`Option<T>`: None or a T."""

    item: Type

    def __str__(self) -> str:
        return f"Option<{self.item}>"


@dataclass(frozen=True)
class Result:
    """`Result<T, E>`: a T, or an error whose text is raised. E is whatever can be displayed."""

    item: Type
    error: str

    def __str__(self) -> str:
        return f"Result<{self.item}, {self.error}>" if self.error else f"Result<{self.item}>"


@dataclass(frozen=True)
class Vector:
    """`Vec<T>`: of numbers it becomes an array without a copy, of anything else a list."""

    item: Type

    def __str__(self) -> str:
        return f"Vec<{self.item}>"


@dataclass(frozen=True)
class Array:
    """`ArrayN<T>`: becomes a NumPy array without a copy. Rank None: any."""

    element: Scalar
    rank: int | None

    def __str__(self) -> str:
        return f"Array{'D' if self.rank is None else self.rank}<{self.element}>"


Type = Scalar | Slice | View | Str | StaticStr | Text | Unit | Tuple | Option | Result | Vector | Array
