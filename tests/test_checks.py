from pathlib import Path

import pytest

from course import checks
from course.authoring import new_chapter
from course.build import build
from course.chapters import Course
from course.checks.effort import asked_for, lines_to_read, minutes_of
from course.errors import CourseError, UsageMistake
from course.source import Cell, read_source
from tests.courses import FIXTURES, copy_of

OURS = Course(Path(__file__).parent.parent)

BAD = sorted(folder.name for folder in (FIXTURES / "bad").iterdir())
RUNNING = ["learners-copy-fails-only-in-stubs", "solved-copy-runs"]


def broken(course: Course, *, run: bool = False):
    return checks.check(course, course.chapters(), run=run)


def test_a_good_chapter_keeps_every_rule(tmp_path):
    assert broken(copy_of("good", tmp_path), run=True) == []


@pytest.mark.parametrize("rule", [name for name in BAD if name not in RUNNING])
def test_each_bad_course_breaks_just_the_rule_it_is_named_for(rule, tmp_path):
    course = copy_of(f"bad/{rule}", tmp_path, built=rule not in ("built", "readable"))

    found = broken(course)

    assert {one.rule for one in found} == {rule}
    assert all(one.place.startswith(("notebooks/", "quizzes/")) and one.help for one in found)


@pytest.mark.parametrize("rule", RUNNING)
def test_each_bad_course_that_must_run_breaks_just_the_rule_it_is_named_for(rule, tmp_path):
    course = copy_of(f"bad/{rule}", tmp_path)

    assert broken(course) == []
    found = {one.rule for one in broken(course, run=True)}

    # A cell that fails in the solved copy fails in the learner's too.
    assert found == ({rule} if rule.startswith("learners") else {rule, "learners-copy-fails-only-in-stubs"})


def test_every_rule_has_a_bad_course():
    from course.checks import reading, running  # noqa: F401

    assert {*checks.READING, *checks.RUNNING, "readable"} == set(BAD)


def test_a_finding_names_the_line(tmp_path):
    (one,) = broken(copy_of("bad/words", tmp_path))

    lines = (tmp_path / "notebooks/src/00_doubles.md").read_text().splitlines()
    assert "simply" in lines[int(one.place.rpartition(":")[2]) - 1]


def test_a_new_chapter_breaks_no_rule_but_unwritten(tmp_path):
    course = copy_of("good", tmp_path)

    new_chapter(course, "16_boosting")

    found = checks.check(course, [course.chapter("16")])
    assert {one.rule for one in found} == {"unwritten"}
    assert any(one.place.startswith("quizzes/") for one in found)


@pytest.mark.parametrize("name", ["boosting", "16-boosting", "16_Boosting", "../16_x", ""])
def test_a_name_that_is_no_chapters_is_refused(name, tmp_path):
    course = copy_of("good", tmp_path)
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(UsageMistake, match="is not a chapter's name"):
        new_chapter(course, name)

    assert sorted(tmp_path.rglob("*")) == before


def test_a_number_that_is_taken_is_refused(tmp_path):
    with pytest.raises(CourseError, match="the number 00 belongs to 00_doubles"):
        new_chapter(copy_of("good", tmp_path), "00_halves")


def test_an_existing_chapter_is_not_overwritten(tmp_path):
    course = copy_of("good", tmp_path)
    before = course.at("00_doubles").source.read_bytes()

    with pytest.raises(CourseError, match="exists already"):
        new_chapter(course, "00_doubles")

    assert course.at("00_doubles").source.read_bytes() == before


def test_a_chapter_that_is_edited_is_reported_until_it_is_built(tmp_path):
    course = copy_of("good", tmp_path)
    source = course.at("00_doubles").source
    source.write_text(source.read_text().replace("You can add.", "You can add numbers."))

    assert {one.rule for one in broken(course)} == {"built"}

    build(course, course.chapters())
    assert broken(course) == []


def test_the_first_timed_comparison_comes_within_three_minutes_of_opening_the_course():
    welcome = OURS.at("00_welcome")
    page = checks.Page(OURS, welcome, read_source(welcome.source))
    (first, *_) = (n for n, cell in enumerate(page.source.cells) if cell.text.startswith("time_lanes("))

    assert minutes_of(page, page.source.cells[: first + 1]) <= 3


def test_what_is_optional_is_not_in_the_minutes(tmp_path):
    course = copy_of("good", tmp_path)
    source = course.at("00_doubles").source
    text = source.read_text()
    more = "".join(f'```python id="more-{n}"\n{n}\n```\n\nAnd on.\n\n' for n in range(60))

    source.write_text(text.replace("## Your turn", f"### Optional: more\n\n{more}## Your turn"))
    build(course, course.chapters())
    assert broken(course) == []

    source.write_text(source.read_text().replace("### Optional: more", "### More"))
    build(course, course.chapters())
    assert [one.rule for one in broken(course)] == ["minutes"]


def with_cell(course: Course, attributes: str, lines: int) -> None:
    source = course.at("00_doubles").source
    cell = "\n".join(["# not counted", "import math", "data = [", *(f"    {n}," for n in range(lines - 1)), "]"])
    source.write_text(source.read_text().replace("## Your turn", f"```python{attributes}\n{cell}\n```\n\n## Your turn"))
    build(course, course.chapters())


@pytest.mark.parametrize(
    ("attributes", "lines", "rules"),
    [
        ("", 5, []),
        ("", 6, ["cell-length"]),
        (' long="one table, read as a whole"', 6, []),
        (' long="one table, read as a whole"', 15, []),
        (' long="one table, read as a whole"', 16, ["cell-length"]),
        (' long="one table, read as a whole"', 5, ["cell-length"]),
    ],
)
def test_a_cell_has_five_lines_to_read_or_a_reason_for_more(tmp_path, attributes, lines, rules):
    course = copy_of("good", tmp_path)

    with_cell(course, attributes, lines)

    assert [one.rule for one in broken(course)] == rules


@pytest.mark.parametrize(
    "shown", ['show(figure, alt="a", caption="b")', 'show(\n    figure,\n    alt="a"\n    "b",\n)']
)
def test_the_words_for_readers_who_do_not_see_a_figure_are_not_counted(shown):
    assert lines_to_read(Cell("code", f"{shown}\n1 + 1", 1)) == ["show(figure)", "1 + 1"]


def test_a_long_cell_without_a_reason_in_words_is_refused(tmp_path):
    course = copy_of("good", tmp_path)
    source = course.at("00_doubles").source
    source.write_text(source.read_text().replace("## Your turn", '```python long="yes"\n1\n```\n\n## Your turn'))

    (finding,) = checks.check(course, course.chapters(), run=False)

    assert (finding.rule, finding.message) == ("readable", "long='yes' gives no reason")


@pytest.mark.parametrize("chapter", [one for one in OURS.chapters() if one.number], ids=lambda one: one.name)
def test_a_chapter_of_ours_is_an_evenings_work(chapter):
    page = checks.Page(OURS, chapter, read_source(chapter.source))

    assert 30 <= page.source.header.minutes <= 45


def test_what_is_asked_for_begins_again_at_the_heading_after_what_is_optional(tmp_path):
    course = copy_of("good", tmp_path)
    source = course.at("00_doubles").source
    optional = "### Optional: more\n\nNot asked.\n\n"
    source.write_text(source.read_text().replace("## Your turn", f"{optional}## Your turn"))
    page = checks.Page(course, course.at("00_doubles"), read_source(source))

    asked = "\n".join(cell.text for cell in asked_for(page))

    assert "Not asked." not in asked
    assert "## Your turn" in asked
