"""Numbers are read as people write them, exactly, or not at all."""

# ruff: noqa: E501 - tables of cases read best one case a line

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import NotAnAttempt
from course.quiz import numbers

READ = {
    "3": 3,
    " 3 ": 3,
    "+3": 3,
    "= 3": 3,
    "1e-3": Fraction(1, 1000),
    "1E3": 1000,
    "1/3": Fraction(1, 3),
    "1⁄3": Fraction(1, 3),
    "-1/3": Fraction(-1, 3),
    "−3": -3,
    "- 3": -3,
    ".5": Fraction(1, 2),
    "5.": 5,
    "1,5": Fraction(3, 2),
    "0,125": Fraction(1, 8),
    "1234,567": Fraction(1234567, 1000),
    "1,500,000": 1_500_000,
    "1.500.000": 1_500_000,
    "1,500.25": Fraction(150025, 100),
    "1.500,25": Fraction(150025, 100),
    "12 000": 12_000,
    "12\u2009000": 12_000,
    "12\u202f000,5": Fraction(24001, 2),
    "12'000": 12_000,
    "1_000_000": 1_000_000,
    "1_000f64": 1000,
    "7usize": 7,
    "3 × 10⁻³": Fraction(3, 1000),
    "3*10^3": 3000,
    "10^3": 1000,
    "١٢": 12,
    "３．５": Fraction(7, 2),
}


@pytest.mark.parametrize("text", READ)
def test_what_can_only_mean_one_number_is_read_exactly(text: str) -> None:
    assert numbers.read(text) == READ[text]


@pytest.mark.parametrize(
    "text",
    ["1,500", "12,345", "-1,500", "1,500e3", "nan", "NaN", "inf", "-Infinity", "∞", "", "  ", "one", "1 5", "1,50,0",
     "--3", "1/0", "1//2", "1e999999", "1e401", "0x10", "3 or 4", "²", "1..2", "9" * 101],
)  # fmt: skip
def test_what_is_unclear_or_no_finite_number_is_no_attempt(text: str) -> None:
    with pytest.raises(NotAnAttempt) as raised:
        numbers.read(text)
    assert raised.value.help


def test_an_ambiguous_comma_is_told_both_readings() -> None:
    with pytest.raises(NotAnAttempt) as raised:
        numbers.read("1,500")
    assert raised.value.message == "1,500 can be read as 1500 or as 1.500"
    assert raised.value.help == "write 1500 or 1.500"


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [("3", "ms", 3), ("3 ms", "ms", 3), ("3ms", "ms", 3), ("0.003 s", "ms", 3), ("3000 µs", "ms", 3), ("3000 us", "ms", 3),
     ("2 KiB", "B", 2048), ("50%", "", Fraction(1, 2)), ("50 %", "%", 50), ("1e3 ns", "µs", 1), ("3f64", "ms", 3)],
)  # fmt: skip
def test_a_unit_may_be_written_and_is_converted_within_its_row(text: str, unit: str, expected: Fraction) -> None:
    assert numbers.read_with_unit(text, unit) == expected


@pytest.mark.parametrize(("text", "unit"), [("3 kg", "ms"), ("3 ms", ""), ("3 MB", "s"), ("ms", "ms"), ("inf", "ms")])
def test_a_unit_that_does_not_belong_is_no_attempt(text: str, unit: str) -> None:
    with pytest.raises(NotAnAttempt):
        numbers.read_with_unit(text, unit)


@given(st.fractions(max_denominator=10**6))
def test_any_fraction_is_read_back(value: Fraction) -> None:
    assert numbers.read(f"{value.numerator}/{value.denominator}") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_is_read_back_as_it_is_written(value: float) -> None:
    assert float(numbers.read(repr(value))) == value


@given(st.integers(-(10**30), 10**30), st.sampled_from([",", ".", " ", "\u2009", "\u202f", "'", "_"]))
def test_whole_numbers_in_groups_are_read_or_refused_but_never_misread(value: int, mark: str) -> None:
    text = f"{value:,}".replace(",", mark)
    try:
        read = numbers.read(text)
    except NotAnAttempt:
        assert mark == ","
        assert 10**3 <= abs(value) < 10**6
        return
    if mark == "." and 10**3 <= abs(value) < 10**6:
        assert read == Fraction(value, 1000)  # one point is a decimal point, as in every program here
    else:
        assert read == value


@given(st.text(max_size=120), st.sampled_from(["", "ms", "%", "MB", "°C"]))
def test_any_text_is_a_number_or_no_attempt(text: str, unit: str) -> None:
    with contextlib.suppress(NotAnAttempt):  # any other exception fails
        assert isinstance(numbers.read_with_unit(text, unit), Fraction)


@given(st.text(alphabet="0123456789.,eE+-−/ ×^_'%⁻³ms", max_size=30))
def test_texts_that_look_like_numbers_are_numbers_or_no_attempt(text: str) -> None:
    with contextlib.suppress(NotAnAttempt):
        numbers.read_with_unit(text, "ms")


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [("3.14159", 3, "3.14"), ("0.0012345", 2, "0.0012"), ("2.5", 1, "3"), ("0", 3, "0")],
)
def test_rounding_to_significant_digits_takes_halves_away_from_zero(value: str, digits: int, expected: str) -> None:
    assert numbers.rounded(numbers.read(value), digits) == numbers.rounded(numbers.read(expected), digits)
    assert float(numbers.rounded(numbers.read(value), digits)) == float(expected)
