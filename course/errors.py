"""Every error a person can meet in this project: the tree, the wording.

    CourseError                     the work failed (exit 1)
    ├── UsageMistake                the command was called wrongly (exit 2)
    │   └── UnknownName             a name that does not exist, with the nearest one that does
    ├── LanesDisagree               two implementations give different results, so neither is timed
    ├── NotALedger                  a file of measured claims that is none, or cannot be read
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
    ├── QuizErrors                  what is wrong with a quiz file: every error at once
    ├── UnreadableResponse          a response that is not of the form its question asks for
    │   ├── NotAnAttempt            a response that cannot be read for certain; nothing is counted
    │   └── UnknownOption           a response names an option that the question does not have
    ├── CannotGrade                 the key, not the response, is at fault
    ├── CellDoesNotCompile          the compiler refused a Rust cell; its message is shown above
    │   └── CellCannotCross         a public function whose signature Python cannot call
    ├── NotAsExpected               a cell with --expect compiled, or failed in another way
    ├── WrongArgument               an argument that a Rust function cannot take as it is (also a TypeError)
    ├── AliasError                  the same memory lent twice, once of them to be written (also a ValueError)
    ├── RustPanic                   a Rust function panicked; the message and the line are Rust's
    ├── RustError                   a Rust function returned Err; the message is its text
    ├── RustCrash                   a child process running Rust ended: a signal, an abort, a stack overflow
    ├── ProgramFailed               a program cell ended with another exit code than 0
    ├── FrameUnreadable             bytes from a process that ran a learner's code are no value
    ├── CannotCross                 a value of a type that cannot cross from one process to another
    ├── BadCases                    the cases of a task are wrong; the place is in the quiz file
    ├── TaskNotSolved               `check` under `nbgrader validate`: some cases fail
    ├── NotAClass                   the folder named is no course that `course release` made
    ├── NotForAClass                the folder named for a class holds something else
    ├── CannotRelease               nbgrader does not take a chapter, and why; what was released before is as it was
    ├── SubmissionUnreadable        one submission cannot be read; the others are graded
    ├── GraderFailed                one submission met a mistake of ours; the others are graded
    ├── GradebookTrouble            the gradebook is locked, unreachable or of another version; nothing is half written
    ├── GradingElsewhere            another `course grade` works on the same class
    ├── NoSandbox                   this machine cannot hold what a stranger wrote, so nothing of it is run
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
import traceback
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "AliasError",
    "BadCases",
    "CannotCross",
    "CannotGrade",
    "CannotRelease",
    "CannotWrite",
    "CellCannotCross",
    "CellDoesNotCompile",
    "CourseError",
    "FrameUnreadable",
    "LabDidNotStart",
    "LanesDisagree",
    "NoSandbox",
    "NoWorkingCopy",
    "NotAClass",
    "NotALedger",
    "NotAWorkingCopy",
    "NotAnAttempt",
    "NotAsExpected",
    "NotForAClass",
    "NotebookUnreadable",
    "PortBusy",
    "ProgramFailed",
    "QuizErrors",
    "RustCrash",
    "RustError",
    "RustPanic",
    "SomeNotGraded",
    "TaskNotSolved",
    "UnansweredItems",
    "UnknownName",
    "UnknownOption",
    "UnreadableAttempt",
    "UnreadableResponse",
    "UsageMistake",
    "WrongArgument",
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
        lines = [f"\x1b[1merror\x1b[0m: {self.message}"]
        if self.place:
            lines.append(f"   at: {self.place}")
        if self.help:
            lines.append(f"\x1b[1m help\x1b[0m: {self.help}")
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


class NotALedger(CourseError):
    """A file that was to hold measured claims holds something else, or cannot be read."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"this is no file of measured claims: {why}",
            place=str(path),
            help="course claims run writes one: claims.json",
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


# Rust cells: compiling and calling


