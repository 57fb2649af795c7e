"""Finding the compiler: the real one, remembered, and said plainly where there is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from course.errors import RustMissing, RustTooOld
from course.rust import toolchain


def _compiler(folder: Path, version: str = "rustc 1.95.0 (59807616e 2026-04-14)") -> Path:
    """Write a program that answers as rustc does, keeps count of its starts, and has a sysroot of its own."""
    sysroot = folder / "sysroot"
    (sysroot / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin").mkdir(exist_ok=True)
    script = f"""#!/bin/sh
echo started >> {folder}/starts
if [ "$1" = --print ]; then echo {sysroot}; else echo "{version}"; fi
"""
    for path in (folder / "bin" / "rustc", sysroot / "bin" / "rustc"):
        path.write_text(script)
        path.chmod(0o755)
    return folder / "bin" / "rustc"


def _starts(folder: Path) -> int:
    return len((folder / "starts").read_text().splitlines())


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A home without Rust, a cache of its own, and no variable that names a compiler."""
    for name in ("COURSE_RUSTC", "COURSE_NO_RUST", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin" if not Path("/usr/bin/rustc").exists() else str(tmp_path / "empty"))
    toolchain.forget()
    yield
    toolchain.forget()


@pytest.fixture
def shell(monkeypatch):
    """A PATH on which `sh` is found, for the compilers that are scripts."""
    return lambda *folders: monkeypatch.setenv("PATH", os.pathsep.join([*map(str, folders), os.environ["PATH"]]))


def test_without_a_compiler_the_error_names_the_command_that_adds_one():
    with pytest.raises(RustMissing) as raised:
        toolchain.find()
    assert raised.value.message == "no Rust compiler was found"
    assert "course doctor --fix" in raised.value.help


def test_the_real_binary_is_used_and_not_the_one_that_looks_it_up(tmp_path, shell):
    shim = _compiler(tmp_path / "rust")
    shell(shim.parent)
    found = toolchain.find()
    assert found.rustc == tmp_path / "rust" / "sysroot" / "bin" / "rustc"
    assert found.version == "rustc 1.95.0 (59807616e 2026-04-14)"
    assert found.sysroot == tmp_path / "rust" / "sysroot"


def test_a_compiler_that_was_found_before_is_not_started_again(tmp_path, shell):
    shell(_compiler(tmp_path / "rust").parent)
    first = toolchain.find()
    starts = _starts(tmp_path / "rust")
    toolchain.forget()  # as a new process would
    assert toolchain.find() == first
    assert _starts(tmp_path / "rust") == starts


def test_an_updated_compiler_is_asked_again(tmp_path, shell):
    shell(_compiler(tmp_path / "rust").parent)
    toolchain.find()
    # `rustup update` replaces the real binary; the program on the PATH stays the same file.
    real = tmp_path / "rust" / "sysroot" / "bin" / "rustc"
    real.write_text(real.read_text().replace("rustc 1.95.0", "rustc 1.96.0"))
    os.utime(real, ns=(1, 1))
    toolchain.forget()
    assert toolchain.find().version.startswith("rustc 1.96.0")


def test_a_damaged_memory_is_read_as_none(tmp_path, shell):
    shell(_compiler(tmp_path / "rust").parent)
    first = toolchain.find()
    for kept in (tmp_path / "cache" / "found").iterdir():
        kept.write_text('{"rustc": ')
    toolchain.forget()
    assert toolchain.find() == first


def test_a_cache_that_cannot_be_written_does_not_stop_the_search(tmp_path, shell, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    shell(_compiler(tmp_path / "rust").parent)
    assert toolchain.find().version.startswith("rustc 1.95.0")


def test_a_compiler_older_than_the_crates_need_is_refused_with_both_versions(tmp_path, shell):
    shell(_compiler(tmp_path / "rust", "rustc 1.70.0 (90c541806 2023-05-31)").parent)
    with pytest.raises(RustTooOld) as raised:
        toolchain.find()
    assert "1.70.0" in raised.value.message
    assert "1.87 or newer" in raised.value.message
    assert "rustup update" in raised.value.help


def test_a_newer_compiler_elsewhere_is_preferred_to_an_old_one_on_the_path(tmp_path, shell):
    shell(_compiler(tmp_path / "old", "rustc 1.70.0 (90c541806 2023-05-31)").parent)
    _compiler(tmp_path / "home" / ".cargo")
    assert toolchain.find().version.startswith("rustc 1.95.0")


def test_the_compiler_that_doctor_installed_is_found_without_a_path(tmp_path, monkeypatch):
    _compiler(toolchain.install_folder() / "cargo")
    assert toolchain.find().version.startswith("rustc 1.95.0")


def test_a_compiler_named_by_the_environment_is_used_or_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RUSTC", str(_compiler(tmp_path / "rust")))
    assert toolchain.find().version.startswith("rustc 1.95.0")
    monkeypatch.setenv("COURSE_RUSTC", str(tmp_path / "nothing"))
    with pytest.raises(RustMissing, match="nothing"):
        toolchain.find()


def test_a_compiler_that_does_not_start_is_named_with_what_it_said(tmp_path, shell):
    rustc = _compiler(tmp_path / "rust")
    rustc.write_text("#!/bin/sh\necho 'error: rustup could not choose a version of rustc to run' >&2\nexit 1\n")
    shell(rustc.parent)
    with pytest.raises(RustMissing, match="rustup could not choose a version") as raised:
        toolchain.find()
    assert raised.value.help.startswith("rustup default stable")


def test_course_no_rust_hides_every_compiler(tmp_path, shell, monkeypatch):
    shell(_compiler(tmp_path / "rust").parent)
    assert toolchain.find()
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    with pytest.raises(RustMissing, match="COURSE_NO_RUST"):
        toolchain.find()


def test_a_version_in_another_form_counts_as_new_enough(tmp_path, shell):
    shell(_compiler(tmp_path / "rust", "rustc of some distribution").parent)
    assert toolchain.find().version == "rustc of some distribution"


@pytest.mark.needs("rust")
def test_the_compiler_found_here_says_the_version_that_was_remembered(monkeypatch):
    monkeypatch.undo()
    toolchain.forget()
    found = toolchain.find()
    said = subprocess.run([found.rustc, "-V"], capture_output=True, text=True, check=True).stdout.strip()
    assert said == found.version
