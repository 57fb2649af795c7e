"""A task is judged from what ran: points by group, a message for each way to be wrong, nothing hidden given away."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import BadCases
from course.grading.reading import MOST_CODE
from course.quiz import parse
from course.quiz.codec import from_json, quiz_json
from course.quiz.model import Task
from course.quiz.schema import complaint
from course.quiz.strip import strip
from course.tasks.calling import run_case
from course.tasks.definition import Definition, load
from course.tasks.model import Ran, TaskScore
from course.tasks.rules import RULES
from course.tasks.wire import decode
from tests.test_tasks_wire import values

CENTRE = """
def reference(x):
    return x - x.mean(axis=0)

visible = [
    case(array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]), group="shape"),
    case(array([[4.5, 1.25]]), group="one row"),
]
def hidden(rng):
    for n in range(3):
        yield case(rng.normal(size=(5, 3)), group="shape")
groups = {"shape": 2, "one row": 1}
rows = "def f(x):\\n    return x - x.mean(axis=1, keepdims=True)"
wrong = [("row means", rows, "did you average over the wrong axis?")]
"""


def task(cases: str, *, language: str = "python", points: float = 3.0, mode: str = "practice") -> Task:
    return Task(
        id="t",
        chapter="03_x",
        title="T",
        function="f",
        language=language,
        cases=cases,
        cases_line=7,
        points=points,
        mode=mode,
    )


def judged(definition: Definition, source: str, **names: Any) -> TaskScore:
    space: dict[str, Any] = {"np": np, **names}
    exec(source, space)
    runs = {case.id: run_case(space["f"], case.arguments) for case in definition.cases}
    return definition.judge(runs, source)


def of(expected: str, got: str, arguments: str = "(1.0,)", **more: str) -> str:
    """Return the message for a function that returns `got` where the reference returns `expected`."""
    extra = "\n".join(f"{name} = {value}" for name, value in more.items())
    definition = load(task(f"def reference(x):\n    return {expected}\nvisible = [{arguments}]\n{extra}"))
    return judged(definition, f"def f(x):\n    return {got}").message


def test_the_right_function_earns_every_point():
    score = judged(load(task(CENTRE)), "def f(x): return x - x.mean(axis=0)")

    assert (score.points, score.verdict, score.message) == (3.0, "right", "")
    assert all(verdict.passed for verdict in score.cases)


def test_each_group_earns_its_share_when_all_its_cases_pass():
    score = judged(load(task(CENTRE)), "def f(x): return x - x.mean(axis=0) if len(x) == 1 else x")

    assert score.points == 1.0
    assert score.verdict == "partly"
    # One hidden case of a group fails: nothing for the group.
    score = judged(load(task(CENTRE)), "def f(x): return x - x.mean(axis=0) if len(x) < 5 else x")
    assert score.points == 1.0
    assert score.message.startswith("the cases shown pass, but not every hidden one: ")


def test_a_listed_wrong_solution_is_recognised_by_its_results():
    score = judged(load(task(CENTRE)), "def f(a):\n    return np.array([row - np.mean(row) for row in a])")

    assert score.message == "did you average over the wrong axis?"


def test_a_run_that_ended_before_its_first_case_is_no_listed_wrong_solution():
    definition = load(task(CENTRE))
    score = definition.judge({case.id: Ran("not-run") for case in definition.cases})

    assert score.message == "not run: what came before it failed"


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        ("2.0", "None", "returns nothing"),
        ("None", "2.0", "leave out the return"),
        ("2.0", "'2.0'", "is a text"),
        ("np.ones(3)", "[1.0, 1.0, 1.0]", r"np.array\(…\) makes an array"),
        ("[1, 2]", "(1, 2)", r"list\(…\) makes one"),
        ("np.ones((2, 3))", "np.ones((3, 2))", "transposed"),
        ("np.arange(6.0).reshape(2, 3)", "np.arange(6.0).reshape(2, 3).T", "transposed"),
        ("np.ones(3)", "np.ones((3, 1))", "extra axis of length 1"),
        ("np.ones((3, 1))", "np.ones(3)", "keepdims=True"),
        ("np.ones((4, 2))", "np.ones((3, 2))", "one too few along axis 0"),
        ("np.ones((4, 2))", "np.ones(4)", "an axis too many"),
        ("2.0", "np.ones(3)", "should be one number"),
        ("np.ones(3)", "1.0", "should be an array"),
        ("np.array([1.0, 2.0])", "np.array([1.0, np.nan])", r"nan in 1 of 2 places, the first at \[1\]"),
        ("2.0", "np.inf", "there is inf"),
        ("np.array([1.0, 2.0])", "np.array([-1.0, -2.0])", "right but for the sign"),
        ("np.array([1.0, 2.0, 4.0])", "np.array([4.0, 2.0, 1.0])", "in reverse order"),
        ("np.array([1.0, 2.0, 4.0])", "np.array([2.0, 1.0, 4.0])", "another order"),
        ("np.array([1.0, 2.0])", "np.array([10.0, 20.0])", "one factor: 10 times"),
        ("np.array([1.0, 2.0])", "np.array([1.5, 2.5])", "the same number everywhere: 0.5"),
        ("np.array([2.0, 3.0])", "np.array([4.0, 9.0])", "square of what"),
        ("np.array([4.0, 9.0])", "np.array([2.0, 3.0])", "square root of what"),
        ("np.array([1.5, 2.5])", "np.array([1, 2])", "cut off to whole numbers"),
        ("np.array([300, 2])", "np.array([44, 2], dtype=np.uint8)", "wrapped around"),
        ("2**31", "-2**31", "did not fit in 32 bits"),
        ("np.full(3, 1 / 3)", "np.full(3, 1 / 3).astype('f4')", "float32, which holds fewer digits"),
        (
            "np.array([1.0, 2.0, 3.0])",
            "np.array([1.0, 2.0, 3.5])",
            r"1 of 3 places; the first, \[2\], is 3.5, expected 3",
        ),
        ("np.array([True, False])", "np.array([1, 0])", "holds integers, and should hold booleans"),
        ("'Rust'", "'rust'", "capital letters"),
        ("'a b'", "'a  b'", "white space"),
        ("{'a': 1}", "{'b': 1}", "lacks the key 'a'"),
        ("[1, 2, 3]", "[1, 2]", "1 too few"),
        ("(1, 2.0)", "(1, 3.0)", r"its entry \[1\] is 3, expected 2"),
        ("7", "8", "off by one"),
        ("10", "10 ** 400", "whole number of 1329 bits"),
        ("1.0", "10 ** 400", "inf"),
        ("2.0", "object()", "of type object"),
        ("2.0", "1 / 0", "ZeroDivisionError"),
        ("2.0", "undefined", r"a name is not known"),
        ("2.0", "exit()", "exit"),
        ("2.0", "f(x)", "without end"),
    ],
)
def test_each_common_mistake_has_a_message(expected, got, words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.exit", lambda: (_ for _ in ()).throw(SystemExit), raising=False)
        message = of(expected, got)

    assert message
    import re

    assert re.search(words, message), message


def test_numbers_agree_within_the_tolerance_whatever_their_type():
    assert of("2.0", "2") == of("2", "2.0") == of("2.0", "np.float32(2)") == of("2.0", "np.array(2.0)") == ""
    assert of("2.0", "2.0 + 1e-12") == ""
    assert of("2.0", "2.0 + 1e-12", compare="equal") != ""
    assert of("np.nan", "np.nan", compare="equal") == ""
    assert "it is a NumPy int64" in of("2", "np.int64(2)", compare="exactly")
    assert "-0.0" in of("0.0", "-0.0", compare="exactly")
    assert of("2.0", "2.1", compare="lambda got, expected: abs(got - expected) < 0.5") == ""
    assert of("2.0", "9.0", compare="lambda got, expected: 'too far' if got > 3 else True") == "too far"
    assert "is a text" in of("2.0", "'x'", compare="lambda got, expected: got > 0")


IN_PLACE = "def reference(x):\n    x *= 2\nvisible = [(array([1.0, 2.0]),)]"


@pytest.mark.parametrize(
    ("cases", "source", "words"),
    [
        (IN_PLACE, "def f(x): x *= 2", ""),
        (IN_PLACE, "def f(x): x = x * 2", "`x` has not changed: write into it"),
        (IN_PLACE, "def f(x): return x * 2", "is right, but it is returned"),
        (IN_PLACE, "def f(x):\n    x *= 2\n    return x", "leave out the return"),
        (IN_PLACE, "def f(x): x *= -2", "`x` afterwards is right but for the sign"),
        ("def reference(x): return x * 2\nvisible = [(array([1.0]),)]", "def f(x):\n x *= 2\n return x", "was changed"),
        ("def reference(x): return x * 2\nvisible = [(array([1.0]),)]", "def f(x): return x * 2", ""),
        (
            "def reference(x): return len(x)\nvisible = [([1, 2],)]",
            "def f(x): return (len(x), x.append(1))[0]",
            "was changed",
        ),
    ],
)
def test_work_in_place_is_part_of_the_outcome(cases, source, words):
    message = judged(load(task(cases)), source).message

    assert (words in message) if words else message == ""


def test_where_the_reference_raises_the_learner_must():
    cases = "def reference(x):\n    if x < 0: raise ValueError('negative')\n    return x\nvisible = [(1.0,), (-1.0,)]"
    definition = load(task(cases))

    assert judged(definition, "def f(x):\n    if x < 0: raise ValueError('another text')\n    return x").points == 3
    assert "should raise ValueError here, and returns -1" in judged(definition, "def f(x): return x").message
    assert "instead: KeyError" in judged(definition, "def f(x):\n    if x < 0: raise KeyError(x)\n    return x").message


def test_nothing_begun_is_said_calmly_and_rules_wait():
    definition = load(task(CENTRE + "rules = [must_use_numba]"))
    score = judged(definition, "def f(x): raise NotImplementedError('write your code here')")

    assert score.message.startswith("not begun yet")
    assert score.rules == ()
    missing = definition.judge({case.id: Ran("missing") for case in definition.cases})
    assert "no function `f` yet" in missing.message


def test_a_detector_speaks_before_the_built_in_words_and_may_fail():
    cases = CENTRE + (
        "mistakes = [('never', lambda got, expected, args: got.no_such_thing),"
        " ('divided too', lambda got, expected, args: np.allclose(got.std(axis=0), 1)),"
        " ('an index', 'IndexError'), ('', lambda got, expected, args: f'sum {got.sum():.0f}')]"
    )
    definition = load(task(cases))

    assert judged(definition, "def f(x): return (x - x.mean(axis=0)) / x.std(axis=0)").message == "divided too"
    assert judged(definition, "def f(x): return x[99]").message == "an index"
    assert judged(definition, "def f(x): return x + 1").message == "sum 18"


SECRET = 31337.25


def test_words_for_hidden_cases_tell_no_number_of_theirs():
    cases = f"""
