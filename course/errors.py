"""Every error a person can meet in this project: the tree, the wording.

    CourseError                     the work failed (exit 1)
    ├── UsageMistake                the command was called wrongly (exit 2)
    │   └── UnknownName             a name that does not exist, with the nearest one that does
    ├── LanesDisagree               two implementations give different results, so neither is timed
    ├── CannotWrite                 a file could not be written: read-only, no space, no such folder
    ├── NotebookUnreadable          a notebook file is no notebook, or is damaged
    ├── NoWorkingCopy               no working copy yet, or it is not where it was
    ├── NotAWorkingCopy             the folder named for a working copy holds something else
    ├── PortBusy                    the port asked for is in use
    ├── LabDidNotStart              JupyterLab stopped before it answered
    ├── RustMissing                 no Rust compiler here; everything that does not compile still runs
    │   └── RustTooOld              a compiler older than the crates that cells may use
    ├── CratesNotBuilt              the crates that cells may use are not there, and why
    ├── UnreadableAttempt           one record of an answers file is not an attempt; the others are read
    ├── UnansweredItems             a quiz was to be handed in with items unanswered
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

__all__ = [
    "CannotWrite",
    "CourseError",
    "LabDidNotStart",
    "LanesDisagree",
    "NoWorkingCopy",
    "NotAWorkingCopy",
    "NotebookUnreadable",
    "PortBusy",
    "SomeNotGraded",
    "UnansweredItems",
    "UnknownName",
    "UnreadableAttempt",
    "UsageMistake",
]


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

    def _render_traceback_(self) -> list[str]:
        """Show the error alone in a notebook: IPython asks for this in place of a traceback through our modules."""
        lines = [f"\x1b[1;31merror\x1b[0m: {self.message}"]
        if self.place:
            lines.append(f"   at: {self.place}")
        if self.help:
            lines.append(f"\x1b[36m help\x1b[0m: {self.help}")
        return lines


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


class LanesDisagree(CourseError):
    """Two implementations of one job give different results; timing them would compare different work."""

    def __init__(self, lane: str, base: str, how: str) -> None:
        super().__init__(
            f"{lane} and {base} disagree: {how}",
            help="mend the one that is wrong; nothing is timed before they agree",
        )


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


class NotebookUnreadable(CourseError):
    """A notebook file that is no notebook, or is damaged; it is left as it is."""

    def __init__(self, path: Path, why: str) -> None:
        help = f"course reset {path.stem[:2]} puts a fresh copy in its place and keeps this one"
        super().__init__(f"the notebook cannot be read: {why}", place=str(path), help=help)


class NoWorkingCopy(CourseError):
    """There is no working copy yet, or it is not where it was (`remembered`)."""

    def __init__(self, remembered: Path | None = None) -> None:
        if remembered is None:
            super().__init__("there is no working copy yet", help="course lab makes one")
            return
        super().__init__(
            "the working copy is not where it was",
            place=str(remembered),
            help=f"if you moved it, course lab --dir NEW_PLACE; to start afresh, course lab --dir {remembered}",
        )


class NotAWorkingCopy(UsageMistake):
    """The folder named for a working copy holds something else; nothing was written."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"this folder cannot be the working copy: {why}",
            place=str(folder),
            help=f"name a new or empty folder: course lab --dir {folder / 'learning'}",
        )


class PortBusy(CourseError):
    """The port asked for is in use by another program."""

    def __init__(self, port: int, free: int | None) -> None:
        other = f"; {free} is free: course lab --port {free}" if free else ""
        super().__init__(f"port {port} is in use", help=f"leave out --port to get the next free one{other}")


class LabDidNotStart(CourseError):
    """JupyterLab stopped before it answered; its last words are in the message."""

    def __init__(self, log: Path, last_words: str) -> None:
        message = f"JupyterLab did not start; it said:\n{last_words}" if last_words else "JupyterLab did not start"
        super().__init__(message, place=str(log), help="course doctor says what is missing; the log has the rest")


# Rust: the toolchain and the crates


class RustMissing(CourseError):
    """There is no Rust compiler to use; reading, and everything recorded, works without."""

    def __init__(
        self,
        message: str = "no Rust compiler was found",
        *,
        place: str = "",
        help: str = "course doctor --fix installs one (it asks first), or see https://rustup.rs",
    ) -> None:
        super().__init__(message, place=place, help=help)


class RustTooOld(RustMissing):
    """The compiler that was found is older than `least`, the oldest that builds the course's crates."""

    def __init__(self, version: str, least: tuple[int, int], *, place: str = "") -> None:
        wanted = ".".join(map(str, least))
        super().__init__(
            f"{version} is too old: the crates of the course need {wanted} or newer",
            place=place,
            help="rustup update, or course doctor --fix installs one beside it (it asks first)",
        )


class CratesNotBuilt(CourseError):
    """The crates that cells may use are not there: not built yet, or the build stopped, and why."""


class UnreadableAttempt(CourseError):
    """One record of an answers file or a notebook is not an attempt; it is left out, the others are read."""

    def __init__(self, message: str, *, place: str = "", help: str = "every other record is read") -> None:
        super().__init__(message, place=place, help=help)


class UnansweredItems(CourseError):
    """A quiz was to be handed in with items unanswered."""

    def __init__(self, quiz: str, missing: list[str], total: int) -> None:
        super().__init__(
            f"{len(missing)} of {total} unanswered: {', '.join(missing)}",
            place=quiz,
            help="answer them in the quiz and save the notebook; a guess costs no more than a gap",
        )
