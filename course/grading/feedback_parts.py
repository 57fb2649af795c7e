"""The parts of a page of feedback: a section's questions, a task, an essay, and what a person said of each.

Nothing of a key is in them, but for the feedback of the options that were chosen, unless the sheet says `keys`, or
learners have the keys anyhow (practice).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course.errors import CourseError
from course.grading.classfolder import Graded
from course.grading.feedback_sheet import (
    LONGEST,
    Sheet,
    chip,
    css,
    e,
    number,
    pre,
    sentence_of,
    title_of,
    verdict_of,
    with_code,
)
from course.grading.gradebook import Marked
from course.grading.results import Result
from course.quiz import cards, letters
from course.quiz.marking import Mark
from course.quiz.model import Essay, Task, points_text
from course.quiz.transfer import sentence

__all__ = ["part"]

STEP = 4  # spaces of one indent


def part(sheet: Sheet, graded: Graded) -> str:
    """Return one graded cell's part of the page."""
    given = sheet.given.get(graded.grade_id, Marked())
    body = {"quiz": _quiz, "task": _task, "essay": _essay}.get(graded.kind, _tests)(sheet, graded)
    points = sheet.points(graded)
    worth = f"{'–' if points is None else number(points)} of {points_text(graded.points)}"
    said = []
    if given.manual is not None and graded.kind != "essay":
        before = "nothing" if given.auto is None else number(given.auto)
        said.append(f"A person gave {number(given.manual)} in place of {before}.")
    if given.extra:
        said.append(f"{number(given.extra)} extra were given.")
    if said:
        body += f'<p class="person"><strong>{e(" ".join(said))}</strong></p>'
    names = dict.fromkeys((graded.grade_id, graded.item.id if graded.item else graded.grade_id))
    for words in dict.fromkeys(one.comment for name in names if (one := sheet.given.get(name)) and one.comment):
        body += f'<div class="person"><p><strong>From your instructor</strong></p><p class="text">{e(words)}</p></div>'
    name = e(graded.grade_id)
    return (
        f'<section class="part" aria-labelledby="{name}"><h2 id="{name}">{e(title_of(graded))} '
        f"<small>{worth}</small></h2>{body}</section>"
    )


def _quiz(sheet: Sheet, graded: Graded) -> str:
    found = sheet.marks.get(graded.grade_id)
    if found is None:
        why = next((result.message for result in sheet.of(graded) if result.message), "its key is at fault")
        return f"<p>{chip('not graded')} {e(sentence_of(why))}</p>"
    seed = sheet.key.quiz.seed
    return "".join(_question(sheet, place, mark, seed) for place, mark in enumerate(found.marks, 1))


def _question(sheet: Sheet, place: int, mark: Mark, seed: str) -> str:
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
        f'<h3><span class="number">{place}</span> <span>{view["title"]["html"]}</span></h3>',
        f'<div class="body">{view["body"]["html"]}</div>' if view["body"]["html"] else "",
        _answer(view, response, found["options"]),
        f"<p>{e(sentence_of('an answer could not be read. ' + trouble))}</p>" if trouble else "",
        *(f"<p>{e(sentence_of(words))}</p>" for words in found["messages"]),
        f'<div class="body"><p><strong>The answer</strong></p>{found["answer"]}</div>' if found["answer"] else "",
        f'<div class="body why">{found["explanation"]}</div>' if full and found["explanation"] else "",
    ]
    hints = attempt.hints if attempt and item.hints else 0
    taken = f" · {hints} hint{'' if hints == 1 else 's'} taken" if hints else ""
    end = f'<p class="verdict">{chip(mark.verdict)} {number(points)} of {points_text(item.points)}{taken}</p>'
    return f'<article class="item {css(mark.verdict)}">{"".join(parts)}{end}</article>'


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
        rows = "".join(f"<li>{texts.get(str(id), e(str(id)))}</li>" for id in response.get("order", ()))
        shown = f"<ol>{rows}</ol>"
    elif kind == "matching":
        rows = "".join(_pair(left, response.get("pairs", {}), texts, marked) for left in view["left"])
        shown = f'<table class="pairs"><tbody>{rows}</tbody></table>'
    elif kind == "parsons":
        lines = {line["id"]: line["text"] for line in view["lines"]}
        code = "\n".join(" " * STEP * deep + lines.get(id, "?") for id, deep in _lines(response))
        shown = pre(code, view["language"])
    elif response.get("compiles") is False:
        shown = f"<p>{e(letters.words(view, response))}</p>"
    elif kind == "output":
        shown = pre(str(response.get("text", "")))
    else:
        shown = f'<p class="text" dir="auto">{e(str(response.get("text", ""))[:LONGEST])}</p>'
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
    verdict = verdict_of(sheet, graded, result)
    said = [with_code(sentence_of(words)) for words in dict.fromkeys(filter(None, (result.message, *result.messages)))]
    first = said[0] if said else "All cases pass." if result.verdict == "right" else ""
    parts.append(f'<p class="verdict">{chip(verdict)} {first}</p>')
    parts += [f"<p>{words}</p>" for words in said[1:]]
    parts.append(_cases(sheet, graded, result))
    return "".join(parts)


