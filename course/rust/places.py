"""Where the course keeps what it builds for this user: the toolchain it found, crates, compiled cells."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["APPLICATION", "cache_root"]

APPLICATION = "ml-in-rust-measured"


def cache_root() -> Path:
    """Return the folder of everything that can be thrown away and built again (it may not exist yet).

    `COURSE_CACHE_DIR` moves it: for tests, and for machines where many people share one warm cache.
    """
    moved = os.environ.get("COURSE_CACHE_DIR")
    # Without an author, Windows and macOS put it where every other program's cache is, too.
    return Path(moved).expanduser().absolute() if moved else platformdirs.user_cache_path(APPLICATION, appauthor=False)
