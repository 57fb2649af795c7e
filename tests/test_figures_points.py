import matplotlib.pyplot as plt
import numpy as np
import pytest

from course.figures.points import LINE, digits_in_a_row, dots, name_lines, strips
from course.plots import show

ALT = "A figure of a test, with an x axis and a y axis."


def texts(ax):
    return [text.get_text() for text in ax.texts]


def boxes(ax):
    renderer = ax.figure.canvas.get_renderer()
    ax.figure.canvas.draw()
    return sorted((text.get_window_extent(renderer) for text in ax.texts), key=lambda box: box.y0)


@pytest.mark.parametrize(
    "figure",
    [
        lambda: digits_in_a_row(np.zeros((2, 64)), [0, 1]),
        lambda: dots({"": {"a": 3, "b": 5}}, "stars"),
        lambda: strips({"a": {"x": 1.0}, "b": {"y": 3.0}}, "factor", "groups"),
    ],
    ids=["digits", "dots", "strips"],
)
def test_every_drawing_can_be_shown(figure):
    assert "<img" in show(figure(), alt=ALT).html


def test_a_row_of_digits_has_as_many_numbers_as_images_and_one_scale_of_ink():
    figure = digits_in_a_row(np.array([[0.0] * 64, [8.0] * 64]), [0.4, 119.6])

    assert [ax.get_title(loc="left") for ax in figure.axes] == ["0", "120"]
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(0, 16)}
    with pytest.raises(ValueError, match="zip"):
        digits_in_a_row(np.zeros((2, 64)), [1.0])
    plt.close("all")


def test_dots_stand_from_the_largest_down_with_their_values_beside_them():
    (ax,) = dots({"few": {"a": 10, "b": 2000}, "many": {"c": 300}}, "stars").axes

    assert texts(ax) == ["2,000", "10", "300"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a", "c"]
    assert ax.yaxis_inverted()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["few", "many"]
    plt.close("all")


def test_dots_of_one_group_need_no_legend():
    (ax,) = dots({"": {"a": 10}}, "stars").axes

    assert ax.get_legend() is None
    plt.close("all")


def test_strips_mark_the_median_count_the_group_and_name_who_is_asked_for():
    (ax,) = strips({"at rest": {"x": 1.0, "y": 1.2, "z": 2.0}, "moving": {"v": 4.0}}, "f", "g", named=["z", "v"]).axes

    assert [line.get_xdata()[0] for line in ax.get_lines()[1::2]] == [1.2, 4.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["at rest (3)", "moving (1)"]
    assert texts(ax) == ["z", "v"]
    plt.close("all")


def test_names_at_the_ends_of_lines_do_not_overlap_and_have_their_lines_colour():
    _, ax = plt.subplots(subplot_kw={"yscale": "log"})
    for name, last in {"low": 100, "same": 100, "near": 130, "far": 900, "top": 5000, "more": 5000}.items():
        ax.plot([0, 1], [50, last], label=name)

    name_lines(ax)

    for below, above in zip(boxes(ax)[:-1], boxes(ax)[1:], strict=True):
        assert below.y1 <= above.y0 + 1
    assert [text.get_color() for text in ax.texts if text.get_text() == "far"] == [ax.get_lines()[3].get_color()]
    assert len({line.get_color() for line in ax.get_lines()}) == 6
    assert max(text.xyann[1] for text in ax.texts) >= LINE - 1
    plt.close("all")
