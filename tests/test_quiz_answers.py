"""The answers file and the notebook's own copy: nothing is lost at any byte, and merging is a union."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.errors import CannotWrite, CourseError, NotebookUnreadable, UnreadableAttempt
from course.quiz import answers
from course.quiz.answers import Attempt, add, collect, file_for, from_notebook, merge, read, read_text, responses

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "answers.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def attempt(**changes: Any) -> Attempt:
    made = Attempt(
        attempt=answers.new_id(),
        item="03_ndarray/slice-no-copy",
        response={"options": ["borrows"]},
        at="2026-03-01T10:00:00.000Z",
        seconds=12.5,
        confidence=2,
        bank="03_ndarray",
        learner="l-1",
    )
    return replace(made, **changes)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
moments = st.datetimes(min_value=answers.datetime(1970, 1, 1)).map(lambda d: d.isoformat(timespec="microseconds") + "Z")
attempts = st.builds(
    Attempt,
    attempt=st.uuids().map(str),
    item=st.from_regex(r"[0-9]{2}_[a-z]{1,8}/[a-z][a-z-]{0,9}", fullmatch=True),
    response=st.dictionaries(st.text(max_size=8), json_values, max_size=3),
    at=moments,
    mode=st.sampled_from(answers.MODES),
    hints=st.integers(0, 9),
    seconds=st.none() | st.floats(0, 1e6),
    confidence=st.sampled_from([None, 1, 2, 3]),
    variant=st.integers(0, 99),
    bank=st.text(max_size=20),
    learner=st.text(max_size=20),
    event=st.sampled_from(answers.EVENTS),
)


# ---- one attempt ----


@given(attempts)
def test_an_attempt_survives_its_line_and_meets_the_published_schema(made: Attempt) -> None:
    line = made.as_line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    VALIDATOR.validate(json.loads(line))
    again = Attempt.from_dict(json.loads(line))
    assert again.as_line() == line


def test_half_a_character_in_a_response_is_written_and_read_back() -> None:
    made = attempt(response={"text": "a\ud83d"})
    assert read_text(made.as_line()).attempts == (made,)


@given(json_values)
def test_any_json_is_an_attempt_or_is_refused_by_name(value: object) -> None:
    with pytest.raises(UnreadableAttempt):
        Attempt.from_dict(value, place="here:1")


@settings(max_examples=300)
@given(attempts, st.sampled_from(sorted(SCHEMA["properties"])), json_values | st.just(10**400) | st.just("…" * 300))
def test_the_reader_and_the_schema_agree_on_what_is_an_attempt(made: Attempt, name: str, value: object) -> None:
    record = made.as_dict() | {name: value}
    try:
        Attempt.from_dict(record)
    except UnreadableAttempt:
        assert not VALIDATOR.is_valid(record)
    else:
        assert VALIDATOR.is_valid(record)


def test_a_record_of_a_newer_course_is_named_as_such_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "03_ndarray.answers.jsonl"
    newer = json.dumps(attempt().as_dict() | {"schema": 2}) + "\n"
    path.write_text(newer)
    mine = attempt()
    add(path, [mine])
    log = read(path)
    assert log.attempts == (mine,)
    assert "schema 2" in log.problems[0].message
    assert path.read_text().startswith(newer)


# ---- merging ----


@given(st.lists(attempts, max_size=5), st.lists(attempts, max_size=5), st.lists(attempts, max_size=5))
def test_merging_is_a_union_in_any_order_any_number_of_times(
    a: Sequence[Attempt], b: Sequence[Attempt], c: Sequence[Attempt]
) -> None:
    whole = merge(a, b, c)
    assert merge(c, a, b) == whole
    assert merge(merge(a, b), merge(b, c)) == whole
    assert merge(whole, whole) == whole
    assert {x.attempt for x in whole} == {x.attempt for x in (*a, *b, *c)}


def test_two_records_with_one_id_give_the_same_winner_in_either_order() -> None:
    one = attempt()
    other = replace(one, response={"options": ["copies"]})
    assert merge([one], [other]) == merge([other], [one])
    assert len(merge([one], [other])) == 1


def test_attempts_made_one_after_the_other_are_merged_in_that_order() -> None:
    made = [attempt(at=answers.now()) for _ in range(100)]
    assert merge(reversed(made)) == tuple(made)


def test_times_are_ordered_whether_or_not_they_have_a_fraction() -> None:
    first, second = attempt(at="2026-03-01T10:00:00Z"), attempt(at="2026-03-01T10:00:00.5Z")
    assert merge([second, first]) == (first, second)


def test_events_are_kept_but_are_no_answers() -> None:
    answer = attempt()
    reveal = attempt(event="reveal", response=None, at="2026-03-01T10:01:00Z")
    assert responses([reveal, answer]) == {answer.item: [answer]}


# ---- the file ----


def test_a_file_that_is_not_there_has_no_attempts(tmp_path: Path) -> None:
    assert read(tmp_path / "none.answers.jsonl") == answers.Log()


def test_adding_the_same_attempts_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.answers.jsonl"
    made = [attempt(), attempt()]
    assert set(add(path, made)) == set(made)
    before = path.read_bytes()
    assert add(path, made) == ()
    assert path.read_bytes() == before


def test_a_file_cut_at_any_byte_loses_at_most_its_last_line_and_takes_new_ones(tmp_path: Path) -> None:
    first, second, third = attempt(), attempt(response={"text": "ünï\u2028\n"}), attempt()
    whole = first.as_line() + second.as_line()
    path = tmp_path / "a.answers.jsonl"
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        kept = read(path).attempts
        survivors = [a for a, end in ((first, len(first.as_line())), (second, len(whole))) if length >= end - 1]
        assert set(kept) == set(survivors), length
        add(path, [third])
        assert set(read(path).attempts) == {*survivors, third}, length


def test_a_torn_last_line_is_reported_with_its_line_number(tmp_path: Path) -> None:
    path = tmp_path / "a.answers.jsonl"
    path.write_bytes(attempt().as_line() + attempt().as_line()[:40])
    (problem,) = read(path).problems
    assert problem.render().startswith(f"{path}:2: the last line was torn off")


@given(st.binary(max_size=200))
def test_any_bytes_after_a_whole_line_leave_that_line_readable(data: bytes) -> None:
    made = attempt()
    assert made in read_text(made.as_line() + data).attempts


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from course.quiz.answers import Attempt, add, new_id, now
path, count = Path(sys.argv[1]), int(sys.argv[2])
for number in range(count):
    made = Attempt(attempt=new_id(), item="03_ndarray/x", response={"text": "y" * 3000}, at=now())
    add(path, [made])
    print(made.attempt, flush=True)
"""


