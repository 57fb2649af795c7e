"""Every lane of every job does the same work: checked here on small sizes, and by each measurement before it times."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.claims import lanes
from course.claims.experiment import Evidence, Run
from course.claims.lanes import Job, Lane, Size, roofline, rust
from course.claims.lanes.job import relative
from course.claims.lanes.measure import fastest, time_job
from course.errors import CourseError, LanesDisagree, UnknownName
from course.rust.call import CellLibrary, RustFunction
from course.rust.compile import Flags, build, unit
from tests.lane_calls import by_hand

CRATES = ("crates", "tch", "torch")
BY_HAND = pytest.mark.needs("rust", "gcc")


def own(job: Job) -> list[str]:
    """Return the lanes that need no crates: Python's, C's and Rust's own."""
    return [name for name, lane in job.lanes.items() if not set(lane.needs) & {"crates", "tch", "torch"}]


@BY_HAND
@pytest.mark.parametrize("name", lanes.names())
def test_lanes_of_a_job_agree(name: str) -> None:
    job = lanes.job(name)
    ready = job.ready(job.sizes[0], only=own(job))
    assert {"c", "rust"} & set(job.lanes) <= set(ready.calls)
    assert len(ready.calls) >= 3
    job.check(ready.calls)


@pytest.mark.parametrize("name", lanes.names())
def test_a_job_grows_over_three_sizes_and_says_what_it_is(name: str) -> None:
    job = lanes.job(name)
    counts = [size.count for size in job.sizes]
    assert job.name == name
    assert len(counts) >= 3
    assert counts == sorted(set(counts))
    assert job.title
    assert job.what.endswith(".")


@pytest.mark.parametrize("name", lanes.names())
def test_the_same_seed_makes_the_same_data(name: str) -> None:
    job = lanes.job(name)
    first, again, other = (job.make(job.sizes[0], seed) for seed in (3, 3, 4))
    assert repr(first) == repr(again)
    assert repr(first) != repr(other)


# Shapes that fill no tile, no vector, no block


shapes = st.tuples(st.integers(1, 70), st.integers(1, 30), st.integers(0, 2**32 - 1))
odd = settings(max_examples=25)
own_lanes = pytest.mark.parametrize("lane", ["c", "rust"])


@BY_HAND
@own_lanes
@given(shape=shapes, threads=st.sampled_from([1, 2, 3]))
@odd
def test_any_shape_is_standardised(lane: str, shape: tuple[int, int, int], threads: int) -> None:
    rows, columns, seed = shape
    x = np.random.default_rng(seed).normal(5, 2, size=(rows + 1, columns))
    x[:, 0] = 7.0  # a constant column is only centred
    wanted = x - x.mean(axis=0)
    wanted[:, 1:] /= x.std(axis=0)[1:]
    assert relative(by_hand("standardise", x, lane=lane, threads=threads), wanted) < 1e-9


@BY_HAND
@own_lanes
@given(shape=shapes, more=st.integers(1, 60), threads=st.sampled_from([1, 2]))
@odd
def test_distances_of_any_shape_are_those_of_differences(
    lane: str, shape: tuple[int, int, int], more: int, threads: int
) -> None:
    from course.claims.lanes.distances import _Data

    rows, columns, seed = shape
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(rows, columns)), rng.normal(size=(more, columns))
    wanted = np.sqrt(((a[:, None] - b) ** 2).sum(axis=2))
    assert relative(by_hand("distances", _Data(a, b), lane=lane, threads=threads), wanted) < 1e-7


@BY_HAND
@own_lanes
@given(shape=shapes, more=st.integers(5, 90))
@odd
def test_neighbours_are_the_nearest_of_all(lane: str, shape: tuple[int, int, int], more: int) -> None:
    from course.claims.lanes.neighbours import K, _Data

    rows, columns, seed = shape
    rng = np.random.default_rng(seed)
    table, queries = rng.normal(size=(more, columns)), rng.normal(size=(rows, columns))
    lengths = np.sqrt(((queries[:, None] - table) ** 2).sum(axis=2))
    indices, found = by_hand("neighbours", _Data(table, queries), lane=lane)
    assert np.abs(found - np.sort(lengths, axis=1)[:, :K]).max() < 1e-6
    assert np.abs(found - np.take_along_axis(lengths, indices, axis=1)).max() < 1e-6


@BY_HAND
@own_lanes
@given(n=st.integers(1, 230), seed=st.integers(0, 2**32 - 1), threads=st.sampled_from([1, 2]))
@odd
def test_a_product_of_any_size_is_numpys(lane: str, n: int, seed: int, threads: int) -> None:
    from course.claims.lanes.matmul import _Data

    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, n)), rng.normal(size=(n, n))
    assert relative(by_hand("matmul", _Data(a, b), lane=lane, threads=threads), a @ b) < 1e-11


