"""Write scores into nbgrader's gradebook: one recorder, one transaction per batch, in SQLite or PostgreSQL.

The tables are nbgrader's own, made by nbgrader and described in its `api.py`; they are read from the database itself
and written through SQLAlchemy's Core, because a thousand submissions through nbgrader's own calls (a transaction per
field, a connection per cell, and several seconds of imports) take longer than grading them. Tests read every field
back through nbgrader.

What a person has given stays: a manual score, extra credit, a manual comment, a flag, a penalty for lateness.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection

from course.errors import CannotWrite, GradebookTrouble

__all__ = ["Entry", "Gradebook", "Marked"]

PATIENCE = 120.0  # seconds to wait for a gradebook that somebody else holds
_TABLES = (
    "assignment notebook base_cell grade_cells solution_cells task_cells student submitted_assignment "
    "submitted_notebook grade comment alembic_version"
).split()


@dataclass(frozen=True)
class Entry:
    """One graded submission as the gradebook takes it.

    points: grade id → what was earned, None where a person marks it. comments: grade id of an answer's cell → what to
    tell. changed: grade ids whose work is another than before: a score that a person gave is to be looked at again.
    submitted: when it was handed in (UTC), where that is known.
    """

    learner: str
    points: Mapping[str, float | None]
    comments: Mapping[str, str] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    submitted: datetime | None = None


@dataclass(frozen=True)
class Marked:
    """What the gradebook has of one cell: the grader's points, and what a person gave or wrote."""

    auto: float | None = None
    manual: float | None = None
    extra: float = 0.0
    comment: str = ""

    @property
    def points(self) -> float | None:
        """What counts: a person's points before the grader's, with what was given on top."""
        own = self.auto if self.manual is None else self.manual
        return None if own is None else own + self.extra


@dataclass(frozen=True)
class _Chapter:
    """What the gradebook knows of a chapter: ids, and which cells have grades and comments."""

    assignment: str
    notebook: str
    grades: Mapping[str, str]  # grade id → cell's id
    comments: Mapping[str, str]
    all_notebooks: Sequence[str]


