"""Which attempts count: the same for the page and for every grader."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CannotGrade
from course.quiz import shown_values
from course.quiz.answers import Attempt, new_id
from course.quiz.codec import from_json
from course.quiz.marking import Marks, marks
from course.quiz.parse import parse
from course.quiz.session import Session
from course.quiz.strip import strip

TEXT = """---
title: Small
mode: {mode}
{exam}
---

## views {pick}

### Which one owns its memory? {{#owns points=2 attempts={limit}}}

- [x] `Array1` {{#array}}
- [ ] `ArrayView1` {{#view}}

> **Hint:** Look at the name.
> **Explanation:** A view borrows.

### Which of these borrow? {{#borrow points=4}}

- [x] `a.view()` {{#viewed}}
- [x] `a.slice(s![..])` {{#sliced}}
- [ ] `a.clone()` {{#cloned}}

> **Hint:** Two of them.
> **Explanation:** A clone owns.

### How much is {{{{a}}}} + {{{{b}}}}? {{#sum points=1}}

= {{{{total}}}}

```python variant
def variant(rng):
    return {{"a": rng.randint(10, 99), "b": rng.randint(10, 99)}}
```

```python key
def key(shown):
    return {{"total": shown["a"] + shown["b"]}}
```

> **Hint:** Add.
> **Explanation:** Add them.
"""


def quiz(mode: str = "graded", *, limit: int = 2, pick: str = "", exam: str = "") -> Any:
    return parse(TEXT.format(mode=mode, limit=limit, pick=pick, exam=exam), path="00_small.md")


def attempt(item: str, response: Any = None, *, minute: int = 0, learner: str = "ada", **fields: Any) -> Attempt:
    at = f"2026-03-01T10:{minute:02}:00.000Z"
    return Attempt(new_id(), f"00_small/{item}", response, at, learner=learner, **fields)


def marked(made: list[Attempt], of: Any = None, **options: Any) -> Marks:
    of = of or quiz()
    return marks(of, of.section("views"), made, **options)


def points(made: list[Attempt], of: Any = None) -> dict[str, float]:
    return {mark.item.id: mark.points for mark in marked(made, of).marks}


ARRAY, VIEW = {"options": ["array"]}, {"options": ["view"]}


def test_the_last_answer_earns_the_points() -> None:
    made = [attempt("owns", ARRAY, minute=5), attempt("owns", VIEW, minute=1)]
    assert points(made) == {"owns": 2, "borrow": 0, "sum": 0}
    assert marked(made).possible == 7


def test_answers_beyond_the_allowed_number_do_not_count() -> None:
    made = [attempt("owns", VIEW, minute=n) for n in (1, 2)] + [attempt("owns", ARRAY, minute=3)]
    assert points(made)["owns"] == 0
    assert points(made, quiz(limit=3))["owns"] == 2


def test_beginning_again_gives_no_new_tries_where_marks_count() -> None:
    made = [attempt("owns", VIEW, minute=1), attempt("owns", VIEW, minute=2), attempt("views", minute=3, event="again")]
    made.append(attempt("owns", ARRAY, minute=4))
    assert points(made)["owns"] == 0
    assert points(made, quiz("practice"))["owns"] == 2


def test_a_hint_costs_the_answers_after_it_whatever_they_say_of_hints() -> None:
    priced = parse(TEXT.format(mode="graded", limit=3, pick="", exam="hint-cost: 0.25"), path="00_small.md")
    hint = attempt("owns", minute=2, hints=1, event="hint")
    assert points([attempt("owns", ARRAY, minute=1), hint], priced)["owns"] == 2
    assert points([hint, attempt("owns", ARRAY, minute=3)], priced)["owns"] == 1.5


def test_a_learner_cannot_choose_their_variant_where_marks_count() -> None:
    item = quiz().item("sum")
    shown = shown_values(item, learner="ada", n=7)
    made = [attempt("sum", {"text": str(shown["a"] + shown["b"])}, variant=7)]
    assert points(made)["sum"] == 0
    assert points(made, quiz("practice"))["sum"] == 1


def test_an_answer_after_handing_in_an_exam_does_not_count() -> None:
    made = [attempt("owns", VIEW, minute=1), attempt("views", minute=2, event="hand-in")]
    made.append(attempt("owns", ARRAY, minute=3))
    exam = quiz(exam="exam-minutes: 10")
    assert exam.exam_minutes == 10
    assert points(made, exam)["owns"] == 0
    assert points(made)["owns"] == 2


def test_an_answer_after_seeing_the_answer_does_not_count() -> None:
    practice = quiz("practice")
    made = [attempt("owns", VIEW, minute=1), attempt("owns", minute=2, event="reveal")]
    made.append(attempt("owns", ARRAY, minute=3))
    assert points(made, practice)["owns"] == 0


def test_an_answer_that_cannot_be_read_costs_no_try_and_is_named() -> None:
    made = [attempt("owns", {"options": ["gone"]}, minute=n) for n in range(5)]
    mark = marked(made).marks[0]
    assert (mark.verdict, mark.points, mark.attempt) == ("unanswered", 0, None)
    assert mark.problem is not None
    assert "gone" in mark.problem.message
    assert points([*made, attempt("owns", ARRAY, minute=9)])["owns"] == 2


def test_variants_are_those_of_the_class() -> None:
    small = replace(quiz(), seed="class of 2026")
    shown = shown_values(small.item("sum"), learner="ada", secret="class of 2026")
    assert shown != shown_values(small.item("sum"), learner="ada")
    made = [attempt("sum", {"text": str(shown["a"] + shown["b"])})]
    assert points(made, small)["sum"] == 1
    assert marked(made, small, seed="another").points == 0


def test_the_seed_travels_in_the_learner_bank() -> None:
    small = replace(quiz(), seed="class of 2026")
    assert from_json(json.loads(strip(small))).seed == "class of 2026"
    assert "seed" not in json.loads(strip(quiz()))


def test_the_widget_shows_the_variant_of_the_class(tmp_path: Path) -> None:
    small = from_json(json.loads(strip(replace(quiz(), seed="class of 2026"))))
    session = Session(small, small.section("views"), folder=tmp_path, learner="ada")
    shown = shown_values(small.item("sum"), learner="ada", secret="class of 2026")
    titles = [card["view"]["title"]["text"] for card in session.state("u")["items"]]
    assert f"How much is {shown['a']} + {shown['b']}?" in titles


def test_of_a_drawn_section_the_drawn_items_are_marked() -> None:
    one = quiz(pick="{pick=1}")
    by_learner = {who: marked([], one, learner=who) for who in ("ada", "bob", "cyd", "dan", "eve")}
    assert all(len(found.marks) == 1 for found in by_learner.values())
    assert len({found.marks[0].item.id for found in by_learner.values()}) > 1
    everything = [attempt("owns", ARRAY), attempt("borrow", {"options": ["viewed", "sliced"]})]
    assert marked(everything, one).possible == by_learner["ada"].possible


def test_names_of_several_learners_in_one_submission_are_told() -> None:
    made = [attempt("owns", ARRAY, minute=1), attempt("borrow", {"options": ["viewed"]}, minute=2, learner="bob")]
    assert marked(made).learners == ("ada", "bob")


def test_without_keys_nothing_is_marked() -> None:
    learner_bank = from_json(json.loads(strip(quiz())))
    with pytest.raises(CannotGrade, match="key"):
        marked([attempt("owns", ARRAY)], learner_bank)


RESPONSES: dict[str, list[Any]] = {
    "owns": [ARRAY, VIEW, {"options": ["gone"]}, {}],
    "borrow": [{"options": ["viewed"]}, {"options": ["viewed", "sliced"]}, {"options": []}],
    "sum": [{"text": "100"}, {"text": "1,500"}, {"text": "x"}],
}
EVENTS = st.sampled_from(["reveal", "again", "hand-in", "start"])


@st.composite
def histories(draw: Any) -> list[Attempt]:
    made = []
    for minute in range(draw(st.integers(0, 12))):
        if draw(st.integers(0, 3)) == 0:
            event = draw(EVENTS)
            item = draw(st.sampled_from(list(RESPONSES))) if event == "reveal" else "views"
            made.append(attempt(item, minute=minute, event=event))
        else:
            item = draw(st.sampled_from(list(RESPONSES)))
            fields = {"variant": draw(st.integers(0, 2)) if item == "sum" else 0, "hints": draw(st.integers(0, 2))}
            made.append(attempt(item, draw(st.sampled_from(RESPONSES[item])), minute=minute, **fields))
    return made


@settings(max_examples=60)
@given(made=histories(), mode=st.sampled_from(["practice", "graded"]), limit=st.integers(1, 3), exam=st.booleans())
def test_the_page_and_the_grader_count_alike(
    tmp_path_factory: pytest.TempPathFactory, made: list[Attempt], mode: str, limit: int, exam: bool
) -> None:
    small = quiz(mode, limit=limit, exam="exam-minutes: 10" if exam else "")
    session = Session(small, small.section("views"), folder=tmp_path_factory.mktemp("page"), learner="ada")
    session.take(made)
    assert session.points() == pytest.approx(marked(made, small).points)


@given(made=histories(), order=st.randoms())
def test_the_order_in_which_attempts_are_found_does_not_matter(made: list[Attempt], order: Any) -> None:
    shuffled = [*made, *made]
    order.shuffle(shuffled)
    assert marked(shuffled) == marked(made)
