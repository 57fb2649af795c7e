"""One item of a quiz file: what is under its heading, sorted into stem, answer, hints and the rest."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from course.quiz.attributes import Attributes, slug
from course.quiz.blocks import Block, Text, blocks, items, rows, unquote, without_comments
from course.quiz.model import Hint, Item, Proof, Variant, Waiver
from course.quiz.questions import TYPES, Draft
from course.quiz.questions.base import Fence, Written
from course.quiz.questions.output import DOES_NOT_COMPILE

__all__ = ["KNOWN", "item_from"]

_EVERY = {"points", "topic", "level", "mode", "attempts", "hint-cost", "lint-ok"}
KNOWN = _EVERY | {name for kind in TYPES.values() for name in kind.attributes}

_BOX = re.compile(r"\[(?P<box>[ xX])\](?=\s|$)\s*")
_CALLOUT = re.compile(r"\*\*(?P<name>Hint|Explanation|Rubric):?\*\*:?[ \t]*", re.IGNORECASE)
_ROLES = {
    ("rust", "parsons"),
    ("python", "parsons"),
    ("text", "output"),
    ("python", "variant"),
    ("python", "key"),
    ("python", "proof"),
    ("rust", "proof"),
    ("python", "cases"),
}
_ROLE_WORDS = {role for _, role in _ROLES}


def item_from(
    file: Any, line: int, title: str, attributes: Attributes, settings: dict[str, Any], inside: Text
) -> Item | None:
    """Return the item under a heading; None where an error was reported that leaves no item."""
    if not title:
        file.report("a question without words", line, 1, "write what is asked after `###`")
    id = attributes.id or slug(title)
    if not id:
        file.report("a question without an id", line, 1, "write `### … {#some-words}`")
    common: dict[str, Any] = {
        "id": id,
        "chapter": file.chapter,
        "line": line,
        "title": title,
        "points": _number(file, attributes, "points", line, 1.0, 0, 1000),
        "topic": attributes.get("topic") or "",
        "level": _level(file, attributes, line),
        "mode": settings.get("mode", "practice"),
        "attempts": settings.get("attempts"),
        "scheme": "",
        "waivers": _waivers(file, attributes, line),
    }
    draft = Draft(common, attributes, line, file.report)
    parts = _Parts(draft, settings.get("hint-cost", 0.0))
    before = len(file.errors)
    parts.sort(inside)
    name = _type_of(draft, parts, sound=len(file.errors) == before)
    if name is None:
        return None
    kind = TYPES[name]
    for given in attributes.values:
        if given not in _EVERY and given not in kind.attributes:
            column = attributes.column(given) + 1
            draft.report(f"{given} means nothing for this type of item ({name})", line, column, f"delete {given}")
    if "scheme" in attributes.values:
        common["scheme"] = attributes.get("scheme") or ""
    elif "scheme" in kind.attributes and (name == "several" or settings.get("scheme") == "all"):
        common["scheme"] = settings.get("scheme", "")  # a default is for the types that know it
    if "shuffle" in kind.attributes:
        common["shuffle"] = settings.get("shuffle", True)
    if common.get("scheme") == "" and "scheme" in attributes.values:
        draft.report("scheme without a value", line, attributes.column("scheme") + 1, "write scheme=net")
    parts.finish(name)
    item = kind.parse(draft)
    return item if isinstance(item, Item) else None


def _number(
    file: Any, attributes: Attributes, name: str, line: int, default: float, least: float, most: float
) -> float:
    text = attributes.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        column = attributes.column(name) + 1
        file.report(f"{name} is a number from {least:g} to {most:g}", line, column, f"write {name}=2")
        return default
    return value


def _level(file: Any, attributes: Attributes, line: int) -> int | None:
    text = attributes.get("level")
    if text is None:
        return None
    if text not in ("1", "2", "3"):
        file.report("level is 1, 2 or 3", line, attributes.column("level") + 1, "1 recall, 2 apply, 3 analyse")
        return None
    return int(text)


def _waivers(file: Any, attributes: Attributes, line: int) -> tuple[Waiver, ...]:
    found = []
    for text, column in attributes.waivers:
        rule, _, reason = text.partition(":")
        if not rule.strip() or not reason.strip():
            help = 'write lint-ok="rule: why this item breaks it"'
            file.report("a waiver without a reason", line, column + 1, help)
        found.append(Waiver(rule.strip(), reason.strip(), line))
    return tuple(found)


class _Parts:
    """Sorts the blocks under a heading; what is nobody's is the body of the stem."""

    def __init__(self, draft: Draft, hint_cost: float) -> None:
        self.draft, self.hint_cost = draft, hint_cost
        self.hints: list[str] = []
        self.explanation = ""
        self.taken: set[int] = set()  # lines that are not the stem's
        self.numbered: list[tuple[Block, list[Text]]] = []
        self.text = Text(())
        self.code_at: int = 0

    def sort(self, text: Text) -> None:
        self.text = text
        for block in blocks(text):
            handler = getattr(self, f"_{block.kind}", None)
            if handler is not None and handler(block):
                self.taken.update(range(block.begin, block.end))

    def finish(self, name: str) -> None:
        """Put the parts into the draft, once its type is known."""
        draft = self.draft
        if name == "ordering":
            block, texts = self.numbered[0]
            draft.numbered = texts
            self.taken.update(range(block.begin, block.end))
        draft.common["body"] = self._body()
        draft.common["hints"] = tuple(Hint(text, self.hint_cost) for text in self.hints)
        draft.common["explanation"] = self.explanation
        if proof := draft.fences.get("proof"):
            draft.common["proof"] = Proof(proof.language, proof.code, proof.line)
        self._variant(TYPES[name].variants)

    def _body(self) -> str:
        """Return the lines nobody took, without HTML comments; code fences are left exactly as they are."""
        fenced: set[int] = set()
        for block in blocks(self.text):
            if block.kind == "fence":
                fenced.update(range(block.begin, block.end))
        kept: list[str] = []
        prose: list[str] = []
        for number, line in enumerate(self.text.lines, self.text.first):
            if number in self.taken:
                continue
            if number not in fenced:
                prose.append(line)
                continue
            kept += _tidy(prose)
            prose = []
            kept.append(line)
        return "\n".join(kept + _tidy(prose)).strip("\n")

    def _variant(self, allowed: bool) -> None:
        fences = self.draft.fences
        made, key = fences.get("variant"), fences.get("key")
        if made is None and key is None:
            return
        if made is None:
            assert key is not None
            self.draft.report("a key without a variant", key.line, 1, "add a fence `python variant`")
            return
        if not allowed:
            self.draft.report("this type of item has no variants", made.line, 1, "delete the fence")
            return
        if key is not None and not _defines(self.draft, key, "key"):
            return
        if _defines(self.draft, made, "variant"):
            self.draft.common["variant"] = Variant(
                made.code, key.code if key else None, made.line, key.line if key else 0
            )

    # -- blocks, by kind: True where the block is not part of the stem

    def _comment(self, block: Block) -> bool:
        return True

    def _bullets(self, block: Block) -> bool:
        return self._list(block, ordered=False)

    def _numbers(self, block: Block) -> bool:
        return self._list(block, ordered=True)

    def _list(self, block: Block, *, ordered: bool) -> bool:
        texts = items(self.text, block)
        boxes = [_BOX.match(text.lines[0]) for text in texts]
        if not any(boxes):
            if ordered:
                self.numbered.append((block, texts))
            return False
        if ordered:
            self.draft.report(
                "options in a numbered list", block.begin, 1, "write `- [x] …`, or convert it: course quiz import"
            )
            return True
        if self.draft.options:
            self.draft.report("a second list of options", block.begin, 1, "put all options of a question in one list")
            return True
        for text, box in zip(texts, boxes, strict=True):
            if box is None:
                line, column = text.place(text.first)
                self.draft.report("an option without a box", line, column, "write `- [ ] …` or `- [x] …`")
                self.draft.options.append((False, text))
                continue
            rest = (text.lines[0][box.end() :], *text.lines[1:])
            columns = (text.columns[0] + box.end(), *text.columns[1:])
            self.draft.options.append((box["box"] != " ", Text(rest, text.first, columns)))
        return True

    def _quote(self, block: Block) -> bool:
        text = unquote(self.text, block)
        parts: list[tuple[str, int, list[str]]] = []
        fenced = False
        for number, line in enumerate(text.lines, text.first):
            fenced ^= line.lstrip().startswith(("```", "~~~"))
            match = None if fenced else _CALLOUT.match(line)
            if match:
                parts.append((match["name"].lower(), number, [line[match.end() :]]))
            elif parts:
                parts[-1][2].append(line)
            elif line.strip():
                self.draft.report(
                    "a quote that does not say what it is",
                    number,
                    1,
                    "start it with **Hint:**, **Explanation:** or **Rubric:**; feedback is indented under its option",
                )
                return True
        for name, number, lines in parts:
            self._callout(name, number, lines, text)
        return True

    def _callout(self, name: str, number: int, lines: list[str], text: Text) -> None:
        words = "\n".join(lines).strip()
        if not words:
            self.draft.report(f"an empty {name}", number, 1, "write it, or delete the line")
        elif name == "hint":
            self.hints.append(words)
        elif name == "explanation":
            if self.explanation:
                self.draft.report("a second explanation", number, 1, "write one explanation")
            self.explanation = words
        else:
            if self.draft.rubric is not None:
                self.draft.report("a second rubric", number, 1, "write one rubric")
            columns = text.columns[number - text.first : number - text.first + len(lines)]
            self.draft.rubric = Text(tuple(lines), number, columns)

    def _table(self, block: Block) -> bool:
        table = rows(block)
        if [cell.strip().lower() for cell in table[0][1]] != ["left", "right"]:
            return False
        if self.draft.table:
            self.draft.report("a second table to match", block.begin, 1, "put all pairs in one table")
        self.draft.table = table
        return True

    def _paragraph(self, block: Block) -> bool:
        raw = self.text.cut(block.begin, block.begin + 1).lines[0]
        if re.match(r"=\s", block.content) or block.content == "=":
            if "\n" in block.content:
                help = "leave a blank line after it"
                self.draft.report("a key is a paragraph of its own", block.begin, 1, help)
                return True
            words = without_comments(block.content[1:])
            column = len(raw) - len(raw.lstrip()) + 1
            line, at = self.text.place(block.begin, column + len(words) - len(words.lstrip()))
            self.draft.keys.append(Written(words.strip(), line, at))
            return True
        for at, line_text in enumerate(block.content.split("\n")):
            if at and re.match(r"=\s", line_text):
                message = "a key is a paragraph of its own"
                self.draft.report(message, block.begin + at, 1, "leave a blank line before it")
        return False

    def _fence(self, block: Block) -> bool:
        language = block.info[0].lower() if block.info else ""
        role = block.info[1].lower() if len(block.info) > 1 else ""
        code = block.content.rstrip("\n")
        fence = Fence(language, role, code, block.begin + 1)
        if (language, role) in _ROLES:
            if role in self.draft.fences:
                self.draft.report(f"a second fence `{language} {role}`", block.begin, 1, "keep one")
            self.draft.fences[role] = fence
            return True
        if role in _ROLE_WORDS:
            known = " or ".join(f"`{a} {b}`" for a, b in sorted(_ROLES) if b == role)
            self.draft.report(f"no fence is called `{language} {role}`", block.begin, 1, f"write {known}")
            return True
        if language in ("rust", "python") and "output" not in self.draft.fences and not self.draft.keys:
            self.draft.code = fence
        return False


