//! `linfa-bayes`: Gaussian naive Bayes.

use linfa::prelude::*;
use linfa_bayes::GaussianNb;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty, $label:ty) => {
        pub fn $name(data: &DatasetBase<$records, $targets>) -> Array1<$label> {
            let model = GaussianNb::params().var_smoothing(1e-9).fit(data).unwrap();
            drop(model.predict(data.records()));
            model.predict(data)
        }
    };
}

calls!(numbers, Array2<f64>, Array1<usize>, usize);
calls!(truths, Array2<f64>, Array1<bool>, bool);
calls!(
    number_views,
    ArrayView2<'_, f64>,
    ArrayView1<'_, usize>,
    usize
);
