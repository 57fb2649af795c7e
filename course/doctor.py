"""What `course doctor` finds, says and mends: the machine, its capabilities, and the one command that adds each."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.capabilities import CAPABILITIES, Capability, probe
from course.errors import CourseError
from course.rust import toolchain

__all__ = ["PURPOSE", "Examination", "Mend", "examine", "install_toolchain", "mends"]

PURPOSE = {
    "rust": "compile Rust cells",
    "gcc": "link Rust cells; the C lanes of measurements",
    "crates": "ndarray, linfa and the other crates in cells",
    "torch": "the chapter on tch, beside Python's torch",
    "chromium": "for authors: see the course as a browser does",
    "firefox": "for authors: the same in the other browser",
    "sandbox": "for instructors: grade what others wrote",
    "postgres": "for instructors: grading a large class in PostgreSQL",
}
"""Each capability, and what it is needed for: a learner can see which of them matter."""

WSL = "Windows itself is not supported: install WSL (wsl --install), and start the course inside it"


@dataclass(frozen=True)
class Examination:
    """What was found on this machine."""

    system: str
    python: str
    cores: int
    note: str
    capabilities: tuple[Capability, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what `course doctor --json` prints (docs/schemas/doctor.schema.json)."""
        return {
            "schema": 1,
            "system": {
                "name": self.system,
                "python": self.python,
                "cores": self.cores,
                "supported": not self.note,
                "note": self.note,
            },
            "capabilities": [
                {
                    "name": found.name,
                    "present": found.present,
                    "detail": found.detail,
                    "purpose": PURPOSE[found.name],
                    "remedy": "" if found.present else found.remedy,
                }
                for found in self.capabilities
            ],
        }


def examine() -> Examination:
    """Look at this machine now."""
    windows = sys.platform == "win32"
    inside = "microsoft" in platform.release().lower()
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS cannot say which cores a process may use
        cores = os.cpu_count() or 1
    return Examination(
        system=f"{platform.system()} {platform.machine()}{' (WSL)' if inside else ''}",
        python=platform.python_version(),
        cores=cores,
        note=WSL if windows else "",
        capabilities=tuple(probe(name) for name in CAPABILITIES),
    )


@dataclass(frozen=True)
class Mend:
    """One thing that can be added from here: what it does, said before it is done, and how."""

    capability: str
    what: str
    do: Callable[[Callable[[float, str], None]], None]


def mends(found: Examination) -> list[Mend]:
    """Return what can be added without an administrator: the Rust toolchain, then the crates.

    The rest is left to the person: it needs `sudo`, or gigabytes.
    """
    if found.note:
        return []
    missing = {capability.name for capability in found.capabilities if not capability.present}
    if os.environ.get("COURSE_NO_RUST", "") not in ("", "0"):
        return []
    list_: list[Mend] = []
    if "rust" in missing:
        list_.append(
            Mend(
                "rust",
                "download Rust's own installer (rustup) and with it the newest stable compiler, 600 MB on disk, into "
                f"{toolchain.install_folder()}; nothing outside that folder is changed",
                _install,
            )
        )
    if "crates" in missing:
        list_.append(
            Mend("crates", "build the crates that cells may use: about two minutes and 300 MB, once", _build_crates)
        )
    return list_


def _install(progress: Callable[[float, str], None]) -> None:
    progress(0.0, "downloading and unpacking")  # rustup says how far it is only to a terminal
    install_toolchain()


def _build_crates(progress: Callable[[float, str], None]) -> None:
    from course.rust import crates

    crates.ensure(progress=progress)


def install_toolchain(folder: Path | None = None) -> toolchain.Toolchain:
    """Install a Rust toolchain into a folder of its own through the package puccinialin, and return it.

    The caller has asked the person. puccinialin runs in a process of its own: from this environment where it is
    installed, else through uv.
    """
    folder = folder or toolchain.install_folder()
    if importlib.util.find_spec("puccinialin") is not None:
        command = [sys.executable]
    elif (uv := shutil.which("uv")) is not None:
        command = [uv, "run", "--quiet", "--no-project", "--with", "puccinialin>=0.1,<0.2", "python"]
    else:
        raise CourseError(
            "the package puccinialin, which installs Rust, is not here",
            help=f"{Path(sys.executable).name} -m pip install 'puccinialin>=0.1,<0.2', then course doctor --fix",
        )
    # rustup refuses to install beside a compiler on the PATH, though it is too old for us and stays as it is.
    environment = {**os.environ, "RUSTUP_INIT_SKIP_PATH_CHECK": "yes"}
    done = subprocess.run(
        [*command, "-m", "puccinialin", "--location", str(folder)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise CourseError(
            f"Rust could not be installed: {said[-1].strip() if said else f'exit code {done.returncode}'}",
            place=str(folder),
            help="connect to the network and try again, or see https://rustup.rs; everything recorded works without",
        )
    toolchain.forget()
    return toolchain.find()
