"""Least squares: a linear model with an intercept, fitted exactly.

Two algorithms stand side by side. The normal equations are fast, and lose twice the digits where columns nearly
depend on each other; QR and the singular value decomposition keep them. Lanes that take the second say so.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, plain, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN


class _Data(NamedTuple):
    x: Any  # (n, d)
    y: Any  # (n,)


def _make(size: Size, seed: int) -> _Data:
    n, d = size.numbers
    rng = np.random.default_rng(seed)
    x = rng.normal(rng.normal(0, 3, d), rng.uniform(0.5, 2, d), size=(n, d))
    return _Data(x, x @ rng.normal(size=d) + 4 + rng.normal(0, 0.5, n))


def _numpy(data: _Data, threads: int) -> Call:
    x, y = data

    def call() -> Any:
        mean, middle = x.mean(axis=0), y.mean()
        centred = x - mean
        weights = np.linalg.solve(centred.T @ centred, centred.T @ (y - middle))
        return np.append(weights, middle - mean @ weights)

    return call


def _numpy_lstsq(data: _Data, threads: int) -> Call:
    x, y = data
    return lambda: np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y)[0]


def _sklearn(data: _Data, threads: int) -> Call:
    from sklearn.linear_model import Ridge

    def call() -> Any:
        model = Ridge(alpha=1e-12, solver="cholesky").fit(*data)
        return np.append(model.coef_, model.intercept_)

    return call


def _sklearn_svd(data: _Data, threads: int) -> Call:
    from sklearn.linear_model import LinearRegression

    def call() -> Any:
        model = LinearRegression().fit(*data)
        return np.append(model.coef_, model.intercept_)

    return call


def _python(data: _Data, threads: int) -> Call:
    columns, y = data.x.T.tolist(), data.y.tolist()

    def call() -> list[float]:
        means = [math.fsum(column) / len(y) for column in (*columns, y)]
        centred = [[v - mean for v in column] for column, mean in zip((*columns, y), means, strict=True)]
        sums = plain.products(centred)
        weights = plain.solve([row[:-1] for row in sums[:-1]], sums[-1][:-1])
        return [*weights, means[-1] - sum([w * m for w, m in zip(weights, means[:-1], strict=True)])]

    return call


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_fits, numba_kernels

    kernel = numba_fits.least_squares if threads == 1 else numba_fits.least_squares_parallel
    return numba_kernels.ready(kernel, *data)


def _c(data: _Data, threads: int) -> Call:
    run, (x, y) = c.function("least_squares", "least_squares"), data

    def call() -> Any:
        weights = np.empty(x.shape[1] + 1)
        run(x, y, *x.shape, threads, weights)
        return weights

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, (x, y) = rust.library("common", "least_squares")["least_squares"], data
    return lambda: run(x.ravel(), y, x.shape[1], threads)


def _linfa(data: _Data, threads: int) -> Call:
    run = rust.library("least_squares_crates")["with_linfa"]
    return lambda: run(*data)


_SIZES = (Size.of(1_000, 20), Size.of(10_000, 20), Size.of(100_000, 20))
_STEADIER = "another algorithm, steadier and slower"

JOB = Job(
    name="least_squares",
    title="Least squares",
    what="A linear model with an intercept, fitted exactly.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-9,
    flops=lambda size: 1.0 * size.count * (size.numbers[1] + 1),
    moved=lambda size: 8.0 * size.count,
    without={
        "ndarray": "ndarray has no solver of linear systems, and ndarray-linalg brings a LAPACK of its own",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=_SIZES[0].count),
        "numba": Lane(_numba, threads=(1, 2)),
        "numpy lstsq": Lane(_numpy_lstsq, threads=(1, 2), note=f"{_STEADIER}: singular value decomposition"),
        "sklearn": Lane(_sklearn, threads=(1, 2), note="Ridge with a penalty of 1e-12, the solver that is fastest"),
        "sklearn svd": Lane(_sklearn_svd, threads=(1, 2), note=f"{_STEADIER}: LinearRegression's only solver"),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "linfa": Lane(_linfa, needs=("rust", "crates"), note=f"{_STEADIER}: QR"),
    },
)
