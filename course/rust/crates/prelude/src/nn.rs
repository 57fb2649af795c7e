//! `linfa-nn`: nearest neighbours by tree and by looking at all.

use linfa_nn::distance::{L1Dist, L2Dist};
use linfa_nn::{BallTree, CommonNearestNeighbour, KdTree, LinearSearch, NearestNeighbour};
use ndarray::{Array2, ArrayView1, ArrayView2};

macro_rules! calls {
    ($name:ident, $batch:ty) => {
        pub fn $name(x: &$batch, point: ArrayView1<f64>) -> usize {
            let all = [
                CommonNearestNeighbour::KdTree,
                CommonNearestNeighbour::BallTree,
                CommonNearestNeighbour::LinearSearch,
            ];
            let mut found = 0;
            for kind in all {
                let index = kind.from_batch(x, L2Dist).unwrap();
                found += index.k_nearest(point.view(), 5).unwrap().len();
                found += index.within_range(point.view(), 1.0).unwrap().len();
            }
            found += KdTree
                .from_batch(x, L2Dist)
                .unwrap()
                .k_nearest(point.view(), 1)
                .unwrap()[0]
                .1;
            found += BallTree
                .from_batch(x, L2Dist)
                .unwrap()
                .k_nearest(point.view(), 1)
                .unwrap()[0]
                .1;
            found += LinearSearch
                .from_batch(x, L2Dist)
                .unwrap()
                .k_nearest(point.view(), 1)
                .unwrap()[0]
                .1;
            found
                + KdTree
                    .from_batch(x, L1Dist)
                    .unwrap()
                    .k_nearest(point, 1)
                    .unwrap()[0]
                    .1
        }
    };
}

calls!(owned, Array2<f64>);
calls!(views, ArrayView2<'_, f64>);
