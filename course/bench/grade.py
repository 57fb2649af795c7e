"""How fast a class is graded: `course grade` beside stock `nbgrader autograde`, the same submissions, two cores.

Each part is a chapter of `course/bench/classes`, released to a class of made-up, honest learners. Everything is
counted on both sides: the start of the program, reading, running, the gradebook, the graded notebooks. Ours runs
before and after stock, so that a machine that slows down or speeds up meanwhile shows. Before a ratio is given, the
scores of both gradebooks are compared, learner by learner.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from course.bench import Table
from course.build import build
from course.chapters import Course
from course.errors import CourseError
from course.grading.release import release
from course.grading.results import read_results
from course.grading.synthetic import KINDS, make_class, write_class

__all__ = ["PARTS", "growth", "throughput"]

PARTS = {
    "mix": ("01_mix", "numpy, numba, matplotlib, scikit-learn and Rust tasks", 20),
    "numpy": ("02_numpy", "tasks in plain NumPy", 60),
    "quiz": ("03_quiz", "questions only", 100),
}
"""Part → (chapter, what is in it, how many times as fast as stock it should be)."""

STOCK = """\
c = get_config()  # noqa: F821 - nbgrader provides it
c.Autograde.timeout = 120  # scikit-learn and numba need a while on a busy machine
"""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Graded:
    """One grading run: how long it took, the most memory held, and how it ended.

    peak_mib: of the grader's main process. peak_all_mib: of it and its workers, what they share counted for each.
    """

    seconds: float
    peak_mib: float
    peak_all_mib: float
    code: int
    said: str


def throughput(parts: tuple[str, ...], size: int, stock_size: int, tell: Tell) -> Table:
    """Grade `size` submissions with ours and the first `stock_size` of them with stock nbgrader, part by part."""
    table = Table(
        "Grading a class: course grade beside stock nbgrader autograde",
        f"course dev bench grade --size {size} --stock-size {stock_size}",
        ("submissions", "course grade", "nbgrader autograde", "ours / stock", "target", "scores that agree"),
    )
    with _course() as course:
        for part in parts:
            chapter, what, target = PARTS[part]
            tell(f"{part}: a class of {size} …")
            with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
                ours = _class(course, chapter, size, Path(folder) / "ours")
                stock = _stock_copy(ours, Path(folder) / "stock", chapter, stock_size)
                tell(f"{part}: course grade, {size} submissions …")
                first = _ours(_fresh(ours, Path(folder) / "first"), chapter)
                tell(f"{part}: nbgrader autograde, {stock_size} submissions (stock: this takes a while) …")
                theirs = _run([sys.executable, "-m", "nbgrader", "autograde", chapter, "--course-dir", str(stock)])
                tell(f"{part}: course grade again …")
                second = _ours(_fresh(ours, Path(folder) / "second"), chapter)
                agree, compared = _agreement(Path(folder) / "second", stock, chapter)
            seconds = statistics.mean([first.seconds, second.seconds])
            rate, stock_rate = size / seconds, stock_size / theirs.seconds
            table.rows.append(
                (
                    f"{part}: {what}",
                    f"{rate:.1f} a second",
                    f"{stock_rate:.2f} a second",
                    f"{rate / stock_rate:.0f}",
                    f"≥ {target}",
                    f"{agree} of {compared}",
                )
            )
            table.measurements.append(
                {
                    "part": part,
                    "size": size,
                    "stock_size": stock_size,
                    "seconds": [first.seconds, second.seconds],
                    "stock_seconds": theirs.seconds,
                    "ratio": rate / stock_rate,
                    "target": target,
                    "agree": agree,
                    "compared": compared,
                }
            )
    table.notes.append(f"Ours with {size} submissions, stock with {stock_size}, start-up and gradebook counted.")
    return table


MIXED = tuple(kind for damaged in (*KINDS["unreadable"], *KINDS["mangled"]) for kind in (*KINDS["honest"], damaged))
"""The kinds of a growing class: mostly honest, now and then one that was damaged on the way or is no notebook."""


def growth(part: str, sizes: tuple[int, ...], tell: Tell) -> Table:
    """Grade mixed classes of several sizes; say what one submission costs, how much memory is held, and what is wrong.

    Wrong is each score that is not what the class was made to get, each learner without it in the gradebook, and each
    submission that cannot be graded and is not named, or is named and can.
    """
    chapter, what, _ = PARTS[part]
    table = Table(
        f"What a larger class costs ({part}: {what})",
        f"course dev bench grade --growth {part}",
        ("submissions", "time", "a submission", "most memory: grader", "with workers", "unreadable, named", "wrong"),
    )
    with _course() as course:
        for size in sizes:
            tell(f"a class of {size} …")
            with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
                made = _class(course, chapter, size, Path(folder) / "class", kinds=MIXED)
                graded = _ours(made, chapter, "--json", codes=(0, 3))
                scores, unreadable, wrong = _checked(made, chapter, graded)
            each = graded.seconds / size
            table.rows.append(
                (
                    f"{size:,}",
                    f"{graded.seconds:.1f} s",
                    f"{each * 1000:.0f} ms",
                    f"{graded.peak_mib:.0f} MiB",
                    f"{graded.peak_all_mib:.0f} MiB",
                    f"{unreadable:,}",
                    f"{len(wrong):,} of {scores:,} scores" + (f": {wrong[0]}" if wrong else ""),
                )
            )
            table.measurements.append(
                {
                    "part": part,
                    "size": size,
                    "seconds": graded.seconds,
                    "peak_mib": graded.peak_mib,
                    "peak_all_mib": graded.peak_all_mib,
                    "scores": scores,
                    "unreadable": unreadable,
                    "wrong": wrong,
                }
            )
    table.notes.append("The start of the program is counted: it weighs most on the smallest class.")
    table.notes.append("With workers: resident memory of all processes added up, what they share counted for each.")
    return table


def _checked(folder: Path, chapter: str, graded: Graded) -> tuple[int, int, list[str]]:
    """Return how many scores were to be got, how many submissions cannot be graded, and what is wrong in words."""
    expected = json.loads((folder / "expected.json").read_bytes())
    found = {(one.learner, one.item): one for one in read_results(folder / "results.jsonl")}
    cells: dict[tuple[str, str], float] = {}
    for one in found.values():
        if one.points is not None:
            cells[one.learner, one.grade_id] = cells.get((one.learner, one.grade_id), 0.0) + one.points
    book = _scores(folder, chapter)
    named = {one["learner"] for one in json.loads(graded.said)["failed"]}
    unreadable = {one["learner"] for one in expected if not one["readable"]}
    wrong = [f"{name} is not named" for name in sorted(unreadable - named)]
    wrong += [f"{name} could not be graded" for name in sorted(named - unreadable)]
    scores = 0
    for one in expected:
        for item, points in one["points"].items():
            scores += 1
            there = found.get((one["learner"], item))
            if there is None or there.points != points:
                wrong.append(f"{item} of {one['learner']} ({one['kind']}): {there and there.points}, not {points}")
    for place, points in cells.items():
        if abs(book.get(place, -1.0) - points) > 1e-6:
            wrong.append(f"{place[1]} of {place[0]} in the gradebook: {book.get(place)}, not {points}")
    return scores, len(unreadable), wrong


@contextmanager
def _course() -> Iterator[Course]:
    """Give the benchmark's chapters, built, in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        root = Path(folder) / "course"
        shutil.copytree(Path(__file__).with_name("classes"), root)
        course = Course(root)
        build(course, course.chapters())
        yield course


