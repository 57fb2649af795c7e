"""Make and run Rust projects with cargo, the tool for that, and the toolchain that cells use."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from course.errors import CourseError, RustMissing
from course.rust import toolchain

__all__ = ["cargo", "run_project"]

_SECONDS = 300


def cargo(*arguments: str, folder: str | Path) -> None:
    """Run `cargo ARGUMENTS…` in a folder and show what it and the program it starts print.

    The network is not used: a project of this kind has no dependencies, or they are in cargo's own cache.
    Interrupting the kernel ends it.

    Raises:
        RustMissing: there is no compiler, or one without cargo.
        CourseError: cargo, or the program it ran, ended with an exit code other than 0.
    """
    found = toolchain.find()
    if found.cargo is None:
        raise RustMissing(
            f"{found.rustc} is a compiler without cargo", help="install cargo too, or course doctor --fix"
        )
    # cargo's own compiler may not be on the PATH, and what it finishes is read here, not on a terminal.
    environment = os.environ | {"RUSTC": str(found.rustc), "CARGO_NET_OFFLINE": "true", "CARGO_TERM_COLOR": "never"}
    try:
        done = subprocess.run(
            [str(found.cargo), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CourseError(
            f"cargo {arguments[0]} took more than {_SECONDS} s and was ended", help="does the program end?"
        ) from None
    sys.stdout.write(done.stdout)
    if done.returncode:
        raise CourseError(f"cargo {arguments[0]} ended with exit code {done.returncode}", help="what it said is above")


def run_project(name: str, files: Mapping[str, str]) -> None:
    """Make a project in a folder that is removed afterwards, write the files (path → text) into it, and run it.

    Shows what a terminal would: each command, the project's Cargo.toml, what the program prints, and how large it is.
    Taught in chapter 02.

    Raises as `cargo` does.
    """
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, name)
        _shown("new", "--quiet", "--vcs=none", name, folder=parent)
        for path, text in files.items():
            folder.joinpath(path).write_text(text, "utf-8")
        print(f"\n{name}/Cargo.toml:\n{(folder / 'Cargo.toml').read_text('utf-8').rstrip()}\n")
        _shown("run", "--quiet", "--release", folder=folder)
        program = folder / "target" / "release" / name
        print(f"\n{program.relative_to(parent)}: {program.stat().st_size / 1e3:.0f} kB")


def _shown(*arguments: str, folder: str | Path) -> None:
    print("$", "cargo", *arguments)
    cargo(*arguments, folder=folder)
