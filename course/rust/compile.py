"""Compile a cell with rustc, once: the result is kept under a hash of everything it depends on.

A build is a folder `<cache>/cells/<key>/` that appears by one rename, so that two kernels may build the same
cell at once, and none ever loads half a library. The folder's time is that of its last use; the oldest go when
the cache grows past its bound.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from course.errors import CannotWrite
from course.rust import crates, lines, toolchain
from course.rust.places import cache_root
from course.rust.shim import Shim, needs_ndarray, write_shim
from course.rust.signature import Cell, read_cell
from course.rust.types import SCALARS

__all__ = ["Built", "Flags", "Refused", "Unit", "assembly", "build", "cells_size", "runtime", "unit"]

_LIMIT = 1 << 30  # bytes of compiled cells that are kept
_YOUNG = 3600  # seconds: a cell used within the last hour is never thrown away
_BORDER = Path(__file__).parent / "runtime" / "border.rs"
_NARROW = "prefer-256-bit"
_NOT_CRATES = {"std", "core", "alloc", "crate", "self", "super", "Self", "proc_macro", "test", "str", *SCALARS}


@dataclass(frozen=True)
class Flags:
    """How a cell is compiled. `share`: None lets the crates decide, False never links to shared instances.

    Shared instances are compiled for `--opt 3` and any processor, so a cell that asks for something else has none.
    """

    opt: str = "3"
    native: bool = False
    wrapping: bool = False
    share: bool | None = None

    def rustc(self) -> list[str]:
        """Return the code generation flags."""
        # One unit: a cell is small, and cutting it up costs more than two cores win back (measured: 0.39 s instead of
        # 0.64 s for a cell that calls `sum_axis`); it also inlines better.
        flags = ["-C", f"opt-level={self.opt}", "-C", "codegen-units=1"]
        flags += ["-C", f"overflow-checks={'off' if self.wrapping else 'on'}"]
        return [*flags, *_native()] if self.native else flags


def _native() -> list[str]:
    # Of its own accord LLVM leaves half of a vector register of 512 bits unused on Intel's processors, for the sake of
    # old ones that grew slower then. gcc has an option for it; rustc has LLVM's feature, and warns that it is LLVM's.
    wide = ["-C", f"target-feature=-{_NARROW}"] if platform.machine().lower() in ("x86_64", "amd64") else []
    return ["-C", "target-cpu=native", *wide]


@dataclass(frozen=True)
class Unit:
    """One cell's source: its file name while compiling, the name it was given (or ""), and what was read from it."""

    file: str
    name: str
    source: str
    cell: Cell


@dataclass(frozen=True)
class Built:
    """A compiled cell. `diagnostics`: rustc's warnings as it wrote them; `seconds`: what compiling took then."""

    artifact: Path
    diagnostics: list[dict[str, Any]]
    seconds: float
    cached: bool
    shared: bool
    crates: tuple[str, ...]


@dataclass
class Refused(Exception):
    """rustc refused a cell: its diagnostics as it wrote them, and the shim that was appended to the last unit."""

    diagnostics: list[dict[str, Any]]
    shim: Shim = field(default_factory=lambda: Shim("", ()))


def unit(source: str, name: str = "") -> Unit:
    """Read a cell."""
    return Unit(f"{name or 'cell'}.rs", name, source, read_cell(source))


def build(units: list[Unit], flags: Flags, *, progress: crates.Progress | None = None) -> Built:
    """Compile the last unit, which sees the items of those before it; or find it compiled.

    Raises:
        Refused: the compiler reports errors.
        RustMissing: there is no compiler.
        CratesNotBuilt: a crate that a unit names is not there and cannot be built.
    """
    program = units[-1].cell.has_main
    files, shim = _files(units, program)
    found = toolchain.find()
    named = crates_of(units)
    crate_set = _crate_set(named, progress)
    instances: frozenset[str] = frozenset()
    if crate_set is not None and flags.share is not False and flags.opt == "3" and not flags.native:
        instances = crate_set.instances(named, whole=not program and all(u.cell.whole for u in units))
    shared = bool(instances)
    command = ["--edition", "2024", *flags.rustc()]
    quick = bool(instances - {"ndarray"})  # a panic in ndarray is common: its line is worth the time
    command += lines.at_first(program=program, crates=crate_set is not None, shared=quick)
    if crate_set is not None:
        command += crate_set.rustc_args(named, instances)
    kind = "bin" if program else "cdylib"
    described = [found.version, crate_set.key if crate_set else "", kind, _border_key(found.version), *command]
    described += [text for pair in files for text in pair]
    key = hashlib.sha256("\0".join(described).encode()).hexdigest()[:32]
    place = _cells() / key
    artifact = place / ("program" if program else "cell.so")
    kept = _kept(place, artifact)
    if kept is not None:
        return replace(kept, shared=shared, crates=tuple(sorted(named)))
    if not program:
        command += ["--extern", f"course_border={runtime(found)}"]
    environment = crate_set.env(instances) if crate_set is not None else {}
    if not units[-1].cell.parses:
        _check_alone(found, files, units, command, environment)
    started = time.perf_counter()
    diagnostics = _compile(found, files, [*command, "--crate-type", kind], environment, place, artifact.name, shim)
    seconds = time.perf_counter() - started
    _tidy_now_and_then()
    return Built(artifact, diagnostics, seconds, False, shared, tuple(sorted(named)))


