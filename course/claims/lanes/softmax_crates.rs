use ndarray::{ArrayView2, ArrayViewMut2};

/// As one writes it with ndarray, row by row and in place.
pub fn with_ndarray(x: ArrayView2<f64>, mut out: ArrayViewMut2<f64>) {
    for (row, mut out) in x.rows().into_iter().zip(out.rows_mut()) {
        let top = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        out.assign(&row);
        out.mapv_inplace(|v| (v - top).exp());
        let total = out.sum();
        out /= total;
    }
}
