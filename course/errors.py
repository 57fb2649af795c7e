"""Every error a person can meet in this project: the tree, the wording.

    CourseError                     the work failed (exit 1)
    ├── UsageMistake                the command was called wrongly (exit 2)
    │   └── UnknownName             a name that does not exist, with the nearest one that does
    ├── CannotWrite                 a file could not be written: read-only, no space, no such folder
    └── SomeNotGraded               done, but some submissions could not be graded (exit 3)

Each error has three parts, shown the same way everywhere:

    message   what is wrong, lower case, matter of fact, and understandable alone
    place     where: `file:line`, `file:line:column`, or a cell (may be empty)
    help      the command or edit that mends it (may be empty)

A subclass exists where a caller must tell it from others, or where one wording is used twice.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path

__all__ = ["CannotWrite", "CourseError", "SomeNotGraded", "UnknownName", "UsageMistake"]


class CourseError(Exception):
    """The work failed, for a reason a person can understand and mend."""

    exit_code = 1

    def __init__(self, message: str, *, place: str = "", help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.help = help

    def __str__(self) -> str:
        return self.render()

    def render(self) -> str:
        """Return the error as plain text: `place: message`, then a `help:` line."""
        first = f"{self.place}: {self.message}" if self.place else self.message
        return f"{first}\nhelp: {self.help}" if self.help else first


class UsageMistake(CourseError):
    """The command or function was called wrongly; nothing was done."""

    exit_code = 2


class CannotWrite(CourseError):
    """A file could not be written; what was there before is untouched."""

    def __init__(self, path: Path, cause: OSError) -> None:
        why = {
            errno.ENOSPC: ("there is no space left on the disk", "free some space (`course cache` shows what we keep)"),
            errno.EDQUOT: ("your disk quota is used up", "free some space (`course cache` shows what we keep)"),
            errno.EFBIG: ("the file would be larger than this system allows", "raise the limit (`ulimit -f`)"),
            errno.EROFS: ("the file system is read-only", "choose a folder you may write to"),
            errno.EACCES: ("you may not write there", "choose another folder, or change its permissions"),
            errno.EPERM: ("you may not write there", "choose another folder, or change its permissions"),
            errno.ENOTDIR: ("part of the path is a file, not a folder", "choose another folder, or move that file"),
        }
        message, help = why.get(cause.errno or 0, (cause.strerror or str(cause), "choose another folder"))
        super().__init__(f"cannot write: {message}", place=str(path), help=help)


class SomeNotGraded(CourseError):
    """The batch is done, but some submissions could not be graded; each is named."""

    exit_code = 3


class UnknownName(UsageMistake):
    """A name that does not exist.

    `kind` is the noun a reader would use ("chapter", "command"), `known` what does exist; the nearest
    known name, where there is one, becomes the help.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, place: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        if near:
            help = f"did you mean {near[0]}?"
        elif names:
            help = f"there is: {', '.join(names[:20])}{', …' if len(names) > 20 else ''}"
        else:
            help = f"there is no {kind} yet"
        super().__init__(f"no {kind} is called {name!r}", place=place, help=help)
        self.name = name
