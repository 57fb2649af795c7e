"""What a worker sees of this machine, and the command line that starts one inside bubblewrap.

Only what running needs is there, read-only: the system's programs and libraries, this Python and its packages, this
package; for compiling, the Rust toolchain and the crates. Not there: home folders, /etc, other submissions, the
gradebook, keys. A folder that only root may enter (Python installed below /root) is made visible by a first bubblewrap
that runs as root and drops to a plain user before the second begins.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import course
from course.grading.sandbox import zygote
from course.rust import compile as compiling
from course.rust import crates, places, toolchain

__all__ = [
    "PLAIN_USER",
    "becomes_plain",
    "cache",
    "command",
    "environment",
    "own_folder",
    "prepare",
    "settings",
    "shows",
    "visible",
]

_CACHE = "/course-cache"  # where crates are, inside; the instructor's cache may be anywhere
PLAIN_USER = 65534
"""Whom root becomes before it runs anything of a learner's: the user called nobody."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/alternatives")


def visible(kind: str) -> list[str]:
    """Return the files and folders that a worker of this kind may read."""
    package = Path(course.__file__).resolve().parent
    paths = [*map(Path, _SYSTEM), package]
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
        paths.append(Path(prefix))
    paths.append(Path(sys.executable).resolve().parent.parent)
    if kind == "compile":
        found = toolchain.find()
        paths += [found.sysroot, found.rustc]
        library = crates.torch_library()
        if library is not None:
            paths.append(library)
    return _without_nested(path for path in paths if path.exists())


def cache(bwrap: bool) -> dict[str, str]:
    """Return the folders of compiled crates, as a compiling worker finds them."""
    folders = {name: places.cache_root() / name for name in ("crates", "border")}
    return {name: f"{_CACHE}/{name}" if bwrap else str(path.resolve()) for name, path in folders.items()}


def own_folder() -> str:
    """Return the folder that is each submission's own, inside: /tmp, unless something that must be seen is in it."""
    taken = any(Path(path).is_relative_to("/tmp") for path in visible("run"))  # noqa: S108 - a question, not a use
    return "/submission" if taken else "/tmp"  # noqa: S108 - nobody else's


def shows(path: Path) -> bool:
    """Say whether a worker could read this: a private bank has no place among what workers see."""
    return any(path.resolve().is_relative_to(Path(seen).resolve()) for seen in visible("run"))


