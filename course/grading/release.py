"""`course release COURSE`: chapters of this course as assignments of an ordinary nbgrader course.

    COURSE/nbgrader_config.py             nbgrader with its traps closed (`course.grading.nbgrader_settings`)
    COURSE/gradebook.db                   nbgrader's own; `generate_assignment` has made it
    COURSE/source/NN_topic/               the notebook, the learner bank in quizzes/, the pictures
    COURSE/release/NN_topic/              the same as nbgrader hands it out: this folder is all a learner gets
    COURSE/.course/                       private, for the owner alone:
        secret                            what variants and hidden cases come from
        banks/NN_topic.json               the quiz with its keys
        solutions/NN_topic.ipynb          the chapter with its solutions, where the sources are at hand
        release.json                      what was released, from which banks

Everything is read and checked before anything is written. A chapter is then made in a folder beside the others, and
moved into place whole; the record is written last, so that a release that was stopped is done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from course.build import check_of, notebook_bytes, quiz_of, released, solved
from course.chapters import Chapter, Course
from course.errors import CannotRelease, CourseError
from course.files import write_whole
from course.grading.class_bank import ClassBank, class_bank, with_points
from course.grading.class_files import (
    check_place,
    lay_out,
    locked,
    move_into_place,
    read_record,
    secret_of,
    stage,
    write_private,
    write_record,
)
from course.grading.classfolder import PRIVATE
from course.quiz.codec import quiz_json
from course.quiz.model import Essay, Item, Question, Quiz, Task
from course.quiz.strip import strip
from course.source import optional

__all__ = ["MODES", "Release", "release"]

MODES = ("graded", "practice")


@dataclass(frozen=True)
class Release:
    """What a release did for one chapter.

    what: new, updated (something that learners see has changed), rekeyed (only keys have), or same.
    questions, tasks, essays: how many have points. public: how many of them stand in the course itself, where anyone
    can look their keys up.
    """

    chapter: str
    what: Literal["new", "updated", "rekeyed", "same"]
    mode: str
    points: float
    questions: int
    tasks: int
    essays: int
    public: int


@dataclass(frozen=True)
class _Prepared:
    """One chapter, ready to be written: the files under source/NN_topic, the bank with keys, the solutions."""

    chapter: str
    mode: str
    files: Mapping[str, bytes]
    bank: bytes | None
    solutions: bytes | None
    points: float
    counts: Mapping[type, int] = field(default_factory=dict)
    public: int = 0

    @property
    def digest(self) -> str:
        """What tells whether anything that learners get has changed."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


def release(
    folder: Path,
    course: Course,
    names: Sequence[str] = (),
    *,
    banks: Sequence[Path] = (),
    secret_file: Path | None = None,
    mode: str | None = None,
    core: bool | None = None,
    run_notebooks: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Release]:
    """Release chapters (those named; else those released before; else all) to a class, and return what was done.

    banks, mode and core are remembered: without them a chapter is released again as it was. core leaves what stands
    below a heading that begins with "Optional" without points. run_notebooks allows chapters with plain test cells,
    which only a kernel in the grader's own account can grade.

    Raises:
        NotForAClass: the folder holds something else.
        CannotRelease: nbgrader refused a chapter.
        CourseError: a bank, a chapter or the secret is wrong; nothing was written.
    """
    folder = folder.expanduser().resolve()
    check_place(folder, course)
    record = read_record(folder)
    chapters = _chosen(course, names, record)
    secret = secret_of(folder, secret_file, record)
    prepared = []
    for chapter in chapters:
        before = record["chapters"].get(chapter.name, {})
        private = [bank.expanduser().resolve() for bank in banks] or [Path(bank) for bank in before.get("banks", ())]
        wanted = mode or before.get("mode") or "graded"
        allowed = run_notebooks or bool(before.get("run_notebooks"))
        alone = bool(before.get("core")) if core is None else core
        made = _prepare(course, chapter, private, wanted, secret, core=alone, run_notebooks=allowed)
        choices = {"banks": list(map(str, private)), "mode": wanted, "core": alone, "run_notebooks": allowed}
        prepared.append((made, choices))
    with locked(folder):
        lay_out(folder, secret)
        done = []
        for made, choices in prepared:
            tell(made.chapter)
            before = record["chapters"].get(made.chapter, {})
            option = "--core" if choices["core"] else "--all-parts"
            turned = option if before and bool(before.get("core")) != choices["core"] else ""
            what = _release_one(folder, made, before, turned)
            record["chapters"][made.chapter] = choices | {"digest": made.digest}
            write_record(folder, record)
            questions, tasks, essays = (made.counts[kind] for kind in (Question, Task, Essay))
            done.append(Release(made.chapter, what, made.mode, made.points, questions, tasks, essays, made.public))
    return done


