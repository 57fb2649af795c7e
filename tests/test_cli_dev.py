import json

import pytest

from course.cli import main
from tests.courses import FIXTURES, copy_of


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    return copy_of("good", tmp_path)


def run(capsys, *args):
    """Run the command line; return its exit code, what it printed, and what it printed to stderr."""
    with pytest.raises(SystemExit) as stopped:
        main(list(args))
    out, err = capsys.readouterr()
    return stopped.value.code or 0, out, err


def test_building_again_says_that_nothing_changed(course, capsys):
    assert run(capsys, "dev", "build") == (0, "0 of 1 notebooks changed\n", "")


def test_a_notebook_that_is_not_current_fails_the_check_and_names_the_cell(course, capsys):
    source = course.at("00_doubles").source
    source.write_text(source.read_text().replace("2 * 21", "2 * 22"))

    code, out, err = run(capsys, "dev", "build", "--check")

    assert code == 1
    assert "notebooks/00_doubles.ipynb, cell twice: its source differ" in out
    assert "help: course dev build, then commit the notebooks" in err
    assert run(capsys, "dev", "build")[:2] == (0, "built notebooks/00_doubles.ipynb\n1 of 1 notebooks changed\n")


def test_a_clean_check_says_the_minutes_of_the_core_and_those_with_what_is_optional(course, capsys):
    source = course.at("00_doubles").source
    optional = f"### Optional: more\n\n{'word ' * 150}\n\n```python\n1 + 1\n```\n\n{'word ' * 150}\n\n## Your turn"
    source.write_text(source.read_text().replace("## Your turn", optional))
    run(capsys, "dev", "build")

    code, out, _ = run(capsys, "dev", "check", "--no-run")

    name, core, whole = out.splitlines()[-1].split()
    assert (code, name) == (0, "00_doubles")
    assert int(whole) - int(core) == 2  # 300 words and a cell


def test_findings_are_printed_with_rule_place_and_help(course, capsys):
    source = course.at("00_doubles").source
    source.write_text(source.read_text().replace("You can add.", "You can simply add."))
    run(capsys, "dev", "build")

    code, out, err = run(capsys, "dev", "check", "--no-run")

    assert code == 1
    assert out.startswith("words  notebooks/src/00_doubles.md:25\n    the word 'simply'\n    help: leave it out")
    assert "error: 1 finding in 1 file" in err


def test_findings_as_json_hold_to_their_schema(course, capsys):
    import jsonschema

    schema = json.loads((FIXTURES.parents[2] / "docs/schemas/check.schema.json").read_text())
    (course.at("00_doubles").notebook).unlink()

    code, out, _ = run(capsys, "dev", "check", "--no-run", "--json")

    jsonschema.validate(json.loads(out), schema)
    assert code == 1
    assert json.loads(out)["findings"][0]["rule"] == "built"


def test_a_new_chapter_is_written_and_the_next_step_is_said(course, capsys):
    code, out, _ = run(capsys, "dev", "new", "16_boosting")

    assert code == 0
    assert out.splitlines()[:3] == [
        "wrote notebooks/src/16_boosting.md",
        "wrote quizzes/16_boosting.md",
        "wrote notebooks/16_boosting.ipynb",
    ]
    assert out.splitlines()[-1] == "next: write what ✎ marks, then  course dev check 16_boosting"


def test_a_misspelt_chapter_is_wrong_usage_and_the_nearest_is_named(course, capsys):
    code, _, err = run(capsys, "dev", "build", "00_dubles")

    assert code == 2
    assert "error: no chapter is called '00_dubles'" in err
    assert "help: did you mean 00_doubles?" in err


@pytest.mark.parametrize(("args", "near"), [(["dve"], "dev"), (["dev", "biuld"], "build"), (["lsit"], "list")])
def test_a_misspelt_command_is_wrong_usage_and_the_nearest_is_named(args, near, capsys):
    code, _, err = run(capsys, *args)

    assert code == 2
    assert f"help: did you mean {near}?" in err


def test_an_unknown_option_is_wrong_usage(capsys):
    code, _, err = run(capsys, "dev", "build", "--chek")

    assert code == 2
    assert "No such option" in err
    assert "--check" in err


def test_a_chapter_without_rust_needs_no_recording(course, capsys):
    assert run(capsys, "dev", "record", "--check")[:2] == (0, "every cell that needs Rust has its recording\n")
