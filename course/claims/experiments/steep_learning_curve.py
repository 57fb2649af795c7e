"""Is the learning curve steep? From a first version to one that runs: edits, errors, and whose idea each edit was."""

from __future__ import annotations

from typing import Any

from course.claims.attempts import JOBS, versions
from course.claims.experiment import Evidence, Experiment, Rule, Run, Series, above, below
from course.claims.programs import PRINTED, codes, diagnose, run_python, run_rust
from course.errors import CourseError

__all__ = ["EXPERIMENT", "applied", "mends"]


def measure(run: Run) -> Evidence:
    """Compile every version of every job; run the last ones, in both languages."""
    evidence = Evidence()
    rows = []
    told = errors_in_all = 0
    bars: dict[str, list[tuple[str, float]]] = {"Rust": [], "Python": []}
    for number, job in enumerate(JOBS):
        run.say(number / len(JOBS), job.name)
        named: list[str] = []
        for version in versions(job.rust, job.rust_edits)[:-1]:
            found, _ = diagnose(version)
            named += [code for code in codes(found) if code not in named]
        first, _ = diagnose(job.rust)
        errors = [one for one in first if one.get("code")]
        told += sum(mends(job.rust, one, len(errors)) for one in errors)
        errors_in_all += len(errors)
        _check(job.name, run_rust(versions(job.rust, job.rust_edits)[-1]), job.expected)
        _check(job.name, run_python(versions(job.python, job.python_edits)[-1]), job.expected)
        rust, python = len(job.rust_edits), len(job.python_edits)
        evidence.count("more-edits", f"edits more than in Python: {job.name}", rust - python, "edits", job=job.name)
        bars["Rust"].append((job.name, float(rust)))
        bars["Python"].append((job.name, float(python)))
        rows.append([job.name, str(rust), str(python), str(len(errors)), ", ".join(named)])
    share = told / errors_in_all
    words = f"first errors that carry their own edit: {told} of {errors_in_all}"
    evidence.count("told", words, share, "of the errors", job="all")
    evidence.series.append(Series("Edits until it runs", "job", "edits", bars, log=False, kind="bars"))
    columns = ["job", "edits, Rust", "edits, Python", "errors at first", "error codes on the way"]
    evidence.table("Jobs", columns, rows, "Every version was compiled; the last ones were run and print the same.")
    return evidence


def mends(source: str, error: dict[str, Any], errors: int) -> bool:
    """Say whether the message of an error holds an edit after which the program has fewer errors: it is tried."""
    for part in [error, *error.get("children", [])]:
        edits = [span for span in part.get("spans", []) if span.get("suggested_replacement") is not None]
        if edits:
            after, _ = diagnose(applied(source, edits))
            if sum(bool(one.get("code")) for one in after) < errors and (
                not after or any(o.get("code") for o in after)
            ):
                return True
    return False


def applied(source: str, edits: list[dict[str, Any]]) -> str:
    """Return a program with the compiler's own edits made; places are bytes, so they are made from the end."""
    text = source.encode()
    for edit in sorted(edits, key=lambda one: -one["byte_start"]):
        text = text[: edit["byte_start"]] + edit["suggested_replacement"].encode() + text[edit["byte_end"] :]
    return text.decode()


def _check(name: str, outcome: Any, expected: str) -> None:
    if outcome.kind != PRINTED or outcome.detail != expected:
        raise CourseError(f"the last version of {name!r} should print {expected!r}: {outcome}")


EXPERIMENT = Experiment(
    id="steep-learning-curve",
    claim="Rust has a steep learning curve: types and ownership.",
    where="Challenges: learning curve",
    lanes=("Rust", "Python"),
    sizes=(f"{len(JOBS)} jobs, a pipeline among them",),
    agreement="the last versions of a job print the same in both languages",
    rule=Rule(
        "Every job needs at least two edits more in Rust than in Python before it runs (above 1.5), and fewer than "
        "half "
        "of the compiler's first errors carry an edit after which fewer errors are left (share below 0.5).",
        {"more-edits": above(1.5), "told": below(0.5)},
    ),
    holds="Every job needs more edits in Rust, and the compiler mostly does not say which.",
    depends="By some of these figures the curve is steep, by others not; the findings name each.",
    fails="No job needs two edits more in Rust, and the compiler mostly says which.",
    would_change="other first versions: these were written by the course's authors, as somebody who knows NumPy "
    "would. "
    "Add yours to the list and run again; or measure a class.",
    needs=("rust", "crates"),
    after=(
        (
            "The rule is as it was. The list had six small jobs; a pipeline (read, clean, standardise, fit, score) was "
            "added, because what a learner meets first is how libraries fit together."
        ),
    ),
    measure=measure,
)
