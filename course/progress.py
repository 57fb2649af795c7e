"""How far a learner is in each chapter, read from what is on disk: notebooks, quiz files, answers files.

Nothing is stored: the saved notebook and the answers file are the truth, and reading them takes milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course.chapters import Chapter, Course
from course.errors import CourseError
from course.merge import attempts_in
from course.notebook_file import Cell, Notebook, read_notebook, text_of
from course.working_copy import WorkingCopy

__all__ = [
    "DONE",
    "IN_PROGRESS",
    "NOT_STARTED",
    "UNREADABLE",
    "Asked",
    "Progress",
    "as_json",
    "attempted_items",
    "current",
    "passed_tasks",
    "progress",
    "questions_of",
]

NOT_STARTED, IN_PROGRESS, DONE, UNREADABLE = "not started", "in progress", "done", "unreadable"


@dataclass(frozen=True)
class Progress:
    """How far one chapter is. Counts of cells are those of the chapter; what the learner added is not counted."""

    chapter: Chapter
    state: str
    cells_run: int
    cells: int
    tasks_begun: int
    tasks: int
    answered: int
    questions: int
    outdated: bool
    tasks_passed: int = 0

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1: cells run, tasks begun and questions answered count alike."""
        whole = self.cells + self.tasks + self.questions
        return (self.cells_run + self.tasks_begun + self.answered) / whole if whole else 0.0


def progress(course: Course, copy: WorkingCopy | None) -> list[Progress]:
    """Return how far each chapter is, in order."""
    return [_progress(copy, chapter) for chapter in course.chapters()]


def current(all_progress: list[Progress], copy: WorkingCopy | None) -> Progress | None:
    """Return where the learner is: the chapter in progress saved last, else the next one; None when all are done."""
    begun = [p for p in all_progress if p.state == IN_PROGRESS]
    if copy is not None and begun:
        return max(begun, key=lambda p: copy.notebook(p.chapter).stat().st_mtime)
    done = [number for number, p in enumerate(all_progress) if p.state == DONE]
    after = all_progress[done[-1] + 1 :] if done else []
    return next((p for p in (*after, *all_progress) if p.state == NOT_STARTED), None)


def as_json(course: Course, copy: WorkingCopy | None) -> dict[str, Any]:
    """Return what `course list --json` prints; `docs/schemas/list.schema.json` describes it."""
    chapters = []
    for p in progress(course, copy):
        chapter = p.chapter
        about = {"name": chapter.name, "number": chapter.number, "title": chapter.title, "part": chapter.part}
        about |= {"minutes": chapter.minutes, "needs": list(chapter.needs)}
        chapters.append(about | {k: v for k, v in asdict(p).items() if k != "chapter"})
    return {"schema": 1, "working_copy": str(copy.folder) if copy else None, "chapters": chapters}


def _progress(copy: WorkingCopy | None, chapter: Chapter) -> Progress:
    asked = questions_of(chapter)
    questions = sum(section.number for section in asked)
    if copy is None or not copy.notebook(chapter).is_file():
        cells = tasks = 0
        if chapter.notebook.is_file():
            cells, tasks = _counts(read_notebook(chapter.notebook))
        return Progress(chapter, NOT_STARTED, 0, cells, 0, tasks, 0, questions, False)
    outdated = copy.outdated(chapter)
    try:
        mine = read_notebook(copy.notebook(chapter))
    except CourseError:
        return Progress(chapter, UNREADABLE, 0, 0, 0, 0, 0, questions, outdated)
    base = copy.read_base(chapter, mine)
    handed_out = {cell.get("id"): cell for cell in base["cells"]}
    own = {cell.get("id"): cell for cell in mine["cells"]}
    cells, tasks = _counts(base)
    # A cell that the learner deleted cannot be run: it counts as dealt with.
    run = sum(id not in own or _has_run(own[id]) for id, cell in handed_out.items() if cell["cell_type"] == "code")
    begun = sum(
        id in own and text_of(own[id]).strip() != text_of(cell).strip()
        for id, cell in handed_out.items()
        if _is_task(cell)
    )
    attempted = attempted_items(mine, copy.answers(chapter))
    answered = sum(min(section.number, len(section.ids & attempted)) for section in asked)
    edited = len(own) != len(handed_out) or any(
        id not in handed_out or text_of(cell) != text_of(handed_out[id]) for id, cell in own.items()
    )
    whole = (cells, tasks, questions)
    if any(whole) and (run, begun, answered) == whole:
        state = DONE
    else:
        state = IN_PROGRESS if edited or attempted or any(_has_run(cell) for cell in own.values()) else NOT_STARTED
    passed = len(passed_tasks(copy.answers(chapter)))
    return Progress(chapter, state, run, cells, begun, tasks, answered, questions, outdated, min(passed, tasks))


def _counts(notebook: Notebook) -> tuple[int, int]:
    cells = notebook["cells"]
    return sum(cell["cell_type"] == "code" for cell in cells), sum(_is_task(cell) for cell in cells)


def _has_run(cell: Cell) -> bool:
    return cell.get("execution_count") is not None


def _is_task(cell: Cell) -> bool:
    record = cell["metadata"].get("nbgrader")
    return isinstance(record, dict) and bool(record.get("solution"))


@dataclass(frozen=True)
class Asked:
    """The questions of one section, and how many of them each learner is asked."""

    ids: frozenset[str]
    number: int


def questions_of(chapter: Chapter) -> list[Asked]:
    """Return what the quizzes of a chapter ask, by section; tasks and essays are cells, and not counted here.

    Empty where there is no quiz file, or it cannot be read: what is wrong with it is for `course quiz check` to say.
    """
    if not chapter.quiz.is_file():
        return []
    from course.quiz.parse import load

    try:
        quiz = load(chapter.quiz)
    except CourseError:
        return []
    sections = [(section, frozenset(question.id for question in section.questions)) for section in quiz.sections]
    return [Asked(ids, min(section.pick or len(ids), len(ids))) for section, ids in sections]


def attempted_items(notebook: Notebook, answers: Path) -> frozenset[str]:
    """Return the ids (without the chapter's name) of the items with at least one attempt, in either place."""
    found = set()
    for attempt in (*_in_notebook(notebook), *_in_file(answers)):
        if isinstance(attempt, dict) and isinstance(item := attempt.get("item"), str):
            found.add(item.rpartition("/")[2])
    return frozenset(found)


def passed_tasks(answers: Path) -> frozenset[str]:
    """Return the ids of the tasks that a check found right at least once, as the answers file tells."""
    found = set()
    for attempt in _in_file(answers):
        if isinstance(attempt, dict) and attempt.get("event") == "check" and isinstance(attempt.get("item"), str):
            response = attempt.get("response")
            if isinstance(response, dict) and response.get("verdict") == "right":
                found.add(attempt["item"].rpartition("/")[2])
    return frozenset(found)


def _in_notebook(notebook: Notebook) -> Iterator[Any]:
    for cell in notebook["cells"]:
        yield from attempts_in(cell)


def _in_file(answers: Path) -> Iterator[Any]:
    try:
        lines = answers.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue  # a line torn by a crash counts for nothing here; the quiz reports it
