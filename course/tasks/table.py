"""How a check looks: one sentence first, then a small table; as HTML and as plain text, saying the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from course.tasks.definition import Definition
from course.tasks.judge import outcome_of
from course.tasks.model import Case, Ran, TaskScore
from course.tasks.problem import brief

__all__ = ["Report", "report"]

PASSES, LOOK = "passes", "look here"
# JupyterLab's own variables, so that dark themes and forced colours work; the values after the comma are for elsewhere.
_STYLE = """
.course-check { font-family: var(--jp-content-font-family, system-ui, sans-serif);
  font-size: var(--jp-content-font-size1, 14px);
  color: var(--jp-content-font-color1, inherit); max-width: 62em; }
.course-check p { margin: .4em 0; }
.course-check .verdict { border-left: 4px solid var(--jp-warn-color1, #b35900); padding: .25em .7em; }
.course-check .verdict.right { border-left-color: var(--jp-success-color1, #2e7d32); }
.course-check .verdict.calm { border-left-color: var(--jp-border-color1, #8a8a8a); }
.course-check .points { white-space: nowrap; color: var(--jp-content-font-color2, inherit); }
.course-check table { border-collapse: collapse; margin: .5em 0; font-size: .93em; display: table; }
.course-check caption { text-align: left; color: var(--jp-content-font-color2, inherit); padding: 0 0 .25em; }
.course-check th, .course-check td { text-align: left; vertical-align: top; padding: .3em .7em; white-space: normal;
  border-top: 1px solid var(--jp-border-color2, #c8c8c8); background: transparent; max-width: 22em; }
.course-check tbody th { font-weight: normal; }
.course-check td.look { font-weight: 600; }
.course-check td.value, .course-check tbody th { overflow-wrap: anywhere; }
.course-check code { font-family: var(--jp-code-font-family, monospace); font-size: .93em; background: transparent;
  color: inherit; padding: 0; }
.course-check .mark { display: inline-block; min-width: 1.2em; }
""".strip()


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
        points = f' <span class="points">({escape(self.points)})</span>' if self.points else ""
        said = _marked(self.sentence) + points
        parts = [
            f"<style>{_STYLE}</style>",
            f'<p class="verdict {kind}"><strong><code>{escape(self.title)}</code></strong>: {said}</p>',
        ]
        if self.rows:
            head = "".join(f'<th scope="col">{name}</th>' for name in ("case", "expected", "got", "what to look at"))
            body = "".join(_row(row) for row in self.rows)
            caption = f"{sum(row.passed for row in self.rows)} of {len(self.rows)} cases pass"
            parts.append(
                f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            )
        for words, code in self.after:
            parts.append(f"<p>{escape(words)}{f' <code>{escape(code)}</code>' if code else ''}</p>")
        return f'<div class="course-check">{"".join(parts)}</div>'


def _row(row: Row) -> str:
    mark = "✓" if row.passed else "✗"
    words = PASSES if row.passed else _marked(row.message)
    return (
        f'<tr><th scope="row"><code>{escape(row.call)}</code></th>'
        f'<td class="value"><code>{escape(row.expected)}</code></td>'
        f'<td class="value"><code>{escape(row.got)}</code></td>'
        f'<td{"" if row.passed else " class=look"}><span class="mark" aria-hidden="true">{mark}</span>{words}</td></tr>'
    )


def _marked(text: str) -> str:
    """Return text as HTML; what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(f"<code>{escape(part)}</code>" if n % 2 else escape(part) for n, part in enumerate(parts))


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
    points = f"{score.points:g} of {score.possible:g} point{'' if score.possible == 1 else 's'}"
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
