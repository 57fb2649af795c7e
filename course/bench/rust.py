"""How long a Rust cell takes from the key press to the result, beside two other ways to run Rust in a notebook.

All in real kernels, one request after the other, the lanes in turns. Each edit has another number in it, so no lane
can answer from a cache. A first edit, in which a kernel loads its compiler and its libraries, is not counted.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course.bench import Table
from course.bench.cells import CELLS, BenchCell
from course.bench.kernels import Kernel, kernel
from course.errors import CourseError
from course.rust import crates, toolchain

__all__ = ["Rivals", "border", "cells", "cold_build", "find_rivals", "run_times"]

Say = Callable[[str], None]
_RUSTIMPORT_CELL = """%%rustimport --release
// rustimport:pyo3
use pyo3::prelude::*;
#[pyfunction]
"""


@dataclass(frozen=True)
class Rivals:
    """The other lanes, where they are installed: evcxr's kernel, and a Python that has rustimport and ipykernel."""

    evcxr: str | None = None
    rustimport: str | None = None


def find_rivals(evcxr: str | None = None, rustimport: str | None = None) -> Rivals:
    """Look for the other lanes; what the arguments name must be there."""
    found = shutil.which(evcxr or "evcxr_jupyter")
    if evcxr and found is None:
        raise CourseError(f"{evcxr} cannot be run", help="cargo install evcxr_jupyter --version 0.22.0 --locked")
    python = rustimport or sys.executable
    check = [python, "-c", "import rustimport, ipykernel"]
    done = subprocess.run(check, capture_output=True, check=False) if shutil.which(python) else None
    if rustimport and (done is None or done.returncode != 0):
        raise CourseError(
            f"{python} cannot import rustimport and ipykernel",
            help=f"{python} -m pip install rustimport ipykernel numpy",
        )
    return Rivals(found, python if done is not None and done.returncode == 0 else None)


# From an edit to its result


@dataclass
class _Times:
    edits: dict[str, list[float]] = field(default_factory=dict)
    unchanged: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)


def cells(edits: int, rivals: Rivals, say: Say, only: str = "") -> Table:
    """Measure the edit cycle of every cell in every lane, and what an unchanged cell costs."""
    crates.ensure(progress=lambda fraction, what: say(f"crates: {fraction:.0%} {what}"))
    table = Table(
        title="From the key press to the result",
        command="course dev bench rust",
        columns=("cell", "edited", "target", "evcxr", "evcxr / ours", "rustimport", "run again"),
    )
    empty: list[float] = []
    stack = contextlib.ExitStack()
    evcxr_kernel = stack.enter_context(_evcxr_kernel(rivals.evcxr)) if rivals.evcxr else None
    with stack:
        for cell in (one for one in CELLS if only in one.name):
            say(f"{cell.name}: {edits} edits")
            times = _measure(cell, edits, rivals, evcxr_kernel)
            empty += times.empty
            _add(table, cell, times)
            say("; ".join(part for part in table.rows[-1] if part != "–"))
    table.notes.append(
        f"Median of {edits} different edits, the lanes in turns; the range is from the least to the most."
    )
    if empty:
        table.notes.append(
            f"Run again, unchanged: at most 5 ms wanted; an empty Python cell takes {_milliseconds(empty)}."
        )
        table.measurements.append(_record("empty Python cell", "ours", empty))
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores + 0.5:  # one core is ours
        table.notes.append(f"Other work was running (load {load:.1f} on {cores} cores), so all times are too long.")
    if rivals.evcxr is None:
        table.notes.append("evcxr_jupyter is not installed here.")
    if rivals.rustimport is None:
        table.notes.append("rustimport is not installed here.")
    return table


def _add(table: Table, cell: BenchCell, times: _Times) -> None:
    ours = times.edits["ours"]
    evcxr, rustimport = times.edits.get("evcxr", []), times.edits.get("rustimport", [])
    ratio = f"{statistics.median(evcxr) / statistics.median(ours):.1f}" if evcxr else "–"
    target = f"≤ {cell.target:.2f} s"
    again = _milliseconds(times.unchanged)
    table.rows.append((cell.name, _seconds(ours), target, _seconds(evcxr), ratio, _seconds(rustimport), again))
    for lane, measured in times.edits.items():
        table.measurements.append(_record(f"{cell.name}, edited", lane, measured))
    table.measurements.append(_record(f"{cell.name}, unchanged", "ours", times.unchanged))


