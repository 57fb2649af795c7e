"""Standardise: each column of a matrix to mean 0 and standard deviation 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN

Matrix = NDArray[np.float64]


def _make(size: Size, seed: int) -> Matrix:
    """Return columns of different places and widths, none so far from zero that a sum of squares would lose digits."""
    rows, columns = size.numbers
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)) * rng.uniform(0.5, 20, columns) + rng.normal(0, 10, columns)


def _python(x: Matrix, threads: int) -> Call:
    columns = [column.tolist() for column in x.T]

    def call() -> list[list[float]]:
        out = []
        for column in columns:
            mean = math.fsum(column) / len(column)
            factor = 1 / math.sqrt(sum([(v - mean) ** 2 for v in column]) / len(column))
            out.append([(v - mean) * factor for v in column])
        return out

    return call


def _numpy(x: Matrix, threads: int) -> Call:
    def call() -> Matrix:
        out: Matrix = x - x.mean(axis=0)
        squares: Matrix = np.einsum("ij,ij->j", out, out)
        out /= np.sqrt(squares / len(x))  # faster than x.std: one temporary less
        return out

    return call


def _sklearn(x: Matrix, threads: int) -> Call:
    from sklearn.preprocessing import StandardScaler

    return lambda: StandardScaler().fit_transform(x)


def _numba(x: Matrix, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    kernel = numba_kernels.standardise if threads == 1 else numba_kernels.standardise_parallel
    return numba_kernels.ready(kernel, x)


def _c(x: Matrix, threads: int) -> Call:
    run = c.function("standardise", "standardise")

    def call() -> Matrix:
        out = np.empty_like(x)
        run(x, out, *x.shape, threads)
        return out

    return call


def _rust(x: Matrix, threads: int) -> Call:
    run, columns = rust.library("common", "standardise")["standardise"], x.shape[1]

    def call() -> Matrix:
        out = np.empty_like(x)
        run(x.ravel(), out.ravel(), columns, threads)
        return out

    return call


def _crates(name: str) -> Any:
    def prepare(x: Matrix, threads: int) -> Call:
        run = rust.library("standardise_crates")[name]

        def call() -> Matrix:
            out = np.empty_like(x)
            run(x, out)
            return out

        return call

    return prepare


_SIZES = (Size.of(4_000, 16), Size.of(50_000, 16), Size.of(1_000_000, 16))

JOB = Job(
    name="standardise",
    title="Standardise columns",
    what="Give each column of a matrix mean 0 and standard deviation 1.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-10,
    flops=lambda size: 6.0 * size.count,  # one for the mean, three for the variance, two to scale
    moved=lambda size: 3 * 8 * size.count,  # read for the moments, read again, written
    without=NO_RUSTLEARN | NETWORKS_ONLY,
    lanes={
        "numpy": Lane(_numpy),
        "python": Lane(_python, largest=_SIZES[1].count, read=lambda columns: np.array(columns).T),
        "sklearn": Lane(_sklearn, threads=(1, 2)),
        "numba": Lane(_numba, threads=(1, 2)),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "ndarray": Lane(_crates("with_ndarray"), needs=("rust", "crates")),
        "linfa": Lane(_crates("with_linfa"), needs=("rust", "crates"), note="copies its input: it owns its data"),
    },
)
