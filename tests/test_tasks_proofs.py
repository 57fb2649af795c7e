"""`course quiz check` proves tasks: what an author claims of wrong solutions, hidden cases and types is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.quiz.parse import load
from course.quiz.prove import Proofs, prove
from course.tasks import proving

HEAD = """---
title: T
---
## your-turn

### Twice. {#twice task=twice points=1 LANGUAGE}

```python cases
"""
TAIL = """
```

> **Explanation:** Twice.
"""
CASES = """
def reference(x):
    return 2 * x

visible = [(3.0,)]
def hidden(rng):
    yield (rng.normal(),)
"""
WRONG = "def twice(x):\\n    return x * x"
REFUSING = """
def reference(x):
    if isinstance(x, str):
        raise ValueError(x)
    return 2 * x

visible = [case(3.0, group="numbers")]
def hidden(rng):
    yield case(rng.normal(), group="numbers")
"""


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(proving, "_mark", lambda *_: tmp_path / "mark")


def proofs(tmp_path: Path, cases: str, *, language: str = "python", source: str = "") -> Proofs:
    (tmp_path / "quizzes").mkdir()
    path = tmp_path / "quizzes" / "00_small.md"
    path.write_text(HEAD.replace("LANGUAGE", f"language={language}") + CASES + cases + TAIL, "utf-8")
    if source:
        (tmp_path / "notebooks" / "src").mkdir(parents=True)
        (tmp_path / "notebooks" / "src" / "00_small.md").write_text(source, "utf-8")
    return prove([load(path)])


def drifted(found: Proofs) -> list[str]:
    return [finding.message for finding in found.drifted]


def test_a_task_whose_claims_are_so_is_proved(tmp_path):
    found = proofs(tmp_path, f'wrong = [("squared", "{WRONG}", "that is the square")]')

    assert drifted(found) == []
    assert found.proved == 4
    again = prove([load(tmp_path / "quizzes" / "00_small.md")])  # from memory this time
    assert (again.proved, drifted(again)) == (4, [])


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ('wrong = [("right", "def twice(x): return x + x", "no")]', "the wrong solution 'right' passes"),
        ('wrong = [("other", "def thrice(x): return x", "no")]', "defines no twice"),
        ('wrong = [("lost", "def twice(x): return y", "no")]', "uses a name that is not there"),
        ('wrong = [("broken", "def twice(x) return x", "no")]', "does not run: SyntaxError"),
        (
            'wrong = [("a", "def twice(x): raise KeyError(x)", "told so")]\nmistakes = [("other words", "KeyError")]',
            None,  # recognised by its results before a detector is asked
        ),
        (
            'like = lambda x: x\nwrong = [("a", "def twice(x): return x / 0", "a", like)]',
            None,
        ),
        ('wrong = [("a", "def twice(x): return 6.0 if x == 3 else 0", "hm")]', "visible cases pass every wrong"),
        (
            REFUSING + 'groups = {"numbers": 1, "refused": 1}\nvisible.append(case("x", group="refused"))',
            "a function that always fails earns 0.5 points",
        ),
        (
            REFUSING + 'groups = {"numbers": 1, "few": 1}\nvisible += [case(v, group="few") for v in ("x", 2.0)]',
            None,
        ),
        ("import time\ndef hidden(rng):\n    yield (time.perf_counter(),)", "same seed"),
        ("y = 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_claim_that_is_not_so_is_named(tmp_path, cases, words):
    found = drifted(proofs(tmp_path, cases))

    assert (words is None and found == []) or any(words in message for message in found), found


def test_the_chapters_solution_must_pass(tmp_path):
    cell = (
        '```python solution="twice"\ndef twice(x):\n    # BEGIN SOLUTION\n    return x * 2.5\n    # END SOLUTION\n```\n'
    )
    found = proofs(tmp_path, "", source=cell)

    assert "the chapter's solution does not pass" in drifted(found)[0]


def test_a_solution_that_needs_other_cells_is_left_to_the_chapters_own_check(tmp_path):
    found = proofs(tmp_path, "", source='```python solution="twice"\ndef twice(x):\n    return other(x)\n```\n')

    assert drifted(found) == []


RUST = '```rust solution="twice"\npub fn twice(x: f64) -> f64 { 2.0 * x }\nfn take(x: String) {}\n```\n'


@pytest.mark.needs("rust")
def test_wrong_solutions_in_rust_are_compiled_and_told_their_message(tmp_path):
    cases = """
mistakes = [("it panics at 3", lambda got, expected, args: raised(got, "three"))]
wrong = [
    ("a", "fn twice(x: f64) -> f64 { x + 2.0 }", "add", lambda x: x + 2.0),
    ("b", "fn twice(x: f64) -> f64 { if x == 3.0 { panic!(\\"three\\") } else { 2.0 * x } }", "it panics at 3"),
]
rejects = [("let s = String::new(); take(s); s.len()", "E0382", "let s = String::new(); take(s)")]
rules = [must_be_rust]
"""
    found = proofs(tmp_path, cases, language="rust", source=RUST)

    assert drifted(found) == []
    assert found.proved == 6


@pytest.mark.needs("rust")
def test_a_program_that_should_be_refused_and_is_not_is_named(tmp_path):
    cases = 'rejects = [("let s = String::new(); take(s.clone()); s.len()", "E0382", "let s = 1; s")]'
    found = proofs(tmp_path, cases, language="rust", source=RUST)

    assert "the chapter's solution does not pass: a program that the types should forbid" in drifted(found)[0]


@pytest.mark.needs("rust")
def test_a_wrong_solution_that_does_not_compile_is_named(tmp_path):
    found = proofs(tmp_path, 'wrong = [("a", "fn twice(x: f64) -> f64 { y }", "m")]', language="rust", source=RUST)

    assert "does not run: it does not compile (E0425)" in drifted(found)[0]
