"""Two processes for the lanes of Python that share their work this way: what people do where a library has no threads.

A worker has imported what it needs before anything is timed. What is sent and what comes back is pickled, which is in
the time.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

__all__ = ["closing", "share"]


@functools.cache
def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


def share(work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
    """Do `work` on each part, in two processes; return the results in the order of the parts."""
    return list(_pool().map(work, parts))


@contextmanager
def closing() -> Iterator[None]:
    """End the processes, if any were started inside: idle ones would keep memory while others are timed."""
    try:
        yield
    finally:
        if _pool.cache_info().currsize:
            _pool().shutdown()
            _pool.cache_clear()
