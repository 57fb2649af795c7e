"""k-means: ten rounds of Lloyd's algorithm from the same start, then labels and inertia."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size, relative
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN

ROUNDS = 10


class _Data(NamedTuple):
    x: Any  # (n, d)
    start: Any  # (k, d)


def _make(size: Size, seed: int) -> _Data:
    """Return overlapping groups, so that the rounds do not end early."""
    n, d, k = size.numbers
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, size=(k, d))
    x = centres[rng.integers(k, size=n)] + rng.normal(0, 1.5, size=(n, d))
    return _Data(x, x[rng.choice(n, k, replace=False)].copy())


def _python(data: _Data, threads: int) -> Call:
    x, start = data.x.tolist(), data.start.tolist()
    d, k = len(x[0]), len(start)

    def call() -> tuple[Any, Any, float]:
        centroids = [list(row) for row in start]
        for _ in range(ROUNDS):
            sums, counts = [[0.0] * d for _ in range(k)], [0] * k
            for row in x:
                distances = [math.dist(row, c) for c in centroids]
                nearest = distances.index(min(distances))
                counts[nearest] += 1
                sums[nearest] = [s + v for s, v in zip(sums[nearest], row, strict=True)]
            centroids = [[s / count for s in row] for row, count in zip(sums, counts, strict=True)]
        labels, inertia = [], 0.0
        for row in x:
            distances = [math.dist(row, c) for c in centroids]
            least = min(distances)
            labels.append(distances.index(least))
            inertia += least * least
        return centroids, labels, inertia

    return call


def _numpy(data: _Data, threads: int) -> Call:
    x, start = data
    k = len(start)

    def nearest(centroids: Any) -> Any:
        distance = x @ centroids.T
        distance *= -2
        distance += np.einsum("ij,ij->i", centroids, centroids)
        return distance.argmin(axis=1)

    def call() -> tuple[Any, Any, float]:
        centroids = start
        for _ in range(ROUNDS):
            labels = nearest(centroids)
            counts = np.bincount(labels, minlength=k)
            sums = np.stack([np.bincount(labels, weights=column, minlength=k) for column in x.T], axis=1)
            centroids = sums / counts[:, None]
        labels = nearest(centroids)
        off = x - centroids[labels]
        return centroids, labels, float(np.einsum("ij,ij->", off, off))

    return call


def _sklearn(data: _Data, threads: int) -> Call:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    x, start = data

    def call() -> tuple[Any, Any, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = KMeans(len(start), init=start, n_init=1, max_iter=ROUNDS, tol=0, algorithm="lloyd", copy_x=False)
            model.fit(x)
        return model.cluster_centers_, model.labels_, model.inertia_

    return call


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    kernel = numba_kernels.kmeans if threads == 1 else numba_kernels.kmeans_parallel
    return numba_kernels.ready(kernel, data.x, data.start, ROUNDS)


def _c(data: _Data, threads: int) -> Call:
    import ctypes

    run, (x, start) = c.function("kmeans", "kmeans", ctypes.c_double), data

    def call() -> tuple[Any, Any, float]:
        centroids, labels = start.copy(), np.empty(len(x), dtype=np.int64)
        inertia = run(x, centroids, *x.shape, len(start), ROUNDS, threads, labels)
        return centroids, labels, inertia

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, (x, start) = rust.library("common", "kmeans")["kmeans"], data

    def call() -> tuple[Any, Any, float]:
        centroids, labels = start.copy(), np.empty(len(x), dtype=np.int64)
        inertia = run(x.ravel(), centroids.ravel(), x.shape[1], ROUNDS, threads, labels)
        return centroids, labels, inertia

    return call


def _linfa(data: _Data, threads: int) -> Call:
    run = rust.library("kmeans_crates")["with_linfa"]
    return lambda: run(data.x, data.start, ROUNDS)


def _difference(found: Any, wanted: Any) -> float:
    """Compare centroids and inertia; of the labels, one in a thousand may differ (points between two centroids)."""
    inertia = abs(float(found[2]) / float(wanted[2]) - 1)
    unequal = float(np.mean(np.asarray(found[1]) != np.asarray(wanted[1])))
    if unequal > 1e-3:
        return max(unequal, inertia)
    return max(relative(np.asarray(found[0]), np.asarray(wanted[0])), inertia)


_SIZES = tuple(Size.of(n, d, k, count=n) for n, d, k in ((3_000, 8, 8), (30_000, 8, 8), (200_000, 8, 8)))

JOB = Job(
    name="kmeans",
    title="k-means",
    what=f"{ROUNDS} rounds of Lloyd's k-means from the same start, then labels and inertia.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-9,
    difference=_difference,
    flops=lambda size: 2.0 * math.prod(size.numbers) * ROUNDS,  # of the distances alone, by a product
    notes=(
        (
            "C is ahead of Rust at the smallest size: a Rust lane's arguments are checked at every call (some "
            "microseconds), and its tile comes back through memory."
        ),
    ),
    without={
        "ndarray": "linfa's k-means is loops over ndarray's rows: a lane of our own would be the same",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=_SIZES[0].count),
        "sklearn": Lane(_sklearn, threads=(1, 2)),
        "numba": Lane(_numba, threads=(1, 2)),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "linfa": Lane(
            _linfa,
            needs=("rust", "crates"),
            agrees=0.02,
            note="counts each old centroid as one more member of its cluster, so centroids differ in the third digit; "
            "it stops a round earlier or later",
        ),
    },
)
