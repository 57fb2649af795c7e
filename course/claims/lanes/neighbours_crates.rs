use linfa_nn::{CommonNearestNeighbour, NearestNeighbour, distance::L2Dist};
use ndarray::ArrayView2;

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
