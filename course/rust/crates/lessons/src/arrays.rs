//! ndarray lessons.  Shown in the chapter on arrays and views.

use ndarray::{ArrayViewMut2, Axis, Zip};

/// Swap two rows: two mutable views of one matrix at once, which the compiler must be shown not to overlap.
pub fn swap_rows(mut x: ArrayViewMut2<f64>, i: usize, j: usize) {
    if i == j {
        return;
    }
    let (first, second) = (i.min(j), i.max(j));
    let (mut above, mut below) = x.view_mut().split_at(Axis(0), second);
    Zip::from(above.row_mut(first))
        .and(below.row_mut(0))
        .for_each(std::mem::swap);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn swapping_twice_gives_the_matrix_back() {
        let mut x = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        swap_rows(x.view_mut(), 2, 0);
        assert_eq!(x, array![[5.0, 6.0], [3.0, 4.0], [1.0, 2.0]]);
        swap_rows(x.view_mut(), 0, 2);
        swap_rows(x.view_mut(), 1, 1);
        assert_eq!(x, array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    }
}