def _without_nested(paths: Iterable[Path]) -> list[str]:
    """Return the paths that are not inside another of them; a folder shown shows all of it."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda path: (len(path.parts), path)):
        if not any(path.is_relative_to(other) for other in kept if not other.is_symlink()):
            kept.append(path)
    return [str(path) for path in kept]


def environment(work: str) -> dict[str, str]:
    """Return the environment of a worker: nothing of ours, one thread for everything that would start more."""
    threads = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "VECLIB_MAXIMUM", "NUMEXPR")
    names = {f"{name}_NUM_THREADS": "1" for name in threads}
    return names | {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": work,
        "TMPDIR": work,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(course.__file__).resolve().parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{work}/matplotlib",
        "NUMBA_THREADING_LAYER": "workqueue",
    }


def command(kind: str, program: list[str], *, bwrap: bool, work: str) -> list[str]:
    """Return the command that starts a Python program as a worker of this kind, with its environment."""
    variables = environment(work)
    if kind == "compile":
        variables["COURSE_RUSTC"] = str(toolchain.find().rustc)
    python = [sys.executable, "-s", *program]
    if not bwrap:
        plain = _drop() if becomes_plain(kind) else []
        return [*plain, "env", "-i", *(f"{name}={value}" for name, value in variables.items()), *python]
    paths = visible(kind)
    inner = [_bwrap(), "--unshare-user", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-pid"]
    inner += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    extra = _cache_binds() if kind == "compile" else []
    inner += [*_binds(paths), *extra]
    inner += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(64 << 20), "--tmpfs", work]
    inner += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", work, "--clearenv"]
    for name, value in variables.items():
        inner += ["--setenv", name, value]
    inner += ["--", *python]
    if os.getuid() != 0:
        return inner
    seen = [*paths, *(source for _, source, _ in _triples(extra))]
    outer = [_bwrap(), "--die-with-parent", *_binds(_without_nested(map(Path, seen))), "--bind", "/proc", "/proc"]
    outer += ["--dev-bind", "/dev", "/dev"]
    if not any(path.startswith("/tmp") for path in seen):  # noqa: S108 - bubblewrap wants one to begin with
        outer += ["--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    return [*outer, "--", *_drop(), *inner]


def _cache_binds() -> list[str]:
    arguments: list[str] = []
    for name, inside in cache(bwrap=True).items():
        arguments += ["--ro-bind", str((places.cache_root() / name).resolve()), inside]
    return arguments


def _triples(arguments: list[str]) -> Iterator[tuple[str, str, str]]:
    for at in range(0, len(arguments), 3):
        yield arguments[at], arguments[at + 1], arguments[at + 2]


_PREPARING = threading.Lock()
_OURS = tuple(f"course.grading.sandbox.{name}" for name in ("child", "compiler", "standins"))
_IMPORTING = 180.0  # seconds that importing may take where there is no bytecode


def prepare(kind: str, warm: tuple[str, ...] = ()) -> None:
    """Make what a worker needs and cannot make, because all it sees is read-only.

    For compiling, the small library that every cell is linked to; for running, the bytecode of what it imports.
    """
    with _PREPARING:
        _write_bytecode((*_OURS, *zygote.imported(warm)))
        if kind != "compile":
            return
        (places.cache_root() / "crates").mkdir(parents=True, exist_ok=True)
        compiling.build([compiling.unit("pub fn prepared() {}")], compiling.Flags())
        if os.getuid() == 0:  # what root has made for itself alone, the plain user that compiles must read
            for folder in (places.cache_root() / "border").iterdir():
                if folder.is_dir():
                    folder.chmod(0o755)


@functools.cache
def _write_bytecode(modules: tuple[str, ...]) -> None:
    """Import modules once where Python may keep their bytecode, unless it is there.

    Fresh environments have none, and some containers forbid it (PYTHONDONTWRITEBYTECODE): each worker would compile
    all of scikit-learn, SciPy and numba from source at its start (measured: 11 s of processor time in place of 4 s).
    """
    if all(map(_has_bytecode, modules)):
        return
    forbidden = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    allowed = {name: value for name, value in os.environ.items() if name not in forbidden}
    program = (
        "import contextlib, importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    with contextlib.suppress(ImportError):\n"
        "        importlib.import_module(name)\n"
    )
    # -P: a folder's own numpy.py is not numpy. A failure costs time alone, and the worker meets it with a message.
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [sys.executable, "-P", "-s", "-c", program, *modules],
            env=allowed | {"MPLBACKEND": "Agg"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_IMPORTING,
            check=False,
        )


def _has_bytecode(module: str) -> bool:
    top, *rest = module.split(".")
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return True
    places = found.submodule_search_locations if found is not None else None
    if not places:  # not installed, or a single file
        return True
    base = Path(next(iter(places))).joinpath(*rest)
    source = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return not source.exists() or Path(importlib.util.cache_from_source(str(source))).exists()


def _drop() -> list[str]:
    user = str(PLAIN_USER)
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    return [setpriv, "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs", "--inh-caps=-all"]


def becomes_plain(kind: str) -> bool:
    """Say whether a worker outside bubblewrap is to be a plain user: we are root, and one can reach what it needs."""
    if os.getuid() != 0:
        return False
    folders = {parent for path in visible(kind) for parent in Path(path).resolve().parents}
    return all((folder.stat().st_mode & 0o5) == 0o5 for folder in folders)


def _bwrap() -> str:
    return shutil.which("bwrap") or "/usr/bin/bwrap"


def _binds(paths: list[str]) -> list[str]:
    """Return the arguments that show these paths, with the folders above them, in which nothing else is."""
    arguments: list[str] = []
    made: set[Path] = set()
    for text in paths:
        path = Path(text)
        for parent in reversed(path.parents):
            if parent != Path("/") and parent not in made and not any(parent == Path(p) for p in paths):
                # Said for each: bubblewrap would make them for its own user alone.
                arguments += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), text]
        else:
            arguments += ["--ro-bind", text, text]
    return arguments


def settings(**values: object) -> str:
    """Write what a worker is told at its start."""
    return json.dumps(values)
