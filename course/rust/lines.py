"""Find the cell's line behind a panic inside a crate, without paying for it in every build.

Line tables make a crate cell a sixth slower to compile, and hardly any call panics inside a crate. So a cell is
compiled without them; the runtime keeps the addresses of a panic's frames; and when the first such panic is reported,
the cell is compiled again with line tables. The code of the two builds is the same byte for byte, which is checked,
so that the addresses mean the same in both. The new file takes the old one's place under its name: that is
where Rust's own reading of line tables looks for them. What is loaded stays loaded.

On other systems than Linux, line tables are kept in other ways: there, cells that name a crate are compiled with them
at once, but for those that link to the instances of linfa or smartcore.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.files import write_whole
from course.rust import toolchain

__all__ = ["add_lines", "at_first", "recipe", "same_code"]

_WITHOUT = ["-C", "debuginfo=0", "-C", "strip=debuginfo"]
_WITH = ["-C", "debuginfo=line-tables-only", "-C", "strip=none"]
_LONGEST = 60  # seconds that a panic's report may wait for its line
_ONE_AT_A_TIME = threading.Lock()


def at_first(*, program: bool, crates: bool, shared: bool) -> list[str]:
    """Return the flags about line tables with which a cell is compiled first."""
    later = sys.platform == "linux" and not program  # a program reports its own panics: nobody can add lines then
    return _WITHOUT if later or shared or not crates else _WITH


def recipe(root: str, command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Return what has to be kept beside a build to make it again: its sources are there already."""
    return {"root": root, "command": command, "environment": environment, "lines": _WITH[1] in command}


def add_lines(artifact: Path) -> str:
    """Give a library its line tables, unless it has them; return why it has none, or "" where it has them now.

    It cannot get them where the compiler is gone or is another one, or the folder cannot be written to. That is no
    error: the panic is then reported with the crate's own line.
    """
    from course.rust.compile import Refused  # which itself needs this module

    with _ONE_AT_A_TIME:
        try:
            kept = json.loads((artifact.parent / "build.json").read_text("utf-8"))
            if kept["lines"]:
                return ""
            if sys.platform != "linux":
                return "it was compiled without line tables"
            reason = _build_again(artifact, kept)
            if not reason:
                write_whole(artifact.parent / "build.json", json.dumps({**kept, "lines": True}))
        except subprocess.TimeoutExpired:
            return f"compiling the cell again took more than {_LONGEST} s"
        except CourseError as error:
            return error.message
        except Refused:
            return "the compiler does not compile what every cell is linked to"
        except (OSError, ValueError, KeyError) as error:
            return f"the cell cannot be compiled again: {type(error).__name__} {error}"
        return reason


def _build_again(artifact: Path, kept: dict[str, Any]) -> str:
    """Compile a cell with line tables and put it in its place; return what stands in the way, or ""."""
    from course.rust.compile import runtime

    found = toolchain.find()
    runtime(found)  # `course cache clear` may have removed it since
    # The folder's name is what the runtime knows a cell's own frames by.
    with tempfile.TemporaryDirectory(dir=artifact.parent.parent, prefix=".part-", ignore_cleanup_errors=True) as folder:
        for source in artifact.parent.glob("*.rs"):
            shutil.copy(source, folder)
        line = [
            str(found.rustc),
            kept["root"],
            "--crate-name",
            "cell",
            *kept["command"],
            *_WITH,
            "-o",
            artifact.name,
        ]
        environment = {**os.environ, **kept["environment"]}
        done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, check=False, timeout=_LONGEST)
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").splitlines()
            first = next((one for one in said if one.startswith("error")), f"exit code {done.returncode}")
            return f"the cell does not compile again: {first}"
        made = Path(folder) / artifact.name
        if not same_code(artifact, made):
            return "compiled again, the cell has other code"
        made.replace(artifact)
    return ""


def same_code(one: Path, other: Path) -> bool:
    """Say whether two ELF libraries load the same machine code to the same addresses."""
    return _code(one) == _code(other)


def _code(library: Path) -> list[tuple[int, int, int, bytes]]:
    """Return address, size, flags and, where it is code, content of each part that is loaded."""
    data = library.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":  # 64 bits, little-endian: every Linux that the course runs on
        raise ValueError(f"{library} is no library of this system")
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    parts = []
    for number in range(count):
        header = struct.unpack_from("<IIQQQQQ", data, start + number * size)
        kind, flags, offset, address, _, in_file, in_memory = header
        if kind == 1:  # PT_LOAD
            code = data[offset : offset + in_file] if flags & 1 else b""  # PF_X
            parts.append((address, in_memory, flags, code))
    return parts
