"""Do Rust's checks prevent bugs? Wrong programs, compiled and run: some are stopped, some print a wrong result."""

from __future__ import annotations

from course.claims.experiment import Evidence, Experiment, Rule, Run, above
from course.claims.faults import FAULTS, REFUSED, Fault
from course.claims.programs import PRINTED, Outcome, run_c, run_python, run_rust

__all__ = ["EXPERIMENT"]

LANES = {"c": "C", "python": "Python"}


def measure(run: Run) -> Evidence:
    """Compile and run every program, in Rust and in the other language."""
    evidence = Evidence()
    rows = []
    no_c = run.missing(evidence, "C", "gcc")
    silent: dict[str, int] = {}
    for number, fault in enumerate(FAULTS):
        run.say(number / len(FAULTS), fault.name)
        outcome = run_rust(fault.rust, wrapping=True)
        stopped = outcome.kind != PRINTED
        words = f"{fault.kind}: {fault.name}"
        evidence.count("stopped", words, float(stopped), "(1: stopped, 0: a wrong result)", kind=fault.kind)
        silent[fault.kind] = silent.get(fault.kind, 0) + (not stopped)
        rows.append([fault.kind, fault.name, _said(outcome), LANES[fault.language], _other(fault, no_c)])
    columns = ["kind", "what is wrong", "Rust", "beside it", "what that does"]
    note = "Rust as a release build, overflow unchecked. A race may be exact once in a while: run it again."
    evidence.table("Wrong programs: what each does", columns, rows, note)
    accepted = [[kind, str(count)] for kind, count in silent.items() if count]
    evidence.table("Wrong programs that Rust accepts and runs", ["kind", "how many"], accepted)
    refused = [[name, _said(run_rust(program))] for name, program in REFUSED]
    evidence.table("Right programs that Rust refuses all the same", ["program", "the compiler"], refused)
    return evidence


def _other(fault: Fault, no_c: bool) -> str:
    if fault.language == "c":
        return "not measured" if no_c else _said(run_c(fault.other))
    return _said(run_python(fault.other))


def _said(outcome: Outcome) -> str:
    detail = outcome.detail.replace("\n", " ")
    if outcome.kind == PRINTED:
        return f"prints {detail[:60]}"
    return f"{outcome.kind}: {detail[:90]}"


EXPERIMENT = Experiment(
    id="memory-safety-prevents-bugs",
    claim="Rust's checks prevent bugs, such as the use of missing values and reads past the end of a buffer.",
    where="Benefits: safety",
    lanes=("Rust (release build)", "Python", "C"),
    sizes=(f"{len(FAULTS)} wrong programs",),
    agreement="each pair of programs makes the same mistake",
    rule=Rule(
        "Every wrong program of the list is stopped, by the compiler or by a panic, before it prints a wrong result "
        "(above 0.5: stopped). The list holds five kinds: memory, threads, types, arithmetic, logic.",
        {"stopped": above(0.5)},
    ),
    holds="Every wrong program of the list is stopped.",
    depends="Some of these programs are stopped, others run and print a wrong result: safe is not the same as right.",
    fails="No wrong program of the list is stopped.",
    would_change="another list: add a program to it and run again. With overflow checks on, as in a Rust cell, "
    "sums that "
    "wrap are stopped as well; clippy warns of some of the others.",
    measure=measure,
    needs=("rust", "crates"),
)
