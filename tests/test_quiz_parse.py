"""Quiz files: what they mean, and what is said about those that mean nothing."""

# ruff: noqa: E501 - tables of cases read best one case a line

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CourseError, QuizErrors
from course.quiz import load, parse
from course.quiz.blocks import without_comments
from course.quiz.codec import from_json, quiz_json
from course.quiz.exchange.quizdown import convert
from course.quiz.model import (
    Essay,
    Matching,
    Number,
    Ordering,
    Output,
    Parsons,
    SeveralChoice,
    ShortAnswer,
    SingleChoice,
)
from course.quiz.schema import complaint

FIXTURES = Path(__file__).parent / "fixtures" / "quizzes"
DOCS = Path(__file__).parent.parent / "docs"


def errors(text: str) -> list[CourseError]:
    with pytest.raises(QuizErrors) as raised:
        parse(text, path="q.md")
    return list(raised.value.errors)


def only(text: str) -> CourseError:
    found = errors(text)
    assert len(found) == 1, found
    return found[0]


def item(text: str):  # type: ignore[no-untyped-def]
    return next(parse(text, path="q.md").items)


CHOICE = "### Q? {#q%s}\n\n- [x] one\n- [ ] two\n"


def test_every_type_is_recognised() -> None:
    quiz = load(FIXTURES / "every-type.md")
    assert [i.type for i in quiz.items] == [
        "single", "several", "number", "short", "short", "ordering", "matching", "parsons", "output", "output",
        "number", "task", "essay",
    ]  # fmt: skip


def test_front_matter_gives_defaults_and_items_override_them() -> None:
    quiz = parse("---\ntitle: T\nmode: graded\nattempts: 2\nexam-minutes: 30\n---\n" + CHOICE % " mode=practice")
    first = next(quiz.items)
    assert (quiz.title, quiz.exam_minutes, first.mode, first.attempts) == ("T", 30, "practice", 2)


def test_sections_give_defaults_and_draw() -> None:
    text = "## Views {pick=1 attempts=4}\n\nRead this first.\n\n" + CHOICE % "1" + CHOICE % "2"
    section = parse(text).sections[0]
    assert (section.id, section.pick, section.intro) == ("views", 1, "Read this first.")
    assert section.items[0].attempts == 4


def test_one_tick_is_single_choice_and_two_are_several() -> None:
    assert isinstance(item(CHOICE % ""), SingleChoice)
    several = item(CHOICE.replace("[ ]", "[x]") % "")
    assert isinstance(several, SeveralChoice)
    assert several.scheme == "net"
    assert isinstance(item(CHOICE % " several"), SeveralChoice)


def test_hint_and_explanation_in_one_quote_are_told_apart() -> None:
    q = item(CHOICE % " hint-cost=0.5" + "\n> **Hint:** first\n> more\n> **Hint:** second\n> **Explanation:** why\n")
    assert [hint.text for hint in q.hints] == ["first\nmore", "second"]
    assert [hint.cost for hint in q.hints] == [0.5, 0.5]
    assert q.explanation == "why"


def test_feedback_is_the_quote_under_an_option() -> None:
    q = item("### Q? {#q}\n\n- [x] one\n  > good\n- [ ] two {#two}\n\n  > bad\n  > luck\n")
    assert [(o.id, o.text, o.feedback) for o in q.options][1] == ("two", "two", "bad\nluck")
    assert q.options[0].feedback == "good"


def test_options_may_hold_code_and_paragraphs() -> None:
    q = item("### Q? {#q}\n\n- [x] one {#a}\n\n  ```rust\n  let x = 1;\n  ```\n\n- [ ] two\n")
    assert q.options[0].text == "one\n\n```rust\nlet x = 1;\n```"
    assert q.options[0].id == "a"


def test_option_ids_survive_reordering() -> None:
    one = item("### Q? {#q}\n\n- [x] one\n- [ ] two\n")
    other = item("### Q? {#q}\n\n- [ ] two\n- [x] one\n")
    assert {o.text: o.id for o in one.options} == {o.text: o.id for o in other.options}


def test_shuffle_no_pins_every_option() -> None:
    assert [o.pin for o in item(CHOICE % " shuffle=no").options] == [0, 1]
    assert [o.pin for o in item("### Q?\n\n- [x] a\n- [ ] b {pin}\n").options] == [None, 1]


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [("1.414 +- 0.001", "1.413", "1.415"), ("200 +- 1%", "198", "202"), ("-200 ± 1%", "-202", "-198"),
     ("10 .. 20", "10", "20"), ("3", "3", "3"), ("1/3 +- 0", "1/3", "1/3"), ("1e-3 +- 1e-4", "0.0009", "0.0011")],
)  # fmt: skip
def test_a_number_key_is_an_exact_interval(written: str, low: str, high: str) -> None:
    q = item(f"### Q? {{#q}}\n\n= {written}\n")
    assert isinstance(q, Number)
    assert q.key is not None
    assert (q.key.low, q.key.high) == (Fraction(low), Fraction(high))


