"""Which of a learner's attempts count, and what they are worth: one rule for the widget and for every grader.

Practice: answers count until the answer was shown, as many for one variant as the question allows, and *practise once
more* begins afresh. Graded: as many as the question allows, of the one variant a learner is given. Exam: those before
it was handed in. Of the answers that count, the last one earns the points. An answer that cannot be read for certain is
no answer, and costs none.

Everything but the response is the learner's own report. So what a variant showed is computed again from the learner's
name and the seed; a name of a learner and the price of hints are taken as reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from course.errors import CannotGrade, CourseError, UnreadableResponse, UsageMistake
from course.quiz import answers
from course.quiz.answers import MODES, Attempt
from course.quiz.grade import Graded, grade
from course.quiz.model import Essay, Item, Number, Question, Quiz, Section, Task
from course.quiz.numbers import read_with_unit
from course.quiz.schema import response_complaint
from course.quiz.variants import draw, shown_values

__all__ = ["Mark", "Marks", "Rules", "Standing", "check_readable", "marks", "mode_of"]

MOST = 1000  # answers to one question that are looked at: no person gives more, a script may

_PLACES = 9  # decimals of a sum of points, so that its order does not show


@dataclass
class Standing:
    """Where one item stands: what counts of the attempts at it, first to last."""

    responses: list[Attempt] = field(default_factory=list)
    reveals: set[int] = field(default_factory=set)  # the variants whose answer was shown
    variant: int = 0  # the newest one met
    hints: int = 0  # asked for at that variant
    problem: CourseError | None = None  # why the newest answer that could not be read could not
    read: int = 0

    @property
    def revealed(self) -> bool:
        """Whether the answer to the newest variant was shown."""
        return self.variant in self.reveals

    @property
    def last(self) -> Attempt | None:
        """The answer that earns the points."""
        return self.responses[-1] if self.responses else None

    def begin_again(self) -> None:
        """Forget all but the variant: the learner practises once more."""
        self.responses, self.reveals, self.hints, self.problem = [], set(), 0, None


@dataclass(frozen=True)
class Rules:
    """What counts in one quiz, for one learner.

    `learner` is who they are where an attempt does not say; `seed` that of the class (`Quiz.seed`), or "".
    """

    name: str  # `03_ndarray/views`
    items: tuple[Item, ...]
    mode: str
    learner: str = ""
    seed: str = ""

    def item(self, full_id: str) -> Item:
        """Return an item by its full id."""
        return next(item for item in self.items if item.full_id == full_id)

    def shown(self, item: Item, attempt: Attempt | None, variant: int = 0) -> Mapping[str, Any] | None:
        """Return what the item showed for an attempt: computed again, never taken from the record."""
        learner = attempt.learner if attempt and attempt.learner else self.learner
        number = attempt.variant if attempt else variant
        return shown_values(item, learner=learner, n=number, secret=self.seed)

    def fold(self, attempts: Iterable[Attempt], standings: Mapping[str, Standing]) -> list[Attempt]:
        """Take attempts, in the order they were made, into the standing of each item; return the events of the quiz."""
        events: list[Attempt] = []
        for attempt in attempts:
            if attempt.item == self.name:
                if attempt.event == "again" and self.mode == "practice":
                    for standing in standings.values():
                        standing.begin_again()
                elif attempt.event != "again":
                    events.append(attempt)
            elif attempt.item in standings:
                self._take(attempt, standings[attempt.item], events)
        return events

    def _take(self, attempt: Attempt, standing: Standing, events: Sequence[Attempt]) -> None:
        if self.mode != "practice" and attempt.variant != 0:
            return  # one variant each: a learner who could choose would choose the easiest
        if attempt.variant == standing.variant:
            standing.hints = max(standing.hints, attempt.hints)
        elif attempt.variant > standing.variant:
            standing.variant, standing.hints = attempt.variant, attempt.hints
        if attempt.event == "reveal":
            standing.reveals.add(attempt.variant)
        elif (
            attempt.event == "answer" and self._in_time(attempt, standing, events) and self._readable(attempt, standing)
        ):
            if attempt.variant == standing.variant:  # a hint once read is paid for, whatever page the answer came from
                attempt = replace(attempt, hints=max(attempt.hints, standing.hints))
            standing.responses.append(attempt)

    def _in_time(self, attempt: Attempt, standing: Standing, events: Sequence[Attempt]) -> bool:
        """Whether an answer came in time, wherever it was made: another tab, or a page whose kernel was gone."""
        if self.mode == "exam":
            return all(event.event != "hand-in" for event in events)
        if self.mode == "practice" and attempt.variant in standing.reveals:
            return False
        limit = self.item(attempt.item).attempts
        return limit is None or sum(a.variant == attempt.variant for a in standing.responses) < limit

    def _readable(self, attempt: Attempt, standing: Standing) -> bool:
        item = self.item(attempt.item)
        standing.read += 1
        if not isinstance(item, Question) or standing.read > MOST:
            return False
        try:
            check_readable(item, attempt.response or {}, shown=self.shown(item, attempt))
        except CourseError as error:
            standing.problem = error
            return False
        return True


def check_readable(item: Item, response: Mapping[str, Any], *, shown: Mapping[str, Any] | None) -> None:
    """Raise where a response cannot be read for certain; also where the key is not here to grade it with."""
    if item.keyed:
        grade(item, response, shown=shown)
        return
    if isinstance(item, Task | Essay):
        raise CannotGrade("this item is answered in its own cell", help="see the text of the question")
    if (problem := response_complaint(item.type, response)) is not None:
        raise UnreadableResponse(f"the answer is not complete: {problem}", help="answer it again")
    if isinstance(item, Number):
        read_with_unit(str(response["text"]), item.unit)


def mode_of(quiz: Quiz, items: Iterable[Item], asked: str | None = None) -> str:
    """Return the mode a quiz runs in: what was asked for, else exam where the file says so, else the items' own."""
    if asked is not None and asked not in MODES:
        place = f"quiz({quiz.name!r})"
        raise UsageMistake(f"there is no mode {asked!r}", place=place, help=f"one of: {', '.join(MODES)}")
    if asked is not None:
        return asked
    if quiz.exam_minutes:
        return "exam"
    return "graded" if any(item.mode == "graded" for item in items) else "practice"


