"""`course dev bench`: the figures of the README, measured here."""

from __future__ import annotations

import json

import click

from course.cli import LazyGroup
from course.cli._console import console


def _silent(what: str) -> None:
    del what


@click.group(
    cls=LazyGroup,
    commands_at={
        "rust": ("course.cli.bench:rust", "Rust cells: from the key press to the result, and what a call costs."),
        "quiz": ("course.bench.quiz:command", "Responses graded a second, on one core."),
        "grade": ("course.cli.bench:grade", "Grading a class: ours beside stock nbgrader autograde."),
    },
)
def bench() -> None:
    """Measure what the README states, on this machine."""


@click.command()
@click.option("--edits", default=10, show_default=True, type=click.IntRange(1), help="Edits of each cell.")
@click.option("--only", default="", metavar="TEXT", help="Only cells with TEXT in their name.")
@click.option(
    "--part", type=click.Choice(["cells", "runtime", "border", "cold"]), multiple=True, help="Only this part."
)
@click.option("--cold", is_flag=True, help="Also build the crates from nothing, in a folder of its own (minutes).")
@click.option("--evcxr", metavar="PROGRAM", help="evcxr_jupyter, where it is not on the PATH.")
@click.option("--rustimport", metavar="PYTHON", help="A Python that has rustimport and ipykernel.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures for a program to read.")
@click.option("--markdown", is_flag=True, help="Print the tables for the README.")
def rust(
    edits: int,
    only: str,
    part: tuple[str, ...],
    cold: bool,
    evcxr: str | None,
    rustimport: str | None,
    as_json: bool,
    markdown: bool,
) -> None:
    """Rust cells: from the key press to the result, and what a call costs.

    Ours beside evcxr_jupyter and rustimport, where they are installed, in real kernels and in turns. Leave the machine
    alone meanwhile: on two cores, whatever else runs is in the figures.
    """
    from course.bench import rust as measure

    def say(what: str) -> None:
        console.print(what, style="dim", markup=False)

    quiet = as_json or markdown
    tell = (lambda what: click.echo(what, err=True)) if quiet else say
    wanted = part or ("cells", "runtime", "border", *(("cold",) if cold else ()))
    tables = []
    if "cells" in wanted:
        tables.append(measure.cells(edits, measure.find_rivals(evcxr, rustimport), tell, only))
    if "runtime" in wanted:
        tables.append(measure.run_times(max(edits, 10), tell, only))
    if "border" in wanted:
        tables.append(measure.border(max(edits, 10), tell))
    if "cold" in wanted:
        tables.append(measure.cold_build(tell))
    if as_json:
        click.echo(json.dumps([table.as_json() for table in tables], indent=1))
        return
    for table in tables:
        if markdown:
            click.echo(f"### {table.title}\n\n{table.markdown()}")
        else:
            console.print(table.rich())


@click.command()
@click.argument("chapters", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
def misses(chapters: tuple[str, ...], as_json: bool) -> None:
    """Rust cells whose generic code is not compiled beforehand.

    In all CHAPTERS, or those named: how many functions each cell that names linfa or smartcore compiles, and which of
    them belong to a library. Each of those costs the reader time at every edit.
    """
    from course.bench.misses import misses as look
    from course.chapters import Course

    course = Course.find()
    tell = _silent if as_json else (lambda what: console.print(what, style="dim", markup=False))
    table = look(course, course.chosen(chapters), tell)
    if as_json:
        click.echo(json.dumps(table.as_json(), indent=1))
    else:
        console.print(table.rich() if table.rows else "no cell names linfa or smartcore")


@click.command()
@click.option("--part", type=click.Choice(["mix", "numpy", "quiz"]), multiple=True, help="Only this part.")
@click.option("--size", default=100, show_default=True, type=click.IntRange(1), help="Submissions for ours.")
@click.option("--stock-size", type=click.IntRange(1), help="Submissions for stock nbgrader; as many unless told.")
@click.option("--growth", type=click.Choice(["mix", "numpy", "quiz"]), help="Instead: classes of 10, 100 and 1,000.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures for a program to read.")
@click.option("--markdown", is_flag=True, help="Print the table for the README.")
def grade(
    part: tuple[str, ...], size: int, stock_size: int | None, growth: str | None, as_json: bool, markdown: bool
) -> None:
    """Grading a class: ours beside stock nbgrader autograde.

    The same submissions, and everything counted. Stock needs 2 to 6 seconds a submission: a hundred of each part take
    about twenty minutes. Leave the machine alone meanwhile.
    """
    from course.bench import grade as measure

    def tell(what: str) -> None:
        if as_json or markdown:
            click.echo(what, err=True)
        else:
            console.print(what, style="dim", markup=False)

    if growth:
        table = measure.growth(growth, (10, 100, 1000), tell)
    else:
        table = measure.throughput(part or tuple(measure.PARTS), size, stock_size or size, tell)
    if as_json:
        click.echo(json.dumps(table.as_json(), indent=1))
    elif markdown:
        click.echo(f"### {table.title}\n\n{table.markdown()}")
    else:
        console.print(table.rich())
