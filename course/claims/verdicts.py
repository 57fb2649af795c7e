"""From figures to a verdict, by the rule alone, and never inside the noise.

Each finding is held against its measure's bound:

    for         its whole interval lies on the claim's side
    against     its whole interval lies on the other side
    undecided   the interval includes the bound: the difference, if any, is smaller than the noise

and the claim *holds* when all are for it, *does not hold* when all are against it, and *depends* otherwise. Without
any finding it is *not measured*. Where one of the rule's measures has no finding, part of the rule was not tried, and
the claim *depends* at most: on what was not measured.

The interval of a timed ratio is a bootstrap interval of the median over turns, widened where the distribution-free
interval of a median (order statistics) is wider: with a dozen turns a bootstrap alone is too sure of itself. With
many findings one in twenty would be decided by chance, so the 5 % are shared among all of one claim: ten findings get
intervals at 99.5 % each. A finding that is decided at this level leaves its share to the others, whose intervals are
then taken anew at a lower level, until no further one is decided (Holm's method: Scandinavian Journal of Statistics,
1979). That a claim's verdict rests on chance anywhere has at most one chance in twenty.

Other ways were tried on the timings of the tests. The Hodges-Lehmann estimator with signed ranks finds less where
there are interruptions, and decides too often where only one of two lanes is interrupted.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course.claims.experiment import Bound, Evidence, Experiment, Finding
from course.errors import CourseError

__all__ = [
    "AGAINST",
    "DEPENDS",
    "DOES_NOT_HOLD",
    "FOR",
    "HOLDS",
    "NOT_MEASURED",
    "UNDECIDED",
    "VERDICTS",
    "Judged",
    "Verdict",
    "decide",
    "interval",
]

HOLDS, DEPENDS, DOES_NOT_HOLD, NOT_MEASURED = "holds", "depends", "does not hold", "not measured"
VERDICTS = (HOLDS, DEPENDS, DOES_NOT_HOLD, NOT_MEASURED)
FOR, AGAINST, UNDECIDED = "for", "against", "undecided"

ERROR_RATE = 0.05
BOOTSTRAP = 10_000
WORDS = {
    "task": "the task",
    "size": "the size",
    "lane": "the lane",
    "against": "what it is compared with",
    "where": "where it runs",
    "figure": "what is counted",
    "kind": "the kind of mistake",
}


@dataclass(frozen=True)
class Judged:
    """A finding with its interval, the bound it was held against, and what came out."""

    finding: Finding
    low: float
    high: float
    bound: Bound
    outcome: str


@dataclass(frozen=True)
class Verdict:
    """What a rule says of the evidence. `on`: what it depends on, in words; `level`: of each timed interval."""

    verdict: str
    sentence: str
    judged: Sequence[Judged]
    on: Sequence[str]
    level: float


def interval(ratios: Sequence[float], level: float) -> tuple[float, float]:
    """Return an interval that holds the median ratio with probability `level`, whatever the noise looks like."""
    values = np.sort(np.asarray(ratios, dtype=np.float64))
    medians = values[_middles(len(values))].mean(axis=1)
    low, high = np.percentile(medians, [50 * (1 - level), 50 * (1 + level)])
    rank = _rank(len(values), level)
    return float(min(low, values[rank])), float(max(high, values[len(values) - 1 - rank]))


@functools.cache
def _middles(turns: int) -> NDArray[np.int64]:
    """Return which of the sorted values are the two middle ones of each bootstrap sample (one and the same if odd)."""
    draws = np.sort(np.random.default_rng(0).integers(0, turns, size=(BOOTSTRAP, turns)), axis=1)
    return draws[:, [(turns - 1) // 2, turns // 2]]


def enough(turns: int, level: float) -> bool:
    """Say whether so many turns can decide anything at this level: that all lie on one side must be rare by chance."""
    return 2 * 0.5**turns <= 1 - level


def _rank(turns: int, level: float) -> int:
    """Return how many values may be left out at each end: P(at most that many heads of `turns`) ≤ (1 − level)/2."""
    tail, rank = 0.0, 0
    for heads in range(turns):
        tail += math.comb(turns, heads) * 0.5**turns
        if tail > (1 - level) / 2:
            break
        rank = heads
    return rank


def decide(experiment: Experiment, evidence: Evidence) -> Verdict:
    """Hold the evidence against the experiment's rule.

    Raises `CourseError` where a finding names a measure that the rule does not: such a figure was not foreseen.
    """
    bounds = experiment.rule.bounds
    for finding in evidence.findings:
        if finding.measure not in bounds:
            raise CourseError(
                f"the finding {finding.what!r} is of the measure {finding.measure!r}, which the rule does not name",
                place=f"the experiment {experiment.id}",
                help=f"the rule's measures are: {', '.join(bounds)}",
            )
    judged, level = _judge_all(evidence.findings, bounds)
    outcomes = {one.outcome for one in judged}
    if not judged:
        return Verdict(NOT_MEASURED, _not_measured(evidence), (), (), level)
    if untried := [name for name in bounds if all(one.finding.measure != name for one in judged)]:
        on = [*(depends_on(judged) if len(outcomes) > 1 else ()), f"what was not measured ({', '.join(untried)})"]
        return Verdict(DEPENDS, _partly(outcomes, untried, evidence), judged, on, level)
    if outcomes == {FOR}:
        return Verdict(HOLDS, experiment.holds, judged, (), level)
    if outcomes == {AGAINST}:
        return Verdict(DOES_NOT_HOLD, experiment.fails, judged, (), level)
    on = depends_on(judged)
    return Verdict(DEPENDS, experiment.depends, judged, on, level)


def _judge_all(findings: Sequence[Finding], bounds: Mapping[str, Bound]) -> tuple[list[Judged], float]:
    """Judge at the level that the findings inside the noise share: those that are decided leave them their part."""
    sharing = max(sum(bool(finding.ratios) for finding in findings), 1)
    while True:
        level = 1 - ERROR_RATE / sharing
        judged = [_judge(finding, bounds[finding.measure], level) for finding in findings]
        left = sum(bool(one.finding.ratios) and one.outcome == UNDECIDED for one in judged)
        if max(left, 1) >= sharing:
            return judged, level
        sharing = max(left, 1)


def _judge(finding: Finding, bound: Bound, level: float) -> Judged:
    if finding.ratios:
        low, high = interval(finding.ratios, level)
        if not enough(len(finding.ratios), level):
            return Judged(finding, low, high, bound, UNDECIDED)
    else:
        low = finding.value if finding.low is None else finding.low
        high = finding.value if finding.high is None else finding.high
    beyond, short = (low > bound.value, high < bound.value) if bound.above else (high < bound.value, low > bound.value)
    if low == high == bound.value:  # an exact figure on the bound itself has not passed it
        short = True
    return Judged(finding, low, high, bound, FOR if beyond else AGAINST if short else UNDECIDED)


def _not_measured(evidence: Evidence) -> str:
    return f"Missing here: {_missing(evidence)}." if evidence.missing else "Nothing was measured."


def _partly(outcomes: set[str], untried: Sequence[str], evidence: Evidence) -> str:
    """Say what was found by part of a rule: the experiment's own sentences speak of the whole of it."""
    found = {
        frozenset({FOR}): "All that was measured speaks for the claim",
        frozenset({AGAINST}): "All that was measured speaks against the claim",
    }.get(frozenset(outcomes), "What was measured does not all fall on one side")
    why = f" Missing here: {_missing(evidence)}." if evidence.missing else ""
    return f"{found}; part of the rule was not measured ({', '.join(untried)}).{why}"


