"""Take times so that they can be compared: agreement first, interleaved, one thread each, ratios with an interval.

A time on a shared machine drifts by tens of percent within a minute. Two lanes measured one after the other differ
by that drift; measured in turns, they share it, and the *ratio* of each turn is steady. So `time_lanes` runs every
lane in each turn, in an order that rotates, and reports the median ratio with a bootstrap interval.

What one lane feels alone is an interruption: for a few milliseconds another process has the core. So a lane's time in
a turn is the median of five bursts of calls: an interruption spoils the burst that it falls into, and no other.

    times = time_lanes({"python": lambda: slow(x), "numba": lambda: fast(x)}, agree=1e-9)
    times                      # a table in a notebook
    times.ratio("numba")       # (12.1, 11.8, 12.6): python's time over numba's, and a 95 % interval
"""

from __future__ import annotations

import gc
import html
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.claims.threads import thread_limit
from course.errors import LanesDisagree, UsageMistake

__all__ = ["Agree", "Times", "time_lanes"]

BURST_SECONDS = 0.0005  # a call shorter than this is repeated inside a burst, and their mean taken
BURSTS = 5  # of each lane in each turn; their median is its time
BURSTS_SECONDS = 0.025  # longer calls get fewer bursts, one at least, so that there is time for turns
BOOTSTRAP = 2_000

Agree = float | Callable[[Any, Any], str]
"""How results are compared: a relative tolerance, or a function of (found, wanted) that says how they differ, or ""."""


@dataclass(frozen=True)
class Times:
    """Times of several lanes, taken in turns.

    seconds: lane → (n_turns,) seconds of one call. The first lane is the base that the others are compared with.
    """

    seconds: Mapping[str, NDArray[np.float64]]

    @property
    def base(self) -> str:
        """The lane that the others are compared with."""
        return next(iter(self.seconds))

    def median(self, lane: str) -> float:
        """Return a lane's median time of one call, in seconds."""
        return float(np.median(self.seconds[lane]))

    def quartiles(self, lane: str) -> tuple[float, float]:
        """Return the lower and the upper quartile of a lane's times, in seconds."""
        low, high = np.percentile(self.seconds[lane], [25, 75])
        return float(low), float(high)

    def ratio(self, lane: str, against: str | None = None) -> tuple[float, float, float]:
        """Return how many times as fast as the base a lane is: the median of the turns' ratios, and its 95 % interval.

        Below 1 the lane is slower. The interval is a percentile bootstrap over turns (seed fixed). `against` names
        another lane to compare with.
        """
        ratios = self.seconds[against or self.base] / self.seconds[lane]
        draws = np.random.default_rng(0).integers(0, len(ratios), size=(BOOTSTRAP, len(ratios)))
        low, high = np.percentile(np.median(ratios[draws], axis=1), [2.5, 97.5])
        return float(np.median(ratios)), float(low), float(high)

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the table: lane, median time, and how it compares with the base."""
        rows = [(self.base, time_text(self.median(self.base)), "")]
        for lane in list(self.seconds)[1:]:
            rows.append((lane, time_text(self.median(lane)), ratio_text(self.ratio(lane))))
        return rows

    def __repr__(self) -> str:
        rows = [("lane", "median time", f"against {self.base}"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = ["  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        cells = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{html.escape(part)}</td>' for part in row) + "</tr>"
            for row in self.rows()
        )
        head = "".join(
            f'<th scope="col" style="text-align:left">{html.escape(part)}</th>'
            for part in ("lane", "median time of one call", f"against {self.base}")
        )
        turns = len(self.seconds[self.base])
        note = f"{turns} turns, lanes in turn, one thread each; 95 % intervals of the ratio"
        return (
            f'<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table><p style="font-size:.9em">{note}</p>'
        )


def time_text(seconds: float) -> str:
    """Return a time with three significant digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def ratio_text(ratio: tuple[float, float, float]) -> str:
    """Return a ratio in words that say who is faster: the median with its interval, always a number above one."""
    middle, low, high = ratio
    if low <= 1 <= high:
        return f"no difference found ({low:.2f} to {high:.2f} times as fast)"
    if middle >= 1:
        return f"{_three_digits(middle)} times as fast ({_three_digits(low)} to {_three_digits(high)})"
    return f"{_three_digits(1 / middle)} times as slow ({_three_digits(1 / high)} to {_three_digits(1 / low)})"


