"""What `course grade` and its like say of how far they are. The clock is the test's: rich lets it be handed over."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from course.cli import _progress


class Screen:
    """A console with a clock that only `step` moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
        self.now, self.done = 0.0, 0
        self.file = io.StringIO()
        console = Console(file=self.file, force_terminal=terminal, get_time=lambda: self.now, width=120)
        monkeypatch.setattr(_progress, "console", console)

    def show(self, *paces: tuple[int, float], of: int, left: bool = True) -> str:
        """Take steps, (how many, seconds for each), and return the last line that shows.

        Steps of more than 15 s have a line each where there is no terminal.
        """
        with _progress.bar(left=left) as progress:
            for count, seconds in paces:
                for _ in range(count):
                    self.now += seconds
                    self.done += 1
                    progress(self.done / of, f"03_ndarray learner-{self.done} [of many]")
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.file.getvalue())
        return [line for line in re.split(r"[\r\n]+", plain) if line.strip()][-1]


@pytest.fixture(params=[True, False], ids=["on a terminal", "elsewhere"])
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(monkeypatch, terminal=request.param)


def test_it_says_how_far_it_is_with_whom_and_how_long_it_will_still_take(screen: Screen) -> None:
    shown = screen.show((96, 16.0), of=100)
    assert re.search(r"\b96 ?%", shown)
    assert "03_ndarray learner-96 [of many]" in shown
    assert "about 64 s left" in shown


def test_long_times_are_told_in_minutes(screen: Screen) -> None:
    assert "about 16 min left" in screen.show((40, 16.0), of=100)


def test_steps_far_apart_are_counted_too(screen: Screen) -> None:
    assert "about 8 min left" in screen.show((2, 120.0), of=6)


def test_what_was_done_before_the_run_does_not_make_the_rest_look_short(screen: Screen) -> None:
    """A run that was stopped goes on: it passes what is graded in no time."""
    assert "about 16 min left" in screen.show((900, 0.0), (40, 16.0), of=1000)


@pytest.mark.parametrize(
    ("paces", "of"),
    [([(9, 16.0)], 1000), ([(100, 16.0)], 100), ([(3, 0.0)], 10)],
    ids=["begun", "ended", "no time"],
)
def test_nothing_is_said_where_nothing_is_known_or_seconds_are_left(
    screen: Screen, paces: list[tuple[int, float]], of: int
) -> None:
    assert "left" not in screen.show(*paces, of=of)


def test_nothing_is_said_where_steps_are_not_alike(screen: Screen) -> None:
    assert "left" not in screen.show((50, 16.0), of=100, left=False)
