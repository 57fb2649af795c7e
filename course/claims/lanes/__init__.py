"""Jobs and lanes: what the experiments about time compute, and every way they compute it.

One module per job, its C and Rust beside it: `standardise.py`, `standardise.c`, `standardise.rs`, and
`standardise_crates.rs` for lanes that need crates. `names()` lists the jobs; `job(name)` loads one.
"""

from __future__ import annotations

import functools
import importlib

from course.claims.lanes.job import Job, Lane, Ready, Size, missing
from course.errors import UnknownName

__all__ = ["Job", "Lane", "Ready", "Size", "job", "missing", "names"]

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
