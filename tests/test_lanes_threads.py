"""Jobs are whole: every kind of lane or why not, on one thread and on two or why not, and counted or why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course.claims import lanes
from course.claims.experiment import Evidence, Run
from course.claims.experiments import concurrency_beats_gil as concurrency
from course.claims.experiments import superior_to_python, tch_full_pytorch
from course.claims.lanes import logistic_solver, plain, processes
from course.claims.lanes.job import KINDS, relative
from course.claims.lanes.measure import absences, uncounted
from course.errors import CourseError, LanesDisagree
from tests.lane_calls import by_hand, read_by_hand

BY_HAND = pytest.mark.needs("rust", "gcc")
every_job = pytest.mark.parametrize("name", lanes.names())
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def ended() -> Iterator[None]:
    with processes.closing():
        yield


# Nothing is left out without a reason


@every_job
def test_a_job_has_a_lane_of_every_kind_or_says_why_not(name: str) -> None:
    job = lanes.job(name)
    assert job.kinds() | set(job.without) == set(KINDS)
    assert not job.kinds() & set(job.without)
    assert all(reason and not reason.endswith(".") for reason in job.without.values())


@every_job
def test_a_job_is_timed_on_two_threads_by_rust_and_by_python_or_says_why_not(name: str) -> None:
    job = lanes.job(name)
    if job.alone:
        assert {lane.threads for lane in job.lanes.values()} == {(1,)}
        return
    if name == concurrency.POOLED:  # several of them are handed to two threads, and to two processes
        return
    assert name in concurrency.TASKS
    both = [lane for lane in concurrency.SHARED if lane in job.lanes and 2 in job.lanes[lane].threads]
    assert both[0] == "rust"
    assert len(both) >= 2


@every_job
def test_a_jobs_operations_or_bytes_are_counted_or_it_says_why_not(name: str) -> None:
    job = lanes.job(name)
    assert bool(job.flops or job.moved) != bool(job.uncounted)
    assert all(count(size) > 0 for count in (job.flops, job.moved) if count for size in job.sizes)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_newtons_rounds_are_as_many_as_its_operations_are_counted_for(number: int) -> None:
    job = lanes.job("logistic_solver")
    x, y = job.make(job.sizes[number], 0)
    full = np.column_stack([x, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1], logistic_solver.PENALTY), 0.0)
    weights, rounds, change = np.zeros(full.shape[1]), 0, np.ones(1)
    while np.abs(change).max() >= 1e-7:
        chance = 1 / (1 + np.exp(-(full @ weights)))
        curvature = (full * (chance * (1 - chance))[:, None]).T @ full + np.diag(penalty)
        change = np.linalg.solve(curvature, (chance - y) @ full + penalty * weights)
        weights, rounds = weights - change, rounds + 1
    assert rounds == logistic_solver.ROUNDS


# What is left out is shown


def test_kinds_that_are_left_out_for_one_reason_are_one_row() -> None:
    evidence, job = Evidence(), lanes.job("distances")
    absences(evidence, [job, dataclasses.replace(job, without={})])
    (table,) = evidence.tables
    assert [row[:2] for row in table.rows] == [
        [job.title, "linfa"],
        [job.title, "rustlearn"],
        [job.title, "torch, tch"],
    ]
    assert table.rows[0][2] == job.without["linfa"]


def test_why_no_limit_is_counted_is_said() -> None:
    tree, product = lanes.job("tree"), lanes.job("matmul")
    assert uncounted([product]) == ""
    assert f"{tree.title} ({tree.uncounted})" in uncounted([product, tree])


@BY_HAND
def test_the_page_on_python_shows_what_is_left_out_and_how_near_the_limit_lanes_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(superior_to_python, "QUICK", ("streaming", "hashing"))
    evidence = superior_to_python.measure(Run(seconds=0.5))
    limit, left_out = evidence.tables
    streaming, hashing = lanes.job("streaming"), lanes.job("hashing")
    assert {row[1] for row in limit.rows} >= {"python", "rust"}
    assert hashing.uncounted in limit.note
    assert [streaming.title, "numpy", streaming.without["numpy"]] in left_out.rows
    assert all(name in superior_to_python.FULL or name in tch_full_pytorch.TASKS for name in lanes.names())


def test_the_page_on_threads_says_which_tasks_have_one_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "_own_work", lambda *_: None)
    monkeypatch.setattr(concurrency, "_shared_loops", lambda *_: None)
    monkeypatch.setattr(concurrency.machine, "cores", lambda: 2)
    (table,) = concurrency.measure(Run(seconds=0.5)).tables
    assert table.rows == [[job.title, job.alone] for job in map(lanes.job, ("single_row", "streaming"))]


@BY_HAND
def test_on_two_threads_rust_stands_beside_the_fastest_of_pythons_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "QUICK", ("csv_clean", "least_squares"))
    evidence = Evidence()
    concurrency._shared_loops(Run(seconds=0.5), evidence)
    measures = {(one.measure, one.of["task"]) for one in evidence.findings}
    (table,) = evidence.tables
    csv, line = (lanes.job(name) for name in ("csv_clean", "least_squares"))
    assert ("processes", f"{csv.title}, python") in measures
    assert ("libraries", f"{line.title}, numba") in measures
    assert {task for measure, task in measures if measure == "rust"} == {f"{csv.title}, rust", f"{line.title}, rust"}
    assert [row[:2] for row in table.rows] == [[job.title, job.sizes[1].text] for job in (csv, line)]
    assert table.rows[0][3].startswith("python, ")
    assert {one.of["against"] for one in evidence.findings} == {"one thread"}


@BY_HAND
def test_a_full_run_times_two_threads_at_the_ends_of_a_tasks_sizes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    job = lanes.job("csv_clean")
    small = dataclasses.replace(job, sizes=tuple(lanes.Size.of(n, text=f"{n} rows") for n in (20, 30, 40, 50)))
    monkeypatch.setattr(concurrency, "TASKS", ("csv_clean",))
    monkeypatch.setattr(lanes, "job", lambda _name: small)
    evidence = Evidence()
    concurrency._shared_loops(Run(quick=False, seconds=0.5), evidence)
    assert [row[1] for row in evidence.tables[0].rows] == ["30 rows", "20 rows", "50 rows"]
    (growth,) = evidence.growth.values()
    assert [point[0] for point in growth["rust, two threads"]] == [30, 20, 50]


@BY_HAND
def test_a_lane_whose_second_thread_changes_the_result_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    job = lanes.job("kmeans")
    right = job.lanes["rust"]

    def wrong(data: object, threads: int) -> Callable[[], object]:
        call: Callable[[], Any] = right.prepare(data, threads)
        return (lambda: tuple(np.asarray(part) + 1 for part in call())) if threads == 2 else call

    spoiled = dataclasses.replace(job, lanes={"rust": dataclasses.replace(right, prepare=wrong)})
    monkeypatch.setattr(lanes, "job", lambda _name: spoiled)
    with pytest.raises(LanesDisagree, match="rust, two threads and one thread disagree"):
        concurrency._shared_loops(Run(seconds=1.0), Evidence())


# Two threads give what one gives


@BY_HAND
@pytest.mark.parametrize("name", concurrency.TASKS)
def test_two_threads_give_what_one_gives(name: str) -> None:
    job = lanes.job(name)
    size = job.sizes[-1] if name == "mlp_step" else job.sizes[0]  # small products are not shared
    only = [lane for lane, one in job.lanes.items() if 2 in one.threads and not lanes.missing(one)]
    one, two = (job.ready(size, only=only, threads=count).calls for count in (1, 2))
    assert {"rust"} < set(two)
    for lane in only:
        assert job.alike(lane)(two[lane](), one[lane]()) == "", lane


@BY_HAND
@given(
    rows=st.integers(1, 90),
    columns=st.integers(1, 7),
    classes=st.integers(1, 4),
    threads=st.sampled_from([2, 3, 8]),
    seed=st.integers(0, 2**32 - 1),
)
@few
def test_a_tree_grown_by_threads_is_the_tree(rows: int, columns: int, classes: int, threads: int, seed: int) -> None:
    from course.claims.lanes.tree import _Data

    rng = np.random.default_rng(seed)
    x = rng.integers(0, 9, size=(rows, columns)).astype(np.float64)  # many are equal, and so are many cuts
    data = _Data(x, rng.integers(classes, size=rows), rng.normal(4, 3, size=(50, columns)))
    wanted = np.asarray(by_hand("tree", data, lane="rust"))
    assert np.array_equal(by_hand("tree", data, lane="rust", threads=threads), wanted)
    assert np.array_equal(by_hand("tree", data, lane="numba"), wanted)


@BY_HAND
@given(
    texts=st.lists(st.text(st.characters(min_codepoint=9, max_codepoint=126), max_size=40), min_size=1, max_size=8),
    threads=st.sampled_from([2, 3, 5]),
)
@few
def test_texts_shared_by_threads_are_hashed_as_scikit_learn_does(texts: list[str], threads: int) -> None:
    from course.claims.lanes.hashing import _Data

    data = _Data(texts)
    found = read_by_hand("hashing", data, lane="rust", threads=threads)
    assert relative(found, read_by_hand("hashing", data, lane="sklearn")) == 0


@BY_HAND
@given(
    rows=st.lists(st.sampled_from(['"Adelie, western",1,2,3', "Gentoo,4.5,NA,1", "Chinstrap,7,8,9.25"]), max_size=9),
    threads=st.sampled_from([2, 3, 5]),
)
@few
def test_a_table_shared_by_threads_is_read_whole(rows: list[str], threads: int) -> None:
    from course.claims.lanes.csv_clean import _Data

    data = _Data("\n".join(["species,a,b,c", *rows, ""]))
    found = read_by_hand("csv_clean", data, lane="rust", threads=threads)
    wanted = read_by_hand("csv_clean", data, lane="python")
    assert np.array_equal(found[0], wanted[0])
    assert np.array_equal(found[1], wanted[1])


@pytest.mark.needs("rust")
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_damaged_line_is_named_by_its_number_whichever_thread_reads_it(threads: int) -> None:
    from course.claims.lanes.csv_clean import _Data

    table = ["species,a,b,c", *["Gentoo,1,2,3"] * 40]
    for line in (1, 20, 40):
        damaged = [*table[:line], "Gentoo,one,2,3", *table[line + 1 :]]
        with pytest.raises(CourseError, match=f"line {line + 1}: Gentoo,one"):
            by_hand("csv_clean", _Data("\n".join(damaged)), lane="rust", threads=threads)


# Fits in numba and in plain Python, against NumPy


@given(rows=st.integers(60, 300), columns=st.integers(5, 25), seed=st.integers(0, 2**32 - 1))
@few
def test_numbas_and_pythons_fits_hold_far_from_zero(rows: int, columns: int, seed: int) -> None:
    from course.claims.lanes.least_squares import _Data

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) + 1e5
    y = x @ rng.normal(size=columns) + rng.normal(size=rows)
    centred = x - x.mean(axis=0)
    wanted, spread = np.linalg.lstsq(centred, y - y.mean())[0], np.linalg.svd(centred)[1][:5] ** 2 / (rows - 1)
    for lane in ("numba", "python"):
        weights = np.asarray(by_hand("least_squares", _Data(x, y), lane=lane))
        assert relative(weights[:-1], wanted) < 1e-6
        _, variances = by_hand("pca", x, lane=lane)
        assert relative(np.asarray(variances), spread) < 1e-8


@given(n=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
@few
def test_plain_python_solves_and_finds_eigenvalues_as_numpy_does(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n + 2))
    matrix, right = a @ a.T + np.eye(n), rng.normal(size=n)
    assert relative(plain.solve(matrix.tolist(), right.tolist()), np.linalg.solve(matrix, right)) < 1e-9
    values, vectors = plain.eigen(matrix.tolist())
    assert relative(np.sort(values), np.linalg.eigvalsh(matrix)) < 1e-9
    assert relative(np.array(vectors) @ matrix, np.array(values)[:, None] * np.array(vectors)) < 1e-9
