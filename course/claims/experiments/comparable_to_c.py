"""Is Rust as fast as C? The same algorithms in both, written with the same care, compiled with the same freedom."""

from __future__ import annotations

from course.claims import lanes
from course.claims.experiment import Evidence, Experiment, Rule, Run, above
from course.claims.lanes.measure import time_job

__all__ = ["EXPERIMENT"]

QUICK = ("standardise", "neighbours", "kmeans", "logistic_descent", "tree", "matmul", "softmax", "edit_distance")
"""Tasks of a quick run, at their middle size; a full run takes every task with both lanes, at every size."""

# For one row, what is timed is the call from Python, and neither language.
FULL = tuple(name for name in lanes.names() if {"c", "rust"} <= set(lanes.job(name).lanes) and name != "single_row")


def measure(run: Run) -> Evidence:
    """Time C and Rust in every task."""
    evidence = Evidence()
    jobs = [lanes.job(name) for name in (QUICK if run.quick else FULL)]
    chosen = [(job, size) for job in jobs for size in (job.sizes[1:2] if run.quick else job.sizes)]
    for job, size in chosen:
        times = time_job(run, evidence, job, size, ("c", "rust"), share=0.8 / len(chosen))
        if times is not None:
            evidence.ratio("speed", times, "rust", "c", task=job.title, size=size.text)
    from course.claims.lanes import c, rust

    if evidence.findings:
        evidence.notes.append(f"C: cc {' '.join(c.flags())}")
        evidence.notes.append(f"Rust: rustc {' '.join(rust.FLAGS.rustc())}")
        evidence.notes.append(
            "Neither side may reorder sums by itself: both write out the eight sums that go side by side. Both are "
            "called from Python, the checks of the Rust lanes' arguments included."
        )
    return evidence


EXPERIMENT = Experiment(
    id="comparable-to-c",
    claim="Rust's performance is comparable to that of C.",
    where="Benefits: performance",
    lanes=("c", "rust"),
    sizes=("every task's three sizes; a quick run takes the middle one of eight tasks",),
    agreement=lanes.agreement(FULL, ("c", "rust")),
    rule=Rule(
        "In every task (single rows apart) and at every size Rust takes at most 1.15 times as long as C: it is at "
        "least 0.87 times as fast, interval and all.",
        {"speed": above(0.87)},
    ),
    holds="In every task measured, Rust takes at most 1.15 times as long as C.",
    depends="In some tasks Rust keeps up with C, in others it does not, or the noise is too large to tell.",
    fails="In every task measured, Rust takes more than 1.15 times as long as C.",
    would_change="another C compiler: clang makes its instructions with the same LLVM as rustc; gcc does not. And how "
    "Rust is written: a loop whose bounds the compiler cannot see, or an array too large to unroll, costs a factor.",
    needs=("rust", "gcc"),
    after=(
        (
            "Single rows were among the tasks until a first run showed what they time there: 0.25 µs for a prepared "
            "call of C from Python, 0.6 µs for one of Rust, which also asks whether Rust panicked. That is the price "
            "of the border, which interoperability-easy and suits-performance-critical measure, and neither language's."
        ),
    ),
    measure=measure,
)
