"""Show source text in a notebook: highlighted for light and dark, and readable as plain text and Markdown."""

from __future__ import annotations

import html
from typing import Any

from pygments import lex
from pygments.lexers import get_lexer_by_name
from pygments.token import Token

__all__ = ["Listing"]

_CLASSES = (
    (Token.Comment, "c"),
    (Token.Literal.String, "s"),
    (Token.String, "s"),
    (Token.Number, "n"),
    (Token.Keyword, "k"),
    (Token.Name.Function, "f"),
    (Token.Name.Class, "t"),
    (Token.Name.Builtin, "t"),
    (Token.Name.Label, "f"),
    (Token.Name.Attribute, "c"),
)

STYLE = """<style>
.course-code { --k: #0b57a4; --s: #1b6e2d; --n: #8a3b00; --c: #5f6368; --f: #7a2e8f; --t: #00666f; }
body[data-jp-theme-light="false"] .course-code { --k: #82b8ff; --s: #8bd99a; --n: #ffb787; --c: #a3a9b0;
  --f: #dfa6f0; --t: #6fdbe6; }
.course-code pre { margin: 0; padding: 0.6em 0.8em !important; overflow-x: auto; white-space: pre !important;
  background: var(--jp-cell-editor-background, transparent) !important; color: var(--jp-content-font-color1, inherit);
  border: 1px solid var(--jp-cell-editor-border-color, #bdbdbd) !important; line-height: 1.4;
  font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px); }
.course-code pre code { padding: 0 !important; background: transparent !important; white-space: pre !important;
  overflow-wrap: normal; }
.course-code figcaption { color: var(--jp-content-font-color2, inherit); font-size: 0.85em; margin-top: 0.2em; }
.course-code figure, figure.course-code { margin: 0.3em 0; }
.course-code .k { color: var(--k); font-weight: 600; } .course-code .s { color: var(--s); }
.course-code .n { color: var(--n); } .course-code .c { color: var(--c); font-style: italic; }
.course-code .f { color: var(--f); } .course-code .t { color: var(--t); }
</style>"""


class Listing:
    """A piece of source. `language` is Pygments' name for it, `caption` says where it comes from."""

    def __init__(self, text: str, language: str, caption: str) -> None:
        self.text = text.rstrip("\n") + "\n"
        self.language = language
        self.caption = caption

    def html(self) -> str:
        """Return a figure with the highlighted text and its caption."""
        body = "".join(_span(kind, value) for kind, value in lex(self.text, get_lexer_by_name(self.language)))
        return (
            f'<figure class="course-code">{STYLE}<pre tabindex="0"><code>{body}</code></pre>'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return f"{self.text}\n{self.caption}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/html": self.html(),
            "text/markdown": f"```{self.language}\n{self.text}```\n\n*{self.caption}*\n",
            "text/plain": repr(self),
        }


def _span(kind: Any, value: str) -> str:
    escaped = html.escape(value, quote=False)
    for token, name in _CLASSES:
        if kind in token:
            return f'<span class="{name}">{escaped}</span>'
    return escaped
