"""A progress bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from course.cli._console import console

__all__ = ["bar"]

_NEWEST = 30  # steps that tell how long the others will take
_ENOUGH = 10  # steps before anything is said, unless they are a twentieth of the whole


class _Left:
    """How long it will still take, by the newest steps: those that were done before a run say nothing of the others."""

    def __init__(self) -> None:
        self._steps = collections.deque([(console.get_time(), 0.0)], maxlen=_NEWEST + 1)

    def after(self, fraction: float) -> str:
        """Return it in words, after a step; "" where it is not known or not worth a word."""
        now = console.get_time()
        self._steps.append((now, fraction))
        begun, before = self._steps[0]
        if fraction <= before or (fraction <= 0.05 and len(self._steps) <= _ENOUGH):
            return ""
        seconds = (now - begun) * (1 - fraction) / (fraction - before)
        if seconds < 5:
            return ""
        return f"about {seconds:.0f} s left" if seconds < 120 else f"about {seconds / 60:.0f} min left"


@contextlib.contextmanager
def bar(*, left: bool = False) -> Iterator[Callable[[float, str], None]]:
    """Give a function to call with the fraction done and a word on what is being done.

    `left`: also say how long it will still take, as far as the steps so far can tell.
    """
    rest = _Left()
    if not console.is_terminal:
        last = [console.get_time(), -1.0]

        def line(fraction: float, what: str) -> None:
            about = rest.after(fraction) if left else ""
            # A log wants a line in some seconds, or a tenth further on; not one for each crate.
            if fraction - last[1] >= 0.1 or console.get_time() - last[0] > 15:
                last[:] = [console.get_time(), fraction]
                console.print(f"{fraction:4.0%} {what}{about and ', '}{about}", markup=False)

        yield line
        return
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=1.0, left="")

        def move(fraction: float, what: str) -> None:
            about = rest.after(fraction) if left else ""
            shown.update(task, completed=fraction, description=what, left=about)

        yield move
