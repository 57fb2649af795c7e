"""Questions ready to be looked at: the engine's views with their code coloured, its verdicts as the page shows them.

Everything before answering comes from the engine's `view`, which holds no key; everything after, from `reveal`, which
is called here and nowhere else on the way to a page, and only for an item whose verdict may be shown.
"""

from __future__ import annotations

import functools
import html as markup
import re
from collections.abc import Mapping
from typing import Any

from pygments import highlight as colour
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from course.quiz import grade as engine_grade
from course.quiz import hint as engine_hint
from course.quiz import order as engine_order
from course.quiz import reveal as engine_reveal
from course.quiz import view as engine_view
from course.quiz.model import Essay, Item, Task
from course.quiz.questions import Graded

__all__ = ["coloured", "coloured_line", "graded", "hints", "plain", "verdict", "view"]

Shown = Mapping[str, Any] | None

_CODE = re.compile(r'<pre><code class="language-([A-Za-z0-9_+-]+)">(.*?)</code></pre>', re.DOTALL)


def view(item: Item, *, learner: str, secret: str, shown: Shown) -> dict[str, Any]:
    """Return what a learner may see of an item before answering it."""
    data = engine_view(item, shown=shown, order=engine_order(item, learner=learner, secret=secret))
    data["title"] = _rendered(data["title"])
    data["body"] = _rendered(data["body"])
    for group in ("options", "left", "right"):
        if group in data:
            data[group] = [option | {"html": coloured(option["html"])} for option in data[group]]
    if item.type in ("ordering", "matching"):  # a menu and the name of a button take no Markdown
        for option in (*data.get("options", ()), *data.get("right", ())):
            option["plain"] = plain(option["html"]) or option["text"]
    for line in data.get("lines", ()):
        line["html"] = coloured_line(line["text"], data["language"])
    if isinstance(item, Task):
        data["pointer"] = f'Write it in the cell for it, then run check("{item.full_id}").'
    elif isinstance(item, Essay):
        data["pointer"] = "Write your answer in the text cell below."
    return data


def graded(item: Item, attempt_response: Mapping[str, Any] | None, *, shown: Shown, hints: int = 0) -> Graded:
    """Return the engine's judgement of a response. Raises what `course.quiz.grade` raises."""
    return engine_grade(item, attempt_response or {}, shown=shown, hints=hints)


def hints(item: Item, count: int, *, shown: Shown) -> list[str]:
    """Return the first hints as HTML."""
    return [coloured(engine_hint(item, number, shown=shown)["html"]) for number in range(min(count, len(item.hints)))]


def verdict(
    item: Item, response: Mapping[str, Any] | None, *, shown: Shown, hints: int = 0, full: bool, revealed: bool = False
) -> dict[str, Any]:
    """Return what the page shows after answering.

    Until `full` that is the verdict and what belongs to the options chosen: the explanation often tells the answer,
    and would spoil another try. Then also the explanation, the answer where the response was another, and every
    option's feedback. Points are left out where the answer was `revealed`.
    """
    found = engine_reveal(item, response, shown=shown, answer=full, hints=hints)
    chosen = set((response or {}).get("options", ())) if item.type in ("single", "several") else None
    options = {}
    for id, one in found["options"].items():
        correct = one.get("correct")
        if chosen is None:
            mark = {True: "right", False: "wrong", None: ""}[correct]
        elif id in chosen:
            mark = "right" if correct else "wrong"
        else:
            mark = "missed" if correct else ""
        options[id] = {"mark": mark, "feedback": coloured(one.get("feedback", ""))}
    right = found.get("verdict") == "right"
    spoken = full and not right and chosen is None  # the options' own marks say it where there are options
    return {
        "verdict": found.get("verdict", "wrong"),
        "points": None if revealed else _number(found.get("points", 0.0)),
        "messages": [message["text"] for message in found.get("messages", ())],
        "options": options,
        "explanation": coloured(found["explanation"]["html"]) if full else "",
        "answer": coloured(found["answer_text"]["html"]) if spoken else "",
    }


def _rendered(pair: Mapping[str, str]) -> dict[str, str]:
    return {"text": pair["text"], "html": coloured(pair["html"])}


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def plain(html: str) -> str:
    """Return the text of HTML that our own Markdown made."""
    return markup.unescape(re.sub(r"<[^>]+>", "", html)).strip()


@functools.lru_cache(maxsize=2000)
def coloured(html: str) -> str:
    """Return HTML with the code of its fences marked up for `.highlight` styles (ours, JupyterLab's, nbconvert's)."""
    return _CODE.sub(lambda m: _fence(m[1], markup.unescape(m[2])), html)


def _fence(language: str, code: str) -> str:
    spans = coloured_line(code, language)
    return f'<div class="highlight"><pre><code class="language-{language}">{spans}</code></pre></div>'


@functools.lru_cache(maxsize=2000)
def coloured_line(code: str, language: str) -> str:
    """Return code as HTML spans; in a language nobody knows, as plain text."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return markup.escape(code)
    return str(colour(code, lexer, HtmlFormatter(nowrap=True))).removesuffix("\n")
