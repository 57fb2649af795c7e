"""Every supported type there and back against NumPy, and what is refused at the border."""

from __future__ import annotations

import gc
import math
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course.errors import AliasError, RustError, RustPanic, WrongArgument
from course.rust import compile as compiling
from course.rust import diagnostics
from course.rust.aliasing import LENT
from course.rust.call import CellLibrary, RustFunction
from course.rust.types import SCALARS

pytestmark = [pytest.mark.needs("rust", "gcc")]

INTEGERS = [n for n in SCALARS if n not in {"bool", "f32", "f64"}]
EVERY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

PLAIN = (
    "\n".join(
        f"""
fn same_{t}(x: {t}) -> {t} {{ x }}
fn list_{t}(x: &[{t}]) -> Vec<{t}> {{ x.to_vec() }}
fn fill_{t}(x: &mut [{t}], y: &[{t}]) {{ x.copy_from_slice(y) }}
fn maybe_{t}(x: Option<{t}>) -> Option<{t}> {{ x }}
"""
        for t in SCALARS
    )
    + """
fn text(s: &str) -> String { s.to_string() }
fn own(s: String) -> (usize, String) { (s.len(), s) }
fn word() -> &'static str { "größe" }
fn words(s: &str) -> Vec<String> { s.split(' ').map(String::from).collect() }
fn rows(x: &[f64], n: usize) -> Vec<Vec<f64>> { x.chunks(n).map(|c| c.to_vec()).collect() }
fn nothing() {}
fn nested(a: Option<(i32, Option<&str>)>, ok: bool) -> Result<Option<(Vec<f64>, String)>, String> {
    if !ok { return Err("it is not".into()) }
    Ok(a.map(|(n, s)| (vec![n as f64; 3], s.unwrap_or("-").to_string())))
}
fn pairs(n: usize) -> Vec<(usize, f64)> { (0..n).map(|i| (i, i as f64 / 2.0)).collect() }
fn some_fail(n: usize) -> Vec<Result<Vec<f64>, String>> {
    (0..n).map(|i| if i % 2 == 0 { Ok(vec![1.0; 1000]) } else { Err(format!("number {i}")) }).collect()
}
fn many(n: usize) -> Vec<f64> { vec![1.0; n] }
fn spare(n: usize) -> Vec<f64> { let mut v = Vec::with_capacity(n + 100); v.resize(n, 2.0); v }
fn two(x: &mut [f64], y: &mut [f64]) { x[0] = 1.0; y[0] = 2.0; }
fn read_two(x: &[f64], y: &[f64]) -> f64 { x[0] + y[0] }
fn inside(x: Option<&mut [f64]>, p: (&[f64], i32)) -> i32 { if let Some(x) = x { x[0] = p.0[0] }; p.1 }
fn overflow(a: i32) -> i32 { a + 1 }
fn index(x: &[f64], i: usize) -> f64 { x[i] }
fn unwrap(x: Option<i32>) -> i32 { x.unwrap() }
fn custom() { std::panic::panic_any(7) }
fn in_thread() { std::thread::scope(|s| { s.spawn(|| { let v: Vec<i32> = vec![]; v[3] }).join().unwrap() }); }
fn meet(all: usize) -> bool {
    static HERE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    HERE.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    for _ in 0..3000 {
        if HERE.load(std::sync::atomic::Ordering::SeqCst) >= all { return true }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    false
}
fn slow(x: &mut [f64], ms: u64) { std::thread::sleep(std::time::Duration::from_millis(ms)); x[0] += 1.0; }
fn divide(a: i32, b: i32) -> Result<i32, std::num::TryFromIntError> { let c: i8 = (a / b).try_into()?; Ok(c as i32) }
fn keyword(lambda: f64, class: f64) -> f64 { lambda - class }
fn first_of((a, b): (f64, f64), _: f64) -> f64 { a - b }
"""
)

RANKS = [1, 2, 3, 4, 5, 6, "D"]