def _asked(item: Task) -> str:
    view = cards.view(item, learner="", secret="", shown=None)
    return str(view["title"]["html"])


def _code(texts: Sequence[str]) -> str:
    if not texts:
        return '<p class="label">Nothing was written for it.</p>'
    pres = "".join(pre(text, "rust" if text.lstrip().startswith("%%rust") else "python") for text in texts[:5])
    return f'<p class="label">Your code</p>{pres}'


def _cases(sheet: Sheet, graded: Graded, result: Result) -> str:
    hidden = [case for case in result.cases if case["hidden"]]
    told = sheet.reports.get(graded.grade_id)
    parts = []
    if told is not None and told.rows:
        rows = []
        for row in told.rows:
            sign, word = ("✓", "passes") if row.passed else ("✗", "fails")
            got = '<span class="soft">as expected</span>' if row.passed else f"<code>{_rows(row.got)}</code>"
            rows.append(
                f'<tr class="{"right" if row.passed else "wrong"}"><td class="mark"><span aria-hidden="true">{sign}'
                f'</span> {word}</td><th scope="row"><code>{_rows(row.call)}</code></th>'
                f"<td><code>{_rows(row.expected)}</code></td><td>{got}</td></tr>"
            )
            if not row.passed and row.message and row.message != result.message:
                look = f'<td class="look" colspan="3">{with_code(sentence_of(row.message))}</td>'
                rows.append(f"<tr><td></td>{look}</tr>")
        head = "".join(f'<th scope="col">{name}</th>' for name in ("case", "call", "expected", "yours"))
        name = f"cases of {e(told.title)}"
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


def _rows(text: str) -> str:
    """Return a value as HTML, the rows of a matrix below each other."""
    return e(text.replace("], [", "],\n ["))


def _essay(sheet: Sheet, graded: Graded) -> str:
    result = next(iter(sheet.of(graded)), None)
    text = str((result.response or {}).get("text", "")) if result is not None else ""
    wrote = f'<p class="text" dir="auto">{e(text[:LONGEST])}</p>' if text else "<p>Nothing was written.</p>"
    parts = [f'<div class="yours"><p class="label">Your text</p>{wrote}</div>']
    points = sheet.points(graded)
    if result is not None:
        verdict = verdict_of(sheet, graded, result)
        words = "A person marks it." if points is None else f"{number(points)} of {points_text(graded.points)}"
        parts.append(f'<p class="verdict">{chip(verdict)} {words}</p>')
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
            f'<tr><th scope="row">{e(criterion.text)}</th><td class="n">{number(criterion.points)}</td>'
            f'<td dir="auto">{e(words) or "–"}</td></tr>'
        )
    return (
        '<p class="label">Rubric, and words that speak for it (a search for words; a person decides)</p>'
        '<table class="pairs"><thead><tr><th scope="col">criterion</th><th scope="col" class="n">points</th>'
        f'<th scope="col">words found</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _tests(sheet: Sheet, graded: Graded) -> str:
    points = sheet.points(graded)
    said = "Its test cells were run by nbgrader." if points is not None else "Only nbgrader runs its test cells."
    return f'<p class="verdict">{chip("not graded" if points is None else "marked")} {said}</p>'
