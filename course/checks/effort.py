"""The rules about what a chapter asks of a learner: how many minutes, how long a cell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from course.build import quiz_of
from course.chapters import Chapter, Course
from course.checks import READING, Page, rule
from course.checks.reading import UNWRITTEN
from course.errors import CourseError
from course.source import Cell, optional, read_source

__all__ = ["asked_for", "both", "lines_to_read", "minutes_of"]

Broken = Iterator[tuple[str, str, str]]

LONGEST_CODE = 5  # lines that a learner has to read, see `lines_to_read`
LONGEST_WHOLE = 15  # where a reason is given: longer code is a function that belongs in the package
LONGEST_SOLUTION = 30
LONGEST_PROSE = 160  # words in one cell, between two code cells

WORDS_A_MINUTE = 200
PYTHON_CELL = 0.5  # minutes to predict, run and look
RUST_CELL = 1.0
QUESTION = 1.0
TASK = 8.0
SMALL_TASK = 4.0  # to change a line or two of a program that is there, which is what tasks of one point are


def minutes_of(page: Page, cells: Collection[Cell]) -> float:
    """Estimate the minutes that some cells of a chapter take a learner who is new to Rust.

    The prices are what readers new to Rust needed for a whole chapter, divided among its parts: eight to nine minutes
    for a task with its failed tries, a minute for a question or a Rust cell with its prediction.
    """
    words = sum(len(cell.text.split()) for cell in cells if cell.kind == "markdown")
    small, questions = _small_tasks_and_questions(page)

    def price(cell: Cell) -> float:
        if task := cell.attributes.get("solution") or cell.attributes.get("essay"):
            return SMALL_TASK if task in small else TASK
        if cell.kind != "code" or cell.text.startswith("check("):
            return 0  # prose is read, and trying a task is part of it
        if section := quiz_of(cell.text):
            return QUESTION * questions.get(section, 1)
        return RUST_CELL if cell.text.startswith("%%rust") else PYTHON_CELL

    return words / WORDS_A_MINUTE + sum(price(cell) for cell in cells)


def _small_tasks_and_questions(page: Page) -> tuple[frozenset[str], dict[str, int]]:
    """Return the tasks of one point, and how many questions each section of the chapter's quiz has."""
    from course.quiz.model import Task
    from course.quiz.parse import load

    try:
        quiz = load(page.chapter.quiz)
    except (CourseError, OSError):
        return frozenset(), {}  # the rule `quiz` says why
    small = frozenset(item.id for item in quiz.items if isinstance(item, Task) and item.points <= 1)
    return small, {f"{page.chapter.name}/{one.id}": len(one.questions) for one in quiz.sections}


def asked_for(page: Page) -> list[Cell]:
    """Return the cells without what is optional."""
    cells = page.source.cells
    without = optional((cell.kind, cell.text) for cell in cells)
    return [cell for cell, left_out in zip(cells, without, strict=True) if not left_out]


def both(course: Course, chapter: Chapter) -> tuple[float, float]:
    """Return the minutes a chapter asks for, and those with its optional parts."""
    page = Page(course, chapter, read_source(chapter.source))
    return minutes_of(page, asked_for(page)), minutes_of(page, page.source.cells)


@rule("minutes", into=READING)
def _(page: Page) -> Broken:
    """The minutes in the header are what reading, running and doing take by our estimate, without what is optional."""
    if any(UNWRITTEN in cell.text for cell in page.source.cells):
        return  # nobody can tell yet
    estimate = minutes_of(page, asked_for(page))
    said = page.source.header.minutes
    if not estimate - 2 <= said <= max(estimate * 1.25, 10):
        yield (
            page.at(1),
            f"the header says {said} minutes; its words, cells and tasks come to about {estimate:.0f}",
            "time yourself, and correct `minutes:` or the chapter's length",
        )


@rule("cell-length", into=READING)
def _(page: Page) -> Broken:
    """One idea a cell: short code, short prose."""
    for cell in page.source.cells:
        if cell.kind == "markdown":
            parts = re.split(r"^#+ .*$|^```.*?^```", cell.text, flags=re.MULTILINE | re.DOTALL)
            longest = max(len(part.split()) for part in parts)
            if longest > LONGEST_PROSE:
                yield (
                    page.at(cell.line),
                    f"{longest} words without a cell to run or a heading",
                    f"at most {LONGEST_PROSE}: cut, or let the reader do something in between",
                )
            continue
        code, reason = lines_to_read(cell), cell.attributes.get("long")
        if "solution" in cell.attributes or "tests" in cell.attributes:
            limit = LONGEST_SOLUTION
        else:
            limit = LONGEST_WHOLE if reason else LONGEST_CODE
        if len(code) > limit:
            yield (
                page.at(cell.line),
                f"a cell of {len(code)} lines",
                f"at most {limit}: put a tested function in the package, or split the cell",
            )
        elif reason and (len(code) <= LONGEST_CODE or limit == LONGEST_SOLUTION):
            yield page.at(cell.line), f"long={reason!r} is not needed here", "take it out"


def lines_to_read(cell: Cell) -> list[str]:
    """Return the lines of code that a learner reads.

    These are not: blank lines, comments, flags of the cell, imports, brackets alone on a line, the words for readers
    who do not see a figure, the marks of a solution.
    """
    text = re.sub(r"^show\(\s*(\w+),.*?\)$", r"show(\1)", cell.text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.strip() for line in text.splitlines()]
    other = re.compile(r"#|//|%%|use |import |from \w[\w.]* import |[\])},;(?]*$")
    return [line for line in lines if not other.match(line)]
