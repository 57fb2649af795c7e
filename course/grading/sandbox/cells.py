"""A learner's cells without a notebook: Python as it is, `%%rust` apart, and the rest of IPython's signs left out.

Nothing here runs what it reads. The parent uses it to find the Rust cells; the child, to run the others.
"""

from __future__ import annotations

import ast
import re
import warnings

__all__ = ["modules", "python_of", "rust_of"]

_RUST = re.compile(r"\s*%%rust\b([^\n]*)\n?")
_BODY_RUNS = re.compile(r"\s*%%(time|timeit|capture|prun|memit)\b[^\n]*\n?")
_OTHER_CELL = re.compile(r"\s*%%\w+")
_TARGETS = re.compile(r"(\s*)([A-Za-z_][\w, ]*)")
_LINE = re.compile(r"^(\s*)([!%?].*|[\w.]+\?{1,2}\s*)$")
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^#\n]+)", re.MULTILINE)


def rust_of(cell: str) -> tuple[str, str] | None:
    """Return the flags and the source of a Rust cell; None for any other."""
    match = _RUST.match(cell)
    return (match[1].strip(), cell[match.end() :]) if match else None


def python_of(cell: str) -> str:
    """Return the Python of a cell: magics and shell commands become nothing, or None where they are assigned."""
    if _BODY_RUNS.match(cell):
        cell = _BODY_RUNS.sub("\n", cell, count=1)
    elif _OTHER_CELL.match(cell):
        return ""
    if parses(cell):  # a line that begins with % may be the second half of a sum
        return cell
    lines = []
    for line in cell.split("\n"):
        targets, _, value = line.partition("=")
        if value.lstrip().startswith(("!", "%")) and (match := _TARGETS.fullmatch(targets.rstrip())):
            lines.append(f"{match[1]}{match[2]} = None")
        elif match := _LINE.match(line):
            lines.append(f"{match[1]}pass")
        else:
            lines.append(line)
    return "\n".join(lines)


def parses(source: str) -> bool:
    """Say whether a text is Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def modules(cells: tuple[str, ...], *, whole: bool = False) -> set[str]:
    """Return what cells seem to import, by its first name or `whole`: a guess, to choose what a worker has loaded."""
    found: set[str] = set()
    for cell in cells:
        for match in _IMPORT.finditer(cell[:200_000]):
            text = match[1].partition(" import ")[0]
            names = (part.split()[0] for part in text.split(",") if part.strip())
            found.update(name if whole else name.split(".")[0] for name in names if not name.startswith("."))
    return found
