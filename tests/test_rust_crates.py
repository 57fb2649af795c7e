"""The crates that cells may use: built once, handed over by path, shared without a price where it matters."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import timeit
import tomllib
from pathlib import Path

import filelock
import pytest

from course.bench.cells import CELLS
from course.bench.misses import misses
from course.chapters import Course
from course.errors import CourseError, CratesNotBuilt, RustMissing
from course.rust import crates, crates_build, magic, toolchain
from course.rust.misses import compiled_functions
from course.rust.places import cache_root
from tests.conftest import skip_unless_required

ROOT = Path(__file__).parents[1]
LOCK = tomllib.loads((crates.WORKSPACE / "Cargo.lock").read_text(encoding="utf-8"))["package"]
needs_crates = pytest.mark.needs("rust", "crates")

KMEANS = """
use linfa::prelude::*;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array2, ArrayView2};
use rand_xoshiro::{Xoshiro256Plus, rand_core::SeedableRng};
pub fn centres(x: ArrayView2<f64>, start: Array2<f64>) -> Array2<f64> {
    let model = KMeans::params_with_rng(start.nrows(), Xoshiro256Plus::seed_from_u64(1))
        .init_method(KMeansInit::Precomputed(start)).n_runs(1).fit(&DatasetBase::from(x)).unwrap();
    model.centroids().clone()
}
#[unsafe(no_mangle)]
pub extern "C" fn run() -> f64 {
    let x = Array2::from_shape_fn((90, 2), |(i, j)| ((i * 2 + j) as f64).sin() + (i % 3) as f64);
    let start = x.slice(ndarray::s![..3, ..]).to_owned();
    centres(x.view(), start).sum()
}
"""


def _compile(source: str, uses: set[str], out: Path, *, shared: bool = False) -> subprocess.CompletedProcess[str]:
    built = crates.ensure()
    (out.parent / "cell.rs").write_text(source)
    command = [toolchain.find().rustc, "--crate-name", "cell", "--crate-type", "cdylib", "--edition", "2024"]
    instances = built.instances(uses) if shared else frozenset()
    command += ["-C", "opt-level=3", *built.rustc_args(uses, instances), "-o", out, out.parent / "cell.rs"]
    environment = os.environ | built.env(instances)
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture
def nothing_built(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


# What is there, before and after


@pytest.mark.needs("rust")
def test_nothing_built_is_said_with_the_time_it_takes(nothing_built):
    assert not crates.ready()
    present, detail = crates.status()
    assert not present
    assert detail.startswith("not built yet")


@pytest.mark.needs("rust")
def test_asking_without_waiting_does_not_build(nothing_built):
    with pytest.raises(CratesNotBuilt, match="not ready") as raised:
        crates.ensure(wait=False)
    assert raised.value.help == "course cache build"
    assert not nothing_built.joinpath("crates").exists()


def test_without_a_compiler_there_are_no_crates_and_the_reason_is_the_compiler(monkeypatch):
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    assert not crates.ready()
    assert crates.status() == (False, "no Rust compiler is used, because COURSE_NO_RUST is set")
    assert not crates.start_background()
    with pytest.raises(RustMissing):
        crates.ensure()


@pytest.mark.needs("rust")
def test_a_manifest_whose_libraries_are_gone_is_no_build(nothing_built):
    base = crates.folder()
    base.mkdir(parents=True)
    kept = {"externs": {"ndarray": "gone.rlib"}, "versions": {}, "dependencies": [], "preludes": {}}
    (base / "crates.json").write_text(json.dumps(kept))
    assert not crates.ready()


@pytest.mark.needs("rust")
def test_a_half_written_manifest_is_no_build(nothing_built):
    base = crates.folder()
    base.mkdir(parents=True)
    (base / "crates.json").write_text('{"externs": {')
    assert not crates.ready()


@needs_crates
def test_built_crates_are_read_in_milliseconds():
    crates.ensure()
    assert min(timeit.repeat(crates.ensure, number=1, repeat=20)) < 0.05  # one of them finds a quiet moment


@needs_crates
def test_every_crate_of_the_workspace_has_a_library_that_exists():
    built = crates.ensure()
    asked = tomllib.loads((crates.WORKSPACE / "cells" / "Cargo.toml").read_text(encoding="utf-8"))["dependencies"]
    names = {name.replace("-", "_") for name in asked} - {"crc32fast", "zerocopy"}
    assert names <= built.names
    assert all(path.is_file() for path in built.externs.values())


# Building


def built_elsewhere(enough) -> threading.Thread:
    """Let the crates look as if another process built them, until `enough` says that it was seen, or never will be."""
    base = crates.folder()
    base.mkdir(parents=True)
    (base / "crates.progress").write_text(json.dumps({"fraction": 0.42, "what": "built ndarray", "pid": 1}))
    lock = filelock.FileLock(base.parent / f"{base.name}.crates.lock", thread_local=False)
    lock.acquire()

    def finish() -> None:
        for _ in range(400):
            if enough():
                break
            time.sleep(0.05)
        (base / "a.rlib").write_bytes(b"")
        names = {"ndarray": "a.rlib"}
        (base / "crates.json").write_text(
            json.dumps({"externs": names, "versions": {"ndarray": "0.16.1"}, "dependencies": [], "preludes": {}})
        )
        lock.release()

    other = threading.Thread(target=finish)
    other.start()
    return other


@pytest.mark.needs("rust", "gcc")
@pytest.mark.parametrize("flag", ["", "--expect E0432"])
def test_a_cell_that_has_to_wait_for_the_crates_says_so(flag, nothing_built, capfd):
    said: list[str] = []

    def shown() -> bool:
        said.append(capfd.readouterr().out)
        return "once: 42 % (built ndarray)" in "".join(said)

    other = built_elsewhere(shown)
    with contextlib.suppress(CourseError):  # the library is not a real one
        magic.run(magic.Session(), flag, "use ndarray::Nothing;\nfn f() {}", {})
    other.join()
    assert shown()


@pytest.mark.needs("rust")
def test_a_second_process_waits_for_the_first_and_shows_its_progress(nothing_built):
    seen: list[tuple[float, str]] = []
    other = built_elsewhere(lambda: bool(seen))
    built = crates.ensure(progress=lambda fraction, what: seen.append((fraction, what)))
    other.join()
    assert seen[0] == (0.42, "built ndarray")
    assert built.names == {"ndarray"}


@pytest.mark.needs("rust")
def test_a_build_is_shown_while_it_runs_and_not_when_it_was_killed(nothing_built):
    base = crates.folder()
    base.mkdir(parents=True)
    (base / "crates.progress").write_text(json.dumps({"fraction": 0.42, "what": "built ndarray", "pid": 1}))
    with filelock.FileLock(base.parent / f"{base.name}.crates.lock"):
        assert crates.status() == (False, "being built now: 42%, built ndarray")
    assert crates.status()[1].startswith("not built yet")


@pytest.mark.needs("rust")
def test_without_a_network_and_without_downloads_the_error_says_so(nothing_built, tmp_path, monkeypatch):
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "empty-cargo-home"))
    monkeypatch.setenv("CARGO_NET_OFFLINE", "true")
    with pytest.raises(CratesNotBuilt) as raised:
        crates.ensure()
    assert "downloaded once from crates.io, which cannot be reached" in raised.value.message
    assert "standard library" in raised.value.message
    assert raised.value.help == "connect to the network and: course cache build"
    assert Path(raised.value.place).is_file()
    assert not crates.ready()


@pytest.mark.parametrize(
    ("said", "message", "help"),
    [
        ("error: failed to write x: No space left on device (os error 28)", "no space left", "1 GB"),
        ("error: linker `cc` not found", "no linker", "g++"),
        ("process didn't exit successfully (signal: 9, SIGKILL: kill)", "memory", "CARGO_BUILD_JOBS=1"),
        ("error: the lock file needs to be updated but --locked was passed", "disagree", "git checkout"),
        ("warning: spurious network error: Could not resolve host: registry.example", "cannot be reached", "network"),
        ("error: something nobody foresaw\nmore", "something nobody foresaw", "log"),
        ("", "exit code 7", "log"),
    ],
)
def test_what_stops_a_build_is_told_with_its_mend(said, message, help, tmp_path):
    error = crates_build._explain(said, 7, tmp_path / "log")
    assert message in error.message
    assert help in error.help
    assert "everything recorded" in error.message


@needs_crates
def test_a_start_in_the_background_has_nothing_to_do_where_all_is_ready():
    if crates.torch_library() is not None and not crates.ready("torch"):
        skip_unless_required("tch is not built here, and this would build it (course cache build --torch)", "torch")
    assert not crates.start_background()


@pytest.mark.needs("rust")
def test_a_second_background_build_leaves_at_once(nothing_built):
    (nothing_built / "crates").mkdir(parents=True)
    with filelock.FileLock(nothing_built / "crates" / "background.lock"):
        done = subprocess.run(
            [sys.executable, "-m", "course.rust.crates"], timeout=30, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (0, "")
    assert not crates.ready()


@pytest.mark.needs("rust")
def test_settings_of_the_person_do_not_change_what_is_built(tmp_path, monkeypatch):
    monkeypatch.setenv("RUSTFLAGS", "-C target-cpu=native")
    monkeypatch.setenv("CARGO_BUILD_TARGET", "wasm32-unknown-unknown")
    monkeypatch.setenv("RUSTC_BOOTSTRAP", "1")
    environment = crates_build._environment(toolchain.find(), tmp_path, None)
    assert environment["RUSTFLAGS"] == ""
    assert "CARGO_BUILD_TARGET" not in environment
    assert "RUSTC_BOOTSTRAP" not in environment


# The compiler's arguments


@needs_crates
def test_a_cell_that_names_no_crate_gets_no_argument():
    built = crates.ensure()
    assert built.rustc_args(set()) == []
    assert built.rustc_args({"std", "nothing_of_that_name"}, built.instances({"std"})) == []


@needs_crates
def test_only_cells_with_generic_libraries_share():
    built = crates.ensure()
    assert built.instances({"linfa_trees", "ndarray"}) == {"linfa", "linfa_trees"}
    assert built.instances({"smartcore"}) == {"smartcore"}
    assert built.instances({"ndarray", "rayon", "rand", "csv"}) == set()
    assert "-Zshare-generics=y" not in built.rustc_args({"linfa"})
    assert built.env() == {}


@needs_crates
def test_a_cell_of_whole_operations_shares_ndarray_too():
    built = crates.ensure()
    assert built.instances({"ndarray"}, whole=True) == {"ndarray"}
    assert built.instances({"rand"}, whole=True) == set()
    arguments = built.rustc_args({"ndarray"}, built.instances({"ndarray"}, whole=True))
    assert "-Zshare-generics=y" in arguments
    assert "-Zallow-features=" in arguments


@needs_crates
def test_a_shared_cell_compiles_nothing_of_linfa_and_gives_the_same_result(tmp_path):
    import ctypes

    uses = {"linfa", "linfa_clustering", "ndarray", "rand_xoshiro"}
    results = []
    for shared in (True, False):
        library = tmp_path / f"{shared}.so"
        done = _compile(KMEANS, uses, library, shared=shared)
        assert done.returncode == 0, done.stderr
        function = ctypes.CDLL(str(library)).run
        function.restype = ctypes.c_double
        results.append(function())
    assert results[0] == results[1]
    shared, ordinary = compiled_functions(KMEANS), compiled_functions(KMEANS, shared=False)
    assert shared.misses == ()
    assert len(ordinary.misses) > 20
    assert shared.functions < ordinary.functions / 10


@needs_crates
@pytest.mark.parametrize("cell", [one for one in CELLS if one.large], ids=lambda one: one.name)
def test_the_cells_that_are_measured_miss_no_instance(cell):
    assert compiled_functions(cell.edited(1.5)).misses == ()


ACCEPTED = ("cross_validate", "iter_fold::<", "ChunksIter<")
"""Misses that stay: these are generic in a closure of the cell, so that nobody else can have compiled them."""


@needs_crates
def test_the_cells_of_the_chapters_miss_no_instance_that_the_prelude_could_hold():
    course = Course.find()
    table = misses(course, course.chapters(), lambda _: None)
    assert len(table.rows) == len(table.measurements) >= 10
    assert all(len(row) == len(table.columns) for row in table.rows)
    missing = {
        one["what"]: [name for name in one["misses"] if not any(a in name for a in ACCEPTED)]
        for one in table.measurements
    }
    assert {place: names for place, names in missing.items() if names} == {}


@needs_crates
def test_a_call_that_the_prelude_does_not_make_is_named():
    source = KMEANS.replace("f64", "f32")
    assert any("KMeans" in miss for miss in compiled_functions(source).misses)


@needs_crates
def test_a_shared_cell_is_stable_rust_all_the_same(tmp_path):
    source = "#![feature(core_intrinsics)]\n" + KMEANS
    done = _compile(source, {"linfa", "linfa_clustering", "ndarray", "rand_xoshiro"}, tmp_path / "x.so", shared=True)
    assert done.returncode != 0
    assert "E0725" in done.stderr


@needs_crates
def test_crates_of_the_workspace_fit_together_in_one_cell(tmp_path):
    source = """
