"""What every item type provides: to parse it, to grade a response, to view it before, to answer it after."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from course.errors import NotAnAttempt, UnknownOption, UnreadableResponse
from course.quiz.attributes import Attributes
from course.quiz.blocks import Text
from course.quiz.model import Item, Option

__all__ = ["Draft", "Fence", "Graded", "ItemType", "Key", "Outcome", "Written", "ids_in", "option_json", "options_from"]

I = TypeVar("I", bound=Item)  # noqa: E741

ID_SCHEMA: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 100}


@dataclass(frozen=True, slots=True)
class Written:
    """A paragraph that starts with `=`: its text after the sign, and where that is."""

    text: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Fence:
    """A code fence: language, the word after it (`parsons`, `output`, …), its lines, and where these begin."""

    language: str
    role: str
    code: str
    line: int


@dataclass
class Draft:
    """What the parser found in one item, before it is one: a type's `parse` turns it into the item.

    `common` holds the fields every item has; `report(message, line, column, help)` records an error.
    """

    common: dict[str, Any]
    attributes: Attributes
    line: int
    report: Any
    options: list[tuple[bool, Text]] = field(default_factory=list)  # task list: ticked?, the rest
    numbered: list[Text] = field(default_factory=list)
    keys: list[Written] = field(default_factory=list)
    table: tuple[tuple[int, tuple[str, ...]], ...] = ()
    fences: dict[str, Fence] = field(default_factory=dict)  # by role
    code: Fence | None = None  # the last plain fence of code before the key
    rubric: Text | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How right a response is: `fraction` from 0 to 1, what to say, and for each option named whether it is right."""

    fraction: float
    messages: tuple[str, ...] = ()
    per_option: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Graded:
    """The result of grading one response. `verdict`: right, partly or wrong."""

    points: float
    fraction: float
    verdict: str
    messages: tuple[str, ...] = ()
    per_option: Mapping[str, bool] = field(default_factory=dict)


Key = Mapping[str, Any]
"""Values a variant's `key(shown)` computed, filled in for `{{name}}`."""


class ItemType(ABC, Generic[I]):
    """One item type. Subclasses hold no state; there is one instance of each."""

    name: str
    model: type[I]
    attributes: frozenset[str] = frozenset()  # beside those every item has
    variants = True  # whether `python variant` makes sense for it

    @abstractmethod
    def parse(self, draft: Draft) -> I | None:
        """Return the item, or None after reporting what is wrong."""

    @abstractmethod
    def outcome(self, item: I, response: Mapping[str, Any]) -> Outcome:
        """Grade a response. The variant's values are already filled in."""

    @abstractmethod
    def view(self, item: I, order: Sequence[str]) -> dict[str, Any]:
        """Return the fields of a view that only this type has; nothing that tells the key."""

    @abstractmethod
    def answer(self, item: I) -> dict[str, Any]:
        """Return a response that is fully right."""

    @abstractmethod
    def answer_text(self, item: I) -> str:
        """Return the right answer in words (Markdown)."""

    @abstractmethod
    def to_json(self, item: I, keys: bool) -> dict[str, Any]:
        """Return the fields only this type has."""

    @abstractmethod
    def from_json(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return these fields as arguments of the model's class."""

    @abstractmethod
    def response_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a response."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the fields that `to_json` adds, as `properties`."""


def ids_in(response: Mapping[str, Any], field: str) -> list[str]:
    """Return a response's list of option ids, or raise: it is no list of distinct texts."""
    ids = response.get(field)
    if not isinstance(ids, list) or len(ids) > 1000 or not all(isinstance(id, str) for id in ids):
        raise UnreadableResponse(f"the response has no list of {field}", help="answer the question again")
    if len(set(ids)) != len(ids):
        raise UnreadableResponse(f"the response names one of its {field} twice", help="answer the question again")
    return ids


def permutation(response: Mapping[str, Any], field: str, known: Iterable[str], what: str) -> list[str]:
    """Return a response that must name every known id once."""
    ids, all_ids = ids_in(response, field), set(known)
    for id in ids:
        if id not in all_ids:
            raise UnknownOption(id)
    if len(ids) != len(all_ids):
        raise NotAnAttempt(
            f"{len(all_ids) - len(ids)} of {len(all_ids)} {what} have no place yet", help="place them all"
        )
    return ids


def option_json(option: Option, keys: bool) -> dict[str, Any]:
    """Return an option as JSON: with its key and feedback, or without."""
    data: dict[str, Any] = {"id": option.id, "text": option.text}
    if keys and option.correct is not None:
        data["correct"] = option.correct
    if keys:
        data["feedback"] = option.feedback
    if option.pin is not None:
        data["pin"] = option.pin
    return data


def options_from(data: Iterable[Mapping[str, Any]]) -> tuple[Option, ...]:
    """Return options from their JSON."""
    return tuple(Option(o["id"], o["text"], o.get("correct"), o.get("feedback", ""), o.get("pin")) for o in data)


OPTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "text"],
    "additionalProperties": False,
    "properties": {
        "id": ID_SCHEMA,
        "text": {"type": "string"},
        "correct": {"type": "boolean", "description": "key; absent from a learner bank and where there is none"},
        "feedback": {"type": "string", "description": "shown after answering; absent from a learner bank"},
        "pin": {"type": "integer", "minimum": 0, "description": "the place it keeps when options are shuffled"},
    },
}


def object_schema(required: list[str], **properties: Any) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others."""
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}
