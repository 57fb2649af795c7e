"""Every chapter without Rust: it can be read and run to its end."""

import pytest

from course.build import released
from course.chapters import Course
from course.checks.running import execute, failures, is_stub

COURSE = Course.find()


@pytest.mark.parametrize("chapter", COURSE.chapters(), ids=lambda chapter: chapter.name)
def test_without_rust_a_chapter_runs_to_its_end_and_only_what_the_reader_writes_is_missing(chapter, monkeypatch):
    monkeypatch.setenv("COURSE_NO_RUST", "1")

    ran = execute(released(COURSE, chapter), COURSE, chapter)

    mine = {cell["id"] for cell in ran.cells if "nbgrader" in cell.metadata}
    for cell, name, message in failures(ran):
        assert is_stub(name, message) or name == "RustMissing", f"{cell['id']}: {name}: {message}"
        # What the reader has yet to write, or what stands below it and uses it.
        assert cell["id"] in mine or is_stub(name, message), f"{cell['id']} shows no recording: {message}"
    html = "".join(str(output) for cell in ran.cells for output in cell.get("outputs", []))
    assert ("Recorded on" in html) == ("rust" in chapter.needs)
