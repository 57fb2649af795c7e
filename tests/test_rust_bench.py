"""The benchmarks of `%%rust` run, and give whole tables; their times are looked at by people."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from course.bench import rust
from course.bench.kernels import kernel
from course.errors import CourseError

pytestmark = pytest.mark.needs("rust", "gcc")


def figures(table: Any) -> dict[tuple[str, str], int]:
    """Return how many times each lane was measured; every row and figure of the table has been checked."""
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert all(time > 0 for one in table.measurements for time in one["times"])
    return {(one["what"], one["lane"]): len(one["times"]) for one in table.measurements}


@pytest.mark.needs("crates")
def test_the_edit_cycle_is_measured_in_a_real_kernel() -> None:
    said: list[str] = []
    table = rust.cells(1, rust.Rivals(None, None), said.append, only="standard")
    assert [row[0] for row in table.rows] == ["standard library only"]
    assert table.rows[0][2:6] == ("≤ 0.15 s", "–", "–", "–")
    measured = figures(table)
    assert measured["standard library only, edited", "ours"] == 1
    assert {what for what, _ in measured} >= {"standard library only, unchanged", "empty Python cell"}
    assert any("evcxr_jupyter is not installed" in note for note in table.notes)
    assert said


def test_a_call_is_measured_bare_checked_and_prepared() -> None:
    table = rust.border(1, lambda _: None)
    assert [row[3] for row in table.rows] == ["", "≤ 5 µs over", "≤ 0.5 µs over"]
    assert set(figures(table).values()) == {1}


def test_a_cell_that_fails_stops_the_measurement_with_what_it_said() -> None:
    with kernel("Python", rust._ipykernel(sys.executable)) as running:
        assert running.run("6 * 7").text == "42"
        with pytest.raises(CourseError, match="ZeroDivisionError"):
            running.run("1 / 0")
