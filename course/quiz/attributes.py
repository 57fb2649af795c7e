"""Attributes: `{#id name name=value name="a value"}` at the end of a heading, an option or a section."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Attributes", "BadAttribute", "slug", "split"]

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")

_TOKEN = re.compile(
    r"""\s*(?:
        \#(?P<id>[^\s"{}=]+)
      | (?P<name>[A-Za-z][A-Za-z0-9_-]*) (?: = (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[^\s"{}=]+) ) )?
    )(?=\s|$)""",
    re.VERBOSE,
)


class BadAttribute(ValueError):
    """Attributes that cannot be read: what, at which column of the text, and what to write instead."""

    def __init__(self, message: str, column: int, help: str) -> None:
        super().__init__(message)
        self.message, self.column, self.help = message, column, help


@dataclass
class Attributes:
    """The attributes of one place. `values` holds name → (text, column); a bare name has the value None."""

    id: str | None = None
    id_column: int = 0
    values: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    waivers: list[tuple[str, int]] = field(default_factory=list)  # lint-ok may be given more than once

    def get(self, name: str) -> str | None:
        """Return the text of an attribute, "" for a bare name, None where it is not given."""
        if name not in self.values:
            return None
        return self.values[name][0] or ""

    def column(self, name: str) -> int:
        """Return where an attribute stands in its line."""
        return self.values[name][1] if name in self.values else 0

    def move(self, left: int) -> None:
        """Count columns from a place further to the left: that of the line they stand in."""
        self.id_column += left
        self.values = {name: (value, column + left) for name, (value, column) in self.values.items()}
        self.waivers = [(text, column + left) for text, column in self.waivers]


def slug(text: str) -> str:
    """Return the id a heading has unless it is given one."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def split(text: str, known: Iterable[str]) -> tuple[str, Attributes]:
    """Split `text {…}` into the text and its attributes; columns count from the start of `text`, from 0.

    Raises:
        BadAttribute: the braces hold something that is no attribute, or one that is not in `known`.
    """
    bare = text.rstrip()
    start = _opening(bare)
    if start is None:
        return bare, Attributes()
    inside = bare[start + 1 : -1]
    found = Attributes()
    names = sorted(known)
    at = 0
    while at < len(inside) and inside[at:].strip():
        token = _TOKEN.match(inside, at)
        if token is None:
            rest = inside[at:].strip()
            column = start + 1 + at + len(inside[at:]) - len(inside[at:].lstrip())
            raise BadAttribute(
                f"this is no attribute: {rest[:40]}",
                column,
                'write {#id name name=value name="some words"}; braces that belong to the text go in `code`',
            )
        at = token.end()
        if token["id"] is not None:
            column = start + 1 + token.start("id") - 1
            if not ID.fullmatch(token["id"]):
                raise BadAttribute(
                    f"an id is made of small letters, digits and hyphens: #{token['id'][:40]}",
                    column,
                    f"write #{slug(token['id']) or 'some-words'}",
                )
            if found.id is not None:
                raise BadAttribute("two ids for one thing", column, "keep the one that answers already refer to")
            found.id, found.id_column = token["id"], column
            continue
        name, column = token["name"], start + 1 + token.start("name")
        value = token["bare"]
        if token["quoted"] is not None:
            value = re.sub(r"\\(.)", r"\1", token["quoted"])
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            help = f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"
            raise BadAttribute(f"unknown attribute {name!r}", column, help)
        if name == "lint-ok":
            found.waivers.append((value or "", column))
        elif name in found.values:
            raise BadAttribute(f"{name} is given twice", column, "keep one of them")
        else:
            found.values[name] = (value, column)
    return bare[:start].rstrip(), found


def _opening(text: str) -> int | None:
    """Return where the attributes at the end of `text` begin: a `{` after white space that the last `}` closes."""
    if not text.endswith("}") or text.endswith("\\}"):
        return None
    quoted = False
    for at in range(len(text) - 2, -1, -1):
        character = text[at]
        if character == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character == "}":
            return None
        elif character == "{":
            inside = text[at + 1 : -1].strip()
            after_space = at == 0 or text[at - 1].isspace()
            return at if after_space and (not inside or inside[0] == "#" or inside[0].isalnum()) else None
    return None