def _measure(cell: BenchCell, edits: int, rivals: Rivals, evcxr: Kernel | None) -> _Times:
    times = _Times()
    with contextlib.ExitStack() as stack:
        lanes: dict[str, Callable[[float], tuple[float, float]]] = {}
        ours = stack.enter_context(_our_kernel(cell))
        lanes["ours"] = lambda number: _ours(ours, cell, number)
        if evcxr:
            _give_crates(evcxr, cell)
            lanes["evcxr"] = lambda number: _evcxr(evcxr, cell, number)
        if rivals.rustimport and not cell.crates:  # it would build the crates anew for each cell
            other = stack.enter_context(kernel("rustimport", _ipykernel(rivals.rustimport)))
            other.run(cell.setup)
            other.run("%load_ext rustimport")
            lanes["rustimport"] = lambda number: _rustimport(other, cell, number)
        for turn in range(edits + 1):
            number = 1.0 + random.randrange(1, 10**6) * 1e-6  # noqa: S311 - no secret: only different each time
            results: dict[str, float] = {}
            for lane, measure in lanes.items():
                seconds, results[lane] = measure(number)
                if turn:
                    times.edits.setdefault(lane, []).append(seconds)
            _same(cell, results)
        # The last edit, run again as it stands.
        for _ in range(max(edits, 10)):
            times.unchanged.append(ours.run(f"%%rust\n{cell.edited(number)}").seconds)
            times.empty.append(ours.run("pass").seconds)
    return times


def _same(cell: BenchCell, results: dict[str, float]) -> None:
    """Stop where lanes give different results: then their times cannot be compared."""
    for lane, value in results.items():
        if not math.isclose(value, results["ours"], rel_tol=1e-6, abs_tol=1e-9):
            raise CourseError(f"the lanes disagree on {cell.name}: ours gives {results['ours']}, {lane} gives {value}")


