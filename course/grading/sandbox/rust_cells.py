"""Rust cells of submissions, compiled: which cells are compiled together, and what was compiled before.

Compiling happens in a worker that has the compiler and nothing else. What it made is kept here, on the trusted side,
under the text it was made from: a class has many equal cells (the stub, the chapter's own, the solution that everybody
finds), and each is compiled once. Nothing a submission can write to is ever shared with another.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import json
import os
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from typing import Any

from course.errors import CourseError
from course.grading.sandbox.cells import rust_of
from course.grading.sandbox.compiler import STOPPED
from course.grading.sandbox.frames import Malformed, Reader, line, split
from course.grading.sandbox.jobs import Job
from course.grading.sandbox.worker import Lost, Zygote, memory_file
from course.rust import flags
from course.tasks import wire

__all__ = [
    "LARGEST_TOGETHER",
    "MOST",
    "REQUEST",
    "Compiled",
    "Library",
    "RustCell",
    "Shelf",
    "rust_cells",
    "with_reject",
]

SECONDS = 30.0  # wall seconds for one cell; the slowest honest ones (linfa, on a busy machine) need a few

MOST = 50  # Rust cells in one submission
_LARGEST = 16 << 20  # bytes of one library; honest ones have up to five million
LARGEST_TOGETHER = 128 << 20  # bytes of one submission's libraries
_KEPT = 256  # cells that are kept compiled, and the bytes they may have together
_KEPT_BYTES = 256 << 20
REQUEST = {"cpu": 25, "memory": 4 << 30, "file": 256 << 20, "processes": 32, "tmp": 512, "inodes": 4000}


class Library:
    """A compiled cell: a file in memory that nobody can change, closed when nobody uses it any more."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.fd = memory_file(data)

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)


@dataclass(frozen=True)
class Compiled:
    """What came of a cell. `problem`: why there is no library, in one line; `fault`: "machine" where it is ours."""

    library: Library | None = None
    codes: tuple[str, ...] = ()
    problem: str = ""
    fault: str = ""
    cpu: float = 0.0


@dataclass(frozen=True)
class RustCell:
    """A cell and those it uses: name and source of each, itself the last. `expect`: the error that is its lesson."""

    units: tuple[tuple[str, str], ...]
    flags: flags.CellFlags
    problem: str = ""


def rust_cells(cells: tuple[str, ...]) -> dict[int, RustCell]:
    """Find the Rust cells and what each is compiled with, as a notebook would that runs them in order."""
    found: dict[int, RustCell] = {}
    named: dict[str, tuple[tuple[str, str], ...]] = {}
    for number, cell in enumerate(cells):
        rust = rust_of(cell)
        if rust is None:
            continue
        if len(found) == MOST:
            found[number] = RustCell((("", ""),), flags.CellFlags(), f"there are more than {MOST} Rust cells")
            return found
        try:
            chosen = flags.parse(rust[0], known_cells=set(named))
        except CourseError as error:
            found[number] = RustCell((("", rust[1]),), flags.CellFlags(), line(error.message))
            continue
        units: dict[str, tuple[str, str]] = {}
        for name in chosen.use:
            units |= {unit[0]: unit for unit in named[name]}
        units.pop(chosen.name, None)
        all_ = (*units.values(), (chosen.name, rust[1]))
        found[number] = RustCell(all_, chosen)
        if chosen.name:
            named[chosen.name] = all_
    return found


def with_reject(job: Job, cells: dict[int, RustCell], source: str) -> RustCell | None:
    """Return the cell that defines the job's function, and after it a program: the inside of a `main`, or all of it."""
    defines = re.compile(rf"\bfn\s+{re.escape(job.function)}\b")
    for cell in reversed(cells.values()):
        if not cell.problem and defines.search(cell.units[-1][1]):
            text = source if "fn main" in source else f"fn main() {{\nlet _ = {{\n{source}\n}};\n}}"
            (*used, (name, own)) = cell.units
            return RustCell((*used, (name or "learner", own), ("rejected", text)), cell.flags)
    return None


