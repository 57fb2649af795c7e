"""Distances: the Euclidean distance of every row of one matrix to every row of another."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN


class _Data(NamedTuple):
    a: Any  # (m, d)
    b: Any  # (n, d)


def _make(size: Size, seed: int) -> _Data:
    m, n, d = size.numbers
    rng = np.random.default_rng(seed)
    return _Data(rng.normal(size=(m, d)), rng.normal(size=(n, d)))


def _python(data: _Data, threads: int) -> Call:
    a, b, dist = data.a.tolist(), data.b.tolist(), math.dist
    return lambda: [[dist(x, y) for y in b] for x in a]


def _numpy(data: _Data, threads: int) -> Call:
    a, b = data

    def call() -> Any:
        out = a @ b.T
        out *= -2
        out += np.einsum("ij,ij->i", a, a)[:, None]
        out += np.einsum("ij,ij->i", b, b)
        np.maximum(out, 0, out=out)
        return np.sqrt(out, out=out)

    return call


def _scipy(data: _Data, threads: int) -> Call:
    from scipy.spatial.distance import cdist

    return lambda: cdist(*data)


def _sklearn(data: _Data, threads: int) -> Call:
    from sklearn.metrics.pairwise import euclidean_distances

    return lambda: euclidean_distances(*data)


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    kernel = numba_kernels.distances if threads == 1 else numba_kernels.distances_parallel
    return numba_kernels.ready(kernel, *data)


def _c(data: _Data, threads: int) -> Call:
    run, (a, b) = c.function("distances", "distances"), data

    def call() -> Any:
        out = np.empty((len(a), len(b)))
        run(a, b, out, len(a), len(b), a.shape[1], threads)
        return out

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, (a, b) = rust.library("common", "distances")["distances"], data

    def call() -> Any:
        out = np.empty((len(a), len(b)))
        run(a.ravel(), b.ravel(), out.ravel(), a.shape[1], threads)
        return out

    return call


def _ndarray(data: _Data, threads: int) -> Call:
    run, (a, b) = rust.library("distances_crates")["with_ndarray"], data

    def call() -> Any:
        out = np.empty((len(a), len(b)))
        run(a, b, out)
        return out

    return call


_SIZES = tuple(Size.of(m, n, 16, count=m * n) for m, n in ((200, 300), (1_000, 1_000), (4_000, 3_000)))

JOB = Job(
    name="distances",
    title="Pairwise distances",
    what="Euclidean distances of every row of one matrix to every row of another.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-7,  # the product form loses digits where two rows are close: about the root of the last place
    flops=lambda size: 2.0 * size.count * size.numbers[2],
    moved=lambda size: 8.0 * size.count,
    without={
        "linfa": "linfa has distances between two rows only; its neighbours use them (Nearest neighbours)",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=_SIZES[1].count),
        "scipy": Lane(_scipy, needs=("scipy",), note="sums the squares of differences, which loses no digits"),
        "sklearn": Lane(_sklearn, threads=(1, 2)),
        "numba": Lane(_numba, threads=(1, 2)),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "ndarray": Lane(_ndarray, needs=("rust", "crates")),
    },
)
