"""Training steps of a small network: one hidden layer, ReLU, cross-entropy, plain gradient descent.

Each call takes five steps and returns their losses, which agree only where the gradients do. In every lane the
parameters change in place, as in training; all numbers are float64.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NO_RUSTLEARN

STEPS, RATE = 5, 0.01


class _Data(NamedTuple):
    x: Any  # (batch, inputs)
    y: Any  # (batch,)
    parameters: Any  # hidden weights, their offsets, output weights, their offsets, one after the other
    shape: tuple[int, int, int]  # inputs, hidden, classes

    def parts(self, flat: Any) -> tuple[Any, Any, Any, Any]:
        """Return the four parameters as views of one array."""
        inputs, hidden, classes = self.shape
        ends = np.cumsum([inputs * hidden, hidden, hidden * classes])
        w1, b1, w2, b2 = np.split(flat, ends)
        return w1.reshape(inputs, hidden), b1, w2.reshape(hidden, classes), b2


def _make(size: Size, seed: int) -> _Data:
    batch, inputs, hidden, classes = size.numbers
    rng = np.random.default_rng(seed)
    w1 = rng.normal(0, np.sqrt(2 / inputs), inputs * hidden)
    w2 = rng.normal(0, np.sqrt(2 / hidden), hidden * classes)
    parameters = np.concatenate([w1, np.zeros(hidden), w2, np.zeros(classes)])
    x = rng.normal(size=(batch, inputs))
    return _Data(x, rng.integers(classes, size=batch), parameters, (inputs, hidden, classes))


def _numpy(data: _Data, threads: int) -> Call:
    x, y = data.x, data.y
    w1, b1, w2, b2 = data.parts(data.parameters.copy())
    n, rows = len(x), np.arange(len(x))

    def call() -> Any:
        losses = []
        for _ in range(STEPS):
            h = x @ w1
            h += b1
            np.maximum(h, 0, out=h)
            z = h @ w2
            z += b2
            z -= z.max(axis=1, keepdims=True)
            own = z[rows, y]
            np.exp(z, out=z)
            total = z.sum(axis=1, keepdims=True)
            losses.append(float((np.log(total[:, 0]) - own).mean()))
            z /= total * n
            z[rows, y] -= 1 / n
            back = z @ w2.T
            back *= h > 0
            w2[...] -= RATE * (h.T @ z)
            b2[...] -= RATE * z.sum(axis=0)
            w1[...] -= RATE * (x.T @ back)
            b1[...] -= RATE * back.sum(axis=0)
        return losses

    return call


def _python(data: _Data, threads: int) -> Call:
    x, y = data.x.tolist(), data.y.tolist()
    w1, b1, w2, b2 = (part.tolist() for part in data.parts(data.parameters))
    columns, n = [list(column) for column in zip(*x, strict=True)], len(x)

    def product(a: Any, columns_of_b: Any) -> list[list[float]]:
        return [[sum([u * v for u, v in zip(row, column, strict=True)]) for column in columns_of_b] for row in a]

    def step(weights: Any, offsets: Any, inputs: Any, slopes: Any) -> None:
        columns_of_slopes = [list(column) for column in zip(*slopes, strict=True)]
        for row, change in zip(weights, product(inputs, columns_of_slopes), strict=True):
            row[:] = [w - RATE * c for w, c in zip(row, change, strict=True)]
        offsets[:] = [b - RATE * sum(column) for b, column in zip(offsets, columns_of_slopes, strict=True)]

    def call() -> list[float]:
        losses = []
        for _ in range(STEPS):
            sums = product(x, list(zip(*w1, strict=True)))
            h = [[max(v + b, 0.0) for v, b in zip(row, b1, strict=True)] for row in sums]
            loss, z = 0.0, []
            for row, label in zip(product(h, list(zip(*w2, strict=True))), y, strict=True):
                scores = [v + b for v, b in zip(row, b2, strict=True)]
                top = max(scores)
                powers = [math.exp(v - top) for v in scores]
                total = sum(powers)
                loss += math.log(total) - scores[label] + top
                slopes = [p / (total * n) for p in powers]
                slopes[label] -= 1 / n
                z.append(slopes)
            losses.append(loss / n)
            back = [
                [g if v > 0 else 0.0 for g, v in zip(row, hidden, strict=True)]
                for row, hidden in zip(product(z, w2), h, strict=True)
            ]
            step(w2, b2, list(zip(*h, strict=True)), z)
            step(w1, b1, columns, back)
        return losses

    return call


def _torch(data: _Data, threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    parameters = [torch.from_numpy(part.copy()).requires_grad_() for part in data.parts(data.parameters)]
    optimizer = torch.optim.SGD(parameters, lr=RATE)

    def call() -> Any:
        losses = []
        for _ in range(STEPS):
            scores = torch.addmm(parameters[1], x, parameters[0]).relu()
            loss = torch.nn.functional.cross_entropy(torch.addmm(parameters[3], scores, parameters[2]), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return call


def _c(data: _Data, threads: int) -> Call:
    run, parameters = c.function("mlp_step", "train"), data.parameters.copy()

    def call() -> Any:
        losses = np.empty(STEPS)
        run(data.x, data.y, parameters, len(data.x), *data.shape, RATE, STEPS, losses)
        return losses

    return call


def _rust(data: _Data, threads: int) -> Call:
    run, parameters = rust.library("common", "mlp_step")["train"], data.parameters.copy()
    return lambda: run(data.x.ravel(), data.y, parameters, *data.shape, RATE, STEPS, threads)


def _ndarray(data: _Data, threads: int) -> Call:
    run, parts = rust.library("mlp_step_crates")["with_ndarray"], data.parts(data.parameters.copy())
    return lambda: run(data.x, data.y, *parts, RATE, STEPS)


def _tch(data: _Data, threads: int) -> Call:
    library, parameters = rust.library("mlp_step_tch"), data.parameters.copy()
    library["set_threads"](threads)
    return lambda: library["with_tch"](data.x.ravel(), data.y, parameters, *data.shape, RATE, STEPS)


_SHAPES = ((32, 16, 32, 2), (64, 64, 64, 10), (256, 784, 256, 10))
_SIZES = tuple(Size.of(*s, text=f"batch {s[0]}, {s[1]}-{s[2]}-{s[3]}", count=s[0] * s[1] * s[2]) for s in _SHAPES)

JOB = Job(
    name="mlp_step",
    title="Training steps of a small network",
    what=f"{STEPS} steps of gradient descent for a network with one hidden layer.",
    sizes=_SIZES,
    make=_make,
    tolerance=1e-10,
    flops=lambda size: STEPS * 4.0 * size.count,
    without={
        "numba": "what takes time is four products of matrices, which numba hands to the BLAS that NumPy calls",
        "sklearn": "MLPClassifier makes one output of two classes: it would train another network at the smallest size",
        "linfa": "linfa has no networks",
        **NO_RUSTLEARN,
    },
    lanes={
        "numpy": Lane(_numpy, threads=(1, 2)),
        "python": Lane(_python, largest=_SIZES[0].count),
        "torch": Lane(_torch, needs=("torch",), threads=(1, 2)),
        "tch": Lane(_tch, needs=("tch",), threads=(1, 2)),
        "c": Lane(_c, needs=("gcc",)),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2)),
        "ndarray": Lane(_ndarray, needs=("rust", "crates")),
    },
)
