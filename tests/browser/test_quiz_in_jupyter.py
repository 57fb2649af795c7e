"""The quiz in real front ends: an answer given is an answer kept, whatever is closed, restarted, copied or re-run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.answering import (
    FOUR,
    OWNS,
    SILENT,
    answer_each_kind_by_keyboard,
    button,
    choose,
    chosen,
    number,
    points,
    question,
    readable,
    said,
)

pytestmark = pytest.mark.needs("chromium")

BOTH = pytest.mark.parametrize("app", ["lab", "notebook"])


@BOTH
def test_an_answer_outlives_reload_restart_browser_and_folder(lab: Any, app: str) -> None:
    path = lab.quiz()
    page = lab.open(path, app=app)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right: 1 of 1 point")
    number(page, "5")
    expect(said(page, FOUR)).to_contain_text("Not right yet")
    lab.save(page)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1, "01_kinds/four": 0}

    page.reload()  # the kernel lives: the quiz is there without running anything
    lab.ready(page)
    expect(chosen(page, "Array1")).to_be_checked()
    expect(said(page, FOUR)).to_contain_text("Not right yet")

    lab.restart(page)
    lab.run_all(page)  # Run All never clears an answer
    expect(chosen(page, "Array1")).to_be_checked()
    lab.save(page)
    page.context.close()

    elsewhere = lab.folder / "elsewhere"
    elsewhere.mkdir()
    copy = Path(shutil.copy(path, elsewhere / path.name))  # the notebook alone, without its answers file
    page = lab.open(copy, app=app)
    expect(chosen(page, "Array1")).to_be_checked()
    expect(said(page, OWNS)).to_contain_text("Right")
    lab.save(page)
    assert points(lab.attempts(copy)) == points(lab.attempts(path))
    assert set(lab.attempts(copy)) == set(lab.attempts(path))
    assert (elsewhere / "01_kinds.answers.jsonl").is_file()  # and the file is whole again


def test_an_option_is_chosen_at_the_press_because_a_scrolling_page_may_swallow_the_click(lab: Any) -> None:
    page = lab.open(lab.quiz())
    option = chosen(page, "Array1")
    expect(option).not_to_be_checked()
    page.locator(".cq-option-label").filter(has_text="Array1").first.dispatch_event("mousedown", {"button": 0})

    expect(option).to_be_checked()
    button(page, OWNS, "Check").click()
    expect(said(page, OWNS)).to_contain_text("Right: 1 of 1 point")


@BOTH
def test_an_answer_given_while_the_kernel_is_gone_is_kept_and_marked_later(lab: Any, app: str) -> None:
    path = lab.quiz()
    page = lab.open(path, app=app)
    expect(question(page, OWNS)).to_be_visible()
    lab.restart(page)  # nothing is run: the page shows a quiz that no kernel knows
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("kept in the notebook")
    lab.save(page)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}
    lab.run_all(page)
    expect(said(page, OWNS)).to_contain_text("Right")


@BOTH
def test_every_button_says_so_when_the_kernel_is_gone(lab: Any, app: str) -> None:
    path = lab.notebook("from course.quiz.widget import quiz", 'quiz("01_kinds/small")', 'quiz("01_kinds/every")')
    page = lab.open(path, app=app)
    choose(page, "ArrayView1")
    expect(said(page, OWNS)).to_contain_text("Not right yet")
    number(page, "4")
    question(page, "מה").get_by_role("radio", name="שלוש").check()
    button(page, "מה", "Check").click()
    expect(page.get_by_text("3 of 3 answered ·")).to_be_visible()
    page.get_by_text("Your answers", exact=True).first.click()
    lab.server.stop_kernels()
    again = page.get_by_role("button", name="Practise again")
    again.click()
    expect(page.get_by_role("status").filter(has_text=f"Not started again yet: {SILENT}")).to_be_visible()
    for name, words in (("Try again", "No new try yet"), ("Show the answer", "The answer cannot be shown yet")):
        button(page, OWNS, name).click()
        expect(said(page, OWNS)).to_contain_text(f"{words}: {SILENT}")
        expect(said(page, OWNS)).to_contain_text("Not right yet")  # and the verdict stays
    button(page, "Which of these copies", "Hint 1").click()
    expect(said(page, "Which of these copies")).to_contain_text(f"No hint yet: {SILENT}")
    button(page, "How much is", "New variant").click()
    expect(said(page, "How much is")).to_contain_text(f"No new variant yet: {SILENT}")
    page.get_by_role("button", name="Download my answers").first.click()
    expect(page.get_by_text(f"Nothing was downloaded yet: {SILENT}")).to_be_visible()
    page.get_by_label("Bring answers back").first.set_input_files(
        {"name": "my-answers.jsonl", "mimeType": "application/jsonl", "buffer": b""}
    )
    expect(page.get_by_text(f"Nothing was brought back yet: {SILENT}")).to_be_visible()
    lab.save(page)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 0, "01_kinds/four": 1, "01_kinds/hebrew": 1}
    assert all(attempt.event == "answer" for attempt in lab.attempts(path))  # nothing was revealed or cleared


@BOTH
def test_what_was_asked_of_a_busy_kernel_is_done_once_and_the_warning_goes(lab: Any, app: str) -> None:
    busy = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.1)"
    path = lab.notebook("from course.quiz.widget import quiz", 'quiz("01_kinds/every")')
    page = lab.open(path, app=app)
    words = "Which of these copies"
    expect(question(page, words)).to_be_visible()
    page.evaluate(
        "code => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code}); }", busy
    )
    for _ in range(3):
        button(page, words, "Hint 1").click()
    expect(said(page, words)).to_contain_text(f"No hint yet: {SILENT}")
    question(page, words).get_by_role("radio", name="a.to_owned()").check()
    button(page, words, "Check").click()
    expect(said(page, words)).to_contain_text("kept in the notebook, and not checked yet")
    (path.parent / "go").touch()
    expect(said(page, words)).to_contain_text("Right")
    expect(said(page, words)).not_to_contain_text(SILENT)
    expect(page.get_by_text("Hint 1", exact=True)).to_be_visible()
    expect(page.get_by_text("Hint 2", exact=True)).to_have_count(0)


@BOTH
def test_a_notebook_opened_without_its_kernel_says_so_and_wakes_at_a_button(lab: Any, app: str) -> None:
    path = lab.quiz()
    page = lab.open(path, app=app)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right")
    lab.save(page)
    page.context.close()
    lab.server.stop_kernels()
    page = lab.open(path, app=app, run=False)
    expect(page.get_by_text("This quiz is asleep")).to_be_visible()
    expect(page.get_by_text("1 of 3 answered.")).to_be_visible()
    page.get_by_role("button", name="Show the questions").click()
    expect(said(page, OWNS)).to_contain_text("Right")


def test_two_tabs_do_not_overwrite_each_other(lab: Any) -> None:
    path = lab.quiz()
    first = lab.open(path)
    expect(question(first, OWNS)).to_be_visible()
    lab.save(first)
    second = lab.open(path, run=False)
    expect(question(second, OWNS)).to_be_visible()
    choose(first, "Array1")
    expect(said(first, OWNS)).to_contain_text("Right")
    expect(said(second, OWNS)).to_contain_text("Right")  # the other tab hears of it
    number(second, "4")
    expect(said(second, FOUR)).to_contain_text("Right")
    expect(said(first, FOUR)).to_contain_text("Right")
    lab.save(first)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1, "01_kinds/four": 1}
    # The second tab's notebook is changed too: its save may find the file newer, and ask.
    second.evaluate("() => { window.jupyterapp.commands.execute('docmanager:save'); }")
    ask = second.get_by_role("button", name="Overwrite")
    saved = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    second.add_locator_handler(ask, lambda overwrite: overwrite.click())
    expect(question(second, OWNS)).to_be_visible()
    second.wait_for_timeout(1000)
    expect(ask).to_have_count(0)
    second.wait_for_function(saved)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1, "01_kinds/four": 1}


def test_two_notebooks_with_the_same_quiz_keep_their_own_copy(lab: Any) -> None:
    one, two = lab.quiz(name="one.ipynb"), lab.quiz(name="two.ipynb", folder=lab.folder / "b")
    first, second = lab.open(one), lab.open(two)
    choose(first, "Array1")
    expect(said(first, OWNS)).to_contain_text("Right")
    choose(second, "ArrayView1")
    expect(said(second, OWNS)).to_contain_text("Not right yet")
    lab.save(first)
    lab.save(second)
    assert points(lab.attempts(one)) == {"01_kinds/owns": 1}
    assert points(lab.attempts(two)) == {"01_kinds/owns": 0}


def test_a_pasted_copy_of_the_cell_stays_in_step(lab: Any) -> None:
    path = lab.quiz()
    page = lab.open(path)
    expect(question(page, OWNS)).to_be_visible()
    page.evaluate(
        "() => { const n = window.jupyterapp.shell.currentWidget.content; n.deselectAll(); n.activeCellIndex = 1; }"
    )
    lab.command(page, "notebook:copy-cell")
    lab.command(page, "notebook:paste-cell-below")
    expect(question(page, OWNS, 1)).to_be_visible()
    choose(page, "Array1", 1)
    expect(said(page, OWNS, 0)).to_contain_text("Right")
    expect(said(page, OWNS, 1)).to_contain_text("Right")
    lab.save(page)
    cells = json.loads(path.read_text())["cells"]
    stored = [cell["metadata"].get("course_quiz", {}).get("attempts") for cell in cells]
    assert stored[1] == stored[2]
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}
    lab.run_all(page)
    expect(said(page, OWNS, 1)).to_contain_text("Right")


def test_a_view_of_the_output_in_another_panel_answers_for_its_notebook(lab: Any) -> None:
    path = lab.quiz()
    page = lab.open(path)
    expect(question(page, OWNS)).to_be_visible()
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    lab.command(page, "notebook:create-output-view")
    expect(page.get_by_role("group", name=OWNS)).to_have_count(2)
    panel = page.locator(".jp-LinkedOutputView")
    panel.get_by_role("radio", name="Array1", exact=True).check()
    panel.get_by_role("button", name="Check").first.click()
    expect(panel.get_by_role("status").filter(has_text="Right: 1 of 1 point")).to_be_visible()
    activate = "w => w.content?.model?.cells && window.jupyterapp.shell.activateById(w.id)"
    page.evaluate(f"() => [...window.jupyterapp.shell.widgets('main')].forEach({activate})")
    lab.save(page)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}


@BOTH
def test_words_typed_just_before_a_reload_are_there_after_it(lab: Any, app: str) -> None:
    page = lab.open(lab.quiz(), app=app)
    expect(question(page, FOUR)).to_be_visible()
    lab.save(page)
    box = question(page, FOUR).get_by_role("textbox", name="Your number")
    box.press_sequentially("3.9")  # the caret stays in the box: nothing is blurred
    page.once("dialog", lambda dialog: dialog.accept())
    # The last key and the reload in one breath: nothing a leaving page sends is sure to arrive.
    page.evaluate("""() => { const box = document.activeElement; box.value = "3.99";
                             box.dispatchEvent(new InputEvent("input", {bubbles: true})); location.reload(); }""")
    page.wait_for_function("() => !document.activeElement?.matches('.cq-input')")
    lab.ready(page)
    expect(question(page, FOUR).get_by_role("textbox", name="Your number")).to_have_value("3.99")


def test_answers_are_kept_without_the_extension(lab: Any) -> None:
    path = lab.quiz()
    page = lab.page()
    page.route("**/labextensions/course-quiz/**", lambda route: route.abort())
    lab.open(path, page=page)
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right")
    lab.save(page)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}


def test_answers_are_kept_where_the_browser_has_no_random_uuid(lab: Any) -> None:
    path = lab.quiz()
    page = lab.page()
    page.add_init_script("delete Crypto.prototype.randomUUID")  # as on plain http away from localhost
    lab.open(path, page=page)
    assert page.evaluate("crypto.randomUUID === undefined")
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right")
    lab.save(page)
    assert points(lab.attempts(path)) == {"01_kinds/owns": 1}


@BOTH
def test_keys_typed_in_a_quiz_are_its_own_and_saving_stays_possible(lab: Any, app: str) -> None:
    path = lab.quiz()
    page = lab.open(path, app=app)
    radio = chosen(page, "ArrayView1")
    radio.focus()
    count = "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"
    before = page.evaluate(count)
    for key in ("a", "b", "d", "d", "m", "y", "x", "ArrowDown", "ArrowUp", "j", "k", "0", "0"):
        page.keyboard.press(key)
    assert page.evaluate(count) == before
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).type") == "code"
    expect(question(page, OWNS)).to_be_visible()
    page.keyboard.press("ArrowDown")
    lab.save(page, keys="Control+s")


@BOTH
def test_each_kind_is_answered_by_keyboard_alone(lab: Any, app: str) -> None:
    path = lab.quiz("01_kinds/every")
    page = lab.open(path, app=app)
    answer_each_kind_by_keyboard(page)
    lab.save(page)
    assert len(readable(lab.attempts(path))) == 12


def test_nothing_of_a_graded_key_reaches_the_page_or_the_notebook(lab: Any) -> None:
    path = lab.quiz("01_kinds/counted")
    page = lab.open(path)
    words = "Which one borrows?"
    question(page, words).get_by_role("radio", name="a view").check()
    button(page, words, "Record answer").click()
    expect(said(page, words)).to_contain_text("Recorded")
    lab.save(page)
    shown = page.content() + path.read_text() + (path.parent / "01_kinds.answers.jsonl").read_text()
    assert "CANARY" not in shown
    assert "1717171" not in shown


def test_answers_are_taken_home_and_brought_back(lab: Any) -> None:
    page = lab.open(lab.quiz())
    choose(page, "Array1")
    expect(said(page, OWNS)).to_contain_text("Right")
    page.get_by_text("Your answers", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my answers").click()
    taken = Path(download.value.path()).read_text()
    other = lab.open(lab.quiz(folder=lab.folder / "another-machine"))
    expect(question(other, OWNS)).to_be_visible()
    other.get_by_text("Your answers", exact=True).click()
    other.get_by_label("Bring answers back").set_input_files(
        {"name": "my-answers.jsonl", "mimeType": "application/jsonl", "buffer": taken.encode()}
    )
    expect(said(other, OWNS)).to_contain_text("Right")
    expect(other.get_by_text("1 record read, 1 of them new here.")).to_be_visible()
