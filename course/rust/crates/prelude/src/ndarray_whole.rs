//! ndarray, for cells that have no loops of their own: whole operations, whose loops are compiled here.
//!
//! The parts of such a loop are shared too. A cell with loops of its own would have to call them for each element, so it
//! is never given this crate.

use ndarray::linalg::Dot;
use ndarray::{
    Array, Array0, Array1, Array2, ArrayView, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2,
    Axis,
};
use ndarray::{Dimension, Ix1, Ix2, RemoveAxis};

macro_rules! along {
    ($name:ident, $rank:ty) => {
        pub fn $name(
            x: ArrayView<f64, $rank>,
            y: &Array<f64, $rank>,
            axis: Axis,
        ) -> [Array<f64, <$rank as Dimension>::Smaller>; 8]
        where
            $rank: RemoveAxis,
        {
            [
                x.sum_axis(axis),
                y.sum_axis(axis),
                x.mean_axis(axis).unwrap(),
                y.mean_axis(axis).unwrap(),
                x.var_axis(axis, 0.0),
                y.var_axis(axis, 0.0),
                x.std_axis(axis, 0.0),
                y.std_axis(axis, 0.0),
            ]
        }
    };
}

along!(along_vectors, Ix1);
along!(along_matrices, Ix2);

macro_rules! reduced {
    ($name:ident, $rank:ty) => {
        pub fn $name(x: ArrayView<f64, $rank>, y: &Array<f64, $rank>) -> [f64; 8] {
            [
                x.sum(),
                y.sum(),
                x.mean().unwrap(),
                y.mean().unwrap(),
                x.product(),
                y.product(),
                x.var(0.0) + y.var(0.0),
                x.std(0.0) + y.std(0.0),
            ]
        }
    };
}

reduced!(reduced_vectors, Ix1);
reduced!(reduced_matrices, Ix2);

/// Products, of owned arrays, views and both.
pub fn products(
    a: &Array2<f64>,
    b: ArrayView2<f64>,
    v: &Array1<f64>,
    w: ArrayView1<f64>,
) -> ([Array2<f64>; 4], [Array1<f64>; 6], [f64; 4]) {
    (
        [a.dot(a), a.dot(&b), b.dot(a), b.dot(&b)],
        [
            a.dot(v),
            a.dot(&w),
            b.dot(v),
            b.dot(&w),
            v.dot(a),
            w.dot(&b),
        ],
        [v.dot(v), v.dot(&w), w.dot(v), w.dot(&w)],
    )
}

pub fn squares(x: ArrayView2<f64>, y: &Array2<f64>) -> [Array2<f64>; 4] {
    [x.t().dot(&x), y.t().dot(y), x.t().dot(y), y.t().dot(&x)]
}

pub fn normal(x: ArrayView2<f64>, y: ArrayView1<f64>, z: &Array1<f64>) -> [Array1<f64>; 2] {
    [x.t().dot(&y), x.t().dot(z)]
}

macro_rules! with_numbers {
    ($name:ident, $rank:ty) => {
        pub fn $name(
            x: ArrayView<f64, $rank>,
            y: &Array<f64, $rank>,
            z: Array<f64, $rank>,
            s: f64,
        ) {
            drop((&x + s, &x - s, &x * s, &x / s));
            drop((y + s, y - s, y * s, y / s));
            drop((z.clone() + s, z.clone() - s, z.clone() * s, z.clone() / s));
            let mut last = z;
            last += s;
            last -= s;
            last *= s;
            last /= s;
        }
    };
}

with_numbers!(numbers_and_vectors, Ix1);
with_numbers!(numbers_and_matrices, Ix2);

macro_rules! operators {
    ($name:ident, $left:ty, $right:ty) => {
        pub fn $name(
            x: ArrayView<f64, $left>,
            y: &Array<f64, $left>,
            z: Array<f64, $left>,
            v: ArrayView<f64, $right>,
            w: &Array<f64, $right>,
        ) {
            drop((&x + &v, &x - &v, &x * &v, &x / &v));
            drop((&x + w, &x - w, &x * w, &x / w));
            drop((y + &v, y - &v, y * &v, y / &v));
            drop((y + w, y - w, y * w, y / w));
            drop((
                z.clone() + &v,
                z.clone() - &v,
                z.clone() * &v,
                z.clone() / &v,
            ));
            drop((z.clone() + w, z.clone() - w, z.clone() * w, z.clone() / w));
            drop((&x - w.clone(), y - w.clone(), z.clone() - w.clone()));
            let mut last = z;
            last += w;
            last -= w;
            last *= w;
            last /= w;
            last += &v;
            last -= &v;
            last *= &v;
            last /= &v;
        }
    };
}

operators!(vectors, Ix1, Ix1);
operators!(matrices, Ix2, Ix2);
operators!(matrices_and_vectors, Ix2, Ix1);

pub fn copies(
    x: ArrayView2<f64>,
    v: ArrayView1<f64>,
    mut m: ArrayViewMut2<f64>,
) -> (Array2<f64>, Array1<f64>) {
    m.assign(&x);
    m.fill(0.0);
    m += &x;
    m -= &x;
    m *= 2.0;
    m /= 2.0;
    (x.to_owned(), v.to_owned())
}

/// What is written into memory that Python lent, or into a part of an array.
pub fn written(
    mut v: ArrayViewMut1<f64>,
    w: ArrayView1<f64>,
    y: &Array1<f64>,
    mut m: ArrayViewMut2<f64>,
    x: &Array2<f64>,
) -> Array2<f64> {
    v += &w;
    v -= &w;
    v *= &w;
    v /= &w;
    v += y;
    v -= y;
    v.assign(&w);
    v.assign(y);
    v.fill(0.0);
    v *= 2.0;
    v /= 2.0;
    v += 1.0;
    v -= 1.0;
    m += x;
    m -= x;
    m -= &w;
    m /= &w;
    m -= y;
    m /= y;
    m.assign(x);
    m += 1.0;
    m -= 1.0;
    Array2::ones((x.nrows(), x.ncols() + 1))
}

pub fn turned(x: ArrayView2<f64>, y: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    (x.t().to_owned(), y.t().to_owned())
}

pub fn columns(x: ArrayView2<f64>, v: &Array1<f64>) -> (Array2<f64>, Array2<f64>) {
    (
        &x - &v.clone().insert_axis(Axis(1)),
        &x / &v.view().insert_axis(Axis(1)),
    )
}

pub fn single(x: Array0<f64>) -> f64 {
    x.into_scalar()
}

pub fn dotted<A: Dot<B>, B>(a: &A, b: &B) -> A::Output {
    a.dot(b)
}
