use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};

/// As one writes it with ndarray.
pub fn with_ndarray(
    x: ArrayView2<f64>, y: ArrayView1<i64>, mut w1: ArrayViewMut2<f64>, mut b1: ArrayViewMut1<f64>,
    mut w2: ArrayViewMut2<f64>, mut b2: ArrayViewMut1<f64>, rate: f64, steps: usize,
) -> Array1<f64> {
    let n = x.nrows() as f64;
    let mut losses = Vec::new();
    for _ in 0..steps {
        let mut h: Array2<f64> = x.dot(&w1) + &b1;
        h.mapv_inplace(|v| v.max(0.0));
        let mut z: Array2<f64> = h.dot(&w2) + &b2;
        let mut loss = 0.0;
        for (mut row, &label) in z.rows_mut().into_iter().zip(&y) {
            let top = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
            let own = row[label as usize] - top;
            row.mapv_inplace(|v| (v - top).exp());
            let total = row.sum();
            loss += total.ln() - own;
            row /= total * n;
            row[label as usize] -= 1.0 / n;
        }
        losses.push(loss / n);
        let mut back = z.dot(&w2.t());
        back.zip_mut_with(&h, |g, &v| *g = if v > 0.0 { *g } else { 0.0 });
        w2.scaled_add(-rate, &h.t().dot(&z));
        b2.scaled_add(-rate, &z.sum_axis(Axis(0)));
        w1.scaled_add(-rate, &x.t().dot(&back));
        b1.scaled_add(-rate, &back.sum_axis(Axis(0)));
    }
    losses.into()
}
