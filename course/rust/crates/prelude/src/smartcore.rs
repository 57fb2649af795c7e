//! `smartcore`, in place of the library the overview printed by another name.

use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::LogisticRegression;
use smartcore::metrics::accuracy;
use smartcore::tree::decision_tree_classifier::{
    DecisionTreeClassifier, DecisionTreeClassifierParameters,
};

pub fn listing(rows: &[&[f64]], y: &Vec<i32>) -> Vec<i32> {
    let x = DenseMatrix::from_2d_array(rows).unwrap();
    let model = LogisticRegression::fit(&x, y, Default::default()).unwrap();
    model.predict(&x).unwrap()
}

pub fn tree(rows: usize, columns: usize, values: Vec<f64>, y: &Vec<i32>) -> f64 {
    let x = DenseMatrix::new(rows, columns, values, false).unwrap();
    let settings = DecisionTreeClassifierParameters::default().with_max_depth(8);
    let model = DecisionTreeClassifier::fit(&x, y, settings).unwrap();
    accuracy(y, &model.predict(&x).unwrap())
}