def _missing(evidence: Evidence) -> str:
    return "; ".join(f"{one.lane} ({one.why})" for one in evidence.missing)


def depends_on(judged: Sequence[Judged]) -> list[str]:
    """Say what the outcome depends on: the properties that alone tell a finding for from a finding against.

    A property counts when two findings differ in nothing else and in their outcome. Where no two findings are so
    alike, the properties whose every value goes with one outcome are named instead. Findings inside the noise are
    named by the bound that their interval includes.
    """
    decided = [one for one in judged if one.outcome != UNDECIDED]
    names = list(dict.fromkeys(name for one in judged for name in one.finding.of))
    found = [name for name in names if _alone(decided, name)] or [n for n in names if _tells(decided, n)]
    words = [WORDS.get(name, f"the {name}") for name in found]
    by_measure: dict[str, set[str]] = {}
    for one in decided:
        by_measure.setdefault(one.finding.measure, set()).add(one.outcome)
    sides = list(by_measure.values())
    if ({FOR} in sides and {AGAINST} in sides) or (not words and len({one.outcome for one in decided}) > 1):
        words.append("what is measured")
    if noisy := [one for one in judged if one.outcome == UNDECIDED]:
        values = " or ".join(f"{value:g}" for value in sorted({one.bound.value for one in noisy}))
        many = "the interval" if len(noisy) == 1 else f"{len(noisy)} intervals"
        words.append(f"noise: {many} include{'s' if len(noisy) == 1 else ''} {values}")
    return words


def _alone(decided: Sequence[Judged], name: str) -> bool:
    groups: dict[tuple[object, ...], set[str]] = {}
    for one in decided:
        if name in one.finding.of:
            others = tuple(sorted((k, v) for k, v in one.finding.of.items() if k != name))
            groups.setdefault((one.finding.measure, *others), set()).add(one.outcome)
    return any(len(outcomes) > 1 for outcomes in groups.values())


def _tells(decided: Sequence[Judged], name: str) -> bool:
    groups: dict[str, set[str]] = {one.finding.of[name]: set() for one in decided if name in one.finding.of}
    for one in decided:
        if name in one.finding.of:
            groups[one.finding.of[name]].add(one.outcome)
    all_outcomes = {outcome for outcomes in groups.values() for outcome in outcomes}
    return len(all_outcomes) > 1 and all(len(outcomes) == 1 for outcomes in groups.values())