# The copying is done once for each element, in any number of dimensions: what is tried here is how views are lent.
VIEWS = (
    """use ndarray::*;
fn own<T: Clone, D: Dimension>(x: ArrayView<T, D>) -> Array<T, D> {
    x.into_dyn().to_owned().into_dimensionality().unwrap()
}
fn put<T: Clone, D: Dimension>(x: ArrayViewMut<T, D>, y: ArrayView<T, D>) { x.into_dyn().assign(&y.into_dyn()) }
"""
    + "\n".join(
        f"fn view{r}_{t}(x: ArrayView{r}<{t}>) -> Array{r}<{t}> {{ own(x) }}\n"
        f"fn assign{r}_{t}(x: ArrayViewMut{r}<{t}>, y: ArrayView{r}<{t}>) {{ put(x, y) }}"
        for t in SCALARS
        for r in RANKS
    )
    + """
fn turned(x: ArrayView2<f64>) -> Array2<f64> { x.reversed_axes().to_owned() }
fn flipped(x: ArrayView2<f64>) -> Array2<f64> { let mut a = x.to_owned(); a.invert_axis(Axis(0)); a }
fn part(x: ArrayView2<f64>) -> Array2<f64> { x.to_owned().slice_move(s![1.., ..;2]) }
fn last(x: ArrayView3<u8>) -> u8 { let n = x.raw_dim(); x[[n[0] - 1, n[1] - 1, n[2] - 1]] }
fn held(a: Option<ArrayView2<f64>>, p: (ArrayViewMut1<i32>, &[u8])) -> Result<(Option<Array2<f64>>, Vec<u8>), String> {
    let (mut x, y) = p;
    x.fill(y.len() as i32);
    if y.is_empty() { Err("nothing".into()) } else { Ok((a.map(|a| a.to_owned()), y.to_vec())) }
}
fn at(x: ArrayView2<f64>, i: usize) -> f64 {
    let doubled = &x + &x;
    doubled[[i, 0]]
}
"""
)


def load(source: str, folder: Path, opt: str = "1") -> dict[str, RustFunction]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "_cells", lambda: folder)
        units = [compiling.unit(source)]
        built = compiling.build(units, compiling.Flags(opt=opt))
    library = CellLibrary(built.artifact, {"cell.rs": ("", source)})
    return {f.name: RustFunction(f, library) for f in units[0].cell.functions}


@pytest.fixture(scope="module")
def rust(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RustFunction]:
    return load(PLAIN, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RustFunction]:
    return load(VIEWS, tmp_path_factory.mktemp("views"), opt="0")  # quicker to compile, and the compiler's own checks


# Numbers, text, and what holds them


@EVERY
@given(data=st.data(), name=st.sampled_from(INTEGERS))
def test_integers_cross_whole_or_are_refused(rust: dict[str, Any], data: st.DataObject, name: str) -> None:
    limits = np.iinfo(SCALARS[name])
    edges = st.sampled_from([0, int(limits.min), int(limits.max), int(limits.min) - 1, int(limits.max) + 1])
    value = data.draw(st.integers(-(2**70), 2**70) | edges | st.integers(int(limits.min), int(limits.max)))
    if limits.min <= value <= limits.max:
        assert rust[f"same_{name}"](value) == value
        assert rust[f"maybe_{name}"](value) == value
        assert rust[f"same_{name}"](np.dtype(SCALARS[name]).type(value)) == value
    else:
        with pytest.raises(WrongArgument, match="does not fit"):
            rust[f"same_{name}"](value)


@EVERY
@given(st.floats())
def test_floats_cross_bit_for_bit(rust: dict[str, Any], value: float) -> None:
    assert struct.pack("<d", rust["same_f64"](value)) == struct.pack("<d", value)
    assert struct.pack("<d", rust["maybe_f64"](value)) == struct.pack("<d", value)


@EVERY
@given(st.floats(width=32))
def test_narrow_floats_cross_unchanged(rust: dict[str, Any], value: float) -> None:
    for got in (rust["same_f32"](value), rust["maybe_f32"](value), rust["same_f32"](np.float32(value))):
        assert got == value or (math.isnan(got) and math.isnan(value))


