//! `linfa` itself: data sets, splits, and scores.

use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix1};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

macro_rules! classes {
    ($name:ident, $label:ty) => {
        pub fn $name(data: Dataset<f64, $label, Ix1>, labels: &Array1<$label>) -> f32 {
            let truth: &Array1<$label> = data.targets();
            let scores = labels.confusion_matrix(truth).unwrap();
            let others = labels.confusion_matrix(&data).unwrap();
            let views = labels.view().confusion_matrix(truth.view()).unwrap();
            let shown = format!("{scores:?}").len() as f32;
            let mut rng = Xoshiro256Plus::seed_from_u64(0);
            let shuffled = data.shuffle(&mut rng);
            let folds = data.fold(5).len();
            let (train, test) = shuffled.split_with_ratio(0.8);
            let _ = data.view().split_with_ratio(0.5);
            scores.accuracy()
                + scores.precision()
                + scores.recall()
                + scores.f1_score()
                + scores.mcc()
                + others.accuracy()
                + views.accuracy()
                + shown
                + (folds + train.nsamples() + test.nfeatures() + data.label_frequencies().len())
                    as f32
        }
    };
}

classes!(numbers, usize);
classes!(truths, bool);

pub fn values(data: Dataset<f64, f64, Ix1>, guess: &Array1<f64>) -> f64 {
    let truth: &Array1<f64> = data.targets();
    let mut sum = guess.r2(truth).unwrap() + guess.mean_squared_error(truth).unwrap();
    sum += guess.mean_absolute_error(truth).unwrap() + guess.max_error(truth).unwrap();
    sum += guess.explained_variance(truth).unwrap() + guess.r2(&data).unwrap();
    sum += guess.mean_squared_error(&data).unwrap() + guess.mean_absolute_error(&data).unwrap();
    let mut rng = Xoshiro256Plus::seed_from_u64(0);
    let folds = data.fold(5).len();
    let (train, test) = data.shuffle(&mut rng).split_with_ratio(0.8);
    sum + (folds + train.nsamples() + test.nsamples()) as f64
}

pub fn silhouette(data: &DatasetBase<Array2<f64>, Array1<usize>>) -> f64 {
    data.silhouette_score().unwrap()
}

pub fn curve(probabilities: &Array1<f64>, truth: &Array1<bool>) -> f32 {
    let probabilities = probabilities.mapv(|value| Pr::new(value as f32));
    let curve = probabilities.roc(truth.as_slice().unwrap()).unwrap();
    curve.area_under_curve()
}

pub fn views<'a>(
    x: ArrayView2<'a, f64>,
    y: ArrayView1<'a, usize>,
    signed: ArrayView1<'a, i64>,
) -> (
    DatasetView<'a, f64, usize, Ix1>,
    DatasetView<'a, f64, i64, Ix1>,
) {
    (DatasetView::new(x, y), DatasetView::new(x, signed))
}

/// Models give references to their arrays, and cells scale and shift those.
pub fn scaled(one: &Array1<f64>, two: &Array2<f64>, s: f64) -> (Array1<f64>, Array2<f64>) {
    drop((one + s, one - s, one / s, two + s, two - s, two / s));
    (one * s, two * s)
}
