"""`course feedback COURSE`: a page for each learner and chapter, from what was graded and what a person has added.

Nothing is graded here. Scores are the recorded ones, with the gradebook's manual scores and comments; a page whose key
has changed since is not made, because its words would not fit its scores. The same class gives the same bytes, and a
page that says what it said before is not written again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from course.errors import CannotGrade, CannotWrite, CourseError, SubmissionUnreadable, UnknownName
from course.files import write_whole
from course.grading.classfolder import ClassFolder, Graded, Key
from course.grading.feedback_page import Sheet, page
from course.grading.gradebook import Gradebook, Marked
from course.grading.handed_in import HandedIn, handed_in
from course.grading.pictures import Picture, pictures
from course.grading.reading import Work, read_work
from course.grading.results import Result
from course.grading.scoring import Tools
from course.grading.store import Record, Store
from course.quiz.marking import Marks, marks
from course.quiz.model import Task
from course.tasks.definition import Definition
from course.tasks.model import CaseVerdict, TaskScore
from course.tasks.table import Report, report

__all__ = ["Made", "feedback"]

# nbgrader's release_feedback needs them beside a page; `collect` leaves them with the submission.
_FOR_THE_EXCHANGE = ("timestamp.txt", "submission_secret.txt")


@dataclass
class Made:
    """What was made: pages written, pages that were there already, word for word, and whose could not be made."""

    written: int = 0
    unchanged: int = 0
    not_graded: list[tuple[str, str]] = field(default_factory=list)  # chapter, learner: never graded
    problems: list[tuple[str, str, str]] = field(default_factory=list)  # chapter, learner, why
    place: Path = Path()
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """3 where somebody who handed in has no page, or one with something left out; else 0."""
        return 3 if self.problems or self.not_graded else 0

    def as_json(self) -> dict[str, Any]:
        """Return what `course feedback --json` prints (docs/schemas/feedback.schema.json)."""
        return {
            "schema": 1,
            "written": self.written,
            "unchanged": self.unchanged,
            "not_graded": [{"chapter": chapter, "learner": name} for chapter, name in self.not_graded],
            "problems": [{"chapter": chapter, "learner": name, "why": why} for chapter, name, why in self.problems],
            "place": str(self.place),
            "seconds": round(self.seconds, 3),
        }


def feedback(
    folder: ClassFolder,
    chapters: Sequence[str],
    *,
    learners: Sequence[str] = (),
    keys: bool = False,
    out: Path | None = None,
    progress: Callable[[float, str], None] = lambda _fraction, _what: None,
) -> Made:
    """Write the pages of these chapters and learners (all, where none is named); return what was done.

    keys: show answers, explanations, hidden cases and rubrics too. out: `out/LEARNER/CHAPTER.html`; without it the
    pages are in `feedback/LEARNER/CHAPTER/`, where nbgrader's release_feedback takes them from.

    Raises:
        UnknownName: nobody of that name has handed in.
        CourseError: nothing has been graded yet.
        CannotWrite, GradebookTrouble: what was written is whole.
    """
    started = time.monotonic()
    made = Made(place=out or folder.root / "feedback")
    wanted = [one for one in handed_in(folder, chapters) if not learners or one.learner in learners]
    if unknown := sorted(set(learners) - {one.learner for one in wanted}):
        known = sorted({one.learner for one in handed_in(folder, chapters)})
        raise UnknownName("learner", unknown[0], known, place=str(folder.submitted))
    path = folder.private / "grading.sqlite"
    if not path.is_file():
        raise CourseError("nothing has been graded yet", place=str(folder.root), help=f"course grade {folder.root}")
    with Store(path, read_only=True) as store, Gradebook(folder.gradebook_url) as gradebook:
        for number, one in enumerate(_by_chapter(folder, chapters, wanted, store, gradebook, keys), 1):
            submission, sheet = one
            if isinstance(sheet, CourseError):
                made.problems.append((submission.chapter, submission.learner, sheet.message))
            elif sheet is None:
                made.not_graded.append((submission.chapter, submission.learner))
            else:
                _write(submission, sheet, out, made)
            progress(number / len(wanted), f"{submission.chapter} {submission.learner}")
    made.seconds = time.monotonic() - started
    return made


def _by_chapter(
    folder: ClassFolder,
    chapters: Sequence[str],
    wanted: Sequence[HandedIn],
    store: Store,
    gradebook: Gradebook,
    keys: bool,
) -> Iterator[tuple[HandedIn, Sheet | CourseError | None]]:
    for chapter in chapters:
        tools = Tools(folder.key(chapter))
        given = gradebook.marked(chapter)
        for one in wanted:
            if one.chapter != chapter:
                continue
            record = store.get(chapter, one.learner, work=True)
            if record is None:
                yield one, None
            elif record.status != "failed" and record.judged not in ("", tools.judged):
                yield one, CourseError("the key has changed since it was graded; course regrade says whose score")
            else:
                yield one, _sheet(one, record, tools, store, given.get(one.learner, {}), keys)


def _write(one: HandedIn, sheet: Sheet, out: Path | None, made: Made) -> None:
    name = f"{one.chapter}.html"
    path = made.place / one.learner / (name if out is not None else f"{one.chapter}/{name}")
    content = page(sheet).encode("utf-8", "replace")
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        made.unchanged += 1
    else:
        write_whole(path, content)
        made.written += 1
    if out is None:
        for beside in _FOR_THE_EXCHANGE:
            _copy(one.folder / beside, path.with_name(beside))
    if sheet.handed_in_again:
        made.problems.append((one.chapter, one.learner, "handed in again since it was graded: course grade"))


def _copy(source: Path, target: Path) -> None:
    try:
        if source.is_file() and not source.is_symlink():
            shutil.copyfile(source, target)
    except OSError as error:
        raise CannotWrite(target, error) from error


def _sheet(one: HandedIn, record: Record, tools: Tools, store: Store, given: Mapping[str, Marked], keys: bool) -> Sheet:
    key = tools.key
    figures, more, again = _figures(one, record)
    results = {result.item: result for result in record.results}
    work = record.work or Work(())
    sheet = Sheet(key, one.learner, record.status, record.notes, results, given, keys=keys)
    if record.status == "failed":
        return replace(sheet, handed_in_again=again)
    tasks = [(graded.grade_id, graded.item) for graded in key.graded if isinstance(graded.item, Task)]
    marked = [(graded.grade_id, _marks(key, graded, work, one.learner)) for graded in key.graded]
    told = [(name, _report(task, results, record, tools, store, keys)) for name, task in tasks]
    return replace(
        sheet,
        marks={name: found for name, found in marked if found is not None},
        reports={name: found for name, found in told if found is not None},
        code={name: _code(task, tools, work) for name, task in tasks},
        pictures=figures,
        more_pictures=more,
        handed_in_again=again,
    )


def _marks(key: Key, graded: Graded, work: Work, learner: str) -> Marks | None:
    if graded.section is None:
        return None
    try:
        return marks(key.quiz, graded.section, work.attempts, learner=learner)
    except (CannotGrade, RecursionError):
        return None  # the results say why


def _figures(one: HandedIn, record: Record) -> tuple[tuple[Picture, ...], int, bool]:
    """Return the pictures of the notebook that was graded, how many more it has, and whether another lies there now."""
    try:
        notebook, _, content, _ = one.read()
        if content != record.content:
            return (), 0, not record.content.startswith("unreadable")
        raw, _ = read_work(notebook, None, chapter=one.chapter)
    except SubmissionUnreadable:
        return (), 0, record.status != "failed"
    found, more = pictures(raw)
    return tuple(found), more, False


def _report(
    task: Task, results: Mapping[str, Result], record: Record, tools: Tools, store: Store, keys: bool
) -> Report | None:
    """Return the table of a task's cases, from what its code gave when it was graded: the visible ones, or all."""
    definition = tools.definitions[task.id]
    result = results.get(task.full_id)
    job = (record.jobs or {}).get(task.full_id)
    run = store.run(job) if job else None
    if (
        run is None
        or result is None
        or not isinstance(definition, Definition)
        or len(run.runs) != len(definition.cases)
    ):
        return None
    runs = {case.id: ran for case, ran in zip(definition.cases, run.runs, strict=True)}
    verdicts = tuple(
        CaseVerdict(case["id"], case["group"], case["hidden"], case["passed"], case["message"]) for case in result.cases
    )
    if not {case.id for case in definition.cases} <= {verdict.id for verdict in verdicts}:
        return None
    if keys:
        definition = replace(definition, cases=tuple(replace(case, hidden=False) for case in definition.cases))
    score = TaskScore(task.full_id, result.points or 0.0, result.possible, result.message, verdicts)
    return report(definition, runs, score)


def _code(task: Task, tools: Tools, work: Work) -> tuple[str, ...]:
    """Return what the learner wrote for a task; nothing where it is the stub that was handed out."""
    own = [cell.text for cell in work.cells if cell.grade_id == task.id]
    others = [text for text in tools.defining(work, task) if text not in own]
    stub = tools.checksums.get(task.id, "").strip()
    return tuple(dict.fromkeys(text for text in (*own, *others) if text.strip() and text.strip() != stub))
