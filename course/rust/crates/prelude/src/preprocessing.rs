//! `linfa-preprocessing`: scalers and whitening.

use linfa::prelude::*;
use linfa_preprocessing::linear_scaling::LinearScaler;
use linfa_preprocessing::norm_scaling::NormScaler;
use linfa_preprocessing::whitening::Whitener;
use ndarray::{Array1, Array2, ArrayView2};

macro_rules! calls {
    ($name:ident, $records:ty, $targets:ty) => {
        pub fn $name(
            data: DatasetBase<$records, $targets>,
        ) -> (Array1<f64>, Array2<f64>, Array2<f64>) {
            let minmax = LinearScaler::min_max().fit(&data).unwrap();
            let largest = LinearScaler::max_abs().fit(&data).unwrap();
            let standard = LinearScaler::standard().fit(&data).unwrap();
            let white = Whitener::pca().fit(&data).unwrap();
            let parameters =
                standard.offsets() + standard.scales() + minmax.offsets() + largest.scales();
            let x = data.records().to_owned();
            let plain = minmax.transform(x.clone())
                + white.transform(x.clone())
                + NormScaler::l2().transform(x);
            (parameters, plain, standard.transform(data).records)
        }
    };
}

calls!(owned, Array2<f64>, Array1<()>);
calls!(views, ArrayView2<'_, f64>, Array1<()>);
calls!(labelled, Array2<f64>, Array1<usize>);
calls!(valued, Array2<f64>, Array1<f64>);
