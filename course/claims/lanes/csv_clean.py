"""CSV: read a table with quoted names and missing numbers, and keep the complete rows as arrays."""

from __future__ import annotations

import csv
import ctypes
import io
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, processes, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN
from course.errors import CourseError

SPECIES = ("Adelie, western", "Adelie, eastern", "Chinstrap", "Gentoo")


class _Data(NamedTuple):
    text: str


def _make(size: Size, seed: int) -> _Data:
    rng = np.random.default_rng(seed)
    (n,) = size.numbers
    names = [f'"{name}"' if "," in name else name for name in SPECIES]
    species = rng.integers(len(SPECIES), size=n)
    numbers = np.round(rng.normal([440, 1_700, 4_200], [50, 200, 800], size=(n, 3))) / [10, 100, 1]
    absent = rng.random((n, 3)) < 0.02
    lines = ["species,bill_length_mm,bill_depth_mm,body_mass_g"]
    for code, row, gone in zip(species, numbers.tolist(), absent.tolist(), strict=True):
        fields = ["NA" if g else f"{v:g}" for v, g in zip(row, gone, strict=True)]
        lines.append(f"{names[code]},{','.join(fields)}")
    return _Data("\n".join(lines) + "\n")


def complete(text: str) -> tuple[Any, Any]:
    """Return the complete rows of a table's lines, its header left out; in a process of its own for half a table."""
    codes_of = {name: code for code, name in enumerate(SPECIES)}
    numbers, codes = [], []
    for name, a, b, mass in csv.reader(io.StringIO(text)):
        if a not in ("", "NA") and b not in ("", "NA") and mass not in ("", "NA"):
            numbers.append((float(a), float(b), float(mass)))
            codes.append(codes_of[name])
    return np.array(numbers).reshape(-1, 3), np.array(codes, dtype=np.int64)


def _python(data: _Data, threads: int) -> Call:
    text = data.text

    def call() -> tuple[Any, Any]:
        return complete(text[text.index("\n") + 1 :])

    def shared() -> tuple[Any, Any]:
        start, middle = text.index("\n") + 1, text.index("\n", len(text) // 2) + 1
        (numbers, codes), (more, others) = processes.share(complete, [text[start:middle], text[middle:]])
        return np.concatenate([numbers, more]), np.concatenate([codes, others])

    return call if threads == 1 else shared


def _pandas(data: _Data, threads: int) -> Call:
    import pandas as pd

    def call() -> tuple[Any, Any]:
        table = pd.read_csv(io.StringIO(data.text), keep_default_na=False, na_values=["", "NA"]).dropna()
        codes = pd.Categorical(table["species"], categories=SPECIES).codes
        return table.iloc[:, 1:].to_numpy(dtype=np.float64), codes.astype(np.int64)

    return call


def _polars(data: _Data, threads: int) -> Call:
    import polars as pl

    def call() -> tuple[Any, Any]:
        table = pl.read_csv(io.StringIO(data.text), null_values=["NA"]).drop_nulls()
        codes = table["species"].replace_strict(list(SPECIES), list(range(len(SPECIES))), return_dtype=pl.Int64)
        return table.select(pl.exclude("species").cast(pl.Float64)).to_numpy(), codes.to_numpy()

    return call


def _c(data: _Data, threads: int) -> Call:
    run, species = c.function("csv_clean", "csv_clean", ctypes.c_long), "\n".join(SPECIES).encode()

    def call() -> tuple[Any, Any]:
        text = data.text.encode()
        room = text.count(b"\n")
        numbers, codes = np.empty((room, 3)), np.empty(room, dtype=np.int64)
        rows = run(text, len(text), species, numbers, codes)
        if rows < 0:
            raise CourseError(f"line {-rows} cannot be read")
        return numbers[:rows], codes[:rows]

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, species = rust.library("common", "csv_clean")["csv_clean"], "\n".join(SPECIES)
    return lambda: run(data.text, species, threads)


def _crate(data: _Data, threads: int) -> Call:
    run, species = rust.library("csv_clean_crates")["with_csv"], "\n".join(SPECIES)
    return lambda: run(data.text, species)


def _read(result: Any) -> Any:
    return np.asarray(result[0]).reshape(-1, 3), np.asarray(result[1])


JOB = Job(
    name="csv_clean",
    title="CSV read and cleaned",
    what="Read a CSV table with quoted names and missing numbers; keep the complete rows as arrays.",
    sizes=tuple(Size.of(n, text=f"{n:,} rows") for n in (1_000, 20_000, 200_000)),
    make=_make,
    tolerance=0,
    notes=(
        (
            "The text starts as a Python string in every lane. The C and Rust lanes know the table's four columns; the "
            "others read any table. pandas and polars are measured where they are installed."
        ),
    ),
    uncounted="it reads letters: a number's digits are whole numbers, with one division at their end",
    without={
        "numpy": "NumPy's readers take no quoted names",
        "numba": "numba has no parser, and its strings are slow: it would be the lane of C, written in Python",
        "sklearn": "it starts from arrays",
        "ndarray": "ndarray starts from numbers; the lane `csv crate` reads for it",
        "linfa": "its tables are read by the crate `csv`, which has a lane",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "python": Lane(
            _python,
            threads=(1, 2),
            processes=True,
            read=_read,
            note="two threads are two processes: the interpreter's lock lets threads read in turn only",
        ),
        "pandas": Lane(_pandas, needs=("pandas",), read=_read),
        "polars": Lane(
            _polars,
            needs=("polars",),
            read=_read,
            note="threads: as many as polars was first given in this process, so it cannot be timed on one and on two",
        ),
        "c": Lane(_c, needs=("gcc",), read=_read),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2), read=_read),
        "csv crate": Lane(_crate, needs=("rust", "crates"), read=_read),
    },
)
