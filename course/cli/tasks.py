"""`course check`, `course hint`, `course solution`. The work is in `course.self_check`."""

from __future__ import annotations

import json

import click
from rich.syntax import Syntax

from course.chapters import Chapter, Course
from course.cli._console import console
from course.errors import UsageMistake
from course.progress import current, progress
from course.working_copy import WorkingCopy

__all__ = ["check", "hint", "solution"]


def _chosen(name: str | None) -> tuple[WorkingCopy, Chapter]:
    """Return the working copy and the chapter named, or the one the learner is in."""
    course = Course.find()
    copy = WorkingCopy.find(course)
    if name is not None:
        return copy, course.chapter(name)
    here = current(progress(course, copy), copy)
    if here is None:
        raise UsageMistake("you are in no chapter", help="name one: course check 03")
    return copy, here.chapter


@click.command()
@click.argument("chapter", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/schemas/task-check.schema.json).")
def check(chapter: str | None, as_json: bool) -> None:
    """Run your tasks of a chapter and say what to look at.

    CHAPTER is the one you are in, unless named. What is saved is checked: press Ctrl+S in JupyterLab first. Fails
    (exit 1) while a task is not right.
    """
    from course.self_check import check_chapter, quiz_for, tasks_of

    copy, which = _chosen(chapter)
    if not tasks_of(quiz_for(copy, which)):
        raise UsageMistake(f"{which.name} has no tasks", help="course list shows how far you are")
    found = []
    with console.status(f"checking {which.name} …"):
        for one in check_chapter(copy, which):
            found.append(one)
            if not as_json:
                style = {"right": "green", "partly": "yellow"}.get(one.verdict, "")
                first, _, rest = one.text.partition("\n")
                console.print(first, style=style or None, markup=False)
                if rest.strip():
                    console.print(rest, markup=False)
                console.print()
    right = sum(one.verdict == "right" for one in found)
    if as_json:
        content = {"schema": 1, "chapter": which.name, "tasks": [one.as_json() for one in found]}
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        tasks = f"{len(found)} task{'s' * (len(found) != 1)}"
        console.print(f"{which.name}: {right} of {tasks} right")
    if right < len(found):
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("chapter", required=False)
def hint(chapter: str | None) -> None:
    """Give the next hint for what you have not solved yet.

    For the first task or question of CHAPTER (the one you are in, unless named) that is not solved; or for one that
    you name: 03/standardise. Each call gives the next one; after the last, all of them.
    """
    from course.self_check import hint_for

    name, _, item = (chapter or "").partition("/")
    copy, which = _chosen(name or None)
    console.print(hint_for(copy, which, item), markup=False)


@click.command()
@click.argument("chapter")
def solution(chapter: str) -> None:
    """Show how the course solves a task you passed, or ask for twice.

    CHAPTER may name one task too: 03/standardise.
    """
    from course.self_check import solutions_for

    name, _, task = chapter.partition("/")
    copy, which = _chosen(name)
    for one, text, language in solutions_for(copy, which, task):
        if language:
            console.print(f"{one.full_id}:", style="bold", markup=False)
            console.print(Syntax(text, language, background_color="default"))
        else:
            console.print(text, markup=False)
        console.print()