# ---- what there is ----


def _chosen(course: Course, names: Sequence[str], record: Mapping[str, Any]) -> list[Chapter]:
    chosen = course.chosen(tuple(names) or tuple(record["chapters"]))
    return list({chapter.name: chapter for chapter in chosen}.values())


# ---- one chapter ----


def _prepare(
    course: Course,
    chapter: Chapter,
    banks: Sequence[Path],
    mode: str,
    secret: bytes,
    *,
    core: bool,
    run_notebooks: bool,
) -> _Prepared:
    has_source = chapter.source.is_file()
    if has_source:
        notebook: dict[str, Any] = json.loads(notebook_bytes(released(course, chapter)))
    else:
        notebook = json.loads(chapter.notebook.read_bytes())
    for cell in notebook["cells"]:
        if isinstance(cell["source"], list):
            cell["source"] = "".join(cell["source"])
    found = class_bank(course.quizzes, banks, chapter.name, mode=mode, secret=secret)
    notebook = with_points(notebook, found.quiz if found else None, chapter.name)
    if core:
        notebook = _core_alone(notebook)
    plain = [name for cell in notebook["cells"] if (name := _plain_tests(cell))]
    if plain and not run_notebooks:
        raise CourseError(
            f"{chapter.name} has plain test cells ({', '.join(plain)}): only a kernel in your own account can grade "
            "them, and a hostile notebook can do there whatever you can",
            place=chapter.name,
            help="make them tasks (docs/tasks.md), or accept that: --run-notebooks",
        )
    worth = _with_points(notebook, found)
    if core and found:
        found = replace(found, quiz=_others_without_points(found.quiz, worth))
    files = {f"{chapter.name}.ipynb": notebook_bytes(notebook)}
    files |= _pictures(course, notebook)
    if found:
        files[f"quizzes/{chapter.name}.json"] = strip(found.quiz).encode()
    return _Prepared(
        chapter.name,
        mode,
        files,
        json.dumps(quiz_json(found.quiz), ensure_ascii=False, sort_keys=True, indent=1).encode() if found else None,
        notebook_bytes(solved(course, chapter)) if has_source else None,
        _total(notebook),
        {kind: sum(isinstance(item, kind) for item in worth) for kind in (Question, Task, Essay)},
        sum(item.id in found.public for item in worth) if found else 0,
    )