def _writer(path: Path, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(count)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_a_writer_that_is_killed_has_kept_everything_it_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.answers.jsonl"
    for round in range(3):
        process = _writer(path, 100_000)
        assert process.stdout
        reported = [process.stdout.readline().strip() for _ in range(3 + round * 5)]
        time.sleep(0.01 * round)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        reported += rest.split()
        kept = {a.attempt for a in read(path).attempts}
        assert set(reported) <= kept
    last = attempt()
    add(path, [last])
    assert last in read(path).attempts


def test_writers_in_several_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a.answers.jsonl"
    processes = [_writer(path, 15) for _ in range(3)]
    reported = [id for process in processes for id in process.communicate()[0].split()]
    log = read(path)
    assert sorted(reported) == sorted(a.attempt for a in log.attempts)
    assert len(reported) == 45
    assert log.problems == ()


def test_a_full_disk_is_said_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.answers.jsonl"
    code = textwrap.dedent("""
        import resource, signal, sys
        from pathlib import Path
        from course.errors import CannotWrite
        from course.quiz.answers import Attempt, add, new_id, now
        path = Path(sys.argv[1])
        add(path, [Attempt(attempt=new_id(), item="a/b", response={"text": "short"}, at=now())])
        before = path.read_bytes()
        # The system's own limit on a file's size stands in for a full disk: part of the line fits, then it refuses.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, len(before) + 100))
        try:
            add(path, [Attempt(attempt=new_id(), item="a/b", response={"text": "y" * 1000}, at=now())])
        except CannotWrite as error:
            print(error.render())
        assert path.read_bytes() == before
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "cannot write" in done.stdout


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite):
        add(tmp_path / "none" / "a.answers.jsonl", [attempt()])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(CannotWrite):
            add(tmp_path / "a.answers.jsonl", [attempt()])
    finally:
        tmp_path.chmod(0o700)


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    assert file_for("03_ndarray/views", tmp_path) == tmp_path / "03_ndarray.answers.jsonl"
    for name in ("../x", "..", "", "/etc/passwd", "a b/c", "x" * 200):
        with pytest.raises(CourseError):
            file_for(name, tmp_path)


# ---- the notebook ----


def notebook(path: Path, *cells: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}))
    return path


def quiz_cell(*made: Attempt, quiz: str = "03_ndarray/views", junk: Sequence[object] = ()) -> dict[str, Any]:
    stored = {"schema": 1, "quiz": quiz, "attempts": [*(a.as_dict() for a in made), *junk]}
    return {"cell_type": "code", "metadata": {"course_quiz": stored}, "source": "", "outputs": []}


def test_copies_of_a_quiz_cell_are_brought_together(tmp_path: Path) -> None:
    one, two, three = attempt(), attempt(), attempt()
    path = notebook(tmp_path / "n.ipynb", quiz_cell(one, two), quiz_cell(two, three))
    assert set(from_notebook(path).attempts) == {one, two, three}


def test_one_quiz_can_be_read_alone(tmp_path: Path) -> None:
    one, two = attempt(), attempt()
    path = notebook(tmp_path / "n.ipynb", quiz_cell(one), quiz_cell(two, quiz="03_ndarray/layout"))
    assert from_notebook(path, quiz="03_ndarray/layout").attempts == (two,)


def test_answers_given_without_javascript_are_read_from_the_output(tmp_path: Path) -> None:
    made = attempt()
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {answers.MIME: {"quiz": "03_ndarray/views", "attempts": [made.as_dict()]}},
    }
    cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": [output]}
    assert from_notebook(notebook(tmp_path / "n.ipynb", cell)).attempts == (made,)


def test_the_notebook_and_the_file_beside_it_are_brought_together(tmp_path: Path) -> None:
    both, inside, beside = attempt(), attempt(), attempt()
    path = notebook(tmp_path / "03_ndarray.ipynb", quiz_cell(both, inside))
    add(tmp_path / "03_ndarray.answers.jsonl", [both, beside])
    assert set(collect(path).attempts) == {both, inside, beside}


@given(json_values)
def test_junk_in_metadata_is_reported_and_harms_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, junk: object
) -> None:
    made = attempt()
    path = tmp_path_factory.mktemp("n") / "n.ipynb"
    notebook(
        path, {"cell_type": "code", "metadata": {"course_quiz": junk}, "outputs": junk}, quiz_cell(made, junk=[junk])
    )
    log = from_notebook(path)
    assert log.attempts == (made,)
    assert len(log.problems) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"{", b'{"cells": 3}', b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_notebook_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookUnreadable):
        from_notebook(path)
