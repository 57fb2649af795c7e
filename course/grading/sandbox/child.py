"""The child that runs one submission: its cells, then the calls. It reports; it judges nothing."""

from __future__ import annotations

import ast
import io
import linecache
import os
import socket
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course import errors
from course.grading.sandbox.cells import python_of, rust_of
from course.grading.sandbox.frames import frame, head_and_body, line
from course.rust.call import CellLibrary, RustFunction
from course.rust.signature import read_cell
from course.tasks import wire
from course.tasks.calling import failed

__all__ = ["work"]

_TEXT = 64 * 1024  # characters of one cell's output that are kept
_FIGURES = 20  # figures of one submission that are kept
_FIGURE = 2 << 20  # bytes of one figure


class _Sink(io.TextIOBase):
    """Standard output: what is printed is kept up to a bound, or not at all."""

    encoding = "utf-8"

    def __init__(self, keep: bool) -> None:
        super().__init__()
        self.left = _TEXT if keep else 0
        self.parts: list[str] = []
        self.buffer = Path(os.devnull).open("wb")  # noqa: SIM115 - as long as the process

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)
        return len(text)

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts, self.left = [], _TEXT
        return text


@dataclass(frozen=True)
class _Stop:
    """Why a cell did not run to its end: one line, and the name that was missing, if one was."""

    problem: str
    missing: str = ""


def work(fds: list[int], names: dict[str, Any]) -> None:
    """Do the job that the payload holds, and report on the socket."""
    channel = socket.socket(fileno=fds[0])
    send: Callable[[bytes], None] = channel.sendall
    job = wire.decode(os.pread(fds[1], os.fstat(fds[1]).st_size, 0))
    _use_threads(job["threads"])
    sink = _Sink(job["outputs"])
    sys.stdout = sys.stderr = sink
    sys.stdin = io.StringIO()
    main = types.ModuleType("__main__")
    main.__dict__.update(names)
    sys.modules["__main__"] = main
    space = main.__dict__
    send(frame(b"S"))
    first = _Stop("")
    for number, cell in enumerate(job["cells"], 1):
        stop = _run_cell(number, cell, job, fds, space)
        if job["outputs"]:
            send(frame(b"O", _shown(number, sink, stop)))
        if stop is not None:
            first = first if first.problem else stop
            if not job["lenient"]:
                send(frame(b"P", head_and_body({"problem": stop.problem, "missing": stop.missing})))
                return
    send(frame(b"C", head_and_body({"problem": first.problem, "missing": first.missing})))
    if job["function"]:
        function, why = _find(job["function"], job["language"], space, job["rust"])
        for number in range(job["start"], len(job["cases"])):
            send(frame(b"B", number.to_bytes(4, "big")))
            send(frame(b"R", _call(number, function, why, job["cases"][number])))
    send(frame(b"E"))


def _use_threads(number: int) -> None:
    """Let Rust's and numba's thread pools have as many threads as the task allows; they have not started yet."""
    os.environ["RAYON_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(number)
    if number > 1 and "numba" in sys.modules:
        sys.modules["numba"].core.config.reload_config()


# Cells


def _run_cell(number: int, cell: str, job: dict[str, Any], fds: list[int], space: dict[str, Any]) -> _Stop | None:
    source, file = python_of(cell), f"<cell {number}>"
    try:
        if rust_of(cell) is not None:
            entry = job["rust"].get(str(number - 1))
            if entry is not None and entry["problem"]:
                return _Stop(f"cell {number}: {entry['problem']}")
            _load_rust(entry, fds, space)
        elif job["outputs"]:
            _run_and_show(source, file, space)
        else:
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
            exec(compile(source, file, "exec", dont_inherit=True), space)  # noqa: S102 - what this process is for
    except BaseException as error:  # noqa: BLE001 - whatever a learner's cell raises, SystemExit too
        return _Stop(f"cell {number}: {_said(error)}", _missing(error))
    return None


def _run_and_show(source: str, file: str, space: dict[str, Any]) -> None:
    tree = ast.parse(source, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, file, "exec", dont_inherit=True), space)  # noqa: S102
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), file, "eval", dont_inherit=True), space)  # noqa: S307
        if value is not None and not source.rstrip().endswith(";"):
            print(repr(value))


