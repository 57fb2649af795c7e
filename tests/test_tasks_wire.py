"""Values cross as JSON and .npy bytes: all of a closed list, nothing else, and no bytes do more than be refused."""

from __future__ import annotations

import json
import math
import pickle
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course.errors import CannotCross, FrameUnreadable
from course.tasks import wire
from course.tasks.wire import decode, encode

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", ">f8", ">i4"]

arrays = st.sampled_from(DTYPES).flatmap(
    lambda d: hnp.arrays(np.dtype(d), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
layouts = st.sampled_from([lambda a: a, np.asfortranarray, lambda a: a.T, lambda a: a[..., ::2] if a.ndim else a])
texts = st.text(st.characters(exclude_categories=["Cs"]))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.complex_numbers(),
    texts,
    st.binary(max_size=50),
    st.tuples(arrays, layouts).map(lambda pair: np.ndarray.view(pair[1](pair[0]), np.ndarray)),
    arrays.filter(lambda a: a.size).map(lambda a: a.ravel()[0]),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(texts, inner, max_size=4),
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Whether two values are of the same exact types, and equal bit for bit where they are numbers."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        kind = a.dtype.newbyteorder("=")
        return (
            b.dtype == kind
            and a.shape == b.shape
            and a.astype(kind).tobytes() == b.tobytes()
            and (a.ndim < 2 or a.size == 0 or not a.flags.f_contiguous or a.flags.c_contiguous or b.flags.f_contiguous)
        )
    if isinstance(a, np.generic):
        return (a.dtype.newbyteorder("=") == b.dtype and a.tobytes() == b.tobytes()) or a == b or (a != a and b != b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, float):
        return math.isnan(a) == math.isnan(b) and (math.isnan(a) or struct.pack("d", a) == struct.pack("d", b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    return bool(a == b)


@given(values)
@example([-0.0, 2**53, -(2**53), 10**400, "x" * 2000, np.float64("nan"), np.array(3.0), np.empty((0, 2))])
def test_what_crosses_arrives_as_it_was(value):
    assert same(value, decode(encode(value)))


class Liar(list):
    """A list that says it is equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Liar(), "Liar"),
        (object(), "type object"),
        ({1, 2}, "type set"),
        (np.ma.masked_array([1.0]), "MaskedArray"),
        (np.array([object()]), "dtype object"),
        (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "dtype"),
        (np.array(["2026-01-01"], dtype="M8[D]"), "dtype datetime64"),
        (np.array(["a"]), "dtype <U1"),
        (np.longdouble(1), "dtype"),
        ({1: 2}, "key of type int"),
        ("\ud800", "half of a character"),
        (lambda: None, "function"),
        (True.__class__, "type type"),
        (iter([]), "list_iterator"),
        (1 << 2_000_000, "whole number"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_is_not_on_the_list_is_refused_by_its_type(value, words):
    with pytest.raises(CannotCross, match=words):
        encode([value])


def test_a_list_that_holds_itself_is_refused():
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(CannotCross, match="deep"):
        encode(endless)


def test_a_value_that_is_too_large_is_refused_on_both_sides():
    frame = encode(np.zeros(1000))
    with pytest.raises(CannotCross):
        encode(np.zeros(1000), largest=4000)
    with pytest.raises(FrameUnreadable, match="at most"):
        decode(frame, largest=4000)


def frame_of(tree: Any, *blobs: bytes) -> bytes:
    head = json.dumps([tree, [len(b) for b in blobs]]).encode()
    return b"CTW1" + struct.pack(">I", len(head)) + head + b"".join(blobs)


def npy(header: str, data: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"CTW1\xff\xff\xff\xff",
        pickle.dumps([1]),
        frame_of({"a": 0}, npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", pickle.dumps([1]))),
        frame_of({"a": 0}, npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}\n", b"")),
        frame_of({"a": 0}, npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,)}\n", b"")),
        frame_of(
            {"a": 0},
            npy("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999, 999999999999999, 0)}\n", b""),
        ),
        frame_of({"a": 0}, npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}\n", b"8" * 8)),
        frame_of({"a": 0}, npy("{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}\n", b"\x02")),
        frame_of({"s": 0}, npy("{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}\n", b"\x01")),
        frame_of({"a": 1}),
        frame_of({"a": True}),
        frame_of({"i": "1" * 10_000_000}),
        frame_of({"f": "1.0"}),
        frame_of({"d": [["a", 1], ["a", 2]]}),
        frame_of({"d": 3}),
        frame_of({"value": 1}),
        frame_of({}),
        frame_of({"__class__": 1}),
        frame_of("\ud800"),
        frame_of({"u": 0}, b"\xff"),
        frame_of(10**30),
        b"CTW1" + struct.pack(">I", 9) + b"[NaN, []]",
        b"CTW1" + struct.pack(">I", 200_000) + b"[" * 200_000,
        b"CTW1" + struct.pack(">I", 6_000_000) + b"[[" + b"[]," * 1_999_998 + b"0],[]]",
    ],
    ids=lambda frame: repr(bytes(frame[:24])),
)
def test_a_frame_made_by_hand_is_refused(frame):
    with pytest.raises(FrameUnreadable):
        decode(frame)


@settings(max_examples=300)
@given(values, st.data())
def test_mutated_frames_are_values_of_the_list_or_refused(value, data):
    frame = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame) - 1))
        frame[at] = data.draw(st.integers(0, 255))
    try:
        found = decode(frame)
    except FrameUnreadable:
        return
    encode(found)  # what came out is of the closed list


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_a_value(data):
    for frame in (data, b"CTW1" + data, b"CTW1" + struct.pack(">I", len(data)) + data):
        try:
            decode(frame)
        except FrameUnreadable:
            continue


@given(values)
def test_decoded_arrays_may_be_written_to_and_share_nothing(value):
    found = decode(encode([value, np.arange(3.0)]))
    found[1][0] = 7.0
    assert found[1].flags.owndata or found[1].base.flags.owndata


def test_the_closed_list_is_the_documented_one():
    assert sorted(wire._TYPES) == sorted(
        ["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"]
    )
