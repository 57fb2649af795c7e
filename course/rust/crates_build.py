"""Build the crates that cells may use with cargo, and their prelude with the compiler: one stage at a time.

A stage writes its manifest (`crates.json`, `torch.json`) last, so a build that was stopped is not taken for a
finished one; the next start goes on where it stopped. Everything is in one folder of the cache, and cargo never
writes into the workspace itself, which may be read-only.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from course.errors import CourseError, CratesNotBuilt
from course.files import write_whole
from course.rust.toolchain import Toolchain

__all__ = ["build", "remove"]

_PACKAGE = {"crates": "course-cells", "torch": "course-torch"}
_CARGO_SHARE = 0.8  # of the time, as progress counts it; the prelude takes the rest
_EVERYTHING_ELSE = "cells that use only the standard library, and everything recorded, work without"


def build(
    found: Toolchain,
    workspace: Path,
    base: Path,
    stage: str,
    torch: Path | None,
    progress: Callable[[float, str], None],
) -> None:
    """Build one stage ("crates" or "torch") into `base`.  The caller holds the lock of that stage.

    Raises CratesNotBuilt, with what cargo or the compiler said in `<base>/<stage>.log`.
    """
    if found.cargo is None:
        raise CratesNotBuilt(
            f"{found.rustc} is a compiler without cargo, which builds the crates",
            help="install cargo too (Debian: sudo apt-get install cargo), or course doctor --fix",
        )
    started = time.monotonic()
    base.mkdir(parents=True, exist_ok=True)
    tell = _Teller(base / f"{stage}.progress", progress)
    try:
        tell(0.0, "asking cargo what to build")
        resolved = _resolve(found, workspace, base, stage)
        artifacts = _run_cargo(found, workspace, base, stage, torch, len(resolved["packages"]), tell)
        manifest = _manifest(resolved, artifacts, base)
        if stage == "crates":
            manifest["preludes"] = build_preludes(found, workspace, base, manifest, tell)
        manifest["seconds"] = round(time.monotonic() - started, 1)
        write_whole(base / f"{stage}.json", json.dumps(manifest, indent=1) + "\n")
        tell(1.0, "ready")
    finally:
        (base / f"{stage}.progress").unlink(missing_ok=True)


class _Teller:
    """Pass progress on to the caller, and to a file for processes that wait for this one."""

    def __init__(self, path: Path, progress: Callable[[float, str], None]) -> None:
        self.path = path
        self.progress = progress
        self.written = 0.0

    def __call__(self, fraction: float, what: str) -> None:
        self.progress(fraction, what)
        if time.monotonic() - self.written > 0.3:
            self.written = time.monotonic()
            with contextlib.suppress(CourseError, OSError):  # a build is not given up for a progress bar
                write_whole(self.path, json.dumps({"fraction": fraction, "what": what, "pid": os.getpid()}))


def _environment(found: Toolchain, base: Path, torch: Path | None) -> dict[str, str]:
    """Return an environment in which the person's own cargo settings do not change what is built."""
    changed = {
        "RUSTC": str(found.rustc),
        "RUSTFLAGS": "",  # set, though empty: then cargo ignores those of its configuration files
        "RUSTC_WRAPPER": "",
        "RUSTC_WORKSPACE_WRAPPER": "",
        "CARGO_TARGET_DIR": str(base / "target"),
        "CARGO_BUILD_BUILD_DIR": str(base / "target"),
        "CARGO_INCREMENTAL": "0",
        "CARGO_TERM_COLOR": "never",
        "CARGO_TERM_PROGRESS_WHEN": "never",
    }
    if torch is not None:
        # torch-sys asks the `python` of the active virtual environment where its libtorch is.
        changed["LIBTORCH_USE_PYTORCH"] = "1"
        changed["VIRTUAL_ENV"] = sys.prefix
        changed["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    dropped = {
        "RUSTC_BOOTSTRAP",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "LIBTORCH",
        "LIBTORCH_BYPASS_VERSION_CHECK",
    }
    return {name: value for name, value in os.environ.items() if name not in dropped} | changed


