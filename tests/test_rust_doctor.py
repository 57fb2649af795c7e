"""`course doctor --fix` at a real terminal: it asks, a no changes nothing, a yes that fails says why."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROMPT = "do it now? [y/N]:"


class Terminal:
    """The command with a terminal of its own."""

    def __init__(self, home: Path, *programs: str) -> None:
        self.home = home
        (home / "bin").mkdir()
        for program in programs:
            (home / "bin" / Path(program).name).symlink_to(program)
        kept = {k: v for k, v in os.environ.items() if not re.match(r"CARGO|RUST|COURSE|XDG|UV_|NO_COLOR", k)}
        environment = kept | {"HOME": str(home), "PATH": str(home / "bin"), "TERM": "xterm", "COLUMNS": "100"}
        environment |= {"COURSE_CACHE_DIR": str(home / "cache"), "UV_OFFLINE": "1", "UV_CACHE_DIR": str(home / "uv")}
        ours, theirs = pty.openpty()
        command = [sys.executable, "-c", "from course.cli import main; main()", "doctor", "--fix"]
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        self._ours = ours
        self.said = ""

    def wait_for(self, words: str) -> None:
        """Read until the words have been said."""
        end = time.monotonic() + 120
        while words not in self.said:
            assert time.monotonic() < end, self.said
            assert self._read(), self.said

    def answer(self, text: str) -> int:
        """Type an answer; return the exit code, with all that was said until then."""
        os.write(self._ours, f"{text}\n".encode())
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(60)

    def _read(self) -> bool:
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.said += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data.decode(errors="replace")).replace("\r", "")
        return bool(data)


def written(home: Path) -> list[str]:
    """Return what is in the course's cache, but for what it remembers of programs it has looked for."""
    files = [str(path.relative_to(home / "cache")) for path in (home / "cache").rglob("*") if path.is_file()]
    return [name for name in files if not name.startswith("found/")]


@pytest.mark.parametrize("no", ["n", ""])
def test_a_no_at_the_prompt_changes_nothing(tmp_path: Path, no: str) -> None:
    terminal = Terminal(tmp_path)
    terminal.wait_for(PROMPT)
    assert "rust: download Rust's own installer (rustup)" in " ".join(terminal.said.split())
    assert terminal.answer(no) == 0
    assert written(tmp_path) == []


def test_a_yes_where_nothing_can_run_the_installer_names_the_command_that_adds_it(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.wait_for(PROMPT)
    assert terminal.answer("y") == 0  # the table above was told: looking never fails
    said = " ".join(terminal.said.split())
    assert "the package puccinialin, which installs Rust, is not here" in said
    assert "pip install 'puccinialin>=0.1,<0.2'" in said
    assert "Traceback" not in said
    assert written(tmp_path) == []


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on the PATH")
def test_a_yes_without_a_network_says_why_it_failed_and_that_the_course_goes_on(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, str(shutil.which("uv")))
    terminal.wait_for(PROMPT)
    assert terminal.answer("y") == 0
    said = " ".join(terminal.said.split())
    assert "Rust could not be installed:" in said
    assert "connect to the network and try again" in said
    assert "everything recorded works without" in said
    assert "Traceback" not in said
    assert written(tmp_path) == []
