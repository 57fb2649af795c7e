"""Outputs recorded on the reference machine, for readers without Rust.

`record` runs a chapter with its solutions and keeps what the cells that need Rust show: `%%rust` cells, and the
Python cells that use, directly or through other cells, a name such a cell defines. The file
`notebooks/recorded/NN_topic.json` is committed; `stale` says which cells changed since.

Cells that import Python's torch, and those that use what it gave them, are recorded as well: it is an extra of 5 GB.

In a notebook, `install` makes the difference: where a `%%rust` cell cannot run (no compiler, or crates that cannot
be built), its recording is shown, labelled with date and machine, and the names it would have defined become
stand-ins. A Python cell that uses a stand-in shows its own recording in turn. A Rust cell that was not recorded, which
the reader wrote or changed, says in a line that it needs Rust, and Run All goes on; what it would have defined
raises `RustMissing` when it is called, and so ends only a cell of the reader's own that depends on it.
"""

from __future__ import annotations

import ast
import datetime
import functools
import hashlib
import html
import importlib.util
import json
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.chapters import Chapter, Course
from course.errors import CourseError, CratesNotBuilt, RustMissing, UsageMistake
from course.files import write_whole
from course.rust import flags

__all__ = ["StandIn", "install", "needing_rust", "record", "refusal", "stale"]

FUNCTION = re.compile(r"^(?:pub\s+)?fn\s+(\w+)", re.MULTILINE)
EXTRA = frozenset({"torch", "safetensors"})
"""Modules of the extra `torch`: a cell that imports one is recorded, for readers who have not installed it."""
KEPT_TYPES = ("text/html", "text/plain", "text/markdown", "image/png", "image/svg+xml")


@dataclass(frozen=True)
class RustCell:
    """A cell that needs Rust: its id and text, the names it uses and sets, and whether the reader writes it."""

    id: str
    text: str
    uses: frozenset[str]
    sets: frozenset[str]
    written_by_reader: bool

    @property
    def key(self) -> str:
        """What its recording is found by."""
        return key_of(self.text)


