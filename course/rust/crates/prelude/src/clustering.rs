//! `linfa-clustering`: k-means, Gaussian mixtures, DBSCAN.

use linfa::prelude::*;
use linfa_clustering::{Dbscan, GaussianMixtureModel, KMeans, KMeansInit};
use ndarray::{Array1, Array2, ArrayView2};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty) => {
        pub fn $name(
            data: &DatasetBase<$records, $targets>,
            start: &Array2<f64>,
        ) -> (Array2<f64>, Array1<usize>, Array1<f64>, f64) {
            let rng = Xoshiro256Plus::seed_from_u64(0);
            let model = KMeans::params_with_rng(start.nrows(), rng.clone())
                .init_method(KMeansInit::Precomputed(start.clone()))
                .n_runs(1)
                .max_n_iterations(300)
                .tolerance(1e-4)
                .fit(data)
                .unwrap();
            let plain = KMeans::params(start.nrows()).fit(data).unwrap();
            let other = KMeans::params_with_rng(start.nrows(), rng.clone())
                .init_method(KMeansInit::KMeansPlusPlus)
                .fit(data)
                .unwrap();
            let labels = model.predict(data.records());
            let distances: Array1<f64> = model.transform(data.records());
            let counts = other.cluster_count().sum() + plain.inertia();
            let mixture = GaussianMixtureModel::params(start.nrows())
                .n_runs(1)
                .tolerance(1e-4)
                .with_rng(rng)
                .fit(data)
                .unwrap();
            let soft = mixture.predict(data.records());
            drop(mixture.predict_proba(data.records()));
            let total =
                mixture.weights().sum() + mixture.means().sum() + mixture.covariances().sum();
            (
                model.centroids().clone(),
                labels + soft,
                distances,
                counts + total + model.inertia(),
            )
        }
    };
}

calls!(owned, Array2<f64>, Array1<()>);
calls!(views, ArrayView2<'_, f64>, Array1<()>);
calls!(labelled, Array2<f64>, Array1<usize>);

pub fn nearest_centre(model: &KMeans<f64, linfa_nn::distance::L2Dist>, x: Array1<f64>) -> usize {
    model.predict(&x)
}

pub fn dbscan(x: &Array2<f64>, view: &ArrayView2<'_, f64>) -> Array1<Option<usize>> {
    let _ = Dbscan::params(5).tolerance(0.5).transform(view).unwrap();
    Dbscan::params(5).tolerance(0.5).transform(x).unwrap()
}
