"""The figures of the chapter on arrays: one digit seen in several ways, nearest neighbours, likeness, who is faster.

Each function returns what `show` returns; the words for readers who do not see the figure are made of its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from course.data import Dataset
from course.plots import BLUE, QUIET, VERMILLION, Shown, show

__all__ = ["show_neighbours", "show_ratios", "show_similarity", "show_views"]


Matrix = NDArray[np.float64]
Indices = NDArray[np.intp]
Ratio = tuple[float, float, float]
"""How many times as fast, and the ends of its interval, as `Times.ratio` gives them."""


def show_views(views: Mapping[str, Matrix]) -> Shown:
    """Show views of one picture side by side, each with its steps in elements."""
    figure, axes = plt.subplots(1, len(views), figsize=(7.2, 2.3), squeeze=False)
    steps = {name: tuple(step // view.itemsize for step in view.strides) for name, view in views.items()}
    for ax, (name, view) in zip(axes.flat, views.items(), strict=True):
        ax.imshow(view, cmap="Greys")
        ax.set_title(f"{name}\nsteps {steps[name][0]}, {steps[name][1]}", fontsize=10)
        ax.axis("off")
        ax.set_anchor("N")  # titles side by side, whatever the shapes
    each = "; ".join(f"{name}, steps {down} and {across}" for name, (down, across) in steps.items())
    return show(
        figure,
        alt=f"One handwritten digit, {len(views)} times: {each}.",
        caption="One digit in one piece of memory. Only the first pixel, the shape and the steps (in elements) differ.",
    )


def show_neighbours(penguins: Dataset, one: int, found: Mapping[str, Indices]) -> Shown:
    """Show a penguin and its nearest, bill length over body mass: a panel for each way in which they were found."""
    figure, axes = plt.subplots(1, len(found), figsize=(7.2, 3.2), layout="constrained", squeeze=False)
    mass, bill = penguins.x[:, 3], penguins.x[:, 0]
    panels = []
    for ax, (way, rows) in zip(axes.flat, found.items(), strict=True):
        own = int((penguins.y[rows] == penguins.y[one]).sum())
        ax.plot(mass, bill, "o", color=QUIET, alpha=0.4, ms=4, mew=0, label="all penguins")
        ax.plot(mass[rows], bill[rows], "o", label=f"its {len(rows)} nearest")
        ax.plot(mass[one], bill[one], "D", label=f"number {one}")
        ax.set(title=f"{way}: {own} of its own species", xlabel="body mass (g)", ylabel="bill length (mm)")
        panels.append(
            f"{way}: {own} of its own species, body masses from {mass[rows].min():.0f} to {mass[rows].max():.0f} g, "
            f"bills from {bill[rows].min():.1f} to {bill[rows].max():.1f} mm"
        )
    axes.flat[-1].legend(loc="lower right", fontsize=8)
    return show(
        figure,
        alt="Scatter plots of bill length in mm over body mass in g, with a penguin of "
        f"{mass[one]:.0f} g and {bill[one]:.1f} mm and its nearest. {'; '.join(panels)}.",
        caption="One penguin and its nearest, found in four dimensions, drawn in two.",
    )


def show_similarity(similarity: Matrix, digits: NDArray[np.int64]) -> Shown:
    """Show how alike digits are, pair by pair. similarity: (n, n); digits: (n,), sorted."""
    kinds, starts = np.unique(digits, return_index=True)
    edges = np.append(starts, len(digits))
    middles = (edges[:-1] + edges[1:]) / 2
    blocks = np.add.reduceat(np.add.reduceat(similarity, starts, axis=0), starts, axis=1)
    blocks /= np.outer(np.diff(edges), np.diff(edges))
    own = np.diag(blocks)
    others = np.where(np.eye(len(kinds), dtype=bool), -np.inf, blocks)
    a, b = np.unravel_index(np.argmax(others), others.shape)

    figure, ax = plt.subplots(figsize=(6.0, 4.4))
    drawn = ax.imshow(similarity, cmap="viridis", interpolation="none")
    figure.colorbar(drawn, label="cosine similarity", shrink=0.8)
    ax.set_xticks(middles, [str(kind) for kind in kinds])
    ax.set_yticks(middles, [str(kind) for kind in kinds])
    ax.set(xlabel="digit", ylabel="digit")
    ax.grid(visible=False)
    return show(
        figure,
        alt=f"A heat map of the cosine similarity of {len(digits)} digits, sorted. The squares on the diagonal are "
        f"bright, on average from {own.min():.2f} (digit {kinds[own.argmin()]}) to {own.max():.2f} "
        f"(digit {kinds[own.argmax()]}); of two different digits, {kinds[a]} and {kinds[b]} are most alike, "
        f"{blocks[a, b]:.2f}.",
        caption=f"{len(digits)} digits, each compared with each: the brighter, the more alike.",
    )


def show_ratios(ratios: Mapping[str, Ratio]) -> Shown:
    """Show of each job how many times as fast as NumPy Rust is, with its interval."""
    figure, ax = plt.subplots(figsize=(7.2, 0.9 + len(ratios) / 3))
    ax.axvline(1, color=QUIET, lw=1)
    for name, (ratio, low, high) in ratios.items():
        colour = BLUE if low > 1 else VERMILLION if high < 1 else QUIET
        ax.plot([low, high], [name, name], "-", color=colour, lw=7, alpha=0.3, solid_capstyle="butt")
        ax.plot([1, ratio], [name, name], "-o", color=colour, lw=2, markevery=[1])
        ax.annotate(f"{ratio:.2f}", (ratio, name), (0, 7), textcoords="offset points", ha="center", fontsize=9)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.margins(x=0.15)
    ax.set(xlabel="times as fast as NumPy (left of 1: Rust is slower)", ylabel="job")
    ax.set_ylim(len(ratios) - 0.4, -0.8)
    each = "; ".join(f"{name} {ratio:.2f} ({low:.2f} to {high:.2f})" for name, (ratio, low, high) in ratios.items())
    return show(
        figure,
        alt=f"How many times as fast as NumPy Rust does each job, with a 95 % interval: {each}.",
        caption="Blue: Rust is faster; red: NumPy is faster; grey: no difference found. Pale: the 95 % interval.",
    )
