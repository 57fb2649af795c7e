"""What a learner may see of a question: `view` before answering, `reveal` after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course.quiz import variants
from course.quiz.grade import grade
from course.quiz.model import Item, Matching, Ordering, SeveralChoice, SingleChoice
from course.quiz.questions import TYPES
from course.quiz.questions._text import rendered, to_html

__all__ = ["hint", "reveal", "view"]


def view(item: Item, *, shown: Mapping[str, Any] | None = None, order: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what a learner may see before answering, as JSON-safe data: never key, feedback or explanation.

    `shown`: the values of this learner's variant. `order`: option ids as displayed; without it, the order of
    `variants.order` for nobody in particular.
    """
    filled = variants.fill_stem(item, shown)
    if order is None:
        order = variants.order(item)
    return {
        "id": item.id,
        "type": item.type,
        "title": rendered(filled.title, inline=True),
        "body": rendered(filled.body),
        "points": item.points,
        "mode": item.mode,
        "attempts": item.attempts,
        "scheme": item.scheme,
        "topic": item.topic,
        "level": item.level,
        "hints": [hint.cost for hint in item.hints],
        "variants": item.variant is not None,
        "keyed": item.keyed,
        **TYPES[item.type].view(filled, order),
    }


def hint(item: Item, number: int, *, shown: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an item's hint, counted from 0: text, HTML and the share of the points it costs."""
    wanted = variants.fill_stem(item, shown).hints[number]
    return {**rendered(wanted.text), "cost": wanted.cost}


def reveal(
    item: Item,
    response: Mapping[str, Any] | None,
    *,
    shown: Mapping[str, Any] | None = None,
    answer: bool = False,
    hints: int = 0,
) -> dict[str, Any]:
    """Return what may be shown after answering: verdict, messages, feedback of the options named, explanation.

    With `answer=True` (the learner asked to see it, or no attempt is left) also the right answer, and the feedback
    of every option; `response` may then be None. Raises what `grade` raises.
    """
    data: dict[str, Any] = {}
    named: set[str] = set()
    if response is not None:
        graded = grade(item, response, shown=shown, hints=hints)
        data = {"verdict": graded.verdict, "points": graded.points, "fraction": graded.fraction}
        named = set(graded.per_option)
        texts = () if isinstance(item, SingleChoice | SeveralChoice) else graded.messages  # feedback is under options
        data["messages"] = [rendered(text, inline=True) for text in texts]
        correct = graded.per_option
    else:
        correct = {}
    filled = variants.fill_key(item, shown)
    options: dict[str, Any] = {}
    if isinstance(filled, SingleChoice | SeveralChoice):
        for option in filled.options:
            if answer or option.id in named:
                options[option.id] = {"correct": bool(option.correct), "feedback": to_html(option.feedback)}
    elif isinstance(filled, Matching):
        options = {id: {"correct": right, "feedback": ""} for id, right in correct.items()}
    elif isinstance(filled, Ordering):
        options = {o.id: {"feedback": to_html(o.feedback)} for o in filled.options if o.feedback}
    data["options"] = options
    data["explanation"] = rendered(filled.explanation)
    if answer:
        kind = TYPES[item.type]
        data["answer"] = kind.answer(filled)
        data["answer_text"] = rendered(kind.answer_text(filled))
    return data
