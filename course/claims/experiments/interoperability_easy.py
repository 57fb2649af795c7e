"""Is it easy to connect Rust with Python and C? What a call costs, what must be written, what a mistake does."""

from __future__ import annotations

import numpy as np

from course.claims.experiment import Evidence, Experiment, Rule, Run, above, below
from course.claims.programs import PRINTED, cell_functions, run_python, run_rust, shared_library
from course.errors import WrongArgument

__all__ = ["EXPERIMENT"]

CELL = """
pub fn first(x: &[f64]) -> f64 { x[0] }
pub fn dot(a: &[f64], b: &[f64]) -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() }
"""

BY_HAND_RUST = """
#[unsafe(no_mangle)]
pub extern "C" fn dot(a: *const f64, b: *const f64, n: usize) -> f64 {
    let (a, b) = unsafe { (std::slice::from_raw_parts(a, n), std::slice::from_raw_parts(b, n)) };
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
"""
BY_HAND_PYTHON = """
import ctypes
library = ctypes.CDLL({path!r})
library.dot.restype = ctypes.c_double
library.dot.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
"""
BY_HAND_CALL = """
import numpy as np
a = np.arange(4, dtype=np.{dtype})
print(library.dot(a.ctypes.data, a.ctypes.data, len(a)))
"""

C_FROM_RUST = """
unsafe extern "C" { fn cbrt(x: f64) -> f64; }
fn main() { println!("{}", unsafe { cbrt(27.0) }); }
"""
C_FROM_RUST_WRONG = C_FROM_RUST.replace("f64", "f32")


def measure(run: Run) -> Evidence:
    """Time calls, count lines, and make the usual mistakes."""
    evidence = Evidence()
    evidence_of_calls(run, evidence)
    run.say(0.5, "by hand, with ctypes")
    with shared_library(BY_HAND_RUST) as path:
        declarations = BY_HAND_PYTHON.format(path=str(path))
        right = run_python(declarations + BY_HAND_CALL.format(dtype="float64"))
        wrong = run_python(declarations + BY_HAND_CALL.format(dtype="float32"))
    run.say(0.8, "C from Rust")
    four = np.arange(4.0)
    cell = cell_functions(CELL)["dot"](four, four)
    c, c_wrong = run_rust(C_FROM_RUST), run_rust(C_FROM_RUST_WRONG)

    hand = _lines(BY_HAND_RUST) - 3 + _lines(BY_HAND_PYTHON)  # less the function's own head, body and brace
    routes = {
        "Rust cell": (0, cell == 14, f"{cell}; the signature says the types"),
        "ctypes by hand": (hand, right.detail == "14.0", right.detail),
        "C from Rust": (_lines(C_FROM_RUST) - 1, c.detail == "3", c.detail),
    }
    for name, (count, works, _) in routes.items():
        evidence.count("lines", f"lines beyond the function's own: {name}", count, "lines", route=name)
        evidence.count("works", f"gives the right result: {name}", float(works), "(1: right)", route=name)
    caught = {
        "Rust cell": (_refuses_float32(), "refused before the call: WrongArgument"),
        "ctypes by hand": (wrong.kind != PRINTED, f"prints {wrong.detail}, where 14 is right"),
        "C from Rust": (c_wrong.kind != PRINTED, f"prints {c_wrong.detail}, where 3 is right"),
    }
    for name, (stopped, _) in caught.items():
        words = f"a wrong number type at the border is stopped: {name}"
        evidence.count("caught", words, float(stopped), "(1: stopped, 0: a wrong result)", route=name)
    rows = [[name, str(count), said, "stopped" if caught[name][0] else caught[name][1]]
            for name, (count, _, said) in routes.items()]  # fmt: skip
    columns = ["route", "lines beyond the function", "what it gives", "with a wrong number type"]
    evidence.table("Three ways across the border", columns, rows)
    evidence.notes.append(
        "Not measured: PyO3, the usual way to publish Rust for Python. It needs cargo and a project of its own."
    )
    return evidence


def evidence_of_calls(run: Run, evidence: Evidence) -> None:
    """Time small calls beside NumPy's, and the passing of a large array beside that of a small one."""
    cell = cell_functions(CELL)
    a, b = np.arange(4.0), np.arange(4.0)
    lanes = {"numpy": lambda: np.dot(a, b), "rust cell": lambda: cell["dot"](a, b)}
    times = run.time(lanes, seconds=3.0)
    evidence.ratio("call", times, "rust cell", "numpy", task="dot of 4 numbers")
    ten, million = np.ones(10), np.ones(1_000_000)
    lanes = {"10 numbers": lambda: cell["first"](ten), "1 000 000 numbers": lambda: cell["first"](million)}
    times = run.time(lanes, seconds=3.0)
    evidence.ratio("copy", times, "1 000 000 numbers", "10 numbers", task="passing an array")


def _refuses_float32() -> bool:
    wrong = np.arange(4, dtype=np.float32)
    try:
        cell_functions(CELL)["dot"](wrong, wrong)
    except WrongArgument:
        return True
    return False


def _lines(source: str) -> int:
    return sum(bool(line.strip()) for line in source.splitlines())


EXPERIMENT = Experiment(
    id="interoperability-easy",
    claim="Rust connects easily with C and with Python.",
    where="Benefits: interoperability",
    lanes=("Rust cell", "ctypes by hand", "C from Rust", "NumPy (the cost of a call)"),
    sizes=("4 numbers", "10 numbers", "1 000 000 numbers"),
    agreement="every route is asked for a result that is known: 14 for a dot product, 3 for C's cube root of 27",
    rule=Rule(
        "A call costs at most twice NumPy's own (at least 0.5 times as fast, interval and all); a large array is "
        "passed "
        "without a copy (at least 0.5 times as fast as a small one); every route gives the right result (above 0.5), "
        "needs fewer than ten lines beyond the function itself, and stops a wrong number type at the border (above "
        "0.5).",
        {"call": above(0.5), "copy": above(0.5), "works": above(0.5), "lines": below(10), "caught": above(0.5)},
    ),
    holds="Every route is short, cheap, without a copy, and stops a wrong type.",
    depends="By some of these measures connecting is easy, by others not, or the noise is too large to tell.",
    fails="No route is short, cheap, or safe.",
    would_change="a generator of bindings (PyO3, bindgen, cbindgen): more to install, and types checked on both sides.",
    needs=("rust",),
    measure=measure,
)
