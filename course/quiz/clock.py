"""An exam's clock, told from its events: started, paused, gone on, handed in.

It runs on the learner's own machine and by its time, so it binds nobody; it tells them how long they have, and whoever
marks the exam how long they took, by their own report. Anyone may pause it: some people must.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from course.quiz.answers import Attempt

__all__ = ["Clock"]


class Clock:
    """`minutes` is the time allowed (None: any), `events` are those of the exam in the order they happened."""

    def __init__(self, minutes: float | None, events: Sequence[Attempt]) -> None:
        self.duration = minutes * 60 if minutes else None
        self.events = events

    @property
    def handed_in(self) -> bool:
        """Whether it was handed in: nothing after that counts."""
        return any(event.event == "hand-in" for event in self.events)

    @property
    def phase(self) -> str:
        """Ready, running, paused or done."""
        if self.handed_in:
            return "done"
        last = self.events[-1].event if self.events else ""
        return {"start": "running", "resume": "running", "pause": "paused"}.get(last, "ready")

    def spent(self, now: str) -> float:
        """Return the seconds the clock has run."""
        total, since = 0.0, None
        for event in self.events:
            at = _seconds(event.at)
            if event.event in ("start", "resume") and since is None:
                since = at
            elif event.event in ("pause", "hand-in") and since is not None:
                total, since = total + max(0.0, at - since), None
            if event.event == "hand-in":
                break
        return total if since is None else total + max(0.0, _seconds(now) - since)

    def state(self, now: str) -> dict[str, Any]:
        """Return what the page shows of it."""
        left = None if self.duration is None else self.duration - self.spent(now)
        late = -left if self.handed_in and left is not None and left < 0 else 0
        return {"phase": self.phase, "done": self.handed_in, "duration": self.duration, "left": left, "late": late}


def _seconds(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:  # the 31st of February, as a hand-edited file may say
        return 0.0
