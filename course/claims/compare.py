"""Many machines side by side: for each claim the verdicts and the spread of its figure, by processor.

A class is a measurement: every submission may hold a `claims.json`, and what varies between machines, and what does
not, is the finding.
"""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course.claims.ledger import IDS
from course.claims.page import chip, document
from course.claims.verdicts import VERDICTS

__all__ = ["Range", "Spread", "as_json", "figure_text", "ledger_files", "page", "spreads", "verdict_text"]


_WORDS = ("measure", "what", "unit", "outcome")


@dataclass(frozen=True)
class Range:
    """One timed finding over machines: its ratio in the middle, the smallest and the largest, and the outcomes."""

    what: str
    unit: str
    low: float
    middle: float
    high: float
    outcomes: dict[str, int]


@dataclass(frozen=True)
class Spread:
    """One claim on all machines with one processor (or on all machines: `processor` is then "all").

    verdicts: how many machines gave each. findings: the timed ones that every machine has, so that like is compared
    with like. low, middle, high: of each machine's geometric mean over these; None where there are none.
    """

    id: str
    processor: str
    machines: int
    verdicts: dict[str, int]
    low: float | None
    middle: float | None
    high: float | None
    findings: list[Range]


def ledger_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files to compare: those named, and of a folder LEARNER/…/claims.json, each learner's newest.

    A learner hands in the same file with every chapter, and is one machine all the same.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        newest: dict[Path, Path] = {}
        for file in sorted(path.rglob("claims.json"), key=lambda one: (one.stat().st_mtime, one)):
            newest[path / file.relative_to(path).parts[0]] = file
        found += [newest[learner] for learner in sorted(newest)]
    return found


def spreads(ledgers: Sequence[dict[str, Any]]) -> list[Spread]:
    """Return, claim by claim in the ledger's order, the spread over all machines and then over each processor's."""
    processors = sorted({ledger["machine"]["processor"] for ledger in ledgers})
    known = [*IDS, *sorted({one["id"] for ledger in ledgers for one in ledger["claims"]} - set(IDS))]
    found = []
    for id in known:
        groups = [("all", ledgers)]
        if len(processors) > 1:
            groups += [(name, [e for e in ledgers if e["machine"]["processor"] == name]) for name in processors]
        common = _common([one for ledger in ledgers for one in ledger["claims"] if one["id"] == id])
        for name, members in groups:
            records = [one for ledger in members for one in ledger["claims"] if one["id"] == id]
            if records:
                found.append(_spread(id, name, records, common))
    return found


def _timed(record: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return a record's timed findings by what they are: measure, words, and what is compared."""
    findings = record.get("findings")
    found = {}
    for one in findings if isinstance(findings, list) else ():  # files come from anybody
        if not isinstance(one, dict) or not all(isinstance(one.get(name), str) for name in _WORDS):
            continue
        value = one.get("value")
        if one.get("turns") and isinstance(value, int | float) and 0 < value < math.inf:
            found[one["measure"], one["what"], one["unit"]] = one
    return found


def _common(records: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return the timed findings that every machine has which has any."""
    sets = [found for record in records if (found := _timed(record))]
    return [key for key in sets[0] if all(key in other for other in sets)] if sets else []


def _spread(
    id: str, processor: str, records: Sequence[dict[str, Any]], common: Sequence[tuple[str, str, str]]
) -> Spread:
    counts = Counter(one["verdict"] for one in records)
    verdicts = {name: counts[name] for name in (*VERDICTS, *sorted(set(counts) - set(VERDICTS))) if counts[name]}
    timed = [found for record in records if (found := _timed(record))]
    ranges, means = [], []
    if timed and common:
        means = [math.exp(sum(math.log(found[key]["value"]) for key in common) / len(common)) for found in timed]
        for key in common:
            values = [found[key]["value"] for found in timed]
            outcomes = dict(Counter(found[key]["outcome"] for found in timed))
            ranges.append(Range(key[1], key[2], min(values), _middle(values), max(values), outcomes))
    low, middle, high = (min(means), _middle(means), max(means)) if means else (None, None, None)
    return Spread(id, processor, len(records), verdicts, low, middle, high, ranges)


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]


def verdict_text(spread: Spread) -> str:
    """Say the verdicts of a spread: "3 holds, 1 depends"; a single machine's without a number."""
    if spread.machines == 1:
        return next(iter(spread.verdicts))
    return ", ".join(f"{count} {name}" for name, count in spread.verdicts.items())


def figure_text(spread: Spread) -> str:
    """Say the middle machine's mean ratio, the range over machines, and over how many findings."""
    if spread.middle is None:
        return "–"
    span = "" if spread.low == spread.high else f" ({spread.low:.3g} to {spread.high:.3g})"
    count = len(spread.findings)
    return f"{spread.middle:.3g}×{span}, mean of {count} ratio{'s' if count != 1 else ''}"


def as_json(ledgers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what `course claims compare --json` prints; `docs/schemas/claims-compare.schema.json` describes it."""
    return {
        "schema": 1,
        "machines": [ledger["machine"] for ledger in ledgers],
        "claims": [asdict(spread) for spread in spreads(ledgers)],
    }


def page(ledgers: Sequence[dict[str, Any]]) -> str:
    """Return the comparison as one HTML page."""
    found = spreads(ledgers)
    claims = {one["id"]: str(one.get("claim", one["id"])) for ledger in ledgers for one in ledger["claims"]}
    rows = []
    for spread in found:
        whole = spread.processor == "all"
        verdicts = " ".join(
            chip(name) + (f"×{count} " if spread.machines > 1 else "") for name, count in spread.verdicts.items()
        )
        about = f"<b>{html.escape(claims[spread.id])}</b>" if whole else html.escape(spread.processor)
        rows.append(
            f"<tr><td>{about}</td><td>{spread.machines}</td><td>{verdicts}</td>"
            f"<td>{html.escape(figure_text(spread))}{_details(spread) if whole else ''}</td></tr>"
        )
    counted = Counter(ledger["machine"]["processor"] for ledger in ledgers)
    listed = "; ".join(f"{html.escape(name)} ×{count}" for name, count in sorted(counted.items()))
    return document(
        "The same claims on many machines",
        f'<header><h1>The same claims on many machines</h1><p class="lead">{len(ledgers)} runs: {listed}. '
        "For each claim the verdicts, and the geometric mean of the timed ratios that all machines have: the machine "
        "in the middle, and the range. Below it, the same for each processor.</p></header><main>"
        '<div class="wide" tabindex="0" role="group" aria-label="verdicts">'
        '<table><thead><tr><th scope="col">claim, processor</th><th scope="col">machines</th><th scope="col">verdicts'
        f'</th><th scope="col">figure</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div></main>',
    )


def _details(spread: Spread) -> str:
    """Return every timed finding with its range over machines, folded."""
    if not spread.findings:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(one.what)}</td><td>{one.middle:.3g}× ({one.low:.3g} to {one.high:.3g})</td>"
        f"<td>{', '.join(f'{count} {name}' for name, count in one.outcomes.items())}</td></tr>"
        for one in spread.findings
    )
    return f"<details><summary>each ratio</summary><table><tbody>{rows}</tbody></table></details>"
