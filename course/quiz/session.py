"""One quiz as one learner meets it: what has been answered, what may be seen now, what comes next.

This is the widget without the widget: it takes the front end's messages and gives back one JSON-safe `state`, and it
knows nothing of Jupyter. What is in `state` reaches the page, its source and the saved notebook; so a key, a feedback
or an explanation enters it only when the learner has earned it, and never in graded mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.errors import CannotWrite, CourseError, UnreadableAttempt, UsageMistake
from course.quiz import answers, cards, draw, transfer
from course.quiz.answers import Attempt
from course.quiz.clock import Clock
from course.quiz.grade import Graded, price_of_hints
from course.quiz.marking import Rules, Standing, check_readable, mode_of
from course.quiz.model import Item, Question, Quiz, Section, points_text

__all__ = ["MODES", "Session"]

MODES = answers.MODES


@dataclass
class _Place(Standing):
    """Where a learner is with one item: what counts of the attempts, and what the page is in the middle of."""

    retrying: bool = False
    notice: str = ""
    refused: str = ""

    def begin_again(self) -> None:
        super().begin_again()
        self.retrying, self.notice, self.refused = False, "", ""


class Session:
    """A section of a quiz file, for one learner, in one mode.

    `folder` is where the answers file is. `seed` is what a class draws its variants from, the quiz's own unless given.
    `others()` tells the progress of the chapter and the course, as
    `{"chapter": {"answered", "of"}, "course": …}`; it is asked after every answer.
    """

    def __init__(
        self,
        quiz: Quiz,
        section: Section,
        *,
        folder: Path,
        learner: str,
        seed: str | None = None,
        mode: str | None = None,
        others: Callable[[Iterable[Attempt]], Mapping[str, Any]] | None = None,
    ) -> None:
        self.name = f"{quiz.name}/{section.id}"
        self.quiz, self.section = quiz, section
        self.learner, self.seed = learner, quiz.seed if seed is None else seed
        self.items: tuple[Item, ...] = draw(section, quiz.name, learner=learner, secret=self.seed)
        self.mode = mode_of(quiz, self.items, mode)
        self.rules = Rules(self.name, self.items, self.mode, learner, self.seed)
        self.file = answers.file_for(self.name, folder)
        self.others = others
        self.problem = ""
        self.attempts: tuple[Attempt, ...] = ()
        self._places: dict[str, _Place] = {item.full_id: _Place() for item in self.items}
        self._exam = Clock(None, ())
        log = self._read()
        self.take(log)

    # ---- what comes in ----

    def receive(self, message: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Act on one message of the front end, and return what to say back besides the new state.

        A message that makes no sense (an old page, a stranger's script) is answered in words and changes nothing.
        """
        kind = message.get("type")
        item = message.get("item")
        item = item if isinstance(item, str) else ""
        if kind == "submit":
            self._submit(message.get("attempt"))
        elif kind == "restore":
            self._restore(message.get("attempts"))
        elif kind == "hint" and item in self._places:
            self._hint(item, message.get("number"))
        elif kind == "retry" and item in self._places:
            self._places[item].retrying = True
        elif kind == "vary" and item in self._places:
            self._vary(item, message.get("variant"))
        elif kind == "download":
            text, self.problem = transfer.download(self.file.parent, self.attempts)
            return [{"type": "file", "name": "my-answers.jsonl", "text": text}]
        elif kind == "upload":
            words, found = transfer.upload(self.file.parent, message.get("text"))
            self.take(found)
            return [{"type": "told", "text": words}]
        else:
            return [{"type": "told", "text": "This page is older than the kernel: run the cell again."}]
        return []

    def take(self, attempts: Iterable[Attempt]) -> None:
        """Bring in attempts made elsewhere: the answers file, the notebook, another window."""
        mine = [a for a in attempts if a.item in self._places or a.item == self.name]
        self.attempts = answers.merge(self.attempts, mine)
        self._fold()

    def answer(self, item: Item, response: Mapping[str, Any]) -> Attempt:
        """Record a response given by other means than the widget. Raises `NotAnAttempt` where it cannot be read."""
        place = self._places[item.full_id]
        made = self._made(item.full_id, place, response=response, hints=place.hints)
        place.retrying = place.retrying or self._can_retry(item, place)  # answering again is asking for another try
        if self._locked(item, place):
            raise UsageMistake(f"{item.full_id} takes no more answers here", help="see the quiz for what comes next")
        check_readable(item, response, shown=self._shown(item, made))
        place.retrying, place.notice = False, ""
        self._keep([made])
        self.take([made])
        return made

    def _made(self, item: str, place: _Place, **fields: Any) -> Attempt:
        """Return a record of what the learner did with an item, made here and now."""
        own: dict[str, Any] = {
            "mode": self.mode,
            "variant": place.variant,
            "bank": self.quiz.name,
            "learner": self.learner,
        }
        return Attempt(answers.new_id(), item, fields.pop("response", None), answers.now(), **own, **fields)

    def _submit(self, record: object) -> None:
        try:
            attempt = Attempt.from_dict(record)
        except UnreadableAttempt as error:
            self.problem = f"An answer could not be read: {error.message}."
            return
        place = self._places.get(attempt.item)
        if place is None and attempt.item != self.name:
            return
        if attempt.attempt in {a.attempt for a in self.attempts}:
            return
        if place is not None:
            item = self._item(attempt.item)
            if attempt.event == "answer":
                if not isinstance(item, Question) or self._locked(item, place):
                    place.refused, place.notice = attempt.attempt, ""
                    return
                try:
                    check_readable(item, attempt.response or {}, shown=self._shown(item, attempt))
                except CourseError as error:
                    place.refused, place.notice = attempt.attempt, transfer.sentence(error)
                    return
            elif attempt.event == "reveal" and not self._can_reveal(item, place):
                place.refused = attempt.attempt
                return
            place.notice, place.retrying = "", False
        self._keep([attempt])
        self.take([attempt])

    def _restore(self, records: object) -> None:
        found: list[Attempt] = []
        problem = ""
        for record in records if isinstance(records, list) else ():
            try:
                found.append(Attempt.from_dict(record))
            except UnreadableAttempt as error:
                problem = f"The notebook holds a record that is no answer: {error.message}."
        known = {a.attempt for a in self.attempts}
        new = [a for a in found if a.attempt not in known and (a.item in self._places or a.item == self.name)]
        self._keep(new)
        self.problem = self.problem or problem
        self.take(new)

    # A learner who waits for a busy kernel presses a button more than once; the page says which hint and which variant
    # it wants, so that ten presses cost no more than one.

    def _hint(self, name: str, wanted: object) -> None:
        item, place = self._item(name), self._places[name]
        if wanted == place.hints + 1 and place.hints < len(item.hints) and not self._locked(item, place):
            made = self._made(name, place, hints=place.hints + 1, event="hint")
            self._keep([made])
            self.take([made])

    def _vary(self, name: str, wanted: object) -> None:
        item, place = self._item(name), self._places[name]
        if wanted == place.variant + 1 and self._can_vary(item):
            place.variant += 1
            place.hints, place.notice, place.retrying = 0, "", False

    # ---- keeping ----

    def _read(self) -> tuple[Attempt, ...]:
        try:
            log = answers.read(self.file)
        except CourseError as error:
            self.problem = transfer.sentence(error)
            return ()
        if log.problems:
            first = log.problems[0]
            self.problem = (
                f"{self.file.name}: {first.message} ({first.place.rpartition(':')[2]}. line); the rest is read."
            )
        return log.attempts

    def _keep(self, attempts: list[Attempt]) -> None:
        try:
            answers.add(self.file, attempts)
        except CannotWrite as error:
            self.problem = transfer.cannot_keep(error)
        except CourseError as error:
            self.problem = transfer.sentence(error)
        else:
            if attempts:
                self.problem = ""

    # ---- where things stand ----

    def _fold(self) -> None:
        """Work out every item's place from the attempts, in the order they were made."""
        for name, old in self._places.items():
            fresh = _Place(variant=old.variant, retrying=old.retrying)
            fresh.notice, fresh.refused = old.notice, old.refused
            self._places[name] = fresh
        self._exam = Clock(self.quiz.exam_minutes, self.rules.fold(self.attempts, self._places))
        for place in self._places.values():
            if place.problem is not None:
                place.notice = transfer.sentence(place.problem)

    def _item(self, name: str) -> Item:
        return self.rules.item(name)

    def _shown(self, item: Item, attempt: Attempt | None) -> Mapping[str, Any] | None:
        return self.rules.shown(item, attempt, self._places[item.full_id].variant)

    def _current(self, place: _Place) -> Attempt | None:
        """Return the last response to the variant that is on show."""
        return place.last if place.last and place.last.variant == place.variant else None

    def _marked(self, item: Item) -> bool:
        """Whether verdicts may be shown: never without a key, never in graded mode, in an exam once handed in."""
        if not item.keyed or self.mode == "graded":
            return False
        return self.mode == "practice" or self._exam.handed_in

    def _tries_left(self, item: Item, place: _Place) -> int | None:
        if item.attempts is None or self.mode == "exam":
            return None
        return max(0, item.attempts - sum(a.variant == place.variant for a in place.responses))

    def _locked(self, item: Item, place: _Place) -> bool:
        if self.mode == "exam":
            return self._exam.handed_in or self._exam.phase != "running"
        if self._tries_left(item, place) == 0:
            return True
        if self.mode == "graded":
            return False
        current = self._current(place)
        return place.revealed or (current is not None and not place.retrying)

    def _can_retry(self, item: Item, place: _Place) -> bool:
        current = self._current(place)
        if self.mode != "practice" or current is None or place.revealed or self._tries_left(item, place) == 0:
            return False
        return not self._marked(item) or self._verdict(item, current).verdict != "right"

    def _can_reveal(self, item: Item, place: _Place) -> bool:
        if not self._marked(item) or place.revealed or self.mode != "practice":
            return False
        current = self._current(place)
        return current is not None and not place.retrying and self._verdict(item, current).verdict != "right"

    def _can_vary(self, item: Item) -> bool:
        return item.variant is not None and self.mode == "practice"

    def _verdict(self, item: Item, attempt: Attempt) -> Graded:
        return cards.graded(item, attempt.response, shown=self._shown(item, attempt), hints=attempt.hints)

    # ---- the state ----

    def state(self, uid: str) -> dict[str, Any]:
        """Return everything the page may know now, JSON-safe."""
        running = self.mode != "exam" or self._exam.phase in ("running", "done")
        shown = [self._card(number, item) for number, item in enumerate(self.items, 1)] if running else []
        progress = self.progress()
        return {
            "schema": 1,
            "uid": uid,
            "quiz": self.name,
            "title": self.section.title or self.quiz.title,
            "mode": self.mode,
            "bank": self.quiz.name,
            "learner": self.learner,
            "items": shown,
            "count": len(self.items),
            "exam": self._exam.state(answers.now()) if self.mode == "exam" else None,
            "progress": progress,
            "canStartAgain": self.mode == "practice" and progress["of"] > 0 and progress["answered"] == progress["of"],
            "attempts": [a.as_dict() for a in self.attempts],
            "storage": {"file": self.file.name, "problem": self.problem},
        }

    def _card(self, number: int, item: Item) -> dict[str, Any]:
        place = self._places[item.full_id]
        current = self._current(place)
        card: dict[str, Any] = {
            "id": item.full_id,
            "number": number,
            "view": cards.view(item, learner=self.learner, secret=self.seed, shown=self._shown(item, current)),
            "variant": place.variant,
            "status": "open",
            "response": dict(current.response or {}) if current else None,
            "confidence": current.confidence if current else None,
            "attempts": [a.attempt for a in self.attempts if a.item == item.full_id],
            "refused": place.refused or None,
            "notice": place.notice or None,
            "locked": self._locked(item, place),
            "canRetry": False,
            "canReveal": self._can_reveal(item, place),
            "canVary": self._can_vary(item),
            "hints": cards.hints(item, place.hints, shown=self._shown(item, current)),
            "nextHint": self._next_hint(item, place),
            "verdict": None,
        }
        if not isinstance(item, Question):
            card["status"] = "task"
        elif current is not None and not place.retrying:
            if self._marked(item):
                card |= self._marked_card(item, place, current)
            else:
                card["status"] = "recorded"
        elif current is None and self.mode == "exam" and self._exam.handed_in and self._marked(item):
            card["status"] = "wrong"
            card["verdict"] = cards.verdict(item, None, shown=self._shown(item, None), full=True)
        return card

    def _marked_card(self, item: Question, place: _Place, current: Attempt) -> dict[str, Any]:
        shown = self._shown(item, current)
        graded = self._verdict(item, current)
        left = self._tries_left(item, place)
        # The whole answer is shown once there is nothing left to find out: right, revealed, no tries left, handed in.
        full = graded.verdict == "right" or place.revealed or left == 0 or self.mode == "exam"
        revealed = place.revealed and graded.verdict != "right"
        verdict = cards.verdict(item, current.response, shown=shown, hints=current.hints, full=full, revealed=revealed)
        if left and not full:
            verdict["messages"].append("One more try." if left == 1 else f"{left} more tries.")
        if current.confidence == 3 and graded.verdict == "wrong":
            verdict["messages"].append("You were certain: this is the kind of mistake worth a second look.")
        elif current.confidence == 1 and graded.verdict == "right":
            verdict["messages"].append("You called it a guess: read why it is right.")
        retry = self._can_retry(item, place)
        status = "revealed" if revealed else graded.verdict
        return {"status": status, "verdict": verdict, "canRetry": retry}

    def _next_hint(self, item: Item, place: _Place) -> dict[str, Any] | None:
        if place.hints >= len(item.hints) or not isinstance(item, Question):
            return None
        cost = price_of_hints(item, place.hints + 1) - price_of_hints(item, place.hints)
        return {
            "cost": f"{cost:g} of {points_text(item.points)}" if cost else "",
            "left": len(item.hints) - place.hints,
        }

    def progress(self) -> dict[str, Any]:
        """Return how far this quiz is, and, where someone tells us, the chapter and the course."""
        asked = [item for item in self.items if isinstance(item, Question)]
        marked = [item for item in asked if self._marked(item)]
        points, certain, certain_right, answered = 0.0, 0, 0, 0
        for item in asked:
            current = self._current(self._places[item.full_id])
            if current is None:
                continue
            answered += 1
            if item not in marked:
                continue
            graded = self._verdict(item, current)
            if not self._places[item.full_id].revealed or graded.verdict == "right":
                points += graded.points
            if current.confidence == 3:
                certain += 1
                certain_right += graded.verdict == "right"
        total = sum(item.points for item in asked)
        wider = dict(self.others(self.attempts)) if self.others else {}
        return {
            "answered": answered,
            "of": len(asked),
            "points": _number(points) if marked and answered else None,
            "total": _number(total),
            "sure": f"certain {certain} times, right {certain_right}" if certain > 1 else "",
            **wider,
        }

    def points(self) -> float:
        """Return the points of the answers that count, of the items whose key is here."""
        total = 0.0
        for item in self.items:
            if (last := self._places[item.full_id].last) is not None and item.keyed:
                graded = self._verdict(item, last)
                shown = self.mode == "practice" and last.variant in self._places[item.full_id].reveals
                total += 0.0 if shown and graded.verdict != "right" else graded.points
        return total

    def unanswered(self) -> list[str]:
        """Return the ids of the questions without a response that could be read."""
        return [i.id for i in self.items if isinstance(i, Question) and not self._places[i.full_id].responses]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