def test_a_short_answer_lists_alternatives_or_a_pattern() -> None:
    q = item('### Q? {#q case}\n\n= "rust|learn" \\| "a \\"b\\""\n')
    assert isinstance(q, ShortAnswer)
    assert (q.answers, q.case) == (("rust|learn", 'a "b"'), True)
    assert item("### Q? {#q}\n\n= /a|b/\n").pattern == "a|b"


def test_a_numbered_list_alone_is_an_ordering_and_beside_a_key_prose() -> None:
    assert isinstance(item("### Q? {#q}\n\n1. a\n2. b\n"), Ordering)
    q = item("### Q? {#q}\n\n1. a\n2. b\n\n= 3\n")
    assert isinstance(q, Number)
    assert q.body == "1. a\n2. b"


def test_extra_right_hand_rows_are_distractors() -> None:
    q = item("### Q? {#q}\n\n| Left | right |\n|-|-|\n| a | 1 |\n| b | 2 |\n| | 3 |\n| c | 1 |\n")
    assert isinstance(q, Matching)
    assert [o.text for o in q.left] == ["a", "b", "c"]
    assert [o.text for o in q.right] == ["1", "2", "3"]


def test_a_parsons_problem_keeps_indentation_and_marks_distractors() -> None:
    q = item("### Q? {#q}\n\n```python parsons\ndef f():\n    return 1\n    return 2 #distractor\n```\n")
    assert isinstance(q, Parsons)
    assert [line.text for line in q.lines] == ["def f():", "return 1", "return 2"]
    assert [level for _, level in q.solution or ()] == [0, 1]


def test_the_program_of_an_output_question_stays_in_the_stem_and_its_output_does_not() -> None:
    q = item('### Q? {#q}\n\n```rust\nfn main() {\n\n\n    println!("7");\n}\n```\n\n```text output\n7\n```\n')
    assert isinstance(q, Output)
    assert q.prints == "7"
    assert q.body == '```rust\nfn main() {\n\n\n    println!("7");\n}\n```'


def test_the_rubric_of_an_essay_gives_its_points() -> None:
    quiz = load(FIXTURES / "every-type.md")
    essay = quiz.item("essay")
    assert isinstance(essay, Essay)
    assert essay.points == 3
    assert essay.rubric[0].evidence == (("CANARY evidence", "CANARY other evidence"),)
    assert essay.rubric[0].against == (("CANARY counter-evidence",),)


