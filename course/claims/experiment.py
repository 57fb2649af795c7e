"""What an experiment is: a claim, a rule fixed beforehand, and a function that measures.

One file per claim in `experiments/`, named like the claim's id with underscores, holding one `EXPERIMENT`:

    EXPERIMENT = Experiment(
        id="faster-sorting",
        claim="Rust sorts faster than NumPy.",
        where="Benefits: performance",
        lanes=("numpy", "rust"),
        sizes=("1 000 numbers", "1 000 000 numbers"),
        agreement="both give the same order",
        rule=Rule("At every size Rust is more than 1 time as fast as NumPy, interval and all.", {"speed": above(1)}),
        holds="Rust sorts faster at every size measured.",
        depends="Faster here, slower there.",
        fails="NumPy sorts faster at every size measured.",
        would_change="another processor: NumPy picks its sort by the processor's instructions.",
        measure=measure,
    )

    def measure(run: Run) -> Evidence:
        evidence = Evidence()
        for size in (1_000, 1_000_000):
            lanes = {"numpy": ..., "rust": ...}                      # calls without arguments, ready to be timed
            if run.missing(evidence, "rust", "rust"):                # lane, capability: names it as not measured
                del lanes["rust"]
            times = run.time(lanes, agree=0.0)                       # agreement first, then in turns
            evidence.times("sort", size, times)                      # for the figure of growth
            evidence.ratio("speed", times, "rust", "numpy", task="sort", size=f"{size} numbers")
        return evidence

`measure` only brings figures. What they mean is decided in `verdicts`, by the rule alone. Every figure that counts
is a `Finding`, and names the measure whose bound in the rule it is held against.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course.capabilities import probe
from course.claims.protocol import Agree, Times, time_lanes

__all__ = [
    "Bound",
    "Evidence",
    "Experiment",
    "Finding",
    "Missing",
    "Rule",
    "Run",
    "Series",
    "Table",
    "above",
    "below",
]

Say = Callable[[float, str], None]

LEAST_TURNS = 17
"""So many that, at the level of a claim with seventeen findings, two turns may fall on the other side of the bound, and
with a hundred findings one may; with thirteen turns none may, and one interruption leaves a difference undecided."""


@dataclass(frozen=True)
class Bound:
    """Where a measure begins to speak for the claim: above a value, or below it."""

    value: float
    above: bool

    def __str__(self) -> str:
        return f"{'above' if self.above else 'below'} {self.value:g}"


def above(value: float) -> Bound:
    """Return the bound: figures above `value` speak for the claim."""
    return Bound(value, above=True)


def below(value: float) -> Bound:
    """Return the bound: figures below `value` speak for the claim."""
    return Bound(value, above=False)


@dataclass(frozen=True)
class Rule:
    """When the claim holds, in words and as bounds, fixed before anything is measured.

    The claim holds when *every* finding lies on its measure's side of the bound, interval and all; it does not hold
    when every finding lies on the other side; all else is "depends". `words` say this for the reader.
    """

    words: str
    bounds: Mapping[str, Bound]


@dataclass(frozen=True)
class Finding:
    """One figure that the rule is held against.

    measure: a name in the rule's bounds. what: the figure in words, for a reader ("sort of 1 000 numbers").
    of: what a verdict can depend on: {"task": …, "size": …, "lane": …, "against": …, "threads": …}.
    value: the figure. ratios: for a timed figure, the ratio of each turn; the interval is computed from them.
    low, high: for a figure that is not timed, its interval; a count is exact, so both are its value.
    unit: what stands after the number ("times as fast as numpy", "of 208 estimators").
    """

    measure: str
    what: str
    of: Mapping[str, str]
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    ratios: Sequence[float] = ()


@dataclass(frozen=True)
class Missing:
    """A lane that was not measured, and why."""

    lane: str
    why: str
    help: str = ""


@dataclass(frozen=True)
class Series:
    """One figure: lane → points (x, y), or (x, y, low, high). Both axes are logarithmic if `log`.

    kind "line" draws growth; "bars" draws one bar for each label (x is then the label); "years" draws lines over time:
    x is then a year, on an even axis.
    """

    title: str
    x_label: str
    y_label: str
    points: Mapping[str, Sequence[Sequence[float | str]]]
    log: bool = True
    kind: str = "line"


@dataclass(frozen=True)
class Table:
    """A table that a reader may want to argue with: what was counted, row by row."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass
class Evidence:
    """What an experiment found: findings decide; the rest is shown."""

    findings: list[Finding] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    growth: dict[str, dict[str, list[tuple[float, ...]]]] = field(default_factory=dict)
    remarks: dict[tuple[str, str], str] = field(default_factory=dict)  # task, lane ("" for all) → what to know of it

    def ratio(self, measure: str, times: Times, lane: str, against: str, **of: str) -> None:
        """Add how many times as fast `lane` is as `against`: above 1 it is faster."""
        ratios = times.seconds[against] / times.seconds[lane]
        what = ", ".join(value for value in of.values() if value)
        about = {**of, "lane": lane, "against": against}
        unit = f"times as fast as {against}"
        middle = times.ratio(lane, against)[0]
        self.findings.append(Finding(measure, f"{lane}: {what}", about, middle, unit, ratios=tuple(map(float, ratios))))

    def timed(self, measure: str, what: str, ratios: Sequence[float], unit: str, **of: str) -> None:
        """Add a ratio whose turns were not taken by `Run.time`: a process, a build, a stage of a program."""
        middle = sorted(ratios)[len(ratios) // 2]
        self.findings.append(Finding(measure, what, of, middle, unit, ratios=tuple(map(float, ratios))))

    def count(self, measure: str, what: str, value: float, unit: str, **of: str) -> None:
        """Add an exact figure: a count, a share, a result that is either there or not (1 or 0)."""
        self.findings.append(Finding(measure, what, of, value, unit, low=value, high=value))

    def times(self, task: str, size: float, times: Times) -> None:
        """Keep the times of one size for the task's figure of growth (time of a call against size, log–log)."""
        lanes = self.growth.setdefault(task, {})
        for lane in times.seconds:
            low, high = times.quartiles(lane)
            lanes.setdefault(lane, []).append((float(size), times.median(lane), low, high))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> None:
        """Add a table."""
        self.tables.append(Table(title, columns, [[str(cell) for cell in row] for row in rows], note))


@dataclass
class Run:
    """How to measure now: quickly or in full, and whom to tell how far it is.

    seconds: what the experiment may spend in all. Share it among your tasks; `time` spends at most `left`.
    """

    quick: bool = True
    seconds: float = 12.0
    say: Say = lambda _fraction, _what: None
    started: float = field(default_factory=time.perf_counter)
    begun: float = 0.0  # of the time to be shared, what the tasks begun so far were given: how far the experiment is
    _absent: dict[str, tuple[str, str] | None] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """Seconds that are left of what the experiment may spend; never less than zero."""
        return max(0.0, self.seconds - (time.perf_counter() - self.started))

    def missing(self, evidence: Evidence, lane: str, *needs: str) -> bool:
        """Say whether a capability that the lane needs is missing here; if so, name the lane as not measured."""
        for need in needs:
            if need not in self._absent:
                found = probe(need)
                self._absent[need] = None if found.present else (found.detail, found.remedy)
            absent = self._absent[need]
            if absent is not None:
                if all(one.lane != lane for one in evidence.missing):
                    evidence.missing.append(Missing(lane, absent[0], absent[1]))
                return True
        return False

    def time(
        self,
        lanes: Mapping[str, Callable[[], Any]],
        *,
        agree: Agree | None = 1e-9,
        threads: int = 1,
        seconds: float | None = None,
        turns: int | None = None,
    ) -> Times:
        """Check that the lanes agree, then time them in turns, each with at most `threads` threads.

        seconds: what these turns may take (default: a tenth of the experiment's); never less than half a second,
        however much of the experiment's time went to imports and to data. At least `LEAST_TURNS` are taken, whatever
        it costs.
        """
        budget = min(self.seconds / 10 if seconds is None else seconds, max(self.left, 0.5))
        wanted = turns or (25 if self.quick else 61)
        return time_lanes(lanes, turns=wanted, least=LEAST_TURNS, agree=agree, budget=budget, threads=threads)


@dataclass(frozen=True)
class Experiment:
    """A claim and how it is tried. All text is ours; `where` names the overview's section.

    needs: capabilities without which nothing at all can be measured; a lane's own needs are asked with `run.missing`.
    holds, depends, fails: the sentence for each verdict; the findings on either side are named after it.
    after: earlier wordings of the rule and why it was changed, newest first; empty where it never was.
    """

    id: str
    claim: str
    where: str
    lanes: Sequence[str]
    sizes: Sequence[str]
    agreement: str
    rule: Rule
    holds: str
    depends: str
    fails: str
    would_change: str
    measure: Callable[[Run], Evidence] = field(repr=False)
    needs: Sequence[str] = ()
    after: Sequence[str] = ()
