// The k nearest rows of a table for each query, by comparing with all: products in tiles, and a short sorted list
// for each query, which a tile touches only where one of its distances is small enough.

pub fn neighbours(
    table: &[f64], queries: &[f64], columns: usize, k: usize, threads: usize, indices: &mut [i64], lengths: &mut [f64],
) {
    let d = columns;
    let n = table.len() / d;
    let packed = panels(table, d);
    let infinite = std::iter::repeat_n(f64::INFINITY, NR); // rows that only fill the last panel are never near
    let squares: Vec<f64> = table.chunks_exact(d).map(square).chain(infinite).collect();
    let found = parallel(ranges(queries.len() / d, threads, MR), |r| {
        const BLOCK: usize = 16 * MR;
        let mut near = Vec::with_capacity(r.len() * k);
        let mut left = vec![0.0; BLOCK * d];
        for rows in queries[r.start * d..r.end * d].chunks(BLOCK * d) {
            for (rows, panel) in rows.chunks(MR * d).zip(left.chunks_exact_mut(MR * d)) {
                pack_rows::<MR>(rows, d, rows.len() / d, 0, d, panel);
            }
            let count = rows.len() / d;
            let mut best = vec![(f64::INFINITY, 0i64); count * k];
            for (column, b) in (0..n).step_by(NR).zip(packed.chunks_exact(d * NR)) {
                let theirs: &[f64; NR] = squares[column..column + NR].try_into().expect("NR numbers");
                for (a, best) in left.chunks_exact(d * MR).zip(best.chunks_mut(MR * k)) {
                    let found = tile(a, b);
                    for (found, best) in found.iter().zip(best.chunks_exact_mut(k)) {
                        consider(found, theirs, column, best);
                    }
                }
            }
            for (row, best) in rows.chunks_exact(d).zip(best.chunks_exact(k)) {
                let own = square(row);
                near.extend(best.iter().map(|(d2, i)| ((d2 + own).max(0.0).sqrt(), *i)));
            }
        }
        near
    });
    for ((near, index), length) in found.iter().flatten().zip(indices).zip(lengths) {
        (*length, *index) = *near;
    }
}

/// Put the distances of a tile's row (without the query's own square, which orders nothing) into its list.
#[inline(always)]
fn consider(found: &[f64; NR], theirs: &[f64; NR], column: usize, best: &mut [(f64, i64)]) {
    let mut distance = [0.0; NR];
    for j in 0..NR {
        distance[j] = fma(-2.0, found[j], theirs[j]);
    }
    let worst = best[best.len() - 1].0;
    let mut any = 0u64; // whether any is near: a question to all at once, and the answer is seldom yes
    for j in 0..NR {
        any |= u64::from(distance[j] < worst);
    }
    if any != 0 {
        insert(&distance, column, best);
    }
}

#[cold]
#[inline(never)]
fn insert(distance: &[f64; NR], column: usize, best: &mut [(f64, i64)]) {
    let last = best.len() - 1;
    let worst = best[last].0;
    let mut near = 0u32; // a bit for each that may be near: of two dozen, mostly one is
    for j in 0..NR {
        near |= u32::from(distance[j] < worst) << j;
    }
    while near != 0 {
        let j = near.trailing_zeros() as usize;
        near &= near - 1;
        let distance = distance[j];
        if distance < best[last].0 {
            let mut place = last;
            while place > 0 && best[place - 1].0 > distance {
                best[place] = best[place - 1];
                place -= 1;
            }
            best[place] = (distance, (column + j) as i64);
        }
    }
}

fn square(row: &[f64]) -> f64 {
    row.iter().map(|v| v * v).sum()
}
