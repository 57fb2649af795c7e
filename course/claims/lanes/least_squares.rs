// Least squares with an intercept, by the normal equations: one pass gathers all sums of products, shifted by the
// first row so that a column far from zero loses no digits.

pub fn least_squares(x: &[f64], y: &[f64], columns: usize, threads: usize) -> Option<Vec<f64>> {
    let (d, n) = (columns, y.len() as f64);
    let first = &x[..d];
    let gram = parallel(ranges(y.len(), threads, 1), |r| {
        let mut gram = Gram::new(d + 2);
        let mut line = vec![1.0; d + 2]; // a row, shifted; its target; a one, whose products are the sums
        for (row, target) in x[r.start * d..r.end * d].chunks_exact(d).zip(&y[r]) {
            line[..d].iter_mut().zip(row.iter().zip(first)).for_each(|(l, (v, f))| *l = v - f);
            line[d] = target - y[0];
            gram.push(&line, 1.0);
        }
        gram
    })
    .into_iter()
    .reduce(Gram::join)
    .map(|mut gram| {
        gram.flush();
        gram
    })?;
    let centred = |j: usize, k: usize| gram.get(j, k) - gram.get(j, d + 1) * gram.get(k, d + 1) / n;
    let a = (0..d * d).map(|i| centred(i / d, i % d)).collect();
    let b = (0..d).map(|j| centred(j, d)).collect();
    let mut weights = solve(a, b)?;
    let mean = |j: usize| gram.get(j, d + 1) / n;
    let intercept = y[0] + mean(d) - (0..d).map(|j| weights[j] * (first[j] + mean(j))).sum::<f64>();
    weights.push(intercept);
    Some(weights)
}
