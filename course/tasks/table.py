"""How a check looks: one sentence first, then a small table; as HTML and as plain text, saying the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from course.quiz.model import points_text
from course.tasks.definition import Definition
from course.tasks.judge import outcome_of
from course.tasks.model import Case, Ran, TaskScore
from course.tasks.problem import brief

__all__ = ["Report", "report"]

PASSES, FAILS, LOOK = "passes", "fails", "look here"
# Styles stand on the elements: JupyterLab drops a style sheet from a notebook it does not trust. The colours are the
# theme's own variables, so that dark themes work; the values after the comma are for pages elsewhere.
_MUTED = "color:var(--jp-content-font-color2,#555)"
_CELL = (
    "text-align:left;vertical-align:top;padding:.35em .9em .35em 0;white-space:normal;"
    "border-top:1px solid var(--jp-border-color2,#c8c8c8)"
)
_CODE = "background:none;padding:0;color:inherit;white-space:"
_NARROW = 44  # characters: shorter lines of code are not broken
_BARS = {
    "right": "var(--jp-success-color1,#2e7d32)",
    "wrong": "var(--jp-warn-color1,#b35900)",
    "calm": "var(--jp-border-color1,#8a8a8a)",
}


@dataclass(frozen=True)
class Row:
    """One case: what was called, what should come, what came, and what to look at."""

    call: str
    expected: str
    got: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Report:
    """What a check says. `calm`: the task is not begun; `after`: what to do next, as (words, code)."""

    title: str
    sentence: str
    points: str
    rows: tuple[Row, ...] = ()
    calm: bool = False
    right: bool = False
    after: tuple[tuple[str, str], ...] = ()

    def bundle(self) -> dict[str, str]:
        """Return it as Jupyter shows it."""
        return {"text/html": self.html(), "text/plain": self.text()}

    def text(self) -> str:
        """Return it as plain text."""
        lines = [f"{self.title}: {self.sentence}{f' ({self.points})' if self.points else ''}"]
        for row in self.rows:
            lines += ["", f"  {'✓' if row.passed else '✗'} {row.call}"]
            lines.append(f"      expected  {row.expected}")
            if not row.passed:
                lines += [f"      got       {row.got}", f"      {LOOK}: {row.message}"]
        if self.after:
            lines += ["", *(f"{words} {code}".rstrip() for words, code in self.after)]
        return "\n".join(lines)

    def html(self) -> str:
        """Return it as HTML that follows the theme."""
        kind = "calm" if self.calm else "right" if self.right else "wrong"
        points = f' <span style="{_MUTED};white-space:nowrap">({escape(self.points)})</span>' if self.points else ""
        said = _marked(self.sentence) + points
        bar = f"border-left:4px solid {_BARS[kind]};padding:.2em .7em;margin:.3em 0"
        parts = [f'<p class="verdict {kind}" style="{bar}"><strong>{_code(self.title)}</strong>: {said}</p>']
        if self.rows:
            names = ("", "case", "expected", "got")
            head = "".join(f'<th scope="col" style="{_CELL};border-top:none;{_MUTED}">{name}</th>' for name in names)
            body = "".join(_row(row) for row in self.rows)
            caption = f"{sum(row.passed for row in self.rows)} of {len(self.rows)} cases pass"
            parts.append(
                '<div style="overflow-x:auto" tabindex="0" role="group" aria-label="the cases">'
                '<table style="border-collapse:collapse;margin:.5em 0 .5em .9em">'
                f'<caption style="caption-side:top;text-align:left;{_MUTED}">{caption}</caption>'
                f'<thead><tr style="background:none">{head}</tr></thead><tbody>{body}</tbody></table></div>'
            )
        for words, code in self.after:
            tail = f" {_code(code)}" if code else ""
            parts.append(f'<p style="margin:.3em 0 .3em .9em">{escape(words)}{tail}</p>')
        return f'<div class="course-check">{"".join(parts)}</div>'


def _row(row: Row) -> str:
    """Return a case as a row; what to look at stands in a row of its own, as wide as the table."""
    mark, word = ("✓", PASSES) if row.passed else ("✗", FAILS)
    got = f'<span style="{_MUTED};white-space:nowrap">as expected</span>' if row.passed else _code(row.got)
    first = (
        f'<tr style="background:none"><td style="{_CELL};white-space:nowrap">'
        f'<span aria-hidden="true">{mark}</span> {word}</td>'
        f'<th scope="row" style="{_CELL};font-weight:normal">{_code(row.call)}</th>'
        f'<td style="{_CELL}">{_code(row.expected)}</td><td style="{_CELL}">{got}</td></tr>'
    )
    if row.passed:
        return first
    look = f"{_CELL};border-top:none;font-weight:bold;padding-top:0"
    return (
        f'{first}<tr style="background:none"><td></td><td colspan="3" style="{look}">{_marked(row.message)}</td></tr>'
    )


def _code(text: str) -> str:
    # Rows of a matrix stand below each other, whatever becomes of white space on the way.
    lines = re.sub(r"\], (?=\[)", "],\n ", text).split("\n")
    kept = "pre" if max(map(len, lines)) <= _NARROW else "pre-wrap"
    return f'<code style="{_CODE}{kept}">{"<br>&nbsp;".join(escape(line.strip()) for line in lines)}</code>'


def _marked(text: str) -> str:
    """Return text as HTML; what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(_code(part) if n % 2 else escape(part) for n, part in enumerate(parts))


def report(
    definition: Definition,
    runs: Mapping[str, Ran],
    score: TaskScore,
    *,
    after: Sequence[tuple[str, str]] = (),
    note: str = "",
) -> Report:
    """Return what to show of a check. `note` is said after the sentence (of hidden cases, of time)."""
    visible = [case for case in definition.cases if not case.hidden]
    verdicts = {verdict.id: verdict for verdict in score.cases}
    calm = any(runs[case.id].outcome in ("missing", "stub") for case in visible if case.id in runs)
    points = f"{score.points:g} of {points_text(score.possible)}"
    title, right = definition.function, not score.message
    if calm:
        return Report(title, score.message, points, calm=True, after=tuple(after))
    sentence = score.message or f"right: {_all(definition)}"
    sentence = f"{sentence}. {note}" if note else sentence
    rows = tuple(
        Row(
            _call(definition, case),
            _outcome(case, case.expected),
            _outcome(case, runs.get(case.id, Ran("not-run"))),
            verdicts[case.id].passed,
            verdicts[case.id].message,
        )
        for case in visible
    )
    return Report(title, sentence, points, rows, right=right, after=tuple(after))


def _all(definition: Definition) -> str:
    shown = sum(not case.hidden for case in definition.cases)
    hidden = len(definition.cases) - shown + len(definition.rejects)
    cases = "the case passes" if shown == 1 else f"all {shown} cases pass"
    if hidden:
        cases = f"{'the case' if shown == 1 else f'all {shown} cases'} shown and {hidden} more pass"
    return cases


def _call(definition: Definition, case: Case) -> str:
    return f"{definition.function}({', '.join(brief(value) for value in case.arguments)})"


def _outcome(case: Case, ran: Ran) -> str:
    if ran.outcome == "returned":
        return brief(outcome_of(case, ran))
    if ran.outcome in ("raised", "panicked"):
        return ran.error if len(ran.error) <= 120 else ran.error[:119] + "…"
    return {"timeout": "no result in time", "memory": "out of memory", "crashed": "the process ended"}.get(
        ran.outcome, "no result"
    )
