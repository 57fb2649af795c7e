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
                    let found = tile(a, b);
                    for (i, found) in found.iter().enumerate().take(own.len() - first) {
                        let line = &mut out[(first + i) * n + column..][..width];
                        if let Ok(line) = <&mut [f64; NR]>::try_from(&mut *line) {
                            lengths(found, own[first + i], theirs, line);
                        } else {
                            let mut whole = [0.0; NR];
                            lengths(found, own[first + i], theirs, &mut whole);
                            line.copy_from_slice(&whole[..width]);
                        }
                    }
                }
            }
        }
    });
}

#[inline(always)]
fn lengths(products: &[f64; NR], own: f64, theirs: &[f64; NR], out: &mut [f64; NR]) {
    for j in 0..NR {
        let squared = fma(-2.0, products[j], own + theirs[j]);
        out[j] = if squared < 0.0 { 0.0 } else { squared }.sqrt();
    }
}

fn square(row: &[f64]) -> f64 {
    row.iter().map(|v| v * v).sum()
}