def _ipykernel(python: str) -> list[str]:
    return [python, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--IPKernelApp.log_level=40"]


@contextlib.contextmanager
def _our_kernel(cell: BenchCell) -> Iterator[Kernel]:
    with kernel("%%rust", _ipykernel(sys.executable)) as running:
        running.run("%load_ext course")
        running.run(cell.setup)
        yield running


def _evcxr_kernel(program: str) -> contextlib.AbstractContextManager[Kernel]:
    """Start evcxr once for all cells: it builds its crates anew in each kernel."""
    path = f"{toolchain.find().rustc.parent}{os.pathsep}{os.environ.get('PATH', '')}"  # it looks for cargo there
    return kernel("evcxr", [program, "--control_file", "{connection_file}"], {"PATH": path})


def _give_crates(running: Kernel, cell: BenchCell) -> None:
    versions = crates.ensure().versions
    wanted = [f':dep {name} = "={versions[name.replace("-", "_")]}"' for name in cell.crates]
    if wanted:
        running.run("\n".join(wanted), timeout=1800)


def _ours(running: Kernel, cell: BenchCell, number: float) -> tuple[float, float]:
    defined = running.run(f"%%rust\n{cell.edited(number)}")
    called = running.run(cell.call)
    return defined.seconds + called.seconds, _number(called.text)


def _evcxr(running: Kernel, cell: BenchCell, number: float) -> tuple[float, float]:
    reply = running.run(f"{cell.edited(number)}\n{cell.inline}")
    return reply.seconds, _number(reply.text)


def _rustimport(running: Kernel, cell: BenchCell, number: float) -> tuple[float, float]:
    # PyO3 takes no slice of a NumPy array: the function has to take a list, and the caller to make one.
    source = cell.edited(number).replace("x: &[f64]", "x: Vec<f64>")
    defined = running.run(_RUSTIMPORT_CELL + source, timeout=1800)
    called = running.run(cell.call)
    return defined.seconds + called.seconds, _number(called.text)


def _number(text: str) -> float:
    try:
        return float(text.removeprefix("np.float64(").removesuffix(")"))
    except ValueError:
        raise CourseError(f"a cell of the benchmark gave {text!r} where a number was expected") from None


# What sharing costs at run time


def run_times(repeats: int, say: Say, only: str = "") -> Table:
    """Compare the run time of cells that link to shared instances with that of an ordinary build of the same cell."""
    table = Table(
        title="Run time of the same cell, linked to shared instances and built the ordinary way",
        command="course dev bench rust",
        columns=("cell", "shared", "ordinary", "shared / ordinary", "target"),
        notes=[f"Median of {repeats} calls each, in turns, one thread, in one kernel."],
    )
    for cell in (one for one in CELLS if one.large and only in one.name):
        say(f"{cell.name}: run time")
        name = cell.call.partition("(")[2].partition("(")[0] if cell.call.startswith("float((") else ""
        name = name or cell.rust.rpartition("\nfn ")[2].partition("(")[0]
        number = 1.0 + random.randrange(1, 10**6) * 1e-6  # noqa: S311 - no secret: only different each time
        with kernel("%%rust", _ipykernel(sys.executable), {"RAYON_NUM_THREADS": "1"}) as running:
            running.run("%load_ext course")
            running.run(f"{cell.setup}\n{cell.large}")
            running.run(f"%%rust\n{cell.edited(number)}")
            running.run(f"shared = {name}")
            running.run(f"%%rust --no-share\n{cell.edited(number)}")
            running.run(f"ordinary = {name}")
            code = _RACE.format(call=cell.call.replace(f"{name}(", "function("), repeats=repeats)
            times = running.run(code).text.strip("'").split(";")
        shared, ordinary = ([float(value) for value in one.split()] for one in times)
        ratio = statistics.median(s / o for s, o in zip(shared, ordinary, strict=True))
        target = "≤ 1.10" if "linfa" in cell.rust else "–"
        table.rows.append((cell.name, _milliseconds(shared), _milliseconds(ordinary), f"{ratio:.2f}", target))
        table.measurements += [
            _record(f"{cell.name}, run time", lane, values)
            for lane, values in (("shared", shared), ("ordinary", ordinary))
        ]
    return table


_RACE = """import time
times = {{"shared": [], "ordinary": []}}
for turn in range({repeats} + 1):
    for lane, function in (("shared", shared), ("ordinary", ordinary)):
        started = time.perf_counter()
        {call}
        if turn:
            times[lane].append(time.perf_counter() - started)
" ".join(map(repr, times["shared"])) + ";" + " ".join(map(repr, times["ordinary"]))
"""


# The border between Python and Rust


_BARE = """#[unsafe(no_mangle)]
pub extern "C" fn ends(x: *const f64, n: usize, y: *const f64, m: usize) -> f64 {
    unsafe { *x.add(n - 1) + *y.add(m - 1) }
}
"""
_CHECKED = """%%rust --quiet
fn ends(x: &[f64], y: &[f64]) -> f64 { x[x.len() - 1] + y[y.len() - 1] }
"""
_CALLS = """import ctypes, timeit
import numpy as np
x, y = np.ones(100), np.ones(100)
bare = ctypes.CDLL({library!r}).ends
bare.restype = ctypes.c_double
pointers = (ctypes.c_void_p(x.ctypes.data), ctypes.c_size_t(100), ctypes.c_void_p(y.ctypes.data), ctypes.c_size_t(100))
prepared = ends.prepare(x, y)
assert bare(*pointers) == ends(x, y) == prepared() == 2.0
lanes = {{"bare": lambda: bare(*pointers), "checked": lambda: ends(x, y), "prepared": prepared}}
times = {{name: [] for name in lanes}}
for turn in range({repeats}):
    for name, call in lanes.items():
        times[name].append(min(timeit.repeat(call, number=20_000, repeat=3)) / 20_000)
";".join(" ".join(map(repr, values)) for values in times.values())
"""


def border(repeats: int, say: Say) -> Table:
    """Compare a checked call with two arrays, and a prepared one, with the same C function called by ctypes alone."""
    say("calls with two arrays")
    found = toolchain.find()
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        library = Path(folder) / "bare.so"
        (Path(folder) / "bare.rs").write_text(_BARE, encoding="utf-8")
        command = [str(found.rustc), "--crate-type", "cdylib", "--edition", "2024", "-C", "opt-level=3"]
        subprocess.run([*command, "-o", str(library), str(Path(folder) / "bare.rs")], check=True)
        ctypes.CDLL(str(library))  # it loads here too, or fails here, with a plain message
        with kernel("%%rust", _ipykernel(sys.executable)) as running:
            running.run("%load_ext course")
            running.run(_CHECKED)
            text = running.run(_CALLS.format(library=str(library), repeats=repeats)).text.strip("'")
    bare, checked, prepared = ([float(value) for value in one.split()] for one in text.split(";"))
    table = Table(
        title="A call with two one-dimensional arrays",
        command="course dev bench rust",
        columns=("call", "time", "over the bare call", "target"),
        notes=[f"Median of {repeats} rounds of 60,000 calls, in turns."],
    )
    for name, values, target in (
        ("C function through ctypes, pointers ready", bare, ""),
        ("`f(x, y)`, everything checked", checked, "≤ 5 µs over"),
        ("`f.prepare(x, y)()`", prepared, "≤ 0.5 µs over"),
    ):
        over = statistics.median(values) - statistics.median(bare)
        table.rows.append((name, _microseconds(values), "" if values is bare else f"{over * 1e6:.2f} µs", target))
        table.measurements.append(_record(name, "ours", values))
    return table


# Building the crates


def cold_build(say: Say) -> Table:
    """Build the crates from nothing, in a folder that is removed afterwards (the downloads are those of cargo)."""
    from course.rust.crates_build import build

    found = toolchain.find()
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        started = time.perf_counter()
        build(
            found, crates.WORKSPACE, Path(folder), "crates", None, lambda fraction, what: say(f"{fraction:.0%} {what}")
        )
        seconds = time.perf_counter() - started
    table = Table("Building the crates, once", "course dev bench rust --cold", ("what", "time", "target"))
    table.rows.append((f"all crates and their prelude, {os.cpu_count()} cores", f"{seconds:.0f} s", "≤ 180 s"))
    table.measurements.append(_record("crates, cold", "ours", [seconds]))
    return table


# Writing figures


def _record(what: str, lane: str, values: list[float]) -> dict[str, object]:
    return {"what": what, "lane": lane, "median": statistics.median(values), "times": values}


def _seconds(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} s ({min(values):.2f}–{max(values):.2f})" if values else "–"


def _milliseconds(values: list[float]) -> str:
    return f"{statistics.median(values) * 1e3:.1f} ms ({min(values) * 1e3:.1f}–{max(values) * 1e3:.1f})"


def _microseconds(values: list[float]) -> str:
    return f"{statistics.median(values) * 1e6:.2f} µs"
