import base64
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import plots
from course.errors import UsageMistake

FAINT = "#dfe3e8"  # the grid is meant to be hardly seen
ALT = "Line plot of time in ms against size: time doubles with size."


def line(points=5):
    figure, axes = plt.subplots()
    axes.plot(range(points))
    axes.set_xlabel("size (rows)")
    axes.set_ylabel("time (ms)")
    return figure


class Images(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs))


def images(shown):
    parser = Images()
    parser.feed(shown.html)
    return parser.found


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@given(text=st.text(min_size=20).filter(lambda t: len(t.strip()) >= 20 and "\r" not in t and "\0" not in t))
def test_the_alternative_text_reaches_the_html_whatever_it_contains(text):
    shown = plots.Shown(plots._image(b"", "image/png", text, dark=False), text)

    assert images(shown)[0]["alt"] == text


def test_a_figure_has_a_light_and_a_dark_picture_with_the_same_alternative_text():
    light, dark = images(plots.show(line(), alt=ALT))

    assert (light["alt"], dark["alt"]) == (ALT, ALT)
    assert (light["class"], dark["class"]) == ("course-light", "course-dark")
    assert dark["style"] == "display:none"


def test_the_dark_picture_has_no_colour_left_that_is_meant_for_paper():
    dark = base64.b64decode(images(plots.show(line(), alt=ALT))[1]["src"].split(",")[1]).decode()

    assert not [colour for colour in plots.DARK if colour in dark]
    assert plots.DARK[plots.BLUE] in dark


@pytest.mark.parametrize(("light", "dark"), [pair for pair in plots.DARK.items() if pair[0] != FAINT])
def test_marks_and_text_have_contrast_on_both_papers(light, dark):
    assert contrast(light, "#ffffff") >= 3.0
    assert contrast(dark, "#111111") >= 3.0


def test_the_same_figure_gives_the_same_bytes():
    assert plots.show(line(), alt=ALT).html == plots.show(line(), alt=ALT).html


def test_a_figure_with_many_marks_becomes_one_png():
    figure, axes = plt.subplots()
    axes.scatter(*np.random.default_rng(0).normal(size=(2, 5_000)))
    axes.set_xlabel("a (mm)")
    axes.set_ylabel("b (mm)")

    (only,) = images(plots.show(figure, alt=ALT))

    assert only["src"].startswith("data:image/png;base64,")


def test_a_figure_without_alternative_text_is_refused():
    with pytest.raises(UsageMistake, match="no alternative text"):
        plots.show(line(), alt="a plot")


def test_an_axis_without_label_is_refused_by_name():
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    axes.set_xlabel("size (rows)")

    with pytest.raises(UsageMistake, match="the y axis has no label"):
        plots.show(figure, alt=ALT)


def test_a_picture_without_axes_needs_no_labels():
    figure, axes = plt.subplots()
    axes.imshow(np.eye(3))
    axes.axis("off")

    assert plots.show(figure, alt=ALT).alt == ALT


def with_colour_bar(**options):
    figure, axes = plt.subplots()
    picture = axes.imshow(np.eye(3))
    axes.axis("off")
    figure.colorbar(picture, **options)
    return figure


def test_a_colour_bar_needs_one_label():
    assert plots.show(with_colour_bar(label="ink (0 to 16)"), alt=ALT).alt == ALT
    with pytest.raises(UsageMistake, match="axis has no label"):
        plots.show(with_colour_bar(), alt=ALT)


def test_showing_a_figure_closes_it():
    figure = line()
    plots.show(figure, alt=ALT)

    assert not plt.fignum_exists(figure.number)


def test_each_series_has_a_marker_and_a_dash_of_its_own():
    cycle = plt.rcParams["axes.prop_cycle"].by_key()

    for channel in ("color", "marker", "linestyle"):
        assert len(set(map(str, cycle[channel]))) == len(cycle["color"])


def test_alternative_text_survives_nbconvert():
    import nbformat
    from nbconvert import HTMLExporter

    bundle = plots.show(line(), alt=ALT, caption="Ms & rows")._repr_mimebundle_()
    notebook = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("figure")
    cell.outputs = [nbformat.v4.new_output("execute_result", bundle, execution_count=1)]
    notebook.cells = [cell]

    page, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)

    assert re.search(rf'alt="{re.escape(ALT)}"', page)
    assert "Ms &amp; rows" in page
