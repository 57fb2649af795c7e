"""`claim("…")` in a notebook: the claim, its rule, a figure, the verdict, and what would change it.

The measurement is quick (twenty seconds at most). What cannot be measured here, a lane or all of it, is shown as it was
recorded on the reference machine, labelled as such.
"""

from __future__ import annotations

import base64
import contextlib
import html
from dataclasses import dataclass, field
from typing import Any

from IPython import get_ipython

from course.claims import ledger
from course.claims import machine as machines
from course.claims.drawing import DARK, LIGHT
from course.claims.figures import findings_alt, findings_figure, series_alt, series_figure
from course.claims.page import SIGNS, body, figure_text, key, recorded_html
from course.claims.verdicts import NOT_MEASURED
from course.waiting import Waiting

__all__ = ["ShownClaim", "claim", "plain"]


@dataclass(frozen=True)
class ShownClaim:
    """A measured claim, as it is displayed. `record` is what `claims.json` would hold of it."""

    record: dict[str, Any] = field(repr=False)
    recorded: tuple[dict[str, Any], dict[str, Any]] | None = field(default=None, repr=False)

    @property
    def verdict(self) -> str:
        """The verdict of this machine: holds, depends, does not hold, or not measured."""
        return str(self.record["verdict"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": _html(self.record, self.recorded), "text/plain": repr(self)}

    def __repr__(self) -> str:
        text = plain(self.record)
        if self.recorded is not None:
            machine, record = self.recorded
            said = plain(record) if self.verdict == NOT_MEASURED else "\n".join(_findings(record))
            text += f"\n\nRecorded on another machine, not measured here ({machines.line(machine)}):\n{said}"
        return text


def claim(id: str, *, full: bool = False) -> ShownClaim:
    """Measure a claim of the overview on this machine and show it. Make this the last line of a cell.

    full: take minutes instead of seconds, for narrower intervals and larger sizes.
    """
    ledger.experiment(id)  # a wrong name is an error before anything else
    waiting = Waiting("measuring (longer the first time, if it compiles something)")
    in_notebook = get_ipython() is not None  # a script's output is its own
    with waiting if in_notebook else contextlib.nullcontext(lambda _fraction, _what: None) as tell:
        tell(0.0, id)
        record = ledger.measured(id, quick=not full, progress=tell)
    return ShownClaim(record, ledger.recorded(record))


def plain(record: dict[str, Any]) -> str:
    """Return a claim as plain text."""
    lines = [record["claim"], f"{SIGNS[record['verdict']]} {record['verdict']}: {record['sentence']}"]
    if record["on"]:
        lines.append(f"depends on: {', '.join(record['on'])}")
    lines.append(f"findings: {figure_text(record)}")
    lines.append(f"rule: {record['rule']['words']}")
    lines += _findings(record)
    for one in record["missing"]:
        lines.append(f"  not measured: {one['lane']} ({one['why']})" + (f"; {one['help']}" if one["help"] else ""))
    lines.append(f"what would change this: {record['would_change']}")
    return "\n".join(lines)


def _findings(record: dict[str, Any]) -> list[str]:
    lines = []
    for one in record["findings"]:
        span = "" if one["low"] == one["high"] else f" ({one['low']:.3g} to {one['high']:.3g})"
        lines.append(f"  {one['outcome']:<9} {one['what']}: {one['value']:,.4g}{span} {one['unit']}")
    return lines


def _html(record: dict[str, Any], recorded: tuple[dict[str, Any], dict[str, Any]] | None) -> str:
    parts = [_STYLE, '<div class="course-claim">', _one(record)]
    if recorded is not None:
        machine, instead = recorded
        if record["verdict"] == NOT_MEASURED:
            where = html.escape(machines.line(machine))
            label = f'<p class="recorded">Recorded on another machine, not measured here: {where}.</p>'
            parts.append(label + _one(instead))
        else:
            parts.append(recorded_html(record, machine, instead))
    return "".join([*parts, "</div>"])


def _one(record: dict[str, Any]) -> str:
    pictures = []
    if light := findings_figure(record, LIGHT):
        caption = f"<figcaption>{html.escape(key(record))}</figcaption>"
        pictures.append(f"<div>{_twins(light, findings_figure(record, DARK), findings_alt(record))}{caption}</div>")
    for series in record["series"]:
        pictures.append(_twins(series_figure(series, LIGHT), series_figure(series, DARK), series_alt(series)))
    text = body(record, heading=False)
    before, rule, after = text.partition("<p><b>The rule</b>")
    figures = f'<figure class="course-figure">{"".join(pictures)}</figure>' if pictures else ""
    return f"{before}{figures}{rule}{after}"


def _twins(light: str, dark: str, alt: str) -> str:
    """Embed a picture twice, one for each theme of JupyterLab; where our style is dropped, one of them stays hidden."""

    def image(svg: str, name: str, style: str) -> str:
        url = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
        return f'<img class="{name}" style="{style}" alt="{html.escape(alt)}" src="{url}">'

    return image(light, "course-light", "max-width:100%") + image(dark, "course-dark", "display:none")


_INK = "var(--jp-content-font-color1,#1b1f24)"
_STYLE = (
    "<style>"
    f".course-claim{{max-width:50em;color:{_INK};border-left:3px solid var(--jp-border-color1,#c8ccd2);"
    "padding:.1em 0 .1em 1em}"
    ".course-claim p{margin:.45em 0}"
    ".course-claim .where,.course-claim .small{color:var(--jp-content-font-color2,#555);font-size:.9em}"
    ".course-claim .chip{display:inline-block;white-space:nowrap;font-weight:600;padding:.05em .6em;"
    "border:2px solid;border-radius:1em;margin-right:.3em}"
    ".course-claim .holds{color:#0a5fa0}.course-claim .fails{color:#a63c00}"
    ".course-claim .depends{color:#6b4e00}.course-claim .absent{color:#565e69}"
    "[data-jp-theme-light=false] .course-claim .holds{color:#7cc4f5}"
    "[data-jp-theme-light=false] .course-claim .fails{color:#ffa061}"
    "[data-jp-theme-light=false] .course-claim .depends{color:#e6c55a}"
    "[data-jp-theme-light=false] .course-claim .absent{color:#a8b0bb}"
    ".course-claim summary{cursor:pointer;font-weight:600}.course-claim .wide{overflow-x:auto}"
    ".course-claim table{font-size:.92em}.course-claim td,.course-claim th{text-align:left!important;"
    "vertical-align:top}"
    ".course-claim figcaption{color:var(--jp-content-font-color2,#555);font-size:.88em}"
    ".course-claim figure{margin:.6em 0;display:flex;flex-wrap:wrap;gap:.8em 1.2em}"
    ".course-claim .recorded{border-left:3px solid var(--jp-warn-color1,#b35900);padding:.2em .7em}"
    "[data-jp-theme-light=false] .course-claim .course-light{display:none!important}"
    "[data-jp-theme-light=false] .course-claim .course-dark{display:inline!important;max-width:100%}"
    "</style>"
)
