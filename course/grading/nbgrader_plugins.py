"""What a class's nbgrader runs of ours: preprocessors, named in `course.grading.nbgrader_settings`.

`nbgrader autograde` reads a submission twice: once to sanitize it, once to grade it. `MendCells` makes the first pass
safe against what learners do to graded cells. In the second, `WritePoints` writes the points of quizzes and tasks into
the cells that earn them, as outputs that nbgrader reads: from the submission as it was handed in, by the same engine as
`course grade`, after (or in place of) any kernel. Nothing a learner's code does can reach them.

Assignments of the same nbgrader course that `course release` did not make are mended too, then executed and scored as
nbgrader always does.
"""

from __future__ import annotations

import functools
import sqlite3
from pathlib import Path
from typing import Any

import nbformat
import sqlalchemy
import traitlets
from nbgrader import preprocessors, utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import NbGraderPreprocessor

from course.errors import CourseError, SubmissionUnreadable
from course.grading.classfolder import ClassFolder, Key
from course.grading.engine import Options, grade_notebook
from course.grading.reading import Work, read_work
from course.grading.shown import outputs, quiz_shown
from course.quiz.answers import METADATA, MIME
from course.quiz.marking import marks

__all__ = ["ClearSolutions", "Execute", "HideTests", "MendCells", "ShowAnswers", "WritePoints"]

PATIENCE = 60_000  # milliseconds that SQLite waits for a lock; nbgrader gives up a whole batch after five seconds


@sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
def _wait_for_locks(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")


@functools.lru_cache(maxsize=8)
def _key(root: Path, chapter: str, _stamp: tuple[float, ...]) -> Key:
    return ClassFolder.open(root).key(chapter)


class _OfAClass(NbGraderPreprocessor):  # type: ignore[misc]
    """A preprocessor that knows the class it works in."""

    def root(self) -> Path:
        """Return the folder of the class."""
        return Path(self.config.CourseDirectory.get("root") or Path.cwd())

    def key(self, resources: Any) -> Key | None:
        """Return what the assignment is graded by; None for one that `course release` did not make."""
        root, chapter = self.root(), str(resources["nbgrader"]["assignment"])
        bank = root / ".course" / "banks" / f"{chapter}.json"
        handed_out = root / "release" / chapter / f"{chapter}.ipynb"
        if resources["nbgrader"]["notebook"] != chapter or not bank.is_file():
            return None
        return _key(root, chapter, (bank.stat().st_mtime, handed_out.stat().st_mtime))

    def handed_in(self, resources: Any) -> Path:
        """Return the notebook as the learner handed it in."""
        names, folders = resources["nbgrader"], self.config.CourseDirectory
        structure = folders.get("directory_structure") or "{nbgrader_step}/{student_id}/{assignment_id}"
        where = structure.format(
            nbgrader_step=folders.get("submitted_directory") or "submitted",
            student_id=names["student"],
            assignment_id=names["assignment"],
        )
        return self.root() / where / f"{names['notebook']}.ipynb"

    def work(self, resources: Any, key: Key) -> Work:
        """Return the learner's work. Raises `SubmissionUnreadable`."""
        path = self.handed_in(resources)
        beside = path.with_name(f"{key.chapter}.answers.jsonl")
        try:
            content = path.read_bytes()
            log = beside.read_bytes() if beside.is_file() else None
        except OSError as error:
            raise SubmissionUnreadable(f"it cannot be read: {error.strerror}", place=str(path)) from None
        return read_work(content, log, chapter=key.chapter)[1]


class ClearSolutions(preprocessors.ClearSolutions):  # type: ignore[misc]
    """nbgrader's, but for notebooks that the course has built: there solutions are stubs already.

    nbgrader's own would write a Python stub over a Rust cell, and "YOUR ANSWER HERE" over an essay's question.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        if nb.metadata.get("course", {}).get("built"):
            return nb, resources
        return super().preprocess(nb, resources)


class MendCells(_OfAClass):
    """Give graded cells back what the gradebook says of them, whatever the submission says.

    A copy of a cell (pasted, or the other half of a split) is an ordinary cell. A cell whose type was changed is of its
    own type again. A graded cell that is gone comes back, as it was handed out. A grade id that nobody handed out is
    dropped. Answers that are only in a cell's outputs, which nbgrader is about to clear, move to its metadata.
    """

    def preprocess(self, nb: Any, resources: Any) -> Any:
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            try:
                notebook = gradebook.find_notebook(names["notebook"], names["assignment"])
            except MissingEntry:
                return nb, resources
            sources = {cell.name: cell for cell in notebook.source_cells}
            points = {cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)}
            roles: dict[str, set[str]] = {
                "grade": {cell.name for cell in notebook.grade_cells},
                "solution": {cell.name for cell in notebook.solution_cells},
                "task": {cell.name for cell in notebook.task_cells},
            }
            for cell in nb.cells:
                _keep_answers(cell)
            chosen = self._choose(nb.cells, sources)
            for number, cell in enumerate(nb.cells):
                cell.metadata.pop("nbgrader", None)
                if name := chosen.get(number):
                    nb.cells[number] = _as_released(cell, sources[name], points.get(name), roles)
            key = self.key(resources)
            order = list(key.cells) if key else list(sources)
            for name in self._missing(nb.cells, sources, roles):
                self.log.warning("Cell %r of %s was missing: it is there again", name, names["student"])
                make = nbformat.v4.new_code_cell if sources[name].cell_type == "code" else nbformat.v4.new_markdown_cell
                cell = make(sources[name].source)
                if nb.nbformat_minor < 5:
                    del cell["id"]
                else:
                    cell["id"] = f"{name[:55]}-again"
                nb.cells.insert(
                    _place(nb.cells, name, order), _as_released(cell, sources[name], points.get(name), roles)
                )
        return nb, resources

    @staticmethod
    def _choose(cells: Any, sources: Any) -> dict[int, str]:
        """Return which cell stands for which grade id: of several, the first that was changed, else the first."""
        found: dict[str, list[int]] = {}
        for number, cell in enumerate(cells):
            record = cell.metadata.get("nbgrader")
            name = record.get("grade_id") if isinstance(record, dict) else None
            if isinstance(name, str) and name in sources:
                found.setdefault(name, []).append(number)
        chosen = {}
        for name, numbers in found.items():
            worked = [n for n in numbers if cells[n].source.strip() not in ("", sources[name].source.strip())]
            chosen[(worked if worked and not sources[name].locked else numbers)[0]] = name
        return chosen

    @staticmethod
    def _missing(cells: Any, sources: Any, roles: dict[str, set[str]]) -> list[str]:
        there = {_grade_id(cell) for cell in cells}
        return [name for name in sources if name not in there and name in roles["grade"] | roles["task"]]


def _grade_id(cell: Any) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _place(cells: Any, name: str, order: list[str]) -> int:
    """Return where a cell goes that was deleted: behind the one it followed, as far as that is still there."""
    before = set(order[: order.index(name)]) if name in order else set()
    return max((number for number, cell in enumerate(cells, start=1) if _grade_id(cell) in before), default=len(cells))


def _keep_answers(cell: Any) -> None:
    """Move attempts that a cell's outputs carry (`answer(…)` writes them there) into its metadata."""
    carried: list[Any] = []
    for output in cell.get("outputs", ()) if cell.cell_type == "code" else ():
        block = output.get("data", {}).get(MIME) if isinstance(output.get("data"), dict) else None
        if isinstance(block, dict) and isinstance(block.get("attempts"), list):
            carried.extend(block["attempts"])
    if carried:
        block = cell.metadata.get(METADATA)
        old = block if isinstance(block, dict) else {"schema": 1}
        before: Any = old.get("attempts")
        cell.metadata[METADATA] = {**old, "attempts": [*(before if isinstance(before, list) else []), *carried]}


def _as_released(cell: Any, source: Any, points: float | None, roles: dict[str, set[str]]) -> Any:
    """Return the cell with the type and the nbgrader metadata that the gradebook has for it; a locked one whole."""
    if cell.cell_type != source.cell_type:
        make = nbformat.v4.new_code_cell if source.cell_type == "code" else nbformat.v4.new_markdown_cell
        fresh = make(cell.source, metadata=cell.metadata)
        if "id" in cell:
            fresh["id"] = cell["id"]
        else:
            fresh.pop("id", None)
        cell = fresh
    record: dict[str, Any] = {role: source.name in names for role, names in roles.items()}
    record |= {"schema_version": 3, "grade_id": source.name, "locked": bool(source.locked), "cell_type": cell.cell_type}
    if points is not None:
        record["points"] = points
    if source.checksum:
        record["checksum"] = source.checksum
    if source.locked:
        cell.source = source.source
    cell.metadata["nbgrader"] = nbformat.from_dict(record)
    return cell


class Execute(_OfAClass, preprocessors.Execute):  # type: ignore[misc]
    """nbgrader's, where a kernel is needed: for assignments of others, and for chapters with plain test cells.

    A chapter of quizzes, tasks and essays is graded without: a learner's code runs in the sandbox of the grading
    engine, and only there.
    """

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> Any:
        key = self.key(resources)
        if key is not None and not any(graded.kind == "tests" for graded in key.graded):
            return nb, resources
        return super().preprocess(nb, resources, km)


class WritePoints(_OfAClass):
    """Write into each graded cell what it earned; see the module."""

    sandbox = traitlets.Bool(True, help="False: run learners' code with nothing round it, where no sandbox is").tag(
        config=True
    )

    def preprocess(self, nb: Any, resources: Any) -> Any:
        key = self.key(resources)
        if key is None:
            return nb, resources
        learner = str(resources["nbgrader"]["student"])
        options = Options(workers=1, sandbox=self.sandbox)
        folder = ClassFolder.open(self.root())
        graded = grade_notebook(
            self.handed_in(resources), folder, chapter=key.chapter, learner=learner, options=options
        )
        for note in graded.score.notes:
            self.log.warning("%s: %s", learner, note)
        cells = {_grade_id(cell): cell for cell in nb.cells if utils.is_grade(cell)}
        for name, shown in graded.shown.items():
            if name not in cells:
                help = "course release again: release/ and the gradebook are not of one release"
                raise CourseError(f"the gradebook has no cell {name}", place=key.chapter, help=help)
            cells[name].outputs = [nbformat.from_dict(output) for output in shown]
        return nb, resources


class ShowAnswers(_OfAClass):
    """In feedback, add the answers and explanations of questions. Off until the instructor turns it on."""

    enabled = traitlets.Bool(False, help="Whether feedback shows answers and explanations").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> Any:
        key = self.key(resources)
        if key is None:
            return nb, resources
        learner = str(resources["nbgrader"]["student"])
        work = self.work(resources, key)
        sections = {graded.grade_id: graded.section for graded in key.graded if graded.section is not None}
        for cell in nb.cells:
            section = sections.get(_grade_id(cell))
            if section is not None and utils.is_grade(cell):
                found = marks(key.quiz, section, work.attempts, learner=learner)
                shown = quiz_shown(section, found, learner=learner, seed=key.quiz.seed, reveal=True)
                points = cell.metadata.nbgrader.get("score") or 0.0
                cell.outputs = [nbformat.from_dict(output) for output in outputs(points, shown)]
        return nb, resources


class HideTests(preprocessors.ClearHiddenTests):  # type: ignore[misc]
    """In feedback, take out hidden tests, and the tracebacks that would show them."""

    enforce_metadata = traitlets.Bool(False, help="Whether hidden tests may stand in graded cells only").tag(
        config=True
    )

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> Any:
        hidden = self.begin_test_delimeter in cell.source
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        for output in cell.outputs if hidden and cell.cell_type == "code" else ():
            if output.output_type == "error":
                # The words of a visible assertion stay; those of a hidden one may tell what is hidden.
                shown = output.evalue and output.evalue in cell.source
                output.evalue = output.evalue if shown else "a test of this cell failed"
                output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources
