"""What is read from a cell's source, and what may cross to Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.rust.signature import NotSupported, read_cell


def types_of(signature: str) -> list[str]:
    (function,) = read_cell(f"{signature} {{ todo!() }}").functions
    return [str(p.type) for p in function.parameters] + [str(function.result)]


def refusal(signature: str) -> NotSupported:
    cell = read_cell(f"{signature} {{ todo!() }}")
    assert not cell.functions
    (refused,) = cell.not_supported
    return refused


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("fn f()", ["()"]),
        ("fn f(a: bool, b: i8, c: usize) -> f32", ["bool", "i8", "usize", "f32"]),
        ("fn f(x: &[f64], y: &mut [u8])", ["&[f64]", "&mut [u8]", "()"]),
        ("fn f<'a>(x: &'a [f64]) -> i64", ["&[f64]", "i64"]),
        ("fn f(x: ArrayView2<f64>) -> Array1<f64>", ["ArrayView2<f64>", "Array1<f64>"]),
        ("fn f(x: ndarray::ArrayView1<'_, i32>)", ["ArrayView1<i32>", "()"]),
        ("fn f(mut x: ArrayViewMut3<f32>)", ["ArrayViewMut3<f32>", "()"]),
        ("fn f(x: ArrayView<f64, Ix2>) -> Array<f64, ndarray::IxDyn>", ["ArrayView2<f64>", "ArrayD<f64>"]),
        ("fn f(s: &str, t: String) -> &'static str", ["&str", "String", "&'static str"]),
        ("fn f(p: (usize, Option<f64>)) -> Option<()>", ["(usize, Option<f64>)", "Option<()>"]),
        (
            "fn f() -> Result<Option<(Vec<f64>, String)>, Box<dyn std::error::Error>>",
            ["Result<Option<(Vec<f64>, String)>, Box<dyn std::error::Error>>"],
        ),
        ("fn f() -> Vec<Vec<f64>>", ["Vec<Vec<f64>>"]),
        ("fn f() -> std::io::Result<String>", ["Result<String>"]),
    ],
)
def test_a_signature_is_read_with_its_types(signature: str, expected: list[str]) -> None:
    assert types_of(signature) == expected


@pytest.mark.parametrize(
    ("signature", "part", "type_", "help"),
    [
        ("pub fn f(x: Vec<f64>)", "parameter `x`", "Vec<f64>", "take &[f64]"),
        ("pub fn f(x: &Vec<f64>)", "parameter `x`", "&Vec<f64>", "take &[f64]"),
        ("pub fn f(x: &Array2<f64>)", "parameter `x`", "&Array2<f64>", "take ArrayView2<f64>"),
        ("pub fn f(x: &mut Array1<f32>)", "parameter `x`", "&mut Array1<f32>", "take ArrayViewMut1<f32>"),
        ("pub fn f(x: Array1<i64>)", "parameter `x`", "Array1<i64>", "take ArrayView1<i64>"),
        ("pub fn f(x: &[f64; 3])", "parameter `x`", "&[f64; 3]", "take &[f64]"),
        ("pub fn f(n: i128)", "parameter `n`", "i128", "128-bit"),
        ("pub fn f(a: i32, b: Option<u128>)", "parameter `b`", "u128", "128-bit"),
        ("pub fn f(x: &[String])", "parameter `x`", "String", "elements of arrays"),
        ("pub fn f(x: &[f64]) -> &[f64]", "result", "&[f64]", "must own"),
        ("pub fn f() -> ArrayView1<'static, f64>", "result", "ArrayView1<'static, f64>", "to_owned"),
        ("pub fn f() -> impl Iterator<Item = f64>", "result", "impl Iterator<Item = f64>", ""),
        ("pub fn f(x: Point) -> f64", "parameter `x`", "Point", ""),
        ("pub fn f(x: *const f64)", "parameter `x`", "*const f64", ""),
    ],
)
def test_a_type_that_cannot_cross_is_named_with_its_place(signature: str, part: str, type_: str, help: str) -> None:
    refused = refusal(signature)
    assert (refused.part, refused.type, refused.public) == (part, type_, True)
    assert help in refused.help
    line = signature.splitlines()[refused.place.line - 1]
    assert line[refused.place.column - 1 : refused.place.end_column - 1] == type_


@pytest.mark.parametrize(
    ("signature", "type_"),
    [
        ("fn f(x: &'static str)", "&'static str"),
        ("fn f(n: f64, x: &'static [f64])", "&'static [f64]"),
        ("fn f(x: &'static mut [f64])", "&'static mut [f64]"),
        ("fn f(x: ArrayView1<'static, f64>)", "ArrayView1<'static, f64>"),
        ("fn f(x: Option<(i32, &'static str)>)", "Option<(i32, &'static str)>"),
        ("fn f<'a: 'static>(x: &'a str)", "&'a str"),
        ("fn f<'a, 'b: 'a>(x: &'b [f64]) where 'a: 'static", "&'b [f64]"),
        ("fn f<'b: 'a, 'a: 'c + 'static, 'c>(x: ArrayViewMutD<'b, f64>)", "ArrayViewMutD<'b, f64>"),
    ],
)
def test_no_parameter_is_lent_for_longer_than_the_call(signature: str, type_: str) -> None:
    refused = refusal(signature)
    assert (refused.part, refused.type) == ("parameter `x`", type_)
    assert "what Python lends ends with the call" in refused.help


def test_a_lifetime_that_no_parameter_needs_forever_is_no_reason_to_refuse() -> None:
    signature = "fn f<'a, 'b: 'a, 'c: 'static>(x: &'a [f64], y: ArrayView1<'b, f64>) -> &'static str"
    assert types_of(signature) == ["&[f64]", "ArrayView1<f64>", "&'static str"]


@pytest.mark.parametrize(
    "source",
    [
        "fn f<T>(x: T) {}",
        "fn f<const N: usize>(x: f64) {}",
        "unsafe fn f(x: f64) {}",
        "async fn f(x: f64) {}",
        'extern "C" fn f(x: f64) {}',
        "#[test]\nfn f() {}",
        "#[cfg(test)]\nfn f() {}",
        "impl S { fn f(&self) {} }",
        "mod m { pub fn f() {} }",
    ],
)
def test_generic_unsafe_async_extern_tested_and_inner_functions_stay_inside(source: str) -> None:
    cell = read_cell(source)
    assert cell.functions == ()
    assert cell.not_supported == ()


def test_a_private_helper_with_another_type_is_not_public() -> None:
    assert not refusal("fn f(x: Point)").public


def test_main_makes_a_cell_a_program() -> None:
    assert read_cell("fn main() {}").has_main
    assert not read_cell("fn mean() {}").has_main
    assert not read_cell("mod m { fn main() {} }").has_main


def test_a_function_keeps_its_documentation_and_source() -> None:
    source = "/// The mean.\n/// Of numbers.\n#[inline]\npub fn mean(x: &[f64])\n    -> f64 { 0.0 }"
    (function,) = read_cell(source).functions
    assert function.doc == "The mean.\nOf numbers."
    assert function.signature == "fn mean(x: &[f64]) -> f64"
    assert function.source.startswith("pub fn mean")
    assert function.source.endswith("{ 0.0 }")


def test_columns_count_characters_not_bytes() -> None:
    refused = refusal("/* größer */ pub fn f(x: Point)")
    assert refused.place.column == 26


@pytest.mark.parametrize(
    ("source", "root"),
    [
        ("use ndarray::ArrayView2;", "ndarray"),
        ("use linfa::{traits::Fit, Dataset};", "linfa"),
        ("use rand as r;", "rand"),
        ("use rayon::prelude::*;", "rayon"),
        ("extern crate csv;", "csv"),
        ("fn f() { let a = ndarray::array![1.0]; }", "ndarray"),
        ('fn f() { println!("{}", rand::random::<f64>()); }', "rand"),
        ("use {ndarray::s, rayon};", "rayon"),
    ],
)
def test_a_crate_is_found_wherever_it_is_named(source: str, root: str) -> None:
    assert root in read_cell(source).roots


@given(st.text(max_size=200))
def test_any_text_can_be_read(source: str) -> None:
    read_cell(source)


TOKENS = [*"fn<>()[]{}&:,;'\"#!/*->.x \n", "fn ", "pub ", "Vec<", "f64", "&mut ", "ArrayView2"]


@given(st.lists(st.sampled_from(TOKENS)))
def test_any_tokens_can_be_read(parts: list[str]) -> None:
    read_cell("".join(parts))


@pytest.mark.parametrize("place", ["parameter", "result"])
def test_a_type_nested_without_sense_is_refused_by_name(place):
    nested = "(" * 2000 + "u8" + ",)" * 2000
    source = f"pub fn f(x: {nested}) {{}}" if place == "parameter" else f"pub fn f() -> {nested} {{ todo!() }}"

    (refused,) = read_cell(f"{source}\npub fn g(x: f64) -> f64 {{ x }}").not_supported

    assert (refused.function, refused.type) == ("f", "a type nested too deeply")
    assert place in refused.part
