use linfa::prelude::*;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array1, Array2, ArrayView2};
use rand::SeedableRng;

/// linfa's k-means, one run from the given centroids; it counts each old centroid as one more member.
pub fn with_linfa(x: ArrayView2<f64>, start: ArrayView2<f64>, rounds: u64) -> (Array2<f64>, Array1<i64>, f64) {
    let data = DatasetBase::from(x);
    let model = KMeans::params_with_rng(start.nrows(), rand_xoshiro::Xoshiro256Plus::seed_from_u64(0))
        .init_method(KMeansInit::Precomputed(start.to_owned()))
        .n_runs(1)
        .max_n_iterations(rounds)
        .tolerance(1e-300)
        .fit(&data)
        .expect("k-means of finite points");
    let labels = model.predict(&x).mapv(|label| label as i64);
    let inertia = model.inertia() * x.nrows() as f64; // linfa's inertia is a mean
    (model.centroids().clone(), labels, inertia)
}
