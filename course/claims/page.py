"""The ledger as one HTML page: self-contained, light and dark, readable without scripts and on a phone.

Losses stand in the same size and colour weight as wins: one table of all verdicts in the overview's order, then a
section for each claim with its rule, figures, findings, and what would change it.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from course.claims.drawing import DARK, LIGHT, PAPER
from course.claims.figures import findings_figure, series_figure
from course.claims.ledger import recorded
from course.claims.machine import line as machine_line
from course.claims.verdicts import AGAINST, DEPENDS, DOES_NOT_HOLD, FOR, HOLDS, NOT_MEASURED, UNDECIDED, VERDICTS

__all__ = ["SIGNS", "body", "chip", "document", "figure_text", "key", "markdown", "page", "recorded_html"]

SIGNS = {HOLDS: "✓", DEPENDS: "◐", DOES_NOT_HOLD: "✗", NOT_MEASURED: "–"}
_KINDS = {HOLDS: "holds", DEPENDS: "depends", DOES_NOT_HOLD: "fails", NOT_MEASURED: "absent"}
_SAID = {
    HOLDS: ("holds", "hold"),
    DEPENDS: ("depends", "depend"),
    DOES_NOT_HOLD: ("does not hold", "do not hold"),
    NOT_MEASURED: ("was not measured", "were not measured"),
}
_SIDES = {FOR: "● for", AGAINST: "■ against", UNDECIDED: "○ undecided"}
STYLE = Path(__file__).with_name("page.css")
_WIDE = '<div class="wide" tabindex="0" role="group" '  # scrolls where it is too wide, also by keyboard
MOST_ROWS = 12  # a longer table is folded


def page(ledger: dict[str, Any]) -> str:
    """Return the page of a ledger."""
    where = ledger["machine"]
    records = ledger["claims"]
    counts = {verdict: sum(one["verdict"] == verdict for one in records) for verdict in VERDICTS}
    rows = "".join(
        f'<tr><td>{chip(one["verdict"])}</td><td><a href="#{one["id"]}">{_e(one["claim"])}</a></td>'
        f"<td>{_e(figure_text(one))}</td></tr>"
        for one in records
    )
    said = [f"{count} {_SAID[verdict][count > 1]}" for verdict, count in counts.items() if count]
    summary = f"of {len(records)} claim{'s' * (len(records) != 1)}, {', '.join(said)}"
    load, limits = where.get("load", {}), where.get("limits")
    most = f"{limits['gflops']:.0f} Gflop/s (64 bits), {limits['gigabytes']:.0f} GB/s" if limits else ""
    busy = [f"{load[when]} {when}" for when in ("before", "after") if load.get(when) is not None]
    details = [
        ("Processor", f"{where['processor']}, {where['cores']} cores"),
        ("Caches", ", ".join(f"{name} {size}" for name, size in where.get("caches", {}).items())),
        ("Memory", f"{where['memory_gib']} GiB"),
        ("System", f"{where['system']} {where['architecture']}"),
        ("Python", ", ".join([where["python"], *(f"{n} {v}" for n, v in where["packages"].items()), where["blas"]])),
        ("Compilers", ", ".join(filter(None, [where["rustc"] or "no Rust", where["cc"]]))),
        ("One core at most", most),
        ("Load", f"{' and '.join(busy)} ({where['cores']} is all cores busy)" if busy else ""),
        ("Date", where["date"]),
    ]
    about = "".join(f"<dt>{name}</dt><dd>{_e(value)}</dd>" for name, value in details if value)
    command = f"course claims run --{ledger['mode']}"
    head = (
        "<header><h1>Every claim, measured</h1>"
        f'<p class="lead">What an overview says of machine learning in Rust, tried on one machine: {summary}. '
        "Every rule was fixed before its figures were taken; where figures were known, or a rule was changed since, "
        "the rule says so.</p>"
        f"<dl>{about}</dl><p>Made by <code>{command}</code>.</p></header>"
    )
    table = (
        f'<section aria-labelledby="all"><h2 id="all">All verdicts</h2>{_WIDE}aria-label="all verdicts"><table>'
        "<thead><tr>"
        '<th scope="col">verdict</th><th scope="col">claim</th><th scope="col">findings</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )
    sections = "".join(
        f'<article class="claim" id="{one["id"]}" aria-labelledby="h-{one["id"]}">{body(one, heading=True)}</article>'
        for one in records
    )
    return document("Machine learning in Rust: every claim, measured", f"{head}<main>{table}{sections}</main>")


def markdown(ledger: dict[str, Any]) -> str:
    """Return the table of all verdicts as Markdown, with the machine, the day and the command that makes it."""
    lines = ["| verdict | claim | findings |", "|---|---|---|"]
    for one in ledger["claims"]:
        claim = f"{one['claim']} ([rule](course/claims/experiments/{one['id'].replace('-', '_')}.py))"
        on = f", on {_and(one['on'])}" if one["on"] else ""
        lines.append(f"| {SIGNS[one['verdict']]} **{one['verdict']}**{on} | {claim} | {figure_text(one)} |")
    said = f"`course claims run --{ledger['mode']}` on {machine_line(ledger['machine'])}."
    return "\n".join([*lines, "", said, ""])


def document(title: str, content: str) -> str:
    """Return a whole HTML document in the ledger's style."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{_e(title)}</title><style>{_style()}</style></head>'
        f"<body>{content}</body></html>\n"
    )


