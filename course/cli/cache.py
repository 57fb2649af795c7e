"""`course cache`: what the course keeps outside the repository."""

from __future__ import annotations

import click
from rich.table import Table

from course.cli import LazyGroup
from course.cli._console import console


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    commands_at={
        "show": ("course.cli.cache:show", "List what is kept, and its size."),
        "build": ("course.cli.cache:build", "Build the crates that Rust cells may use, now."),
        "clear": ("course.cli.cache:clear", "Remove what is kept; asks first."),
    },
)
@click.pass_context
def cache(ctx: click.Context) -> None:
    """Show or clear what the course has built and kept.

    Without a command: the list.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


def _size(count: int) -> str:
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


@click.command()
def show() -> None:
    """List what is kept, and its size."""
    from course.cache import kept
    from course.rust.crates import status
    from course.rust.places import cache_root

    there = kept()
    console.print(f"in {cache_root()}", style="dim", soft_wrap=True)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    for one in there:
        several = f" ({len(one.paths)} folders)" if len(one.paths) > 1 else ""
        table.add_row(_size(one.bytes), one.name, one.what + several)
    console.print(table if there else "nothing is kept yet")
    present, detail = status()
    console.print(f"crates: {detail}")
    if not present:
        console.print("next: [bold]course cache build[/bold]")
    elif there:
        console.print("next: [bold]course cache clear NAME[/bold] removes one of them")


@click.command()
@click.option("--torch", is_flag=True, help="Build tch too; needs Python's torch (minutes more).")
@click.option("--background", is_flag=True, help="Start it and return at once.")
def build(torch: bool, background: bool) -> None:
    """Build the crates that Rust cells may use, now.

    It happens once for each compiler and each version of the course: a minute or two on two cores. A cell that needs
    them builds them too; this is for those who would rather wait now.
    """
    import time

    from course.cli._progress import bar
    from course.rust import crates

    if background:
        started = crates.start_background()
        console.print("started: course cache shows how far it is" if started else "there is nothing to build")
        return
    began = time.monotonic()
    with bar() as progress:
        built = crates.ensure(progress=progress, extra="torch" if torch else None)
    console.print(f"[green]✓[/green] {len(built.names)} crates ready ({time.monotonic() - began:.0f} s)")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of it, an installed compiler too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(names: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Remove what is kept; asks first.

    NAMES are those that `course cache` lists. Without any: all but the crates in use and an installed compiler.
    Nothing of yours is here: whatever is removed is built again when it is needed.
    """
    from course.cache import clear as remove
    from course.cache import kept
    from course.errors import UnknownName

    there = {one.name: one for one in kept()}
    for name in names:
        if name not in there:
            raise UnknownName("part of the cache", name, there)
    chosen = list(names) or [name for name in there if everything or name not in ("crates", "toolchain")]
    if not chosen:
        console.print("there is nothing to remove")
        return
    for name in chosen:
        console.print(f"{_size(there[name].bytes):>8}  {name}: {there[name].what}", markup=False)
    if not yes:
        click.confirm("remove this?", default=False, abort=True)
    console.print(f"freed {_size(remove(chosen))}")
