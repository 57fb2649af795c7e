"""Is Rust's place in the middle three stages? One pipeline in both languages, stage by stage, deployment included."""

from __future__ import annotations

from course.claims import pipelines
from course.claims.experiment import Evidence, Experiment, Rule, Run, above, below

__all__ = ["EXPERIMENT", "findings"]

INSIDE = ("preprocessing", "training", "evaluation")
NAMES = {"collection": "collection (read a CSV file)", "single row": "deployment (one row at a time)"}


def measure(run: Run) -> Evidence:
    """Take the time of every stage at two sizes, and what a deployment needs."""
    repeats, starts = (14, 10) if run.quick else (40, 25)
    return findings(pipelines.stages(repeats, starts, run.say))


def findings(found: pipelines.Stages) -> Evidence:
    """Bring what was taken before the rule: each stage at each size, and each part of a deployment."""
    evidence = Evidence()
    for size, by_stage in found.seconds.items():
        for stage, pairs in by_stage.items():
            ratios = pipelines.ratios(pairs)
            measure = "inside" if stage in INSIDE else "outside"
            name = NAMES.get(stage, stage)
            evidence.timed(
                measure, f"{name}, {size}", ratios, "times as fast as python",
                task=name, size=size, lane="rust", against="python",
            )  # fmt: skip
    evidence.timed(
        "outside", "deployment: start-up", pipelines.ratios(found.start), "times as fast as python",
        task="deployment (start-up)", lane="rust", against="python",
    )  # fmt: skip
    if all(found.peak_mib):
        evidence.count(
            "outside", "deployment: peak memory", found.peak_mib[0] / found.peak_mib[1], "times less than python",
            task="deployment (memory)",
        )  # fmt: skip
    evidence.count(
        "outside", "deployment: needed on disk", found.disk_mib[0] / found.disk_mib[1], "times less than python",
        task="deployment (disk)",
    )  # fmt: skip
    pipelines.table(evidence, found)
    return evidence


EXPERIMENT = Experiment(
    id="rust-in-the-middle-three-stages",
    claim="Rust's place in the workflow is the middle three stages: preprocessing, training, evaluation.",
    where="Figure 1: the workflow",
    lanes=("Python, scikit-learn", "Rust, linfa"),
    sizes=tuple(pipelines.SIZES),
    agreement="both programs reach the same accuracy (0.03 apart at most) on the same test rows",
    rule=Rule(
        "In preprocessing, training and evaluation Rust is faster than Python at both sizes (above 1, interval and "
        "all); in collection, deployment (one row at a time, start-up, memory, disk) and monitoring it is not ahead "
        "(below 1).",
        {"inside": above(1), "outside": below(1)},
    ),
    holds="Rust is ahead in the middle three stages, and only there.",
    depends="In some stages it is as the claim says, in others not, or the noise is too large; the findings name each.",
    fails="Rust is behind in the middle three stages, and ahead in all others.",
    would_change="other libraries: a data frame library reads files faster than Python's csv module; scikit-learn's "
    "per-call checks weigh less the more rows a call has; other Rust solvers than linfa's.",
    needs=("rust", "crates"),
    after=(
        (
            "Start-up was not among what a deployment needs, though a program that answers one request pays for it. "
            "It was added before it was taken."
        ),
    ),
    measure=measure,
)
