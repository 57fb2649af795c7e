"""Merging a changed chapter with a learner's notebook: what happens to each cell, and that nothing is ever lost."""

from __future__ import annotations

import copy
import json
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.merge import QUIZ_KEY, attempts_in, carry_answers, merge, union_of_attempts
from course.notebook_file import Cell, Notebook, text_of


def code(id: str, text: str, **metadata: Any) -> Cell:
    return {
        "cell_type": "code",
        "id": id,
        "source": text,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def prose(id: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": id, "source": text, "metadata": {}}


def notebook(*cells: Cell) -> Notebook:
    return {"cells": list(copy.deepcopy(cells)), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def run(cell: Cell) -> Cell:
    output = {"output_type": "stream", "name": "stdout", "text": "it ran"}
    return cell | {"outputs": [output], "execution_count": 1}


def texts(merged: Notebook) -> list[str]:
    return [text_of(cell) for cell in merged["cells"]]


A, B, C = prose("a", "# Title"), code("b", "x = 1"), code("c", "y = 2")


def test_an_unchanged_chapter_gives_the_learners_notebook_back():
    mine = notebook(A, run(B), prose("mine", "a note"), run(code("c", "y = 3")))

    merged = merge(notebook(A, B, C), notebook(A, B, C), mine)

    assert mine == merged.notebook
    assert not merged.conflicts


def test_a_cell_the_course_changed_is_brought_in_without_its_old_output():
    merged = merge(notebook(A, B, C), notebook(A, code("b", "x = 10"), C), notebook(A, run(B), run(C)))

    assert texts(merged.notebook) == ["# Title", "x = 10", "y = 2"]
    assert merged.notebook["cells"][1]["outputs"] == []
    assert merged.notebook["cells"][2]["outputs"] != []
    assert merged.changed == ["b"]


def test_a_cell_the_course_changed_is_known_again_under_its_new_id():
    """The build names a cell by its text, so an edited sentence has another id."""
    old = prose("h1", "The mean of the rows is taken along axis one.")
    new = prose("h2", "The mean of the rows is taken along axis 1.")

    merged = merge(notebook(A, old, C), notebook(A, new, C), notebook(A, old, C))

    assert texts(notebook(A, new, C)) == texts(merged.notebook)
    assert merged.changed == ["h2"]
    assert not merged.added
    assert not merged.deleted


def test_a_renamed_cell_that_the_learner_changed_too_is_a_conflict():
    old, new = code("h1", "a = load()\nb = a.mean(0)\nb"), code("h2", "a = load()\nb = a.mean(1)\nb")
    own = code("h1", "a = load()\nb = a.mean(0)\nb + 1")

    merged = merge(notebook(A, old), notebook(A, new), notebook(A, own))

    assert merged.conflicts == ["h2"]
    assert texts(merged.notebook)[1] == text_of(own)


def test_a_conflict_keeps_the_learners_cell_and_shows_the_other_below_it_as_text():
    merged = merge(
        notebook(A, B, C), notebook(A, code("b", "x = 'theirs'"), C), notebook(A, run(code("b", "x = 'mine'")), C)
    )

    mine, theirs = merged.notebook["cells"][1:3]
    assert merged.conflicts == ["b"]
    assert text_of(mine) == "x = 'mine'"
    assert mine["outputs"] != []
    assert theirs["cell_type"] == "markdown", "Run All must not run the other version over the learner's"
    assert "```python\nx = 'theirs'\n```" in text_of(theirs)
    assert theirs["metadata"]["tags"] == ["course-conflict"]
    assert merged.place_of("b") == "cell 2 (x = 'mine')"


def test_an_update_that_was_cut_off_before_its_base_was_written_can_be_done_again():
    base, theirs = notebook(A, B), notebook(A, code("b", "x = 'theirs'"))
    once = merge(base, theirs, notebook(A, code("b", "x = 'mine'")))

    twice = merge(base, theirs, once.notebook)

    assert once.notebook == twice.notebook
    assert twice.conflicts == ["b"]


def test_both_changing_a_cell_the_same_way_is_no_conflict():
    fixed = code("b", "x = 2")

    merged = merge(notebook(B), notebook(fixed), notebook(run(fixed)))

    assert not merged.conflicts
    assert merged.notebook["cells"][0]["outputs"] != []


def test_a_cell_deleted_in_the_course_goes_unless_the_learner_changed_it():
    merged = merge(notebook(A, B, C), notebook(A), notebook(A, run(B), code("c", "y = 'mine'")))

    assert texts(merged.notebook) == ["# Title", "y = 'mine'"]
    assert merged.deleted == ["b"]
    assert merged.kept == ["c"]


def test_a_cell_deleted_in_the_course_stays_where_it_holds_answers():
    quiz = code("q", "quiz('x')", **{QUIZ_KEY: {"attempts": [{"attempt": "1"}]}}, nbgrader={"grade_id": "q"})

    merged = merge(notebook(A, code("q", "quiz('x')")), notebook(A), notebook(A, quiz))

    assert attempts_in(merged.notebook["cells"][1]) == [{"attempt": "1"}]
    assert "nbgrader" not in merged.notebook["cells"][1]["metadata"], (
        "a grade id the course does not know stops nbgrader"
    )


def test_a_cell_the_learner_deleted_comes_back_only_when_it_changed():
    merged = merge(notebook(A, B, C), notebook(A, B, code("c", "y = 20")), notebook(A))

    assert texts(merged.notebook) == ["# Title", "y = 20"]
    assert merged.returned == ["c"]


def test_what_the_learner_added_stays_below_the_cell_it_stood_below():
    own, new = prose("own", "mine"), prose("new", "theirs")

    merged = merge(notebook(A, B, C), notebook(A, new, B, C), notebook(A, own, B, C))

    assert [cell["id"] for cell in merged.notebook["cells"]] == ["a", "own", "new", "b", "c"]


def test_the_learners_order_stays_where_the_course_moved_nothing():
    merged = merge(notebook(A, B, C), notebook(A, B, C, prose("d", "new")), notebook(C, A, B))

    assert [cell["id"] for cell in merged.notebook["cells"]] == ["c", "d", "a", "b"]


def test_the_courses_order_wins_where_it_moved_cells_and_additions_follow():
    merged = merge(notebook(A, B, C), notebook(A, C, B), notebook(A, B, prose("own", "mine"), C))

    assert [cell["id"] for cell in merged.notebook["cells"]] == ["a", "c", "b", "own"]


def test_a_notebook_whose_ids_were_stripped_is_matched_by_its_text():
    """Old front ends save notebooks of format 4.4, without ids."""
    mine = notebook(A, run(B), prose("x", "a note"))
    for cell in mine["cells"]:
        del cell["id"]
    mine["nbformat_minor"] = 4

    merged = merge(notebook(A, B), notebook(A, B), mine)

    assert [cell["id"] for cell in merged.notebook["cells"][:2]] == ["a", "b"]
    assert texts(merged.notebook) == ["# Title", "x = 1", "a note"]
    assert merged.notebook["nbformat_minor"] == 5


def test_a_lost_base_shows_differences_as_conflicts_and_deletes_nothing():
    merged = merge(notebook(), notebook(A, code("b", "x = 10")), notebook(A, B, C))

    assert merged.conflicts == ["b"]
    assert {"# Title", "x = 1", "y = 2"} <= set(texts(merged.notebook))


def test_nbgraders_record_is_the_courses_and_a_learners_tag_is_kept():
    base, theirs = code("b", "x", nbgrader={"points": 1}), code("b", "x", nbgrader={"points": 2})
    mine = code("b", "x", nbgrader={"points": 100}, tags=["mine"])

    merged = merge(notebook(base), notebook(theirs), notebook(mine))

    assert merged.notebook["cells"][0]["metadata"] == {"nbgrader": {"points": 2}, "tags": ["mine"]}


def test_attempts_are_united_by_their_id():
    one, two = {"attempt": "1", "at": "mon"}, {"attempt": "2", "at": "tue"}

    united = union_of_attempts({"attempts": [one]}, {"quiz": "q", "attempts": [one, two]})

    assert united == {"quiz": "q", "attempts": [one, two]}


@pytest.mark.parametrize("junk", [None, [], "x", {"attempts": 3}, {"attempts": [[], None, {"attempt": 4}]}])
def test_junk_where_attempts_should_be_does_no_harm(junk: Any):
    merged = merge(notebook(B), notebook(code("b", "x = 2")), notebook(code("b", "x = 1", **{QUIZ_KEY: junk})))

    assert texts(merged.notebook) == ["x = 2"] or attempts_in(merged.notebook["cells"][0])


def test_a_fresh_copy_carries_the_attempts_of_the_old_one_even_by_the_name_of_the_quiz():
    record = {"quiz": "00/start", "attempts": [{"attempt": "1"}, {"attempt": "2"}]}
    old = notebook(code("pasted", 'quiz("00/start")', **{QUIZ_KEY: record}))

    fresh, number = carry_answers(notebook(code("q", 'quiz("00/start")')), old)

    assert number == 2
    assert fresh["cells"][0]["metadata"][QUIZ_KEY] == record


# What learners and authors do, at random.

WORDS = st.text(alphabet="ab \n`#%é\u2028", max_size=12)


@st.composite
def edited(draw: st.DrawFn, start: list[Cell], *, who: str) -> list[Cell]:
    """Return cells after up to six edits: change, delete, add, move; learners also run cells and answer questions."""
    cells = copy.deepcopy(start)
    deeds = ["change", "delete", "add", "move", "rename"] if who == "course" else []
    deeds = deeds or ["change", "delete", "add", "move", "run", "answer", "paste", "strip", "retype"]
    for step in range(draw(st.integers(0, 6))):
        deed = draw(st.sampled_from(deeds))
        at = draw(st.integers(0, max(0, len(cells) - 1)))
        if deed == "add":
            cells.insert(at, code(f"{who}-{step}", draw(WORDS)))
        elif not cells:
            continue
        elif deed == "change":
            cells[at]["source"] = draw(WORDS)
        elif deed == "rename":
            cells[at] |= {"source": text_of(cells[at]) + draw(WORDS), "id": f"renamed-{step}"}
        elif deed == "delete":
            del cells[at]
        elif deed == "move":
            cells.insert(draw(st.integers(0, len(cells) - 1)), cells.pop(at))
        elif deed == "run":
            if cells[at]["cell_type"] == "code":
                cells[at] = run(cells[at])
        elif deed == "answer":
            record = cells[at]["metadata"].setdefault(QUIZ_KEY, {"attempts": []})
            record["attempts"].append({"attempt": f"{draw(st.integers(0, 9))}-{step}", "item": "x/y"})
        elif deed == "paste":
            cells.insert(at, copy.deepcopy(cells[at]))  # with the same id, as some front ends do
        elif deed == "strip":
            cells[at].pop("id", None)
        elif deed == "retype":
            cells[at] = {k: v for k, v in cells[at].items() if k not in ("outputs", "execution_count")}
            cells[at]["cell_type"] = "markdown"
    return cells


@st.composite
def histories(draw: st.DrawFn) -> tuple[Notebook, Notebook, Notebook]:
    start = [code(f"c{n}", draw(WORDS)) for n in range(draw(st.integers(0, 5)))]
    theirs, mine = draw(edited(start, who="course")), draw(edited(start, who="learner"))
    return notebook(*start), notebook(*theirs), notebook(*mine)


@settings(max_examples=400, deadline=None)
@given(histories())
def test_no_text_and_no_attempt_of_a_learner_is_ever_lost(three: tuple[Notebook, Notebook, Notebook]):
    base, theirs, mine = three
    before = json.dumps(three, sort_keys=True)

    merged = merge(base, theirs, mine)

    assert json.dumps(three, sort_keys=True) == before, "none of the three is changed"
    handed_out = {text_of(cell).rstrip("\n") for cell in base["cells"]}
    result = [text_of(cell).rstrip("\n") for cell in merged.notebook["cells"]]
    for cell in mine["cells"]:
        text = text_of(cell).rstrip("\n")
        assert text in handed_out or text in result, "a text of the learner is gone"
    attempts = {a["attempt"] for cell in mine["cells"] for a in attempts_in(cell)}
    assert attempts <= {a["attempt"] for cell in merged.notebook["cells"] for a in attempts_in(cell)}
    ids = [cell["id"] for cell in merged.notebook["cells"]]
    assert len(ids) == len(set(ids)), "every cell has an id of its own"
    nbformat.validate(nbformat.from_dict(merged.notebook))


@settings(max_examples=150, deadline=None)
@given(histories())
def test_every_cell_of_the_new_chapter_is_there_unless_the_learner_deleted_it(
    three: tuple[Notebook, Notebook, Notebook],
):
    base, theirs, mine = three
    merged = merge(base, theirs, mine)

    old = {text_of(cell).rstrip("\n") for cell in base["cells"]}
    shown = "\n".join(texts(merged.notebook))
    for cell in theirs["cells"]:
        if text_of(cell).rstrip("\n") not in old:
            for line in text_of(cell).splitlines():
                assert line.strip() in shown


@settings(max_examples=150, deadline=None)
@given(histories())
def test_merging_again_changes_nothing(three: tuple[Notebook, Notebook, Notebook]):
    base, theirs, mine = three
    once = merge(base, theirs, mine).notebook

    again = merge(theirs, theirs, once)

    assert again.notebook == once
    assert not again.conflicts
