"""`course claims`: measure the overview's claims here, and compare machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from course.cli import LazyGroup
from course.cli._console import console, print_error
from course.cli._progress import bar
from course.errors import CourseError, NotALedger, UsageMistake
from course.files import write_whole

if TYPE_CHECKING:
    from course.claims.compare import Spread

STATES = {
    "there": ("✗", "still there", "red"),
    "mended": ("✓", "mended", "blue"),
    "does not compile": ("◐", "does not compile", "yellow"),
}
COLOURS = {"holds": "blue", "depends": "yellow", "does not hold": "red", "not measured": "dim"}


@click.group(
    cls=LazyGroup,
    commands_at={
        "list": ("course.cli.claims:list_", "List the claims, and what each rule asks."),
        "run": ("course.cli.claims:run", "Measure claims here; write claims.json and a page."),
        "show": ("course.cli.claims:show", "Show what was measured earlier, as a table or a page."),
        "compare": ("course.cli.claims:compare", "Set any number of machines side by side."),
        "upstream": ("course.cli.claims:upstream", "Try the known library bugs against the newest releases."),
    },
)
def claims() -> None:
    """Measure the overview's claims on this machine."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
def list_(as_json: bool) -> None:
    """List the claims, and what each rule asks."""
    from course.claims.ledger import IDS, experiment

    found = [experiment(id) for id in IDS]
    if as_json:
        listed = [{"id": one.id, "claim": one.claim, "where": one.where, "rule": one.rule.words} for one in found]
        click.echo(json.dumps({"schema": 1, "claims": listed}, indent=1, ensure_ascii=False))
        return
    for one in found:
        console.print(Text.assemble((one.id, "bold"), f"  {one.claim}"))
        console.print(f"    {one.rule.words}", style="dim", markup=False)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--quick", "mode", flag_value="quick", default="quick", help="In under five minutes (the default).")
@click.option("--full", "mode", flag_value="full", help="Larger sizes, narrower intervals; a quarter of an hour or so.")
@click.option("--json", "as_json", is_flag=True, help="Print the ledger for a program to read; write only with -o.")
@click.option("-o", "--out", metavar="DIR", type=click.Path(path_type=Path), help="Where to write (default: here).")
def run(ids: tuple[str, ...], mode: str, as_json: bool, out: Path | None) -> None:
    """Measure claims here; write claims.json and a page.

    All claims, or those whose ID is named. Lanes must agree before they are timed, take turns, and have one thread
    each unless the claim is about threads. Leave the machine alone meanwhile.
    """
    from course.claims.ledger import run as measure
    from course.claims.page import page

    if as_json:
        ledger = measure(ids, quick=mode == "quick")
    else:
        with bar() as progress:
            ledger = measure(ids, quick=mode == "quick", progress=progress)
    text = json.dumps(ledger, indent=1, ensure_ascii=False) + "\n"
    folder = out or (None if as_json else Path())
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "claims.json", text)
        write_whole(folder / "claims.html", page(ledger))
    if as_json:
        click.echo(text, nl=False)
    else:
        _print(ledger)
        console.print(f"\nwrote {Path(folder or '.') / 'claims.json'} and claims.html beside it", style="dim")
    failed = [one for one in ledger["claims"] if one["failed"]]
    for one in failed:
        print_error(CourseError(one["failed"], place=f"the claim {one['id']}"))
    if failed:
        raise SystemExit(1)


def _print(ledger: dict[str, Any]) -> None:
    from course.claims.ledger import recorded
    from course.claims.machine import line
    from course.claims.page import SIGNS, figure_text

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for one in ledger["claims"]:
        verdict = Text(f"{SIGNS[one['verdict']]} {one['verdict']}", style=COLOURS[one["verdict"]])
        on = f"\non {', '.join(one['on'])}" if one["on"] else ""
        about = Text.assemble((one["id"], "bold"), f"\n{figure_text(one)}{on}")
        for gone in one["missing"]:
            mend = f" ({gone['help']})" if gone["help"] else ""
            about.append(f"\nnot measured: {gone['lane']}: {gone['why']}{mend}", style="dim")
        if (elsewhere := recorded(one)) is not None:
            where, found = elsewhere
            about.append(f"\nrecorded on another machine, {line(where)}:", style="dim")
            if one["verdict"] == "not measured":
                about.append(f"\n{SIGNS[found['verdict']]} {found['verdict']}, {figure_text(found)}", style="dim")
            else:
                for f in found["findings"]:
                    about.append(f"\n{f['outcome']}: {f['what']}: {f['value']:,.4g} {f['unit']}", style="dim")
        table.add_row(verdict, about)
    console.print(table)
    console.print(f"\n{line(ledger['machine'])}", style="dim", markup=False)


