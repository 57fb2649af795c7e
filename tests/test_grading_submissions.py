"""`course grade --from`: whose notebook is it, and what is refused."""

from __future__ import annotations

import contextlib
import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CourseError, SubmissionUnreadable
from course.grading.archives import walk
from course.grading.reading import read_work
from course.grading.submissions import Collected, collect

CHAPTERS = ["03_ndarray", "05_linfa"]
NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(NOTEBOOK if name.endswith(".ipynb") else b"{}\n")
    return folder


def zipped(path: Path, entries: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items() if isinstance(entries, dict) else entries:
            archive.writestr(name, content)
    return path


def brought(source: Path, tmp_path: Path, chapters: list[str] = CHAPTERS) -> Collected:
    return collect(source, tmp_path / "class" / "submitted", chapters)


@pytest.mark.parametrize(
    "name",
    [
        "ada/03_ndarray/03_ndarray.ipynb",
        "ada/03_ndarray.ipynb",
        "03_ndarray/ada.ipynb",
        "ada_03_ndarray.ipynb",
        "ada-03_ndarray.ipynb",
        "03_ndarray-ada.ipynb",
        "03_ndarray_ada.ipynb",
        "week 2/03_ndarray/ada.ipynb",
        "03_ndarray-ada/03_ndarray.ipynb",
    ],
)
def test_a_path_says_whose_notebook_it_is(name: str, tmp_path: Path):
    found = brought(files(tmp_path / "inbox", name), tmp_path)

    assert (found.found, found.refused) == ([("03_ndarray", "ada")], [])
    assert (tmp_path / "class/submitted/ada/03_ndarray/03_ndarray.ipynb").read_bytes() == NOTEBOOK


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("03_ndarray-ada.zip", ["03_ndarray.ipynb"]),
        ("ada.zip", ["03_ndarray.ipynb"]),
        ("ada.zip", ["work/03_ndarray.ipynb"]),
        ("all.zip", ["03_ndarray/ada.ipynb"]),
        ("all.zip", ["ada/03_ndarray/03_ndarray.ipynb"]),
    ],
)
def test_a_zip_stands_for_a_folder_of_its_name(name: str, entries: list[str], tmp_path: Path):
    place = zipped(tmp_path / "inbox" / name, dict.fromkeys(entries, NOTEBOOK))
    whose = "work" if entries == ["work/03_ndarray.ipynb"] else "ada"

    assert brought(place.parent, tmp_path).found == [("03_ndarray", whose)]
    assert brought(place, tmp_path).found == [("03_ndarray", whose)]


