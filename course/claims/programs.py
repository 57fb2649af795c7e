"""Small programs, really compiled and run: what the compiler says, what the program prints, how it ends.

Used by the claims that are about what is *accepted*: a wrong program is a measurement when it is run, an opinion
when it is not. Each outcome is one of

    rejected   the compiler (or the interpreter, before running) refused it: `detail` is the error code
    stopped    it ended with an error while running: a panic, an exception, a signal
    printed    it ran to its end: `detail` is what it printed
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.rust import compile as compiling
from course.rust import toolchain
from course.rust.call import CellLibrary, RustFunction

__all__ = [
    "PRINTED",
    "REJECTED",
    "STOPPED",
    "Outcome",
    "cell_functions",
    "codes",
    "diagnose",
    "run_c",
    "run_python",
    "run_rust",
    "shared_library",
]

REJECTED, STOPPED, PRINTED = "rejected", "stopped", "printed"
SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """What became of a program. `seconds`: from the source to the end, compiling included."""

    kind: str
    detail: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


def run_rust(source: str, *, wrapping: bool = False, opt: str = "1") -> Outcome:
    """Compile and run a Rust program (with `fn main`). wrapping: overflow is not checked, as in a release build."""
    began = time.perf_counter()
    try:
        built = compiling.build([compiling.unit(source)], compiling.Flags(opt=opt, wrapping=wrapping))
    except compiling.Refused as refused:
        return Outcome(REJECTED, ", ".join(codes(refused.diagnostics)) or "error", time.perf_counter() - began)
    return _run([str(built.artifact)], began)


def diagnose(source: str) -> tuple[list[dict[str, Any]], float]:
    """Compile a Rust program; return the errors as rustc wrote them (none: it compiles), and the seconds it took."""
    began = time.perf_counter()
    try:
        compiling.build([compiling.unit(source)], compiling.Flags(opt="0"))
    except compiling.Refused as refused:
        return [d for d in refused.diagnostics if d.get("level") == "error"], time.perf_counter() - began
    return [], time.perf_counter() - began


def codes(diagnostics: list[dict[str, Any]]) -> list[str]:
    """Return the error codes of diagnostics, each once, in order; a lint that is denied by default by its name."""
    found = [(d.get("code") or {}).get("code", "") for d in diagnostics if d.get("level") == "error"]
    return list(dict.fromkeys(code for code in found if code))


def run_python(source: str) -> Outcome:
    """Run a Python program in a process of its own."""
    began = time.perf_counter()
    try:
        compile(source, "program", "exec")
    except SyntaxError as error:
        return Outcome(REJECTED, type(error).__name__, time.perf_counter() - began)
    return _run([sys.executable, "-P", "-W", "ignore", "-c", source], began)


def run_c(source: str) -> Outcome:
    """Compile a C program with `cc -O2` and run it."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file, program = Path(folder, "program.c"), Path(folder, "program")
        file.write_text(source, "utf-8")
        command = ["cc", "-O2", "-w", "-pthread", str(file), "-o", str(program), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode != 0:
            return Outcome(REJECTED, "error", time.perf_counter() - began)
        return _run([str(program)], began)


@functools.cache
def cell_functions(source: str) -> Mapping[str, RustFunction]:
    """Compile a Rust cell as `%%rust` does, and return its functions by name."""
    unit = compiling.unit(source)
    built = compiling.build([unit], compiling.Flags())
    loaded = CellLibrary(built.artifact, {unit.file: (unit.name, unit.source)})
    return {function.name: RustFunction(function, loaded) for function in unit.cell.functions}


@contextlib.contextmanager
def shared_library(source: str) -> Iterator[Path]:
    """Compile Rust to a plain shared library, without anything of the course's, and give its path."""
    with tempfile.TemporaryDirectory() as folder:
        file, library = Path(folder, "library.rs"), Path(folder, "library.so")
        file.write_text(source, "utf-8")
        command = [str(toolchain.find().rustc), "--edition", "2024", "--crate-type", "cdylib", "-O"]
        done = subprocess.run(
            [*command, str(file), "-o", str(library)], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if done.returncode != 0:
            raise CourseError(f"a library of the experiment does not compile: {done.stderr.strip()[:300]}")
        yield library


def _run(command: list[str], began: float) -> Outcome:
    quiet = {**os.environ, "RUST_BACKTRACE": "0", "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False, env=quiet
        )
    except subprocess.TimeoutExpired as error:
        raise CourseError(f"a program of the experiment ran for more than {SECONDS} seconds") from error
    seconds = time.perf_counter() - began
    if done.returncode == 0:
        return Outcome(PRINTED, done.stdout.strip(), seconds)
    if done.returncode < 0:
        return Outcome(STOPPED, f"signal {-done.returncode}", seconds)
    return Outcome(STOPPED, _last_words(done.stderr), seconds)


def _last_words(stderr: str) -> str:
    """Return what a panic or an exception said, in one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not line.startswith("note:")]
    for number, line in enumerate(lines):
        if "panicked at" in line:
            return "panic: " + (lines[number + 1] if number + 1 < len(lines) else "")
    return lines[-1] if lines else "an error"
