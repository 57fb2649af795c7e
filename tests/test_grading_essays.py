"""Provisional scores of essays: words, alternatives, negation, and words that speak against."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.grading.essays import provisional
from course.quiz.model import Criterion, Essay

ESSAY = Essay(
    id="why",
    chapter="08_safety",
    title="Why?",
    rubric=(
        Criterion("races", "names data races", 2.0, (("data race", "race condition"),), ()),
        Criterion("when", "says when", 1.0, (("compile time", "before it runs"),), (("at run time",),)),
        Criterion(
            "both", "names both sides", 1.0, (("faster",), ("no garbage collector", "without a garbage collector")), ()
        ),
    ),
)


def points(text: str) -> list[float]:
    return [finding.points for finding in provisional(ESSAY, text).findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 0, 0]),
        ("The borrow checker prevents data races.", [2, 0, 0]),
        ("It stops a Race Condition\nbefore it runs.", [2, 1, 0]),
        ("It does not prevent data races.", [0, 0, 0]),
        ("It can't find any data race.", [0, 0, 0]),
        ("It doesn’t stop data races; at compile time it says nothing.", [0, 1, 0]),
        ("Not only data races are found.", [2, 0, 0]),
        ("Nothing is lost. Data races are found.", [2, 0, 0]),
        ("It is not slow, but data races are caught.", [2, 0, 0]),
        ("Errors come at compile time, not at run time.", [0, 1, 0]),
        ("Errors come at compile time, some at run time.", [0, 0, 0]),
        ("It is faster.", [0, 0, 0]),
        ("It is faster, and has no garbage collector.", [0, 0, 1]),
        ("Faster: without a garbage collector nothing stops.", [0, 0, 1]),
        ("data. race", [0, 0, 0]),
        ("A data racing thing", [2, 0, 0]),
    ],
)
def test_evidence_is_found_by_words(text: str, expected: list[float]):
    assert points(text) == expected


def test_the_comment_says_that_a_person_decides_and_what_was_found():
    found = provisional(ESSAY, "Data races are found at compile time.")

    assert (found.points, found.possible) == (3.0, 4.0)
    comment = found.comment()
    assert comment.startswith("Provisional, by a search for words: 3 of 4. A person decides.")
    assert "found: Data races" in comment


@given(st.text(max_size=400))
def test_any_text_gets_points_within_the_rubric(text: str):
    found = provisional(ESSAY, text)

    assert 0 <= found.points <= found.possible
