import matplotlib.pyplot as plt
import numpy as np
import pytest

from course.figures import fits
from course.plots import show

PETAL = np.array([4.0, 4.5, 5.5, 6.0])
VIRGINICA = np.array([0, 0, 1, 1], dtype=np.float32)


@pytest.fixture
def drawn(monkeypatch):
    """The figures as they were handed to `show`, which closes them."""
    figures = []

    def keep(figure, **words):
        figures.append(figure)
        return show(figure, **words)

    monkeypatch.setattr(fits, "show", keep)
    yield figures
    plt.close("all")


def test_each_learning_curve_is_drawn_with_a_marker_of_its_own_and_said_in_words(drawn):
    curves = {"in order": [0.33, 0.5, 0.9], "shuffled": [0.67, 0.8, 0.95]}

    shown = fits.show_learning([1, 10, 1000], curves, caption="Order counts.")

    lines = drawn[0].axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == list(curves.values())
    assert len({line.get_marker() for line in lines}) == 2
    assert "from 1 to 1,000." in shown.alt
    assert "shuffled: 0.67 after 1, 0.80 after 10, 0.95 after 1,000." in shown.alt
    assert "Order counts." in shown.html


def test_a_line_through_the_origin_is_at_one_half_at_0_cm_and_the_other_where_it_crosses(drawn):
    lines = {"without ones": (0.5, 0.0), "with ones": (2.0, -10.0)}

    shown = fits.show_thresholds(PETAL, VIRGINICA, lines, caption="")

    versicolor, virginica, dashed, solid, _ = drawn[0].axes[0].lines
    assert versicolor.get_xdata().tolist() == [4.0, 4.5]
    assert virginica.get_ydata().tolist() == [1, 1]
    assert dashed.get_ydata()[0] == 0.5
    assert (dashed.get_linestyle(), solid.get_linestyle()) == ("--", "-")
    assert np.interp(0.5, solid.get_ydata(), solid.get_xdata()) == pytest.approx(5.0, abs=0.02)
    assert "without ones is at one half at 0 cm, and nowhere else." in shown.alt
    assert "with ones is at one half at 5.00 cm." in shown.alt
