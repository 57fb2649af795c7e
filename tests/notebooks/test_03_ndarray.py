"""The chapter on arrays: its quizzes say what is true of programs.

`course dev check` runs the chapter itself, solved and unsolved; `course quiz check` proves the keys, and that each
wrong solution of a task meets a message that helps.
"""

from __future__ import annotations

import pytest

from course.chapters import Course
from course.quiz.model import Parsons
from course.quiz.parse import load
from course.quiz.prove import run_rust

CHAPTER = Course.find().at("03_ndarray")


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
def test_the_program_that_is_to_be_explained_is_refused_for_the_reason_that_its_proof_takes_away() -> None:
    question = load(CHAPTER.quiz).item("local-view")
    assert question.proof is not None
    program = question.body.partition("```rust\n")[2].partition("```")[0]

    assert run_rust(program).codes == ("E0515",)
    owning = program.replace("squares.row(best)\n", "squares.row(best).to_owned()\n").replace("ArrayView1", "Array1")
    function = owning[owning.index("fn largest_row") : owning.index("fn main")]
    assert function in question.proof.code
    assert run_rust(owning).ended == 0


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
