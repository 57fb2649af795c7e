use linfa_nn::{CommonNearestNeighbour, NearestNeighbour, distance::L2Dist};
use ndarray::{Array2, ArrayView2, Axis, linalg::general_mat_mul};

/// linfa's index that compares with all rows (`tree` false) or its k-d tree, which is another algorithm.
pub fn with_linfa(
    table: ArrayView2<f64>, queries: ArrayView2<f64>, k: usize, tree: bool, indices: &mut [i64], lengths: &mut [f64],
) {
    let kind = if tree { CommonNearestNeighbour::KdTree } else { CommonNearestNeighbour::LinearSearch };
    let index = kind.from_batch(&table, L2Dist).expect("rows");
    let places = indices.chunks_exact_mut(k).zip(lengths.chunks_exact_mut(k));
    for (query, (indices, lengths)) in queries.rows().into_iter().zip(places) {
        for (place, (row, number)) in index.k_nearest(query, k).expect("k rows").into_iter().enumerate() {
            indices[place] = number as i64;
            lengths[place] = row.iter().zip(query).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        }
    }
}

/// As one writes it with ndarray: its matrix product for a block of queries, then each row's k least by insertion.
pub fn with_ndarray(
    table: ArrayView2<f64>, queries: ArrayView2<f64>, k: usize, indices: &mut [i64], lengths: &mut [f64],
) {
    const BLOCK: usize = 64;
    let squares = (&table * &table).sum_axis(Axis(1));
    let mut products = Array2::zeros((BLOCK, table.nrows()));
    let mut places = indices.chunks_exact_mut(k).zip(lengths.chunks_exact_mut(k));
    for block in queries.axis_chunks_iter(Axis(0), BLOCK) {
        let mut products = products.slice_mut(ndarray::s![..block.nrows(), ..]);
        general_mat_mul(-2.0, &block, &table.t(), 0.0, &mut products);
        for (query, products) in block.rows().into_iter().zip(products.rows()) {
            let (indices, lengths) = places.next().expect("a place for each query");
            lengths.fill(f64::INFINITY);
            for (row, (product, square)) in products.iter().zip(&squares).enumerate() {
                let length = product + square;
                if length < lengths[k - 1] {
                    let mut place = k - 1;
                    while place > 0 && lengths[place - 1] > length {
                        lengths[place] = lengths[place - 1];
                        indices[place] = indices[place - 1];
                        place -= 1;
                    }
                    lengths[place] = length;
                    indices[place] = row as i64;
                }
            }
            let own = query.dot(&query);
            lengths.iter_mut().for_each(|length| *length = (*length + own).max(0.0).sqrt());
        }
    }
}
