"""A quiz on the terminal, keys included: for authors reading their own work."""

from __future__ import annotations

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from course.quiz.model import Item, Ordering, Quiz, SeveralChoice, SingleChoice, points_text
from course.quiz.questions import TYPES

__all__ = ["print_quiz"]

_KINDS = {
    "single": "single choice",
    "several": "several correct",
    "short": "short answer",
    "output": "what does it do",
}


def print_quiz(quiz: Quiz, console: Console) -> None:
    """Print a quiz: sections, stems, answers, feedback, hints and explanations."""
    console.print(Text(quiz.title, style="bold"), Text(f"  {quiz.path}", style="dim"))
    for section in quiz.sections:
        drawn = f" · {section.pick} drawn" if section.pick else ""
        console.print()
        console.print(Rule(f"{section.title or section.id} · {quiz.name}/{section.id}{drawn}", align="left"))
        for item in section.items:
            _print_item(item, console)


def _print_item(item: Item, console: Console) -> None:
    facts = [_KINDS.get(item.type, item.type), points_text(item.points), item.mode]
    facts += [fact for fact in (item.topic, f"level {item.level}" if item.level else "", item.scheme) if fact]
    console.print()
    console.print(Markdown(f"**{item.title}**"))
    console.print(Text(f"#{item.id} · {' · '.join(facts)}", style="dim"))
    if item.body:
        console.print(Padding(Markdown(item.body), (1, 0, 0, 2)))
    if not item.keyed:
        console.print(Text("  the key is not in this bank", style="yellow"))
    if isinstance(item, SingleChoice | SeveralChoice):
        for option in item.options:
            mark = {True: "✓", False: "·", None: "?"}[option.correct]
            style = "green" if option.correct else ""
            console.print(Padding(Text(f"{mark} {option.text}", style=style), (0, 0, 0, 2)))
            if option.feedback:
                console.print(Padding(Text(option.feedback, style="italic dim"), (0, 0, 0, 6)))
    elif isinstance(item, Ordering) and item.order is None:
        for option in item.options:
            console.print(Padding(Text(f"? {option.text}"), (0, 0, 0, 2)))
    elif item.keyed and item.variant is None and (answer := TYPES[item.type].answer_text(item)):
        console.print(Padding(Markdown(answer), (0, 0, 0, 2)))
    for number, hint in enumerate(item.hints, 1):
        price = f" (costs {hint.cost:.0%})" if hint.cost else ""
        console.print(Padding(Text(f"hint {number}{price}: {hint.text}", style="dim"), (0, 0, 0, 2)))
    if item.explanation:
        console.print(Padding(Text(f"explanation: {item.explanation}", style="dim"), (0, 0, 0, 2)))
