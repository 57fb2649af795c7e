"""numba lanes: loops in Python, compiled at their first call and kept on disk.

`FAST` allows sums to be reordered and a product to be fused with a sum, as the C and Rust lanes do by hand, but not to
assume that there are no NaNs. A kernel with `parallel=True` shares its `prange` loops among numba's threads.

    call = ready(standardise, x)      # compiled, or read from disk; a call without arguments
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import filelock
import numpy as np
from numba import njit, prange

from course.rust.places import cache_root

FAST = {"reassoc", "contract", "arcp", "nsz"}
_quick = njit(cache=True, fastmath=FAST, error_model="numpy")
_quick_parallel = njit(cache=True, fastmath=FAST, error_model="numpy", parallel=True)


def ready(kernel: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Compile a kernel for these arguments, or read it from disk; return the call.

    One process at a time: numba keeps an index and the code in two files, and a reader between the two finds neither.
    """
    place = cache_root() / "lanes"
    place.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(place / "numba.lock"):
        kernel(*arguments)
    return lambda: kernel(*arguments)


def _standardise(x: Any) -> Any:
    rows, columns = x.shape
    parts = 8
    sums = np.zeros((parts, columns))
    for part in prange(parts):
        for i in range(rows * part // parts, rows * (part + 1) // parts):
            for j in range(columns):
                sums[part, j] += x[i, j]
    mean = sums.sum(axis=0) / rows
    squares = np.zeros((parts, columns))
    for part in prange(parts):
        for i in range(rows * part // parts, rows * (part + 1) // parts):
            for j in range(columns):
                off = x[i, j] - mean[j]
                squares[part, j] += off * off
    deviation = np.sqrt(squares.sum(axis=0) / rows)
    factor = np.ones(columns)
    for j in range(columns):
        if deviation[j] > 0:
            factor[j] = 1 / deviation[j]
    out = np.empty_like(x)
    for i in prange(rows):
        for j in range(columns):
            out[i, j] = (x[i, j] - mean[j]) * factor[j]
    return out


standardise = _quick(_standardise)
standardise_parallel = _quick_parallel(_standardise)


def _distances(a: Any, b: Any) -> Any:
    m, n, d = len(a), len(b), a.shape[1]
    turned = b.T.copy()  # the loop over b's rows is then one over neighbours in memory
    out = np.empty((m, n))
    for i in prange(m):
        row = out[i]
        for j in range(n):
            row[j] = 0.0
        for p in range(d):
            value = a[i, p]
            for j in range(n):
                off = value - turned[p, j]
                row[j] += off * off
        for j in range(n):
            row[j] = math.sqrt(row[j])
    return out


distances = _quick(_distances)
distances_parallel = _quick_parallel(_distances)


def _neighbours(table: Any, queries: Any, k: int) -> Any:
    m, n, d = len(queries), len(table), table.shape[1]
    turned = table.T.copy()
    indices = np.zeros((m, k), dtype=np.int64)
    lengths = np.full((m, k), np.inf)
    block = 1024
    for i in prange(m):
        squared = np.empty(block)
        for start in range(0, n, block):
            stop = min(start + block, n)
            for j in range(stop - start):
                squared[j] = 0.0
            for p in range(d):
                value = queries[i, p]
                for j in range(stop - start):
                    off = value - turned[p, start + j]
                    squared[j] += off * off
            for j in range(stop - start):
                if squared[j] < lengths[i, k - 1]:
                    place = k - 1
                    while place > 0 and lengths[i, place - 1] > squared[j]:
                        lengths[i, place] = lengths[i, place - 1]
                        indices[i, place] = indices[i, place - 1]
                        place -= 1
                    lengths[i, place] = squared[j]
                    indices[i, place] = start + j
        for j in range(k):
            lengths[i, j] = math.sqrt(lengths[i, j])
    return indices, lengths


neighbours = _quick(_neighbours)
neighbours_parallel = _quick_parallel(_neighbours)


def _matmul(a: Any, b: Any) -> Any:
    n = len(a)
    out = np.zeros((n, n))
    for i in prange(n):
        for p in range(n):
            value = a[i, p]
            for j in range(n):
                out[i, j] += value * b[p, j]
    return out


matmul = _quick(_matmul)
matmul_parallel = _quick_parallel(_matmul)


def _softmax(x: Any) -> Any:
    rows, columns = x.shape
    out = np.empty_like(x)
    for i in prange(rows):
        top = -np.inf
        for j in range(columns):
            top = max(top, x[i, j])
        total = 0.0
        for j in range(columns):
            out[i, j] = math.exp(x[i, j] - top)
            total += out[i, j]
        factor = 1 / total
        for j in range(columns):
            out[i, j] *= factor
    return out


softmax = _quick(_softmax)
softmax_parallel = _quick_parallel(_softmax)


def _kmeans(x: Any, start: Any, rounds: int) -> Any:
    (n, d), k = x.shape, len(start)
    centroids = start.copy()
    labels = np.empty(n, dtype=np.int64)
    parts = 8
    inertia = np.zeros(parts)
    for number in range(rounds + 1):
        sums = np.zeros((parts, k, d))
        counts = np.zeros((parts, k))
        inertia[:] = 0.0
        for part in prange(parts):
            for i in range(n * part // parts, n * (part + 1) // parts):
                least, nearest = np.inf, 0
                for c in range(k):
                    squared = 0.0
                    for j in range(d):
                        off = x[i, j] - centroids[c, j]
                        squared += off * off
                    if squared < least:
                        least, nearest = squared, c
                labels[i] = nearest
                inertia[part] += least
                counts[part, nearest] += 1
                for j in range(d):
                    sums[part, nearest, j] += x[i, j]
        if number < rounds:
            total, count = sums.sum(axis=0), counts.sum(axis=0)
            for c in range(k):
                for j in range(d):
                    centroids[c, j] = total[c, j] / count[c]
    return centroids, labels, inertia.sum()


kmeans = _quick(_kmeans)
kmeans_parallel = _quick_parallel(_kmeans)


def _descend(x: Any, y: Any, rounds: int, rate: float) -> Any:
    n, d = x.shape
    weights = np.zeros(d + 1)
    parts = 8
    for _ in range(rounds):
        gradients = np.zeros((parts, d + 1))
        for part in prange(parts):
            gradient = np.zeros(d + 1)
            for i in range(n * part // parts, n * (part + 1) // parts):
                z = weights[d]
                for j in range(d):
                    z += x[i, j] * weights[j]
                off = 1 / (1 + math.exp(-z)) - y[i]
                for j in range(d):
                    gradient[j] += x[i, j] * off
                gradient[d] += off
            gradients[part] = gradient
        weights -= rate / n * gradients.sum(axis=0)
    return weights


descend = _quick(_descend)
descend_parallel = _quick_parallel(_descend)


def _streaming(x: Any, rate: float) -> Any:
    out = np.empty_like(x)
    mean, variance = 0.0, 1.0
    for i in range(len(x)):
        limit = 3 * math.sqrt(variance)
        off = x[i] - mean
        off = max(min(off, limit), -limit)
        mean += rate * off
        variance = (1 - rate) * (variance + rate * off * off)
        out[i] = mean
    return out, variance


streaming = _quick(_streaming)


def _edit_distance(a: Any, b: Any) -> int:
    row = np.arange(len(b) + 1).astype(np.int32)
    for i in range(len(a)):
        corner = row[0]
        left = np.int32(i + 1)
        row[0] = left
        for j in range(len(b)):
            changed = corner + np.int32(a[i] != b[j])
            corner = row[j + 1]
            left = min(changed, corner + np.int32(1), left + np.int32(1))
            row[j + 1] = left
    return int(row[len(b)])


edit_distance = _quick(_edit_distance)
edit_distance_nogil = njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)(_edit_distance)


def _predict(row: Any, weights: Any, intercept: float) -> float:
    z = intercept
    for j in range(len(row)):
        z += row[j] * weights[j]
    return 1 / (1 + math.exp(-z))


predict = _quick(_predict)
