"""Item-writing rules: what makes a question easier to guess, or harder to read, than it should be.

Each rule can be waived where it is broken on purpose: `{lint-ok="rule: reason"}` on the item, or `lint-ok:` in the
front matter for rules about a whole file. A waiver that is not needed is reported, so that none outlives its reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import regex

from course.quiz.model import (
    Item,
    Number,
    Option,
    Ordering,
    Question,
    Quiz,
    SeveralChoice,
    ShortAnswer,
    SingleChoice,
    Task,
    Waiver,
)
from course.quiz.questions._text import normalised
from course.quiz.questions.short import SECONDS

__all__ = ["RULES", "Finding", "lint"]


@dataclass(frozen=True)
class Finding:
    """Something to mend: which rule, where (`file:line:column`), what, and how."""

    rule: str
    place: str
    message: str
    help: str

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON-safe data."""
        return {"rule": self.rule, "place": self.place, "message": self.message, "help": self.help}


_NEGATED = re.compile(
    r"\b(?:which|what|who|where|select|choose|mark|tick)\b.*(?:\b(?:not|never|except|cannot)\b|n't\b)",
    re.IGNORECASE,
)
_ANY_NOT = re.compile(r"\b(?:not|never|cannot)\b|n't\b", re.IGNORECASE)
_CATCH_ALL = re.compile(
    r"\b(?:all|none|both|any|neither)\s+of\s+(?:the\s+)?(?:above|below|these|them|others?)\b"
    r"|\b(?:all|both)\s+answers\b|^(?:both\s+)?[a-e]\s+and\s+[a-e]\.?$",
    re.IGNORECASE,
)


def _plain(text: str) -> str:
    return re.sub(r"[`*_]", "", text).strip()


def negated_stem(item: Item) -> str | None:
    """The stem asks which is *not* so: readers miss the word."""
    if not isinstance(item, SingleChoice | SeveralChoice):
        return None
    title = re.sub(r"`[^`]*`", "", item.title)
    if title.lower().startswith("why"):
        return None  # `why does this not compile?` asks for a reason, not for the odd one out
    statement = {_plain(option.text).lower().rstrip(".") for option in item.options} == {"true", "false"}
    found = (_ANY_NOT if statement else _NEGATED).search(title)
    return f"the stem is negated: …{found[0][-30:]}" if found else None


def longest_key(item: Item) -> str | None:
    """The right option is much longer than every other: test-wise readers choose it unread."""
    if not isinstance(item, SingleChoice) or len(item.options) < 3:
        return None
    lengths = {option.id: len(_plain(option.text)) for option in item.options}
    right = next((option for option in item.options if option.correct), None)
    if right is None:
        return None
    rest = max(length for id, length in lengths.items() if id != right.id)
    if lengths[right.id] >= 1.25 * rest and lengths[right.id] - rest >= 10:
        return f"the longest option is the key ({lengths[right.id]} characters, the next has {rest})"
    return None


def _options(item: Item) -> tuple[Option, ...]:
    return item.options if isinstance(item, SingleChoice | SeveralChoice | Ordering) else ()


def duplicate_options(item: Item) -> str | None:
    """Two options say the same."""
    seen = set()
    for option in _options(item):
        text = normalised(option.text).rstrip(".")
        if text in seen:
            return f"two options say the same: {text[:60]}"
        seen.add(text)
    return None


def catch_all(item: Item) -> str | None:
    """An option like "all of the above": it breaks when options are shuffled, and rewards partial knowledge."""
    if isinstance(item, Ordering):
        return None
    for option in _options(item):
        if _CATCH_ALL.search(_plain(option.text)):
            return f"an option about other options: {_plain(option.text)[:60]}"
    return None


def missing_explanation(item: Item) -> str | None:
    """Nothing is explained after answering."""
    return "no explanation" if isinstance(item, Question) and not item.explanation else None


def missing_hint(item: Item) -> str | None:
    """Someone who is stuck gets no hint."""
    return "no hint" if isinstance(item, Question | Task) and not item.hints else None


def mixed_grammar(item: Item) -> str | None:
    """Options of different grammar: the one that fits the stem stands out."""
    if not isinstance(item, SingleChoice | SeveralChoice):
        return None
    texts = [option.text.strip() for option in item.options if "\n" not in option.text.strip()]
    ends = {text.endswith((".", "!", "?")) for text in texts}
    if len(ends) > 1:
        return "some options end with a full stop, others do not"
    starts = {text[0].isupper() for text in texts if text[0].isalpha()}
    if len(starts) > 1:
        return "some options begin with a capital letter, others do not"
    return None


