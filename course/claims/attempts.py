"""Jobs, written first as somebody who knows NumPy would, then edited until they run: in Rust and in Python.

Six are small, one is a pipeline. An edit replaces one piece of text by another, once. After each edit the Rust program
is compiled again. The first Python version is edited too where it raises. `expected` is what both print at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JOBS", "Attempt", "versions"]

Edit = tuple[str, str]


@dataclass(frozen=True)
class Attempt:
    """One job: the first version in each language, and the edits that make it work."""

    name: str
    expected: str
    rust: str
    rust_edits: tuple[Edit, ...]
    python: str
    python_edits: tuple[Edit, ...] = ()


def versions(first: str, edits: tuple[Edit, ...]) -> list[str]:
    """Return the program after no edit, after one, and so on to the last."""
    found = [first]
    for old, new in edits:
        assert old in found[-1], old
        found.append(found[-1].replace(old, new, 1))
    return found


JOBS = (
    Attempt(
        "the mean of a column, and how many are above it",
        "2.5 2",
        rust="""
fn mean(x: Vec<f64>) -> f64 {
    x.iter().sum() / x.len()
}
fn main() {
    let x = vec![1, 2, 3, 4];
    let m = mean(x);
    let above = x.iter().filter(|v| v > m).count();
    println!("{m} {above}");
}""",
        rust_edits=(
            ("x.iter().sum() /", "x.iter().sum::<f64>() /"),
            ("/ x.len()", "/ x.len() as f64"),
            ("vec![1, 2, 3, 4]", "vec![1.0, 2.0, 3.0, 4.0]"),
            ("|v| v > m", "|v| **v > m"),
            ("x: Vec<f64>", "x: &[f64]"),
            ("mean(x)", "mean(&x)"),
        ),
        python="""
def mean(x):
    return sum(x) / len(x)
x = [1, 2, 3, 4]
m = mean(x)
print(m, sum(v > m for v in x))""",
    ),
    Attempt(
        "divide every row by its largest value, in place",
        "[[0.5, 1.0], [1.0, 0.25]]",
        rust="""
fn main() {
    let x = vec![vec![2.0, 4.0], vec![8.0, 2.0]];
    for row in x {
        let largest = row.iter().max();
        for v in row {
            v /= largest;
        }
    }
    println!("{:?}", x);
}""",
        rust_edits=(
            ("row.iter().max()", "row.iter().copied().fold(f64::NEG_INFINITY, f64::max)"),
            ("v /= largest", "*v /= largest"),
            ("for v in row {", "for v in row.iter_mut() {"),
            ("for row in x {", "for row in x.iter_mut() {"),
            ("let x = vec!", "let mut x = vec!"),
        ),
        python="""
x = [[2.0, 4.0], [8.0, 2.0]]
for row in x:
    largest = max(row)
    for v in row:
        v /= largest
print(x)""",
        python_edits=(("    for v in row:\n        v /= largest", "    row[:] = [v / largest for v in row]"),),
    ),
    Attempt(
        "the label of the nearest point",
        "b",
        rust="""
fn nearest(points: Vec<(f64, String)>, at: f64) -> String {
    points.sort_by_key(|p| (p.0 - at).abs());
    points[0].1
}
fn main() {
    let points = vec![(1.0, "a"), (4.0, "b")];
    println!("{}", nearest(points, 3));
}""",
        rust_edits=(
            ("sort_by_key(|p| (p.0 - at).abs())", "sort_by(|p, q| (p.0 - at).abs().total_cmp(&(q.0 - at).abs()))"),
            ("points: Vec", "mut points: Vec"),
            ("points[0].1\n", "points[0].1.clone()\n"),
            ('(1.0, "a"), (4.0, "b")', '(1.0, "a".to_string()), (4.0, "b".to_string())'),
            ("nearest(points, 3)", "nearest(points, 3.0)"),
        ),
        python="""
def nearest(points, at):
    points.sort(key=lambda p: abs(p[0] - at))
    return points[0][1]
print(nearest([(1.0, "a"), (4.0, "b")], 3))""",
    ),
    Attempt(
        "fit a straight line with a library",
        "slope 2.0",
        rust="""
use linfa::Dataset;
use linfa_linear::LinearRegression;
use ndarray::array;
fn main() {
    let x = array![[0.0], [1.0], [2.0]];
    let y = array![1.0, 3.0, 5.0];
    let data = Dataset::new(x.view(), y.view());
    let model = LinearRegression::new().fit(data);
    println!("slope {:.1}", model.params()[0]);
}""",
        rust_edits=(
            ("Dataset::new(x.view(), y.view())", "Dataset::new(x, y)"),
            ("use linfa::Dataset;", "use linfa::prelude::*;"),
            (".fit(data)", ".fit(&data)"),
            (".fit(&data)", ".fit(&data).unwrap()"),
        ),
        python="""
