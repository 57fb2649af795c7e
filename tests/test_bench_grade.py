"""The benchmark of grading checks what it measures: scores, the gradebook, and whom it names."""

from __future__ import annotations

import json

from nbgrader.api import Gradebook

from course.bench import grade


def test_a_growing_class_has_every_score_it_must_and_every_failure_named():
    table = grade.growth("quiz", (48,), lambda _: None)

    (measured,) = table.measurements
    assert measured["wrong"] == []
    assert measured["scores"] > 100
    assert measured["unreadable"] > 1
    assert 0 < measured["peak_mib"] <= measured["peak_all_mib"]
    assert len(table.rows[0]) == len(table.columns)


def test_a_wrong_score_a_lost_row_and_an_unnamed_failure_are_told(tmp_path):
    with grade._course() as course:
        made = grade._class(course, "03_quiz", 3, tmp_path / "class", kinds=("perfect", "torn", "perfect"))
        graded = grade._ours(made, "03_quiz", "--json", codes=(3,))
    path = made / "expected.json"
    expected = json.loads(path.read_bytes())
    item = next(iter(expected[0]["points"]))
    expected[0]["points"][item] += 1
    expected[2]["readable"] = False
    path.write_text(json.dumps(expected))
    with Gradebook(f"sqlite:///{made / 'gradebook.db'}") as book:
        book.remove_submission("03_quiz", "learner-0003")

    _, unreadable, wrong = grade._checked(made, "03_quiz", graded)

    assert unreadable == 2
    assert "learner-0003 is not named" in wrong
    assert any(said.startswith(f"{item} of learner-0001 (perfect): ") for said in wrong)
    assert any("of learner-0003 in the gradebook: None" in said for said in wrong)
