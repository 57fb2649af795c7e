"""Find the Rust compiler: the real binary, without starting a process when it was found before.

rustup puts a small program called `rustc` on the PATH that looks up the real one at every start; that costs
about 20 ms, a fifth of a small cell. So the real binary is looked up once, and remembered on disk for as long
as nothing that could change the answer has changed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from course.errors import CannotWrite, RustMissing, RustTooOld
from course.files import write_whole
from course.rust.places import cache_root

__all__ = ["LEAST", "Toolchain", "find", "forget", "install_folder"]

LEAST = (1, 87)
"""The oldest compiler that builds the crates cells may use (linfa asks for it; edition 2024 needs 1.85)."""

_TIMEOUT = 60  # seconds: a compiler on a cold network disk may take a while to start


@dataclass(frozen=True)
class Toolchain:
    """A Rust compiler and what came with it. `version` is the line that `rustc -V` prints."""

    rustc: Path
    version: str
    sysroot: Path
    cargo: Path | None


def install_folder() -> Path:
    """Return where `course doctor --fix` puts a toolchain of the course's own."""
    return cache_root() / "toolchain"


def find() -> Toolchain:
    """Return the toolchain to use.

    Looked for in this order: the compiler that `COURSE_RUSTC` names, the PATH, cargo's own folder, and the
    folders where the Python package puccinialin installs. `COURSE_NO_RUST=1` hides them all.

    Raises:
        RustMissing: there is none, or none that starts.
        RustTooOld: all that were found are older than `LEAST`.
    """
    watched = ["COURSE_NO_RUST", "COURSE_RUSTC", "COURSE_CACHE_DIR", "PATH", "HOME"]
    watched += ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]
    return _find(tuple(os.environ.get(name, "") for name in watched))


@functools.lru_cache(maxsize=8)
def _find(environment: tuple[str, ...]) -> Toolchain:
    del environment  # it is only what the answer depends on
    if os.environ.get("COURSE_NO_RUST", "") not in ("", "0"):
        raise RustMissing("no Rust compiler is used, because COURSE_NO_RUST is set", help="unset COURSE_NO_RUST")
    if sys.platform == "win32":
        raise RustMissing(
            "Rust cells do not run on Windows itself", help="use WSL: https://learn.microsoft.com/windows/wsl/install"
        )
    reasons: list[str] = []
    too_old: RustTooOld | None = None
    for rustc, extra in _candidates():
        try:
            toolchain = _remembered(rustc, extra) or _ask(rustc, extra)
        except _DoesNotStart as reason:
            reasons.append(f"{rustc}: {reason}")
            continue
        if _number(toolchain.version) < LEAST:
            too_old = too_old or RustTooOld(toolchain.version, LEAST, place=str(rustc))
            continue
        return toolchain
    if too_old is not None:
        raise too_old
    if reasons:
        told = "; ".join(reasons)
        message = f"a Rust compiler is installed but does not start: {told}"
        if "rustup could not choose" in told:
            help = "rustup default stable, or course doctor --fix installs one (it asks first)"
            raise RustMissing(message, help=help)
        raise RustMissing(message)
    raise RustMissing()


def forget() -> None:
    """Look again at the next `find`: a compiler has been installed since."""
    _find.cache_clear()


class _DoesNotStart(Exception):
    """A file called rustc that cannot say where its toolchain is."""


def _candidates() -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield each `rustc` that exists, with the environment it needs beside ours."""
    named = os.environ.get("COURSE_RUSTC")
    if named:
        yield Path(named).expanduser().absolute(), {}
        return  # who names one wants that one, or an error that names it
    on_path = shutil.which("rustc")
    if on_path:
        yield Path(on_path), {}
    cargo_home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    if (rustc := cargo_home / "bin" / "rustc").exists():
        yield rustc, {}
    for folder in (install_folder(), platformdirs.user_cache_path("puccinialin", appauthor=False)):
        if (rustc := folder / "cargo" / "bin" / "rustc").exists():
            yield rustc, {"RUSTUP_HOME": str(folder / "rustup"), "CARGO_HOME": str(folder / "cargo")}


def _ask(rustc: Path, extra: dict[str, str]) -> Toolchain:
    """Start the compiler (or rustup's program of that name) to learn which binary it really is."""
    # Asked from the root folder, so that a `rust-toolchain.toml` near the reader has no say in it.
    sysroot = Path(_output([str(rustc), "--print", "sysroot"], extra))
    real = sysroot / "bin" / "rustc"
    if not real.exists():  # a distribution may keep the compiler elsewhere; then there is no shim to avoid
        real = rustc
    version = _output([str(real), "-V"], extra)
    cargo: Path | None = sysroot / "bin" / "cargo"
    if cargo is not None and not cargo.exists():
        beside = shutil.which("cargo", path=str(rustc.parent)) or shutil.which("cargo")
        cargo = Path(beside) if beside else None
    toolchain = Toolchain(real, version, sysroot, cargo)
    _remember(rustc, extra, toolchain)
    return toolchain


def _output(command: list[str], extra: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            cwd=Path(Path.cwd().anchor),
            env={**os.environ, **extra},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _DoesNotStart(str(error)) from None
    if done.returncode != 0 or not done.stdout.strip():
        lines = done.stderr.strip().splitlines()
        raise _DoesNotStart(lines[0].rstrip(".") if lines else f"exit code {done.returncode}")
    return done.stdout.strip()


def _number(version: str) -> tuple[int, int]:
    """Read `(1, 95)` from `rustc 1.95.0 (…)`; a line in another form counts as new enough."""
    match = re.search(r"rustc (\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (sys.maxsize, 0)


# What was found is remembered in one small file for each `rustc`, named by everything its answer depends on.


def _memory(rustc: Path, extra: dict[str, str]) -> Path:
    rustup_home = extra.get("RUSTUP_HOME") or os.environ.get("RUSTUP_HOME") or str(Path.home() / ".rustup")
    depends = [str(rustc), _stamp(rustc), rustup_home, _stamp(Path(rustup_home) / "settings.toml")]
    depends.append(os.environ.get("RUSTUP_TOOLCHAIN", ""))
    name = hashlib.sha256("\0".join(depends).encode()).hexdigest()[:16]
    return cache_root() / "found" / f"{name}.json"


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_mtime_ns}:{status.st_size}"


def _remembered(rustc: Path, extra: dict[str, str]) -> Toolchain | None:
    try:
        kept = json.loads(_memory(rustc, extra).read_text(encoding="utf-8"))
        toolchain = Toolchain(
            Path(kept["rustc"]),
            str(kept["version"]),
            Path(kept["sysroot"]),
            Path(kept["cargo"]) if kept["cargo"] else None,
        )
        stamp = kept["stamp"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # `rustup update` replaces the binary under the same name; a removed cargo must not be promised either.
    if stamp != _stamp(toolchain.rustc) or (toolchain.cargo and not toolchain.cargo.exists()):
        return None
    return toolchain


def _remember(rustc: Path, extra: dict[str, str], found: Toolchain) -> None:
    kept = {
        "rustc": str(found.rustc),
        "version": found.version,
        "sysroot": str(found.sysroot),
        "cargo": str(found.cargo) if found.cargo else None,
        "stamp": _stamp(found.rustc),
    }
    try:
        write_whole(_memory(rustc, extra), json.dumps(kept, indent=1) + "\n")
    except (CannotWrite, OSError):
        return  # a cache that cannot be written costs 40 ms at each start, and nothing else
