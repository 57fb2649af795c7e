"""What the course has built and keeps for this user, outside the repository: what it is, its size, how to remove it."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import filelock

from course.errors import CourseError, RustMissing, UnknownName
from course.rust import crates, places

__all__ = ["Kept", "clear", "kept", "size"]

_KNOWN = {
    "cells": "compiled Rust cells; a cell is compiled again when it runs next",
    "border": "the checks between Python and cells, compiled; built again in seconds",
    "crates": "the crates that cells may use, for the compiler found now; about two minutes to build again",
    "old-crates": "crates built for another compiler or an earlier version of the course",
    "lessons": "what testing the Rust of the chapters has compiled; for authors",
    "toolchain": "the Rust compiler that `course doctor --fix` installed",
    "found": "where the Rust compiler was found; looked up again in a blink",
}


@dataclass(frozen=True)
class Kept:
    """One kind of thing that is kept: its folders, their size in bytes, and what removing them costs."""

    name: str
    what: str
    paths: tuple[Path, ...]
    bytes: int


def kept() -> list[Kept]:
    """Return everything that is there now, the largest first."""
    folders: dict[str, list[Path]] = {}
    root = places.cache_root()
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if path.name == "crates" and path.is_dir():
            for build in sorted(entry for entry in path.iterdir() if entry.is_dir()):
                folders.setdefault("crates" if build == _current() else "old-crates", []).append(build)
        else:
            folders.setdefault(path.name, []).append(path)
    found = [
        Kept(name, _KNOWN.get(name, "kept by another part of the course"), tuple(paths), sum(map(size, paths)))
        for name, paths in folders.items()
    ]
    return sorted(found, key=lambda one: -one.bytes)


def _current() -> Path | None:
    try:
        return crates.folder()
    except RustMissing:
        return None


def size(path: Path) -> int:
    """Return the bytes on disk of a file, or of everything in a folder (a file with two names counts once)."""
    seen: set[tuple[int, int]] = set()
    total = 0
    waiting = [path]
    while waiting:
        one = waiting.pop()
        with contextlib.suppress(OSError):  # another process may be clearing it
            if one.is_dir() and not one.is_symlink():
                waiting += [Path(entry.path) for entry in os.scandir(one)]
                continue
            status = one.lstat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_size
    return total


def clear(names: list[str]) -> int:
    """Remove what `names` name (of `kept()`), and return the bytes that were freed.

    Raises:
        UnknownName: there is nothing of that name; then nothing is removed.
        CourseError: the crates are being built right now; the rest is removed.
    """
    there = {one.name: one for one in kept()}
    for name in names:
        if name not in there:
            raise UnknownName("part of the cache", name, there)
    freed = 0
    busy: Path | None = None
    for name in names:
        for path in there[name].paths:
            if name in ("crates", "old-crates") and not _remove_build(path):
                busy = path
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        freed += there[name].bytes - sum(map(size, there[name].paths))
    if busy is not None:
        raise CourseError(
            "the crates are being built right now, and were left", place=str(busy), help="try again when that is done"
        )
    return freed


def _remove_build(base: Path) -> bool:
    """Remove a build of the crates, unless a process is building it."""
    from course.rust import crates_build

    locks = [filelock.FileLock(base.parent / f"{base.name}.{stage}.lock") for stage in ("crates", "torch")]
    try:
        for lock in locks:
            lock.acquire(timeout=0)
        crates_build.remove(base)
    except filelock.Timeout:
        return False
    finally:
        for lock in locks:
            lock.release()
    return True
