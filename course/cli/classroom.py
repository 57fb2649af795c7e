"""`course dev class`: a made-up class to try grading on."""

from __future__ import annotations

from pathlib import Path

import click

from course.chapters import Course
from course.cli._console import console


@click.command("class")
@click.argument("size", type=click.IntRange(1, 100_000))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--chapter", "chapters", multiple=True, default=("03",), show_default=True, help="Chapters handed in.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these kinds of learner, in turn.")
@click.option("--kinds", "list_kinds", is_flag=True, help="List the kinds and end.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same class.")
@click.option("--notebook-alone", is_flag=True, help="Without the answers files: the notebook alone is graded.")
def classroom(
    size: int,
    folder: Path,
    chapters: tuple[str, ...],
    kinds: tuple[str, ...],
    list_kinds: bool,
    seed: int,
    notebook_alone: bool,
) -> None:
    """Make up a class: submissions from perfect to hostile.

    SIZE learners hand in, as nbgrader keeps it: FOLDER/submitted/LEARNER/CHAPTER. Where FOLDER is a released course,
    the released notebooks are handed in. FOLDER/expected.json says what each must get. The hostile ones contain code
    that tries to do harm: open them in no notebook, grade them in the sandbox.
    """
    from course.grading.classfolder import PRIVATE
    from course.grading.synthetic import KINDS, make_class, write_class

    if list_kinds:
        for group, members in KINDS.items():
            console.print(f"[bold]{group}[/bold]  {', '.join(members)}", highlight=False)
        return
    course = Course.find()
    for chapter in course.chosen(chapters):
        released = folder / "release" / chapter.name / f"{chapter.name}.ipynb"
        keys = folder / PRIVATE / "banks" / f"{chapter.name}.json"
        pupils = make_class(course, chapter, size, kinds=kinds, seed=seed, released=released, quiz=keys)
        write_class(folder, pupils, with_answers=not notebook_alone)
        console.print(f"{size} submissions of {chapter.name} in {folder / 'submitted'}", markup=False, highlight=False)
    console.print(f"next: [bold]course grade {folder}[/bold]", highlight=False)
