import json
import re

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course import checks
from course.build import build, differences, notebook_bytes, released, solved
from course.checks.effort import asked_for
from course.errors import CourseError
from course.grading.release import _core_alone
from course.source import read_source
from tests.courses import chapter_of, copy_of

TASK = """
```python solution="double"
def double(x):
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
```

```python tests="double" points=2
assert double(2) == 4, "twice 2 is 4"
```
"""
RUST_TASK = """
```rust solution="double"
fn double(x: f64) -> f64 {
    // BEGIN SOLUTION
    2.0 * x
    // END SOLUTION
}
```

```python tests="double" points=2
assert double(2) == 4, "twice 2 is 4"
```
"""


def built(body, tmp_path):
    return released(*chapter_of(body, tmp_path))


def refused(body, tmp_path):
    with pytest.raises(CourseError) as caught:
        built(body, tmp_path)
    return caught.value


def test_a_python_solution_becomes_a_stub_that_raises(tmp_path):
    assert built(TASK, tmp_path).cells[0].source == (
        'def double(x):\n    raise NotImplementedError("write your code here")'
    )


def test_a_rust_solution_becomes_a_stub_that_compiles(tmp_path):
    assert built(RUST_TASK, tmp_path).cells[0].source == (
        '%%rust\nfn double(x: f64) -> f64 {\n    todo!("write your code here")\n}'
    )


@pytest.mark.parametrize("task", [TASK, RUST_TASK])
def test_a_solved_copy_has_the_solution_and_the_same_ids(task, tmp_path):
    course, chapter = chapter_of(task, tmp_path)
    full = solved(course, chapter)

    assert "2" in full.cells[0].source
    assert "SOLUTION" not in full.cells[0].source
    assert [cell.id for cell in full.cells] == [cell.id for cell in released(course, chapter).cells]


def test_graded_cells_carry_nbgraders_metadata(tmp_path):
    answer, tests = built(TASK, tmp_path).cells

    assert answer.metadata == {
        "deletable": False,
        "nbgrader": {
            "schema_version": 3,
            "grade_id": "double",
            "grade": False,
            "locked": False,
            "solution": True,
            "task": False,
        },
    }
    assert tests.metadata["nbgrader"] == {
        "schema_version": 3,
        "grade_id": "double-tests",
        "grade": True,
        "locked": True,
        "solution": False,
        "task": False,
        "points": 2,
    }
    assert (tests.metadata["editable"], tests.metadata["deletable"]) == (False, False)


def test_nbgrader_accepts_the_metadata(tmp_path):
    from nbgrader.nbgraderformat import MetadataValidator

    essay = '\n<!-- #region essay="why" points=4 -->\nWrite here.\n<!-- #endregion -->\n'
    for cell in built(TASK + essay, tmp_path).cells:
        MetadataValidator().validate_cell(cell)


def test_an_essay_is_free_text_worth_points(tmp_path):
    body = '<!-- #region essay="why" points=4 -->\nWrite here.\n<!-- #endregion -->\n'
    (cell,) = built(body, tmp_path).cells

    assert (cell.cell_type, cell.source) == ("markdown", "Write here.")
    assert cell.metadata["nbgrader"]["points"] == 4
    assert cell.metadata["nbgrader"]["solution"] is True


def test_a_listing_is_shown_and_not_run(tmp_path):
    (cell,) = built("```rust .noeval\nfn f() {}\n```\n", tmp_path).cells

    assert (cell.cell_type, cell.source) == ("markdown", "```rust\nfn f() {}\n```")


