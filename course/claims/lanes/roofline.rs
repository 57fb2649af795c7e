// What the machine can do at most: multiplications and additions that need no memory, and memory that needs hardly any.

/// Multiply and add in registers only; two operations for each number and round.
pub fn multiply_add(rounds: usize, factor: f64) -> f64 {
    const WIDE: usize = MR * NR; // as many numbers as a tile of a product keeps in registers
    let mut sums = [1.0; WIDE];
    for _ in 0..rounds {
        for i in 0..WIDE {
            sums[i] = fma(sums[i], factor, 1e-9);
        }
    }
    sums.iter().sum()
}

/// Numbers in registers for one round of `multiply_add`.
pub fn wide() -> usize {
    MR * NR
}

/// out = a + factor · b: two arrays read, one written.
pub fn triad(a: &[f64], b: &[f64], out: &mut [f64], factor: f64, threads: usize) {
    parallel_rows(out, 1, ranges(a.len(), threads, LANES), |r, out| {
        for ((o, a), b) in out.iter_mut().zip(&a[r.clone()]).zip(&b[r]) {
            *o = fma(factor, *b, *a);
        }
    });
}

pub fn multiply_add_in(threads: usize, rounds: usize, factor: f64) -> f64 {
    parallel(ranges(threads, threads, 1), |_| multiply_add(rounds, factor)).into_iter().sum()
}