def useless_tolerance(item: Item) -> str | None:
    """No response is right, or nearly every one."""
    if isinstance(item, Number) and item.key is not None:
        key = item.key
        if key.low > key.high or key.digits == 0:
            return f"no number is right: {key.written}"
        if key.digits is None and key.value and key.low <= 0 <= key.high:
            return f"zero and more than twice the value are right: {key.written}"
    if isinstance(item, ShortAnswer) and item.pattern is not None:
        try:
            if all(regex.fullmatch(item.pattern, text, timeout=SECONDS) for text in ("x", "any other words, 7")):
                return f"the pattern matches any answer: {item.pattern}"
        except TimeoutError:
            return f"the pattern takes too long: {item.pattern}"
    return None


_ITEM_RULES: dict[str, tuple[Callable[[Item], str | None], str]] = {
    "negated-stem": (negated_stem, "ask which one is so"),
    "longest-key": (longest_key, "shorten the key, or give the others as much to say"),
    "duplicate-options": (duplicate_options, "word one differently, or delete it"),
    "catch-all": (catch_all, "ask for several correct, or write another distractor"),
    "missing-explanation": (missing_explanation, "add `> **Explanation:** …` under the answers"),
    "missing-hint": (missing_hint, "add `> **Hint:** …` under the answers"),
    "mixed-grammar": (mixed_grammar, "word all options alike"),
    "useless-tolerance": (useless_tolerance, "check the key"),
}


def key_position(quiz: Quiz) -> str | None:
    """Over a file, the right option stands in one place more often than chance puts it there (p < 0.01)."""
    asked = [item for item in quiz.items if isinstance(item, SingleChoice) and item.keyed and len(item.options) > 2]
    if len(asked) < 5:
        return None
    for place in range(max(len(item.options) for item in asked)):
        hits = sum(len(item.options) > place and item.options[place].correct is True for item in asked)
        # How likely so many hits are by chance: the distribution of a sum of independent draws.
        chances = [1.0]
        for item in asked:
            p = 1 / len(item.options) if len(item.options) > place else 0.0
            more = [chance * p for chance in chances]
            chances = [a + b for a, b in zip([c * (1 - p) for c in chances] + [0.0], [0.0, *more], strict=True)]
        if math.fsum(chances[hits:]) < 0.01:
            return f"the right option is number {place + 1} in {hits} of {len(asked)} questions"
    return None


_FILE_RULES: dict[str, tuple[Callable[[Quiz], str | None], str]] = {
    "key-position": (key_position, "move some right options: the file is read on paper and on GitHub too"),
}

RULES: dict[str, str] = {
    name: (rule.__doc__ or "").strip() for name, (rule, _) in {**_ITEM_RULES, **_FILE_RULES}.items()
}
"""Rule → what it looks for."""


def lint(quiz: Quiz) -> list[Finding]:
    """Return what the rules find in a quiz, in the order of its lines."""
    found = list(_waived(quiz, "", 1, quiz.waivers, {n: (r(quiz), h) for n, (r, h) in _FILE_RULES.items()}))
    for item in quiz.items:
        broken = {name: (rule(item), help) for name, (rule, help) in _ITEM_RULES.items()}
        found += _waived(quiz, f"#{item.id}: ", item.line, item.waivers, broken)
    return found


def _waived(
    quiz: Quiz, whose: str, line: int, waivers: tuple[Waiver, ...], broken: dict[str, tuple[str | None, str]]
) -> Iterator[Finding]:
    place = f"{quiz.path}:{line}:1"
    waived = {waiver.rule for waiver in waivers}
    for name, (message, help) in broken.items():
        if message is not None and name not in waived:
            yield Finding(name, place, f"{whose}{message}", help)
    for waiver in waivers:
        if waiver.rule not in RULES:
            yield Finding("waiver", place, f"{whose}no rule is called {waiver.rule!r}", f"one of {', '.join(RULES)}")
        elif waiver.rule not in broken:
            where = "the front matter" if whose else "an item"
            yield Finding("waiver", place, f"{whose}{waiver.rule} cannot be waived here", f"waive it in {where}")
        elif broken[waiver.rule][0] is None:
            yield Finding("waiver", place, f"{whose}the waiver of {waiver.rule} is not needed", "delete it")
