"""Files of a folder or a zip as one tree, without trusting a name or a size in it.

A zip stands for a folder of its own name. What is refused is named and costs only itself: a path that leaves its place,
an absolute one, a link, a name that is there twice, an entry that unpacks to more than it may, a password, a zip in a
zip in a zip. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import functools
import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from course.errors import SubmissionUnreadable

__all__ = ["Found", "walk"]

MOST_ENTRIES = 50_000  # of one zip
MOST_ZIP = 4_000_000_000  # bytes of a zip on the disk
MOST_INNER = 100_000_000  # bytes of a zip within a zip
RATIO = 400  # an entry that unpacks to more than so many times its size, and to more than a megabyte, is a bomb
DEPTH = 8  # folders within folders


@dataclass(frozen=True)
class Found:
    """A file: its path from the top, one part for each folder or zip, and how to read it; or why it is refused."""

    parts: tuple[str, ...]
    read: Callable[[int], bytes]
    refused: str = ""

    @property
    def place(self) -> str:
        """The path as people write it."""
        return "/".join(self.parts)


def walk(top: Path) -> Iterator[Found]:
    """Yield the files of a folder, or of a zip, sorted; hidden ones are left out.

    Raises `SubmissionUnreadable` where `top` is neither.
    """
    if top.is_dir():
        yield from _folder(top, ())
    elif top.is_file() and top.suffix.lower() == ".zip":
        yield from _outer(top, (top.stem,))
    elif top.is_file() and top.suffix == ".ipynb":
        yield Found((top.name,), lambda most: _read(top, most))
    else:
        help = "name a folder of notebooks, a zip, or one notebook"
        raise SubmissionUnreadable("there are no submissions here", place=str(top), help=help)


def _folder(folder: Path, parts: tuple[str, ...]) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield _refused(parts, f"the folder cannot be read: {error.strerror}")
        return
    for entry in entries:
        here = (*parts, entry.name)
        if entry.name.startswith((".", "__MACOSX")):
            continue
        if entry.is_symlink():
            yield _refused(here, "it is a link, and links are not followed")
        elif entry.is_dir():
            if len(here) > DEPTH:
                yield _refused(here, f"it is more than {DEPTH} folders deep")
            else:
                yield from _folder(Path(entry.path), here)
        elif entry.name.lower().endswith(".zip"):
            yield from _outer(Path(entry.path), (*parts, entry.name[:-4]))
        else:
            yield Found(here, _reader(Path(entry.path)))


def _reader(path: Path) -> Callable[[int], bytes]:
    return lambda most: _read(path, most)


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SubmissionUnreadable("it is no file", place=str(path))
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise SubmissionUnreadable(f"it has {size:,} bytes; at most {most:,} are read", place=str(path))
            return file.read(most + 1)
    except OSError as error:
        raise SubmissionUnreadable(f"it cannot be read: {error.strerror}", place=str(path)) from None


def _refused(parts: tuple[str, ...], why: str) -> Found:
    return Found(parts, lambda _: b"", why)


def _outer(path: Path, parts: tuple[str, ...]) -> Iterator[Found]:
    try:
        size = path.stat().st_size
    except OSError as error:
        yield _refused(parts, f"the zip cannot be read: {error.strerror}")
        return
    if size > MOST_ZIP:
        yield _refused(parts, f"the zip has {size:,} bytes; at most {MOST_ZIP:,} are read")
    else:
        yield from _zip(path, "", parts)


@functools.lru_cache(maxsize=4)
def _opened(path: Path, inside: str) -> zipfile.ZipFile:
    """Open a zip, or the zip called `inside` in it. Few stay open: submissions are read one after another."""
    if not inside:
        return zipfile.ZipFile(path)
    outer = _opened(path, "")
    return zipfile.ZipFile(io.BytesIO(_unpacked(outer, outer.getinfo(inside), MOST_INNER)))


def _zip(path: Path, inside: str, parts: tuple[str, ...]) -> Iterator[Found]:
    _opened.cache_clear()  # the file may be another one than when it was last opened
    try:
        entries = _opened(path, inside).infolist()
    except SubmissionUnreadable as error:
        yield _refused(parts, error.message)
        return
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError) as error:
        yield _refused(parts, f"it is no zip, or a damaged one: {error}")
        return
    if len(entries) > MOST_ENTRIES:
        yield _refused(parts, f"the zip has {len(entries):,} entries; at most {MOST_ENTRIES:,} are read")
        return
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.filename] = counts.get(entry.filename, 0) + 1
    for entry in sorted(entries, key=lambda one: one.filename):
        names = tuple(name for name in entry.filename.split("/") if name not in ("", "."))
        if entry.filename.endswith("/") and not _unsafe(entry):  # `is_dir` fails where the name is empty
            continue
        if any(name.startswith((".", "__MACOSX")) and name != ".." for name in names):
            continue
        here = (*parts, *names)
        why = _unsafe(entry) or ("" if names else "it has no name")
        why = why or ("the name is in the zip more than once" if counts[entry.filename] > 1 else "")
        if why:
            yield _refused((*parts, _printable(entry.filename)), why)
        elif entry.filename.lower().endswith(".zip"):
            if inside:
                yield _refused(here, "it is a zip in a zip in a zip")
            else:
                yield from _zip(path, entry.filename, (*here[:-1], here[-1][:-4]))
        else:
            yield Found(here, _unpacker(path, inside, entry.filename))


def _unsafe(entry: zipfile.ZipInfo) -> str:
    """Return why an entry is refused, or ""."""
    name = entry.orig_filename
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        return "its path is absolute"
    if ".." in name.replace("\\", "/").split("/"):
        return "its path leads out of the zip"
    if "\\" in name or "\0" in name or not name.isprintable():
        return "its name has signs that no file name should have"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "it is a link, and links are not followed"
    if entry.flag_bits & 1:
        return "it has a password"
    if entry.file_size > 1_000_000 and entry.file_size > RATIO * max(1, entry.compress_size):
        return f"it unpacks to {entry.file_size:,} bytes from {entry.compress_size:,}: a bomb"
    return ""


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)[:200]


def _unpacker(path: Path, inside: str, name: str) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        try:
            archive = _opened(path, inside)
            entry = archive.getinfo(name)
        except (zipfile.BadZipFile, OSError, ValueError, KeyError) as error:
            raise SubmissionUnreadable(f"the zip changed while it was read: {error}") from None
        return _unpacked(archive, entry, most)

    return read


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Return what an entry holds; never more than `most` bytes are unpacked, whatever its header says."""
    if entry.file_size > most:
        raise SubmissionUnreadable(f"it has {entry.file_size:,} bytes; at most {most:,} are read")
    try:
        with archive.open(entry) as file:
            content = file.read(most + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise SubmissionUnreadable(f"it is damaged: {error}") from None
    except Exception as error:  # noqa: BLE001 - zlib, lzma and bz2 have errors of their own
        raise SubmissionUnreadable(f"it cannot be unpacked: {error}") from None
    if len(content) > most:
        raise SubmissionUnreadable(f"it unpacks to more than {most:,} bytes")
    return content
