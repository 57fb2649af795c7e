//! `linfa-ensemble`: random forests and bagging.

use linfa::prelude::*;
use linfa_ensemble::{EnsembleLearnerParams, RandomForestParams};
use linfa_trees::DecisionTree;
use ndarray::{Array1, Array2};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

pub fn numbers(data: &Dataset<f64, usize, ndarray::Ix1>) -> Array1<usize> {
    let rng = Xoshiro256Plus::seed_from_u64(0);
    let bagging = EnsembleLearnerParams::new_fixed_rng(DecisionTree::params(), rng.clone())
        .ensemble_size(10)
        .bootstrap_proportion(0.7)
        .fit(data)
        .unwrap();
    let forest = RandomForestParams::new_fixed_rng(DecisionTree::params().max_depth(Some(5)), rng)
        .ensemble_size(10)
        .bootstrap_proportion(0.7)
        .feature_proportion(0.5)
        .fit(data)
        .unwrap();
    let x: &Array2<f64> = data.records();
    bagging.predict(data) + forest.predict(data) + forest.predict(x)
}
