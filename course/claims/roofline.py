"""The limits of one core of this machine: the most arithmetic and memory traffic it was seen to do in a second.

A job that multiplies matrices well comes near the first, one that only walks through an array near the second; how
near says more than a comparison of two lanes that may both be far.

    limits = measured()
    limits.gflops, limits.gigabytes          # of 64-bit arithmetic; read and written
    limits.share(flops, bytes, seconds)      # of what is possible for such a job, 0 to 1
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course.claims.threads import thread_limit
from course.errors import CourseError

__all__ = ["Limits", "measured"]

REPEATS = 5  # the quickest counts: a limit is what the machine can do, not what it does on average
ROUNDS = 2_000_000
ACCUMULATORS = 96  # enough multiply-adds under way that none waits for another
MULTIPLY_ADD = """
pub fn rounds(times: usize) -> f64 {
    let mut sums = [1.0_f64; 96];
    let (by, plus) = (std::hint::black_box(0.999_999), std::hint::black_box(0.000_001));
    for _ in 0..times {
        for sum in &mut sums {
            *sum = sum.mul_add(by, plus);
        }
    }
    sums.iter().sum()
}
"""


@dataclass(frozen=True)
class Limits:
    """Of one core: 10⁹ floating-point operations (64 bits), and 10⁹ bytes read and written, in a second."""

    gflops: float
    gigabytes: float

    def share(self, flops: float, moved: float, seconds: float) -> float:
        """Return how much of the possible a job reaches that does `flops` operations and moves `moved` bytes."""
        shortest = max(flops / (self.gflops * 1e9), moved / (self.gigabytes * 1e9))
        return shortest / seconds

    def __str__(self) -> str:
        return f"one core: {self.gflops:.0f} Gflop/s (64 bits), {self.gigabytes:.1f} GB/s read and written"


@functools.cache
def measured() -> Limits:
    """Measure both limits, once; about a second. Without Rust the arithmetic is that of the matrix product alone."""
    with thread_limit(1):
        n = 768
        a = np.random.default_rng(0).normal(size=(n, n))
        gflops = 2 * n**3 / _quickest(lambda: a @ a) / 1e9
        gflops = max(gflops, _multiply_adds())
        source = np.ones(16_000_000)  # 128 MB: larger than any cache
        target = np.empty_like(source)
        gigabytes = 2 * source.nbytes / _quickest(lambda: np.copyto(target, source)) / 1e9
    return Limits(gflops, gigabytes)


def _multiply_adds() -> float:
    from course.claims.programs import cell_functions
    from course.rust.compile import Flags

    try:
        rounds = cell_functions(MULTIPLY_ADD, Flags(native=True))["rounds"]
    except CourseError:  # no Rust here
        return 0.0
    return 2 * ACCUMULATORS * ROUNDS / 10 / _quickest(lambda: rounds(ROUNDS // 10)) / 1e9


def _quickest(call: Callable[[], object]) -> float:
    call()
    best = float("inf")
    for _ in range(REPEATS):
        begin = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - begin)
    return best