def reference(x):
    return x + 1
visible = [(array([1.0]),)]
def hidden(rng):
    yield (array([{SECRET}, {SECRET}]),)
"""
    definition = load(task(cases))
    only_hidden = "def f(x):\n    if len(x) == 1: return x + 1\n    "
    for wrong in (
        "return x",
        "return x[:1]",
        "return [*x]",
        "return None",
        "return str(x)",
        "return {'a': x[0]}",
        "raise ValueError(x[0])",
        "raise type('E' + str(int(x[0])), (Exception,), {})()",
        "return (x + 1.1).astype('f4')",
        "x += 1; return x",
        "return 1 / 0",
        "return object()",
        "return x * np.nan",
    ):
        score = judged(definition, only_hidden + wrong)
        said = " ".join([score.message, *(verdict.message for verdict in score.cases)])
        assert score.message, wrong
        assert "3133" not in said, said


@settings(max_examples=150)
@given(values, values, st.sampled_from(["allclose()", "equal", "exactly", "lambda got, expected: got == expected"]))
def test_any_value_that_crosses_is_judged(got, argument, compare):
    definition = load(task(f"def reference(x):\n    return np.arange(4.0)\nvisible = [(1.0,)]\ncompare = {compare}"))
    score = definition.judge({"visible-1": Ran("returned", got, (argument,))})

    assert 0 <= score.points <= 3
    assert bool(score.message) == (score.points < 3)
    json.dumps(score.message)


@given(values)
def test_a_value_agrees_with_itself(value):
    for compare in ("allclose()", "equal", "exactly"):
        definition = load(task(f"def reference(x):\n    return x\nvisible = [(1.0,)]\ncompare = {compare}"))
        case = definition.cases[0]
        expected = Ran("returned", value, (1.0,))
        from dataclasses import replace

        definition = replace(definition, cases=(replace(case, expected=expected),))
        assert definition.judge({case.id: expected}).message == ""


# -- structural rules


@pytest.mark.parametrize(
    ("rule", "source", "words"),
    [
        ("no_python_loops", "def f(x): return [a for a in x]", "a loop in Python"),
        ("no_python_loops", "def g(x):\n    for a in x: pass\ndef f(x): return g(x)", "line 2"),
        ("no_python_loops", "def g(x):\n    for a in x: pass\ndef f(x): return x + 1", ""),
        ("no_python_loops", "def f(x): return np.vectorize(abs)(x)", "numpy.vectorize"),
        ("no_python_loops", "f = lambda x: [a for a in x]", "a loop"),
        ("must_use_numba", "def f(x): return x", "plain Python: keep @njit"),
        ("must_use_numba", "from numba import njit\n@njit\ndef f(x): return x", ""),
        ("must_use_numba", "import numba as nb\n@nb.njit(fastmath=True)\ndef f(x): return x", ""),
        ("must_use_numba", "def g(x): return x\nf = njit(g)", ""),
        ("must_be_rust", "def f(x): return x", "not from a Rust cell"),
        ("must_be_rust", "%%rust\nfn f(x: f64) -> f64 { x }", ""),
        ("must_be_rust", "%%rust\n// fn f\nfn g(x: f64) -> f64 { x }", "not from a Rust cell"),
        ("no_unsafe", '%%rust\nfn f() { /* unsafe */ let _ = "unsafe"; }', ""),
        ("no_unsafe", "%%rust\nfn f() { unsafe {} }", "there is `unsafe`"),
        ("no_unsafe", """%%rust\nfn f() { let q = '"'; unsafe {}; let p = '"'; }""", "there is `unsafe`"),
        ("no_unsafe", """%%rust\nfn f() { let q = '\\''; unsafe {}; let p = '\\''; }""", "there is `unsafe`"),
        (
            "no_unsafe",
            """%%rust\nfn f<'a>(x: &'a str) { let q = '\\u{22}'; unsafe {}; let p = b'"'; }""",
            "there is `unsafe`",
        ),
        ("no_unsafe", """%%rust\nfn f() { let q = r#"a "unsafe" b"#; let p = br"unsafe"; let c = "\\"unsafe"; }""", ""),
        ("no_unsafe", "%%rust\nfn f() { /* /* */ unsafe */ }", ""),
        ("no_unsafe", "%%rust\nfn f() { /* /* */ */ unsafe {} }", "there is `unsafe`"),
        ("no_unsafe", '%%rust\nfn f() { let r#"x = 1; unsafe {} }', ""),
        (
            "must_not_call('sklearn')",
            "from sklearn.cluster import KMeans\ndef f(x): return KMeans(3).fit(x)",
            "`sklearn`",
        ),
        ("must_not_call('np.cov')", "def f(x): return np.cov(x)", "`np.cov`"),
        ("must_not_call('np.cov')", "from numpy import cov as c\ndef f(x): return c(x)", "`np.cov`"),
        ("must_not_call('np.cov')", "import numpy\ndef f(x): return numpy.cov(x)", "`np.cov`"),
        ("must_not_call('np.cov')", "def f(x): return np.covariance", ""),
        ("must_not_call('sort')", "def f(x): return x.T.sort()", "`sort`"),
        ("must_not_call('sorted')", "def f(x): return sorted(x)", "`sorted`"),
        ("must_not_call('std.mem')", "%%rust\nfn f() { std::mem::drop(1) }", "`std.mem`"),
        ("must_not_call('sort')", "%%rust\nfn f(mut x: Vec<u8>) { x.sort(); }", "`sort`"),
        ("must_not_import('scipy')", "import scipy.linalg\ndef f(x): return x", "imports `scipy`"),
        ("must_not_import('linfa')", "%%rust\nuse linfa::prelude::*;\nfn f() {}", "uses `linfa`"),
        ("must_not_import('scipy')", "def f(x) return", ""),
    ],
)
def test_a_rule_reads_the_source(rule, source, words):
    definition = load(task(f"def reference(x):\n    return x\nvisible = [(1.0,)]\nrules = [{rule}]"))
    score = definition.judge({"visible-1": run_case(lambda x: x, (1.0,))}, source)

    assert (words in score.message) if words else score.message == ""
    assert score.points == (0 if words else 3)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["/* ", '"', 'r#"', 'r##"', "'", "\\", "//", "/*/", '"\\', "b'\\", "*/", "r#" * 9])
