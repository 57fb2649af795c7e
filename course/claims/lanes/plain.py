"""Linear algebra for the lanes of plain Python: what a matrix of a few dozen columns needs, with lists."""

from __future__ import annotations

import math

__all__ = ["eigen", "products", "solve"]

Rows = list[list[float]]


def products(columns: Rows) -> Rows:
    """Return the sums of products of every two columns."""
    return [[sum([u * v for u, v in zip(a, b, strict=True)]) for b in columns] for a in columns]


def solve(upper: Rows, right: list[float]) -> list[float]:
    """Solve for a symmetric positive definite matrix, of which the upper triangle is read (Cholesky's factors)."""
    n = len(right)
    factor: Rows = []  # row i: column i of the lower factor, from the diagonal down, is kept as its transpose
    for i in range(n):
        row = upper[i][i:]
        for k in range(i):
            by = factor[k][i - k]
            row = [v - by * u for v, u in zip(row, factor[k][i - k :], strict=True)]
        root = math.sqrt(row[0])
        factor.append([v / root for v in row])
    out = list(right)
    for i in range(n):
        out[i] /= factor[i][0]
        for j in range(i + 1, n):
            out[j] -= factor[i][j - i] * out[i]
    for i in reversed(range(n)):
        out[i] = (out[i] - sum([f * v for f, v in zip(factor[i][1:], out[i + 1 :], strict=True)])) / factor[i][0]
    return out


def eigen(matrix: Rows) -> tuple[list[float], Rows]:
    """Return eigenvalues and eigenvectors (as rows) of a symmetric matrix, by Jacobi's rotations."""
    n = len(matrix)
    a = [list(row) for row in matrix]
    vectors = [[float(i == j) for j in range(n)] for i in range(n)]
    total = sum([v * v for row in a for v in row])
    while sum([a[p][q] ** 2 for p in range(n) for q in range(p)]) > 1e-24 * total:
        for p in range(n - 1):
            for q in range(p + 1, n):
                if a[p][q] == 0:
                    continue
                tau = (a[q][q] - a[p][p]) / (2 * a[p][q])
                t = math.copysign(1, tau) / (abs(tau) + math.sqrt(1 + tau * tau))
                c = 1 / math.sqrt(1 + t * t)
                s = t * c
                for rows in (a, vectors):
                    x, y = rows[p], rows[q]
                    rows[p] = [c * u - s * v for u, v in zip(x, y, strict=True)]
                    rows[q] = [s * u + c * v for u, v in zip(x, y, strict=True)]
                for row in a:
                    row[p], row[q] = c * row[p] - s * row[q], s * row[p] + c * row[q]
    return [a[i][i] for i in range(n)], vectors
