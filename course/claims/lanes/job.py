"""What a job and a lane are, and how lanes are checked against each other before anything is timed.

A *job* is one thing to compute, at several sizes, on data made from a seed. A *lane* is one way to do it. Every lane
of a job does the same amount of work from the same input, and returns a result that it allocates anew in each call:
what a user would wait for. Where a lane solves the same problem by another algorithm, its `note` says so.

    job = lanes.job("standardise")
    runs = job.ready(job.sizes[0], threads=1)       # lane → a call without arguments
    job.check(runs.calls)                           # LanesDisagree, before anything is timed
    job.time(job.sizes[0], ["sklearn", "rust"])     # protocol.Times
"""

from __future__ import annotations

import functools
import importlib.util
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course.capabilities import probe
from course.claims.protocol import Times, time_lanes
from course.claims.threads import thread_limit
from course.errors import CourseError, LanesDisagree, UnknownName

__all__ = ["KINDS", "Job", "Lane", "Ready", "Size", "missing"]

Call = Callable[[], Any]

KINDS = ("python", "numpy", "numba", "sklearn", "c", "rust", "ndarray", "linfa", "rustlearn", "torch", "tch")
"""What a job is asked for: a lane of each kind, or in `Job.without` the reason why it has none."""


@dataclass(frozen=True)
class Size:
    """One size of a job: its numbers, and how a table shows it. `count`: what grows (the x axis of a growth plot)."""

    numbers: tuple[int, ...]
    text: str
    count: int

    @staticmethod
    def of(*numbers: int, text: str = "", count: int = 0) -> Size:
        """Return a size whose text is `1,000 × 16`, and whose count is the product, unless told otherwise."""
        return Size(numbers, text or " × ".join(f"{n:,}" for n in numbers), count or math.prod(numbers))


@dataclass(frozen=True)
class Lane:
    """One way to do a job.

    prepare: data and number of threads → a call without arguments. What a user does once (build a model object,
    compile) happens in `prepare`; what each piece of new data costs happens in the call.
    needs: capabilities (`rust`, `crates`, `gcc`, `torch`), and importable modules (`scipy`).
    threads: the numbers of threads it can use. processes: its two threads are two processes. largest: the greatest
    `Size.count` it is given; above, a single call would take seconds. agrees: "job" compares with the job's tolerance;
    a number is this lane's own tolerance, and its reason is in `note`. read: turns the lane's result into what the
    others return, for the comparison only.
    """

    prepare: Callable[[Any, int], Call]
    needs: tuple[str, ...] = ()
    threads: tuple[int, ...] = (1,)
    processes: bool = False
    largest: int | None = None
    agrees: float | None = None
    read: Callable[[Any], Any] | None = None
    note: str = ""


@dataclass(frozen=True)
class Ready:
    """Lanes that can run here (`calls`), and why the others cannot (`missing`: lane → reason)."""

    calls: dict[str, Call]
    missing: dict[str, str]


