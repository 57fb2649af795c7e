"""Item-writing rules: each finds its own bad file and no other, and each can be waived with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.errors import QuizErrors
from course.quiz import load, parse
from course.quiz.lint import RULES, lint

FIXTURES = Path(__file__).parent / "fixtures" / "quizzes"


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_finds_its_own_file_and_nothing_else(rule: str) -> None:
    found = lint(load(FIXTURES / f"{rule}.md"))
    assert [finding.rule for finding in found] == [rule]
    assert found[0].help
    assert found[0].place.endswith(":1:1")


def test_a_clean_file_has_no_findings() -> None:
    assert lint(load(FIXTURES / "clean.md")) == []


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"key-position"}))
def test_each_rule_is_waived_with_a_reason(rule: str) -> None:
    text = (FIXTURES / f"{rule}.md").read_text("utf-8")
    assert lint(parse(text.replace("{#q", f'{{#q lint-ok="{rule}: on purpose"'))) == []


def test_a_rule_about_a_file_is_waived_in_the_front_matter() -> None:
    text = (FIXTURES / "key-position.md").read_text("utf-8")
    assert lint(parse(f'---\nlint-ok: "key-position: on purpose"\n---\n{text}')) == []


def test_a_waiver_without_a_reason_is_an_error() -> None:
    text = (FIXTURES / "missing-hint.md").read_text("utf-8")
    with pytest.raises(QuizErrors, match="a waiver without a reason"):
        parse(text.replace("{#q", '{#q lint-ok="missing-hint"'))


def test_a_waiver_that_is_not_needed_is_reported() -> None:
    assert [finding.message for finding in lint(load(FIXTURES / "waiver.md"))] == [
        "#q: the waiver of missing-hint is not needed"
    ]


def test_a_waiver_of_no_rule_is_reported() -> None:
    text = (FIXTURES / "clean.md").read_text("utf-8").replace("level=1", 'level=1 lint-ok="no-such: x"')
    assert [finding.rule for finding in lint(parse(text))] == ["waiver"]


@pytest.mark.parametrize(
    "title",
    [
        "Why does this not compile?",
        "Which of these is so?",
        "What happens where `not` is called?",
        "What is nothing?",
        "Why does a slice, which borrows, not copy?",
    ],
)
def test_asking_why_something_is_not_so_is_no_negated_stem(title: str) -> None:
    text = (FIXTURES / "negated-stem.md").read_text("utf-8").replace("Which of these does not copy?", title)
    assert lint(parse(text)) == []


@pytest.mark.parametrize(
    "title", ["Which does NOT copy?", "Which of these doesn't copy?", "What copies all except one?"]
)
def test_asking_for_the_odd_one_out_is_a_negated_stem(title: str) -> None:
    text = (FIXTURES / "negated-stem.md").read_text("utf-8").replace("Which of these does not copy?", title)
    assert [finding.rule for finding in lint(parse(text))] == ["negated-stem"]


@pytest.mark.parametrize("key", ["= 3 +- -1", "= 20 .. 10", "= 3 sig 0", "= 0.5 +- 1", "= /.*/", r"= /.+/"])
def test_a_key_that_nothing_or_everything_meets_is_found(key: str) -> None:
    text = (FIXTURES / "useless-tolerance.md").read_text("utf-8").replace("= 8 +- 100%", key)
    assert [finding.rule for finding in lint(parse(text))] == ["useless-tolerance"]


@pytest.mark.parametrize("key", ["= 3", "= -1 .. 1", "= 0", "= 0 +- 1e-9", "= 3 sig 2", "= /a|b/"])
def test_a_key_with_a_sensible_tolerance_is_not_found(key: str) -> None:
    text = (FIXTURES / "useless-tolerance.md").read_text("utf-8").replace("= 8 +- 100%", key)
    assert lint(parse(text)) == []
