"""Run what learners wrote: in warm workers that can reach nothing, and report what came of it.

    with Pool(workers=2, warm=("numpy", "matplotlib")) as pool:
        for done in pool.run(jobs):
            ...

Nothing here judges. A job says which cells to run and which calls to make; what comes back are values, read without
trust by `course.tasks.wire`, and what happened in words.

    isolation     what this machine can hold, found by trying
    command       what a worker sees, and the bubblewrap command
    confine       namespaces, mounts, limits, Landlock: what a child does to itself
    seccomp       the system calls that are refused
    zygote        the process that has everything imported and is copied for each submission
    child         what a copy does: cells, then calls
    compiler      what a copy does that compiles Rust
    frames        what they send, and how that is read
    worker        a zygote as its owner sees it
    running       one job; rust_cells: its Rust cells, compiled once each
    pool          all of it
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.grading.sandbox.isolation import Isolation
    from course.grading.sandbox.jobs import CellOutput, Done, Job
    from course.grading.sandbox.pool import Pool, default_workers

__all__ = ["CellOutput", "Done", "Isolation", "Job", "Pool", "default_workers"]

_HOMES = {
    "CellOutput": "jobs",
    "Done": "jobs",
    "Isolation": "isolation",
    "Job": "jobs",
    "Pool": "pool",
    "default_workers": "pool",
}


def __getattr__(name: str) -> Any:
    # A class that answered questions only is graded without any of this, and does not wait for it.
    if name in _HOMES:
        return getattr(importlib.import_module(f"course.grading.sandbox.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'course.grading.sandbox' has no attribute {name!r}")
