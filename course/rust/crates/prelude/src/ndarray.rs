//! ndarray, for every cell that names it: what happens once for an array, when it is lent, made or handed over.
//!
//! Nothing here may run once for an element or a row: a cell's own loops inline those parts, and are slower where they
//! have to call them. What does belongs in `ndarray_whole`.

use ndarray::{
    Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, ArrayViewMut1, ArrayViewMut2, Axis,
};
use ndarray::{Ix1, Ix2, Ix3, ShapeBuilder};

macro_rules! border {
    ($name:ident, $element:ty) => {
        pub mod $name {
            use super::*;

            /// Views, as the border makes them of memory that Python lends.
            ///
            /// # Safety
            /// Never called.
            pub unsafe fn lent<'a>(
                p: *const $element,
                m: *mut $element,
                n: usize,
            ) -> (
                ArrayView1<'a, $element>,
                ArrayView2<'a, $element>,
                ArrayView3<'a, $element>,
                ArrayViewMut1<'a, $element>,
                ArrayViewMut2<'a, $element>,
            ) {
                unsafe {
                    let mut one = ArrayView1::from_shape_ptr([n].strides([n]), p);
                    let mut two = ArrayView2::from_shape_ptr([n; 2].strides([n; 2]), p);
                    let mut three = ArrayView3::from_shape_ptr([n; 3].strides([n; 3]), p);
                    let mut other = ArrayViewMut1::from_shape_ptr([n].strides([n]), m);
                    let mut table = ArrayViewMut2::from_shape_ptr([n; 2].strides([n; 2]), m);
                    one.invert_axis(Axis(0));
                    two.invert_axis(Axis(0));
                    three.invert_axis(Axis(0));
                    other.invert_axis(Axis(0));
                    table.invert_axis(Axis(0));
                    (one, two, three, other, table)
                }
            }

            pub fn made(
                v: Vec<$element>,
                x: $element,
                n: usize,
            ) -> (
                Array1<$element>,
                [Array2<$element>; 2],
                [Array3<$element>; 2],
                Array1<$element>,
            ) {
                (
                    Array1::from_vec(v.clone()),
                    [
                        Array2::from_shape_vec((n, n), v.clone()).unwrap(),
                        Array2::from_elem((n, n), x),
                    ],
                    [
                        Array3::from_shape_vec((n, n, n), v).unwrap(),
                        Array3::from_elem((n, n, n), x),
                    ],
                    Array1::from_elem(n, x),
                )
            }

            pub fn handed_over(
                one: Array1<$element>,
                two: Array2<$element>,
                three: Array3<$element>,
            ) -> [(Vec<$element>, Option<usize>); 3] {
                [
                    one.into_raw_vec_and_offset(),
                    two.into_raw_vec_and_offset(),
                    three.into_raw_vec_and_offset(),
                ]
            }
        }
    };
}

border!(doubles, f64);
border!(singles, f32);
border!(integers, i64);
border!(counts, usize);
border!(bytes, u8);

pub fn zeros(n: usize) -> (Array1<f64>, Array2<f64>, Array3<f64>) {
    (
        Array1::<f64>::zeros(n),
        Array2::<f64>::zeros((n, n)),
        Array3::<f64>::zeros(ndarray::Dim([n, n, n])),
    )
}

pub fn ranks(n: usize) -> (Array1<f64>, Array2<f64>) {
    (
        Array1::<f64>::zeros(Ix1(n)),
        Array2::<f64>::zeros(Ix2(n, n)),
    )
}

pub fn deep(n: usize) -> Array3<f64> {
    Array3::<f64>::zeros(Ix3(n, n, n))
}
