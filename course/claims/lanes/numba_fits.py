"""numba lanes of the fits that need more than one loop: sums of products and what is solved from them, and a tree.

As in `numba_kernels.py`, each kernel is compiled twice: for one thread, and with its `prange` loops shared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange

from course.claims.lanes.numba_kernels import FAST

_PARTS = 8  # the rows are summed in so many parts, whatever the number of threads: the sums are then the same


def _quick(kernel: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = njit(cache=True, fastmath=FAST, error_model="numpy")(kernel)
    return compiled


def _quick_parallel(kernel: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any] = njit(cache=True, fastmath=FAST, error_model="numpy", parallel=True)(kernel)
    return compiled


@_quick
def _add_products(sums: Any, lines: Any, weights: Any, count: int) -> None:
    """Add the weighted products of every two columns (upper triangle) of some rows, four rows at a time."""
    width = lines.shape[1]
    full = count - count % 4
    for i in range(0, full, 4):
        for j in range(width):
            a, b = lines[i, j] * weights[i], lines[i + 1, j] * weights[i + 1]
            c, d = lines[i + 2, j] * weights[i + 2], lines[i + 3, j] * weights[i + 3]
            for k in range(j, width):
                sums[j, k] += a * lines[i, k] + b * lines[i + 1, k] + c * lines[i + 2, k] + d * lines[i + 3, k]
    for i in range(full, count):
        for j in range(width):
            a = lines[i, j] * weights[i]
            for k in range(j, width):
                sums[j, k] += a * lines[i, k]


@_quick
def _mirror(sums: Any) -> Any:
    """Fill the lower triangle from the upper."""
    for j in range(len(sums)):
        for k in range(j):
            sums[j, k] = sums[k, j]
    return sums


def _gram(x: Any, y: Any) -> Any:
    """Return the sums of products of all columns of x, of y and of ones, each column less its first number."""
    n, d = x.shape
    first = x[0].copy()
    parts = np.zeros((_PARTS, d + 2, d + 2))
    for part in prange(_PARTS):
        lines, weights = np.ones((64, d + 2)), np.ones(64)
        for start in range(n * part // _PARTS, n * (part + 1) // _PARTS, 64):
            stop = min(start + 64, n * (part + 1) // _PARTS)
            for i in range(start, stop):
                for j in range(d):
                    lines[i - start, j] = x[i, j] - first[j]
                lines[i - start, d] = y[i] - y[0]
            _add_products(parts[part], lines, weights, stop - start)
    return _mirror(parts.sum(axis=0))


_gram_one, _gram_two = _quick(_gram), _quick_parallel(_gram)


@_quick
def _line(x: Any, y: Any, sums: Any) -> Any:
    n, d = x.shape
    mean = sums[: d + 1, d + 1] / n
    centred = sums[: d + 1, : d + 1] - n * np.outer(mean, mean)
    weights = np.linalg.solve(centred[:d, :d].copy(), centred[:d, d].copy())
    out = np.empty(d + 1)
    out[:d] = weights
    out[d] = y[0] + mean[d]
    for j in range(d):
        out[d] -= weights[j] * (x[0, j] + mean[j])
    return out


@_quick
def _components(x: Any, sums: Any, k: int) -> Any:
    n, d = x.shape
    mean = sums[:d, d + 1] / n
    values, vectors = np.linalg.eigh((sums[:d, :d] - n * np.outer(mean, mean)) / (n - 1))
    out, variances = np.empty((k, d)), np.empty(k)
    for i in range(k):
        variances[i] = values[d - 1 - i]
        out[i] = vectors[:, d - 1 - i]
    return out, variances


@_quick
def least_squares(x: Any, y: Any) -> Any:
    """Fit a linear model by the normal equations."""
    return _line(x, y, _gram_one(x, y))


@_quick
def least_squares_parallel(x: Any, y: Any) -> Any:
    """As `least_squares`; threads share the rows."""
    return _line(x, y, _gram_two(x, y))


@_quick
def pca(x: Any, k: int) -> Any:
    """Find components and variances from the covariance matrix."""
    return _components(x, _gram_one(x, x[:, 0]), k)


@_quick
def pca_parallel(x: Any, k: int) -> Any:
    """As `pca`; threads share the rows."""
    return _components(x, _gram_two(x, x[:, 0]), k)


def _newton(x: Any, y: Any, penalty: float) -> Any:
    n, d = x.shape
    weights = np.zeros(d + 1)
    for _ in range(50):
        parts = np.zeros((_PARTS, d + 1, d + 1))
        gradients = np.zeros((_PARTS, d + 1))
        for part in prange(_PARTS):
            lines, curves = np.ones((64, d + 1)), np.empty(64)
            gradient = np.zeros(d + 1)
            for start in range(n * part // _PARTS, n * (part + 1) // _PARTS, 64):
                stop = min(start + 64, n * (part + 1) // _PARTS)
                for i in range(start, stop):
                    z = weights[d]
                    for j in range(d):
                        lines[i - start, j] = x[i, j]
                        z += x[i, j] * weights[j]
                    chance = 1 / (1 + math.exp(-z))
                    curves[i - start] = chance * (1 - chance)
                    for j in range(d + 1):
                        gradient[j] += (chance - y[i]) * lines[i - start, j]
                _add_products(parts[part], lines, curves, stop - start)
            gradients[part] = gradient
        curvature, slope = _mirror(parts.sum(axis=0)), gradients.sum(axis=0)
        for j in range(d):
            curvature[j, j] += penalty
            slope[j] += penalty * weights[j]
        change = np.linalg.solve(curvature, slope)
        weights -= change
        if np.abs(change).max() < 1e-7:
            break
    return weights


newton = _quick(_newton)
newton_parallel = _quick_parallel(_newton)


@_quick
def _best_cut(values: Any, classes: Any, order: Any, counts: Any) -> Any:
    """Return the score of the best place to cut sorted rows, and the place; the score is -1 where there is none."""
    left, right = np.zeros(len(counts)), counts.copy()
    squares, others = 0.0, 0.0
    for c in range(len(counts)):
        others += counts[c] * counts[c]
    best, place, n = -1.0, 0, len(order)
    for i in range(n - 1):
        row = order[i]
        c = classes[row]
        squares += 2 * left[c] + 1
        others -= 2 * right[c] - 1
        left[c] += 1
        right[c] -= 1
        if values[order[i + 1]] > values[row] + np.float32(1e-7):
            score = squares / (i + 1) + others / (n - i - 1)
            if score > best:
                best, place = score, i + 1
    return best, place


def _tree(x: Any, y: Any, test: Any, depth: int) -> Any:
    """Grow one level after the other on columns that are sorted once; threads share the columns."""
    n, d = x.shape
    classes = y.max() + 1
    columns = x.T.astype(np.float32)
    orders = np.empty((d, n), dtype=np.int64)
    for j in prange(d):
        orders[j] = np.argsort(columns[j], kind="mergesort")
    room = 2 ** (depth + 1)
    features, thresholds = np.full(room, -1), np.zeros(room)  # the children of node i are 2i and 2i + 1
    answers = np.zeros(room, dtype=np.int64)
    starts, ends, middles = np.zeros(room, np.int64), np.zeros(room, np.int64), np.zeros(room, np.int64)
    ends[1] = n
    left = np.zeros(n, dtype=np.bool_)
    scores, places = np.zeros((d, room)), np.zeros((d, room), dtype=np.int64)
    counts = np.zeros((room, classes))
    for level in range(depth + 1):
        first, last = 2**level, 2 ** (level + 1)
        for node in range(first, last):
            for i in range(starts[node], ends[node]):
                counts[node, y[orders[0, i]]] += 1
            answers[node] = counts[node].argmax()
        if level == depth:
            break
        for j in prange(d):
            for node in range(first, last):
                rows = ends[node] - starts[node]
                if rows > 1 and counts[node, answers[node]] < rows:
                    order = orders[j, starts[node] : ends[node]]
                    scores[j, node], places[j, node] = _best_cut(columns[j], y, order, counts[node])
                else:
                    scores[j, node] = -1
        for node in range(first, last):
            best = scores[:, node].argmax()
            if scores[best, node] < 0:
                continue
            middle = starts[node] + places[best, node]
            low, high = columns[best, orders[best, middle - 1]], columns[best, orders[best, middle]]
            features[node], thresholds[node], middles[node] = best, low / 2.0 + high / 2.0, middle
            for i in range(starts[node], ends[node]):
                left[orders[best, i]] = i < middle
            starts[2 * node], ends[2 * node] = starts[node], middle
            starts[2 * node + 1], ends[2 * node + 1] = middle, ends[node]
        for j in prange(d):
            spare = np.empty(n, dtype=np.int64)
            for node in range(first, last):
                if features[node] < 0 or features[node] == j:
                    continue
                kept, moved = starts[node], 0
                for i in range(starts[node], ends[node]):
                    row = orders[j, i]
                    orders[j, kept] = row
                    spare[moved] = row
                    kept += left[row]
                    moved += not left[row]
                orders[j, kept : ends[node]] = spare[:moved]
    out = np.empty(len(test), dtype=np.int64)
    for i in prange(len(test)):
        node = 1
        while features[node] >= 0:
            node = 2 * node + (test[i, features[node]] > thresholds[node])
        out[i] = answers[node]
    return out


tree = _quick(_tree)
tree_parallel = _quick_parallel(_tree)
