"""The quiz without a browser: what may be seen when, what is recorded, and the questions in print."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from course.errors import CourseError, NotAnAttempt, UsageMistake
from course.quiz import answers, fallback, letters, load, parse
from course.quiz import widget as front
from course.quiz.answers import Attempt, add, new_id, now
from course.quiz.clock import Clock
from course.quiz.questions import TYPES
from course.quiz.running import course_progress, find_notebooks, learner_in
from course.quiz.session import Session
from course.quiz.widget import QuizWidget

BANK = Path(__file__).parent / "fixtures" / "widget"
QUIZ, EXAM = load(BANK / "01_kinds.md"), load(BANK / "02_exam.md")
RIGHT: dict[str, dict[str, Any]] = {
    "copies": {"options": ["owned"]},
    "true-false": {"options": ["no"]},
    "borrow": {"options": ["view", "slice"]},
    "bytes": {"text": "8"},
    "crate": {"text": "ndarray"},
    "prints": {"text": "6"},
    "moved": {"compiles": False, "code": "E0382"},
}


def session(folder: Path, section: str = "small", **options: Any) -> Session:
    quiz = EXAM if section == "exam" else QUIZ
    return Session(quiz, quiz.section(section), folder=folder, learner="l-1", **options)


def submit(quiz: Session, item: str, response: Any = None, **fields: Any) -> Attempt:
    """Do what the page does: send an attempt."""
    full = quiz.name if item == "" else f"{quiz.quiz.name}/{item}"
    made = Attempt(attempt=new_id(), item=full, response=response, at=fields.pop("at", now()), mode=quiz.mode, **fields)
    quiz.receive({"type": "submit", "attempt": made.as_dict()})
    return made


def card(quiz: Session, item: str) -> dict[str, Any]:
    return next(c for c in quiz.state("u")["items"] if c["view"]["id"] == item)


# ---- practice ----


def test_a_right_answer_earns_its_points_and_the_explanation(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    submit(quiz, "owns", {"options": ["array"]})
    shown = card(quiz, "owns")
    assert (shown["status"], shown["verdict"]["points"], shown["locked"]) == ("right", "1", True)
    assert "Views borrow" in shown["verdict"]["explanation"]


def test_a_wrong_answer_shows_its_own_feedback_and_nothing_that_spoils_another_try(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    submit(quiz, "owns", {"options": ["arrayview"]})
    shown = card(quiz, "owns")
    assert shown["canRetry"]
    assert shown["canReveal"]
    assert set(shown["verdict"]["options"]) == {"arrayview"}
    assert shown["verdict"]["explanation"] == shown["verdict"]["answer"] == ""
    quiz.receive({"type": "retry", "item": "01_kinds/owns"})
    shown = card(quiz, "owns")
    assert (shown["status"], shown["locked"], shown["verdict"]) == ("open", False, None)


def test_a_revealed_answer_is_recorded_as_such_and_earns_nothing(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    submit(quiz, "four", {"text": "5"})
    submit(quiz, "four", event="reveal")
    shown = card(quiz, "four")
    assert (shown["status"], shown["locked"], shown["canRetry"]) == ("revealed", True, False)
    assert "4" in shown["verdict"]["answer"]
    submit(quiz, "four", {"text": "4"})
    assert quiz.state("u")["progress"]["points"] == "0"
    assert card(session(tmp_path), "four")["status"] == "revealed"


def test_an_answer_cannot_be_revealed_before_one_was_given(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    submit(quiz, "four", event="reveal")
    assert card(quiz, "four")["status"] == "open"
    assert not quiz.file.exists()


def test_tries_run_out_where_the_author_says_so(tmp_path: Path) -> None:
    quiz = session(tmp_path, "every")
    for number, option in enumerate(("slice", "view", "ref")):
        quiz.receive({"type": "retry", "item": "01_kinds/copies"})
        submit(quiz, "copies", {"options": [option]})
        assert card(quiz, "copies")["canRetry"] == (number < 2)
    shown = card(quiz, "copies")
    assert shown["verdict"]["options"]["owned"]["mark"] == "missed"
    submit(quiz, "copies", {"options": ["owned"]})
    assert card(quiz, "copies")["status"] == "wrong"


def test_a_new_variant_is_open_though_the_answer_to_the_last_one_was_shown(tmp_path: Path) -> None:
    quiz = session(tmp_path, "every")
    submit(quiz, "add", {"text": "1000"})
    submit(quiz, "add", event="reveal")
    assert card(quiz, "add")["locked"]
    quiz.receive({"type": "vary", "item": "01_kinds/add", "variant": 1})
    shown = card(quiz, "add")
    assert (shown["status"], shown["locked"]) == ("open", False)
    submit(quiz, "add", {"text": "1000"}, variant=1)
    assert (card(quiz, "add")["status"], card(quiz, "add")["canReveal"]) == ("wrong", True)


def test_an_answer_after_handing_in_does_not_count(tmp_path: Path) -> None:
    quiz = session(tmp_path, "exam")
    events = [
        Attempt(new_id(), quiz.name, None, f"2026-03-01T10:0{n}:00Z", mode="exam", event=event)
        for n, event in enumerate(("start", "hand-in"))
    ]
    late = Attempt(new_id(), "02_exam/four", {"text": "4"}, "2026-03-01T10:05:00Z", mode="exam")
    quiz.take([*events, late])
    assert (card(quiz, "four")["response"], quiz.points()) == (None, 0)


def test_tries_beyond_the_limit_do_not_count_wherever_they_were_made(tmp_path: Path) -> None:
    quiz = session(tmp_path, "every")
    elsewhere = [
        Attempt(new_id(), "01_kinds/copies", {"options": [option]}, f"2026-03-01T10:0{n}:00Z")
        for n, option in enumerate(("slice", "view", "ref", "owned"))
    ]
    quiz.receive({"type": "restore", "attempts": [attempt.as_dict() for attempt in elsewhere]})
    shown = card(quiz, "copies")
    assert (shown["status"], shown["response"], quiz.points()) == ("wrong", {"options": ["ref"]}, 0)
    assert len(shown["attempts"]) == 4  # kept all the same


def test_an_answer_after_the_answer_was_shown_does_not_count_wherever_it_was_made(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    elsewhere = [
        Attempt(new_id(), "01_kinds/four", {"text": "5"}, "2026-03-01T10:00:00Z"),
        Attempt(new_id(), "01_kinds/four", None, "2026-03-01T10:01:00Z", event="reveal"),
        Attempt(new_id(), "01_kinds/four", {"text": "4"}, "2026-03-01T10:02:00Z"),
    ]
    quiz.receive({"type": "restore", "attempts": [attempt.as_dict() for attempt in elsewhere]})
    assert card(quiz, "four")["status"] == "revealed"
    assert (quiz.state("u")["progress"]["points"], quiz.points()) == ("0", 0)


def test_a_response_that_cannot_be_read_is_no_attempt_and_costs_nothing(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    made = submit(quiz, "four", {"text": "1,500"})
    shown = card(quiz, "four")
    assert shown["refused"] == made.attempt
    assert "1500" in shown["notice"]
    assert shown["status"] == "open"
    assert not quiz.file.exists()
    submit(quiz, "four", {"text": "4"})
    assert card(quiz, "four")["notice"] is None


def test_hints_come_one_by_one_at_their_price(tmp_path: Path) -> None:
    quiz = session(tmp_path, "every")
    assert card(quiz, "copies")["hints"] == []
    assert card(quiz, "copies")["nextHint"] == {"cost": "0.5 of 2 points", "left": 2}
    for _ in range(3):  # a kernel that was busy hears impatient clicks all at once: they ask for the same hint
        quiz.receive({"type": "hint", "item": "01_kinds/copies", "number": 1})
    assert len(card(quiz, "copies")["hints"]) == 1
    submit(quiz, "copies", RIGHT["copies"], hints=1)
    assert card(quiz, "copies")["verdict"]["points"] == "1.5"


def test_a_hint_is_shown_and_paid_for_after_the_kernel_is_gone(tmp_path: Path) -> None:
    quiz = session(tmp_path, "every")
    quiz.receive({"type": "hint", "item": "01_kinds/copies", "number": 1})
    again = session(tmp_path, "every")  # Run all
    assert card(again, "copies")["hints"] == card(quiz, "copies")["hints"] != []
    assert [attempt["event"] for attempt in again.state("u")["attempts"]] == ["hint"]
    submit(again, "copies", RIGHT["copies"])  # from a page that knows of no hint
    assert card(again, "copies")["verdict"]["points"] == "1.5"
    assert again.points() == 1.5


def test_a_hint_taken_after_practising_again_stays(tmp_path: Path) -> None:
    quiz = session(tmp_path, "every")
    quiz.receive({"type": "hint", "item": "01_kinds/copies", "number": 1})
    submit(quiz, "", event="again")
    assert card(quiz, "copies")["hints"] == []
    quiz.receive({"type": "hint", "item": "01_kinds/copies", "number": 1})
    submit(quiz, "four", {"text": "4"})
    assert len(card(quiz, "copies")["hints"]) == 1


def test_a_hint_brings_its_variant_back(tmp_path: Path) -> None:
    text = (BANK / "01_kinds.md").read_text("utf-8").replace("= {{sum}} +- 0\n", "= {{sum}} +- 0\n\n> **Hint:** Add.\n")
    hinted = parse(text, path="01_kinds.md")
    made = [Session(hinted, hinted.section("every"), folder=tmp_path, learner="l-1")]
    made[0].receive({"type": "vary", "item": "01_kinds/add", "variant": 1})
    made[0].receive({"type": "hint", "item": "01_kinds/add", "number": 1})
    made.append(Session(hinted, hinted.section("every"), folder=tmp_path, learner="l-1"))
    first, second = (card(quiz, "add") for quiz in made)
    assert (first["variant"], first["view"], first["hints"]) == (second["variant"], second["view"], second["hints"])
    assert second["variant"] == len(second["hints"]) == 1


def test_a_new_variant_is_another_question_and_leaves_the_old_answer_recorded(tmp_path: Path) -> None:
    quiz = session(tmp_path, "every")
    first = card(quiz, "add")["view"]["title"]["text"]
    submit(quiz, "add", {"text": str(sum(map(int, re.findall(r"\d+", first))))})
    assert card(quiz, "add")["status"] == "right"
    titles = set()
    for number in (1, 2, 3, 4, 4, 5, 6, 7, 8):
        quiz.receive({"type": "vary", "item": "01_kinds/add", "variant": number})
        titles.add(card(quiz, "add")["view"]["title"]["text"])
    shown = card(quiz, "add")
    assert (shown["status"], shown["variant"], len(titles) > 3) == ("open", 8, True)
    submit(quiz, "add", {"text": str(sum(map(int, re.findall(r"\d+", shown["view"]["title"]["text"]))))}, variant=8)
    assert card(session(tmp_path, "every"), "add")["status"] == "right"


def test_practising_again_clears_the_page_and_not_the_record(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    submit(quiz, "owns", {"options": ["array"]})
    submit(quiz, "", event="again")
    assert card(quiz, "owns")["status"] == "open"
    assert len(answers.read(quiz.file).attempts) == 2


def test_an_answer_is_the_same_after_the_kernel_is_gone(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    submit(quiz, "owns", {"options": ["array"]}, confidence=3)
    before, after = quiz.state("u"), session(tmp_path).state("u")
    assert before == after


def test_answers_in_the_notebook_alone_bring_the_file_back(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    made = submit(quiz, "owns", {"options": ["array"]})
    other = session(tmp_path / "b")
    (tmp_path / "b").mkdir()
    other.receive({"type": "restore", "attempts": [made.as_dict(), {"junk": 1}, None]})
    assert card(other, "owns")["status"] == "right"
    assert answers.read(other.file).attempts == (made,)
    assert "no answer" in other.problem


def test_an_attempt_sent_twice_counts_once(tmp_path: Path) -> None:
    quiz = session(tmp_path)
    made = submit(quiz, "owns", {"options": ["array"]})
    quiz.receive({"type": "submit", "attempt": made.as_dict()})
    assert len(answers.read(quiz.file).attempts) == 1


def test_an_answer_that_cannot_be_written_is_said_and_still_marked(tmp_path: Path) -> None:
    quiz = session(tmp_path / "gone")
    submit(quiz, "owns", {"options": ["array"]})
    assert card(quiz, "owns")["status"] == "right"
    assert "was not written" in quiz.state("u")["storage"]["problem"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["type", "item", "attempt", "attempts", "text", "number", "variant"]),
        st.sampled_from(["submit", "restore", "hint", "retry", "vary", "upload", "download", "01_kinds/owns"])
        | st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda x: st.lists(x) | st.dictionaries(st.text(max_size=5), x),
            max_leaves=5,
        ),
    )
)
def test_no_message_of_a_page_breaks_a_quiz(tmp_path: Path, message: dict[str, Any]) -> None:
    quiz = session(tmp_path)
    quiz.receive(message)
    json.dumps(quiz.state("u"), allow_nan=False)


# ---- graded and exam ----


@pytest.mark.parametrize("mode", [None, "graded"])
def test_a_graded_quiz_tells_nothing_but_that_it_is_recorded(tmp_path: Path, mode: str | None) -> None:
    quiz = session(tmp_path, "counted", mode=mode)
    for item, response in (
        ("graded-choice", {"options": ["viewed"]}),
        ("graded-short", {"text": "no"}),
        ("graded-number", {"text": "3"}),
    ):
        submit(quiz, item, response)
        submit(quiz, item, event="reveal")
        shown = card(quiz, item)
        assert (shown["status"], shown["verdict"], shown["locked"]) == ("recorded", None, False)
    state = quiz.state("u")
    everything = json.dumps([state, fallback.bundle(state), fallback.status(state)], ensure_ascii=False)
    assert "CANARY" not in everything
    assert "1717171" not in everything
    assert state["progress"]["points"] is None


def _any_response(view: Any) -> dict[str, Any]:
    """A response that a learner without the key might give."""
    match view["type"]:
        case "single" | "several":
            return {"options": [view["options"][0]["id"]]}
        case "ordering":
            return {"order": [option["id"] for option in view["options"]]}
        case "matching":
            return {"pairs": {left["id"]: view["right"][0]["id"] for left in view["left"]}}
        case "parsons":
            return {"lines": [[line["id"], 0] for line in view["lines"]]}
    return {"text": "1"}


@pytest.mark.parametrize("mode", ["graded", "exam"])
def test_no_key_of_any_type_is_in_what_the_page_is_sent_while_marks_are_open(tmp_path: Path, mode: str) -> None:
    whole = load(BANK.parent / "quizzes" / "every-type.md")
    seen: set[str] = set()
    for section in whole.sections:
        quiz = Session(whole, section, folder=tmp_path, learner="l-1", mode=mode)
        if mode == "exam":
            submit(quiz, "", event="start")
        for shown in quiz.state("u")["items"]:
            item = shown["view"]["id"]
            for number in range(1, 4):
                quiz.receive({"type": "hint", "item": shown["id"], "number": number})
            quiz.receive({"type": "vary", "item": shown["id"], "variant": 1})
            submit(quiz, item, _any_response(shown["view"]))
            submit(quiz, item, event="reveal")
            after = card(quiz, item)
            assert (after["status"], after["verdict"]) in {("recorded", None), ("task", None)}, item
            seen.add(shown["view"]["type"])
        widget = QuizWidget(quiz)
        state = quiz.state("u")
        everything = json.dumps(
            [state, widget.get_state(), fallback.bundle(state), fallback.status(state, attempts=True)],
            ensure_ascii=False,
            default=repr,
        )
        everything += quiz.file.read_text("utf-8") if quiz.file.exists() else ""
        assert "CANARY" not in everything.replace("CANARY-NOT-A-KEY", "")
        assert "424.242" not in everything
        assert "31337.5" not in everything
    assert seen == set(TYPES)


def test_an_exam_covers_its_questions_until_it_starts_and_marks_when_it_is_handed_in(tmp_path: Path) -> None:
    quiz = session(tmp_path, "exam")
    assert quiz.state("u")["items"] == []
    assert quiz.state("u")["exam"]["phase"] == "ready"
    submit(quiz, "", event="start")
    submit(quiz, "owns", {"options": ["arrayview"]})
    assert card(quiz, "owns")["status"] == "recorded"
    submit(quiz, "owns", {"options": ["array"]})  # changed before handing in
    submit(quiz, "", event="pause")
    assert quiz.state("u")["items"] == []
    submit(quiz, "", event="resume")
    submit(quiz, "", event="hand-in")
    assert card(quiz, "owns")["status"] == "right"
    assert card(quiz, "four")["status"] == "wrong"
    submit(quiz, "four", {"text": "4"})
    assert card(quiz, "four")["response"] is None
    assert session(tmp_path, "exam").state("u")["exam"]["phase"] == "done"


def test_the_clock_of_an_exam_stands_still_while_it_is_paused() -> None:
    def event(what: str, minute: int) -> Attempt:
        at = f"2026-03-01T10:{minute:02}:00.000Z"
        return Attempt(attempt=new_id(), item="a/b", response=None, at=at, event=what)

    clock = Clock(10, [event("start", 0), event("pause", 3), event("resume", 30)])
    assert clock.state("2026-03-01T10:32:00.000Z")["left"] == 300
    late = Clock(10, [event("start", 0), event("hand-in", 12)])
    assert late.state("2026-03-01T11:00:00.000Z")["late"] == 120


def test_a_mode_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="practice, graded, exam"):
        session(tmp_path, mode="easy")


# ---- letters and print ----


@pytest.mark.parametrize(
    ("item", "typed", "response"),
    [
        ("copies", "a", ["options", 1]),
        ("borrow", "B, c", ["options", 2]),
        ("borrow", "bc", ["options", 2]),
        ("steps", "d c b a", ["order", 4]),
        ("types", "1a 2:b, 3 c", ["pairs", 3]),
        ("sum", "c >a >>b", ["lines", 3]),
    ],
)
def test_letters_mean_what_is_displayed(tmp_path: Path, item: str, typed: str, response: list[Any]) -> None:
    view = card(session(tmp_path, "every"), item)["view"]
    read = letters.response_from(view, typed)
    assert len(read[response[0]]) == response[1]
    assert letters.response_from(view, re.sub(r"\. [^;]*", "", letters.words(view, read)).replace(";", " ")) == read


@pytest.mark.parametrize(
    ("item", "typed"),
    [
        ("copies", "z"),
        ("copies", "a b"),
        ("copies", ""),
        ("borrow", "a a"),
        ("types", "9a"),
        ("types", "x"),
        ("sum", "1"),
    ],
)
def test_letters_that_mean_nothing_are_answered_with_how_to_write_it(tmp_path: Path, item: str, typed: str) -> None:
    view = card(session(tmp_path, "every"), item)["view"]
    with pytest.raises(NotAnAttempt) as caught:
        letters.response_from(view, typed)
    assert f'answer("{item}"' in caught.value.help


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([item.id for item in QUIZ.section("every").items]), st.text(max_size=20))
def test_anything_typed_is_a_response_or_is_refused_in_words(tmp_path: Path, item: str, typed: str) -> None:
    quiz = session(tmp_path, "every")
    with contextlib.suppress(CourseError):
        quiz.answer(QUIZ.item(item), letters.response_from(card(quiz, item)["view"], typed))
    quiz.file.unlink(missing_ok=True)


def test_printed_questions_carry_letters_code_and_how_to_answer(tmp_path: Path) -> None:
    state = session(tmp_path, "every").state("u")
    text, html = fallback.questions_text(state), fallback.questions_html(state)
    for words in ("Which of these copies its data?", 'answer("copies", "b")', "let v: ArrayView1<f64>", "predict"):
        assert words in text
    assert "<strong>A.</strong> <code>" in html  # a sanitiser may take the `type` off a list
    assert "\n" not in html
    assert 'class="highlight"' in html
    assert "<script" not in html
    assert "<input" not in html


def test_a_page_made_by_nbconvert_shows_questions_letters_and_answers(tmp_path: Path) -> None:
    from nbconvert import HTMLExporter

    quiz = session(tmp_path)
    submit(quiz, "owns", {"options": ["array"]})
    state = quiz.state("u")
    outputs = [
        nbformat.v4.new_output("display_data", data=data) for data in (fallback.bundle(state), fallback.status(state))
    ]
    cell = nbformat.v4.new_code_cell('quiz("01_kinds/small")', outputs=outputs)

    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))

    assert "Which one owns?" in page
    assert re.search(r"<strong>[AB]\.</strong> <code>Array1</code>", page)
    assert "1 of 3 answered" in page
    assert "(right)" in page


# ---- the kernel's side ----


class Notebook:
    """A notebook run by a real kernel, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *sources: str, **env: str) -> list[Any]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        before = dict(os.environ)
        os.environ.update({"COURSE_BANK": str(BANK), "COURSE_LEARNER": "l-1", **env})
        try:
            NotebookClient(
                notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(self.folder)}}
            ).execute()
        finally:
            os.environ.clear()
            os.environ.update(before)
        return [cell.outputs for cell in notebook.cells]


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path)


