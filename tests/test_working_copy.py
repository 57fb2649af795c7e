"""The working copy: made, found again, restored, brought up to date; nothing lost, nothing half written."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course.chapters import Course
from course.errors import CannotWrite, CourseError, NotAWorkingCopy, NotebookUnreadable, NoWorkingCopy
from course.files import write_whole
from course.notebook_file import Notebook, parse_notebook, read_notebook, text_of, write_notebook
from course.working_copy import WorkingCopy

FIXTURE = Path(__file__).parent / "fixtures" / "learner_course"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Give a clone of a tiny course, an empty home, and no memory of other tests."""
    shutil.copytree(FIXTURE, tmp_path / "clone")
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    monkeypatch.chdir(tmp_path / "clone")
    return Course.find()


def change(path: Path, edit: Callable[[Notebook], Any]) -> None:
    notebook = read_notebook(path)
    edit(notebook)
    write_notebook(path, notebook)


def set_text(id: str, text: str) -> Callable[[Notebook], Any]:
    def edit(notebook: Notebook) -> None:
        next(cell for cell in notebook["cells"] if cell["id"] == id)["source"] = text

    return edit


def texts(path: Path) -> dict[str, str]:
    return {cell["id"]: text_of(cell) for cell in read_notebook(path)["cells"]}


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def test_the_first_working_copy_holds_every_chapter_as_it_was_built(course: Course):
    copy, made = WorkingCopy.make(course)

    assert copy.folder == course.root / "learning"
    assert [chapter.name for chapter in made] == ["00_hello", "01_rows", "02_views"]
    for chapter in made:
        assert copy.notebook(chapter).read_bytes() == chapter.notebook.read_bytes()
    assert copy.learner.startswith("learner-")


def test_making_it_again_writes_nothing_over(course: Course):
    copy, _ = WorkingCopy.make(course)
    copy.notebook(course.chapter("0")).write_text("mine, whatever it is")
    before = everything_in(copy.folder)

    _, made = WorkingCopy.make(course)

    assert made == []
    assert before == everything_in(copy.folder)


def test_a_folder_of_the_learners_choice_is_remembered(course: Course, tmp_path: Path):
    WorkingCopy.make(course, tmp_path / "my work")

    assert WorkingCopy.find(course).folder == tmp_path / "my work"
    assert not (course.root / "learning").exists()


