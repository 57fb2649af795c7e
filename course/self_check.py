"""`course check`, `course hint`, `course solution`: a learner's tasks from the command line, as in the notebook.

The saved notebook of the working copy is what counts: of it, the cells that each task's function depends on are run
in a kernel of their own, then `check(…)`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.chapters import Chapter
from course.errors import CourseError, UnknownName, UsageMistake
from course.notebook_file import read_notebook, text_of
from course.quiz import answers
from course.quiz import bank as banks
from course.quiz.grade import grade
from course.quiz.model import Essay, Item, Quiz, Task
from course.quiz.variants import shown_values
from course.tasks.checking import next_hint, passed_before, shown_solution
from course.working_copy import WorkingCopy

__all__ = ["Checked", "check_chapter", "hint_for", "solutions_for", "tasks_of"]

SECONDS_PER_CELL = 600


@dataclass(frozen=True)
class Checked:
    """What a check of one task said: its points, and its table as plain text."""

    item: str
    points: float
    possible: float
    verdict: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return it as `course check --json` prints it."""
        return {
            "item": self.item,
            "points": self.points,
            "of": self.possible,
            "verdict": self.verdict,
            "text": self.text,
        }


def quiz_for(copy: WorkingCopy, chapter: Chapter) -> Quiz:
    """Return the quiz of a chapter as the learner's notebook finds it."""
    return banks.find(chapter.name, start=copy.folder)


def tasks_of(quiz: Quiz) -> list[Task]:
    """Return the tasks of a quiz, in order."""
    return [item for item in quiz.items if isinstance(item, Task)]


def check_chapter(copy: WorkingCopy, chapter: Chapter) -> Iterator[Checked]:
    """Run and check each task of a chapter in the working copy, one after the other in one kernel."""
    from course.grading.slicing import needed

    path = copy.notebook(chapter)
    cells = [text_of(cell) for cell in read_notebook(path)["cells"] if cell["cell_type"] == "code"]
    with _Kernel(copy.folder) as kernel:
        for task in tasks_of(quiz_for(copy, chapter)):
            failed = ""
            for text in needed(cells, task.function).cells:
                error = kernel.run(text)[1]
                failed = failed or error
            yield _checked(task, *kernel.run(f'from course import check\ncheck("{task.full_id}")'), failed)


def _checked(task: Task, outputs: list[dict[str, Any]], error: str, failed: str) -> Checked:
    for output in outputs:
        said = output.get("metadata", {}).get("course_check")
        if isinstance(said, dict):
            text = str(output["data"]["text/plain"])
            if failed and said["verdict"] != "right":
                text += f"\n\na cell it needs failed: {failed}"
            return Checked(task.full_id, said["points"], task.points, said["verdict"], text)
    return Checked(task.full_id, 0.0, task.points, "wrong", f"{task.function}: {error or failed or 'no result'}")


class _Kernel:
    """A kernel in the folder of the working copy; what it shows is collected."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> _Kernel:
        from jupyter_client.manager import start_new_kernel

        own = {"COURSE_BANK": os.environ["COURSE_BANK"]} if os.environ.get("COURSE_BANK") else {}
        self.manager, self.client = start_new_kernel(
            kernel_name="python3",
            startup_timeout=120,
            cwd=str(self.folder),
            env=os.environ | own,
            extra_arguments=["--log-level=ERROR"],
        )
        self.run("%load_ext course")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, text: str) -> tuple[list[dict[str, Any]], str]:
        """Run a cell; return what it displayed, and the error it ended with, in a line."""
        outputs: list[dict[str, Any]] = []
        error = ""

        def take(message: dict[str, Any]) -> None:
            nonlocal error
            content = message["content"]
            if message["msg_type"] in ("display_data", "execute_result"):
                outputs.append(content)
            elif message["msg_type"] == "error":
                error = f"{content['ename']}: {content['evalue']}".splitlines()[0]

        try:
            self.client.execute_interactive(text, timeout=SECONDS_PER_CELL, output_hook=take, allow_stdin=False)
        except TimeoutError:
            raise CourseError(
                f"a cell took more than {SECONDS_PER_CELL} seconds",
                place=text.strip().splitlines()[0],
                help="run it in JupyterLab, and interrupt it there to see where it is",
            ) from None
        return outputs, error


# -- hints and solutions


def hint_for(copy: WorkingCopy, chapter: Chapter, name: str = "") -> str:
    """Return the next hint of the first task or question of a chapter that is not solved yet, or of the one named."""
    quiz = quiz_for(copy, chapter)
    log = answers.collect(copy.notebook(chapter), copy.answers(chapter))
    by_item = answers.responses(log.attempts)
    for item in [quiz.item(name)] if name else quiz.items:
        if not name and (isinstance(item, Essay) or _solved(item, by_item.get(item.full_id, []), copy.folder)):
            continue
        if any(hint.cost for hint in item.hints):
            return f"{item.full_id}: {item.title}\n\nIts hints cost points: ask for them in the quiz."
        return f"{item.full_id}: {item.title}\n\n{next_hint(quiz, item, copy.folder, shown=_shown(item, copy))}"
    return f"Every task and question of {chapter.name} is solved."


def _solved(item: Item, made: list[answers.Attempt], folder: Path) -> bool:
    if isinstance(item, Task):
        return passed_before(item, folder)
    if not made:
        return False
    if not item.keyed:
        return True  # answered; whether it is right, the instructor knows
    last = made[-1]
    try:
        shown = shown_values(item, learner=last.learner, n=last.variant)
        return grade(item, last.response or {}, shown=shown).verdict == "right"
    except CourseError:
        return False


def _shown(item: Item, copy: WorkingCopy) -> dict[str, Any] | None:
    from course.quiz.running import learner_in

    return shown_values(item, learner=learner_in(copy.folder))


def solutions_for(copy: WorkingCopy, chapter: Chapter, task: str = "") -> list[tuple[Task, str, str]]:
    """Return the solutions of a chapter's tasks, or of one: task, text, language ("" where it is not shown yet)."""
    quiz = quiz_for(copy, chapter)
    tasks = tasks_of(quiz)
    if not tasks:
        raise UsageMistake(f"{chapter.name} has no tasks", help="course list shows what a chapter has")
    if task:
        known = {one.id: one for one in tasks}
        if task not in known:
            raise UnknownName("task", task, known, place=chapter.name)
        tasks = [known[task]]
    return [(one, *shown_solution(quiz, one, copy.folder, command="course solution")) for one in tasks]