@BY_HAND
@own_lanes
@given(shape=shapes, scale=st.sampled_from([1e-3, 1.0, 100.0, 5_000.0]))
@odd
def test_softmax_sums_to_one_and_never_overflows(lane: str, shape: tuple[int, int, int], scale: float) -> None:
    rows, columns, seed = shape
    x = np.random.default_rng(seed).normal(size=(rows, columns)) * scale
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    found = by_hand("softmax", x, lane=lane)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12
    assert relative(found, powers / powers.sum(axis=1, keepdims=True)) < 1e-12


@BY_HAND
@own_lanes
@given(rows=st.integers(60, 400), columns=st.integers(1, 25), seed=st.integers(0, 2**32 - 1))
@odd
def test_least_squares_and_components_hold_far_from_zero(lane: str, rows: int, columns: int, seed: int) -> None:
    from course.claims.lanes.least_squares import _Data

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) + 1e5  # sums of squares alone would lose ten digits here
    y = x @ rng.normal(size=columns) + rng.normal(size=rows)
    centred = x - x.mean(axis=0)
    wanted = np.linalg.lstsq(centred, y - y.mean())[0]
    weights = np.asarray(by_hand("least_squares", _Data(x, y), lane=lane))
    assert relative(weights[:-1], wanted) < 1e-6
    if columns >= 5:
        _, variances = by_hand("pca", x, lane=lane)
        assert relative(np.asarray(variances), np.linalg.svd(centred)[1][:5] ** 2 / (rows - 1)) < 1e-9


@BY_HAND
@own_lanes
@given(rows=st.integers(1, 90), seed=st.integers(0, 2**32 - 1), deep=st.booleans())
@odd
def test_a_tree_learns_what_it_is_shown(lane: str, rows: int, seed: int, deep: bool) -> None:
    from course.claims.lanes.tree import DEPTH, _Data

    rng = np.random.default_rng(seed)
    x = rng.permutation(rows)[:, None].astype(np.float64) - rows / 2
    y = (x[:, 0] > rng.integers(-rows, rows)).astype(np.int64) * (3 if deep else 1)
    assert DEPTH >= 1
    assert np.array_equal(by_hand("tree", _Data(x, y, x), lane=lane), y)  # one cut parts them


@BY_HAND
@given(texts=st.lists(st.text(st.characters(min_codepoint=9, max_codepoint=126), max_size=60), min_size=1, max_size=8))
@settings(max_examples=60)
def test_any_ascii_text_is_hashed_as_scikit_learn_does(texts: list[str]) -> None:
    from course.claims.lanes.hashing import _Data

    job, data = lanes.job("hashing"), _Data(texts)
    wanted = job.lanes["sklearn"].read(by_hand("hashing", data, lane="sklearn"))
    for lane in ("c", "rust"):
        found = job.lanes[lane].read(by_hand("hashing", data, lane=lane))
        assert relative(found, wanted) == 0, lane


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**18), 10**18).map(str),
    st.sampled_from(["", "NA", "0.1", "-0.0", "1e5", "123456789012345.678", ".5", "5."]),
)
table_rows = st.tuples(st.sampled_from(['"Adelie, western"', "Gentoo", '"Chinstrap"']), numbers, numbers, numbers)


@BY_HAND
@given(rows=st.lists(table_rows, min_size=1, max_size=12))
@settings(max_examples=80)
def test_any_number_python_writes_is_read_to_its_last_digit(rows: list[tuple[str, ...]]) -> None:
    from course.claims.lanes.csv_clean import _Data

    job = lanes.job("csv_clean")
    data = _Data("species,a,b,c\n" + "\n".join(map(",".join, rows)))
    wanted = job.lanes["python"].read(by_hand("csv_clean", data, lane="python"))
    for lane in ("c", "rust"):
        found = job.lanes[lane].read(by_hand("csv_clean", data, lane=lane))
        assert found[0].tobytes() == wanted[0].tobytes(), lane
        assert np.array_equal(found[1], wanted[1])


@BY_HAND
@pytest.mark.parametrize("line", ["Gentoo,1,2", "Gentoo,1,2,3,4", "Gentoo,one,2,3", "Emperor,1,2,3", '"Gentoo,1,2,3'])
def test_a_damaged_table_is_refused(line: str) -> None:
    from course.claims.lanes.csv_clean import _Data

    data = _Data(f"species,a,b,c\nGentoo,1,2,3\n{line}\n")
    for lane in ("c", "rust"):
        with pytest.raises(CourseError, match="line 3"):
            by_hand("csv_clean", data, lane=lane)


