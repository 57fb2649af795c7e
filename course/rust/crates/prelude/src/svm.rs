//! `linfa-svm`: support vectors, for two classes and for regression.

use linfa::prelude::*;
use linfa_svm::Svm;
use ndarray::{Array1, Array2, ArrayView2};

macro_rules! calls {
    ($name:ident, $records:ty) => {
        pub fn $name(
            classes: &DatasetBase<$records, Array1<bool>>,
            values: &DatasetBase<$records, Array1<f64>>,
        ) -> (Array1<bool>, Array1<f64>, usize) {
            let linear = Svm::<f64, bool>::params()
                .linear_kernel()
                .pos_neg_weights(1.0, 1.0)
                .fit(classes)
                .unwrap();
            let model = Svm::<f64, bool>::params()
                .gaussian_kernel(1.0)
                .eps(1e-3)
                .pos_neg_weights(1.0, 1.0)
                .fit(classes)
                .unwrap();
            let regression = Svm::<f64, f64>::params()
                .gaussian_kernel(1.0)
                .c_svr(1.0, Some(0.1))
                .fit(values)
                .unwrap();
            drop(linear.predict(classes));
            drop(model.predict(classes.records()));
            (
                model.predict(classes),
                regression.predict(values),
                model.nsupport(),
            )
        }
    };
}

calls!(owned, Array2<f64>);

pub fn new_rows(model: &Svm<f64, bool>, view: &ArrayView2<'_, f64>) -> Array1<bool> {
    model.predict(view)
}
