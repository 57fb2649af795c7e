import matplotlib.pyplot as plt
import numpy as np
import pytest

from course.figures.digits import draw_curves, draw_weights
from course.plots import show


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def weights():
    """Weights of zero, but for one pixel of each digit: digit 3 likes row 2, column 5 most."""
    w = np.full((64, 10), 0.5)
    w[0] = 1.0
    w[8 * 1 + 4, 3] = 2.0
    w[[27, 28, 35, 36], 7] = -0.25
    return w


def test_each_digit_has_its_picture_on_one_scale_of_colours():
    figure, _ = draw_weights(weights())

    drawn = [ax.images[0] for ax in figure.axes]
    assert len(drawn) == 10
    assert {one.get_clim() for one in drawn} == {(-2.0, 2.0)}
    assert drawn[3].get_array()[1, 4] == 2.0


def test_the_words_for_weights_name_the_reddest_pixels_and_the_blue_middles():
    _, alt = draw_weights(weights())

    assert "0: 1, 1;" in alt
    assert "3: 2, 5;" in alt
    assert "The middle is blue for 7." in alt
    assert "Largest weight: 2.000" in alt


def test_the_words_for_weights_say_where_no_middle_is_blue():
    assert "blue for none." in draw_weights(np.ones((64, 10)))[1]


def test_the_second_curve_is_dashed_on_the_first_and_both_are_named():
    figure, alt = draw_curves({"torch": [2.0, 1.0, 0.5], "tch": [2.0, 1.25, 0.5]})

    under, over = figure.axes[0].lines
    assert under.get_linewidth() > over.get_linewidth()
    assert (under.get_linestyle(), over.get_linestyle()) == ("-", "--")
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["torch", "tch"]
    assert "over 3 steps" in alt
    assert "2.5e-01 lies between them" in alt


def test_the_dashed_curve_turns_light_under_a_dark_theme():
    figure, alt = draw_curves({"torch": [2.0, 1.0], "tch": [2.0, 1.0]})

    assert "#000000" not in {line.get_color() for line in figure.axes[0].lines}
    assert 'class="course-dark"' in show(figure, alt=alt).html