@pytest.mark.parametrize("change", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_a_source_saved_by_a_windows_editor_gives_the_same_notebook(change, tmp_path):
    course, chapter = chapter_of(TASK, tmp_path)
    before = notebook_bytes(released(course, chapter))

    chapter.source.write_bytes(change(chapter.source.read_bytes()))

    assert notebook_bytes(released(course, course.at(chapter.name))) == before
    assert course.at(chapter.name).title == chapter.title


def test_each_heading_begins_a_cell_and_what_is_optional_is_folded(tmp_path):
    body = "# Small\n\nWords.\n\n### Optional: more\n\n```rust .noeval\n# not a heading\n```\n\n"
    body += "```python\n1\n```\n\nEnd.\n\n## On\n"

    cells = built(body, tmp_path).cells

    assert [cell.source.partition("\n")[0] for cell in cells] == ["# Small", "### Optional: more", "1", "End.", "## On"]
    assert [cell.source for cell in cells if cell.metadata.get("jp-MarkdownHeadingCollapsed")] == [
        "### Optional: more\n\n```rust\n# not a heading\n```"
    ]


PIECES = [
    "# Small",
    "## Core",
    "### Core",
    "## Optional: more",
    "### Optional",
    "##  Optional: two blanks",
    "  ### Optional: indented",
    "Optional: underlined\n---",
    "Core, underlined\n---",
    "## Optionally, this is asked for",
    "#Optional is no heading without a blank",
    "####### Optional is no heading with seven",
    "<!--\n# Optional\n\n## Core\n-->",
    "- a list\n\n  ## Optional\n\n  more of it",
    "> ## Optional",
    "````text\n```\n## Optional\n````",
    "   ```text\n## Optional\n   ```",
    "Words.",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_what_is_folded_is_what_has_no_minutes_and_no_points_in_the_core(tmp_path_factory, pieces):
    essay = '<!-- #region essay="why-{}" points=1 -->\nWrite.\n<!-- #endregion -->'
    cell = '```python id="cell-{}"\n{}\n```'
    body = "\n\n".join(f"{piece}\n\n{cell.format(n, n)}\n\n{essay.format(n)}" for n, piece in enumerate(pieces))
    course, chapter = chapter_of(body, tmp_path_factory.mktemp("course"))
    notebook = released(course, chapter)
    source = read_source(chapter.source)

    hidden, below = [], 0  # as JupyterLab hides them: up to a heading of this level or a higher one
    for one in notebook.cells:
        sharps = re.match(r" {0,3}(#{1,6})[ \t]", one.source)
        underlined = re.match(r"[^#\n<>]+\n---$", one.source, re.MULTILINE)
        level = len(sharps[1]) if sharps else 2 if underlined else 9
        if one.cell_type == "markdown" and level <= (below or 8):
            below = level if one.metadata.get("jp-MarkdownHeadingCollapsed") else 0
        hidden.append(bool(below))

    asked = {cell.line for cell in asked_for(checks.Page(course, chapter, source))}
    assert [cell.line not in asked for cell in source.cells] == hidden
    core = _core_alone(notebook)["cells"]
    essays = [
        (one["metadata"]["nbgrader"], off)
        for one, off in zip(core, hidden, strict=True)
        if "nbgrader" in one["metadata"]
    ]
    assert [not record["grade"] for record, _ in essays] == [off for _, off in essays]


@pytest.mark.parametrize(
    ("piece", "folded"),
    [
        ("### Optional", True),
        ("##  Optional: two blanks", True),
        ("Optional: underlined\n---", True),
        ("## Optionally, this is asked for", False),
        ("#Optional is no heading", False),
        ("<!--\n# Optional\n-->", False),
        ("- a list\n\n  ## Optional", False),
        ("   ```text\n## Optional\n   ```", False),
    ],
)
def test_only_a_heading_that_begins_with_the_word_optional_is_folded_and_nothing_else_is_cut(piece, folded, tmp_path):
    (cell,) = built(f"{piece}\n", tmp_path).cells  # which is also the last line of the chapter

    assert (cell.source, "jp-MarkdownHeadingCollapsed" in cell.metadata) == (piece, folded)


def test_what_stands_below_a_deeper_heading_is_folded_with_the_optional_one(tmp_path):
    essay = '<!-- #region essay="{0}" points=1 -->\nWrite.\n<!-- #endregion -->\n\n'
    body = "## Optional: all\n\n### Optional: a\n\n### B\n\n" + essay.format("off") + "## On\n\n" + essay.format("on")
    core = _core_alone(built(body, tmp_path))["cells"]

    records = [one["metadata"]["nbgrader"] for one in core if "nbgrader" in one["metadata"]]
    assert {record["grade_id"]: record["grade"] for record in records} == {"off": False, "on": True}


def test_prose_cut_at_its_headings_keeps_the_lines_of_the_source(tmp_path):
    _, chapter = chapter_of("# Small\n\nWords.\n\n## On\n\nMore.\n\n### And on\n", tmp_path)

    lines = chapter.source.read_text("utf-8").splitlines()

    cells = read_source(chapter.source).cells
    assert [lines[cell.line - 1] for cell in cells] == ["# Small", "## On", "### And on"]


def test_flags_of_a_rust_cell_reach_its_magic(tmp_path):
    (cell,) = built('```rust magic_args="--expect E0502"\nfn f() {}\n```\n', tmp_path).cells

    assert cell.source == "%%rust --expect E0502\nfn f() {}"


def test_a_built_notebook_has_no_outputs_and_says_where_it_is_from(tmp_path):
    notebook = built(TASK, tmp_path)

    assert all(cell.outputs == [] and cell.execution_count is None for cell in notebook.cells)
    assert notebook.metadata["course"]["built"].startswith("from notebooks/src/00_small.md by `course dev build`")
    assert "jupytext" not in notebook.metadata


def test_an_edit_changes_the_id_of_that_cell_alone(tmp_path):
    before = built("one\n\n```python\n1\n```\n\n```python\n2\n```\n", tmp_path)
    after = built("one\n\n```python\n1\n```\n\n```python\n3\n```\n", tmp_path)

    assert [a.id == b.id for a, b in zip(before.cells, after.cells, strict=True)] == [True, True, False]


def test_a_named_cell_keeps_its_id_through_edits(tmp_path):
    (before,) = built('```python id="loop"\n1\n```\n', tmp_path).cells
    (after,) = built('```python id="loop"\n2\n```\n', tmp_path).cells

    assert before.id == after.id == "loop"


def test_equal_cells_have_different_ids(tmp_path):
    ids = [cell.id for cell in built("```python\n1\n```\n\n```python\n1\n```\n", tmp_path).cells]

    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("body", "message", "line", "help"),
    [
        ('```python solutoin="a"\n1\n```\n', "no cell attribute is called 'solutoin'", 10, "did you mean solution?"),
        ('```python solution="A b"\n1\n```\n', "is not a slug", 10, "lower-case words"),
        ("```python .x foo bar=\n1\n```\n", "the attributes of this cell cannot be read", 10, 'name="value"'),
        (TASK + TASK, 'solution="double" is used twice', 22, "the first is at line 12"),
        (TASK.replace(" points=2", ""), "says how many points it is worth", 18, "add points=2"),
        (TASK.replace("points=2", "points=-1"), "says how many points it is worth", 18, "add points=2"),
        (TASK.replace('tests="double"', 'tests="duble"'), "no solution cell is called 'duble'", 18, "mean double?"),
        (TASK.replace('n="double"\n', 'n="double" points=1\n'), "only cells with tests", 11, "tests cell"),
        (TASK.replace("    # END SOLUTION\n", ""), "the solution has no `# END SOLUTION`", 11, "where it begins"),
        (TASK.replace("    # BEGIN SOLUTION\n", ""), "END SOLUTION without a BEGIN", 11, "# BEGIN SOLUTION"),
        ("```python\n# BEGIN SOLUTION\n1\n```\n", "BEGIN SOLUTION in a cell that is no solution", 10, "solution="),
        ("text\n\n```python\n1\n", "this code fence is never closed", 12, "close it with ```"),
        ('```python solution="a" tests="b" points=1\n1\n```\n', "cannot be both solution and tests", 10, "split"),
        ('```python essay="a" points=1\n1\n```\n', "an essay is free text", 10, "region"),
        ('```python\nquiz("01_other/end")\n```\n', "is not a section of this chapter's quiz", 10, "00_small/section"),
        ('```python\nquiz("00_small/end")\nx = 1\n```\n', "holds its quiz(…) line alone", 10, "split the cell"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_named_with_its_line_and_a_cure(body, message, line, help, tmp_path):
    error = refused(body, tmp_path)

    assert message in error.message
    assert error.place == f"{tmp_path}/notebooks/src/00_small.md:{line}"
    assert help in error.help


def test_a_missing_source_is_named(tmp_path):
    course, _ = chapter_of("", tmp_path)

    with pytest.raises(CourseError, match="there is no such chapter source") as caught:
        released(course, course.at("07_performance"))
    assert caught.value.place.endswith("07_performance.md")


def test_a_source_that_is_not_utf8_is_named_with_its_line(tmp_path):
    course, chapter = chapter_of("one\n", tmp_path)
    chapter.source.write_bytes(chapter.source.read_bytes() + b"caf\xe9\n")

    with pytest.raises(CourseError, match="the file is not UTF-8") as caught:
        released(course, chapter)
    assert caught.value.place.endswith(":11")


def test_one_wrong_source_leaves_every_notebook_as_it_was(tmp_path):
    course = copy_of("good", tmp_path)
    before = course.at("00_doubles").notebook.read_bytes()
    source = course.at("00_doubles").source
    source.write_text(source.read_text().replace("2 * 21", "3 * 21"))
    (course.sources / "01_wrong.md").write_text("no header")

    with pytest.raises(CourseError, match="no header"):
        build(course, course.chapters())

    assert course.at("00_doubles").notebook.read_bytes() == before


def test_a_second_build_changes_nothing(tmp_path):
    course = copy_of("good", tmp_path)

    assert build(course, course.chapters()) == []
    assert differences(course, course.chapters()) == []


def test_a_notebook_edited_by_hand_is_found_and_the_cell_is_named(tmp_path):
    course = copy_of("good", tmp_path)
    path = course.at("00_doubles").notebook
    notebook = json.loads(path.read_text())
    cell = next(cell for cell in notebook["cells"] if cell["id"] == "twice")
    cell["source"] += "\n1"
    path.write_bytes(notebook_bytes(notebook))

    (found,) = differences(course, course.chapters())

    assert (found.cell, found.what) == ("twice", "its source differ")


def test_a_notebook_without_a_source_is_found(tmp_path):
    course = copy_of("good", tmp_path)
    (course.notebooks / "09_gone.ipynb").write_text("{}")

    (found,) = differences(course, course.chapters())

    assert found.what.startswith("it has no source")


CELLS = st.lists(
    st.tuples(
        st.sampled_from(["prose", "python", "rust"]),
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="`\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"),
                         max_size=30), min_size=1, max_size=4),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(cells=CELLS)
def test_any_source_builds_to_a_valid_notebook_twice_the_same_or_is_refused(cells, tmp_path_factory):
    parts = []
    for kind, lines in cells:
        text = "\n".join(lines)
        parts.append(text if kind == "prose" else f"```{kind}\n{text}\n```")
    course, chapter = chapter_of("\n\n".join(parts) + "\n", tmp_path_factory.mktemp("course"))
    try:
        first = released(course, chapter)
    except CourseError as error:
        assert error.place  # noqa: PT017
        return

    nbformat.validate(first)
    assert notebook_bytes(first) == notebook_bytes(released(course, chapter))
    assert len({cell.id for cell in first.cells}) == len(first.cells)
