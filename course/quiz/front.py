"""Front matter: names and plain values, read from YAML as text.

Of YAML only that much is taken: no alias, which may stand for more than memory holds, and no value that YAML makes
of a text (a number of 10 000 digits, a date), for what a quiz file says is what its author wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

__all__ = ["BadFront", "Value", "read_front"]

LONGEST = 20_000  # characters of front matter

_WORDS: Mapping[str, str] = {
    word: "yes" if value else "no" for word, value in yaml.SafeLoader.bool_values.items()
}  # how YAML writes yes and no


class BadFront(ValueError):
    """Front matter that cannot be read. Lines and columns count from 0 within it."""

    def __init__(self, message: str, help: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message, self.help, self.line, self.column = message, help, line, column


@dataclass(frozen=True)
class Value:
    """What a name was given. `texts`: one text, or those of a list; None where it is neither.

    `plain`: whether it was written without quotes. `line` counts from 0.
    """

    line: int
    texts: tuple[str, ...] | None
    listed: bool = False
    plain: bool = field(default=True, compare=False)

    @property
    def text(self) -> str | None:
        """The text, where it is one."""
        return self.texts[0] if self.texts is not None and not self.listed else None

    @property
    def word(self) -> str | None:
        """The text, with `true`, `on`, … as `yes` and `false`, `off`, … as `no` where they stand without quotes."""
        text = self.text
        return _WORDS.get(text.lower(), text) if text is not None and self.plain else text


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise BadFront("an alias in the front matter", "write the value out again", mark.line, mark.column)
        return super().compose_node(parent, index)


def read_front(source: str) -> dict[str, Value]:
    """Return the names and values of front matter; the last of a name given twice.

    Raises:
        BadFront: it is no YAML, holds no names, or holds an alias.
    """
    one_a_line = "write `title: …`, one a line"
    if len(source) > LONGEST:
        raise BadFront(f"the front matter has more than {LONGEST} characters", "keep the title and the settings only")
    try:
        root = yaml.compose(source, Loader=_Loader)
    except yaml.YAMLError as bad:
        mark = getattr(bad, "problem_mark", None)
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problem = getattr(bad, "problem", None) or "it is no YAML"
        raise BadFront(f"the front matter cannot be read: {problem}", one_a_line, line, column) from None
    except BadFront:
        raise
    except (RecursionError, ValueError, TypeError, AttributeError):  # PyYAML's own stumbles over nonsense
        raise BadFront("the front matter cannot be read: it is no YAML", one_a_line) from None
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise BadFront("the front matter holds no names and values", one_a_line)
    found: dict[str, Value] = {}
    for key, value in root.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "a list or a mapping"
        found[name] = _value(key.start_mark.line, value)
    return found


def _value(line: int, node: yaml.Node) -> Value:
    if isinstance(node, yaml.ScalarNode):
        empty = node.tag == "tag:yaml.org,2002:null"
        return Value(line, ("" if empty else node.value,), plain=node.style is None)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(one, yaml.ScalarNode) for one in node.value):
        return Value(line, tuple(one.value for one in node.value), listed=True)
    return Value(line, None)
