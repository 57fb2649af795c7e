"""Give every library the same number of threads: BLAS, OpenMP, numba, rayon, polars, torch."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from threadpoolctl import threadpool_limits

__all__ = ["thread_limit"]

_AT_START = ("RAYON_NUM_THREADS", "POLARS_MAX_THREADS")


@contextlib.contextmanager
def thread_limit(threads: int) -> Iterator[None]:
    """Let the libraries of this process use at most `threads` threads, and give back what they had.

    BLAS and OpenMP pools by threadpoolctl, numba and torch by their own functions where they are loaded.
    `RAYON_NUM_THREADS` is set for child processes and for a pool that starts inside; a rayon pool that has already
    started in this process keeps its size (rayon offers no way), so a lane that times rayon takes a pool of its own.
    polars' pool is such a one: it keeps the size it was started with (`POLARS_MAX_THREADS`).
    """
    before = {name: os.environ.get(name) for name in _AT_START}
    os.environ.update(dict.fromkeys(_AT_START, str(threads)))
    numba, torch = sys.modules.get("numba"), sys.modules.get("torch")
    numba_before = numba.get_num_threads() if numba else 0
    torch_before = torch.get_num_threads() if torch else 0
    try:
        if numba:
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        if torch:
            torch.set_num_threads(threads)
        with threadpool_limits(limits=threads):
            yield
    finally:
        if numba:
            numba.set_num_threads(numba_before)
        if torch:
            torch.set_num_threads(torch_before)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