def test_comments_of_the_author_are_nowhere() -> None:
    text = "## s <!-- one -->\n\n### Q? {#q} <!-- two -->\n\nprose <!-- three\nlines --> more\n\n<!-- four -->\n\n- [x] a\n- [ ] b <!-- five -->\n"
    assert "<!--" not in json.dumps(quiz_json(parse(text)))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (CHOICE % " pionts=2", "q.md:1:12", "unknown attribute 'pionts'"),
        ("###   Q? {#q level=9}\n\n- [x] a\n- [ ] b\n", "q.md:1:14", "level is 1, 2 or 3"),
        (CHOICE % " mode=exam", "q.md:1:12", "mode is practice or graded"),
        (CHOICE % " unit=ms", "q.md:1:12", "unit means nothing for this type of item (single)"),
        ("### Q? {#Q}\n\n- [x] a\n- [ ] b\n", "q.md:1:9", "an id is made of small letters, digits and hyphens: #Q"),
        ("### Q? {#q}\n\n- [x] a {#i}\n- [ ] b {pinn}\n", "q.md:4:10", "unknown attribute 'pinn'"),
        ("### Q? {#q}\n\n- [x] a {#i}\n- [ ] b {#i}\n", "q.md:4:1", "two options are called #i"),
        ("### Q? {#q}\n\n- [ ] a\n- [ ] b\n", "q.md:1:1", "a single choice has one right option, this one has none"),
        ("### Q? {#q}\n\n- [x] a\n", "q.md:1:1", "a choice needs two options or more"),
        ("### Q? {#q}\n\n- [x] a\n- b\n", "q.md:4:3", "an option without a box"),
        ("### Q? {#q}\n\n1. [x] a\n2. [ ] b\n", "q.md:3:1", "options in a numbered list"),
        ("### Q? {#q}\n\nprose\n", "q.md:1:1", "a question without a key"),
        ("### Q? {#q}\n\n= 1,500\n", "q.md:3:3", "this key cannot be read as a number"),
        ("### Q? {#q}\n\n= 3 +-\n", "q.md:3:3", "this key cannot be read as a number"),
        ("### Q? {#q}\n\nprose\n= 3\n\n= 4\n", "q.md:4:1", "a key is a paragraph of its own"),
        ("### Q? {#q}\n\n= 3\n\n- [x] a\n- [ ] b\n", "q.md:3:1", "two kinds of answer"),
        ("### Q? {#q}\n\n= /(/\n", "q.md:3:3", "this pattern cannot be read"),
        ('### Q? {#q}\n\n= "a" "b"\n', "q.md:3:3", "this key cannot be read"),
        ("### Q? {#q}\n\n= 3\n\n> a quote\n", "q.md:5:1", "a quote that does not say what it is"),
        ("### Q? {#q}\n\n= does not compile: E0382\n", "q.md:1:1", "there is no program above this"),
        ("### Q? {#q}\n\n```rust\n1\n```\n\n= does not compile: X\n", "q.md:7:3", "this is no code of the compiler: X"),
        ("### Q? {#q}\n\n```rust outputs\n1\n```\n\n= 3\n\n```rust output\n```\n", "q.md:9:1", "no fence is called `rust output`"),
        ("### Q? {#q}\n\n```python key\ndef key(shown): return {}\n```\n\n= 3\n", "q.md:4:1", "a key without a variant"),
        ("### Q? {#q}\n\n```python variant\ndef f(: pass\n```\n\n= 3\n", "q.md:4:1", "this is no Python"),
        ("### Q? {#q}\n\n```python variant\n1\n```\n\n= 3\n", "q.md:4:1", "the fence defines no variant"),
        ("### Q? {#q task=f}\n\nprose\n", "q.md:1:1", "a task needs its cases"),
        ("### Q? {#q task=f}\n\n```python cases\n1\n```\n", "q.md:4:1", "the cases define no reference"),
        ("### Q? {#q points=9}\n\n> **Rubric:**\n> - a {points=1}\n", "q.md:1:12", "the criteria have 1 points together"),
        ("### Q? {#q}\n\n> **Rubric:**\n> - a {pts=1}\n", "q.md:4:8", "unknown attribute 'pts'"),
        (CHOICE % "" + "### Q? {#q}\n\n= 3\n", "q.md:5:1", "two things are called 'q'"),
        ("## a {pick=2}\n\n" + CHOICE % "", "q.md:1:7", "pick=2 from 1 items leaves nothing to draw"),
        ("## a {pick=x}\n\n" + CHOICE % "", "q.md:1:7", "pick is how many items are drawn"),
        ('### Q? {#q lint-ok="missing-hint"}\n\n= 3\n', "q.md:1:12", "a waiver without a reason"),
        ("---\ntitel: x\n---\n" + CHOICE % "", "q.md:2:1", "unknown name in the front matter: titel"),
        ("---\ntitle: [\n---\n" + CHOICE % "", "q.md:2:9", "the front matter cannot be read"),
        ("---\ntitle: x\nmode: exam\n---\n" + CHOICE % "", "q.md:3:1", "mode is practice or graded"),
        ("---\ntitle: x\n", "q.md:1:1", "the front matter has no end"),
        ("---\ntitle: [a, b]\n---\n" + CHOICE % "", "q.md:2:1", "title has one value"),
        ("---\nmode: {a: b}\n---\n" + CHOICE % "", "q.md:2:1", "mode has one value"),
        ("---\ntitle: x\nlint-ok: [&a b, *a]\n---\n" + CHOICE % "", "q.md:3:17", "an alias in the front matter"),
        ("---\ntitle: " + 20_000 * "x" + "\n---\n" + CHOICE % "", "q.md:2:1", "the front matter has more than 20000"),
        ("---\nattempts: 0x" + 5000 * "F" + "\n---\n" + CHOICE % "", "q.md:2:1", "attempts is a number from 1"),
        ("---\nexam-minutes: 0x" + 5000 * "F" + "\n---\n" + CHOICE % "", "q.md:2:1", "exam-minutes is a number"),
        ("---\nlint-ok: 0x" + 5000 * "F" + "\n---\n" + CHOICE % "", "q.md:2:1", "a waiver without a reason"),
        ("- [x] a\n- [ ] b\n\n" + CHOICE % "", "q.md:1:1", "answers without a question"),
        ("# Title\n\n- [x] a\n- [ ] b\n\n" + CHOICE % "", "q.md:3:1", "answers without a question"),
        (CHOICE % "" + "  > **Explanation:** x\n", "q.md:5:3", "an explanation indented under an option"),
        (CHOICE % "" + "\n  > **Hint:** x\n", "q.md:6:3", "a hint indented under an option"),
        ("# Title\n\n# Title\n\n" + CHOICE % "", "q.md:3:1", "a second title"),
        ("## a\n\n" + CHOICE % "1" + "## a\n\n" + CHOICE % "2", "q.md:7:1", "two sections are called 'a'"),
        ("just prose\n", "q.md:1:1", "no questions"),
        ("", "q.md:1:1", "no questions"),
    ],
)  # fmt: skip
def test_an_error_says_where_what_and_how_to_mend_it(text: str, place: str, message: str) -> None:
    error = only(text)
    assert (error.place, error.message[: len(message)]) == (place, message)
    assert error.help


