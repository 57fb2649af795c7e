// Softmax of each row: exp(x - largest) / sum.

pub fn softmax(x: &[f64], out: &mut [f64], columns: usize, threads: usize) {
    let d = columns;
    parallel_rows(out, d, ranges(x.len() / d, threads, 1), |r, out| {
        for (row, out) in x[r.start * d..r.end * d].chunks_exact(d).zip(out.chunks_exact_mut(d)) {
            one(row, out);
        }
    });
}

fn one(row: &[f64], out: &mut [f64]) {
    let mut largest = [f64::NEG_INFINITY; LANES];
    let eights = row.chunks_exact(LANES);
    let rest = eights.remainder();
    for v in eights {
        largest = larger(&largest, v.try_into().expect("eight"));
    }
    let top = largest.iter().chain(rest).fold(f64::NEG_INFINITY, |a, &b| if b > a { b } else { a });
    out.iter_mut().zip(row).for_each(|(o, v)| *o = exp(v - top));
    let mut sums = [0.0; LANES];
    let eights = out.chunks_exact(LANES);
    let mut total: f64 = eights.remainder().iter().sum();
    for v in eights {
        sums = plus(&sums, v.try_into().expect("eight"));
    }
    total += sum(&sums);
    let factor = 1.0 / total;
    out.iter_mut().for_each(|v| *v *= factor);
}

#[inline(always)]
fn larger(a: &Eight, b: &Eight) -> Eight {
    std::array::from_fn(|i| if b[i] > a[i] { b[i] } else { a[i] })
}

#[inline(always)]
fn plus(a: &Eight, b: &Eight) -> Eight {
    std::array::from_fn(|i| a[i] + b[i])
}
