"""Importing quizdown: both dialects mean what their authors meant, and every guess is told."""

# ruff: noqa: E501 - tables of cases read best one case a line

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CourseError, QuizErrors
from course.quiz import parse
from course.quiz.exchange.quizdown import convert
from course.quiz.model import Ordering, Quiz, SeveralChoice, SingleChoice

DOCUMENTED = """---
shuffle_answers: false
n_questions: 2
primary_color: 'red'
---

### Which planet is the largest?

> It has a **red spot**.

1. [ ] Saturn
1. [x] Jupiter
    > More than twice all others together.
1. [ ] Mars

#### Which of these are moons?

---
shuffle_answers: false
---

Look closely.

- [x] Io
- [x] Titan
    > Of Saturn.
- [ ] Ceres

## Put them in order, from the sun

> Mercury comes first.

1. Mercury
2. Venus
3. Earth
"""

PAGE = """---
title: "A page about planets"
date: 2024-01-01
---

# Not a question

1. A numbered list of prose.

{{< quizdown >}}

### Which planet is the largest?

- [ ] Saturn
- [x] Jupiter
- [ ] A set like {a}

> **Explanation:** It has more mass than all others together.

### Jupiter has rings.

- [x] True
- [ ] False

> **Hint:** Think of 1979.
> **Explanation:** A probe saw them.

{{< /quizdown >}}

## After the quiz

- [x] a list of things done
"""


def imported(source: str) -> tuple[Quiz, list[tuple[int, str]]]:
    made = convert(source, title="planets")
    return parse(made.text, path="planets.md"), [(guess.line, guess.message) for guess in made.guesses]


def test_documented_quizdown_is_read() -> None:
    quiz, guesses = imported(DOCUMENTED)
    single, several, ordering = quiz.items
    assert isinstance(single, SingleChoice)
    assert [(o.text, o.correct, o.feedback) for o in single.options][1] == (
        "Jupiter", True, "More than twice all others together."
    )  # fmt: skip
    assert [hint.text for hint in single.hints] == ["It has a **red spot**."]
    assert isinstance(several, SeveralChoice)
    assert (several.body, several.options[1].feedback) == ("Look closely.", "Of Saturn.")
    assert isinstance(ordering, Ordering)
    assert [o.text for o in ordering.options] == ["Mercury", "Venus", "Earth"]
    assert quiz.sections[0].pick == 2
    assert single.options[0].pin == 0
    assert guesses == [(1, "an option was left out: primary_color")]


def test_the_dialect_of_the_overview_means_what_it_was_meant_to() -> None:
    quiz, guesses = imported(PAGE)
    first, second = quiz.items
    assert isinstance(first, SingleChoice)
    assert isinstance(second, SingleChoice)
    assert (first.explanation, first.hints) == ("It has more mass than all others together.", ())
    assert first.options[2].text == "A set like {a\\}"
    assert (second.explanation, [hint.text for hint in second.hints]) == ("A probe saw them.", ["Think of 1979."])
    assert quiz.title == "A page about planets"
    told = " ".join(message for _, message in guesses)
    for guess in ("taken as single choice", "shown after answering", "between quizdown shortcodes", "date"):
        assert guess in told


def test_a_quote_after_the_answers_is_a_hint_as_quizdown_has_it_and_is_told() -> None:
    quiz, guesses = imported("### Q?\n\n- [x] a\n- [ ] b\n\n> Think.\n")
    assert next(quiz.items).hints[0].text == "Think."
    assert (6, "a quote after the answers was taken as a hint, as quizdown does") in guesses


def test_a_list_without_a_right_option_is_written_and_told_and_does_not_check() -> None:
    made = convert("### Q?\n\n- [ ] a\n- [ ] b\n")
    assert "mark one" in made.guesses[0].message
    with pytest.raises(QuizErrors, match="has one right option"):
        parse(made.text)


@pytest.mark.parametrize("space", ["", "\n"])
@pytest.mark.parametrize("indent", ["", "  "])
def test_an_explanation_is_the_questions_however_it_is_set(space: str, indent: str) -> None:
    quiz, _ = imported(f"### Q?\n\n- [x] a\n- [ ] b\n{space}{indent}> **Explanation:** why\n{indent}> so\n")
    item = next(quiz.items)
    assert isinstance(item, SingleChoice)
    assert (item.explanation, [option.feedback for option in item.options]) == ("why\nso", ["", ""])


def test_equal_headings_get_ids_of_their_own() -> None:
    quiz, _ = imported("### Q?\n\n- [x] a\n- [ ] b\n\n### Q?\n\n- [x] c\n- [ ] d\n")
    assert [item.id for item in quiz.items] == ["q", "q-2"]


@pytest.mark.parametrize("text", ["", "prose", "### Q?\n\nprose\n", "- [x] a\n"])
def test_a_text_without_a_question_says_so(text: str) -> None:
    with pytest.raises(CourseError, match="no quizdown question was found"):
        convert(text)


PIECES = st.sampled_from(
    ["### Q {x}", "# T", "1. [x] a", "1. [ ] b", "- [x] a {#b}", "- [ ] c", "1. one", "2. two", "    > comment", "> hint",
     "> **Explanation:** e", "---", "shuffle_answers: false", "```rust", "```", "{{< quizdown >}}", "{{< /quizdown >}}",
     "", "prose", "= 3", "<!-- c -->", "<div>", "| left | right |", "|-|-|", "{{a}}"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=20).map("\n".join)))
def test_any_text_is_converted_or_refused(text: str) -> None:
    try:
        made = convert(text)
    except CourseError:
        return
    with contextlib.suppress(QuizErrors):  # what the source left open is the author's to mend
        parse(made.text)