@EVERY
@given(st.text())
def test_text_crosses_unchanged(rust: dict[str, Any], text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(WrongArgument, match="half of a character pair"):
            rust["text"](text)
        return
    assert rust["text"](text) == text
    assert rust["own"](text) == (len(text.encode()), text)


def test_results_of_every_shape_are_read(rust: dict[str, Any]) -> None:
    assert rust["word"]() == "größe"
    assert rust["words"]("a b  c") == ["a", "b", "", "c"]
    assert rust["nothing"]() is None
    assert rust["same_bool"](np.True_) is True
    assert rust["pairs"](3) == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert [r.tolist() for r in rust["rows"](np.arange(5.0), 2)] == [[0.0, 1.0], [2.0, 3.0], [4.0]]
    array, text = rust["nested"]((7, None), True)
    assert (array.tolist(), text) == ([7.0] * 3, "-")
    assert rust["nested"](None, True) is None
    assert rust["maybe_i32"](None) is None


def test_an_err_is_raised_with_its_text(rust: dict[str, Any]) -> None:
    with pytest.raises(RustError, match="it is not"):
        rust["nested"](None, False)
    with pytest.raises(RustError, match="out of range"):
        rust["divide"](1000, 1)
    assert rust["divide"](6, 3) == 2


def test_an_err_among_values_is_raised_and_loses_no_memory(rust: dict[str, Any]) -> None:
    with pytest.raises(RustError, match="number 1"):
        rust["some_fail"](4)
    assert len(rust["some_fail"](1)) == 1


@pytest.mark.parametrize(
    ("function", "value", "says"),
    [
        ("same_i32", True, "i32 needs an integer, got bool True"),
        ("same_i32", 3.0, "i32 needs an integer, got float 3.0"),
        ("same_i32", math.nan, "it has no integer value"),
        ("same_i32", "3", "got str '3'"),
        ("same_i32", None, "got None"),
        ("same_i32", np.array(3), "write value.item()"),
        ("same_u8", -1, "does not fit u8, which holds 0 to 255"),
        ("same_f64", True, "write float(value)"),
        ("same_f64", "1", "f64 needs a number"),
        ("same_f64", 10**400, "too large for f64"),
        ("same_f32", 1e39, "too large for f32"),
        ("same_f64", np.longdouble(1), "longdouble"),
        ("same_bool", 1, "bool needs True or False"),
        ("text", b"x", "value.decode()"),
        ("text", 3, "write str(value)"),
        ("maybe_i32", 2.5, "i32 needs an integer"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_a_way_out(
    rust: dict[str, Any], function: str, value: Any, says: str
) -> None:
    with pytest.raises(WrongArgument) as caught:
        rust[function](value)
    assert says in str(caught.value)
    assert caught.value.place.startswith(f"{function}(")
    assert isinstance(caught.value, TypeError)


def test_a_function_may_have_any_name(tmp_path: Path) -> None:
    names = ["lend", "lend_mut", "text", "guard", "flush", "here", "out", "value", "größe", "r#try"]
    functions = load("\n".join(f"fn {n}(x: &[f64], s: &str) -> usize {{ x.len() + s.len() }}" for n in names), tmp_path)
    assert [function(np.zeros(3), "ab") for function in functions.values()] == [5] * len(names)
    assert functions["r#try"].__name__ == "try"


def test_tuples_are_checked_item_by_item(rust: dict[str, Any]) -> None:
    with pytest.raises(WrongArgument, match="a tuple of 2"):
        rust["nested"]([1, None], True)
    with pytest.raises(WrongArgument) as caught:
        rust["nested"](("a", None), True)
    assert ".0" in caught.value.place


def test_parameters_are_given_by_position_or_name(rust: dict[str, Any]) -> None:
    assert rust["keyword"](lambda_=3.0, class_=1.0) == 2.0
    assert rust["keyword"](3.0, class_=1.0) == 2.0
    assert rust["first_of"]((5.0, 2.0), 0.0) == 3.0
    with pytest.raises(TypeError, match="missing"):
        rust["keyword"](1.0)


def test_a_function_describes_itself(rust: dict[str, Any]) -> None:
    function = rust["index"]
    assert repr(function) == "<rust fn index(x: &[f64], i: usize) -> f64>"
    assert function.__doc__.startswith("fn index(x: &[f64], i: usize) -> f64")
    assert function.source == "fn index(x: &[f64], i: usize) -> f64 { x[i] }"
    assert str(function.__signature__) == "(x: '&[f64]', i: 'usize') -> 'f64'"


# Arrays


STEPS = [slice(None), slice(None, None, -1), slice(1, None, 2), slice(None, None, -2)]
LAYOUTS = ["as it is", "fortran", "wider", "read-only", "misaligned", "swapped"]


def lay_out(array: Any, layout: str) -> Any:
    """Return the same elements in an array of the same shape and another layout in memory."""
    if layout == "fortran":
        return np.asarray(array, order="F")
    if layout == "wider":
        wide = np.zeros((*array.shape, 2), array.dtype)
        wide[..., 0] = array
        return wide[..., 0]
    if layout == "swapped":
        return array.astype(array.dtype.newbyteorder("S"))
    if layout == "misaligned":
        raw = np.zeros(array.nbytes + 1, np.uint8)[1:]
        moved = raw.view(array.dtype).reshape(array.shape)
        moved[...] = array
        return moved
    if layout == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


@st.composite
def arrays(draw: st.DrawFn, dtype: str, rank: int, shape: tuple[int, ...] | None = None) -> tuple[Any, str]:
    """Arrays of every layout, with its name; some reversed, stepped or transposed, unless a shape is given."""
    layout = draw(st.sampled_from(LAYOUTS))
    if shape is not None:  # as it came: a step would change it
        return lay_out(np.zeros(shape, dtype), layout), layout
    side = 5 if rank < 4 else 3
    array = lay_out(draw(hnp.arrays(dtype, st.tuples(*[st.integers(0, side)] * rank))), layout)
    steps = draw(st.tuples(*[st.sampled_from(STEPS)] * rank))
    return array.transpose(draw(st.permutations(range(rank))))[(*steps, ...)], layout


def refusal_of(array: Any, layout: str) -> str:
    """Return what must be said about an array that cannot be lent for reading, or ""."""
    if layout == "swapped" and array.itemsize > 1:
        return "in the other order"
    return "not aligned" if layout == "misaligned" and array.itemsize > 1 and array.size else ""


@EVERY
@given(data=st.data(), name=st.sampled_from(list(SCALARS)))
def test_slices_cross_there_and_back(rust: dict[str, Any], data: st.DataObject, name: str) -> None:
    array = data.draw(hnp.arrays(SCALARS[name], st.integers(0, 20)))
    back = rust[f"list_{name}"](array)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    target = np.zeros_like(array)
    rust[f"fill_{name}"](target, array)
    np.testing.assert_array_equal(target, array)


@EVERY
@given(data=st.data(), name=st.sampled_from(list(SCALARS)))
def test_slices_of_every_layout_cross_or_are_refused(rust: dict[str, Any], data: st.DataObject, name: str) -> None:
    array, layout = data.draw(arrays(SCALARS[name], 1))
    says = refusal_of(array, layout)
    if not says and not array.flags.c_contiguous:
        says = "one after the other"
    if says:
        with pytest.raises(WrongArgument, match=says):
            rust[f"list_{name}"](array)
    else:
        np.testing.assert_array_equal(rust[f"list_{name}"](array), array)


@pytest.mark.needs("crates")
@settings(EVERY, max_examples=250)
@given(data=st.data(), name=st.sampled_from(list(SCALARS)), rank=st.integers(0, 6))
def test_views_honour_every_layout_or_refuse_it(
    views: dict[str, Any], data: st.DataObject, name: str, rank: int
) -> None:
    array, layout = data.draw(arrays(SCALARS[name], rank))
    suffix = data.draw(st.sampled_from([rank, "D"])) if rank else "D"
    if says := refusal_of(array, layout):
        with pytest.raises(WrongArgument, match=says):
            views[f"view{suffix}_{name}"](array)
        return
    back = views[f"view{suffix}_{name}"](array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    target, layout = data.draw(arrays(SCALARS[name], rank, array.shape))
    says = "read-only" if layout == "read-only" else refusal_of(target, layout)
    if says:
        with pytest.raises(WrongArgument, match=says):
            views[f"assign{suffix}_{name}"](target, array)
        np.testing.assert_array_equal(target, np.zeros_like(array))
    else:
        views[f"assign{suffix}_{name}"](target, array)
        np.testing.assert_array_equal(target, array)


def plain(rank: int, dtype: str) -> st.SearchStrategy[Any]:
    """Arrays of every layout that can be lent for reading."""
    return arrays(dtype, rank).filter(lambda drawn: not refusal_of(*drawn)).map(lambda drawn: drawn[0])


@pytest.mark.needs("crates")
@EVERY
@given(
    a=st.none() | plain(2, "f8"),
    x=plain(1, "i4").map(np.array),
    y=hnp.arrays("u1", st.integers(0, 5)),
)
def test_arrays_cross_inside_options_tuples_and_results(views: dict[str, Any], a: Any, x: Any, y: Any) -> None:
    if y.size == 0:
        with pytest.raises(RustError, match="nothing"):
            views["held"](a, (x, y))
    else:
        back, list_ = views["held"](a, (x, y))
        assert (back is None) == (a is None)
        if a is not None:
            np.testing.assert_array_equal(back, a)
        np.testing.assert_array_equal(list_, y)
    np.testing.assert_array_equal(x, np.full_like(x, y.size))


@EVERY
@given(a=st.none() | st.tuples(st.integers(-(2**31), 2**31 - 1), st.none() | st.text(st.characters(codec="utf-8"))))
def test_options_of_tuples_of_options_cross(rust: dict[str, Any], a: Any) -> None:
    back = rust["nested"](a, True)
    if a is None:
        assert back is None
    else:
        numbers, text = back
        assert numbers.tolist() == [float(a[0])] * 3
        assert text == ("-" if a[1] is None else a[1])


@pytest.mark.needs("crates")
@EVERY
@given(data=st.data(), rank=st.integers(1, 6))
def test_writing_through_a_view_changes_these_elements_and_no_other(
    views: dict[str, Any], data: st.DataObject, rank: int
) -> None:
    around = np.zeros([7] * rank)
    step = tuple(
        data.draw(st.sampled_from([slice(1, 6, 2), slice(None, None, -1), slice(5, 1, -3)])) for _ in range(rank)
    )
    order = data.draw(st.permutations(range(rank)))
    window = around.transpose(order)[step]
    expected = np.zeros_like(around)
    expected.transpose(order)[step] = 3.5
    views[f"assign{rank}_f64"](window, np.full(window.shape, 3.5))
    np.testing.assert_array_equal(around, expected)


@pytest.mark.needs("crates")
def test_a_broadcast_array_can_be_read_and_not_written(views: dict[str, Any]) -> None:
    wide = np.broadcast_to(np.arange(3.0), (4, 3))
    np.testing.assert_array_equal(views["view2_f64"](wide), wide)
    with pytest.raises(WrongArgument, match="read-only"):
        views["assign2_f64"](wide, np.zeros((4, 3)))
    shared = np.lib.stride_tricks.as_strided(np.zeros(5), (3, 3), (8, 8))
    with pytest.raises(WrongArgument, match="share one place"):
        views["assign2_f64"](shared, np.zeros((3, 3)))


@pytest.mark.needs("crates")
def test_returned_arrays_keep_their_layout_and_are_not_copied(views: dict[str, Any]) -> None:
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(views["turned"](x), x.T)
    flipped = views["flipped"](x)
    np.testing.assert_array_equal(flipped, x[::-1])
    assert flipped.strides == (-32, 8)
    np.testing.assert_array_equal(views["part"](x), x[1:, ::2])
    assert flipped.flags.writeable
    assert not flipped.flags.owndata


@pytest.mark.needs("crates")
@EVERY
@given(
    name=st.sampled_from(list(SCALARS)),
    long=st.integers(2**31, 2**62 - 1),
    where=st.integers(0, 3),
    suffix=st.sampled_from([4, "D"]),
)
def test_a_huge_shape_without_elements_is_nothing_to_fear(
    views: dict[str, Any], name: str, long: int, where: int, suffix: Any
) -> None:
    shape = [0, 3, 1]
    shape.insert(where, long // 24)
    empty = np.empty(shape, SCALARS[name])
    assert views[f"view{suffix}_{name}"](empty).shape == tuple(shape)
    views[f"assign{suffix}_{name}"](empty, np.empty(shape, SCALARS[name]))


@pytest.mark.needs("crates")
def test_a_huge_array_that_is_one_element_many_times_is_read_where_it_lies(views: dict[str, Any]) -> None:
    huge = np.broadcast_to(np.uint8(7), (2**20, 2**20, 2**20))
    assert views["last"](huge) == 7
    assert views["last"](huge[::-1, ::2]) == 7


def misaligned() -> Any:
    return np.frombuffer(bytearray(8 * 4 + 1), dtype=np.uint8)[1:].view(np.float64)


def read_only() -> Any:
    array = np.zeros(3)
    array.flags.writeable = False
    return array


class Sub(np.ndarray):
    pass


@pytest.mark.parametrize(
    ("function", "make", "says", "mend"),
    [
        ("list_f64", lambda: np.zeros(3, "f4"), "has dtype float32, the Rust type needs float64", "astype(np.float64)"),
        ("list_f64", lambda: np.zeros(3, int), "has dtype int64", "astype(np.float64)"),
        ("list_i32", lambda: np.zeros(3, "u4"), "needs int32", "astype(np.int32)"),
        ("list_f64", lambda: np.zeros(3, object), "has dtype object", "astype"),
        ("list_f64", lambda: np.zeros(3, ">f8"), "other order", "astype(np.float64)"),
        ("list_f64", lambda: np.zeros((2, 3)), "one dimension is needed, the array has 2: shape (2, 3)", "x.ravel()"),
        ("list_f64", lambda: np.array(1.0), "the array has 0", "atleast_1d"),
        ("list_f64", lambda: np.zeros(6)[::2], "one after the other", "ArrayView1<f64>"),
        ("list_f64", lambda: np.zeros(6)[::-1], "one after the other", "ascontiguousarray"),
        ("list_f64", misaligned, "not aligned to 8 bytes", "x.copy()"),
        ("list_f64", lambda: [1.0, 2.0], "a NumPy array is needed, got list", "np.array(x)"),
        ("list_f64", lambda: None, "got None", "np.asarray(x)"),
        ("list_f64", lambda: 3.0, "got float 3.0", "np.asarray(x)"),
        ("list_f64", lambda: np.zeros(3).view(Sub), "subclass", "np.asarray(x)"),
        ("list_f64", lambda: np.ma.zeros(3), "subclass", "x.filled"),
        ("list_bool", lambda: np.array([0, 2], "u1").view(bool), "neither 0 nor 1", "!= 0"),
    ],
)
def test_an_array_that_does_not_fit_is_refused_with_the_mend(
    rust: dict[str, Any], function: str, make: Callable[[], Any], says: str, mend: str
) -> None:
    with pytest.raises(WrongArgument) as caught:
        rust[function](make())
    assert says in caught.value.message
    assert mend in caught.value.help


def test_a_read_only_array_is_lent_for_reading_and_refused_for_writing(rust: dict[str, Any]) -> None:
    np.testing.assert_array_equal(rust["list_f64"](read_only()), np.zeros(3))
    with pytest.raises(WrongArgument, match="read-only"):
        rust["fill_f64"](read_only(), np.zeros(3))


@pytest.mark.needs("crates")
def test_a_field_of_a_structured_array_is_refused_unless_its_strides_are_whole(views: dict[str, Any]) -> None:
    odd = np.zeros(4, [("x", "<f8"), ("y", "<i4")])
    with pytest.raises(WrongArgument):
        views["view1_f64"](odd["x"])
    even = np.ones(4, [("x", "<f8"), ("y", "<f8")])
    np.testing.assert_array_equal(views["view1_f64"](even["x"]), np.ones(4))


def test_an_equal_dtype_object_is_as_good_as_the_usual_one(rust: dict[str, Any]) -> None:
    other = np.dtype({"names": ["x"], "formats": ["f8"]})["x"].newbyteorder("=")
    array = np.zeros(3, dtype=np.dtype("f8", metadata={"unit": "m"}))
    assert rust["list_f64"](array).tolist() == [0.0] * 3
    assert rust["list_f64"](np.zeros(2, other)).tolist() == [0.0] * 2


def test_no_argument_is_copied(rust: dict[str, Any]) -> None:
    array = np.zeros(3)
    rust["fill_f64"](array, np.arange(3.0))
    assert array.tolist() == [0.0, 1.0, 2.0]


# Aliasing


def test_the_same_array_cannot_be_lent_twice_when_one_is_written(rust: dict[str, Any]) -> None:
    x = np.zeros(10)
    with pytest.raises(AliasError) as caught:
        rust["fill_f64"](x, x)
    assert "share memory" in caught.value.message
    assert "&mut" in caught.value.message
    assert "x.copy()" in caught.value.help


def test_overlapping_parts_are_refused_and_disjoint_parts_are_lent(rust: dict[str, Any]) -> None:
    x = np.zeros(10)
    with pytest.raises(AliasError):
        rust["two"](x[:6], x[4:])
    rust["two"](x[:5], x[5:])
    assert x[[0, 5]].tolist() == [1.0, 2.0]


@pytest.mark.needs("crates")
def test_interleaved_parts_that_never_meet_are_lent(views: dict[str, Any]) -> None:
    x = np.arange(10.0)
    views["assign1_f64"](x[::2], x[1::2])
    assert x[::2].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]
    square = np.arange(9.0).reshape(3, 3)
    with pytest.raises(AliasError):
        views["assign2_f64"](square, square.T)


def test_reading_the_same_array_twice_is_allowed(rust: dict[str, Any]) -> None:
    x = np.ones(3)
    assert rust["read_two"](x, x) == 2.0


def test_arrays_inside_options_and_tuples_are_compared_too(rust: dict[str, Any]) -> None:
    x = np.zeros(3)
    with pytest.raises(AliasError, match=r"`p\.0`"):
        rust["inside"](x, (x, 1))
    assert rust["inside"](None, (x, 1)) == 1
    assert rust["inside"](np.zeros(1), (x, 4)) == 4


def test_an_array_that_a_running_call_writes_to_cannot_be_lent_again(rust: dict[str, Any]) -> None:
    x = np.zeros(3)
    thread = threading.Thread(target=rust["slow"], args=(x, 500))
    thread.start()
    while not LENT:
        pass
    with pytest.raises(AliasError, match="has borrowed"):
        rust["list_f64"](x)
    assert rust["list_f64"](np.ones(2)).tolist() == [1.0, 1.0]
    thread.join()
    assert rust["list_f64"](x).tolist() == [1.0, 0.0, 0.0]
    assert not LENT


# The signature reader refuses what it can see (`test_rust_signature.py`); the compiler refuses the rest.


@pytest.mark.parametrize(
    ("type_", "crate"),
    [
        ("&'a str", ""),
        ("&'a [f64]", ""),
        ("&'a mut [f64]", ""),
        ("Option<(i32, &'a str)>", ""),
        pytest.param("ArrayView1<'a, f64>", "use ndarray::*;", marks=pytest.mark.needs("crates")),
        pytest.param("ArrayViewMutD<'a, f64>", "use ndarray::*;", marks=pytest.mark.needs("crates")),
    ],
)
def test_nothing_lent_can_be_kept_after_the_call(tmp_path: Path, type_: str, crate: str) -> None:
    source = f"{crate}\nfn keep<'a>(x: {type_}) where {type_}: 'static {{ std::thread::spawn(move || drop(x)); }}\n"
    units = [compiling.unit(source)]
    assert [f.name for f in units[0].cell.functions] == ["keep"]
    with pytest.raises(compiling.Refused) as caught:
        load(source, tmp_path)
    (error,) = diagnostics.read(caught.value.diagnostics, units, caught.value.shim).errors
    assert "the parameter `x` of `keep` asks for memory that outlives the call" in error.message
    assert f"fn keep<'a>(x: {type_})" in error.text
    assert "copy what must last longer" in error.text


# Memory


def test_an_array_outlives_the_function_that_made_it(tmp_path: Path) -> None:
    functions = load("fn f() -> Vec<f64> { vec![1.5; 4] }", tmp_path)
    array = functions["f"]()
    del functions
    gc.collect()
    assert array.tolist() == [1.5] * 4
    part = array[1:3]
    del array
    gc.collect()
    assert part.tolist() == [1.5] * 2


def test_calls_that_return_arrays_leak_nothing(rust: dict[str, Any]) -> None:
    process = psutil.Process()

    def work(times: int) -> None:
        for _ in range(times):
            rust["many"](1000)
            rust["spare"](10)

    work(2_000)
    before = process.memory_info().rss
    work(100_000)  # a leak of the arrays alone would be 800 MB, of the words alone 6 MB
    assert process.memory_info().rss - before < 3_000_000


def test_failed_calls_leak_little(rust: dict[str, Any]) -> None:
    process = psutil.Process()

    def work(times: int) -> None:
        for _ in range(times):
            with pytest.raises(RustError):
                rust["some_fail"](3)

    work(200)
    before = process.memory_info().rss
    work(3_000)  # the arrays beside the errors are 16 kB a call
    assert process.memory_info().rss - before < 5_000_000


# Panics


@pytest.mark.parametrize(
    ("function", "arguments", "message", "line"),
    [
        ("overflow", (2**31 - 1,), "attempt to add with overflow", "a + 1"),
        ("index", (np.zeros(3), 7), "index out of bounds: the len is 3 but the index is 7", "x[i]"),
        ("unwrap", (None,), "called `Option::unwrap()` on a `None` value", "x.unwrap()"),
        ("divide", (1, 0), "attempt to divide by zero", "a / b"),
        ("custom", (), "a panic whose payload is not text", "panic_any"),
        ("in_thread", (), "called `Result::unwrap()` on an `Err` value", "join().unwrap()"),
    ],
)
def test_a_panic_becomes_an_exception_with_the_cells_line(
    rust: dict[str, Any], function: str, arguments: tuple[Any, ...], message: str, line: str
) -> None:
    for _ in range(2):  # the second call finds nothing left of the first
        with pytest.raises(RustPanic) as caught:
            rust[function](*arguments)
        assert message in caught.value.message
        assert line in PLAIN.splitlines()[caught.value.line - 1]
        assert line in caught.value.place
    assert rust["same_i32"](1) == 1


@pytest.mark.needs("crates")
def test_a_panic_inside_a_crate_is_traced_to_the_cells_line(views: dict[str, Any]) -> None:
    with pytest.raises(RustPanic, match="index out of bounds") as caught:
        views["at"](np.zeros((2, 2)), 5)
    assert caught.value.line, caught.value.render()
    assert VIEWS.splitlines()[caught.value.line - 1].strip() == "doubled[[i, 0]]"


def test_panics_in_several_threads_reach_their_own_callers(rust: dict[str, Any]) -> None:
    wrong: list[str] = []

    def call(i: int) -> None:
        for _ in range(200):
            try:
                rust["index"](np.zeros(2), i)
                wrong.append("no panic")
            except RustPanic as panic:
                if f"index is {i}" not in panic.message:
                    wrong.append(panic.message)
            if rust["same_i32"](i) != i:
                wrong.append("another's")

    threads = [threading.Thread(target=call, args=(i,)) for i in range(3, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


CAUGHT = """fn caught(n: i32) -> i32 {
    let ended = std::panic::catch_unwind(|| assert!(n < 0, "the cell catches this"));
    ended.map_or(1, |()| 2)
}
fn fails() { panic!("first in its call") }
"""


def test_a_panic_that_the_cell_catches_is_no_part_of_a_later_call(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    functions = load(CAUGHT, tmp_path)
    assert functions["caught"](3) == 1
    with pytest.raises(RustPanic, match="first in its call"):
        functions["fails"]()
    assert functions["caught"](3) == 1
    assert capfd.readouterr().err == ""


# Prepared calls


def test_a_prepared_call_reads_the_arrays_afresh_and_keeps_them_alive(rust: dict[str, Any]) -> None:
    x, y = np.ones(3), np.ones(3)
    prepared = rust["read_two"].prepare(x, y=y)
    assert prepared() == 2.0
    x[0] = 5.0
    assert prepared() == 6.0
    del x, y
    gc.collect()
    assert prepared() == 6.0
    assert rust["text"].prepare("größe")() == "größe"
    assert rust["own"].prepare("x")() == (1, "x")
    assert rust["same_bool"].prepare(True)() is True


def test_a_prepared_call_checks_once_and_panics_like_any_other(rust: dict[str, Any]) -> None:
    x = np.zeros(3)
    with pytest.raises(WrongArgument):
        rust["index"].prepare([1.0], 0)
    with pytest.raises(AliasError):
        rust["two"].prepare(x, x)
    with pytest.raises(RustPanic, match="index is 9"):
        rust["index"].prepare(x, 9)()


@pytest.mark.needs("crates")
def test_a_prepared_call_takes_views_of_any_rank(views: dict[str, Any]) -> None:
    x = np.arange(24.0).reshape(2, 3, 4)[::-1, :, ::2]
    prepared = views["viewD_f64"].prepare(x)
    gc.collect()
    np.testing.assert_array_equal(prepared(), x)


# What a call costs: bounds far above what is measured (`course dev bench rust`), to notice a slip of a whole kind.


def test_a_checked_call_and_a_prepared_one_stay_cheap(rust: dict[str, Any]) -> None:
    import timeit

    x, y = np.ones(3), np.ones(3)
    function = rust["read_two"]
    bare, flat = function.bare, function.packers[0][0](x) + function.packers[1][0](y)
    prepared = function.prepare(x, y)

    def cost(call: Callable[[], Any]) -> float:
        return min(timeit.repeat(call, number=100, repeat=200)) / 100 * 1e6  # short runs find a quiet moment

    base = cost(lambda: bare(*flat))
    assert cost(lambda: function(x, y)) - base < 15
    assert cost(prepared) - base < 2


def test_the_gil_is_released_during_a_call(rust: dict[str, Any]) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(rust["meet"], [4] * 4)) == [True] * 4  # each call waits for the other three


# What ends the process says so, and where (`docs/rust-cells.md`): seen from a process that may end.

ENDS = """
import sys
from pathlib import Path
from course.rust.call import CellLibrary, RustFunction
from course.rust.signature import read_cell
source = Path(sys.argv[2]).read_text()
library = CellLibrary(Path(sys.argv[1]), {"cell.rs": ("", source)})
{f.name: RustFunction(f, library) for f in read_cell(source).functions}[sys.argv[3]]()
print("still here")
"""


@pytest.mark.parametrize(("function", "last_words"), [("twice", "panicked again, cell.rs:2: again"), ("deep", "")])
def test_a_double_panic_and_a_stack_overflow_end_the_process_they_run_in(
    tmp_path: Path, function: str, last_words: str
) -> None:
    source = """struct Again;
impl Drop for Again { fn drop(&mut self) { panic!("again") } }
fn twice() { let _a = Again; panic!("first") }
fn endless(n: u64) -> u64 { if n == 0 { 0 } else { 1 + std::hint::black_box(endless(std::hint::black_box(n - 1))) } }
fn deep() -> u64 { endless(u64::MAX) }
"""
    (tmp_path / "cell.rs").write_text(source)
    load(source, tmp_path / "cells")
    (library,) = (tmp_path / "cells").glob("*/cell.so")
    done = subprocess.run(
        [sys.executable, "-c", ENDS, str(library), str(tmp_path / "cell.rs"), function],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode < 0
    assert "still here" not in done.stdout
    assert last_words in done.stderr
