"""Banks: where quizzes are looked for, and what is said when they are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from course.errors import CourseError, UnknownName
from course.quiz import bank, load
from course.quiz.strip import strip

ONE = "---\ntitle: %s\n---\n## views\n\n### Q? {#q}\n\n= 3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "quizzes"
    folder.mkdir()
    (folder / "03_ndarray.md").write_text(ONE % "one", "utf-8")
    return folder


def test_items_and_sections_are_found_by_their_full_id(folder: Path) -> None:
    found = bank.Bank(folder)
    assert found.names == ["03_ndarray"]
    assert found.item("03_ndarray/q").full_id == "03_ndarray/q"
    quiz, section = found.section("03_ndarray/views")
    assert (quiz.title, section.id) == ("one", "views")


def test_a_misspelt_id_gets_the_nearest_one(folder: Path) -> None:
    found = bank.Bank(folder)
    for id, nearest in (("03_ndaray/q", "03_ndarray"), ("03_ndarray/view", "views")):
        with pytest.raises(UnknownName) as raised:
            found.section(id)
        assert raised.value.help == f"did you mean {nearest}?"
    with pytest.raises(CourseError, match="names no item"):
        found.item("03_ndarray")


@pytest.mark.parametrize("name", ["../secret", "a/b", "", ".", "03_ndarray.md", "x\0"])
def test_a_name_never_leaves_the_folder(folder: Path, name: str) -> None:
    (folder.parent / "secret.md").write_text(ONE % "secret", "utf-8")
    with pytest.raises(UnknownName):
        bank.Bank(folder).quiz(name)


def test_a_changed_file_is_read_again(folder: Path) -> None:
    found = bank.Bank(folder)
    assert found.quiz("03_ndarray").title == "one"
    path = folder / "03_ndarray.md"
    path.write_text(ONE % "another", "utf-8")
    os.utime(path, ns=(1, 1))
    assert found.quiz("03_ndarray").title == "another"


def test_quizzes_are_found_beside_a_notebook_and_in_the_folders_above(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COURSE_BANK", raising=False)
    notebook = folder.parent / "learning" / "deep" / "03_ndarray.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_text("{}", "utf-8")
    assert bank.find("03_ndarray", start=notebook).title == "one"
    (notebook.parent / "quizzes").mkdir()
    (notebook.parent / "quizzes" / "03_ndarray.md").write_text(ONE % "nearer", "utf-8")
    assert bank.find("03_ndarray", start=notebook).title == "nearer"


def test_a_bank_named_by_the_environment_comes_first_and_one_given_before_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "03_ndarray.md").write_text(ONE % "private", "utf-8")
    monkeypatch.setenv("COURSE_BANK", str(private))
    assert bank.find("03_ndarray", start=folder.parent).title == "private"
    assert bank.find("03_ndarray", folder=folder).title == "one"


def test_a_bank_named_by_the_environment_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_BANK", str(tmp_path / "no"))
    with pytest.raises(CourseError, match="COURSE_BANK names a folder that is not there"):
        bank.find("03_ndarray")


def test_a_learner_bank_serves_where_there_is_no_markdown(folder: Path, tmp_path: Path) -> None:
    learner = tmp_path / "learner"
    learner.mkdir()
    (learner / "03_ndarray.json").write_text(strip(load(folder / "03_ndarray.md")), "utf-8")
    assert bank.Bank(learner).quiz("03_ndarray").title == "one"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 1}', "null", '{"schema": "x"}', "[" * 100_000])
def test_a_damaged_learner_bank_says_how_to_write_it_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "q.json"
    path.write_text(text, "utf-8")
    with pytest.raises(CourseError) as raised:
        bank.read(path)
    assert raised.value.place == str(path)
    assert "course quiz strip" in raised.value.help


def test_a_bank_of_a_newer_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_text('{"schema": 2}', "utf-8")
    with pytest.raises(CourseError, match="version 2, this course reads up to 1"):
        bank.read(path)
