"""Principal components: the first five directions of a table, and the variances along them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from course.claims.lanes import c, plain, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN

K = 5


def _make(size: Size, seed: int) -> Any:
    """Return columns that share a few causes, with variances that are well apart."""
    n, d = size.numbers
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(n, 8)) * np.array([9.0, 7, 5.5, 4, 3, 2, 1.5, 1])
    return causes @ np.linalg.qr(rng.normal(size=(d, 8)))[0].T + rng.normal(0, 0.5, size=(n, d)) + rng.normal(0, 2, d)


def _signed(result: Any) -> Any:
    """Turn each component so that its largest entry is positive: its direction is not determined otherwise."""
    components, variances = result
    components = np.asarray(components).reshape(len(variances), -1)
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    return components * np.sign(largest), np.asarray(variances)


def _numpy(x: Any, threads: int) -> Call:
    def call() -> tuple[Any, Any]:
        centred = x - x.mean(axis=0)
        values, vectors = np.linalg.eigh(centred.T @ centred / (len(x) - 1))
        return vectors.T[: -K - 1 : -1], values[: -K - 1 : -1]

    return call


def _sklearn(solver: str) -> Any:
    def prepare(x: Any, threads: int) -> Call:
        from sklearn.decomposition import PCA

        def call() -> tuple[Any, Any]:
            model = PCA(K, svd_solver=solver).fit(x)
            return model.components_, model.explained_variance_

        return call

    return prepare


def _python(x: Any, threads: int) -> Call:
    columns = x.T.tolist()

    def call() -> tuple[Any, Any]:
        n, centred = len(columns[0]), []
        for column in columns:
            mean = math.fsum(column) / n
            centred.append([v - mean for v in column])
        values, vectors = plain.eigen([[v / (n - 1) for v in row] for row in plain.products(centred)])
        order = sorted(range(len(values)), key=values.__getitem__, reverse=True)[:K]
        return [vectors[i] for i in order], [values[i] for i in order]

    return call


def _numba(x: Any, threads: int) -> Call:
    from course.claims.lanes import numba_fits, numba_kernels

    kernel = numba_fits.pca if threads == 1 else numba_fits.pca_parallel
    return numba_kernels.ready(kernel, x, K)


def _c(x: Any, threads: int) -> Call:
    run = c.function("pca", "pca")

    def call() -> tuple[Any, Any]:
        components, variances = np.empty((K, x.shape[1])), np.empty(K)
        run(x, *x.shape, K, threads, components, variances)
        return components, variances

    return call


def _rust(x: Any, threads: int) -> Call:
    run = rust.library("common", "pca")["pca"]
    return lambda: run(x.ravel(), x.shape[1], K, threads)


def _linfa(x: Any, threads: int) -> Call:
    run = rust.library("pca_crates")["with_linfa"]
    return lambda: run(x, K)


_SIZES = (Size.of(1_000, 30), Size.of(10_000, 30), Size.of(100_000, 30))

JOB = Job(
    name="pca",
    title="Principal components",
    what=f"The first {K} principal components of a table and the variances along them.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-9,
    flops=lambda size: 1.0 * size.count * (size.numbers[1] + 1),  # of the covariances alone
    moved=lambda size: 8.0 * size.count,
    notes=(
        (
            "With few rows the eigenvectors are most of the work: ours come from Jacobi's rotations, NumPy's from "
            "LAPACK, which first brings the matrix to three diagonals."
        ),
    ),
    without={
        "ndarray": "ndarray has no eigenvectors, and ndarray-linalg brings a LAPACK of its own",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2), read=_signed),
        "python": Lane(_python, largest=_SIZES[0].count, read=_signed),
        "numba": Lane(_numba, threads=(1, 2), read=_signed),
        "sklearn": Lane(_sklearn("covariance_eigh"), threads=(1, 2), read=_signed, note="what `auto` chooses here"),
        "sklearn svd": Lane(
            _sklearn("full"), threads=(1, 2), read=_signed, note="another algorithm, steadier and slower: SVD"
        ),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2), read=_signed),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2), read=_signed),
        "linfa": Lane(
            _linfa,
            needs=("rust", "crates"),
            read=_signed,
            agrees=1e-3,
            note="another algorithm: LOBPCG on the table itself, to a tolerance of its own",
        ),
    },
)
