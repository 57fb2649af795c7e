"""The process that has everything imported and is copied for each submission (a zygote).

Started by the pool inside bubblewrap, where that works. It reads one request at a time from a socket it inherited,
forks, hands back a handle on the child, waits for the child, and says how it ended. It never sees a key, and what it
copies is what a child may know.

    python -m course.grading.sandbox.zygote '{"control": 3, "kind": "run", "warm": ["numpy"], …}'
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import shutil
import signal
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course.grading.sandbox import confine, seccomp

__all__ = ["imported", "main"]

# What is imported for a name: the parts that chapters use, so that no child has to.
_PARTS = {
    "numpy": ("numpy.random", "numpy.linalg", "numpy.fft", "numpy.ma", "numpy.polynomial"),
    "sklearn": (
        "sklearn.cluster",
        "sklearn.datasets",
        "sklearn.decomposition",
        "sklearn.ensemble",
        "sklearn.linear_model",
        "sklearn.metrics",
        "sklearn.model_selection",
        "sklearn.naive_bayes",
        "sklearn.neighbors",
        "sklearn.pipeline",
        "sklearn.preprocessing",
        "sklearn.svm",
        "sklearn.tree",
    ),
    "matplotlib": ("matplotlib.pyplot",),
    "scipy": ("scipy.linalg", "scipy.stats"),
}


def imported(warm: Iterable[str]) -> list[str]:
    """Return the modules that a worker imports beforehand for the names a chapter imports."""
    return [part for name in warm for part in (*_PARTS.get(name.split(".")[0], ()), name)]


def main() -> None:
    """Serve until the pool closes the socket."""
    settings = json.loads(sys.argv[1])
    control = socket.socket(fileno=settings["control"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine.die_with_parent()
    confine.hide()
    confine.adopt_orphans()
    confinement = confine.Confinement(**settings["confinement"])
    filter = _filter(settings["kind"], confinement)
    settings["ids"] = os.getuid(), os.getgid()
    work = _warm(settings)
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - names alone are wanted
    if threads != 1:
        raise SystemExit(f"the worker has {threads} threads, so copies of it could hang")
    gc.collect()
    gc.disable()
    gc.freeze()  # what is here lives on: the collector of a child need not look at it, nor write to its pages
    control.send(b'{"ready": true}')
    while True:
        message, fds, _, _ = socket.recv_fds(control, 1 << 16, 64)
        if not message:
            return
        request = json.loads(message)
        try:
            pid, pidfd = confine.clone(confinement.namespaces)
        except OSError as error:
            control.send(json.dumps({"failed": str(error)}).encode())
            continue
        if pid == 0:
            code = 70
            try:
                # An exception here is one of ours: no case has begun.
                control.close()
                _become_worker(request, fds, settings, confinement, filter)
                work(fds)
                code = 0
            except BaseException as error:  # noqa: BLE001 - said where the parent looks
                os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
            finally:
                os._exit(code)
        for fd in fds:
            os.close(fd)
        socket.send_fds(control, [b'{"child": true}'], [pidfd])
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        if not confinement.namespaces:
            _end_orphans()
            _empty(Path(settings["work"]))
        ended = {"status": os.waitstatus_to_exitcode(status), "cpu": usage.ru_utime + usage.ru_stime}
        control.send(json.dumps(ended).encode())


def _filter(kind: str, confinement: confine.Confinement) -> bytes:
    if not confinement.seccomp or not confinement.namespaces:
        return b""  # made in the child, for its own process number
    return seccomp.build(children=kind == "compile")


def _become_worker(
    request: dict[str, Any],
    fds: list[int],
    settings: dict[str, Any],
    confinement: confine.Confinement,
    filter: bytes,
) -> None:
    """Give up, one after another, everything a worker does not need."""
    with Path(os.devnull).open("r+b", buffering=0) as nowhere:
        for number in (0, 1):
            os.dup2(nowhere.fileno(), number)
    os.dup2(fds[2], 2)
    confine.close_others([*fds[:2], *fds[3:]])
    compiles = settings["kind"] == "compile"
    ids = settings["ids"]  # asked for before: in a new user namespace, nobody is anybody yet
    if confinement.namespaces:
        confine.hide(False)
        confine.map_ids(*ids)
        confine.own_mounts(settings["work"], request["tmp"], request["inodes"])
    os.setsid()  # a signal to one's own group must not reach the zygote's
    os.chdir(settings["work"])
    processes = request["processes"] + (0 if confinement.namespaces else confine.in_use())
    confine.limit(cpu=request["cpu"], memory=request["memory"], file=request["file"], processes=processes)
    confine.drop_capabilities()
    if confinement.landlock or confinement.seccomp:
        confine.no_new_privileges()
    if confinement.landlock:
        # Its own entry in /proc: a library is loaded through the file descriptor it came by.
        confine.landlock([*settings["readable"], "/proc/self"], [settings["work"], "/dev/null"])
    if confinement.seccomp:
        confine.seccomp(filter or seccomp.build(children=compiles, own_pid=0 if compiles else os.getpid()))
    random.seed(0)  # Python gives each fork another; NumPy does not
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


def _end_orphans() -> None:
    """End what a child left running. Without process numbers of its own, it may have."""
    for _ in range(100):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        if not children:
            return
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int(child), 0)


def _empty(folder: Path) -> None:
    """Throw away what a child without a folder of its own has left."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _warm(settings: dict[str, Any]) -> Any:
    """Import what children need; return the function that does a child's work."""
    if settings["kind"] == "compile":
        from course.grading.sandbox import compiler

        compiler.warm(settings["cache"], settings["work"])
        return compiler.work
    import numpy as np

    from course.grading.sandbox import child, standins

    for part in imported(settings["warm"]):
        # A package that is not installed is missed by the cell that needs it, with Python's own words.
        with contextlib.suppress(ImportError):
            importlib.import_module(part)
    packages = {name.split(".")[0] for name in settings["warm"]}
    if "numba" in packages:
        _warm_numba()
    if "matplotlib" in packages:
        _warm_matplotlib()
    np.random.seed(0)  # every copy begins with the same: equal submissions have equal results
    names = standins.install()  # after the imports: some look for a notebook
    return lambda fds: child.work(fds, names)


def _warm_numba() -> None:
    """Compile what learners' loops are made of: half of a first compilation is numba's own start."""
    import numba
    import numpy as np

    @numba.njit
    def rows(x):  # type: ignore[no-untyped-def]
        out = np.empty_like(x)
        sums = np.zeros(x.shape[1])
        for j in range(x.shape[1]):
            mean = 0.0
            for i in range(x.shape[0]):
                mean += x[i, j]
            mean /= x.shape[0]
            for i in range(x.shape[0]):
                out[i, j] = x[i, j] - mean
                sums[j] += out[i, j] ** 2
        return out, sums

    @numba.njit
    def along(x, k):  # type: ignore[no-untyped-def]
        best, where = -np.inf, 0
        for i in range(len(x)):
            if x[i] > best and i % k >= 0:
                best, where = x[i], i
        return np.sqrt(np.exp(best)), where, x.sum()

    rows(np.ones((2, 2)))
    along(np.ones(2), 2)


def _warm_matplotlib() -> None:
    """Draw once: the list of fonts, and the first figure's own imports."""
    import io

    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1], label="a")
    axes.set_title("a")
    axes.legend()
    figure.savefig(io.BytesIO(), format="png")
    plt.close(figure)


if __name__ == "__main__":
    main()