def test_all_errors_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (FIXTURES / "broken.md").read_text("utf-8")
    found = [(error.place, error.message) for error in errors(text)]
    assert [int(place.split(":")[1]) for place, _ in found] == sorted(int(place.split(":")[1]) for place, _ in found)
    assert len(found) == 5


def test_a_misspelt_name_gets_the_nearest_known_one() -> None:
    assert only(CHOICE % " pionts=2").help == "did you mean points?"


def test_a_file_that_is_not_there_or_no_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="cannot read the quiz file"):
        load(tmp_path / "no.md")
    (tmp_path / "binary.md").write_bytes(b"### Q\xff")
    with pytest.raises(CourseError, match="is not UTF-8"):
        load(tmp_path / "binary.md")


PIECES = st.sampled_from(
    ["### Q {#q}", "### {{a}} {points=2}", "## s {pick=1}", "# T", "- [x] a", "- [ ] b {#b}", "- [ ]", "  > feedback",
     "1. one", "2. two", "= 3 +- 1%", "= 1,500", '= "a" | "b"', "= /a+/", "= does not compile: E0382", "```rust", "```",
     "```python variant", "def variant(rng):", "    return {'a': 1}", "```text output", "```python parsons", "x #distractor",
     "| left | right |", "|-|-|", "| a | b |", "> **Hint:** h", "> **Explanation:**", "> **Rubric:**", "> - c {points=1}",
     ">   - e | f", "---", "title: x", "", "<!--", "-->", "{#id", '{lint-ok="a: b"}', "\t- [x]\ta", "\ud800", "title: 0x" + 5000 * "F", "a: &a [*a, *a]", "mode: *a", "<!-- <!--", "﻿", "\u2028", "\0"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=25).map("\n".join)))
def test_any_text_is_a_quiz_or_has_errors_with_places(text: str) -> None:
    try:
        quiz = parse(text, path="q.md")
    except QuizErrors as found:
        for error in found.errors:
            assert re.match(r"q\.md:\d+:\d+$", error.place), error.place
            assert error.message
            assert error.help
        return
    data = json.loads(json.dumps(quiz_json(quiz)))
    assert complaint("quiz", data) is None
    again = quiz_json(from_json(data))
    assert again == data


def test_front_matter_says_what_its_author_wrote_not_what_yaml_makes_of_it() -> None:
    for title in ("0x" + 5000 * "F", "007", "2001-12-14", "no", "1e400", '"a: b"'):
        assert parse(f"---\ntitle: {title}\n---\n{CHOICE % ''}").title == title.strip('"')
    for written, meant in (("no", False), ("false", False), ("Yes", True), ("on", True), ('"no"', False)):
        assert parse(f"---\nshuffle: {written}\n---\n{CHOICE % ''}").defaults["shuffle"] is meant
    assert parse(f"---\ntitle:\n---\n{CHOICE % ''}", path="q.md").title == "q"


def test_aliases_that_stand_for_more_than_memory_holds_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 11)]
    text = "\n".join(["---", *lines, "---", CHOICE % ""])
    assert only(text).message == "an alias in the front matter"
    assert parse(convert(text).text).title == "Imported quiz"


def test_comments_that_never_close_are_text() -> None:
    comments = "<!--" * 400_000  # a scan of all that follows for each of them would take hours
    assert item(f"### Q {{#q}}\n\nx {comments}\n\n- [x] one\n- [ ] two\n").body.endswith("<!--<!--")
    assert without_comments("a<!-- b --> c <!-->d--> e <!-- f") == "a c  e <!-- f"


def test_half_a_character_is_a_text_like_others() -> None:
    one, other = (item(CHOICE.replace("one", text) % "").options[0] for text in ("\ud800", "\udfff"))
    assert one.text == "\ud800"
    assert one.id != other.id


def test_the_model_goes_to_json_and_back_whole() -> None:
    quiz = load(FIXTURES / "every-type.md")
    data = quiz_json(quiz)
    assert complaint("quiz", data) is None
    assert quiz_json(from_json(json.loads(json.dumps(data)))) == data


def test_every_example_in_the_documentation_parses() -> None:
    text = (DOCS / "quiz-files.md").read_text("utf-8")
    examples = re.findall(r"^````markdown\n(.*?)^````$", text, re.MULTILINE | re.DOTALL)
    assert len(examples) >= 10
    for example in examples:
        parse(example, path="docs/quiz-files.md")
