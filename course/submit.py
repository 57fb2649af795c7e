"""One zip to hand in: the notebook, its answers, the claims; equal work gives equal bytes."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from course.chapters import Chapter
from course.errors import CourseError, UsageMistake
from course.files import write_whole
from course.notebook_file import parse_notebook
from course.progress import NOT_STARTED, Progress, progress
from course.working_copy import WorkingCopy

__all__ = ["Submission", "submit"]

LEARNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True)
class Submission:
    """The zip that was made, the files in it, and how far the chapter is."""

    path: Path
    files: tuple[str, ...]
    progress: Progress


def submit(copy: WorkingCopy, chapter: Chapter, *, to: Path | None = None, learner: str | None = None) -> Submission:
    """Write `NN_topic-LEARNER.zip` into `to` (or `submissions/` of the working copy).

    Unanswered questions are no obstacle; the caller says how many there are. Raises `CourseError` where the notebook
    is missing or damaged, or nothing was done in it yet, and `UsageMistake` for a name that cannot be in a file name.
    """
    name = learner or copy.learner
    if not LEARNER.fullmatch(name):
        raise UsageMistake(
            f"{name!r} cannot be the learner's name in a file name",
            help="use letters, digits, and . _ @ - (the name your instructor knows you by)",
        )
    path = copy.notebook(chapter)
    if not path.is_file():
        raise CourseError("there is no notebook to hand in", place=str(path), help="course lab makes it")
    content = path.read_bytes()
    parse_notebook(content, path)
    done = next(p for p in progress(copy.course, copy) if p.chapter.name == chapter.name)
    if done.state == NOT_STARTED:
        raise CourseError(
            f"{chapter.name} is as it was handed out: there is nothing in it to hand in yet",
            place=str(path),
            help="save the notebook in JupyterLab (Ctrl+S) if you have worked in it; else work in it first",
        )
    files = {path.name: content}
    for other in (copy.answers(chapter), _claims(copy)):
        if other.is_file():
            files[other.name] = other.read_bytes()
    target = (to or copy.folder / "submissions").expanduser().resolve() / f"{chapter.name}-{name}.zip"
    write_whole(target, _zip(files))
    return Submission(target, tuple(files), done)


def _claims(copy: WorkingCopy) -> Path:
    """Return the newest `claims.json` of the working copy and of the folder we are in, where `claims run` writes it."""
    places = [copy.folder / "claims.json", Path("claims.json")]
    return max(places, key=lambda path: path.stat().st_mtime if path.is_file() else 0.0)


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # The least date a zip can hold: the same work gives the same bytes.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
