use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};

pub fn with_ndarray(a: ArrayView2<f64>, b: ArrayView2<f64>, mut out: ArrayViewMut2<f64>) {
    general_mat_mul(1.0, &a, &b, 0.0, &mut out);
}
