"""Read a chapter's Markdown source: cells with their line, language and attributes.

jupytext does the reading; this module adds what it does not tell (the line each cell begins on) and holds the
attributes that an author may write to a closed list:

    ```python solution="center-columns"            the learner writes this; the solution stands between
                                                   `# BEGIN SOLUTION` and `# END SOLUTION`
    ```rust solution="center-columns"              the same in Rust, `// BEGIN SOLUTION`
    ```python tests="center-columns" points=2      assertions on it, locked and worth points
    ```python id="slow-loop"                       a name that outlives edits, so that updates find the cell again
    ```rust long="one loop, read as a whole"       why this cell may have more lines than the rule cell-length allows
    ```rust magic_args="--expect E0502"            flags of %%rust
    ```rust .noeval                                a listing: shown, not run
    <!-- #region essay="why-rust" points=4 -->     free text, marked by hand; closed by <!-- #endregion -->
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import jupytext
from markdown_it import MarkdownIt

from course.chapters import Header, read_header
from course.errors import CourseError, UnknownName

__all__ = ["Cell", "Source", "optional", "read_source"]

ATTRIBUTES = ("solution", "tests", "essay", "points", "id", "tags", "magic_args", "long")
KERNEL = ("---", "jupyter:", "  kernelspec: {display_name: Python 3, language: python, name: python3}", "---")
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Cell:
    """One cell of a source: `kind` is "code" or "markdown", `language` "python", "rust" or "" (prose).

    line: the 1-based line of its first line of text; a fence stands on the line before.
    """

    kind: str
    text: str
    line: int
    language: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A chapter's source: its path, header and cells."""

    path: Path
    header: Header
    cells: tuple[Cell, ...]

    def at(self, cell: Cell) -> str:
        """Return `file:line` of a cell: of its fence, where its attributes stand, or of its first line of prose."""
        fenced = cell.kind == "code" or "essay" in cell.attributes
        return f"{self.path}:{cell.line - fenced}"


def read_source(path: Path) -> Source:
    """Read a chapter's source. Raises `CourseError` naming file and line for anything that cannot be built."""
    try:
        text = path.read_text("utf-8-sig")  # some editors begin a file with a byte order mark
    except FileNotFoundError:
        raise CourseError("there is no such chapter source", place=str(path), help="course dev new NN_topic") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise CourseError("the file is not UTF-8", place=f"{path}:{line}", help="save it as UTF-8") from None
    header = read_header(text, path=path)
    lines = text.splitlines()
    _refuse_open_fences(lines, path)
    cells: list[Cell] = []
    position = next(n for n, line in enumerate(lines) if n and line == "---") + 1
    # A header of ours: without a kernelspec, jupytext takes the commonest language of the file for the notebook's.
    body = "\n".join([*KERNEL, *lines[position:]])
    for cell in jupytext.reads(body, fmt="md").cells:
        if cell.cell_type == "markdown" and not cell.source.strip():
            continue  # blank lines
        first, position = _find(lines, cell.source, position)
        where = f"{path}:{first - (cell.cell_type == 'code')}"
        attributes = {name: value for name, value in cell.metadata.items() if name != "lines_to_next_cell"}
        if "incorrectly_encoded_metadata" in attributes:
            raise CourseError(
                f"the attributes of this cell cannot be read: {attributes['incorrectly_encoded_metadata']}",
                place=where,
                help='write them as name="value", separated by spaces',
            )
        for name in attributes:
            if name not in ATTRIBUTES:
                raise UnknownName("cell attribute", name, ATTRIBUTES, place=where)
        language = ""
        if cell.cell_type == "code":
            language = "rust" if cell.source.startswith("%%rust") else "python"
        made = Cell(cell.cell_type, cell.source, first, language, attributes)
        cells += [made] if cell.cell_type == "code" or attributes else _by_headings(made)
    source = Source(path, header, tuple(cells))
    _check_attributes(source)
    return source


def _by_headings(cell: Cell) -> list[Cell]:
    """Cut prose before each heading, so that JupyterLab can fold a section by the cell its heading begins."""
    lines = cell.text.split("\n")
    starts = sorted({0, *_headings(cell.text)})
    parts = [(start, "\n".join(lines[start:end]).strip("\n")) for start, end in pairwise([*starts, len(lines)])]
    return [replace(cell, text=text, line=cell.line + start) for start, text in parts if text.strip()]


