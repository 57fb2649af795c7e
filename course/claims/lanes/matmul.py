"""Matrix product of two square matrices: the job that libraries have polished for decades."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size


class _Data(NamedTuple):
    a: Any  # (n, n)
    b: Any  # (n, n)


def _make(size: Size, seed: int) -> _Data:
    n = size.numbers[0]
    rng = np.random.default_rng(seed)
    return _Data(rng.normal(size=(n, n)), rng.normal(size=(n, n)))


def _python(data: _Data, threads: int) -> Call:
    a, columns = data.a.tolist(), data.b.T.tolist()

    def call() -> list[list[float]]:
        return [[sum([x * y for x, y in zip(row, column, strict=True)]) for column in columns] for row in a]

    return call


def _numpy(data: _Data, threads: int) -> Call:
    return lambda: data.a @ data.b


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    kernel = numba_kernels.matmul if threads == 1 else numba_kernels.matmul_parallel
    return numba_kernels.ready(kernel, *data)


def _c(name: str) -> Any:
    def prepare(data: _Data, threads: int) -> Call:
        run, n = c.function("matmul", name), len(data.a)

        def call() -> Any:
            out = np.empty((n, n))
            run(data.a, data.b, out, n, *([threads] if name == "matmul" else []))
            return out

        return call

    return prepare


def _rust(name: str) -> Any:
    def prepare(data: _Data, threads: int) -> Call:
        run, n = rust.library("common", "matmul")[name], len(data.a)
        a, b, more = data.a.ravel(), data.b.ravel(), [threads] if name == "matmul" else []

        def call() -> Any:
            out = np.empty((n, n))
            run(a, b, out.ravel(), n, *more)
            return out

        return call

    return prepare


def _ndarray(data: _Data, threads: int) -> Call:
    run, n = rust.library("matmul_crates")["with_ndarray"], len(data.a)

    def call() -> Any:
        out = np.empty((n, n))
        run(data.a, data.b, out)
        return out

    return call


def _torch(data: _Data, threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    a, b = torch.from_numpy(data.a), torch.from_numpy(data.b)
    return lambda: a @ b


def _tch(data: _Data, threads: int) -> Call:
    library, n = rust.library("matmul_tch"), len(data.a)
    library["set_threads"](threads)
    run, a, b = library["with_tch"], data.a.ravel(), data.b.ravel()

    def call() -> Any:
        out = np.empty((n, n))
        run(a, b, out.ravel(), n)
        return out

    return call


_SIZES = tuple(Size.of(n, text=f"{n:,} × {n:,}", count=n) for n in (128, 400, 1_024))

JOB = Job(
    name="matmul",
    title="Matrix product",
    what="The product of two square matrices.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-11,
    flops=lambda size: 2.0 * size.count**3,
    moved=lambda size: 3.0 * 8 * size.count**2,
    notes=(
        "NumPy hands the product to OpenBLAS, whose inner loop is written for each processor; ours is one for all.",
    ),
    without={
        "sklearn": "it multiplies with NumPy",
        "linfa": "it multiplies with ndarray",
        "rustlearn": "its product of matrices is in f32, far from the digits that lanes must agree to here",
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=128),
        "numba": Lane(_numba, threads=(1, 2)),
        "c": Lane(_c("matmul"), needs=("gcc",), threads=(1, 2)),
        "c, plain loops": Lane(_c("matmul_plain"), needs=("gcc",)),
        "rust": Lane(_rust("matmul"), needs=("rust",), threads=(1, 2)),
        "rust, plain loops": Lane(_rust("matmul_plain"), needs=("rust",)),
        "ndarray": Lane(_ndarray, needs=("rust", "crates")),
        "torch": Lane(_torch, needs=("torch",), threads=(1, 2)),
        "tch": Lane(_tch, needs=("tch",), threads=(1, 2)),
    },
)
