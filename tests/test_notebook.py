import subprocess
import sys

import pytest

from course import claim
from course.chapters import Course
from course.notebook import TAUGHT_IN
from course.rust.explain import HELP


def _shown(chapter):
    return "".join(path.read_text("utf-8") for path in (chapter.source, chapter.quiz) if path.is_file())


@pytest.mark.parametrize(("code", "chapter"), list(TAUGHT_IN.items()))
def test_an_error_is_linked_to_a_chapter_that_shows_it(code, chapter):
    assert code in _shown(Course.find().at(chapter))


def test_each_error_that_chapters_show_and_we_have_a_line_for_has_its_link():
    chapters = Course.find().chapters()
    assert [code for code in HELP if code not in TAUGHT_IN and any(code in _shown(one) for one in chapters)] == []


def test_the_extension_adds_rust_cells_and_links_and_may_be_loaded_twice(monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    from course import load_ipython_extension
    from course.rust import explain

    monkeypatch.setattr(explain, "HELP_LINKS", {})  # other tests of this process expect errors without links

    shell = InteractiveShell()
    load_ipython_extension(shell)
    transformers = list(shell.input_transformers_cleanup)
    load_ipython_extension(shell)

    assert "rust" in shell.magics_manager.magics["cell"]
    assert shell.input_transformers_cleanup == transformers
    assert explain.HELP_LINKS["E0502"] == ("chapter 02, Rust for people who know NumPy", "02_rust.ipynb")


def in_a_shell(code):
    """Return what a cell prints in an IPython shell that has loaded the course."""
    start = """if True:
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "course")
    """
    done = subprocess.run(
        [sys.executable, "-c", f"{start}\nshell.run_cell({code!r}).raise_error()"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_what_quizzes_and_checks_tell_learners_to_type_is_there_without_an_import():
    assert in_a_shell("print(answer.__name__, hint.__name__, solution.__name__)").split() == [
        "_answer",
        "_hint",
        "_solution",
    ]


def test_what_is_waited_for_is_said_once_for_each_step_and_then_taken_back():
    said = in_a_shell(
        "from course.waiting import Waiting\n"
        "with Waiting('measuring') as tell:\n"
        "    tell(0, 'k-means'), tell(0.001, 'k-means'), tell(0.5, 'a < b'), tell(7, 'done')\n"
    )

    assert said.splitlines() == ["measuring: 0 % (k-means)", "measuring: 50 % (a < b)", "measuring: 100 % (done)", ""]


def test_a_claim_in_a_script_prints_nothing_while_it_is_measured(capsys):
    claim("fewer-libraries")

    assert capsys.readouterr().out == ""


def test_a_notebook_waits_for_nothing_that_only_authors_and_graders_use():
    code = """if True:
        import sys
        import course, course.notebook
        for name in course.__all__:
            getattr(course, name)
        slow = ("jsonschema", "jupytext", "nbformat", "nbgrader", "numba", "scipy", "sklearn", "torch")
        print([name for name in slow if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
