"""What children send is read without trust; what they may not do is listed in numbers that are right."""

from __future__ import annotations

import contextlib
import errno
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading.sandbox import Job, cells, frames, running, rust_cells, seccomp
from course.tasks import wire
from course.tasks.model import Limits, Ran

JOB = Job("j", (), "f", "python", (wire.encode((1.0,)),) * 3, Limits())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)
HEADS = st.dictionaries(
    st.sampled_from(["case", "outcome", "error", "missing", "seconds", "problem", "cell", "text", "codes"]),
    JSON | st.sampled_from(["returned", "raised", "crashed"]) | st.integers(0, 3) | st.just(0.5),
)
BODIES = (
    st.binary(max_size=60)
    | st.builds(frames.head_and_body, HEADS, st.binary(max_size=20))
    | st.builds(lambda head: frames.head_and_body(head, wire.encode((1.0, (2.0,)))), HEADS)
    | st.integers(0, 5).map(lambda n: n.to_bytes(4, "big"))
)


class Idle:
    """A child that has waited for no processor."""

    @staticmethod
    def waited() -> float:
        return 0.0


@given(st.lists(st.tuples(st.sampled_from([b"S", b"C", b"B", b"R", b"O", b"P", b"E", b"A"]), BODIES), max_size=12))
@settings(max_examples=300)
def test_whatever_is_sent_is_noted_or_malformed(sent: list[tuple[bytes, bytes]]) -> None:
    attempt = running._Attempt()
    with contextlib.suppress(frames.Malformed):
        for kind, body in sent:
            running._take(attempt, JOB, Idle(), kind, body)  # type: ignore[arg-type]
    assert all(0 <= number < 3 and isinstance(run, Ran) for number, run in attempt.runs.items())
    for text in (attempt.problem, attempt.missing, *(run.error for run in attempt.runs.values())):
        assert text.isprintable()
        assert len(text) <= 500


@given(st.lists(st.tuples(st.sampled_from([b"R", b"O", b"E"]), st.binary(max_size=200)), max_size=8), st.data())
def test_frames_arrive_whole_however_they_are_cut(sent: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(frames.frame(kind, body) for kind, body in sent)
    reader = frames.Reader(1000, 10_000)
    got: list[tuple[bytes, bytes]] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        got += reader.feed(stream[:size])
        stream = stream[size:]
    assert got == sent


@pytest.mark.parametrize("stream", [b"x", b"R\xff\xff\xff\xff", b"R" + (1001).to_bytes(4, "big"), bytes(6)])
def test_what_is_no_frame_is_refused(stream: bytes) -> None:
    with pytest.raises(frames.Malformed):
        list(frames.Reader(1000, 10_000).feed(stream + bytes(8)))


def test_frames_before_a_forged_one_are_read() -> None:
    found = frames.Reader(10, 100).feed(frames.frame(b"C") + b"garbage")
    assert next(found) == (b"C", b"")
    with pytest.raises(frames.Malformed):
        next(found)


def test_too_much_in_all_is_refused() -> None:
    reader = frames.Reader(100, 250)
    for _ in range(2):
        list(reader.feed(frames.frame(b"O", bytes(90))))
    with pytest.raises(frames.Malformed):
        list(reader.feed(frames.frame(b"O", bytes(90))))


@given(st.binary(max_size=100))
def test_bodies_are_read_or_malformed(body: bytes) -> None:
    with contextlib.suppress(frames.Malformed):
        head, blobs = frames.split(body)
        assert isinstance(head, dict)
        assert all(type(blob) is bytes for blob in blobs)


@given(HEADS, st.lists(st.binary(max_size=20), max_size=3))
def test_what_is_written_is_read(head: dict[str, Any], blobs: list[bytes]) -> None:
    found, parts = frames.split(frames.head_and_body(head, *blobs))
    assert parts == blobs
    assert {name: found[name] for name in head} == head


def test_a_line_of_somebody_elses_cannot_move_the_cursor() -> None:
    assert frames.line("a\x1b[2J\nb\r\u202ec") == "a [2J b c"
    assert frames.line(b"bytes") == ""
    assert len(frames.line("x" * 10_000)) == 300


# Cells


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["%%rust --use a", "!ls", "a = !ls", "%x", "f?", " x"])).map("\n".join)
)
def test_any_cell_is_read(cell: str) -> None:
    cells.python_of(cell)
    cells.modules((cell,))
    assert isinstance(rust_cells.rust_cells((cell, cell)), dict)


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("x = 1", "x = 1"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if a:\n    !ls\n    b", "if a:\n    pass\n    b"),
        ("files = !ls", "files = None"),
        ("t = %timeit -o f()\nf?", "t = None\npass"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%bash\nrm x", ""),
        ("y = (10\n% 3)", "y = (10\n% 3)"),
        ('s = """\n%not a magic\n"""', 's = """\n%not a magic\n"""'),
    ],
)
def test_magics_become_nothing(cell: str, python: str) -> None:
    assert cells.python_of(cell) == python


