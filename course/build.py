"""Build notebooks from Markdown: `notebooks/src/NN_topic.md` → `notebooks/NN_topic.ipynb`, one way.

This is the only writer of `notebooks/*.ipynb`. The result is a function of the source (and, for the points of quiz
and check cells, of the quiz file), byte for byte: no outputs, cell ids that do not change from build to build,
solutions cut to stubs in the cell's own language, and nbgrader's metadata (schema version 3) on graded cells.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from course.chapters import Chapter, Course
from course.errors import CourseError, UnknownName
from course.files import write_whole
from course.source import Cell, Source, optional, read_source

__all__ = ["Difference", "build", "check_of", "differences", "notebook_bytes", "quiz_of", "released", "solved"]

BEGIN = re.compile(r"^(?P<indent>\s*)(?:#+|//+)\s*BEGIN SOLUTION\s*$")
END = re.compile(r"^\s*(?:#+|//+)\s*END SOLUTION\s*$")
QUIZ = re.compile(r"""^quiz\(\s*(["'])(?P<name>[^"']+)\1""")
CHECK = re.compile(r"""^check\(\s*(["'])(?P<name>[^"']+)\1""")
STUBS = {
    "python": 'raise NotImplementedError("write your code here")',
    "rust": 'todo!("write your code here")',
}


@dataclass(frozen=True)
class Difference:
    """How a committed notebook differs from its source: the file, the cell, and what is wrong."""

    notebook: Path
    cell: str
    what: str


def build(course: Course, chapters: list[Chapter]) -> list[Path]:
    """Write the notebooks of `chapters`; return those that changed. Nothing is written where one source is wrong."""
    contents = [(chapter.notebook, notebook_bytes(released(course, chapter))) for chapter in chapters]
    changed = []
    for path, content in contents:
        if not path.is_file() or path.read_bytes() != content:
            write_whole(path, content)
            changed.append(path)
    return changed


def differences(course: Course, chapters: list[Chapter]) -> list[Difference]:
    """Compare committed notebooks with what their sources give, cell by cell, writing nothing."""
    found: list[Difference] = []
    for chapter in chapters:
        wanted = released(course, chapter)
        if not chapter.notebook.is_file():
            found.append(Difference(chapter.notebook, "", "it is not built"))
            continue
        content = chapter.notebook.read_bytes()
        if content == notebook_bytes(wanted):
            continue
        try:
            there = json.loads(content)
        except ValueError:
            found.append(Difference(chapter.notebook, "", "it is not JSON"))
            continue
        found.extend(_cell_differences(chapter.notebook, there, wanted))
    sources = {chapter.notebook for chapter in course.chapters()}
    found += [
        Difference(path, "", "it has no source; delete it, or add its source")
        for path in sorted(course.notebooks.glob("*.ipynb"))
        if path not in sources
    ]
    return found


def _cell_differences(path: Path, there: Any, wanted: nbformat.NotebookNode) -> list[Difference]:
    old = {cell.get("id", ""): cell for cell in there.get("cells", [])}
    new = {cell["id"]: cell for cell in wanted.cells}
    found = [Difference(path, name, "its source has no such cell") for name in old if name not in new]
    for name, cell in new.items():
        if name not in old:
            found.append(Difference(path, name, "it lacks this cell"))
        elif old[name] != cell:
            fields = [f for f in sorted({*old[name], *cell}) if old[name].get(f) != cell.get(f)]
            found.append(Difference(path, name, f"its {' and '.join(fields)} differ"))
    if not found:
        what = "its cells are in another order" if list(old) != list(new) else "its metadata or formatting differs"
        found.append(Difference(path, "", what))
    return found


def notebook_bytes(notebook: nbformat.NotebookNode) -> bytes:
    """Return a notebook as the bytes we commit: sorted keys, one space of indent, a newline at the end."""
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")


def released(course: Course, chapter: Chapter) -> nbformat.NotebookNode:
    """Return the learner's copy of a chapter: solutions are stubs, graded cells are locked."""
    return _notebook(course, chapter, keep_solutions=False)


def solved(course: Course, chapter: Chapter) -> nbformat.NotebookNode:
    """Return a chapter with its solutions, and the same cell ids."""
    return _notebook(course, chapter, keep_solutions=True)


def _notebook(course: Course, chapter: Chapter, *, keep_solutions: bool) -> nbformat.NotebookNode:
    source = read_source(chapter.source)
    header = source.header
    notebook = nbformat.v4.new_notebook()
    notebook.nbformat_minor = 5
    notebook.metadata = {
        "course": {
            "title": header.title,
            "part": header.part,
            "minutes": header.minutes,
            "needs": list(header.needs),
            "built": f"from notebooks/src/{chapter.name}.md by `course dev build`; edit that file",
        },
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    ids: set[str] = set()
    for cell in source.cells:
        text = cell.text
        if "solution" in cell.attributes:
            text = _cut_solution(source, cell, keep=keep_solutions)
        elif any(BEGIN.match(line) for line in text.splitlines()):
            raise CourseError(
                "BEGIN SOLUTION in a cell that is no solution",
                place=source.at(cell),
                help='write ```python solution="name"',
            )
        if cell.kind == "markdown":
            text = re.sub(r"^(`{3,}\w+) \.noeval\s*$", r"\1", text, flags=re.MULTILINE)
        make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        built = make(text)
        built.metadata = _metadata(course, source, cell)
        built["id"] = _cell_id(cell, built.metadata, ids)
        notebook.cells.append(built)
    nbformat.validate(notebook)
    return notebook


def _cut_solution(source: Source, cell: Cell, *, keep: bool) -> str:
    """Return the cell's text with each solution region replaced by a stub, or with only its marks removed."""
    kept: list[str] = []
    inside = regions = 0
    for line in cell.text.splitlines():
        if begin := BEGIN.match(line):
            if inside:
                raise CourseError("BEGIN SOLUTION inside a solution", place=source.at(cell), help="end the first one")
            inside, regions = 1, regions + 1
            if not keep:
                kept.append(begin["indent"] + STUBS[cell.language])
        elif END.match(line):
            if not inside:
                raise CourseError("END SOLUTION without a BEGIN", place=source.at(cell), help="add # BEGIN SOLUTION")
            inside = 0
        elif keep or not inside:
            kept.append(line)
    if inside or not regions:
        comment = "//" if cell.language == "rust" else "#"
        missing = f"{comment} END SOLUTION" if inside else f"{comment} BEGIN SOLUTION"
        raise CourseError(
            f"the solution has no `{missing}`", place=source.at(cell), help="mark where it begins and ends"
        )
    return "\n".join(kept)


def quiz_of(cell_text: str) -> str | None:
    """Return the name a quiz cell shows ("03_ndarray/views"), or None for any other cell."""
    match = QUIZ.match(cell_text)
    return match["name"] if match else None


def check_of(cell_text: str) -> str | None:
    """Return the task a check cell checks ("03_ndarray/softmax-rows"), or None for any other cell."""
    match = CHECK.match(cell_text)
    return match["name"] if match else None


def _metadata(course: Course, source: Source, cell: Cell) -> dict[str, Any]:
    """Return the notebook metadata of a cell: tags, and nbgrader's record of what is graded here."""
    metadata: dict[str, Any] = {}
    if cell.kind == "markdown" and optional([(cell.kind, cell.text)])[0]:
        metadata["jp-MarkdownHeadingCollapsed"] = True  # folded in JupyterLab and Notebook 7 until it is asked for
    if tags := cell.attributes.get("tags"):
        metadata["tags"] = tags
    if name := cell.attributes.get("solution"):
        metadata["nbgrader"] = _graded(name, grade=False, locked=False, solution=True)
        metadata["deletable"] = False
    elif name := cell.attributes.get("tests"):
        metadata["nbgrader"] = _graded(f"{name}-tests", locked=True, points=cell.attributes["points"])
        metadata |= {"deletable": False, "editable": False}
    elif name := cell.attributes.get("essay"):
        metadata["nbgrader"] = _graded(name, locked=False, solution=True, points=cell.attributes["points"])
        metadata["deletable"] = False
    elif cell.kind == "code" and (quiz := quiz_of(cell.text)):
        section, points = _quiz_section(course, source, cell, quiz)
        metadata["nbgrader"] = _graded(f"quiz-{section}", locked=True, points=points)
        metadata |= {"deletable": False, "editable": False}
    elif cell.kind == "code" and (task := check_of(cell.text)):
        slug, points = _checked_task(course, source, cell, task)
        metadata["nbgrader"] = _graded(f"check-{slug}", locked=True, points=points)
        metadata |= {"deletable": False, "editable": False}
    return metadata


def _graded(
    name: str, *, grade: bool = True, locked: bool, solution: bool = False, points: float | None = None
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "locked": locked,
        "solution": solution,
        "task": False,
    }
    return record if points is None else record | {"points": points}


def _quiz_section(course: Course, source: Source, cell: Cell, name: str) -> tuple[str, float]:
    """Return the section a quiz cell shows and its points, which are those of the quiz file and of nothing else."""
    section = _named(source, cell, name, "quiz", "section")
    from course.quiz.parse import load

    shown = load(course.at(source.path.stem).quiz).section(section)
    points = sorted((question.points for question in shown.questions), reverse=True)
    return section, _whole(sum(points[: shown.pick]))


def _checked_task(course: Course, source: Source, cell: Cell, name: str) -> tuple[str, float]:
    """Return the task a check cell checks and its points: those of the quiz file, too."""
    slug = _named(source, cell, name, "check", "task")
    from course.quiz.model import Task
    from course.quiz.parse import load

    quiz = load(course.at(source.path.stem).quiz)
    tasks = {item.id: item for item in quiz.items if isinstance(item, Task)}
    if slug not in tasks:
        raise UnknownName("task", slug, tasks, place=source.at(cell))
    language = next((c.language for c in source.cells if c.attributes.get("solution") == slug), None)
    if language is None:
        known = [str(c.attributes["solution"]) for c in source.cells if "solution" in c.attributes]
        raise UnknownName("solution cell", slug, known, place=source.at(cell))
    if language != tasks[slug].language:
        raise CourseError(
            f"the solution {slug!r} is written in {language}, the quiz file says {tasks[slug].language}",
            place=source.at(cell),
            help=f"mend the fence, or write {{#{slug} language={language}}}",
        )
    return slug, _whole(tasks[slug].points)


def _named(source: Source, cell: Cell, name: str, what: str, part: str) -> str:
    """Return the part after the chapter's name in `quiz("03_ndarray/views")`, alone in its cell."""
    if len([line for line in cell.text.splitlines() if line.strip()]) != 1:
        message = f"a {what} cell holds its {what}(…) line alone"
        raise CourseError(message, place=source.at(cell), help="split the cell")
    file, _, own = name.partition("/")
    if file != source.path.stem or not own:
        raise CourseError(
            f"{what}({name!r}) is not a {part} of this chapter's quiz",
            place=source.at(cell),
            help=f'write {what}("{source.path.stem}/{part}")',
        )
    return own


def _whole(points: float) -> float:
    return int(points) if points == int(points) else points


def _cell_id(cell: Cell, metadata: dict[str, Any], taken: set[str]) -> str:
    """Return an id that is the same in every build: the cell's name, else a hash of what it says."""
    record = metadata.get("nbgrader")
    if record:
        wanted = str(record["grade_id"])
    elif name := cell.attributes.get("id"):
        wanted = str(name)
    else:
        wanted = hashlib.sha256(f"{cell.kind}\n{cell.text}".encode()).hexdigest()[:12]
    unique, copy = wanted[:64], 2
    while unique in taken:
        unique, copy = f"{wanted[:60]}-{copy}", copy + 1
    taken.add(unique)
    return unique