import numpy as np
from sklearn.linear_model import LinearRegression
x = np.array([[0.0], [1.0], [2.0]])
y = np.array([1.0, 3.0, 5.0])
model = LinearRegression().fit(x, y)
print("slope", round(float(model.coef_[0]), 1))""",
    ),
    Attempt(
        "count words, and show the most frequent",
        "the 2",
        rust="""
fn main() {
    let text = "the row and the column";
    let counts = HashMap::new();
    for word in text.split(" ") {
        counts[word] += 1;
    }
    let (word, n) = counts.iter().max_by_key(|pair| pair.1);
    println!("{word} {n}");
}""",
        rust_edits=(
            ("\nfn main", "\nuse std::collections::HashMap;\nfn main"),
            ("counts[word] += 1", "*counts.entry(word).or_insert(0) += 1"),
            ("max_by_key(|pair| pair.1)", "max_by_key(|pair| pair.1).unwrap()"),
            ("let counts", "let mut counts"),
        ),
        python="""
text = "the row and the column"
counts = {}
for word in text.split(" "):
    counts[word] += 1
word = max(counts, key=counts.get)
print(word, counts[word])""",
        python_edits=(("counts[word] += 1", "counts[word] = counts.get(word, 0) + 1"),),
    ),
    Attempt(
        "sum in two threads",
        "10.0",
        rust="""
use std::thread;
fn main() {
    let x = vec![1.0, 2.0, 3.0, 4.0];
    let total = 0.0;
    let a = thread::spawn(|| for v in &x[..2] { total += v; });
    let b = thread::spawn(|| for v in &x[2..] { total += v; });
    a.join();
    b.join();
    println!("{:.1}", total);
}""",
        rust_edits=(
            ("thread::spawn(|| for v in &x[..2] { total += v; })", "scope.spawn(|| x[..2].iter().sum::<f64>())"),
            ("thread::spawn(|| for v in &x[2..] { total += v; })", "scope.spawn(|| x[2..].iter().sum::<f64>())"),
            ("    let total = 0.0;\n", "    let total = thread::scope(|scope| {\n"),
            ("    a.join();\n    b.join();\n", "    a.join().unwrap() + b.join().unwrap() });\n"),
        ),
        python="""
from concurrent.futures import ThreadPoolExecutor
x = [1.0, 2.0, 3.0, 4.0]
with ThreadPoolExecutor(2) as pool:
    print(sum(pool.map(sum, [x[:2], x[2:]])))""",
    ),
    Attempt(
        "a pipeline: read, clean, standardise, fit, score",
        "accuracy 1.0",
        rust="""
use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use linfa_preprocessing::LinearScaler;
use ndarray::{Array1, Array2};
const TABLE: &str = "38.5,3700,a\\n39.1,NA,a\\n37.2,3600,a\\n36.9,3500,a\\n48.0,5100,b\\n49.5,5300,b\\n47.1,5000,b";
fn main() {
    let (mut x, mut y) = (vec![], vec![]);
    for line in TABLE.lines() {
        let [length, mass, name] = line.split(",");
        if mass != "NA" {
            x.push([length.parse(), mass.parse()]);
            y.push(name == "b");
        }
    }
    let data = Dataset::new(Array2::from(x), Array1::from(y));
    let data = LinearScaler::standard().fit(data).transform(data);
    let model = LogisticRegression::default().fit(data);
    println!("accuracy {:.1}", model.predict(data).confusion_matrix(data).accuracy());
}""",
        rust_edits=(
            ("linfa_preprocessing::LinearScaler", "linfa_preprocessing::linear_scaling::LinearScaler"),
            ('line.split(",");', "line.split(',').collect::<Vec<_>>()[..] else { continue };"),
            ("[length.parse(), mass.parse()]", "[length.parse::<f64>().unwrap(), mass.parse::<f64>().unwrap()]"),
            (".fit(data).transform", ".fit(&data).unwrap().transform"),
            (".fit(data);", ".fit(&data).unwrap();"),
            ("predict(data).confusion_matrix(data)", "predict(&data).confusion_matrix(&data).unwrap()"),
        ),
        python="""
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
table = "38.5,3700,a\\n39.1,NA,a\\n37.2,3600,a\\n36.9,3500,a\\n48.0,5100,b\\n49.5,5300,b\\n47.1,5000,b"
x, y = [], []
for line in table.splitlines():
    length, mass, name = line.split(",")
    if mass != "NA":
        x.append([float(length), float(mass)])
        y.append(name == "b")
x = StandardScaler().fit_transform(x)
model = LogisticRegression().fit(x, y)
print(f"accuracy {model.score(x, y):.1f}")""",
    ),
)
