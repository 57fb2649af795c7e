"""Markdown as a list of blocks that know their lines: the layer between markdown-it and the quiz grammar."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["Block", "Text", "blocks", "items", "rows", "unquote"]

_MARKER = re.compile(r"(?P<indent>[ \t]*)(?P<marker>[-+*]|\d{1,9}[.)])(?P<gap>[ \t]+|$)")
_QUOTE = re.compile(r"[ \t]{0,3}> ?")


@dataclass(frozen=True)
class Text:
    """Lines of a file: `first` is the number of the first one, `columns` how much was cut off the left of each."""

    lines: tuple[str, ...]
    first: int = 1
    columns: tuple[int, ...] = ()

    @classmethod
    def of(cls, source: str, first: int = 1) -> Text:
        """Split a source as Markdown does: at line feeds, however they are written."""
        lines = source.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").split("\n")
        return cls(tuple(lines), first, (0,) * len(lines))

    def __str__(self) -> str:
        return "\n".join(self.lines).strip("\n")

    def cut(self, begin: int, end: int) -> Text:
        """Return lines `begin` to `end` (numbers as in the file, `end` excluded)."""
        a, b = begin - self.first, end - self.first
        return Text(self.lines[a:b], begin, self.columns[a:b])

    def place(self, line: int, column: int = 0) -> tuple[int, int]:
        """Return (line, column from 1) in the file for a column of one of these lines."""
        at = line - self.first
        left = self.columns[at] if 0 <= at < len(self.columns) else 0
        return line, left + column + 1


@dataclass(frozen=True)
class Block:
    """One block. `begin` and `end` are line numbers (`end` excluded).

    `kind`: heading, paragraph, bullets, numbers, quote, fence, table, comment (also a rule) or other.
    `content`: a heading's or paragraph's text, or a fence's body; `info`: a fence's words after the backticks;
    `level`: a heading's depth.
    """

    kind: str
    begin: int
    end: int
    content: str = ""
    info: tuple[str, ...] = ()
    level: int = 0
    starts: tuple[tuple[int, int], ...] = ()  # lists: begin and end of each item
    cells: tuple[tuple[int, tuple[str, ...]], ...] = field(default=())  # tables: line and cells of each row


@functools.cache
def _markdown() -> MarkdownIt:
    # Setext headings are off: a line of `=` or `-` under a paragraph is far more often a slip than a heading.
    # What is inside a line is not looked at here: `course.quiz.questions._text` renders it.
    return MarkdownIt("commonmark", {"html": True}).enable("table").disable(["lheading", "inline", "text_join"])


_KINDS = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "bullet_list_open": "bullets",
    "ordered_list_open": "numbers",
    "blockquote_open": "quote",
    "fence": "fence",
    "table_open": "table",
}


def blocks(text: Text) -> list[Block]:
    """Return the top-level blocks of a text."""
    tokens = _markdown().parse("\n".join(text.lines))
    return list(_top_level(tokens, text.first))


def _top_level(tokens: list[Token], first: int) -> Iterator[Block]:
    for at, token in enumerate(tokens):
        if token.level != 0 or token.nesting < 0 or token.map is None:
            continue
        begin, end = token.map[0] + first, token.map[1] + first
        kind = _KINDS.get(token.type, "other")
        if token.type == "hr" or (token.type == "html_block" and not without_comments(token.content).strip()):
            kind = "comment"
        if kind in ("heading", "paragraph"):
            level = int(token.tag[1]) if kind == "heading" else 0
            yield Block(kind, begin, end, tokens[at + 1].content, level=level)
        elif kind == "fence":
            yield Block(kind, begin, end, token.content, tuple(token.info.split()))
        elif kind in ("bullets", "numbers"):
            starts = tuple(
                (t.map[0] + first, t.map[1] + first)
                for t in _inside(tokens, at)
                if t.type == "list_item_open" and t.level == 1 and t.map is not None
            )
            yield Block(kind, begin, end, starts=starts)
        elif kind == "table":
            yield Block(kind, begin, end, cells=tuple(_rows(tokens, at, first)))
        else:
            yield Block(kind, begin, end)


def _inside(tokens: list[Token], at: int) -> Iterator[Token]:
    for token in tokens[at + 1 :]:
        if token.level == 0:
            return
        yield token


def _rows(tokens: list[Token], at: int, first: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    line, cells = 0, list[str]()
    for token in _inside(tokens, at):
        if token.type == "tr_open":
            line, cells = (token.map[0] + first if token.map else 0), []
        elif token.type == "inline":
            cells.append(token.content)
        elif token.type == "tr_close":
            yield line, tuple(cells)


def items(text: Text, block: Block) -> list[Text]:
    """Return the items of a list, each without its marker and indentation."""
    found = []
    for begin, end in block.starts:
        lines, columns = [], []
        part = text.cut(begin, end)
        marker = _MARKER.match(part.lines[0])
        width = marker.end() if marker else 0
        if marker and len(marker["gap"].expandtabs(4)) > 4:
            width = marker.end("marker") + 1  # an indented code block inside the item
        for at, (line, column) in enumerate(zip(part.lines, part.columns, strict=True)):
            blank = len(line) - len(line.lstrip(" \t"))
            left = width if at == 0 else min(width, blank)
            lines.append(line[left:])
            columns.append(column + left)
        found.append(Text(tuple(lines), begin, tuple(columns)))
    return found


def unquote(text: Text, block: Block) -> Text:
    """Return a quote without its `>` marks."""
    part = text.cut(block.begin, block.end)
    lines, columns = [], []
    for line, column in zip(part.lines, part.columns, strict=True):
        mark = _QUOTE.match(line)
        left = mark.end() if mark else 0
        lines.append(line[left:])
        columns.append(column + left)
    return Text(tuple(lines), block.begin, tuple(columns))


def rows(block: Block) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return a table's rows, the header first: (line, cells)."""
    return block.cells


def without_comments(text: str) -> str:
    """Return a text without HTML comments; one that is not closed stays."""
    kept, done = [], 0
    while (begin := text.find("<!--", done)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        kept.append(text[done:begin])
        done = end + 3
    return "".join([*kept, text[done:]])
