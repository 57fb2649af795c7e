"""A learner's feedback as one HTML page: self-contained, light and dark, for the screen and for paper, without scripts.

Whatever a learner wrote is shown as text; their figures are images, which run and load nothing. The page's own policy
(`Content-Security-Policy`) forbids scripts and every address outside of the page, should something slip through.

A verdict is a sign and a word. Nothing of a key is in the page, but for the feedback of the options that were chosen,
unless the sheet says `keys`, or learners have the keys anyhow (practice).
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.grading.classfolder import Graded, Key
from course.grading.gradebook import Marked
from course.grading.pictures import Picture
from course.grading.results import Result
from course.quiz import cards, letters
from course.quiz.marking import Mark, Marks
from course.quiz.model import Essay, Task
from course.quiz.transfer import sentence
from course.tasks.table import Report

__all__ = ["Sheet", "page"]

SIGNS = {
    "right": ("✓", "right"),
    "partly": ("◐", "partly right"),
    "wrong": ("✗", "not right"),
    "unanswered": ("–", "no answer"),
    "awaiting": ("…", "not marked yet"),
    "not graded": ("!", "not graded"),
    "marked": ("✎", "marked"),
}
STYLE = Path(__file__).with_name("feedback.css")
LONGEST = 20_000  # characters of one answer that are shown
STEP = 4  # spaces of one indent


@dataclass(frozen=True)
class Sheet:
    """All that a page says. given: what the gradebook has, by grade id; `""` is what being late takes off."""

    key: Key
    learner: str
    status: str  # of the record: "graded", "trouble" or "failed"
    notes: Sequence[str]
    results: Mapping[str, Result]  # by full item id
    given: Mapping[str, Marked]
    marks: Mapping[str, Marks] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    code: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()
    more_pictures: int = 0
    handed_in_again: bool = False
    keys: bool = False

    def of(self, graded: Graded) -> list[Result]:
        """Return the results that count in a graded cell."""
        return [result for result in self.results.values() if result.grade_id == graded.grade_id]

    def points(self, graded: Graded) -> float | None:
        """Return what a graded cell is worth so far: the gradebook's word, else the grader's; None: nobody's."""
        if (given := self.given.get(graded.grade_id)) is not None:
            return given.points
        points = [result.points for result in self.of(graded)]
        return None if not points or None in points else min(sum(p for p in points if p is not None), graded.points)


def page(sheet: Sheet) -> str:
    """Return the page."""
    style = STYLE.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = sheet.key.quiz.title or sheet.key.chapter
    parts = [_head(sheet, title), "<main>", _happened(sheet), _overview(sheet)]
    if sheet.status != "failed":
        parts += [_part(sheet, graded) for graded in sheet.key.graded]
        parts.append(_figures(sheet))
    parts.append(f"</main><footer><p>{_footer(sheet)}</p></footer>")
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{_e(title)}: feedback for {_e(sheet.learner)}</title><style>{style}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )
    return text.replace("\0", "\N{SYMBOL FOR NULL}")


# ---- the whole ----


def _head(sheet: Sheet, title: str) -> str:
    who = f'<p class="who">Feedback for <bdi>{_e(sheet.learner)}</bdi> · <code>{_e(sheet.key.chapter)}</code></p>'
    return f"<header><h1>{_e(title)}</h1>{who}{_sum(sheet)}</header>"


def _sum(sheet: Sheet) -> str:
    """Say the sum, what is still to come, and what being late took off."""
    known = [(points, graded.points) for graded in sheet.key.graded if (points := sheet.points(graded)) is not None]
    if not known:
        return '<p class="sum"><strong>No points yet</strong></p>'
    late = sheet.given.get("", Marked()).manual or 0.0
    earned, possible = sum(points for points, _ in known), sum(points for _, points in known)
    open = [graded for graded in sheet.key.graded if sheet.points(graded) is None]
    said = [f"{_n(-late)} taken off for being late" if late else ""]
    for kind, words in (("essay", "to be marked by a person"), ("", "not graded")):
        more = sum(graded.points for graded in open if (graded.kind == "essay") == (kind == "essay"))
        said.append(f"{_n(more)} more {words}" if more else "")
    rest = "; ".join(filter(None, said))
    so_far = " so far" if open else ""
    total = f'<strong class="big">{_n(max(0.0, earned + late))}</strong> of {_n(possible)} points{so_far}'
    return f'<p class="sum">{total}{f" <span>({_e(rest)})</span>" if rest else ""}</p>'


