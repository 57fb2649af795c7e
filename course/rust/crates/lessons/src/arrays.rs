//! ndarray lessons.  Shown in the chapter on arrays and views.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Zip};

/// Divide each row by its length, in place; a row of zeros stays as it is.
pub fn normalise_rows(mut x: ArrayViewMut2<f64>) {
    for mut row in x.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
}

/// Return the Euclidean distance of each row of `a` from each row of `b`.
pub fn distances(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    assert_eq!(a.ncols(), b.ncols(), "both need the same number of columns");
    Array2::from_shape_fn((a.nrows(), b.nrows()), |(i, j)| {
        Zip::from(a.row(i))
            .and(b.row(j))
            .fold(0.0, |sum, p, q| sum + (p - q) * (p - q))
            .sqrt()
    })
}

/// Return the mean of every `width` neighbours: `x.len() - width + 1` of them.
pub fn running_mean(x: ArrayView1<f64>, width: usize) -> Array1<f64> {
    x.windows(width)
        .into_iter()
        .map(|window| window.sum() / width as f64)
        .collect()
}

/// Subtract the mean of each column: allocates the answer, leaves `x` alone.
pub fn centred(x: ArrayView2<f64>) -> Option<Array2<f64>> {
    let means = x.mean_axis(Axis(0))?;
    Some(&x - &means)
}

/// Subtract the mean of each column in place; false where there is no row to take a mean of.
pub fn centre(mut x: ArrayViewMut2<f64>) -> bool {
    match x.mean_axis(Axis(0)) {
        Some(means) => {
            x -= &means;
            true
        }
        None => false,
    }
}

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
    use ndarray::{array, s};

    #[test]
    fn normalised_rows_have_length_one_and_zeros_stay() {
        let mut x = array![[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]];
        normalise_rows(x.view_mut());
        assert_eq!(x, array![[0.6, 0.8], [0.0, 0.0], [0.0, -1.0]]);
    }

    #[test]
    fn normalising_a_strided_view_leaves_the_other_columns_alone() {
        let mut x = array![[3.0, 9.0, 4.0], [8.0, 9.0, 6.0]];
        normalise_rows(x.slice_mut(s![.., ..;2]));
        assert_eq!(x, array![[0.6, 9.0, 0.8], [0.8, 9.0, 0.6]]);
    }

    #[test]
    fn distances_are_zero_on_the_diagonal_and_pythagorean_elsewhere() {
        let a = array![[0.0, 0.0], [3.0, 4.0]];
        assert_eq!(
            distances(a.view(), a.view()),
            array![[0.0, 5.0], [5.0, 0.0]]
        );
    }

    #[test]
    #[should_panic(expected = "same number of columns")]
    fn distances_refuse_different_numbers_of_columns() {
        distances(Array2::zeros((1, 2)).view(), Array2::zeros((1, 3)).view());
    }

    #[test]
    fn a_running_mean_of_width_one_is_the_series_itself() {
        let x = array![1.0, 5.0, 3.0];
        assert_eq!(running_mean(x.view(), 1), x);
        assert_eq!(running_mean(x.view(), 2), array![3.0, 4.0]);
        assert_eq!(running_mean(x.view(), 3), array![3.0]);
    }

    #[test]
    fn a_running_mean_wider_than_the_series_is_empty() {
        assert_eq!(running_mean(array![1.0, 2.0].view(), 3).len(), 0);
    }

    #[test]
    fn centring_in_place_and_into_a_new_array_agree() {
        let mut x = array![[1.0, 10.0], [3.0, 30.0]];
        let new = centred(x.view());
        assert!(centre(x.view_mut()));
        assert_eq!(new, Some(x.clone()));
        assert_eq!(x, array![[-1.0, -10.0], [1.0, 10.0]]);
    }

    #[test]
    fn a_matrix_without_rows_has_no_mean() {
        let mut x = Array2::<f64>::zeros((0, 3));
        assert_eq!(centred(x.view()), None);
        assert!(!centre(x.view_mut()));
    }

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
