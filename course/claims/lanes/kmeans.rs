// Lloyd's k-means from given centroids, a fixed number of rounds. The points are packed once into panels, and each
// round multiplies them with the centroids in tiles: |x - c|² = |x|² + (|c|² - 2 x·c), of which only the last part
// decides which centroid is nearest.

pub fn kmeans(x: &[f64], centroids: &mut [f64], columns: usize, rounds: usize, threads: usize, labels: &mut [i64]) -> f64 {
    let d = columns;
    let k = centroids.len() / d;
    let n = x.len() / d;
    let points = panels(x, d);
    for _ in 0..rounds {
        let parts = parallel_rows(labels, 1, ranges(n, threads, NR), |r, labels| {
            nearest(&points[r.start * d..], centroids, d, labels);
            let (mut sums, mut counts) = (vec![0.0; k * d], vec![0.0; k]);
            for (row, &label) in x[r.start * d..r.end * d].chunks_exact(d).zip(labels.iter()) {
                counts[label as usize] += 1.0;
                let sum = &mut sums[label as usize * d..][..d];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += v);
            }
            (sums, counts)
        });
        let (mut sums, mut counts) = (vec![0.0; k * d], vec![0.0; k]);
        for (s, c) in parts {
            sums.iter_mut().zip(s).for_each(|(a, b)| *a += b);
            counts.iter_mut().zip(c).for_each(|(a, b)| *a += b);
        }
        for ((centroid, sum), count) in centroids.chunks_exact_mut(d).zip(sums.chunks_exact(d)).zip(&counts) {
            if *count > 0.0 {
                centroid.iter_mut().zip(sum).for_each(|(c, s)| *c = s / count);
            }
        }
    }
    parallel_rows(labels, 1, ranges(n, threads, NR), |r, labels| {
        nearest(&points[r.start * d..], centroids, d, labels);
        let rows = x[r.start * d..r.end * d].chunks_exact(d);
        rows.zip(labels).map(|(row, label)| squared(row, &centroids[*label as usize * d..][..d])).sum::<f64>()
    })
    .into_iter()
    .sum()
}

/// The nearest centroid of each point, the first of those that are equally near.
fn nearest(points: &[f64], centroids: &[f64], d: usize, labels: &mut [i64]) {
    let k = centroids.len() / d;
    let mut packed = vec![0.0; k.div_ceil(MR) * MR * d];
    for (panel, rows) in packed.chunks_exact_mut(d * MR).zip(centroids.chunks(MR * d)) {
        pack_rows::<MR>(rows, d, rows.len() / d, 0, d, panel);
    }
    let squares: Vec<f64> = centroids.chunks_exact(d).map(|c| c.iter().map(|v| v * v).sum()).collect();
    for (points, labels) in points.chunks_exact(d * NR).zip(labels.chunks_mut(NR)) {
        let (mut least, mut which) = ([f64::INFINITY; NR], [0i64; NR]);
        for (group, centroids) in packed.chunks_exact(d * MR).enumerate() {
            let found = tile(centroids, points);
            for (i, found) in found.iter().enumerate().take(k - group * MR) {
                keep(found, squares[group * MR + i], (group * MR + i) as i64, &mut least, &mut which);
            }
        }
        labels.copy_from_slice(&which[..labels.len()]);
    }
}

#[inline(always)]
fn keep(products: &[f64; NR], square: f64, number: i64, least: &mut [f64; NR], which: &mut [i64; NR]) {
    for j in 0..NR {
        let distance = fma(-2.0, products[j], square);
        let nearer = distance < least[j];
        least[j] = if nearer { distance } else { least[j] };
        which[j] = if nearer { number } else { which[j] };
    }
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
