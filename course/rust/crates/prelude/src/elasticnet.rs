//! `linfa-elasticnet`: elastic net, lasso and ridge.

use linfa::prelude::*;
use linfa_elasticnet::ElasticNet;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty) => {
        pub fn $name(
            data: &DatasetBase<$records, $targets>,
        ) -> (Array1<f64>, f64, f64, Array1<f64>) {
            let _ = ElasticNet::ridge().penalty(0.1).fit(data).unwrap();
            let _ = ElasticNet::lasso().penalty(0.1).fit(data).unwrap();
            let model = ElasticNet::params()
                .penalty(0.1)
                .l1_ratio(0.5)
                .tolerance(1e-4)
                .max_iterations(1000)
                .with_intercept(true)
                .fit(data)
                .unwrap();
            let values = model.predict(data);
            drop(model.predict(data.records()));
            let _ = (model.n_steps(), model.duality_gap());
            (
                model.hyperplane().clone(),
                model.intercept(),
                values.r2(data).unwrap(),
                values,
            )
        }
    };
}

calls!(owned, Array2<f64>, Array1<f64>);
calls!(views, ArrayView2<'_, f64>, ArrayView1<'_, f64>);
