"""Grading: what a response is worth, and which responses are none."""

# ruff: noqa: E501 - tables of cases read best one case a line

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CannotGrade, CourseError, NotAnAttempt, UnknownOption, UnreadableResponse
from course.quiz import grade, load, order, parse, reveal, shown_values, view
from course.quiz.model import Item, Parsons
from course.quiz.questions import TYPES
from course.quiz.questions.ordering import fewest_moves
from course.quiz.schema import response_complaint

QUIZ = load(Path(__file__).parent / "fixtures" / "quizzes" / "every-type.md")
ASKED = [item for item in QUIZ.items if item.type not in ("task", "essay")]


def item(text: str) -> Item:
    return next(parse("### Q? {#q}\n\n" + text, path="q.md").items)


def fraction(of: Item, **response: Any) -> float:
    return grade(of, response).fraction


def several(scheme: str) -> Item:
    text = f"### Q? {{#q scheme={scheme}}}\n\n- [x] a {{#a}}\n- [x] b {{#b}}\n- [ ] c {{#c}}\n- [ ] d {{#d}}\n- [ ] e {{#e}}\n"
    return next(parse(text).items)


@pytest.mark.parametrize("question", ASKED, ids=lambda i: i.id)
def test_the_key_of_every_type_is_right_and_has_the_form_its_schema_asks_for(question: Item) -> None:
    shown = shown_values(question)
    from course.quiz.variants import fill_key

    response = TYPES[question.type].answer(fill_key(question, shown))
    if not response:  # a pattern has no one answer
        response = {"text": "CANARYpattern"}
    graded = grade(question, response, shown=shown)
    assert (graded.verdict, graded.points) == ("right", question.points)
    assert response_complaint(question.type, response) is None


@pytest.mark.parametrize(
    ("scheme", "chosen", "expected"),
    [("net", "ab", 1), ("net", "a", 0.5), ("net", "abc", 0.5), ("net", "acd", 0), ("net", "cde", 0),
     ("each", "ab", 1), ("each", "a", 0.8), ("each", "abc", 0.8), ("each", "cde", 0),
     ("coverage", "ab", 1), ("coverage", "a", 0.5), ("coverage", "abc", 2 / 3), ("coverage", "abcde", 0.4),
     ("coverage", "c", 0), ("all", "ab", 1), ("all", "a", 0), ("all", "abc", 0)],
)  # fmt: skip
def test_the_four_schemes_of_several_correct(scheme: str, chosen: str, expected: float) -> None:
    assert fraction(several(scheme), options=list(chosen)) == pytest.approx(expected)


def test_partial_credit_is_partly_and_gives_its_share_of_the_points() -> None:
    graded = grade(several("each"), {"options": ["a"]})
    assert (graded.verdict, graded.points) == ("partly", 0.8)


def test_a_single_choice_names_one_option_and_says_its_feedback() -> None:
    q = QUIZ.item("single")
    graded = grade(q, {"options": ["lazily"]})
    assert (graded.verdict, graded.messages, dict(graded.per_option)) == (
        "wrong", ("CANARY feedback one",), {"lazily": False}
    )  # fmt: skip


def test_hints_are_paid_for_and_never_cost_more_than_was_earned() -> None:
    q = QUIZ.item("single")
    right = {"options": ["borrows"]}
    assert [grade(q, right, hints=n).points for n in (0, 1, 2, 9)] == [2, 1.5, 1, 1]
    assert grade(q, {"options": ["lazily"]}, hints=2).points == 0


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [("1.414 +- 0.001", ["1.413", "1.415", "1,4142", "1414e-3"], ["1.4129", "1.4151", "-1.414"]),
     ("10 .. 20", ["10", "20", "1.5e1"], ["9.99", "20.001"]), ("3.14 sig 3", ["3.14159", "22/7", "3.135"], ["3.1", "3.15"]),
     ("-3", ["-3", "−3"], ["3"]), ("1/3", ["1/3", "2/6"], ["0.3333"]), ("0 +- 1e-9", ["0", "-1e-9"], ["1e-8"])],
)  # fmt: skip
def test_numbers_are_compared_exactly_ends_included(key: str, right: list[str], wrong: list[str]) -> None:
    q = item(f"= {key}\n")
    assert [fraction(q, text=text) for text in right] == [1] * len(right)
    assert [fraction(q, text=text) for text in wrong] == [0] * len(wrong)


@pytest.mark.parametrize("text", ["rustlearn", "  RustLearn ", "rust-learn", "rust‑learn", "RUST–LEARN"])
def test_a_short_answer_forgives_case_white_space_and_typographic_hyphens(text: str) -> None:
    assert fraction(item('= "rustlearn" | "rust-learn"\n'), text=text) == 1


def test_a_short_answer_is_compared_in_one_normal_form() -> None:
    assert fraction(item('= "café au lait"\n'), text="CAFE\u0301  au\u00a0lait") == 1
    assert fraction(item('= "straße"\n'), text="STRASSE") == 1


