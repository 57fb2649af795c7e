"""Rust in the sandbox: compiled in one worker, run in another, each cell compiled once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from course.grading.sandbox import Done, Isolation, Job, Pool, running, rust_cells
from course.tasks import wire
from course.tasks.model import Limits

pytestmark = pytest.mark.needs("sandbox", "rust")

HOSTILE = Path(__file__).parent / "fixtures" / "hostile"
ATTACKS = sorted(path.stem for path in HOSTILE.glob("*.rs"))
HONEST = "%%rust\nfn f(x: f64) -> f64 { x + 1.0 }"


def job(id: str, *cells: str, arguments: tuple[object, ...] = (1.0,), **more: object) -> Job:
    settings: dict[str, object] = {"function": "f", "language": "rust", "limits": Limits(5.0, 256), **more}
    return Job(id, cells, cases=(wire.encode(arguments),), **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY", "canary-51c2")
        patch.setattr(rust_cells, "SECONDS", 20.0)
        patch.setitem(rust_cells.REQUEST, "cpu", 2)
        with Pool(1, seconds_per_submission=25.0, memory=512) as pool:
            yield pool


def one(pool: Pool, wanted: Job) -> Done:
    (done,) = pool.run([wanted])
    assert done.fault != "machine", done.problem
    return done


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_in_rust_costs_only_itself(pool: Pool, name: str) -> None:
    source = (HOSTILE / f"{name}.rs").read_text(encoding="utf-8")
    first, second = source.splitlines()[:2]
    outcomes = first.removeprefix("// may: ").split(", ")
    word = second.removeprefix("// says: ") if second.startswith("// says: ") else ""
    patience = Limits(1.0 if "timeout" in outcomes else 15.0, 256)
    attack, after = pool.run([job(name, f"%%rust\n{source}", limits=patience), job("honest", HONEST)])
    (run,) = attack.runs
    assert run.outcome in outcomes, attack
    assert word in f"{run.error} {attack.problem}"
    assert "canary" not in f"{run.value}{run.error}{attack.problem}"
    assert "root:" not in f"{run.value}{run.error}{attack.problem}"
    assert attack.fault in ("", "submission")
    assert after.runs[0].value == 2.0


def test_equal_cells_are_compiled_once(pool: Pool) -> None:
    source = "%%rust\nfn f(x: f64) -> f64 { x + 0.125 }"
    first, second, other = pool.run([job("a", source), job("b", source), job("c", source + " // mine")])
    assert [done.runs[0].value for done in (first, second, other)] == [1.125] * 3
    assert second.cpu < min(first.cpu, other.cpu)


def test_what_is_kept_compiled_is_bounded_in_bytes(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def cell(number: int) -> str:
        table = "static T: [u8; 1 << 20] = [7; 1 << 20];"
        return f"%%rust\n{table}\nfn f(x: f64) -> f64 {{ x + {number}.0 + f64::from(T[x as usize]) }}"

    monkeypatch.setattr(rust_cells, "_KEPT_BYTES", 3 << 20)
    monkeypatch.setattr(running, "LARGEST_TOGETHER", 1 << 20)
    shelf = pool._shelf
    for number in range(4):
        assert one(pool, job(f"large {number}", cell(number))).runs[0].value == 8.0 + number
        assert shelf.size <= 3 << 20
    assert shelf.size > 1 << 20, "the last two or so are kept"

    done = one(pool, job("together", *map(cell, range(4))))
    assert "its Rust cells have more than 1 MB, compiled" in done.problem, done
    monkeypatch.setattr(rust_cells, "_LARGEST", 1 << 20)
    done = one(pool, job("too large", cell(9)))
    assert "the compiler ended without an answer" in done.problem, done


def test_a_cell_sees_the_items_of_those_it_uses(pool: Pool) -> None:
    cells = (
        "%%rust --name helpers\nfn half(x: f64) -> f64 { x / 2.0 }",
        "%%rust --use helpers\nfn f(x: f64) -> f64 { half(x) }",
    )
    assert one(pool, job("uses", *cells)).runs[0].value == 0.5
    done = one(pool, job("misses", "%%rust --use helper\nfn f(x: f64) -> f64 { x }"))
    assert done.problem == "cell 1: no cell is called 'helper'"


def test_programs_and_lessons_are_passed_over(pool: Pool) -> None:
    cells = (
        "%%rust\nfn main() { loop {} }",
        "%%rust --expect E0382\nfn g() { let a = vec![1]; drop(a); drop(a); }",
        HONEST,
    )
    assert one(pool, job("program", *cells)).runs[0].value == 2.0


def test_what_the_border_refuses_is_told_as_in_a_cell(pool: Pool) -> None:
    cell = "%%rust\nfn f(x: &[f64]) -> f64 { x[3] }"
    run = one(pool, job("panic", cell, arguments=(np.zeros(3),))).runs[0]
    assert run.outcome == "panicked"
    assert run.error.startswith("index out of bounds: the len is 3 but the index is 3 (the cell, line 1")
    run = one(pool, job("type", cell, arguments=(np.zeros(3, np.float32),))).runs[0]
    assert run.outcome == "raised"
    assert run.error.startswith("WrongArgument: ")
    run = one(pool, job("overflow", "%%rust\nfn f(x: i32) -> i32 { x + 1 }", arguments=(2**31 - 1,))).runs[0]
    assert (run.outcome, "overflow" in run.error) == ("panicked", True)


def test_a_rust_task_wants_a_rust_function(pool: Pool) -> None:
    done = one(pool, job("python", "def f(x): return x + 1.0"))
    assert (done.runs[0].outcome, done.runs[0].error) == ("missing", "`f` is not a function of a %%rust cell")
    done = one(pool, job("type", "%%rust\nfn f(x: std::collections::HashMap<u8, u8>) -> f64 { x.len() as f64 }"))
    assert "cannot be called from Python" in done.runs[0].error


def test_programs_that_must_not_compile_are_tried_beside_the_learners_items(pool: Pool) -> None:
    cell = "%%rust\nstruct Kept(Vec<f64>);\nfn take(k: Kept) -> usize { k.0.len() }\nfn f(x: f64) -> f64 { x }"
    moved = "let k = Kept(vec![1.0]); take(k); take(k);"
    fine = "fn g() { let k = Kept(vec![1.0]); take(k); }"
    done = one(pool, job("rejects", cell, rejects=((moved, "E0382"), (moved, "E0502"), (moved, ""), (fine, ""))))
    assert dict(done.rejected) == {0: True, 1: False, 2: True, 3: False}


@pytest.mark.needs("crates")
def test_cells_use_crates(pool: Pool) -> None:
    cell = (
        "%%rust\nuse ndarray::{Array2, ArrayView2, Axis};\n"
        "fn f(x: ArrayView2<f64>) -> Array2<f64> { &x - &x.mean_axis(Axis(0)).unwrap() }"
    )
    run = one(pool, job("ndarray", cell, arguments=(np.eye(2),))).runs[0]
    np.testing.assert_array_equal(run.value, np.eye(2) - 0.5)


def test_a_task_may_use_threads(pool: Pool) -> None:
    cell = "%%rust\nfn f(x: f64) -> f64 { std::thread::spawn(move || x + 1.0).join().unwrap() }"
    assert one(pool, job("threads", cell, limits=Limits(2.0, 256, threads=2))).runs[0].value == 2.0


THREADED = {
    "a loop in Rust": """%%rust
