use linfa::prelude::*;
use linfa_linear::LinearRegression;
use ndarray::{Array1, ArrayView1, ArrayView2};

/// linfa's least squares: a QR decomposition, steadier and slower than the normal equations.
pub fn with_linfa(x: ArrayView2<f64>, y: ArrayView1<f64>) -> Array1<f64> {
    let data = DatasetBase::new(x.to_owned(), y.to_owned());
    let model = LinearRegression::new().fit(&data).expect("columns that do not depend on each other");
    model.params().iter().copied().chain([model.intercept()]).collect()
}
