"""Wrong results of the libraries that the overview names, each reproduced by a program, never by hearsay.

    reproduce(bug)      at the releases that cells use
    newest()            at the newest releases: what upstream has mended since, by name

A program prints one line: `there: …` where the result is wrong, `mended: …` where it is right, and says how it knows.
A panic counts as `there`. So a raised pin, or a new release, tells us what it mended without anybody reading it.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.claims.programs import PRINTED, STOPPED, run_rust
from course.errors import CourseError, RustMissing
from course.rust import crates, toolchain

__all__ = ["BUGS", "Bug", "Found", "newest", "of", "reproduce"]

_DATA = """
use linfa::prelude::*;
use ndarray::{Array1, Array2};

/// Numbers between 0 and 1, the same on every machine.
fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2654435769).wrapping_add(12345);
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}
"""


@dataclass(frozen=True)
class Bug:
    """One wrong result: the crate it is in, what is wrong, and the program that shows it."""

    id: str
    crate: str
    title: str
    program: str
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What a program showed. `there`: the result is wrong; `said`: how it knows."""

    there: bool
    said: str


BUGS = (
    Bug(
        "pca-variance",
        "linfa-reduction",
        "PCA's explained variance is divided by components − 1, not by rows − 1",
        _DATA
        + """
use linfa_reduction::Pca;

fn main() {
    let (rows, mut number) = (1000, numbers(1));
    let x = Array2::from_shape_fn((rows, 3), |(_, column)| (3.0 - column as f64) * number());
    let model = Pca::params(2).fit(&DatasetBase::from(x.clone())).unwrap();
    let first = model.predict(&x).column(0).to_owned();
    let mean = first.sum() / rows as f64;
    let right = first.mapv(|value| (value - mean).powi(2)).sum() / (rows - 1) as f64;
    let found = model.explained_variance()[0];
    let verdict = if (found / right - 1.0).abs() < 1e-6 { "mended" } else { "there" };
    println!("{verdict}: first variance {found:.4}, of the projected data {right:.4}, ratio {:.1}", found / right);
}
""",
        ("linfa", "linfa-reduction", "ndarray"),
    ),
    Bug(
        "cluster-count",
        "linfa-clustering",
        "KMeans::cluster_count is that of the last run, not of the best",
        _DATA
        + """
use linfa_clustering::KMeans;

fn main() {
    let wrong = |runs: usize| {
        (0..12)
            .filter(|&seed| {
                let mut number = numbers(seed);
                let x = Array2::from_shape_fn((200, 2), |_| number());
                let data = DatasetBase::from(x.clone());
                let model = KMeans::params(5).n_runs(runs).max_n_iterations(300).tolerance(1e-9).fit(&data).unwrap();
                let labels: Array1<usize> = model.predict(&x);
                let mut counted = vec![0.0; 5];
                labels.iter().for_each(|&label| counted[label] += 1.0);
                model.cluster_count().iter().zip(&counted).any(|(a, b)| (a - b).abs() > 0.5)
            })
            .count()
    };
    let (one, ten) = (wrong(1), wrong(10));
    let verdict = if ten == 0 { "mended" } else { "there" };
    println!("{verdict}: counts unlike its own predictions in {ten} of 12 data sets with 10 runs, {one} with 1");
}
""",
        ("linfa", "linfa-clustering", "ndarray"),
    ),
    Bug(
        "label-order",
        "linfa-logistic",
        "binary logistic regression takes the more frequent class as the positive one",
        _DATA
        + """
use linfa_logistic::LogisticRegression;

fn main() {
    let mut number = numbers(3);
    let fit = |ones: usize, number: &mut dyn FnMut() -> f64| {
        let rows = 100;
        let y = Array1::from_shape_fn(rows, |row| usize::from(row < ones));
        let x = Array2::from_shape_fn((rows, 1), |(row, _)| y[row] as f64 + number());
        LogisticRegression::default().fit(&Dataset::new(x, y)).unwrap().params()[0]
    };
    let (few, many) = (fit(30, &mut number), fit(70, &mut number));
    // The same relation both times: a larger x means class 1.
    let verdict = if few * many > 0.0 { "mended" } else { "there" };
    println!("{verdict}: the weight of the same relation is {few:.2} with 30 % ones and {many:.2} with 70 %");
}
""",
        ("linfa", "linfa-logistic", "ndarray"),
    ),
    Bug(
        "parallel-panic",
        "rustlearn",
        "prediction with threads panics: it cuts up an empty vector by its capacity",
        """
use rustlearn::linear_models::sgdclassifier::Hyperparameters;
use rustlearn::prelude::*;

fn main() {
    let x = Array::from(&vec![vec![0.0, 1.0], vec![1.0, 0.0], vec![0.1, 0.9], vec![0.9, 0.2]]);
    let y = Array::from(vec![1.0, 0.0, 1.0, 0.0]);
    let mut model = Hyperparameters::new(2).build();
    model.fit(&x, &y).unwrap();
    let alone = model.decision_function(&x).unwrap();
    let threads = model.decision_function_parallel(&x, 2).unwrap();
    let verdict = if alone.data() == threads.data() { "mended" } else { "there" };
    println!("{verdict}: one thread {:?}, two threads {:?}", alone.data(), threads.data());
}
""",
        ("rustlearn",),
    ),
)


