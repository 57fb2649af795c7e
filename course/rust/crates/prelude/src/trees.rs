//! `linfa-trees`: decision trees (classifiers).

use linfa::prelude::*;
use linfa_trees::{DecisionTree, SplitQuality};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix1};

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty, $label:ty) => {
        pub fn $name(
            data: &DatasetBase<$records, $targets>,
        ) -> (Array1<$label>, usize, usize, Vec<f64>) {
            let _ = DecisionTree::params().fit(data).unwrap();
            let model = DecisionTree::params()
                .split_quality(SplitQuality::Gini)
                .max_depth(Some(5))
                .min_weight_split(1.0)
                .min_weight_leaf(1.0)
                .min_impurity_decrease(1e-5)
                .fit(data)
                .unwrap();
            let labels = model.predict(data);
            drop(model.predict(data.records()));
            let _ = model.features();
            let importance = model.relative_impurity_decrease();
            let _ = model.mean_impurity_decrease();
            (labels, model.max_depth(), model.num_leaves(), importance)
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

pub fn by_depth(data: &mut Dataset<f64, usize, Ix1>, depths: &[usize]) -> Array1<f32> {
    let trees: Vec<_> = depths
        .iter()
        .map(|&d| DecisionTree::params().max_depth(Some(d)))
        .collect();
    data.cross_validate_single(5, &trees, |guess, truth| {
        Ok(guess.confusion_matrix(truth)?.accuracy())
    })
    .unwrap()
}
