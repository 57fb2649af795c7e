use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, ArrayView1, ArrayView2};

/// linfa's logistic regression (L-BFGS). The more frequent class is its positive one, so signs may have to turn.
pub fn with_linfa(x: ArrayView2<f64>, y: ArrayView1<f64>, penalty: f64) -> Array1<f64> {
    let data = Dataset::new(x.to_owned(), y.mapv(|v| v > 0.5));
    let model = LogisticRegression::default()
        .alpha(penalty)
        .max_iterations(200)
        .gradient_tolerance(1e-6)
        .fit(&data)
        .expect("finite numbers of two classes");
    let sign = if model.labels().pos.class { 1.0 } else { -1.0 };
    model.params().iter().copied().chain([model.intercept()]).map(|v| sign * v).collect()
}
