use ndarray::{Array1, ArrayView1, ArrayView2};

/// As one writes it with ndarray: two products of matrix and vector in each round.
pub fn with_ndarray(x: ArrayView2<f64>, y: ArrayView1<f64>, rounds: usize, rate: f64) -> Array1<f64> {
    let (n, d) = x.dim();
    let mut weights = Array1::zeros(d);
    let mut intercept = 0.0;
    for _ in 0..rounds {
        let mut off = x.dot(&weights);
        off.zip_mut_with(&y, |z, y| *z = 1.0 / (1.0 + (-(*z + intercept)).exp()) - y);
        weights.scaled_add(-rate / n as f64, &x.t().dot(&off));
        intercept -= rate / n as f64 * off.sum();
    }
    weights.into_iter().chain([intercept]).collect()
}
