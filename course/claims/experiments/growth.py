"""Is machine learning in Rust growing? Dated figures, each beside that of the Python library for the same work."""

from __future__ import annotations

from course.claims import dated
from course.claims.experiment import Evidence, Experiment, Rule, Run, Series, above

__all__ = ["EXPERIMENT"]


def measure(_run: Run) -> Evidence:
    """Bring growth factors over the three years that both lists cover."""
    evidence = Evidence()
    rows = []
    for rust, python in dated.pairs():
        for what in ("stars", "contributors"):
            own, other = rust.growth(what), python.growth(what)
            if own is None or other is None:
                continue
            first, last = rust.figures[0], rust.figures[-1]
            words = f"{what} of {rust.name}, {first.date[:4]} to {last.date[:4]}"
            evidence.count("grows", words, own, "times as many", library=rust.name, figure=what)
            evidence.count(
                "catches-up",
                f"growth in {what}, {rust.name} over {python.name}",
                own / other,
                f"times the growth of {python.name}",
                library=rust.name,
                figure=what,
            )
    for language in ("rust", "python"):
        for library in dated.libraries().values():
            if library.language == language:
                for f in library.figures:
                    rows.append([library.name, f.date, f"{f.stars:,}", f"{f.contributors:,}", f.source])
    counted = {(one["language"], one["date"][:4]): one["count"] for one in dated.projects()}
    evidence.count(
        "grows", "projects listed, Rust", counted["rust", "2024"] / counted["rust", "2021"], "times as many",
        library="all", figure="projects",
    )  # fmt: skip
    points = {
        library.name: [(f.year, float(f.stars)) for f in library.figures]
        for library in dated.libraries().values()
        if len(library.figures) > 1
    }
    evidence.series.append(Series("Stars on GitHub", "year", "stars", points, kind="years"))
    evidence.table("What was counted", ["library", "date", "stars", "contributors", "source"], rows, dated.note())
    evidence.table("Newest release known", ["library", "version", "date"],
                   [[r["name"], r["version"], r["date"]] for r in dated.releases()])  # fmt: skip
    evidence.table("Looked for and not found", ["figure"], [[one] for one in dated.not_found()])
    return evidence


EXPERIMENT = Experiment(
    id="growth",
    claim="Rust is young in machine learning beside Python, and it is growing.",
    where="Current state: growth and adoption",
    lanes=("Rust libraries", "their Python counterparts"),
    sizes=("end of 2021", "end of 2024"),
    agreement="the same two lists, made by one program, on nearly the same days",
    rule=Rule(
        "Over three years every Rust library with a Python counterpart has more stars and more contributors (growth "
        "above 1), and grows by a larger factor than that counterpart (ratio of the factors above 1). These figures "
        "were counted by others and were known when the rule was written; only their newer editions can surprise it.",
        {"grows": above(1), "catches-up": above(1)},
    ),
    holds="Every one of these Rust libraries grew, and by a larger factor than the Python library beside it.",
    depends="By some of these figures the libraries grew as the claim says, by others not; the findings name each.",
    fails="None of these Rust libraries grew.",
    would_change="newer counts from the same lists; or counting use (downloads, dependents) where a dated source "
    "exists.",
    measure=measure,
)
