"""Variants and shuffles: for each learner their own, the same everywhere and for good."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CannotGrade
from course.quiz import draw, grade, load, order, parse, shown_values, view
from course.quiz.codec import from_json, quiz_json
from course.quiz.variants import Rng, seed

QUIZ = load(Path(__file__).parent / "fixtures" / "quizzes" / "every-type.md")


def test_the_sequence_of_a_seed_is_fixed_for_good() -> None:
    # If this fails, every class's variants have changed: that must never happen.
    rng = Rng(seed("secret", "03_ndarray/q", "ada", 2))
    assert seed("secret", "03_ndarray/q", "ada", 2) == 141668633165085759842658773191410206672
    assert [rng.randint(1, 6) for _ in range(8)] == [1, 3, 4, 5, 5, 3, 4, 5]
    assert rng.uniform(0, 1, 3) == 0.889
    assert rng.sample("abcdef", 3) == ["d", "a", "e"]


def test_a_learner_gets_the_same_variant_again_and_another_on_demand() -> None:
    q = QUIZ.item("variant")
    drawn = [shown_values(q, learner="ada", n=n) for n in range(20)]
    assert drawn == [shown_values(q, learner="ada", n=n) for n in range(20)]
    assert len({str(values) for values in drawn}) > 5


def test_learners_and_classes_get_variants_of_their_own() -> None:
    q = QUIZ.item("variant")
    assert len({str(shown_values(q, learner=f"l{n}")) for n in range(30)}) > 10
    assert len({str(shown_values(q, learner="ada", secret=f"s{n}")) for n in range(30)}) > 10


def test_a_variant_is_graded_with_the_values_that_were_shown() -> None:
    q = QUIZ.item("variant")
    shown = {"a": 2, "b": 3}
    assert view(q, shown=shown)["title"]["text"] == "What is 2 plus 3?"
    assert grade(q, {"text": "5"}, shown=shown).verdict == "right"
    assert grade(q, {"text": "6"}, shown=shown).verdict == "wrong"


def test_a_variant_is_not_graded_without_the_values_that_were_shown() -> None:
    with pytest.raises(CannotGrade, match="which one was shown"):
        grade(QUIZ.item("variant"), {"text": "5"})


def test_only_declared_names_are_filled_in() -> None:
    text = "### {{a}} {{b}} {a}? {#q}\n\n```python variant\ndef variant(rng): return {'a': 1}\n```\n\n= 1\n"
    q = next(parse(text).items)
    assert view(q, shown=shown_values(q))["title"]["text"] == "1 {{b}} {a}?"


@pytest.mark.parametrize(
    "body", ["1 / 0", "return [1]", "return {'a': float('nan')}", "return {'a': []}", "return {1: 1}"]
)
def test_a_variant_that_fails_says_where(body: str) -> None:
    q = next(
        parse(f"### Q {{#q}}\n\n```python variant\ndef variant(rng):\n    {body}\n```\n\n= 1\n", path="v.md").items
    )
    with pytest.raises(CannotGrade) as raised:
        shown_values(q)
    assert "v/q (line 4)" in raised.value.place


SHUFFLED = parse("### Q {#q}\n\n- [x] a {#a}\n- [ ] b {#b}\n- [ ] c {#c pin}\n- [ ] d {#d}\n- [ ] e {#e pin}\n").item(
    "q"
)


@given(st.text(max_size=20), st.integers(0, 100))
def test_a_shuffle_keeps_all_options_and_the_place_of_pinned_ones(learner: str, n: int) -> None:
    shown = order(SHUFFLED, learner=learner, n=n)
    assert sorted(shown) == list("abcde")
    assert (shown[2], shown[4]) == ("c", "e")


def test_every_order_of_the_loose_options_comes_up() -> None:
    seen = Counter("".join(order(SHUFFLED, learner=str(n))) for n in range(600))
    assert len(seen) == 6
    assert min(seen.values()) > 60


def test_a_bank_and_its_learner_bank_show_the_same_order() -> None:
    learner = from_json(quiz_json(QUIZ, learner=True))
    for item in QUIZ.items:
        assert order(item, learner="ada") == order(learner.item(item.id), learner="ada")


def test_a_pool_draws_so_many_for_each_learner_in_file_order() -> None:
    text = "## s {pick=2}\n\n" + "".join(f"### Q{n} {{#q{n}}}\n\n= {n}\n\n" for n in range(5))
    section = parse(text).sections[0]
    drawn = {tuple(item.id for item in draw(section, "c", learner=str(n))) for n in range(200)}
    assert len(drawn) == 10
    assert all(list(ids) == sorted(ids) for ids in drawn)


@given(st.integers(0, 2**64), st.integers(-50, 50), st.integers(0, 50))
def test_whole_numbers_stay_between_their_ends(seed: int, low: int, width: int) -> None:
    rng = Rng(seed)
    assert all(low <= rng.randint(low, low + width) <= low + width for _ in range(20))
