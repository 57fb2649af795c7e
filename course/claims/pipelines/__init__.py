"""One pipeline, written twice: with scikit-learn in Python, with linfa in Rust; built, run, and measured in turns.

Both read the same file, keep the same rows, fit the same model (multinomial logistic regression, C = 1, at most 100
steps) and must reach the same accuracy. Each times its own stages and reports its own peak memory: the figure that a
parent sees of a child (`ru_maxrss`) holds the parent's memory too, because a child begins as a copy of it.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.claims.experiment import Evidence, Say
from course.claims.threads import thread_limit
from course.errors import CourseError, LanesDisagree
from course.rust import compile as compiling

__all__ = ["PYTHON", "RUST", "STAGES", "Edits", "Stages", "edits", "lines", "stages", "table"]

HERE = Path(__file__).parent
PYTHON, RUST = HERE / "pipeline.py", HERE / "pipeline.rs"
PENGUINS = HERE.parents[1] / "datasets" / "penguins.csv"
SIZES = {"344 rows": 1, "6 880 rows": 20}
STAGES = ("collection", "preprocessing", "training", "evaluation", "single row", "monitoring")
ACCURACY = 0.03  # how far the two accuracies may lie apart
Pair = tuple[float, float]
"""The same figure twice: Python's, Rust's."""


@dataclass
class Edits:
    """Seconds from an edit to the result, one pair per turn.

    process: a new Python process; compiling, then running the program. kernel: the same, where Python has its
    libraries loaded already. build: compiling alone, Python's to bytecode, Rust's a release build.
    """

    build: list[Pair] = field(default_factory=list)
    process: list[Pair] = field(default_factory=list)
    kernel: list[Pair] = field(default_factory=list)


@dataclass
class Stages:
    """Seconds of each stage, `seconds[size][stage]`, one pair per repeat; memory, disk, accuracy as one pair each.

    start: seconds of a process that begins, has its libraries, and ends without work, one pair per turn.
    """

    seconds: dict[str, dict[str, list[Pair]]] = field(default_factory=dict)
    start: list[Pair] = field(default_factory=list)
    accuracy: dict[str, Pair] = field(default_factory=dict)
    peak_mib: Pair = (0.0, 0.0)
    disk_mib: Pair = (0.0, 0.0)


def lines(path: Path) -> int:
    """Return how many lines of a program say something: no blank lines, no lines of comment alone."""
    kept = [line.strip() for line in path.read_text("utf-8").splitlines()]
    return sum(bool(line) and not line.startswith(("#", "//", '"""')) for line in kept)


def edits(turns: int, say: Say) -> Edits:
    """Edit both programs, and take the time until each has its result again, in turns."""
    found = Edits()
    _as_a_cell(PENGUINS)  # a kernel has the libraries loaded already
    with tempfile.TemporaryDirectory() as folder:
        file = _file(Path(folder), 1)
        for turn in range(turns):
            say(turn / turns, f"edit {turn + 1} of {turns}")
            process = _seconds(lambda: _run([sys.executable, "-P", PYTHON, file, 1]))
            begin = time.perf_counter()
            program = _build(edit=True)
            built = time.perf_counter() - begin
            _run([program, file, 1])
            rust = time.perf_counter() - begin
            kernel = _seconds(lambda: _as_a_cell(file))
            bytecode = _seconds(lambda: compile(PYTHON.read_text("utf-8"), "cell", "exec"))
            found.build.append((bytecode, built))
            found.process.append((process, rust))
            found.kernel.append((kernel, rust))
    return found


def _as_a_cell(file: Path) -> None:
    """Run the program's text in this process, as an edited cell of a notebook is run."""
    namespace: dict[str, Any] = {"__name__": "cell"}
    with thread_limit(1):
        exec(compile(PYTHON.read_text("utf-8"), "cell", "exec"), namespace)  # noqa: S102 - our own file
        namespace["pipeline"](str(file))


