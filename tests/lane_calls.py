"""Calls of single lanes on data that a test made, past the job's own sizes and seeds."""

from __future__ import annotations

from typing import Any

from course.claims import lanes

__all__ = ["by_hand", "read_by_hand"]


def by_hand(name: str, data: object, *, lane: str, threads: int = 1) -> Any:
    """Return what a lane makes of the data."""
    return lanes.job(name).lanes[lane].prepare(data, threads)()


def read_by_hand(name: str, data: object, *, lane: str, threads: int = 1) -> Any:
    """Return it as the job reads it for a comparison, where it does."""
    found, read = by_hand(name, data, lane=lane, threads=threads), lanes.job(name).lanes[lane].read
    return read(found) if read else found
