"""The machine that figures were taken on: processor, cores, caches, memory, system, versions, and how busy it was.

Nothing here names a person or a computer: no host name, no user, no path.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

from course.capabilities import probe
from course.errors import RustMissing

__all__ = ["cores", "describe", "line", "load"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "numba", "torch")


def describe() -> dict[str, Any]:
    """Return the machine as `claims.json` keeps it."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": cores(),
        "caches": _caches(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "blas": _blas(),
        "rustc": _rustc(),
        "cc": _cc(),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }


def line(machine: dict[str, Any]) -> str:
    """Say the machine in one line."""
    rust = machine["rustc"] or "no Rust"
    return (
        f"{machine['processor']}, {machine['cores']} core{'s' if machine['cores'] != 1 else ''}, {machine['system']} "
        f"{machine['architecture']}, Python {machine['python']}, {rust}, {machine['date']}"
    )


def load() -> float | None:
    """Return how many processes wanted a core in the last minute, on average; None where the system does not say."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return _mac_processor() or platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _mac_processor() -> str:
    try:
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _caches() -> dict[str, str]:
    """Return each cache of the first core: {"L1d": "48K", …}; empty where the system does not say (only Linux does)."""
    found: dict[str, str] = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((index / name).read_text("utf-8").strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        found[f"L{level}" + {"Data": "d", "Instruction": "i"}.get(kind, "")] = size
    return found


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _blas() -> str:
    import numpy  # noqa: F401 - loads the BLAS that is asked about
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return f"{pools[0]['internal_api']} {pools[0]['version'] or ''}".strip() if pools else "unknown"


def _rustc() -> str:
    from course.rust import toolchain

    try:
        return toolchain.find().version.partition(" (")[0]
    except RustMissing:
        return ""


def _cc() -> str:
    found = probe("gcc")
    return found.detail if found.present else ""
