"""Figures about people and projects, each with its date and its source, as `data/community.json` keeps them.

Such figures cannot be measured on the reader's machine; they are counted by others, on a day. What is not there was
looked for and not found, and is listed as such.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Figure", "Library", "libraries", "not_found", "note", "pairs", "projects", "releases"]

COMMUNITY = Path(__file__).with_name("data") / "community.json"


@dataclass(frozen=True)
class Figure:
    """What one list said of one project on one day; None where it does not say."""

    date: str
    source: str
    stars: int
    contributors: int
    dependents: int | None = None

    @property
    def year(self) -> float:
        """The date as a number, for a figure of growth."""
        year, month, day = map(int, self.date.split("-"))
        return round(year + (month - 1) / 12 + (day - 1) / 365, 2)


@dataclass(frozen=True)
class Library:
    """A library and what was found of it, oldest first."""

    name: str
    language: str
    in_overview: bool
    figures: tuple[Figure, ...]

    def growth(self, what: str) -> float | None:
        """Return the newest figure over the oldest; None where there are not two."""
        values = [value for figure in self.figures if (value := getattr(figure, what))]
        return values[-1] / values[0] if len(values) > 1 else None


@functools.cache
def _content() -> dict[str, Any]:
    found = json.loads(COMMUNITY.read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def libraries() -> dict[str, Library]:
    """Return every library by its name."""
    return {
        one["name"]: Library(
            one["name"], one["language"], one["in_overview"], tuple(Figure(**figure) for figure in one["figures"])
        )
        for one in _content()["libraries"]
    }


def pairs() -> list[tuple[Library, Library]]:
    """Return each Rust library with the Python library that does the same work."""
    known = libraries()
    return [(known[rust], known[python]) for rust, python in _content()["pairs"]]


def projects() -> list[dict[str, Any]]:
    """Return how many projects each list held, by language and date."""
    return list(_content()["projects"])


def releases() -> list[dict[str, str]]:
    """Return the newest release known of each library of the overview."""
    return list(_content()["releases"])


def not_found() -> list[str]:
    """Return what was looked for and not found."""
    return list(_content()["not_found"])


def note() -> str:
    """Return what the figures are, and are not."""
    return str(_content()["note"])
