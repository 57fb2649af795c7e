"""Read numbers as people write them, exactly; refuse what can be read in two ways.

`1e-3`, `1/3`, `−3` (Unicode minus), `١٢` (other digits), `12 000` (thin spaces), `1,5` (decimal comma), `3 × 10⁻³`
and `1_000f64` are read. `1,500` is not: it is 1500 to some and 1.5 to others.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from course.errors import NotAnAttempt

__all__ = ["UNITS", "as_text", "read", "read_with_unit", "rounded"]

LONGEST = 100  # characters; nobody writes a longer number by hand
LARGEST_EXPONENT = 400  # beyond any float, and small enough to compute with exactly

_MINUS = "−‐‑‒–—﹣－"
_SPACES = "\u00a0\u2007\u2008\u2009\u200a\u202f\u205f"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_CHARACTERS = str.maketrans(
    {**dict.fromkeys(_MINUS, "-"), **dict.fromkeys(_SPACES, " "), "＋": "+", "．": ".", "，": ",", "’": "'", "⁄": "/"}
)

_PLAIN = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")  # what most people write, read without ado
_POWER = re.compile(
    r"\s*(?:[×x*·]\s*10\s*(?:\^|\*\*)?\s*[({]?\s*(?P<power>[+-]?\d{1,6})\s*[)}]?|[eE](?P<e>[+-]?\d{1,6}))$"
)
_RUST_SUFFIX = re.compile(r"(?<=[\d.])_?(?:f32|f64|[iu](?:8|16|32|64|128|size))$")
_SUPERSCRIPT_POWER = re.compile(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)$")
_NOT_FINITE = re.compile(r"[+-]?\s*(?:nan|inf|infinity|infinite|∞)", re.IGNORECASE)

_HELP = "write it like 1500, 0.25, 1e-3 or 1/3"

UNITS: dict[str, dict[str, Fraction]] = {
    "time": {
        "ns": Fraction(1, 10**9),
        "µs": Fraction(1, 10**6),
        "us": Fraction(1, 10**6),
        "ms": Fraction(1, 1000),
        "s": Fraction(1),
        "min": Fraction(60),
        "h": Fraction(3600),
    },
    "size": {
        "B": Fraction(1),
        "kB": Fraction(10**3),
        "MB": Fraction(10**6),
        "GB": Fraction(10**9),
        "KiB": Fraction(2**10),
        "MiB": Fraction(2**20),
        "GiB": Fraction(2**30),
    },
}
"""Units of one row are converted into each other; any other unit must be written as the question has it."""


def read(text: str) -> Fraction:
    """Return the number that `text` can only mean.

    Raises:
        NotAnAttempt: it is no number, not finite, absurdly long, or can be read in two ways.
    """
    if len(text) > LONGEST:
        raise NotAnAttempt(f"a number of {len(text)} characters was not read", help=_HELP)
    if _PLAIN.fullmatch(text) and text.isascii():
        return _exact(text)
    if _NOT_FINITE.fullmatch(text.strip()):
        raise NotAnAttempt("the answer is a finite number", help=_HELP)
    plain = text.translate(_CHARACTERS).strip()
    plain = _SUPERSCRIPT_POWER.sub(lambda m: "10^" + m[1].translate(_SUPERSCRIPTS), plain)
    plain = "".join(_ascii_digit(c) for c in plain)
    plain = plain.removeprefix("=").strip()
    above, slash, below = plain.partition("/")
    if slash:
        divisor = _signed(below, text)
        if divisor == 0:
            raise NotAnAttempt("nothing can be divided by zero", help=_HELP)
        return _signed(above, text) / divisor
    return _signed(plain, text)


def _ascii_digit(character: str) -> str:
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    if digit is None:
        return {"٫": ".", "٬": "'"}.get(character, character)  # Arabic decimal and thousands marks
    return str(digit)


def _signed(plain: str, text: str) -> Fraction:
    plain = _RUST_SUFFIX.sub("", plain.strip())
    sign = 1
    if plain[:1] in ("+", "-"):
        sign = -1 if plain[0] == "-" else 1
        plain = plain[1:].lstrip()
    exponent = 0
    power = _POWER.search(plain)
    if power:
        exponent = int(power["power"] or power["e"])
        plain = plain[: power.start()].rstrip()
    elif power_of_ten := re.fullmatch(r"10\s*(?:\^|\*\*)\s*[({]?\s*([+-]?\d{1,6})\s*[)}]?", plain):
        exponent, plain = int(power_of_ten[1]), "1"
    if abs(exponent) > LARGEST_EXPONENT:
        raise NotAnAttempt(f"an exponent of {exponent} is beyond what can be meant", help=_HELP)
    digits = _without_groups(plain, text)
    if digits is None:
        shown = text.strip()
        said = f"{shown!r} is no number that can be read" if shown else "the answer is empty"
        raise NotAnAttempt(said, help=_HELP)
    return sign * Fraction(digits) * Fraction(10) ** exponent


def _without_groups(plain: str, text: str) -> str | None:
    """Return digits with at most one decimal point, or None; refuse a comma that may be either."""
    if re.fullmatch(r"\d+(?:_+\d+)*(?:\.(?:\d+(?:_+\d+)*)?)?", plain):  # as Python and Rust write it
        return plain.replace("_", "")
    if re.fullmatch(r"\d+\.?\d*|\.\d+", plain):
        return plain
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}", plain):
        whole, rest = plain.split(",")
        raise NotAnAttempt(
            f"{text.strip()} can be read as {whole}{rest} or as {whole}.{rest}",
            help=f"write {whole}{rest} or {whole}.{rest}",
        )
    for group, point in ((",", "."), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("'", ",")):
        g, p = re.escape(group), re.escape(point)
        if re.fullmatch(rf"[1-9]\d{{0,2}}(?:{g}\d{{3}})+(?:{p}\d*)?", plain):
            return plain.replace(group, "").replace(point, ".")
    if re.fullmatch(r"\d*,\d+|\d+,", plain):
        return plain.replace(",", ".")
    return None


def _exact(text: str) -> Fraction:
    mantissa, _, exponent = text.lower().partition("e")
    if not exponent:
        return Fraction(mantissa)
    power = int(exponent)
    if abs(power) > LARGEST_EXPONENT:
        raise NotAnAttempt(f"an exponent of {power} is beyond what can be meant", help=_HELP)
    return Fraction(mantissa) * Fraction(10) ** power


def read_with_unit(text: str, unit: str) -> Fraction:
    """Read a number that may be followed by a unit, and return it in `unit`.

    Without a unit in the text, the question's own is meant. `50%` is 0.5 where the question has no unit.
    """
    if len(text) > LONGEST:
        raise NotAnAttempt(f"a number of {len(text)} characters was not read", help=_HELP)
    plain = text.strip().replace("μ", "µ")
    if plain and (plain[-1].isalpha() or plain[-1] in "%°") and not _NOT_FINITE.fullmatch(plain):
        written = plain[: -len(unit)].rstrip() if unit and plain.endswith(unit) else ""
        if written and (written[-1].isdigit() or written[-1] in ".,"):
            return read(written)
        match = re.fullmatch(r"(?P<number>.*[\d.,])\s*(?P<unit>[^\d\s.,][^\d]*)", plain)
        if match and not _RUST_SUFFIX.search(plain):
            return _converted(read(match["number"]), match["unit"].strip(), unit)
    return read(text)


def _converted(value: Fraction, given: str, wanted: str) -> Fraction:
    if given == "%" and not wanted:
        return value / 100
    for row in UNITS.values():
        if given in row and wanted in row:
            return value * row[given] / row[wanted]
    if not wanted:
        raise NotAnAttempt(f"the answer has no unit, and {given[:20]!r} was read as one", help="write the number alone")
    raise NotAnAttempt(
        f"the answer is asked for in {wanted}, not in {given[:20]!r}", help=f"write a number of {wanted}"
    )


def rounded(value: Fraction, digits: int) -> Decimal:
    """Return a number rounded to so many significant digits, halves away from zero."""
    if value == 0:
        return Decimal(0)
    with localcontext() as context:
        # Far more digits than any answer has, so that this first step cannot make a half of what is none.
        context.prec = LONGEST + 50
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return exact.quantize(Decimal((0, (1,), exact.adjusted() - digits + 1)), rounding=ROUND_HALF_UP)


def as_text(value: Fraction) -> str:
    """Return a number as a person would write it: exact where that is short."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    short = format(float(value), ".12g") if abs(value) < 10**300 else "…"
    return short if short == "…" or Fraction(short) == value else f"{short} (rounded)"
