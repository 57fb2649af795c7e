//! `linfa-logistic`: two classes and several.

use linfa::prelude::*;
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty, $label:ty) => {
        pub fn $name(data: &DatasetBase<$records, $targets>) -> (Array1<f64>, f64, Array1<$label>) {
            let _ = LogisticRegression::default().fit(data).unwrap();
            let model = LogisticRegression::default()
                .alpha(1.0)
                .max_iterations(100)
                .gradient_tolerance(1e-4)
                .fit(data)
                .unwrap();
            let model = model.set_threshold(0.5);
            let _ = &model.labels().pos.class;
            let labels = model.predict(data);
            let others = model.predict(data.records());
            drop(others);
            let probabilities = model.predict_probabilities(data.records());
            (
                model.params() + probabilities.sum(),
                model.intercept(),
                labels,
            )
        }
    };
}

calls!(numbers, Array2<f64>, Array1<usize>, usize);
calls!(truths, Array2<f64>, Array1<bool>, bool);
calls!(integers, Array2<f64>, Array1<i64>, i64);
calls!(
    number_views,
    ArrayView2<'_, f64>,
    ArrayView1<'_, usize>,
    usize
);
calls!(integer_views, ArrayView2<'_, f64>, ArrayView1<'_, i64>, i64);

macro_rules! several {
    ($name:ident, $records:ty, $targets:ty, $label:ty) => {
        pub fn $name(
            data: &DatasetBase<$records, $targets>,
        ) -> (Array2<f64>, Array1<f64>, Array1<$label>) {
            let model = MultiLogisticRegression::default()
                .alpha(1.0)
                .max_iterations(100)
                .gradient_tolerance(1e-4)
                .fit(data)
                .unwrap();
            let labels = model.predict(data);
            drop(model.predict(data.records()));
            let probabilities = model.predict_probabilities(data.records());
            let _ = model.classes().to_vec();
            (
                model.params() + probabilities.sum(),
                model.intercept().clone(),
                labels,
            )
        }
    };
}

several!(several_numbers, Array2<f64>, Array1<usize>, usize);
several!(several_integers, Array2<f64>, Array1<i64>, i64);
