"""One look for everything the command line prints. rich obeys `NO_COLOR` and plain pipes."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from course.errors import CourseError

__all__ = ["console", "print_error"]

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
