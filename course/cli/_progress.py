"""A progress bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from course.cli._console import console

__all__ = ["bar"]


@contextlib.contextmanager
def bar() -> Iterator[Callable[[float, str], None]]:
    """Give a function to call with the fraction done and a word on what is being done."""
    if not console.is_terminal:
        last = [0.0, -1.0]

        def line(fraction: float, what: str) -> None:
            # A log wants a line in some seconds, or a tenth further on; not one for each crate.
            if fraction - last[1] >= 0.1 or time.monotonic() - last[0] > 15:
                last[:] = [time.monotonic(), fraction]
                console.print(f"{fraction:4.0%} {what}", markup=False)

        yield line
        return
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda fraction, what: shown.update(task, completed=fraction, description=what)
