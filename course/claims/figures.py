"""Figures of the ledger, drawn as SVG from a record alone: findings against their bound, and growth with size.

Colour never speaks alone: for, against and undecided have their own marks, and lanes their own marker shapes and a
label at the end of their line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from course.claims.drawing import Drawing, Palette, cut, even, flat, in_digits, in_short, in_times, span, ticks
from course.claims.protocol import time_text
from course.claims.verdicts import AGAINST, FOR, UNDECIDED

__all__ = ["findings_alt", "findings_figure", "series_alt", "series_figure"]

LOOKS = {
    "rust": ("one", "circle"),
    "linfa": ("six", "square"),
    "ndarray": ("five", "triangle"),
    "rustlearn": ("four", "diamond"),
    "tch": ("one", "down"),
    "python": ("four", "plus"),
    "numpy": ("two", "left"),
    "sklearn": ("three", "star"),
    "numba": ("five", "bow"),
    "torch": ("two", "right"),
    "c": ("seven", "hourglass"),
}
_SAME = {"scikit-learn": "sklearn", "pytorch": "torch", "tch-rs": "tch"}
_ORDER = ("one", "two", "three", "four", "five", "six", "seven")
_SHAPES = (*dict.fromkeys(shape for _, shape in LOOKS.values()), "cross")
ROW = 22


# Findings against their bound


def findings_alt(record: dict[str, Any]) -> str:
    """Say in words what the figure of a record's findings shows."""
    groups = {
        outcome: [f for f in record["findings"] if f["outcome"] == outcome] for outcome in (FOR, AGAINST, UNDECIDED)
    }
    parts = [f"{len(found)} {outcome} the claim" for outcome, found in groups.items() if found and outcome != UNDECIDED]
    if groups[UNDECIDED]:
        parts.append(f"{len(groups[UNDECIDED])} undecided")
    listed = "; ".join(f"{f['what']}: {in_digits(f['value'])} {f['unit']}" for f in record["findings"][:12])
    more = f"; and {len(record['findings']) - 12} more" if len(record["findings"]) > 12 else ""
    return f"Findings of {record['id']} against the rule's bound: {', '.join(parts)}. {listed}{more}."


_MARKS = {FOR: ("circle", False), AGAINST: ("square", False), UNDECIDED: ("circle", True)}


def findings_figure(record: dict[str, Any], palette: Palette, width: float = 860) -> str:
    """Draw every finding of a record: timed ones with their intervals against the bound, exact ones below them.

    Where nothing is timed, a tally of marks; empty where there is no finding.
    """
    if any(finding["turns"] for finding in record["findings"]):
        return _forest(record, palette, width)
    return _tally(record, palette) if record["findings"] else ""


def _forest(record: dict[str, Any], palette: Palette, width: float) -> str:
    """Draw a row for each finding, by measure: its mark and interval on a logarithmic axis, the bound as a stroke."""
    timed = [finding for finding in record["findings"] if finding["turns"]]
    exact = [finding for finding in record["findings"] if not finding["turns"]]
    groups: dict[str, list[dict[str, Any]]] = {}
    for finding in timed:
        groups.setdefault(finding["measure"], []).append(finding)
    heads = len(groups) > 1 or bool(exact)
    pairs = {(f["of"].get("lane", ""), f["of"].get("against", "")) for f in timed}
    labels = [_label(finding, with_lanes=len(pairs) > 1) for finding in timed] + [f["what"] for f in exact]
    bounds = {record["rule"]["bounds"][f["measure"]]["value"] for f in timed}
    tall = len(timed) > 20  # the axis is then named above the rows as well
    left, right, top = min(430.0, 24 + 6.7 * max(map(len, labels))), 84.0, 48.0 if tall else 34.0
    bottom = top + ROW * (len(timed) + heads * len(groups))
    drawing = Drawing(width, bottom + 46 + ROW * (len(exact) + bool(exact)), palette)
    low, high = span([v for f in timed for v in (f["low"], f["high"], f["value"])] + list(bounds))

    def at(value: float) -> float:
        share = (math.log(max(value, low)) - math.log(low)) / (math.log(high) - math.log(low))
        return left + share * (width - left - right)

    def head(words: str, y: float) -> None:
        drawing.text(left - 12, y + 4, words, colour="quiet", size=11.5, anchor="end")

    def row(finding: dict[str, Any], label: str, y: float, x: float) -> None:
        shape, hollow = _MARKS[finding["outcome"]]
        drawing.text(left - 12, y + 4, cut(label, 69), size=11.5, anchor="end")
        drawing.mark(x, y, finding["outcome"], shape, hollow=hollow)

    for tick in ticks(low, high, most=6):
        drawing.line(at(tick), top - 6, at(tick), bottom, "grid")
        for y in (bottom + 16, *([top - 12] if tall else [])):
            drawing.text(at(tick), y, in_times(tick), colour="quiet", size=11, anchor="middle")
    if len(bounds) == 1:
        bound = next(iter(bounds))
        drawing.line(at(bound), top - (6 if tall else 10), at(bound), bottom, "ink", 1.5, "4 3")
        drawing.text(at(bound), top - (30 if tall else 16), f"rule: {in_times(bound)}", size=11, anchor="middle")
    y = top + ROW * 0.5
    for measure, members in groups.items():
        if heads:
            head(f"{measure}:", y)
            y += ROW
        for finding in members:
            if len(bounds) > 1:  # each row has its own bound
                own = at(record["rule"]["bounds"][measure]["value"])
                drawing.line(own, y - 8, own, y + 8, "ink", 2)
            drawing.line(at(finding["low"]), y, at(finding["high"]), y, finding["outcome"], 2.5)
            row(finding, _label(finding, with_lanes=len(pairs) > 1), y, at(finding["value"]))
            drawing.text(width - right + 10, y + 4, in_times(finding["value"]), size=11.5)
            y += ROW
    lane, against = pairs.pop() if len(pairs) == 1 else ("", "")
    words = f"{lane}, times as fast as {against}" if lane and against else "times as fast as what it is compared with"
    drawing.text(left, bottom + 38, f"{words} (logarithmic)", colour="quiet", size=11)
    if exact:
        y = bottom + 46 + ROW * 0.5
        head("counted:", y)
        for finding in exact:
            y += ROW
            row(finding, finding["what"], y, left + 6)
            drawing.text(left + 22, y + 4, f"{in_digits(finding['value'])} {finding['unit']}", size=11.5)
    return drawing.svg(findings_alt(record))