class CellDoesNotCompile(CourseError):
    """The compiler refused a Rust cell. `codes`: its error codes; `text`: the whole of what it said."""

    def __init__(self, codes: list[str], count: int, text: str = "") -> None:
        named = f": {', '.join(codes)}" if codes else ""
        super().__init__(f"the cell does not compile, {count} error{'s' if count != 1 else ''}{named}")
        self.codes = codes
        self.text = text

    def render(self) -> str:
        """Return the summary and the compiler's messages."""
        return f"{self.message}\n\n{self.text}" if self.text else self.message

    def _render_traceback_(self) -> list[str]:
        return super()._render_traceback_()[:1]  # the messages are above, drawn over the cell


class CellCannotCross(CellDoesNotCompile):
    """A public function whose signature holds a type that has no counterpart in NumPy or Python."""

    def __init__(self, function: str, part: str, type: str, *, place: str, help: str, text: str = "") -> None:
        super().__init__([], 1, text)
        self.message = f"`{function}` cannot be called from Python: its {part} has the type `{type}`"
        self.place = place
        self.help = help or "leave out `pub`: then it stays a helper of the cell"


class NotAsExpected(CourseError):
    """A cell with `--expect` compiled, or failed with other errors than the one expected."""

    def __init__(self, expected: str, found: list[str] | None) -> None:
        if found is None:
            super().__init__(
                f"{expected} was expected, but the cell compiles", help="leave out --expect, or edit the cell"
            )
        else:
            said = ", ".join(found) if found else "an error without a code"
            super().__init__(f"{expected} was expected, but the compiler says {said}", help="its message is above")


class WrongArgument(CourseError, TypeError):
    """An argument that a Rust function cannot take as it is; nothing is converted or copied silently."""


class AliasError(CourseError, ValueError):
    """The same memory would be lent twice, once of them to be written."""

    def __init__(self, function: str, first: str, second: str, *, running: bool = False) -> None:
        if running:
            message = f"`{first}` uses memory that a call of `{second}` has borrowed and not yet given back"
            help = "wait until that call is done, or pass a copy: x.copy()"
        else:
            message = (
                f"`{first}` and `{second}` share memory, and one of them is written to: Rust compiles a function as if "
                "a `&mut` were the only way to its memory, so the result could be anything"
            )
            help = "pass a copy for one of them (x.copy()), or write a function that takes one array"
        super().__init__(message, place=function, help=help)


class RustPanic(CourseError):
    """A Rust function panicked. `line` is the line of the cell (0: not in the cell), `cell` its name or ""."""

    def __init__(
        self,
        function: str,
        message: str,
        *,
        cell: str = "",
        line: int = 0,
        where: str = "",
        source: str = "",
        help: str = "",
    ) -> None:
        if line:
            place = f"{f'cell `{cell}`' if cell else 'the cell'}, line {line}{f': {source.strip()}' if source else ''}"
        else:
            place = where
        super().__init__(f"`{function}` panicked: {message}", place=place, help=help)
        self.function = function
        self.rust_message = message
        self.cell = cell
        self.line = line


class RustError(CourseError):
    """A Rust function returned `Err`; `message` is what the error displays as."""

    def __init__(self, function: str, message: str) -> None:
        super().__init__(message, place=function)
        self.function = function


class RustCrash(CourseError):
    """The child process that ran Rust ended by itself: a signal, an abort, a stack overflow, an exit."""

    def __init__(self, function: str, how: str, last_words: str = "") -> None:
        said = f"; its last words:\n{last_words}" if last_words else ""
        super().__init__(f"`{function}` ended its process: {how}{said}", help="the next call starts a new process")
        self.function = function
        self.how = how


class ProgramFailed(CourseError):
    """A program cell ended with an exit code other than 0, or by a signal."""

    def __init__(self, how: str) -> None:
        super().__init__(f"the program ended with {how}")


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


