"""C lanes: compiled once with the machine's C compiler, loaded with ctypes, called with the addresses of arrays.

    standardise = function("standardise", "standardise")
    standardise(x, out, rows, columns, threads)      # arrays are passed as pointers, whole numbers as `long`

The flags are the counterpart of the Rust lanes': all optimisation and every instruction of this machine, but no
`-ffast-math`, which Rust does not have. `sqrt` sets no errno and arithmetic does not trap, as in Rust.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from course.errors import CourseError
from course.rust.places import cache_root

__all__ = ["flags", "function"]

_HERE = Path(__file__).parent
_COMMON = ["-O3", "-std=gnu11", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-pthread"]
_NATIVE: tuple[list[str], ...] = (
    # A compiler older than the processor takes it for an earlier one, and then shuns its widest vectors.
    ["-march=native", "-mprefer-vector-width=512"],
    ["-march=native"],
    ["-mcpu=native"],
    [],
)


@functools.cache
def flags() -> tuple[str, ...]:
    """Return the flags of the C lanes: the first of the sets for this machine's instructions that `cc` takes."""
    with tempfile.TemporaryDirectory(prefix="course-c-") as folder:
        source = Path(folder) / "empty.c"
        source.write_text("int nothing;\n", encoding="utf-8")
        for native in _NATIVE:
            wanted = [*_COMMON, *native]
            line = ["cc", *wanted, "-o", "empty.so", source.name]
            if subprocess.run(line, cwd=folder, capture_output=True, check=False).returncode == 0:
                return tuple(wanted)
    raise CourseError("the C compiler cannot make a library", help="cc --version; course doctor says what to install")


@functools.cache
def _machine() -> str:
    """Return what `native` means here: two machines may share one cache."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()} {platform.node()}"
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(("model name", "flags", "Features"))))


@functools.cache
def _library(name: str) -> ctypes.CDLL:
    """Compile a C file of this folder, or find it compiled; load it."""
    version = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True).stdout
    described = [version, _machine(), *flags()]
    described += [(_HERE / file).read_text(encoding="utf-8") for file in ("common.h", f"{name}.c")]
    key = hashlib.sha256("\0".join(described).encode()).hexdigest()[:16]
    kept = cache_root() / "lanes" / f"{name}-{key}.so"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=kept.parent, prefix=".part-"))
        try:
            line = ["cc", *flags(), "-o", str(work / kept.name), str(_HERE / f"{name}.c"), "-lm"]
            done = subprocess.run(line, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise CourseError(f"the C lane {name}.c does not compile here:\n{done.stderr.strip()}")
            (work / kept.name).replace(kept)  # appears at once, whole
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return ctypes.CDLL(str(kept))


@functools.cache
def function(file: str, name: str, result: Any = None) -> Callable[..., Any]:
    """Return a C function; arrays become pointers, whole numbers `long`, floats `double`, bytes `char *`."""
    bare = _library(file)[name]
    bare.restype = result
    long, double, pointer = ctypes.c_long, ctypes.c_double, ctypes.c_void_p

    def convert(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return pointer(value.ctypes.data)
        if isinstance(value, (int, np.integer)):
            return long(int(value))
        return double(value) if isinstance(value, float) else value

    def call(*values: Any) -> Any:
        return bare(*[convert(value) for value in values])

    call.prepare = lambda *values: _prepared(bare, tuple(convert(v) for v in values), values)  # type: ignore[attr-defined]
    return call


def _prepared(bare: Any, ready: tuple[Any, ...], kept: tuple[Any, ...]) -> Callable[[], Any]:
    def prepared() -> Any:
        return bare(*ready)

    prepared.arguments = kept  # type: ignore[attr-defined]  # the arrays must live as long as their addresses
    return prepared
