"""Cells that call only whole operations of ndarray are told from those with loops, and find all of it compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.bench.cells import CELLS
from course.rust import compile as compiling
from course.rust.call import CellLibrary, RustFunction
from course.rust.misses import compiled_functions
from course.rust.signature import read_cell
from course.rust.whole import OPERATIONS, VIEWS

needs_crates = pytest.mark.needs("rust", "gcc", "crates")

USE = "use ndarray::*;\n"
# One call of each operation and each view; `x`, `y`: lent matrix and vector, `m`: a matrix to write to.
CALLS = {
    "to_owned": "x.to_owned()",
    "into_owned": "y.into_owned()",
    "clone": "x.row(0).to_owned().clone()",
    "sum": "(x.sum(), y.sum(), m.sum())",
    "mean": "(x.mean(), y.mean())",
    "var": "(x.var(0.0), y.var(1.0))",
    "std": "(x.std(0.0), y.std(1.0))",
    "product": "(x.product(), y.product())",
    "dot": "(x.dot(&y), x.dot(&x.t()), y.dot(&y), x.t().dot(&x))",
    "sum_axis": "(x.sum_axis(Axis(0)), x.sum_axis(Axis(1)), y.sum_axis(Axis(0)))",
    "mean_axis": "(x.mean_axis(Axis(0)), m.mean_axis(Axis(1)))",
    "var_axis": "x.var_axis(Axis(0), 0.0)",
    "std_axis": "(x.std_axis(Axis(1), 0.0), m.std_axis(Axis(0), 1.0))",
    "product_axis": "x.product_axis(Axis(0))",
    "fill": "{ m.fill(k); m }",
    "assign": "{ m.assign(&x); m.row_mut(0).assign(&y); m }",
    "scaled_add": "{ m.scaled_add(k, &x); m }",
    "select": "x.select(Axis(0), &[1, 0])",
    "to_vec": "y.to_vec()",
    "abs": "(x.abs(), y.abs(), k.abs())",
    "exp": "x.exp() + y.exp()",
    "ln": "x.abs().ln()",
    "sqrt": "(x.abs().sqrt(), k.sqrt())",
    "powi": "x.powi(2)",
    "powf": "x.abs().powf(0.5)",
    "zeros": "(Array1::<f64>::zeros(n), Array2::<f64>::zeros((n, 2)))",
    "ones": "(Array1::<f64>::ones(n), Array2::<f64>::ones((x.nrows(), 1)))",
    "from_elem": "(Array1::from_elem(n, k), Array2::from_elem((n, n), k))",
    "eye": "Array2::<f64>::eye(n)",
    "linspace": "Array1::<f64>::linspace(0.0, k, n)",
    "range": "Array1::<f64>::range(0.0, k, 0.5)",
    "from_vec": "Array1::from_vec(vec![k, 1.0])",
    "from_diag": "Array2::from_diag(&y)",
    "from_shape_vec": "Array2::from_shape_vec((1, 2), vec![k, k])",
    "concatenate": "(concatenate![Axis(1), x, x], concatenate![Axis(0), y, y])",
    "stack": "(stack![Axis(0), y, y], stack![Axis(1), y, y])",
    "view": "x.view()",
    "view_mut": "{ m.view_mut().fill(k); m }",
    "t": "x.t()",
    "reversed_axes": "x.reversed_axes().to_owned()",
    "row": "&x.row(0) - &y",
    "column": "x.column(0).sum()",
    "row_mut": "{ m.row_mut(0).fill(k); m }",
    "column_mut": "{ m.column_mut(0).fill(k); m }",
    "slice": "(x.slice(s![.., 1..]).to_owned(), y.slice(s![..;-1]).to_owned())",
    "slice_mut": "{ m.slice_mut(s![.., ..;2]).fill(k); m }",
    "index_axis": "x.index_axis(Axis(1), 0).to_owned()",
    "diag": "x.diag().to_owned()",
    "diag_mut": "{ m.diag_mut().fill(k); m }",
    "nrows": "x.nrows()",
    "ncols": "x.ncols()",
    "len": "y.len()",
    "dim": "x.dim()",
    "shape": "x.shape()",
    "strides": "x.strides()",
    "raw_dim": "x.raw_dim()",
    "is_empty": "x.is_empty()",
    "ndim": "x.ndim()",
    "as_ptr": "x.as_ptr() == y.as_ptr()",
    "s": "x.slice(s![0, ..]).to_owned()",
}
OPERATORS = {
    "borrowed": "(&x - &y, &x * &x, &x.to_owned() / &y, &y.to_owned() + &y.to_owned())",
    "used_up": "(x.to_owned() - &y, (&x - &y) / &y.to_owned(), y.to_owned() * y.to_owned())",
    "numbers": "(&x * k, k - &x, x.to_owned() / k, 1.0 / y.to_owned(), -&x, -y.to_owned())",
    "in_place": "{ m -= &x; m *= k; m /= &y; m += &y.to_owned(); m }",
    "in_place_array": "{ let mut o = x.to_owned(); o -= &y; o *= 2.0; o /= &x; o += &y.to_owned(); o }",
    "equal": "(x == x, x.to_owned() == x.to_owned(), y == y)",
    "shown": '(format!("{x}"), format!("{y:?}"))',
}
ALL = CALLS | OPERATORS
LENT = "x: ArrayView2<f64>, y: ArrayView1<f64>, mut m: ArrayViewMut2<f64>, k: f64, n: usize"


def function(name: str, call: str) -> str:
    return f'fn {name}({LENT}) -> String {{\n    format!("{{:?}}", {call})\n}}\n'


SOURCE = USE + "".join(function(f"each_{name}", call) for name, call in ALL.items())
OWN_CODE = {
    "closure": "fn f(x: ArrayView2<f64>) -> Array2<f64> { x.mapv(|v| v * 2.0) }",
    "closure-in-macro": 'fn f(x: ArrayView1<f64>) -> String { format!("{}", (|a: f64| a)(x[0])) }',
    "function-as-argument": "fn f(x: ArrayView2<f64>) -> Array2<f64> { x.mapv(f64::exp) }",
    "for": "fn f(x: ArrayView1<f64>) -> f64 { let mut s = 0.0; for v in x { s += v } s }",
    "for-in-macro": 'fn f(x: ArrayView1<f64>) -> String { format!("{:?}", for v in x { s += v }) }',
    "while": "fn f(x: ArrayView1<f64>) -> f64 { let mut i = 0; while i < x.len() { i += 1 } x[i - 1] }",
    "loop": "fn f(x: ArrayView1<f64>) -> f64 { loop { break x[0] } }",
    "iterator": "fn f(x: ArrayView1<f64>) -> f64 { x.iter().copied().sum() }",
    "Zip": "fn f(x: ArrayView1<f64>) -> usize { ndarray::Zip::from(x).size() }",
    "method-named-as-a-function": "fn total(r: ArrayView1<f64>) -> f64 { r[0] }\n"
    "fn map_axis(x: ArrayView2<f64>) -> Array1<f64> { x.map_axis(Axis(1), total) }",
    "method-named-as-a-function-in-macro": "fn total(r: ArrayView1<f64>) -> f64 { r[0] }\n"
    'fn map_axis(x: ArrayView2<f64>) -> String { format!("{}", x.map_axis(Axis(1), total)) }',
    "another-name": "use std::iter::repeat as zeros; fn f(x: ArrayView1<f64>) -> f64 { zeros(x[0]).sum() }",
    "turbofish-in-macro": 'fn f(x: f64) -> String { format!("{:?}", std::iter::repeat::<f64>(x)) }',
    "free-function": "fn f(x: ArrayView1<f64>) -> f64 { std::iter::once(x[0]).sum() }",
    "macro": "fn f(x: ArrayViewMut1<f64>) { ndarray::azip!((mut v in x) *v = 0.0) }",
    "macro-in-macro": 'fn f(x: ArrayViewMut1<f64>) -> String { format!("{:?}", azip!((v in x) *v = 0.0)) }',
    "generic": "fn g<T: Copy>(t: T) -> T { t } fn f(x: ArrayView1<f64>) -> f64 { g(x[0]) }",
    "struct": "struct S(f64); fn f(x: ArrayView1<f64>) -> f64 { S(x[0]).0 }",
    "macro-of-its-own": "macro_rules! m { ($e:expr) => { $e } } fn f(x: ArrayView1<f64>) -> f64 { m!(x[0]) }",
    "other-numbers": "fn f(x: ArrayView2<f32>) -> f32 { x.sum() }",
    "other-numbers-in-arrays": "fn f(x: ArrayView1<usize>) -> usize { x.sum() }",
    "other-ranks": "fn f(x: ndarray::ArrayView3<f64>) -> f64 { x.sum() }",
    "called-value": "fn f(x: ArrayView1<f64>) -> f64 { (x[0] as fn(f64) -> f64)(1.0) }",
    "does-not-parse": "fn f(x: ArrayView1<f64>) -> f64 { x.sum( }",
}
X = np.random.default_rng(1).normal(size=(3, 4))


BENCH = [cell for cell in CELLS if "sum_axis and product" in cell.name or "loop over rows" in cell.name]


def load(folder: Path, share: bool | None) -> dict[str, RustFunction]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "_cells", lambda: folder)
        units = [compiling.unit(SOURCE)]
        built = compiling.build(units, compiling.Flags(share=share))
    assert built.shared is (share is None)
    library = CellLibrary(built.artifact, {"cell.rs": ("", SOURCE)})
    return {function.name: RustFunction(function, library) for function in units[0].cell.functions}


def test_each_operation_and_view_has_an_example() -> None:
    assert CALLS.keys() == OPERATIONS | VIEWS


def test_a_cell_of_whole_operations_is_one() -> None:
    assert read_cell(SOURCE).whole
    around = "/// Says what.\n#[allow(dead_code)] // and why\nconst FEW: f64 = 2.0;\n"
    around += "fn one(x: ArrayView1<f64>) -> f64 { x.sum() * FEW }\n"
    around += "fn row<'a>(x: &ArrayView2<'a, f64>) -> f64 { one(x.row(0)) + one(x.row(1)) }\n"
    assert read_cell(USE + around).whole


@pytest.mark.parametrize("source", OWN_CODE.values(), ids=OWN_CODE)
def test_a_cell_with_code_of_its_own_over_arrays_is_none(source: str) -> None:
    assert not read_cell(USE + source).whole


def test_the_measured_cell_of_whole_operations_shares_and_the_loop_does_not() -> None:
    assert [read_cell(cell.edited(1.5)).whole for cell in BENCH] == [False, True]


@given(st.lists(st.sampled_from(sorted(ALL)), min_size=1, max_size=5), st.sampled_from(sorted(OWN_CODE)), st.data())
def test_one_loop_among_whole_operations_is_found(names: list[str], own: str, data: st.DataObject) -> None:
    functions = [function(f"e{number}", ALL[name]) for number, name in enumerate(names)]
    assert read_cell(USE + "\n".join(functions)).whole
    functions.insert(data.draw(st.integers(0, len(functions))), OWN_CODE[own])
    assert not read_cell(USE + "\n".join(functions)).whole


PIECES = ["fn f(", "x: ArrayView1<f64>", ") -> f64 ", "{", "}", "vec![", "]", "x.", "sum()", "|", "::<", "!", "'a", "é"]


@given(
    st.lists(st.sampled_from(PIECES))
    | st.integers(0, len(SOURCE)).map(lambda end: [SOURCE[:end]])
    | st.lists(st.text())
)
def test_any_text_is_read(pieces: list[str]) -> None:
    read = read_cell("".join(pieces))
    assert not read.whole or read.parses


@needs_crates
def test_whole_operations_give_the_same_bits_whoever_compiled_them(tmp_path: Path) -> None:
    shared, ordinary = (load(tmp_path / str(share), share) for share in (None, False))
    for name in ALL:

        def said(functions: dict[str, Any], name: str = name) -> str:
            text: str = functions[f"each_{name}"](X, X[0], X.copy(), 1.5, 2)
            return text

        assert said(shared) == said(ordinary), name


@needs_crates
def test_whole_operations_are_found_compiled() -> None:
    shared, ordinary = compiled_functions(SOURCE), compiled_functions(SOURCE, shared=False)
    assert shared.misses == ()
    assert len(ordinary.misses) > 500
    assert shared.functions < ordinary.functions / 5


@needs_crates
def test_an_operation_that_the_prelude_lacks_is_named() -> None:
    source = USE + "fn f(x: ArrayView2<f64>) -> f64 { Array1::from_vec(vec![1, 2]).sum_axis(Axis(0)).len() as f64 }"
    assert read_cell(source).whole
    assert any("Zip" in miss for miss in compiled_functions(source).misses)
