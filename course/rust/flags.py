"""The flags of `%%rust`: one table for parsing, for the help text, and for what a wrong flag is told."""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass, field

from course.errors import UsageMistake
from course.rust.compile import Flags

__all__ = ["TABLE", "CellFlags", "parse", "usage"]

TABLE: dict[str, tuple[str, str]] = {
    "--opt": ("0|1|2|3|s|z", "optimise so much (3 unless told)"),
    "--native": ("", "use every instruction of this machine's processor, not only those that all of its kind have"),
    "--wrapping": ("", "integers wrap around on overflow instead of panicking"),
    "--name": ("NAME", "call this cell NAME, so that later cells can use its items"),
    "--use": ("NAME", "see the items of an earlier cell called NAME; may be given several times"),
    "--expect": ("E0502", "the lesson is the error: the cell passes when the compiler reports it"),
    "--asm": ("[FUNCTION]", "show the assembly of the cell's functions, or of one"),
    "--time": ("", "say what compiling took, and after each call what the call took; never links shared instances"),
    "--isolated": ("", "run each call in a child process: an abort or a stack overflow cannot end the kernel"),
    "--interruptible": ("", "let ■ (interrupt) give control back while Rust runs; a call costs tens of µs more"),
    "--no-share": ("", "compile all generic code in this cell, as an ordinary build does"),
    "--quiet": ("", "do not show warnings"),
}
"""Flag → (what follows it, or "" for nothing; what it does)."""


@dataclass
class CellFlags:
    """What the first line of a cell asks for."""

    opt: str = "3"
    native: bool = False
    wrapping: bool = False
    name: str = ""
    use: list[str] = field(default_factory=list)
    expect: str = ""
    asm: str | None = None
    time: bool = False
    isolated: bool = False
    interruptible: bool = False
    no_share: bool = False
    quiet: bool = False

    def compile(self) -> Flags:
        """Return the part that decides what is compiled."""
        share = False if self.time or self.no_share else None
        return Flags(opt=self.opt, native=self.native, wrapping=self.wrapping, share=share)

    @property
    def plain(self) -> bool:
        """Whether a cell with these flags does nothing but compile and define functions, alone."""
        return not (self.name or self.use or self.expect or self.asm is not None or self.time)


def usage() -> str:
    """Return the flags as lines of help."""
    width = max(len(f"{flag} {value}") for flag, (value, _) in TABLE.items()) + 2
    return "\n".join(f"  {f'{flag} {value}'.strip():<{width}}{text}" for flag, (value, text) in TABLE.items())


def parse(line: str, *, known_cells: set[str] | None = None) -> CellFlags:
    """Read the line after `%%rust`.

    Raises:
        UsageMistake: a flag that does not exist (with the nearest that does), or a value that it cannot have.
    """
    line = line.partition("//")[0]  # a comment on the magic's line is a comment
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageMistake(f"the line after %%rust cannot be read: {error}", place=f"%%rust {line}") from None
    flags = CellFlags()
    position = 0
    while position < len(words):
        word, equals, inline = words[position].partition("=")
        position += 1
        if word not in TABLE:
            raise _unknown(word, line)
        value_name = TABLE[word][0]
        value = inline
        optional = value_name.startswith("[")
        if value_name and not equals:
            there = position < len(words) and not words[position].startswith("--")
            if there:
                value = words[position]
                position += 1
            elif not optional:
                raise UsageMistake(f"{word} needs a value: {word} {value_name}", place=f"%%rust {line}")
        elif equals and not value_name:
            raise UsageMistake(f"{word} takes no value", place=f"%%rust {line}", help=f"write {word}")
        _set(flags, word, value, known_cells)
    if flags.isolated and flags.interruptible:
        raise UsageMistake(
            "--isolated is interruptible by itself", place=f"%%rust {line}", help="leave out --interruptible"
        )
    return flags


def _unknown(word: str, line: str) -> UsageMistake:
    place = f"%%rust {line}".rstrip()
    if not word.startswith("-"):
        return UsageMistake(f"{word!r} is not a flag", place=place, help="flags start with --; %%rust? lists them")
    near = difflib.get_close_matches(word, TABLE, n=1, cutoff=0.5)
    help = f"did you mean {near[0]}? %%rust? lists all flags" if near else "%%rust? lists the flags"
    return UsageMistake(f"%%rust has no flag {word}", place=place, help=help)


def _set(flags: CellFlags, word: str, value: str, known_cells: set[str] | None) -> None:
    if word == "--opt":
        if value not in {"0", "1", "2", "3", "s", "z"}:
            raise UsageMistake(f"--opt {value} is not a level of optimisation", help="write --opt 0, 1, 2, 3, s or z")
        flags.opt = value
    elif word == "--name":
        if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
            raise UsageMistake(
                f"--name {value} is not a name for a cell", help="use lower-case letters, digits and _: --name helpers"
            )
        flags.name = value
    elif word == "--use":
        for name in filter(None, value.split(",")):
            if known_cells is not None and name not in known_cells:
                near = difflib.get_close_matches(name, known_cells, n=1, cutoff=0.5)
                there = f"there is: {', '.join(sorted(known_cells))}" if known_cells else "none has a name yet"
                help = f"did you mean {near[0]}?" if near else f"run it first, with --name {name} ({there})"
                raise UsageMistake(f"no cell is called {name!r}", help=help)
            if name not in flags.use:
                flags.use.append(name)
    elif word == "--expect":
        code = value.upper()
        lint = re.fullmatch(r"[a-z]+(_[a-z]+)+", value)  # lints that are errors have a name and no code
        if not lint and not re.fullmatch(r"E\d{4}", code):
            raise UsageMistake(f"--expect {value} is not an error code", help="write E and four digits: --expect E0502")
        flags.expect = value if lint else code
    elif word == "--asm":
        flags.asm = value
    else:
        setattr(flags, word.removeprefix("--").replace("-", "_"), True)