@click.command()
@click.argument("file", default="claims.json", type=click.Path(path_type=Path))
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a table for a README.")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Write the page anew.")
def show(file: Path, as_markdown: bool, html_file: Path | None) -> None:
    """Show what was measured earlier, as a table or a page.

    FILE is what `course claims run` wrote: claims.json here, unless another is named.
    """
    from course.claims.ledger import read
    from course.claims.page import markdown, page

    ledger = read(file)
    if html_file is not None:
        write_whole(html_file, page(ledger))
    if as_markdown:
        click.echo(markdown(ledger), nl=False)
    elif html_file is None:
        _print(ledger)


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Also write an HTML page.")
def compare(files: tuple[Path, ...], as_json: bool, html_file: Path | None) -> None:
    """Set any number of machines side by side.

    FILES are what `course claims run` wrote on each, or a folder such as submitted/, of which each learner's newest
    is taken. A file that cannot be read is named and left out. For each claim: the verdicts, and the spread of its
    figure over all machines and over those with the same processor.
    """
    from course.claims import compare as comparing
    from course.claims.ledger import read

    if not files:
        raise UsageMistake("compare needs at least one file", help="course claims compare mine.json theirs.json")
    ledgers, wrong = [], []
    for path in comparing.ledger_files(files):
        try:
            ledgers.append(read(path))
        except NotALedger as error:
            wrong.append(error)
    for one in wrong:
        print_error(one)
    if not ledgers:
        raise CourseError(
            "there is nothing to compare" + (": no file could be read" if wrong else ": no claims.json is there"),
            place=", ".join(map(str, files)),
            help="course claims compare submitted --html class.html, in the folder of a class",
        )
    if html_file is not None:
        write_whole(html_file, comparing.page(ledgers))
    if as_json:
        click.echo(json.dumps(comparing.as_json(ledgers), indent=1, ensure_ascii=False))
    else:
        _print_spreads(comparing.spreads(ledgers))
    if wrong:
        raise SystemExit(1)


def _print_spreads(found: list[Spread]) -> None:
    from course.claims import compare as comparing

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("claim", "machines", "verdicts", "figure"):
        table.add_column(name, header_style="dim")
    for one in found:
        about = Text(one.id, style="bold") if one.processor == "all" else Text(f"  {one.processor}", style="dim")
        table.add_row(about, str(one.machines), comparing.verdict_text(one), comparing.figure_text(one))
    console.print(table)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
def upstream(as_json: bool) -> None:
    """Try the known library bugs against the newest releases.

    Each bug that the course reports is reproduced at the release it was found in; this asks the newest releases of
    the same crates and says which of them have mended it. It downloads and builds them (minutes).
    """
    from course.claims.bugs import newest

    if as_json:
        click.echo(json.dumps(newest(), indent=1, ensure_ascii=False))
        return
    with bar() as progress:
        found = newest(progress)
    console.print(upstream_text(found))


def upstream_text(found: dict[str, Any]) -> Text:
    """Return what became of each bug, and how many are left: for a terminal."""
    text = Text()
    for one in found["bugs"]:
        sign, words, colour = STATES[one["state"]]
        pinned = one["pinned"]
        cells = f" (cells use {pinned})" if pinned not in ("", one["version"]) else ""
        text.append(f"{sign} {words}", style=colour)
        text.append(f"  {one['crate']} {one['version']}{cells}: {one['title']}\n")
        text.append(f"  {one['said']}\n\n", style="dim")
    left = sum(one["state"] == "there" for one in found["bugs"])
    text.append(f"On {found['date']}, {left} of {len(found['bugs'])} are there at the newest releases")
    if all(one["version"] == one["pinned"] for one in found["bugs"]):
        text.append(", which are those that cells use")
    text.append(".")
    return text
