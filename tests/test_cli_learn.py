"""The learner's commands as a person types them: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from course.chapters import Course
from course.cli import main
from course.notebook_file import read_notebook, text_of, write_notebook
from course.working_copy import WorkingCopy

FIXTURE = Path(__file__).parent / "fixtures" / "learner_course"
SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "schemas" / "list.schema.json").read_text("utf-8"))

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Give a clone of a tiny course and an empty home, and go there."""
    shutil.copytree(FIXTURE, tmp_path / "clone")
    for name in ("HOME", "XDG_CONFIG_HOME", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COURSE_ROOT", "JUPYTER_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path / "clone")
    return Course.find()


@pytest.fixture
def type_(course: Course, capsys: pytest.CaptureFixture[str]) -> Type:
    """Give a function that runs `course …` and returns exit code, output and errors."""

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(args))
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return run


@pytest.fixture
def copy(course: Course) -> WorkingCopy:
    return WorkingCopy.make(course)[0]


def edit(path: Path, id: str, **fields: Any) -> None:
    notebook = read_notebook(path)
    next(cell for cell in notebook["cells"] if cell["id"] == id).update(fields)
    write_notebook(path, notebook)


def work(copy: WorkingCopy) -> None:
    """Do what a learner does in the first half of 00_hello."""
    path = copy.folder / "00_hello.ipynb"
    edit(path, "sum", execution_count=1)
    edit(path, "double", source="def double(x):\n    return 2 * x", execution_count=2)


def test_before_anything_the_next_step_is_lab(type_: Type):
    code, out, _ = type_()

    assert code == 0
    assert "0 of 3 chapters done, about 85 minutes left" in out
    assert "Next comes 00_hello, Say hello (15 minutes)" in out
    assert "course lab   opens 00_hello in JupyterLab; your copy will be in learning" in out


def test_in_the_middle_it_says_what_is_left(type_: Type, copy: WorkingCopy):
    work(copy)

    code, out, _ = type_()

    assert code == 0
    assert "You are in 00_hello" in out
    assert "cells run 2 of 3, tasks begun 1 of 1" in out


def test_after_a_chapter_the_next_one_comes(type_: Type, copy: WorkingCopy):
    work(copy)
    edit(copy.folder / "00_hello.ipynb", "quiz-start", execution_count=3)

    _, out, _ = type_()

    assert "1 of 3 chapters done" in out
    assert "Next comes 01_rows" in out


def test_at_the_end_it_says_so(type_: Type, copy: WorkingCopy):
    for chapter in copy.course.chapters():
        notebook = read_notebook(copy.notebook(chapter))
        for cell in notebook["cells"]:
            cell.update({"execution_count": 1} if cell["cell_type"] == "code" else {})
            cell["source"] = text_of(cell) + "\n# mine"
        write_notebook(copy.notebook(chapter), notebook)

    assert "You have done every chapter." in type_()[1]


def test_a_changed_chapter_is_pointed_out(type_: Type, copy: WorkingCopy, course: Course):
    edit(course.root / "notebooks" / "02_views.ipynb", "title", source="# Views, again")

    assert "course update   1 chapter changed" in type_()[1]


def test_a_notebook_that_cannot_be_read_does_not_stop_the_list(type_: Type, copy: WorkingCopy):
    (copy.folder / "01_rows.ipynb").write_text("torn")

    code, out, _ = type_("list")

    assert code == 0
    assert "unreadable" in out


def test_the_list_names_every_chapter_with_what_it_needs(type_: Type):
    code, out, _ = type_("list")

    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["02_views", "Views", "40", "rust,", "crates", "not", "started"] in lines
    assert "3 chapters, 85 minutes in all" in out


def test_the_list_typed_in_the_working_copy_calls_it_this_folder(
    type_: Type, copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch
):
    assert f"your copy is in {os.path.relpath(copy.folder)}" in type_("list")[1]

    monkeypatch.chdir(copy.folder)
    assert "your copy is this folder" in type_("list")[1]


@pytest.mark.parametrize("begun", [False, True])
def test_the_list_as_json_is_what_its_schema_says(type_: Type, course: Course, begun: bool):
    if begun:
        work(WorkingCopy.make(course)[0])

    code, out, _ = type_("list", "--json")

    data = json.loads(out)
    jsonschema.validate(data, SCHEMA)
    assert code == 0
    assert data["working_copy"] == (str(course.root / "learning") if begun else None)
    assert [c["state"] for c in data["chapters"]] == ["in progress" if begun else "not started"] + 2 * ["not started"]


