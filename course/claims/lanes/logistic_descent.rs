// Logistic regression by gradient descent from zero: rows in groups of WIDE, packed once, so that every step is a
// loop over neighbours in memory; the prediction and the gradient of a group are found while it is in the cache.

const WIDE: usize = 64; // with 32, LLVM unrolls the loops, and then finds only pairs to put into vectors

/// Numbers side by side that start where a cache line does: a vector across two lines costs twice.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Wide([f64; WIDE]);

struct Group {
    columns: Vec<Wide>, // one for each column
    target: [f64; WIDE],
    used: usize,
}

pub fn descend(x: &[f64], y: &[f64], columns: usize, rounds: usize, rate: f64, threads: usize) -> Vec<f64> {
    let (d, n) = (columns, y.len());
    let groups: Vec<Group> = x.chunks(WIDE * d).zip(y.chunks(WIDE)).map(|(x, y)| pack(x, y, d)).collect();
    let mut weights = vec![0.0; d + 1]; // the intercept last
    for _ in 0..rounds {
        let parts = parallel(ranges(groups.len(), threads, 1), |r| gradient(&groups[r], &weights));
        for part in parts {
            weights.iter_mut().zip(part).for_each(|(w, g)| *w -= rate / n as f64 * g);
        }
    }
    weights
}

fn pack(x: &[f64], y: &[f64], d: usize) -> Group {
    let mut group = Group { columns: vec![Wide([0.0; WIDE]); d], target: [0.0; WIDE], used: y.len() };
    group.target[..y.len()].copy_from_slice(y);
    for (i, row) in x.chunks_exact(d).enumerate() {
        for (column, value) in group.columns.iter_mut().zip(row) {
            column.0[i] = *value;
        }
    }
    group
}

fn gradient(groups: &[Group], weights: &[f64]) -> Vec<f64> {
    let (intercept, weights) = weights.split_last().expect("an intercept");
    let mut sums = vec![Wide([0.0; WIDE]); weights.len() + 1];
    for group in groups {
        let z = predict(&group.columns, weights, *intercept);
        let mut off = Wide([0.0; WIDE]);
        for i in 0..WIDE {
            off.0[i] = 1.0 / (1.0 + exp(-z.0[i])) - group.target[i];
        }
        off.0[group.used..].fill(0.0);
        for (column, sums) in group.columns.iter().zip(&mut sums) {
            add_products(sums, column, &off);
        }
        let last = sums.last_mut().expect("an intercept");
        last.0.iter_mut().zip(&off.0).for_each(|(s, o)| *s += o);
    }
    sums.iter().map(|s| s.0.iter().sum()).collect()
}

fn predict(columns: &[Wide], weights: &[f64], intercept: f64) -> Wide {
    let mut z = Wide([intercept; WIDE]);
    let (fours, rest) = (columns.chunks_exact(4), columns.chunks_exact(4).remainder());
    for (c, w) in fours.zip(weights.chunks_exact(4)) {
        for i in 0..WIDE {
            z.0[i] = fma(c[0].0[i], w[0], fma(c[1].0[i], w[1], fma(c[2].0[i], w[2], fma(c[3].0[i], w[3], z.0[i]))));
        }
    }
    for (column, weight) in rest.iter().zip(&weights[columns.len() - rest.len()..]) {
        for i in 0..WIDE {
            z.0[i] = fma(column.0[i], *weight, z.0[i]);
        }
    }
    z
}

#[inline(always)]
fn add_products(sums: &mut Wide, column: &Wide, off: &Wide) {
    for i in 0..WIDE {
        sums.0[i] = fma(column.0[i], off.0[i], sums.0[i]);
    }
}
