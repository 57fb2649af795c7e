"""What this machine can hold a learner's code with: found by trying, and said in words.

The strongest way first. Where namespaces are restricted (some distributions, some containers), Landlock and seccomp
take over what they can; where there is nothing, grading is refused unless the instructor insists.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from course.grading.sandbox import command, confine

__all__ = ["Isolation"]


@dataclass(frozen=True)
class Isolation:
    """The means that are used.

    Attributes:
        bwrap: workers run inside bubblewrap: a read-only system of few folders, no network, no other processes.
        namespaces: each submission has namespaces of its own inside it: its own /tmp, its own processes.
        landlock: files outside the worker's own folder and the system's are refused.
        seccomp: a list of system calls is refused.
        why: what is missing, and why, where something is.
    """

    bwrap: bool
    namespaces: bool
    landlock: bool
    seccomp: bool
    why: str = ""

    @classmethod
    def none(cls) -> Isolation:
        """Nothing but limits and a clock: what `--no-sandbox` asks for. The learner's code can do what you can."""
        return cls(False, False, False, False, "switched off")

    @classmethod
    def probe(cls) -> Isolation:
        """Try what works here; done once in a process."""
        return _probe()

    @property
    def holds(self) -> bool:
        """Whether this is enough to run what strangers wrote."""
        return self.seccomp and ((self.bwrap and (self.namespaces or self.landlock)) or self.landlock)

    @property
    def words(self) -> str:
        """What holds, for the report: `bubblewrap + own namespaces + seccomp + limits`."""
        parts = [
            "bubblewrap" if self.bwrap else "",
            "own namespaces" if self.namespaces else "",
            "Landlock" if self.landlock else "",
            "seccomp" if self.seccomp else "",
            "limits",
        ]
        if not any(parts[:-1]):
            return "none (limits and a clock only)"
        return " + ".join(filter(None, parts))

    def __str__(self) -> str:
        return self.words

    def confinement(self) -> dict[str, bool]:
        """Return what a worker is told to use."""
        return {"namespaces": self.namespaces, "landlock": self.landlock, "seccomp": self.seccomp}


@functools.cache
def _probe() -> Isolation:
    if sys.platform != "linux":
        return Isolation(False, False, False, False, "a sandbox needs Linux")
    reasons = []
    if shutil.which("bwrap") is None:
        found, reason = None, "bubblewrap is not installed"
    else:
        found, reason = _try(bwrap=True)
    bwrap = found is not None
    if found is None:
        reasons.append(reason)
        found, reason = _try(bwrap=False)
        found = found or {}
    namespaces = bwrap and found.get("namespaces", "") == ""
    if bwrap and not namespaces:
        reasons.append(f"no namespaces inside it ({found['namespaces']})")
    seccomp = found.get("seccomp", "no") == ""
    if not seccomp:
        reasons.append(f"no seccomp ({found.get('seccomp', reason)})")
    landlock = not namespaces and found.get("landlock") not in (None, 0)
    if not namespaces and not landlock:
        reasons.append("no Landlock in this kernel")
    return Isolation(bwrap, namespaces, landlock, seccomp, "; ".join(reasons))


def _try(*, bwrap: bool) -> tuple[dict[str, object] | None, str]:
    """Start a worker that says what it can do; return that, or None and why it did not start."""
    program = ["-m", "course.grading.sandbox.trial"]
    line = command.command("run", program, bwrap=bwrap, work=command.own_folder())
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        return json.loads(done.stdout), ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    except ValueError:
        said = done.stderr.strip().splitlines()
        return None, said[-1] if said else f"exit code {done.returncode}"


def trial() -> dict[str, object]:
    """Try each means in a child of this process; return "" for what works and the reason for what does not."""
    return {
        "namespaces": _in_child(_namespaces, namespaces=True),
        "seccomp": _in_child(_seccomp, namespaces=False),
        "landlock": confine.landlock_version(),
    }


def _namespaces(uid: int, gid: int) -> None:
    confine.map_ids(uid, gid)
    confine.own_mounts(str(Path.cwd()), 1, 10)
    confine.drop_capabilities()


def _seccomp(*_: int) -> None:
    import socket

    from course.grading.sandbox import seccomp

    confine.no_new_privileges()
    confine.seccomp(seccomp.build())
    try:
        socket.socket().close()
    except PermissionError:
        return
    raise OSError("the filter does not filter")


def _in_child(work: object, *, namespaces: bool) -> str:
    read, write = os.pipe()
    uid, gid = os.getuid(), os.getgid()
    try:
        pid, _ = confine.clone(namespaces)
    except OSError as error:
        return str(error)
    if pid == 0:
        try:
            work(uid, gid)  # type: ignore[operator]
        except (OSError, KeyError) as error:
            os.write(write, f"{type(error).__name__}: {error}".encode()[:500])
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8", errors="replace") as stream:
        said = stream.read()
    os.waitpid(pid, 0)
    return said
