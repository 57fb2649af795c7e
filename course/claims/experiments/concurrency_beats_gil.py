"""Do Rust's threads do what Python's cannot? The same work in turn and on two threads, on each side."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from course.claims import lanes, machine
from course.claims.experiment import Evidence, Experiment, Missing, Rule, Run, above, below

__all__ = ["EXPERIMENT"]

PAIRS = 4  # edit distances that one call finds, in turn or shared among two workers
LARGE = ("kmeans", "logistic_descent", "softmax")  # at their largest size in a full run
LIBRARY_TASKS = (*LARGE, "matmul", "neighbours", "standardise")
SHARED = ("rust", "numba", "sklearn", "numpy")


def measure(run: Run) -> Evidence:
    """Time the gain from a second thread, for every way of having one."""
    evidence = Evidence()
    if machine.cores() < 2:
        evidence.missing.append(Missing("two threads", "this machine lets the course use one core"))
        return evidence
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(2))
        processes = stack.enter_context(ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")))
        _own_work(run, evidence, threads, processes)
    _shared_loops(run, evidence)
    evidence.notes.append(
        "A gain of 2 would be perfect. Every way is measured in turns with its own single-threaded run, so what else "
        "the machine does is the same for both. Processes are started, and have imported what they need, before."
    )
    return evidence


def _own_work(run: Run, evidence: Evidence, threads: Executor, processes: Executor) -> None:
    """Several independent edit distances: the kind of work that one hands to a pool."""
    job = lanes.job("edit_distance")
    size = job.sizes[1]
    for lane, pools, measure in (
        ("python", {"two threads": threads}, "held"),
        ("rust", {"two threads": threads}, "python-threads"),
        ("numba", {"two threads": threads}, "python-threads"),
    ):
        if reason := lanes.missing(job.lanes[lane]):
            evidence.missing.append(Missing(lane, reason))
            continue
        small = job.sizes[0] if lane == "python" else size
        call = _releasing(lane, job, small)
        for name, pool in pools.items():
            ways = {"in turn": _in_turn(call), name: _pooled(pool, call)}
            times = run.time(ways, agree=0.0, threads=1, seconds=0.1 * run.seconds)
            evidence.times(f"{PAIRS} edit distances, {lane}, by Python's threads", float(small.count), times)
            evidence.ratio(measure, times, name, "in turn", task=f"edit distances, {lane}", where="Python's threads")
    small = job.sizes[0]
    ways = {"in turn": _in_turn(_releasing("python", job, small)), "two processes": _processes(processes, small)}
    for _ in range(2):
        ways["two processes"]()  # starts them
    times = run.time(ways, agree=0.0, threads=1, seconds=0.1 * run.seconds)
    evidence.ratio("processes", times, "two processes", "in turn", task="edit distances, python", where="processes")


def _releasing(lane: str, job: lanes.Job, size: lanes.Size) -> Callable[[], Any]:
    if lane != "numba":
        return job.ready(size, only=[lane]).calls[lane]
    from course.claims.lanes import numba_kernels

    a, b = job.make(size, 0)
    return numba_kernels.ready(numba_kernels.edit_distance_nogil, a, b)


def _in_turn(call: Callable[[], Any]) -> Callable[[], list[Any]]:
    return lambda: [call() for _ in range(PAIRS)]


def _pooled(pool: Executor, call: Callable[[], Any]) -> Callable[[], list[Any]]:
    return lambda: [one.result() for one in [pool.submit(call) for _ in range(PAIRS)]]


def _processes(pool: Executor, size: lanes.Size) -> Callable[[], list[Any]]:
    a, b = lanes.job("edit_distance").make(size, 0)
    return lambda: [one.result() for one in [pool.submit(distance, a, b) for _ in range(PAIRS)]]


def distance(a: Any, b: Any) -> int:
    """Find one edit distance in plain Python; in a process of its own, so the texts arrive pickled."""
    job = lanes.job("edit_distance")
    found: int = job.lanes["python"].prepare(type(job.make(lanes.Size.of(1), 0))(a, b), 1)()
    return found


def _shared_loops(run: Run, evidence: Evidence) -> None:
    """One task whose loop is shared among threads: by Rust, numba, or the pools of NumPy and scikit-learn."""
    tasks = LIBRARY_TASKS[: 1 if run.quick else None]
    share = 0.5 / (len(tasks) * len(SHARED))
    for name in tasks:
        job = lanes.job(name)
        size = job.sizes[2] if name in LARGE and not run.quick else job.sizes[1]
        for lane in SHARED:
            measure = "rust" if lane == "rust" else "libraries"
            if lane not in job.lanes or 2 not in job.lanes[lane].threads or lanes.missing(job.lanes[lane]):
                continue
            ways = {}
            for count, words in ((1, "one thread"), (2, "two threads")):
                ways[words] = _limited(job.ready(size, only=[lane], threads=count).calls[lane], lane, count)
            times = run.time(ways, agree=job.alike(lane), threads=2, seconds=share * run.seconds)
            evidence.ratio(measure, times, "two threads", "one thread", task=f"{job.title}, {lane}", size=size.text)


def _limited(call: Callable[[], Any], lane: str, threads: int) -> Callable[[], Any]:
    """Rust and numba were told how many threads when they were prepared; the others' pools are told at each call."""
    if lane in ("rust", "numba"):
        return call
    from course.claims.threads import thread_limit

    def limited() -> Any:
        with thread_limit(threads):
            return call()

    return limited


EXPERIMENT = Experiment(
    id="concurrency-beats-gil",
    claim="Rust runs work in parallel where Python's global interpreter lock does not let it.",
    where="Benefits: concurrency; comparison with Python",
    lanes=("python", "numba", "numpy", "sklearn", "rust"),
    sizes=("edit distances of 300 and 1,000 letters", "k-means of 30,000 points; in full 200,000, and five more tasks"),
    agreement="on two threads as on one: " + lanes.agreement(LIBRARY_TASKS, SHARED),
    rule=Rule(
        "A second thread makes Rust at least 1.5 times as fast (rust); and it makes Python less than 1.5 times as fast "
        "in every way that Python has: plain Python in threads (held), threads that call compiled code "
        "(python-threads), processes (processes), libraries that share their loops (libraries). Interval and all.",
        {
            "rust": above(1.5),
            "held": below(1.5),
            "python-threads": below(1.5),
            "processes": below(1.5),
            "libraries": below(1.5),
        },
    ),
    holds="A second thread makes Rust 1.5 times as fast or more, and no way of Python's.",
    depends="Some of these ways gain from a second worker as the claim says, others do not, or the noise is too large "
    "to tell.",
    fails="A second thread does not make Rust 1.5 times as fast, and does make every way of Python's so.",
    would_change="a Python built without the lock (3.13t, 3.14t), in which plain Python gains too; more cores; and a "
    "task in which threads write to one place, which Rust's compiler checks and Python's lock does not make right.",
    needs=("rust",),
    measure=measure,
)