def _tidy(lines: list[str]) -> list[str]:
    """Return prose without comments, and with at most one empty line in a row."""
    if not lines:
        return []
    return re.sub(r"\n{3,}", "\n\n", without_comments("\n".join(lines))).split("\n")


def _defines(draft: Draft, fence: Fence, name: str) -> bool:
    try:
        tree = ast.parse(fence.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as bad:
        line = fence.line + (getattr(bad, "lineno", None) or 1) - 1
        draft.report(f"this is no Python: {bad}", line, 1, "mend the code")
        return False
    if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body):
        argument = "rng" if name == "variant" else "shown"
        draft.report(f"the fence defines no {name}", fence.line, 1, f"write `def {name}({argument}): …`")
        return False
    return True


def _type_of(draft: Draft, parts: _Parts, *, sound: bool) -> str | None:
    """Return the type that what was found makes of an item, or None after saying why there is none."""
    attributes = draft.attributes
    found: dict[str, int] = {}  # type → line
    if draft.options:
        several = sum(ticked for ticked, _ in draft.options) > 1
        if attributes.get("single") is not None and attributes.get("several") is not None:
            draft.report("both single and several", draft.line, attributes.column("several") + 1, "keep one")
        if attributes.get("several") is not None:
            several = True
        elif attributes.get("single") is not None:
            several = False
        found["several" if several else "single"] = draft.options[0][1].first
    for key in draft.keys:
        text = key.text
        name = "number"
        if DOES_NOT_COMPILE.fullmatch(text):
            name = "output"
        elif text.startswith(("does", "compile")):
            draft.report(f"this key cannot be read: {text[:40]}", key.line, key.column, "`= does not compile: E0382`")
            return None
        elif text.startswith(('"', "/", "“")):
            name = "short"
        if name in found:
            draft.report("a second key", key.line, key.column, "keep one; alternatives are separated by a bar")
            return None
        found[name] = key.line
    if draft.table:
        found["matching"] = draft.table[0][0]
    for role, name in (("parsons", "parsons"), ("output", "output"), ("cases", "task")):
        if role in draft.fences:
            if name in found:
                draft.report("a second key", draft.fences[role].line, 1, "a program prints, or it does not compile")
                return None
            found[name] = draft.fences[role].line
    if "task" in attributes.values:
        found.setdefault("task", draft.line)
    if draft.rubric is not None:
        found["essay"] = draft.rubric.first
    if not found and len(parts.numbered) == 1:
        return "ordering"
    if len(found) == 1:
        return next(iter(found))
    if not found and not sound:
        return None  # what is wrong with its answer has been said
    if not found:
        message = "two numbered lists, and no other key" if parts.numbered else "a question without a key"
        draft.report(
            message, draft.line, 1, "add options `- [x] …`, a line `= …` after a blank line, or one of the other types"
        )
        return None
    (_, first), (name, line) = list(found.items())[:2]
    message = f"two kinds of answer: this is {name}, the other is at line {first}"
    draft.report(message, line, 1, "make two questions of it")
    return None