@BY_HAND
@given(a=st.binary(max_size=40), b=st.binary(max_size=40))
@settings(max_examples=60)
def test_an_edit_distance_is_a_distance(a: bytes, b: bytes) -> None:
    from course.claims.lanes.edit_distance import _Data

    x, y = (np.frombuffer(text, dtype=np.uint8) for text in (a, b))
    wanted = by_hand("edit_distance", _Data(x, y), lane="python")
    assert abs(len(a) - len(b)) <= wanted <= max(len(a), len(b))
    for lane in ("c", "rust", "numpy"):
        if len(a) and len(b):
            assert by_hand("edit_distance", _Data(x, y), lane=lane) == wanted
            assert by_hand("edit_distance", _Data(y, x), lane=lane) == wanted


@pytest.mark.needs("rust")
def test_a_processor_without_wide_vectors_gets_the_same_product() -> None:
    files = [
        unit((Path(rust.__file__).parent / f"{name}.rs").read_text("utf-8"), name) for name in ("common", "matmul")
    ]
    built = build(files, Flags(native=False, wrapping=True, share=False))
    function = next(one for one in files[-1].cell.functions if one.name == "matmul")
    rng = np.random.default_rng(0)
    a, b, out = rng.normal(size=(90, 90)), rng.normal(size=(90, 90)), np.empty((90, 90))
    RustFunction(function, CellLibrary(built.artifact, {}))(a.ravel(), b.ravel(), out.ravel(), 90, 1)
    assert relative(out, a @ b) < 1e-12


# The limit of the machine


@pytest.mark.needs("rust")
def test_the_machines_limit_bounds_a_product_from_below() -> None:
    roof = roofline.measure(1)
    assert roof.flops > 1e8
    assert roof.bandwidth > 1e8
    job = lanes.job("matmul")
    least = roof.least(job, job.sizes[0])
    assert least is not None
    assert least == 2 * 128**3 / roof.flops  # it fits a cache, so memory sets no limit
    assert roof.share(job, job.sizes[0], 2 * least) == 0.5
    assert roof.share(lanes.job("tree"), lanes.job("tree").sizes[0], 1.0) is None
    assert "GFLOP/s" in str(roof)


def test_memory_sets_the_limit_of_large_data() -> None:
    roof = roofline.Roofline(flops=1e12, bandwidth=1e9, threads=1)
    job = lanes.job("distances")
    assert roof.least(job, job.sizes[2]) == 8 * 4_000 * 3_000 / 1e9


@pytest.mark.parametrize(("name", "bytes_of"), [("softmax", 16), ("standardise", 24)])
def test_memory_sets_the_limit_also_where_operations_are_few_or_not_counted(name: str, bytes_of: int) -> None:
    roof = roofline.Roofline(flops=1e12, bandwidth=1e9, threads=1)
    job = lanes.job(name)
    largest = job.sizes[-1]
    assert roof.least(job, largest) == pytest.approx(bytes_of * math.prod(largest.numbers) / 1e9)


# Jobs and lanes as such


def toy(**more: Lane) -> Job:
    """Return a job whose first lane doubles a number."""
    made = {"numpy": Lane(lambda x, threads: lambda: x * 2), **more}
    return Job("toy", "Toy", "Double a number.", (Size.of(1), Size.of(2)), lambda size, seed: np.ones(3), made, 1e-9)


def test_a_lane_that_gives_another_result_is_not_timed() -> None:
    job = toy(wrong=Lane(lambda x, threads: lambda: x * 2 + 1e-6))
    with pytest.raises(LanesDisagree, match="wrong and numpy disagree: toy: by 5e-07, where 1e-09 is allowed"):
        job.time(job.sizes[0])


def test_a_lane_of_another_shape_or_with_a_nan_never_agrees() -> None:
    assert relative(np.ones(3), np.ones(4)) == math.inf
    assert relative(np.array([1, np.nan]), np.ones(2)) == math.inf
    assert relative((np.ones(2),), (np.ones(2), np.ones(2))) == math.inf
    assert relative(np.array([1, 2, 3, 5]), np.array([1, 2, 3, 4])) == 0.25