def _resolve(found: Toolchain, workspace: Path, base: Path, stage: str) -> dict[str, Any]:
    """Return the crates a cell may name (`direct`: crate name → package id) and all that they need (`packages`)."""
    command = [str(found.cargo), "metadata", "--locked", "--format-version=1", "--filter-platform", _host(found)]
    environment = _environment(found, base, None)
    done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        log = base / f"{stage}.log"
        write_whole(log, done.stderr)
        raise _explain(done.stderr, done.returncode, log)
    metadata = json.loads(done.stdout)
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    versions = {package["id"]: (package["name"], package["version"]) for package in metadata["packages"]}
    top = next(identity for identity, (name, _) in versions.items() if name == _PACKAGE[stage])
    direct = {
        dependency["name"]: dependency["pkg"]
        for dependency in nodes[top]["deps"]
        if versions[dependency["pkg"]][0] not in _NOT_FOR_CELLS
        and not versions[dependency["pkg"]][0].startswith("course-")
    }
    wanted, waiting = set[str](), [top]
    while waiting:
        identity = waiting.pop()
        if identity not in wanted:
            wanted.add(identity)
            waiting += [dependency["pkg"] for dependency in nodes[identity]["deps"]]
    return {"direct": direct, "packages": wanted, "versions": {name: versions[pkg][1] for name, pkg in direct.items()}}


_NOT_FOR_CELLS = ("crc32fast", "zerocopy")  # named in cells/Cargo.toml only to settle their features


def _host(found: Toolchain) -> str:
    done = subprocess.run([str(found.rustc), "-vV"], capture_output=True, text=True, check=True)
    return next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("host:"))