def _class(course: Course, chapter: str, size: int, folder: Path, *, kinds: tuple[str, ...] = ("honest",)) -> Path:
    # Practice mode: the keys are with the notebook, so that stock nbgrader, which asks the learner's kernel, can score.
    release(folder, course, [chapter], mode="practice")
    keys = folder / ".course" / "banks" / f"{chapter}.json"
    released = folder / "release" / chapter / f"{chapter}.ipynb"
    pupils = make_class(course, course.at(chapter), size, kinds=kinds, released=released, quiz=keys)
    write_class(folder, pupils)
    return folder


def _fresh(made: Path, folder: Path) -> Path:
    shutil.copytree(made, folder)
    return folder


def _stock_copy(made: Path, folder: Path, chapter: str, size: int) -> Path:
    """Copy a class as somebody would keep it who has nbgrader alone: no configuration of ours, `size` submissions."""
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(".course", "submitted"))
    (folder / "nbgrader_config.py").write_text(STOCK)
    for learner in sorted((made / "submitted").iterdir())[:size]:
        shutil.copytree(learner, folder / "submitted" / learner.name)
        # The kernel starts in the submission's folder, and finds the questions there.
        quizzes = folder / "release" / chapter / "quizzes"
        if quizzes.is_dir():
            shutil.copytree(quizzes, folder / "submitted" / learner.name / chapter / "quizzes", dirs_exist_ok=True)
    return folder


def _ours(folder: Path, chapter: str, *more: str, codes: tuple[int, ...] = (0,)) -> Graded:
    graded = _run([sys.executable, "-m", "course", "grade", str(folder), chapter, *more])
    if graded.code not in codes:
        raise CourseError(f"course grade ended with {graded.code}", help=graded.said[-2000:])
    return graded


def _run(command: list[str]) -> Graded:
    """Run a grader to its end, looking at its memory ten times a second."""
    quiet = os.environ | {"PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    quiet.pop("PYTHONDONTWRITEBYTECODE", None)  # some containers set it: every start would compile every module again
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=quiet) as process:
        peak = [0, 0]
        watcher = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
        watcher.start()
        said, _ = process.communicate()
    return Graded(time.perf_counter() - begin, peak[0] / 2**20, peak[1] / 2**20, process.returncode, said)


def _watch(pid: int, peak: list[int]) -> None:
    try:
        process = psutil.Process(pid)
        while process.is_running():
            own = process.memory_info().rss
            peak[:] = [max(peak[0], own), max(peak[1], own + sum(map(_resident, process.children(recursive=True))))]
            time.sleep(0.1)
    except psutil.Error:
        pass  # it has ended


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it has ended


def _agreement(ours: Path, stock: Path, chapter: str) -> tuple[int, int]:
    """Return on how many of the scores that stock gave ours agrees, and how many those are."""
    a, b = _scores(ours, chapter), _scores(stock, chapter)
    return sum(abs(a.get(key, -1.0) - score) < 1e-6 for key, score in b.items()), len(b)


def _scores(folder: Path, chapter: str) -> dict[tuple[str, str], float]:
    from nbgrader.api import Gradebook

    try:
        with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
            return {
                (submission.student.id, grade.name): float(grade.auto_score or 0.0)
                for submission in gradebook.assignment_submissions(chapter)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
    except sqlite3.Error as error:
        raise CourseError(f"the gradebook cannot be read: {error}", place=str(folder)) from error
