"""`course quiz …`: what it prints, how it exits, and that what it writes fits the published schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from course.bench.quiz import run as bench
from course.cli import main
from course.quiz.schema import schemas, write

FIXTURES = Path(__file__).parent / "fixtures" / "quizzes"
SCHEMAS = Path(__file__).parent.parent / "docs" / "schemas"


@pytest.fixture
def course(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["quiz", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


def published(name: str, text: str) -> Any:
    data = json.loads(text)
    Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))).validate(data)
    return data


def test_the_published_schemas_are_those_of_the_code(tmp_path: Path) -> None:
    for path in write(tmp_path):
        assert path.read_text("utf-8") == (SCHEMAS / path.name).read_text("utf-8"), "course quiz schema docs/schemas"


@pytest.mark.parametrize("name", ["quiz", "quiz-response", "quiz-check"])
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])


def test_check_is_silent_about_a_good_file_but_for_one_line(course: Any) -> None:
    code, out, err = course("check", FIXTURES / "clean.md")
    assert (code, out, err) == (0, "1 file, 1 item, 0 proofs agree\n", "")


def test_check_names_every_error_with_its_place_and_fails(course: Any) -> None:
    code, _, err = course("check", FIXTURES / "broken.md", FIXTURES / "clean.md")
    assert code == 1
    assert err.count("error:") == err.count("help:") == 5
    assert "broken.md:1:20" in err


def test_check_finds_lint_and_drift(course: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.md"
    path.write_text("### Q? {#q}\n\n= 3\n\n```python proof\n4\n```\n", "utf-8")
    code, out, err = course("check", path)
    assert code == 1
    assert "[missing-hint]" in err
    assert "the proof computes '4', the key says '3'" in err
    assert "1 drifted key" in out


def test_check_without_proofs_runs_nothing(course: Any, tmp_path: Path) -> None:
    path = tmp_path / "q.md"
    path.write_text("### Q? {#q}\n\n= 3\n\n```python proof\n4\n```\n", "utf-8")
    assert "drifted" not in course("check", "--no-prove", path)[1]


@pytest.mark.parametrize("name", ["clean", "broken", "missing-hint"])
def test_check_as_json_fits_its_schema(course: Any, name: str) -> None:
    _, out, _ = course("check", "--json", FIXTURES / f"{name}.md")
    published("quiz-check", out)


def test_check_opens_folders(course: Any, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text((FIXTURES / "clean.md").read_text("utf-8"), "utf-8")
    assert course("check", tmp_path)[0] == 0


def test_check_of_nothing_is_wrong_usage(course: Any, tmp_path: Path) -> None:
    assert course("check", tmp_path)[0] == 2


@pytest.mark.parametrize("name", ["every-type", "clean"])
def test_show_as_json_fits_its_schema(course: Any, name: str) -> None:
    code, out, _ = course("show", "--json", FIXTURES / f"{name}.md")
    assert code == 0
    published("quiz", out)


def test_show_as_json_gives_options_with_keys_and_feedback(course: Any) -> None:
    data = json.loads(course("show", "--json", FIXTURES / "clean.md")[1])
    question = data["sections"][0]["questions"][0]
    assert (data["title"], data["sections"][0]["id"], question["id"], question["type"], question["points"]) == (
        "A clean quiz", "start", "slice-no-copy", "single", 2
    )  # fmt: skip
    assert question["options"][1] == {
        "id": "borrows",
        "text": "It borrows the memory of `a`.",
        "correct": True,
        "feedback": "A view holds a pointer, a shape and strides.",
    }


def test_show_reads_aloud_everything_an_author_wrote(course: Any) -> None:
    code, out, _ = course("show", FIXTURES / "every-type.md")
    assert code == 0
    for words in ("Why does a slice not copy?", "CANARY feedback one", "CANARY explanation one", "E0382", "424.242"):
        assert words in out


def test_strip_writes_a_learner_bank_that_fits_the_schema(course: Any, tmp_path: Path) -> None:
    code, out, _ = course("strip", FIXTURES / "every-type.md", "-o", tmp_path / "out" / "every-type.json")
    assert code == 0
    assert "13 graded items without keys, 0 for practice" in out
    text = (tmp_path / "out" / "every-type.json").read_text("utf-8")
    assert published("quiz", text)["bank"] == "learner"
    assert course("strip", FIXTURES / "every-type.md")[1] == text


def test_import_writes_a_quiz_file_and_lists_its_guesses(course: Any, tmp_path: Path) -> None:
    source, made = tmp_path / "planets.md", tmp_path / "made.md"
    source.write_text("### Q?\n\n- [x] a\n- [ ] b\n", "utf-8")
    code, _, err = course("import", source, "-o", made)
    assert code == 0
    assert f"guessed: {source}:3: an unordered list with one [x] was taken as single choice" in err
    assert course("check", "--no-prove", made)[0] == 1  # no hint, no explanation: lint says so
    assert course("import", source, "-o", made)[0] == 2  # it is there already
    assert course("import", source, "-o", made, "--force")[0] == 0


@pytest.mark.parametrize("command", ["show", "strip", "import"])
def test_a_file_that_is_not_there_is_named(course: Any, command: str, tmp_path: Path) -> None:
    code, _, err = course(command, tmp_path / "no.md")
    assert code == 1
    assert "no.md" in err


def test_grading_is_fast_enough_for_a_class() -> None:
    # An eighth of what a free core does: it fails where grading has become many times slower, not on a busy machine.
    rates = {row.what: row.fastest for row in bench(rounds=3, seconds=0.1)}
    assert rates["single choice"] > 20_000
    assert rates["every type mixed"] > 5_000
