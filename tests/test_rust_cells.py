"""`%%rust` cells: flags, messages over the cell, named cells, programs, isolated and interruptible calls."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import (
    AliasError,
    CellCannotCross,
    CellDoesNotCompile,
    NotAsExpected,
    ProgramFailed,
    RustCrash,
    RustError,
    RustPanic,
    UnknownName,
    UsageMistake,
    WrongArgument,
)
from course.rust import compile as compiling
from course.rust import diagnostics, explain, flags
from course.rust.aliasing import LENT
from course.rust.magic import Session, run

rust = pytest.mark.needs("rust", "gcc")
crates = pytest.mark.needs("rust", "gcc", "crates")


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cells")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "_cells", lambda: folder)
        yield folder


class Notebook:
    """A session and a namespace, as a kernel has them."""

    def __init__(self) -> None:
        self.session = Session()
        self.names: dict[str, Any] = {}

    def cell(self, source: str, line: str = "") -> None:
        run(self.session, line, source, self.names)

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


@pytest.fixture
def notebook(cells: Path) -> Notebook:
    return Notebook()


# Flags


def test_flags_are_read_in_any_order_with_values_after_a_space_or_an_equals_sign() -> None:
    read = flags.parse("--native --opt=2 --use a --use b,c --name here --asm", known_cells={"a", "b", "c"})
    assert (read.native, read.opt, read.use, read.name, read.asm) == (True, "2", ["a", "b", "c"], "here", "")
    assert flags.parse("--asm mean --time").asm == "mean"
    assert flags.parse("--quiet // a comment").quiet
    assert flags.parse("").compile() == compiling.Flags()
    assert flags.parse("--time").compile().share is False


@pytest.mark.parametrize(
    ("line", "message", "help"),
    [
        ("--nativ", "%%rust has no flag --nativ", "did you mean --native?"),
        ("--exepct E0502", "has no flag --exepct", "did you mean --expect?"),
        ("--frobnicate", "has no flag --frobnicate", "%%rust? lists"),
        ("native", "'native' is not a flag", "start with --"),
        ("--opt", "--opt needs a value", ""),
        ("--opt 9", "not a level of optimisation", "0, 1, 2, 3"),
        ("--expect borrow", "not an error code", "E0502"),
        ("--name Big", "not a name for a cell", "--name helpers"),
        ("--use helprs", "no cell is called 'helprs'", "did you mean helpers?"),
        ("--use x", "no cell is called 'x'", "run it first, with --name x"),
        ("--native=yes", "takes no value", "write --native"),
        ("--isolated --interruptible", "interruptible by itself", "leave out"),
        ("--name 'a", "cannot be read", ""),
    ],
)
def test_a_wrong_flag_is_told_what_is_right(line: str, message: str, help: str) -> None:
    with pytest.raises(UsageMistake) as caught:
        flags.parse(line, known_cells={"helpers"})
    assert message in caught.value.message
    assert help in caught.value.help


@given(st.text(alphabet="-=abcdeoptusnam E05'\"/", max_size=40))
def test_any_line_of_flags_is_read_or_refused_in_words(line: str) -> None:
    with contextlib.suppress(UsageMistake):
        flags.parse(line, known_cells=set())


def test_every_flag_is_in_the_help() -> None:
    from course.rust.magic import RustMagics

    documentation = RustMagics.rust.__doc__
    assert documentation
    for flag in flags.TABLE:
        assert flag in documentation
    guide = (Path(__file__).parent.parent / "docs" / "rust-cells.md").read_text("utf-8")
    for flag in flags.TABLE:
        assert f"`{flag}" in guide


# The compiler's messages

MISTAKES = {
    "E0382": ("fn f() -> usize {\n    let x = vec![1];\n    let y = x;\n    x.len() + y.len()\n}", 4, "x.len()"),
    "E0502": (
        "fn f() -> i32 {\n    let mut v = vec![1];\n    let first = &v[0];\n    v.push(2);\n    *first\n}",
        4,
        "v.push(2)",
    ),
    "E0499": (
        "fn f() {\n    let mut v = vec![1];\n    let a = &mut v;\n    let b = &mut v;\n    a.push(1); b.push(2);\n}",
        4,
        "&mut v",
    ),
    "E0505": (
        "fn f() -> usize {\n    let v = vec![1];\n    let r = &v;\n    drop(v);\n    r.len()\n}",
        4,
        "v",
    ),
    "E0308": ("fn f(n: i32) -> f64 {\n    n\n}", 2, "n"),
    "E0004": ("fn f(x: Option<f64>) -> f64 {\n    match x {\n        Some(v) => v,\n    }\n}", 2, "x"),
    "E0061": ("fn half(x: f64) -> f64 { x / 2.0 }\nfn f() -> f64 {\n    half(1.0, 2.0)\n}", 3, "half"),
    "E0070": ("fn f() {\n    std::iter::repeat(1) = 2;\n}", 2, "= 2"),
    "E0261": ("fn longest(x: &'a str) -> &'a str { x }\nfn f() {}", 1, "'a"),
    "E0317": ("fn f(x: f64) -> f64 {\n    if x > 0.0 { x }\n}", 2, "if x > 0.0 { x }"),
    "E0282": ("fn f() -> usize {\n    let v = Vec::new();\n    v.len()\n}", 2, "v"),
    "E0283": ("fn f() -> usize {\n    let v = (0..3).collect();\n    0\n}", 2, "v"),
    "E0594": ("fn f() -> (i32, i32) {\n    let p = (1, 2);\n    p.0 = 3;\n    p\n}", 3, "p.0 = 3"),
    "E0605": ("fn f(x: Vec<f64>) -> f64 {\n    x as f64\n}", 2, "x as f64"),
    "E0606": ("fn f(x: &[i64]) -> f64 {\n    &x[0] as f64\n}", 2, "&x[0] as f64"),
    "E0608": ("fn f(n: usize) -> usize {\n    n[0]\n}", 2, "[0]"),
    "E0614": ("fn f(n: usize) -> usize {\n    *n\n}", 2, "*n"),
    "E0277": ("fn f(n: usize) -> f64 {\n    n * 2.0;\n    1.0\n}", 2, "*"),
    "E0369": ("fn f(x: &[f64], y: &[f64]) -> Vec<f64> {\n    x - y\n}", 2, "-"),
    "E0425": ("fn f() -> f64 {\n    total\n}", 2, "total"),
    "E0384": ("fn f() -> i32 {\n    let n = 1;\n    n += 1;\n    n\n}", 3, "n += 1"),
    "E0596": ("fn f() -> usize {\n    let v = vec![1];\n    v.push(2);\n    v.len()\n}", 3, "v"),
    "E0106": ("fn first() -> &str {\n    todo!()\n}\nfn f() {}", 1, "&"),
    "E0373": (
        'fn f() {\n    let x = vec![1];\n    std::thread::spawn(|| println!("{:?}", x)).join().unwrap();\n}',
        3,
        "||",
    ),
    "E0433": ("fn f() -> usize {\n    collections::HashMap::<i32, i32>::new().len()\n}", 2, "collections"),
    "E0515": ("fn local() -> &'static [f64] {\n    let v = vec![1.0];\n    &v[..]\n}\nfn f() {}", 3, "&v[..]"),
}


@rust
@pytest.mark.parametrize("code", list(MISTAKES))
def test_a_common_mistake_is_shown_on_the_cells_line_with_one_help_line(
    notebook: Notebook, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    source, line, underlined = MISTAKES[code]
    with pytest.raises(CellDoesNotCompile) as caught:
        notebook.cell(source)
    shown = capsys.readouterr().out
    assert code in caught.value.codes
    assert f"error[{code}]" in shown
    assert f"--> cell:{line}:" in shown
    text = source.splitlines()[line - 1]
    assert f"{line} | {text}" in shown
    marks = [r for r in shown.splitlines() if re.match(r"\s*\|.*\^", r)]
    column = marks[0].index("^") - marks[0].index("|") - 2
    assert text[column:].startswith(underlined)
    ours = [row for row in shown.splitlines() if row.startswith("help: ") and row.endswith(f"({code})")]
    assert len(ours) == 1
    error = next(one for one in report_of(source).errors if one.code == code)
    assert explain.help_line(code, error.message, error.text) in ours[0]
    assert caught.value.text.strip() == shown.strip()
    assert "__course" not in shown
    assert "cell.rs" not in shown


def report_of(source: str) -> diagnostics.Report:
    units = [compiling.unit(source)]
    try:
        built = compiling.build(units, compiling.Flags(opt="0"))
    except compiling.Refused as refused:
        return diagnostics.read(refused.diagnostics, units, refused.shim)
    return diagnostics.read(built.diagnostics, units)


# Code, cell, words of the line that fits.
FITTING = [
    ("E0308", "fn f(x: &[f64]) -> f64 { x.first() }", "still in its Option or Result"),
    (
        "E0308",
        "fn f(s: &str) -> Result<f64, String> { let x: f64 = s.parse::<f64>(); Ok(x) }",
        "still in its Option or Result",
    ),
    (
        "E0308",
        "fn f(o: Option<f64>) -> f64 { match o { Some(x) => x, None => None } }",
        "still in its Option or Result",
    ),
    ("E0308", "fn f(x: f64) -> Result<f64, u8> { if x < 0.0 { Err(1) } Ok(x) }", "return Err(…);"),
    ("E0308", "fn f(x: &[f64]) -> Option<f64> { x[0] }", "Some(…)"),
    ("E0308", "fn f(s: &str) -> Result<f64, String> { 1.0 }", "Ok(…)"),
    ("E0308", "fn f(x: f64) -> f64 { x + 1.0; }", "without a semicolon"),
    ("E0308", "fn f(x: f64) -> f64 { if x > 0.0 { 1 } else { 2.0 } }", "1.0 instead of 1"),
    ("E0308", "fn f(n: usize) -> f64 { n }", "never converted by themselves"),
    ("E0308", 'fn f() -> String { "abc" }', ".to_string()"),
    ("E0308", "fn g(x: &[f64]) -> f64 { x[0] }\nfn f(x: Vec<f64>) -> f64 { g(x) }", "lend the value with &"),
    ("E0308", "fn f(x: &[f64]) -> Vec<f64> { x.iter().map(|v| v * 2.0) }", ".collect()"),
    ("E0308", "fn f(x: &[f64]) -> Vec<f64> { &x[1..] }", "x.to_vec()"),
    ("E0308", "fn f(x: &[f64]) -> f64 { let mut s = 0.0; for v in x { s = v; } s }", "with * (*x)"),
    ("E0308", "fn g() -> &'static str { 3 }\nfn f() { g(); }", "a text is wanted here"),
    ("E0308", "struct P { n: u32 }\nfn g() -> P { 3 }\nfn f() { g(); }", "differs from the one this place needs"),
    ("E0277", "fn f() -> Option<u32> { let n: u32 = 3; Some(n?) }", "this is neither: leave the ? out"),
    ("E0277", "fn f(x: &[f64]) -> f64 { *x.first()? }", "must return an Option or a Result itself"),
    ("E0277", "fn f(x: &[&[f64]]) -> Vec<f64> { x.iter().map(|row| *row.first()?).collect() }", "write a for loop"),
    ("E0277", "fn f(x: &[f64]) -> Result<f64, String> { Ok(*x.first()?) }", "x.ok_or(…)?"),
    ("E0277", "fn f(s: &str) -> Option<f64> { Some(s.parse::<f64>()?) }", "x.ok()?"),
    ("E0277", "fn f(s: &str) -> Result<f64, String> { Ok(s.parse::<f64>()?) }", ".map_err("),
    ("E0277", "fn f(n: usize) -> f64 { n * 2.0 }", "never converted by themselves"),
    ("E0277", "fn f(n: usize, x: f64) -> bool { x == n as i64 as f64 && x < 1.0 && n * x > 0.0 }", "never converted"),
    ("E0277", "fn f(x: &[f64], i: i64) -> f64 { x[i] }", "x[i as usize]"),
    ("E0277", "fn f() -> Vec<f64> { vec![1, 2].into_iter().collect() }", "convert each first"),
    ("E0277", "fn f(x: &[f64]) -> i32 { x.iter().sum::<i32>() }", ".sum::<f64>()"),
    ("E0277", 'struct P;\nfn f() { println!("{}", P); }', "#[derive(Debug)]"),
    ("E0277", "fn f() { for _ in 3 {} }", "a range (0..n)"),
    ("E0277", "fn f(x: &[f64]) -> f64 { let y = x[1..]; y[0] }", "x[1..].to_vec()"),
    ("E0277", "struct P;\nfn g<T: Copy>(_: T) {}\nfn f() { g(P); }", "a type lacks an ability"),
    ("E0282", "fn f(x: f64) -> Result<f64, String> { if x < 0.0 { Err(String::new()); } Ok(x) }", "return Err(…);"),
    ("E0599", "fn f(x: &[f64]) -> f64 { x.mean() }", "go through x.iter()"),
    ("E0599", "fn f(x: Vec<f64>) -> f64 { x.sum() }", "go through x.iter()"),
    ("E0599", "fn f(x: &[f64]) -> f64 { x.first().abs() }", "still in its Option or Result"),
    ("E0599", "fn f(x: f64) -> f64 { x.square() }", "x.powi(2)"),
    ("E0599", "fn f(n: usize) -> f64 { n.sqrt() }", "(n as f64).sqrt()"),
    ("E0599", "fn f(n: i64) -> f64 { n.mean() }", "(n as f64).sqrt()"),
    ("E0599", "struct M;\nfn f() -> f64 { M.fit() }", "bring the method's trait into scope"),
]


@rust
@pytest.mark.parametrize(("code", "source", "help"), FITTING)
def test_the_help_fits_the_types_the_message_and_what_was_asked(cells: Path, code: str, source: str, help: str) -> None:
    (line,) = (line for found, line, _ in report_of(source).helps() if found == code)
    assert help in line


@rust
def test_html_colours_what_the_text_says_and_escapes_it(cells: Path) -> None:
    report = report_of("fn f(x: &[f64]) -> Option<f64> {\n    y < 1\n}")
    html = report.html()
    assert '<span class="red b">error[E0425]</span>' in html
    assert "y &lt; 1" in html
    assert 'role="group"' in html
    stripped = re.sub(r"<style>.*?</style>|<[^>]+>", "", html, flags=re.DOTALL)
    assert "--&gt; cell:2:5" in stripped


@rust
def test_a_link_handed_in_stands_beside_the_help_line(cells: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(explain.HELP_LINKS, "E0425", ("chapter 2", "02_rust.ipynb#names"))
    report = report_of("fn f() { y }")
    assert '<a href="02_rust.ipynb#names">chapter 2</a>' in report.html()
    assert "see chapter 2" in report.text()


@rust
def test_an_error_type_that_cannot_be_shown_is_told_on_the_signature(cells: Path) -> None:
    report = report_of("struct E;\n\nfn f(n: i32) -> Result<f64, E> {\n    if n > 0 { Ok(1.0) } else { Err(E) }\n}")
    text = report.text()
    assert "the error type of `f` cannot be shown" in text
    assert "--> cell:3:17" in text
    assert "3 | fn f(n: i32) -> Result<f64, E> {" in text
    assert "__course" not in text
    assert len(report.errors) == 1


@rust
def test_a_type_that_hides_one_of_ours_is_told_on_the_signature(cells: Path) -> None:
    report = report_of("struct String;\nfn f() -> String { String }")
    (error,) = report.errors
    assert "the result of `f` cannot cross to Python" in error.message
    assert error.line == 2
    assert "__course" not in report.text()


@rust
@pytest.mark.parametrize(
    "source", ["fn f() -> f64 { 1.0 ", "fn f( -> f64 { 1.0 }", "/* open", 'fn f() { let s = "open; }']
)
def test_text_that_does_not_parse_is_explained_without_our_lines(cells: Path, source: str) -> None:
    report = report_of(source)
    assert report.errors
    assert "course" not in report.text()
    assert all(1 <= error.line <= 1 for error in report.errors)


@crates
def test_a_forgotten_import_of_ndarray_is_named(cells: Path) -> None:
    report = report_of("fn f(x: ArrayView2<f64>) -> f64 { x.sum() }")
    assert "help: add the line use ndarray::ArrayView2; (E0425)" in report.text()


@crates
def test_a_function_that_is_still_to_do_is_not_told_what_it_does_not_use_yet(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    stub = """use ndarray::{ArrayViewMut2, Axis};
fn scale(mut x: ArrayViewMut2<f64>, by: f64) {
    let mut half = by;
    todo!("multiply each column by `by`")
}
fn helper() {}
"""
    notebook.cell(stub)
    assert "warning" not in capsys.readouterr().out
    with pytest.raises(RustPanic, match="multiply each column"):
        notebook["scale"](np.ones((2, 2)), 2.0)
    notebook.cell(stub + "fn other(unused: i32) {}\n")
    said = capsys.readouterr().out
    assert "unused variable: `unused`" in said
    assert said.count("warning") == 1
    notebook.cell(stub.replace("todo!(", "println!("))
    said = capsys.readouterr().out
    for what in ("variable does not need to be mutable", "unused variable: `half`", "unused import: `Axis`"):
        assert what in said


@rust
def test_a_plain_cell_that_is_run_again_gives_the_same_functions_at_once(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = "fn f() -> i32 { 1 }", "fn f() -> i32 { 2 }"
    notebook.cell(other)
    for line in ("", "--time", "--name f"):
        notebook.cell(one, line)
    monkeypatch.setattr(compiling, "build", None)  # nothing is compiled, nor looked up
    notebook.cell(one)
    assert notebook["f"]() == 1
    notebook.cell(other)
    assert notebook["f"]() == 2
    for line in ("--time", "--name f", "--opt 2"):  # these do more, or something else
        with pytest.raises(TypeError):
            notebook.cell(one, line)


@rust
def test_a_warning_is_shown_once_small_and_stops_nothing(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "fn f(x: f64) -> f64 { let unused = 1; x }"
    notebook.cell(source)
    assert "warning: unused variable: `unused`" in capsys.readouterr().out
    assert notebook["f"](2.0) == 2.0
    notebook.cell(source)
    assert capsys.readouterr().out == ""
    notebook.cell(source + "\n", "--quiet")
    assert capsys.readouterr().out == ""
    assert "<details" in report_of(source).html()


@rust
def test_an_unfolded_warning_says_its_title_once(cells: Path) -> None:
    page = report_of("fn f(x: f64) -> f64 {\n    let mut y = x;\n    y\n}").html()
    assert page.count("variable does not need to be mutable") == 1
    assert "let mut y = x;" in page


@rust
def test_exported_functions_are_never_called_unused(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.cell("fn f() {}\npub fn g() -> i32 { 1 }")
    assert capsys.readouterr().out == ""


@rust
def test_a_public_function_with_another_type_is_refused_with_what_is_supported(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CellCannotCross) as caught:
        notebook.cell("struct P;\npub fn f(a: f64, x: &Vec<f64>) -> f64 { a }")
    shown = capsys.readouterr().out
    assert "--> cell:2:21" in shown
    assert "take &[f64]" in shown
    assert "ArrayView1<T>" in shown
    assert "parameter `x` has the type `&Vec<f64>`" in caught.value.message


@rust
def test_a_private_helper_with_another_type_does_no_harm(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.cell("struct P(f64);\nfn helper(p: &P) -> f64 { p.0 }\nfn f(a: f64) -> f64 { helper(&P(a)) }")
    assert capsys.readouterr().out == ""
    assert notebook["f"](2.0) == 2.0
    assert "helper" not in notebook.names
    notebook.cell("fn mean(x: Vec<f64>) -> f64 { x[0] }")
    assert "`mean` stays inside the cell" in capsys.readouterr().out


@rust
def test_forbidden_unsafe_code_stays_forbidden_in_the_cell_only(notebook: Notebook) -> None:
    notebook.cell("#![forbid(unsafe_code)]\nfn f(x: &[f64]) -> f64 { x[0] }")
    assert notebook["f"](np.ones(1)) == 1.0
    with pytest.raises(CellDoesNotCompile):
        notebook.cell("#![forbid(unsafe_code)]\nfn f(x: &[f64]) -> f64 { unsafe { *x.as_ptr() } }")


@rust
def test_unstable_features_stay_closed(notebook: Notebook) -> None:
    with pytest.raises(CellDoesNotCompile) as caught:
        notebook.cell("#![feature(portable_simd)]\nfn f() {}")
    assert caught.value.codes == ["E0554"]


# --expect


@rust
def test_an_expected_error_passes_and_is_labelled(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.cell(MISTAKES["E0502"][0], "--expect E0502")
    shown = capsys.readouterr().out
    assert shown.startswith("as expected, the compiler refuses this cell: E0502")
    assert "--> cell:4:5" in shown
    assert "f" not in notebook.names


@rust
def test_an_error_that_is_a_lint_is_expected_by_its_name(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "fn f(x: &f64) {\n    unsafe { *(x as *const f64 as *mut f64) = 1.0 };\n}"
    notebook.cell(source, "--expect invalid_reference_casting")
    shown = capsys.readouterr().out
    assert shown.startswith("as expected, the compiler refuses this cell: invalid_reference_casting")
    assert "--> cell:2:14" in shown


@rust
def test_an_expectation_that_is_not_met_fails(notebook: Notebook) -> None:
    with pytest.raises(NotAsExpected, match="the cell compiles"):
        notebook.cell("fn f() {}", "--expect E0502")
    with pytest.raises(NotAsExpected, match="the compiler says E0382"):
        notebook.cell(MISTAKES["E0382"][0], "--expect E0502")


# --name and --use


@rust
def test_a_later_cell_sees_private_items_of_a_named_one_and_may_import_and_define_again(notebook: Notebook) -> None:
    notebook.cell(
        "use std::collections::HashMap;\nstruct P(f64);\nfn square(x: f64) -> f64 { x * x }\n"
        "fn count() -> usize { HashMap::<i32, i32>::new().len() }\nfn boom(n: i32) -> i32 { 1 / n }",
        "--name helpers",
    )
    notebook.cell(
        "use std::collections::HashMap;\nfn fourth(x: f64) -> f64 { square(square(P(x).0)) }\n"
        "fn count() -> usize { let mut m = HashMap::new(); m.insert(1, 2); m.len() }\nfn fails() -> i32 { boom(0) }",
        "--use helpers --name more",
    )
    assert notebook["fourth"](2.0) == 16.0
    assert notebook["count"]() == 1
    with pytest.raises(RustPanic) as caught:
        notebook["fails"]()
    assert (caught.value.cell, caught.value.line) == ("helpers", 5)
    notebook.cell("fn eighth(x: f64) -> f64 { fourth(x) * fourth(x) }", "--use more")
    assert notebook["eighth"](2.0) == 256.0


@rust
def test_an_error_across_cells_names_the_right_cell(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.cell("fn square(x: f64) -> f64 { x * x }", "--name helpers")
    with pytest.raises(CellDoesNotCompile):
        notebook.cell("\nfn f() -> f64 { square(1) }", "--use helpers")
    shown = capsys.readouterr().out
    assert "--> cell:2:24" in shown
    assert "--> cell helpers:1:4" in shown


@rust
def test_an_error_shows_the_lines_that_it_quotes_from_cells_that_are_used(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.cell("struct Line;\n\n\n\nstruct Curve;", "--name types")
    notebook.cell("trait Fit {}\n\n\nimpl Fit for Line {}\n\nfn all<T: Fit>(_: &T) {}", "--use types --name traits")
    capsys.readouterr()
    with pytest.raises(CellDoesNotCompile):
        notebook.cell("fn f() { all(&Curve) }", "--use types --use traits")
    shown = capsys.readouterr().out
    assert "5 | struct Curve;" in shown
    assert "4 | impl Fit for Line {}" in shown
    assert "note: required by a bound in `all`" in shown
    assert "6 | fn all<T: Fit>(_: &T) {}" in shown


@rust
def test_a_named_cell_is_used_as_it_is_now(notebook: Notebook) -> None:
    notebook.cell("fn one() -> i32 { 1 }", "--name h")
    notebook.cell("fn two() -> i32 { 2 * one() }", "--use h")
    assert notebook["two"]() == 2
    notebook.cell("fn one() -> i32 { 10 }", "--name h")
    notebook.cell("fn two() -> i32 { 2 * one() }", "--use h")
    assert notebook["two"]() == 20


@rust
def test_a_program_cannot_be_used_and_no_cell_uses_itself(notebook: Notebook) -> None:
    notebook.cell("fn main() {}", "--name program")
    with pytest.raises(UsageMistake, match="is a program"):
        notebook.cell("fn f() {}", "--use program")
    notebook.cell("fn a() {}", "--name a")
    with pytest.raises(UsageMistake, match="would use itself"):
        notebook.cell("fn b() {}", "--use a --name a")


# The cache


@rust
def test_an_unchanged_cell_is_not_compiled_again(notebook: Notebook) -> None:
    source = "fn f(x: f64) -> f64 { x + 41.0 }"
    notebook.cell(source)
    fastest = 1.0
    for _ in range(5):
        started = time.perf_counter()
        notebook.cell(source)
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 0.005
    assert notebook["f"](1.0) == 42.0


@rust
def test_flags_and_used_cells_are_part_of_what_is_kept(cells: Path) -> None:
    units = [compiling.unit("fn g(a: u8) -> u8 { a + 1 }")]
    first = compiling.build(units, compiling.Flags())
    assert compiling.build(units, compiling.Flags()).cached
    assert not compiling.build(units, compiling.Flags(wrapping=True)).cached
    assert first.artifact != compiling.build(units, compiling.Flags(opt="0")).artifact


@rust
@pytest.mark.parametrize("damage", ["cell.so cut short", "cell.so gone", "build.json cut short", "build.json bare"])
def test_a_kept_cell_that_was_damaged_is_compiled_again(cells: Path, damage: str) -> None:
    units = [compiling.unit(f"// {damage}\nfn damaged() -> i32 {{ 6 }}")]
    first = compiling.build(units, compiling.Flags())
    path = first.artifact.parent / damage.partition(" ")[0]
    if damage.endswith("gone"):
        path.unlink()
    else:
        path.write_text("" if damage.endswith("short") else "{}", "utf-8")

    again = compiling.build(units, compiling.Flags())

    assert not again.cached
    assert (
        again.artifact.stat().st_size == json.loads((again.artifact.parent / "build.json").read_text("utf-8"))["size"]
    )
    assert compiling.build(units, compiling.Flags()).cached


@rust
def test_the_oldest_cells_go_when_the_cache_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_cells", lambda: tmp_path)
    for number in range(4):
        place = tmp_path / f"{number}"
        place.mkdir()
        (place / "cell.so").write_bytes(b"x" * 1000)
        old = time.time() - 100_000 + number
        os.utime(place, (old, old))
    assert compiling.cells_size() == (4, 4000)
    compiling.tidy(limit=2500)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2", "3"]


@rust
def test_two_builds_of_one_cell_at_once_both_succeed(cells: Path) -> None:
    units = [compiling.unit("fn at_once() -> i32 { 5 }")]
    built: list[compiling.Built] = []
    threads = [
        threading.Thread(target=lambda: built.append(compiling.build(units, compiling.Flags()))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({b.artifact for b in built}) == 1
    assert len(built) == 3
    assert not list(cells.glob(".part-*"))


# Overflow, assembly, time


@rust
def test_integers_wrap_only_when_told(notebook: Notebook) -> None:
    source = "fn f(a: u8) -> u8 { a + 1 }"
    notebook.cell(source)
    with pytest.raises(RustPanic, match="overflow"):
        notebook["f"](255)
    notebook.cell(source, "--wrapping")
    assert notebook["f"](255) == 0


@rust
def test_assembly_shows_the_function_asked_for(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.cell("fn twice(x: f64) -> f64 { x * 2.0 }\nfn other() {}", "--asm twice")
    shown = capsys.readouterr().out
    assert shown.startswith("cell::twice:\n")
    assert "ret" in shown
    assert "other" not in shown
    assert ".cfi" not in shown
    with pytest.raises(UnknownName, match="'twise'"):
        notebook.cell("fn twice(x: f64) -> f64 { x * 2.0 }", "--asm twise")


@rust
def test_time_says_what_compiling_and_each_call_took(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.cell("fn timed() -> i32 { 1 }", "--time --opt 1")
    shown = capsys.readouterr().out
    assert re.match(r"compiled in \d\.\d\d s \(-C opt-level=1, overflow checked\)", shown)
    assert notebook["timed"]() == 1
    assert re.match(r"timed: [\d.]+ (ns|µs|ms), checks included", capsys.readouterr().out)


@crates
def test_cells_of_linfa_or_whole_operations_share_and_timed_cells_and_loops_do_not(cells: Path) -> None:
    source = """use linfa::Dataset;