IMPORT = "from course.quiz.widget import answer, quiz"


def test_a_quiz_cell_shows_widget_print_and_status_and_takes_typed_answers(notebook: Notebook, tmp_path: Path) -> None:
    _, shown, answered, wrong, unknown = notebook.run(
        IMPORT, 'quiz("01_kinds/small")', 'answer("owns", "b")', 'answer("four", "1,500")', 'answer("fuor", "4")'
    )
    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} <= set(shown[0].data)
    assert shown[1].data[answers.MIME]["of"] == 3
    assert answered[0].data["text/plain"].startswith("owns: B. `Array1` — right, 1 of 1 point")
    assert len(answered[0].data[answers.MIME]["attempts"]) == 1
    assert wrong[0].ename == "NotAnAttempt"
    assert "did you mean four?" in "\n".join(unknown[0].traceback)
    assert len(answers.read(tmp_path / "01_kinds.answers.jsonl").attempts) == 1


def test_an_exam_that_is_not_running_takes_no_typed_answers(notebook: Notebook) -> None:
    _, _, refused = notebook.run(IMPORT, 'quiz("02_exam/exam")', 'answer("owns", "a")')
    assert refused[0].ename == "UsageMistake"
    assert "an exam that is not running" in refused[0].evalue


def _handed_in(folder: Path, *items: str) -> None:
    made = [
        Attempt(attempt=new_id(), item=f"01_kinds/{i}", response=r, at=now()).as_dict()
        for i, r in (("owns", {"options": ["array"]}), ("four", {"text": "5"}), ("hebrew", {"options": ["three"]}))
        if i in items
    ]
    cell = nbformat.v4.new_code_cell('quiz("01_kinds/small")')
    cell.metadata["course_quiz"] = {"schema": 1, "quiz": "01_kinds/small", "attempts": made, "points": 99}
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORT), cell]), folder / "01_kinds.ipynb")


