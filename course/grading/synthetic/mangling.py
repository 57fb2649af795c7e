"""What happens to learners' notebooks between release and hand-in, by name.

Each function changes a notebook (a plain dictionary, as `course.notebook_file` reads it) in place, or returns bytes
that are no notebook at all.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course.notebook_file import Notebook, text_of

__all__ = ["MANGLED", "UNREADABLE", "Handed", "grade_id"]


@dataclass
class Handed:
    """A notebook on its way to the grader, and the task (its solution cell's grade_id) that something happens to."""

    notebook: Notebook
    slug: str
    rng: random.Random

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells, to be changed in place."""
        cells: list[dict[str, Any]] = self.notebook["cells"]
        return cells

    def at(self, name: str) -> int:
        """Return where the cell with a grade_id is."""
        return next(i for i, cell in enumerate(self.cells) if grade_id(cell) == name)


def grade_id(cell: dict[str, Any]) -> str:
    """Return the grade_id of a cell, or nothing."""
    record = cell.get("metadata", {}).get("nbgrader")
    return str(record.get("grade_id", "")) if isinstance(record, dict) else ""


def _code(source: str, id: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": source, "id": id, "execution_count": None}
    return cell | {"outputs": list(outputs)}


def _without_checks(handed: Handed) -> None:
    handed.notebook["cells"] = [cell for cell in handed.cells if not grade_id(cell).startswith("check-")]


def _without_solution(handed: Handed) -> None:
    del handed.cells[handed.at(handed.slug)]


def _without_imports(handed: Handed) -> None:
    # the first code cell of a chapter loads the extension and imports what the rest uses
    first = next(i for i, cell in enumerate(handed.cells) if cell["cell_type"] == "code")
    del handed.cells[first]


def _duplicated(handed: Handed) -> None:
    for name in (handed.slug, f"check-{handed.slug}"):
        at = handed.at(name)
        handed.cells.insert(at + 1, copy.deepcopy(handed.cells[at]))


def _split(handed: Handed) -> None:
    """As the editor's "Split Cell" does: the first half keeps id and metadata, the second has a copy of the latter."""
    at = handed.at(handed.slug)
    cell = handed.cells[at]
    lines = text_of(cell).splitlines(keepends=True)
    rest = copy.deepcopy(cell)
    rest["id"] = f"{handed.rng.getrandbits(32):08x}"
    cell["source"], rest["source"] = "".join(lines[:1]), "".join(lines[1:])
    handed.cells.insert(at + 1, rest)


def _retyped(handed: Handed) -> None:
    cell = handed.cells[handed.at(f"check-{handed.slug}")]
    cell["cell_type"] = "markdown"
    cell.pop("outputs", None)
    cell.pop("execution_count", None)


def _reordered(handed: Handed) -> None:
    at = handed.at(handed.slug)
    handed.cells.append(handed.cells.pop(at))


def _no_metadata(handed: Handed) -> None:
    """As a front end that knows nothing of nbgrader may write it: every cell's nbgrader record is gone."""
    for cell in handed.cells:
        cell["metadata"].pop("nbgrader", None)


def _many_cells(handed: Handed) -> None:
    for number in range(10_000):
        handed.cells.append(_code(f"{number} + 1", f"more-{number}"))


def _raises_on_the_way(handed: Handed) -> None:
    handed.cells.insert(handed.rng.randrange(1, len(handed.cells)), _code("print(undefined_name)\n1 / 0", "oops"))


def _prints_much(handed: Handed) -> None:
    text = "\n".join(f"epoch {i}: loss {1 / (i + 1):.6f}" for i in range(20_000))
    output = {"output_type": "stream", "name": "stdout", "text": text}
    handed.cells.append(_code("train()", "printed", output))


def _claims_points(handed: Handed) -> None:
    """Points and a higher maximum written into the file by hand; none of it may count."""
    for cell in handed.cells:
        record = cell["metadata"].get("nbgrader")
        if isinstance(record, dict) and record.get("grade"):
            record["points"] = 1000
            if cell["cell_type"] == "code":
                result = {"output_type": "execute_result", "data": {"text/plain": "1000.0"}, "metadata": {}}
                cell["outputs"] = [result | {"execution_count": 1}]
                cell["source"] = "1000.0"


MANGLED: dict[str, Callable[[Handed], None]] = {
    "without-checks": _without_checks,
    "without-solution": _without_solution,
    "without-imports": _without_imports,
    "duplicated": _duplicated,
    "split": _split,
    "retyped": _retyped,
    "reordered": _reordered,
    "no-metadata": _no_metadata,
    "many-cells": _many_cells,
    "raises-on-the-way": _raises_on_the_way,
    "prints-much": _prints_much,
    "claims-points": _claims_points,
}
"""Damage that leaves a notebook. Only `without-solution` loses points, those of one task; `split` may lose them."""


def _torn(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _latin_1(content: bytes) -> bytes:
    return content.replace(b'"cells"', '"café": 1, "cells"'.encode("latin-1"), 1)


def _list(content: bytes) -> bytes:
    return json.dumps(json.loads(content)["cells"]).encode()


def _binary(_content: bytes) -> bytes:
    return bytes(range(256)) * 64


UNREADABLE: dict[str, Callable[[bytes], bytes]] = {
    "torn": _torn,
    "not-utf-8": _latin_1,
    "no-notebook": _list,
    "binary": _binary,
    "empty": lambda _content: b"",
    "huge": lambda content: content[:-2] + b" " * 200_000_000 + content[-2:],
    "deep": lambda _content: b"[" * 200_000 + b"]" * 200_000,
}
"""Files that cannot be graded; each must cost its learner only, and be named."""