fn f(x: f64) -> f64 {
    for _ in 0..2 { std::thread::spawn(|| loop { std::hint::spin_loop() }); }
    loop { std::hint::spin_loop() }
}""",
    "memory in Rust": """%%rust
fn hold() -> u8 {
    let mut held = Vec::new();
    loop { held.push(vec![1u8; 1 << 24]); }
}
fn f(x: f64) -> f64 {
    let all: Vec<_> = (0..2).map(|_| std::thread::spawn(hold)).collect();
    for one in all { one.join().unwrap(); }
    x
}""",
    "a loop in numba": """
from numba import njit, prange
@njit(parallel=True)
def g(n):
    s = 0
    for i in prange(n):
        k = 0
        while k >= 0:
            k = (k + 1) % 7
        s += k
    return s
def f(x): return g(2)""",
    "memory in numba": """
import numpy as np
from numba import njit
@njit(parallel=True)
def g(n): return np.ones(n) + 1.0
def f(x):
    held = []
    while True: held.append(g(1 << 22))""",
}


@pytest.mark.parametrize("what", THREADED)
def test_a_task_that_may_use_threads_can_neither_hang_nor_outgrow_its_memory(pool: Pool, what: str) -> None:
    cell, honest = THREADED[what], "%%rust\nfn f(x: f64) -> f64 { x + 1.0 }"
    limits = Limits(20.0 if "memory" in what else 2.0, 256, threads=2)
    language = "rust" if "Rust" in what else "python"
    attack, after = pool.run([job(what, cell, limits=limits, language=language), job("honest", honest)])

    (run,) = attack.runs
    wanted = {"memory", "crashed", "panicked", "raised"} if "memory" in what else {"timeout"}
    assert run.outcome in wanted, attack
    assert run.error
    assert after.runs[0].value == 2.0


def test_without_a_compiler_the_machine_is_named_not_the_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    with Pool(1) as pool:
        (done,) = pool.run([job("none", HONEST)])
    assert done.fault == "machine"
    assert "COURSE_NO_RUST" in done.problem


def test_landlock_holds_the_compiler_too() -> None:
    from course.grading.sandbox import confine

    if confine.landlock_version() < 1:
        pytest.skip("this kernel has no Landlock")
    isolation = Isolation(bwrap=False, namespaces=False, landlock=True, seccomp=True)
    source = (HOSTILE / "reads_a_file_while_compiling.rs").read_text(encoding="utf-8")
    with Pool(1, isolation=isolation) as pool:
        honest, reads = pool.run([job("honest", HONEST), job("reads", f"%%rust\n{source}")])
    assert honest.problem == ""
    assert honest.runs[0].value == 2.0
    assert "does not compile" in reads.problem


def test_the_cache_may_be_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    with Pool(1) as pool:
        done = one(pool, job("honest", HONEST))
    assert done.problem == ""
    assert done.runs[0].value == 2.0
