"""Logistic regression as the libraries solve it: the same penalised loss, down to its minimum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from course.claims.lanes import c, plain, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.logistic_descent import _Data, _make
from course.claims.lanes.reasons import NETWORKS_ONLY, RUSTLEARN_LOGISTIC

PENALTY = 1.0  # half of it times the squared weights is added to the summed loss: scikit-learn's C is its inverse


def _sklearn(solver: str, tolerance: float) -> Any:
    def prepare(data: _Data, threads: int) -> Call:
        from sklearn.linear_model import LogisticRegression

        def call() -> Any:
            model = LogisticRegression(C=1 / PENALTY, solver=solver, tol=tolerance, max_iter=200).fit(*data)
            return np.append(model.coef_[0], model.intercept_)

        return call

    return prepare


def _numpy(data: _Data, threads: int) -> Call:
    x, y = data

    def call() -> Any:
        full = np.column_stack([x, np.ones(len(x))])
        penalty = np.append(np.full(x.shape[1], PENALTY), 0.0)
        weights = np.zeros(full.shape[1])
        for _ in range(50):
            chance = 1 / (1 + np.exp(-(full @ weights)))
            gradient = (chance - y) @ full + penalty * weights
            curvature = (full * (chance * (1 - chance))[:, None]).T @ full
            change = np.linalg.solve(curvature + np.diag(penalty), gradient)
            weights -= change
            if np.abs(change).max() < 1e-7:
                break
        return weights

    return call


def _python(data: _Data, threads: int) -> Call:
    rows, y = [[*row, 1.0] for row in data.x.tolist()], data.y.tolist()
    width = len(rows[0])

    def call() -> list[float]:
        weights = [0.0] * width
        for _ in range(50):
            gradient = [PENALTY * w for w in weights[:-1]] + [0.0]
            curvature = [[PENALTY * (i == j < width - 1) for j in range(width)] for i in range(width)]
            for row, target in zip(rows, y, strict=True):
                chance = 1 / (1 + math.exp(-sum([w * v for w, v in zip(weights, row, strict=True)])))
                off, curve = chance - target, chance * (1 - chance)
                gradient = [g + off * v for g, v in zip(gradient, row, strict=True)]
                for i, v in enumerate(row):
                    scaled = curve * v
                    line = curvature[i]
                    line[i:] = [c + scaled * u for c, u in zip(line[i:], row[i:], strict=True)]
            change = plain.solve(curvature, gradient)
            weights = [w - c for w, c in zip(weights, change, strict=True)]
            if max(map(abs, change)) < 1e-7:
                break
        return weights

    return call


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_fits, numba_kernels

    kernel = numba_fits.newton if threads == 1 else numba_fits.newton_parallel
    return numba_kernels.ready(kernel, *data, PENALTY)


def _c(data: _Data, threads: int) -> Call:
    run, (x, y) = c.function("logistic_solver", "newton"), data

    def call() -> Any:
        weights = np.empty(x.shape[1] + 1)
        run(x, y, *x.shape, PENALTY, threads, weights)
        return weights

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, (x, y) = rust.library("common", "logistic_solver")["newton"], data
    return lambda: run(x.ravel(), y, x.shape[1], PENALTY, threads)


def _linfa(data: _Data, threads: int) -> Call:
    run = rust.library("logistic_solver_crates")["with_linfa"]
    return lambda: run(*data, PENALTY)


_SIZES = (Size.of(500, 20), Size.of(5_000, 20), Size.of(50_000, 20))
ROUNDS = 7  # Newton's, from zero, with the data of seed 0 at every size
_CLOSE = "stops by a rule of its own near the minimum"


def _flops(size: Size) -> float:
    """Count what Newton's rounds need: the weighted products of every two columns, two products with the rows."""
    rows, columns = size.numbers
    width = columns + 1
    return float(ROUNDS * rows * (width * (width + 1) + width + 4 * width))


JOB = Job(
    name="logistic_solver",
    title="Logistic regression to its minimum",
    what="Logistic regression with an L2 penalty, solved to its minimum.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-7,
    flops=_flops,
    moved=lambda size: 8.0 * size.count * ROUNDS,
    notes=(f"Operations are those of Newton's method, which takes {ROUNDS} rounds here; L-BFGS takes other ones.",),
    without={
        "ndarray": "ndarray has no solver of linear systems, and ndarray-linalg brings a LAPACK of its own",
        **RUSTLEARN_LOGISTIC,
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=_SIZES[0].count),
        "numba": Lane(_numba, threads=(1, 2)),
        "sklearn": Lane(
            _sklearn("newton-cholesky", 1e-6), threads=(1, 2), agrees=1e-4, note=f"Newton's method; {_CLOSE}"
        ),
        "sklearn lbfgs": Lane(
            _sklearn("lbfgs", 1e-6),
            threads=(1, 2),
            agrees=2e-3,
            note=f"its default solver, another algorithm; {_CLOSE}",
        ),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "linfa": Lane(_linfa, needs=("rust", "crates"), agrees=2e-3, note=f"another algorithm: L-BFGS; {_CLOSE}"),
    },
)