def stages(repeats: int, starts: int, say: Say) -> Stages:
    """Run both programs in turns and take the time of each stage, at each size; then start them, without work."""
    found = Stages()
    with tempfile.TemporaryDirectory() as folder:
        program = _build()
        for number, (size, times) in enumerate(SIZES.items()):
            say(number / len(SIZES), f"stages at {size}")
            file = _file(Path(folder), times)
            found.seconds[size] = {stage: [] for stage in STAGES}
            for _ in range(2):  # two processes of each, in turns: a drift of the machine meets both
                python = _run([sys.executable, "-P", PYTHON, file, repeats // 2 + 1])
                rust = _run([program, file, repeats // 2 + 1])
                _keep(found, size, python, rust)
        say(0.9, "start-up")
        for _ in range(starts):
            python_start = _seconds(lambda: _run([sys.executable, "-P", PYTHON, file, 0]))
            found.start.append((python_start, _seconds(lambda: _run([program, file, 0]))))
        found.disk_mib = (_libraries() / 2**20, program.stat().st_size / 2**20)
    return found


def _keep(found: Stages, size: str, python: list[dict[str, Any]], rust: list[dict[str, Any]]) -> None:
    a, b = python[0]["accuracy"], rust[0]["accuracy"]
    if abs(a - b) > ACCURACY or abs(python[0]["mean"] - rust[0]["mean"]) > 1e-6 * abs(python[0]["mean"]):
        raise LanesDisagree("rust", "python", f"their accuracies are {b:.3f} and {a:.3f}")
    found.accuracy[size] = (a, b)
    found.peak_mib = (python[-1]["peak_kib"] / 1024, rust[-1]["peak_kib"] / 1024)
    for one, other in zip(python[1:], rust[1:], strict=True):  # the first repeat is the warm-up
        for stage in STAGES:
            found.seconds[size][stage].append((one["times"][stage], other["times"][stage]))


def _seconds(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _file(folder: Path, times: int) -> Path:
    """Write the penguins, their rows repeated, and return the file."""
    header, *rows = PENGUINS.read_text("utf-8").splitlines()
    path = folder / f"penguins-{times}.csv"
    path.write_text("\n".join([header, *(rows * times)]) + "\n", "utf-8")
    return path


def _build(*, edit: bool = False) -> Path:
    """Compile the Rust program; `edit` first writes a number into it that was never there, so no cache can help."""
    source = RUST.read_text("utf-8") + (f"\n// {time.time_ns()}\n" if edit else "")
    try:
        return compiling.build([compiling.unit(source)], compiling.Flags(wrapping=True)).artifact
    except compiling.Refused as refused:
        said = "\n".join(d.get("rendered", "") for d in refused.diagnostics if d.get("level") == "error")
        raise CourseError(f"the pipeline in Rust does not compile:\n{said}") from None


def _run(command: list[Any]) -> list[dict[str, Any]]:
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **one})
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CourseError(f"the pipeline failed: {last}")
    return [json.loads(line) for line in done.stdout.splitlines()]


@functools.cache
def _libraries() -> int:
    """Return the size of the folders of NumPy, SciPy and scikit-learn, and of the libraries that come with them."""
    import numpy
    import scipy
    import sklearn

    folders: list[Path] = []
    for package in (numpy, scipy, sklearn):
        folder = Path(str(package.__file__)).parent
        folders += [folder, *folder.parent.glob(f"{folder.name}.libs"), *folder.parent.glob("scikit_learn.libs")]
    return sum(file.stat().st_size for folder in set(folders) for file in folder.rglob("*") if file.is_file())


def ratios(pairs: list[Pair]) -> list[float]:
    """Return Python's figure over Rust's, pair by pair."""
    return [python / rust for python, rust in pairs]


def table(evidence: Evidence, found: Stages) -> None:
    """Show both programs' figures as a table."""
    memory = [f"{mib:,.1f} MiB" if mib else "not measured: this system does not say" for mib in found.peak_mib]
    rows = [
        ["lines that say something", str(lines(PYTHON)), str(lines(RUST))],
        ["needed on disk (libraries; program)", *(f"{mib:,.1f} MiB" for mib in found.disk_mib)],
        ["peak memory", *memory],
        *([f"accuracy at {size}", *(f"{a:.3f}" for a in pair)] for size, pair in found.accuracy.items()),
    ]
    evidence.table("The same pipeline", ["figure", "Python, scikit-learn", "Rust, linfa"], rows)
