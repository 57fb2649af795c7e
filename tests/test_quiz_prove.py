"""Proofs: keys are computed, and one that has drifted is told with its line."""

# ruff: noqa: E501 - tables of cases read best one case a line

from __future__ import annotations

import json
from pathlib import Path

import pytest

from course.errors import RustMissing
from course.quiz import load, parse
from course.quiz.prove import Proofs, prove, run_python, run_rust

FIXTURES = Path(__file__).parent / "fixtures" / "quizzes"
PARTS = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))


def proofs(text: str) -> Proofs:
    return prove([parse(text, path="q.md")])


def drifted(text: str) -> tuple[str, str]:
    found = proofs(text).drifted
    assert len(found) == 1, found
    assert found[0].help
    return found[0].place, found[0].message


RUST = "### Q {#q}\n\n```rust\n%s\n```\n\n%s\n"


@pytest.mark.needs("rust")
@pytest.mark.parametrize(
    ("program", "key"),
    [
        ('println!("{}", 40 + 2);', "```text output\n42\n```"),
        ('fn main() { print!("a\\nb"); }', "```text output\na\nb\n```"),
        ("let s = String::new(); drop(s); drop(s);", "= does not compile: E0382"),
        ("let x: i32 = 1.5;", "= does not compile"),
    ],
)
def test_what_a_program_does_proves_its_key(program: str, key: str) -> None:
    found = proofs(RUST % (program, key))
    assert (found.proved, found.drifted, found.not_proved) == (1, [], [])


@pytest.mark.needs("rust")
@pytest.mark.parametrize(
    ("program", "key", "message"),
    [
        ('println!("42");', "```text output\n41\n```", "#q: the key says it prints '41', it prints '42'"),
        ('println!("42");', "= does not compile: E0382", "#q: the key says it does not compile, but it does"),
        ("let x: i32 = 1.5;", "= does not compile: E0382", "#q: the key says E0382, the compiler says E0308"),
        ("let x: i32 = 1.5;", "```text output\n```", "#q: the key says it runs, but it does not compile: E0308"),
        ("panic!();", "```text output\n```", "#q: the program ended with exit code 101"),
    ],
)
def test_a_key_that_drifted_is_told_with_its_line(program: str, key: str, message: str) -> None:
    place, said = drifted(RUST % (program, key))
    assert place == "q.md:4:1"
    assert said.startswith(message)


@pytest.mark.needs("rust")
def test_several_rust_programs_and_a_proof_in_rust() -> None:
    text = '### Q {#q}\n\n= 8\n\n```rust proof\nprintln!("{}", std::mem::size_of::<f64>());\n```\n'
    assert proofs(text).proved == 1
    assert drifted(text.replace("= 8", "= 4"))[1] == "#q: the proof computes '8', the key says '4'"


def test_without_a_compiler_rust_is_not_proved_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    found = proofs(RUST % ("", "= does not compile: E0382"))
    assert (found.proved, found.drifted) == (0, [])
    assert found.not_proved[0].place == "q.md:1:1"


@pytest.mark.parametrize(
    ("key", "proof"),
    [
        ("= 3.14 +- 0.01", "import math\nmath.pi"),
        ('= "(32, 8)"', "import numpy as np\nnp.zeros((3, 4)).strides.__repr__()"),
        ("- [ ] one\n- [x] `two`", '"two"'),
        ("- [x] a {#one}\n- [ ] b\n- [x] c", '["one", "c"]'),
        ("1. a\n2. b\n3. c", 'sorted(["c", "a", "b"])'),
        ("| left | right |\n|-|-|\n| a | 1 |\n| b | 2 |", 'print("a -> 1")\nprint("b -> 2")'),
    ],
)
def test_a_proof_answers_the_question(key: str, proof: str) -> None:
    found = proofs(f"### Q {{#q}}\n\n{key}\n\n```python proof\n{proof}\n```\n")
    assert (found.proved, found.drifted) == (1, [])


@pytest.mark.parametrize(
    ("key", "proof", "message"),
    [
        ("= 3.14 +- 0.01", "2.72", "#q: the proof computes '2.72', the key says '3.14 ± 0.01'"),
        ("- [ ] one\n- [x] two", '"one"', "#q: the proof computes 'one', the key says 'two'"),
        ("- [ ] one\n- [x] two", '"three"', "#q: the proof computes 'three', which does not answer the question"),
        ("= 3", "1 / 0", "#q: the proof does not run: ZeroDivisionError"),
        ("= 3", "1 +", "#q: the proof does not run"),
    ],
)
def test_a_proof_that_disagrees_is_told_with_its_line(key: str, proof: str, message: str) -> None:
    place, said = drifted(f"### Q {{#q}}\n\n{key}\n\n```python proof\n{proof}\n```\n")
    assert said.startswith(message)
    assert place == f"q.md:{3 + key.count(chr(10)) + 3}:1"


