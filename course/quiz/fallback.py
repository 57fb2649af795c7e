"""A quiz without JavaScript: the questions in print, and the line that says what was answered.

Front ends that cannot run the widget (a plain nbconvert page, an editor without widgets, a terminal) show these in its
place; so does JupyterLab while a notebook is not trusted. Both come from the same `state` as the widget, so they tell
no more than it does. Options carry the letters of the page; `answer("slice-no-copy", "b")` takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from course.quiz.answers import MIME
from course.quiz.cards import coloured_line, plain
from course.quiz.letters import how_to, letter, words
from course.quiz.model import points_text

__all__ = ["bundle", "feedback", "questions_html", "questions_text", "status"]

VERDICTS = {
    "right": "right",
    "partly": "partly right",
    "wrong": "not right",
    "revealed": "answer shown",
    "recorded": "recorded",
}


def bundle(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the questions as a MIME bundle."""
    return {"text/html": questions_html(state), "text/plain": questions_text(state)}


def questions_text(state: Mapping[str, Any]) -> str:
    """Return the questions as plain text, as a terminal shows them."""
    lines = [f"Quiz: {state['title']}", ""]
    for item in state["items"]:
        view = item["view"]
        lines.append(f"{item['number']}. {view['title']['text']}  [{view['id']}, {points_text(view['points'])}]")
        if body := view["body"]["text"]:
            lines += ["", *(f"   {line}".rstrip() for line in body.splitlines())]
        lines += [""] if body else []
        for group in ("options", "right", "lines"):
            if group == "right":
                lines += [f"   {n}. {left['text']}" for n, left in enumerate(view.get("left", ()), 1)]
            options = view.get(group, ())
            lines += [f"   {letter(n)}. {_indented(option['text'])}" for n, option in enumerate(options)]
        if example := how_to(view):
            lines.append(f"   Answer with: {_call(view, example)}")
        elif pointer := view.get("pointer"):
            lines.append(f"   {pointer}")
        if item["response"]:
            lines.append(f"   Your answer: {words(view, item['response'])}{_verdict(item)}")
        if item["notice"]:
            lines.append(f"   {item['notice']}")
        lines.append("")
    if not state["items"]:
        lines += [_nothing(state), ""]
    return "\n".join(lines).rstrip("\n")


def questions_html(state: Mapping[str, Any]) -> str:
    """Return the questions as HTML that needs no script and no style."""
    parts = [f'<div class="course-quiz-static"><p><strong>Quiz: {escape(state["title"])}</strong></p>']
    for item in state["items"]:
        view = item["view"]
        parts.append(
            f"<p><strong>{item['number']}. {view['title']['html']}</strong> "
            f"<small>({points_text(view['points'])}; <code>{escape(view['id'])}</code>)</small></p>"
        )
        parts.append(view["body"]["html"])
        if "left" in view:
            parts.append(_list((left["html"] for left in view["left"]), _ordinal))
        if "lines" in view:
            code = (f"<code>{coloured_line(line['text'], view['language'])}</code>" for line in view["lines"])
            parts.append(_list(code, letter))
        parts += [_list((o["html"] for o in view[group]), letter) for group in ("options", "right") if group in view]
        if example := how_to(view):
            call = escape(_call(view, example))
            parts.append(f"<p><small>Where no buttons are shown, answer with <code>{call}</code></small></p>")
        elif pointer := view.get("pointer"):
            parts.append(f"<p><small>{escape(pointer)}</small></p>")
    if not state["items"]:
        parts.append(f"<p>{escape(_nothing(state))}</p>")
    # On one line: JupyterLite puts commas where a stored notebook breaks the lines of an output.
    return "".join(parts).replace("\n", "&#10;") + "</div>"


def status(state: Mapping[str, Any], *, attempts: bool = False) -> dict[str, Any]:
    """Return the output that stays in the notebook beside the questions: what was answered, readable by everyone.

    With `attempts` it carries them, for front ends that cannot write a cell's metadata.
    """
    progress = state["progress"]
    answered = [item for item in state["items"] if item["response"]]
    first = f"{progress['answered']} of {progress['of']} answered"
    if not progress["answered"]:
        first = f"No answer yet ({progress['of']} questions)"
    rows = [(item["view"]["id"], words(item["view"], item["response"]), _verdict(item)) for item in answered]
    plain = "\n".join([f"{first}.", *(f"  {id}: {text}{verdict}" for id, text, verdict in rows)])
    listed = "".join(
        f'<li><code>{escape(id)}</code>: <span dir="auto">{escape(text)}</span>{escape(verdict)}</li>'
        for id, text, verdict in rows
    )
    hint = "The answers are kept in this notebook; where the questions are not shown, run this cell."
    html = (
        f'<div class="course-quiz-status"><p>{first}. <small>{hint}</small></p>'
        + (f"<ul>{listed}</ul>" if listed else "")
        + "</div>"
    )
    mark: dict[str, Any] = {
        "schema": 1,
        "quiz": state["quiz"],
        "uid": state["uid"],
        "answered": progress["answered"],
        "of": progress["of"],
    }
    if attempts:
        mark["attempts"] = state["attempts"]
    return {"text/plain": plain, "text/html": html, MIME: mark}


def feedback(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return, as text and as HTML, how one question stands after `answer(…)`."""
    view, verdict = item["view"], item["verdict"]
    first = f"{view['id']}: {words(view, item['response'])}"
    if item["status"] == "recorded":
        first += " — recorded; you may answer again"
    elif verdict is not None:
        points = "" if verdict["points"] is None else f", {verdict['points']} of {points_text(view['points'])}"
        first += f" — {VERDICTS[item['status']]}{points}"
    lines, parts = [first + "."], [f"<p>{escape(first)}.</p>"]
    if verdict is not None:
        lines += verdict["messages"]
        parts += [f"<p>{escape(message)}</p>" for message in verdict["messages"]]
        named = item["response"].get("options", ()) if item["response"] else ()
        rich = [option["feedback"] for id, option in verdict["options"].items() if id in named and option["feedback"]]
        rich += [text for text in (verdict["answer"], verdict["explanation"]) if text]
        lines += [plain(text) for text in rich]
        parts += rich
        if item["canRetry"]:
            lines.append("Answer again to try again.")
            parts.append("<p>Answer again to try again.</p>")
    return "\n".join(lines), f'<div class="course-quiz-answered">{"".join(parts)}</div>'


def _verdict(item: Mapping[str, Any]) -> str:
    known = VERDICTS.get(item["status"], "")
    return f" ({known})" if known else ""


def _call(view: Mapping[str, Any], example: str) -> str:
    shown = example if '"' not in example else "does not compile: E0001"
    return f'answer("{view["id"]}", "{shown}")'


def _nothing(state: Mapping[str, Any]) -> str:
    exam = state["exam"]
    if exam and exam["phase"] == "ready":
        return f"An exam of {state['count']} questions; they are shown once it is started."
    return "The questions are covered while the exam is paused." if exam else "There are no questions here."


def _indented(text: str) -> str:
    return text.replace("\n", "\n      ")


def _list(entries: Any, name: Callable[[int], str]) -> str:
    """Return a list whose entries begin with their letter or number, in words: sanitisers take the `type` off lists."""
    rows = (f'<li dir="auto"><strong>{name(n)}.</strong> {entry}</li>' for n, entry in enumerate(entries))
    return f'<ul style="list-style-type: none">{"".join(rows)}</ul>'


def _ordinal(n: int) -> str:
    return str(n + 1)
