"""Find out what is handed in, and by whom: `course grade COURSE --from PATH`.

PATH is a folder, a zip, or one notebook. A notebook's chapter and learner are told by its path, a zip standing for a
folder of its name:

    LEARNER/CHAPTER/CHAPTER.ipynb          as nbgrader keeps submissions
    LEARNER/CHAPTER.ipynb                  a folder, or a zip, for each learner
    CHAPTER/LEARNER.ipynb                  a folder for each chapter
    LEARNER_CHAPTER.ipynb                  or with a hyphen, or the other way round
    CHAPTER-LEARNER.zip                    what `course submit` makes
    LEARNER.ipynb                          where one chapter alone is graded

Beside a notebook, its answers file (`CHAPTER.answers.jsonl`) and `claims.json` are taken along. Everything goes to
`submitted/LEARNER/CHAPTER/` of the class, so that nbgrader sees it too. What is not understood is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course.errors import CannotWrite, CourseError, SubmissionUnreadable
from course.files import write_whole
from course.grading.archives import Found, walk
from course.grading.reading import MOST_BYTES
from course.quiz import answers

__all__ = ["Collected", "collect"]

LEARNER = re.compile(r"\w[\w.@+-]{0,99}")
_CLAIMS = "claims.json"
_MOST_CLAIMS = 5_000_000


@dataclass
class Collected:
    """What was brought in: (chapter, learner) pairs, how many of them are new or changed, and what was refused."""

    found: list[tuple[str, str]] = field(default_factory=list)
    changed: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)  # place, why


@dataclass(frozen=True)
class _Named:
    chapter: str
    learner: str
    file: Found


def collect(source: Path, submitted: Path, chapters: Sequence[str]) -> Collected:
    """Bring submissions of these chapters into `submitted/`; files that are there already, word for word, stay.

    Raises:
        CourseError: there is nothing at `source`.
        CannotWrite: a file could not be written.
    """
    done = Collected()
    notebooks: dict[tuple[str, str], list[_Named]] = {}
    others: dict[tuple[str, ...], Found] = {}
    for found in walk(source.expanduser()):
        if found.refused:
            done.refused.append((found.place, found.refused))
        elif found.parts[-1].endswith(".ipynb"):
            named = _named(found, chapters, done)
            if named is not None:
                notebooks.setdefault((named.chapter, named.learner), []).append(named)
        elif found.parts[-1].endswith((".answers.jsonl", ".json", "timestamp.txt")):
            others[found.parts] = found
    for (chapter, learner), copies in sorted(notebooks.items()):
        if len(copies) > 1:
            places = " and ".join(named.file.place for named in copies)
            done.refused.append((places, f"{learner} has {len(copies)} notebooks of {chapter}: keep one"))
            continue
        try:
            changed = _bring(copies[0], others, submitted / learner / chapter)
        except CannotWrite:
            raise
        except CourseError as error:
            done.refused.append((copies[0].file.place, error.message))
            continue
        done.found.append((chapter, learner))
        done.changed += changed
    return done


def _named(found: Found, chapters: Sequence[str], done: Collected) -> _Named | None:
    """Tell whose notebook it is, and of which chapter."""
    *folders, file = found.parts
    chapter = learner = ""
    for part in (file.removesuffix(".ipynb"), *reversed(folders)):
        here, whose = _parts(part, chapters)
        if here and chapter and here != chapter:
            continue  # a folder of another chapter further up says nothing
        chapter = chapter or here
        if whose and not learner:
            learner = whose
        if chapter and learner:
            break
    if not chapter and len(chapters) == 1:
        chapter = chapters[0]
    if not chapter:
        help = f"name it LEARNER_CHAPTER.ipynb, or name the chapter: course grade COURSE {chapters[0]} --from …"
        done.refused.append((found.place, f"it does not say of which chapter it is; {help}"))
        return None
    if not learner:
        done.refused.append((found.place, f"it does not say whose it is; name it LEARNER_{chapter}.ipynb"))
        return None
    return _Named(chapter, learner, found)


def _parts(part: str, chapters: Iterable[str]) -> tuple[str, str]:
    """Return the chapter and the learner that one part of a path names; "" for what it does not."""
    for chapter in chapters:
        if part == chapter:
            return chapter, ""
        for sign in ("-", "_"):
            if part.startswith(chapter + sign):
                return chapter, _learner(part[len(chapter) + 1 :])
            if part.endswith(sign + chapter):
                return chapter, _learner(part[: -len(chapter) - 1])
    return "", _learner(part)


def _learner(name: str) -> str:
    return name if LEARNER.fullmatch(name) else ""


def _bring(named: _Named, others: dict[tuple[str, ...], Found], place: Path) -> bool:
    """Write one submission; return whether anything in it is new."""
    *folder, file = named.file.parts
    stem = file.removesuffix(".ipynb")
    own = stem == named.chapter  # then files of the chapter's names beside it are this learner's
    wanted = {f"{named.chapter}.ipynb": (named.file, MOST_BYTES)}
    for target, name, most in (
        (f"{named.chapter}.answers.jsonl", f"{stem}.answers.jsonl", answers.MAX_FILE),
        (_CLAIMS, _CLAIMS if own else f"{stem}.{_CLAIMS}", _MOST_CLAIMS),
        ("timestamp.txt", "timestamp.txt" if own else f"{stem}.timestamp.txt", 1000),
    ):
        if (beside := others.get((*folder, name))) is not None:
            wanted[target] = (beside, most)
    contents = {}
    for target, (found, most) in wanted.items():
        try:
            contents[target] = found.read(most)
        except SubmissionUnreadable as error:
            raise SubmissionUnreadable(f"{found.parts[-1]}: {error.message}", place=found.place) from None
    changed = False
    # The notebook comes last: what is there with it is complete.
    for target, content in reversed(contents.items()):
        path = place / target
        if place.is_symlink() or path.is_symlink():
            raise SubmissionUnreadable(f"{path} is a link", place=str(path))
        if not path.is_file() or path.read_bytes() != content:
            write_whole(path, content)
            changed = True
    for left in (f"{named.chapter}.answers.jsonl", _CLAIMS):  # of an earlier submission
        if left not in contents and (place / left).is_file():
            (place / left).unlink()
            changed = True
    return changed
