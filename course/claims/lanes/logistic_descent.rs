// Logistic regression by gradient descent from zero: rows in groups of WIDE, packed once, so that every step is a
// loop over neighbours in memory; the prediction and the gradient of a group are found while it is in the cache.

const WIDE: usize = 64;

struct Group {
    columns: Vec<[f64; WIDE]>, // one for each column
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
    let mut group = Group { columns: vec![[0.0; WIDE]; d], target: [0.0; WIDE], used: y.len() };
    group.target[..y.len()].copy_from_slice(y);
    for (i, row) in x.chunks_exact(d).enumerate() {
        for (column, value) in group.columns.iter_mut().zip(row) {
            column[i] = *value;
        }
    }
    group
}

fn gradient(groups: &[Group], weights: &[f64]) -> Vec<f64> {
    let (intercept, weights) = weights.split_last().expect("an intercept");
    let mut sums = vec![[0.0; WIDE]; weights.len() + 1];
    for group in groups {
        let mut z = [*intercept; WIDE];
        for (column, weight) in group.columns.iter().zip(weights) {
            add(&mut z, column, *weight);
        }
        let mut off = [0.0; WIDE];
        for i in 0..WIDE {
            off[i] = 1.0 / (1.0 + exp(-z[i])) - group.target[i];
        }
        off[group.used..].fill(0.0);
        for (column, sums) in group.columns.iter().zip(&mut sums) {
            add_products(sums, column, &off);
        }
        add(sums.last_mut().expect("an intercept"), &off, 1.0);
    }
    sums.iter().map(|s| s.iter().sum()).collect()
}

#[inline(always)]
fn add(z: &mut [f64; WIDE], column: &[f64; WIDE], weight: f64) {
    for i in 0..WIDE {
        z[i] = fma(column[i], weight, z[i]);
    }
}

#[inline(always)]
fn add_products(sums: &mut [f64; WIDE], column: &[f64; WIDE], off: &[f64; WIDE]) {
    for i in 0..WIDE {
        sums[i] = fma(column[i], off[i], sums[i]);
    }
}
