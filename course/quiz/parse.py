"""Quiz files: Markdown in, a `Quiz` out, or every error at once with its line and column.

Three levels: the file (front matter, sections), an item (its heading, what is under it), and the answer, which the
item's type reads (`course.quiz.questions`). docs/quiz-files.md describes the format for authors.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course.errors import CourseError, QuizErrors
from course.quiz._item import item_from
from course.quiz.attributes import Attributes, BadAttribute, slug, split
from course.quiz.blocks import Block, Text, blocks, without_comments
from course.quiz.front import BadFront, Value, read_front
from course.quiz.model import Item, Quiz, Section, Waiver

__all__ = ["load", "parse"]

LARGEST = 2_000_000  # characters of one quiz file

_DEFAULTS = ("mode", "attempts", "shuffle", "scheme", "hint-cost")
_FRONT = ("title", *_DEFAULTS, "exam-minutes", "lint-ok")
_SECTION = {"pick", "mode", "attempts", "shuffle", "scheme", "hint-cost"}


def load(path: Path | str) -> Quiz:
    """Read and parse a quiz file.

    Raises:
        QuizErrors: what is wrong with it, all at once.
        CourseError: there is no such file, or it is no text.
    """
    path = Path(path)
    try:
        source = path.read_text("utf-8-sig")
    except OSError as error:
        raise CourseError(
            f"cannot read the quiz file: {error.strerror}", place=str(path), help="check the path"
        ) from None
    except UnicodeDecodeError as error:
        raise CourseError(
            "the quiz file is not UTF-8 text", place=f"{path} (byte {error.start})", help="save it as UTF-8"
        ) from None
    return parse(source, path=path)


def parse(text: str, *, path: Path | str = "quiz.md") -> Quiz:
    """Parse a quiz file's text. `path` names it in messages, and its stem is the quiz's name.

    Raises:
        QuizErrors: what is wrong with it, all at once, each with `file:line:column` and a help line.
    """
    return _File(str(path)).read(text)


class _File:
    """The state of one parse: where we are, and the errors so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.errors: list[tuple[int, int, CourseError]] = []

    def report(self, message: str, line: int, column: int, help: str) -> None:
        """Record an error; parsing goes on, so that all are seen at once."""
        place = f"{self.path}:{line}:{column}"
        self.errors.append((line, column, CourseError(message, place=place, help=help)))

    def read(self, source: str) -> Quiz:
        if len(source) > LARGEST:
            raise QuizErrors([CourseError("the file is too large for a quiz", place=self.path, help="split it")])
        text = Text.of(source)
        front, body = self._front_matter(text)
        title, sections = self._sections(front, body)
        if not self.errors and not any(section.items for section in sections):
            self.report("no questions", 1, 1, "a question is a heading `### …` with its answers below")
        self._unique(sections)
        if self.errors:
            raise QuizErrors(error for _, _, error in sorted(self.errors, key=lambda e: e[:2]))
        name = Path(self.path).name.split(".")[0] or "quiz"
        return Quiz(
            str(front.get("title") or title or name),
            name,
            self.path,
            tuple(sections),
            front.get("exam-minutes"),
            {key: front[key] for key in _DEFAULTS if key in front},
            tuple(front.get("lint-ok", ())),
        )

    # -- front matter

    def _front_matter(self, text: Text) -> tuple[dict[str, Any], Text]:
        lines = text.lines
        if lines[0].rstrip() != "---":
            return {}, text
        end = next((at for at in range(1, len(lines)) if lines[at].rstrip() in ("---", "...")), None)
        if end is None:
            self.report("the front matter has no end", 1, 1, "close it with a line `---`")
            return {}, text.cut(2, 2)
        body = text.cut(end + 2, len(lines) + 1)
        try:
            front = read_front("\n".join(lines[1:end]))
        except BadFront as bad:
            self.report(bad.message, bad.line + 2, bad.column + 1, bad.help)
            return {}, body
        return self._checked_front(front), body

    def _checked_front(self, written: Mapping[str, Value]) -> dict[str, Any]:
        front: dict[str, Any] = {}
        for key, value in written.items():
            line = value.line + 2
            if key not in _FRONT:
                near = difflib.get_close_matches(key[:40], _FRONT, n=1)
                help = f"did you mean {near[0]}?" if near else f"known here: {', '.join(_FRONT)}"
                self.report(f"unknown name in the front matter: {key[:40]}", line, 1, help)
            elif key == "lint-ok" and value.texts is not None:
                front[key] = [waiver for text in value.texts for waiver in self._waiver(text, line)]
            elif value.text is None or value.word is None:
                self.report(f"{key} has one value", line, 1, f"write `{key}: …`, in one line")
            elif key == "title":
                front[key] = value.text
            elif key == "exam-minutes":
                if re.fullmatch(r"\d{1,4}(\.\d{1,3})?", value.text) and float(value.text) > 0:
                    front[key] = float(value.text)
                else:
                    self.report("exam-minutes is a number of minutes", line, 1, "write `exam-minutes: 30`")
            else:
                read = read_setting(key, value.word)
                if isinstance(read, ValueError):
                    self.report(str(read), line, 1, read.args[1])
                else:
                    front[key] = read
        return front

    def _waiver(self, text: str, line: int) -> list[Waiver]:
        rule, _, reason = text.partition(":")
        if rule.strip() and reason.strip():
            return [Waiver(rule.strip(), reason.strip(), line)]
        self.report("a waiver without a reason", line, 1, 'write lint-ok: "key-position: why it is so"')
        return []

    # -- sections

    def _sections(self, front: dict[str, Any], body: Text) -> tuple[str, list[Section]]:
        title = ""
        sections: list[Section] = []
        top = blocks(body)
        heads = [at for at, block in enumerate(top) if block.kind == "heading" and block.level <= 3]
        first = top[heads[0]].begin if heads else body.first + len(body.lines)
        self._no_items_in(body, [b for b in top if b.end <= first])
        defaults = {key: front[key] for key in _DEFAULTS if key in front}
        current = _Open("quiz", "", 1, dict(defaults))
        ends = [top[at].begin for at in heads[1:]] + [body.first + len(body.lines)]
        for at, end in zip(heads, ends, strict=False):  # without a heading there is an end too many
            head = top[at]
            inside = body.cut(head.end, end)
            if head.level == 1:
                if title or sections or current.items:
                    self.report("a second title", head.begin, 1, "sections are `##`, questions `###`")
                title = title or without_comments(head.content).strip()
                self._no_items_in(inside, blocks(inside))
            elif head.level == 2:
                self._close(current, sections)
                current = self._section(head, inside, body, defaults)
            else:
                if item := self._item(head, inside, body, current):
                    current.items.append(item)
                current.tried += 1
        self._close(current, sections)
        return title, sections

    def _no_items_in(self, body: Text, before: list[Block]) -> None:
        for block in before:
            if block.kind in ("bullets", "numbers") and any(
                re.match(r"\s*(?:[-+*]|\d+[.)])\s+\[[ xX]\]", body.cut(b, e).lines[0]) for b, e in block.starts
            ):
                self.report("answers without a question", block.begin, 1, "put a heading `### …` above them")

    def _section(self, head: Block, inside: Text, body: Text, defaults: dict[str, Any]) -> _Open:
        title, attributes = self._heading(head, body, _SECTION)
        self._no_items_in(inside, blocks(inside))
        id = attributes.id or slug(title)
        if not id:
            self.report("a section without a name", head.begin, 1, "write `## views` or `## … {#views}`")
        opened = _Open(id, title, head.begin, {**defaults, **self.settings(attributes, head.begin)})
        opened.intro = without_comments(str(inside)).strip()
        pick = attributes.get("pick")
        if pick is not None:
            if not re.fullmatch(r"[1-9]\d{0,3}", pick):
                column = attributes.column("pick") + 1
                self.report("pick is how many items are drawn", head.begin, column, "write {pick=3}")
            else:
                opened.pick, opened.pick_column = int(pick), attributes.column("pick") + 1
        return opened

    def _close(self, current: _Open, sections: list[Section]) -> None:
        if not current.tried and not (current.title or current.intro):
            return
        if current.pick is not None and current.pick >= max(1, current.tried):
            help = "pick fewer, or leave pick out: all are shown"
            message = f"pick={current.pick} from {current.tried} items leaves nothing to draw"
            self.report(message, current.line, current.pick_column, help)
        sections.append(
            Section(current.id, current.title, tuple(current.items), current.pick, current.intro, current.line)
        )

    def _unique(self, sections: list[Section]) -> None:
        seen: dict[str, int] = {}
        for section in sections:
            if section.id in seen:
                help = f"the other is at line {seen[section.id]}: give one an id, `## … {{#id}}`"
                self.report(f"two sections are called {section.id!r}", section.line, 1, help)
            seen.setdefault(section.id, section.line)
        # A section and an item may not share an id either: `quiz("03_ndarray/views")` names one of them.
        for section in sections:
            for item in section.items:
                if item.id in seen:
                    help = f"the other is at line {seen[item.id]}: give one an id, `### … {{#id}}`"
                    self.report(f"two things are called {item.id!r}", item.line, 1, help)
                seen.setdefault(item.id, item.line)

    # -- items

    def _heading(self, head: Block, body: Text, known: set[str]) -> tuple[str, Attributes]:
        raw = body.cut(head.begin, head.begin + 1).lines[0]
        content = without_comments(head.content).rstrip()
        left = max(0, raw.find(head.content[:20])) if head.content else 0
        try:
            title, attributes = split(content, known)
            attributes.move(left)
            return title, attributes
        except BadAttribute as bad:
            self.report(bad.message, head.begin, left + bad.column + 1, bad.help)
            return content.rpartition("{")[0].rstrip() or content, Attributes()

    def settings(self, attributes: Attributes, line: int) -> dict[str, Any]:
        """Return the settings that attributes give: those a front matter may give too."""
        found: dict[str, Any] = {}
        for name in _DEFAULTS:
            value = attributes.get(name)
            if value is None:
                continue
            read = read_setting(name, value)
            if isinstance(read, ValueError):
                self.report(str(read), line, attributes.column(name) + 1, read.args[1])
            else:
                found[name] = read
        return found

    def _item(self, head: Block, inside: Text, body: Text, section: _Open) -> Item | None:
        from course.quiz._item import KNOWN

        before = len(self.errors)
        title, attributes = self._heading(head, body, KNOWN)
        settings = {**section.settings, **self.settings(attributes, head.begin)}
        item = item_from(self, head.begin, title, attributes, settings, inside)
        return None if len(self.errors) > before else item

    @property
    def chapter(self) -> str:
        return Path(self.path).name.split(".")[0] or "quiz"