class QuizErrors(CourseError):
    """What is wrong with a quiz file: `errors` holds every error, each with its own place and help."""

    def __init__(self, errors: Iterable[CourseError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        super().__init__(first.message + more, place=first.place, help=first.help)

    def render(self) -> str:
        """Return all errors, one after another."""
        return "\n".join(error.render() for error in self.errors)


class UnreadableResponse(CourseError):
    """A response that is not of the form its question asks for: damaged, or made for another type."""


class NotAnAttempt(UnreadableResponse):
    """A response that cannot be read for certain; the message says how to write it. It costs nothing."""


class UnknownOption(UnreadableResponse):
    """A response names an option the question does not have: the quiz changed since, or the file was edited."""

    def __init__(self, id: str, *, place: str = "") -> None:
        super().__init__(
            f"the response names {id[:40]!r}, which is no option of this question",
            place=place,
            help="the question has changed since it was answered: answer it again, or grade with the bank it was "
            "answered from",
        )
        self.id = id


class CannotGrade(CourseError):
    """The question cannot be graded here: no key, a key that fails, or an item that is not a question."""


# Tasks: code that a learner writes


class CannotCross(CourseError):
    """A value of a type that cannot cross from one process to another. `what`: "a value of type Foo"."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"it gives {what}, which cannot be looked at",
            help="return numbers, texts, NumPy arrays, or lists, tuples and dicts of these",
        )


class FrameUnreadable(CourseError):
    """Bytes from a process that ran a learner's code are no value: cut off, damaged, or made by hand."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"this is no value from a worker: {why}", help="run it again; the worker writes values with encode()"
        )


class BadCases(CourseError):
    """The cases of a task are wrong: they do not run, or define something that a task does not have."""


class TaskNotSolved(CourseError):
    """A task's cases fail where that must be an error: under `nbgrader validate`."""

    def __init__(self, item: str, message: str) -> None:
        super().__init__(message, place=item, help="the table above shows each case")


# Grading a class


class NotAClass(UsageMistake):
    """The folder named is not one that `course release` made, or lacks a part of it."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"this folder holds no released course: {why}",
            place=str(folder),
            help=f"course release {folder} makes one",
        )


class NotForAClass(UsageMistake):
    """The folder named for a class holds something else; nothing was written."""

    def __init__(self, folder: Path, why: str, *, help: str = "") -> None:
        super().__init__(
            f"this folder cannot hold a class: {why}",
            place=str(folder),
            help=help or f"name a new or empty folder: course release {folder / 'class'}",
        )


class CannotRelease(CourseError):
    """nbgrader did not take a chapter; `said` is its last word, and what was released before is as it was."""

    def __init__(self, chapter: str, said: str, *, help: str) -> None:
        super().__init__(f"nbgrader does not take it: {said}", place=chapter, help=help)


class SubmissionUnreadable(CourseError):
    """One submission cannot be read, and why; it costs only itself."""

    def __init__(self, message: str, *, place: str = "", help: str = "ask for it again; the others are graded") -> None:
        super().__init__(message, place=place, help=help)


class GraderFailed(CourseError):
    """One submission met a mistake of ours; it costs only itself. The place is that of the mistake."""

    def __init__(self, error: Exception) -> None:
        trace = traceback.extract_tb(error.__traceback__)
        place = f"{Path(trace[-1].filename).name}:{trace[-1].lineno}" if trace else ""
        said = " ".join(str(error).split())[:200]
        super().__init__(
            f"the grader failed on it: {type(error).__name__}: {said}" + (f" ({place})" if place else ""),
            place=place,
            help="tell the course's authors, with the submission; the others are graded",
        )


class GradebookTrouble(CourseError):
    """The gradebook cannot be written: locked, unreachable, of another version. What is in it is whole."""

    def __init__(self, message: str, *, place: str = "", help: str = "then course grade again: it goes on") -> None:
        super().__init__(message, place=place, help=help)


class GradingElsewhere(CourseError):
    """Another process grades the same class. `who` names it: process, machine, since when."""

    def __init__(self, folder: Path, who: str) -> None:
        super().__init__(
            f"this class is being graded already, by {who}",
            place=str(folder),
            help="wait until it is done; where it is no more (another machine, switched off), delete the lock file",
        )


class NoSandbox(CourseError):
    """This machine offers no way to hold a stranger's code. `why`: what was tried, and what it said."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"this machine has no sandbox, so learners' code is not run: {why}",
            help="sudo apt-get install bubblewrap, then course doctor; grade inside a virtual machine; or say "
            "--no-sandbox: their code can then read, change and send whatever you can",
        )
