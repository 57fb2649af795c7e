"""Coverage-guided fuzzing of the frames that come from a process which ran a learner's code.

    uv run --group fuzz python tests/fuzz/fuzz_wire.py -max_total_time=60

needs atheris (Linux, x86-64). Any exception but `FrameUnreadable`, and any value that cannot be encoded again, stops
the run and leaves the input in a file `crash-…` in the current folder. A value that is decoded is judged, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["course"]):
    import numpy as np

    from course.errors import FrameUnreadable
    from course.quiz.model import Task
    from course.tasks.definition import load
    from course.tasks.model import Ran
    from course.tasks.wire import decode, encode

CASES = "def reference(x):\n    return {'a': np.arange(4.0), 'b': [1, 'two', None]}\nvisible = [(1.0,)]"
TASK = load(Task(id="t", chapter="03_x", title="T", function="f", cases=CASES))


def one_input(data: bytes) -> None:
    """Decode, judge and encode what the bytes say."""
    try:
        value = decode(data, largest=1_000_000)
    except FrameUnreadable:
        return
    score = TASK.judge({"visible-1": Ran("returned", value, (1.0,))})
    assert 0 <= score.points <= score.possible
    encode(value)


def seeds(folder: Path) -> None:
    """Write a corpus to begin with: a frame of every kind of value."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [None, True, 1, -(2**80), 0.5, float("nan"), 1 + 2j, "text", "x" * 2000, b"bytes", np.float32(1)]
    kinds += [[1, (2.0, None)], {"a": np.arange(4.0), "b": [1, "two", None]}, np.asfortranarray(np.eye(3)), np.empty(0)]
    for number, value in enumerate(kinds):
        (folder / str(number)).write_bytes(encode(value))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        atheris.Setup([*sys.argv, corpus], one_input)
        atheris.Fuzz()
