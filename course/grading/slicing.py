"""Run what a verdict needs: of a notebook, the pieces that one function depends on.

The rule is that of a notebook run from top to bottom, and the result must be the same: a piece is left out only where
nothing the function can reach is bound or changed by it. Pieces are cells; of a cell that is word for word the
course's own, single statements, because those are known to run. What the syntax cannot show (`exec`, `from x import *`)
is taken along. A wrong guess is noticed when a name is missing, and then the whole notebook is run.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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
        """Return the numbers of the pieces that matter. Each name and each piece is looked at once."""
        self.readers: dict[str, list[int]] = {}  # name → pieces that touch it themselves
        self.binders: dict[str, list[int]] = {}
        self.behind: dict[str, list[str]] = {}  # name → names that lead to it: who touches one, touches the other
        for number, piece in enumerate(self.pieces):
            for name in piece.facts.touches | piece.facts.changes:
                self.readers.setdefault(name, []).append(number)
            for name in piece.facts.binds:
                self.binders.setdefault(name, []).append(number)
        self._turn_round()
        self.chosen: set[int] = set()
        self.wanted: set[str] = set()
        self.watched: set[str] = set()
        self.reaching: set[int] = set()  # pieces that may touch something watched, through the functions they may call
        self.todo: list[tuple[Callable[[Any], None], Any]] = [(self._watch, PROCESS), (self._want, PROCESS)]
        self.todo.append((self._want, self.function))
        self.todo += [(self._choose, number) for number, piece in enumerate(self.pieces) if piece.facts.wild]
        while self.todo:
            act, what = self.todo.pop()
            act(what)
        return self.chosen

    def _turn_round(self) -> None:
        names = list({*self.readers, *self.inside, *(name for names in self.inside.values() for name in names)})
        seen = set(names)
        while names:
            name = names.pop()
            for other in self._leads_to(name):
                self.behind.setdefault(other, []).append(name)
                if other not in seen:
                    seen.add(other)
                    names.append(other)

    def _want(self, name: str) -> None:
        if name in self.wanted:
            return
        self.wanted.add(name)
        self.todo += [(self._want, other) for other in self._leads_to(name)]
        if name.endswith("()"):
            return  # an order to a module, and nothing that a piece could bind
        if self._is_data(name):
            self.todo.append((self._watch, name))
        self.todo += [(self._watch, f"{module.partition('.')[0]}()") for module in self.modules.get(name, ())]
        self.todo += [(self._choose, number) for number in self.binders.get(name, ())]

    def _watch(self, name: str) -> None:
        if name in self.watched:
            return
        self.watched.add(name)
        self.todo += [(self._watch, other) for other in self.behind.get(name, ())]
        self.todo += [(self._reaches, number) for number in self.readers.get(name, ())]

    def _reaches(self, number: int) -> None:
        if number in self.reaching:
            return
        self.reaching.add(number)
        # What it binds may share memory with what it touched.
        binds = self.pieces[number].facts.binds
        self.todo += [(self._watch, name) for name in binds if self._is_data(name)]
        self.todo.append((self._choose, number))

    def _choose(self, number: int) -> None:
        if number in self.chosen:
            return
        self.chosen.add(number)
        piece = self.pieces[number]
        self.todo += [(self._choose, required) for required in piece.requires]
        for names in (piece.facts.touches, *piece.facts.inside.values()):
            self.todo += [(self._want, name) for name in names if not name.endswith("()")]

    def _is_data(self, name: str) -> bool:
        return name in (FILES, PROCESS, RANDOM) or self.kinds.get(name) == "data"

    def _leads_to(self, name: str) -> set[str]:
        """Return what is touched by whoever touches a name: what its function does, and what is shared behind it.

        `np.seterr()` is an order to NumPy, whatever it is called here.
        """
        found = set(self.inside.get(name, ()))
        for module in self.modules.get(name.removesuffix("()"), ()):
            top = module.partition(".")[0]
            if name.endswith("()"):
                found.add(f"{top}()")
                if top in PROCESS_MODULES:
                    found.add(PROCESS)
            if top == "random" or module.startswith(("numpy.random.", "scipy.random.")):
                found.add(RANDOM)
        return found
