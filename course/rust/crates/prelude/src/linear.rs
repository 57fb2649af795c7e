//! `linfa-linear`: least squares.

use linfa::prelude::*;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty) => {
        pub fn $name(
            data: &DatasetBase<$records, $targets>,
        ) -> (Array1<f64>, f64, f64, Array1<f64>) {
            let _ = LinearRegression::new()
                .with_intercept(false)
                .fit(data)
                .unwrap();
            let model = LinearRegression::default().fit(data).unwrap();
            let values = model.predict(data);
            drop(model.predict(data.records()));
            (
                model.params().clone(),
                model.intercept(),
                values.r2(data).unwrap(),
                values,
            )
        }
    };
}

calls!(owned, Array2<f64>, Array1<f64>);
calls!(views, ArrayView2<'_, f64>, ArrayView1<'_, f64>);
