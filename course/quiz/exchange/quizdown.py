"""Read quizdown and write our format, listing what had to be guessed.

Two dialects are read. *Documented quizdown*: any heading is a question; `1. [x]` lists are single choice, `- [x]` lists
several correct, `1.` lists without boxes sequences; quotes are hints, quotes under an option its comment; options as
YAML between `---` lines. *As the course's overview writes it*: between Hugo shortcode lines, `- [ ]` lists with one
`[x]` that are meant as single choice, and `> **Explanation:**`, meant to be shown after answering.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from course.errors import CourseError
from course.quiz.attributes import BadAttribute, slug, split
from course.quiz.blocks import Block, Text, blocks, items, unquote, without_comments
from course.quiz.front import BadFront, read_front

__all__ = ["Guess", "Imported", "convert"]

LARGEST = 2_000_000  # characters

_SHORTCODE = re.compile(r"\s*\{\{[<%]\s*/?\s*[\w./-]*.*[>%]\}\}\s*")
_WRAPPER = re.compile(r"\s*</?(?:div|script|pre)\b[^>]*>\s*", re.IGNORECASE)
_BOX = re.compile(r"\[(?P<box>[ xX])\](?=\s|$)\s*")
_LABEL = re.compile(r"\s*(?:\*\*|__)?(?P<name>hint|explanation)\s*:?\s*(?:\*\*|__)?\s*:?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Guess:
    """Something the source left open: its line there, and what was made of it."""

    line: int
    message: str


@dataclass
class Imported:
    """The quiz file written, and what was guessed on the way."""

    text: str
    guesses: list[Guess] = field(default_factory=list)


def convert(source: str, *, title: str = "Imported quiz") -> Imported:
    """Return a quizdown text as a quiz file.

    Raises:
        CourseError: there is no question in it.
    """
    if len(source) > LARGEST:
        raise CourseError("the file is too large for a quiz", help="split it")
    return _Converter(title).convert(Text.of(source.removeprefix("\ufeff")))


class _Converter:
    def __init__(self, title: str) -> None:
        self.title = title
        self.guesses: list[Guess] = []
        self.ids: set[str] = set()
        self.shuffle = True
        self.pick: int | None = None

    def guess(self, line: int, message: str) -> None:
        self.guesses.append(Guess(line, message))

    def convert(self, text: Text) -> Imported:
        # A page has front matter of its own, and the quiz in it may have another.
        text = self._front_matter(self._without_wrappers(self._front_matter(text)))
        top = blocks(text)
        heads = [block for block in top if block.kind == "heading"]
        ends = [head.begin for head in heads[1:]] + [text.first + len(text.lines)]
        questions, prose = [], list[str]()
        for head, end in zip(heads, ends, strict=False):  # without a heading there is an end too many
            inside = text.cut(head.end, end)
            if question := self._question(head, inside):
                questions.append(question)
            elif not questions and head.level == 1:
                self.title = head.content
            else:
                self.guess(head.begin, f"a heading without answers was left out: {head.content[:60]}")
                prose.append(head.content)
        if not questions:
            help = "a question is a heading with a list of answers below it"
            raise CourseError("no quizdown question was found", help=help)
        front = ["---", f"title: {_yaml(self.title)}", *([] if self.shuffle else ["shuffle: no"]), "---", ""]
        section = "## Quiz {#quiz}"
        if self.pick is not None and self.pick < len(questions):
            section = f"## Quiz {{#quiz pick={self.pick}}}"
        return Imported("\n".join([*front, section, "", *questions]), sorted(self.guesses, key=lambda g: g.line))

    def _without_wrappers(self, text: Text) -> Text:
        """Return the quiz in a page: what is between quizdown shortcodes where there are any; else the whole."""
        opens = [at for at, line in enumerate(text.lines) if re.match(r"\s*\{\{[<%]\s*quizdown\b", line)]
        closes = [at for at, line in enumerate(text.lines) if re.match(r"\s*\{\{[<%]\s*/\s*quizdown\b", line)]
        outside: set[int] = set()
        if opens:
            inside: set[int] = set()
            for at in opens:
                end = next((close for close in closes if close > at), len(text.lines))
                inside.update(range(at, end))
            outside = set(range(len(text.lines))) - inside
            if any(text.lines[at].strip() for at in outside - set(closes)):
                self.guess(text.first + opens[0], "only what is between quizdown shortcodes was read")
        lines, fenced = [], False
        for at, line in enumerate(text.lines):
            fenced ^= line.lstrip().startswith(("```", "~~~"))
            wrapper = not fenced and (_SHORTCODE.fullmatch(line) or _WRAPPER.fullmatch(line))
            if wrapper and at not in outside:
                self.guess(text.first + at, f"a line of the page around the quiz was left out: {line.strip()[:60]}")
            lines.append("" if wrapper or at in outside else line)  # lines keep their numbers
        return Text(tuple(lines), text.first, text.columns)

    # -- options

    def _front_matter(self, text: Text) -> Text:
        start = next((at for at, line in enumerate(text.lines) if line.strip()), len(text.lines))
        if start >= len(text.lines) or text.lines[start].strip() != "---":
            return text
        end = next((at for at in range(start + 1, len(text.lines)) if text.lines[at].strip() == "---"), None)
        if end is None:
            return text
        options = self._yaml_options("\n".join(text.lines[start + 1 : end]), text.first + start)
        self.shuffle = bool(options.get("shuffle", self.shuffle))
        self.pick = int(options["pick"]) if "pick" in options else self.pick
        return text.cut(text.first + end + 1, text.first + len(text.lines))

    def _yaml_options(self, source: str, line: int) -> dict[str, bool | int]:
        try:
            written = read_front(source)
        except BadFront:
            self.guess(line, "options that are no YAML were left out")
            return {}
        found: dict[str, bool | int] = {}
        for name, value in written.items():
            plain = name.replace("_", "").lower()
            if plain == "shuffleanswers" and value.word in ("yes", "no"):
                found["shuffle"] = value.word == "yes"
            elif plain == "nquestions" and re.fullmatch(r"[1-9]\d{0,5}", value.text or ""):
                found["pick"] = int(value.text or "")
            elif plain == "title" and value.text is not None:
                self.title = value.text
            else:
                self.guess(line, f"an option was left out: {name[:40]}")
        return found

    def _own_options(self, inside: Text) -> tuple[dict[str, bool | int], Text]:
        """Return the options between `---` lines under a heading, and the text without them."""
        filled = [at for at, line in enumerate(inside.lines) if line.strip()]
        if not filled or inside.lines[filled[0]].strip() != "---":
            return {}, inside
        begin = filled[0]
        end = next((at for at in range(begin + 1, len(inside.lines)) if inside.lines[at].strip() == "---"), None)
        if end is None or not any(":" in line for line in inside.lines[begin + 1 : end]):
            return {}, inside
        options = self._yaml_options("\n".join(inside.lines[begin + 1 : end]), inside.first + begin)
        return options, inside.cut(inside.first + end + 1, inside.first + len(inside.lines))

    # -- questions

    def _question(self, head: Block, inside: Text) -> str | None:
        options, inside = self._own_options(inside)
        top = [block for block in blocks(inside) if block.kind != "comment"]
        lists = [block for block in top if block.kind in ("bullets", "numbers")]
        boxed = [block for block in lists if any(_BOX.match(text.lines[0]) for text in items(inside, block))]
        numbered = [block for block in lists if block.kind == "numbers" and block not in boxed]
        answers = boxed[0] if boxed else numbered[-1] if numbered else None
        if answers is None:
            return None
        if len(boxed) > 1:
            self.guess(boxed[1].begin, "a second list of options was joined to the first")
        taken = boxed or [answers]
        body, hints, explanations = [], list[str](), list[str]()
        for block in top:
            if block.kind == "quote":
                self._quote(block, inside, answers, hints, explanations)
            elif block not in taken:
                body.append(str(inside.cut(block.begin, block.end)).rstrip())
        title = " ".join(without_comments(head.content).split())
        attributes = [f"#{self._id(title)}"]
        if boxed:
            lines = [line for block in boxed for line in self._choice(block, inside, explanations)]
            ticked = sum(line.startswith("- [x]") for line in lines)
            self._kind(answers, ticked, attributes)
        else:
            lines = [self._step(at, text) for at, text in enumerate(items(inside, answers), 1)]
        if options.get("shuffle") is False and boxed:
            attributes.append("shuffle=no")
        if not boxed and any(block.kind == "numbers" for block in top if block not in taken):
            self.guess(answers.begin, "of several numbered lists, the last was taken as the sequence")
        parts = [f"### {_escaped(title)} {{{' '.join(attributes)}}}", *body, "\n".join(lines)]
        callouts = [_callout("Hint", text) for text in hints] + [_callout("Explanation", text) for text in explanations]
        if callouts:
            parts.append("\n>\n".join(callouts))
        return "\n\n".join(part for part in parts if part) + "\n"

    def _kind(self, answers: Block, ticked: int, attributes: list[str]) -> None:
        if ticked == 0:
            self.guess(answers.begin, "no option is marked right: mark one, the file does not check as it is")
        elif answers.kind == "bullets" and ticked == 1:
            self.guess(
                answers.begin,
                "an unordered list with one [x] was taken as single choice; write {several} if check boxes are meant",
            )
        elif answers.kind == "numbers" and ticked > 1:
            self.guess(answers.begin, "an ordered list with several [x] was taken as several correct")

    def _quote(self, block: Block, inside: Text, answers: Block, hints: list[str], explanations: list[str]) -> None:
        part: list[str] = []
        kind = hints
        collected: list[tuple[list[str], list[str]]] = []
        for line in unquote(inside, block).lines:
            label = _LABEL.match(line) if line.strip() else None
            if label and (":" in label[0] or "*" in label[0]):
                if any(text.strip() for text in part):
                    collected.append((kind, part))
                kind = explanations if label["name"].lower() == "explanation" else hints
                part = [line[label.end() :]]
                if kind is explanations:
                    self.guess(block.begin, "a quote that says Explanation is shown after answering, not as a hint")
            else:
                part.append(line)
        collected.append((kind, part))
        for where, lines in collected:
            text = "\n".join(lines).strip()
            if not text:
                continue
            if where is hints and block.begin > answers.begin:
                self.guess(block.begin, "a quote after the answers was taken as a hint, as quizdown does")
            where.append(text)

    def _choice(self, block: Block, inside: Text, explanations: list[str]) -> list[str]:
        lines = []
        for text in items(inside, block):
            box = _BOX.match(text.lines[0])
            if box is None:
                self.guess(text.first, "an option without a box was taken as wrong")
            mark = "x" if box and box["box"] != " " else " "
            own = list(text.lines)
            for quote in blocks(text):
                words = str(unquote(text, quote)) if quote.kind == "quote" else ""
                label = _LABEL.match(words)
                if label and label["name"].lower() == "explanation" and ":" in label[0]:
                    self.guess(quote.begin, "an explanation under an option was taken as the question's")
                    explanations.append(words[label.end() :].strip())
                    own[quote.begin - text.first : quote.end - text.first] = [""] * (quote.end - quote.begin)
            rest = (own[0][box.end() if box else 0 :], *own[1:])
            lines.append(_item(f"- [{mark}] ", rest))
        return lines

    def _step(self, at: int, text: Text) -> str:
        return _item(f"{at}. ", text.lines)

    def _id(self, title: str) -> str:
        stem = slug(title) or "question"
        id, count = stem, 1
        while id in self.ids or id == "quiz":
            count += 1
            id = f"{stem}-{count}"
        self.ids.add(id)
        return id


def _item(marker: str, lines: tuple[str, ...]) -> str:
    """Return a list item; its further lines are indented under it."""
    words = list(lines)
    while words and not words[-1].strip():
        words.pop()
    first, *rest = words or [""]
    # Two spaces are enough under `- `; a numbered item needs as many as its marker is wide.
    width = 2 if marker.startswith("-") else len(marker)
    return "\n".join([marker + _escaped(first), *(f"{' ' * width}{line}".rstrip() for line in rest)])


def _escaped(text: str) -> str:
    """Return a text that our format would not read as ending in attributes."""
    try:
        plain, found = split(text, ())
    except BadAttribute:
        return text.rstrip()[:-1] + "\\}"
    return text if plain == text.rstrip() and found.id is None else text.rstrip()[:-1] + "\\}"


def _callout(name: str, text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([f"> **{name}:** {first}", *(f"> {line}".rstrip() for line in rest)])


def _yaml(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, width=10_000).strip().removesuffix("...").strip()
