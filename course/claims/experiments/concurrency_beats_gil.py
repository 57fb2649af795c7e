"""Do Rust's threads do what Python's cannot? The same work in turn and on two threads, on each side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from threadpoolctl import ThreadpoolController

from course.claims import lanes, machine
from course.claims.experiment import Evidence, Experiment, Missing, Rule, Run, above, below
from course.claims.lanes import processes
from course.claims.lanes.job import Job, Size
from course.claims.lanes.measure import fastest
from course.claims.protocol import Times, ratio_text, time_text
from course.errors import LanesDisagree

__all__ = ["EXPERIMENT"]

PAIRS = 4  # edit distances that one call finds, in turn or shared among two workers
POOLED = "edit_distance"
TASKS = tuple(name for name in lanes.names() if name != POOLED and not lanes.job(name).alone)
QUICK = ("kmeans", "logistic_solver", "tree", "matmul", "hashing", "csv_clean")
"""Tasks of a quick run, at their middle size, without torch: importing it takes seconds. A full run takes `TASKS`."""

SHARED = ("rust", "numba", "sklearn", "numpy", "python", "torch")
_ONE, _TWO = "one thread", "two threads"


def measure(run: Run) -> Evidence:
    """Time the gain from a second thread, for every way of having one."""
    evidence = Evidence()
    if machine.cores() < 2:
        evidence.missing.append(Missing(_TWO, "this machine lets the course use one core"))
        return evidence
    with processes.closing():
        with ThreadPoolExecutor(2) as threads:
            _own_work(run, evidence, threads)
        _shared_loops(run, evidence)
    reasons = [(job.title, job.alone) for job in map(lanes.job, lanes.names()) if job.alone]
    evidence.table("Tasks without a lane on two threads", ("task", "because"), reasons)
    evidence.notes.append(
        "A gain of 2 would be perfect. Every way is measured in turns with its own single-threaded run, so what else "
        "the machine does is the same for both. Processes are started, and have imported what they need, before."
    )
    return evidence


def _own_work(run: Run, evidence: Evidence, threads: Executor) -> None:
    """Several independent edit distances: the kind of work that one hands to a pool."""
    job = lanes.job(POOLED)
    for lane, measure in (("python", "held"), ("rust", "python-threads"), ("numba", "python-threads")):
        if reason := lanes.missing(job.lanes[lane]):
            evidence.missing.append(Missing(lane, reason))
            continue
        size = job.sizes[0] if lane == "python" else job.sizes[1]
        call = _releasing(lane, job, size)
        ways = {"in turn": _in_turn(call), _TWO: _pooled(threads, call)}
        times = run.time(ways, agree=0.0, threads=1, seconds=0.1 * run.seconds)
        evidence.times(f"{PAIRS} edit distances, {lane}, by Python's threads", float(size.count), times)
        evidence.ratio(measure, times, _TWO, "in turn", task=f"edit distances, {lane}", where="Python's threads")
    small = job.sizes[0]
    data = job.make(small, 0)
    ways = {
        "in turn": _in_turn(_releasing("python", job, small)),
        "two processes": lambda: processes.share(distance, [(data.a, data.b)] * PAIRS),
    }
    for _ in range(2):
        ways["two processes"]()  # starts them
    times = run.time(ways, agree=0.0, threads=1, seconds=0.1 * run.seconds)
    evidence.ratio("processes", times, "two processes", "in turn", task="edit distances, python", where="processes")


def _releasing(lane: str, job: Job, size: Size) -> Callable[[], Any]:
    if lane != "numba":
        return job.ready(size, only=[lane]).calls[lane]
    from course.claims.lanes import numba_kernels

    a, b = job.make(size, 0)
    return numba_kernels.ready(numba_kernels.edit_distance_nogil, a, b)


def _in_turn(call: Callable[[], Any]) -> Callable[[], list[Any]]:
    return lambda: [call() for _ in range(PAIRS)]


def _pooled(pool: Executor, call: Callable[[], Any]) -> Callable[[], list[Any]]:
    return lambda: [one.result() for one in [pool.submit(call) for _ in range(PAIRS)]]


def distance(texts: tuple[Any, Any]) -> int:
    """Find one edit distance in plain Python; in a process of its own, so the texts arrive pickled."""
    job = lanes.job(POOLED)
    found: int = job.lanes["python"].prepare(type(job.make(lanes.Size.of(1), 0))(*texts), 1)()
    return found


def _shared_loops(run: Run, evidence: Evidence) -> None:
    """Tasks that are shared between two threads: by Rust, and by whatever Python has for each of them.

    All ways take turns at the middle size. At the other sizes of a full run Rust does so with the fastest of Python's.
    """
    tasks, ways = (QUICK, SHARED[:-1]) if run.quick else (TASKS, SHARED)
    rows: list[tuple[str, ...]] = []
    for number, name in enumerate(tasks):
        job, best = lanes.job(name), ""
        middle, *others = (1,) if run.quick else (1, 0, len(job.sizes) - 1)
        for place in (middle, *others):
            size = job.sizes[place]
            run.say(0.4 + 0.6 * number / len(tasks), f"{job.title}, {size.text}, {_TWO}")
            wanted = [lane for lane in (("rust", best) if best else ways) if _has_two(job, lane)]
            times = _both(run, job, size, wanted, share=0.6 / len(tasks) / (1 + len(others)))
            for lane in wanted:
                gain = Times({words: times.seconds[_way(lane, words)] for words in (_ONE, _TWO)})
                about = {"task": f"{job.title}, {lane}", "size": size.text}
                evidence.ratio(_measure(job, lane), gain, _TWO, _ONE, **about)
            found = fastest(times, [_way(lane, words) for lane in wanted[1:] for words in (_TWO, _ONE)])
            best = best or (found or "").split(",")[0]
            if found:
                rows.append(_row(job, size, times, found))
                shown = {_way(lane, words) for lane in ("rust", best) for words in (_ONE, _TWO)}
                kept = Times({way: times.seconds[way] for way in times.seconds if way in shown})
                evidence.times(f"{job.title}, one and two threads", float(size.count), kept)
    columns = ("task", "size", "Rust, two threads", "fastest of Python's ways", "its time", "Rust is")
    note = "Of Python's ways that may use two threads. This table takes no part in the verdict, which is on gains."
    evidence.table("With two threads on either side", columns, rows, note)


def _has_two(job: Job, lane: str) -> bool:
    return lane in job.lanes and 2 in job.lanes[lane].threads and not lanes.missing(job.lanes[lane])


def _way(lane: str, words: str) -> str:
    return f"{lane}, {words}"


def _measure(job: Job, lane: str) -> str:
    if lane == "rust":
        return "rust"
    return "processes" if job.lanes[lane].processes else "libraries"


def _row(job: Job, size: Size, times: Times, found: str) -> tuple[str, ...]:
    """Return the row of one task and size: Rust on two threads against the fastest way that Python has."""
    rust = _way("rust", _TWO)
    seconds = time_text(times.median(rust)), time_text(times.median(found))
    return job.title, size.text, seconds[0], found, seconds[1], ratio_text(times.ratio(rust, found))


def _both(run: Run, job: Job, size: Size, wanted: Sequence[str], *, share: float) -> Times:
    """Time lanes on one thread and on two, all in turn.

    Raises `LanesDisagree` before anything is timed: lanes must agree on one thread, and each with itself on two.
    """
    job.check(job.ready(size, only=wanted).calls)
    ready = [job.ready(size, only=wanted, threads=count).calls for count in (1, 2)]
    pools = ThreadpoolController()  # finding the pools takes milliseconds, telling them takes microseconds
    ways: dict[str, Callable[[], Any]] = {}
    for lane in wanted:
        one, two = (_limited(calls[lane], lane, count, pools) for count, calls in enumerate(ready, start=1))
        if how := job.alike(lane)(two(), one()):
            raise LanesDisagree(_way(lane, _TWO), _ONE, how)
        ways |= {_way(lane, _ONE): one, _way(lane, _TWO): two}
    return run.time(ways, agree=None, threads=2, seconds=share * run.seconds)


def _limited(call: Callable[[], Any], lane: str, threads: int, pools: ThreadpoolController) -> Callable[[], Any]:
    """Rust, numba and processes were told how many when they were prepared; other pools are told at each call."""
    if lane in ("rust", "numba", "python"):
        return call
    torch = sys.modules.get("torch") if lane == "torch" else None

    def limited() -> Any:
        if torch is not None:
            torch.set_num_threads(threads)
        with pools.limit(limits=threads):
            return call()

    return limited


EXPERIMENT = Experiment(
    id="concurrency-beats-gil",
    claim="Rust runs work in parallel where Python's global interpreter lock does not let it.",
    where="Benefits: concurrency; comparison with Python",
    lanes=("python", "numba", "numpy", "sklearn", "torch", "rust"),
    sizes=(
        "edit distances of 300 and 1,000 letters",
        f"six tasks at their middle size; in full {len(TASKS)} tasks, at their smallest, middle and largest size",
    ),
    agreement="on two threads as on one: " + lanes.agreement(TASKS, SHARED),
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
    after=(
        (
            "The bounds are as they were, the tasks are not: at first one task (in full six) was shared between "
            "threads, each at one size. And telling NumPy's and scikit-learn's pools how many threads to use was "
            "inside the time of each call; it takes milliseconds, on one thread as on two, and so hid a part of "
            "their gain. Both were changed before the figures that stand here were taken."
        ),
    ),
    measure=measure,
)