def chip(verdict: str) -> str:
    """Return a verdict as a small sign with its word."""
    kind = _KINDS.get(verdict, "absent")
    return f'<span class="chip {kind}"><span aria-hidden="true">{SIGNS.get(verdict, "?")}</span> {_e(verdict)}</span>'


def figure_text(record: dict[str, Any]) -> str:
    """Say how the findings fell, and the ratio in the middle where something is timed.

    With its interval where one measure is timed; where several are, one ratio for each, in the rule's words for them.
    """
    counts = ", ".join(f"{count} {name}" for name, count in record["counts"].items() if count)
    if record["ratio"] is None:
        by_measure: dict[str, list[float]] = {}
        for one in record["findings"]:
            if one["turns"]:
                by_measure.setdefault(one["measure"], []).append(one["value"])
        middles = {name: sorted(values)[(len(values) - 1) // 2] for name, values in by_measure.items()}
        said = ", ".join(f"{name} {value:,.3g}" for name, value in middles.items())
        return f"{counts}; in the middle {said}" if said else counts or "–"
    low, high = record["interval"]
    span = f" ({low:.3g} to {high:.3g})" if low != high else ""
    return f"{counts}; in the middle {record['ratio']:,.3g}{span} {record['unit']}"


def body(record: dict[str, Any], *, heading: bool) -> str:
    """Return one claim as HTML: claim, verdict, figures, findings, rule, what would change it."""
    title = (
        f'<h2 id="h-{record["id"]}">{_e(record["claim"])}</h2>' if heading else f"<p><b>{_e(record['claim'])}</b></p>"
    )
    parts = [title, f'<p class="where">{_e(record["where"])} · <code>{record["id"]}</code></p>']
    parts.append(f'<p class="verdict">{chip(record["verdict"])} {_e(record["sentence"])}</p>')
    if record["on"]:
        parts.append(f"<p><b>It depends on</b> {_e(_and(record['on']))}.</p>")
    parts.append(f"<p><b>The rule</b>, fixed beforehand: {_e(record['rule']['words'])}</p>")
    if heading:
        parts.append(_figures(record))
    parts.append(_findings(record))
    if record["missing"]:
        items = "".join(f"<li>{_e(one['lane'])}: {_e(one['why'])}{_help(one)}</li>" for one in record["missing"])
        parts.append(f"<p><b>Not measured here</b>:</p><ul>{items}</ul>")
    if heading and (elsewhere := recorded(record)):
        parts.append(recorded_html(record, *elsewhere))
    for table in record["tables"]:
        parts.append(_table(table))
    parts.extend(f"<p>{_e(note)}</p>" for note in record["notes"])
    parts.append(f"<p><b>What would change this</b>: {_told(record['would_change'])}</p>")
    small = [f"Agreement: {record['agreement']}" if record["agreement"] else ""]
    small.append(
        f"Timed intervals at {100 * record['level']:.4g} %" if any(f["turns"] for f in record["findings"]) else ""
    )
    small.extend(f"The rule was changed: {one}" for one in record["rule"]["changes"])
    if any(small):
        parts.append(f'<p class="small">{_e(". ".join(one.rstrip(".") for one in small if one))}.</p>')
    return "".join(parts)


def _help(missing: dict[str, Any]) -> str:
    return f" To measure it: <code>{_e(missing['help'])}</code>" if missing["help"] else ""


def recorded_html(record: dict[str, Any], where: dict[str, Any], found: dict[str, Any]) -> str:
    """Return what another machine measured of what is missing here, labelled with that machine and its day."""
    whole = record["verdict"] == NOT_MEASURED
    verdict = f"<p>{chip(found['verdict'])} {_e(found['sentence'])}</p>" if whole else ""
    return (
        '<div class="recorded"><p><b>Recorded on another machine, not measured here</b>: '
        f"{_e(machine_line(where))}.</p>{verdict}{_findings(found, counted=whole)}</div>"
    )


def _figures(record: dict[str, Any]) -> str:
    parts = []
    if svg := findings_figure(record, PAPER):
        caption = f"<figcaption>{_e(key(record))}</figcaption>"
        parts.append(f'<figure>{_WIDE}aria-label="figure: findings">{svg}</div>{caption}</figure>')
    if record["series"]:
        drawn = "".join(
            f'{_WIDE}aria-label="figure: {_e(one["title"])}">{series_figure(one, PAPER)}</div>'
            for one in record["series"]
        )
        parts.append(f'<figure class="many">{drawn}</figure>')
    return "".join(parts)


def key(record: dict[str, Any]) -> str:
    """Say what the marks of the findings' figure mean."""
    words = ["Filled circle: for the claim. Square: against it. Hollow: undecided."]
    timed = [finding["measure"] for finding in record["findings"] if finding["turns"]]
    if not timed:
        return f"{words[0]} One mark for each finding."
    words.append(f"Lines: {100 * record['level']:.4g} % intervals.")
    if len({record["rule"]["bounds"][measure]["value"] for measure in timed}) > 1:
        words.append("The upright stroke is the rule's bound in that row.")
    return " ".join(words)


def _findings(record: dict[str, Any], *, counted: bool = True) -> str:
    found = record["findings"]
    if not found:
        return ""
    rows = [
        [_SIDES[f["outcome"]], f["what"], f"{f['value']:,.4g}{_span(f)}", f["unit"], _bound(record, f)] for f in found
    ]
    columns = ["for or against", "what", "figure", "unit", "bound"]
    words = ", ".join(f"{count} {name}" for name, count in record["counts"].items() if count)
    words = words if counted else f"{len(found)} of what is missing here"
    return _table({"title": f"Findings: {words}", "columns": columns, "rows": rows, "note": ""})


def _span(finding: dict[str, Any]) -> str:
    return "" if finding["low"] == finding["high"] else f" ({finding['low']:.3g} to {finding['high']:.3g})"


def _bound(record: dict[str, Any], finding: dict[str, Any]) -> str:
    bound = record["rule"]["bounds"][finding["measure"]]
    return f"{'above' if bound['above'] else 'below'} {bound['value']:g}"


def _table(table: dict[str, Any]) -> str:
    head = "".join(f'<th scope="col">{_e(name)}</th>' for name in table["columns"])
    rows = "".join("<tr>" + "".join(f"<td>{_e(cell)}</td>" for cell in row) + "</tr>" for row in table["rows"])
    note = f'<p class="small">{_e(table["note"])}</p>' if table["note"] else ""
    open = "" if len(table["rows"]) > MOST_ROWS else " open"
    return (
        f"<details{open}><summary>{_e(table['title'])}</summary>"
        f'{_WIDE}aria-label="table: {_e(table["title"])}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}</details>"
    )


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _e(text: object) -> str:
    return html.escape(str(text))


def _told(text: str) -> str:
    """Escape a sentence; what stands between backticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _e(text))


def _style() -> str:
    """Return the style sheet: the figures' colours, light and dark, and what is written beside this module."""
    light, dark = (";".join(f"--{name}:{value}" for name, value in palette.items()) for palette in (LIGHT, DARK))
    colours = f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return colours + STYLE.read_text("utf-8")
