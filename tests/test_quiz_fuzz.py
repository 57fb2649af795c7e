"""A few seconds of coverage-guided fuzzing, where atheris is installed; `tests/fuzz/fuzz_quiz.py` runs for longer."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).parent / "fuzz" / "fuzz_quiz.py"


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed: uv sync --group fuzz"
)
def test_fuzzing_finds_no_text_that_crashes(tmp_path: Path) -> None:
    command = [sys.executable, str(HARNESS), "-max_total_time=20", "-seed=1", "-timeout=10", "-max_len=2000"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert not list(tmp_path.glob("crash-*"))
