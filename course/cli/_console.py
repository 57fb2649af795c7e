"""One look for everything the command line prints. rich obeys `NO_COLOR` and plain pipes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from course.errors import CourseError

__all__ = ["console", "print_error", "print_rows", "print_warning"]

# `soft_wrap` keeps paths and messages on one line when the output is not a terminal.
console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def print_error(error: CourseError) -> None:
    """Print an error's place, message and help to stderr."""
    line = Text()
    line.append("error: ", style="bold red")
    line.append(error.message)
    if error.place:
        line.append(f"\n   at: {error.place}", style="dim")
    if error.help:
        line.append("\n help: ", style="bold cyan")
        line.append(error.help)
    _errors.print(line)


def print_warning(said: str) -> None:
    """Print what must not be overlooked to stderr."""
    _errors.print(Text(said, style="bold red"))


def print_rows(rows: Iterable[Sequence[str]]) -> None:
    """Print rows of plain texts: in columns on a terminal; elsewhere one line each, however long."""
    if not console.is_terminal:
        for row in rows:
            console.print(Text("  ".join(row)))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
