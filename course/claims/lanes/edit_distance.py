"""Edit distance: how many letters must be put in, taken out or changed to turn one text into another (Levenshtein)."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN


class _Data(NamedTuple):
    a: Any  # letters, uint8
    b: Any


def _make(size: Size, seed: int) -> _Data:
    """Return a text and a copy of it in which a fifth of the letters are changed, missing or new."""
    rng = np.random.default_rng(seed)
    a = rng.integers(97, 123, size=size.numbers[0], dtype=np.uint8)
    b = []
    for letter in a:
        kind = rng.random()
        if kind >= 0.07:
            b.append(letter if kind >= 0.14 else rng.integers(97, 123))
        if 0.14 <= kind < 0.2:
            b.append(rng.integers(97, 123))
    return _Data(a, np.array(b, dtype=np.uint8))


def _python(data: _Data, threads: int) -> Call:
    a, b = data.a.tolist(), data.b.tolist()

    def call() -> int:
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, start=1):
            new, left, corner = [i], i, row[0]
            for above, y in zip(row[1:], b, strict=True):
                if x != y:
                    corner = 1 + (corner if corner < above else above)  # noqa: FURB136 - a call of min takes longer
                    if left + 1 < corner:
                        corner = left + 1
                left, corner = corner, above
                new.append(left)
            row = new
        return row[-1]

    return call


def _numpy(data: _Data, threads: int) -> Call:
    a, b = data

    def call() -> int:
        # Along a row, each cell may be one more than its left neighbour: taking j away from column j turns that
        # chain into a running minimum, which NumPy has.
        steps = np.arange(len(b) + 1, dtype=np.int32)
        row, new = steps.copy(), np.empty_like(steps)
        for i, letter in enumerate(a, start=1):
            np.minimum(row[:-1] + (b != letter), row[1:] + 1, out=new[1:])
            new[0] = i
            new -= steps
            np.minimum.accumulate(new, out=row)
            row += steps
        return int(row[-1])

    return call


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    return numba_kernels.ready(numba_kernels.edit_distance, *data)


def _c(data: _Data, threads: int) -> Call:
    run, (a, b) = c.function("edit_distance", "edit_distance", ctypes.c_long), data
    return lambda: run(a, len(a), b, len(b))


def _rust(data: _Data, threads: int) -> Call:
    run = rust.library("edit_distance")["edit_distance"]
    return lambda: run(*data)


_SIZES = tuple(Size.of(n, text=f"{n:,} letters") for n in (300, 1_000, 3_000))

JOB = Job(
    name="edit_distance",
    title="Edit distance",
    what="Levenshtein's distance of two texts of equal kind, by the table that textbooks fill.",
    sizes=_SIZES,
    make=_make,
    tolerance=0,
    uncounted="it adds and compares whole numbers",
    notes=(
        (
            "Rust is ahead of C: the smallest of three numbers is written the same way in both, and rustc lets one "
            "addition and one comparison wait for the cell to the left; gcc takes them in another order, and two wait."
        ),
    ),
    without={
        "sklearn": "it has no distance of texts",
        "ndarray": "a row of the table is a slice: nothing of ndarray's would be used",
        "linfa": "linfa has no distance of texts",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy),
        "python": Lane(_python, largest=1_000),
        "numba": Lane(_numba),
        "c": Lane(_c, needs=("gcc",)),
        "rust": Lane(_rust, needs=("rust",)),
    },
)
