"""How hand-written Rust stands against C, scikit-learn and the fastest Python library, in every job and size.

    python -m course.claims.lanes                       # every job, one thread: some minutes
    python -m course.claims.lanes kmeans tree --threads 2 --turns 25

Ratios are how many times as fast Rust is, with 95 % intervals; below 1 it is slower. Nothing is decided here: the
experiments do that, by their rules.
"""

from __future__ import annotations

import argparse
import sys

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
    try:
        for name in asked.jobs or lanes.names():
            job = lanes.job(name)
            for size in job.sizes:
                _row(job, size, asked)
    except CourseError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    return 0


def _row(job: Job, size: Size, asked: argparse.Namespace) -> None:
    wanted = ("c", "c, prepared", "rust", "rust, prepared", *_LIBRARIES)
    names = [name for name in wanted if name in job.lanes and asked.threads in job.lanes[name].threads]
    rust = "rust, prepared" if "rust, prepared" in names else "rust"
    if rust not in names or lanes.missing(job.lanes[rust]):
        return
    times = job.time(size, names, threads=asked.threads, turns=asked.turns, budget=asked.seconds)
    c = "c, prepared" if "c, prepared" in names else "c"
    best = fastest(times, _LIBRARIES)
    cells = [
        _ratio(times, rust, c),
        _ratio(times, rust, "sklearn"),
        f"{_ratio(times, rust, best)} ({best})" if best else "–",
    ]
    print(f"| {job.title} | {size.text} | {time_text(times.median(rust))} | {' | '.join(cells)} |", flush=True)


def _ratio(times: Times, lane: str, against: str) -> str:
    if against not in times.seconds:
        return "–"
    middle, low, high = times.ratio(lane, against)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
