"""Neighbours: the five nearest rows of a table for each query, by comparing each query with every row."""

from __future__ import annotations

import heapq
import math
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size, relative
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN

K = 5


class _Data(NamedTuple):
    table: Any  # (n, d)
    queries: Any  # (m, d)


def _make(size: Size, seed: int) -> _Data:
    n, m, d = size.numbers
    rng = np.random.default_rng(seed)
    return _Data(rng.normal(size=(n, d)), rng.normal(size=(m, d)))


def _python(data: _Data, threads: int) -> Call:
    table, queries = data.table.tolist(), data.queries.tolist()

    def call() -> tuple[list[list[int]], list[list[float]]]:
        indices, lengths = [], []
        for query in queries:
            distances = [math.dist(query, row) for row in table]
            near = heapq.nsmallest(K, range(len(table)), key=distances.__getitem__)
            indices.append(near)
            lengths.append([distances[i] for i in near])
        return indices, lengths

    return call


def _numpy(data: _Data, threads: int) -> Call:
    table, queries = data

    def call() -> tuple[Any, Any]:
        squares = np.einsum("ij,ij->i", table, table)
        indices, lengths = [], []
        for block in np.array_split(queries, max(1, len(queries) * len(table) // 2_000_000)):  # 16 MB: no more memory
            distance = block @ table.T
            distance *= -2
            distance += squares
            near = np.argpartition(distance, K - 1, axis=1)[:, :K]
            length = np.take_along_axis(distance, near, axis=1)
            order = np.argsort(length, axis=1)
            indices.append(np.take_along_axis(near, order, axis=1))
            length = np.take_along_axis(length, order, axis=1) + np.einsum("ij,ij->i", block, block)[:, None]
            lengths.append(np.sqrt(np.maximum(length, 0)))
        return np.concatenate(indices), np.concatenate(lengths)

    return call


def _sklearn(data: _Data, threads: int) -> Call:
    from sklearn.neighbors import NearestNeighbors

    def call() -> tuple[Any, Any]:
        lengths, indices = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(data.table).kneighbors(data.queries)
        return indices, lengths

    return call


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_kernels

    kernel = numba_kernels.neighbours if threads == 1 else numba_kernels.neighbours_parallel
    return numba_kernels.ready(kernel, data.table, data.queries, K)


def _empty(data: _Data) -> tuple[Any, Any]:
    return np.empty((len(data.queries), K), dtype=np.int64), np.empty((len(data.queries), K))


def _c(data: _Data, threads: int) -> Call:
    run, n = c.function("neighbours", "neighbours"), len(data.table)
    m, d = data.queries.shape

    def call() -> tuple[Any, Any]:
        indices, lengths = _empty(data)
        run(data.table, data.queries, n, m, d, K, threads, indices, lengths)
        return indices, lengths

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, d = rust.library("common", "neighbours")["neighbours"], data.table.shape[1]

    def call() -> tuple[Any, Any]:
        indices, lengths = _empty(data)
        run(data.table.ravel(), data.queries.ravel(), d, K, threads, indices.ravel(), lengths.ravel())
        return indices, lengths

    return call


def _ndarray(data: _Data, threads: int) -> Call:
    run = rust.library("neighbours_crates")["with_ndarray"]

    def call() -> tuple[Any, Any]:
        indices, lengths = _empty(data)
        run(data.table, data.queries, K, indices.ravel(), lengths.ravel())
        return indices, lengths

    return call


def _linfa(tree: bool) -> Any:
    def prepare(data: _Data, threads: int) -> Call:
        run = rust.library("neighbours_crates")["with_linfa"]

        def call() -> tuple[Any, Any]:
            indices, lengths = _empty(data)
            run(data.table, data.queries, K, tree, indices.ravel(), lengths.ravel())
            return indices, lengths

        return call

    return prepare


def _difference(found: Any, wanted: Any) -> float:
    """Compare the lengths; and the indices, of which a hundredth may differ where two rows are equally near."""
    unequal = float(np.mean(np.asarray(found[0]) != np.asarray(wanted[0])))
    return math.inf if unequal > 0.01 else relative(np.asarray(found[1]), np.asarray(wanted[1]))


_SIZES = tuple(Size.of(n, m, 16, count=n * m) for n, m in ((1_000, 200), (4_000, 1_000), (16_000, 4_000)))

JOB = Job(
    name="neighbours",
    title="Nearest neighbours",
    what=f"The {K} nearest rows of a table for each query, each query compared with every row.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-7,
    notes=(
        (
            "C is a little ahead of Rust where the table is small and every second tile holds a near row to insert; "
            "where insertions are few the two are equal."
        ),
    ),
    difference=_difference,
    flops=lambda size: 2.0 * size.count * size.numbers[2],
    without=NO_RUSTLEARN | NETWORKS_ONLY,
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=_SIZES[0].count),
        "sklearn": Lane(_sklearn, threads=(1, 2)),
        "numba": Lane(_numba, threads=(1, 2)),
        "c": Lane(_c, needs=("gcc",), threads=(1, 2)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "ndarray": Lane(_ndarray, needs=("rust", "crates")),
        "linfa": Lane(_linfa(tree=False), needs=("rust", "crates"), largest=_SIZES[1].count),
        "linfa kd-tree": Lane(
            _linfa(tree=True), needs=("rust", "crates"), largest=_SIZES[1].count, note="another algorithm: a k-d tree"
        ),
    },
)