def _tally(record: dict[str, Any], palette: Palette) -> str:
    """Draw one mark for each finding, in rows by the first property that has several values."""
    found = record["findings"]
    names = list(dict.fromkeys(name for finding in found for name in finding["of"]))
    name = next((n for n in names if 1 < len({f["of"].get(n) for f in found}) < len(found)), names[0] if names else "")
    groups: dict[str, list[dict[str, Any]]] = {}
    for finding in found:
        groups.setdefault(finding["of"].get(name, finding["measure"]), []).append(finding)
    left = 24 + 7 * min(44, max(map(len, groups)))
    most = max(map(len, groups.values()))
    drawing = Drawing(left + 26 * most + 90, 10 + ROW * len(groups), palette)
    for number, (group, members) in enumerate(groups.items()):
        y = 6 + ROW * (number + 0.5)
        drawing.text(left - 14, y + 4, cut(group, 44), size=12, anchor="end")
        for place, finding in enumerate(sorted(members, key=lambda f: list(_MARKS).index(f["outcome"]))):
            shape, hollow = _MARKS[finding["outcome"]]
            drawing.mark(left + 26 * place + 6, y, finding["outcome"], shape, 7, hollow=hollow)
        count = sum(finding["outcome"] == FOR for finding in members)
        drawing.text(left + 26 * most + 10, y + 4, f"{count} of {len(members)} for", colour="quiet", size=11.5)
    return drawing.svg(findings_alt(record))


def _label(finding: dict[str, Any], *, with_lanes: bool) -> str:
    of = finding["of"]
    parts = [of.get(name, "") for name in ("task", "size")]
    parts += [str(of[name]) for name in of if name not in ("task", "size", "lane", "against")]
    about = ", ".join(part for part in parts if part) or finding["what"]
    if with_lanes and of.get("lane") and of.get("against"):
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
        said = [time_text(p[1]) if seconds else in_digits(p[1]) for p in (first, last)]
        parts.append(
            f"{lane} {said[0]} at {in_short(first[0])}"
            + (f", {said[1]} at {in_short(last[0])}" if len(points) > 1 else "")
        )
    kind = "Lines, both axes logarithmic" if series["kind"] == "line" and series["log"] else "Chart"
    return f"{series['title']}. {kind}: {series['x_label']} against {series['y_label']}. {'; '.join(parts)}."


