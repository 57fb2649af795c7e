//! Instances of the generic code that chapters call, compiled once.

use linfa::prelude::*;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array1, Array2};
use rand_xoshiro::{Xoshiro256Plus, rand_core::SeedableRng};

/// K-means.
pub fn kmeans(x: &Array2<f64>, c0: Array2<f64>) -> (Array2<f64>, Array1<usize>) {
    let rng = Xoshiro256Plus::seed_from_u64(0);
    let m = KMeans::params_with_rng(c0.nrows(), rng)
        .init_method(KMeansInit::Precomputed(c0))
        .n_runs(1)
        .max_n_iterations(300)
        .tolerance(1e-4)
        .fit(&DatasetBase::from(x.view()))
        .unwrap();
    let labels = m.predict(x);
    (m.centroids().clone(), labels)
}
