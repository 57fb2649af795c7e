"""Many machines side by side: for each claim the verdicts and the spread of its figure, by processor.

A class is a measurement: every submission may hold a `claims.json`, and what varies between machines, and what does
not, is the finding.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from course.claims.ledger import IDS
from course.claims.page import chip, document
from course.claims.verdicts import VERDICTS

__all__ = ["Spread", "as_json", "page", "spreads"]


@dataclass(frozen=True)
class Spread:
    """One claim on all machines with one processor (or on all machines: `processor` is then "all").

    verdicts: how many machines gave each. low, middle, high: of the claim's figure over those machines, None where no
    machine has one.
    """

    id: str
    processor: str
    machines: int
    verdicts: dict[str, int]
    low: float | None
    middle: float | None
    high: float | None
    unit: str


def spreads(ledgers: Sequence[dict[str, Any]]) -> list[Spread]:
    """Return, claim by claim in the ledger's order, the spread over all machines and then over each processor's."""
    processors = sorted({ledger["machine"]["processor"] for ledger in ledgers})
    known = [*IDS, *sorted({one["id"] for ledger in ledgers for one in ledger["claims"]} - set(IDS))]
    found = []
    for id in known:
        groups = [("all", ledgers)]
        if len(processors) > 1:
            groups += [(name, [e for e in ledgers if e["machine"]["processor"] == name]) for name in processors]
        for name, members in groups:
            records = [one for ledger in members for one in ledger["claims"] if one["id"] == id]
            if records:
                found.append(_spread(id, name, records))
    return found


def _spread(id: str, processor: str, records: Sequence[dict[str, Any]]) -> Spread:
    counts = Counter(one["verdict"] for one in records)
    verdicts = {name: counts[name] for name in (*VERDICTS, *sorted(set(counts) - set(VERDICTS))) if counts[name]}
    values = sorted(float(one["ratio"]) for one in records if isinstance(one.get("ratio"), int | float))
    low, middle, high = (values[0], values[(len(values) - 1) // 2], values[-1]) if values else (None, None, None)
    unit = next((str(one["unit"]) for one in records if one.get("unit")), "")
    return Spread(id, processor, len(records), verdicts, low, middle, high, unit)


def verdict_text(spread: Spread) -> str:
    """Say the verdicts of a spread: "3 holds, 1 depends"; a single machine's without a number."""
    if spread.machines == 1:
        return next(iter(spread.verdicts))
    return ", ".join(f"{count} {name}" for name, count in spread.verdicts.items())


def figure_text(spread: Spread) -> str:
    """Say the spread of the figure: the middle machine's, and the range."""
    if spread.middle is None:
        return "–"
    if spread.low == spread.high:
        return f"{spread.middle:,.4g} {spread.unit}"
    return f"{spread.middle:,.4g} ({spread.low:,.4g} to {spread.high:,.4g}) {spread.unit}"


def as_json(ledgers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what `course claims compare --json` prints; `docs/schemas/claims-compare.schema.json` describes it."""
    return {
        "schema": 1,
        "machines": [ledger["machine"] for ledger in ledgers],
        "claims": [vars(spread) for spread in spreads(ledgers)],
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
            f"<td>{html.escape(figure_text(spread))}</td></tr>"
        )
    counted = Counter(ledger["machine"]["processor"] for ledger in ledgers)
    listed = "; ".join(f"{html.escape(name)} ×{count}" for name, count in sorted(counted.items()))
    return document(
        "The same claims on many machines",
        f'<header><h1>The same claims on many machines</h1><p class="lead">{len(ledgers)} runs: {listed}. '
        "For each claim the verdicts, and the figure in the middle with its range over machines; below it, the same "
        'for each processor.</p></header><main><div class="wide" tabindex="0" role="region" aria-label="verdicts">'
        '<table><thead><tr><th scope="col">claim, processor</th><th scope="col">machines</th><th scope="col">verdicts'
        f'</th><th scope="col">figure</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div></main>',
    )
