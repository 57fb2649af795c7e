"""Figures of chapters 00 and 01 whose drawing is not the lesson: each takes data and returns a figure for `show`.

digits_in_a_row(images, above)          images of 8 by 8 pixels side by side, a number above each
dots({"group": {"name": 3}}, "stars")   one mark a name on a logarithmic axis, its value beside it
strips({"group": {"name": 3}}, "stars") one line a group, a dot a name, a bar at the median
name_lines(ax)                          the name of every line at its right end, in place of a legend

Each axis is labelled, so `show` takes the figure as it is; what to see is the chapter's to say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course.plots import BLACK, QUIET, use_style

__all__ = ["digits_in_a_row", "dots", "name_lines", "strips"]

LINE = 13  # points from one name at the right end to the next

use_style()


def digits_in_a_row(images: NDArray[np.float64], above: Sequence[float]) -> Figure:
    """Draw images of 64 pixels, ink from 0 to 16, side by side, with a rounded number above each."""
    figure: Figure
    figure, row = plt.subplots(1, len(images), figsize=(6.4, 1.5), squeeze=False)
    for ax, image, number in zip(row[0], images, above, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="Greys", vmin=0, vmax=16)
        ax.set_title(f"{number:.0f}")
        ax.axis("off")
    return figure


def dots(groups: Mapping[str, Mapping[str, float]], xlabel: str, ylabel: str = "library") -> Figure:
    """Draw one mark a name, largest first in each group, on a logarithmic axis, with its value beside it.

    A value of 0 has no place there: leave it out, or say so in the text.
    """
    values = [value for group in groups.values() for value in group.values()]
    figure: Figure
    figure, ax = plt.subplots(figsize=(7.2, 1 + 0.26 * len(values)))
    for label, group in groups.items():
        names = sorted(group, key=lambda name: -group[name])
        ax.plot([group[name] for name in names], names, ls="none", ms=8, label=label)
        for name in names:
            beside = {"textcoords": "offset points", "va": "center", "fontsize": 9}
            ax.annotate(f"{group[name]:,}", (group[name], name), (9, 0), **beside)
    ax.set(xscale="log", xlim=(min(values) / 2, max(values) * 4), xlabel=xlabel, ylabel=ylabel)
    ax.invert_yaxis()
    if len(groups) > 1:
        ax.legend(loc="lower right")
    return figure


def strips(groups: Mapping[str, Mapping[str, float]], xlabel: str, ylabel: str, named: Collection[str] = ()) -> Figure:
    """Draw one line a group: a dot for each value, an upright bar at the median, and the names of some, above."""
    figure: Figure
    figure, ax = plt.subplots(figsize=(7.2, 1 + 0.8 * len(groups)))
    for place, group in enumerate(groups.values()):
        ax.plot(list(group.values()), [place] * len(group), "o", alpha=0.6, ls="none")
        ax.plot(median(group.values()), place, "|", ms=28, mew=2.5, color=BLACK, ls="none")
        for name in sorted(set(named) & set(group)):
            ax.text(group[name], place + 0.22, name, ha="center")
    largest = max(value for group in groups.values() for value in group.values())
    ax.set(xscale="log", ylim=(-0.5, len(groups) - 0.4), xlabel=xlabel, ylabel=ylabel)
    ax.set_yticks(range(len(groups)), [f"{label} ({len(group)})" for label, group in groups.items()])
    steps = [step for step in (1, 2, 5, 10, 20, 50, 100) if step <= largest * 2]
    ax.set_xticks(steps, [f"{step}" for step in steps])
    ax.minorticks_off()
    return figure


def name_lines(ax: Axes) -> None:
    """Write the label of every line at its right end, in its colour, apart where two would overlap.

    Call it when all lines are drawn. A line beyond the style's five colours
    becomes a quiet grey.
    """
    lines = ax.get_lines()
    for extra in lines[5:]:
        extra.set_color(QUIET)
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()  # only now do the axes have their limits and their place
    points = 72 / figure.dpi
    ends = {line: tuple(np.asarray(line.get_xydata())[-1]) for line in lines}
    heights = {line: float(ax.transData.transform(ends[line])[1]) * points for line in lines}
    below = -float("inf")
    for line in sorted(lines, key=lambda line: heights[line]):
        height = max(heights[line], below + LINE)
        below = height
        ax.annotate(
            str(line.get_label()),
            ends[line],
            (8, height - heights[line]),
            textcoords="offset points",
            va="center",
            color=line.get_color(),
            annotation_clip=False,
        )