def test_a_working_copy_is_found_from_inside_it(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    WorkingCopy.make(course)
    WorkingCopy.make(course, tmp_path / "second")

    monkeypatch.chdir(course.root / "learning")

    assert WorkingCopy.find(course).folder == course.root / "learning"


def test_a_working_copy_that_was_moved_is_not_replaced_by_an_empty_one(course: Course, tmp_path: Path):
    copy, _ = WorkingCopy.make(course, tmp_path / "here")
    copy.folder.rename(tmp_path / "there")

    with pytest.raises(NoWorkingCopy, match="not where it was") as caught:
        WorkingCopy.make(course)

    assert caught.value.place == str(tmp_path / "here")
    assert "--dir" in caught.value.help
    moved, made = WorkingCopy.make(course, tmp_path / "there")
    assert made == []
    assert WorkingCopy.find(course).folder == moved.folder


def test_before_there_is_one_the_error_says_how_to_make_it(course: Course):
    with pytest.raises(NoWorkingCopy) as caught:
        WorkingCopy.find(course)

    assert caught.value.help == "course lab makes one"


@pytest.mark.parametrize("name", ["notebooks", ".", "full", "file"])
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(course: Course, name: str):
    (course.root / "full").mkdir()
    (course.root / "full" / "thesis.tex").write_text("important")
    (course.root / "file").write_text("important")
    before = everything_in(course.root)

    with pytest.raises(NotAWorkingCopy):
        WorkingCopy.make(course, course.root / name)

    assert before == everything_in(course.root)


def test_a_course_without_notebooks_says_so(course: Course):
    for path in course.notebooks.glob("*.ipynb"):
        path.unlink()

    with pytest.raises(CourseError, match="no built notebooks"):
        WorkingCopy.make(course)

    assert not (course.root / "learning").exists()


def test_a_reset_keeps_the_old_notebook_and_its_answers(course: Course):
    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("00")
    log = copy.answers(chapter)
    log.write_text('{"attempt": "1", "item": "00_hello/one"}\n')
    change(copy.notebook(chapter), set_text("double", "my work"))
    change(
        copy.notebook(chapter), lambda n: n["cells"][4]["metadata"].update(course_quiz={"attempts": [{"attempt": "1"}]})
    )
    mine = copy.notebook(chapter).read_bytes()

    done = copy.reset(chapter)

    assert done.kept is not None
    assert done.kept.read_bytes() == mine
    assert texts(copy.notebook(chapter)) == texts(chapter.notebook)
    assert done.attempts == 1
    assert read_notebook(copy.notebook(chapter))["cells"][4]["metadata"]["course_quiz"] == {
        "attempts": [{"attempt": "1"}]
    }
    assert log.read_text() == '{"attempt": "1", "item": "00_hello/one"}\n'


def test_two_resets_within_a_second_keep_two_copies(course: Course):
    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("01")
    kept = []
    for text in ("first", "second"):
        change(copy.notebook(chapter), set_text("rows", text))
        kept.append(copy.reset(chapter).kept)

    assert [texts(path)["rows"] for path in kept if path] == ["first", "second"]


def test_a_reset_mends_a_notebook_that_cannot_be_read(course: Course):
    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("01")
    copy.notebook(chapter).write_bytes(b'{"cells": [tor')

    done = copy.reset(chapter)

    assert done.kept is not None
    assert done.kept.read_bytes() == b'{"cells": [tor'
    assert copy.notebook(chapter).read_bytes() == chapter.notebook.read_bytes()


def test_an_update_brings_changes_in_and_keeps_the_work(course: Course):
    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("00")
    change(copy.notebook(chapter), set_text("double", "def double(x):\n    return 2 * x"))
    mine = copy.notebook(chapter).read_bytes()
    change(chapter.notebook, set_text("bye", "## Take-away\n\nIt was longer."))

    updates = {u.chapter.name: u for u in copy.update()}

    now = texts(copy.notebook(chapter))
    assert now["double"] == "def double(x):\n    return 2 * x"
    assert now["bye"] == "## Take-away\n\nIt was longer."
    assert updates["00_hello"].what == "merged"
    assert updates["00_hello"].kept is not None
    assert updates["00_hello"].kept.read_bytes() == mine
    assert updates["01_rows"].what == "same"
    assert {u.what for u in copy.update()} == {"same"}, "a second update finds nothing to do"


def test_a_lab_that_saves_its_old_state_over_an_update_gets_the_change_again(course: Course):
    """The learner had the chapter open, and chose Overwrite when JupyterLab said that the file had changed."""
    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("01")
    for text in ("rows = [1]", "rows = [2]"):
        open_in_lab = copy.notebook(chapter).read_bytes()
        change(chapter.notebook, set_text("rows", text))
        copy.update()
        copy.notebook(chapter).write_bytes(open_in_lab)

        assert copy.outdated(chapter)
        copy.update()

        assert texts(copy.notebook(chapter))["rows"] == text


def test_an_update_cut_off_at_any_write_is_done_by_the_next(course: Course, monkeypatch: pytest.MonkeyPatch):
    import course.working_copy as module

    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("01")
    change(copy.notebook(chapter), set_text("show", "my show"))
    change(chapter.notebook, set_text("rows", "theirs"))
    change(chapter.notebook, set_text("show", "their show"))
    mine = copy.notebook(chapter).read_bytes()
    results = []
    for stop in (1, 2, 3, None):
        shutil.rmtree(copy.private / "kept", ignore_errors=True)
        for path in (copy.private / "base").glob("*-*.ipynb"):
            path.unlink()
        copy.notebook(chapter).write_bytes(mine)
        writes = iter(range(1, 10))

        def cut(path: Path, content: Any, write: Any = write_whole, stop: int | None = stop, n: Any = writes) -> None:
            if next(n) == stop:
                raise KeyboardInterrupt
            write(path, content)

        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            patch.setattr(module, "write_whole", cut)
            patch.setattr("course.notebook_file.write_whole", cut)
            copy.update()
        copy.update()
        results.append(copy.notebook(chapter).read_bytes())

    assert len(set(results)) == 1
    assert texts(copy.notebook(chapter))["show"] == "my show"
    assert texts(copy.notebook(chapter))["rows"] == "theirs"


def test_an_update_hands_out_new_chapters_and_those_that_are_gone(course: Course):
    copy, _ = WorkingCopy.make(course)
    shutil.copy(course.notebooks / "02_views.ipynb", course.notebooks / "03_more.ipynb")
    copy.notebook(course.chapter("01")).unlink()

    what = {u.chapter.name: u.what for u in copy.update()}

    assert what == {"00_hello": "same", "01_rows": "new", "02_views": "same", "03_more": "new"}


def test_a_damaged_notebook_costs_only_its_own_update(course: Course):
    copy, _ = WorkingCopy.make(course)
    for number in ("00", "01"):
        change(course.chapter(number).notebook, lambda n: n["cells"].pop())
    copy.notebook(course.chapter("00")).write_text("<<<<<<< HEAD")

    updates = {u.chapter.name: u for u in copy.update()}

    assert updates["00_hello"].what == "failed"
    assert isinstance(updates["00_hello"].error, NotebookUnreadable)
    assert updates["00_hello"].error.help.startswith("course reset 00")
    assert copy.notebook(course.chapter("00")).read_text() == "<<<<<<< HEAD"
    assert updates["01_rows"].what == "merged"


def test_a_lost_state_costs_no_work(course: Course):
    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("01")
    change(copy.notebook(chapter), set_text("rows", "my rows"))
    shutil.rmtree(copy.private)

    copy, made = WorkingCopy.make(course)

    assert made == []
    assert texts(copy.notebook(chapter))["rows"] == "my rows"
    updates = {u.chapter.name: u for u in copy.update()}
    assert updates["00_hello"].what == "same", "an untouched notebook has its base again"
    assert updates["01_rows"].merged is not None
    assert updates["01_rows"].merged.conflicts == ["rows"], "shown, not guessed"
    assert texts(copy.notebook(chapter))["rows"] == "my rows"


def test_a_second_command_waits_and_then_says_who_is_at_work(course: Course, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("course.working_copy.LOCK_SECONDS", 0.1)
    copy, _ = WorkingCopy.make(course)
    program = "import filelock, sys; lock = filelock.FileLock(sys.argv[1]).acquire(); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(copy.private / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(CourseError, match="another course command"):
            copy.update()
    finally:
        holder.communicate(b"\n")


def test_a_folder_one_may_not_write_to_is_named():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(FIXTURE, folder / "clone")
        (folder / "locked").mkdir(mode=0o555)
        folder.chmod(0o755)
        # Root may write everywhere: there, the child becomes nobody.
        become = "os.geteuid() == 0 and os.setuid(65534); "

        done = in_a_child(
            Course(folder / "clone"), f"{become}WorkingCopy.make(course, Path({str(folder / 'locked' / 'mine')!r}))"
        )

        assert "you may not write there" in done.stdout
        assert list((folder / "locked").iterdir()) == []


def in_a_child(course: Course, statement: str, **limits: Any) -> subprocess.CompletedProcess[str]:
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom course.chapters import Course\n"
        "from course.errors import CourseError\nfrom course.working_copy import WorkingCopy\n"
        f"course = Course(Path({str(course.root)!r}))\n"
        f"try:\n    {statement}\n    print('done')\nexcept CourseError as error:\n    print(error)\n"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, **limits)


def test_a_full_disk_leaves_the_notebook_as_it_was(course: Course):
    """The limit on file sizes stands in for a full disk: the write begins, and fails."""
    copy, _ = WorkingCopy.make(course)
    chapter = course.chapter("01")
    change(copy.notebook(chapter), set_text("rows", "my work"))
    change(chapter.notebook, set_text("show", "x" * 100_000))
    before = everything_in(copy.folder)

    done = in_a_child(
        course,
        "[print(u.what, u.error) for u in WorkingCopy.find(course).update()]",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )

    assert "failed" in done.stdout
    assert "cannot write" in done.stdout
    after = {name: content for name, content in everything_in(copy.folder).items() if "/kept/" not in name}
    after = {name: content for name, content in after.items() if name in before}
    assert before == after


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no list of cells"),
        (b'{"cells": {}}', "no list of cells"),
        (b'{"cells": [], "nbformat": 3}', "format is 3"),
        (b'{"cells": [1], "nbformat": 4}', "cell 1 has no type"),
        (b'{"cells": [{"cell_type": "code"}], "nbformat": 4}', "cell 1 has no text"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}], "nbformat": 4}', "cell 1 has no text"),
        (b'{"cells": [{"cell_type": "code", "source": "", "metadata": 1}], "nbformat": 4}', "metadata of cell 1"),
        (b'{"cells": [], "nbformat": 4, "metadata": []}', "metadata are not a table"),
    ],
)
def test_a_file_that_is_no_notebook_says_why(content: bytes, why: str):
    with pytest.raises(NotebookUnreadable, match=why):
        parse_notebook(content, Path("03_x.ipynb"))


