"""Show tested Rust in prose: a function as it stands in the crates of the course, highlighted; nothing is retyped."""

from __future__ import annotations

from pathlib import Path

import tree_sitter
import tree_sitter_rust

from course.errors import UnknownName
from course.rust.highlight import Listing

__all__ = ["show_rust"]

FOLDERS = [Path(__file__).parent / "crates"]
"""Where the files are looked for; whoever has more Rust to show adds its folder."""

_ITEMS = {
    "function_item", "struct_item", "enum_item", "trait_item", "impl_item", "const_item", "static_item", "type_item",
    "macro_definition", "mod_item",
}  # fmt: skip
_ABOVE = {"line_comment", "block_comment", "attribute_item"}


def show_rust(file: str, item: str | None = None) -> Listing:
    """Show an item (a function, a type) of a Rust file of the course, with the comments and attributes above it.

    `file` is a file's name, or the end of its path where two share a name; without `item`, the whole file.

    Raises:
        UnknownName: there is no such file or item; the nearest one is named.
    """
    path = _find(file)
    source = path.read_text(encoding="utf-8")
    if item is None:
        return Listing(source, "rust", path.name)
    items = _items(source)
    if item not in items:
        raise UnknownName(f"item of {path.name}", item, items)
    return Listing(items[item], "rust", f"{item}, in {path.name}")


def _find(file: str) -> Path:
    paths = [p for folder in FOLDERS for p in sorted(folder.rglob("*.rs")) if "target" not in p.parts]
    exact = [p for p in paths if p.as_posix().endswith(f"/{file.lstrip('/')}")]
    # Of several, the tested lessons are what prose means; else the shortest path.
    exact.sort(key=lambda p: ("lessons" not in p.parts, len(p.parts), p))
    if not exact:
        raise UnknownName("Rust file of the course", file, {p.name for p in paths})
    return exact[0]


def _items(source: str) -> dict[str, str]:
    """Return each named item of a file, methods as `Type::method` too, with what stands right above it."""
    data = source.encode()
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language())).parse(data)
    found: dict[str, str] = {}

    def walk(parent: tree_sitter.Node, prefix: str) -> None:
        start: int | None = None
        last_row = -2
        for node in parent.named_children:
            if node.type in _ABOVE and (node.text or b"")[:3] not in {b"//!", b"/*!"}:
                if start is None or node.start_point.row > last_row + 1:
                    start = node.start_byte
                last_row = node.end_point.row - (1 if (node.text or b"").endswith(b"\n") else 0)
                continue
            if node.type in _ITEMS:
                near = start is not None and node.start_point.row <= last_row + 1
                begin = start if near and start is not None else node.start_byte
                name = _name(node)
                if name:
                    found.setdefault(prefix + name, _dedented(data, begin, node.end_byte))
                body = node.child_by_field_name("body")
                if body is not None and node.type in {"impl_item", "trait_item", "mod_item"}:
                    walk(body, "" if node.type == "mod_item" else f"{name}::")
            start, last_row = None, -2

    walk(tree.root_node, "")
    return found


def _name(node: tree_sitter.Node) -> str:
    named = node.child_by_field_name("name") or node.child_by_field_name("type")
    text = (named.text or b"").decode() if named is not None else ""
    return text.partition("<")[0]


def _dedented(data: bytes, begin: int, end: int) -> str:
    line_start = data.rfind(b"\n", 0, begin) + 1
    indent = data[line_start:begin].decode()
    text = data[begin:end].decode()
    return text.replace(f"\n{indent}", "\n") if indent.strip() == "" else text
