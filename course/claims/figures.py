"""Figures of the ledger, drawn as SVG from a record alone: findings against their bound, and growth with size.

Colour never speaks alone: for, against and undecided have their own marks, and lanes their own marker shapes and a
label at the end of their line. `PAPER` gives colours as CSS variables (a page in both themes); `LIGHT` and `DARK` bake
them in, for a picture that is embedded.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course.claims.protocol import time_text
from course.claims.verdicts import AGAINST, FOR, UNDECIDED

__all__ = ["DARK", "LIGHT", "PAPER", "Palette", "findings_alt", "findings_figure", "series_alt", "series_figure"]

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

LANE_COLOURS = {
    "rust": "one",
    "linfa": "six",
    "ndarray": "five",
    "rustlearn": "four",
    "tch": "one",
    "python": "four",
    "numpy": "two",
    "sklearn": "three",
    "scikit-learn": "three",
    "numba": "five",
    "torch": "two",
    "c": "seven",
}
_ORDER = ("one", "two", "three", "four", "five", "six", "seven")
_SHAPES = ("circle", "square", "triangle", "diamond", "down", "plus")
_FONT = "font-family:'DejaVu Sans',system-ui,sans-serif"
ROW = 22
MOST_ROWS = 70


@dataclass
class _Drawing:
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


# Findings against their bound


def findings_alt(record: dict[str, Any]) -> str:
    """Say in words what the figure of a record's findings shows."""
    groups = {
        outcome: [f for f in record["findings"] if f["outcome"] == outcome] for outcome in (FOR, AGAINST, UNDECIDED)
    }
    parts = [f"{len(found)} {outcome} the claim" for outcome, found in groups.items() if found and outcome != UNDECIDED]
    if groups[UNDECIDED]:
        parts.append(f"{len(groups[UNDECIDED])} undecided")
    listed = "; ".join(f"{f['what']}: {_number(f['value'])} {f['unit']}" for f in record["findings"][:12])
    more = f"; and {len(record['findings']) - 12} more" if len(record["findings"]) > 12 else ""
    return f"Findings of {record['id']} against the rule's bound: {', '.join(parts)}. {listed}{more}."


def findings_figure(record: dict[str, Any], palette: Palette, width: float = 760) -> str:
    """Draw the timed findings of a record against the rule's bound, one row each; empty where none is timed.

    A mark with its interval, on a logarithmic axis.
    """
    timed = [f for f in record["findings"] if f["turns"]]
    if not timed:
        return ""
    bounds = {f["measure"]: record["rule"]["bounds"][f["measure"]]["value"] for f in timed}
    shown = timed[:MOST_ROWS]
    left, right, top = 292.0, 92.0, 34.0
    height = top + ROW * len(shown) + 46
    drawing = _Drawing(width, height, palette)
    values = [v for f in shown for v in (f["low"], f["high"])] + list(bounds.values())
    low, high = _span(values)

    def at(value: float) -> float:
        return left + (math.log(max(value, low)) - math.log(low)) / (math.log(high) - math.log(low)) * (
            width - left - right
        )

    bottom = top + ROW * len(shown)
    for tick in _ticks(low, high, most=7):
        drawing.line(at(tick), top - 6, at(tick), bottom, "grid")
        drawing.text(at(tick), bottom + 16, _times(tick), colour="quiet", size=11, anchor="middle")
    for bound in sorted(set(bounds.values())):
        drawing.line(at(bound), top - 10, at(bound), bottom, "ink", 1.5, "4 3")
        drawing.text(at(bound), top - 16, f"rule: {_times(bound)}", size=11, anchor="middle")
    marks = {FOR: ("circle", False), AGAINST: ("square", False), UNDECIDED: ("circle", True)}
    for number, finding in enumerate(shown):
        y = top + ROW * (number + 0.5)
        outcome = finding["outcome"]
        shape, hollow = marks[outcome]
        drawing.text(left - 12, y + 4, _cut(_label(finding), 46), size=11.5, anchor="end")
        drawing.line(at(finding["low"]), y, at(finding["high"]), y, outcome, 2.5)
        drawing.mark(at(finding["value"]), y, outcome, shape, hollow=hollow)
        drawing.text(width - right + 10, y + 4, f"{_times(finding['value'])}", size=11.5)
    drawing.text(left, height - 8, "times as fast as what it is compared with (logarithmic)", colour="quiet", size=11)
    return drawing.svg(findings_alt(record))


