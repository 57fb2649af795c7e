"""Variants and shuffles: what differs from learner to learner, the same on every machine and in every release.

Everything comes from one seed, a SHA-256 of (secret, item, learner, n). `Rng` derives all it offers from
`random.Random(seed).random()`, the one method whose sequence Python promises never to change; NumPy gives no such
promise for its distributions, and Python gives none for `shuffle` and `sample`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import random
import re
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from course.errors import CannotGrade
from course.quiz.model import (
    Item,
    Matching,
    Number,
    Option,
    Ordering,
    Output,
    Question,
    Section,
    SeveralChoice,
    ShortAnswer,
    SingleChoice,
)

__all__ = ["Rng", "draw", "fill_key", "fill_stem", "order", "seed", "shown_values"]

T = TypeVar("T")

_NAME = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


class Rng:
    """Random numbers for `variant(rng)`: the same for the same seed, everywhere and for good."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)  # noqa: S311 - nothing secret hangs on it

    def random(self) -> float:
        """Return a number from 0 (included) to 1 (excluded)."""
        return self._source.random()

    def randint(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + math.floor(self.random() * (high - low + 1))

    def uniform(self, low: float, high: float, digits: int | None = None) -> float:
        """Return a number between two others, rounded to so many decimals where `digits` is given."""
        value = low + (high - low) * self.random()
        return value if digits is None else round(value, digits)

    def choice(self, values: Sequence[T]) -> T:
        """Return one of the values."""
        return values[self.randint(0, len(values) - 1)]

    def shuffle(self, values: MutableSequence[Any]) -> None:
        """Shuffle in place."""
        for at in range(len(values) - 1, 0, -1):
            other = self.randint(0, at)
            values[at], values[other] = values[other], values[at]

    def sample(self, values: Sequence[T], k: int) -> list[T]:
        """Return `k` of the values, in random order."""
        shuffled = list(values)
        self.shuffle(shuffled)
        return shuffled[:k]


def seed(secret: str, item: str, learner: str, n: int = 0) -> int:
    """Return the seed of a learner's n-th variant of an item (a full id)."""
    text = json.dumps([secret, item, learner, n], ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16], "big")


def order(item: Item, *, learner: str = "", n: int = 0, secret: str = "") -> list[str]:
    """Return option ids in the order a learner sees them; pinned options keep their place.

    Starts from the sorted ids, so that a bank and its learner bank give the same order.
    """
    choices = item.choices if isinstance(item, Question) else ()
    loose = sorted(option.id for option in choices if option.pin is None)
    Rng(seed(secret, item.full_id + "#order", learner, n)).shuffle(loose)
    places: list[str | None] = [None] * len(choices)
    for option in choices:
        if option.pin is not None and option.pin < len(places) and places[option.pin] is None:
            places[option.pin] = option.id
        elif option.pin is not None:
            loose.append(option.id)
    rest = iter(loose)
    return [id if id is not None else next(rest) for id in places]


def draw(section: Section, chapter: str, *, learner: str = "", n: int = 0, secret: str = "") -> tuple[Item, ...]:
    """Return the items of a section that a learner is asked, in file order: all, or `pick` of them."""
    if section.pick is None:
        return section.items
    ids = sorted(item.id for item in section.items)
    chosen = set(Rng(seed(secret, f"{chapter}/{section.id}#pick", learner, n)).sample(ids, section.pick))
    return tuple(item for item in section.items if item.id in chosen)


@functools.lru_cache(maxsize=1024)
def _function(code: str, name: str) -> Any:
    # The author's code, as trusted as the course itself; a learner's text never comes here.
    namespace: dict[str, Any] = {"__name__": "quiz"}
    exec(compile(code, f"<{name}>", "exec"), namespace)  # noqa: S102
    return namespace[name]


