"""Figures out of a learner's notebook: taken for what they are, and nothing in them runs or loads."""

from __future__ import annotations

import base64
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.grading.pictures import MOST_PICTURES, harmless_svg, pictures

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{}</svg>'


def shown(*data: dict[str, Any], heading: str = "# Views") -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "data": one, "metadata": {}} for one in data]
    return {
        "cells": [
            {"cell_type": "markdown", "source": heading},
            {"cell_type": "code", "source": "plot()", "outputs": outputs},
        ]
    }


def test_pictures_are_taken_with_their_description_caption_and_heading():
    image = f'<img src="data:image/png;base64,{PNG}" alt="a line">'
    figure = f"<figure>{image}<figcaption>It <b>rises</b>.</figcaption></figure><![what["
    found, more = pictures(shown({"image/png": PNG, "text/plain": "<Figure>"}, {"text/html": figure}))

    assert more == 0
    assert [(one.kind, one.alt, one.caption, one.under) for one in found] == [
        ("image/png", "", "", "Views"),
        ("image/png", "a line", "It rises.", "Views"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"image/png": base64.b64encode(b"<script>alert(1)</script>").decode()},
        {"image/png": 'x" onerror="alert(1)'},
        {"image/png": ["a", 3]},
        {"image/jpeg": PNG},
        {"text/html": '<img src="https://example.org/x.png"><img src="data:text/html;base64,PHNjcmlwdD4=">'},
        {"text/html": f'<img src="data:image/svg+xml;base64,{PNG}">'},
        {"image/svg+xml": "<html xmlns='http://www.w3.org/1999/xhtml'/>"},
        {"image/svg+xml": "<svg><script>alert(1)</script>"},
        {"image/svg+xml": '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>'},
    ],
)
def test_what_is_no_picture_is_left_out(data: dict[str, Any]):
    assert pictures(shown(data)) == ([], 0)


def test_only_so_many_pictures_are_taken_and_the_rest_counted():
    found, more = pictures(shown(*({"image/png": PNG} for _ in range(MOST_PICTURES + 3))))

    assert (len(found), more) == (MOST_PICTURES, 3)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)" width="3" height="3"/>',
        '<a href="javascript:alert(1)"><rect/></a>',
        '<foreignObject><b xmlns="http://www.w3.org/1999/xhtml" onclick="alert(1)"/></foreignObject>',
        '<image href="https://example.org/x.png"/>',
        '<image xlink:href="file:///etc/passwd"/>',
        '<use href="https://example.org/x.svg#a"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        "<style>@import 'https://example.org/x.css';</style>",
        "<style>rect { fill: url(https://example.org/x.svg#a) }</style>",
        '<rect style="fill: u\\72l(https://example.org/x)"/>',
        '<rect fill="url(https://example.org/x.svg#a)"/>',
        '<set attributeName="href" to="javascript:alert(1)"/><animate values="javascript:alert(1)"/>',
        "<handler xmlns='http://www.w3.org/2001/xml-events'>alert(1)</handler>",
    ],
)
def test_a_drawing_is_all_that_is_left_of_an_svg(inside: str):
    left = harmless_svg(SVG.format(f'<g>{inside}<path d="M0 0L9 9" fill="url(#own)"/></g>'))

    assert left is not None
    text = left.decode()
    for word in ("alert", "example.org", "passwd", "javascript", "onload", "svg+xml"):
        assert word not in text
    assert 'd="M0 0L9 9"' in text
    assert "url(#own)" in text


def test_what_matplotlib_draws_stays():
    import io

    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="a")
    axes.imshow([[0, 1], [1, 0]])
    axes.legend()
    file = io.StringIO()
    figure.savefig(file, format="svg")

    left = harmless_svg(file.getvalue())

    assert left is not None
    before, after = ElementTree.fromstring(file.getvalue()), ElementTree.fromstring(left)
    drawn = ("path", "use", "g", "clipPath", "image")
    counts = [[sum(e.tag.endswith(f"}}{name}") for e in tree.iter()) for name in drawn] for tree in (before, after)]
    assert counts[0] == counts[1]
    assert all(counts[1])


TAGS = st.sampled_from(["g", "script", "path", "foreignObject", "style", "image", "a", "iframe", "set", "text"])
NAMES = st.sampled_from(["onload", "href", "style", "d", "fill", "{http://www.w3.org/1999/xlink}href", "ONCLICK"])
VALUES = st.sampled_from(["url(#a)", "url( 'http://x')", "#a", "javascript:1", "\\75rl(x)", "@import", "red", "URL(x)"])
TREES = st.recursive(
    st.tuples(TAGS, st.dictionaries(NAMES, VALUES, max_size=3), st.just([])),
    lambda inner: st.tuples(TAGS, st.dictionaries(NAMES, VALUES, max_size=3), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def _element(tree: Any) -> ElementTree.Element:
    tag, attributes, children = tree
    made = ElementTree.Element(f"{{http://www.w3.org/2000/svg}}{tag}", attributes)
    made.text = attributes.get("fill", "")
    made.extend(_element(child) for child in children)
    return made


@given(st.lists(TREES, max_size=4))
def test_no_tree_keeps_anything_that_runs_or_loads(trees: list[Any]):
    root = ElementTree.Element("{http://www.w3.org/2000/svg}svg")
    root.extend(_element(tree) for tree in trees)

    left = harmless_svg(ElementTree.tostring(root, encoding="unicode"))

    assert left is not None
    for element in ElementTree.fromstring(left).iter():
        assert element.tag.rpartition("}")[2] not in ("script", "foreignObject", "a", "iframe", "set")
        assert "import" not in (element.text or "") or not element.tag.endswith("style")
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert value in ("url(#a)", "#a", "red")


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_text_is_an_svg_or_none(text: str):
    assert harmless_svg(text) is None or text.lstrip().startswith("<")


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(max_size=9), x)
    )
)
def test_whatever_outputs_hold_pictures_are_found_or_not(value: Any):
    cell = {"cell_type": "code", "source": "", "outputs": value}
    other = {"cell_type": "code", "source": "", "outputs": [{"data": {"image/png": value, "text/html": value}}]}

    assert pictures(json.loads(json.dumps({"cells": [cell, other]}))) == ([], 0)
