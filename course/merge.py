"""Merge what changed in a chapter with what its learner changed, cell by cell.

Three copies meet: *base*, what was handed out; *theirs*, the chapter as it is now; *mine*, the learner's. Cells are
matched by id; a cell whose text changed may have a new id (the build hashes the text), so a cell that went and one
that came at the same place are taken for the same cell where they are alike.

    theirs changed, mine did not     theirs; the outputs go with the old text
    mine changed, theirs did not     mine, outputs and all
    both changed the same way        mine, outputs and all
    both changed                     a conflict: mine stays, theirs follows as a marked Markdown cell, never run
    theirs deleted, mine unchanged   deleted, unless it holds answers
    theirs deleted, mine changed     mine stays
    mine deleted, theirs unchanged   stays deleted
    mine deleted, theirs changed     theirs comes back
    added by the learner             stays after the cell it stood after

The text of a learner's cell and an attempt at a question are never lost; property tests hold that.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from course.notebook_file import Cell, Notebook, text_of

__all__ = ["QUIZ_KEY", "Merged", "attempts_in", "carry_answers", "merge", "union_of_attempts"]

QUIZ_KEY = "course_quiz"  # the cell metadata in which the quiz widget keeps attempts

ALIKE = 0.6  # the share of text two cells must have in common to be taken for one that was edited


@dataclass
class Merged:
    """A merged notebook, and the ids of the cells that changed, by what happened to them."""

    notebook: Notebook
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Deleted in the chapter, and kept because the learner had changed or answered them."""
    returned: list[str] = field(default_factory=list)
    """Deleted by the learner, and back because the chapter changed them."""
    conflicts: list[str] = field(default_factory=list)
    """Changed on both sides: ids of the learner's cells; the other version stands right after each."""

    def place_of(self, id: str) -> str:
        """Return where a cell is, for a person: its number and how it begins."""
        for number, cell in enumerate(self.notebook["cells"], start=1):
            if cell["id"] == id:
                first = next((line.strip() for line in text_of(cell).splitlines() if line.strip()), "empty")
                return f"cell {number} ({first[:50]})"
        return f"cell {id}"


def merge(base: Notebook, theirs: Notebook, mine: Notebook) -> Merged:
    """Return the learner's notebook with the chapter's changes. None of the three is changed."""
    old, new, own = (copy.deepcopy(notebook["cells"]) for notebook in (base, theirs, mine))
    _give_ids(old, [])
    _give_ids(new, old)
    _give_ids(own, old)
    _follow_renamed(old, new, own)
    b, t, m = ({cell["id"]: cell for cell in cells} for cells in (old, new, own))

    minor = mine.get("nbformat_minor")
    merged = Merged(copy.deepcopy(mine) | {"nbformat_minor": max(5, minor) if isinstance(minor, int) else 5})
    cells: dict[str, Cell] = {}
    after: dict[str, Cell] = {}  # the chapter's version, by the id of the learner's cell it follows
    for id in t:
        if id in m:
            cells[id] = _both(id, b.get(id), t[id], m[id], merged, after)
        elif id not in b:
            cells[id] = t[id]
            merged.added.append(id)
        elif not _same(b[id], t[id]):
            cells[id] = t[id]
            merged.returned.append(id)
    for id in m:
        if id in t:
            continue
        if id in b and _same(b[id], m[id]) and not attempts_in(m[id]):
            merged.deleted.append(id)
            continue
        cells[id] = m[id]
        if id in b:
            # It is the learner's own from here on: a grade id the chapter does not know would stop nbgrader.
            for name in ("nbgrader", "deletable", "editable"):
                cells[id]["metadata"].pop(name, None)
            merged.kept.append(id)

    ordered: list[Cell] = []
    for id in _order(list(b), list(t), list(m), cells):
        ordered.append(cells[id])
        if id in after and after[id]["id"] not in cells:
            ordered.append(after[id])
    merged.notebook["cells"] = ordered
    merged.notebook["metadata"] = _three_way(
        base["metadata"], theirs["metadata"], mine["metadata"], theirs_win="course"
    )
    return merged