def test_a_missing_lane_says_why_and_the_others_are_measured() -> None:
    job = toy(
        absent=Lane(lambda x, threads: lambda: x, needs=("no_such_module",)),
        slow=Lane(lambda x, threads: lambda: x, largest=1),
        twice=Lane(lambda x, threads: lambda: x + x),
    )
    ready = job.ready(job.sizes[1])
    assert set(ready.calls) == {"numpy", "twice"}
    assert "no module no_such_module" in ready.missing["absent"]
    assert "seconds" in ready.missing["slow"]
    evidence = Evidence()
    times = time_job(Run(seconds=1.0), evidence, job, job.sizes[1], ["numpy", "absent", "twice", "other"], share=0.1)
    assert times is not None
    assert fastest(times, ("absent", "twice")) == "twice"
    assert fastest(times, ("absent",)) is None
    assert [one.lane for one in evidence.missing] == ["absent"]


def test_nothing_to_compare_is_said_with_the_reasons() -> None:
    job = toy(absent=Lane(lambda x, threads: lambda: x, needs=("no_such_module",)))
    with pytest.raises(CourseError, match="nothing to compare here"):
        job.time(job.sizes[0])
    assert time_job(Run(seconds=1.0), Evidence(), job, job.sizes[0], job.lanes, share=0.1) is None


def test_how_far_an_experiment_is_counts_its_tasks_and_not_the_time_they_took() -> None:
    told: list[float] = []
    run = Run(seconds=1e-9, say=lambda fraction, _: told.append(fraction))  # all its time is gone at once
    job = lanes.job("standardise")
    for _ in range(3):
        time_job(run, Evidence(), job, job.sizes[0], (), share=0.25)
    assert told == [0.0, 0.25, 0.5]


def test_a_number_of_threads_that_a_lane_cannot_use_is_its_reason() -> None:
    job = toy()
    assert job.ready(job.sizes[0], threads=2).missing == {"numpy": "runs on 1 thread, not on 2"}


def test_unknown_jobs_and_lanes_are_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="standardize") as caught:
        lanes.job("standardize")
    assert caught.value.help == "did you mean standardise?"
    with pytest.raises(UnknownName, match="lane of the job toy"):
        toy().ready(Size.of(1), only=["nmupy"])


def test_lanes_are_plain_data_about_themselves() -> None:
    for name in lanes.names():
        for lane in lanes.job(name).lanes.values():
            assert set(lane.needs) <= {"rust", "gcc", "crates", "tch", *CRATES, "scipy", "pandas", "polars"}
            assert dataclasses.replace(lane).threads[0] == 1


def test_the_agreement_that_is_stated_is_what_the_check_allows() -> None:
    said = lanes.agreement(lanes.names(), [lane for name in lanes.names() for lane in lanes.job(name).lanes])
    for name in lanes.names():
        job = lanes.job(name)
        allowed = f"to {job.tolerance:g} of ".replace("e-0", "e-") if job.tolerance else "exactly in "
        assert allowed in said
        assert job.title in said
        for lane, one in job.lanes.items():
            if one.agrees is not None:
                assert f"{lane} in {job.title} {one.agrees:g}".replace("e-0", "e-") in said


def test_two_results_of_one_lane_are_held_to_its_own_tolerance() -> None:
    job = lanes.job("tree")
    alike, loose = job.alike("sklearn"), job.alike("rustlearn")
    wanted, found = np.zeros(10, dtype=np.int64), np.eye(10, dtype=np.int64)[0]

    assert alike(wanted, wanted) == ""
    assert alike(found, wanted) == "tree: by 0.1, where 0.05 is allowed"
    assert loose(found, wanted) == ""
    assert alike([wanted, found], [wanted, wanted]) == "tree: by 0.1, where 0.05 is allowed"


def test_a_miss_of_the_goal_is_named_with_the_reason_of_its_job() -> None:
    from course.claims.lanes.__main__ import misses
    from course.claims.protocol import Times

    job = lanes.job("kmeans")
    times = Times({"sklearn": np.full(9, 1.0), "c": np.full(9, 0.5), "rust": np.full(9, 0.8)})
    (line,) = misses(job, job.sizes[0], times, "rust", {"sklearn": 1.0, "c": 0.87})

    assert line.startswith(f"- k-means, {job.sizes[0].text}, against c: 0.62")
    assert line.endswith(job.notes[-1])


def test_what_to_know_of_a_lane_is_in_the_record() -> None:
    from course.claims.ledger import judged_record
    from tests.test_claims_verdicts import experiment

    job = lanes.job("least_squares")
    evidence, run = Evidence(), Run(seconds=1.0)
    time_job(run, evidence, job, job.sizes[0], ("numpy", "sklearn"), share=0.1)
    table = judged_record(experiment(), evidence, 1.0)["tables"][-1]

    assert table["title"] == "What to know of the tasks and lanes"
    assert [job.title, "sklearn", job.lanes["sklearn"].note] in table["rows"]
