"""What a process can do to confine itself and its children: namespaces, mounts, limits, Landlock, seccomp.

System calls through ctypes, and nothing but the standard library: this runs in a process that is about to hand itself
over to somebody else's code. Each function raises `OSError` where the system refuses; the caller decides what that
means.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Confinement",
    "adopt_orphans",
    "clone",
    "close_others",
    "die_with_parent",
    "drop_capabilities",
    "hide",
    "in_use",
    "landlock",
    "landlock_version",
    "limit",
    "map_ids",
    "no_new_privileges",
    "own_mounts",
    "seccomp",
]

# PyDLL keeps the interpreter's lock: nothing of Python may run between `clone` and the repairs after it.
_libc = ctypes.PyDLL(None, use_errno=True)
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_in_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
_after_in_child = ctypes.pythonapi.PyOS_AfterFork_Child

_SYS_CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine] if os.uname().machine in ("x86_64", "aarch64") else -1
_CLONE_PIDFD = 0x1000
_CLONE_NEW = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000  # mounts, ipc, users, processes
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38


@dataclass(frozen=True)
class Confinement:
    """Which of the means are used, as `Isolation` found them to work here."""

    namespaces: bool
    landlock: bool
    seccomp: bool


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def clone(namespaces: bool) -> tuple[int, int]:
    """Fork; with `namespaces` the child is process 1 of its own. Return its number (0 in the child) and a pidfd."""
    if not namespaces:
        pid = os.fork()
        return pid, (os.pidfd_open(pid) if pid else -1)
    pidfd = ctypes.c_int(-1)
    _before_fork()
    # The raw call: glibc's `fork` takes no flags. The caller has one thread, so no lock of anyone's is held.
    # (The order of its last two arguments differs between processors; both are 0 here.)
    tail = (ctypes.c_void_p(0), ctypes.byref(pidfd), ctypes.c_void_p(0), ctypes.c_void_p(0))
    pid = _libc.syscall(
        ctypes.c_long(_SYS_CLONE), ctypes.c_ulong(_CLONE_NEW | _CLONE_PIDFD | signal.SIGCHLD.value), *tail
    )
    if pid == 0:
        _after_in_child()
        return 0, -1
    _after_in_parent()
    _check(pid, "clone")
    return pid, pidfd.value


def map_ids(uid: int, gid: int) -> None:
    """In a new user namespace: be the user that one was before."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    _check(result, f"mount {target}")


def own_mounts(place: str, megabytes: int, files: int) -> None:
    """In a new mount namespace: an empty folder, bounded in bytes and files, and a /proc of one's own processes."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    sizes = f"size={megabytes}m,nr_inodes={files},mode=1777"
    _mount("tmp", place, "tmpfs", _MS_NOSUID | _MS_NODEV, sizes)
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)


def no_new_privileges() -> None:
    """Give up every way to gain rights by starting a program; needed before Landlock and seccomp."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))), "no_new_privs")


def hide(hidden: bool = True) -> None:
    """Keep this process's memory and environment from others of the same user; or no longer (to map ids)."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, *map(ctypes.c_ulong, (not hidden, 0, 0, 0))), "dumpable")


def die_with_parent() -> None:
    """End when the thread that started this process ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, *map(ctypes.c_ulong, (signal.SIGKILL, 0, 0, 0))), "pdeathsig")


def adopt_orphans() -> None:
    """Become the parent of whatever a descendant leaves behind, so that it can be found and ended."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0))), "subreaper")


def drop_capabilities() -> None:
    """Give up all capabilities, those in this user namespace too."""
    header = struct.pack("<Ii", 0x20080522, 0)
    _check(_libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))), "capset")


def close_others(kept: Iterable[int]) -> None:
    """Close every file descriptor but 0, 1, 2 and those kept."""
    low = 3
    for number in sorted(set(kept)):
        if number >= low:
            os.closerange(low, number)
            low = number + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def in_use() -> int:
    """Count the processes and threads of this user that can be seen here."""
    user, found = os.getuid(), 0
    for place in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # it has ended
            text = place.read_text(encoding="utf-8", errors="replace")
            said = {name: value.split() for name, _, value in (line.partition(":") for line in text.splitlines())}
            if said["Uid"][:1] == [str(user)]:
                found += int(said["Threads"][0])
    return found


def limit(*, cpu: int, memory: int, file: int, processes: int, files: int = 256) -> None:
    """Set limits: CPU seconds, bytes of address space beyond what is in use now, bytes of a file, processes, files.

    The kernel holds `processes` (threads are such, too) against all of this user's in this user namespace: one that is
    in none of its own adds what is `in_use`.
    """
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    wanted = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_AS: (used + memory, used + memory),
        resource.RLIMIT_FSIZE: (file, file),
        resource.RLIMIT_NPROC: (processes, processes),
        resource.RLIMIT_NOFILE: (files, files),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    for what, (soft, hard) in wanted.items():
        most = resource.getrlimit(what)[1]
        bounded = (soft, hard) if most == resource.RLIM_INFINITY else (min(soft, most), min(hard, most))
        resource.setrlimit(what, bounded)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(
            "1000", encoding="ascii"
        )  # where memory runs out, this goes before anything of the instructor's


def seccomp(program: bytes) -> None:
    """Load a filter of system calls, for good."""
    code = ctypes.create_string_buffer(program, len(program))
    filter = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    _check(
        _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(2), ctypes.c_char_p(filter), ctypes.c_ulong(0), ctypes.c_ulong(0)),
        "seccomp",
    )


# Landlock: what of the file system may be touched, where there is no mount namespace to hide the rest.

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS, _SCOPES = 3, 3  # bind and connect over TCP (version 4); signals and abstract sockets (version 6)


def landlock_version() -> int:
    """Return which version of Landlock the kernel has; 0 for none."""
    return max(0, int(_libc.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(1))))


def landlock(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Give up all files but those below these folders (and all of TCP, where the kernel knows how)."""
    version = landlock_version()
    if version < 1:
        raise OSError("this kernel has no Landlock")
    handled = _FILE_RIGHTS[min(version, 5)]
    attributes = struct.pack("<Q", handled)
    if version >= 4:
        attributes += struct.pack("<Q", _NET_RIGHTS)
    if version >= 6:
        attributes += struct.pack("<Q", _SCOPES)
    rules = _check(
        _libc.syscall(ctypes.c_long(_CREATE_RULESET), ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0),
        "landlock",
    )
    try:
        read = _EXECUTE | _READ_FILE | _READ_DIR
        for paths, rights in ((readable, read), (writable, handled & ~(1 << 15))):
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    _allow(rules, path, rights)
        _check(_libc.syscall(ctypes.c_long(_RESTRICT_SELF), ctypes.c_int(rules), ctypes.c_uint(0)), "landlock")
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not Path(path).is_dir():
            rights &= _EXECUTE | _WRITE_FILE | _READ_FILE | (1 << 14)
        rule = struct.pack("<Qi", rights, place)
        result = _libc.syscall(
            ctypes.c_long(_ADD_RULE), ctypes.c_int(rules), ctypes.c_int(1), ctypes.c_char_p(rule), ctypes.c_uint(0)
        )
        _check(result, f"landlock {path}")
    finally:
        os.close(place)
