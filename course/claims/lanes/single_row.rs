// A logistic model's answer for one row: what a service computes for each request.

pub fn predict(row: &[f64], weights: &[f64], intercept: f64) -> f64 {
    assert_eq!(row.len(), weights.len(), "a weight for each number");
    let mut sums = [0.0; 4];
    let (x, w) = (row.chunks_exact(4), weights.chunks_exact(4));
    let rest: f64 = x.remainder().iter().zip(w.remainder()).map(|(x, w)| x * w).sum();
    for (x, w) in x.zip(w) {
        for i in 0..4 {
            sums[i] += x[i] * w[i];
        }
    }
    let z = intercept + rest + (sums[0] + sums[2]) + (sums[1] + sums[3]);
    1.0 / (1.0 + (-z).exp())
}