def _three_digits(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def time_lanes(
    lanes: Mapping[str, Callable[[], Any]],
    *,
    turns: int = 15,
    agree: Agree | None = 1e-9,
    budget: float = 8.0,
    least: int = 3,
    threads: int = 1,
) -> Times:
    """Time several ways to do the same job, in turns, and return the times.

    lanes: name → a call without arguments; the first is the base of the ratios. turns: times taken of each lane.
    agree: relative tolerance to which all results must equal the base's before anything is timed; None where results
    cannot be compared; or a function of (found, wanted) that says how they differ. budget: seconds after which no
    further turn begins (`least` are always taken). threads: what every lane's libraries may use.

    Raises `LanesDisagree` naming the lane and the largest difference; nothing is timed then.
    """
    if len(lanes) < 1 or turns < 3:
        raise UsageMistake(
            "time_lanes needs a lane, and three turns or more", help="time_lanes({'numpy': f}, turns=15)"
        )
    with thread_limit(threads):
        results = {name: lane() for name, lane in lanes.items()}  # also the warm-up: compilation, caches, page faults
        if agree is not None:
            _check_agreement(results, agree)
        shapes = {name: burst_shape(_once(lane)) for name, lane in lanes.items()}
        return _turns(lanes, shapes, turns, budget, least)


def _turns(
    lanes: Mapping[str, Callable[[], Any]],
    shapes: Mapping[str, tuple[int, int]],
    turns: int,
    budget: float,
    least: int,
) -> Times:
    seconds: dict[str, list[float]] = {name: [] for name in lanes}
    order = list(lanes)
    collecting = gc.isenabled()
    gc.disable()
    try:
        started = time.perf_counter()
        for turn in range(turns):
            if turn >= least and time.perf_counter() - started > budget:
                break
            for name in order:
                bursts, calls = shapes[name]
                seconds[name].append(statistics.median(_seconds_of(lanes[name], calls) for _ in range(bursts)))
            order.append(order.pop(0))
    finally:
        if collecting:
            gc.enable()
    return Times({name: np.array(values) for name, values in seconds.items()})


def _once(lane: Callable[[], Any]) -> float:
    """Return about how long a call takes: of a short one, the least of three, since one may be interrupted."""
    once = _seconds_of(lane, 1)
    return once if once > 2 * BURSTS_SECONDS else min(once, _seconds_of(lane, 1), _seconds_of(lane, 1))


def burst_shape(once: float) -> tuple[int, int]:
    """Return how many bursts a lane gets in each turn, and how many calls each has, where one call takes `once`."""
    calls = max(1, min(100_000, round(BURST_SECONDS / max(once, 1e-9))))
    fit = int(BURSTS_SECONDS / max(once * calls, 1e-9))
    return (min(BURSTS, fit - 1 + fit % 2) if fit else 1), calls  # an odd number has a middle one


def _seconds_of(lane: Callable[[], Any], calls: int) -> float:
    """Return the mean time of so many calls, one after the other."""
    begin = time.perf_counter()
    for _ in range(calls):
        lane()
    return (time.perf_counter() - begin) / calls


def _check_agreement(results: Mapping[str, Any], tolerance: Agree) -> None:
    base, *others = results
    if not isinstance(tolerance, int | float):
        for name in others:
            if how := tolerance(results[name], results[base]):
                raise LanesDisagree(name, base, how)
        return
    wanted = np.asarray(results[base], dtype=np.float64)
    for name in others:
        found = np.asarray(results[name], dtype=np.float64)
        if found.shape != wanted.shape:
            raise LanesDisagree(name, base, f"shape {found.shape} against {wanted.shape}")
        if not np.allclose(
            found, wanted, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(wanted).max(initial=0)))
        ):
            worst = float(np.nanmax(np.abs(found - wanted)))
            raise LanesDisagree(name, base, f"by up to {worst:.3g}")
