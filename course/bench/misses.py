"""Which Rust cells of the chapters call generic code that the prelude does not hold."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from course.bench import Table
from course.build import solved
from course.chapters import Chapter, Course
from course.rust import crates
from course.rust.misses import compiled_functions
from course.rust.signature import read_cell

__all__ = ["misses"]

_ORDINARY = {"--time", "--no-share", "--native", "--opt", "--expect"}
_SHARED = re.compile(r"\b(linfa\w*|smartcore)::")


def misses(course: Course, chapters: list[Chapter], say: Callable[[str], None]) -> Table:
    """Compile every cell that links to shared instances, and list the functions of libraries it still compiles."""
    crates.ensure(progress=lambda fraction, what: say(f"crates: {fraction:.0%} {what}"))
    table = Table(
        title="Generic functions that cells compile although they share",
        command="course dev misses",
        columns=("cell", "functions compiled", "of libraries", "the first of them", "compiler"),
        notes=["To cover a call, write it in course/rust/crates/prelude as the chapter writes it."],
    )
    for chapter in chapters:
        for number, source in _cells(course, chapter):
            say(f"{chapter.name}, cell {number}")
            started = time.perf_counter()
            found = compiled_functions(source)
            seconds = time.perf_counter() - started
            first = found.misses[0][:70] if found.misses else "–"
            place = f"{chapter.name}, cell {number}"
            table.rows.append((place, str(found.functions), str(len(found.misses)), first, f"{seconds:.2f} s"))
            table.measurements.append(
                {"what": place, "functions": found.functions, "misses": list(found.misses), "seconds": seconds}
            )
    return table


def _cells(course: Course, chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Yield the Rust of each cell that shares: not of those that are timed, or built the ordinary way, or must fail."""
    named: dict[str, str] = {}
    cells: list[Any] = solved(course, chapter).cells
    for number, cell in enumerate(cells, 1):
        line, _, source = cell.source.partition("\n")
        if cell.cell_type != "code" or not line.startswith("%%rust"):
            continue
        words = line.split()
        before = "".join(named.get(words[at + 1], "") for at, word in enumerate(words[:-1]) if word == "--use")
        source = before + source
        for at, word in enumerate(words[:-1]):
            if word == "--name":
                named[words[at + 1]] = source
        read = read_cell(source)
        shares = _SHARED.search(source) or ("ndarray" in source and read.whole and not read.has_main)
        if shares and not _ORDINARY & set(words):
            yield number, source