def test_autograde_counts_what_the_notebook_carries(notebook: Notebook, tmp_path: Path) -> None:
    _handed_in(tmp_path, "owns", "four")
    _, shown = notebook.run(IMPORT, 'quiz("01_kinds/small")', NBGRADER_EXECUTION="autograde")
    assert shown[-1].data["text/plain"] == "1.0"
    assert "Which one owns?" in shown[0].data["text/html"]


def test_validate_names_what_is_unanswered(notebook: Notebook, tmp_path: Path) -> None:
    _handed_in(tmp_path, "owns", "four")
    _, shown = notebook.run(IMPORT, 'quiz("01_kinds/small")', NBGRADER_EXECUTION="validate")
    assert shown[0].ename == "UnansweredItems"
    assert "1 of 3 unanswered: hebrew" in shown[0].evalue


def test_a_widget_marks_what_the_page_sends_and_forgets_its_draft(tmp_path: Path) -> None:
    widget = QuizWidget(session(tmp_path))
    widget.drafts = {
        "01_kinds/owns": {"response": {"options": ["array"]}},
        "01_kinds/four": {"response": {"text": "4"}},
    }
    made = Attempt(attempt=new_id(), item="01_kinds/owns", response={"options": ["array"]}, at=now())
    widget._receive(widget, {"type": "submit", "attempt": made.as_dict()}, [])
    assert widget.state["items"][0]["status"] == "right"
    assert set(widget.drafts) == {"01_kinds/four"}


