"""Read what a learner handed in, whatever has become of it: bounded, tolerant, and saying what was odd.

A notebook comes back as plain cells with their texts, and as the attempts it carries. Nothing in it is believed: a
cell is found by its grade id, and whether that id belongs to it is for the grader to say. What cannot be read at all
raises `SubmissionUnreadable`, and costs only this submission.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from course.errors import SubmissionUnreadable, UnreadableAttempt
from course.quiz import answers
from course.quiz.answers import Attempt

__all__ = ["MOST_BYTES", "MOST_CELLS", "Cell", "Work", "read_work"]

MOST_BYTES = 50_000_000  # of one notebook; a large honest one, with its figures, has a tenth of it
MOST_CELLS = 20_000
MOST_CODE = 4_000_000  # characters of code in one notebook
MOST_ATTEMPTS = 20_000
DEEPEST = 50  # lists in lists in an answer; an honest one has three


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as handed in. `grade_id`: what its metadata claim to be; `id`: its id in the file, or ""."""

    kind: str
    text: str
    id: str = ""
    grade_id: str = ""


@dataclass(frozen=True)
class Work:
    """One learner's work on one chapter: all that scores depend on.

    notes: what was odd about the file, in words for the report. The scores stand all the same.
    """

    cells: tuple[Cell, ...]
    attempts: tuple[Attempt, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON-safe data, for the store."""
        return {
            "cells": [[cell.kind, cell.text, cell.id, cell.grade_id] for cell in self.cells],
            "attempts": [attempt.as_dict() for attempt in self.attempts],
            "notes": list(self.notes),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Work:
        """Return what `as_json` wrote."""
        return Work(
            tuple(Cell(*cell) for cell in data["cells"]),
            tuple(Attempt.from_dict(record) for record in data["attempts"]),
            tuple(data["notes"]),
        )


def read_work(notebook: bytes, beside: bytes | None = None, *, chapter: str) -> tuple[dict[str, Any], Work]:
    """Return the notebook as it is in the file (format 4), and the work that is in it.

    `beside` is the content of the answers file handed in with it. Only attempts at `chapter`'s items are taken.
    Raises `SubmissionUnreadable`.
    """
    if len(notebook) > MOST_BYTES:
        raise SubmissionUnreadable(f"the notebook has {len(notebook):,} bytes; at most {MOST_BYTES:,} are read")
    try:
        content = json.loads(notebook)
    except UnicodeDecodeError:
        raise SubmissionUnreadable("the notebook is not UTF-8") from None
    except ValueError as error:
        raise SubmissionUnreadable(f"the notebook is not JSON: {error}") from None
    except (RecursionError, MemoryError):
        raise SubmissionUnreadable("the notebook is nested too deeply to be one") from None
    if not isinstance(content, dict):
        raise SubmissionUnreadable("the file is JSON, and no notebook")
    raw = _format_4(content)
    if len(raw) > MOST_CELLS:
        raise SubmissionUnreadable(f"the notebook has {len(raw):,} cells; at most {MOST_CELLS:,} are read")
    notes: list[str] = []
    content["cells"] = [cell for cell in raw if _is_cell(cell)]
    if odd := len(raw) - len(content["cells"]):
        notes.append(f"{odd} of {len(raw)} cells are no cells and were left out")
    cells = tuple(_cell(cell) for cell in content["cells"])
    if sum(len(cell.text) for cell in cells if cell.kind == "code") > MOST_CODE:
        raise SubmissionUnreadable(f"the notebook has more than {MOST_CODE:,} characters of code")
    for cell in content["cells"]:
        _without_odd_answers(cell, notes)
    attempts, problems = _attempts(content["cells"], beside, chapter)
    notes += problems
    return content, Work(cells, attempts, tuple(notes))


def _format_4(content: dict[str, Any]) -> list[Any]:
    """Return the list of cells, of a notebook of format 3 too."""
    cells = content.get("cells")
    if isinstance(cells, list):
        version = content.get("nbformat", 4)
        if version != 4:
            raise SubmissionUnreadable(f"the notebook is of format {str(version)[:20]}; formats 3 and 4 are read")
        if not isinstance(content.get("metadata"), dict):
            content["metadata"] = {}
        return cells
    sheets = content.get("worksheets")
    if not isinstance(sheets, list):
        raise SubmissionUnreadable("the file is JSON, and no notebook: it has no list of cells")
    found: list[Any] = []
    for sheet in sheets:
        inside = sheet.get("cells") if isinstance(sheet, dict) else None
        found += [_from_format_3(cell) for cell in (inside if isinstance(inside, list) else ())]
    content.pop("worksheets")
    content |= {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    return found


def _from_format_3(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    kind = "markdown" if cell.get("cell_type") == "heading" else cell.get("cell_type")
    return cell | {"cell_type": kind, "source": cell.get("source", cell.get("input", "")), "outputs": []}


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return False
    source = cell.get("source")
    if isinstance(source, list):
        return all(isinstance(line, str) for line in source)
    return isinstance(source, str)


def _cell(cell: dict[str, Any]) -> Cell:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    # Half a character (a lone surrogate) is legal in JSON, and in nothing that comes after it.
    text = text.encode("utf-8", "replace").decode("utf-8")
    metadata = cell.get("metadata")
    record = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = record.get("grade_id") if isinstance(record, dict) else None
    return Cell(cell["cell_type"], text, _name(cell.get("id")), _name(grade_id))


def _name(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 200 and value.isprintable() else ""


def _without_odd_answers(cell: dict[str, Any], notes: list[str]) -> None:
    """Leave out of a quiz cell's record what no answer is, before anybody copies, compares or writes it."""
    outputs = cell.get("outputs")
    shown = [one.get("data") for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []
    for place, key in ((cell.get("metadata"), answers.METADATA), *((data, answers.MIME) for data in shown)):
        record = place.get(key) if isinstance(place, dict) else None
        if not isinstance(place, dict) or not isinstance(record, dict) or not (why := _odd(record)):
            continue
        notes.append(f"a record of the answers cannot be read: {why}")
        attempts, name = record.get("attempts"), record.get("quiz")
        kept = [one for one in attempts if not _odd(one)] if isinstance(attempts, list) else []
        place[key] = {"quiz": name if isinstance(name, str) else "", "attempts": kept}


def _odd(value: object) -> str:
    """Say why a value from JSON is none that can be handed on: nested too deeply, or with a number that is none."""
    level = [value]
    for _ in range(DEEPEST):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                below += one.values()
            elif isinstance(one, list):
                below += one
            elif isinstance(one, float) and not math.isfinite(one):
                return "it has a number that is none (NaN or Infinity)"
        if not below:
            return ""
        level = below
    return f"it is nested more than {DEEPEST} deep"


def _attempts(
    cells: Iterable[dict[str, Any]], beside: bytes | None, chapter: str
) -> tuple[tuple[Attempt, ...], list[str]]:
    inside = answers.from_cells(cells)
    problems: list[UnreadableAttempt] = list(inside.problems)
    collections = [inside.attempts]
    if beside is not None:
        if len(beside) > answers.MAX_FILE:
            problems.append(UnreadableAttempt(f"the answers file has {len(beside):,} bytes and is not read"))
        else:
            log = answers.read_text(beside)
            collections.append(tuple(one for one in log.attempts if not _odd(one.response)))
            problems += log.problems
            problems += [UnreadableAttempt(why) for one in log.attempts if (why := _odd(one.response))]
    own = f"{chapter}/"
    found = answers.merge(*([a for a in attempts if a.item.startswith(own)] for attempts in collections))
    notes = []
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        notes.append(f"a record of the answers cannot be read{more}: {problems[0].message}")
    if len(found) > MOST_ATTEMPTS:
        raise SubmissionUnreadable(f"there are {len(found):,} attempts at this chapter; at most {MOST_ATTEMPTS:,}")
    return found, notes
