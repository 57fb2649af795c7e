"""`course quiz`: check, show, import and strip quiz files. The work is in `course.quiz`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from course.cli._console import console, print_error
from course.errors import CourseError, QuizErrors, UsageMistake

__all__ = ["quiz"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def quiz() -> None:
    """Check, show, import and strip quiz files."""


def _quiz_files(files: tuple[Path, ...]) -> list[Path]:
    """Return the files named, folders opened; without any, the quizzes of this course."""
    from course.chapters import Course

    found: list[Path] = []
    for path in files or (Course.find().root / "quizzes",):
        if path.is_dir():
            found += sorted(path.glob("*.md"))
        else:
            found.append(path)
    if not found:
        raise UsageMistake("no quiz file here", help="name one: course quiz check quizzes/03_ndarray.md")
    return found


@quiz.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write the result as JSON.")
@click.option("--no-prove", is_flag=True, help="Do not run programs and proofs.")
def check(files: tuple[Path, ...], as_json: bool, no_prove: bool) -> None:
    """Parse, lint and prove quiz files: all those of the course, or FILES (folders too).

    Fails (exit 1) where a file does not parse, a rule is broken without a waiver, or a key has drifted.
    """
    from course.quiz.checking import check as check_files

    result = check_files(_quiz_files(files), proofs=not no_prove)
    if as_json:
        click.echo(json.dumps(result.as_dict(), ensure_ascii=False, indent=2))
    else:
        for error in result.errors:
            print_error(error)
        for finding in result.findings:
            print_error(CourseError(f"{finding.message} [{finding.rule}]", place=finding.place, help=finding.help))
        for finding in result.drifted:
            print_error(CourseError(finding.message, place=finding.place, help=finding.help))
        for finding in result.not_proved:
            console.print(f"not proved: {finding.place}: {finding.message}", style="yellow", markup=False)
            if finding.help:
                console.print(f"      help: {finding.help}", style="dim", markup=False)
        console.print(result.summary, style="green" if result.good else "red", markup=False)
    if not result.good:
        click.get_current_context().exit(1)


@quiz.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Write the model as JSON (docs/schemas/quiz.schema.json).")
def show(file: Path, as_json: bool) -> None:
    """Show what a quiz file says, keys included."""
    from course.quiz import bank
    from course.quiz.codec import quiz_json

    shown = bank.read(file)
    if as_json:
        click.echo(json.dumps(quiz_json(shown), ensure_ascii=False, indent=2))
        return
    from course.quiz.printing import print_quiz

    print_quiz(shown, console)


@quiz.command("import")
@click.argument("file", type=_FILE)
@click.option("-o", "--output", type=_FILE, help="The quiz file to write; without it, to standard output.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def import_(file: Path, output: Path | None, force: bool) -> None:
    """Convert a quizdown FILE to a quiz file; what had to be guessed is listed."""
    from course.files import write_whole
    from course.quiz.exchange import quizdown
    from course.quiz.parse import parse

    source = _text(file)
    imported = quizdown.convert(source, title=file.stem.replace("_", " ").replace("-", " "))
    _refuse_to_replace(output, force)
    if output is None:
        click.echo(imported.text)
    else:
        write_whole(output, imported.text)
    for guess in imported.guesses:
        click.echo(f"guessed: {file}:{guess.line}: {guess.message}", err=True)
    try:
        made = parse(imported.text, path=output or "imported.md")
    except QuizErrors as errors:
        click.echo("written, but it does not check as it is:", err=True)
        raise errors from None
    count = sum(1 for _ in made.items)
    where = f" to {output}" if output else ""
    click.echo(f"{count} question{'s' * (count != 1)} imported{where}, {len(imported.guesses)} guessed at", err=True)


@quiz.command()
@click.argument("file", type=_FILE)
@click.option("-o", "--output", type=_FILE, help="The learner bank to write; without it, to standard output.")
def strip(file: Path, output: Path | None) -> None:
    """Write the learner bank of a quiz FILE: graded items without anything that tells their key."""
    from course.files import write_whole
    from course.quiz import bank
    from course.quiz.strip import strip as stripped

    source = bank.read(file)
    text = stripped(source)
    if output is None:
        click.echo(text, nl=False)
        return
    write_whole(output, text)
    graded = sum(item.mode == "graded" for item in source.items)
    click.echo(f"{output}: {graded} graded items without keys, {sum(1 for _ in source.items) - graded} for practice")


@quiz.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
def schema(folder: Path | None) -> None:
    """Write the JSON Schemas of quizzes and responses to FOLDER, or print them."""
    from course.quiz.schema import schemas, write

    if folder is None:
        click.echo(json.dumps(schemas(), ensure_ascii=False, indent=2))
        return
    for path in write(folder):
        click.echo(path)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        message = f"cannot read the file: {error.strerror}"
        raise CourseError(message, place=str(file), help="check the path") from None
    except UnicodeDecodeError:
        raise CourseError("the file is not UTF-8 text", place=str(file), help="save it as UTF-8") from None


def _refuse_to_replace(output: Path | None, force: bool) -> None:
    if output is not None and output.exists() and not force:
        raise UsageMistake("the file is there already", place=str(output), help="write --force to replace it")
