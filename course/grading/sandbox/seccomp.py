"""The list of system calls a worker may not make, as a program for the kernel (a seccomp filter).

Written by hand rather than through a library: loading it then costs two system calls, and the list reads as a list.
It is a list of what is refused, not of what is allowed: NumPy, LLVM and Rust's runtime use most of the rest.
Namespaces, limits and a read-only system are what holds; this closes doors of the kernel that no exercise needs.
"""

from __future__ import annotations

import errno
import platform
import struct

__all__ = ["ARCHITECTURES", "NUMBERS", "build"]

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Processors for which the numbers are known, and how the kernel names them to a filter."""

# name: (number on x86-64, number on ARM 64); None: that processor has no such call.
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    # the network
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    # namespaces, mounts, other roots
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "mknod": (133, None),
    "mknodat": (259, 33),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    # memory that no limit counts
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_setup": (206, 0),
    # parts of the kernel with a large surface
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "modify_ldt": (154, None),
    "personality": (135, 92),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # the machine itself
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
}
# Answered as if this kernel did not have them, so that callers turn to the older way (threads: to `clone`).
_ABSENT: dict[str, tuple[int, int]] = {
    "clone3": (435, 435),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "memfd_secret": (447, 447),
}
# Another process: refused unless the profile says that children are needed (a compiler starts a linker).
_CHILDREN: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
}
# Where a worker shares its process numbers with others: no signals to them, and no leaving its group.
_SIGNALS: dict[str, tuple[int | None, int | None]] = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setsid": (112, 157),
    "setpgid": (109, 154),
}
_CLONE = (56, 220)
_TGKILL = (234, 131)
_CLONE_THREAD = 0x00010000
# New mount, cgroup, uts, ipc, user, pid, network and time namespaces.
_CLONE_NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x00000080

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16  # offsets in what the kernel hands to a filter


def _step(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, k)


def build(*, children: bool = False, own_pid: int = 0, machine: str = "") -> bytes:
    """Return the filter for this processor.

    Args:
        children: processes may be started (threads always may).
        own_pid: where it is not 0, signals may be sent to this process only.
        machine: another processor, as `platform.machine()` names it.

    Raises:
        KeyError: the numbers of that processor's calls are not known here.
    """
    machine = machine or platform.machine()
    architecture = ARCHITECTURES[machine]
    column = list(ARCHITECTURES).index(machine)
    steps = [_step(_LOAD, _ARCH), _step(_EQUAL, architecture, yes=1), _step(_RETURN, _KILL), _step(_LOAD, _NUMBER)]
    if machine == "x86_64":  # the x32 way of calling has other numbers
        steps += [_step(_GREATER_EQUAL, 0x40000000, no=1), _step(_RETURN, _KILL)]
    refused = dict(NUMBERS)
    if not children:
        refused |= _CHILDREN
    if own_pid:
        refused |= _SIGNALS
    for table, answer in ((refused, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        for numbers in table.values():
            if (number := numbers[column]) is not None:
                steps += [_step(_EQUAL, number, no=1), _step(_RETURN, _ERRNO | answer)]
    if own_pid:
        steps += [
            _step(_EQUAL, _TGKILL[column], no=4),
            _step(_LOAD, _ARGUMENT),
            _step(_EQUAL, own_pid, no=1),
            _step(_RETURN, _ALLOW),
            _step(_RETURN, _ERRNO | errno.EPERM),
        ]
    if children:  # any process, in no new namespace
        steps += [_step(_EQUAL, _CLONE[column], no=3), _step(_LOAD, _ARGUMENT), _step(_ANY_BIT, _CLONE_NEW, no=1)]
    else:  # threads alone
        steps += [_step(_EQUAL, _CLONE[column], no=4), _step(_LOAD, _ARGUMENT)]
        steps += [_step(_ANY_BIT, _CLONE_NEW, yes=1), _step(_ANY_BIT, _CLONE_THREAD, yes=1)]
    return b"".join([*steps, _step(_RETURN, _ERRNO | errno.EPERM), _step(_RETURN, _ALLOW)])
