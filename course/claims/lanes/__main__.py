"""How hand-written Rust stands against C, scikit-learn and the fastest Python library, in every job and size.

    python -m course.claims.lanes                       # every job, one thread: some minutes
    python -m course.claims.lanes kmeans tree --threads 2 --turns 25

The goal of the hand-written lanes: Rust at least as fast as scikit-learn (1), and within 1.15 times of C (0.87). Ratios
are how many times as fast Rust is, with 95 % intervals. Below the table stands each miss, where the whole interval lies
beyond the goal, with the reason that its job gives. Markdown; nothing is decided here: the experiments do that.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from course.claims import lanes
from course.claims.lanes.job import Job, Size
from course.claims.lanes.measure import fastest
from course.claims.protocol import Times, time_text
from course.errors import CourseError

_LIBRARIES = ("numpy", "sklearn", "sklearn lbfgs", "scipy", "numba", "pandas", "polars", "torch")


def main(arguments: list[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m course.claims.lanes", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(lanes.names())}")
    parser.add_argument("--threads", type=int, default=1, choices=(1, 2))
    parser.add_argument("--turns", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=4.0, help="for one job at one size")
    asked = parser.parse_args(arguments)
    print("| task | size | Rust | against C | against scikit-learn | against the fastest Python library |")
    print("|---|---|---|---|---|---|")
    missed: list[str] = []
    try:
        for name in asked.jobs or lanes.names():
            job = lanes.job(name)
            for size in job.sizes:
                missed += _row(job, size, asked)
    except CourseError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    print("\nThe goal is missed nowhere." if not missed else "\n" + "\n".join(missed))
    return 0


def _row(job: Job, size: Size, asked: argparse.Namespace) -> list[str]:
    """Print one row, and return the misses in it."""
    wanted = ("c", "c, prepared", "rust", "rust, prepared", *_LIBRARIES)
    names = [name for name in wanted if name in job.lanes and asked.threads in job.lanes[name].threads]
    rust = "rust, prepared" if "rust, prepared" in names else "rust"
    if rust not in names or lanes.missing(job.lanes[rust]):
        return []
    times = job.time(size, names, threads=asked.threads, turns=asked.turns, budget=asked.seconds)
    c = "c, prepared" if "c, prepared" in names else "c"
    best = fastest(times, _LIBRARIES)
    cells = [
        _ratio(times, rust, c),
        _ratio(times, rust, "sklearn"),
        f"{_ratio(times, rust, best)} ({best})" if best else "–",
    ]
    print(f"| {job.title} | {size.text} | {time_text(times.median(rust))} | {' | '.join(cells)} |", flush=True)
    return misses(job, size, times, rust, {"sklearn": 1.0, c: 0.87})


def misses(job: Job, size: Size, times: Times, rust: str, goals: Mapping[str, float]) -> list[str]:
    """Return a line for each lane against which Rust misses its goal, interval and all, with the known reason."""
    why = " ".join(filter(None, [*job.notes, job.lanes[rust].note])) or "no reason is known yet"
    beyond = [name for name, goal in goals.items() if name in times.seconds and times.ratio(rust, name)[2] < goal]
    return [f"- {job.title}, {size.text}, against {name}: {_ratio(times, rust, name)}. {why}" for name in beyond]


def _ratio(times: Times, lane: str, against: str) -> str:
    if against not in times.seconds:
        return "–"
    middle, low, high = times.ratio(lane, against)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
