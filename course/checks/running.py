"""The rules that run a chapter: solved, it runs clean; as a learner gets it, it fails only where they must write."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat

from course.build import check_of, released, solved
from course.chapters import Chapter, Course
from course.checks import RUNNING, Page, rule
from course.errors import CourseError

__all__ = ["execute", "failures", "points_of"]

SECONDS_PER_CELL = 300


def execute(notebook: nbformat.NotebookNode, course: Course, chapter: Chapter) -> nbformat.NotebookNode:
    """Run every cell of a notebook in a new kernel, in an empty folder, going on after errors; return it with outputs.

    The folder and its answers are thrown away. The kernel's course is `course`.
    """
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory(prefix="course-check-") as folder:
        path = Path(folder) / f"{chapter.name}.ipynb"
        nbformat.write(notebook, path)
        client = NotebookClient(
            notebook,
            timeout=SECONDS_PER_CELL,
            kernel_name="python3",
            allow_errors=True,
            extra_arguments=["--log-level=ERROR"],  # it warns at every start that its socket is not encrypted
            resources={"metadata": {"path": folder}},
        )
        own = {"COURSE_ROOT": str(course.root), "COURSE_BANK": str(course.quizzes)}
        client.execute(env=os.environ | own)
    return notebook


def failures(notebook: nbformat.NotebookNode) -> list[tuple[nbformat.NotebookNode, str, str]]:
    """Return the cells that raised: the cell, the error's name, and its message."""
    return [
        (cell, output.ename, output.evalue)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]


@rule("solved-copy-runs", into=RUNNING)
def _(page: Page) -> Iterator[tuple[str, str, str]]:
    """With its solutions, the chapter runs from top to bottom without an error, and every check gives all points."""
    yield from _run(page, solutions=True)


@rule("learners-copy-fails-only-in-stubs", into=RUNNING)
def _(page: Page) -> Iterator[tuple[str, str, str]]:
    """Without its solutions, cells fail only with `NotImplementedError` or `todo!()`, and no check gives points."""
    yield from _run(page, solutions=False)


def _run(page: Page, *, solutions: bool) -> Iterator[tuple[str, str, str]]:
    try:
        notebook = (solved if solutions else released)(page.course, page.chapter)
    except CourseError:
        return  # the rule `built` says why
    # A built notebook has the cells of its source in the same order.
    lines = {cell["id"]: written.line for cell, written in zip(notebook.cells, page.source.cells, strict=True)}
    failed = failures(execute(notebook, page.course, page.chapter))
    for cell, name, message in failed:
        if not solutions and is_stub(name, message):
            continue
        said = message.strip().splitlines()
        yield (
            page.at(lines[cell["id"]]),
            f"the cell raises {name}: {said[0] if said else ''}",
            "open the solved copy and run it" if solutions else "let it fail only in the stub, or guard it",
        )
    yield from _checks(page, notebook, lines, solutions=solutions)
    if solutions:
        return
    failing = {cell["id"] for cell, _, _ in failed}
    for cell in notebook.cells:
        record = cell.metadata.get("nbgrader", {})
        if record.get("grade") and cell["id"].endswith("-tests") and cell["id"] not in failing:
            yield (
                page.at(lines[cell["id"]]),
                f"the tests {cell['id']!r} pass on the unsolved stub",
                "assert something that only a solution fulfils",
            )


def _checks(
    page: Page, notebook: nbformat.NotebookNode, lines: dict[str, int], *, solutions: bool
) -> Iterator[tuple[str, str, str]]:
    """Look at what the check cells returned: all points with the solutions, none without."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or check_of(cell.source) is None:
            continue
        possible = float(cell.metadata["nbgrader"]["points"])
        points = points_of(cell)
        if solutions and points != possible:
            said = next((o.data["text/plain"] for o in cell.outputs if o.output_type == "display_data"), "nothing")
            yield (
                page.at(lines[cell["id"]]),
                f"the solution earns {points:g} of {possible:g} points: {said.splitlines()[0]}",
                "mend the solution, or the cases in the quiz file",
            )
        elif not solutions and points:
            yield page.at(lines[cell["id"]]), f"the unsolved stub earns {points:g} points", "let a case fail on it"


def points_of(cell: nbformat.NotebookNode) -> float:
    """Return the points that a cell's outputs show, as nbgrader reads them: the value of its last line."""
    for output in cell.outputs:
        if output.output_type == "execute_result":
            with contextlib.suppress(ValueError):
                return float(output.data["text/plain"])
    return 0.0


def is_stub(name: str, message: str) -> bool:
    """Say whether an error is that of a stub the learner has yet to fill."""
    return name == "NotImplementedError" or (name == "RustPanic" and "not yet implemented" in message)
