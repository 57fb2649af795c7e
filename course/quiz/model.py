"""What a quiz file says, as plain immutable data: a quiz has sections, a section has items.

The same classes serve both banks. In a learner bank what would tell the key is absent: `Option.correct` and every
field described as *key* is None, `feedback` and `explanation` are empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

__all__ = [
    "Criterion",
    "Essay",
    "Hint",
    "Item",
    "Line",
    "Matching",
    "Number",
    "NumberKey",
    "Option",
    "Ordering",
    "Output",
    "Parsons",
    "Proof",
    "Question",
    "Quiz",
    "Section",
    "SeveralChoice",
    "ShortAnswer",
    "SingleChoice",
    "Task",
    "Variant",
    "Waiver",
    "points_text",
]


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint, and the share of the item's points that asking for it costs (0 to 1)."""

    text: str
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose, put in order or match. `pin`: the place (from 0) it keeps when options are shuffled."""

    id: str
    text: str
    correct: bool | None = None
    feedback: str = ""
    pin: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Waiver:
    """`lint-ok="rule: reason"`: this item breaks the rule on purpose."""

    rule: str
    reason: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """A program that computes the item's key, in `python` or `rust`."""

    language: str
    code: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """Python source that defines `variant(rng) -> dict`, and (key) source that defines `key(shown) -> dict`."""

    code: str
    key: str | None = None
    line: int = 0
    key_line: int = 0


@dataclass(frozen=True, kw_only=True)
class Item:
    """What questions, tasks and essays have in common. Texts are Markdown; `line` is the heading's, from 1."""

    type: ClassVar[str] = ""

    id: str
    chapter: str = ""
    line: int = 0
    title: str
    body: str = ""
    points: float = 1.0
    topic: str = ""
    level: int | None = None
    mode: str = "practice"
    attempts: int | None = None  # None: as many as one likes
    scheme: str = ""
    hints: tuple[Hint, ...] = ()
    explanation: str = ""
    waivers: tuple[Waiver, ...] = ()
    proof: Proof | None = None
    variant: Variant | None = None
    keyed: bool = True  # False in a learner bank, for graded items

    @property
    def full_id(self) -> str:
        """`NN_topic/slug`, unique in a course."""
        return f"{self.chapter}/{self.id}"


@dataclass(frozen=True, kw_only=True)
class Question(Item):
    """An item that a quiz widget asks."""

    @property
    def choices(self) -> tuple[Option, ...]:
        """What is shuffled when the question is shown; empty where nothing is."""
        return ()


@dataclass(frozen=True, kw_only=True)
class _WithOptions(Question):
    options: tuple[Option, ...] = ()

    @property
    def choices(self) -> tuple[Option, ...]:
        return self.options


@dataclass(frozen=True, kw_only=True)
class SingleChoice(_WithOptions):
    """Exactly one option is right; true–false is a single choice of two."""

    type: ClassVar[str] = "single"


@dataclass(frozen=True, kw_only=True)
class SeveralChoice(_WithOptions):
    """Any number of options may be right; `scheme` is `net`, `each`, `coverage` or `all`."""

    type: ClassVar[str] = "several"


@dataclass(frozen=True, slots=True)
class NumberKey:
    """Which numbers are right: `low <= x <= high`, or those equal to `value` after rounding to `digits` digits.

    Exact fractions, so that the ends of an interval are what the author wrote. `written` is the author's text.
    """

    written: str
    low: Fraction
    high: Fraction
    value: Fraction | None = None
    digits: int | None = None


@dataclass(frozen=True, kw_only=True)
class Number(Question):
    """A number, in `unit` where there is one."""

    type: ClassVar[str] = "number"

    key: NumberKey | None = None
    template: str | None = None  # key, with `{{name}}` filled in for each variant
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class ShortAnswer(Question):
    """A few words: one of `answers`, or a text that `pattern` matches whole (both are keys)."""

    type: ClassVar[str] = "short"

    answers: tuple[str, ...] | None = None
    pattern: str | None = None
    case: bool = False


