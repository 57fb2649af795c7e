//! `ndarray` itself: whole operations on arrays of `f64` with one and two dimensions, for cells without loops of their
//! own (`course/rust/whole.py` says which those are). What a cell loops over is better compiled in the cell.
//!
//! Functions are named and not called: a call would be inlined here, for nobody. What names them is itself never
//! inlined: the compiler would leave such a small function to those who call it, and compile none of this.

use ndarray::{
    Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Ix1, Ix2,
    concatenate, s, stack,
};
use std::fmt::{Debug, Display};
use std::hint::black_box;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

macro_rules! compiled {
    ($kind:ty: $($function:expr),* $(,)?) => { $(black_box($function as $kind);)* };
}

/// The four operators on each pair of types.
macro_rules! operators {
    ($name:ident: $($left:ty, $right:ty;)*) => {
        #[inline(never)]
        pub fn $name<'a>() {
            $(compiled!(fn(_, _) -> _:
                <$left as Add<$right>>::add,
                <$left as Sub<$right>>::sub,
                <$left as Mul<$right>>::mul,
                <$left as Div<$right>>::div,
            );)*
        }
    };
}

// `&x - &mean`
operators! { borrowed:
    &'a ArrayView1<'a, f64>, &'a ArrayView1<'a, f64>;
    &'a ArrayView2<'a, f64>, &'a ArrayView2<'a, f64>;
    &'a ArrayView2<'a, f64>, &'a ArrayView1<'a, f64>;
    &'a ArrayView1<'a, f64>, &'a Array1<f64>;
    &'a ArrayView2<'a, f64>, &'a Array2<f64>;
    &'a ArrayView2<'a, f64>, &'a Array1<f64>;
    &'a Array1<f64>, &'a Array1<f64>;
    &'a Array2<f64>, &'a Array2<f64>;
    &'a Array2<f64>, &'a Array1<f64>;
    &'a Array1<f64>, &'a ArrayView1<'a, f64>;
    &'a Array2<f64>, &'a ArrayView2<'a, f64>;
    &'a Array2<f64>, &'a ArrayView1<'a, f64>;
}

// `(&x - &mean) / &deviation`
operators! { used_up:
    Array1<f64>, &'a Array1<f64>;
    Array1<f64>, &'a ArrayView1<'a, f64>;
    Array2<f64>, &'a Array2<f64>;
    Array2<f64>, &'a ArrayView2<'a, f64>;
    Array2<f64>, &'a Array1<f64>;
    Array2<f64>, &'a ArrayView1<'a, f64>;
    Array1<f64>, Array1<f64>;
    Array2<f64>, Array2<f64>;
    Array2<f64>, Array1<f64>;
}

// `x * 2.0`, `2.0 * &x`
operators! { numbers:
    Array1<f64>, f64;
    Array2<f64>, f64;
    &'a Array1<f64>, f64;
    &'a Array2<f64>, f64;
    &'a ArrayView1<'a, f64>, f64;
    &'a ArrayView2<'a, f64>, f64;
    f64, Array1<f64>;
    f64, Array2<f64>;
    f64, &'a Array1<f64>;
    f64, &'a Array2<f64>;
    f64, &'a ArrayView1<'a, f64>;
    f64, &'a ArrayView2<'a, f64>;
}

/// `x -= &mean`: the four operators in place.
macro_rules! in_place {
    ($name:ident: $($left:ty, $right:ty;)*) => {
        #[inline(never)]
        pub fn $name<'a>() {
            $(compiled!(fn(_, _) -> _:
                <$left as AddAssign<$right>>::add_assign,
                <$left as SubAssign<$right>>::sub_assign,
                <$left as MulAssign<$right>>::mul_assign,
                <$left as DivAssign<$right>>::div_assign,
            );)*
        }
    };
}

in_place! { in_place_views:
    ArrayViewMut1<'a, f64>, f64;
    ArrayViewMut1<'a, f64>, &'a Array1<f64>;
    ArrayViewMut1<'a, f64>, &'a ArrayView1<'a, f64>;
    ArrayViewMut2<'a, f64>, f64;
    ArrayViewMut2<'a, f64>, &'a Array1<f64>;
    ArrayViewMut2<'a, f64>, &'a ArrayView1<'a, f64>;
    ArrayViewMut2<'a, f64>, &'a Array2<f64>;
    ArrayViewMut2<'a, f64>, &'a ArrayView2<'a, f64>;
}

