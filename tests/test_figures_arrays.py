"""The figures of the chapter on arrays say in words what they show."""

from __future__ import annotations

import numpy as np
import pytest

from course import load_digits, load_penguins
from course.figures import arrays
from course.plots import BLUE, VERMILLION


def test_views_are_titled_with_their_steps_in_elements_whatever_the_size_of_an_element():
    image = np.arange(64, dtype=np.float32).reshape(8, 8)

    shown = arrays.show_views({"image": image, "upside down": image[::-1], "turned": image.T})

    steps = "image, steps 8 and 1; upside down, steps -8 and 1; turned, steps 1 and 8"
    assert shown.alt == f"One handwritten digit, 3 times: {steps}."
    assert shown.html.count("<img") == 2  # light and dark


def test_neighbours_of_a_penguins_own_species_are_counted_for_each_way_of_finding_them():
    penguins = load_penguins()
    own = np.flatnonzero(penguins.y == penguins.y[302])[:3]
    others = np.flatnonzero(penguins.y != penguins.y[302])[:2]

    shown = arrays.show_neighbours(penguins, 302, {"all own": own, "some": np.append(others, own[:1])})

    assert "all own: 3 of its own species" in shown.alt
    assert "some: 1 of its own species" in shown.alt
    assert "in g" in shown.alt
    assert "in mm" in shown.alt


def test_the_words_about_similarity_name_the_two_digits_that_are_most_alike_on_average():
    digits = np.array([0, 0, 4, 7, 7])
    similarity = np.eye(5)
    similarity[2, 3:] = similarity[3:, 2] = 0.5  # 4 with each 7
    similarity[0, 2] = similarity[2, 0] = 0.8  # 4 with one 0 only: 0.4 on average

    shown = arrays.show_similarity(similarity, digits)

    assert "of 5 digits" in shown.alt
    assert "4 and 7 are most alike, 0.50" in shown.alt
    assert "from 0.50 (digit 0) to 1.00 (digit 4)" in shown.alt


@pytest.mark.parametrize(
    ("ratio", "colour"),
    [
        ((0.85, 0.8, 0.9), VERMILLION),
        ((0.9, 0.8, 1.1), "#5b6470"),
        ((1.2, 0.9, 1.4), "#5b6470"),
        ((2.0, 1.5, 3.0), BLUE),
    ],
)
def test_a_ratio_has_a_colour_only_where_its_interval_leaves_one_out(monkeypatch, ratio, colour):
    drawn = []
    monkeypatch.setattr(arrays, "show", lambda figure, **words: drawn.append(figure) or words)

    words = arrays.show_ratios({"a job": ratio})

    _, interval, bar = drawn[0].axes[0].lines
    assert {interval.get_color(), bar.get_color()} == {colour}
    assert list(interval.get_xdata()) == list(ratio[1:])
    assert "a job {:.2f} ({:.2f} to {:.2f})".format(*ratio) in words["alt"]


def test_what_the_chapter_says_of_its_heat_map_is_what_the_digits_say():
    digits = load_digits()
    order = np.argsort(digits.y, kind="stable")[::10]
    some = digits.x[order] / np.linalg.norm(digits.x[order], axis=1, keepdims=True)

    shown = arrays.show_similarity(some @ some.T, digits.y[order])

    assert "3 and 9 are most alike" in shown.alt
