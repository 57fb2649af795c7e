"""Texts of options and stems: ids, attributes, feedback, HTML."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence

from markdown_it import MarkdownIt

from course.quiz.attributes import Attributes, BadAttribute, split
from course.quiz.blocks import Text, blocks, unquote, without_comments
from course.quiz.questions.base import Draft

__all__ = ["identify", "normalised", "read_option", "rendered", "text_id", "to_html"]

_MARKS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "−": "-"})


@functools.cache
def _markdown() -> MarkdownIt:
    # Raw HTML is shown as text: a quiz file is data, and its HTML ends in other people's pages.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@functools.lru_cache(maxsize=4096)
def to_html(text: str, inline: bool = False) -> str:
    """Render Markdown. `inline`: a text of one paragraph comes without `<p>`."""
    if inline and "\n\n" not in text.strip() and len(blocks(Text.of(text))) <= 1:
        kinds = [block.kind for block in blocks(Text.of(text))]
        if kinds in ([], ["paragraph"]):
            return str(_markdown().renderInline(text.strip()))
    return str(_markdown().render(text))


def rendered(text: str, *, inline: bool = False) -> dict[str, str]:
    """Return a text as Markdown and as HTML."""
    return {"text": text, "html": to_html(text, inline)}


def normalised(text: str) -> str:
    """Return a text as answers are compared: NFC, plain quotes and hyphens, white space squeezed."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_MARKS).split())


def text_id(text: str) -> str:
    """Return the id of a text that was given none: it survives reordering, and changes with the text."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def identify(draft: Draft, named: Sequence[tuple[str | None, str, int]]) -> list[str]:
    """Return an id for each (id or None, text, line); equal texts are told apart by a number."""
    taken: set[str] = set()
    for id, _, line in named:
        if id in taken and id is not None:
            draft.report(f"two options are called #{id}", line, 1, "give each an id of its own")
        elif id is not None:
            taken.add(id)
    found = []
    for id, text, _ in named:
        if id is not None:
            found.append(id)
            continue
        stem = free = text_id(text)
        count = 1
        while free in taken:
            count += 1
            free = f"{stem}-{count}"
        taken.add(free)
        found.append(free)
    return found


def read_option(draft: Draft, text: Text) -> tuple[str, Attributes, str, int]:
    """Split an option into its Markdown, attributes, feedback (quotes under it) and line."""
    lines = list(text.lines)
    feedback = []
    for block in blocks(text):
        if block.kind == "quote":
            words = str(unquote(text, block)).strip()
            if name := re.match(r"\*\*(Hint|Explanation|Rubric):?\*\*", words, re.IGNORECASE):
                line, column = text.place(block.begin)
                message = f"{name[1].lower()} indented under an option, where feedback stands"
                draft.report(
                    f"an {message}" if name[1][0] in "Ee" else f"a {message}",
                    line,
                    column,
                    "begin the quote at the margin",
                )
            feedback.append(words)
            for line in range(block.begin, block.end):
                lines[line - text.first] = ""
    attributes = Attributes()
    last = next((at for at in reversed(range(len(lines))) if lines[at].strip()), 0)
    for at in dict.fromkeys((0, last)):  # at the end of its first line, or of its last
        try:
            plain, found = split(lines[at], {"pin"})
        except BadAttribute as bad:
            line, column = text.place(text.first + at, bad.column)
            draft.report(bad.message, line, column, bad.help)
            plain, found = lines[at].split("{")[0], Attributes()
        if found.id is not None or found.values:
            attributes, lines[at] = found, plain
            break
    if attributes.values and attributes.get("pin"):
        draft.report("pin takes no value", text.first, 1, "write {pin}: the option keeps the place it has in the file")
    option = without_comments("\n".join(lines)).strip()
    if not option:
        draft.report("an empty option", text.first, 1, "write what it says, or delete it")
    return re.sub(r"\n{3,}", "\n\n", option), attributes, "\n\n".join(feedback), text.first
