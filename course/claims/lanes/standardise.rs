// Each column to mean 0 and standard deviation 1 (a constant column is only centred).

/// Count, means and sums of squared deviations of some rows, block by block while the block is in the first cache.
fn moments(x: &[f64], d: usize) -> (f64, Vec<f64>, Vec<f64>) {
    let (mut count, mut mean, mut squares) = (0.0, vec![0.0; d], vec![0.0; d]);
    let (mut sums, mut own) = (vec![0.0; d], vec![0.0; d]);
    let rows = (2048 / d).max(4);
    let (sums, own) = (&mut sums[..d], &mut own[..d]); // lengths the compiler can see: no bounds checks in the loops
    for block in x.chunks(rows * d) {
        let n = (block.len() / d) as f64;
        sums.fill(0.0);
        own.fill(0.0);
        let mut fours = block.chunks_exact(4 * d);
        for four in &mut fours {
            let (a, b, c, e) = quarters(four, d);
            for j in 0..d {
                sums[j] += (a[j] + b[j]) + (c[j] + e[j]);
            }
        }
        for row in fours.remainder().chunks_exact(d) {
            sums.iter_mut().zip(row).for_each(|(s, v)| *s += v);
        }
        sums.iter_mut().for_each(|s| *s /= n);
        let mut fours = block.chunks_exact(4 * d);
        for four in &mut fours {
            let (a, b, c, e) = quarters(four, d);
            for j in 0..d {
                let m = sums[j];
                let (a, b, c, e) = (a[j] - m, b[j] - m, c[j] - m, e[j] - m);
                own[j] += fma(a, a, b * b) + fma(c, c, e * e);
            }
        }
        for row in fours.remainder().chunks_exact(d) {
            for j in 0..d {
                own[j] += (row[j] - sums[j]) * (row[j] - sums[j]);
            }
        }
        merge(&mut count, &mut mean, &mut squares, n, sums, own);
    }
    (count, mean, squares)
}

#[inline(always)]
fn quarters(four: &[f64], d: usize) -> (&[f64], &[f64], &[f64], &[f64]) {
    (&four[..d], &four[d..][..d], &four[2 * d..][..d], &four[3 * d..][..d])
}

/// Add the moments of further rows to those gathered so far (Chan, Golub and LeVeque's update).
fn merge(count: &mut f64, mean: &mut [f64], squares: &mut [f64], n: f64, m: &[f64], s: &[f64]) {
    let total = *count + n;
    for j in 0..mean.len() {
        let delta = m[j] - mean[j];
        mean[j] += delta * n / total;
        squares[j] += s[j] + delta * delta * *count * n / total;
    }
    *count = total;
}

pub fn standardise(x: &[f64], out: &mut [f64], columns: usize, threads: usize) {
    let d = columns;
    let rows = ranges(x.len() / d, threads, 4);
    let parts = parallel(rows.clone(), |r| moments(&x[r.start * d..r.end * d], d));
    let (mut count, mut mean, mut squares) = (0.0, vec![0.0; d], vec![0.0; d]);
    for (n, m, s) in parts.iter().filter(|part| part.0 > 0.0) {
        merge(&mut count, &mut mean, &mut squares, *n, m, s);
    }
    let factor: Vec<f64> = squares.iter().map(|s| if *s > 0.0 { 1.0 / (s / count).sqrt() } else { 1.0 }).collect();
    parallel_rows(out, d, rows, |r, out| {
        let (mean, factor) = (&mean[..d], &factor[..d]);
        for (out, row) in out.chunks_exact_mut(d).zip(x[r.start * d..r.end * d].chunks_exact(d)) {
            let (out, row) = (&mut out[..d], &row[..d]);
            for j in 0..d {
                out[j] = (row[j] - mean[j]) * factor[j];
            }
        }
    });
}