def test_a_zip_of_zips_is_a_folder_of_folders(tmp_path: Path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as inner:
        inner.writestr("03_ndarray.ipynb", NOTEBOOK)
        inner.writestr("03_ndarray.answers.jsonl", b"{}\n")
    place = zipped(
        tmp_path / "all.zip", {"03_ndarray-ada.zip": buffer.getvalue(), "03_ndarray-bob.zip": buffer.getvalue()}
    )

    assert brought(place, tmp_path).found == [("03_ndarray", "ada"), ("03_ndarray", "bob")]
    assert (tmp_path / "class/submitted/bob/03_ndarray/03_ndarray.answers.jsonl").is_file()


def test_a_name_alone_is_enough_for_one_chapter_and_not_for_two(tmp_path: Path):
    files(tmp_path / "inbox", "ada.ipynb")

    assert brought(tmp_path / "inbox", tmp_path, ["03_ndarray"]).found == [("03_ndarray", "ada")]
    [(place, why)] = brought(tmp_path / "inbox", tmp_path).refused
    assert place == "ada.ipynb"
    assert "of which chapter" in why


def test_answers_and_claims_are_taken_along(tmp_path: Path):
    files(
        tmp_path / "inbox",
        "ada/03_ndarray.ipynb",
        "ada/03_ndarray.answers.jsonl",
        "ada/claims.json",
        "bob_03_ndarray.ipynb",
        "bob_03_ndarray.answers.jsonl",
        "claims.json",
    )

    brought(tmp_path / "inbox", tmp_path)

    there = {str(p.relative_to(tmp_path / "class/submitted")) for p in (tmp_path / "class").rglob("*") if p.is_file()}
    assert there == {
        "ada/03_ndarray/03_ndarray.ipynb",
        "ada/03_ndarray/03_ndarray.answers.jsonl",
        "ada/03_ndarray/claims.json",
        "bob/03_ndarray/03_ndarray.ipynb",
        "bob/03_ndarray/03_ndarray.answers.jsonl",
    }


def test_bringing_in_again_changes_nothing(tmp_path: Path):
    files(tmp_path / "inbox", "ada/03_ndarray.ipynb", "ada/claims.json")

    assert brought(tmp_path / "inbox", tmp_path).changed == 1
    assert brought(tmp_path / "inbox", tmp_path).changed == 0


def test_two_notebooks_of_one_learner_are_refused(tmp_path: Path):
    found = brought(
        files(tmp_path / "inbox", "ada/03_ndarray.ipynb", "03_ndarray/ada.ipynb", "bob_03_ndarray.ipynb"), tmp_path
    )

    assert found.found == [("03_ndarray", "bob")]
    [(_, why)] = found.refused
    assert "ada has 2 notebooks" in why


def test_what_is_unsafe_in_a_zip_is_refused_by_name_and_the_rest_is_read(tmp_path: Path):
    link = zipfile.ZipInfo("03_ndarray/link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.warns(UserWarning, match="Duplicate"):
        place = zipped(
            tmp_path / "all.zip",
            [
                ("../03_ndarray-eve.ipynb", NOTEBOOK),
                ("/etc/03_ndarray/eve.ipynb", NOTEBOOK),
                ("C:\\03_ndarray\\eve.ipynb", NOTEBOOK),
                ("03_ndarray/a\\..\\eve.ipynb", NOTEBOOK),
                (link, b"/etc/passwd"),
                ("03_ndarray/bomb.ipynb", b" " * 40_000_000),
                ("03_ndarray/twice.ipynb", NOTEBOOK),
                ("03_ndarray/twice.ipynb", NOTEBOOK),
                ("03_ndarray/good.ipynb", NOTEBOOK),
            ],
        )

    found = brought(place, tmp_path)

    assert found.found == [("03_ndarray", "good")]
    said = " ".join(f"{name} {why}" for name, why in found.refused)
    for words in ("leads out of the zip", "absolute", "a link", "a bomb", "more than once"):
        assert words in said
    assert sorted(p.name for p in (tmp_path / "class/submitted").iterdir()) == ["good"]


def test_an_entry_that_lies_about_its_size_is_not_unpacked_whole(tmp_path: Path):
    place = zipped(tmp_path / "all.zip", {"03_ndarray/eve.ipynb": b" " * 900_000 * 60})
    content = bytearray(place.read_bytes())
    size = (900_000 * 60).to_bytes(4, "little")
    place.write_bytes(bytes(content).replace(size, (1000).to_bytes(4, "little")))

    found = brought(place, tmp_path)

    assert found.found == []
    assert found.refused


def test_links_in_a_folder_are_not_followed(tmp_path: Path):
    files(tmp_path / "inbox", "ada_03_ndarray.ipynb")
    (tmp_path / "inbox" / "eve_03_ndarray.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "inbox" / "more").symlink_to("/etc")

    found = brought(tmp_path / "inbox", tmp_path)

    assert found.found == [("03_ndarray", "ada")]
    assert [place for place, _ in found.refused] == ["eve_03_ndarray.ipynb", "more"]


def test_nothing_there_is_said(tmp_path: Path):
    with pytest.raises(SubmissionUnreadable, match="no submissions here"):
        list(walk(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", ["\0", "\0a", ".", "./.", "//"])
def test_an_entry_without_a_name_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        info = zipfile.ZipInfo("x" * len(name))
        archive.writestr(info, b"content")
    content = (tmp_path / "in.zip").read_bytes().replace(b"x" * len(name), name.encode())
    (tmp_path / "in.zip").write_bytes(content)

    assert [one.refused for one in walk(tmp_path / "in.zip") if not one.refused] == []
    collect(tmp_path / "in.zip", tmp_path / "submitted", CHAPTERS)


names = st.text(st.sampled_from(list("ab/\\.:-_ \0é03ndary")) | st.characters(codec="utf-8"), max_size=30)


@given(
    st.lists(st.tuples(names, st.binary(max_size=50)), max_size=6),
    st.randoms(use_true_random=False),
    st.integers(0, 30),
)
@settings(max_examples=60)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_zip_makes_reading_fail_or_leave_its_place(tmp_path_factory, entries, rng, damage):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name or "x"), content)
    content = bytearray(buffer.getvalue())
    for _ in range(damage):
        content[rng.randrange(len(content))] = rng.randrange(256)
    folder = tmp_path_factory.mktemp("zips")
    (folder / "in.zip").write_bytes(bytes(content))

    for found in walk(folder / "in.zip"):
        assert ".." not in found.parts or found.refused
        with contextlib.suppress(SubmissionUnreadable):
            found.read(1000)
    collect(folder / "in.zip", folder / "submitted", CHAPTERS)
    assert {p.name for p in folder.iterdir()} <= {"in.zip", "submitted"}


# ---- reading ----

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "cells",
                    "cell_type",
                    "source",
                    "metadata",
                    "nbgrader",
                    "grade_id",
                    "course_quiz",
                    "attempts",
                    "outputs",
                    "data",
                    "id",
                    "nbformat",
                    "worksheets",
                    "input",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(json_values)
@settings(max_examples=300)
def test_any_json_is_read_or_refused(value):
    import json

    text = json.dumps({"nbformat": 4, "metadata": {}, "cells": [value, value]})
    for content in (text, json.dumps(value)):
        try:
            notebook, work = read_work(content.encode(), chapter="03_ndarray")
        except CourseError:
            continue
        assert len(notebook["cells"]) == len(work.cells)
        assert type(work).from_json(json.loads(json.dumps(work.as_json()))) == work


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes):
    with contextlib.suppress(CourseError):
        read_work(content, content, chapter="03_ndarray")


def test_a_notebook_of_format_3_is_read():
    cells = b'{"cell_type": "code", "input": "x = 1"}, {"cell_type": "heading", "source": ["T"]}'
    content = b'{"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [' + cells + b"]}]}"

    notebook, work = read_work(content, chapter="03_ndarray")

    assert [(cell.kind, cell.text) for cell in work.cells] == [("code", "x = 1"), ("markdown", "T")]
    assert notebook["nbformat"] == 4
