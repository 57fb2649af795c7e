"""`course release`: chapters to a class, as an ordinary nbgrader course. The work is in `course.grading.release`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from course.cli._console import console

__all__ = ["release"]

_WORDS = {"new": "released", "updated": "updated", "rekeyed": "keys changed", "same": "as it was"}


@click.command()
@click.argument("class_folder", metavar="COURSE", type=click.Path(path_type=Path))
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...")
@click.option(
    "--bank",
    "banks",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder of private quiz files; their sections take the place of the course's. Repeatable.",
)
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What variants and hidden cases come from; made at random unless given.",
)
@click.option(
    "--mode",
    type=click.Choice(["graded", "practice"]),
    help="graded (the default): keys stay with you. practice: they ship, and feedback is immediate.",
)
@click.option(
    "--core/--all-parts",
    default=None,
    help="--core: what stands under an Optional heading has no points. --all-parts (the default): it has.",
)
@click.option(
    "--run-notebooks",
    is_flag=True,
    help="Accept chapters with plain test cells, which are graded by running notebooks in your own account.",
)
def release(
    class_folder: Path,
    chapters: tuple[str, ...],
    banks: tuple[Path, ...],
    secret_file: Path | None,
    mode: str | None,
    core: bool | None,
    run_notebooks: bool,
) -> None:
    """Release chapters to a class, as assignments of an nbgrader course.

    COURSE is the folder of the class. Without CHAPTER: those released before, else all. Called again it updates: what
    was chosen is remembered, and chapters that are as they were are left alone.
    """
    from course.chapters import Course
    from course.grading.release import release as release_to

    done = release_to(
        class_folder,
        Course.find(),
        chapters,
        banks=banks,
        secret_file=secret_file,
        mode=mode,
        core=core,
        run_notebooks=run_notebooks,
        tell=lambda name: console.print(f"releasing {name} …", style="dim", markup=False),
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("chapter", "", "mode"):
        table.add_column(heading)
    for heading in ("questions", "tasks", "essays", "points"):
        table.add_column(heading, justify="right")
    for one in done:
        counts = (str(n) for n in (one.questions, one.tasks, one.essays))
        table.add_row(one.chapter, _WORDS[one.what], one.mode, *counts, f"{one.points:g}")
    console.print(table)
    public = [one for one in done if one.public and one.mode == "graded"]
    if public:
        count = sum(one.public for one in public)
        names = ", ".join(one.chapter for one in public)
        console.print(
            f"\n{count} of these items stand in the course itself, keys and all ({names}). A class that counts marks "
            "has items of its own: --bank DIR.",
            style="yellow",
            markup=False,
        )
    if done:
        where = class_folder.expanduser()
        console.print(f"\nHand out {where / 'release' / done[0].chapter}, or: nbgrader release_assignment in {where}.")
        console.print(f"Keys and the secret are in {where / '.course'}, for you alone: keep a backup.", markup=False)
