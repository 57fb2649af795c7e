"""Machine learning in Rust, measured: the names a notebook imports.

    from course import show                  # a figure with its alternative text
    from course import show_rust             # a tested Rust function, as it stands in the repository
    from course import quiz, answer          # a section of questions; an answer where there is no JavaScript
    from course import check, hint, solution # a task: is it right? the next hint; how the course does it
    from course import claim                 # a claim of the overview, measured here: rule, figure, verdict
    from course import time_lanes            # several ways to do one job, checked, then timed in turns
    from course import load_digits, …        # data sets with units, licence and source
    from course import penguin_table         # one of them as text, the way it was published
    from course import project_table, …      # what was counted of Rust's machine-learning projects, as text

`%load_ext course` adds `%%rust` cells. Names are imported when they are first asked for, so that a cell that needs
none of matplotlib, scikit-learn or the widget does not wait for them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course import quiz
    from course.claims.protocol import time_lanes
    from course.claims.shown import claim
    from course.data import (
        download_table,
        load_diabetes,
        load_digits,
        load_iris,
        load_penguins,
        load_wine,
        penguin_table,
        project_history,
        project_table,
    )
    from course.plots import show
    from course.quiz.widget import answer
    from course.rust.show import show_rust
    from course.tasks.checking import check, hint, solution

__all__ = [
    "answer",
    "check",
    "claim",
    "download_table",
    "hint",
    "load_diabetes",
    "load_digits",
    "load_ipython_extension",
    "load_iris",
    "load_penguins",
    "load_wine",
    "penguin_table",
    "project_history",
    "project_table",
    "quiz",
    "show",
    "show_rust",
    "solution",
    "time_lanes",
]

_HOMES = {
    "answer": "course.quiz.widget",
    "check": "course.tasks.checking",
    "claim": "course.claims.shown",
    "download_table": "course.data",
    "hint": "course.tasks.checking",
    "load_diabetes": "course.data",
    "load_digits": "course.data",
    "load_iris": "course.data",
    "load_penguins": "course.data",
    "load_wine": "course.data",
    "penguin_table": "course.data",
    "project_history": "course.data",
    "project_table": "course.data",
    "show": "course.plots",
    "show_rust": "course.rust.show",
    "solution": "course.tasks.checking",
    "time_lanes": "course.claims.protocol",
}


def __getattr__(name: str) -> Any:
    if name == "quiz":
        return importlib.import_module("course.quiz")  # a package that can be called
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'course' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Add the course to a notebook: `%%rust` cells, and recordings where they cannot run."""
    from course.notebook import add_to

    add_to(shell)