def test_imports_are_found() -> None:
    found = cells.modules(("import numpy as np, numba\nfrom sklearn.cluster import KMeans", "  import os.path # x"))
    assert found == {"numpy", "numba", "sklearn", "os"}


# System calls


def run(program: bytes, machine: str, number: int, argument: int = 0) -> int:
    """Do what the kernel does with a filter, for one call; return the verdict."""
    steps = [struct.unpack("<HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    data = {0: number, 4: seccomp.ARCHITECTURES[machine], 16: argument}
    at = value = 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        match code:
            case 0x20:
                value = data[k]
            case 0x06:
                return k
            case 0x15:
                at += yes if value == k else no
            case 0x35:
                at += yes if value >= k else no
            case 0x45:
                at += yes if value & k else no


ALLOW, PERMISSION, ABSENT = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
def test_the_filter_refuses_what_it_lists(machine: str, column: int) -> None:
    clone, read, execve = ((56, 220), (0, 63), (59, 221))
    threads, namespace = 0x3D0F00, 0x10000000
    for children in (False, True):
        program = seccomp.build(children=children, machine=machine)
        for numbers in seccomp.NUMBERS.values():
            if numbers[column] is not None:
                assert run(program, machine, numbers[column]) == PERMISSION
        assert run(program, machine, 435) == ABSENT
        assert run(program, machine, read[column]) == ALLOW
        assert run(program, machine, clone[column], threads) == ALLOW
        assert run(program, machine, clone[column], threads | namespace) == PERMISSION
        assert run(program, machine, clone[column], 17) == (ALLOW if children else PERMISSION)
        assert run(program, machine, execve[column]) == (ALLOW if children else PERMISSION)
    assert len(program) // 8 < 4096


def test_signals_to_others_are_refused_where_process_numbers_are_shared() -> None:
    program = seccomp.build(own_pid=77, machine="x86_64")
    assert run(program, "x86_64", 62) == PERMISSION
    assert run(program, "x86_64", 234, 77) == ALLOW
    assert run(program, "x86_64", 234, 78) == PERMISSION


def test_another_way_of_calling_is_the_end() -> None:
    program = seccomp.build(machine="x86_64")
    assert run(program, "x86_64", 0x40000000 | 41) == 0x80000000


@pytest.mark.parametrize(
    ("column", "header"),
    [(0, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), (1, "/usr/include/asm-generic/unistd.h")],
)
def test_the_numbers_are_the_kernels(column: int, header: str) -> None:
    path = Path(header)
    if not path.exists():
        pytest.skip(f"no {header} here to compare with")
    text = path.read_text(encoding="ascii")
    known = {name: int(n) for name, n in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    tables = (seccomp.NUMBERS, seccomp._ABSENT, seccomp._CHILDREN, seccomp._SIGNALS)
    listed = {name: numbers[column] for table in tables for name, numbers in table.items()}
    assert {name: known[name] for name in listed if name in known} == {n: v for n, v in listed.items() if n in known}
    assert {name for name, number in listed.items() if number is not None} - set(known) <= {
        "quotactl_fd",
        "memfd_secret",
    }