class Shelf:
    """Compiled cells by their text, the most recently used kept; one thread compiles each, others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: collections.OrderedDict[str, Future[Compiled]] = collections.OrderedDict()

    def get(self, cell: RustCell, compiler: Zygote) -> Compiled:
        """Return a cell compiled, by this compiler if it has not been compiled before.

        Raises:
            Lost: the compiler's zygote has ended.
        """
        chosen = asdict(cell.flags.compile())
        text = json.dumps([cell.units, chosen], ensure_ascii=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        with self._lock:
            waiting = self._kept.get(key)
            mine = waiting is None
            if waiting is None:
                waiting = self._kept[key] = Future()
            self._kept.move_to_end(key)
            self._make_room()
        if not mine:
            return replace(waiting.result(), cpu=0.0)  # it has been counted
        try:
            compiled, keep = compile_cell(cell, chosen, compiler)
        except BaseException as error:
            with self._lock:
                self._kept.pop(key, None)
            waiting.set_exception(error)
            raise
        if not keep:
            with self._lock:
                self._kept.pop(key, None)
        waiting.set_result(compiled)
        with self._lock:
            self._make_room()
        return compiled

    def _make_room(self) -> None:
        """Let go of what has not been used for longest; who uses it still, holds it."""
        while len(self._kept) > _KEPT or self.size > _KEPT_BYTES:
            self._kept.popitem(last=False)

    @property
    def size(self) -> int:
        """Bytes of the libraries that are kept."""
        done = (one.result() for one in self._kept.values() if one.done() and one.exception() is None)
        return sum(one.library.size for one in done if one.library is not None)


def compile_cell(cell: RustCell, chosen: dict[str, Any], compiler: Zygote) -> tuple[Compiled, bool]:
    """Compile in a child of the compiler's zygote; also say whether the answer would be the same another time."""
    answer: list[bytes] = []
    begun: list[bool] = []

    def take(kind: bytes, body: bytes) -> None:
        if kind == b"A":
            answer[:] = [body]
        elif kind == b"S":
            begun.append(True)
        elif kind != b"E":
            raise Malformed

    units = [[name, source] for name, source in cell.units]
    payload = wire.encode({"units": units, "flags": chosen})
    child = compiler.fork(REQUEST, payload, [])
    until = time.monotonic() + SECONDS
    ending = child.watch(Reader(_LARGEST, _LARGEST + (1 << 20)), take, lambda: until)
    if ending.timed_out or not answer:
        if not ending.timed_out and (not begun or ending.status == 70):  # ours: nothing of a learner's runs there
            raise Lost(line(ending.words))
        why = "took too long" if ending.timed_out or ending.cpu >= REQUEST["cpu"] - 1 else "ended without an answer"
        return Compiled(codes=(STOPPED,), problem=f"the compiler {why}", cpu=ending.cpu), False
    try:
        head, blobs = split(answer[0])
    except Malformed:
        return Compiled(codes=(STOPPED,), problem="the compiler's answer cannot be read", cpu=ending.cpu), False
    if head.get("fault"):
        return Compiled(problem=line(head["fault"]), fault="machine", cpu=ending.cpu), False
    said = head.get("codes")
    codes = tuple(line(code, 20) for code in said if isinstance(code, str))[:20] if isinstance(said, list) else ()
    if STOPPED in codes:
        return Compiled(codes=codes, problem="the compiler needed more time or memory than a cell may take"), False
    if codes:
        return Compiled(codes=codes, problem=_refusal(codes, head.get("text")), cpu=ending.cpu), True
    library = Library(blobs[0]) if blobs and blobs[0] else None
    return Compiled(library=library, cpu=ending.cpu), True


def _refusal(codes: tuple[str, ...], text: object) -> str:
    """Say in one line what the compiler said."""
    first = next((row for row in str(text).splitlines() if row.startswith("error")), "") if text else ""
    said = line(first.partition(": ")[2] or first, 200)
    named = ", ".join(code for code in codes if re.fullmatch(r"E\d{4}", code))
    return f"the Rust cell does not compile{f' ({named})' if named else ''}{f': {said}' if said else ''}"
