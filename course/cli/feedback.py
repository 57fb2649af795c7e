"""`course feedback`: a page for each learner, to hand back."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.text import Text

from course.cli._console import console, print_rows
from course.cli._progress import bar

__all__ = ["feedback"]


@click.command()
@click.argument("course", type=click.Path(path_type=Path))
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]…")
@click.option("--learner", "learners", multiple=True, metavar="NAME", help="Only for this learner; repeat it for more.")
@click.option("--keys", is_flag=True, help="Show answers, explanations, hidden cases and rubrics too.")
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write to this folder, as LEARNER/CHAPTER.html (default: COURSE/feedback, where nbgrader releases from).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/schemas/feedback.schema.json).")
@click.pass_context
def feedback(
    context: click.Context,
    course: Path,
    chapters: tuple[str, ...],
    learners: tuple[str, ...],
    keys: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Make a page for each learner: their answers, points, and what to look at.

    COURSE is a class that course grade has graded. Each page is one file without scripts. No hidden case and no key is
    in it without --keys. Exit code 3: somebody who handed in has no page, or an old one; each is named.
    """
    from course.grading.classfolder import ClassFolder
    from course.grading.feedback import feedback as make

    folder = ClassFolder.open(course)
    chosen = folder.chosen(chapters)
    if as_json:
        made = make(folder, chosen, learners=learners, keys=keys, out=out)
        click.echo(json.dumps(made.as_json(), ensure_ascii=False, indent=1))
        context.exit(made.exit_code)
    with bar(left=True) as progress:
        made = make(folder, chosen, learners=learners, keys=keys, out=out, progress=progress)
    console.print(f"{made.written} pages written, {made.unchanged} as they were, in {made.seconds:.1f} s")
    console.print(f"pages: {made.place}", markup=False)
    if keys:
        console.print(Text("they hold the answers: hand them out when everybody may have them", style="yellow"))
    told = [(chapter, name, "not graded yet: course grade") for chapter, name in made.not_graded]
    if told or made.problems:
        console.print(Text(f"{len(told) + len(made.problems)} to be looked at:", style="bold yellow"))
        print_rows(sorted([*told, *made.problems]))
    context.exit(made.exit_code)
