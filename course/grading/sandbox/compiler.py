"""The child that compiles one Rust cell, and nothing else: it has the compiler, and never runs what it makes."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.grading.sandbox.frames import frame, head_and_body
from course.rust import compile as compiling
from course.rust import crates, diagnostics, toolchain
from course.tasks import wire

__all__ = ["STOPPED", "warm", "work"]

STOPPED = "stopped"
"""In place of an error's code: the compiler did not come to an answer within its limits."""
_LONGEST = 20_000  # characters of the compiler's messages


_cache: dict[str, str] = {}


def warm(cache: dict[str, str], place: str) -> None:
    """Look everything up that is the same for all cells.

    Args:
        cache: the folders of the instructor's that are read, by name.
        place: where this worker may write.
    """
    os.environ["COURSE_CACHE_DIR"] = f"{place}/cache"
    _cache.update(cache)
    _link()
    toolchain.find()
    crates.ready()
    compiling.unit("fn warm(x: &[f64]) -> f64 { x[0] }")


def _link() -> None:
    """Make a cache of this worker's own, which has the crates of the real one."""
    mine = Path(os.environ["COURSE_CACHE_DIR"])
    mine.mkdir(exist_ok=True)
    for name, place in _cache.items():
        if not (mine / name).is_symlink():
            (mine / name).symlink_to(place)


def work(fds: list[int]) -> None:
    """Compile the cell that the payload holds; send what came of it."""
    channel = socket.socket(fileno=fds[0])
    payload = wire.decode(os.pread(fds[1], os.fstat(fds[1]).st_size, 0))
    _link()
    channel.sendall(frame(b"S"))
    channel.sendall(frame(b"A", _compile(payload["units"], payload["flags"])))
    channel.sendall(frame(b"E"))


def _compile(cells: list[tuple[str, str]], flags: dict[str, Any]) -> bytes:
    units = [compiling.unit(source, name) for name, source in cells]
    head: dict[str, Any] = {"codes": [], "text": "", "main": units[-1].cell.has_main, "fault": ""}
    for refused in units[-1].cell.not_supported:
        if refused.public:
            text = diagnostics.cannot_cross(refused, units[-1]).text()
            return head_and_body(head | {"codes": ["cannot cross"], "text": text[:_LONGEST]})
    try:
        built = compiling.build(units, compiling.Flags(**flags))
    except compiling.Refused as error:
        if not any(said.get("level") == "error" for said in error.diagnostics):
            # It was ended in the middle of its work.
            return head_and_body(head | {"codes": [STOPPED]})
        report = diagnostics.read(error.diagnostics, units, error.shim)
        return head_and_body(head | {"codes": report.codes or ["error"], "text": report.text()[:_LONGEST]})
    except CourseError as error:  # no compiler, no crates: this machine's lack, not the learner's
        return head_and_body(head | {"fault": error.render()})
    return head_and_body(head, b"" if head["main"] else built.artifact.read_bytes())
