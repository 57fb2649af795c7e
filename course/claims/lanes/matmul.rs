// The product of two square matrices, in the tiles of `common.rs`; threads share the rows.

pub fn matmul(a: &[f64], b: &[f64], out: &mut [f64], n: usize, threads: usize) {
    parallel_rows(out, n, ranges(a.len() / n, threads, MR), |r, out| {
        product(&a[r.start * n..r.end * n], b, out, n, n);
    });
}

/// Three plain loops, in the order that reads memory in sequence: what one writes first.
pub fn matmul_plain(a: &[f64], b: &[f64], out: &mut [f64], n: usize) {
    for (row, out) in a.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        out.fill(0.0);
        for (value, line) in row.iter().zip(b.chunks_exact(n)) {
            for (o, v) in out.iter_mut().zip(line) {
                *o = fma(*value, *v, *o);
            }
        }
    }
}