def test_with_case_capitals_matter() -> None:
    q = next(parse('### Q? {#q case}\n\n= "Vec"\n').items)
    assert (fraction(q, text="Vec"), fraction(q, text="vec")) == (1, 0)


def test_a_pattern_matches_the_whole_response() -> None:
    q = item("= /rust-?learn/\n")
    assert (fraction(q, text="Rust-learn"), fraction(q, text="rustlearning")) == (1, 0)


def test_a_pattern_that_backtracks_without_end_is_stopped_and_is_not_the_learners_fault() -> None:
    with pytest.raises(CannotGrade, match="takes too long"):
        grade(item("= /(a|aa|a?a)*b/\n"), {"text": "a" * 60 + "bc"})


@pytest.mark.parametrize(
    ("given_order", "expected"), [("abcd", 1), ("bacd", 2 / 3), ("dabc", 2 / 3), ("dcba", 0), ("badc", 1 / 3)]
)
def test_an_ordering_loses_a_share_for_each_move_that_mends_it(given_order: str, expected: float) -> None:
    q = item("1. w {#a}\n2. x {#b}\n3. y {#c}\n4. z {#d}\n")
    assert fraction(q, order=list(given_order)) == pytest.approx(expected)


@given(st.permutations(range(6)))
def test_the_fewest_moves_are_what_trying_them_all_finds(places: list[int]) -> None:
    kept = next(n for n in range(6, -1, -1) if any(list(c) == sorted(c) for c in itertools.combinations(places, n)))
    assert fewest_moves(places) == 6 - kept


def test_with_scheme_all_an_ordering_is_all_or_nothing() -> None:
    q = next(parse("### Q? {#q scheme=all}\n\n1. a {#a}\n2. b {#b}\n3. c {#c}\n").items)
    assert (fraction(q, order=["a", "b", "c"]), fraction(q, order=["b", "a", "c"])) == (1, 0)


PARSONS = item("```python parsons\ndef f():\n    a()\n    if b:\n        c()\n    a()\n    d() #distractor\n```\n")


def lines(*placed: tuple[str, int]) -> list[list[Any]]:
    assert isinstance(PARSONS, Parsons)
    free = list(PARSONS.lines)
    found = []
    for text, level in placed:
        line = next(line for line in free if line.text == text)
        free.remove(line)
        found.append([line.id, level])
    return found


WHOLE = [("def f():", 0), ("a()", 1), ("if b:", 1), ("c()", 2), ("a()", 1)]


@pytest.mark.parametrize(
    ("placed", "expected"),
    [(WHOLE, 1), ([*WHOLE[:3], ("c()", 1), WHOLE[4]], 0.75), ([*WHOLE, ("d()", 1)], 0.75), (WHOLE[:4], 0.75),
     ([WHOLE[1], WHOLE[0], *WHOLE[2:]], 0.75), ([(text, 0) for text, _ in WHOLE], 0), (WHOLE[:1], 0),
     ([WHOLE[0], WHOLE[1], WHOLE[4], WHOLE[2], WHOLE[3]], 0.75)],
)  # fmt: skip
def test_parsons_counts_a_wrong_line_a_wrong_indent_and_a_distractor_as_one_move(
    placed: list[tuple[str, int]], expected: float
) -> None:
    assert fraction(PARSONS, lines=lines(*placed)) == pytest.approx(expected)


def test_equal_lines_of_a_parsons_problem_are_interchangeable() -> None:
    whole = lines(*WHOLE)
    whole[1][0], whole[4][0] = whole[4][0], whole[1][0]
    assert fraction(PARSONS, lines=whole) == 1


def test_indentation_does_not_count_in_rust() -> None:
    q = item("```rust parsons\nfn f() {\n      g();\n}\n```\n")
    assert isinstance(q, Parsons)
    assert fraction(q, lines=[[line.id, 3] for line in q.lines]) == 1


def test_output_forgives_white_space_at_line_ends_only() -> None:
    q = item("```python\n1\n```\n\n```text output\na  b\n c\n```\n")
    assert fraction(q, text="a  b  \n c\n\n") == 1
    graded = grade(q, {"text": "a b\nc"})
    assert (graded.fraction, graded.messages) == (0, ("Only the white space differs: spaces and line ends count.",))
    assert fraction(q, compiles=False) == 0


@pytest.mark.parametrize(
    ("code", "expected"), [("E0382", 1), ("e382", 1), ("error[E0382]", 1), ("0382", 1), ("E0502", 0.5), ("", 0.5)]
)
def test_does_not_compile_asks_for_the_code(code: str, expected: float) -> None:
    assert fraction(QUIZ.item("refuses"), compiles=False, code=code) == expected
    assert fraction(QUIZ.item("refuses"), text="x") == 0


def test_matching_gives_a_share_for_each_pair() -> None:
    q = item("| left | right |\n|-|-|\n| a | 1 |\n| b | 2 |\n| | 3 |\n")
    a, b = (o.id for o in q.left)  # type: ignore[attr-defined]
    one, two, three = (o.id for o in q.right)  # type: ignore[attr-defined]
    assert fraction(q, pairs={a: one, b: two}) == 1
    assert fraction(q, pairs={a: one, b: three}) == 0.5
    with pytest.raises(NotAnAttempt, match="1 of 2 have no partner"):
        grade(q, {"pairs": {a: one}})