def _call(name: str, code: str, argument: Any, place: str) -> dict[str, Any]:
    try:
        values = _function(code, name)(argument)
    except Exception as error:  # noqa: BLE001 - whatever the author's code raises
        said = f"{type(error).__name__}: {error}"
        raise CannotGrade(f"{name}() failed: {said}", place=place, help="mend the fence") from None
    if not isinstance(values, dict) or not all(isinstance(k, str) and k.isidentifier() for k in values):
        raise CannotGrade(f"{name}() did not return a dict of names", place=place, help="return {'n': 3}")
    plain: dict[str, Any] = {}
    for key, value in values.items():
        scalar = value.item() if hasattr(value, "item") else value  # NumPy's
        if not isinstance(scalar, str | int | float) or (isinstance(scalar, float) and not math.isfinite(scalar)):
            said = f"{name}() gave {key!r} a value that cannot be shown: {scalar!r}"
            raise CannotGrade(said, place=place, help="give a text or a finite number")
        plain[key] = scalar
    return plain


def shown_values(item: Item, *, learner: str = "", n: int = 0, secret: str = "") -> dict[str, Any] | None:
    """Return what a learner's n-th variant of an item shows; None where the item has no variants."""
    if item.variant is None:
        return None
    rng = Rng(seed(secret, item.full_id, learner, n))
    return _call("variant", item.variant.code, rng, f"{item.full_id} (line {item.variant.line})")


def key_values(item: Item, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the item's `key(shown)` computes; empty where there is none."""
    if item.variant is None or item.variant.key is None:
        return {}
    place = f"{item.full_id} (line {item.variant.key_line})"
    return _call("key", item.variant.key, dict(shown), place)


def substitute(text: str, values: Mapping[str, Any]) -> str:
    """Fill in `{{name}}` for the names given; any other braces stay as they are."""
    if "{{" not in text:
        return text
    return _NAME.sub(lambda m: str(values[m[1]]) if m[1] in values else m[0], text)


def names_in(text: str) -> set[str]:
    """Return the names a text asks to be filled in."""
    return set(_NAME.findall(text))


def _options(options: Sequence[Option], values: Mapping[str, Any], feedback: Mapping[str, Any]) -> tuple[Option, ...]:
    return tuple(
        replace(o, text=substitute(o.text, values), feedback=substitute(o.feedback, feedback)) for o in options
    )


def fill_stem(item: Item, shown: Mapping[str, Any] | None) -> Item:
    """Return the item as a learner sees it: `variant`'s values filled in, nothing of the key."""
    if not shown:
        return item
    return _filled(item, shown, shown)


def fill_key(item: Item, shown: Mapping[str, Any] | None) -> Item:
    """Return the item as it is graded: the values of `variant` and of `key` filled in, and its key computed."""
    if item.variant is None:
        return item
    if shown is None:
        raise CannotGrade(f"{item.full_id} has variants: which one was shown?", help="pass the values that were shown")
    item = _filled(item, shown, {**key_values(item, shown), **shown})
    if isinstance(item, Number) and item.template is not None:
        from course.quiz.questions.number import read_key

        try:
            return replace(item, key=read_key(item.template))
        except ValueError as bad:
            place = f"{item.full_id} (line {item.line})"
            raise CannotGrade(f"the key {item.template!r} is no number: {bad}", place=place, help="see key()") from None
    return item


def _filled(item: Item, shown: Mapping[str, Any], everything: Mapping[str, Any]) -> Item:
    changes: dict[str, Any] = {
        "title": substitute(item.title, shown),
        "body": substitute(item.body, shown),
        "hints": tuple(replace(hint, text=substitute(hint.text, shown)) for hint in item.hints),
        "explanation": substitute(item.explanation, everything),
    }
    if isinstance(item, SingleChoice | SeveralChoice | Ordering):
        changes["options"] = _options(item.options, shown, everything)
    elif isinstance(item, Matching):
        changes["left"] = _options(item.left, shown, everything)
        changes["right"] = _options(item.right, shown, everything)
    elif isinstance(item, Number) and item.template is not None:
        changes["template"] = substitute(item.template, everything)
    elif isinstance(item, ShortAnswer) and item.answers is not None:
        changes["answers"] = tuple(substitute(answer, everything) for answer in item.answers)
    elif isinstance(item, Output):
        changes["code"] = substitute(item.code, shown)
        if item.prints is not None:
            changes["prints"] = substitute(item.prints, everything)
    return replace(item, **changes)