# What is compiled


def _files(units: list[Unit], program: bool) -> tuple[list[tuple[str, str]], Shim]:
    """Return the files to compile, the crate's root first, and the shim at the end of the last one.

    Each cell is a module inside the one before it: there it sees that cell's private items, and its own imports
    and redefinitions hide them without a conflict. Everything is appended: no line of the learner's moves.
    """
    shim = Shim("", ()) if program else write_shim(units[-1].cell.functions, prints=any(u.cell.prints for u in units))
    files: list[tuple[str, str]] = []
    for number, this in enumerate(units):
        text = this.source.replace("#![forbid(", "#![deny  (")  # same length; the shim's own `unsafe` must be allowed
        text = text if text.endswith("\n") else text + "\n"
        if number:
            text += "#[allow(unused_imports)] use super::*;\n"
        if number + 1 < len(units):
            text += f'#[path = "{units[number + 1].file}"] mod __course_inner;\n'
        elif program and number:
            text += "pub(crate) fn __course_main() -> impl ::std::process::Termination { main() }\n"
        else:
            text += shim.text
        if program and len(units) > 1 and number == 0:
            path = "::".join(["__course_inner"] * (len(units) - 1))
            text += f"fn main() -> impl ::std::process::Termination {{ {path}::__course_main() }}\n"
        files.append((this.file, text))
    return files, shim


def crates_of(units: list[Unit]) -> set[str]:
    """Return the crates that cells name, of those that cells may use."""
    named = {root for u in units for root in u.cell.roots if root[:1].islower()} - _NOT_CRATES
    if any(needs_ndarray(f) for f in units[-1].cell.functions):
        named.add("ndarray")
    return named & _known_crates() if named else set()


@functools.cache
def _known_crates() -> frozenset[str]:
    """Return the crates cells may use, read from the workspace: a typing error must not start a build of them all."""
    names: set[str] = set()
    for folder in ("cells", "torch"):
        with contextlib.suppress(OSError):
            manifest = tomllib.loads((crates.WORKSPACE / folder / "Cargo.toml").read_text(encoding="utf-8"))
            names.update(name.replace("-", "_") for name in manifest.get("dependencies", {}))
    return frozenset(names)


def _crate_set(named: set[str], progress: crates.Progress | None) -> crates.CrateSet | None:
    if not named:
        return None
    return crates.ensure(progress=progress, extra="torch" if "tch" in named else None)


# How it is compiled


