"""A few seconds of coverage-guided fuzzing, where atheris is installed; the files in `tests/fuzz` run for longer."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import skip_unless_required

HARNESSES = Path(__file__).parent / "fuzz"


@pytest.mark.parametrize(("harness", "seconds"), [("fuzz_quiz.py", 20), ("fuzz_wire.py", 8)])
def test_fuzzing_finds_nothing_that_crashes(harness: str, seconds: int, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        skip_unless_required("atheris is not installed: uv sync --group fuzz")
    command = [
        sys.executable,
        str(HARNESSES / harness),
        f"-max_total_time={seconds}",
        "-seed=1",
        "-timeout=10",
        "-max_len=2000",
        "-rss_limit_mb=0",  # a child's peak begins at its parent's: that of a long test run is no finding
        "-malloc_limit_mb=1024",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert not list(tmp_path.glob("crash-*"))