def test_a_text_that_utf8_cannot_hold_survives_being_written(tmp_path: Path):
    notebook = json.loads((FIXTURE / "notebooks" / "01_rows.ipynb").read_text("utf-8"))
    notebook["cells"][0]["source"] = "half of a pair: \ud83d"

    write_notebook(tmp_path / "a.ipynb", notebook)

    assert texts(tmp_path / "a.ipynb")["title"] == "half of a pair: \ud83d"


def test_the_pictures_of_the_chapters_come_along_and_are_kept_current(course: Course):
    drawn = course.notebooks / "figures" / "borrow" / "view.svg"
    write_whole(drawn, "<svg>one</svg>")
    copy, _ = WorkingCopy.make(course)
    mine = copy.folder / "figures" / "borrow" / "view.svg"
    assert mine.read_text() == "<svg>one</svg>"

    write_whole(drawn, "<svg>two</svg>")
    copy.update()
    assert mine.read_text() == "<svg>two</svg>"


def test_a_learners_picture_is_kept_when_the_course_brings_one_of_that_name(course: Course):
    copy, _ = WorkingCopy.make(course)
    mine = copy.folder / "figures" / "loss.svg"
    write_whole(mine, "<svg>mine</svg>")
    write_whole(course.notebooks / "figures" / "loss.svg", "<svg>theirs</svg>")

    copy.update()

    assert mine.read_text() == "<svg>theirs</svg>"
    assert [path.read_text() for path in (copy.private / "kept").glob("loss-*.svg")] == ["<svg>mine</svg>"]


def test_a_folder_of_pictures_that_cannot_be_made_is_named(course: Course):
    copy, _ = WorkingCopy.make(course)
    write_whole(course.notebooks / "figures" / "loss.svg", "<svg/>")
    (copy.folder / "figures").write_text("a file of the learner's")

    with pytest.raises(CannotWrite, match="figures"):
        copy.update()
    assert (copy.folder / "figures").read_text() == "a file of the learner's"