def _label(finding: dict[str, Any]) -> str:
    of = finding["of"]
    parts = [of.get(name, "") for name in ("task", "size")]
    parts += [f"{of[name]}" for name in of if name not in ("task", "size", "lane", "against")]
    about = ", ".join(part for part in parts if part) or finding["what"]
    if of.get("lane") and of.get("against"):
        return f"{about}: {of['lane']} / {of['against']}"
    return about


# Growth, and bars


def series_alt(series: dict[str, Any]) -> str:
    """Say in words what a series shows: both axes, and each lane from its first point to its last."""
    parts = []
    seconds = series["y_label"].endswith("(s)")
    for lane, points in series["points"].items():
        if not points:
            continue
        first, last = points[0], points[-1]
        said = [time_text(p[1]) if seconds else _number(p[1]) for p in (first, last)]
        parts.append(
            f"{lane} {said[0]} at {_name(first[0])}" + (f", {said[1]} at {_name(last[0])}" if len(points) > 1 else "")
        )
    kind = "Lines, both axes logarithmic" if series["kind"] == "line" and series["log"] else "Chart"
    return f"{series['title']}. {kind}: {series['x_label']} against {series['y_label']}. {'; '.join(parts)}."


def series_figure(series: dict[str, Any], palette: Palette, width: float = 370) -> str:
    """Draw a series: lines of growth, or bars."""
    if series["kind"] == "bars":
        return _bars(series, palette, max(width, 560))
    years = series["kind"] == "years"
    left, right, top, bottom = 62.0, 86.0, 34.0, 42.0
    width, height = (560, 96.0 + 21 * len(series["points"])) if years else (width, 264.0)
    drawing = _Drawing(width, height, palette)
    drawing.text(0, 14, series["title"], size=12.5)
    points = {lane: [tuple(map(float, p)) for p in ps] for lane, ps in series["points"].items() if ps}
    if not points:
        return drawing.svg(series_alt(series))
    log = series["log"]
    xs = [p[0] for ps in points.values() for p in ps]
    ys = [v for ps in points.values() for p in ps for v in (p[1:] if len(p) > 2 else (p[1],))]
    x_low, x_high = _span(xs) if log and not years else _flat(xs)
    y_low, y_high = _span(ys) if log else _flat([0.0, *ys])
    scale = math.log if log else float
    x_scale = float if years else scale

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x_scale(x) - x_scale(x_low)) / (x_scale(x_high) - x_scale(x_low))
        up = (scale(y) - scale(y_low)) / (scale(y_high) - scale(y_low))
        return left + across * (width - left - right), height - bottom - up * (height - top - bottom)

    seconds = series["y_label"].endswith("(s)")
    for tick in _ticks(y_low, y_high, most=5) if log else _even(y_low, y_high):
        y = at(x_low, tick)[1]
        words = time_text(tick).replace(".00", "").replace(".0 ", " ") if seconds else _name(tick)
        drawing.line(left, y, width - right, y, "grid")
        drawing.text(left - 6, y + 4, words, colour="quiet", size=10, anchor="end")
    for tick in _x_ticks(sorted(set(xs)), x_low, x_high, log, years):
        x = at(tick, y_low)[0]
        drawing.line(x, height - bottom, x, height - bottom + 4, "quiet")
        drawing.text(
            x, height - bottom + 17, f"{tick:.0f}" if years else _name(tick), colour="quiet", size=10, anchor="middle"
        )
    drawing.text(
        (left + width - right) / 2, height - 6, _cut(series["x_label"], 42), colour="quiet", size=11, anchor="middle"
    )
    for number, (lane, ps) in enumerate(points.items()):
        colour, shape = _look(lane, number)
        drawing.path([at(p[0], p[1]) for p in ps], colour, 2.6 if lane.startswith(("rust", "tch", "ndarray")) else 1.8)
        for p in ps:
            if len(p) > 3:
                drawing.line(*at(p[0], p[2]), *at(p[0], p[3]), colour, 1.5)
            drawing.mark(*at(p[0], p[1]), colour, shape, 3.6)
    ends = sorted((at(*ps[-1][:2])[1], at(*ps[-1][:2])[0], lane) for lane, ps in points.items())
    for (_, x, lane), y in zip(ends, _apart([y for y, _, _ in ends], 13, top, height - bottom), strict=True):
        colour, _ = _look(lane, list(points).index(lane))
        drawing.text(x + 9, y + 4, _cut(lane, 14), colour=colour, size=11)
    return drawing.svg(series_alt(series))


