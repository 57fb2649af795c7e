use ndarray::{ArrayView2, ArrayViewMut2, Axis, Zip, linalg::general_mat_mul};

/// As one writes it with ndarray: its matrix product, then one pass over the result.
pub fn with_ndarray(a: ArrayView2<f64>, b: ArrayView2<f64>, mut out: ArrayViewMut2<f64>) {
    let own = (&a * &a).sum_axis(Axis(1));
    let theirs = (&b * &b).sum_axis(Axis(1));
    out.fill(0.0);
    general_mat_mul(-2.0, &a, &b.t(), 0.0, &mut out);
    for (mut row, &x) in out.rows_mut().into_iter().zip(&own) {
        Zip::from(&mut row).and(&theirs).for_each(|o, &y| *o = (*o + x + y).max(0.0).sqrt());
    }
}