def test_answers_in_the_notebook_and_beside_it_count_once(type_: Type, copy: WorkingCopy, course: Course):
    (course.root / "quizzes").mkdir()
    question = "### {0}? {{#{0}}}\n\n- [x] Yes.\n- [ ] No.\n\n> **Explanation:** It is so.\n\n"
    quiz = "---\ntitle: Start\n---\n\n## start\n\n" + "".join(question.format(name) for name in ("one", "two", "three"))
    (course.root / "quizzes" / "00_hello.md").write_text(quiz)
    attempts = [{"attempt": "1", "item": "00_hello/one"}, {"attempt": "2", "item": "00_hello/unknown"}]
    edit(copy.folder / "00_hello.ipynb", "quiz-start", metadata={"course_quiz": {"attempts": attempts}})
    lines = ['{"attempt": "1", "item": "00_hello/one"}', '{"attempt": "3", "item": "00_hello/two"}', '{"att']
    (copy.folder / "00_hello.answers.jsonl").write_text("\n".join(lines))

    chapter = json.loads(type_("list", "--json")[1])["chapters"][0]

    assert (chapter["answered"], chapter["questions"]) == (2, 3)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["lsit"], 2, "did you mean list?"),
        (["reset", "00_helo"], 2, "did you mean 00_hello?"),
        (["submit", "9"], 2, "no chapter is called '9'"),
        (["reset"], 2, "Missing argument"),
        (["lab", "--port", "0"], 2, "not in the range"),
        (["submit", "00"], 1, "save the notebook in JupyterLab"),
        (["submit", "00", "--as", "../x"], 2, "cannot be the learner's name"),
    ],
)
def test_a_mistake_gets_a_message_that_helps(type_: Type, copy: WorkingCopy, args: list[str], code: int, message: str):
    got, _, err = type_(*args)

    assert got == code
    assert message in err


def test_a_reset_asks_first_and_no_changes_nothing(course: Course, copy: WorkingCopy):
    work(copy)
    before = (copy.folder / "00_hello.ipynb").read_bytes()

    done = subprocess.run(
        [sys.executable, "-c", "from course.cli import main; main()", "reset", "0"],
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert "put a fresh copy of 00_hello in place of yours (yours is kept)?" in done.stdout
    assert done.returncode == 130
    assert (copy.folder / "00_hello.ipynb").read_bytes() == before


def test_a_reset_says_where_the_old_notebook_is(type_: Type, copy: WorkingCopy):
    work(copy)
    copy.answers(copy.course.chapter("0")).write_text("{}\n")

    code, out, _ = type_("reset", "0", "--yes")

    assert code == 0
    kept = next((copy.private / "kept").iterdir())
    assert f"your notebook is kept as {kept.relative_to(Path.cwd())}" in out
    assert "your answers are still there" in out


def test_an_update_with_nothing_to_do_says_so(type_: Type, copy: WorkingCopy):
    assert type_("update")[:2] == (0, "every chapter is up to date\n")


def test_an_update_lists_what_it_did_and_ends_well(type_: Type, copy: WorkingCopy, course: Course):
    work(copy)
    edit(course.root / "notebooks" / "00_hello.ipynb", "sum", source="total = 1 + 2 + 3\ntotal")

    code, out, _ = type_("update")

    assert code == 0
    assert "00_hello: 1 cell changed; your work is carried over" in out
    assert "as it was: learning/.course/kept/00_hello-" in out


def test_a_conflict_is_listed_and_the_exit_code_says_so(type_: Type, copy: WorkingCopy, course: Course):
    work(copy)
    edit(course.root / "notebooks" / "00_hello.ipynb", "double", source="def double(x):\n    todo()")

    code, out, _ = type_("update")

    assert code == 1
    assert "conflict: both changed: cell 4 (def double(x):)" in out
    assert "1 cell to look at: the course's version stands below yours" in out
    assert type_("update")[0] == 0, "it is said once; the marked cell stays until the learner deletes it"


def test_an_update_names_a_notebook_it_could_not_read(type_: Type, copy: WorkingCopy, course: Course):
    (copy.folder / "00_hello.ipynb").write_text("torn")
    edit(course.root / "notebooks" / "00_hello.ipynb", "sum", source="1")

    code, _, err = type_("update")

    assert code == 1
    assert "the notebook cannot be read: it is not JSON" in err
    assert "course reset 00" in err


def test_a_submission_holds_the_notebook_the_answers_and_the_claims(type_: Type, copy: WorkingCopy):
    work(copy)
    (copy.folder / "00_hello.answers.jsonl").write_text("{}\n")
    (copy.folder / "claims.json").write_text("{}")

    code, out, _ = type_("submit", "00", "--as", "ada")

    target = copy.folder / "submissions" / "00_hello-ada.zip"
    assert code == 0
    assert "made learning/submissions/00_hello-ada.zip" in out
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["00_hello.ipynb", "00_hello.answers.jsonl", "claims.json"]
        assert archive.read("00_hello.ipynb") == (copy.folder / "00_hello.ipynb").read_bytes()


def test_equal_work_gives_an_equal_zip_under_an_anonymous_name(type_: Type, copy: WorkingCopy, tmp_path: Path):
    work(copy)
    type_("submit", "00", "--to", str(tmp_path / "a"))
    edit(copy.folder / "00_hello.ipynb", "sum", execution_count=1)
    type_("submit", "00", "--to", str(tmp_path / "b"))

    name = f"00_hello-{copy.learner}.zip"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with zipfile.ZipFile(tmp_path / "a" / name) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}, "no time of day in it"


def test_a_submission_says_what_is_not_done(type_: Type, copy: WorkingCopy):
    edit(copy.folder / "00_hello.ipynb", "sum", execution_count=1)

    assert "1 of 1 task are not begun" not in (out := type_("submit", "00")[1])
    assert "1 of 1 task is not begun" in out


def test_a_notebook_that_cannot_be_read_is_not_handed_in(type_: Type, copy: WorkingCopy):
    (copy.folder / "00_hello.ipynb").write_text("torn")

    code, _, err = type_("submit", "00")

    assert code == 1
    assert "cannot be read" in err
    assert not (copy.folder / "submissions").exists()
