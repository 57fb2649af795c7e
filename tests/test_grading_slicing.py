"""Slices: what is left out must not matter. Proved against running everything, on made-up and on real notebooks."""

from __future__ import annotations

import contextlib
import copy
import io
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.build import solved
from course.chapters import Course
from course.grading.reading import MOST_CELLS
from course.grading.slicing import LONGEST, functions_of, needed, whole

ROOT = Path(__file__).parents[1]


def run(cells: tuple[str, ...]) -> dict[str, Any]:
    """Run cells as a person does who goes on after an error; return the namespace."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    random.seed(0)
    for cell in cells:
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell, "<cell>", "exec"), namespace)
    return namespace


def outcome(namespace: dict[str, Any], argument: Any) -> str:
    if "f" not in namespace:
        return "missing"
    try:
        said = repr(namespace["f"](copy.deepcopy(argument)))
    except Exception as error:  # noqa: BLE001
        said = f"{type(error).__name__}: {error}"
    return re.sub(r"0x[0-9a-f]+", "0x…", said)


NAMES = ["a", "b"]
name = st.sampled_from(NAMES)
function = st.sampled_from(["f", "g"])
number = st.integers(0, 3)


def filled(template: str, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda values: template.format(*values))


STATEMENTS = st.one_of(
    filled("{} = {}", name, number),
    filled("{} = [{}, 1]", name, number),
    filled("{} = {}", name, name),
    filled("{} = [{}, {}]", name, name, name),
    filled("{}.append({})", name, number),
    filled("{}[0] = {}", name, number),
    filled("{} += {}", name, name),
    filled("del {}", name),
    filled("for {} in range({}): {} = {}", name, number, name, name),
    filled("{} = {}({})", name, function, name),
    filled("print({}({}))", function, name),
    filled("{} = lambda x: ({}, x)", name, name),
    filled("def {}(x): return (x, {}, {})", function, name, name),
    filled("def {}(x): return {}(x) if x else {}", function, function, name),
    filled("def {}(x):\n    global {}\n    {} = [x, {}]\n    return 1", function, name, name, name),
    filled("def {}(x):\n    {}.append(x)\n    return len({})", function, name, name),
    filled("def {}(x, seen=[]):\n    seen.append(x)\n    return list(seen)", function),
    filled("class {}:\n    n = {}\n    def m(self): return {}", name, number, name),
    filled("{}.n = {}", name, number),
    filled("{}.k = {}", function, name),
    filled("def {}(x): return getattr({}, 'k', x)", function, function),
    filled("import random as {}", name),
    filled("from math import sqrt as {}", function),
    filled("import random\ndef {}(x): return random.random()", function),
    st.just("import random\nrandom.seed(7)"),
    st.just("import random\nzz = random.random()"),
    filled("exec('{} = {}')", name, number),
    filled("globals()['{}'] = {}", name, number),
    filled("{} = [{} for q in range({})]", name, name, number),
    filled("{} = (f := {})", name, function),
    filled("try:\n    {}({})\nexcept Exception as {}: pass", function, name, name),
    filled(
        "def make(v):\n    def inner(x):\n        nonlocal v\n        v = [v, x]\n        return v\n"
        "    return inner\n{} = make({})",
        function,
        name,
    ),
    filled("{}({})", function, name),
    st.just("raise ValueError(a)"),
    st.just("this is no python"),
    filled("%time {}\n{} = {}", name, name, number),
)
DEFINITIONS = st.one_of(
    filled("def f(x): return (x, {}, {})", name, name),
    filled("def f(x): return ({}(x), {})", function, name),
    filled("def f(x):\n    {}.append(x)\n    return list({})", name, name),
)
CELLS = st.tuples(
    st.lists(st.lists(STATEMENTS, min_size=1, max_size=3).map("\n".join), max_size=5),
    DEFINITIONS,
    st.lists(st.lists(STATEMENTS, min_size=1, max_size=3).map("\n".join), max_size=5),
).map(lambda parts: [*parts[0], parts[1], *parts[2]])


def plain(cell: str) -> str:
    return "\n".join(line for line in cell.splitlines() if not line.startswith("%"))


@given(CELLS, st.lists(number, min_size=1, max_size=3))
@settings(max_examples=400)
def test_a_slice_gives_what_the_whole_notebook_gives(cells: list[str], arguments: list[int]):
    everything = run(tuple(plain(cell) for cell in cells))
    wanted = [outcome(everything, argument) for argument in arguments]
    part = run(tuple(plain(cell) for cell in needed(cells, "f").cells))

    assert [outcome(part, argument) for argument in arguments] == wanted


def test_slices_leave_out_what_does_not_matter():
    cells = ["a = 1\nb = [a]", "def g(x): return x + 1", "print(g(a))", "def f(x): return g(x)", "b.append(2)", "f(3)"]

    assert needed(cells, "f").cells == (cells[1], cells[3])


MANY = range(1, MOST_CELLS - 1)
CHAINS = {
    "names": ["a0 = [0]", *(f"a{n} = [a{n - 1}]" for n in MANY), f"def f(x): return a{MANY[-1]}"],
    "functions": ["def g0(x): return x", *(f"def g{n}(x): return g{n - 1}(x)" for n in MANY), f"f = g{MANY[-1]}"],
    "names backwards": [f"def f(x): return a{MANY[-1]}", *(f"a{n} = [a{n - 1}]" for n in reversed(MANY)), "a0 = [0]"],
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", CHAINS)
def test_the_longest_chain_of_cells_is_cut_out(kind: str):
    """Where the time grows with the square, this takes a quarter of an hour."""
    cells = CHAINS[kind]
    beside = [f"b = {[n]}" for n in range(10)]

    assert needed([*beside, *cells], "f").cells == tuple(cells)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "line", ["def b{0}(): 0", "x{0}.set()", "def b(): a{0}", "def b{0}(): a{0}\na{0}.set()", "a {0}" + " " * 9000]
)
def test_the_longest_cell_is_read(line: str):
    cell = "a" + " " * 60_000 + "\n" + "\n".join(line.format(n) for n in range(20_000))[: LONGEST - 70_000]
    cell = cell[: cell.rindex("\n")] + "\ndef f(x): return x"

    assert needed([cell, "def f(x): return x"], "f").cells


def chapter(name: str) -> tuple[list[str], list[str]]:
    course = Course(ROOT)
    texts = [cell.source for cell in solved(course, course.chapter(name)).cells if cell.cell_type == "code"]
    return texts, texts


@pytest.mark.parametrize(("task", "most"), [("softmax_rows", 3), ("standardise", 1)])
def test_a_task_of_chapter_three_needs_a_few_lines_of_it(task: str, most: int):
    cells, own = chapter("03_ndarray")

    found = needed(cells, task, own=own)

    assert len(found.cells) <= most
    assert task in {name for cell in found.cells for name in functions_of(cell)}


def test_the_slice_of_chapter_three_gives_what_the_whole_chapter_gives():
    np = pytest.importorskip("numpy")
    cells, own = chapter("03_ndarray")
    python = ["\n".join(line for line in cell.splitlines() if not line.startswith("%")) for cell in cells]
    # Timings are left out for the sake of the test's own time; Rust cells define nothing here.
    until = [cell for cell in python if "time_lanes(" not in cell and not cell.startswith("%%")]
    part = run(tuple(plain(cell) for cell in needed(cells, "softmax_rows", own=own).cells))
    everything = run(tuple(until))
    scores = np.array([[1.0, 2.0, 3.0], [1000.0, 999.0, -5.0]])
    mine, theirs = scores.copy(), scores.copy()

    part["softmax_rows"](mine)
    everything["softmax_rows"](theirs)

    assert np.array_equal(mine, theirs)
    assert np.allclose(mine.sum(axis=1), 1)


def test_a_notebook_that_patches_numpy_is_run_with_its_patch():
    cells = ["import numpy as np", "np.sum = lambda x: 7", "def f(x): return np.sum(x)", "np.seterr(all='raise')"]

    assert needed(cells, "f") == whole(cells)


def test_rust_cells_bring_the_cells_they_use():
    cells = [
        "%%rust --name helpers\npub fn twice(x: f64) -> f64 { 2.0 * x }",
        "%%rust\npub fn other(x: f64) -> f64 { x }",
        "%%rust --use helpers\npub fn f(x: f64) -> f64 { twice(x) }",
        "%%rust --expect E0382\npub fn f(x: f64) -> f64 { let s = String::new(); drop(s); drop(s); x }",
    ]

    assert needed(cells, "f").cells == (cells[0], cells[2])


def test_a_function_is_found_in_whatever_cell_defines_it():
    assert functions_of("@njit\ndef f(x):\n    return x") == {"f"}
    assert functions_of("%%rust --quiet\nfn f(x: f64) -> f64 { x }") == {"f"}
    assert functions_of("%%time\ndef f(x): return x") == {"f"}
    assert functions_of("%%writefile x.py\ndef f(x): return x") == frozenset()
    assert functions_of("def f(") == frozenset()
