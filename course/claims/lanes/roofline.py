"""The physical limit of this machine, measured: operations a second, and bytes of memory a second.

A job that does `flops` operations on `moved` bytes takes at least the longer of the two times. What a lane reaches of
that says more than a ratio of two lanes: two that are both at nine tenths of the limit have nothing left to win.

    roof = measure(threads=1)
    roof                                   # 120 GFLOP/s, 25 GB/s
    roof.share(job, size, seconds)         # 0.71: of the limit, for a lane that takes so long
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course.claims.lanes import rust
from course.claims.lanes.job import Job, Size

__all__ = ["Roofline", "measure"]

_NUMBERS = 8_000_000  # 64 MB for each of three arrays: more than caches hold
_ROUNDS = 200_000
_TRIES = 7


@dataclass(frozen=True)
class Roofline:
    """What a machine can do at most with float64. flops: operations a second; bandwidth: bytes a second."""

    flops: float
    bandwidth: float
    threads: int

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.flops / 1e9:.0f} GFLOP/s, {self.bandwidth / 1e9:.0f} GB/s with {threads}"

    def least(self, job: Job, size: Size) -> float | None:
        """Return the seconds that a job needs at least; None where neither its operations nor its bytes set a limit.

        Memory counts only where the data are larger than a cache could hold.
        """
        moved = job.moved(size) if job.moved else 0.0
        from_memory = moved / self.bandwidth if moved > 64e6 else 0.0
        return max(job.flops(size) / self.flops if job.flops else 0.0, from_memory) or None

    def share(self, job: Job, size: Size, seconds: float) -> float | None:
        """Return what a lane that takes `seconds` reaches of the limit, 1 being all of it."""
        least = self.least(job, size)
        return None if least is None else least / seconds


@functools.lru_cache(maxsize=4)
def measure(threads: int = 1) -> Roofline:
    """Measure the limit with Rust loops; takes half a second. The best of several tries counts: it is a limit.

    Raises `RustMissing` where there is no compiler.
    """
    library = rust.library("common", "roofline")
    operations = 2.0 * library["wide"]() * _ROUNDS * threads
    flops = operations / _best(lambda: library["multiply_add_in"](threads, _ROUNDS, 0.999))
    a, b, out = (np.full(_NUMBERS, value) for value in (1.0, 2.0, 0.0))
    bandwidth = 3 * 8.0 * _NUMBERS / _best(lambda: library["triad"](a, b, out, 0.5, threads))
    return Roofline(flops, bandwidth, threads)


def _best(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(_TRIES):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)