in_place! { in_place_arrays:
    Array1<f64>, f64;
    Array1<f64>, &'a Array1<f64>;
    Array1<f64>, &'a ArrayView1<'a, f64>;
    Array2<f64>, f64;
    Array2<f64>, &'a Array1<f64>;
    Array2<f64>, &'a ArrayView1<'a, f64>;
    Array2<f64>, &'a Array2<f64>;
    Array2<f64>, &'a ArrayView2<'a, f64>;
}

/// What every array can do.
macro_rules! read {
    ($($name:ident: $array:ty;)*) => {
        $(#[inline(never)]
        pub fn $name<'a>() {
            type A<'a> = $array;
            compiled!(fn(_) -> _: A::sum, A::mean, A::product, A::to_owned, A::into_owned, A::view);
            compiled!(fn(_, _) -> _: A::var, A::std);
            compiled!(fn(_, _) -> _: <A as Debug>::fmt, <A as Display>::fmt, <A as PartialEq>::eq);
        })*
    };
}

read! {
    read_array1: Array1<f64>;
    read_array2: Array2<f64>;
    read_view1: ArrayView1<'a, f64>;
    read_view2: ArrayView2<'a, f64>;
    read_mutable1: ArrayViewMut1<'a, f64>;
    read_mutable2: ArrayViewMut2<'a, f64>;
}

macro_rules! functions {
    ($($name:ident: $array:ty;)*) => {
        $(#[inline(never)]
        pub fn $name<'a>() {
            type A<'a> = $array;
            compiled!(fn(_) -> _: A::abs, A::exp, A::ln, A::sqrt, A::clone, <&A as Neg>::neg);
            compiled!(fn(_, _) -> _: A::powi, A::powf);
        })*
    };
}

functions! {
    functions_array1: Array1<f64>;
    functions_array2: Array2<f64>;
    functions_view1: ArrayView1<'a, f64>;
    functions_view2: ArrayView2<'a, f64>;
}

#[inline(never)]
pub fn negated() {
    compiled!(fn(_) -> _: <Array1<f64> as Neg>::neg, <Array2<f64> as Neg>::neg);
}

/// Along an axis.
macro_rules! axes {
    ($($name:ident: $array:ty;)*) => {
        $(#[inline(never)]
        pub fn $name<'a>() {
            type A<'a> = $array;
            compiled!(fn(_, _) -> _: A::sum_axis, A::mean_axis, A::product_axis);
            compiled!(fn(_, _, _) -> _: A::var_axis, A::std_axis, A::index_axis, A::select);
        })*
    };
}

axes! {
    axes_array1: Array1<f64>;
    axes_view1: ArrayView1<'a, f64>;
    axes_array2: Array2<f64>;
    axes_view2: ArrayView2<'a, f64>;
    axes_mutable2: ArrayViewMut2<'a, f64>;
}

