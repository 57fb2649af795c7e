"""Does Rust suit work where every microsecond counts? One request at a time, and a stream that cannot be batched."""

from __future__ import annotations

from course.claims import lanes
from course.claims.experiment import Evidence, Experiment, Rule, Run, above
from course.claims.lanes.measure import time_job

__all__ = ["EXPERIMENT"]

LANES = ("python", "numpy", "sklearn", "numba", "rust", "rust, prepared", "csv crate")


def measure(run: Run) -> Evidence:
    """Time single rows, a stream, and the cleaning of a table."""
    evidence = Evidence()
    row, stream, table = lanes.job("single_row"), lanes.job("streaming"), lanes.job("csv_clean")
    names = ("sklearn", "numpy", "numba", "rust", "rust, prepared")
    for size in row.sizes:
        times = time_job(run, evidence, row, size, names, share=0.12)
        if times is None:
            continue
        about = {"task": row.title, "size": size.text}
        evidence.ratio("row", times, "rust", "sklearn", **about)
        evidence.ratio("call", times, "rust", "numpy", **about)
        evidence.ratio("call", times, "rust, prepared", "numpy", **about)
    for size in stream.sizes[:1] if run.quick else stream.sizes:
        times = time_job(run, evidence, stream, size, ("python", "numba", "rust"), share=0.15)
        if times is not None:
            about = {"task": stream.title, "size": size.text}
            evidence.ratio("stream", times, "rust", "python", **about)
            evidence.ratio("compiled", times, "rust", "numba", **about)
    for size in table.sizes[:1] if run.quick else table.sizes:
        times = time_job(run, evidence, table, size, ("python", "rust", "csv crate"), share=0.15)
        if times is None:
            continue
        for lane in ("rust", "csv crate"):
            if lane in times.seconds:
                evidence.ratio("stream", times, lane, "python", task=table.title, size=size.text)
    return evidence


EXPERIMENT = Experiment(
    id="suits-performance-critical",
    claim="Rust suits work where performance is critical.",
    where="Benefits: performance",
    lanes=LANES,
    sizes=("rows of 4, 20 and 200 numbers", "streams of 10,000 numbers and more", "tables of 1,000 rows and more"),
    agreement=lanes.agreement(("single_row", "streaming", "csv_clean"), LANES),
    rule=Rule(
        "Called from Python, Rust answers for a single row at least ten times as fast as scikit-learn (row) and faster "
        "than NumPy (call); it follows a stream and cleans a table at least five times as fast as plain Python "
        "(stream), and takes at most 1.15 times as long as numba (compiled, at least 0.87 times as fast). Interval "
        "and all, at every size.",
        {"row": above(10.0), "call": above(1.0), "stream": above(5.0), "compiled": above(0.87)},
    ),
    holds="One row, a stream or a table: Rust passes the rule's bound in every comparison.",
    depends="In some comparisons Rust passes its bound, in others it does not, or the noise is too large to tell.",
    fails="One row, a stream or a table: Rust passes the rule's bound in no comparison.",
    would_change="serving from Rust itself: then no call from Python is paid, and none of Python's start-up or memory.",
    needs=("rust",),
    measure=measure,
)