def test_the_notebook_of_a_kernel_is_told_by_the_code_it_ran(tmp_path: Path) -> None:
    for name, source in (("one", "a = 1"), ("two", "a = 2"), ("three", "a = 3")):
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source), nbformat.v4.new_code_cell("quiz('x')")]
        )
        nbformat.write(made, tmp_path / f"{name}.ipynb")
    assert find_notebooks(tmp_path, ["a = 2", "quiz('x')"]) == [tmp_path / "two.ipynb"]
    assert find_notebooks(tmp_path / "none", []) == []


def test_autograde_takes_no_answers_where_two_notebooks_may_be_the_one_and_validate_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = ["from course.quiz.widget import quiz", 'quiz("01_kinds/small")']
    for age, (name, option) in enumerate((("b", "array"), ("a", "arrayview"))):
        cells = [nbformat.v4.new_code_cell(source) for source in ran]
        made = [
            Attempt(new_id(), f"01_kinds/{item}", response, f"2026-03-01T10:0{age}:00Z").as_dict()
            for item, response in (
                ("owns", {"options": [option]}), ("four", {"text": "4"}), ("hebrew", {"options": ["three"]})
            )
        ]  # fmt: skip
        cells[1].metadata["course_quiz"] = {"schema": 1, "quiz": "01_kinds/small", "attempts": made}
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        os.utime(tmp_path / f"{name}.ipynb", (age, age))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(front, "_inputs", lambda: ran)
    with pytest.raises(CourseError, match=r"a\.ipynb, b\.ipynb"):
        front._without_a_person(session(tmp_path), "autograde")
    of_newest = session(tmp_path)
    assert front._without_a_person(of_newest, "validate") is None
    assert of_newest.points() == 2
    (tmp_path / "a.ipynb").write_bytes((tmp_path / "b.ipynb").read_bytes())  # copies tell the same
    assert front._without_a_person(session(tmp_path), "autograde") == 3