@dataclass(frozen=True, kw_only=True)
class Ordering(_WithOptions):
    """Steps to put in order; `order` (key) lists option ids from first to last."""

    type: ClassVar[str] = "ordering"

    order: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Matching(Question):
    """Each left-hand entry goes with one right-hand entry; `pairs` (key) maps left ids to right ids."""

    type: ClassVar[str] = "matching"

    left: tuple[Option, ...] = ()
    right: tuple[Option, ...] = ()
    pairs: Mapping[str, str] | None = None

    @property
    def choices(self) -> tuple[Option, ...]:
        return self.right


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a Parsons problem, without its indentation."""

    id: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Parsons(Question):
    """Lines of a program to choose and arrange; `solution` (key) is `(line id, indent level)` from top to bottom."""

    type: ClassVar[str] = "parsons"

    language: str = "python"
    lines: tuple[Line, ...] = ()
    solution: tuple[tuple[str, int], ...] | None = None

    @property
    def indents(self) -> bool:
        """Whether indentation is part of the answer."""
        return self.language == "python"

    @property
    def choices(self) -> tuple[Option, ...]:
        return tuple(Option(line.id, line.text) for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Output(Question):
    """What does this program print, or does it not compile?

    Keys: `prints` where it runs; otherwise `error`, the compiler's code (empty: the code is not asked for).
    """

    type: ClassVar[str] = "output"

    language: str = "rust"
    code: str = ""
    code_line: int = 0
    prints: str | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task(Item):
    """Code to write: `function` in `language`; `cases` (key) is the Python source that defines how it is tested.

    `shown`: in a learner bank, what `course.tasks.public` says of the visible cases; elsewhere None.
    """

    type: ClassVar[str] = "task"

    function: str = ""
    language: str = "python"
    cases: str | None = None
    cases_line: int = 0
    shown: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of an essay's rubric; keys: `evidence` that meets it and `against` that speaks against it.

    Each entry is a tuple of alternatives.
    """

    id: str
    text: str
    points: float
    evidence: tuple[tuple[str, ...], ...] | None = None
    against: tuple[tuple[str, ...], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Essay(Item):
    """Free text, marked by a person with a rubric."""

    type: ClassVar[str] = "essay"

    rubric: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What one quiz cell shows. With `pick`, that many items are drawn for each learner."""

    id: str
    title: str
    items: tuple[Item, ...]
    pick: int | None = None
    intro: str = ""
    line: int = 0

    @property
    def questions(self) -> tuple[Question, ...]:
        """The items a quiz widget asks."""
        return tuple(item for item in self.items if isinstance(item, Question))


@dataclass(frozen=True, slots=True)
class Quiz:
    """One quiz file. `name` is its chapter, `NN_topic`; `path` is where it was read, for messages.

    `seed` is what a class draws its variants from: released with the learner bank, another for each class.
    """

    title: str
    name: str
    path: str
    sections: tuple[Section, ...]
    exam_minutes: float | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()  # of rules about a whole file
    seed: str = ""

    @property
    def items(self) -> Iterator[Item]:
        """All items, in order."""
        return (item for section in self.sections for item in section.items)

    def section(self, id: str) -> Section:
        """Return a section by id; raises `UnknownName`."""
        from course.errors import UnknownName

        for section in self.sections:
            if section.id == id:
                return section
        raise UnknownName("section", id, [s.id for s in self.sections], place=self.path)

    def item(self, id: str) -> Item:
        """Return an item by its id in this file; raises `UnknownName`."""
        from course.errors import UnknownName

        for item in self.items:
            if item.id == id:
                return item
        raise UnknownName("item", id, [i.id for i in self.items], place=self.path)


def points_text(points: float) -> str:
    """Return points with their noun: "1 point", "2.5 points"."""
    return f"{points:g} point{'' if points == 1 else 's'}"
