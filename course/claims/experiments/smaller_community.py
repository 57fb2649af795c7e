"""Is the community smaller? Stars, contributors and dependent repositories, on the same days."""

from __future__ import annotations

from course.claims import dated
from course.claims.experiment import Evidence, Experiment, Rule, Run, Series, below

__all__ = ["EXPERIMENT"]


def measure(_run: Run) -> Evidence:
    """Bring, for each pair, the newest figures of the Rust library over those of the Python library."""
    evidence = Evidence()
    rows = []
    bars: dict[str, list[tuple[str, float]]] = {"Rust": [], "Python": []}
    for rust, python in dated.pairs():
        if not rust.figures or not python.figures:
            continue
        own, other = rust.figures[-1], python.figures[-1]
        if own.date[:4] != other.date[:4]:
            continue
        bars["Rust"].append((rust.name, float(own.contributors)))
        if (python.name, float(other.contributors)) not in bars["Python"]:
            bars["Python"].append((python.name, float(other.contributors)))
        for what in ("stars", "contributors", "dependents"):
            mine, theirs = getattr(own, what), getattr(other, what)
            if mine and theirs:
                words = f"{what}, {rust.name} / {python.name}"
                evidence.count("share", words, mine / theirs, f"of {python.name}'s", library=rust.name, figure=what)
        rows.append([rust.name, _said(own), python.name, _said(other), own.date, own.source, other.source])
    evidence.series.append(Series("Contributors, end of 2024", "library", "contributors", bars, log=True, kind="bars"))
    columns = ["Rust", "stars, contributors, dependents", "Python", "the same", "date", "source", "source"]
    evidence.table("What was counted", columns, rows, dated.note())
    evidence.table("Looked for and not found", ["figure"], [[one] for one in dated.not_found()])
    return evidence


def _said(figure: dated.Figure) -> str:
    dependents = "not found" if figure.dependents is None else f"{figure.dependents:,}"
    return f"{figure.stars:,}, {figure.contributors:,}, {dependents}"


EXPERIMENT = Experiment(
    id="smaller-community",
    claim="Rust's machine-learning community is smaller than Python's.",
    where="Challenges: community size",
    lanes=("Rust libraries", "their Python counterparts"),
    sizes=("end of 2024",),
    agreement="the same two lists, made by one program, three days apart",
    rule=Rule(
        "In every pair of libraries for the same work, and for each of stars, contributors and dependent "
        "repositories, "
        "the Rust library has less than half of what the Python library has (ratio below 0.5). The figures were "
        "counted by others and were known when the rule was written.",
        {"share": below(0.5)},
    ),
    holds="In every pair the Rust library has less than half the people and the users of the Python one.",
    depends="By some of these figures the Rust library's community is less than half as large, by others not.",
    fails="No Rust library here has less than half of its counterpart's community.",
    would_change="newer counts; or pairs where a library written in Rust is used from Python (tokenizers, polars), "
    "whose "
    "users are counted on both sides.",
    measure=measure,
)
