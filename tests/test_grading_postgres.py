"""The gradebook in PostgreSQL, with a real server of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course.grading.batch import grade_class
from course.grading.classfolder import ClassFolder
from course.grading.engine import Options
from course.grading.nbgrader_settings import CONFIG
from course.grading.regrade import back_up
from course.grading.release import release
from tests.nbgrader.classroom import NAME, Classroom, make_course

pytestmark = pytest.mark.needs("postgres")


def _found(name: str) -> str:
    places = [Path(f"/usr/lib/postgresql/{version}/bin/{name}") for version in range(20, 11, -1)]
    found = shutil.which(name) or next((str(path) for path in places if path.exists()), None)
    assert found, name
    return found


def _as_plain_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to be root."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command] if os.getuid() == 0 else command


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a server that listens on a socket in a folder of its own, and nowhere else."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.getuid() == 0:
        os.chown(folder, 65534, 65534)
    data = folder / "data"
    plain = [_found("initdb"), "-D", str(data), "-U", "grader", "--auth=trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(_as_plain_user(plain), cwd=folder, capture_output=True, check=True)
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    start = [_found("pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start"]
    subprocess.run(_as_plain_user(start), cwd=folder, check=True)
    try:
        yield f"postgresql+psycopg://grader@/postgres?host={folder}"
    finally:
        stop = [_found("pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"]
        subprocess.run(_as_plain_user(stop), check=False, capture_output=True)
        shutil.rmtree(folder)


def test_a_class_is_graded_into_postgresql(server: str, tmp_path: Path):
    course, bank = make_course(tmp_path)
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text(CONFIG + f"c.CourseDirectory.db_url = {server!r}\n", "utf-8")
    release(folder, course, (), banks=[bank])
    room = Classroom(folder)
    for number in range(70):
        learner = f"learner-{number:03}"
        room.hand_in(learner, room.released(), room.right(learner) if number % 2 else room.partly(learner))
    opened = ClassFolder.open(folder)

    summary = grade_class(opened, [NAME], options=Options(workers=1))

    assert (summary.graded, summary.failed) == (70, [])
    with Gradebook(server) as book:
        assert len(book.assignment_submissions(NAME)) == 70
        assert book.find_submission(NAME, "learner-000").score == 4.0
        assert book.find_grade("quiz-views", NAME, NAME, "learner-001").auto_score == 7.0
        assert book.find_comment("twice", NAME, NAME, "learner-001").comment
        grade = book.find_grade("quiz-views", NAME, NAME, "learner-001")
        grade.manual_score = 5.0
        book.db.commit()
    assert grade_class(opened, [NAME], again=True, options=Options(workers=1)).graded == 70
    with Gradebook(server) as book:
        assert book.find_grade("quiz-views", NAME, NAME, "learner-001").score == 5.0
    assert not (folder / "gradebook.db").exists()
    kept = back_up(opened)
    assert "learner-069" in kept.read_text("utf-8")
