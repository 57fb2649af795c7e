"""`course doctor` and `course cache`: what they say, and that nothing is added or removed without a yes."""

from __future__ import annotations

import json
from pathlib import Path

import click
import jsonschema
import pytest
from click.testing import CliRunner

from course import cache, capabilities, doctor
from course.capabilities import CAPABILITIES, Capability
from course.cli import cli
from course.errors import CourseError, UnknownName
from course.rust import toolchain

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "schemas" / "doctor.schema.json").read_text("utf-8"))


@pytest.fixture
def no_rust(tmp_path, monkeypatch):
    """A machine without Rust (and a cache of its own), as far as the course looks."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("CARGO_HOME", "COURSE_RUSTC", "XDG_CACHE_HOME", "COURSE_NO_RUST"):
        monkeypatch.delenv(name, raising=False)
    toolchain.forget()
    yield tmp_path
    toolchain.forget()


def _run(*arguments: str, input: str | None = None):
    return CliRunner().invoke(cli, list(arguments), input=input, catch_exceptions=False)


def test_every_capability_has_a_purpose():
    assert set(doctor.PURPOSE) == set(CAPABILITIES)


def test_the_json_holds_to_its_schema_with_and_without_rust(no_rust):
    without = doctor.examine().as_json()
    jsonschema.validate(without, SCHEMA)
    rust = next(one for one in without["capabilities"] if one["name"] == "rust")
    assert not rust["present"]
    assert "course doctor --fix" in rust["remedy"]


def test_the_json_of_this_machine_holds_to_its_schema():
    result = _run("doctor", "--json")
    assert result.exit_code == 0
    jsonschema.validate(json.loads(result.stdout), SCHEMA)


def test_the_table_names_each_capability_and_the_command_that_adds_what_is_missing(no_rust):
    result = _run("doctor")
    assert result.exit_code == 0
    for name in CAPABILITIES:
        assert name in result.stdout
    assert "course doctor --fix" in result.stdout


def test_fixing_without_anybody_to_ask_says_what_it_would_do_and_does_nothing(no_rust):
    result = _run("doctor", "--fix")
    assert result.exit_code == 0
    assert "download Rust's own installer" in result.stdout
    assert "not done" in result.stdout
    assert not toolchain.install_folder().exists()


def test_fixing_offers_the_compiler_before_the_crates(no_rust):
    assert [mend.capability for mend in doctor.mends(doctor.examine())] == ["rust", "crates"]


def test_on_windows_itself_the_answer_is_wsl_and_nothing_is_offered():
    windows = doctor.Examination("Windows AMD64", "3.12.0", 4, doctor.WSL, (Capability("rust", False, "none", "x"),))
    data = windows.as_json()
    assert data["system"]["supported"] is False
    assert "WSL" in data["system"]["note"]
    assert doctor.mends(windows) == []


def test_where_rust_is_hidden_on_purpose_nothing_is_offered(no_rust, monkeypatch):
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    assert doctor.mends(doctor.examine()) == []


def test_an_installation_that_fails_is_told_with_its_last_words(no_rust, monkeypatch):
    import importlib.util
    import stat

    uv = no_rust / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text("#!/bin/sh\necho 'error: failed to fetch puccinialin' >&2\nexit 2\n")
    uv.chmod(uv.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", str(uv.parent))
    if importlib.util.find_spec("puccinialin") is not None:
        pytest.skip("puccinialin is installed here, so uv is not asked")
    with pytest.raises(CourseError, match="failed to fetch puccinialin") as raised:
        doctor.install_toolchain()
    assert "rustup.rs" in raised.value.help


# What is kept


def _keep(root: Path) -> None:
    for name, size in (("cells/abc/cell.so", 3000), ("border/x/lib.rlib", 200), ("crates/old1/target/a.rlib", 5000)):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(bytes(size))


def test_the_cache_is_listed_by_size_with_what_each_part_is(no_rust):
    _keep(no_rust / "cache")
    kept = cache.kept()
    assert [(one.name, one.bytes) for one in kept] == [("old-crates", 5000), ("cells", 3000), ("border", 200)]
    shown = _run("cache").stdout
    assert "5 kB" in shown
    assert "compiled Rust cells" in shown


def test_an_empty_cache_says_so(no_rust):
    assert "nothing is kept yet" in _run("cache").stdout


def test_clearing_asks_and_a_no_keeps_everything(no_rust):
    _keep(no_rust / "cache")
    with pytest.raises(click.Abort):
        CliRunner().invoke(cli, ["cache", "clear"], input="n\n", catch_exceptions=False, standalone_mode=False)
    assert len(cache.kept()) == 3


def test_clearing_one_part_leaves_the_others(no_rust):
    _keep(no_rust / "cache")
    result = _run("cache", "clear", "cells", "--yes")
    assert "freed 3 kB" in result.stdout
    assert [one.name for one in cache.kept()] == ["old-crates", "border"]


def test_clearing_spares_an_installed_compiler_unless_all_is_asked_for(no_rust):
    _keep(no_rust / "cache")
    (no_rust / "cache" / "toolchain" / "cargo").mkdir(parents=True)
    (no_rust / "cache" / "toolchain" / "cargo" / "x").write_bytes(b"x")
    _run("cache", "clear", "--yes")
    assert [one.name for one in cache.kept()] == ["toolchain"]
    _run("cache", "clear", "--all", "--yes")
    assert cache.kept() == []


def test_a_part_that_is_not_kept_is_refused_and_nothing_is_removed(no_rust):
    _keep(no_rust / "cache")
    with pytest.raises(UnknownName, match="cels"):
        cache.clear(["cells", "cels"])
    assert len(cache.kept()) == 3


def test_crates_that_are_being_built_are_left(no_rust):
    import filelock

    _keep(no_rust / "cache")
    with (
        filelock.FileLock(no_rust / "cache" / "crates" / "old1.crates.lock"),
        pytest.raises(CourseError, match="being built right now"),
    ):
        cache.clear(["old-crates"])
    assert (no_rust / "cache" / "crates" / "old1" / "target" / "a.rlib").exists()


def test_another_release_of_torch_does_not_count(tmp_path, monkeypatch):
    """tch binds one release of libtorch exactly; a newer torch would fail in its build, not in doctor."""
    package = tmp_path / "torch-2.12.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.12.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    found = capabilities.probe("torch")

    assert not found.present
    assert found.detail == "torch 2.12.0 is installed, but tch 0.26 binds 2.13.0 only"
