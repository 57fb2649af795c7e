"""Is Rust faster than Python? Than which Python (loops, libraries), and which Rust (by hand, crates)?"""

from __future__ import annotations

from course.claims import lanes
from course.claims.experiment import Evidence, Experiment, Rule, Run, above
from course.claims.lanes import roofline
from course.claims.lanes.job import Job, Size
from course.claims.lanes.measure import absences, fastest, limit_rows, time_job, uncounted

__all__ = ["EXPERIMENT"]

QUICK = ("standardise", "kmeans", "logistic_solver", "tree", "matmul", "hashing", "streaming")
FULL = tuple(name for name in lanes.names() if name != "mlp_step")  # the experiment on tch has its lanes
LIBRARIES = ("numpy", "sklearn", "sklearn lbfgs", "scipy", "numba", "pandas", "polars")
CRATES = ("ndarray", "linfa", "rustlearn", "csv crate")


def measure(run: Run) -> Evidence:
    """Time every way of Python and of Rust in each task."""
    evidence = Evidence()
    jobs = [lanes.job(name) for name in (QUICK if run.quick else FULL)]
    chosen = [(job, size) for job in jobs for size in (job.sizes[:1] if run.quick else job.sizes)]
    limits: list[tuple[str, str, str, str]] = []
    for job, size in chosen:
        limits += _one(run, evidence, job, size, 0.8 / len(chosen))
    if limits:
        columns = ("task", "lane", "GFLOP/s", "of the limit")
        said = f"The limit was measured here: {roofline.measure(1)}. Operations are counted, not measured."
        evidence.table("How far each lane is from what the machine can do", columns, limits, said + uncounted(jobs))
    absences(evidence, jobs)
    evidence.notes.append(
        "Each Rust lane is compared with the fastest of the libraries at that size, whichever it is; a lane that "
        "solves the task by another algorithm stands in the table of tasks and lanes."
    )
    return evidence


def _one(run: Run, evidence: Evidence, job: Job, size: Size, share: float) -> list[tuple[str, str, str, str]]:
    """Time one size, add its three comparisons, and return how far each lane is from the machine's limit."""
    hand = "rust, prepared" if job.name == "single_row" else "rust"
    names = [name for name in ("python", *LIBRARIES, *CRATES, hand) if name in job.lanes]
    times = time_job(run, evidence, job, size, names, share=share)
    if times is None:
        return []
    best, crate = fastest(times, LIBRARIES), fastest(times, CRATES)
    about = {"task": job.title, "size": size.text}
    if hand in times.seconds and "python" in times.seconds:
        evidence.ratio("loops", times, hand, "python", **about)
    if hand in times.seconds and best:
        evidence.ratio("hand", times, hand, best, **about)
    if crate and best:
        evidence.ratio("crate", times, crate, best, **about)
    return limit_rows(job, size, times)


EXPERIMENT = Experiment(
    id="superior-to-python",
    claim="Rust's performance is superior to Python's.",
    where="Comparison with Python",
    lanes=("python", *LIBRARIES, "rust", *CRATES),
    sizes=("every task's three sizes; a quick run takes the smallest of seven tasks",),
    agreement=lanes.agreement(FULL, ("python", *LIBRARIES, *CRATES, "rust", "rust, prepared")),
    rule=Rule(
        "Rust is faster, interval and all, in every task and at every size, by three comparisons: hand-written Rust "
        "with plain Python (loops), hand-written Rust with the fastest Python library (hand), and the fastest Rust "
        "crate with the fastest Python library (crate).",
        {"loops": above(1.0), "hand": above(1.0), "crate": above(1.0)},
    ),
    holds="Rust is faster in every task, by hand and by crate, than plain Python and than its libraries.",
    depends="In some of these comparisons Rust is faster, in others it is not, or the noise is too large to tell.",
    fails="Rust is slower in every task, by hand and by crate, than plain Python and than its libraries.",
    would_change="larger tables, where BLAS and scikit-learn spread their cost per call; a processor that OpenBLAS "
    "knows better; or a release of a crate with another algorithm.",
    needs=("rust",),
    measure=measure,
)