def _core_alone(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook in which nothing optional has points."""
    cells = []
    without = optional((cell["cell_type"], cell["source"]) for cell in notebook["cells"])
    for cell, left_out in zip(notebook["cells"], without, strict=True):
        record = cell["metadata"].get("nbgrader", {})
        if left_out and record.get("grade"):
            record = {name: value for name, value in record.items() if name != "points"} | {"grade": False}
            cells.append(cell | {"metadata": cell["metadata"] | {"nbgrader": record}})
        else:
            cells.append(cell)
    return {**notebook, "cells": cells}


def _plain_tests(cell: Mapping[str, Any]) -> str:
    """Return the grade id of a cell whose points hang on its running without an error, else ""."""
    record = cell["metadata"].get("nbgrader", {})
    name = str(record.get("grade_id", ""))
    graded = record.get("grade") and not record.get("solution") and cell["cell_type"] == "code"
    return name if graded and not name.startswith(("quiz-", "check-")) else ""


def _pictures(course: Course, notebook: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the pictures that the notebook's prose shows."""
    prose = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    names = sorted(set(re.findall(r"figures/[A-Za-z0-9_./-]*[A-Za-z0-9_-]", prose)))
    paths = {name: course.notebooks / name for name in names if ".." not in name}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def _total(notebook: Mapping[str, Any]) -> float:
    records = (cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"])
    return float(sum(record["points"] for record in records if record.get("grade")))


def _with_points(notebook: Mapping[str, Any], found: ClassBank | None) -> list[Item]:
    """Return the items of the bank but for those whose cell has no points."""
    free = set()
    for cell in notebook["cells"]:
        record = cell["metadata"].get("nbgrader", {})
        if record and not record.get("grade"):
            if cell["cell_type"] == "markdown":
                free.add(record.get("grade_id"))  # an essay
            elif shown := quiz_of(cell["source"]) or check_of(cell["source"]):
                free.add(shown.partition("/")[2])
    sections = found.quiz.sections if found else ()
    return [
        item
        for section in sections
        for item in section.items
        if (section.id if isinstance(item, Question) else item.id) not in free
    ]


def _others_without_points(quiz: Quiz, worth: Sequence[Item]) -> Quiz:
    """Return a quiz whose questions say 0 points where they have none, so that no learner is promised any."""
    names = {item.id for item in worth}

    def said(item: Item) -> Item:
        return replace(item, points=0.0) if isinstance(item, Question) and item.id not in names else item

    sections = tuple(replace(section, items=tuple(map(said, section.items))) for section in quiz.sections)
    return replace(quiz, sections=sections)


def _release_one(
    folder: Path, made: _Prepared, before: Mapping[str, Any], turned: str
) -> Literal["new", "updated", "rekeyed", "same"]:
    """Bring one chapter up to date in source/, release/, the gradebook and the private folder."""
    private = folder / PRIVATE
    same = before.get("digest") == made.digest and all(
        (folder / step / made.chapter / name).is_file() for step in ("source", "release") for name in made.files
    )
    if same and not _gradebook_gone(folder):
        rekeyed = _write_keys(private, made)
        return "rekeyed" if rekeyed else "same"
    with stage(folder) as made_in:
        source = made_in / "source" / made.chapter
        old = folder / "source" / made.chapter
        if old.is_dir():  # what the instructor has put beside the notebook stays
            shutil.copytree(old, source, ignore=lambda at, _: ["quizzes", "figures"] if Path(at) == old else [])
        for name, content in made.files.items():
            write_whole(source / name, content)
        _generate(folder, made_in, made.chapter, turned)
        _write_keys(private, made)
        for step in ("source", "release"):
            move_into_place(folder, made_in, step, made.chapter)
    return "updated" if before else "new"


def _write_keys(private: Path, made: _Prepared) -> bool:
    """Write what only the instructor has; return whether the keys have changed."""
    path = private / "banks" / f"{made.chapter}.json"
    before = path.read_bytes() if path.is_file() else None
    if made.bank is not None and made.bank != before:
        write_private(path, made.bank)
    if made.solutions is not None:
        write_private(private / "solutions" / f"{made.chapter}.ipynb", made.solutions)
    return before != made.bank


def _generate(folder: Path, at: Path, chapter: str, turned: str) -> None:
    """Have nbgrader make at/release from at/source, and enter the chapter in the class's gradebook.

    turned: the option that makes the chapter have other graded cells than before, if one does.
    """
    from nbgrader.apps import NbGraderAPI

    config, url = _configuration(folder)
    config.CourseDirectory.root = str(at)
    config.CourseDirectory.db_url = url
    with _our_programs_on_the_path():
        result = NbGraderAPI(config=config).generate_assignment(chapter)
    if result["success"]:
        return
    log = f"{result.get('log') or ''}\n{result.get('error') or ''}"
    if "there are submissions associated" in log:
        raise CannotRelease(
            chapter,
            "it has submissions, and another set of graded cells than when it was released",
            help=f"leave {turned} out: what was chosen is kept; or release to a new class folder with it"
            if turned
            else "keep the sections, tasks and essays that were released (their text and keys may change); "
            "a different chapter is a new class folder",
        )
    if "OperationalError" in log:
        help = "close other programs that use it, then release again"
        raise CannotRelease(chapter, "the gradebook is locked or cannot be opened", help=help)
    found = [line.strip() for line in log.splitlines() if re.match(r"\s*[\w.]+(Error|Exception)\b.*: ", line)]
    lines = [line for line in found if "NbGraderException" not in line]  # which only says: see above
    said = lines[-1] if lines else (log.strip().splitlines() or ["it gave no reason"])[-1]
    raise CannotRelease(chapter, said, help=f"mend that in {folder / 'nbgrader_config.py'}, or in the chapter's source")


@contextlib.contextmanager
def _our_programs_on_the_path() -> Iterator[None]:
    """Let nbgrader find the programs installed beside this Python: for a new gradebook it calls `alembic` by name."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _configuration(folder: Path) -> tuple[Any, str]:
    """Return nbgrader's configuration of the class, and the address of its gradebook."""
    from traitlets.config.loader import PyFileConfigLoader

    try:
        config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    except Exception as error:  # noqa: BLE001 - it is a program: it may raise anything
        place = str(folder / "nbgrader_config.py")
        raise CourseError(f"it cannot be read: {type(error).__name__}: {error}", place=place, help="mend it") from None
    url = config.CourseDirectory.get("db_url") or f"sqlite:///{folder / 'gradebook.db'}"
    return config, str(url)


def _gradebook_gone(folder: Path) -> bool:
    url = _configuration(folder)[1]
    return url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///").partition("?")[0]).is_file()
