"""Where the libraries mean different things by the same word: read this before saying that two results disagree.

Each difference is checked by a test that computes both sides. `CELL` is Rust that the checks call.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CELL", "DIFFERENCES", "Difference"]


@dataclass(frozen=True)
class Difference:
    """One word or default, what scikit-learn means by it, and what the Rust library means."""

    id: str
    word: str
    sklearn: str
    rust: str


DIFFERENCES = (
    Difference("inertia", "inertia of k-means", "the sum of squared distances", "linfa: their mean"),
    Difference("runs", "starts of k-means, by default", "1 (with k-means++)", "linfa: 10, and the best is kept"),
    Difference(
        "members", "centre of a cluster in k-means", "the mean of its rows", "linfa: of its rows and the old centre"
    ),
    Difference(
        "tolerance",
        "k-means stops when",
        "the squared shift of all centres is at most tol · the mean variance of the columns",
        "linfa: the shift is below tolerance, in the data's own units",
    ),
    Difference(
        "ratio",
        "explained variance ratio of PCA",
        "the share of the variance of all columns",
        "linfa: the share among the components that are kept, so that they add up to 1",
    ),
    Difference("alpha", "strength of the penalty in logistic regression", "C", "linfa: alpha = 1/C"),
    Difference("gamma", "width of the Gaussian kernel", "exp(−gamma·d²)", "linfa: exp(−d²/eps), so gamma = 1/eps"),
    Difference("intercept", "intercept of the linear classifier", "fitted", "rustlearn: there is none"),
    Difference("epoch", "one call of fit", "trains until it has converged", "rustlearn: one pass over the rows"),
    Difference("ddof", "standard deviation", "NumPy's std divides by n", "ndarray's std has no default for ddof"),
    Difference("precision", "numbers", "64 bits unless told otherwise", "rustlearn: 32 bits, always"),
)

CELL = """
use linfa::prelude::*;
use linfa_clustering::{KMeans, KMeansInit};
use linfa_logistic::LogisticRegression;
use linfa_reduction::Pca;
use linfa_svm::Svm;
use ndarray::{Array1, ArrayView1, ArrayView2};
use rustlearn::linear_models::sgdclassifier::Hyperparameters;
use rustlearn::prelude::{Array, SupervisedModel};

pub fn inertia(x: ArrayView2<f64>, start: ArrayView2<f64>) -> f64 {
    let params = KMeans::params(start.nrows()).init_method(KMeansInit::Precomputed(start.to_owned()));
    params.n_runs(1).tolerance(1e-9).fit(&DatasetBase::from(x.to_owned())).unwrap().inertia()
}

/// The centres where k-means from `start` stops.
pub fn centres(x: ArrayView2<f64>, start: ArrayView2<f64>, tolerance: f64) -> Vec<f64> {
    let params = KMeans::params(start.nrows()).init_method(KMeansInit::Precomputed(start.to_owned()));
    let model = params.n_runs(1).tolerance(tolerance).fit(&DatasetBase::from(x.to_owned())).unwrap();
    model.centroids().iter().copied().collect()
}

pub fn default_runs() -> usize {
    KMeans::<f64, linfa_nn::distance::L2Dist>::params(3).check().unwrap().n_runs()
}

pub fn explained(x: ArrayView2<f64>, components: usize) -> Vec<f64> {
    let model = Pca::params(components).fit(&DatasetBase::from(x.to_owned())).unwrap();
    model.explained_variance_ratio().to_vec()
}

pub fn logistic(x: ArrayView2<f64>, y: &[bool], alpha: f64) -> Vec<f64> {
    let data = Dataset::new(x.to_owned(), Array1::from(y.to_vec()));
    let fitted = LogisticRegression::default().alpha(alpha).max_iterations(1000).gradient_tolerance(1e-8);
    let model = fitted.fit(&data).unwrap();
    // Which class is positive depends on the data: ask the model.
    let sign = if model.labels().pos.class { 1.0 } else { -1.0 };
    model.params().iter().map(|w| sign * w).collect()
}

pub fn gaussian_decision(x: ArrayView2<f64>, y: &[bool], eps: f64, at: ArrayView1<f64>) -> f64 {
    let data = Dataset::new(x.to_owned(), Array1::from(y.to_vec()));
    let model = Svm::<f64, bool>::params().gaussian_kernel(eps).pos_neg_weights(1.0, 1.0).eps(1e-9).fit(&data).unwrap();
    model.weighted_sum(&at) - model.rho
}

/// The decision for a row of zeros, and the first weight after one fit and after two.
pub fn rustlearn(x: ArrayView2<f64>, y: &[bool]) -> Vec<f64> {
    let rows: Vec<Vec<f32>> = x.rows().into_iter().map(|row| row.iter().map(|&v| v as f32).collect()).collect();
    let labels = Array::from(y.iter().map(|&v| f32::from(u8::from(v))).collect::<Vec<f32>>());
    let data = Array::from(&rows);
    let mut model = Hyperparameters::new(x.ncols()).build();
    model.fit(&data, &labels).unwrap();
    let first = model.get_coefficients().data()[0];
    model.fit(&data, &labels).unwrap();
    let second = model.get_coefficients().data()[0];
    let zeros = Array::from(&vec![vec![0.0; x.ncols()]]);
    vec![f64::from(model.decision_function(&zeros).unwrap().data()[0]), f64::from(first), f64::from(second)]
}

pub fn deviation(x: ArrayView1<f64>, ddof: f64) -> f64 {
    x.std(ddof)
}
"""