class Gradebook:
    """The gradebook of a class, open to be written by this process."""

    def __init__(self, url: str, *, tell: Callable[[str], None] = lambda _: None) -> None:
        self.url, self.tell, self.patience = url, tell, PATIENCE
        try:
            self.engine = sql.create_engine(url, connect_args={"timeout": 2} if url.startswith("sqlite") else {})
        except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError) as error:
            raise GradebookTrouble(
                f"the gradebook's address cannot be used: {error}",
                place=_shown(url),
                help="mend CourseDirectory.db_url in nbgrader_config.py (PostgreSQL needs: pip install psycopg)",
            ) from None
        if url.startswith("sqlite"):
            path = url.removeprefix("sqlite:///").partition("?")[0]
            if not Path(path).is_file():
                raise GradebookTrouble("there is no gradebook", place=path, help="course release makes it")
            event.listen(self.engine, "connect", _no_implicit_begin)
            event.listen(self.engine, "begin", _begin_to_write)
        self._chapters: dict[str, _Chapter] = {}
        with self._transaction("read") as connection:
            meta = sql.MetaData()
            there = set(sql.inspect(connection).get_table_names())
            if missing := [name for name in _TABLES if name not in there]:
                raise GradebookTrouble(
                    f"this is no gradebook of nbgrader: it has no table {missing[0]}", place=_shown(url), help=""
                )
            meta.reflect(connection, only=_TABLES)
            self.tables: dict[str, sql.Table] = {name: meta.tables[name] for name in _TABLES}

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- writing ----

    def record(self, chapter: str, entries: Sequence[Entry]) -> None:
        """Write a batch: all of it, or nothing. Raises `GradebookTrouble` or `CannotWrite` when it cannot."""
        if not entries:
            return
        with self._transaction("write") as connection:
            known = self._chapter(connection, chapter)
            self._students(connection, [entry.learner for entry in entries])
            notebooks = self._submissions(connection, known, entries)
            self._grades(connection, known, entries, notebooks)
            self._comments(connection, known, entries, notebooks)

    def _chapter(self, connection: Connection, chapter: str) -> _Chapter:
        if chapter not in self._chapters:
            t = self.tables
            query = (
                sql.select(t["assignment"].c.id, t["notebook"].c.id, t["notebook"].c.name)
                .join(t["notebook"], t["notebook"].c.assignment_id == t["assignment"].c.id)
                .where(t["assignment"].c.name == chapter)
            )
            rows = connection.execute(query).all()
            own = next((row for row in rows if row[2] == chapter), None)
            if own is None:
                raise GradebookTrouble(
                    f"the gradebook has no chapter {chapter}",
                    place=_shown(self.url),
                    help="course release puts it there",
                )
            base = t["base_cell"]
            cells = connection.execute(
                sql.select(base.c.name, base.c.id, base.c.type).where(base.c.notebook_id == own[1])
            ).all()
            grades = {name: id for name, id, kind in cells if kind in ("GradeCell", "TaskCell")}
            comments = {name: id for name, id, kind in cells if kind in ("SolutionCell", "TaskCell")}
            self._chapters[chapter] = _Chapter(own[0], own[1], grades, comments, [row[1] for row in rows])
        return self._chapters[chapter]

    def _students(self, connection: Connection, learners: list[str]) -> None:
        table = self.tables["student"]
        known = set(connection.scalars(sql.select(table.c.id).where(table.c.id.in_(learners))))
        if new := [{"id": name} for name in dict.fromkeys(learners) if name not in known]:
            connection.execute(sql.insert(table), new)

    def _submissions(self, connection: Connection, known: _Chapter, entries: Sequence[Entry]) -> dict[str, str]:
        """Make sure that each learner has a submission; return learner → id of the submitted notebook."""
        assignments, notebooks = self.tables["submitted_assignment"], self.tables["submitted_notebook"]
        learners = [entry.learner for entry in entries]
        query = sql.select(assignments.c.student_id, assignments.c.id).where(
            assignments.c.assignment_id == known.assignment, assignments.c.student_id.in_(learners)
        )
        there: dict[str, str] = {row[0]: row[1] for row in connection.execute(query)}
        new = []
        for entry in entries:
            if entry.learner not in there:
                there[entry.learner] = _new_id()
                new.append(
                    {
                        "id": there[entry.learner],
                        "assignment_id": known.assignment,
                        "student_id": entry.learner,
                        "timestamp": entry.submitted,
                    }
                )
            elif entry.submitted is not None:
                connection.execute(
                    sql.update(assignments)
                    .where(assignments.c.id == there[entry.learner])
                    .values(timestamp=entry.submitted)
                )
        if new:
            connection.execute(sql.insert(assignments), new)
        query = sql.select(notebooks.c.assignment_id, notebooks.c.notebook_id, notebooks.c.id).where(
            notebooks.c.assignment_id.in_(list(there.values()))
        )
        has: dict[tuple[str, str], str] = {(row[0], row[1]): row[2] for row in connection.execute(query)}
        rows = []
        for submission in there.values():
            for notebook in known.all_notebooks:
                if (submission, notebook) not in has:
                    has[submission, notebook] = _new_id()
                    rows.append(
                        {
                            "id": has[submission, notebook],
                            "assignment_id": submission,
                            "notebook_id": notebook,
                            "flagged": False,
                        }
                    )
        if rows:
            connection.execute(sql.insert(notebooks), rows)
        return {learner: has[submission, known.notebook] for learner, submission in there.items()}

    def _grades(
        self, connection: Connection, known: _Chapter, entries: Sequence[Entry], notebooks: Mapping[str, str]
    ) -> None:
        table = self.tables["grade"]
        query = sql.select(
            table.c.notebook_id,
            table.c.cell_id,
            table.c.id,
            table.c.auto_score,
            table.c.manual_score,
            table.c.needs_manual_grade,
        ).where(table.c.notebook_id.in_(list(notebooks.values())))
        there = {(row[0], row[1]): row for row in connection.execute(query)}
        new, changed = [], []
        for entry in entries:
            notebook = notebooks[entry.learner]
            for name, cell in known.grades.items():
                points = entry.points.get(name)
                row = there.get((notebook, cell))
                if row is None:
                    new.append(
                        {
                            "id": _new_id(),
                            "notebook_id": notebook,
                            "cell_id": cell,
                            "auto_score": points,
                            "needs_manual_grade": points is None,
                        }
                    )
                    continue
                *_, auto, manual, needs = row
                if manual is None:
                    wanted = points is None
                else:
                    # A person has spoken; they are asked again only where what they looked at is another now.
                    wanted = bool(needs) or name in entry.changed or (auto is not None and auto != points)
                if (auto, bool(needs)) != (points, wanted):
                    changed.append({"which": row[2], "auto_score": points, "needs_manual_grade": wanted})
        if new:
            connection.execute(sql.insert(table), new)
        if changed:
            connection.execute(sql.update(table).where(table.c.id == sql.bindparam("which")), changed)

    def _comments(
        self, connection: Connection, known: _Chapter, entries: Sequence[Entry], notebooks: Mapping[str, str]
    ) -> None:
        table = self.tables["comment"]
        query = sql.select(table.c.notebook_id, table.c.cell_id, table.c.id, table.c.auto_comment).where(
            table.c.notebook_id.in_(list(notebooks.values()))
        )
        there = {(row[0], row[1]): row for row in connection.execute(query)}
        new, changed = [], []
        for entry in entries:
            notebook = notebooks[entry.learner]
            for name, cell in known.comments.items():
                said = entry.comments.get(name)
                row = there.get((notebook, cell))
                if row is None:
                    new.append({"id": _new_id(), "notebook_id": notebook, "cell_id": cell, "auto_comment": said})
                elif row[3] != said:
                    changed.append({"which": row[2], "auto_comment": said})
        if new:
            connection.execute(sql.insert(table), new)
        if changed:
            connection.execute(sql.update(table).where(table.c.id == sql.bindparam("which")), changed)

    # ---- reading ----

    def scores(self, chapter: str) -> Iterator[tuple[str, str, float | None, float | None]]:
        """Yield (learner, grade id, automatic score, manual score) of a chapter, sorted."""
        with self._transaction("read") as connection:
            known = self._chapter(connection, chapter)
            t = self.tables
            names = {cell: name for name, cell in known.grades.items()}
            query = (
                sql.select(
                    t["submitted_assignment"].c.student_id,
                    t["grade"].c.cell_id,
                    t["grade"].c.auto_score,
                    t["grade"].c.manual_score,
                )
                .join(t["submitted_notebook"], t["submitted_notebook"].c.id == t["grade"].c.notebook_id)
                .join(
                    t["submitted_assignment"], t["submitted_assignment"].c.id == t["submitted_notebook"].c.assignment_id
                )
                .where(t["submitted_notebook"].c.notebook_id == known.notebook)
            )
            rows = sorted(
                (learner, names[cell], auto, manual)
                for learner, cell, auto, manual in connection.execute(query)
                if cell in names
            )
        yield from rows

    def marked(self, chapter: str) -> dict[str, dict[str, Marked]]:
        """Return what is known of each learner's cells in a chapter: learner → grade id → points and comment.

        Under `""` stands what nbgrader takes off for being late, as a negative `manual`.
        """
        t = self.tables
        found: dict[str, dict[str, Marked]] = {}
        with self._transaction("read") as connection:
            known = self._chapter(connection, chapter)
            names = {cell: name for name, cell in (*known.grades.items(), *known.comments.items())}
            for table in (t["grade"], t["comment"]):
                query = (
                    sql.select(t["submitted_assignment"].c.student_id, table)
                    .join(t["submitted_notebook"], t["submitted_notebook"].c.id == table.c.notebook_id)
                    .join(
                        t["submitted_assignment"],
                        t["submitted_assignment"].c.id == t["submitted_notebook"].c.assignment_id,
                    )
                    .where(t["submitted_notebook"].c.notebook_id == known.notebook)
                )
                for row in connection.execute(query).mappings():
                    if (name := names.get(row["cell_id"])) is None:
                        continue
                    cells = found.setdefault(row["student_id"], {})
                    one = cells.get(name, Marked())
                    if table is t["grade"]:
                        one = replace(
                            one, auto=row["auto_score"], manual=row["manual_score"], extra=row["extra_credit"] or 0.0
                        )
                    else:
                        one = replace(one, comment=row["manual_comment"] or "")
                    cells[name] = one
            late = (
                sql.select(t["submitted_assignment"].c.student_id, t["submitted_notebook"].c.late_submission_penalty)
                .join(
                    t["submitted_notebook"], t["submitted_notebook"].c.assignment_id == t["submitted_assignment"].c.id
                )
                .where(t["submitted_notebook"].c.notebook_id == known.notebook)
            )
            for learner, penalty in connection.execute(late):
                if penalty:
                    found.setdefault(learner, {})[""] = Marked(manual=-float(penalty))
        return found

    # ---- transactions ----

    @contextlib.contextmanager
    def _transaction(self, what: str) -> Iterator[Connection]:
        """Open a transaction, waiting where somebody else holds the gradebook; commit it, or leave nothing of it."""
        connection = self._open()
        try:
            with contextlib.closing(connection):
                yield connection
                connection.commit()
        except exc.OperationalError as error:
            said = str(error.orig)
            if "full" in said or "No space" in said:
                place = Path(self.url.removeprefix("sqlite:///"))
                raise CannotWrite(place, OSError(28, "no space left")) from error
            if "readonly" in said:
                place = Path(self.url.removeprefix("sqlite:///"))
                raise CannotWrite(place, OSError(13, "permission denied")) from error
            raise GradebookTrouble(
                f"the gradebook could not be {what}: {said.strip()}", place=_shown(self.url)
            ) from error
        except exc.DBAPIError as error:
            help = "nbgrader db upgrade, where nbgrader itself is newer than the gradebook"
            said = str(error.orig).strip()
            raise GradebookTrouble(f"the gradebook refuses: {said}", place=_shown(self.url), help=help) from error

    def _open(self) -> Connection:
        started = time.monotonic()
        told = False
        while True:
            connection: Connection | None = None
            try:
                connection = self.engine.connect()
                connection.begin()
            except exc.OperationalError as error:
                if connection is not None:
                    connection.close()
                said = str(error.orig).strip()
                if "locked" not in said and "busy" not in said:
                    raise GradebookTrouble(
                        f"the gradebook cannot be opened: {said}",
                        place=_shown(self.url),
                        help="check CourseDirectory.db_url in nbgrader_config.py, and that its server runs",
                    ) from error
                if time.monotonic() - started > self.patience:
                    raise GradebookTrouble(
                        f"the gradebook has been locked for {self.patience:.0f} seconds by another program",
                        place=_shown(self.url),
                        help="close formgrader and other nbgrader commands, then course grade again: it goes on",
                    ) from error
                if not told:
                    self.tell("the gradebook is locked by another program; waiting for it")
                    told = True
                time.sleep(0.1)
            else:
                return connection


def _no_implicit_begin(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # pysqlite would begin when it likes; we say when


def _begin_to_write(connection: Connection) -> None:
    connection.exec_driver_sql("pragma busy_timeout = 1000")  # longer waits are ours: we say that we wait
    connection.exec_driver_sql("begin immediate")  # wait for the lock here, and never half-way


def _new_id() -> str:
    return uuid.uuid4().hex


def _shown(url: str) -> str:
    """Return an address without the password in it."""
    with contextlib.suppress(exc.ArgumentError):
        return sql.make_url(url).render_as_string(hide_password=True)
    return "CourseDirectory.db_url"