def key_of(text: str) -> str:
    """Return the key of a cell's text; white space at line ends and around the cell does not count."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def needing_rust(notebook: Any) -> list[RustCell]:
    """Return the code cells of a notebook that need Rust, found by the names that flow from cell to cell."""
    from_rust: set[str] = set()
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        text = cell.source
        if text.startswith("%%rust"):
            uses, sets = set[str](), set(FUNCTION.findall(text)) - {"main"}
        else:
            uses, sets = _names(text)
            alone = not uses & from_rust and not imported(text) & EXTRA
            if alone and not re.search(r"^\s*%rust\b", text, re.MULTILINE):
                from_rust -= sets
                continue
        from_rust |= sets
        grader = cell.metadata.get("nbgrader", {})
        by_reader = bool(grader.get("solution") or (grader.get("grade") and cell.id.endswith("-tests")))
        found.append(RustCell(cell.id, text, frozenset(uses), frozenset(sets), by_reader))
    return found


def _tree(text: str) -> ast.Module:
    """Parse a Python cell, its magics left out; what is no Python is an empty module."""
    plain = "\n".join("" if re.match(r"\s*[%!]", line) else line for line in text.splitlines())
    try:
        return ast.parse(plain)
    except SyntaxError:
        return ast.Module([], [])


def imported(text: str) -> set[str]:
    """Return the packages that a Python cell imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _names(text: str) -> tuple[set[str], set[str]]:
    """Return the names a Python cell reads from outside itself, and those it sets at top level."""
    uses: set[str] = set()
    sets: set[str] = set()
    for statement in _tree(text).body:
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            read.add(statement.target.id)
        uses |= read - sets
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            sets.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            sets |= {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
        else:
            sets |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return uses, sets


def record(course: Course, chapter: Chapter) -> int:
    """Run a chapter with its solutions and write its recording; return how many cells it has.

    Raises `CourseError` where a cell fails: a recording never holds an error that a reader would not see.
    """
    from course.build import released, solved  # not for notebooks: they would wait half a second for jupytext
    from course.checks.running import execute, failures

    as_learners_get_it = released(course, chapter)
    cells = [cell for cell in needing_rust(as_learners_get_it) if not cell.written_by_reader]
    if not cells:
        chapter.recording.unlink(missing_ok=True)
        return 0
    ran = execute(solved(course, chapter), course, chapter)
    if failed := failures(ran):
        cell, name, message = failed[0]
        raise CourseError(
            f"the cell raises {name}: {message.splitlines()[0] if message else ''}",
            place=f"{chapter.name}, cell {cell['id']}",
            help=f"course dev check {chapter.name}",
        )
    outputs = {cell["id"]: cell.outputs for cell in ran.cells if cell.cell_type == "code"}
    content = {
        "schema": 1,
        "chapter": chapter.name,
        "recorded": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "machine": _machine(),
        "cells": {
            cell.key: {"cell": cell.id, "sets": sorted(cell.sets), "outputs": list(_kept(outputs[cell.id]))}
            for cell in cells
        },
    }
    write_whole(chapter.recording, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return len(cells)


def _kept(outputs: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield what a reader sees of a cell's outputs: text, HTML and pictures; no widget state, no execution counts."""
    for output in outputs:
        if output.output_type == "stream":
            yield {"stream": output.name, "text": output.text}
        elif data := {kind: output.data[kind] for kind in KEPT_TYPES if kind in output.get("data", {})}:
            yield {"data": data}


def _machine() -> dict[str, str]:
    from course.rust import toolchain

    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "rustc": toolchain.find().version,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def stale(course: Course, chapters: list[Chapter]) -> list[tuple[str, str]]:
    """Return what is wrong with the recordings of `chapters`: place and message, nothing where all are current."""
    from course.build import released
    from course.notebook import links_to_chapters

    found, links = [], links_to_chapters(course)
    for chapter in chapters:
        cells = {c.key: c for c in needing_rust(released(course, chapter)) if not c.written_by_reader}
        there = _read(chapter.recording)["cells"] if chapter.recording.is_file() else {}
        place = f"notebooks/recorded/{chapter.recording.name}"
        for key in cells.keys() - there.keys():
            found.append((f"{chapter.name}, cell {cells[key].id}", "changed since it was recorded"))
        for key in cells.keys() & there.keys():
            if any(line != now for line, now in _helps_under_errors(there[key], links)):
                what = "our help under its error has another wording now"
                found.append((f"{chapter.name}, cell {cells[key].id}", what))
        for key in there.keys() - cells.keys():
            found.append((place, f"holds the cell {there[key]['cell']}, which is gone"))
    return sorted(found)


def _helps_under_errors(recorded: dict[str, Any], links: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each line of ours under an error that a recorded cell shows, and what would be written there now."""
    from course.rust.explain import help_line

    for output in recorded["outputs"]:
        text = output.get("data", {}).get("text/plain", "")
        errors = re.findall(r"^error\[(E\d{4})\]: (.*)\n((?:.+\n)*)", text, re.MULTILINE)
        for line, code in re.findall(r"^(help: .* \((E\d{4})\).*)$", text, re.MULTILINE):
            message, drawing = next(((m, d) for c, m, d in errors if c == code), ("", ""))
            see = f"; see {links[code][0]}" if code in links else ""
            yield line, f"help: {help_line(code, message, drawing)} ({code}){see}"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
        assert isinstance(content["cells"], dict)
    except (ValueError, KeyError, AssertionError, OSError):
        raise CourseError(
            "the recording cannot be read", place=str(path), help=f"course dev record {path.stem}"
        ) from None
    assert isinstance(content, dict)
    return content


class StandIn:
    """Stands for a value that a cell would have computed with Rust. Any use of it raises `RustMissing`."""

    def __init__(self, name: str, why: str) -> None:
        object.__setattr__(self, "_StandIn__name", name)
        object.__setattr__(self, "_StandIn__why", why)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        what, mend = ("Rust", "`course doctor --fix` adds Rust")
        if "torch" in self.__why:
            what, mend = ("torch", "`uv sync --extra torch` adds torch (about 5 GB on Linux x86-64)")
        raise RustMissing(
            f"`{self.__name}` comes from a cell that needs {what}: {self.__why}",
            help=f"the cells as they came show what was recorded; to run your own, {mend}",
        )

    __call__ = __getitem__ = __iter__ = __len__ = __bool__ = __array__ = __float__ = __int__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __abs__ = __setitem__ = _refuse
    __hash__ = None  # type: ignore[assignment]  # what cannot be compared cannot be a key

    def __getattr__(self, name: str) -> Any:
        # IPython asks every object for its display methods; a stand-in has none.
        if name.startswith("_") and (name.endswith("_") or "repr" in name):
            raise AttributeError(name)
        return self._refuse()

    def __repr__(self) -> str:
        return f"<{self.__name}: recorded, not computed here ({self.__why})>"


def refusal(value: object) -> RustMissing | None:
    """Return what using a value would raise where it is a stand-in; None where it is anything else."""
    if not isinstance(value, StandIn):
        return None
    try:
        value()
    except RustMissing as error:
        return error
    raise AssertionError(value)


class _Player:
    """Shows recordings in one notebook's kernel."""

    def __init__(self, shell: Any, course: Course) -> None:
        self.shell = shell
        self.course = course
        self.why = "there is no Rust on this machine"
        self.not_run: set[str] = set()  # names of cells, as in --name, that other cells cannot use

    @functools.cached_property
    def cells(self) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
        """Every recorded cell by key, with the recording it is from."""
        files = [_read(path) for path in sorted(self.course.recordings.glob("*.json"))]
        return {key: (cell, recording) for recording in files for key, cell in recording["cells"].items()}

    def play(self, key: str) -> None:
        """Show a recorded cell and put stand-ins where it would have set names."""
        from IPython.display import HTML, display, publish_display_data

        cell, recording = self.cells[key]
        display(HTML(self._label(recording)), metadata={"course": {"recorded": recording["recorded"]}})
        for output in cell["outputs"]:
            if "stream" in output:
                print(output["text"], end="")
            else:
                publish_display_data(output["data"])
        for name in cell["sets"]:
            self.shell.user_ns[name] = StandIn(name, self.why)

    def _label(self, recording: dict[str, Any]) -> str:
        machine = recording["machine"]
        text = f"Recorded on {recording['recorded']}: {machine['processor']}, {machine['rustc'].partition(' (')[0]}."
        return _note(
            f"{html.escape(text)} Not run here: {html.escape(self.why)} "
            "(<code>course doctor</code> says how to mend it)."
        )

    def pass_over(self, cell: str) -> None:
        """Say that a cell of the reader's own needs Rust, and put stand-ins where it would have defined functions."""
        from IPython.display import display

        names = sorted(set(FUNCTION.findall(cell)) - {"main"})
        for name in names:
            self.shell.user_ns[name] = StandIn(name, self.why)
        also = f" {_listed(names)} can be called once it has run." if names else ""
        text = f"Not run: this cell is Rust of your own, and {self.why}."
        mend = "`course doctor` says how to add what it needs."
        content = html.escape(f"{text}{also} {mend}").split("`")
        marked = "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(content))
        display({"text/html": _note(marked), "text/plain": f"{text}{also} {mend}"}, raw=True)

    def rust_cell(self, line: str, cell: str, run: Any) -> Any:
        """Run a `%%rust` cell; where that cannot be, show its recording."""
        try:
            result = run(line, cell)
        except (RustMissing, CratesNotBuilt) as error:
            self.why = error.message
        except UsageMistake:
            if self.not_run.isdisjoint(flags.parse(line).use):
                raise  # it is the line that is wrong, and not that a cell which it names could not run
        else:
            self.not_run.discard(flags.parse(line).name)
            return result
        self.not_run.add(flags.parse(line).name)
        key = key_of(f"%%rust {line}".rstrip() + f"\n{cell}")
        return self.play(key) if key in self.cells else self.pass_over(cell)

    def python_cell(self, lines: list[str]) -> list[str]:
        """Replace a Python cell that uses a stand-in by the showing of its recording (an IPython input transformer)."""
        text = "".join(lines)
        namespace = self.shell.user_ns
        extra = "import" in text and not text.startswith("%%") and imported(text) & EXTRA
        lacking = sorted(name for name in extra or () if importlib.util.find_spec(name) is None)
        if text.startswith("%%") or not (lacking or any(isinstance(v, StandIn) for v in namespace.values())):
            return lines
        uses, _ = _names(text)
        key = key_of(text)
        if key in self.cells and (lacking or any(isinstance(namespace.get(name), StandIn) for name in uses)):
            if lacking:
                self.why = f"Python's {' and '.join(lacking)} is not installed"
            return [f"get_ipython().course_recordings.play({key!r})\n"]
        return lines


def _note(content: str) -> str:
    return (
        '<p style="border-left:3px solid var(--jp-warn-color1,#b35900);padding:.2em .7em;margin:.3em 0;'
        f'color:var(--jp-content-font-color2,#555);font-size:.9em">{content}</p>'
    )


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def install(shell: Any) -> None:
    """Let a notebook's shell show recordings where Rust is missing. `%%rust` must be registered already."""
    if hasattr(shell, "course_recordings"):
        return
    player = _Player(shell, Course.find())
    shell.course_recordings = player
    run = shell.magics_manager.magics["cell"]["rust"]

    @functools.wraps(run)
    def rust(line: str, cell: str) -> Any:
        return player.rust_cell(line, cell, run)

    shell.magics_manager.magics["cell"]["rust"] = rust
    shell.input_transformers_cleanup.append(player.python_cell)
