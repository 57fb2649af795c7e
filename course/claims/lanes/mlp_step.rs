// Training steps of a network with one hidden layer (ReLU, softmax, cross-entropy, plain gradient descent), in the
// tiles of `common.rs`. The parameters are changed in place. Threads share the rows of each large product.

/// parameters: hidden weights (inputs × hidden), their offsets, output weights (hidden × classes), their offsets, one
/// after the other. Returns the loss before each step.
pub fn train(
    x: &[f64], y: &[i64], parameters: &mut [f64], inputs: usize, hidden: usize, classes: usize, rate: f64, steps: usize,
    threads: usize,
) -> Vec<f64> {
    let n = y.len();
    let (w1, rest) = parameters.split_at_mut(inputs * hidden);
    let (b1, rest) = rest.split_at_mut(hidden);
    let (w2, b2) = rest.split_at_mut(hidden * classes);
    let mut h = vec![0.0; n * hidden];
    let mut z = vec![0.0; n * classes];
    let mut turned = vec![0.0; (inputs * n).max(hidden * n).max(hidden * classes)];
    let mut back = vec![0.0; n * hidden];
    let (mut g1, mut g2) = (vec![0.0; inputs * hidden], vec![0.0; hidden * classes]);
    let mut losses = Vec::with_capacity(steps);
    for _ in 0..steps {
        shared(x, w1, &mut h, inputs, hidden, threads);
        for row in h.chunks_exact_mut(hidden) {
            row.iter_mut().zip(&*b1).for_each(|(v, b)| *v = if *v + b > 0.0 { *v + b } else { 0.0 });
        }
        shared(&h, w2, &mut z, hidden, classes, threads);
        let mut loss = 0.0;
        for (row, &label) in z.chunks_exact_mut(classes).zip(y) {
            row.iter_mut().zip(&*b2).for_each(|(v, b)| *v += b);
            let top = row.iter().fold(f64::NEG_INFINITY, |a, &b| if b > a { b } else { a });
            let own = row[label as usize] - top;
            row.iter_mut().for_each(|v| *v = exp(*v - top));
            let total: f64 = row.iter().sum();
            loss += total.ln() - own;
            row.iter_mut().for_each(|v| *v /= total * n as f64);
            row[label as usize] -= 1.0 / n as f64; // z is now the gradient of the loss by the scores
        }
        losses.push(loss / n as f64);
        turn(w2, &mut turned, classes);
        shared(&z, &turned[..hidden * classes], &mut back, classes, hidden, threads);
        back.iter_mut().zip(&h).for_each(|(g, v)| *g = if *v > 0.0 { *g } else { 0.0 });
        turn(&h, &mut turned, hidden);
        shared(&turned[..hidden * n], &z, &mut g2, n, classes, threads);
        turn(x, &mut turned, inputs);
        shared(&turned[..inputs * n], &back, &mut g1, n, hidden, threads);
        descend(w1, &g1, rate);
        descend(w2, &g2, rate);
        back.chunks_exact(hidden).for_each(|row| descend(b1, row, rate));
        z.chunks_exact(classes).for_each(|row| descend(b2, row, rate));
    }
    losses
}

/// A product whose rows threads share, where it is worth starting them: one takes as long as some 100,000 multiplications.
fn shared(a: &[f64], b: &[f64], out: &mut [f64], k: usize, n: usize, threads: usize) {
    let rows = a.len() / k;
    let threads = if rows * k * n < 1_000_000 { 1 } else { threads };
    parallel_rows(out, n, ranges(rows, threads, MR), |r, out| product(&a[r.start * k..r.end * k], b, out, k, n));
}

fn descend(parameters: &mut [f64], gradient: &[f64], rate: f64) {
    parameters.iter_mut().zip(gradient).for_each(|(p, g)| *p -= rate * g);
}

/// Write the transpose of a matrix with that many columns, in squares that fit a few cache lines.
fn turn(matrix: &[f64], turned: &mut [f64], columns: usize) {
    const SIDE: usize = 8;
    let rows = matrix.len() / columns;
    for i in (0..rows).step_by(SIDE) {
        for j in (0..columns).step_by(SIDE) {
            for r in i..(i + SIDE).min(rows) {
                for c in j..(j + SIDE).min(columns) {
                    turned[c * rows + r] = matrix[r * columns + c];
                }
            }
        }
    }
}
