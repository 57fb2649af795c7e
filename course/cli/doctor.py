"""`course doctor`: what this machine can do, and what would add the rest."""

from __future__ import annotations

import json
import sys

import click
from rich.table import Table
from rich.text import Text

from course.cli._console import console, print_error
from course.cli._progress import bar
from course.errors import CourseError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
@click.option("--fix", is_flag=True, help="Offer to add what can be added here; asks before each step.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
def doctor(as_json: bool, fix: bool, yes: bool) -> None:
    """Say what is there, what is missing, and how to add it.

    Nothing is installed without --fix, and then only after a yes: a Rust compiler in a folder of the course's own,
    and the crates that cells may use. Without Rust every chapter can still be read and run: Rust cells show what
    was recorded.
    """
    from course.doctor import PURPOSE, examine, mends

    found = examine()
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=1))
        return
    console.print(f"{found.system}, Python {found.python}, {found.cores} cores", style="dim")
    if found.note:
        console.print(found.note, style="bold red")
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in found.capabilities:
        mark = Text("✓", style="green") if one.present else Text("✗", style="yellow")
        said = Text(one.detail)
        said.append(f"\n{PURPOSE[one.name]}", style="dim")
        if one.remedy and not one.present:
            said.append("\nadd: ").append(one.remedy, style="bold")
        table.add_row(mark, one.name, said)
    console.print(table)
    if not fix:
        return
    if not mends(found):
        console.print("nothing is missing that can be added from here")
    while steps := mends(found):
        step = steps[0]
        console.print(f"\n[bold]{step.capability}[/bold]: {step.what}")
        if not yes and not sys.stdin.isatty():
            console.print("not done: there is nobody to ask here (course doctor --fix --yes does it)")
            return
        if not yes and not click.confirm("do it now?", default=False):
            return
        try:
            with bar() as progress:
                step.do(progress)
        except CourseError as error:
            print_error(error)  # the table above stands: looking never fails
            return
        console.print(f"[green]✓[/green] {step.capability}")
        found = examine()
        if step.capability in {one.name for one in found.capabilities if not one.present}:
            return
