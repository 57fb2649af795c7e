"""A panic inside a crate is reported with the cell's line, although cells are compiled without line tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course.bench.cells import CELLS
from course.errors import RustPanic
from course.rust import compile as compiling
from course.rust import lines
from course.rust.call import CellLibrary, RustFunction

pytestmark = [pytest.mark.needs("rust", "gcc", "crates"), pytest.mark.skipif("sys.platform != 'linux'")]

SOURCE = """\
use linfa::prelude::*;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2, ArrayView2, Axis};
fn index(x: ArrayView2<f64>, i: usize) -> f64 {
    let doubled = &x * 2.0;
    doubled[[i, 0]]
}
fn axis(x: ArrayView2<f64>) -> Array1<f64> {
    x.sum_axis(
        Axis(7),
    )
}
fn capacity(n: usize) -> usize {
    Vec::<f64>::with_capacity(n).capacity()
}
fn pool(x: ArrayView2<f64>) -> f64 {
    use rayon::prelude::*;
    (0..64usize).into_par_iter().map(|i| x[[i / 64 + 5, 0]]).sum()
}
fn model(x: ArrayView2<f64>) -> Array1<f64> {
    let model = LinearRegression::new().fit(&Dataset::new(x.to_owned(), x.column(0).to_owned())).unwrap();
    model.predict(&Array2::<f64>::zeros((2, 9)))
}
"""
X = np.arange(40.0).reshape(20, 2) % 7


def build(source: str, folder: Path, **flags: Any) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "_cells", lambda: folder)
        return compiling.build([compiling.unit(source)], compiling.Flags(**flags)).artifact


def load(artifact: Path, source: str) -> dict[str, RustFunction]:
    library = CellLibrary(artifact, {"cell.rs": ("", source)})
    return {f.name: RustFunction(f, library) for f in compiling.unit(source).cell.functions}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(SOURCE, tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def rust(artifact: Path) -> dict[str, RustFunction]:
    return load(artifact, SOURCE)


@pytest.mark.parametrize(
    ("function", "arguments", "line"),
    [
        ("index", (X, 50), "doubled[[i, 0]]"),
        ("axis", (X,), "x.sum_axis("),
        ("capacity", (2**63,), "Vec::<f64>::with_capacity(n).capacity()"),
        ("pool", (X[:3],), "(0..64usize).into_par_iter().map(|i| x[[i / 64 + 5, 0]]).sum()"),
        ("model", (X,), "model.predict(&Array2::<f64>::zeros((2, 9)))"),
    ],
)
def test_a_panic_in_a_crate_has_the_line_of_the_cell_that_led_there(
    rust: dict[str, RustFunction], function: str, arguments: tuple[Any, ...], line: str
) -> None:
    for _ in range(2):
        with pytest.raises(RustPanic) as caught:
            rust[function](*arguments)
        assert SOURCE.splitlines()[caught.value.line - 1].strip() == line
        assert line in caught.value.place


def test_threads_that_panic_alike_are_printed_once(
    rust: dict[str, RustFunction], capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with pytest.raises(RustPanic):
            rust["pool"](X[:3])
        said = capfd.readouterr().err
        assert said.count("a thread panicked, ndarray-0.16") == said.count("\n") <= 2  # a late thread may say it again


def test_a_library_gets_its_line_tables_once_and_for_all_kernels(tmp_path: Path) -> None:
    source = "fn half(n: usize) -> usize { Vec::<u8>::with_capacity(n).capacity() / 2 }\n"
    artifact = build(source, tmp_path)
    small = artifact.stat()
    with pytest.raises(RustPanic, match="capacity overflow"):
        load(artifact, source)["half"](2**64 - 1)
    assert artifact.stat().st_ino != small.st_ino
    assert json.loads((artifact.parent / "build.json").read_text("utf-8"))["lines"] is True
    full = artifact.stat()
    assert lines.add_lines(artifact) == ""
    assert artifact.stat().st_ino == full.st_ino
    assert not list(tmp_path.glob(".part-*"))


def test_a_cell_with_line_tables_is_found_compiled(tmp_path: Path) -> None:
    artifact = build(SOURCE, tmp_path)
    assert lines.add_lines(artifact) == ""
    inode = artifact.stat().st_ino

    build(SOURCE, tmp_path)

    assert artifact.stat().st_ino == inode


DAMAGES = {
    "no recipe": "cannot be compiled again: FileNotFoundError",
    "no compiler": "cannot be compiled again: FileNotFoundError",
    "another program": "has other code",
    "an error": "does not compile again: error: expected expression",
    "a compiler that fails, no runtime": "does not compile what every cell is linked to",
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGES.items(), ids=DAMAGES)
def test_where_lines_cannot_be_added_the_panic_names_the_crates_own_line_and_says_why(
    tmp_path: Path, damage: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "fn half(n: usize) -> usize { Vec::<u8>::with_capacity(n).capacity() / 2 }\n"
    artifact = build(source, tmp_path)
    half = load(artifact, source)["half"]
    before = artifact.read_bytes()
    recipe, text = (artifact.parent / name for name in ("build.json", "cell.rs"))
    whole = {path: path.read_text("utf-8") for path in (recipe, text)}
    with monkeypatch.context() as patch:
        if damage == "no recipe":
            recipe.unlink()
        elif damage == "no compiler":
            patch.setattr(lines.toolchain, "find", _Nothing)
        elif damage == "a compiler that fails, no runtime":
            patch.setattr(lines.toolchain, "find", _Failing)
            patch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
        else:
            wrong = "/ 3" if damage == "another program" else "/"
            text.write_text(whole[text].replace("/ 2", wrong), "utf-8")
        for _ in range(2):
            with pytest.raises(RustPanic, match="capacity overflow") as caught:
                half(2**64 - 1)
            assert caught.value.place.startswith("library/alloc/")
            assert reason in caught.value.help
    assert artifact.read_bytes() == before

    for path, kept in whole.items():
        path.write_text(kept, "utf-8")
    with pytest.raises(RustPanic, match="capacity overflow") as caught:
        half(2**64 - 1)
    assert caught.value.line == 1
    assert caught.value.help == ""


class _Nothing:
    rustc = Path("/nowhere/rustc")
    version = "rustc 0.0.0"


class _Failing:
    rustc = Path("/bin/false")
    version = "rustc 0.0.0"


def test_a_line_that_cannot_be_found_is_not_looked_for_for_ever(tmp_path: Path) -> None:
    source = "fn half(n: usize) -> usize { Vec::<u8>::with_capacity(n).capacity() / 2 }\n"
    artifact = build(source, tmp_path)
    half = load(artifact, source)["half"]
    recipe = artifact.parent / "build.json"
    kept = recipe.read_text("utf-8")
    recipe.unlink()
    for number in range(4):
        if number == 3:
            recipe.write_text(kept, "utf-8")
        with pytest.raises(RustPanic, match="capacity overflow") as caught:
            half(2**64 - 1)
        assert caught.value.line == 0


def test_lines_are_found_after_the_runtime_was_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    source = "fn half(n: usize) -> usize { Vec::<u8>::with_capacity(n).capacity() / 2 }\n"
    half = load(build(source, tmp_path), source)["half"]
    shutil.rmtree(tmp_path / "cache" / "border")
    with pytest.raises(RustPanic, match="capacity overflow") as caught:
        half(2**64 - 1)
    assert caught.value.line == 1, caught.value.render()


@pytest.mark.parametrize(
    "name", ["standard library only", "ndarray, sum_axis and product", "linfa k-means", "linfa decision tree"]
)
def test_line_tables_do_not_change_the_code_of_a_cell(name: str, tmp_path: Path) -> None:
    (cell,) = (cell for cell in CELLS if cell.name == name)
    assert lines.add_lines(build(cell.edited(1.5), tmp_path)) == ""


def test_code_that_differs_is_told_apart(tmp_path: Path) -> None:
    one, other = (build(f"fn plus(a: i32) -> i32 {{ a + {n} }}\n", tmp_path) for n in (1, 2))
    assert lines.same_code(one, one)
    assert not lines.same_code(one, other)
    (tmp_path / "text").write_text("no library")
    with pytest.raises(ValueError, match="no library of this system"):
        lines.same_code(one, tmp_path / "text")
