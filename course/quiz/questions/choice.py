"""Single choice (and true–false), several correct: task lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course.errors import NotAnAttempt, UnknownOption
from course.quiz.model import Option, SeveralChoice, SingleChoice
from course.quiz.questions._text import identify, read_option, rendered
from course.quiz.questions.base import (
    ID_SCHEMA,
    OPTION_SCHEMA,
    Draft,
    ItemType,
    Outcome,
    ids_in,
    object_schema,
    option_json,
    options_from,
)

__all__ = ["SCHEMES", "Several", "Single"]

SCHEMES = ("net", "each", "coverage", "all")


def _options(draft: Draft) -> tuple[Option, ...]:
    """Return the options of a task list; ids are explicit or a hash of the text."""
    parsed = [(ticked, *read_option(draft, text)) for ticked, text in draft.options]
    fixed = draft.common.pop("shuffle", True) is False
    ids = identify(draft, [(attributes.id, text, line) for _, text, attributes, _, line in parsed])
    found = []
    for place, (ticked, text, attributes, feedback, line) in enumerate(parsed):
        pin = place if fixed or attributes.get("pin") is not None else None
        found.append(Option(ids[place], text, ticked, feedback, pin, line))
    if len(found) < 2:
        draft.report("a choice needs two options or more", draft.line, 1, "add `- [ ] …` lines")
    return tuple(found)


def _view(options: Sequence[Option], order: Sequence[str]) -> dict[str, Any]:
    by_id = {option.id: option for option in options}
    shown = [by_id[id] for id in order]
    return {"options": [{"id": o.id, **rendered(o.text, inline=True)} for o in shown]}


def _list(options: Sequence[Option]) -> str:
    right = [option.text for option in options if option.correct]
    return right[0] if len(right) == 1 else "\n".join(f"- {text}" for text in right)


class Single(ItemType[SingleChoice]):
    """Exactly one option is right."""

    name = "single"
    model = SingleChoice
    attributes = frozenset({"shuffle", "single"})

    def parse(self, draft: Draft) -> SingleChoice | None:
        options = _options(draft)
        right = sum(bool(option.correct) for option in options)
        if right != 1:
            draft.report(
                f"a single choice has one right option, this one has {right or 'none'}",
                draft.line,
                1,
                "mark one option with `[x]`, or write {several}",
            )
            return None
        return SingleChoice(options=options, **draft.common)

    def outcome(self, item: SingleChoice, response: Mapping[str, Any]) -> Outcome:
        chosen = ids_in(response, "options")
        if len(chosen) != 1:
            raise NotAnAttempt("choose one option" if not chosen else "choose one option only", help="choose one")
        for option in item.options:
            if option.id == chosen[0]:
                right = bool(option.correct)
                messages = (option.feedback,) if option.feedback else ()
                return Outcome(1.0 if right else 0.0, messages, {option.id: right})
        raise UnknownOption(chosen[0])

    def view(self, item: SingleChoice, order: Sequence[str]) -> dict[str, Any]:
        return _view(item.options, order)

    def answer(self, item: SingleChoice) -> dict[str, Any]:
        return {"options": [option.id for option in item.options if option.correct]}

    def answer_text(self, item: SingleChoice) -> str:
        return _list(item.options)

    def to_json(self, item: SingleChoice, keys: bool) -> dict[str, Any]:
        options = item.options if keys else sorted(item.options, key=lambda option: option.id)
        return {"options": [option_json(option, keys) for option in options]}

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"options": options_from(data["options"])}

    def response_schema(self) -> dict[str, Any]:
        ids = {"type": "array", "items": ID_SCHEMA, "minItems": 1, "maxItems": 1}
        return object_schema(["options"], options={**ids, "description": "the id of the option chosen"})

    def schema(self) -> dict[str, Any]:
        return {"options": {"type": "array", "items": OPTION_SCHEMA}}


class Several(ItemType[SeveralChoice]):
    """Every right option is to be ticked; four schemes of partial credit, as PrairieLearn defines them."""

    name = "several"
    model = SeveralChoice
    attributes = frozenset({"shuffle", "several", "scheme"})

    def parse(self, draft: Draft) -> SeveralChoice | None:
        options = _options(draft)
        if not any(option.correct for option in options):
            draft.report("no option is right", draft.line, 1, "mark the right options with `[x]`")
            return None
        scheme = draft.common["scheme"] or "net"
        if scheme not in SCHEMES:
            draft.report(
                f"no scheme is called {scheme!r}",
                draft.line,
                draft.attributes.column("scheme") + 1,
                f"one of {', '.join(SCHEMES)}",
            )
            return None
        return SeveralChoice(options=options, **{**draft.common, "scheme": scheme})

    def outcome(self, item: SeveralChoice, response: Mapping[str, Any]) -> Outcome:
        chosen = ids_in(response, "options")
        if not chosen:
            raise NotAnAttempt("nothing is ticked", help="tick at least one option")
        key = {option.id: bool(option.correct) for option in item.options}
        for id in chosen:
            if id not in key:
                raise UnknownOption(id)
        ticked_right = sum(key[id] for id in chosen)
        right = sum(key.values())
        ticked_wrong = len(chosen) - ticked_right
        if item.scheme == "net":
            fraction = max(0.0, (ticked_right - ticked_wrong) / right)
        elif item.scheme == "each":
            fraction = (ticked_right + (len(key) - right - ticked_wrong)) / len(key)
        elif item.scheme == "coverage":
            fraction = (ticked_right / right) * (ticked_right / len(chosen))
        else:
            fraction = float(ticked_right == right and ticked_wrong == 0)
        picked = set(chosen)
        messages = tuple(option.feedback for option in item.options if option.id in picked and option.feedback)
        return Outcome(fraction, messages, {id: key[id] for id in chosen})

    def view(self, item: SeveralChoice, order: Sequence[str]) -> dict[str, Any]:
        return _view(item.options, order)

    def answer(self, item: SeveralChoice) -> dict[str, Any]:
        return {"options": [option.id for option in item.options if option.correct]}

    def answer_text(self, item: SeveralChoice) -> str:
        return _list(item.options)

    def to_json(self, item: SeveralChoice, keys: bool) -> dict[str, Any]:
        options = item.options if keys else sorted(item.options, key=lambda option: option.id)
        return {"options": [option_json(option, keys) for option in options]}

    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"options": options_from(data["options"])}

    def response_schema(self) -> dict[str, Any]:
        ids = {"type": "array", "items": ID_SCHEMA, "minItems": 1, "uniqueItems": True}
        return object_schema(["options"], options={**ids, "description": "the ids of the options ticked"})

    def schema(self) -> dict[str, Any]:
        return {"options": {"type": "array", "items": OPTION_SCHEMA}}