def series_figure(series: dict[str, Any], palette: Palette, width: float = 370) -> str:
    """Draw a series: lines of growth, or bars."""
    if series["kind"] == "bars":
        return _bars(series, palette, max(width, 560))
    sizes = {point[0] for points in series["points"].values() for point in points}
    if series["kind"] == "line" and len(sizes) == 1:  # nothing grows
        only = {lane: [["", points[0][1]]] for lane, points in series["points"].items() if points}
        title = f"{series['title']}, {series['x_label']} {in_short(next(iter(sizes)))}"
        return _bars({**series, "title": title, "points": only, "log": False}, palette, width)
    years = series["kind"] == "years"
    left, right, top, bottom = 62.0, 86.0, 34.0, 42.0
    width, height = (560, 96.0 + 21 * len(series["points"])) if years else (width, 264.0)
    drawing = Drawing(width, height, palette)
    drawing.text(0, 14, series["title"], size=12.5)
    points = {lane: [tuple(map(float, p)) for p in ps] for lane, ps in series["points"].items() if ps}
    if not points:
        return drawing.svg(series_alt(series))
    log = series["log"]
    xs = [p[0] for ps in points.values() for p in ps]
    ys = [v for ps in points.values() for p in ps for v in (p[1:] if len(p) > 2 else (p[1],))]
    x_low, x_high = span(xs) if log and not years else flat(xs)
    y_low, y_high = span(ys) if log else flat([0.0, *ys])
    scale = math.log if log else float
    x_scale = float if years else scale

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x_scale(x) - x_scale(x_low)) / (x_scale(x_high) - x_scale(x_low))
        up = (scale(y) - scale(y_low)) / (scale(y_high) - scale(y_low))
        return left + across * (width - left - right), height - bottom - up * (height - top - bottom)

    seconds = series["y_label"].endswith("(s)")
    for tick in ticks(y_low, y_high, most=5) if log else even(y_low, y_high):
        y = at(x_low, tick)[1]
        words = time_text(tick).replace(".00", "").replace(".0 ", " ") if seconds else in_short(tick)
        drawing.line(left, y, width - right, y, "grid")
        drawing.text(left - 6, y + 4, words, colour="quiet", size=10, anchor="end")
    for tick in _x_ticks(sorted(set(xs)), x_low, x_high, log, years):
        x = at(tick, y_low)[0]
        drawing.line(x, height - bottom, x, height - bottom + 4, "quiet")
        drawing.text(
            x,
            height - bottom + 17,
            f"{tick:.0f}" if years else in_short(tick),
            colour="quiet",
            size=10,
            anchor="middle",
        )
    drawing.text(
        (left + width - right) / 2, height - 6, cut(series["x_label"], 42), colour="quiet", size=11, anchor="middle"
    )
    looks = _looks(points)
    for lane, ps in points.items():
        colour, shape = looks[lane]
        drawing.path([at(p[0], p[1]) for p in ps], colour, 2.0)
        for p in ps:
            if len(p) > 3:
                drawing.line(*at(p[0], p[2]), *at(p[0], p[3]), colour, 1.5)
            drawing.mark(*at(p[0], p[1]), colour, shape, 3.6)
    ends = sorted((at(*ps[-1][:2])[1], at(*ps[-1][:2])[0], lane) for lane, ps in points.items())
    for (_, x, lane), y in zip(ends, _apart([y for y, _, _ in ends], 13, top, height - bottom), strict=True):
        drawing.text(x + 9, y + 4, cut(lane, 14), colour=looks[lane][0], size=11)
    return drawing.svg(series_alt(series))


def _bars(series: dict[str, Any], palette: Palette, width: float) -> str:
    rows = [(lane, str(p[0]), float(p[1])) for lane, points in series["points"].items() for p in points]
    one = len(series["points"]) == 1 and all(label for _, label, _ in rows)  # the title says whose they are
    words = [label if one or lane in ("", label) else f"{label}, {lane}" if label else lane for lane, label, _ in rows]
    left, right, top = min(270.0, 18 + 6.9 * max(map(len, words))), 90.0, 30.0
    drawing = Drawing(width, top + ROW * len(rows) + 26, palette)
    drawing.text(0, 14, series["title"], size=12.5)
    values = [value for _, _, value in rows]
    low, high = span([v for v in values if v > 0] or [1.0]) if series["log"] else (0.0, max([*values, 1e-12]))
    looks = _looks(series["points"])
    for number, (lane, _, value) in enumerate(rows):
        y = top + ROW * number
        share = (
            (math.log(max(value, low)) - math.log(low)) / (math.log(high) - math.log(low))
            if series["log"]
            else value / high
        )
        drawing.text(left - 10, y + 15, cut(words[number], 38), size=11.5, anchor="end")
        drawing.box(left, y + 4, share * (width - left - right), ROW - 8, looks[lane][0])
        said = time_text(value) if series["y_label"].endswith("(s)") else in_short(value)
        drawing.text(left + share * (width - left - right) + 6, y + 15, said, size=11.5)
    scale = " (logarithmic)" if series["log"] else ""
    label = series["y_label"].removesuffix(" (s)")  # each bar names its own unit
    drawing.text(left, drawing.height - 6, label + scale, colour="quiet", size=11)
    return drawing.svg(series_alt(series))


def _looks(lanes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the colour and the marker of each lane of a figure: no two share a marker.

    A lane that the course knows looks the same in every figure. A variant of it ("rust, prepared" beside "rust") has
    its colour; all others take the colours in turn, and the markers that are left.
    """
    found: dict[str, tuple[str, str]] = {}
    rest = []
    for lane in lanes:
        known = _known(lane)
        if known and LOOKS[known] not in found.values():
            found[lane] = LOOKS[known]
        else:
            rest.append(lane)
    taken = {shape for _, shape in found.values()}
    free = [shape for shape in _SHAPES if shape not in taken] or list(_SHAPES)
    for number, lane in enumerate(rest):
        known = _known(lane)
        found[lane] = (LOOKS[known][0] if known else _ORDER[number % len(_ORDER)], free[number % len(free)])
    return found


def _known(lane: str) -> str:
    first = (lane.lower().replace(",", " ").split() or [""])[0]
    name = _SAME.get(first, first)
    return name if name in LOOKS else ""


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
    return ticks(low, high, most=4) if log else even(low, high)