use ndarray::*;
fn f(x: ArrayView2<f64>) -> usize { let d: Option<Dataset<f64, usize>> = None; x.len() + d.is_some() as usize }
"""
    units = [compiling.unit(source)]
    assert compiling.build(units, compiling.Flags()).shared
    assert not compiling.build(units, compiling.Flags(share=False)).shared
    whole = [compiling.unit("use ndarray::*;\nfn f(x: ArrayView2<f64>) -> f64 { x.sum() }")]
    assert compiling.build(whole, compiling.Flags()).shared
    for asked in (compiling.Flags(share=False), compiling.Flags(native=True), compiling.Flags(opt="0")):
        assert not compiling.build(whole, asked).shared
    loop = [compiling.unit("use ndarray::*;\nfn f(x: ArrayView2<f64>) -> f64 { x.iter().sum() }")]
    assert not compiling.build(loop, compiling.Flags()).shared
    assert compiling.build(loop, compiling.Flags()).crates == ("ndarray",)


# Programs


@rust
def test_a_program_shows_what_it_prints(notebook: Notebook, capfd: pytest.CaptureFixture[str]) -> None:
    notebook.cell('fn main() { println!("größe"); eprintln!("careful"); print!("no end"); }')
    shown = capfd.readouterr()
    assert shown.out == "größe\nno end"
    assert shown.err == "careful\n"


@rust
def test_a_programs_output_arrives_while_it_runs(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    arrived: list[tuple[float, str]] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            if text:
                arrived.append((time.monotonic(), text))
            return len(text)

    monkeypatch.setattr(sys, "stdout", Stream())
    notebook.cell(
        "use std::{thread, time::Duration};\n"
        'fn main() { println!("first"); thread::sleep(Duration::from_millis(400)); println!("second"); }'
    )
    assert [text for _, text in arrived] == ["first\n", "second\n"]
    assert arrived[1][0] - arrived[0][0] > 0.2


@rust
def test_a_programs_exit_code_is_told(notebook: Notebook) -> None:
    with pytest.raises(ProgramFailed, match="exit code 3"):
        notebook.cell("fn main() { std::process::exit(3) }")
    with pytest.raises(ProgramFailed, match="exit code 101 \\(a panic\\)"):
        notebook.cell('fn main() { panic!("no") }', "--quiet")
    with pytest.raises(ProgramFailed, match="SIGABRT"):
        notebook.cell("fn main() { std::process::abort() }")
    with pytest.raises(ProgramFailed, match="exit code 1"):
        notebook.cell('fn main() -> Result<(), String> { Err("bad".into()) }')


@rust
def test_a_program_sees_a_named_cell(notebook: Notebook, capfd: pytest.CaptureFixture[str]) -> None:
    notebook.cell("fn square(x: f64) -> f64 { x * x }", "--name helpers")
    notebook.cell('fn main() { println!("{}", square(3.0)); }', "--use helpers")
    assert capfd.readouterr().out == "9\n"


def interrupt_soon(after: float) -> threading.Timer:
    # What a shell starts in the background has SIGINT ignored, and a Python started so never raises KeyboardInterrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(after, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    return timer


@rust
def test_an_interrupt_ends_a_program(notebook: Notebook, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    source = (
        'fn main() { std::thread::sleep(std::time::Duration::from_secs(3)); std::fs::write("ALIVE", "").unwrap(); }'
    )
    source = source.replace("ALIVE", str(alive))
    interrupt_soon(1.0)
    with pytest.raises(KeyboardInterrupt):
        notebook.cell(source)
    time.sleep(2.5)
    assert not alive.exists()


# --interruptible


@rust
def test_an_interrupt_gives_control_back_and_the_arrays_stay_lent_until_the_call_ends(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.cell(
        "use std::{sync::atomic::{AtomicBool, Ordering::SeqCst}, thread, time::Duration};\n"
        "static MAY_END: AtomicBool = AtomicBool::new(true);\n"
        "fn may_end(yes: bool) { MAY_END.store(yes, SeqCst) }\n"
        "fn slow(x: &mut [f64]) -> f64 {\n"
        "    for _ in 0..6000 { if MAY_END.load(SeqCst) { break } thread::sleep(Duration::from_millis(5)) }\n"
        "    x[0] = 7.0;\n"
        "    x[0]\n"
        "}\n"
        "fn read(x: &[f64]) -> f64 { x[0] }",
        "--interruptible",
    )
    x = np.zeros(1)
    assert notebook["slow"](np.zeros(1)) == 7.0
    notebook["may_end"](False)
    interrupt_soon(0.2)
    with pytest.raises(KeyboardInterrupt):
        notebook["slow"](x)
    assert "runs on in the background" in capsys.readouterr().err
    with pytest.raises(AliasError, match="has borrowed"):
        notebook["read"](x)
    notebook["may_end"](True)
    while LENT:
        time.sleep(0.02)
    assert notebook["read"](x) == 7.0


@rust
def test_an_interruptible_call_raises_what_any_call_does(notebook: Notebook) -> None:
    notebook.cell(
        'fn index(x: &[f64], i: usize) -> f64 { x[i] }\nfn no() -> Result<(), String> { Err("no".into()) }',
        "--interruptible",
    )
    with pytest.raises(RustPanic, match="index is 5"):
        notebook["index"](np.zeros(2), 5)
    with pytest.raises(RustError, match="no"):
        notebook["no"]()
    with pytest.raises(WrongArgument):
        notebook["index"]([1.0], 0)
    assert not LENT


# --isolated

ISOLATED = """
struct Again;
impl Drop for Again { fn drop(&mut self) { panic!("again") } }
fn twice() { let _a = Again; panic!("first") }
fn endless(n: u64) -> u64 { if n == 0 { 0 } else { 1 + std::hint::black_box(endless(std::hint::black_box(n - 1))) } }
fn abort() { std::process::abort() }
fn leave() { std::process::exit(0) }
fn sleep(ms: u64) { std::thread::sleep(std::time::Duration::from_millis(ms)) }
fn index(x: &[f64], i: usize) -> f64 { x[i] }
fn no() -> Result<(), String> { Err("no".into()) }
fn scale(x: &mut [f64], by: f64) -> (Vec<f64>, String) {
    println!("scaling");
    let before = x.to_vec();
    x.iter_mut().for_each(|v| *v *= by);
    (before, format!("by {by}"))
}
fn every(a: bool, b: i64, c: f64, d: &str, e: Option<f64>, f: (u8, Option<&[i32]>)) -> Vec<String> {
    vec![format!("{a} {b} {c} {d} {e:?} {f:?}")]
}
"""


@rust
def test_isolated_calls_do_all_that_calls_do(notebook: Notebook, capfd: pytest.CaptureFixture[str]) -> None:
    notebook.cell(ISOLATED, "--isolated")
    x = np.arange(6.0)[::1]
    before, text = notebook["scale"](x, 2.0)
    assert (before.tolist(), text, x.tolist()) == (list(range(6)), "by 2", [0.0, 2.0, 4.0, 6.0, 8.0, 10.0])
    (said,) = notebook["every"](True, -5, 0.1, "größe", None, (3, np.arange(2, dtype="i4")))
    assert said == "true -5 0.1 größe None (3, Some([0, 1]))"
    assert np.isnan(float(notebook["every"](False, 0, float("nan"), "", 1.0, (0, None))[0].split()[2]))
    with pytest.raises(RustPanic) as caught:
        notebook["index"](x, 9)
    assert caught.value.line == 9
    with pytest.raises(RustError, match="no"):
        notebook["no"]()
    with pytest.raises(WrongArgument):
        notebook["index"]([1.0], 0)
    assert "scaling" in capfd.readouterr().err


@rust
def test_isolated_calls_take_numpy_numbers_as_calls_do(notebook: Notebook) -> None:
    values = (np.bool_(True), np.int64(-5), np.float32(0.5), np.str_("a"), np.float64(1.5), (np.uint8(3), None))
    notebook.cell(ISOLATED)
    said = notebook["every"](*values)
    notebook.cell(ISOLATED, "--isolated")
    assert notebook["every"](*values) == said == ["true -5 0.5 a Some(1.5) (3, None)"]


@rust
def test_an_isolated_function_says_that_it_cannot_be_prepared(notebook: Notebook) -> None:
    notebook.cell(ISOLATED, "--isolated")
    with pytest.raises(UsageMistake, match="cannot be prepared") as caught:
        notebook["index"].prepare(np.ones(1), 0)
    assert "--isolated" in caught.value.help


@rust
@pytest.mark.parametrize(
    ("function", "arguments", "how", "words"),
    [
        ("twice", (), "SIGABRT", "panicked again"),
        ("endless", (2**63,), "SIGSEGV|SIGABRT|SIGBUS", ""),
        ("abort", (), "SIGABRT", ""),
        ("leave", (), "exit code 0", ""),
    ],
)
def test_an_isolated_call_that_ends_its_process_leaves_the_kernel_alive(
    notebook: Notebook, function: str, arguments: tuple[Any, ...], how: str, words: str
) -> None:
    notebook.cell(ISOLATED, "--isolated")
    with pytest.raises(RustCrash) as caught:
        notebook[function](*arguments)
    assert re.search(how, caught.value.how)
    assert words in caught.value.message
    assert notebook["index"](np.ones(1), 0) == 1.0


@rust
def test_an_interrupt_ends_an_isolated_call(notebook: Notebook) -> None:
    notebook.cell(ISOLATED, "--isolated")
    notebook["index"](np.ones(1), 0)
    interrupt_soon(0.3)
    with pytest.raises(KeyboardInterrupt):
        notebook["sleep"](1_000_000)  # longer than a test may take
    assert notebook["index"](np.ones(1), 0) == 1.0


# %rust --explain


@rust
def test_an_error_code_is_explained_by_the_compiler() -> None:
    text = explain.explain("e0382")
    assert text.startswith("### E0382")
    assert "```rust\n" in text
    assert "compile_fail" not in text
    assert explain.explain("382").startswith("### E0382")


@rust
@pytest.mark.parametrize("code", ["borrow", "E9999", "E12345"])
def test_a_code_that_does_not_exist_is_refused(code: str) -> None:
    with pytest.raises(UsageMistake):
        explain.explain(code)


@pytest.mark.needs("rust", "gcc", "crates", "torch")
def test_what_libtorch_refuses_is_told_without_its_own_calls_and_paths(notebook: Notebook) -> None:
    notebook.cell(
        "use tch::Tensor;\n"
        "fn pair() -> (Tensor, Tensor) {\n"
        "    (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[1.0, 2.0, 3.0]))\n"
        "}\n"
        "pub fn refused() -> Result<f64, tch::TchError> {\n"
        "    let (a, b) = pair();\n"
        "    Ok(a.f_add(&b)?.sum(tch::Kind::Double).double_value(&[]))\n"
        "}\n"
        "pub fn panicked() -> f64 {\n"
        "    let (a, b) = pair();\n"
        "    (a + b).sum(tch::Kind::Double).double_value(&[])\n"
        "}\n"
    )
    for function, error in (("refused", RustError), ("panicked", RustPanic)):
        with pytest.raises(error, match=r"size of tensor a \(2\) must match") as told:
            notebook[function]()
        assert "Exception raised from" not in str(told.value)
        assert ".so" not in str(told.value)


@pytest.mark.needs("rust")
def test_native_says_nothing_of_the_flags_it_takes() -> None:
    source = f"fn wide_{os.urandom(4).hex()}(x: &[f64]) -> f64 {{ x.iter().sum() }}"  # never compiled before
    built = compiling.build([compiling.unit(source)], flags.Flags(native=True))
    assert diagnostics.read(built.diagnostics, [compiling.unit("")]).diagnostics == ()
