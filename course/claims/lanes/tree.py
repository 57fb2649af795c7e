"""Decision tree: a classification tree of depth eight by Gini's measure, fitted exactly, and used on new rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size, relative
from course.claims.lanes.reasons import NETWORKS_ONLY

DEPTH = 8


class _Data(NamedTuple):
    x: Any  # (n, d), numbers that f32 can hold: scikit-learn and rustlearn compute with those
    y: Any  # (n,), 0 or 1
    test: Any  # (n // 4, d)


def _make(size: Size, seed: int) -> _Data:
    n, d = size.numbers
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n + n // 4, d)).astype(np.float32).astype(np.float64)
    score = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3] + rng.normal(0, 0.3, len(x))
    return _Data(x[:n].copy(), (score[:n] > 0).astype(np.int64), x[n:].copy())


def _sklearn(data: _Data, threads: int) -> Call:
    from sklearn.tree import DecisionTreeClassifier

    x, y, test = data
    return lambda: DecisionTreeClassifier(max_depth=DEPTH, random_state=0).fit(x, y).predict(test)


def _python(data: _Data, threads: int) -> Call:
    columns, y, test = data.x.T.tolist(), data.y.tolist(), data.test.tolist()

    def best_cut(rows: list[int], column: list[float], ones: int) -> tuple[float, float]:
        order = sorted(rows, key=column.__getitem__)
        n, left, best, threshold = len(order), 0, -1.0, 0.0
        value = column[order[0]]
        for i in range(1, n):
            left += y[order[i - 1]]
            before, value = value, column[order[i]]
            if value > before + 1e-7:
                right = ones - left
                score = (left**2 + (i - left) ** 2) / i + (right**2 + (n - i - right) ** 2) / (n - i)
                if score > best:
                    best, threshold = score, (before + value) / 2
        return best, threshold

    def grow(rows: list[int], depth: int) -> Any:
        ones = sum([y[row] for row in rows])
        answer = int(2 * ones > len(rows))
        if depth == 0 or ones in (0, len(rows)):
            return answer
        cuts = [best_cut(rows, column, ones) for column in columns]
        best = max(range(len(cuts)), key=cuts.__getitem__)
        (score, threshold), column = cuts[best], columns[best]
        if score < 0:
            return answer
        sides = ([row for row in rows if column[row] <= threshold], [row for row in rows if column[row] > threshold])
        return best, threshold, *(grow(side, depth - 1) for side in sides)

    def call() -> list[int]:
        tree, classes = grow(list(range(len(y))), DEPTH), []
        for row in test:
            node = tree
            while not isinstance(node, int):
                node = node[3] if row[node[0]] > node[1] else node[2]
            classes.append(node)
        return classes

    return call


def _numba(data: _Data, threads: int) -> Call:
    from course.claims.lanes import numba_fits, numba_kernels

    kernel = numba_fits.tree if threads == 1 else numba_fits.tree_parallel
    return numba_kernels.ready(kernel, data.x, data.y, data.test, DEPTH)


def _c(data: _Data, threads: int) -> Call:
    run, (x, y, test) = c.function("tree", "tree"), data

    def call() -> Any:
        out = np.empty(len(test), dtype=np.int64)
        run(x, y, *x.shape, DEPTH, test, len(test), out)
        return out

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, (x, y, test) = rust.library("common", "tree")["tree"], data
    return lambda: run(x.ravel(), y, x.shape[1], DEPTH, test.ravel(), threads)


def _crates(name: str) -> Any:
    def prepare(data: _Data, threads: int) -> Call:
        run, (x, y, test) = rust.library("tree_crates")[name], data
        return lambda: run(x, y, DEPTH, test)

    return prepare


_SIZES = (Size.of(1_000, 10), Size.of(4_000, 10), Size.of(16_000, 10), Size.of(64_000, 10))
_TIES = "where two cuts are equally good it may take another than scikit-learn, and so may the branches below"
_FROM_FIT_TO_FIT = (
    "two fits of the same rows may differ (30 fits of 1,000 rows: 3.6 to 5.6 % of the new rows got another class than "
    "from scikit-learn)"
)

JOB = Job(
    name="tree",
    title="Decision tree",
    what=f"A classification tree of depth {DEPTH}, fitted exactly, and its classes for new rows.",
    sizes=_SIZES,
    make=_make,
    tolerance=0.05,  # cuts that are equally good are equally right
    differs="the new rows (they get another class)",
    difference=lambda found, wanted: relative(np.asarray(found), np.asarray(wanted)),
    notes=(
        f"Small nodes have ties: {_TIES}.",
        (
            "C is ahead of Rust where rows are parted: each row's place depends on the data, so Rust checks three "
            "indices for every row, and the compiler can prove none of them."
        ),
    ),
    uncounted="it compares and counts: how often depends on the data, and floating-point operations are few",
    without={
        "numpy": "which rows a node has decides what comes next: no combination of array functions grows a tree",
        "ndarray": "ndarray has no trees, and its loops would be those of the lane in Rust",
        **NETWORKS_ONLY,
    },
    lanes={
        "sklearn": Lane(_sklearn),
        "python": Lane(_python, largest=_SIZES[0].count, note=f"sorts anew in each node; {_TIES}"),
        "numba": Lane(_numba, threads=(1, 2), note="grows level by level, on one thread as on two"),
        "c": Lane(_c, needs=("gcc",)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2), note="on two threads it grows level by level"),
        "linfa": Lane(_crates("with_linfa"), needs=("rust", "crates"), agrees=0.1, note=f"{_TIES}; {_FROM_FIT_TO_FIT}"),
        "rustlearn": Lane(
            _crates("with_rustlearn"), needs=("rust", "crates"), agrees=0.15, note=f"computes in f32; {_TIES}"
        ),
    },
)