use rand::Rng as _;
use rayon::prelude::*;
use rustlearn::prelude::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Row { pub x: f64 }
pub fn all(text: &str) -> (usize, f64) {
    let mut rng = rand::thread_rng();
    let x = ndarray::Array1::from_iter((0..4).map(|_| rng.r#gen::<f64>()));
    let old = Array::from(vec![1.0f32]);
    let new = DenseMatrix::from_2d_array(&[&[1.0, 2.0]]).unwrap();
    let rows = csv::Reader::from_reader(text.as_bytes()).deserialize::<Row>().count();
    let _ = (old, new, linfa_datasets::iris());
    (rows, x.into_par_iter().sum())
}
"""
    uses = {"rand", "rayon", "rustlearn", "smartcore", "serde", "ndarray", "csv", "linfa_datasets", "linfa"}
    done = _compile(source, uses, tmp_path / "all.so")
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("rust", "crates", "torch")
@pytest.mark.parametrize("imports", ["", "import torch"])
def test_a_tch_cell_runs_whether_or_not_python_has_imported_torch(imports, tmp_path):
    if not crates.ready("torch"):
        skip_unless_required("tch is not built here (course cache build --torch)", "torch")
    built = crates.ensure(extra="torch")
    source = """
#[unsafe(no_mangle)]
pub extern "C" fn run() -> f64 {
    (tch::Tensor::from_slice(&[1.0f64, 2.0]) * 2).sum(tch::Kind::Double).double_value(&[])
}
"""
    (tmp_path / "cell.rs").write_text(source)
    command = [toolchain.find().rustc, "--crate-type", "cdylib", "--edition", "2024", *built.rustc_args({"tch"})]
    subprocess.run([*command, "-o", tmp_path / "cell.so", tmp_path / "cell.rs"], check=True)
    load = f"f = ctypes.CDLL({str(tmp_path / 'cell.so')!r}).run"
    code = "\n".join([imports, "import ctypes", load, "f.restype = ctypes.c_double", "print(f())"])
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    assert done.stdout.strip() == "6.0", done.stderr


# The workspace itself


@pytest.mark.needs("rust")
def test_building_tch_later_rebuilds_none_of_the_other_crates(monkeypatch):
    """Cargo builds a crate again when another feature of it is asked for; so both stages have to ask for the same."""

    def tree(package: str) -> set[str]:
        command = [toolchain.find().cargo, "tree", "--locked", "--offline", "-p", package, "-e", "normal,build"]
        command += ["--prefix", "none", "--no-dedupe", "-f", "{p} {f}"]
        environment = os.environ | {"RUSTC": str(toolchain.find().rustc)}
        done = subprocess.run(
            command, cwd=crates.WORKSPACE, capture_output=True, text=True, env=environment, check=False
        )
        if "--offline" in done.stderr:
            skip_unless_required("the crates of tch have not been downloaded here", "torch")
        assert done.returncode == 0, done.stderr
        return {line.removesuffix(" (*)").strip() for line in done.stdout.splitlines()}

    cells, torch = tree("course-cells"), tree("course-torch")
    assert cells - torch == set()


@needs_crates
def test_the_lessons_pass_their_tests_and_the_linter_and_are_formatted(tmp_path):
    found = toolchain.find()
    target = cache_root() / "lessons"  # kept between runs: ndarray need not be compiled each time
    environment = os.environ | {"CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "", "CARGO_TERM_COLOR": "never"}
    environment["PATH"] = f"{found.rustc.parent}{os.pathsep}{environment['PATH']}"

    def cargo(*arguments: str) -> None:
        done = subprocess.run(
            [found.cargo, *arguments],
            cwd=crates.WORKSPACE,
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        if "no such command" in done.stderr or "is not installed" in done.stderr:
            skip_unless_required(f"cargo {arguments[0]} is not installed here", "rust")
        assert done.returncode == 0, done.stdout + done.stderr

    cargo("test", "--locked", "--offline", "--quiet", "-p", "course-lessons")
    cargo("fmt", "--check", "-p", "course-lessons", "-p", "course-prelude")
    cargo("clippy", "--locked", "--offline", "--quiet", "-p", "course-lessons", "--all-targets", "--", "-D", "warnings")


def test_all_crates_come_from_crates_io_or_from_the_workspace():
    sources = {package.get("source", "the workspace") for package in LOCK}
    assert sources == {"the workspace", "registry+https://github.com/rust-lang/crates.io-index"}


def _tables() -> dict[str, list[list[str]]]:
    """Return the rows of the tables of docs/crates.md by the heading of their first column."""
    tables: dict[str, list[list[str]]] = {}
    heading = ""
    for line in (ROOT / "docs" / "crates.md").read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            heading = ""
            continue
        row = [cell.strip() for cell in line.strip("|").split("|")]
        if not heading:
            heading = row[0]
        elif not row[0].startswith("---"):
            tables.setdefault(heading, []).append(row)
    return tables


def _locked() -> set[tuple[str, str]]:
    return {(package["name"].replace("-", "_"), package["version"]) for package in LOCK}


def test_the_page_on_crates_lists_what_cells_may_use_in_the_locked_versions():
    rows = {(row[0].strip("`"), row[1]) for row in _tables()["in a cell"]}
    asked: set[str] = set()
    for part in ("cells", "torch"):
        asked |= set(
            tomllib.loads((crates.WORKSPACE / part / "Cargo.toml").read_text(encoding="utf-8"))["dependencies"]
        )
    names = {name.replace("-", "_") for name in asked} - {"crc32fast", "zerocopy", "course_cells"}
    assert {name for name, _ in rows} == names
    assert rows <= _locked()


def test_each_known_advisory_is_written_down_for_the_version_that_is_locked():
    """A crate that moves makes this fail: read its advisories again, and bring the table and its date up to date."""
    rows = _tables()["crate"]
    assert len(rows) >= 6
    for crate, version, advisory, *_ in rows:
        assert (crate.strip("`"), version) in _locked(), f"{crate} {version} is no longer locked"
        assert re.fullmatch(r"\[(RUSTSEC-\d{4}-\d{4})\]\(https://rustsec\.org/advisories/\1\)", advisory)