def carry_answers(fresh: Notebook, mine: Notebook) -> tuple[Notebook, int]:
    """Return a fresh notebook whose quiz cells hold the attempts of the learner's, and how many there are.

    A cell is found by id, else by the quiz it answers; attempts of a cell that no longer exists stay where they are.
    """
    notebook = copy.deepcopy(fresh)
    carried: set[str] = set()
    for old in mine["cells"]:
        if not attempts_in(old):
            continue
        quiz = old["metadata"][QUIZ_KEY].get("quiz")
        for cell in notebook["cells"]:
            same_quiz = isinstance(quiz, str) and cell["cell_type"] == "code" and f'"{quiz}"' in text_of(cell)
            if cell.get("id") == old.get("id") or same_quiz:
                metadata = cell["metadata"]
                metadata[QUIZ_KEY] = union_of_attempts(metadata.get(QUIZ_KEY), old["metadata"][QUIZ_KEY])
                carried.update(map(_attempt_id, attempts_in(cell)))
                break
    return notebook, len(carried)


def attempts_in(cell: Cell) -> list[Any]:
    """Return the attempts that the quiz widget kept in a cell."""
    record = cell["metadata"].get(QUIZ_KEY)
    attempts = record.get("attempts") if isinstance(record, dict) else None
    return attempts if isinstance(attempts, list) else []


def union_of_attempts(theirs: Any, mine: Any) -> Any:
    """Unite two `course_quiz` records: every attempt of both once, in order; the rest as the learner has it."""
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return theirs if mine is None else mine
    attempts: dict[str, Any] = {}
    for record in (theirs, mine):
        listed = record.get("attempts")
        for attempt in listed if isinstance(listed, list) else []:
            attempts.setdefault(_attempt_id(attempt), attempt)
    return {**theirs, **mine} | ({"attempts": list(attempts.values())} if attempts else {})


def _attempt_id(attempt: Any) -> str:
    id = attempt.get("attempt") if isinstance(attempt, dict) else None
    return id if isinstance(id, str) else json.dumps(attempt, sort_keys=True)


def _same(one: Cell, other: Cell) -> bool:
    """Tell whether two cells say the same, whatever their outputs and metadata."""
    return (
        one["cell_type"] == other["cell_type"]
        and text_of(one).rstrip("\n") == text_of(other).rstrip("\n")
        and (one.get("attachments") or {}) == (other.get("attachments") or {})
    )


def _both(id: str, old: Cell | None, new: Cell, own: Cell, merged: Merged, after: dict[str, Cell]) -> Cell:
    """Return the cell that both copies have, and note what happened to it."""
    metadata = _three_way(old["metadata"] if old else {}, new["metadata"], own["metadata"], theirs_win="nbgrader")
    if _same(own, new):
        return own | {"metadata": metadata}
    if old is not None and _same(own, old):
        merged.changed.append(id)
        return new | {"metadata": metadata}
    if old is None or not _same(new, old):
        merged.conflicts.append(id)
        after[id] = _marked(id, new)
    return own | {"metadata": metadata}