def _happened(sheet: Sheet) -> str:
    """Say what went wrong with the submission as a whole."""
    if sheet.status == "failed":
        why = "".join(f"<li>{_e(_sentence(note))}</li>" for note in sheet.notes)
        stands = any(one.auto is not None for one in sheet.given.values())
        more = (
            "The points below are those of your earlier submission." if stands else "Nothing in it has any points yet."
        )
        return (
            '<section class="note bad" aria-labelledby="happened"><h2 id="happened">'
            '<span aria-hidden="true">!</span> What you handed in could not be graded</h2>'
            f"<ul>{why}</ul><p>{more} Ask whoever runs the class whether you may hand it in again. To see whether "
            "a notebook is whole, open it in JupyterLab and save it.</p></section>"
        )
    said = [_note(sheet, note) for note in sheet.notes]
    if sheet.handed_in_again:
        said.append("Another version was handed in since. This page is about the one before it, without its figures.")
    if not said:
        return ""
    rows = "".join(f"<li>{words}</li>" for words in said)
    return (
        '<section class="note" aria-labelledby="happened"><h2 id="happened">What was odd about it</h2>'
        f"<ul>{rows}</ul></section>"
    )


def _note(sheet: Sheet, note: str) -> str:
    item, _, rest = note.partition(": ")
    if f"{sheet.key.chapter}/{item}" in sheet.results:
        return f"<code>{_e(item)}</code>: {_e(rest)}."
    return _e(_sentence(note))


