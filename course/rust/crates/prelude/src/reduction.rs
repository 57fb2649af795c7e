//! `linfa-reduction`: principal components.

use linfa::prelude::*;
use linfa_reduction::Pca;
use ndarray::{Array1, Array2, ArrayView2};

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty) => {
        pub fn $name(
            data: DatasetBase<$records, $targets>,
        ) -> (Array2<f64>, Array1<f64>, Array2<f64>) {
            let model = Pca::params(2).whiten(false).fit(&data).unwrap();
            let scores = model.predict(data.records());
            let variance = model.explained_variance() + model.explained_variance_ratio();
            let components = model.components() + &scores;
            let _ = (model.mean().sum(), model.singular_values().sum());
            (
                model.predict(&data) + components,
                variance,
                model.transform(data).records,
            )
        }
    };
}

calls!(owned, Array2<f64>, Array1<()>);
calls!(views, ArrayView2<'_, f64>, Array1<()>);
calls!(labelled, Array2<f64>, Array1<usize>);

pub fn back(model: &Pca<f64>, scores: Array2<f64>) -> Array2<f64> {
    model.inverse_transform(scores)
}
