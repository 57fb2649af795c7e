"""One grader at a time: a lock that the system lets go of when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import filelock

from course.errors import CannotWrite, GradingElsewhere
from course.files import write_whole

__all__ = ["locked"]


_PATIENCE = 2  # seconds


@contextlib.contextmanager
def locked(private: Path) -> Iterator[None]:
    """Hold the lock of a class. Raises `GradingElsewhere` naming the process that holds it."""
    who = private / "grading.who"
    try:
        # A grader killed while it starts a worker leaves a half-started process, which holds the lock a moment longer.
        with filelock.FileLock(private / "grading.lock", timeout=_PATIENCE):
            now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
            write_whole(who, json.dumps({"process": os.getpid(), "machine": socket.gethostname(), "since": now}))
            try:
                yield
            finally:
                who.unlink(missing_ok=True)
    except filelock.Timeout:
        raise GradingElsewhere(private.parent, _said(who)) from None
    except OSError as error:
        raise CannotWrite(private / "grading.lock", error) from error


def _said(who: Path) -> str:
    try:
        holder = json.loads(who.read_text("utf-8"))
        return f"process {holder['process']} on {holder['machine']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
