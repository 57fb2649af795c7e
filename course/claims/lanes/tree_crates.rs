use linfa::prelude::*;
use linfa_trees::{DecisionTree, SplitQuality};
use ndarray::{ArrayView1, ArrayView2};
use rustlearn::prelude::{Array, SupervisedModel};
use rustlearn::trees::decision_tree::Hyperparameters;

pub fn with_linfa(x: ArrayView2<f64>, y: ArrayView1<i64>, depth: usize, test: ArrayView2<f64>) -> Vec<i64> {
    let data = Dataset::new(x.to_owned(), y.mapv(|c| c as usize));
    let model = DecisionTree::params()
        .split_quality(SplitQuality::Gini)
        .max_depth(Some(depth))
        .min_weight_split(2.0)
        .min_weight_leaf(1.0)
        .min_impurity_decrease(1e-12)
        .fit(&data)
        .expect("finite numbers");
    model.predict(&test).iter().map(|c| *c as i64).collect()
}

fn array(x: ArrayView2<f64>) -> Array {
    let mut out = Array::from(x.iter().map(|v| *v as f32).collect::<Vec<_>>());
    out.reshape(x.nrows(), x.ncols());
    out
}

pub fn with_rustlearn(x: ArrayView2<f64>, y: ArrayView1<i64>, depth: usize, test: ArrayView2<f64>) -> Vec<i64> {
    let mut model = Hyperparameters::new(x.ncols()).max_depth(depth).max_features(x.ncols()).build();
    let target = Array::from(y.iter().map(|c| *c as f32).collect::<Vec<_>>());
    model.fit(&array(x), &target).expect("two classes");
    model.predict(&array(test)).expect("as many columns").data().iter().map(|c| *c as i64).collect()
}
