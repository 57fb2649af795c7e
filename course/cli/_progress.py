"""A progress bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from course.cli._console import console

__all__ = ["bar"]


@contextlib.contextmanager
def bar(*, left: bool = False) -> Iterator[Callable[[float, str], None]]:
    """Give a function to call with the fraction done and a word on what is being done.

    `left`: also say how long it will still take, as far as the steps so far can tell.
    """
    begun = time.monotonic()
    if not console.is_terminal:
        last = [0.0, -1.0]

        def line(fraction: float, what: str) -> None:
            # A log wants a line in some seconds, or a tenth further on; not one for each crate.
            if fraction - last[1] >= 0.1 or time.monotonic() - last[0] > 15:
                last[:] = [time.monotonic(), fraction]
                rest = (time.monotonic() - begun) * (1 / fraction - 1) if left and fraction > 0.05 else 0.0
                about = f", about {rest:.0f} s left" if rest >= 5 else ""
                console.print(f"{fraction:4.0%} {what}{about}", markup=False)

        yield line
        return
    columns: tuple[ProgressColumn, ...] = (
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    if left:
        columns = (*columns[:-1], TextColumn("left:"), TimeRemainingColumn(), columns[-1])
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda fraction, what: shown.update(task, completed=fraction, description=what)