def _headings(prose: str) -> dict[int, tuple[int, str]]:
    """Return the headings of a cell of prose: the line (0-based) that each begins on, its level and its text.

    They are those of CommonMark that can be folded: none in code, in a comment, in a list or in a quotation.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(prose)
    return {
        token.map[0]: (int(token.tag[1]), tokens[number + 1].content.strip())
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    }


def optional(cells: Iterable[tuple[str, str]]) -> list[bool]:
    """Say of each cell, given as its kind and its text, whether it is optional.

    That is what JupyterLab folds with a heading that begins with the word `Optional`: up to the next heading of its
    level or a higher one. A cell with a heading further down (an essay) is what it begins as.
    """
    found, folded = [], 0  # folded: the level of the Optional heading that we are below, 0 where there is none
    for kind, text in cells:
        begins = bool(folded)
        for line, (level, title) in _headings(text).items() if kind == "markdown" else ():
            if not folded or level <= folded:
                folded = level if re.match(r"Optional\b", title) else 0
            if not "".join(text.split("\n")[:line]).strip():
                begins = bool(folded)
        found.append(begins)
    return found


def _find(lines: list[str], cell: str, position: int) -> tuple[int, int]:
    """Return the 1-based line a cell's text begins on, searching from `position`, and where to search next.

    A `%%rust` line of the cell stands for its fence, so the second line is looked for instead.
    """
    wanted = [line for line in cell.splitlines() if line.strip() and not line.startswith("%%")]
    if not wanted:
        return min(position + 1, len(lines)), position
    for number in range(position, len(lines)):
        if lines[number].strip() == wanted[0].strip():
            return number + 1, min(number + len(cell.splitlines()), len(lines))
    return min(position + 1, len(lines)), position


def _refuse_open_fences(lines: list[str], path: Path) -> None:
    opened: tuple[str, int] | None = None
    for number, line in enumerate(lines, start=1):
        fence = re.match(r"(`{3,}|~{3,})", line)
        if not fence:
            continue
        if opened is None:
            opened = (fence[1], number)
        elif line.rstrip() == opened[0]:
            opened = None
    if opened:
        raise CourseError(
            "this code fence is never closed", place=f"{path}:{opened[1]}", help=f"close it with {opened[0]}"
        )


def _check_attributes(source: Source) -> None:
    """Hold ids to slugs, unique in the chapter, and points to cells that can earn them."""
    seen: dict[tuple[str, str], Cell] = {}
    for cell in source.cells:
        roles = [name for name in ("solution", "tests", "essay") if name in cell.attributes]
        if len(roles) > 1:
            raise CourseError(
                f"a cell cannot be both {roles[0]} and {roles[1]}", place=source.at(cell), help="split it in two cells"
            )
        for name in (*roles, *(["id"] if "id" in cell.attributes else [])):
            value = cell.attributes[name]
            if not isinstance(value, str) or not SLUG.fullmatch(value):
                raise CourseError(
                    f"{name}={value!r} is not a slug",
                    place=source.at(cell),
                    help='write lower-case words with hyphens: "center-columns"',
                )
            if other := seen.get((name, value)):
                raise CourseError(
                    f'{name}="{value}" is used twice',
                    place=source.at(cell),
                    help=f"the first is at line {other.line}; give one of them another name",
                )
            seen[name, value] = cell
        points = cell.attributes.get("points")
        if roles and roles[0] != "solution":
            if not isinstance(points, int | float) or isinstance(points, bool) or points < 0:
                raise CourseError(
                    f"a cell with {roles[0]}=… says how many points it is worth",
                    place=source.at(cell),
                    help="add points=2",
                )
        elif points is not None:
            raise CourseError(
                "only cells with tests=… or essay=… have points",
                place=source.at(cell),
                help="move it to the tests cell",
            )
        reason = cell.attributes.get("long", "a reason")
        if not isinstance(reason, str) or len(reason.split()) < 2:
            raise CourseError(
                f"long={reason!r} gives no reason", place=source.at(cell), help="say in words why the cell stays whole"
            )
        if "essay" in roles and cell.kind != "markdown":
            raise CourseError("an essay is free text", place=source.at(cell), help="put it in a <!-- #region --> cell")
        if roles and roles[0] in ("solution", "tests") and cell.kind != "code":
            raise CourseError(f"{roles[0]}=… belongs on a code fence", place=source.at(cell), help="move it there")
    for (name, value), cell in seen.items():
        if name == "tests" and ("solution", value) not in seen:
            known = [other for role, other in seen if role == "solution"]
            raise UnknownName("solution cell", value, known, place=source.at(cell))