def _load_rust(entry: dict[str, Any] | None, fds: list[int], space: dict[str, Any]) -> None:
    """Load the library of a Rust cell, compiled elsewhere, and give its functions to the cells after it."""
    if entry is None or entry["fd"] is None:  # a program, or a cell whose lesson is the error: it gives no functions
        return
    texts = {f"{name or 'cell'}.rs": (name, source) for name, source in entry["units"]}
    library = CellLibrary(Path(f"/proc/self/fd/{fds[3 + entry['fd']]}"), texts)
    for function in read_cell(entry["units"][-1][1]).functions:
        space[function.name] = RustFunction(function, library)


def _shown(number: int, sink: _Sink, stop: _Stop | None) -> bytes:
    """Take what a cell has printed, and its figures."""
    figures: list[bytes] = []
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is not None:
        for figure in plots.get_fignums()[:_FIGURES]:
            file = io.BytesIO()
            try:
                plots.figure(figure).savefig(file, format="png", dpi=80, bbox_inches="tight")
            except Exception:  # noqa: BLE001, S112 - a figure that cannot be drawn is a figure less
                continue
            if file.tell() <= _FIGURE:
                figures.append(file.getvalue())
        plots.close("all")
    said = stop.problem if stop is not None else ""
    return head_and_body({"cell": number, "text": sink.take(), "error": said}, *figures)


# Calls


def _find(name: str, language: str, space: dict[str, Any], rust: dict[str, Any]) -> tuple[Any, str]:
    """Return the function a task asks for, or why there is none."""
    function = space.get(name)
    if function is None:
        for entry in rust.values():
            for refused in read_cell(entry["units"][-1][1]).not_supported:
                if refused.function == name:
                    return None, f"`{name}` cannot be called from Python: its {refused.part} has type {refused.type}"
        return None, f"there is no function called `{name}`"
    if language == "rust" and not isinstance(function, RustFunction):
        return None, f"`{name}` is not a function of a %%rust cell"
    if not callable(function):
        return None, f"`{name}` is not a function"
    return function, ""


def _call(number: int, function: Any, why: str, case: bytes) -> bytes:
    """Call the function with one case's arguments; return what came of it as the body of a frame."""
    head: dict[str, Any] = {"case": number, "outcome": "returned", "error": "", "missing": "", "seconds": 0.0}
    if function is None:
        return head_and_body(head | {"outcome": "missing", "error": why})
    arguments = wire.decode(case)
    started = time.perf_counter()
    try:
        with np.errstate(all="ignore"):  # as `check` does in a notebook
            value = function(*arguments)
    except BaseException as error:  # noqa: BLE001 - whatever a learner's function raises
        ran = failed(error, time.perf_counter() - started)
        told = {"outcome": ran.outcome, "error": line(ran.error, 500), "missing": _missing(error)}
        return head_and_body(head | told | {"seconds": ran.seconds})
    head["seconds"] = time.perf_counter() - started
    try:
        return head_and_body(head, wire.encode((value, arguments)))
    except MemoryError:
        return head_and_body(head | {"outcome": "memory", "error": "no memory was left to send the result"})
    except BaseException as error:  # noqa: BLE001 - values may have code of their own
        said = error.message if isinstance(error, errors.CourseError) else _said(error)
        return head_and_body(head | {"outcome": "unreadable", "error": line(said)})


def _said(error: BaseException) -> str:
    """Return an exception as one line. Its own `__str__` is the learner's, and may do anything."""
    try:
        text = error.message if isinstance(error, errors.CourseError) else str(error)
    except BaseException:  # noqa: BLE001
        text = "(its text cannot be read)"
    return line(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _missing(error: BaseException) -> str:
    return line(error.name or "", 100) if isinstance(error, NameError) else ""