/// Written to.
macro_rules! write {
    ($($name:ident: $array:ty, $($from:ty),*;)*) => {
        $(#[inline(never)]
        pub fn $name<'a>() {
            type A<'a> = $array;
            compiled!(fn(_, _) -> _: A::fill);
            $(
                compiled!(fn(&mut A<'a>, &$from) -> _: A::assign);
                compiled!(fn(&mut A<'a>, f64, &$from) -> _: A::scaled_add);
            )*
        })*
    };
}

write! {
    write_array1: Array1<f64>, Array1<f64>, ArrayView1<'a, f64>;
    write_array2: Array2<f64>, Array2<f64>, ArrayView2<'a, f64>, Array1<f64>;
    write_mutable1: ArrayViewMut1<'a, f64>, Array1<f64>, ArrayView1<'a, f64>;
    write_mutable2: ArrayViewMut2<'a, f64>, Array2<f64>, ArrayView2<'a, f64>, Array1<f64>;
}

/// Views, and what is made of them.
#[inline(never)]
pub fn views(x: &Array2<f64>, v: &ArrayView2<f64>, row: &ArrayView1<f64>) {
    macro_rules! of_two {
        ($($slice:expr),*) => {
            $(black_box((x.slice($slice).to_owned(), v.slice($slice).to_owned()));)*
        };
    }
    of_two!(
        s![.., 0],
        s![0, ..],
        s![1.., ..],
        s![..-1, ..],
        s![.., 1..],
        s![.., ..-1]
    );
    of_two!(
        s![..;2, ..],
        s![.., ..;2],
        s![..;-1, ..],
        s![.., ..;-1],
        s![.., 0..2],
        s![0..2, ..]
    );
    macro_rules! of_one {
        ($($slice:expr),*) => { $(black_box(row.slice($slice).to_owned());)* };
    }
    of_one!(s![1..], s![..-1], s![..;2], s![..;-1], s![0..2]);
    black_box((
        x.t().to_owned(),
        v.t().to_owned(),
        v.reversed_axes().to_owned(),
    ));
    black_box((x.diag().to_owned(), v.diag().to_owned(), row.to_vec()));
    black_box((
        row.insert_axis(Axis(0)).to_owned(),
        row.insert_axis(Axis(1)).to_owned(),
    ));
    black_box((
        row.broadcast((3, 3)).map(|x| x.to_owned()),
        v.broadcast((3, 3)).is_some(),
    ));
}

#[inline(never)]
pub fn views_to_write(mut x: ArrayViewMut2<f64>, mut row: ArrayViewMut1<f64>, k: f64) {
    x.row_mut(0).fill(k);
    x.column_mut(0).fill(k);
    x.diag_mut().fill(k);
    macro_rules! of_two { ($($slice:expr),*) => { $(x.slice_mut($slice).fill(k);)* }; }
    of_two!(
        s![.., 0],
        s![0, ..],
        s![1.., ..],
        s![..-1, ..],
        s![.., 1..],
        s![.., ..-1]
    );
    of_two!(
        s![..;2, ..],
        s![.., ..;2],
        s![..;-1, ..],
        s![.., ..;-1],
        s![.., 0..2],
        s![0..2, ..]
    );
    macro_rules! of_one { ($($slice:expr),*) => { $(row.slice_mut($slice).fill(k);)* }; }
    of_one!(s![1..], s![..-1], s![..;2], s![..;-1], s![0..2]);
}

/// Put together.
#[inline(never)]
pub fn joined(a: &Array2<f64>, b: &ArrayView2<f64>, p: &Array1<f64>, q: &ArrayView1<f64>) {
    black_box((concatenate![Axis(0), *a, *a], concatenate![Axis(0), *b, *b]));
    black_box((concatenate![Axis(0), *p, *p], concatenate![Axis(0), *q, *q]));
    black_box((stack![Axis(0), *p, *p], stack![Axis(0), *q, *q]));
}

/// Made new.
#[inline(never)]
pub fn made(p: &Array1<f64>, k: f64, n: usize) {
    black_box((
        Array1::<f64>::zeros(n),
        Array1::<f64>::ones(n),
        Array1::from_elem(n, k),
    ));
    black_box((
        Array2::<f64>::zeros((n, n)),
        Array2::<f64>::ones((n, n)),
        Array2::from_elem((n, n), k),
    ));
    black_box((
        Array1::<f64>::zeros(p.raw_dim()),
        Array1::<f64>::ones(p.raw_dim()),
    ));
    black_box((
        Array2::<f64>::zeros(Ix2(n, n)),
        Array2::<f64>::ones(Ix2(n, n)),
    ));
    black_box((
        Array1::from_elem(Ix1(n), k),
        Array2::from_elem(Ix2(n, n), k),
    ));
    black_box((
        Array1::<f64>::linspace(k, k, n),
        Array1::<f64>::range(k, k, k),
    ));
    black_box((
        Array1::from_vec(vec![k]),
        Array1::from(vec![k]),
        Array2::from_shape_vec((n, n), vec![k]),
    ));
    black_box((Array2::<f64>::eye(n), Array2::from_diag(p)));
}

/// Products.
macro_rules! products {
    ($($name:ident: $matrix:ty, $other:ty, $vector:ty;)*) => {
        $(#[inline(never)]
        pub fn $name(a: &$matrix, b: &$other, v: &$vector) {
            black_box((a.dot(b), a.dot(v), v.dot(a), v.dot(v)));
            black_box((a.t().dot(b), a.dot(&b.t()), a.t().dot(v)));
        })*
    };
}

products! {
    products_of_views: ArrayView2<f64>, ArrayView2<f64>, ArrayView1<f64>;
    products_of_arrays: Array2<f64>, Array2<f64>, Array1<f64>;
    products_mixed: ArrayView2<f64>, Array2<f64>, Array1<f64>;
    products_mixed_too: Array2<f64>, ArrayView2<f64>, ArrayView1<f64>;
}

#[inline(never)]
pub fn vectors(v: &ArrayView1<f64>, x: &Array1<f64>) -> f64 {
    v.dot(x) + x.dot(v)
}