@pytest.mark.parametrize(
    ("id", "response"),
    [("single", {"options": []}), ("single", {"options": ["lazily", "borrows"]}), ("several", {"options": []}),
     ("number", {"text": ""}), ("number", {"text": "1,500"}), ("short", {"text": "  "}), ("short", {"text": "x" * 301}),
     ("ordering", {"order": []}), ("matching", {"pairs": {}}), ("parsons", {"lines": []}),
     ("prints", {"text": "x" * 20_001}), ("refuses", {"compiles": False, "code": "maybe"})],
)  # fmt: skip
def test_what_cannot_be_read_for_certain_is_no_attempt(id: str, response: dict[str, Any]) -> None:
    with pytest.raises(NotAnAttempt) as raised:
        grade(QUIZ.item(id), response)
    assert raised.value.help


@pytest.mark.parametrize(
    ("id", "response"),
    [("single", {"options": ["gone"]}), ("several", {"options": ["gone"]}), ("ordering", {"order": ["gone", "b", "c"]}),
     ("matching", {"pairs": {"gone": "x"}}), ("parsons", {"lines": [["gone", 0]]})],
)  # fmt: skip
def test_an_unknown_option_is_reported_and_never_silently_zero(id: str, response: dict[str, Any]) -> None:
    with pytest.raises(UnknownOption, match="gone"):
        grade(QUIZ.item(id), response)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["options", "text", "order", "pairs", "lines", "compiles", "code"])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ASKED), st.one_of(JSON, st.dictionaries(NAMES, JSON, max_size=3)))
def test_any_json_is_graded_or_refused(question: Item, response: Any) -> None:
    shown = shown_values(question)
    try:
        graded = grade(question, response, shown=shown)
    except UnreadableResponse:
        return  # any other exception fails
    assert 0 <= graded.fraction <= 1
    assert graded.verdict in ("right", "partly", "wrong")


@settings(deadline=None)
@given(st.data())
def test_grading_is_a_pure_function_and_partial_credit_stays_between_nothing_and_all(data: st.DataObject) -> None:
    q = several(data.draw(st.sampled_from(["net", "each", "coverage", "all"])))
    chosen = data.draw(st.lists(st.sampled_from("abcde"), unique=True, min_size=1))
    first = grade(q, {"options": chosen})
    assert first == grade(q, {"options": chosen[::-1]})
    assert (first.fraction == 1) == (sorted(chosen) == ["a", "b"])


@pytest.mark.parametrize("id", ["task", "essay"])
def test_tasks_and_essays_are_not_graded_here_and_say_who_does(id: str) -> None:
    with pytest.raises(CannotGrade) as raised:
        grade(QUIZ.item(id), {"text": "x"})
    assert raised.value.help


@pytest.mark.parametrize("question", list(QUIZ.items), ids=lambda i: i.id)
def test_a_view_never_holds_key_feedback_or_explanation(question: Item) -> None:
    shown = shown_values(question)
    seen = str(view(question, shown=shown, order=order(question, learner="me")))
    assert "CANARY" not in seen.replace("CANARY-NOT-A-KEY", "")
    assert "correct" not in seen.replace("Several correct", "")
    assert "42" not in seen.replace("40 + 2", "") or question.id != "prints"


def test_a_reveal_shows_the_feedback_of_the_option_chosen_and_no_other() -> None:
    shown = reveal(QUIZ.item("single"), {"options": ["lazily"]})
    assert list(shown["options"]) == ["lazily"]
    assert shown["options"]["lazily"] == {"correct": False, "feedback": "<p>CANARY feedback one</p>\n"}
    assert shown["explanation"]["text"] == "CANARY explanation one"
    assert "answer" not in shown


def test_a_reveal_with_answer_shows_all() -> None:
    shown = reveal(QUIZ.item("single"), None, answer=True)
    assert shown["answer"] == {"options": ["borrows"]}
    assert shown["answer_text"]["text"] == "It borrows."
    assert len(shown["options"]) == 3


@pytest.mark.parametrize("question", ASKED, ids=lambda i: i.id)
def test_every_type_reveals_its_answer(question: Item) -> None:
    shown = shown_values(question)
    data = reveal(question, None, shown=shown, answer=True)
    assert data["answer_text"]["text"]


def test_a_right_number_is_told_with_its_tolerance_and_unit() -> None:
    assert reveal(QUIZ.item("number"), None, answer=True)["answer_text"]["text"] == "424.242 ms ± 1%"


def test_html_in_a_stem_is_shown_as_text() -> None:
    q = item("<b>bold</b> <script>alert(1)</script>\n\n= 3\n")
    assert "<script>" not in view(q)["body"]["html"]


def test_an_error_of_grading_is_an_error_a_person_can_read() -> None:
    assert issubclass(UnreadableResponse, CourseError)
    assert issubclass(NotAnAttempt, UnreadableResponse)
