"""binder/: the files that repo2docker reads, and its build script tried in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from course.rust import toolchain
from course.rust.places import cache_root

ROOT = Path(__file__).parents[1]


def _requirements() -> list[str]:
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_binder_asks_for_exactly_what_the_package_asks_for():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert _requirements() == wanted


def test_binder_uses_a_python_that_the_package_accepts():
    from packaging.specifiers import SpecifierSet

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    python = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    assert python in SpecifierSet(wanted)


def test_repo2docker_renders_the_image_without_a_container_engine(tmp_path):
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "binder", repository / "binder")
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(repository)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "binder/postBuild" in said
    assert "binder/requirements.txt" in said
    assert "binder/start" in said
    assert "g++" in said


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.needs("rust")
@pytest.mark.parametrize(
    ("on_the_path", "installs"),
    [(None, True), ("1.80.1", True), ("1.86.0-nightly", True), ("1.87.0", False), ("1.100.0", False)],
)
def test_post_build_installs_a_rust_where_none_is_new_enough(tmp_path, on_the_path, installs):
    """`curl`, `python` and `course` are stand-ins that write down their calls; curl hands out the real Rust."""
    programs, calls, home = tmp_path / "programs", tmp_path / "calls", tmp_path / "home"
    programs.mkdir()
    home.mkdir()
    if on_the_path:
        _program(programs / "rustc", f"echo 'rustc {on_the_path} (0123456789 2026-01-01)'")
    real = toolchain.find().rustc
    script = f"""echo "rustup $*" >> {calls}; mkdir -p "$HOME/.cargo/bin"; ln -s {real} "$HOME/.cargo/bin/rustc\""""
    (tmp_path / "rustup.sh").write_text(script + "\n", encoding="utf-8")
    _program(programs / "curl", f'echo "curl $*" >> {calls}\ncat {tmp_path / "rustup.sh"}')
    for name in ("python", "course"):
        _program(programs / name, f'echo "{name} $*" >> {calls}')
    variables = {"HOME": str(home), "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    command = ["bash", str(ROOT / "binder" / "postBuild")]
    for _ in range(2):  # a second build finds what the first one installed
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
    called = calls.read_text(encoding="utf-8").splitlines()
    assert [call for call in called if call.startswith("rustup")] == [
        "rustup -y --profile minimal --no-modify-path"
    ] * installs
    assert all("https://sh.rustup.rs" in call for call in called if call.startswith("curl"))
    assert [call for call in called if call.startswith("course")] == ["course cache build", "course doctor"] * 2
    if installs:
        code = "from course.rust import toolchain; print(toolchain.find().rustc.resolve())"
        found = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**variables, "COURSE_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.stdout.strip() == str(real.resolve()), found.stderr


def test_binder_and_the_course_agree_on_the_oldest_compiler():
    text = (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")
    assert f"\nleast={'.'.join(map(str, toolchain.LEAST))}.0\n" in text


@pytest.mark.needs("rust", "crates")
@pytest.mark.timeout(900)
def test_post_build_installs_the_course_in_a_clean_environment(tmp_path):
    """Everything but the downloads: a copy of the repository, an empty home, an environment without the course."""
    copy, home, environment = tmp_path / "copy", tmp_path / "home", tmp_path / "environment"
    home.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, capture_output=True)
    python = environment / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # What requirements.txt would have brought comes from the environment of the tests, without the course itself.
    (Path(site) / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    before = dict(os.environ)
    variables = {
        "HOME": str(home),
        "PATH": f"{environment / 'bin'}{os.pathsep}{before['PATH']}",
        "CARGO_HOME": before.get("CARGO_HOME", str(Path.home() / ".cargo")),
        "RUSTUP_HOME": before.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
        "COURSE_CACHE_DIR": str(cache_root()),  # the crates are built already
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say: with the build tools that are there
        "LANG": before.get("LANG", "C.UTF-8"),
    }
    done = subprocess.run(
        ["bash", "binder/postBuild"], cwd=copy, env=variables, capture_output=True, text=True, check=False, timeout=800
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "crates ready" in said
    assert (copy / "learning" / "00_welcome.ipynb").is_file(), said
    where = subprocess.run(
        [python, "-c", "import course, json; print(course.__file__)"],
        cwd=home,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert where.stdout.startswith(str(environment)), where.stderr
    started = subprocess.run(
        ["bash", "binder/start", str(environment / "bin" / "course"), "list"],
        cwd=copy,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "welcome" in started.stdout.lower(), started.stderr
