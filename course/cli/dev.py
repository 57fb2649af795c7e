"""`course dev`: what authors need."""

from __future__ import annotations

import json

import click

from course.chapters import Course
from course.cli import LazyGroup
from course.cli._console import console
from course.errors import CourseError


@click.group(
    cls=LazyGroup,
    commands_at={
        "new": ("course.cli.dev:new", "Write a chapter to begin with: source, quiz file, notebook."),
        "build": ("course.cli.dev:build", "Build notebooks from their sources, or check that they are current."),
        "check": ("course.cli.dev:check", "Hold chapters to the house rules; run them, solved and not."),
        "record": ("course.cli.dev:record", "Record what Rust cells show, for readers without Rust."),
        "class": ("course.cli.classroom:classroom", "Make up a class: submissions from perfect to hostile."),
        "bench": ("course.cli.bench:bench", "Measure what the README states, on this machine."),
        "misses": ("course.cli.bench:misses", "Rust cells whose generic code is not compiled beforehand."),
    },
)
def dev() -> None:
    """For authors: new, build, check, record, class, bench."""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a chapter to begin with: source, quiz file, notebook.

    NAME is its number and topic: 16_boosting. What is still to be written is marked with ✎.
    """
    from course.authoring import new_chapter

    course = Course.find()
    chapter = new_chapter(course, name)
    for path in (chapter.source, chapter.quiz, chapter.notebook):
        console.print(f"wrote {path.relative_to(course.root)}")
    console.print(f"\nnext: write what ✎ marks, then  [bold]course dev check {name}[/bold]")


@click.command()
@click.argument("chapters", nargs=-1)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail where a notebook is not current.")
def build(chapters: tuple[str, ...], only_check: bool) -> None:
    """Build notebooks from their sources, or check that they are current.

    Without a name, all CHAPTERS. A notebook that is current is not touched.
    """
    from course.build import build as write
    from course.build import differences

    course = Course.find()
    chosen = course.chosen(chapters)
    if not only_check:
        changed = write(course, chosen)
        for path in changed:
            console.print(f"built {path.relative_to(course.root)}")
        console.print(f"{len(changed)} of {len(chosen)} notebooks changed")
        return
    found = differences(course, chosen)
    for one in found:
        cell = f", cell {one.cell}" if one.cell else ""
        console.print(f"{one.notebook.relative_to(course.root)}{cell}: {one.what}", markup=False)
    if found:
        raise CourseError(
            f"{_count(len({one.notebook for one in found}), 'notebook')} not what the sources give",
            help="course dev build, then commit the notebooks",
        )
    console.print(f"{len(chosen)} notebooks are current")


@click.command()
@click.argument("chapters", nargs=-1)
@click.option("--no-run", is_flag=True, help="Only read; do not run the notebooks.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(chapters: tuple[str, ...], no_run: bool, as_json: bool) -> None:
    """Hold chapters to the house rules; run them, solved and not.

    Without a name, all CHAPTERS. Each finding has its rule, file and line, and what to do.
    """
    from course import checks
    from course.checks import effort

    course = Course.find()
    chosen = course.chosen(chapters)
    with console.status("checking …") as status:

        def started(chapter: str, rule: str) -> None:
            status.update(f"{chapter}: {rule}")

        found = checks.check(course, chosen, run=not no_run, started=None if as_json else started)
    if as_json:
        click.echo(json.dumps({"schema": 1, "findings": [one.as_json() for one in found]}, indent=1))
        if found:
            raise SystemExit(1)
        return
    for one in found:
        console.print(f"[bold red]{one.rule}[/bold red]  {one.place}")
        console.print(f"    {one.message}", markup=False)
        console.print(f"    help: {one.help}\n", markup=False, style="cyan")
    if found:
        files = len({one.place.partition(":")[0] for one in found})
        raise CourseError(f"{_count(len(found), 'finding')} in {_count(files, 'file')}")
    console.print(f"{len(chosen)} chapters keep every rule; minutes of work, and with what is optional:")
    for chapter in chosen:
        core, whole = effort.both(course, chapter)
        console.print(f"  {chapter.name:<16}{core:>4.0f}{whole:>6.0f}", highlight=False)


@click.command()
@click.argument("chapters", nargs=-1)
@click.option("--check", "only_check", is_flag=True, help="Record nothing; fail where a recording is not current.")
def record(chapters: tuple[str, ...], only_check: bool) -> None:
    """Record what Rust cells show, for readers without Rust.

    Runs the learner's copy of the CHAPTERS (all without a name) and keeps the outputs of the cells that need Rust
    in notebooks/recorded/. Run it on the reference machine, and commit what it writes.
    """
    from course import recordings

    course = Course.find()
    chosen = course.chosen(chapters)
    if only_check:
        stale = recordings.stale(course, chosen)
        for place, what in stale:
            console.print(f"{place}: {what}", markup=False)
        if stale:
            raise CourseError(f"{len(stale)} cells have no current recording", help="course dev record, then commit it")
        console.print("every cell that needs Rust has its recording")
        return
    for chapter in chosen:
        with console.status(f"running {chapter.name} …"):
            count = recordings.record(course, chapter)
        console.print(f"{chapter.name}: {count} cells recorded" if count else f"{chapter.name}: no cell needs Rust")
