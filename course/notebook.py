"""What `%load_ext course` adds to a notebook: `%%rust` cells, links from errors to chapters, and recordings."""

from __future__ import annotations

import contextlib
from typing import Any

from course import recordings
from course.chapters import Course
from course.errors import CourseError
from course.rust import explain, magic

__all__ = ["TAUGHT_IN", "add_to", "links_to_chapters"]

TAUGHT_IN = {
    "E0004": "02_rust",
    "E0070": "04_rustlearn",
    "E0106": "02_rust",
    "E0277": "02_rust",
    "E0308": "02_rust",
    "E0369": "03_ndarray",
    "E0382": "02_rust",
    "E0384": "00_welcome",
    "E0432": "04_rustlearn",
    "E0499": "03_ndarray",
    "E0502": "02_rust",
    "E0505": "03_ndarray",
    "E0515": "03_ndarray",
    "E0596": "03_ndarray",
    "E0599": "05_linfa",
}
"""The compiler's error code → the chapter that teaches it, in its cells or its quiz."""


def add_to(shell: Any) -> None:
    """Add the course to an IPython shell. Adding it twice does no harm."""
    magic.register(shell)
    recordings.install(shell)
    offered = {"answer": _answer, "hint": _hint, "solution": _solution}
    shell.push({name: do for name, do in offered.items() if name not in shell.user_ns}, interactive=False)
    with contextlib.suppress(CourseError):  # `%%rust` works without a course around it
        explain.HELP_LINKS.update(links_to_chapters(Course.find()))


def links_to_chapters(course: Course) -> dict[str, tuple[str, str]]:
    """Return, for each error code that a chapter of the course teaches, the chapter's label and notebook."""
    chapters = {chapter.name: chapter for chapter in course.chapters()}
    return {
        code: (f"chapter {name[:2]}, {chapters[name].title}", f"{name}.ipynb")
        for code, name in TAUGHT_IN.items()
        if name in chapters
    }


# What `check` and quizzes tell a learner to type works in every notebook, whether or not its first cell imports it.


def _answer(item: str, response: object = None) -> None:
    """Answer a question where no buttons are shown: `answer("slice-no-copy", "b")`."""
    from course import answer

    answer(item, response)


def _hint(name: str) -> None:
    """Show the next hint of a task: `hint("03_ndarray/standardise")`."""
    from course import hint

    hint(name)


def _solution(name: str) -> None:
    """Show the course's solution of a task: after you passed it, or when asked for twice."""
    from course import solution

    solution(name)
