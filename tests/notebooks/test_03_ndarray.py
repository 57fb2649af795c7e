"""The chapter on arrays: wrong answers meet a message that helps, and its quizzes say what is true of programs.

`course dev check` runs the chapter itself, solved and unsolved; `course quiz check` proves the keys.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from course.chapters import Course
from course.data import load_penguins
from course.errors import RustPanic
from course.quiz.model import Parsons
from course.quiz.parse import load
from course.quiz.prove import run_rust
from course.source import Cell, read_source

CHAPTER = Course.find().at("03_ndarray")


def cell(name: str, attribute: str = "id") -> Cell:
    """Return the chapter's cell of that name."""
    return next(c for c in read_source(CHAPTER.source).cells if c.attributes.get(attribute) == name)


def softmax_numpy(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# -- the task in numba

SOFTMAX_WRONG = {
    "plain Python": (
        """
def softmax_rows(x):
    for i in range(len(x)):
        x[i] = np.exp(x[i] - x[i].max())
        x[i] /= x[i].sum()
""",
        "keep @njit",
    ),
    "a new array under the old name": (
        """
@njit
def softmax_rows(x):
    x = np.exp(x)
    return x
""",
        "has not changed",
    ),
    "columns": (
        """
@njit
def softmax_rows(x):
    for j in range(x.shape[1]):
        x[:, j] = np.exp(x[:, j] - x[:, j].max())
        x[:, j] /= x[:, j].sum()
""",
        "sum along axis 1",
    ),
    "one sum for all": (
        """
@njit
def softmax_rows(x):
    x[:] = np.exp(x)
    x /= x.sum()
""",
        "new sum for each row",
    ),
    "a sum that is not finished": (
        """
@njit
def softmax_rows(x):
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            x[i, j] = np.exp(x[i, j])
            total += x[i, j]
            x[i, j] /= total
""",
        "after the loop that adds",
    ),
    "a sum that runs on from row to row": (
        """
@njit
def softmax_rows(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = np.exp(x[i, j])
            total += x[i, j]
        for j in range(x.shape[1]):
            x[i, j] /= total
""",
        "not to 1",
    ),
    "no exp": (
        """
@njit
def softmax_rows(x):
    for i in range(x.shape[0]):
        total = x[i].sum()
        for j in range(x.shape[1]):
            x[i, j] /= total
""",
        "is it a sum of exponentials",
    ),
    "the difference the wrong way round": (
        """
@njit
def softmax_rows(x):
    for i in range(x.shape[0]):
        x[i] = np.exp(x[i].max() - x[i])
        x[i] /= x[i].sum()
""",
        "in that order",
    ),
    "nothing subtracted": (
        """
@njit
def softmax_rows(x):
    for i in range(x.shape[0]):
        x[i] = np.exp(x[i])
        x[i] /= x[i].sum()
""",
        "1000 gives nan",
    ),
    "the largest of all rows": (
        """
@njit
def softmax_rows(x):
    largest = x.max()
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            x[i, j] = np.exp(x[i, j] - largest)
            total += x[i, j]
        for j in range(x.shape[1]):
            x[i, j] /= total
""",
        "a row near -1000 is 0 when you divide",
    ),
    "the largest of all rows, in NumPy's way": (
        """
@njit
def softmax_rows(x):
    largest = x.max()
    for i in range(x.shape[0]):
        x[i] = np.exp(x[i] - largest)
        x[i] /= x[i].sum()
""",
        "the largest of that row",
    ),
    "no exp, in NumPy's way": (
        """
@njit
def softmax_rows(x):
    for i in range(x.shape[0]):
        x[i] /= x[i].sum()
""",
        "still zero when you divide",
    ),
    "clipped scores": (
        """
@njit
def softmax_rows(x):
    for i in range(x.shape[0]):
        x[i] = np.exp(np.clip(x[i], -700, 700))
        x[i] /= x[i].sum()
""",
        "do not clip",
    ),
    "a result returned": (
        """
@njit
def softmax_rows(x):
    for i in range(x.shape[0]):
        x[i] = np.exp(x[i] - x[i].max())
        x[i] /= x[i].sum()
    return x
""",
        "leave out the return",
    ),
}


@pytest.mark.parametrize("name", SOFTMAX_WRONG)
def test_a_wrong_softmax_is_told_what_to_look_at(name: str) -> None:
    from numba import njit

    program, words = SOFTMAX_WRONG[name]
    namespace: dict[str, Any] = {"np": np, "njit": njit, "softmax_numpy": softmax_numpy}
    exec(program, namespace)
    with pytest.raises(AssertionError, match=words):
        exec(cell("softmax-rows", "tests").text, namespace)


# -- the task in Rust

STANDARDISE_WRONG = {
    "a copy": (
        """
    let mut z = x.to_owned();
    z.fill(0.0);
""",
        "has not changed",
    ),
    "rows": (
        """
    for mut row in x.rows_mut() {
        let (mean, deviation) = (row.mean().unwrap(), row.std(0.0));
        row.mapv_inplace(|v| (v - mean) / deviation);
    }
""",
        "use columns_mut, not rows_mut",
    ),
    "divided, not centred": (
        """
    for mut column in x.columns_mut() {
        let deviation = column.std(0.0);
        column /= deviation;
    }
""",
        "subtract the mean",
    ),
    "divided first": (
        """
    for mut column in x.columns_mut() {
        let (mean, deviation) = (column.mean().unwrap(), column.std(0.0));
        column /= deviation;
        column -= mean;
    }
""",
        "subtract the mean before you divide",
    ),
    "one mean for all columns": (
        """
    let (mean, deviation) = (x.mean().unwrap(), x.std(0.0));
    x.mapv_inplace(|v| (v - mean) / deviation);
""",
        "not 0: subtract the mean",
    ),
    "centred, not divided": (
        """
    for mut column in x.columns_mut() {
        let mean = column.mean().unwrap();
        column -= mean;
    }
""",
        "divide by the deviation",
    ),
    "the variance": (
        """
    for mut column in x.columns_mut() {
        let (mean, variance) = (column.mean().unwrap(), column.var(0.0));
        column.mapv_inplace(|v| (v - mean) / variance);
    }
""",
        "divided by the variance",
    ),
    "n - 1": (
        """
    for mut column in x.columns_mut() {
        let (mean, deviation) = (column.mean().unwrap(), column.std(1.0));
        column.mapv_inplace(|v| (v - mean) / deviation);
    }
""",
        "divide by n",
    ),
    "one deviation for all columns": (
        """
    let deviation = x.std(0.0);
    for mut column in x.columns_mut() {
        let mean = column.mean().unwrap();
        column.mapv_inplace(|v| (v - mean) / deviation);
    }
""",
        "does each use its own",
    ),
    "zero by zero": (
        """
    for mut column in x.columns_mut() {
        if let Some(mean) = column.mean() {
            let deviation = column.std(0.0);
            column.mapv_inplace(|v| (v - mean) / deviation);
        }
    }
""",
        "look at the deviation before you divide",
    ),
    "a mean of nothing": (
        """
    for mut column in x.columns_mut() {
        let mean = column.mean().unwrap();
        let deviation = column.std(0.0);
        column -= mean;
        if deviation > 0.0 {
            column /= deviation;
        }
    }
""",
        "if let Some",
    ),
}


@pytest.mark.needs("rust", "crates")
@pytest.mark.parametrize("name", STANDARDISE_WRONG)
def test_a_wrong_standardise_is_told_what_to_look_at(name: str) -> None:
    from course.rust.magic import Session, run

    body, words = STANDARDISE_WRONG[name]
    namespace: dict[str, Any] = {"np": np, "RustPanic": RustPanic, "x": load_penguins().x}
    program = f"use ndarray::ArrayViewMut2;\nfn standardise(mut x: ArrayViewMut2<f64>) {{{body}}}"
    run(Session(), "--quiet", program, namespace)
    with pytest.raises(AssertionError, match=words):
        exec(cell("standardise", "tests").text, namespace)


# -- what the quizzes say about programs

TWO_ROWS = """
use ndarray::{{Array2, Zip, s}};
fn main() {{
    let mut x = Array2::<f64>::ones((3, 4));
    {}
    Zip::from(first).and(second).for_each(|a, b| *a += *b);
    println!("{{}}", x.row(0));
}}
"""
TWO_ROWS_FIXES = {
    "let second = x.clone(); let second = second.row(1); let first = x.row_mut(0);": (),
    "let (first, second) = x.multi_slice_mut((s![0, ..], s![1, ..]));": (),
    "let first = x.row_mut(0); let second = x.row(1);": ("E0502",),
    "let row = x.row(1).to_owned(); let first = x.row_mut(0); let second = &row;": (),
}

DROPPED = """
use ndarray::array;
fn main() {{
    let scores = array![0.1, 0.7, 0.2];
    {}
}}
"""
DROPPED_FIXES = {
    'let best = scores.view(); std::mem::forget(scores); println!("{best}");': ("E0505",),
    'let best = scores.clone(); drop(scores); println!("{best}");': (),
    'let best = scores.view(); println!("{best}"); drop(scores);': (),
    'let best = &scores.view(); drop(scores); println!("{best}");': ("E0505",),
}


@pytest.mark.needs("rust", "crates")
@pytest.mark.parametrize(
    ("program", "codes"),
    [(TWO_ROWS.format(fix), codes) for fix, codes in TWO_ROWS_FIXES.items()]
    + [(DROPPED.format(fix), codes) for fix, codes in DROPPED_FIXES.items()],
)
def test_the_fixes_that_a_question_offers_do_what_their_feedback_says(program: str, codes: tuple[str, ...]) -> None:
    ran = run_rust(program)

    assert ran.codes == codes
    assert ran.compiles == (not codes)
    if "Zip" in program and not codes:
        assert ran.printed.strip() == "[2, 2, 2, 2]"


@pytest.mark.needs("rust", "crates")
def test_the_row_that_the_last_question_moves_out_may_be_returned() -> None:
    ran = run_rust(
        """
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
fn second(x: ArrayView2<f64>) -> ArrayView1<f64> { x.index_axis_move(Axis(0), 1) }
fn main() { println!("{}", second(Array2::<f64>::eye(2).view())); }
"""
    )

    assert (ran.codes, ran.printed.strip()) == ((), "[0, 1]")


SHARES_MAIN = """
use ndarray::{ArrayViewMut2, array};
PROGRAM
fn main() {
    let mut x = array![[1.0, 3.0], [0.0, 0.0]];
    to_shares(x.view_mut());
    assert_eq!(x, array![[0.25, 0.75], [0.0, 0.0]]);
}
"""


@pytest.mark.needs("rust", "crates")
def test_the_arranged_lines_run_and_each_distractor_is_refused() -> None:
    question = load(CHAPTER.quiz).item("shares")
    assert isinstance(question, Parsons)
    text = {line.id: line.text for line in question.lines}
    right = [text[id] for id, _ in question.solution or ()]

    assert run_rust(SHARES_MAIN.replace("PROGRAM", "\n".join(right))).ended == 0
    for wrong, instead in (("for row in x.rows() {", 1), ("let total = x.sum();", 2)):
        assert wrong in text.values()
        program = SHARES_MAIN.replace("PROGRAM", "\n".join([*right[:instead], wrong, *right[instead + 1 :]]))
        assert not run_rust(program).compiles
