"""`course grade` and `course regrade`: a class's submissions to scores."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from course.cli._console import console, print_rows, print_warning
from course.cli._progress import bar

__all__ = ["grade", "regrade"]


@click.command()
@click.argument("course", type=click.Path(path_type=Path))
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]…")
@click.option(
    "--from", "source", type=click.Path(path_type=Path), help="Bring in a folder of notebooks, or a zip, first."
)
@click.option("--workers", type=click.IntRange(1, 256), help="How many to run at a time (default: the processors).")
@click.option("--seconds", type=click.FloatRange(0.1, 3600), help="Give each case of a task at least so long.")
@click.option("--memory", type=click.IntRange(16, 65536), help="Give each case of a task at least so many MiB.")
@click.option("--again", is_flag=True, help="Grade also what has not changed.")
@click.option("--no-sandbox", is_flag=True, help="Run learners' code with nothing round it: it can do what you can.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/schemas/grade.schema.json).")
@click.pass_context
def grade(
    context: click.Context,
    course: Path,
    chapters: tuple[str, ...],
    source: Path | None,
    workers: int | None,
    seconds: float | None,
    memory: int | None,
    again: bool,
    no_sandbox: bool,
    as_json: bool,
) -> None:
    """Grade what a class has handed in.

    COURSE is a folder that course release made. What has not changed since it was graded is left alone, so that a run
    that was stopped goes on when it is started again. Exit code 3: some submissions could not be graded, or ought to
    be looked at; each is named.
    """
    from course.grading.batch import grade_class
    from course.grading.classfolder import ClassFolder
    from course.grading.engine import Options
    from course.grading.sandbox.pool import default_workers

    folder = ClassFolder.open(course)
    chosen = folder.chosen(chapters)
    options = Options(workers or default_workers(), seconds, memory, not no_sandbox)
    if no_sandbox:
        print_warning("no sandbox: learners' code runs as you, and can do what you can")
    if as_json:
        summary = grade_class(folder, chosen, source=source, options=options, again=again)
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=1))
        context.exit(summary.exit_code)
    with bar(left=True) as progress:
        summary = grade_class(
            folder,
            chosen,
            source=source,
            options=options,
            again=again,
            tell=lambda said: console.print(said, markup=False),
            progress=progress,
        )
    counts = [
        (summary.graded, "graded"),
        (summary.rejudged, "judged again by a changed key"),
        (summary.unchanged, "unchanged"),
        (len(summary.failed), "not graded"),
    ]
    said = ", ".join(f"{count} {words}" for count, words in counts if count) or "nobody has handed anything in"
    console.print(f"{said}, in {summary.seconds:.1f} s")
    if summary.isolation:
        console.print(f"{summary.runs} runs of learners' code, each in: {summary.isolation}", markup=False)
    if summary.refused:
        console.print(Text(f"{len(summary.refused)} not brought in:", style="bold yellow"))
        for place, why in summary.refused:
            console.print(Text(f"{place}: {why}"))
    for title, ones in (("graded, and to be looked at", summary.trouble), ("not graded", summary.failed)):
        if ones:
            console.print(Text(f"{len(ones)} {title}:", style="bold yellow"))
            ordered = sorted(ones, key=lambda told: (told.chapter, told.learner))
            print_rows((one.chapter, one.learner, "; ".join(one.why)) for one in ordered)
    console.print(f"results: {folder.results}", markup=False)
    console.print(f"next: course feedback {course}", markup=False)
    context.exit(summary.exit_code)


@click.command()
@click.argument("course", type=click.Path(path_type=Path))
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]…")
@click.option("--apply", "apply_", is_flag=True, help="Write the new scores, after a backup of the gradebook.")
@click.option("--workers", type=click.IntRange(1, 256), help="How many to run at a time (default: the processors).")
@click.option("--no-sandbox", is_flag=True, help="Run learners' code with nothing round it: it can do what you can.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/schemas/regrade.schema.json).")
@click.pass_context
def regrade(
    context: click.Context,
    course: Path,
    chapters: tuple[str, ...],
    apply_: bool,
    workers: int | None,
    no_sandbox: bool,
    as_json: bool,
) -> None:
    """Say whose scores a changed key changes; write them when told.

    Change the quiz file or the private bank, and course release COURSE; then this judges the recorded answers again.
    Code runs again only where a task's cases have changed. Without --apply nothing is written. Exit code 3: some
    submissions could not be judged again; each is named.
    """
    from course.grading.classfolder import ClassFolder
    from course.grading.engine import Options
    from course.grading.regrade import regrade_class
    from course.grading.sandbox.pool import default_workers

    folder = ClassFolder.open(course)
    chosen = folder.chosen(chapters)
    options = Options(workers or default_workers(), sandbox=not no_sandbox)
    if no_sandbox:
        print_warning("no sandbox: learners' code runs as you, and can do what you can")
    if as_json:
        found = regrade_class(folder, chosen, apply=apply_, options=options)
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
        context.exit(found.exit_code)
    with bar(left=True) as progress:
        found = regrade_class(
            folder,
            chosen,
            apply=apply_,
            options=options,
            tell=lambda said: console.print(said, markup=False),
            progress=progress,
        )
    table = Table("chapter", "learner", "item", "before", "after", "by", "", box=None, pad_edge=False)
    for change in found.changes:
        table.add_row(
            change.chapter,
            Text(change.learner),
            change.item.partition("/")[2],
            _points(change.before),
            _points(change.after),
            f"{change.by:+g}",
            Text(change.why),
        )
    if found.changes:
        console.print(table)
    for item, steps in found.items.items():
        told = ", ".join(f"{by:+g} for {count}" for by, count in sorted(steps.items()))
        console.print(f"{item}: {told}", markup=False)
    for task, count in sorted(found.rerun.items()):
        console.print(f"{task}: its cases have changed; the code of {count} submissions ran again", markup=False)
    for chapter, learner, why in found.problems:
        console.print(Text(f"{chapter} {learner}: {why}", style="yellow"))
    console.print(
        f"{found.submissions} submissions judged again in {found.seconds:.1f} s; "
        f"{len(found.learners)} learners' scores change"
    )
    if found.applied and found.changes:
        console.print(f"written; the gradebook as it was: {found.backup}", markup=False)
    elif found.changes:
        console.print("nothing was written; with --apply it is, after a backup of the gradebook")
    context.exit(found.exit_code)


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
