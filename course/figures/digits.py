"""Two figures of `06_tch`, each with the words for those who do not see it: what a step taught, and how losses fell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from course.plots import BLACK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_curves", "draw_weights"]


def draw_weights(weights: ArrayLike) -> tuple[Figure, str]:
    """Draw the weights of ten digits' scores as pictures, red above zero and blue below, and say it in words.

    weights: (64, 10), a column for each digit.
    """
    pictures = np.asarray(weights, dtype=np.float64).T.reshape(10, 8, 8)
    limit = np.abs(pictures).max()
    figure, axes = plt.subplots(2, 5, figsize=(7.2, 3.2))
    for digit, ax in enumerate(axes.flat):
        ax.imshow(pictures[digit], cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set_title(f"score of {digit}", fontsize=10)
        ax.axis("off")

    reddest = [divmod(int(picture.argmax()), 8) for picture in pictures]
    blue = np.flatnonzero(pictures[:, 3:5, 3:5].mean(axis=(1, 2)) < 0)
    alt = (
        "Ten pictures of 8 by 8 pixels, one for each digit's score: red where more ink raises it, blue where it lowers "
        "it. The reddest pixel of each, as row and column from the top left corner: "
        + "; ".join(f"{digit}: {row + 1}, {column + 1}" for digit, (row, column) in enumerate(reddest))
        + f". The middle is blue for {', '.join(map(str, blue)) or 'none'}. Largest weight: {limit:.3f}."
    )
    return figure, alt


def draw_curves(losses: Mapping[str, ArrayLike]) -> tuple[Figure, str]:
    """Draw two losses over the steps, the first as a wide pale line and the second dashed on it, and say it in words.

    losses: the mean cross-entropy (nats) before each step, by the name of who trained.
    """
    (wide, under), (dashed, over) = ((name, np.asarray(curve)) for name, curve in losses.items())
    figure, ax = plt.subplots(figsize=(6.4, 3.2))
    ax.plot(under, lw=6, alpha=0.35, marker="", ls="-", label=wide)
    ax.plot(over, lw=1.6, color=BLACK, marker="", ls="--", label=dashed)
    ax.set(xlabel="step of gradient descent", ylabel="mean cross-entropy (nats)", ylim=(0, None))
    ax.legend()
    alt = (
        f"Loss over {len(under)} steps, in nats. {wide}, a wide pale line: from {under[0]:.2f} to {under[-1]:.2f}; "
        f"{dashed}, a dashed line: from {over[0]:.2f} to {over[-1]:.2f}. "
        f"Where they are farthest apart, {np.abs(under - over).max():.1e} lies between them."
    )
    return figure, alt
