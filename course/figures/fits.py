"""Two figures of `04_rustlearn`, with words for those who do not see them: how fits go on, and where a line cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from course.plots import QUIET, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from course.plots import Shown

__all__ = ["show_learning", "show_thresholds"]


def show_learning(calls: Sequence[int], curves: Mapping[str, Sequence[float]], *, caption: str) -> Shown:
    """Show the share of flowers predicted right after so many calls of `fit`, a curve for each name."""
    figure, ax = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    alt = f"Share of the flowers predicted right over calls of fit, from {calls[0]:,} to {calls[-1]:,}."
    middle = len(calls) // 2
    for name, shares in curves.items():
        ax.plot(calls, shares, label=name)
        said = (f"{shares[at]:.2f} after {calls[at]:,}" for at in (0, middle, -1))
        alt += f" {name}: {', '.join(said)}."
    ax.set(xlabel="calls of fit (passes over the rows)", ylabel="share of flowers right")
    ax.set(xscale="log", ylim=(0.25, 1.02))
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.legend()
    return show(figure, alt=alt, caption=caption)


def show_thresholds(
    petal: NDArray[np.float64],
    virginica: NDArray[np.float32],
    lines: Mapping[str, tuple[float, float]],
    *,
    caption: str,
) -> Shown:
    """Show versicolor (0) and virginica (1) over the petal's length (cm), and a logistic curve for each line.

    lines: weight (per cm) and constant of each score, by name. A constant of 0 is a line through the origin.
    """
    lengths = np.linspace(0, 8, 200)
    figure, ax = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    for label, name, marker in ((0, "versicolor", "o"), (1, "virginica", "s")):
        there = petal[virginica == label]
        ax.plot(there, np.full(len(there), label), marker, alpha=0.35, label=name)
    alt = "Probability of virginica over petal length, 0 to 8 cm."
    for (name, (weight, constant)), style in zip(lines.items(), ("--", "-"), strict=True):
        ax.plot(lengths, 1 / (1 + np.exp(-(weight * lengths + constant))), style, marker="", label=name)
        crossing = f"at {-constant / weight:.2f} cm" if constant else "at 0 cm, and nowhere else"
        alt += f" The curve {name} is at one half {crossing}."
    ax.axhline(0.5, color=QUIET, lw=1, ls="-", marker="")
    ax.set(xlabel="petal length (cm)", ylabel="probability of virginica")
    ax.legend(fontsize=8)
    return show(figure, alt=alt, caption=caption)