VARIANT = (
    "### {{a}}? {#q}\n\n= {{b}} +- 0.1\n\n```python variant\ndef variant(rng):\n    return {'a': rng.randint(1, 9)}\n```\n\n"
    "```python key\ndef key(shown):\n    return {'b': 2 * shown['a']}\n```\n"
)


def test_variants_are_drawn_and_their_proof_is_given_what_was_shown() -> None:
    assert proofs(VARIANT).proved == 1
    assert proofs(VARIANT + "\n```python proof\n2 * shown['a']\n```\n").proved == 4
    assert "the proof computes" in proofs(VARIANT + "\n```python proof\n3 * shown['a']\n```\n").drifted[0].message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{{a}}?", "{{a}} {{c}}?", "variant(rng) does not say what {{c}} is"),
        ("{{a}}?", "{{b}}?", "variant(rng) does not say what {{b}} is"),
        ("'b':", "'c':", "the key '{{b}} +- 0.1' is no number"),
        ("rng.randint(1, 9)", "__import__('random').random()", "gives different values for the same seed"),
        ("2 * shown['a']", "1 / 0", "key() failed: ZeroDivisionError"),
        ("+- 0.1", "+- -1", "the key itself is not graded right"),
    ],
)
def test_a_variant_that_is_not_whole_is_told(old: str, new: str, message: str) -> None:
    assert message in drifted(VARIANT.replace(old, new))[1]


def test_a_parsons_problem_in_python_must_parse_when_arranged() -> None:
    text = "### Q {#q}\n\n```python parsons\ndef f(:\n    return 1\n```\n"
    assert "the arranged program does not parse" in drifted(text)[1]


RUST_PARSONS = "### Q {#q}\n\n```rust parsons\n%s\n```\n\n```rust proof\n%s\n```\n"


@pytest.mark.needs("rust")
@pytest.mark.parametrize(
    ("lines", "around"),
    [
        ("fn add(a: &mut f64) {\n    *a += 1.0;\n}", "// nothing"),
        ("fn one(p: Point) -> f64 {\n    p.x\n}", "struct Point {\n    x: f64,\n}"),
        ("n += 1;\nn *= 3;", "fn main() {\n    let mut n = 0;\n    // the arranged lines\n    assert_eq!(n, 3);\n}"),
    ],
)
def test_a_parsons_problem_in_rust_compiles_with_what_its_proof_puts_around_it(lines: str, around: str) -> None:
    found = proofs(RUST_PARSONS % (lines, around))
    assert (found.proved, found.drifted, found.not_proved) == (1, [], [])


@pytest.mark.needs("rust")
def test_a_parsons_problem_in_rust_that_does_not_compile_or_fails_its_proof_is_told() -> None:
    moved = "fn f(x: Vec<f64>) -> usize {\n    drop(x);\n    x.len()\n}"
    assert "#q: the arranged program does not compile: E0382" in drifted(RUST_PARSONS % (moved, "// nothing"))[1]
    half = "fn half(x: i32) -> i32 {\n    x / 2\n}"
    assert "ended with exit code 101" in drifted(RUST_PARSONS % (half, "fn main() { assert_eq!(half(3), 2); }"))[1]


def test_results_are_remembered_and_a_damaged_memory_is_made_anew(tmp_path: Path) -> None:
    first = run_python("print(1)")
    (kept,) = (tmp_path / "cache" / "proofs").iterdir()
    data = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps({**data, "printed": "remembered"}), "utf-8")
    assert run_python("print(1)").printed == "remembered"
    kept.write_text("{", "utf-8")
    assert run_python("print(1)") == first


def test_a_program_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course.quiz.prove.SECONDS", 0.3)
    found = proofs("### Q {#q}\n\n= 1\n\n```python proof\nwhile True: pass\n```\n")
    assert "took more than 0.3 seconds" in found.not_proved[0].message + "".join(f.message for f in found.drifted)


@pytest.mark.needs("rust")
def test_the_keys_of_every_type_prove_themselves_but_for_the_one_made_to_fail() -> None:
    found = prove([load(FIXTURES / "every-type.md")])
    assert (found.proved, found.drifted) == (9, [])  # five keys, and four proofs of the task


@pytest.mark.needs("rust", "crates")
def test_a_program_that_needs_tch_is_not_proved_where_torch_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the crates are in this person's cache
    monkeypatch.setattr("course.rust.crates.torch_library", lambda: None)
    with pytest.raises(RustMissing, match="it uses tch, which is not built here"):
        run_rust('fn main() { println!("{:?}", tch::Tensor::from(1.0)); }')
