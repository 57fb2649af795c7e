"""The notebook with its scores in it, as `autograded/` holds it: what formgrader shows and feedback is made from.

Graded cells are as they were handed out, whatever the submission made of them, and hold the outputs that the grader
gives them. Of other cells the learner's own outputs stay as far as they are harmless: text and pictures, bounded, and
no HTML, which would run in the instructor's browser. They are the learner's claim.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from course.grading.classfolder import Key, grade_id
from course.quiz.answers import METADATA

__all__ = ["autograded", "with_outputs"]

MOST_TEXT = 20_000  # characters of a cell's outputs
MOST_PICTURES = 4_000_000  # characters of base64 in one notebook
_PICTURE = re.compile(r'src="data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/=\s]+)"')

Outputs = Mapping[str, Sequence[Mapping[str, Any]]]


def autograded(key: Key, notebook: Mapping[str, Any], shown: Outputs) -> bytes:
    """Return the bytes of the graded notebook. `shown`: grade id → outputs of that cell, made by the grader."""
    left = [MOST_PICTURES]
    chosen = _chosen(key, notebook)
    cells: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    for number, cell in enumerate(notebook["cells"]):
        name = _claimed(cell)
        if chosen.get(name) == number:
            cells.append(_graded(key.cells[name], cell, shown.get(name), left))
            places[name] = len(cells)
        else:
            cells.append(_plain(cell, left))
    _put_back(key, cells, places, shown, left)
    _name_cells(cells)
    metadata = {
        name: key.released["metadata"][name]
        for name in ("kernelspec", "language_info", "course")
        if name in key.released["metadata"]
    }
    return _bytes({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def with_outputs(content: bytes, shown: Outputs) -> bytes:
    """Return a graded notebook with other scores in it. Raises `ValueError` where it is no notebook."""
    notebook = json.loads(content)
    for cell in notebook["cells"]:
        if (name := grade_id(cell)) in shown and cell["cell_type"] == "code":
            cell["outputs"] = list(shown[name])
    return _bytes(notebook)


def _bytes(notebook: Mapping[str, Any]) -> bytes:
    # Without indentation json is written by C, ten times as fast; nobody reads these files but programs.
    text = json.dumps(notebook, ensure_ascii=False, sort_keys=True) + "\n"
    return text.encode("utf-8", "backslashreplace")


def _claimed(cell: Mapping[str, Any]) -> str:
    record = cell.get("metadata", {}).get("nbgrader") if isinstance(cell.get("metadata"), dict) else None
    name = record.get("grade_id") if isinstance(record, dict) else None
    return name if isinstance(name, str) else ""


def _chosen(key: Key, notebook: Mapping[str, Any]) -> dict[str, int]:
    """Return which cell stands for each graded one: of several copies the first that was changed, else the first.

    So the grader took them. The text of a locked cell is ours, whatever its copies hold.
    """
    first: dict[str, int] = {}
    changed: dict[str, int] = {}
    for number, cell in enumerate(notebook["cells"]):
        name = _claimed(cell)
        if name not in key.cells:
            continue
        first.setdefault(name, number)
        solution = key.cells[name]["metadata"]["nbgrader"].get("solution")
        if solution and name not in changed and _text(cell).strip() != _text(key.cells[name]).strip():
            changed[name] = number
    return first | changed


def _graded(
    released: Mapping[str, Any], cell: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]] | None, left: list[int]
) -> dict[str, Any]:
    """Return a graded cell: the kind and the record it was handed out with, their text where it is theirs."""
    record = released["metadata"]["nbgrader"]
    metadata = dict(released["metadata"])
    theirs = cell.get("metadata")
    if isinstance(theirs, dict) and isinstance(theirs.get(METADATA), dict):
        metadata[METADATA] = theirs[METADATA]
    source = _text(cell) if record.get("solution") else _text(released)
    made = {"cell_type": released["cell_type"], "metadata": metadata, "source": source, "id": released.get("id", "")}
    if made["cell_type"] == "code":
        made["execution_count"] = None
        made["outputs"] = _harmless(cell, left) if outputs is None else list(outputs)
    return made


def _plain(cell: Mapping[str, Any], left: list[int]) -> dict[str, Any]:
    """Return a cell that has no points: its text, and its outputs as far as they are kept."""
    theirs = cell.get("metadata")
    metadata = {name: theirs[name] for name in ("tags",) if isinstance(theirs, dict) and _tags(theirs.get(name))}
    id = cell.get("id")
    made: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "metadata": metadata,
        "source": _text(cell),
        "id": id if isinstance(id, str) else "",
    }
    if made["cell_type"] == "code":
        count = cell.get("execution_count")
        made["execution_count"] = count if type(count) is int and count >= 0 else None
        made["outputs"] = _harmless(cell, left)
    return made


def _tags(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(tag, str) and len(tag) < 100 for tag in value)


def _put_back(key: Key, cells: list[dict[str, Any]], places: dict[str, int], shown: Outputs, left: list[int]) -> None:
    """Put graded cells that were deleted where they stood: after the graded cell that came before them."""
    last = 0
    for name, released in key.cells.items():
        if name in places:
            last = places[name]
            continue
        cells.insert(last, _graded(released, released, shown.get(name), left))
        last += 1
        for other, place in places.items():
            if place >= last:
                places[other] = place + 1


def _name_cells(cells: list[dict[str, Any]]) -> None:
    """Give each cell an id of its own, of the form that the format wants."""
    taken: set[str] = set()
    copies: dict[str, int] = {}
    for number, cell in enumerate(cells):
        wanted = re.sub(r"[^A-Za-z0-9_-]", "", cell["id"])[:60] or f"cell-{number}"
        name, stem = wanted, wanted[:52]
        while name in taken:
            copies[stem] = copies.get(stem, 1) + 1
            name = f"{stem}-{copies[stem]}"
        taken.add(name)
        cell["id"] = name


def _harmless(cell: Mapping[str, Any], left: list[int]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    text = MOST_TEXT
    outputs = cell.get("outputs")
    for output in outputs[:200] if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        said = _said(output)[:text]
        text -= len(said)
        kind = output.get("output_type")
        if kind in ("display_data", "execute_result"):
            data = _pictures(output.get("data"), left) | ({"text/plain": said} if said else {})
            if data:
                kept.append({"output_type": "display_data", "data": data, "metadata": {}})
        elif said:
            # Errors too become text: nbgrader reads an error in a cell as a failure of its own.
            kept.append({"output_type": "stream", "name": "stdout", "text": said})
    return kept


def _said(output: Mapping[str, Any]) -> str:
    if output.get("output_type") == "stream":
        return _joined(output.get("text"))
    if output.get("output_type") == "error":
        return _joined(output.get("evalue")) and f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}\n"
    data = output.get("data")
    return _joined(data.get("text/plain")) if isinstance(data, dict) else ""


def _joined(value: object) -> str:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else ""


def _pictures(data: object, left: list[int]) -> dict[str, str]:
    """Return the pictures of an output; those that the course's `show` puts into HTML are taken out of it."""
    if not isinstance(data, dict):
        return {}
    found = {kind: _joined(data.get(kind)) for kind in ("image/png", "image/jpeg")}
    if not any(found.values()):
        found |= {match[1]: match[2] for match in _PICTURE.finditer(_joined(data.get("text/html"))[:MOST_PICTURES])}
    kept = {}
    for kind, picture in found.items():
        if picture and len(picture) <= left[0] and re.fullmatch(r"[A-Za-z0-9+/=\s]+", picture):
            left[0] -= len(picture)
            kept[kind] = picture
    return kept


def _text(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