def of(library: str) -> list[Bug]:
    """Return the bugs of a library: of the crate itself, and of those whose names begin with it."""
    return [bug for bug in BUGS if bug.crate == library or bug.crate.startswith(f"{library}-")]


def reproduce(bug: Bug) -> Found:
    """Run a bug's program at the releases that cells use.

    Raises `CourseError` where the program does not compile, or prints something else.
    """
    outcome = run_rust(bug.program, opt="3")
    if outcome.kind == STOPPED:
        return Found(True, outcome.detail)
    if outcome.kind != PRINTED:
        raise CourseError(f"the program that shows {bug.id} does not compile: {outcome.detail}")
    return _read(bug, outcome.detail)


def _read(bug: Bug, printed: str) -> Found:
    state, _, said = printed.partition(": ")
    if state not in ("there", "mended"):
        raise CourseError(f"the program that shows {bug.id} printed {printed[:80]!r}")
    return Found(state == "there", said)


Progress = Callable[[float, str], None]


def newest(progress: Progress = lambda _fraction, _what: None) -> dict[str, Any]:
    """Build every program against the newest releases of its crates, and say what is mended.

    A crate whose API has changed so that the program does not compile is reported as such, with the error.

    Raises:
        RustMissing: there is no cargo.
        CourseError: cargo cannot resolve the newest releases (no network, most often).
    """
    cargo = toolchain.find().cargo
    if cargo is None:
        raise RustMissing("there is a Rust compiler but no cargo")
    pinned = crates.ensure().versions if crates.ready() else {}
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for number, bug in enumerate(BUGS):
            progress(number / len(BUGS), f"{bug.id}: build the newest {bug.crate}, and run")
            results.append(_try_newest(cargo, Path(folder), bug, pinned.get(bug.crate.replace("-", "_"), "")))
    progress(1.0, "done")
    return {"schema": 1, "date": datetime.date.today().isoformat(), "bugs": results}


def _try_newest(cargo: Path, folder: Path, bug: Bug, pinned: str) -> dict[str, Any]:
    place = folder / bug.id
    (place / "src").mkdir(parents=True)
    (place / "src" / "main.rs").write_text(bug.program, "utf-8")
    libraries = [name for name in bug.uses if name != "ndarray"]
    _manifest(place, bug, dict.fromkeys(libraries, "*"))
    _cargo(cargo, place, "generate-lockfile")
    versions = _locked(place, bug.crate)
    wanted = {name: f"={versions[name]}" for name in libraries}
    if "ndarray" in bug.uses:
        wanted["ndarray"] = f"={versions['ndarray']}"  # the one that the library itself stands on
    _manifest(place, bug, wanted)
    _cargo(cargo, place, "fetch")  # so that what fails after this is the program, not the network
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target"), "RUST_BACKTRACE": "0"}
    command = [str(cargo), "run", "--quiet", "--release"]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    record = {"id": bug.id, "crate": bug.crate, "version": versions[bug.crate], "pinned": pinned, "title": bug.title}
    if done.returncode == 0:
        found = _read(bug, done.stdout.strip())
        return {**record, "state": "there" if found.there else "mended", "said": found.said}
    errors = [line for line in done.stderr.splitlines() if line.strip()]
    panicked = next((number for number, line in enumerate(errors) if "panicked at" in line), None)
    if panicked is not None:
        return {**record, "state": "there", "said": "panic: " + " ".join(errors[panicked + 1 : panicked + 2])}
    return {**record, "state": "does not compile", "said": _said(done.stderr)}


def _said(stderr: str) -> str:
    """Return cargo's error: above it stands what it was doing."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("error")), lines[-1] if lines else "no message")


def _manifest(place: Path, bug: Bug, wanted: dict[str, str]) -> None:
    lines = ["[package]", f'name = "{bug.id}"', 'version = "0.1.0"', 'edition = "2021"', "[dependencies]"]
    lines += [f'{name} = "{version}"' for name, version in wanted.items()]
    (place / "Cargo.toml").write_text("\n".join([*lines, "[workspace]", ""]), "utf-8")
    (place / "Cargo.lock").unlink(missing_ok=True)


def _cargo(cargo: Path, place: Path, *arguments: str) -> None:
    done = subprocess.run([str(cargo), *arguments], cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CourseError(
            f"cargo cannot bring the newest releases: {_said(done.stderr)}",
            help="this command downloads crates: try again with a network",
        )


def _locked(place: Path, crate: str) -> dict[str, str]:
    """Return the versions that cargo chose; of ndarray, the one that `crate` depends on."""
    packages = tomllib.loads((place / "Cargo.lock").read_text("utf-8"))["package"]
    versions = {package["name"]: package["version"] for package in packages}
    for package in packages:
        if package["name"] == crate:
            for dependency in package.get("dependencies", []):
                name, _, version = dependency.partition(" ")
                versions[name] = version or versions[name]
    return versions
