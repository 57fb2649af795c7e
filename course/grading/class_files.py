"""The folder of a class as `course release` keeps it: what may stand in it, its record, its secret, safe writing."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock

from course.chapters import Course
from course.errors import CannotWrite, CourseError, NotForAClass, UsageMistake
from course.files import write_whole
from course.grading.classfolder import PRIVATE
from course.grading.nbgrader_settings import CONFIG

__all__ = [
    "check_place",
    "lay_out",
    "locked",
    "move_into_place",
    "read_record",
    "secret_of",
    "stage",
    "write_private",
    "write_record",
]

SCHEMA = 1
LEAST_SECRET = 16  # bytes

_STAGE = "releasing-"


def check_place(folder: Path, course: Course) -> None:
    """Raise `NotForAClass` where a folder holds something else than a class."""
    if folder.exists() and not folder.is_dir():
        raise NotForAClass(folder, "it is a file")
    if folder in (course.root.resolve(), course.notebooks.resolve(), course.quizzes.resolve()):
        raise NotForAClass(folder, "it is a folder of the course itself")
    config = folder / "nbgrader_config.py"
    if config.is_file():
        if "configure(c, __file__)" not in config.read_text("utf-8", errors="replace"):
            raise NotForAClass(
                folder,
                "its nbgrader_config.py was not made by course release",
                help="name a new folder; or add to that file, below its get_config(): "
                "from course.grading.nbgrader_settings import configure; configure(c, __file__)",
            )
    elif folder.is_dir() and any(entry.name != PRIVATE for entry in folder.iterdir()):
        raise NotForAClass(folder, "it is not empty, and no nbgrader course")


def read_record(folder: Path) -> dict[str, Any]:
    """Return what was released to a class before, and how; of a new one, nothing."""
    path = folder / PRIVATE / "release.json"
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {"schema": SCHEMA, "chapters": {}}
    except (OSError, ValueError) as error:
        help = "restore it from a backup; or delete it, and release every chapter again with its --bank and --mode"
        raise CourseError(
            f"the record of what was released cannot be read: {error}", place=str(path), help=help
        ) from None
    found: dict[str, Any] = record if isinstance(record, dict) else {}
    version = found.get("schema")
    if not isinstance(version, int) or version > SCHEMA or not isinstance(found.get("chapters"), dict):
        raise CourseError(
            f"the record of what was released has the form {version!r}, this version reads {SCHEMA}",
            place=str(path),
            help="install the version of the course that released the class",
        )
    return found


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write what was released. The last step of a release: without it the release is done again."""
    write_private(folder / PRIVATE / "release.json", json.dumps(record, indent=1, sort_keys=True) + "\n")


def secret_of(folder: Path, given: Path | None, record: Mapping[str, Any]) -> bytes:
    """Return the class secret: the one it has, the one given, or a new one."""
    path = folder / PRIVATE / "secret"
    there = path.read_bytes().strip() if path.is_file() else None
    if given is None:
        if there is None and record["chapters"]:
            help = "restore it from a backup, or name a copy: --secret-file F; a new one would change every variant"
            raise CourseError("the class secret is gone", place=str(path), help=help)
        return there or secrets.token_hex(32).encode()
    try:
        secret = given.expanduser().read_bytes().strip()
    except OSError as error:
        raise UsageMistake(
            f"cannot read the secret: {error.strerror}", place=str(given), help="check the path"
        ) from None
    if len(secret) < LEAST_SECRET:
        raise UsageMistake(
            f"a secret has at least {LEAST_SECRET} characters, this one has {len(secret)}",
            place=str(given),
            help="make one: python -c 'import secrets; print(secrets.token_hex(32))'",
        )
    if there is not None and there != secret and record["chapters"]:
        raise UsageMistake(
            "the class has another secret already, and learners have seen its variants",
            place=str(path),
            help="leave out --secret-file; a new class is a new folder",
        )
    return secret


def lay_out(folder: Path, secret: bytes) -> None:
    """Make what every class has, where it is not there; clear away what a stopped release left."""
    private = folder / PRIVATE
    for step in ("source", "release", "submitted"):
        (folder / step).mkdir(exist_ok=True)
    for left in private.glob(f"{_STAGE}*"):  # of a release that was stopped
        _clear_away(left, folder)
    (private / "banks").mkdir(exist_ok=True)
    if not (private / "secret").is_file():
        write_private(private / "secret", secret + b"\n")
    if not (private / ".gitignore").is_file():
        write_private(private / ".gitignore", "# Keys and the class secret: never in a repository.\n*\n")
    if not (folder / "nbgrader_config.py").is_file():
        write_whole(folder / "nbgrader_config.py", CONFIG)


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, content)
    path.chmod(0o600)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other releases to this class out for a moment."""
    private = folder / PRIVATE
    try:
        private.mkdir(parents=True, exist_ok=True)
        private.chmod(0o700)
        with filelock.FileLock(private / "release.lock", timeout=10):
            yield
    except filelock.Timeout:
        raise CourseError("another release to this class is at work", place=str(folder), help="wait for it") from None
    except OSError as error:
        raise CannotWrite(folder, error) from error


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Path]:
    """Give a folder on the same disk, gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder / PRIVATE))
    try:
        yield made
    finally:
        _clear_away(made, folder)


def move_into_place(folder: Path, made: Path, step: str, chapter: str) -> None:
    """Put the chapter that was made in a stage in place of the old one. On one disk, so nothing is copied."""
    place, old = folder / step / chapter, made / "old" / step / chapter
    place.parent.mkdir(exist_ok=True)
    old.parent.mkdir(parents=True)
    if place.exists():
        place.rename(old)
    (made / step / chapter).rename(place)


def _clear_away(made: Path, folder: Path) -> None:
    """Remove a stage; what it had moved out of its place and not yet replaced goes back first."""
    for old in made.glob("old/*/*"):
        place = folder / old.parent.name / old.name
        if not place.exists():
            old.rename(place)
    shutil.rmtree(made, ignore_errors=True)
