from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.chapters import Course, read_header
from course.errors import CourseError, UnknownName
from tests.courses import chapter_of, copy_of

GOOD = "---\njupyter:\n  course:\n    title: A\n    part: START\n    minutes: 10\n---\n"


def broken(old, new):
    with pytest.raises(CourseError) as caught:
        read_header(GOOD.replace(old, new), path=Path("a.md"))
    return caught.value


def test_a_header_gives_title_part_minutes_and_needs():
    header = read_header(GOOD.replace("minutes: 10", "minutes: 10\n    needs: [rust]"), path=Path("a.md"))

    assert (header.title, header.part, header.minutes, header.needs) == ("A", "START", 10, ("rust",))


@pytest.mark.parametrize(
    ("old", "new", "message", "place"),
    [
        ("---\njup", "jup", "the chapter has no header", "a.md:1"),
        ("10\n---\n", "10\n", "the header has no end", "a.md:1"),
        ("title: A", "title: [A", "the header is not YAML: expected", "a.md:5"),
        ("  course:", "  curse:", "the header has no `course`", "a.md:1"),
        ("title: A", "titel: A", "no header field is called 'titel'", "a.md:1"),
        ("title: A\n", "title:\n", "the header has no title", "a.md:1"),
        ("START", "STRAT", "no part is called 'STRAT'", "a.md:1"),
        ("minutes: 10", "minutes: ten", "does not say how many minutes", "a.md:1"),
        ("minutes: 10", "minutes: yes", "does not say how many minutes", "a.md:1"),
        ("minutes: 10", "minutes: 10\n    needs: rust", "`needs` in the header is not a list", "a.md:1"),
        ("minutes: 10", "minutes: 10\n    needs: [rusty]", "no capability is called 'rusty'", "a.md:1"),
    ],
)
def test_a_broken_header_is_named_with_its_line(old, new, message, place):
    error = broken(old, new)

    assert error.message.startswith(message) or message in error.message
    assert error.place == place
    assert error.help


def test_a_misspelt_part_suggests_the_right_one():
    assert broken("START", "STRAT").help == "did you mean START?"


@given(st.text())
def test_any_text_is_a_header_or_a_course_error(text):
    for candidate in (text, f"---\n{text}\n---\n", GOOD.replace("A", text)):
        try:
            read_header(candidate, path=Path("a.md"))
        except CourseError as error:
            assert error.place.startswith("a.md:")  # noqa: PT017


@pytest.mark.parametrize("name", ["0", "00", "00_doubles"])
def test_a_chapter_is_found_by_number_or_name(name, tmp_path):
    assert copy_of("good", tmp_path, built=False).chapter(name).title == "Doubles"


def test_an_unknown_chapter_suggests_the_nearest(tmp_path):
    with pytest.raises(UnknownName) as caught:
        copy_of("good", tmp_path, built=False).chapter("00_dubles")

    assert caught.value.help == "did you mean 00_doubles?"


def test_a_course_is_found_from_a_folder_inside_it(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    course = copy_of("good", tmp_path, built=False)

    assert Course.find(course.quizzes).root == tmp_path


def test_a_course_root_without_notebooks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))

    with pytest.raises(CourseError, match="COURSE_ROOT names a folder without notebooks/"):
        Course.find()


def test_two_chapters_of_one_number_are_refused(tmp_path):
    course = copy_of("good", tmp_path, built=False)
    (course.sources / "00_triples.md").write_text("")

    with pytest.raises(CourseError, match="two chapters have the number 00"):
        course.chapters()


def test_a_file_that_is_not_named_like_a_chapter_is_refused(tmp_path):
    course, _ = chapter_of("", tmp_path)
    (course.sources / "notes.md").write_text("")

    with pytest.raises(CourseError, match="a chapter's file is named for its number and topic"):
        course.chapters()


def test_a_course_without_sources_has_the_chapters_of_its_notebooks(tmp_path):
    """An installed course ships built notebooks only."""
    course, chapter = chapter_of("# Small\n", tmp_path)
    from course.build import build

    build(course, [chapter])
    chapter.source.unlink()

    (only,) = Course(tmp_path).chapters()
    assert (only.name, only.title, only.minutes) == ("00_small", "Small", 10)
