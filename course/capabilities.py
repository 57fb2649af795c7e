"""What this machine can do, found at run time: the list behind `course doctor` and the tests' markers."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course.errors import RustMissing

__all__ = ["CAPABILITIES", "Capability", "find_firefox", "probe", "required"]


@dataclass(frozen=True)
class Capability:
    """One thing a machine has or lacks: its name, whether it is there, what was found, and how to add it."""

    name: str
    present: bool
    detail: str
    remedy: str = ""


def _version(*command: str) -> str | None:
    """Return the first line a command prints, or None where it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else None


def _rust() -> Capability:
    from course.rust import toolchain

    try:
        found = toolchain.find()
    except RustMissing as reason:
        return Capability("rust", False, reason.message, reason.help or "course doctor --fix, or see https://rustup.rs")
    return Capability("rust", True, found.version, "rustup update")


def _gcc() -> Capability:
    found = _version("cc", "--version")
    remedy = "xcode-select --install" if sys.platform == "darwin" else "sudo apt-get install gcc"
    return Capability("gcc", found is not None, found or "no C compiler (also the linker Rust uses)", remedy)


def _crates() -> Capability:
    from course.rust import crates

    present, detail = crates.status()
    return Capability("crates", present, detail, "course cache build")


def _torch() -> Capability:
    from course.rust.crates import TORCH_VERSION

    remedy = "uv sync --extra torch   (about 5 GB on Linux x86-64)"
    try:
        version = importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return Capability("torch", False, "the extra `torch` is not installed", remedy)
    if version != TORCH_VERSION:
        return Capability(
            "torch", False, f"torch {version} is installed, but tch 0.26 binds {TORCH_VERSION} only", remedy
        )
    return Capability("torch", True, f"torch {version}", remedy)


def _chromium() -> Capability:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    found = _version(path, "--version") if path else None
    return Capability("chromium", found is not None, found or "not found", "sudo apt-get install chromium")


def find_firefox() -> str | None:
    """Return the path of Firefox, or None."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def _firefox() -> Capability:
    path = find_firefox()
    found = _version(path, "--version") if path else None
    return Capability("firefox", found is not None, found or "not found", "sudo apt-get install firefox-esr")


def _sandbox() -> Capability:
    remedy = "sudo apt-get install bubblewrap"
    if sys.platform != "linux":
        return Capability("sandbox", False, f"grading with a sandbox needs Linux, this is {platform.system()}", "")
    from course.grading.sandbox.isolation import Isolation

    found = Isolation.probe()
    lacks = f"; {found.why}" if found.why else ""
    return Capability("sandbox", found.holds, f"{found.words}{lacks}", "" if found.bwrap else remedy)


def _postgres() -> Capability:
    found = shutil.which("pg_ctl") or next(
        (str(p) for v in range(20, 11, -1) if (p := Path(f"/usr/lib/postgresql/{v}/bin/pg_ctl")).exists()), None
    )
    detail = (found and _version(found, "--version")) or "no PostgreSQL server"
    return Capability("postgres", found is not None, detail, "sudo apt-get install postgresql")


CAPABILITIES: dict[str, Callable[[], Capability]] = {
    "rust": _rust,
    "gcc": _gcc,
    "crates": _crates,
    "torch": _torch,
    "chromium": _chromium,
    "firefox": _firefox,
    "sandbox": _sandbox,
    "postgres": _postgres,
}


def probe(name: str) -> Capability:
    """Look for one capability now."""
    return CAPABILITIES[name]()


def required() -> frozenset[str]:
    """Return the capabilities that `COURSE_REQUIRE` (comma-separated) says must be there."""
    return frozenset(filter(None, (n.strip() for n in os.environ.get("COURSE_REQUIRE", "").split(","))))
