"""Is Python better for prototyping? The same pipeline in both: lines, and seconds from an edit to the result."""

from __future__ import annotations

from course.claims import pipelines
from course.claims.experiment import Evidence, Experiment, Rule, Run, Series, below

__all__ = ["EXPERIMENT"]


def measure(run: Run) -> Evidence:
    """Count the lines of both programs; edit both and wait, in turns."""
    evidence = Evidence()
    own, other = pipelines.lines(pipelines.RUST), pipelines.lines(pipelines.PYTHON)
    words = f"lines of the same pipeline: {other} in Python, {own} in Rust"
    evidence.count("python-over-rust", words, other / own, "of Rust's lines", task="writing")
    found = pipelines.edits(7 if run.quick else 25, run.say)
    evidence.timed(
        "python-over-rust", "compiling alone", pipelines.ratios(found.build), "times as fast as python",
        task="compiling", lane="rust", against="python",
    )  # fmt: skip
    where = {"in a new process": found.process, "in a kernel that has its libraries": found.kernel}
    for name, pairs in where.items():
        evidence.timed(
            "python-over-rust", f"edit to result, {name}", pipelines.ratios(pairs), "times as fast as python",
            task="edit to result", where=name, lane="rust", against="python",
        )  # fmt: skip
    bars = {
        "Python": [(name, sorted(p for p, _ in pairs)[len(pairs) // 2]) for name, pairs in where.items()],
        "Rust": [("compile and run", sorted(r for _, r in found.process)[len(found.process) // 2])],
    }
    evidence.series.append(
        Series("From an edit to the result", "where", "seconds, the middle of the turns", bars, log=False, kind="bars")
    )
    return evidence


EXPERIMENT = Experiment(
    id="python-better-for-prototyping",
    claim="Python is better for prototyping: shorter to write, quicker to try.",
    where="Comparison with Python",
    lanes=("Python, scikit-learn", "Rust, linfa"),
    sizes=("344 rows of penguins",),
    agreement="both programs reach the same accuracy (0.03 apart at most) on the same test rows",
    rule=Rule(
        "The Python program has fewer lines (ratio below 1) and is compiled sooner (to bytecode, where Rust's is a "
        "release build); and after an edit its result is there sooner than Rust's, compiling included, both in a new "
        "process and in a kernel that has its libraries loaded (Python's time over Rust's below 1, interval and all).",
        {"python-over-rust": below(1)},
    ),
    holds="The Python program is shorter, compiles sooner, and shows the result of an edit sooner in both places.",
    depends="By some of these measures Python is ahead, by others it is not, or the noise is too large to tell.",
    fails="The Rust program is shorter, compiles sooner, and shows the result of an edit sooner in both places.",
    would_change="a task without libraries, where Python has nothing to import; generic code that is not compiled "
    "beforehand, as in a project of one's own; a larger program.",
    needs=("rust", "crates"),
    after=(
        (
            "The time to compile was inside the time from an edit to the result, and had no finding of its own. It was "
            "added before it was taken."
        ),
    ),
    measure=measure,
)
