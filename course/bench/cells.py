"""The cells that `course dev bench rust` edits and runs: what a learner would write, one for each kind.

`EDIT` stands for a number that is different in every edit. It is part of what is computed, so that no cache can
answer, and every lane has to give the same result.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CELLS", "BenchCell"]


@dataclass(frozen=True)
class BenchCell:
    """One cell: Rust that defines a function, and the same call in Python and in Rust.

    `setup` and `call` are Python (they make the arrays, they call the function and give a number); `inline` is what
    a kernel without NumPy evaluates instead. `large` makes the arrays on which run time is compared.
    """

    name: str
    rust: str
    setup: str
    call: str
    inline: str
    target: float
    large: str = ""
    crates: tuple[str, ...] = ()

    def edited(self, number: float) -> str:
        """Return the Rust of one edit."""
        return self.rust.replace("EDIT", f"{number:.6f}")


# The same points in both languages, from a formula: no generator has to agree with another.
_POINTS_PYTHON = """import numpy as np
def points(rows, columns):
    i = np.arange(rows * columns, dtype=np.float64).reshape(rows, columns)
    return np.sin(i * 12.9898) * 3.0 + (np.arange(rows) % 3)[:, None]
"""
_POINTS_RUST = """let (rows, columns) = (300usize, 4usize);
let x = ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| {
    ((i * columns + j) as f64 * 12.9898).sin() * 3.0 + (i % 3) as f64
});
"""

CELLS = (
    BenchCell(
        "standard library only",
        """fn weighted(x: &[f64]) -> f64 {
    x.iter().enumerate().map(|(i, v)| v * EDIT / (i + 1) as f64).sum()
}
""",
        setup="import numpy as np\nx = np.arange(1000, dtype=np.float64)",
        call="weighted(x)",
        inline="let x: Vec<f64> = (0..1000).map(|i| i as f64).collect();\nweighted(&x)",
        target=0.15,
    ),
    BenchCell(
        "ndarray, a loop over rows",
        """use ndarray::{Array1, ArrayView2};
fn weighted_rows(x: ArrayView2<f64>) -> Array1<f64> {
    x.rows().into_iter().map(|row| row.iter().map(|v| v * EDIT).sum()).collect()
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="float(weighted_rows(x).sum())",
        inline=_POINTS_RUST + "weighted_rows(x.view()).sum()",
        target=0.3,
        crates=("ndarray",),
    ),
    BenchCell(
        "ndarray, sum_axis and product",
        """use ndarray::{Array1, ArrayView2, Axis};
fn column_means(x: ArrayView2<f64>) -> Array1<f64> {
    x.sum_axis(Axis(0)) * (EDIT / x.nrows() as f64)
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="float(column_means(x).sum())",
        inline=_POINTS_RUST + "column_means(x.view()).sum()",
        target=0.3,
        large="x = points(60_000, 8)",
        crates=("ndarray",),
    ),
    BenchCell(
        "ndarray, scaled columns",
        """use ndarray::{Array2, ArrayView2, Axis};
fn standardised(x: ArrayView2<f64>) -> Option<Array2<f64>> {
    let mean = x.mean_axis(Axis(0))?;
    let deviation = x.std_axis(Axis(0), 0.0);
    Some((&x - &mean) / &deviation * EDIT)
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="float((standardised(x) ** 2).sum())",
        inline=_POINTS_RUST + "standardised(x.view()).unwrap().mapv(|v| v * v).sum()",
        target=0.3,
        large="x = points(60_000, 8)",
        crates=("ndarray",),
    ),
    BenchCell(
        "linfa k-means",
        """use linfa::prelude::*;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array2, ArrayView2};
use rand_xoshiro::{Xoshiro256Plus, rand_core::SeedableRng};
fn centres(x: ArrayView2<f64>, start: ArrayView2<f64>) -> Array2<f64> {
    let model = KMeans::params_with_rng(start.nrows(), Xoshiro256Plus::seed_from_u64(1))
        .init_method(KMeansInit::Precomputed(start.to_owned()))
        .n_runs(1)
        .tolerance(1e-4)
        .fit(&DatasetBase::from(x))
        .unwrap();
    model.centroids() * EDIT
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="float(centres(x, x[:3]).sum())",
        inline=_POINTS_RUST + "centres(x.view(), x.slice(ndarray::s![..3, ..])).sum()",
        target=0.45,
        large="x = points(60_000, 8)",
        crates=("ndarray", "linfa", "linfa-clustering", "rand_xoshiro"),
    ),
    BenchCell(
        "linfa logistic",
        """use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, ArrayView2};
fn weights(x: ArrayView2<f64>) -> Array1<f64> {
    let y: Array1<usize> = x.rows().into_iter().map(|row| (row[0] + row[1] > 1.0) as usize).collect();
    let model = LogisticRegression::default()
        .alpha(1.0)
        .max_iterations(100)
        .gradient_tolerance(1e-4)
        .fit(&Dataset::new(x.to_owned(), y))
        .unwrap();
    model.params() * EDIT
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="float(weights(x).sum())",
        inline=_POINTS_RUST + "weights(x.view()).sum()",
        target=0.45,
        large="x = points(20_000, 8)",
        crates=("ndarray", "linfa", "linfa-logistic"),
    ),
    BenchCell(
        "linfa linear regression",
        """use linfa::prelude::*;
use linfa_linear::LinearRegression;
use ndarray::{Array1, ArrayView2};
fn slopes(x: ArrayView2<f64>) -> Array1<f64> {
    let y: Array1<f64> = x.rows().into_iter().map(|row| row[0] * 2.0 - row[1] + row[0] * row[1]).collect();
    let model = LinearRegression::new().fit(&Dataset::new(x.to_owned(), y)).unwrap();
    model.params() * EDIT
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="float(slopes(x).sum())",
        inline=_POINTS_RUST + "slopes(x.view()).sum()",
        target=0.45,
        large="x = points(100_000, 12)",
        crates=("ndarray", "linfa", "linfa-linear"),
    ),
    BenchCell(
        "linfa decision tree",
        """use linfa::prelude::*;
use linfa_trees::DecisionTree;
use ndarray::{Array1, ArrayView2};
fn accuracy(x: ArrayView2<f64>) -> f64 {
    let y: Array1<usize> = x.rows().into_iter().map(|row| (row[0] * row[1] > 1.0) as usize).collect();
    let data = Dataset::new(x.to_owned(), y);
    let model = DecisionTree::params().max_depth(Some(4)).fit(&data).unwrap();
    model.predict(&data).confusion_matrix(&data).unwrap().accuracy() as f64 * EDIT
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="accuracy(x)",
        inline=_POINTS_RUST + "accuracy(x.view())",
        target=0.45,
        large="x = points(4_000, 8)",
        crates=("ndarray", "linfa", "linfa-trees"),
    ),
    BenchCell(
        "linfa preprocessing",
        """use linfa::prelude::*;
use linfa_preprocessing::linear_scaling::LinearScaler;
use ndarray::{Array2, ArrayView2};
fn standardised(x: ArrayView2<f64>) -> Array2<f64> {
    let data = DatasetBase::from(x.to_owned());
    let scaler = LinearScaler::standard().fit(&data).unwrap();
    scaler.transform(data).records * EDIT
}
""",
        setup=_POINTS_PYTHON + "x = points(300, 4)",
        call="float((standardised(x) ** 2).sum())",
        inline=_POINTS_RUST + "standardised(x.view()).mapv(|v| v * v).sum()",
        target=0.45,
        large="x = points(100_000, 16)",
        crates=("ndarray", "linfa", "linfa-preprocessing"),
    ),
)
