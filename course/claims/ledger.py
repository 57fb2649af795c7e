"""The ledger: every claim of the overview, in its order; measuring them; what `claims.json` holds.

    experiment("superior-to-python")      one experiment, imported when asked for
    measured("superior-to-python")        its record, measured now
    run(["growth"], quick=True)           a ledger: {schema, mode, machine, claims: [record, …]}

A record is plain data (`docs/schemas/claims.schema.json`), so that the page, the notebook and the comparison of
machines are all made from it, here or later.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from course.claims import machine
from course.claims.experiment import Evidence, Experiment, Finding, Missing, Run, Table
from course.claims.verdicts import AGAINST, FOR, NOT_MEASURED, UNDECIDED, Judged, Verdict, decide
from course.errors import CourseError, NotALedger, UnknownName

__all__ = ["IDS", "experiment", "judged_record", "measured", "read", "recorded", "reference", "run"]

IDS = (
    "growth",
    "comparable-to-c",
    "superior-to-python",
    "suits-performance-critical",
    "memory-safety-prevents-bugs",
    "concurrency-beats-gil",
    "interoperability-easy",
    "rustlearn-like-sklearn",
    "linfa-comprehensive",
    "tch-full-pytorch",
    "ndarray-base",
    "fewer-libraries",
    "steep-learning-curve",
    "smaller-community",
    "python-better-for-prototyping",
    "rust-in-the-middle-three-stages",
)
"""The claims, in the overview's order."""

REFERENCE = Path(__file__).with_name("reference.json")
SECONDS = {True: 11.0, False: 150.0}  # what one experiment may spend, quick or in full

Progress = Callable[[float, str], None]


def experiment(id: str) -> Experiment:
    """Return the experiment of a claim. Raises `UnknownName` with the nearest id."""
    if id not in IDS:
        raise UnknownName("claim", id, IDS)
    module = importlib.import_module(f"course.claims.experiments.{id.replace('-', '_')}")
    found = module.EXPERIMENT
    assert isinstance(found, Experiment)
    return found


def measured(id: str, *, quick: bool = True, progress: Progress = lambda _fraction, _what: None) -> dict[str, Any]:
    """Measure one claim now and return its record.

    An experiment that fails (lanes disagree, a crate cannot be built) is *not measured*, with the reason.
    """
    this = experiment(id)
    began = time.perf_counter()
    running = Run(quick=quick, seconds=SECONDS[quick], say=progress)
    evidence = Evidence()
    for need in this.needs:
        if running.missing(evidence, need, need):
            break  # what is missing for the rest, most often follows from this
    failed = ""
    if not evidence.missing:
        try:
            evidence = this.measure(running)
        except (CourseError, OSError, subprocess.SubprocessError) as error:
            failed = error.message if isinstance(error, CourseError) else str(error)
            help = error.help if isinstance(error, CourseError) else ""
            evidence = Evidence(missing=[Missing("the experiment", failed, help)])
    record = judged_record(this, evidence, time.perf_counter() - began)
    record["failed"] = failed
    return record


def judged_record(this: Experiment, evidence: Evidence, seconds: float) -> dict[str, Any]:
    """Return the record of an experiment and what it found, the verdict included."""
    verdict = decide(this, evidence)
    middle = _middle(verdict)
    return {
        "id": this.id,
        "claim": this.claim,
        "where": this.where,
        "verdict": verdict.verdict,
        "sentence": verdict.sentence,
        "on": list(verdict.on),
        "rule": {
            "words": this.rule.words,
            "bounds": {name: {"value": b.value, "above": b.above} for name, b in this.rule.bounds.items()},
            "changes": list(this.after),
        },
        "agreement": this.agreement,
        "lanes": list(this.lanes),
        "sizes": list(this.sizes),
        "would_change": this.would_change,
        "ratio": middle and _short(middle.finding.value),
        "interval": middle and [_short(middle.low), _short(middle.high)],
        "unit": _unit(verdict) if middle else "",
        "level": round(verdict.level, 5),
        "counts": {name: sum(one.outcome == name for one in verdict.judged) for name in (FOR, AGAINST, UNDECIDED)},
        "findings": [_finding(one) for one in verdict.judged],
        "missing": [asdict(one) for one in evidence.missing],
        "series": _series(evidence),
        "tables": [_lists(asdict(one)) for one in [*evidence.tables, *_remarks(evidence)]],
        "notes": list(evidence.notes),
        "seconds": round(seconds, 1),
        "failed": "",
    }


