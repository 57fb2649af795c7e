"""Documents that cannot lie: every command has help and a place in them, and every link leads somewhere."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from course.cli import LazyGroup, cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
TYPED = re.compile(r"`course ([a-z]+)(?: ([a-z]+))?")

pytestmark = pytest.mark.skipif(not DOCUMENTS, reason="an installed package has no documents")


def load(where: str) -> click.Command:
    """Return the command that an entry of a command table names."""
    module, _, attribute = where.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command


def commands(group: click.Group = cli, *path: str) -> Iterator[tuple[str, click.Command, str | None]]:
    """Give every command: its full name, itself, and its line of help in a command table, if it is in one."""
    if isinstance(group, LazyGroup):
        inner = [(name, load(where), line) for name, (where, line) in group.commands_at.items()]
    else:
        inner = [(name, command, None) for name, command in group.commands.items()]
    for name, command, line in inner:
        yield " ".join((*path, name)), command, line
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


def written() -> str:
    return "\n".join(path.read_text("utf-8") for path in DOCUMENTS)


def test_the_line_in_a_command_table_is_the_commands_own():
    wrong = [
        f"course {name}: {line!r} in the table, {own!r} in the command"
        for name, command, line in commands()
        if line is not None and line != (own := (command.help or "").split("\n\n")[0].replace("\n", " ").strip())
    ]

    assert wrong == []


def test_every_command_and_option_has_help():
    missing = [name for name, command, _ in commands() if not (command.help or "").strip()]
    missing += [
        f"{name} {option.opts[0]}"
        for name, command, _ in commands()
        for option in command.params
        if isinstance(option, click.Option) and not option.help and not option.hidden
    ]

    assert missing == []


def test_every_command_is_in_the_readme_or_the_documents():
    text = written()

    assert [name for name, _, _ in commands() if not re.search(rf"course {name}\b", text)] == []


def test_every_option_of_a_learners_command_is_explained():
    sections = {
        match[1]: match[2]
        for match in re.finditer(
            r"^## `course (\w+)`\n(.*?)(?=^## |\Z)",
            (ROOT / "docs" / "commands.md").read_text("utf-8"),
            re.MULTILINE | re.DOTALL,
        )
    }
    missing = [
        f"course {name} {option.opts[0]}"
        for name, command, _ in commands()
        if name in sections
        for option in command.params
        if isinstance(option, click.Option) and option.opts[0] not in sections[name]
    ]

    assert {"lab", "list", "reset", "update", "submit"} <= set(sections)
    assert missing == []


def test_no_document_names_a_command_that_is_not_there():
    known = {name for name, _, _ in commands()}
    groups = {name for name, command, _ in commands() if isinstance(command, click.Group)}
    wrong = []
    for path in DOCUMENTS:
        for match in TYPED.finditer(path.read_text("utf-8")):
            first, second = match[1], match[2]
            if first not in known or (first in groups and second and f"{first} {second}" not in known):
                wrong.append(f"{path.relative_to(ROOT)}: {match[0]}`")

    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_every_link_within_the_repository_leads_somewhere(document: Path):
    broken = []
    for match in LINK.finditer(document.read_text("utf-8")):
        target = (document.parent / match[1]).resolve() if match[1] else document
        if not target.exists() or (match[2] and target.suffix == ".md" and match[2] not in anchors(target)):
            broken.append(match[0])

    assert broken == []


def anchors(document: Path) -> set[str]:
    """Return the anchors GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ +(.*)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_test_and_attack_that_a_document_names_is_there():
    missing = []
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        for file, name in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text):
            if not (ROOT / file).is_file() or f"def {name}(" not in (ROOT / file).read_text("utf-8"):
                missing.append(f"{path.name}: {file}::{name}")
    attacks = {path.name for path in (ROOT / "tests" / "fixtures" / "hostile").iterdir() if path.is_file()}
    named = set(re.findall(r"`(\w+\.(?:py|rs))`", (ROOT / "docs" / "sandbox.md").read_text("utf-8")))

    assert missing == []
    assert attacks - named == set(), "docs/sandbox.md names every attack"
    assert named - attacks == set()
