// Logistic regression with an L2 penalty, by Newton's method: each round weighs the rows, gathers the sums of
// products in tiles, and solves a small system. The intercept is not penalised.

pub fn newton(x: &[f64], y: &[f64], columns: usize, penalty: f64, threads: usize) -> Option<Vec<f64>> {
    let d = columns;
    let mut weights = vec![0.0; d + 1];
    for _ in 0..50 {
        let parts = parallel(ranges(y.len(), threads, 1), |r| step(&x[r.start * d..r.end * d], &y[r], &weights));
        let (mut gram, mut gradient) = (None, vec![0.0; d + 1]);
        for (part, g) in parts {
            gram = Some(match gram { None => part, Some(gram) => Gram::join(gram, part) });
            gradient.iter_mut().zip(g).for_each(|(a, b)| *a += b);
        }
        let mut gram = gram?;
        gram.flush();
        let mut a: Vec<f64> = (0..(d + 1) * (d + 1)).map(|i| gram.get(i / (d + 1), i % (d + 1))).collect();
        for j in 0..d {
            a[j * (d + 1) + j] += penalty;
            gradient[j] += penalty * weights[j];
        }
        let change = solve(a, gradient)?;
        weights.iter_mut().zip(&change).for_each(|(w, c)| *w -= c);
        if change.iter().all(|c| c.abs() < 1e-7) {
            return Some(weights); // the next change would be the square of this one
        }
    }
    None
}

fn step(x: &[f64], y: &[f64], weights: &[f64]) -> (Gram, Vec<f64>) {
    const GROUP: usize = 64;
    let d = weights.len() - 1;
    let mut gram = Gram::new(d + 1);
    let mut gradient = vec![0.0; d + 1];
    let mut line = vec![1.0; d + 1];
    let (mut chance, mut off) = ([0.0; GROUP], [0.0; GROUP]);
    for (x, y) in x.chunks(GROUP * d).zip(y.chunks(GROUP)) {
        for (z, row) in chance.iter_mut().zip(x.chunks_exact(d)) {
            *z = weights[d] + dot(row, &weights[..d]);
        }
        for z in &mut chance {
            *z = 1.0 / (1.0 + exp(-*z));
        }
        for i in 0..y.len() {
            off[i] = chance[i] - y[i];
        }
        for ((row, off), chance) in x.chunks_exact(d).zip(&off).zip(&chance) {
            line[..d].copy_from_slice(row);
            gram.push(&line, chance * (1.0 - chance));
            gradient.iter_mut().zip(&line).for_each(|(g, v)| *g = fma(*off, *v, *g));
        }
    }
    (gram, gradient)
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (x, y) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = x.remainder().iter().zip(y.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in x.zip(y) {
        for i in 0..4 {
            sums[i] = fma(a[i], b[i], sums[i]);
        }
    }
    rest + (sums[0] + sums[2]) + (sums[1] + sums[3])
}
