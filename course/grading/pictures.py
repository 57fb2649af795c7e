"""The figures that a learner's notebook was saved with, made harmless: nothing in them runs or loads.

PNG, JPEG and SVG are taken, for what their bytes are and not for what the notebook calls them. An SVG is parsed and
written again with the elements and attributes of drawings alone: no script, no style that loads, no link that leaves
it. Whoever shows it should still show it as an image (`<img>`), in which a browser runs and loads nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

__all__ = ["Picture", "harmless_svg", "pictures"]

MOST_PICTURES = 40
MOST_BYTES = 6_000_000  # of all pictures of one notebook
MOST_WORDS = 1000  # characters of a description

_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_DRAWING = frozenset(
    "svg g defs path rect circle ellipse line polyline polygon text tspan textPath use symbol marker clipPath mask "
    "pattern linearGradient radialGradient stop title desc style image".split()
)
_LOADS = re.compile(r"url\s*\(\s*['\"]?\s*(?!#)|@|\\|expression|javascript:|-moz-binding", re.IGNORECASE)
_INSIDE = re.compile(r"#[\w.:-]+|data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]+")


@dataclass(frozen=True)
class Picture:
    """One figure. `alt` and `caption` are the notebook's own words; `under` is the heading it stands under."""

    kind: str
    content: bytes
    alt: str = ""
    caption: str = ""
    under: str = ""

    @property
    def address(self) -> str:
        """A `data:` address."""
        return f"data:{self.kind};base64,{base64.b64encode(self.content).decode('ascii')}"


def pictures(notebook: Mapping[str, Any]) -> tuple[list[Picture], int]:
    """Return a notebook's pictures, in order, and how many more there are than are taken."""
    found: list[Picture] = []
    left, more = MOST_BYTES, 0
    for picture in _all(notebook):
        if len(found) < MOST_PICTURES and len(picture.content) <= left:
            left -= len(picture.content)
            found.append(picture)
        else:
            more += 1
    return found, more


def _all(notebook: Mapping[str, Any]) -> Iterator[Picture]:
    under = ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            source = cell["source"]
            text = source if isinstance(source, str) else "".join(source)
            for line in text[:20_000].splitlines():
                if heading := re.fullmatch(r"#{1,6}\s+(.{1,200}?)[\s#]*", line):
                    under = heading[1]
        outputs = cell.get("outputs") if cell["cell_type"] == "code" else None
        for output in outputs[:200] if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, dict) else None
            if isinstance(data, dict):
                yield from _of(data, _described(output), under)


def _described(output: Mapping[str, Any]) -> str:
    """Return the description that Jupyter keeps in an output's metadata."""
    metadata = output.get("metadata")
    for own in metadata.values() if isinstance(metadata, dict) else ():
        if isinstance(own, dict) and isinstance(own.get("alt"), str):
            return str(own["alt"])[:MOST_WORDS]
    return ""


def _of(data: Mapping[str, Any], alt: str, under: str) -> Iterator[Picture]:
    # Of one output the first form is taken: the others are the same figure again.
    for kind in _SIGNATURES:
        if (content := _decoded(_joined(data.get(kind)), kind)) is not None:
            yield Picture(kind, content, alt, "", under)
            return
    if (drawn := harmless_svg(_joined(data.get("image/svg+xml")))) is not None:
        yield Picture("image/svg+xml", drawn, alt, "", under)
        return
    html = _joined(data.get("text/html"))
    if "<img" in html and len(html) <= 2 * MOST_BYTES:
        for address, words, caption in _images(html):
            kind, _, coded = address.removeprefix("data:").partition(";base64,")
            if kind in _SIGNATURES and (content := _decoded(coded, kind)) is not None:
                yield Picture(kind, content, words[:MOST_WORDS], caption[:MOST_WORDS], under)


def _decoded(coded: str, kind: str) -> bytes | None:
    if not coded or len(coded) > 2 * MOST_BYTES:
        return None
    try:
        content = base64.b64decode("".join(coded.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if content.startswith(_SIGNATURES[kind]) else None


def _joined(value: object) -> str:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else ""


class _Images(HTMLParser):
    """Finds the images of an HTML output, with their descriptions and the caption of the figure they are in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._caption: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        if tag == "img" and (own.get("src") or "").startswith("data:"):
            self.found.append((own.get("src") or "", own.get("alt") or "", ""))
        elif tag == "figcaption":
            self._caption = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "figcaption" and self._caption is not None:
            if self.found:
                address, alt, _ = self.found[-1]
                self.found[-1] = address, alt, " ".join("".join(self._caption).split())
            self._caption = None

    def handle_data(self, data: str) -> None:
        if self._caption is not None:
            self._caption.append(data)


def _images(html: str) -> list[tuple[str, str, str]]:
    reader = _Images()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # the parser gives up on some declarations; what came before is read
        pass
    return reader.found


def harmless_svg(text: str) -> bytes | None:
    """Return an SVG with nothing in it but a drawing; None where it is no SVG, or cannot be made sure of."""
    if not text or len(text) > MOST_BYTES or "<!ENTITY" in text or "<?xml-stylesheet" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no entities (above), and expat bounds what is left
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None
    if root.tag != f"{{{_SVG}}}svg":
        return None
    try:
        _strip(root, 0)
    except RecursionError:
        return None
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK[1:].partition("}")[0])
    drawn: bytes = ElementTree.tostring(root, encoding="utf-8")
    return drawn


def _strip(element: ElementTree.Element, depth: int) -> None:
    if depth > 200:
        raise RecursionError
    for name, value in list(element.attrib.items()):
        if not _attribute(name, value):
            del element.attrib[name]
    if element.tag == f"{{{_SVG}}}style" and _LOADS.search(element.text or ""):
        element.text = ""
    for child in list(element):
        named = isinstance(child.tag, str) and child.tag.startswith(f"{{{_SVG}}}")
        if named and child.tag.rpartition("}")[2] in _DRAWING:
            _strip(child, depth + 1)
        else:
            element.remove(child)


def _attribute(name: str, value: str) -> bool:
    if name in ("href", _XLINK):
        return bool(_INSIDE.fullmatch(value))
    # Other namespaces, event handlers, and whatever loads: not needed to draw.
    return not name.startswith("{") and not name.lower().startswith("on") and not _LOADS.search(value)
