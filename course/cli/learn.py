"""The learner's commands: where am I, lab, list, reset, update, submit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from course.chapters import Chapter, Course
from course.cli._console import console, print_error
from course.errors import CourseError, NoWorkingCopy
from course.progress import DONE, IN_PROGRESS, Progress, as_json, current, progress
from course.working_copy import ChapterUpdate, WorkingCopy, default_folder

__all__ = ["lab", "list_", "reset", "submit", "update", "where_am_i"]

MARKS = {DONE: "[green]✓[/]", IN_PROGRESS: "[yellow]◐[/]", "unreadable": "[red]![/]"}


def where_am_i() -> None:
    """Say where the learner is and what the next step is."""
    course = Course.find()
    copy = _copy_or_none(course)
    chapters = progress(course, copy)
    _say("[bold]Machine learning in Rust, measured[/]")
    if not chapters:
        _say("This course has no chapters yet.\n\nNext:  course dev new 00_welcome")
        return
    done = [p for p in chapters if p.state == DONE]
    left = sum(p.chapter.minutes * (1 - p.share) for p in chapters if p.state != DONE)
    _say(f"{_bar(chapters)}  {len(done)} of {len(chapters)} chapters done, about {_hours(left)} left\n")
    here = current(chapters, copy)
    if here is None:
        unreadable = [p for p in chapters if p.state == "unreadable"]
        if unreadable:
            _say(f"{unreadable[0].chapter.name} cannot be read.\n")
            _next(f"course reset {unreadable[0].chapter.name[:2]}", "puts a fresh copy in its place and keeps the old")
        else:
            _say("You have done every chapter.\n")
            _next("course list", "shows them all")
        return
    chapter = here.chapter
    about = f"[bold]{escape(chapter.name)}[/], {escape(chapter.title)} ({chapter.minutes} minutes)"
    if here.state == IN_PROGRESS:
        _say(f"You are in {about}")
        _say(f"  {_what_is_left(here)}\n")
    else:
        _say(f"Next comes {about}\n")
    if copy is not None:
        outdated = sum(p.outdated for p in chapters)
        if outdated:
            _next("course update", f"{_count(outdated, 'chapter')} changed; brings that in and keeps your work")
        from course.lab import running

        server = running(copy.folder)
        if server is not None:
            _next("course lab", f"JupyterLab is running: {server.address(f'{chapter.name}.ipynb')}")
            return
    _next("course lab", f"opens {chapter.name} in JupyterLab" + ("" if copy else f"; your copy will be in {_usual()}"))


@click.command()
@click.argument("chapter", required=False)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@click.option("--port", type=click.IntRange(1, 65535), help="Use this port; without it, the next free one from 8888.")
@click.option("--instructor", is_flag=True, help="Show nbgrader's menus. With --dir, open an nbgrader course as it is.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where your working copy is or will be.")
def lab(chapter: str | None, no_browser: bool, port: int | None, instructor: bool, folder: Path | None) -> None:
    """Open the course in JupyterLab.

    The first time this makes your working copy of the notebooks: learning/ in a clone, else the folder of --dir (which
    is remembered). JupyterLab starts there with CHAPTER open, or the one you are in. Called again while JupyterLab
    runs, it opens the one that runs. Ctrl+C stops it.
    """
    from course import lab as jupyter

    course = Course.find()
    if folder is not None and instructor and jupyter.is_instructors_course(folder):
        root, first = folder.resolve(), ""
        private = root / ".course"
    else:
        wanted = course.chapter(chapter) if chapter else None
        if wanted and not wanted.notebook.is_file():
            raise CourseError(f"{wanted.name} is not built", place=str(wanted.notebook), help="course dev build")
        copy, made = WorkingCopy.make(course, folder)
        if made:
            _say(f"made a copy of {_count(len(made), 'chapter')} for you in {escape(_short(copy.folder))}")
        chapters = progress(course, copy)
        there = [p for p in chapters if copy.notebook(p.chapter).is_file()]
        first = copy.notebook(wanted or (current(there, copy) or there[0]).chapter).name
        outdated = sum(p.outdated for p in chapters)
        if outdated:
            _say(f"{_count(outdated, 'chapter')} changed since: course update brings that in, your work stays")
        root, private = copy.folder, copy.private
    server = jupyter.running(root)
    if server is not None:
        if port is not None and port != server.port:
            _say(f"JupyterLab is already running on port {server.port}; stop it to change the port")
        if instructor:
            _say("it keeps the menus it was started with; stop it first to change them")
        _show(server.address(first), "JupyterLab is already running", no_browser)
        return
    _start_crates()
    _say(f"starting JupyterLab in {escape(_short(root))}")
    with jupyter.stop_signals():
        server = None
        try:
            server = jupyter.start(root, private, course.root, port=port, instructor=instructor)
            _show(server.address(first), "JupyterLab is running", no_browser)
            _say(f"Ctrl+C here stops it; what you saved stays in {escape(_short(root))}")
            server.wait()
            _say("JupyterLab has stopped")
        except KeyboardInterrupt:
            _say("stopping JupyterLab")
        finally:
            if server is not None:
                server.stop()


@click.command(name="list")
@click.option("--json", "as_data", is_flag=True, help="Print JSON (docs/schemas/list.schema.json).")
def list_(as_data: bool) -> None:
    """List the chapters and how far you are."""
    course = Course.find()
    copy = _copy_or_none(course)
    if as_data:
        click.echo(json.dumps(as_json(course, copy), ensure_ascii=False, indent=1))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("", "chapter", "title"):
        table.add_column(name, no_wrap=name != "title")
    table.add_column("minutes", justify="right")
    for name in ("needs", "how far"):
        table.add_column(name)
    part = ""
    chapters = progress(course, copy)
    for p in chapters:
        chapter = p.chapter
        if chapter.part != part:
            part = chapter.part
            table.add_row("", f"[dim]{escape(part)}[/]")
        state = p.state if p.state != IN_PROGRESS else _counts(p)
        row = (escape(chapter.name), escape(chapter.title), str(chapter.minutes), ", ".join(chapter.needs))
        table.add_row(MARKS.get(p.state, " "), *row, state + (" · course update" if p.outdated else ""))
    console.print(table)
    total = sum(p.chapter.minutes for p in chapters)
    _say(f"\n{_count(len(chapters), 'chapter')}, {_hours(total)} in all")
    if copy is not None:
        here = copy.folder.resolve() == Path.cwd()
        _say("your copy is this folder" if here else f"your copy is in {escape(_short(copy.folder))}")


@click.command()
@click.argument("chapter")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(chapter: str, yes: bool) -> None:
    """Give a chapter back as it was; your copy is kept.

    The notebook you have goes to .course/kept in your working copy. Your answers are not touched: the answers file
    stays, and the quizzes of the fresh notebook still show them.
    """
    course = Course.find()
    copy = WorkingCopy.find(course)
    which = course.chapter(chapter)
    _warn_if_open(copy, [which])
    if not yes:
        click.confirm(f"put a fresh copy of {which.name} in place of yours (yours is kept)?", abort=True)
    done = copy.reset(which)
    _say(f"{which.name} is as it was handed out")
    if done.kept is not None:
        _say(f"your notebook is kept as {escape(_short(done.kept))}")
    if done.attempts or copy.answers(which).is_file():
        _say("your answers are still there: a reset takes none away")


@click.command()
def update() -> None:
    """Bring changed chapters in and keep your work.

    Cells you changed or added, outputs and answers stay. Where the course and you changed the same cell, yours stays
    and the new one follows it as a marked Markdown cell; each such place is listed, and the exit code is 1. Every
    notebook is first kept as it was, in .course/kept.
    """
    course = Course.find()
    copy = WorkingCopy.find(course)
    updates = copy.update()
    changed = [u for u in updates if u.what != "same"]
    if not changed:
        _say("every chapter is up to date")
        return
    for one in changed:
        _report(one)
    _warn_if_open(copy, [u.chapter for u in changed if u.what == "merged"])
    conflicts = sum(len(u.merged.conflicts) for u in changed if u.merged)
    if conflicts:
        _say(f"\n{_count(conflicts, 'cell')} to look at: the course's version stands below yours")
    if conflicts or any(u.error for u in changed):
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("chapter")
@click.option(
    "--to", type=click.Path(path_type=Path), help="The folder for the zip; without it, submissions/ of yours."
)
@click.option("--as", "learner", help="The name your instructor knows you by; without it, an anonymous one.")
def submit(chapter: str, to: Path | None, learner: str | None) -> None:
    """Make one zip of a chapter to hand in.

    It holds the saved notebook, your answers and, where you measured them, the claims. Nothing is sent anywhere.
    """
    from course.submit import submit as make

    course = Course.find()
    copy = WorkingCopy.find(course)
    done = make(copy, course.chapter(chapter), to=to, learner=learner)
    _say(f"made {escape(_short(done.path))} with {escape(', '.join(done.files))}")
    p = done.progress
    if p.questions > p.answered:
        _say(f"{_of(p.questions - p.answered, p.questions, 'question')} not answered")
    if p.tasks > p.tasks_begun:
        _say(f"{_of(p.tasks - p.tasks_begun, p.tasks, 'task')} not begun")
    _warn_if_open(copy, [p.chapter], "it holds what is saved: press Ctrl+S there and submit again if in doubt")


def _report(one: ChapterUpdate) -> None:
    name = one.chapter.name
    if one.error is not None:
        print_error(one.error)
        return
    if one.merged is None:
        _say(f"{name}: new")
        return
    merged = one.merged
    counts = {"changed": merged.changed, "added": merged.added, "deleted": merged.deleted}
    said = ", ".join(f"{_count(len(ids), 'cell')} {verb}" for verb, ids in counts.items() if ids)
    _say(f"{name}: {said or 'brought in'}; your work is carried over")
    places = {
        "[yellow]conflict[/]: both changed": merged.conflicts,
        "no longer in the course, kept because it is yours": merged.kept,
        "you deleted it, and it has changed: it is back": merged.returned,
    }
    for why, ids in places.items():
        for id in ids:
            _say(f"  {why}: {escape(merged.place_of(id))}")
    if one.kept is not None:
        _say(f"  as it was: {escape(_short(one.kept))}", style="dim")


def _warn_if_open(copy: WorkingCopy, chapters: list[Chapter], then: str = "") -> None:
    """Say which of these notebooks JupyterLab has open: it does not see by itself that a file has changed."""
    from course.lab import running

    server = running(copy.folder)
    open_now = server.open_notebooks() if server else set()
    for chapter in chapters:
        if f"{chapter.name}.ipynb" in open_now:
            help = then or "choose File → Reload Notebook from Disk there before you go on"
            _say(f"{chapter.name} is open in JupyterLab: {help}")


def _start_crates() -> None:
    """Begin the one build of the crates that Rust cells use, where there is a compiler; work does not wait for it."""
    try:
        from course.rust import crates, toolchain
    except ImportError:
        return
    try:
        toolchain.find()
    except CourseError:
        _say("no Rust here: Rust cells show recorded results (course doctor says how to add it)")
        return
    try:
        if not crates.start_background():
            return
    except CourseError as error:
        print_error(error)
        _say("everything else works; cells that use crates wait for this")
        return
    _say("building the crates that Rust cells use, once, in the background (course cache shows how far)")


def _say(text: str, style: str = "") -> None:
    """Print a line unbroken: an address or a path that is folded cannot be copied."""
    console.print(text, style=style, soft_wrap=True)


def _show(address: str, what: str, no_browser: bool) -> None:
    _say(f"{what}: {escape(address)}")
    if no_browser:
        return
    from course.lab import open_browser

    if not open_browser(address):
        _say("no browser to open here: copy the address into one")


def _copy_or_none(course: Course) -> WorkingCopy | None:
    try:
        return WorkingCopy.find(course)
    except NoWorkingCopy as missing:
        if missing.place:
            raise
        return None


def _next(command: str, why: str) -> None:
    _say(f"Next:  [bold cyan]{command}[/]   {escape(why)}")


def _what_is_left(p: Progress) -> str:
    counts = (
        ("cells run", p.cells_run, p.cells),
        ("tasks begun", p.tasks_begun, p.tasks),
        ("questions answered", p.answered, p.questions),
    )
    return ", ".join(f"{what} {there} of {whole}" for what, there, whole in counts if whole)


def _counts(p: Progress) -> str:
    counts = (
        (p.cells_run, p.cells, "cells"),
        (p.tasks_begun, p.tasks, f"tasks ({p.tasks_passed} right)" if p.tasks_passed else "tasks"),
        (p.answered, p.questions, "questions"),
    )
    return ", ".join(f"{there}/{whole} {what}" for there, whole, what in counts if whole)


def _bar(chapters: list[Progress], width: int = 32) -> str:
    minutes = sum(p.chapter.minutes for p in chapters) or 1
    share = sum(p.chapter.minutes * (1.0 if p.state == DONE else p.share) for p in chapters) / minutes
    full = round(share * width)
    return f"[green]{'━' * full}[/][dim]{'─' * (width - full)}[/]"


def _hours(minutes: float) -> str:
    return f"{round(minutes)} minutes" if minutes < 90 else f"{minutes / 60:.0f} hours"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _of(number: int, whole: int, noun: str) -> str:
    return f"{number} of {_count(whole, noun)} {'is' if number == 1 else 'are'}"


def _usual() -> str:
    return _short(default_folder(Course.find()))


def _short(path: Path) -> str:
    """Return a path as a person here would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.path.relpath(path) if path.is_relative_to(Path.cwd().parent) else str(path)
