"""Is ndarray the base of machine learning in Rust, as NumPy is in Python? What stands on it, and how fast it is."""

from __future__ import annotations

import tomllib

from course.claims import lanes
from course.claims.experiment import Evidence, Experiment, Rule, Run, above
from course.claims.lanes.measure import time_job
from course.rust.crates import WORKSPACE

__all__ = ["EXPERIMENT"]

LEARNING = ("linfa", "rustlearn", "smartcore", "tch")
"""What the names of the machine-learning crates in the pinned workspace start with."""
QUICK = ("standardise", "matmul", "softmax", "logistic_descent")
FULL = ("standardise", "distances", "matmul", "softmax", "logistic_descent", "mlp_step")


def measure(run: Run) -> Evidence:
    """Count the crates that stand on ndarray, and time it beside NumPy."""
    evidence = Evidence()
    standing = _dependents()
    share = sum(standing.values()) / len(standing)
    evidence.count("base", "machine-learning crates of the course that depend on ndarray", share, "of all (1: all)")
    rows = [(name, "yes" if depends else "no") for name, depends in sorted(standing.items())]
    evidence.table("What stands on ndarray", ("crate", "depends on ndarray"), rows, "From the pinned Cargo.lock.")
    jobs = [lanes.job(name) for name in (QUICK if run.quick else FULL)]
    chosen = [(job, size) for job in jobs for size in (job.sizes[:2] if run.quick else job.sizes)]
    for job, size in chosen:
        times = time_job(run, evidence, job, size, ("numpy", "ndarray"), share=0.8 / len(chosen))
        if times is not None:
            evidence.ratio("speed", times, "ndarray", "numpy", task=job.title, size=size.text)
    return evidence


def _dependents() -> dict[str, bool]:
    """Return the machine-learning crates of the workspace, and whether each depends on ndarray itself."""
    packages = tomllib.loads((WORKSPACE / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    return {
        package["name"]: any(one.partition(" ")[0] == "ndarray" for one in package.get("dependencies", ()))
        for package in packages
        if package["name"].partition("-")[0] in LEARNING and "source" in package
    }


EXPERIMENT = Experiment(
    id="ndarray-base",
    claim="ndarray is for Rust what NumPy is for Python: the base of the others.",
    where="Key libraries: ndarray",
    lanes=("numpy", "ndarray"),
    sizes=("every task's three sizes; a quick run takes two of four tasks",),
    agreement=lanes.agreement(FULL, ("numpy", "ndarray")),
    rule=Rule(
        "More than half of the machine-learning crates that the course pins depend on ndarray (base); and written as "
        "one writes it with either, ndarray takes at most 1.25 times as long as NumPy (speed, at least 0.8 times as "
        "fast), interval and all, in every task and at every size.",
        {"base": above(0.5), "speed": above(0.8)},
    ),
    holds="Most crates stand on ndarray, and it is as fast as NumPy in every task measured.",
    depends="By some of these measures ndarray is what NumPy is, by others not, or the noise is too large to tell.",
    fails="Few crates stand on ndarray, and it is slower than NumPy in every task measured.",
    would_change="ndarray's feature `blas`, which hands matrix products to the library that NumPy uses; and a NumPy "
    "that knows fewer of this processor's instructions.",
    needs=("rust", "crates"),
    measure=measure,
)
