"""Learners' notebook files: read with care, written whole.

These are plain dictionaries, not `nbformat` objects: a learner's file may come from any front end, and what we do not
understand must come out as it went in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course.errors import CourseError, NotebookUnreadable
from course.files import write_whole

__all__ = ["Cell", "Notebook", "parse_notebook", "read_notebook", "text_of", "write_notebook"]

Cell = dict[str, Any]
Notebook = dict[str, Any]


def read_notebook(path: Path) -> Notebook:
    """Read a notebook of format 4. Raises `NotebookUnreadable` saying why, and `CourseError` where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CourseError("there is no such notebook", place=str(path), help="course lab makes it again") from None
    except OSError as error:
        raise NotebookUnreadable(path, error.strerror or str(error)) from None
    return parse_notebook(content, path)


def parse_notebook(content: bytes, path: Path) -> Notebook:
    """Check that bytes are a notebook of format 4, and return it."""
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError) as error:
        # json says where it stopped ("line 3 column 1"); a decoding error says which byte.
        raise NotebookUnreadable(path, f"it is not JSON: {error}") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotebookUnreadable(path, "it has no list of cells")
    if notebook.get("nbformat") != 4:
        raise NotebookUnreadable(path, f"its format is {notebook.get('nbformat')!r}, not 4")
    for number, cell in enumerate(notebook["cells"], start=1):
        if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
            raise NotebookUnreadable(path, f"cell {number} has no type")
        source = cell.get("source")
        lines = isinstance(source, list) and all(isinstance(line, str) for line in source)
        if not isinstance(source, str) and not lines:
            raise NotebookUnreadable(path, f"cell {number} has no text")
        if not isinstance(cell.setdefault("metadata", {}), dict):
            raise NotebookUnreadable(path, f"the metadata of cell {number} are not a table")
    if not isinstance(notebook.setdefault("metadata", {}), dict):
        raise NotebookUnreadable(path, "its metadata are not a table")
    return notebook


def text_of(cell: Cell) -> str:
    """Return the text of a cell, whichever of the two forms the file uses."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def write_notebook(path: Path, notebook: Notebook) -> None:
    """Write a notebook the way JupyterLab saves one, whole or not at all."""
    cells = [cell | {"source": text_of(cell).splitlines(keepends=True)} for cell in notebook["cells"]]
    content = json.dumps(notebook | {"cells": cells}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    # A lone surrogate is legal in JSON and not in UTF-8: such a file is written with escapes instead.
    try:
        data = content.encode("utf-8")
    except UnicodeEncodeError:
        data = (json.dumps(notebook | {"cells": cells}, indent=1, sort_keys=True) + "\n").encode("ascii")
    write_whole(path, data)
