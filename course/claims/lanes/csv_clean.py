"""CSV: read a table with quoted names and missing numbers, and keep the complete rows as arrays."""

from __future__ import annotations

import csv
import ctypes
import io
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
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


def _python(data: _Data, threads: int) -> Call:
    codes_of = {name: code for code, name in enumerate(SPECIES)}

    def call() -> tuple[Any, Any]:
        numbers, codes = [], []
        reader = csv.reader(io.StringIO(data.text))
        next(reader)
        for name, a, b, mass in reader:
            if a not in ("", "NA") and b not in ("", "NA") and mass not in ("", "NA"):
                numbers.append((float(a), float(b), float(mass)))
                codes.append(codes_of[name])
        return np.array(numbers), np.array(codes, dtype=np.int64)

    return call


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
    run, species = rust.library("csv_clean")["csv_clean"], "\n".join(SPECIES)
    return lambda: run(data.text, species)


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
    lanes={
        "python": Lane(_python, read=_read),
        "pandas": Lane(_pandas, needs=("pandas",), read=_read),
        "polars": Lane(
            _polars, needs=("polars",), read=_read, note="threads: as many as polars was first given in this process"
        ),
        "c": Lane(_c, needs=("gcc",), read=_read),
        "rust": Lane(_rust, needs=("rust",), read=_read),
        "csv crate": Lane(_crate, needs=("rust", "crates"), read=_read),
    },
)
