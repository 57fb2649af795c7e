"""What a graded cell shows of its score, in formgrader and in feedback: outputs of a notebook, made by the grader.

No key is in them unless asked for: of a question the learner's own answer, the verdict and the points; of a task the
first thing to look at, each visible case, and how many hidden ones passed. A learner's text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from course.errors import CourseError
from course.quiz import cards, letters
from course.quiz.marking import Mark, Marks
from course.quiz.model import Section, points_text
from course.quiz.transfer import sentence
from course.tasks.model import CaseVerdict, TaskScore

__all__ = ["outputs", "quiz_shown", "task_shown"]

_VERDICTS = {"right": "right", "partly": "partly right", "wrong": "not right", "unanswered": "no answer"}

Bundle = dict[str, str]


def outputs(points: float, shown: Bundle) -> list[dict[str, Any]]:
    """Return the outputs of a graded cell: what is shown, and the points in the form in which nbgrader reads them."""
    return [
        {"output_type": "display_data", "data": shown, "metadata": {}},
        # nbgrader takes the last expression's text for the score; anything it cannot cast would be full marks.
        {
            "output_type": "execute_result",
            "data": {"text/plain": repr(float(points))},
            "metadata": {},
            "execution_count": None,
        },
    ]


def quiz_shown(section: Section, found: Marks, *, learner: str = "", seed: str = "", reveal: bool = False) -> Bundle:
    """Return a section's questions with what was answered and earned. `reveal`: also the answers and explanations."""
    answered = sum(mark.attempt is not None for mark in found.marks)
    first = f"{_n(found.points)} of {points_text(found.possible)}, {answered} of {len(found.marks)} answered"
    title = section.title or section.id
    lines = [f"{title}: {first}.", ""]
    parts = [f'<div class="course-marks"><p><strong>{escape(title)}</strong>: {first}.</p>']
    for number, mark in enumerate(found.marks, start=1):
        text, html = _question(number, mark, learner, seed, reveal)
        lines += [text, ""]
        parts.append(html)
    return {"text/plain": "\n".join(lines).rstrip(), "text/html": "".join(parts) + "</div>"}


def _question(number: int, mark: Mark, learner: str, seed: str, reveal: bool) -> tuple[str, str]:
    item, attempt = mark.item, mark.attempt
    who = attempt.learner if attempt and attempt.learner else learner
    view = cards.view(item, learner=who, secret=seed, shown=mark.shown)
    answer = letters.words(view, attempt.response) if attempt else ""
    result = f"{_VERDICTS[mark.verdict]}, {_n(mark.points)} of {_n(item.points)} points"
    line = f"{number}. {view['title']['text']}\n   {f'Your answer: {answer}' if attempt else 'No answer'} ({result})"
    chosen = set((attempt.response or {}).get("options", ())) if attempt else set()
    parts = [f"<p><strong>{number}. {view['title']['html']}</strong> <code>{escape(item.id)}</code></p>"]
    parts.append(view["body"]["html"])
    for group in ("options", "left", "right"):
        parts.append(_options(view.get(group, ()), chosen if group == "options" else set(), numbered=group == "left"))
    if "lines" in view:
        spans = [{"id": one["id"], "html": f"<code>{one['html']}</code>"} for one in view["lines"]]
        parts.append(_options(spans, set()))
    letter = {option["id"]: letters.letter(number) for number, option in enumerate(view.get("options", ()))}
    brief = ", ".join(sorted((letter[id] for id in chosen if id in letter), key=lambda a: (len(a), a))) or answer
    said = f"Your answer: <span dir='auto'>{escape(brief)}</span>" if attempt else "No answer"
    parts.append(f"<p>{said} &#8212; <strong>{_VERDICTS[mark.verdict]}</strong>, {result.partition(', ')[2]}.</p>")
    if mark.problem is not None:
        words = f"An answer could not be read. {sentence(mark.problem)}"
        parts.append(f"<p>{escape(words)}</p>")
        line += f"\n   {words}"
    if attempt and attempt.hints and item.hints:
        parts.append(f"<p><small>Hints taken: {attempt.hints}.</small></p>")
    if reveal:
        parts.append(_revealed(mark))
    return line, "".join(parts)


def _revealed(mark: Mark) -> str:
    """Return the feedback of every option, the answer and the explanation."""
    response = mark.attempt.response if mark.attempt else None
    try:
        found = cards.verdict(mark.item, response, shown=mark.shown, full=True)
    except CourseError as error:  # an answer to an older form of the question
        return f"<p>{escape(sentence(error))}</p>"
    texts = [f"<p>{message}</p>" for message in map(escape, found["messages"])]
    texts += [option["feedback"] for option in found["options"].values() if option["feedback"]]
    texts += [f"<p>The answer:</p>{found['answer']}" if found["answer"] else "", found["explanation"]]
    return "".join(texts)


def _options(options: Sequence[Any], chosen: set[str], *, numbered: bool = False) -> str:
    if not options:
        return ""
    rows = "".join(
        f'<li dir="auto">{option["html"]}{" <strong>(chosen)</strong>" if option["id"] in chosen else ""}</li>'
        for option in options
    )
    return f'<ol type="{"1" if numbered else "A"}">{rows}</ol>'


def task_shown(score: TaskScore) -> Bundle:
    """Return how a task's cases went, with nothing of the hidden ones but their number."""
    first = f"{score.item}: {_n(score.points)} of {_n(score.possible)} points, {_VERDICTS[score.verdict]}."
    lines, parts = [first], [f'<div class="course-marks"><p><strong>{escape(first)}</strong></p>']
    for words in filter(None, dict.fromkeys((score.message, *score.rules))):
        said = words[:1].upper() + words[1:]
        lines.append(f"   {said}")
        parts.append(f"<p>{_with_code(said)}</p>")
    told = [(case.id, _case(case, score.message)) for case in score.cases if not case.hidden]
    hidden = [case for case in score.cases if case.hidden]
    if hidden:
        passed = sum(case.passed for case in hidden)
        told.append(("hidden", f"{passed} of {len(hidden)} passed"))
    lines += [f"   {name}: {words}" for name, words in told]
    rows = "".join(f"<li><code>{escape(name)}</code>: {_with_code(words)}</li>" for name, words in told)
    return {"text/plain": "\n".join(lines), "text/html": f"{''.join(parts)}<ul>{rows}</ul></div>"}


def _case(case: CaseVerdict, said: str) -> str:
    if case.passed:
        return "passed"
    return f"failed: {case.message}" if case.message and case.message != said else "failed"


def _with_code(words: str) -> str:
    """Return words as HTML, with what is in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
