"""Small courses for tests: copies of tests/fixtures/courses, and chapters written in a line."""

from __future__ import annotations

import shutil
from pathlib import Path

from course.build import build
from course.chapters import Chapter, Course

FIXTURES = Path(__file__).parent / "fixtures" / "courses"

HEADER = """---
jupyter:
  course:
    title: Small
    part: START
    minutes: 10
    needs: [{needs}]
---

"""


def copy_of(name: str, folder: Path, *, built: bool = True) -> Course:
    """Return a course that is a copy of a fixture, with its notebooks built."""
    shutil.copytree(FIXTURES / name, folder, dirs_exist_ok=True)
    course = Course(folder)
    if built:
        build(course, course.chapters())
    return course


def chapter_of(body: str, folder: Path, *, needs: str = "") -> tuple[Course, Chapter]:
    """Return a course of one chapter, `00_small`, with `body` below its header."""
    course = Course(folder)
    course.sources.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").touch()
    chapter = course.at("00_small")
    chapter.source.write_text(HEADER.format(needs=needs) + body, "utf-8")
    return course, chapter
