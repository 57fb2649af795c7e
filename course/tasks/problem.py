"""What is wrong with a value, in words; and values in a few words."""

from __future__ import annotations

import re
import reprlib
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Problem", "brief", "described", "kind_of", "pair", "shape_text"]


@dataclass(frozen=True)
class Problem:
    """What is wrong. `text` may show numbers; `blunt` shows none, for hidden cases (empty: `text` shows none)."""

    kind: str
    text: str
    blunt: str = ""

    @property
    def for_hidden(self) -> str:
        """The words that tell neither the case nor what is expected."""
        return self.blunt or self.text


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlist = _short.maxtuple = _short.maxdict = 6


def brief(value: Any, *, width: int = 60) -> str:
    """Return a value in one short line; it is of a type that crosses, so its repr is Python's or NumPy's own."""
    if isinstance(value, np.ndarray):
        if value.size > 12:
            first = ", ".join(_short_number(part) for part in value.ravel()[:3])
            return f"array of shape {shape_text(value.shape)}: {first}, …"
        text = np.array2string(
            value,
            separator=", ",
            max_line_width=10_000,
            formatter={"float_kind": _short_number, "complex_kind": _short_number},
        ).replace("\n", "")
        return re.sub(r"\[ ", "[", " ".join(text.split()))
    if isinstance(value, np.generic | float | complex) and not isinstance(value, str):
        return _number(value)
    if isinstance(value, int) and value.bit_length() > 400:
        return f"a whole number of {value.bit_length()} bits"
    text = _short.repr(value)
    return text if len(text) <= 2 * width else text[: 2 * width - 1] + "…"


def pair(got: Any, expected: Any) -> tuple[str, str]:
    """Return two numbers in a few words, with as many digits as it takes to tell them apart."""
    a, b = brief(got), brief(expected)
    return (a, b) if a != b else (repr(_plain(got)), repr(_plain(expected)))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _short_number(value: Any) -> str:
    """Return a number of an array: five digits, for a table is read across."""
    value = value.item() if isinstance(value, np.generic) else value
    return f"{value:.5g}"


def _number(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, complex):
        return f"{value:.6g}"
    return f"{value:.7g}"


def described(value: Any) -> str:
    """Return what kind of value this is: "an array of float64, shape (3, 2)"."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {shape_text(value.shape)}"
    if isinstance(value, np.generic):
        return f"a NumPy {value.dtype}"
    name = {bool: "a bool", int: "an int", float: "a float", str: "a text", list: "a list", tuple: "a tuple"}
    return name.get(type(value), f"a {type(value).__name__}")


def kind_of(value: Any) -> str:
    """Return what kind of value this is, without its size: "an array"."""
    return "an array" if isinstance(value, np.ndarray) else described(value)


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as NumPy writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"
