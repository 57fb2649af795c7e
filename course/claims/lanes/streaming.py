"""Streaming statistics: a running mean and variance that forget, and clip what lies far off.

Each number needs the result of the one before it, so there is no NumPy lane: no combination of its array functions
computes this. It is what monitoring a model in service looks like.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN

RATE = 0.01


def _make(size: Size, seed: int) -> Any:
    """Return a series that drifts, with now and then a number far off."""
    rng = np.random.default_rng(seed)
    (n,) = size.numbers
    x = np.cumsum(rng.normal(0, 0.02, n)) + rng.normal(size=n)
    x[rng.random(n) < 0.01] += 50
    return x


def _python(x: Any, threads: int) -> Call:
    numbers, sqrt = x.tolist(), math.sqrt

    def call() -> tuple[list[float], float]:
        mean, variance, out = 0.0, 1.0, []
        for v in numbers:
            limit = 3 * sqrt(variance)
            off = v - mean
            if off > limit:
                off = limit
            elif off < -limit:
                off = -limit
            mean += RATE * off
            variance = (1 - RATE) * (variance + RATE * off * off)
            out.append(mean)
        return out, variance

    return call


def _numba(x: Any, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    return numba_kernels.ready(numba_kernels.streaming, x, RATE)


def _c(x: Any, threads: int) -> Call:
    run = c.function("streaming", "streaming", ctypes.c_double)

    def call() -> tuple[Any, float]:
        out = np.empty_like(x)
        return out, run(x, out, len(x), RATE)

    return call


def _rust(x: Any, threads: int) -> Call:
    run = rust.library("streaming")["streaming"]

    def call() -> tuple[Any, float]:
        out = np.empty_like(x)
        return out, run(x, out, RATE)

    return call


JOB = Job(
    name="streaming",
    title="Streaming statistics",
    what="A running mean and variance that forget, and clip what lies more than three deviations off.",
    sizes=(Size.of(10_000), Size.of(100_000), Size.of(1_000_000)),
    make=_make,
    tolerance=1e-10,
    alone="each number is clipped by the mean and the variance that the one before it left: what a second thread would "
    "start from is known only when the first has ended (sums of two halves could be merged, what is clipped cannot)",
    flops=lambda size: 9.0 * size.count,
    moved=lambda size: 16.0 * size.count,
    notes=("Nothing here comes near the machine's limit: each operation waits for the result of the one before.",),
    without={
        "numpy": "each number needs the result of the one before: no combination of array functions computes it",
        "sklearn": "its running means (StandardScaler.partial_fit) neither forget nor clip",
        "ndarray": "its loop over an array is the loop over a slice in the lane in Rust",
        "linfa": "linfa has no running statistics",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "python": Lane(_python),
        "numba": Lane(_numba),
        "c": Lane(_c, needs=("gcc",)),
        "rust": Lane(_rust, needs=("rust",)),
    },
)