def _bars(series: dict[str, Any], palette: Palette, width: float) -> str:
    rows = [(lane, str(p[0]), float(p[1])) for lane, points in series["points"].items() for p in points]
    left, right, top = 250.0, 90.0, 30.0
    drawing = _Drawing(width, top + ROW * len(rows) + 26, palette)
    drawing.text(0, 14, series["title"], size=12.5)
    values = [value for _, _, value in rows]
    low, high = _span([v for v in values if v > 0] or [1.0]) if series["log"] else (0.0, max([*values, 1e-12]))
    lanes = list(series["points"])
    for number, (lane, label, value) in enumerate(rows):
        y = top + ROW * number
        share = (
            (math.log(max(value, low)) - math.log(low)) / (math.log(high) - math.log(low))
            if series["log"]
            else value / high
        )
        colour, _ = _look(lane, lanes.index(lane))
        words = label if lane in ("", label) else f"{label}, {lane}" if label else lane
        drawing.text(left - 10, y + 15, _cut(words, 38), size=11.5, anchor="end")
        drawing.box(left, y + 4, share * (width - left - right), ROW - 8, colour)
        drawing.text(left + share * (width - left - right) + 6, y + 15, _name(value), size=11.5)
    scale = " (logarithmic)" if series["log"] else ""
    drawing.text(left, drawing.height - 6, series["y_label"] + scale, colour="quiet", size=11)
    return drawing.svg(series_alt(series))


def _look(lane: str, number: int) -> tuple[str, str]:
    """Return a lane's colour and marker: the same lane looks the same in every figure."""
    first = (lane.lower().replace(",", " ").split() or [""])[0]
    colour = LANE_COLOURS.get(first) or _ORDER[number % len(_ORDER)]
    shape = _SHAPES[list(LANE_COLOURS).index(first) % len(_SHAPES)] if first in LANE_COLOURS else _SHAPES[number % 6]
    return colour, shape


def _apart(places: Sequence[float], room: float, top: float, bottom: float) -> list[float]:
    """Move labels (sorted, downwards) apart so that each has `room`, and keep them between `top` and `bottom`."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + room) if moved else max(place, top))
    for number in range(len(moved) - 1, -1, -1):
        most = bottom if number == len(moved) - 1 else moved[number + 1] - room
        moved[number] = min(moved[number], most)
    return moved


# Numbers on axes


def _x_ticks(own: Sequence[float], low: float, high: float, log: bool, years: bool) -> Sequence[float]:
    """Return where the x axis is marked: at its own values where they are few, whole years, or round values."""
    if years:
        return [float(year) for year in range(math.ceil(low), math.floor(high) + 1)]
    if len(own) <= 5:
        return own
    return _ticks(low, high, most=4) if log else _even(low, high)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a logarithmic axis: a little beyond the values, and never of no length."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(positive), max(positive)
    room = max((high / low) ** 0.06, 1.08)
    return low / room, high * room


def _flat(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or 1.0
    return low if low == 0 else low - room, high + room


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values between the ends of a logarithmic axis, at most `most`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in ((1, 1.2, 1.5, 2, 3, 5, 7), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        found = [value for value in found if low <= value <= high]
        if len(found) <= most:
            return found
    every = math.ceil(len(found) / most)
    return found[::every]


def _even(low: float, high: float) -> list[float]:
    step = 10.0 ** math.floor(math.log10((high - low) / 3 or 1.0))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (step * k) <= 5)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _times(value: float) -> str:
    return f"{value:,.0f}×" if value >= 100 else f"{value:.3g}×"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _name(value: float | str) -> str:
    """Write a size: 1000000 as 1M, 1000 as 1k."""
    if isinstance(value, str):
        return value
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
