// The first principal components from the covariance matrix: one pass gathers the sums of products (shifted by the
// first row), then Jacobi's rotations find every eigenvector of the small matrix.

/// Components (k × d, the largest entry of each positive) and the variances along them.
pub fn pca(x: &[f64], columns: usize, k: usize, threads: usize) -> (Vec<f64>, Vec<f64>) {
    let d = columns;
    let n = (x.len() / d) as f64;
    let first = &x[..d];
    let mut gram = parallel(ranges(x.len() / d, threads, 1), |r| {
        let mut gram = Gram::new(d + 1);
        let mut line = vec![1.0; d + 1];
        for row in x[r.start * d..r.end * d].chunks_exact(d) {
            line.iter_mut().zip(row.iter().zip(first)).for_each(|(l, (v, f))| *l = v - f);
            gram.push(&line, 1.0);
        }
        gram
    })
    .into_iter()
    .reduce(Gram::join)
    .expect("one thread at least");
    gram.flush();
    let mut a: Vec<f64> = (0..d * d)
        .map(|i| (gram.get(i / d, i % d) - gram.get(i / d, d) * gram.get(i % d, d) / n) / (n - 1.0))
        .collect();
    let mut vectors: Vec<f64> = (0..d * d).map(|i| f64::from(u8::from(i / d == i % d))).collect(); // in rows
    jacobi(&mut a, &mut vectors, d);
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|&i, &j| a[j * d + j].total_cmp(&a[i * d + i]));
    let mut components = Vec::with_capacity(k * d);
    for &i in &order[..k] {
        let vector = &vectors[i * d..][..d];
        let largest = vector.iter().fold(0.0f64, |m, v| if v.abs() > m.abs() { *v } else { m });
        components.extend(vector.iter().map(|v| v * largest.signum()));
    }
    (components, order[..k].iter().map(|&i| a[i * d + i]).collect())
}

/// Rotate until nothing is left beside the diagonal; `vectors` starts as the unit matrix and ends with the
/// eigenvectors as rows.
fn jacobi(a: &mut [f64], vectors: &mut [f64], d: usize) {
    let total: f64 = a.iter().map(|v| v * v).sum();
    for _ in 0..60 {
        let beside: f64 = (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * d + j] * a[i * d + j]).sum();
        if beside <= 1e-30 * total {
            return;
        }
        for p in 0..d {
            for q in p + 1..d {
                if a[p * d + q] == 0.0 {
                    continue;
                }
                let theta = (a[q * d + q] - a[p * d + p]) / (2.0 * a[p * d + q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                rotate(a, d, p, q, c, s);
                for i in 0..d {
                    let (x, y) = (a[i * d + p], a[i * d + q]);
                    a[i * d + p] = c * x - s * y;
                    a[i * d + q] = s * x + c * y;
                }
                rotate(vectors, d, p, q, c, s);
            }
        }
    }
}

/// Turn two rows against each other.
fn rotate(a: &mut [f64], d: usize, p: usize, q: usize, c: f64, s: f64) {
    let (before, after) = a.split_at_mut(q * d);
    for (x, y) in before[p * d..][..d].iter_mut().zip(&mut after[..d]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}
