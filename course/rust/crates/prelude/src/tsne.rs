//! `linfa-tsne`.

use linfa::prelude::*;
use linfa_tsne::TSneParams;
use ndarray::{Array1, Array2};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

pub fn embed(
    x: Array2<f64>,
    data: DatasetBase<Array2<f64>, Array1<usize>>,
) -> (Array2<f64>, Array2<f64>) {
    let _ = TSneParams::embedding_size(2)
        .perplexity(10.0)
        .approx_threshold(0.1)
        .transform(x.clone())
        .unwrap();
    let seeded = TSneParams::embedding_size_with_rng(2, Xoshiro256Plus::seed_from_u64(0))
        .perplexity(10.0)
        .approx_threshold(0.1)
        .max_iter(500);
    let points = seeded.transform(x).unwrap();
    let labelled = TSneParams::embedding_size(2)
        .perplexity(10.0)
        .transform(data)
        .unwrap();
    (points, labelled.records)
}
