"""Are there fewer libraries? Projects listed, and scikit-learn's estimators that no pinned crate has."""

from __future__ import annotations

from course.claims import coverage, dated
from course.claims.experiment import Evidence, Experiment, Rule, Run, Series, below

__all__ = ["EXPERIMENT"]


def measure(_run: Run) -> Evidence:
    """Count both ecosystems by the same lists, and scikit-learn's parts that linfa has nothing for."""
    evidence = Evidence()
    for year in ("2021", "2024"):
        counted = {one["language"]: one for one in dated.projects() if one["date"].startswith(year)}
        rust, python = counted["rust"], counted["python"]
        share = rust["count"] / python["count"]
        words = f"projects listed, end of {year}: {rust['count']} in Rust, {python['count']} in Python"
        evidence.count("share", words, share, "of Python's", figure="projects listed", year=year)
    parts = coverage.estimators()
    total, have = sum(len(part.covered) for part in parts), sum(part.count for part in parts)
    words = f"estimators of scikit-learn that linfa has: {have} of {total}"
    evidence.count("share", words, have / total, "of scikit-learn's", figure="estimators")
    there = sum(part.count > 0 for part in parts)
    words = f"parts of scikit-learn that linfa has anything for: {there} of {len(parts)}"
    evidence.count("share", words, there / len(parts), "of scikit-learn's", figure="parts")
    bars = {
        "Rust": [(f"listed, end of {one['date'][:4]}", float(one["count"])) for one in dated.projects()
                 if one["language"] == "rust"],
        "Python": [(f"listed, end of {one['date'][:4]}", float(one["count"])) for one in dated.projects()
                   if one["language"] == "python"],
    }  # fmt: skip
    evidence.series.append(Series("Projects for machine learning", "list", "projects", bars, log=False, kind="bars"))
    missing = [[part.name, str(len(part.covered)), ", ".join(part.covered)] for part in parts if not part.count]
    columns = ["part of scikit-learn", "estimators", "which"]
    evidence.table("Parts of scikit-learn that linfa has nothing for", columns, missing)
    rows = [[one["language"], one["date"], str(one["count"]), one["source"]] for one in dated.projects()]
    evidence.table("Projects listed", ["language", "date", "projects", "source"], rows)
    return evidence


EXPERIMENT = Experiment(
    id="fewer-libraries",
    claim="Rust has fewer libraries and tools for machine learning than Python.",
    where="Challenges: ecosystem maturity",
    lanes=("Rust", "Python"),
    sizes=("end of 2021", "end of 2024", "the releases installed here"),
    agreement="the two lists are made by one program; scikit-learn's estimators are its own list",
    rule=Rule(
        "By every count the Rust side has less than 0.75 of the Python side: projects in the two lists (at both "
        "dates), "
        "estimators of scikit-learn that linfa also has, and parts of scikit-learn that linfa has anything for.",
        {"share": below(0.75)},
    ),
    holds="By every count Rust has less than three quarters of what Python has.",
    depends="By some counts Rust has less than three quarters of what Python has, by others not.",
    fails="By no count does Rust have less than three quarters of what Python has.",
    would_change="a count of what is needed instead of what exists: most projects use few estimators; and the many "
    "Python "
    "libraries that are written in Rust count on Python's side here.",
    measure=measure,
)