def test_a_rule_reads_the_largest_source_whatever_is_left_open_in_it(text):
    """Where the time grows with the square, this takes hours."""
    source = "%%rust\nfn f() {} " + text * (MOST_CODE // len(text))
    for rule in (RULES["no_unsafe"], RULES["must_be_rust"]):
        rule.broken(source, "f")


# -- definitions that are wrong


@pytest.mark.parametrize(
    ("cases", "line", "words"),
    [
        ("def reference(x): return x", 7, "no case is visible"),
        ("def reference(x): return x\nvisible = [1.0]", 8, "no tuple of arguments"),
        ("def reference(x): return x\nvisible = [(object(),)]", 8, "cannot be handed over"),
        ("def reference(x): return object()\nvisible = [(1,)]", 7, "the reference fails on visible-1"),
        ("import random\ndef reference(x): return random.random()\nvisible = [(1,)]", 8, "a second call gives another"),
        ("x = 1\ny = 1 / 0\ndef reference(x): return x", 8, "ZeroDivisionError"),
        ("def reference(x): return x\nvisible = [(1,)]\ndef hidden(rng):\n    yield rng.nothing()", 10, "hidden"),
        ("def reference(x): return x\nvisible = [(1,)]\nhidden = 3", 9, "hidden is no function"),
        (
            "def reference(x): return x\nvisible = [(1,)]\ndef hidden(rng):\n  while True: yield (1,)",
            9,
            "more than 1000",
        ),
        ("def reference(x): return x\nvisible = [(1,)]\ngroups = {'a': -1}", 9, "groups are names with weights"),
        ("def reference(x): return x\nvisible = [(1,)]\ngroups = {'a': 1, 'b': 1}", 8, "says no group"),
        ("def reference(x): return x\nvisible = [case(1, group='c')]\ngroups = {'a': 1}", 8, "no group 'c'"),
        ("def reference(x): return x\nvisible = [case(1, group='a')]\ngroups = {'a': 1, 'b': 2}", 9, "no case is in"),
        ("def reference(x): return x\nvisible = [(1,)]\nseconds = 0", 9, "seconds"),
        ("def reference(x): return x\nvisible = [(1,)]\nmemory = 1.5", 9, "memory"),
        ("def reference(x): return x\nvisible = [(1,)]\nrules = ['no_python_loops']", 9, "list of rules"),
        ("def reference(x): return x\nvisible = [(1,)]\nrules = [must_not_call()]", 9, "names what must not be"),
        ("def reference(x): return x\nvisible = [(1,)]\ncompare = 3", 9, "compare is no comparison"),
        ("def reference(x): return x\nvisible = [(1,)]\nwrong = [('a', 'b')]", 9, "each with its message"),
        ("def reference(x): return x\nvisible = [(1,)]\nmistakes = [('a', 3)]", 9, "each with what detects it"),
        ("def reference(x): return x\nvisible = [(1,)]\nrejects = [('a', 'E0382', 'b')]", 9, "only a Rust task"),
    ],
)
def test_cases_that_define_no_task_are_an_error_with_its_line(cases, line, words):
    with pytest.raises(BadCases) as caught:
        load(task(cases), path="quizzes/03_x.md")

    assert words in caught.value.message
    assert caught.value.place == f"quizzes/03_x.md:{line}:1"
    assert caught.value.help


def test_hidden_cases_come_from_the_id_the_bank_and_the_secret():
    def drawn(**how: Any) -> bytes:
        return b"".join(case.arguments[0].tobytes() for case in load(task(CENTRE), **how).cases if case.hidden)

    assert drawn() == drawn()
    assert len({drawn(), drawn(secret=b"a"), drawn(secret=b"b"), drawn(bank="b"), drawn(bank="c")}) == 5


def test_limits_are_those_of_the_cases():
    made = load(task("def reference(x): return x\nvisible = [(1,)]\nseconds = 1.5\nmemory = 64\nthreads = 2"))

    assert (made.limits.seconds, made.limits.memory, made.limits.threads) == (1.5, 64, 2)


# -- what ships

GRADED = """---
title: T
---
## your-turn

### Centre. {#t task=f points=3 mode=graded}

```python cases
def reference(x):
    return x - x.mean(axis=0)  # CANARY

visible = [case(array([[1.0, 2.0], [3.0, 5.0]]), group="a"), case(array([[1.0]]), group="b")]
def hidden(rng):
    yield case(array([[31337.25]]), group="a")
    yield case(array([[1.0, 31337.25]]), group="c")
groups = {"a": 1, "b": 1, "c": 1}
compare = COMPARE
wrong = [("CANARY", "def f(x): return x  # CANARY", "CANARY")]
mistakes = [("CANARY", lambda got, expected, args: "CANARY")]
rules = [no_python_loops, must_not_call("np.cov")]
```
"""


def shipped(compare: str) -> dict[str, Any]:
    return json.loads(strip(parse(GRADED.replace("COMPARE", compare), path="03_x.md")))


@pytest.mark.parametrize(
    "compare", ["allclose(rtol=1e-6)", "lambda got, expected: got.shape == expected.shape or 'CANARY'"]
)
def test_a_graded_task_ships_its_visible_cases_and_nothing_else(compare):
    data = shipped(compare)
    item = data["sections"][0]["questions"][0]
    text = json.dumps(data)
    frames = [base64.b64decode(case[name]) for case in item["shown"]["cases"] for name in ("arguments", "expected")]

    assert complaint("quiz", data) is None
    assert "CANARY" not in text
    assert "reference" not in text
    for frame in frames:
        assert b"CANARY" not in frame
        assert b"31337" not in frame
        assert np.float64(31337.25).tobytes() not in frame
    assert len(item["shown"]["cases"]) == 2
    assert quiz_json(from_json(data), learner=True) == data


def test_a_learner_bank_judges_the_visible_cases_with_the_same_words():
    (item,) = from_json(shipped("allclose(rtol=1e-6)")).items
    assert isinstance(item, Task)
    made = load(item)
    right = judged(made, "def f(x): return x - x.mean(axis=0)")

    assert not made.whole
    assert not made.practice
    assert (right.points, right.message) == (2.0, "")  # the group of hidden cases alone earns nothing yet
    assert "right but for the sign" in judged(made, "def f(x): return x.mean(axis=0) - x").message
    assert "a loop" in judged(made, "def f(x): return np.array([r for r in x])").message


def test_an_authors_own_comparison_is_left_to_the_grader():
    (item,) = from_json(shipped("lambda got, expected: True")).items
    assert isinstance(item, Task)

    assert judged(load(item), "def f(x): return x * 1.5").message == "this is compared when it is graded"


def test_frames_of_a_bank_that_were_tampered_with_are_an_error():
    from course.errors import CourseError

    data = shipped("equal")
    case = data["sections"][0]["questions"][0]["shown"]["cases"][0]
    case["expected"] = base64.b64encode(b"nonsense").decode()
    (item,) = from_json(data).items
    assert isinstance(item, Task)
    with pytest.raises(CourseError, match="cannot be read"):
        load(item)


def test_expected_values_are_what_the_reference_gives():
    case = load(task(CENTRE)).cases[0]

    np.testing.assert_allclose(case.expected.value.mean(axis=0), 0, atol=1e-15)
    assert decode is not None
