use linfa::prelude::*;
use linfa_preprocessing::linear_scaling::LinearScaler;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Zip};

/// As one writes it with ndarray: means, deviations, and one pass that zips rows.
pub fn with_ndarray(x: ArrayView2<f64>, mut out: ArrayViewMut2<f64>) {
    let mean = x.mean_axis(Axis(0)).expect("rows");
    let factor = x.std_axis(Axis(0), 0.0).mapv(|s| if s > 0.0 { 1.0 / s } else { 1.0 });
    for (mut out, row) in out.rows_mut().into_iter().zip(x.rows()) {
        Zip::from(&mut out).and(&row).and(&mean).and(&factor).for_each(|o, &v, &m, &f| *o = (v - m) * f);
    }
}

pub fn with_linfa(x: ArrayView2<f64>, mut out: ArrayViewMut2<f64>) {
    let data = DatasetBase::from(x.to_owned());
    let scaler = LinearScaler::standard().fit(&data).expect("rows");
    out.assign(scaler.transform(data).records());
}
