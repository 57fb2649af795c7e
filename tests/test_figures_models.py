import matplotlib.pyplot as plt
import numpy as np
import pytest

from course.figures import models
from course.figures.models import show_bars, show_groups, show_maps

NAMES = ("length (mm)", "width (mm)")


@pytest.fixture
def drawn(monkeypatch):
    """Keep each figure as it was when it was shown."""
    kept = []

    def show(figure, **words):
        kept.append(figure)
        return its_show(figure, **words)

    its_show = models.show
    monkeypatch.setattr(models, "show", show)
    yield kept
    plt.close("all")


def test_bars_stand_at_one_two_three_and_their_text_has_each_height(drawn):
    shown = show_bars([0.0, 2.5, 31.25], names=("components", "worst\nerror (%)"), caption="Errors.")

    bars = drawn[0].axes[0].patches
    assert [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in bars] == [(1, 0), (2, 2.5), (3, 31.25)]
    assert shown.alt == "Bar chart of worst error (%) over components. 1: 0.0, 2: 2.5, 3: 31.2"
    assert "<figcaption>Errors.</figcaption>" in shown.html


def test_each_group_has_its_points_and_its_own_marker(drawn):
    points = np.arange(10.0).reshape(5, 2)

    shown = show_groups(
        points,
        np.array([0, 1, 0, 2, 1]),
        names=NAMES,
        ringed=np.arange(5) == 3,
        ring="unsure",
        finding="It is far out.",
    )

    *groups, rings = drawn[0].axes[0].lines
    assert [line.get_xydata().tolist() for line in groups] == [
        [[0, 1], [4, 5]],
        [[2, 3], [8, 9]],
        [[6, 7]],
    ]
    assert len({line.get_marker() for line in groups}) == 3
    assert rings.get_xydata().tolist() == [[6, 7]]
    assert shown.alt == (
        "Scatter plot of width (mm) over length (mm): 3 groups of 2, 2, 1 points. 1 are ringed: unsure. It is far out."
    )


def test_a_map_has_each_label_at_its_place(drawn):
    one, two = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[5.0, 5.0], [6.0, 7.0]])

    shown = show_maps({"linfa": one, "other": two}, [7, 3], finding="They differ.")

    found = [
        (axes.get_title(loc="left"), [(text.get_text(), tuple(text.xy)) for text in axes.texts])
        for axes in drawn[0].axes
    ]
    assert found == [("linfa", [("7", (0, 0)), ("3", (1, 2))]), ("other", [("7", (5, 5)), ("3", (6, 7))])]
    assert shown.alt == "2 maps of the same 2 points, each drawn as its label: linfa, other. They differ."


def test_a_map_with_a_label_missing_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        show_maps({"linfa": np.zeros((3, 2))}, [1, 2], finding="")
    plt.close("all")
