"""The crates that Rust cells may `use`: built once for this user, then handed to the compiler by path.

One pinned workspace (the folder `crates/` beside this file) names them all. Building it takes a minute or two and
happens once for each compiler and each change of the workspace, in `<cache>/crates/<key>/`; `course lab` starts it in
the background, and a cell that needs it waits. tch is apart: it takes minutes more and needs Python's torch.

    ensure()              the crates, built first where they are not (waits, reports progress)
    ensure(extra="torch") the same with tch
    start_background()    build in a process of its own that outlives ours; a second start joins the first
    ready(), status()     whether they are there; how far a build is
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock

from course.errors import CannotWrite, CourseError, CratesNotBuilt, RustMissing
from course.rust import toolchain
from course.rust.places import cache_root

__all__ = [
    "TORCH_VERSION",
    "WORKSPACE",
    "CrateSet",
    "Progress",
    "ensure",
    "folder",
    "ready",
    "start_background",
    "status",
    "torch_library",
]

WORKSPACE = Path(__file__).parent / "crates"

TORCH_VERSION = "2.13.0"
"""The release of libtorch that tch 0.26 was generated from; any other fails while compiling its C++ part."""

Progress = Callable[[float, str], None]
"""Called with the fraction done (0 to 1) and what is being built."""

_LAYOUT = 5  # raise it when a build made by older code of this module is not what the new code expects
_SOURCES = ("Cargo.lock", "Cargo.toml", "cells/**/*", "prelude/**/*", "torch/**/*")


@dataclass(frozen=True)
class CrateSet:
    """Built crates. `key` changes whenever a cell compiled against them would have to be compiled again."""

    key: str
    names: frozenset[str]
    """The crate names a cell may write, such as `linfa_clustering`."""
    versions: dict[str, str] = field(repr=False)
    externs: dict[str, Path] = field(repr=False)
    dependencies: tuple[Path, ...] = field(repr=False)
    preludes: dict[str, Path] = field(repr=False)
    """For each library with long generic algorithms: the crate that holds its common instances, compiled."""
    torch: Path | None = field(repr=False)
    """Folder of libtorch, where tch is among the crates."""

    def rustc_args(self, uses: set[str], instances: Set[str] = frozenset()) -> list[str]:
        """Return what rustc needs to compile a cell that names the crates in `uses` (other names are left out).

        With `instances`, generic code is linked to what the prelude holds of these libraries instead of being compiled
        in the cell: k-means in a fifth of the time, at the price that the cell's own ndarray loops are no longer
        inlined (up to 14 times slower). Use it together with `env(instances)`.
        """
        used = sorted(uses & self.names)
        if not used:
            return []
        arguments = [part for path in self.dependencies for part in ("-L", f"dependency={path}")]
        arguments += [part for name in used for part in ("--extern", f"{name}={self.externs[name]}")]
        if "tch" in used and self.torch:
            # The path is written into the library, so that it loads whether or not the kernel has imported torch.
            arguments += ["-L", f"native={self.torch}", "-C", f"link-arg=-Wl,-rpath,{self.torch}"]
        if instances:
            # An empty list of allowed features keeps cells in stable Rust although the compiler's door is open.
            arguments += ["-Zshare-generics=y", "-Zallow-features=", "-Zunstable-options"]
            for name in sorted(instances):
                library = self.preludes[name]
                arguments += ["--extern", f"force:{library.stem.removeprefix('lib')}={library}"]
        return arguments

    def env(self, instances: Set[str] = frozenset()) -> dict[str, str]:
        """Return the environment variables that go with `rustc_args` of the same `instances`."""
        return {"RUSTC_BOOTSTRAP": "1"} if instances else {}

    def instances(self, uses: set[str], *, whole: bool = False) -> frozenset[str]:
        """Return the libraries whose instances a cell that names these crates should link to; none: compile it all.

        `whole`: the cell has no loop over arrays of its own (`course.rust.whole`), so that ndarray's can be shared too.
        """
        named = uses & self.preludes.keys() - {"ndarray"}
        # Data sets, splits and scores are in `linfa` itself, whichever algorithm is named.
        named |= {"linfa"} if any(name.startswith("linfa") for name in uses) else set()
        return frozenset(named | ({"ndarray"} if whole and "ndarray" in uses else set()))


@functools.lru_cache(maxsize=8)
def _key(version: str) -> str:
    """Return the name of the build that this workspace and this compiler need."""
    digest = hashlib.sha256(f"{_LAYOUT}\0{version}\0{sys.platform} {platform.machine()}".encode())
    for pattern in _SOURCES:
        for path in sorted(WORKSPACE.glob(pattern)):
            if path.is_file():
                digest.update(f"\0{path.relative_to(WORKSPACE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def folder(found: toolchain.Toolchain | None = None) -> Path:
    """Return where the build for a toolchain is kept (it may not exist yet)."""
    return cache_root() / "crates" / _key((found or toolchain.find()).version)


def torch_library() -> Path | None:
    """Return the folder of libtorch where Python's torch is installed in the release tch needs, else None."""
    specification = importlib.util.find_spec("torch")
    if specification is None or specification.origin is None:
        return None
    library = Path(specification.origin).parent / "lib"
    return library if _torch_version(specification.origin) == TORCH_VERSION and library.is_dir() else None


