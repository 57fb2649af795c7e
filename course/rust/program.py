"""Run a cell that is a program: in a child process, its output shown as it comes, ended by an interrupt."""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

from course.errors import ProgramFailed

__all__ = ["ending", "run_program"]

_GRACE = 2.0  # seconds between asking a program to end and ending it


def run_program(program: Path, *, timed: bool = False) -> None:
    """Run a program to its end; what it prints goes to this process's `sys.stdout` and `sys.stderr` as it comes.

    Raises:
        ProgramFailed: it ended with an exit code other than 0, or by a signal.
        KeyboardInterrupt: the kernel was interrupted; the program has been ended.
    """
    started = time.perf_counter()
    # A session of its own: an interrupt reaches us first, and whatever the program started ends with it.
    process = subprocess.Popen(
        [str(program)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        _relay(process)
        code = process.wait()
    except BaseException:
        _end(process)
        raise
    finally:
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    if timed:
        print(f"ran {time.perf_counter() - started:.3f} s, starting the process included")
    if code != 0:
        raise ProgramFailed(ending(code))


def _relay(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    with selectors.DefaultSelector() as selector:
        for source, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
            os.set_blocking(source.fileno(), False)
            decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
            selector.register(source, selectors.EVENT_READ, (target, decoder))
        while selector.get_map():
            for key, _ in selector.select(0.2):  # a signal that reaches another thread is seen then
                target, decoder = key.data
                _pass_on(selector, key, target, decoder)


def _pass_on(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, target: TextIO, decoder: codecs.IncrementalDecoder
) -> None:
    data = os.read(key.fd, 65536)
    target.write(decoder.decode(data, final=not data))
    target.flush()
    if not data:
        selector.unregister(key.fileobj)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ending(code: int) -> str:
    """Describe how a process ended."""
    if code >= 0:
        return f"exit code {code}{' (a panic)' if code == 101 else ''}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
    what = {
        "SIGABRT": " (it aborted: a panic during a panic, abort(), or a stack overflow)",
        "SIGSEGV": " (most often a stack overflow: recursion without an end)",
        "SIGBUS": " (most often a stack overflow: recursion without an end)",
        "SIGKILL": " (killed, perhaps because memory ran out)",
    }
    return f"{name}{what.get(name, '')}"