def _overview(sheet: Sheet) -> str:
    rows = []
    for graded in sheet.key.graded:
        points = sheet.points(graded)
        counts: dict[str, int] = {}
        for result in sheet.of(graded):
            verdict = _verdict(sheet, graded, result)
            counts[verdict] = counts.get(verdict, 0) + 1
        found = ", ".join(
            f'<span class="of {_class(verdict)}"><span aria-hidden="true">{SIGNS[verdict][0]}</span> '
            f"{f'{counts[verdict]} ' if graded.kind == 'quiz' else ''}{SIGNS[verdict][1]}</span>"
            for verdict in SIGNS
            if verdict in counts
        )
        name = _e(_title(graded))
        link = f'<a href="#{_e(graded.grade_id)}">{name}</a>' if sheet.status != "failed" else name
        rows.append(
            f'<tr><th scope="row">{link}</th><td>{found}</td>'
            f'<td class="n">{"–" if points is None else _n(points)} of {_n(graded.points)}</td></tr>'
        )
    return (
        '<section aria-labelledby="overview"><h2 id="overview">At a glance</h2><table class="overview"><thead><tr>'
        '<th scope="col">part</th><th scope="col">how it went</th><th scope="col" class="n">points</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )


def _footer(sheet: Sheet) -> str:
    said = "Points were given by the class's grader, not by your notebook."
    if sheet.keys:
        return f"{said} This page holds the answers: pass it on only to those who may have them."
    return f"{said} Hidden cases and answers are not in this page."


# ---- one part ----


def _part(sheet: Sheet, graded: Graded) -> str:
    given = sheet.given.get(graded.grade_id, Marked())
    body = {"quiz": _quiz, "task": _task, "essay": _essay}.get(graded.kind, _tests)(sheet, graded)
    points = sheet.points(graded)
    worth = f"{'–' if points is None else _n(points)} of {_n(graded.points)} points"
    said = []
    if given.manual is not None and graded.kind != "essay":
        before = "nothing" if given.auto is None else _n(given.auto)
        said.append(f"A person gave {_n(given.manual)} in place of {before}.")
    if given.extra:
        said.append(f"{_n(given.extra)} extra were given.")
    if said:
        body += f'<p class="person"><strong>{_e(" ".join(said))}</strong></p>'
    names = dict.fromkeys((graded.grade_id, graded.item.id if graded.item else graded.grade_id))
    for words in dict.fromkeys(one.comment for name in names if (one := sheet.given.get(name)) and one.comment):
        body += f'<div class="person"><p><strong>From your instructor</strong></p><p class="text">{_e(words)}</p></div>'
    name = _e(graded.grade_id)
    return (
        f'<section class="part" aria-labelledby="{name}"><h2 id="{name}">{_e(_title(graded))} '
        f"<small>{worth}</small></h2>{body}</section>"
    )


def _quiz(sheet: Sheet, graded: Graded) -> str:
    found = sheet.marks.get(graded.grade_id)
    if found is None:
        why = next((result.message for result in sheet.of(graded) if result.message), "its key is at fault")
        return f"<p>{_chip('not graded')} {_e(_sentence(why))}</p>"
    seed = sheet.key.quiz.seed
    return "".join(_question(sheet, number, mark, seed) for number, mark in enumerate(found.marks, 1))


def _question(sheet: Sheet, number: int, mark: Mark, seed: str) -> str:
    item, attempt = mark.item, mark.attempt
    who = attempt.learner if attempt and attempt.learner else sheet.learner
    view = cards.view(item, learner=who, secret=seed, shown=mark.shown)
    full = sheet.keys or item.mode == "practice"
    response = dict(attempt.response or {}) if attempt else None
    found: Mapping[str, Any] = {"options": {}, "messages": [], "answer": "", "explanation": ""}
    trouble = sentence(mark.problem) if mark.problem is not None else ""
    if response is not None or full:
        try:
            found = cards.verdict(item, response, shown=mark.shown, full=full)
        except CourseError as error:
            trouble = trouble or sentence(error)
    result = sheet.results.get(item.full_id)
    points = mark.points if result is None or result.points is None else result.points
    parts = [
        f'<h3><span class="number">{number}</span> <span>{view["title"]["html"]}</span></h3>',
        f'<div class="body">{view["body"]["html"]}</div>' if view["body"]["html"] else "",
        _answer(view, response, found["options"]),
        f"<p>{_e(_sentence('an answer could not be read. ' + trouble))}</p>" if trouble else "",
        *(f"<p>{_e(_sentence(words))}</p>" for words in found["messages"]),
        f'<div class="body"><p><strong>The answer</strong></p>{found["answer"]}</div>' if found["answer"] else "",
        f'<div class="body why">{found["explanation"]}</div>' if full and found["explanation"] else "",
    ]
    hints = attempt.hints if attempt and item.hints else 0
    taken = f" · {hints} hint{'' if hints == 1 else 's'} taken" if hints else ""
    end = f'<p class="verdict">{_chip(mark.verdict)} {_n(points)} of {_n(item.points)} points{taken}</p>'
    return f'<article class="item {_class(mark.verdict)}">{"".join(parts)}{end}</article>'


def _answer(view: Mapping[str, Any], response: dict[str, Any] | None, marked: Mapping[str, Any]) -> str:
    """Return what was answered, in words; the options of a choice with those chosen."""
    kind = view["type"]
    if kind in ("single", "several"):
        chosen = set((response or {}).get("options", ()))
        return f'<ul class="options">{"".join(_option(one, chosen, marked) for one in view["options"])}</ul>'
    if response is None:
        return ""
    texts = {option["id"]: option["html"] for group in ("options", "right") for option in view.get(group, ())}
    shown = ""
    if kind == "ordering":
        rows = "".join(f"<li>{texts.get(str(id), _e(str(id)))}</li>" for id in response.get("order", ()))
        shown = f"<ol>{rows}</ol>"
    elif kind == "matching":
        rows = "".join(_pair(left, response.get("pairs", {}), texts, marked) for left in view["left"])
        shown = f'<table class="pairs"><tbody>{rows}</tbody></table>'
    elif kind == "parsons":
        lines = {line["id"]: line["text"] for line in view["lines"]}
        code = "\n".join(" " * STEP * deep + lines.get(id, "?") for id, deep in _lines(response))
        shown = _pre(code, view["language"])
    elif response.get("compiles") is False:
        shown = f"<p>{_e(letters.words(view, response))}</p>"
    elif kind == "output":
        shown = _pre(str(response.get("text", "")))
    else:
        shown = f'<p class="text" dir="auto">{_e(str(response.get("text", ""))[:LONGEST])}</p>'
    return f'<div class="yours"><p class="label">Your answer</p>{shown}</div>'


def _option(option: Mapping[str, Any], chosen: set[str], marked: Mapping[str, Any]) -> str:
    one = marked.get(option["id"], {"mark": "", "feedback": ""})
    words = {"right": "your answer, right", "wrong": "your answer, not right", "missed": "right, and not chosen"}
    word = words.get(one["mark"], "your answer" if option["id"] in chosen else "")
    sign = {"right": "✓", "wrong": "✗", "missed": "→"}.get(one["mark"], "●" if option["id"] in chosen else "○")
    kind = f"{'chosen ' if option['id'] in chosen else ''}{one['mark']}".strip()
    told = f'<div class="told">{one["feedback"]}</div>' if one["feedback"] else ""
    label = f' <span class="mine">{word}</span>' if word else ""
    return (
        f'<li class="{kind}"><span class="sign" aria-hidden="true">{sign}</span>'
        f"<div>{option['html']}{label}{told}</div></li>"
    )


def _pair(left: Mapping[str, Any], pairs: Any, texts: Mapping[str, str], marked: Mapping[str, Any]) -> str:
    chosen = pairs.get(left["id"]) if isinstance(pairs, dict) else None
    mark = marked.get(left["id"], {}).get("mark", "")
    sign = {"right": "✓ right", "wrong": "✗ not right"}.get(mark, "")
    said = texts.get(str(chosen), "–") if chosen is not None else "–"
    return f'<tr><th scope="row">{left["html"]}</th><td>{said}</td><td>{sign}</td></tr>'


def _lines(response: Mapping[str, Any]) -> list[tuple[str, int]]:
    found = response.get("lines")
    return [
        (str(line[0]), min(20, max(0, line[1])))
        for line in (found if isinstance(found, list) else ())
        if isinstance(line, list) and len(line) == 2 and type(line[1]) is int
    ]


def _task(sheet: Sheet, graded: Graded) -> str:
    assert isinstance(graded.item, Task)
    result = sheet.results.get(graded.item.full_id)
    if result is None:
        return "<p>There is no result of it.</p>"
    parts = [f'<p class="asked">{_asked(graded.item)}</p>', _code(sheet.code.get(graded.grade_id, ()))]
    verdict = _verdict(sheet, graded, result)
    said = [_marked(_sentence(words)) for words in dict.fromkeys(filter(None, (result.message, *result.messages)))]
    first = said[0] if said else "All cases pass." if result.verdict == "right" else ""
    parts.append(f'<p class="verdict">{_chip(verdict)} {first}</p>')
    parts += [f"<p>{words}</p>" for words in said[1:]]
    parts.append(_cases(sheet, graded, result))
    return "".join(parts)


def _asked(item: Task) -> str:
    view = cards.view(item, learner="", secret="", shown=None)
    return str(view["title"]["html"])


def _code(texts: Sequence[str]) -> str:
    if not texts:
        return '<p class="label">Nothing was written for it.</p>'
    pres = "".join(_pre(text, "rust" if text.lstrip().startswith("%%rust") else "python") for text in texts[:5])
    return f'<p class="label">Your code</p>{pres}'


def _cases(sheet: Sheet, graded: Graded, result: Result) -> str:
    hidden = [case for case in result.cases if case["hidden"]]
    told = sheet.reports.get(graded.grade_id)
    parts = []
    if told is not None and told.rows:
        rows = []
        for row in told.rows:
            sign, word = ("✓", "passes") if row.passed else ("✗", "fails")
            got = '<span class="soft">as expected</span>' if row.passed else f"<code>{_e(row.got)}</code>"
            rows.append(
                f'<tr class="{"right" if row.passed else "wrong"}"><td class="mark"><span aria-hidden="true">{sign}'
                f'</span> {word}</td><th scope="row"><code>{_e(row.call)}</code></th>'
                f"<td><code>{_e(row.expected)}</code></td><td>{got}</td></tr>"
            )
            if not row.passed and row.message and row.message != result.message:
                look = f'<td class="look" colspan="3">{_marked(_sentence(row.message))}</td>'
                rows.append(f"<tr><td></td>{look}</tr>")
        head = "".join(f'<th scope="col">{name}</th>' for name in ("case", "call", "expected", "yours"))
        name = f"cases of {_e(told.title)}"
        parts.append(
            f'<div class="wide" tabindex="0" role="group" aria-label="{name}"><table class="cases">'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )
    elif shown := [case for case in result.cases if not case["hidden"]]:
        passed = sum(bool(case["passed"]) for case in shown)
        parts.append(f"<p>{passed} of {len(shown)} shown cases pass.</p>")
    if hidden:
        passed = sum(bool(case["passed"]) for case in hidden)
        parts.append(f"<p>{passed} of {len(hidden)} hidden cases pass.</p>")
    return "".join(parts)


def _essay(sheet: Sheet, graded: Graded) -> str:
    result = next(iter(sheet.of(graded)), None)
    text = str((result.response or {}).get("text", "")) if result is not None else ""
    wrote = f'<p class="text" dir="auto">{_e(text[:LONGEST])}</p>' if text else "<p>Nothing was written.</p>"
    parts = [f'<div class="yours"><p class="label">Your text</p>{wrote}</div>']
    points = sheet.points(graded)
    if result is not None:
        verdict = _verdict(sheet, graded, result)
        words = "A person marks it." if points is None else f"{_n(points)} of {_n(graded.points)} points"
        parts.append(f'<p class="verdict">{_chip(verdict)} {words}</p>')
    if sheet.keys and isinstance(graded.item, Essay) and result is not None:
        parts.append(_rubric(graded.item, result))
    return "".join(parts)


def _rubric(item: Essay, result: Result) -> str:
    """Return the rubric, and what a search for words found: for the person who marks, and never as points."""
    criteria = {one["id"]: one for one in (result.provisional or {}).get("criteria", ())}
    rows = []
    for criterion in item.rubric:
        found = criteria.get(criterion.id)
        words = "; ".join(f"“{one}”" for one in found["evidence"]) if found else ""
        rows.append(
            f'<tr><th scope="row">{_e(criterion.text)}</th><td class="n">{_n(criterion.points)}</td>'
            f'<td dir="auto">{_e(words) or "–"}</td></tr>'
        )
    return (
        '<p class="label">Rubric, and words that speak for it (a search for words; a person decides)</p>'
        '<table class="pairs"><thead><tr><th scope="col">criterion</th><th scope="col" class="n">points</th>'
        f'<th scope="col">words found</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _tests(sheet: Sheet, graded: Graded) -> str:
    points = sheet.points(graded)
    said = "Its test cells were run by nbgrader." if points is not None else "Only nbgrader runs its test cells."
    return f'<p class="verdict">{_chip("not graded" if points is None else "marked")} {said}</p>'


def _figures(sheet: Sheet) -> str:
    if not sheet.pictures and not sheet.more_pictures:
        return ""
    parts = []
    for number, picture in enumerate(sheet.pictures, 1):
        alt = picture.alt or f"Figure {number} of your notebook; it was saved without a description"
        words = [f"Figure {number}"]
        words += [f"under “{picture.under}”"] if picture.under else []
        caption = _e(", ".join(words)) + (f": {_e(picture.caption)}" if picture.caption else "")
        image = f'<img src="{picture.address}" alt="{_e(alt)}">'
        parts.append(f'<figure>{image}<figcaption dir="auto">{caption}</figcaption></figure>')
    if sheet.more_pictures:
        parts.append(f"<p>{sheet.more_pictures} more are in your notebook.</p>")
    return (
        '<section class="part" aria-labelledby="figures"><h2 id="figures">Figures in your notebook</h2>'
        '<p class="soft">As you saved them. They have no points.</p>'
        f'<div class="figures">{"".join(parts)}</div></section>'
    )


# ---- words and signs ----


def _verdict(sheet: Sheet, graded: Graded, result: Result) -> str:
    """Return a result's verdict, as a person's mark leaves it where the cell has one item alone."""
    given = sheet.given.get(graded.grade_id)
    if graded.kind == "quiz" or given is None or given.manual is None:
        return result.verdict if result.verdict in SIGNS else "not graded"
    if graded.kind == "essay":
        return "marked"
    points = given.points or 0.0
    return "right" if points >= graded.points else "partly" if points > 0 else "wrong"


def _chip(verdict: str) -> str:
    sign, word = SIGNS[verdict]
    return f'<span class="chip {_class(verdict)}"><span aria-hidden="true">{sign}</span> {word}</span>'


def _class(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _title(graded: Graded) -> str:
    if graded.section is not None:
        return _readable(graded.section.title or graded.section.id)
    if isinstance(graded.item, Task):
        return f"Task: {graded.item.function}"
    return f"Essay: {_readable(graded.grade_id)}" if graded.kind == "essay" else _readable(graded.grade_id)


def _readable(name: str) -> str:
    return name[:1].upper() + name[1:].replace("-", " ")


@functools.lru_cache(maxsize=4000)
def _pre(text: str, language: str = "") -> str:
    text = text[:LONGEST] + ("\n…" if len(text) > LONGEST else "")
    first, _, rest = text.partition("\n")
    if first.startswith("%%"):
        return f'<pre class="highlight"><code>{_e(first)}\n{cards.coloured_line(rest, language)}</code></pre>'
    return f'<pre class="highlight"><code>{cards.coloured_line(text, language) if language else _e(text)}</code></pre>'


def _marked(text: str) -> str:
    """Return text as HTML, with what is between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _e(text)
    return "".join(f"<code>{_e(part)}</code>" if n % 2 else _e(part) for n, part in enumerate(parts))


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in '.!?…' else '.'}" if text else ""


def _e(text: str) -> str:
    return escape(text, quote=True)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
