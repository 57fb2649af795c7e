"""Softmax: each row of a matrix to positive numbers that sum to one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NO_RUSTLEARN


def _make(size: Size, seed: int) -> Any:
    return np.random.default_rng(seed).normal(0, 3, size=size.numbers)


def _python(x: Any, threads: int) -> Call:
    rows = x.tolist()

    def call() -> list[list[float]]:
        out = []
        for row in rows:
            top = max(row)
            powers = [math.exp(v - top) for v in row]
            total = sum(powers)
            out.append([p / total for p in powers])
        return out

    return call


def _numpy(x: Any, threads: int) -> Call:
    def call() -> Any:
        out = x - x.max(axis=1, keepdims=True)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)
        return out

    return call


def _sklearn(x: Any, threads: int) -> Call:
    from sklearn.utils.extmath import softmax

    return lambda: softmax(x)


def _numba(x: Any, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    kernel = numba_kernels.softmax if threads == 1 else numba_kernels.softmax_parallel
    return numba_kernels.ready(kernel, x)


def _c(x: Any, threads: int) -> Call:
    run = c.function("softmax", "softmax")

    def call() -> Any:
        out = np.empty_like(x)
        run(x, out, *x.shape, threads)
        return out

    return call


def _rust(x: Any, threads: int) -> Call:
    run, flat, columns = rust.library("common", "softmax")["softmax"], x.ravel(), x.shape[1]

    def call() -> Any:
        out = np.empty_like(x)
        run(flat, out.ravel(), columns, threads)
        return out

    return call


def _ndarray(x: Any, threads: int) -> Call:
    run = rust.library("softmax_crates")["with_ndarray"]

    def call() -> Any:
        out = np.empty_like(x)
        run(x, out)
        return out

    return call


def _torch(x: Any, threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    tensor = torch.from_numpy(x)
    return lambda: torch.softmax(tensor, 1)


def _tch(x: Any, threads: int) -> Call:
    library, flat, rows = rust.library("softmax_tch"), x.ravel(), len(x)
    library["set_threads"](threads)
    run = library["with_tch"]

    def call() -> Any:
        out = np.empty_like(x)
        run(flat, out.ravel(), rows)
        return out

    return call


_SIZES = (Size.of(1_000, 10), Size.of(1_000, 1_000), Size.of(6_000, 1_000))

JOB = Job(
    name="softmax",
    title="Softmax",
    what="Softmax of each row of a matrix.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-13,
    moved=lambda size: 8.0 * 2 * size.count,
    without={"linfa": "linfa has it inside its logistic regression only", **NO_RUSTLEARN},
    lanes={
        "numpy": Lane(_numpy),
        "python": Lane(_python, largest=_SIZES[1].count),
        "sklearn": Lane(_sklearn, threads=(1,), note="a function of sklearn.utils that its classifiers use"),
        "numba": Lane(_numba, threads=(1, 2)),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "ndarray": Lane(_ndarray, needs=("rust", "crates")),
        "torch": Lane(_torch, needs=("torch",), threads=(1, 2)),
        "tch": Lane(_tch, needs=("tch",), threads=(1, 2)),
    },
)