def _compile(
    found: toolchain.Toolchain,
    files: list[tuple[str, str]],
    command: list[str],
    environment: dict[str, str],
    place: Path,
    output: str,
    shim: Shim,
) -> list[dict[str, Any]]:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=place.parent, prefix=".part-"))
    except OSError as error:
        raise CannotWrite(place.parent, error) from error
    try:
        started = time.perf_counter()
        code, diagnostics = _rustc(found, files, [*command, "-o", output], environment, work)
        seconds = time.perf_counter() - started
        if code != 0:
            raise Refused(diagnostics, shim)
        kept = {"diagnostics": diagnostics, "seconds": seconds, "size": (work / output).stat().st_size}
        kept |= lines.recipe(files[0][0], command, environment)
        (work / "build.json").write_text(json.dumps(kept), "utf-8")
        try:
            work.rename(place)
        except OSError:
            if not (place / output).exists():  # else another kernel was faster, and its build is as good
                raise
    except OSError as error:
        raise CannotWrite(place, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return diagnostics


def _rustc(
    found: toolchain.Toolchain,
    files: list[tuple[str, str]],
    command: list[str],
    environment: dict[str, str],
    work: Path,
    crate: str = "cell",
) -> tuple[int, list[dict[str, Any]]]:
    """Run rustc in a folder of its own; return its exit code and its diagnostics."""
    for name, text in files:
        (work / name).write_text(text, "utf-8")
    line = [str(found.rustc), files[0][0], "--crate-name", crate, *command]
    line += ["--error-format=json", "--json=diagnostic-rendered-ansi", "--diagnostic-width=110"]
    done = subprocess.run(
        line, cwd=work, env={**os.environ, **environment}, capture_output=True, text=True, encoding="utf-8", check=False
    )
    diagnostics: list[dict[str, Any]] = []
    for text in done.stderr.splitlines():
        try:
            message = json.loads(text)
        except ValueError:
            message = {"level": "error" if done.returncode else "note", "message": text, "rendered": text + "\n"}
        if isinstance(message, dict) and "level" in message and _NARROW not in str(message.get("message")):
            diagnostics.append(message)
    return done.returncode, diagnostics


def _check_alone(
    found: toolchain.Toolchain,
    files: list[tuple[str, str]],
    units: list[Unit],
    command: list[str],
    environment: dict[str, str],
) -> None:
    """Compile a cell that does not parse without its shim: an open brace would swallow it."""
    alone = [*files[:-1], (files[-1][0], units[-1].source.rstrip("\n") + "\n")]
    with tempfile.TemporaryDirectory(prefix="course-cell-") as work:
        code, diagnostics = _rustc(
            found, alone, [*command, "--crate-type", "lib", "--emit", "metadata"], environment, Path(work)
        )
    if code != 0:
        raise Refused(diagnostics)


def assembly(units: list[Unit], flags: Flags) -> str:
    """Return the assembly rustc writes for a cell, as one text."""
    found = toolchain.find()
    files, shim = _files(units, units[-1].cell.has_main)
    named = crates_of(units)
    crate_set = _crate_set(named, None)
    command = ["--edition", "2024", "-C", "debuginfo=0", *flags.rustc()]
    command += ["-C", "symbol-mangling-version=v0", "--crate-type", "bin" if units[-1].cell.has_main else "cdylib"]
    if crate_set is not None:
        command += crate_set.rustc_args(named)
    command += ["--extern", f"course_border={runtime(found)}", "--emit", "asm", "-o", "cell.s"]
    with tempfile.TemporaryDirectory(prefix="course-cell-") as work:
        code, diagnostics = _rustc(found, files, command, {}, Path(work))
        if code != 0:
            raise Refused(diagnostics, shim)
        return (Path(work) / "cell.s").read_text("utf-8")


# The runtime every cell links to


@functools.cache
def _border_source() -> str:
    return _BORDER.read_text(encoding="utf-8")


@functools.cache
def _border_key(version: str) -> str:
    return hashlib.sha256(f"{version}\0{_border_source()}".encode()).hexdigest()[:16]


def runtime(found: toolchain.Toolchain) -> Path:
    """Return the compiled runtime, compiling it (a third of a second) on first use with this compiler."""
    place = cache_root() / "border" / _border_key(found.version)
    name = "libcourse_border.rlib"
    if (place / name).exists():
        return place / name
    command = ["--edition", "2024", "--crate-type", "rlib", "-C", "opt-level=3", "-C", "debuginfo=0", "-o", name]
    files = [("course_border.rs", _border_source())]
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=place.parent, prefix=".part-"))
    try:
        code, diagnostics = _rustc(found, files, command, {}, work, "course_border")
        if code != 0:
            raise Refused(diagnostics)
        with contextlib.suppress(OSError):  # another kernel was faster
            work.rename(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place / name


# What is kept


def _cells() -> Path:
    return cache_root() / "cells"


def _kept(place: Path, artifact: Path) -> Built | None:
    if not place.is_dir():
        return None
    try:
        kept = json.loads((place / "build.json").read_text("utf-8"))
        with contextlib.suppress(OSError):  # a cache that may only be read
            os.utime(place)
        size = artifact.stat().st_size
        whole = {"diagnostics", "seconds"} <= kept.keys() and size >= kept.get("size", 0)  # line tables make it larger
    except (OSError, ValueError, AttributeError):
        whole = False
    if not whole:
        shutil.rmtree(place, ignore_errors=True)  # a full disk or a power cut damaged it: it is compiled again
        return None
    return Built(artifact, kept["diagnostics"], kept["seconds"], True, False, ())


def _entries() -> list[tuple[float, int, Path]]:
    """Return time of last use, size and folder of each compiled cell, the oldest first."""
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(_cells()):
            with contextlib.suppress(OSError):
                size = sum(file.stat().st_size for file in os.scandir(entry.path))
                found.append((entry.stat().st_mtime, size, Path(entry.path)))
    return sorted(found)


def cells_size() -> tuple[int, int]:
    """Return how many compiled cells are kept, and their bytes on disk."""
    entries = _entries()
    return len(entries), sum(size for _, size, _ in entries)


def _every(times: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def decorate(work: Callable[[], None]) -> Callable[[], None]:
        count = 0

        def now_and_then() -> None:
            nonlocal count
            if count % times == 0:
                work()
            count += 1

        return now_and_then

    return decorate


@_every(20)
def _tidy_now_and_then() -> None:
    tidy()


def tidy(limit: int = _LIMIT) -> None:
    """Throw the cells away that were not used for longest, until the rest fits the limit."""
    entries = _entries()
    total = sum(size for _, size, _ in entries)
    for used, size, place in entries:
        if total <= limit or time.time() - used < _YOUNG:
            return
        shutil.rmtree(place, ignore_errors=True)
        total -= size