@dataclass(frozen=True)
class Mark:
    """What one question earned.

    attempt: the answer that counts; None where there is none. shown: the values of the variant it answers. problem:
    why an answer could not be read, where none could.
    """

    item: Question
    points: float
    verdict: Literal["right", "partly", "wrong", "unanswered"]
    attempt: Attempt | None = None
    shown: Mapping[str, Any] | None = None
    graded: Graded | None = None
    problem: CourseError | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Marks:
    """What the questions of one section earned, in file order."""

    name: str
    marks: tuple[Mark, ...]
    learners: tuple[str, ...] = ()  # the names in the attempts: more than one is worth a look

    @property
    def points(self) -> float:
        """What was earned, never more than `possible`."""
        return min(round(sum(mark.points for mark in self.marks), _PLACES), self.possible)

    @property
    def possible(self) -> float:
        """What could be earned."""
        return round(sum(mark.item.points for mark in self.marks), _PLACES)


def marks(
    quiz: Quiz, section: Section, attempts: Iterable[Attempt], *, learner: str = "", seed: str | None = None
) -> Marks:
    """Mark a section from all attempts a learner handed in. Tasks and essays are marked elsewhere and left out.

    A pure function: no clock, no files, no kernel. `seed` is the quiz's own unless given. Where a section draws some of
    its items, they are those of the name in the newest attempt at it, or of `learner` where there is none.

    Raises:
        CannotGrade: an item's key is not in this bank, or its key fails.
    """
    name = f"{quiz.name}/{section.id}"
    ours = {item.full_id for item in section.items} | {name}
    mine = [attempt for attempt in answers.merge(attempts) if attempt.item in ours]
    names = [attempt.learner for attempt in mine if attempt.learner]
    who = names[-1] if names else learner
    salt = quiz.seed if seed is None else seed
    items = draw(section, quiz.name, learner=who, secret=salt)
    rules = Rules(name, items, mode_of(quiz, items), who, salt)
    standings = {item.full_id: Standing() for item in items if isinstance(item, Question)}
    rules.fold(mine, standings)
    found = tuple(_mark(rules, item, standings[item.full_id]) for item in items if isinstance(item, Question))
    return Marks(name, found, tuple(dict.fromkeys(names)))


def _mark(rules: Rules, item: Question, standing: Standing) -> Mark:
    if not item.keyed:
        raise CannotGrade(
            f"the key of {item.full_id} is not in this bank", help="it is graded by the instructor, with the full bank"
        )
    last = standing.last
    if last is None:
        shown = rules.shown(item, None)
        return Mark(item, 0.0, "unanswered", shown=shown, problem=standing.problem)
    shown = rules.shown(item, last)
    graded = grade(item, last.response or {}, shown=shown, hints=last.hints)
    lost = rules.mode == "practice" and last.variant in standing.reveals and graded.verdict != "right"
    return Mark(item, 0.0 if lost else graded.points, graded.verdict, last, shown, graded)  # type: ignore[arg-type]
