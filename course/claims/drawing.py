"""Marks and axes: what every figure of the ledger is drawn with, in three sets of colours.

`PAPER` gives colours as CSS variables, for a page in both themes; `LIGHT` and `DARK` bake them in, for a picture that
is embedded.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = [
    "DARK",
    "LIGHT",
    "PAPER",
    "Drawing",
    "Palette",
    "cut",
    "even",
    "flat",
    "in_digits",
    "in_short",
    "in_times",
    "span",
    "ticks",
]

Palette = Mapping[str, str]

LIGHT: Palette = {
    "ink": "#1b1f24",
    "quiet": "#5b6470",
    "grid": "#dfe3e8",
    "for": "#0072b2",
    "against": "#c94a00",
    "undecided": "#6b7280",
    "one": "#c94a00",
    "two": "#0072b2",
    "three": "#007a59",
    "four": "#a3487f",
    "five": "#7a5c00",
    "six": "#4b55c4",
    "seven": "#1b1f24",
}
DARK: Palette = {
    "ink": "#e4e7eb",
    "quiet": "#a8b0bb",
    "grid": "#3a4149",
    "for": "#5cb3ee",
    "against": "#ff8a3d",
    "undecided": "#9aa3af",
    "one": "#ff8a3d",
    "two": "#5cb3ee",
    "three": "#2fc79a",
    "four": "#e39bc4",
    "five": "#d9b64a",
    "six": "#a3a9ff",
    "seven": "#e4e7eb",
}
PAPER: Palette = {name: f"var(--{name})" for name in LIGHT}

_FONT = "font-family:'DejaVu Sans',system-ui,sans-serif"


@dataclass
class Drawing:
    """Marks of one SVG, in pixels; y grows downwards."""

    width: float
    height: float
    palette: Palette
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, dash: str = "") -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'style="stroke:{self.palette[colour]};stroke-width:{width}"{dashed}/>'
        )

    def path(self, points: Sequence[tuple[float, float]], colour: str, width: float = 2) -> None:
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{steps}" style="fill:none;stroke:{self.palette[colour]};stroke-width:{width};'
            'stroke-linejoin:round"/>'
        )

    def text(
        self, x: float, y: float, words: str, *, colour: str = "ink", size: float = 12, anchor: str = "start"
    ) -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'style="fill:{self.palette[colour]};font-size:{size}px">{html.escape(words)}</text>'
        )

    def mark(self, x: float, y: float, colour: str, shape: str, size: float = 4.5, hollow: bool = False) -> None:
        ink = self.palette[colour]
        style = f"fill:none;stroke:{ink};stroke-width:2" if hollow else f"fill:{ink};stroke:{ink};stroke-width:1"
        s = size
        corners = {
            "square": [(-s, -s), (s, -s), (s, s), (-s, s)],
            "triangle": [(0, -s * 1.2), (s * 1.15, s), (-s * 1.15, s)],
            "down": [(0, s * 1.2), (s * 1.15, -s), (-s * 1.15, -s)],
            "diamond": [(0, -s * 1.35), (s * 1.35, 0), (0, s * 1.35), (-s * 1.35, 0)],
            "right": [(s * 1.2, 0), (-s, s * 1.15), (-s, -s * 1.15)],
            "left": [(-s * 1.2, 0), (s, s * 1.15), (s, -s * 1.15)],
            "hourglass": [(-s, -s * 1.2), (s, -s * 1.2), (-s, s * 1.2), (s, s * 1.2)],
            "bow": [(-s * 1.3, -s), (s * 1.3, s), (s * 1.3, -s), (-s * 1.3, s)],
            "cross": [
                (x * s * 0.8 - y * s * 0.8, x * s * 0.8 + y * s * 0.8)
                for x, y in (
                    (-1, -0.3),
                    (-0.3, -0.3),
                    (-0.3, -1),
                    (0.3, -1),
                    (0.3, -0.3),
                    (1, -0.3),
                    (1, 0.3),
                    (0.3, 0.3),
                    (0.3, 1),
                    (-0.3, 1),
                    (-0.3, 0.3),
                    (-1, 0.3),
                )
            ],
            "star": [
                (r * math.sin(turn * math.pi / 5), -r * math.cos(turn * math.pi / 5))
                for turn in range(10)
                for r in [s * (0.65 if turn % 2 else 1.5)]
            ],
            "plus": [(-s, -1), (-1, -1), (-1, -s), (1, -s), (1, -1), (s, -1), (s, 1), (1, 1), (1, s), (-1, s), (-1, 1)],
        }
        if shape == "circle":
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{s}" style="{style}"/>')
            return
        points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners[shape])
        self.parts.append(f'<polygon points="{points}" style="{style}"/>')

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" rx="2" '
            f'style="fill:{self.palette[colour]}"/>'
        )

    def svg(self, alt: str) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(alt)}" '
            f'viewBox="0 0 {self.width:.0f} {self.height:.0f}" width="{self.width:.0f}" height="{self.height:.0f}" '
            f'style="{_FONT}">{"".join(self.parts)}</svg>'
        )


def span(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a logarithmic axis: a little beyond the values, and never of no length."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(positive), max(positive)
    room = max((high / low) ** 0.06, 1.08)
    return low / room, high * room


def flat(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an even axis: a little beyond the values; an axis that begins at 0 stays there."""
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or 1.0
    return low if low == 0 else low - room, high + room


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values between the ends of a logarithmic axis, at most `most`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in ((1, 1.2, 1.5, 2, 3, 5, 7), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        found = [value for value in found if low <= value <= high]
        if len(found) <= most:
            return found
    every = math.ceil(len(found) / most)
    return found[::every]


def even(low: float, high: float) -> list[float]:
    """Return round values between the ends of an even axis, five at most."""
    step = 10.0 ** math.floor(math.log10((high - low) / 3 or 1.0))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (step * k) <= 5)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def in_times(value: float) -> str:
    """Write a ratio: 2.5×."""
    return f"{value:,.0f}×" if value >= 100 else f"{value:.3g}×"


def in_digits(value: float) -> str:
    """Write a number with four significant digits, a large one whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def in_short(value: float | str) -> str:
    """Write a size: 1000000 as 1M, 1000 as 1k."""
    if isinstance(value, str):
        return value
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def cut(words: str, most: int) -> str:
    """Return the words, or as many of them as `most` letters hold."""
    return words if len(words) <= most else words[: most - 1] + "…"