class _Open:
    """A section that is being read."""

    def __init__(self, id: str, title: str, line: int, settings: dict[str, Any]) -> None:
        self.id, self.title, self.line, self.settings = id, title, line, settings
        self.items: list[Item] = []
        self.tried = 0  # items, those with errors included
        self.intro = ""
        self.pick: int | None = None
        self.pick_column = 1


class _Bad(ValueError):
    """A setting that cannot be read; args: message, help."""

    def __str__(self) -> str:
        return str(self.args[0])


def read_setting(name: str, value: str) -> Any:
    """Return a setting's value, or (not raised) an error with message and help."""
    if name == "mode":
        return value if value in ("practice", "graded") else _Bad("mode is practice or graded", "write mode=graded")
    if name == "attempts":
        if re.fullmatch(r"[1-9]\d{0,3}", value):
            return int(value)
        return _Bad("attempts is a number from 1", "write attempts=2, or leave it out: no limit")
    if name == "shuffle":
        if value in ("yes", "no"):
            return value == "yes"
        return _Bad("shuffle is yes or no", "write shuffle=no to keep the options in the file's order")
    if name == "hint-cost":
        try:
            cost = float(value)
        except ValueError:
            cost = math.nan
        if 0 <= cost <= 1:
            return cost
        return _Bad("hint-cost is a share of the item's points, 0 to 1", "write hint-cost=0.25")
    return value