def test_a_learner_has_one_name_in_a_working_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_LEARNER", raising=False)
    name = learner_in(tmp_path)
    (tmp_path / "sub").mkdir()
    assert learner_in(tmp_path) == learner_in(tmp_path / "sub") == name
    monkeypatch.setenv("COURSE_LEARNER", "learner-3f9c1a2b")
    assert learner_in(tmp_path) == "learner-3f9c1a2b"


def test_progress_counts_the_chapter_and_the_course_from_the_answers_files(tmp_path: Path) -> None:
    for item in ("02_exam/four", "01_kinds/owns", "01_kinds/no-such-item"):
        made = Attempt(attempt=new_id(), item=item, response={"text": "4"}, at=now())
        add(answers.file_for(item, tmp_path), [made])
    assert course_progress(tmp_path, QUIZ, []) == {
        "chapter": {"answered": 1, "of": 18},
        "course": {"answered": 2, "of": 20},
    }


def test_every_request_of_a_page_is_replied_to_even_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = QuizWidget(session(tmp_path))
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(widget, "send", sent.append)
    widget._receive(widget, {"type": "hint", "item": "01_kinds/owns", "number": 1, "request": "a"}, [])
    assert sent.pop() == {"type": "done", "request": "a", "text": ""}
    widget._receive(widget, {"type": "strange", "request": "b"}, [])
    assert sent.pop() == {
        "type": "done",
        "request": "b",
        "text": "This page is older than the kernel: run the cell again.",
    }
    widget._receive(widget, {"type": "download", "request": "c"}, [])
    assert [(reply["type"], reply["request"]) for reply in sent] == [("file", "c"), ("done", "c")]
