"""Single-row prediction: a fitted logistic model asked about one row, as a service is with each request.

Nearly all of the time is spent around the arithmetic: checks, conversions, the call itself. `rust` and `c` are called
as a user calls them, with an array; the lanes that end in "prepared" have turned it into an address beforehand, which
a service can do that reuses one buffer.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY


class _Data(NamedTuple):
    row: Any  # (d,)
    weights: Any  # (d,)
    intercept: float


def _make(size: Size, seed: int) -> _Data:
    rng = np.random.default_rng(seed)
    (d,) = size.numbers
    return _Data(rng.normal(size=d), rng.normal(0, 0.3, d), 0.2)


def _python(data: _Data, threads: int) -> Call:
    row, weights, intercept = data.row.tolist(), data.weights.tolist(), data.intercept

    def call() -> float:
        z = intercept + sum([x * w for x, w in zip(row, weights, strict=True)])
        return 1 / (1 + math.exp(-z))

    return call


def _numpy(data: _Data, threads: int) -> Call:
    row, weights, intercept = data
    return lambda: 1 / (1 + math.exp(-(float(row @ weights) + intercept)))


def _sklearn(data: _Data, threads: int) -> Call:
    from sklearn.linear_model import LogisticRegression

    row, weights, intercept = data
    model = LogisticRegression()
    model.classes_ = np.array([0, 1])
    model.coef_, model.intercept_, model.n_features_in_ = weights[None, :], np.array([intercept]), len(weights)
    one = row[None, :]
    return lambda: model.predict_proba(one)[0, 1]


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    return numba_kernels.ready(numba_kernels.predict, *data)


def _c(prepared: bool) -> Any:
    def prepare(data: _Data, threads: int) -> Call:
        run, (row, weights, intercept) = c.function("single_row", "predict", ctypes.c_double), data
        if prepared:
            ready: Call = run.prepare(row, weights, len(row), intercept)  # type: ignore[attr-defined]
            return ready
        return lambda: run(row, weights, len(row), intercept)

    return prepare


def _rust(prepared: bool) -> Any:
    def prepare(data: _Data, threads: int) -> Call:
        run = rust.library("single_row")["predict"]
        return run.prepare(*data) if prepared else lambda: run(*data)

    return prepare


JOB = Job(
    name="single_row",
    title="Single-row prediction",
    what="A fitted logistic model's probability for one row.",
    sizes=tuple(Size.of(d, text=f"{d} numbers") for d in (4, 20, 200)),
    make=_make,
    tolerance=1e-12,
    alone="one row is less than a microsecond of work, and starting a thread takes many times that",
    uncounted="what is timed is the call from Python: the arithmetic is a few nanoseconds of it",
    notes=(
        "A call of Rust also asks whether Rust panicked, and goes through ctypes; numba has a caller of its own in C.",
    ),
    without={
        **dict.fromkeys(
            ("ndarray", "linfa"),
            "it would be the call that the lane in Rust is, with a product of two rows of the crate's own inside",
        ),
        "rustlearn": "its model takes matrices only, in f32, and has no intercept",
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy),
        "python": Lane(_python),
        "sklearn": Lane(_sklearn),
        "numba": Lane(_numba),
        "c": Lane(_c(prepared=False), needs=("gcc",)),
        "c, prepared": Lane(_c(prepared=True), needs=("gcc",)),
        "rust": Lane(_rust(prepared=False), needs=("rust",)),
        "rust, prepared": Lane(_rust(prepared=True), needs=("rust",)),
    },
)