def _run_cargo(
    found: Toolchain, workspace: Path, base: Path, stage: str, torch: Path | None, expected: int, tell: _Teller
) -> dict[str, Path]:
    """Build the stage's package; return the library of each package, by package id."""
    environment = _environment(found, base, torch if stage == "torch" else None)
    command = [str(found.cargo), "build", "--release", "--locked", "-p", _PACKAGE[stage]]
    command += ["--message-format=json-render-diagnostics"]
    log = base / f"{stage}.log"
    artifacts: dict[str, Path] = {}
    finished = set[str]()
    with log.open("w", encoding="utf-8") as kept:
        cargo = subprocess.Popen(
            command, cwd=workspace, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert cargo.stdout is not None
        assert cargo.stderr is not None
        tail: collections.deque[str] = collections.deque(maxlen=400)
        reader = threading.Thread(
            target=_follow, args=(cargo.stderr, kept, tail, lambda: len(finished) / expected, tell)
        )
        reader.start()
        try:
            for line in cargo.stdout:
                message = json.loads(line) if line.startswith("{") else {}
                if message.get("reason") != "compiler-artifact":
                    continue
                libraries = [Path(name) for name in message["filenames"] if name.endswith(".rlib")]
                if libraries and message["target"]["kind"] != ["custom-build"]:
                    artifacts[message["package_id"]] = libraries[0]
                if message["target"]["kind"] != ["custom-build"]:
                    finished.add(message["package_id"])
                    tell(_CARGO_SHARE * len(finished) / expected, f"built {message['target']['name']}")
            code = cargo.wait()
        except BaseException:
            cargo.terminate()  # an interrupted build goes on next time with what is finished
            cargo.wait()
            raise
        finally:
            reader.join()
    if code != 0:
        raise _explain("".join(tail), code, log)
    return artifacts


def _follow(
    stream: IO[str], log: IO[str], tail: collections.deque[str], done: Callable[[], float], tell: _Teller
) -> None:
    """Copy what cargo says to the log, and show that downloads go on."""
    for line in stream:
        log.write(line)
        log.flush()
        tail.append(line)
        if line.strip().startswith("Compiling torch-sys"):
            tell(_CARGO_SHARE * done(), "compiling the C++ part of tch, which takes some minutes")
        elif line.strip().startswith("Downloaded"):
            tell(_CARGO_SHARE * done(), f"downloaded {line.strip().removeprefix('Downloaded').strip()}")


def _manifest(resolved: dict[str, Any], artifacts: dict[str, Path], base: Path) -> dict[str, Any]:
    externs = {name: artifacts[identity] for name, identity in resolved["direct"].items()}
    return {
        "externs": {name: str(path.relative_to(base)) for name, path in sorted(externs.items())},
        "versions": dict(sorted(resolved["versions"].items())),
        "dependencies": sorted({str(path.parent.relative_to(base)) for path in externs.values()}),
    }


def build_preludes(
    found: Toolchain, workspace: Path, base: Path, manifest: dict[str, Any], tell: Callable[[float, str], None]
) -> dict[str, str]:
    """Compile each module of the prelude as a crate of its own; return which library each stands for, and where it is.

    The dependencies are built without the flag that shares generics: with it, the code inside them would no longer
    be inlined across crates, and would run at a third of its speed.
    """
    out = base / "prelude"
    out.mkdir(exist_ok=True)
    sources = sorted(path for path in (workspace / "prelude" / "src").glob("*.rs") if path.stem != "lib")
    common = [str(found.rustc), "--crate-type", "rlib", "--edition", "2024", "--cap-lints", "allow"]
    common += ["-C", "opt-level=3", "-C", "codegen-units=1", "-C", "embed-bitcode=no", "-Zshare-generics=y"]
    # A shared instance is visible from outside, so LLVM no longer inlines what has a single caller, as it would in a
    # cell. A higher threshold makes up for that: without, k-means takes 1.24 times an ordinary build's run time. The
    # second one is for what drops a value while a panic unwinds: left out of line, it keeps that value in memory all
    # the time, and `sum_axis` takes 2.4 times as long.
    common += [f"-Cllvm-args=-inline{which}-threshold=1000" for which in ("", "-cold-callsite")]
    common += [part for path in manifest["dependencies"] for part in ("-L", f"dependency={base / path}")]
    common += [part for name, path in manifest["externs"].items() for part in ("--extern", f"{name}={base / path}")]
    libraries: dict[str, str] = {}

    def compile_one(source: Path) -> Path:
        name = f"course_prelude_{source.stem}"
        command = [*common, str(source), "--crate-name", name, "--out-dir", str(out)]
        environment = _environment(found, base, None) | {"RUSTC_BOOTSTRAP": name}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            log = base / "prelude.log"
            write_whole(log, done.stderr)
            raise _explain(done.stderr, done.returncode, log)
        return out / f"lib{name}.rlib"

    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for number, (source, library) in enumerate(zip(sources, pool.map(compile_one, sources), strict=True), 1):
            name = source.stem if source.stem in manifest["externs"] else f"linfa_{source.stem}"
            libraries[name] = str(library.relative_to(base))
            tell(_CARGO_SHARE + (1 - _CARGO_SHARE) * number / len(sources), f"instances of {name}")
    return libraries


# What goes wrong, in the order in which it is looked for: words of cargo or rustc → what to say.
_CAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("no space left on device", "os error 28", "disk quota exceeded", "os error 122"),
        "the crates could not be built: there is no space left on the disk",
        "free about 1 GB (course cache shows what the course keeps), then: course cache build",
    ),
    (
        (
            "could not resolve host",
            "couldn't resolve host",
            "failed to download",
            "error sending request",
            "could not connect",
            "couldn't connect",
            "failed to connect",
            "connection refused",
            "network failure",
            "unable to update registry",
            "failed to query replaced source registry",
            "failed to fetch",
            "--offline",
            "offline mode",
        ),
        "the crates have to be downloaded once from crates.io, which cannot be reached",
        "connect to the network and: course cache build",
    ),
    (
        ("linker `cc` not found", "linker `gcc` not found", "linker `clang` not found"),
        "the crates could not be built: there is no linker (a C compiler, `cc`)",
        "Debian: sudo apt-get install g++; macOS: xcode-select --install; then: course cache build",
    ),
    (
        (
            "failed to execute command: no such file or directory",
            'no such file or directory (os error 2)" "c++',
            "is `c++` not",
            "failed to find tool",
        ),
        "the crates could not be built: there is no C++ compiler (rustlearn and tch contain C++)",
        "Debian: sudo apt-get install g++; macOS: xcode-select --install; then: course cache build",
    ),
    (
        ("signal: 9", "sigkill", "signal 9"),
        "the crates could not be built: the system stopped the compiler, usually for want of memory",
        "close other programs, or build one crate at a time: CARGO_BUILD_JOBS=1 course cache build",
    ),
    (
        ("the lock file", "--locked"),
        "the crates could not be built: Cargo.lock and the Cargo.toml files of the workspace disagree",
        "restore course/rust/crates (git checkout course/rust/crates), or, as an author: cargo update -w there",
    ),
)


def _explain(said: str, code: int, log: Path) -> CratesNotBuilt:
    """Turn what cargo or rustc said into an error a person can act on."""
    lowered = said.lower()
    for words, message, help in _CAUSES:
        if any(word in lowered for word in words):
            return CratesNotBuilt(f"{message}; {_EVERYTHING_ELSE}", place=str(log), help=help)
    errors = [line.strip() for line in said.splitlines() if line.startswith("error")]
    first = errors[0].removeprefix("error: ") if errors else f"exit code {code}"
    return CratesNotBuilt(
        f"the crates could not be built: {first}; {_EVERYTHING_ELSE}", place=str(log), help="read the log named above"
    )


def remove(base: Path) -> None:
    """Delete a build, the manifests first, so that an interrupted removal leaves no build that looks finished."""
    for name in ("crates.json", "torch.json"):
        (base / name).unlink(missing_ok=True)
    shutil.rmtree(base, ignore_errors=True)
