"""Is rustlearn like scikit-learn? What is there is asked of the compiler, one small program for each thing."""

from __future__ import annotations

import datetime

from course.claims import bugs, dated
from course.claims.experiment import Evidence, Experiment, Rule, Run, above, below
from course.claims.programs import PRINTED, run_rust

__all__ = ["EXPERIMENT"]

_ARRAYS = """
use rustlearn::prelude::*;
fn data() -> (Array, Array) {
    let x = Array::from(&vec![vec![0.0, 1.0], vec![1.0, 0.0], vec![0.1, 0.9], vec![0.9, 0.2]]);
    let y = Array::from(vec![1.0, 0.0, 1.0, 0.0]);
    (x, y)
}
"""

# What scikit-learn's front page promises, and how each is asked of rustlearn: (task, name, program).
ASKED = (
    ("classification", "a linear classifier is fitted and predicts", _ARRAYS + """
use rustlearn::linear_models::sgdclassifier::Hyperparameters;
fn main() {
    let (x, y) = data();
    let mut model = Hyperparameters::new(2).one_vs_rest();
    for _ in 0..50 { model.fit(&x, &y).unwrap(); }
    println!("{:?}", model.predict(&x).unwrap().data());
}"""),
    ("classification", "a decision tree is fitted and predicts", _ARRAYS + """
use rustlearn::trees::decision_tree::Hyperparameters;
fn main() {
    let (x, y) = data();
    let mut model = Hyperparameters::new(2).one_vs_rest();
    model.fit(&x, &y).unwrap();
    println!("{:?}", model.predict(&x).unwrap().data());
}"""),
    ("regression", "a linear regression is there", """
use rustlearn::linear_models::LinearRegression;
fn main() { let _ = LinearRegression::default(); }"""),
    ("regression", "a regression tree is there", """
use rustlearn::trees::decision_tree::DecisionTreeRegressor;
fn main() { let _ = std::mem::size_of::<DecisionTreeRegressor>(); }"""),
    ("clustering", "a module for clustering is there", """
use rustlearn::clustering;
fn main() { let _ = std::mem::size_of::<clustering::KMeans>(); }"""),
    ("preprocessing", "a scaler is there", """
use rustlearn::preprocessing::StandardScaler;
fn main() { let _ = StandardScaler::default(); }"""),
    ("preprocessing", "dictionaries become features", """
use rustlearn::feature_extraction::DictVectorizer;
use rustlearn::prelude::*;
fn main() {
    let mut words = DictVectorizer::new();
    words.partial_fit(0, "rust", 1.0);
    println!("{} row", words.transform().rows());
}"""),
    ("evaluation", "accuracy is computed", _ARRAYS + """
use rustlearn::metrics::accuracy_score;
fn main() { let (_, y) = data(); println!("{}", accuracy_score(&y, &y)); }"""),
    ("evaluation", "folds for cross-validation are made", """
use rustlearn::cross_validation::CrossValidation;
fn main() { println!("{}", CrossValidation::new(10, 5).count()); }"""),
    ("dimensionality reduction", "PCA is there", """
use rustlearn::decomposition::PCA;
fn main() { let _ = std::mem::size_of::<PCA>(); }"""),
)  # fmt: skip


def measure(run: Run) -> Evidence:
    """Ask the compiler, run what compiles, and reproduce the known failure."""
    evidence = Evidence()
    rows = []
    for number, (task, name, program) in enumerate(ASKED):
        run.say(number / len(ASKED), name)
        outcome = run_rust(program)
        works = outcome.kind == PRINTED
        evidence.count("works", f"{task}: {name}", float(works), "(1: it runs, 0: it does not)", task=task)
        rows.append([task, name, str(outcome)])
    for bug in bugs.of("rustlearn"):
        found = bugs.reproduce(bug)
        words = f"{bug.title}: {found.said}"
        evidence.count("wrong", words, float(found.there), "wrong results", task="correctness", bug=bug.id)
    release = next(one for one in dated.releases() if one["name"] == "rustlearn")
    age = (datetime.datetime.now(tz=datetime.UTC).date() - datetime.date.fromisoformat(release["date"])).days / 365.25
    evidence.count("age", f"years since rustlearn {release['version']}", age, "years", task="upkeep")
    evidence.table("What was asked, and what the compiler and the program said", ["task", "asked", "outcome"], rows)
    return evidence


EXPERIMENT = Experiment(
    id="rustlearn-like-sklearn",
    claim="rustlearn is a general-purpose library in the spirit of scikit-learn: classification, regression, "
    "clustering.",
    where='Key libraries: "rust-learn"',
    lanes=("rustlearn 0.5.0",),
    sizes=("one program for each thing asked",),
    agreement="",
    rule=Rule(
        "Each thing asked for compiles and runs (above 0.5: it does), no wrong result known of it is there (below "
        "0.5), "
        "and its newest release is at most three years old (below 3 years).",
        {"works": above(0.5), "wrong": below(0.5), "age": below(3)},
    ),
    holds="Everything asked for is there, works, and is kept up.",
    depends="Some of what the rule asks is so (there, right, kept up), other parts are not; the findings name each.",
    fails="Nothing of what was asked for is there.",
    would_change="a new release of the crate; the last was in 2018.",
    needs=("rust", "crates"),
    measure=measure,
)
