"""Run what a verdict needs: of a notebook, the pieces that one function depends on.

The rule is that of a notebook run from top to bottom, and the result must be the same: a piece is left out only where
nothing the function can reach is bound or changed by it. Pieces are cells; of a cell that is word for word the
course's own, single statements, because those are known to run. What the syntax cannot show (`exec`, `from x import *`)
is taken along. A wrong guess is noticed when a name is missing, and then the whole notebook is run.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from course.errors import CourseError
from course.grading.names import FILES, LONGEST, PROCESS, PROCESS_MODULES, RANDOM, Facts, facts_of, rust_facts
from course.grading.sandbox.cells import python_of, rust_of

__all__ = ["LONGEST", "Slice", "functions_of", "needed", "whole"]


@dataclass(frozen=True)
class Slice:
    """Texts of cells to run, in order; `whole` where that is all of the notebook's code."""

    cells: tuple[str, ...]
    whole: bool = False


@dataclass(frozen=True)
class _Piece:
    cell: int
    text: str
    facts: Facts
    requires: tuple[int, ...] = ()  # pieces of earlier cells, by --use


def whole(cells: Sequence[str]) -> Slice:
    """Return all cells, in order."""
    return Slice(tuple(cells), whole=True)


def needed(cells: Sequence[str], function: str, *, own: Iterable[str] = ()) -> Slice:
    """Return what must run so that `function` is as it would be after the whole notebook.

    `cells`: the texts of the code cells in order. `own`: texts that are the course's own, handed out as they are.
    """
    pieces = _pieces(cells, frozenset(own))
    chosen = _Choice(pieces, function).made()
    if len(chosen) == len(pieces):
        return whole(cells)
    texts: dict[int, list[str]] = {}
    for number in sorted(chosen):
        texts.setdefault(pieces[number].cell, []).append(pieces[number].text)
    return Slice(tuple("\n".join(parts) for parts in texts.values()))


def functions_of(text: str) -> frozenset[str]:
    """Return what a cell binds that may be a function: a Python cell's names, or the functions of a `%%rust` cell."""
    if rust_of(text):
        return frozenset(_rust(text)[0])
    return frozenset(facts_of(text).binds)


def _pieces(cells: Sequence[str], own: frozenset[str]) -> list[_Piece]:
    pieces: list[_Piece] = []
    named: dict[str, int] = {}  # Rust cells by the name others `--use`
    for number, text in enumerate(cells):
        if rust_of(text):
            functions, name, uses = _rust(text)
            requires = tuple(named[use] for use in uses if use in named)
            pieces.append(_Piece(number, text, rust_facts(functions), requires))
            if name:
                named[name] = len(pieces) - 1
        elif text in own:
            pieces += [_Piece(number, part, facts_of(part)) for part in _statements(text)]
        else:
            pieces.append(_Piece(number, text, facts_of(text)))
    return pieces


@functools.lru_cache(maxsize=512)
def _statements(text: str) -> tuple[str, ...]:
    """Cut a cell of the course's own into its statements; a cell that does not parse stays whole."""
    lines = python_of(text).splitlines()
    try:
        body = ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError):
        return (text,)
    parts: list[str] = []
    last = 0
    for statement in body:
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
        if first <= last:
            return (text,)  # two statements on one line
        last = statement.end_lineno or first
        parts.append("\n".join(lines[first - 1 : last]))
    return tuple(parts)


@functools.lru_cache(maxsize=1024)
def _rust(text: str) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Return the functions a Rust cell offers, its `--name`, and the names it uses."""
    from course.rust import flags
    from course.rust.signature import read_cell

    line, source = rust_of(text) or ("", "")
    try:
        chosen = flags.parse(line)
        functions = () if chosen.expect else read_cell(source).functions
    except (CourseError, ValueError, RecursionError):
        return (), "", ()  # the cell fails, so it offers nothing
    return tuple(function.name for function in functions), chosen.name, tuple(chosen.use)


class _Choice:
    """Grows the set of pieces from the one function until nothing outside it can matter."""

    def __init__(self, pieces: list[_Piece], function: str) -> None:
        self.pieces, self.function = pieces, function
        self.kinds: dict[str, str] = {}
        self.modules: dict[str, set[str]] = {}
        self.inside: dict[str, set[str]] = {}
        for piece in pieces:
            for name, how in piece.facts.binds.items():
                self.kinds[name] = how if self.kinds.get(name, how) == how else "data"
            for name, module in piece.facts.modules.items():
                self.modules.setdefault(name, set()).add(module)
            for name, touched in piece.facts.inside.items():
                self.inside.setdefault(name, set()).update(touched)
        for piece in pieces:
            for name in piece.facts.changes:
                if name in self.kinds:
                    self.kinds[name] = "data"

    def made(self) -> set[int]:
        reach = [self._reach(piece.facts) for piece in self.pieces]
        chosen: set[int] = set()
        wanted: set[str] = {self.function, PROCESS}
        watched: set[str] = {PROCESS}
        while True:
            before = len(chosen), len(wanted), len(watched)
            wanted |= {name for name in self._closure(wanted) if not name.endswith("()")}
            watched |= {name for name in wanted if self._is_data(name)}
            watched |= {f"{module.partition('.')[0]}()" for name in wanted for module in self.modules.get(name, ())}
            for number, piece in enumerate(self.pieces):
                if number in chosen or self._matters(piece, reach[number], wanted, watched):
                    chosen |= {number, *piece.requires}
            for number in chosen:
                facts = self.pieces[number].facts
                wanted |= {name for name in facts.touches if not name.endswith("()")}
                for touched in facts.inside.values():
                    wanted |= {name for name in touched if not name.endswith("()")}
                if reach[number] & watched:
                    # What it binds may share memory with what it touched.
                    watched |= {name for name in facts.binds if self._is_data(name)}
            if before == (len(chosen), len(wanted), len(watched)):
                return chosen

    def _matters(self, piece: _Piece, reach: set[str], wanted: set[str], watched: set[str]) -> bool:
        facts = piece.facts
        return facts.wild or bool(facts.binds.keys() & wanted) or bool(reach & watched)

    def _is_data(self, name: str) -> bool:
        return name in (FILES, PROCESS, RANDOM) or self.kinds.get(name) == "data"

    def _reach(self, facts: Facts) -> set[str]:
        """Return the names that running a piece may touch, through the functions it may call."""
        return self._resolved(self._closure(facts.touches | facts.changes))

    def _closure(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.inside.get(name, ())
        return self._resolved(found)

    def _resolved(self, names: set[str]) -> set[str]:
        """Add what is shared behind a name: `np.seterr()` is an order to NumPy, whatever it is called here."""
        found = set(names)
        for name in names:
            for module in self.modules.get(name.removesuffix("()"), ()):
                top = module.partition(".")[0]
                if name.endswith("()"):
                    found.add(f"{top}()")
                    if top in PROCESS_MODULES:
                        found.add(PROCESS)
                if top == "random" or module.startswith(("numpy.random.", "scipy.random.")):
                    found.add(RANDOM)
        return found
