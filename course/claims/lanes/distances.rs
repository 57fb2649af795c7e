// Euclidean distances of every row of a to every row of b, from the product of the two matrices.

pub fn distances(a: &[f64], b: &[f64], out: &mut [f64], columns: usize, threads: usize) {
    let d = columns;
    let n = b.len() / d;
    let packed = panels(b, d);
    let squares: Vec<f64> = b.chunks_exact(d).map(square).chain(std::iter::repeat_n(0.0, NR)).collect();
    parallel_rows(out, n, ranges(a.len() / d, threads, MR), |r, out| {
        const BLOCK: usize = 16 * MR; // rows of a that stay in the first cache while a panel of b is used
        let mut left = vec![0.0; BLOCK * d];
        for (rows, out) in a[r.start * d..r.end * d].chunks(BLOCK * d).zip(out.chunks_mut(BLOCK * n)) {
            for (rows, panel) in rows.chunks(MR * d).zip(left.chunks_exact_mut(MR * d)) {
                pack_rows::<MR>(rows, d, rows.len() / d, 0, d, panel);
            }
            let own: Vec<f64> = rows.chunks_exact(d).map(square).collect();
            for (column, b) in (0..n).step_by(NR).zip(packed.chunks_exact(d * NR)) {
                let width = NR.min(n - column);
                let theirs: &[f64; NR] = squares[column..column + NR].try_into().expect("NR numbers");
                for (first, a) in (0..own.len()).step_by(MR).zip(left.chunks_exact(d * MR)) {
                    let mut found = tile(a, b);
                    for (i, found) in found.iter_mut().enumerate().take(own.len() - first) {
                        for j in 0..NR {
                            let squared = fma(-2.0, found[j], own[first + i] + theirs[j]);
                            found[j] = if squared > 0.0 { squared.sqrt() } else { 0.0 };
                        }
                        let start = (first + i) * n + column;
                        if width == NR {
                            out[start..start + NR].copy_from_slice(found);
                        } else {
                            out[start..start + width].copy_from_slice(&found[..width]);
                        }
                    }
                }
            }
        }
    });
}

fn square(row: &[f64]) -> f64 {
    row.iter().map(|v| v * v).sum()
}