def _middle(verdict: Verdict) -> Judged | None:
    """Return the timed finding in the middle: the ratio that stands for the claim.

    None where nothing is timed, or by several measures: no one ratio stands for comparisons of different things.
    """
    timed = sorted((one for one in verdict.judged if one.finding.ratios), key=lambda one: one.finding.value)
    return timed[(len(timed) - 1) // 2] if len({one.finding.measure for one in timed}) == 1 else None


def _unit(verdict: Verdict) -> str:
    """Return the unit that all timed findings share, or what they share of it."""
    units = {one.finding.unit for one in verdict.judged if one.finding.ratios}
    return units.pop() if len(units) == 1 else "times as fast as what it is compared with"


def _finding(one: Judged) -> dict[str, Any]:
    finding: Finding = one.finding
    return {
        "measure": finding.measure,
        "what": finding.what,
        "of": dict(finding.of),
        "value": _short(finding.value),
        "low": _short(one.low),
        "high": _short(one.high),
        "unit": finding.unit,
        "turns": len(finding.ratios),
        "outcome": one.outcome,
    }


def _series(evidence: Evidence) -> list[dict[str, Any]]:
    found = [_lists(asdict(one)) for one in evidence.series]
    for task, lanes in evidence.growth.items():
        points = {lane: [[_short(value) for value in point] for point in points] for lane, points in lanes.items()}
        words = {"title": task, "x_label": "size", "y_label": "time of a call (s)"}
        found.append({**words, "points": points, "log": True, "kind": "line"})
    return found


def _remarks(evidence: Evidence) -> list[Table]:
    """Return the table of what to know of tasks and lanes: another algorithm, a known loss and its cause."""
    rows = [[task, lane or "all", note] for (task, lane), note in evidence.remarks.items()]
    return [Table("What to know of the tasks and lanes", ["task", "lane", "what"], rows)] if rows else []


def _lists(value: Any) -> Any:
    """Return plain lists in place of tuples: what is read from a file equals what was written."""
    if isinstance(value, dict):
        return {str(key): _lists(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(inner) for inner in value]
    return value


def _short(value: float) -> float:
    """Round to five significant digits: more are noise, and make files differ."""
    return float(f"{float(value):.5g}")


def run(ids: Sequence[str] = (), *, quick: bool = True, progress: Progress = lambda _f, _w: None) -> dict[str, Any]:
    """Measure claims (all where `ids` is empty) and return the ledger."""
    chosen = [id for id in IDS if id in ids] if ids else list(IDS)
    for id in ids:
        experiment(id)  # a wrong name is an error before anything is measured
    before = machine.load()
    here = machine.describe() | _limits()
    records = []
    for number, id in enumerate(chosen):

        def tell(fraction: float, what: str, number: int = number, id: str = id) -> None:
            progress((number + min(max(fraction, 0.0), 1.0)) / len(chosen), f"{id}: {what}" if what else id)

        tell(0.0, "")
        records.append(measured(id, quick=quick, progress=tell))
    progress(1.0, "done")
    here["load"] = {"before": before, "after": machine.load()}
    return {"schema": 1, "mode": "quick" if quick else "full", "machine": here, "claims": records}


def _limits() -> dict[str, Any]:
    """Return what one core can do at most, as measured with Rust loops; nothing where there is no Rust."""
    from course.claims.lanes import roofline

    try:
        found = roofline.measure(1)
    except CourseError:
        return {}
    return {"limits": {"gflops": _short(found.flops / 1e9), "gigabytes": _short(found.bandwidth / 1e9)}}


def read(path: Path) -> dict[str, Any]:
    """Read a `claims.json`. Raises `NotALedger` where it is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise NotALedger(path, error.strerror or str(error)) from None
    except ValueError:
        raise NotALedger(path, "it is not JSON") from None
    if not isinstance(found, dict) or found.get("schema") != 1:
        raise NotALedger(path, "it has no `schema: 1`")
    claims, where = found.get("claims"), found.get("machine")
    if not isinstance(where, dict) or not isinstance(where.get("processor"), str) or not isinstance(claims, list):
        raise NotALedger(path, "it has no machine, or no claims")
    for one in claims:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str) or not isinstance(one.get("verdict"), str):
            raise NotALedger(path, "one of its claims has no id or no verdict")
    return found


def reference(id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return what was recorded for a claim on the reference machine: (machine, record); None where there is nothing."""
    if not REFERENCE.is_file():
        return None
    ledger = read(REFERENCE)
    for record in ledger["claims"]:
        if record["id"] == id and record["verdict"] != NOT_MEASURED:
            return ledger["machine"], record
    return None


def recorded(record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return what the reference machine measured of what is missing in a record: (machine, record).

    The whole record where nothing was measured here; else one with the findings of the missing lanes, and of measures
    that have none here. None where nothing is missing, or nothing of it was recorded.
    """
    if not record["missing"] or (found := reference(record["id"])) is None:
        return None
    where, whole = found
    if record["verdict"] == NOT_MEASURED:
        return where, whole
    gone = {one["lane"] for one in record["missing"]}
    here = {one["measure"] for one in record["findings"]}
    there = {(one["measure"], one["what"]) for one in record["findings"]}
    findings = [
        one
        for one in whole["findings"]
        if (one["measure"], one["what"]) not in there and (one["measure"] not in here or _of_lanes(one, gone))
    ]
    return (where, whole | {"findings": findings}) if findings else None


def _of_lanes(finding: dict[str, Any], lanes: set[str]) -> bool:
    values = set(map(str, finding["of"].values()))
    return bool(lanes & (values | {part.strip() for value in values for part in value.split(",")}))
