use linfa::prelude::*;
use linfa_reduction::Pca;
use ndarray::{Array1, Array2, ArrayView2};

/// linfa's PCA. Its `explained_variance` divides by k - 1 where n - 1 is meant, so the variances are mended here.
pub fn with_linfa(x: ArrayView2<f64>, k: usize) -> (Array2<f64>, Array1<f64>) {
    let model = Pca::params(k).fit(&DatasetBase::from(x.to_owned())).expect("finite numbers");
    let variances = model.singular_values().mapv(|s| s * s / (x.nrows() as f64 - 1.0));
    (model.components().clone(), variances)
}