@functools.cache
def _torch_version(origin: str) -> str | None:
    """Return torch's release; reading a package's metadata takes 2 ms, too long for a cell that is only run again."""
    del origin  # it is only what the answer depends on
    try:
        return importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def _manifest(base: Path, name: str) -> dict[str, Any] | None:
    """Read what a finished build wrote last; None where there is no finished build."""
    try:
        kept = json.loads((base / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and all(Path(base, p).exists() for p in kept["externs"].values()) else None


def _load(base: Path) -> CrateSet | None:
    return _loaded(base, tuple(_stamp(base / name) for name in ("crates.json", "torch.json")), torch_library())


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=8)
def _loaded(base: Path, stamps: tuple[int, ...], torch: Path | None) -> CrateSet | None:
    plain = _manifest(base, "crates.json") if stamps[0] else None
    if plain is None:
        return None
    with_torch = _manifest(base, "torch.json") if stamps[1] and torch else None
    both = plain if with_torch is None else with_torch
    key = base.name
    if with_torch is not None:
        key += "-" + hashlib.sha256(str(torch).encode()).hexdigest()[:8]
    externs = {name: base / path for name, path in (both["externs"] | plain["externs"]).items()}
    return CrateSet(
        key=key,
        names=frozenset(externs),
        versions=both["versions"] | plain["versions"],
        externs=externs,
        dependencies=tuple(base / path for path in plain["dependencies"]),
        preludes={name: base / path for name, path in plain["preludes"].items()},
        torch=torch if with_torch is not None else None,
    )


def ready(extra: str | None = None) -> bool:
    """Say whether the crates (with `extra="torch"`: tch too) are built for the compiler that is found here."""
    try:
        found = _load(folder())
    except RustMissing:
        return False
    return found is not None and (extra is None or "tch" in found.names)


def status() -> tuple[bool, str]:
    """Return whether the crates are built, and a line that says which, or how far the build is, or why not."""
    try:
        base = folder()
    except RustMissing as reason:
        return False, reason.message
    found = _load(base)
    if found is not None:
        tch = f", tch {found.versions['tch']}" if "tch" in found.names else ""
        if not tch and (running := _running(base, "torch")) is not None:
            tch = f", tch being built now: {running[0]:.0%}"
        ndarray, linfa = (found.versions.get(name, "?") for name in ("ndarray", "linfa"))
        return True, f"ndarray {ndarray}, linfa {linfa}{tch}, {len(found.names)} in all"
    running = _running(base, "crates")
    if running is not None:
        return False, f"being built now: {running[0]:.0%}, {running[1]}"
    return False, "not built yet (about two minutes, once)"


def _running(base: Path, stage: str) -> tuple[float, str] | None:
    """Return how far a build by another process is; None where there is none (one that was killed is none)."""
    said = progress_of_other(base, stage)
    if said is None:
        return None
    lock = filelock.FileLock(base.parent / f"{base.name}.{stage}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return said
    except OSError:
        return None
    lock.release()
    return None


def ensure(wait: bool = True, progress: Progress | None = None, extra: str | None = None) -> CrateSet:
    """Return the crates, building them first where they are not there.

    Two processes that ask at the same time build once: the second waits for the first and shows its progress.

    Args:
        wait: False returns or raises at once, without building.
        progress: told how far it is.
        extra: "torch" adds tch.

    Raises:
        CratesNotBuilt: the build failed, or `wait` is False and it is not there.
        RustMissing: there is no compiler to build with.
    """
    if extra not in (None, "torch"):
        raise ValueError(f"there is no extra called {extra!r}, only 'torch'")
    found = toolchain.find()
    base = folder(found)
    there = _load(base)
    if there is not None and (extra is None or "tch" in there.names):
        return there
    if extra == "torch" and torch_library() is None:
        raise CratesNotBuilt(
            f"tch needs Python's torch {TORCH_VERSION}, which is not installed",
            help="uv sync --extra torch   (about 5 GB on Linux x86-64); every chapter without tch runs as it is",
        )
    for stage in ("crates",) if extra is None else ("crates", "torch"):
        if _finished(base, stage):
            continue
        if not wait:
            raise CratesNotBuilt(f"the crates are not ready: {status()[1]}", help="course cache build")
        _build_once(found, base, stage, progress or _silent)
    built = _load(base)
    if built is None or (extra and "tch" not in built.names):
        raise CratesNotBuilt(
            "the crates were built, but cannot be read back",
            place=str(base),
            help="course cache clear crates, then build",
        )
    return built


def _silent(fraction: float, what: str) -> None:
    del fraction, what


def _finished(base: Path, stage: str) -> bool:
    return _manifest(base, f"{stage}.json") is not None


def _build_once(found: toolchain.Toolchain, base: Path, stage: str, progress: Progress) -> None:
    """Build a stage, or wait for the process that is building it."""
    from course.rust import crates_build

    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(base.parent / f"{base.name}.{stage}.lock")
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0.3)
            except filelock.Timeout:
                other = progress_of_other(base, stage)
                progress(*(other or (0.0, "waiting for another process that builds the crates")))
        try:
            if not _finished(base, stage):
                crates_build.build(found, WORKSPACE, base, stage, torch_library(), progress)
        finally:
            lock.release()
    except OSError as error:
        raise CannotWrite(base, error) from error


def progress_of_other(base: Path, stage: str) -> tuple[float, str] | None:
    """Return how far a build by another process is, or None where none has said so in the last minutes."""
    try:
        kept = json.loads((base / f"{stage}.progress").read_text(encoding="utf-8"))
        recent = time.time() - (base / f"{stage}.progress").stat().st_mtime < 600
        return (float(kept["fraction"]), str(kept["what"])) if recent else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def start_background() -> bool:
    """Start building whatever is missing in a process of its own, and return at once.

    It goes on when this process ends, and writes what it does to `<cache>/crates/build.log`. Started twice, the
    second one finds the first and leaves. tch is built after the others, where torch is installed.

    Returns:
        Whether there is anything to build here: False where all is ready, or no compiler is found.
    """
    try:
        base = folder()
    except RustMissing:
        return False
    if ready("torch" if torch_library() else None):
        return False
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        with (base.parent / "build.log").open("ab") as log:
            subprocess.Popen(
                [sys.executable, "-m", "course.rust.crates"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=Path(Path.cwd().anchor),
            )
    except OSError:
        return False  # a full disk will be reported by the first cell that needs the crates
    return True


def _in_background() -> int:
    """Build what is missing, politely; the body of the process that `start_background` starts."""
    os.nice(5)  # the reader's own cells go first
    guard = filelock.FileLock(cache_root() / "crates" / "background.lock")
    try:
        with guard.acquire(timeout=0):
            ensure(progress=_to_log())
            if torch_library() is not None:
                ensure(progress=_to_log(), extra="torch")
    except filelock.Timeout:
        return 0
    except CourseError as error:
        print(error.render(), flush=True)
        return error.exit_code
    return 0


def _to_log() -> Progress:
    last = ""

    def write(fraction: float, what: str) -> None:
        nonlocal last
        line = re.sub(r"\s+", " ", f"{fraction:4.0%} {what}")
        if line != last:
            print(time.strftime("%H:%M:%S"), line, flush=True)
            last = line

    return write


if __name__ == "__main__":
    sys.exit(_in_background())
