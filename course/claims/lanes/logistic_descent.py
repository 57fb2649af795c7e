"""Logistic regression by gradient descent: a hundred steps from zero, written out, the way a lecture begins."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, RUSTLEARN_LOGISTIC

ROUNDS, RATE = 100, 0.5


class _Data(NamedTuple):
    x: Any  # (n, d)
    y: Any  # (n,), 0.0 or 1.0


def _make(size: Size, seed: int) -> _Data:
    n, d = size.numbers
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    chance = 1 / (1 + np.exp(-(x @ rng.normal(0, 0.7, d) + 0.3)))
    return _Data(x, (rng.random(n) < chance).astype(np.float64))


def _python(data: _Data, threads: int) -> Call:
    x, y = data.x.tolist(), data.y.tolist()
    n, d = len(x), len(x[0])

    def call() -> list[float]:
        weights, intercept = [0.0] * d, 0.0
        for _ in range(ROUNDS):
            gradient, last = [0.0] * d, 0.0
            for row, target in zip(x, y, strict=True):
                z = intercept + sum([w * v for w, v in zip(weights, row, strict=True)])
                off = 1 / (1 + math.exp(-z)) - target
                gradient = [g + off * v for g, v in zip(gradient, row, strict=True)]
                last += off
            weights = [w - RATE / n * g for w, g in zip(weights, gradient, strict=True)]
            intercept -= RATE / n * last
        return [*weights, intercept]

    return call


def _numpy(data: _Data, threads: int) -> Call:
    x, y = data

    def call() -> Any:
        weights, intercept = np.zeros(x.shape[1]), 0.0
        for _ in range(ROUNDS):
            off = x @ weights
            off += intercept
            np.negative(off, out=off)
            np.exp(off, out=off)
            off += 1
            np.divide(1, off, out=off)
            off -= y
            weights -= RATE / len(x) * (off @ x)
            intercept -= RATE / len(x) * off.sum()
        return np.append(weights, intercept)

    return call


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    kernel = numba_kernels.descend if threads == 1 else numba_kernels.descend_parallel
    return numba_kernels.ready(kernel, data.x, data.y, ROUNDS, RATE)


def _c(data: _Data, threads: int) -> Call:
    run, (x, y) = c.function("logistic_descent", "descend"), data

    def call() -> Any:
        weights = np.empty(x.shape[1] + 1)
        run(x, y, *x.shape, ROUNDS, RATE, threads, weights)
        return weights

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, (x, y) = rust.library("common", "logistic_descent")["descend"], data
    return lambda: run(x.ravel(), y, x.shape[1], ROUNDS, RATE, threads)


def _ndarray(data: _Data, threads: int) -> Call:
    run = rust.library("logistic_descent_crates")["with_ndarray"]
    return lambda: run(data.x, data.y, ROUNDS, RATE)


_SIZES = (Size.of(1_000, 20), Size.of(10_000, 20), Size.of(100_000, 20))

JOB = Job(
    name="logistic_descent",
    title="Logistic regression by gradient descent",
    what=f"{ROUNDS} steps of gradient descent on the logistic loss, from zero.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-10,
    flops=lambda size: 4.0 * size.count * ROUNDS,  # of each step's two products, the logistic curve left out
    notes=(
        (
            "Where all data fit the cache, C is ahead of Rust: it keeps eight sums of each column in one register, "
            "which gcc's vector type says outright. In Rust such an array of eight is taken apart into pairs by LLVM, "
            "so 64 sums are kept, in memory. From 10,000 rows on both wait for memory."
        ),
    ),
    without={
        **dict.fromkeys(
            ("sklearn", "linfa"),
            "no plain gradient descent; its solvers are in the task that goes to the minimum",
        ),
        **RUSTLEARN_LOGISTIC,
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=_SIZES[0].count),
        "numba": Lane(_numba, threads=(1, 2)),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "ndarray": Lane(_ndarray, needs=("rust", "crates")),
    },
)
