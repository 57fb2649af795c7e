import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.claims import protocol
from course.claims.protocol import Times, burst_shape, ratio_text, time_lanes, time_text
from course.errors import LanesDisagree, UsageMistake


def drifting(rng, turns, ratio):
    """Times of two lanes on a machine whose speed drifts by half and jumps: lane "b" takes 1/ratio of lane "a"."""
    drift = 1 + 0.5 * np.sin(np.linspace(0, 3, turns)) + rng.exponential(0.05, size=turns)
    noise = rng.normal(1, 0.01, size=(2, turns))
    return Times({"a": drift * noise[0], "b": drift * noise[1] / ratio})


def test_a_ratio_is_found_through_drift_that_is_larger_than_the_difference():
    middle, low, high = drifting(np.random.default_rng(1), 15, 1.1).ratio("b")

    assert low < 1.1 < high
    assert low > 1.0
    assert middle == pytest.approx(1.1, rel=0.02)


def test_equal_lanes_are_called_equal():
    times = drifting(np.random.default_rng(2), 15, 1.0)

    assert ratio_text(times.ratio("b")).startswith("no difference found")


def test_lanes_that_disagree_are_not_timed():
    calls = []

    def wrong():
        calls.append(1)
        return np.array([1.0, 2.5])

    with pytest.raises(LanesDisagree, match=r"rust and python disagree: by up to 0\.5"):
        time_lanes({"python": lambda: [1.0, 2.0], "rust": wrong})
    assert len(calls) == 1


def test_lanes_of_different_shape_disagree():
    with pytest.raises(LanesDisagree, match=r"shape \(3,\) against \(2,\)"):
        time_lanes({"python": lambda: [1, 2], "rust": lambda: [1, 2, 3]})


def test_every_lane_runs_in_every_turn():
    times = time_lanes({"a": lambda: 1.0, "b": lambda: 1.0}, turns=5)

    assert {lane: len(seconds) for lane, seconds in times.seconds.items()} == {"a": 5, "b": 5}


def test_an_interruption_spoils_its_burst_and_not_the_time_of_the_turn(monkeypatch):
    now = 0.0
    calls = 0

    def lane():
        nonlocal now, calls
        calls += 1
        now += 0.004 if calls % 4 else 0.1  # every fourth call is interrupted

    monkeypatch.setattr(protocol.time, "perf_counter", lambda: now)
    times = time_lanes({"a": lane, "b": lane}, turns=20, agree=None)

    assert [times.seconds[name] == pytest.approx([0.004] * 20) for name in "ab"] == [True, True]


@pytest.mark.parametrize(
    ("once", "bursts", "calls"),
    [(1e-6, 5, 500), (0.0004, 5, 1), (0.0049, 5, 1), (0.006, 3, 1), (0.02, 1, 1), (3.0, 1, 1)],
)
def test_a_short_call_has_five_bursts_and_a_long_one_has_one(once, bursts, calls):
    assert burst_shape(once) == (bursts, calls)


@given(st.floats(min_value=0, max_value=1e3))
def test_there_is_always_a_burst_in_the_middle(once):
    bursts, calls = burst_shape(once)

    assert bursts in (1, 3, 5)
    assert calls >= 1


def test_garbage_collection_is_as_it_was_before_even_when_a_lane_fails():
    import gc

    def fails_later(calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) > 2:
            raise ZeroDivisionError
        return 1.0

    with pytest.raises(ZeroDivisionError):
        time_lanes({"a": fails_later})
    assert gc.isenabled()


def test_two_turns_are_too_few():
    with pytest.raises(UsageMistake, match="three turns"):
        time_lanes({"a": lambda: 1}, turns=2)


@given(st.floats(min_value=1e-9, max_value=1e4))
def test_a_time_is_shown_with_a_unit_and_without_an_exponent(seconds):
    text = time_text(seconds)

    assert text.split()[1] in {"s", "ms", "µs", "ns"}
    assert "e" not in text.split()[0]


@given(st.floats(min_value=0.01, max_value=1e4), st.floats(min_value=0, max_value=0.5))
def test_a_ratio_says_who_is_faster(middle, spread):
    text = ratio_text((middle, middle * (1 - spread), middle * (1 + spread)))

    if middle * (1 - spread) > 1:
        assert "as fast (" in text
    elif middle * (1 + spread) < 1:
        assert "as slow (" in text
    else:
        assert text.startswith("no difference found")


def test_a_slower_lane_is_said_to_be_slower_in_a_number_above_one():
    assert ratio_text((0.5, 0.4, 0.625)) == "2.00 times as slow (1.60 to 2.50)"


def test_the_table_reads_as_text_and_as_html():
    times = Times({"python": np.full(5, 0.2), "rust": np.full(5, 0.1)})

    assert repr(times).splitlines()[1:] == [
        "python  200 ms",
        "rust    100 ms       2.00 times as fast (2.00 to 2.00)",
    ]
    assert '<th scope="col"' in times._repr_html_()
