"""A learner's feedback as one HTML page: self-contained, light and dark, for the screen and for paper, without scripts.

Whatever a learner wrote is shown as text; their figures are images, which run and load nothing. The page's own policy
(`Content-Security-Policy`) forbids scripts and every address outside of the page, should something slip through.

A verdict is a sign and a word. Nothing of a key is in the page, but for the feedback of the options that were chosen,
unless the sheet says `keys`, or learners have the keys anyhow (practice).
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from course.grading.feedback_parts import part
from course.grading.feedback_sheet import SIGNS, Sheet, css, e, number, sentence_of, title_of, verdict_of
from course.grading.gradebook import Marked

__all__ = ["Sheet", "page"]

STYLE = Path(__file__).with_name("feedback.css")


def page(sheet: Sheet) -> str:
    """Return the page."""
    style = STYLE.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = sheet.key.quiz.title or sheet.key.chapter
    parts = [_head(sheet, title), "<main>", _happened(sheet), _overview(sheet)]
    if sheet.status != "failed":
        parts += [part(sheet, graded) for graded in sheet.key.graded]
        parts.append(_figures(sheet))
    parts.append(f"</main><footer><p>{_footer(sheet)}</p></footer>")
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{e(title)}: feedback for {e(sheet.learner)}</title><style>{style}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )
    return text.replace("\0", "\N{SYMBOL FOR NULL}")


# ---- the whole ----


def _head(sheet: Sheet, title: str) -> str:
    who = f'<p class="who">Feedback for <bdi>{e(sheet.learner)}</bdi> · <code>{e(sheet.key.chapter)}</code></p>'
    return f"<header><h1>{e(title)}</h1>{who}{_sum(sheet)}</header>"


def _sum(sheet: Sheet) -> str:
    """Say the sum, what is still to come, and what being late took off."""
    known = [(points, graded.points) for graded in sheet.key.graded if (points := sheet.points(graded)) is not None]
    if not known:
        return '<p class="sum"><strong>No points yet</strong></p>'
    late = sheet.given.get("", Marked()).manual or 0.0
    earned, possible = sum(points for points, _ in known), sum(points for _, points in known)
    open = [graded for graded in sheet.key.graded if sheet.points(graded) is None]
    said = [f"{number(-late)} taken off for being late" if late else ""]
    for kind, words in (("essay", "to be marked by a person"), ("", "not graded")):
        more = sum(graded.points for graded in open if (graded.kind == "essay") == (kind == "essay"))
        said.append(f"{number(more)} more {words}" if more else "")
    rest = "; ".join(filter(None, said))
    so_far = " so far" if open else ""
    total = f'<strong class="big">{number(max(0.0, earned + late))}</strong> of {number(possible)} points{so_far}'
    return f'<p class="sum">{total}{f" <span>({e(rest)})</span>" if rest else ""}</p>'


def _happened(sheet: Sheet) -> str:
    """Say what went wrong with the submission as a whole."""
    if sheet.status == "failed":
        why = "".join(f"<li>{e(sentence_of(note))}</li>" for note in sheet.notes)
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
        return f"<code>{e(item)}</code>: {e(rest)}."
    return e(sentence_of(note))


def _overview(sheet: Sheet) -> str:
    rows = []
    for graded in sheet.key.graded:
        points = sheet.points(graded)
        counts: dict[str, int] = {}
        for result in sheet.of(graded):
            verdict = verdict_of(sheet, graded, result)
            counts[verdict] = counts.get(verdict, 0) + 1
        found = ", ".join(
            f'<span class="of {css(verdict)}"><span aria-hidden="true">{SIGNS[verdict][0]}</span> '
            f"{f'{counts[verdict]} ' if graded.kind == 'quiz' else ''}{SIGNS[verdict][1]}</span>"
            for verdict in SIGNS
            if verdict in counts
        )
        name = e(title_of(graded))
        link = f'<a href="#{e(graded.grade_id)}">{name}</a>' if sheet.status != "failed" else name
        rows.append(
            f'<tr><th scope="row">{link}</th><td>{found}</td>'
            f'<td class="n">{"–" if points is None else number(points)} of {number(graded.points)}</td></tr>'
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


def _figures(sheet: Sheet) -> str:
    if not sheet.pictures and not sheet.more_pictures:
        return ""
    parts = []
    for place, picture in enumerate(sheet.pictures, 1):
        alt = picture.alt or f"Figure {place} of your notebook; it was saved without a description"
        words = [f"Figure {place}"]
        words += [f"under “{picture.under}”"] if picture.under else []
        caption = e(", ".join(words)) + (f": {e(picture.caption)}" if picture.caption else "")
        image = f'<img src="{picture.address}" alt="{e(alt)}">'
        parts.append(f'<figure>{image}<figcaption dir="auto">{caption}</figcaption></figure>')
    if sheet.more_pictures:
        parts.append(f"<p>{sheet.more_pictures} more are in your notebook.</p>")
    return (
        '<section class="part" aria-labelledby="figures"><h2 id="figures">Figures in your notebook</h2>'
        '<p class="soft">As you saved them. They have no points.</p>'
        f'<div class="figures">{"".join(parts)}</div></section>'
    )
