"""What models found, drawn and described: bars, groups of points, maps of labelled points. Taught in chapter 05.

Each function returns the figure as `course.plots.show` does, with an alternative text that is made of its numbers;
`finding` adds what a reader would see in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.plots import BLACK, FAINT, Shown, show

__all__ = ["show_bars", "show_groups", "show_maps"]

MARKERS = "osD^v"


def show_bars(heights: Sequence[float], *, names: tuple[str, str], caption: str = "") -> Shown:
    """Show a bar for each of 1, 2, 3, …; `names` says, with units, what is counted and what is measured."""
    places = range(1, len(heights) + 1)
    figure, axes = plt.subplots(figsize=(6.4, 2.5))
    axes.bar(places, heights)
    axes.set(xlabel=names[0], ylabel=names[1], xticks=places)
    axes.grid(visible=False, axis="x")
    told = ", ".join(f"{place}: {height:.1f}" for place, height in zip(places, heights, strict=True))
    over, measured = (" ".join(name.split()) for name in names)  # a name may be broken into two lines
    return show(figure, alt=f"Bar chart of {measured} over {over}. {told}", caption=caption)


def show_groups(
    points: NDArray[np.float64],
    groups: NDArray[np.integer],
    *,
    names: tuple[str, str],
    ringed: NDArray[np.bool_],
    ring: str,
    finding: str,
    caption: str = "",
) -> Shown:
    """Show points by group, with rings around some of them.

    points: (n, 2). groups: (n,) numbers from 0, at most five. ringed: (n,). names: both axes, with units. ring: what a
    ring means, for the legend.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    sizes = np.bincount(groups)
    for group, marker in zip(range(len(sizes)), MARKERS, strict=False):
        axes.plot(*points[groups == group].T, marker, ms=4, mew=0, label=f"group {group}")
    axes.plot(*points[ringed].T, "o", ms=11, mfc="none", color=BLACK, label=ring)
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.legend(fontsize=8)
    alt = f"Scatter plot of {names[1]} over {names[0]}: {len(sizes)} groups of {', '.join(map(str, sizes))} points. "
    return show(figure, alt=f"{alt}{int(ringed.sum())} are ringed: {ring}. {finding}", caption=caption)


def show_maps(maps: Mapping[str, NDArray[np.float64]], labels: ArrayLike, *, finding: str, caption: str = "") -> Shown:
    """Show maps beside each other, each point as its label; `maps` gives a title and the places, (n, 2), of each."""
    figure, row = plt.subplots(1, len(maps), figsize=(3.6 * len(maps), 4.4), squeeze=False)
    named = np.asarray(labels)
    for axes, (title, places) in zip(row[0], maps.items(), strict=True):
        axes.plot(*places.T, "o", ms=8, color=FAINT, mew=0)
        for place, label in zip(places, named, strict=True):
            axes.annotate(str(label), place, ha="center", va="center", fontsize=6)
        axes.set_title(title)
        axes.axis("off")
    alt = f"{len(maps)} maps of the same {len(named)} points, each drawn as its label: {', '.join(maps)}. {finding}"
    return show(figure, alt=alt, caption=caption)
