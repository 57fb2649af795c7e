"""Jobs and lanes: what the experiments about time compute, and every way they compute it.

One module per job, its C and Rust beside it: `standardise.py`, `standardise.c`, `standardise.rs`, and
`standardise_crates.rs` for lanes that need crates. `names()` lists the jobs; `job(name)` loads one.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable

from course.claims.lanes.job import Job, Lane, Ready, Size, missing
from course.errors import UnknownName

__all__ = ["Job", "Lane", "Ready", "Size", "agreement", "job", "missing", "names"]

_NAMES = (
    "standardise",
    "distances",
    "neighbours",
    "kmeans",
    "logistic_descent",
    "logistic_solver",
    "tree",
    "least_squares",
    "pca",
    "matmul",
    "softmax",
    "hashing",
    "csv_clean",
    "single_row",
    "streaming",
    "edit_distance",
    "mlp_step",
)


def names() -> tuple[str, ...]:
    """Return the names of the jobs."""
    return _NAMES


@functools.cache
def job(name: str) -> Job:
    """Return a job by its name."""
    if name not in _NAMES:
        raise UnknownName("job", name, _NAMES)
    found = importlib.import_module(f"course.claims.lanes.{name}").JOB
    assert isinstance(found, Job)
    return found


def agreement(jobs: Iterable[str], only: Iterable[str]) -> str:
    """Say to what tolerance these lanes must agree in these jobs before they are timed: what `Job.check` asks."""
    wanted = set(only)
    by_tolerance: dict[tuple[float, str], list[str]] = {}
    own: list[str] = []
    for name in jobs:
        this = job(name)
        by_tolerance.setdefault((this.tolerance, this.differs), []).append(this.title)
        lanes = {lane: one.agrees for lane, one in this.lanes.items() if lane in wanted and one.agrees is not None}
        own += [f"{lane} in {this.title} {_small(agrees)}" for lane, agrees in lanes.items()]
    said = [
        f"{'exactly' if tolerance == 0 else f'to {_small(tolerance)} of {differs}'} in {', '.join(titles)}"
        for (tolerance, differs), titles in sorted(by_tolerance.items())
    ]
    words = f"before anything is timed, lanes are checked to give the same result: {'; '.join(said)}"
    return f"{words}; but {', '.join(own)}" if own else words


def _small(number: float) -> str:
    return f"{number:g}".replace("e-0", "e-")