@dataclass(frozen=True)
class Job:
    """One thing to compute.

    sizes: three or more, growing. make: size and seed → data. lanes: name → lane; the first is what the others are
    checked against. tolerance: the greatest `difference` between two lanes' results that counts as agreement.
    difference: two results → a number, 0 where they are equal; unless given, the greatest difference of any two
    numbers relative to the largest number of that array. differs: of what the tolerance is a part, in words.
    flops, moved: size → floating-point operations, and bytes that must come from or go to memory, where the physical
    limit can be counted; `uncounted`: why neither can.
    without: a kind of lane that the job has not → why. alone: why no lane shares the job between two threads.
    """

    name: str
    title: str
    what: str
    sizes: tuple[Size, ...]
    make: Callable[[Size, int], Any]
    lanes: Mapping[str, Lane]
    tolerance: float
    difference: Callable[[Any, Any], float] = field(default_factory=lambda: relative)
    differs: str = "the largest number"
    flops: Callable[[Size], float] | None = None
    moved: Callable[[Size], float] | None = None
    notes: tuple[str, ...] = ()
    without: Mapping[str, str] = field(default_factory=dict)
    alone: str = ""
    uncounted: str = ""

    def kinds(self) -> set[str]:
        """Return the kinds of lanes that the job has: `numpy lstsq` and `c, prepared` are of the kinds numpy and c."""
        return {re.split(r"[ ,]", name)[0] for name in self.lanes} & set(KINDS)

    def absent(self) -> list[tuple[str, str]]:
        """Return which kinds of lanes the job has not, those with one reason together, and the reason."""
        by_reason: dict[str, list[str]] = {}
        for kind in sorted(self.without, key=KINDS.index):
            by_reason.setdefault(self.without[kind], []).append(kind)
        return [(", ".join(kinds), reason) for reason, kinds in by_reason.items()]

    def ready(self, size: Size, *, only: Iterable[str] | None = None, threads: int = 1, seed: int = 0) -> Ready:
        """Prepare the lanes (all, or those in `only`) for one size, and say which cannot run and why."""
        names = list(self.lanes) if only is None else [self._named(name) for name in only]
        data = self.make(size, seed)
        calls: dict[str, Call] = {}
        absent: dict[str, str] = {}
        for name in names:
            lane = self.lanes[name]
            if reason := missing(lane):
                absent[name] = reason
            elif threads not in lane.threads:
                absent[name] = f"runs on {' or '.join(map(str, lane.threads))} thread, not on {threads}"
            elif lane.largest is not None and size.count > lane.largest:
                absent[name] = "one call would take seconds at this size"
            else:
                with thread_limit(threads):
                    calls[name] = lane.prepare(data, threads)
        return Ready(calls, absent)

    def check(self, calls: Mapping[str, Call], threads: int = 1) -> dict[str, float]:
        """Run each lane once and compare its result with the first one's; return the differences.

        Raises:
            LanesDisagree: naming the lane, how far it is off, and what was allowed.
        """
        if not calls:
            return {}
        with thread_limit(threads):
            base, *others = calls
            wanted = self._read(base, calls[base])
            found = {name: self.difference(self._read(name, calls[name]), wanted) for name in others}
        for name, difference in found.items():
            if how := self._beyond(name, difference):
                raise LanesDisagree(name, base, how)
        return found

    def alike(self, lane: str) -> Callable[[Any, Any], str]:
        """Return what says how two results of one lane differ (on one thread and on two, say), or "" within the rule.

        Either result may be a list of such results, one for each call.
        """

        def differ(found: Any, wanted: Any) -> str:
            pairs = zip(found, wanted, strict=True) if isinstance(wanted, list) else [(found, wanted)]
            read = self.lanes[lane].read or (lambda result: result)
            return next(filter(None, (self._beyond(lane, self.difference(read(a), read(b))) for a, b in pairs)), "")

        return differ

    def _beyond(self, lane: str, difference: float) -> str:
        """Say by how much a difference is more than the lane is allowed; "" where it is not."""
        own = self.lanes[lane].agrees
        allowed = self.tolerance if own is None else own
        return "" if difference <= allowed else f"{self.name}: by {difference:.3g}, where {allowed:.3g} is allowed"

    def time(
        self,
        size: Size,
        only: Iterable[str] | None = None,
        *,
        threads: int = 1,
        turns: int = 15,
        budget: float = 8.0,
        seed: int = 0,
    ) -> Times:
        """Check that the lanes agree, then time them in turns; the first of `only` is the base of the ratios."""
        runs = self.ready(size, only=only, threads=threads, seed=seed)
        if len(runs.calls) < 2:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in runs.missing.items())
            raise CourseError(f"{self.name}: nothing to compare here ({reasons})", help="course doctor")
        self.check(runs.calls, threads)
        with thread_limit(threads):
            return time_lanes(runs.calls, turns=turns, budget=budget, agree=None, threads=threads)

    def _read(self, name: str, call: Call) -> Any:
        read = self.lanes[name].read
        return call() if read is None else read(call())

    def _named(self, name: str) -> str:
        if name not in self.lanes:
            raise UnknownName(f"lane of the job {self.name}", name, self.lanes)
        return name


def relative(found: Any, wanted: Any) -> float:
    """Return the greatest difference of any two numbers, relative to the largest of that array; results may be tuples.

    Arrays of whole numbers count as equal or not: the difference is then the share of unequal ones.
    """
    if isinstance(wanted, tuple):
        if not isinstance(found, tuple) or len(found) != len(wanted):
            return math.inf
        return max(relative(f, w) for f, w in zip(found, wanted, strict=True))
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        return math.inf
    if not wanted.size:
        return 0.0
    if np.issubdtype(wanted.dtype, np.integer):
        return float(np.mean(found != wanted))
    if not np.array_equal(np.isnan(found), np.isnan(wanted)):
        return math.inf
    largest = max(float(np.nanmax(np.abs(wanted), initial=0.0)), 1e-300)
    return float(np.nanmax(np.abs(found - wanted), initial=0.0)) / largest


def missing(lane: Lane) -> str:
    """Return why a lane cannot run on this machine, or "" where it can."""
    for need in lane.needs:
        if reason := _lacks(need):
            return reason
    return ""


@functools.cache
def _lacks(need: str) -> str:
    if need in ("rust", "crates", "gcc", "torch"):
        found = probe(need)
        return "" if found.present else f"no {need}: {found.detail}" + (f" ({found.remedy})" if found.remedy else "")
    if need == "tch":
        if reason := _lacks("rust") or _lacks("torch"):
            return reason
        from course.rust import crates

        return "" if crates.ready("torch") else "tch is not built yet (course cache build --torch)"
    if importlib.util.find_spec(need) is None:
        remedy = " (uv sync --extra frames)" if need in ("pandas", "polars") else ""
        return f"Python has no module {need} here{remedy}"
    return ""