def _marked(id: str, new: Cell) -> Cell:
    """Return the chapter's version of a cell as Markdown: it can be read and copied, and Run All passes over it."""
    text = text_of(new)
    digest = hashlib.sha256(f"{id}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    head = "**The course changed the cell above, and so did you.** Yours is as you left it; this is the new one. "
    head += "Take from it what you want, then delete this cell.\n\n"
    if new["cell_type"] == "code":
        fence = "`" * max(3, 1 + max((len(run) for run in _runs_of_backticks(text)), default=0))
        body = f"{fence}{'rust' if text.startswith('%%rust') else 'python'}\n{text}\n{fence}"
    else:
        body = "\n".join(f"> {line}" for line in text.splitlines())
    metadata = {"course_update": {"conflict": id}, "tags": ["course-conflict"]}
    return {"cell_type": "markdown", "id": f"update-{digest}", "metadata": metadata, "source": head + body}


def _runs_of_backticks(text: str) -> list[str]:
    return ["`" * len(run) for run in "".join(c if c == "`" else " " for c in text).split()]


def _three_way(old: Any, new: Any, own: Any, *, theirs_win: str) -> dict[str, Any]:
    """Merge metadata key by key; `theirs_win` is the key that belongs to the course alone."""
    result: dict[str, Any] = {}
    for name in [*new, *(name for name in own if name not in new)]:
        if name == QUIZ_KEY:
            result[name] = union_of_attempts(new.get(name), own.get(name))
        elif name == theirs_win:
            if name in new:
                result[name] = new[name]
        elif name not in own:
            # Taken out by the learner, or new in the chapter.
            if name not in old or old[name] != new[name]:
                result[name] = new[name]
        elif name not in new:
            # Taken out of the chapter, or put in by the learner.
            if name not in old or old[name] != own[name]:
                result[name] = own[name]
        else:
            result[name] = new[name] if name in old and own[name] == old[name] else own[name]
    return result


def _give_ids(cells: list[Cell], known: list[Cell]) -> None:
    """Make every cell's id a string of its own; a cell without one gets that of the known cell that says the same."""
    taken: set[str] = set()
    lost: list[Cell] = []
    for cell in cells:
        id = cell.get("id")
        if isinstance(id, str) and id and id not in taken:
            taken.add(id)
        else:
            lost.append(cell)
    for cell in lost:
        twin = next((k["id"] for k in known if k["id"] not in taken and _twins(k, cell)), None)
        text, copy_number = text_of(cell), 0
        while twin is None or twin in taken:
            material = f"{cell['cell_type']}\n{text}\n{copy_number}".encode("utf-8", "surrogatepass")
            twin, copy_number = f"own-{hashlib.sha256(material).hexdigest()[:12]}", copy_number + 1
        cell["id"] = twin
        taken.add(twin)


def _twins(known: Cell, cell: Cell) -> bool:
    record, other = known["metadata"].get("nbgrader"), cell["metadata"].get("nbgrader")
    if isinstance(record, dict) and isinstance(other, dict) and record.get("grade_id") is not None:
        return bool(record.get("grade_id") == other.get("grade_id"))
    return _same(known, cell)


def _follow_renamed(old: list[Cell], new: list[Cell], own: list[Cell]) -> None:
    """Give a cell that the chapter edited its new id in the old copies too, so that all three speak of one cell."""
    before = {cell["id"] for cell in old}
    now = {cell["id"] for cell in new}
    held = {cell["id"] for cell in own}
    gone: dict[str | None, list[Cell]] = {}  # by the surviving cell they stood after
    anchor = None
    for cell in old:
        if cell["id"] in now:
            anchor = cell["id"]
        else:
            gone.setdefault(anchor, []).append(cell)
    renamed: dict[str, str] = {}
    anchor = None
    for cell in new:
        if cell["id"] in before:
            anchor = cell["id"]
            continue
        if cell["id"] in held:
            continue
        alike = [(_likeness(candidate, cell), -place) for place, candidate in enumerate(gone.get(anchor, []))]
        best, place = max(alike, default=(0.0, 0))
        if best >= ALIKE:
            renamed[gone[anchor].pop(-place)["id"]] = cell["id"]
    for cell in (*old, *own):
        cell["id"] = renamed.get(cell["id"], cell["id"])


def _likeness(one: Cell, other: Cell) -> float:
    if one["cell_type"] != other["cell_type"]:
        return 0.0
    return difflib.SequenceMatcher(None, text_of(one).split(), text_of(other).split(), autojunk=False).ratio()


def _order(b: list[str], t: list[str], m: list[str], cells: dict[str, Cell]) -> list[str]:
    """Return the ids of `cells` in the learner's order, or in the chapter's where that moved cells."""
    in_t, in_b = set(t), set(b)
    if [id for id in b if id in in_t] == [id for id in t if id in in_b]:
        order = [id for id in m if id in cells]
        others = [id for id in t if id in cells]
    else:
        order = [id for id in t if id in cells]
        others = [id for id in m if id in cells]
    placed = set(order)
    before: str | None = None
    for id in others:
        if id not in placed:
            at = order.index(before) + 1 if before is not None else 0
            # What the learner wrote below a cell stays right below it, and the chapter's new cell comes after.
            while id in in_t and at < len(order) and order[at] not in in_t:
                at += 1
            order.insert(at, id)
            placed.add(id)
        before = id
    return order
