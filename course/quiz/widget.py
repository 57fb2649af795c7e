"""`quiz("03_ndarray/views")`: the quiz in the notebook. It translates between a `Session` and the front end.

A quiz cell has two outputs. The first is the widget, with the questions in print for whoever cannot run it. The second
says what was answered; the front end rewrites it in the stored notebook, together with the attempts in the cell's
metadata (widget_store.js), so that a saved notebook tells what was answered with no kernel and no script.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import display

from course.errors import CourseError, UnansweredItems, UnknownName, UsageMistake
from course.quiz import answers, fallback, letters
from course.quiz import bank as banks
from course.quiz.model import Question
from course.quiz.running import course_progress, find_notebooks, learner_in
from course.quiz.session import Session

__all__ = ["QuizWidget", "answer", "quiz"]

HERE = Path(__file__).parent
_sessions: dict[str, Session] = {}  # the quizzes this kernel has shown, newest last: where `answer` looks
_widgets: dict[str, list[QuizWidget]] = {}


@functools.cache
def _script() -> str:
    # anywidget takes one module; the four files are one module in four chapters.
    return "\n".join(
        (HERE / name).read_text("utf-8")
        for name in ("widget_store.js", "widget_controls.js", "widget_card.js", "widget.js")
    )


class QuizWidget(anywidget.AnyWidget):  # type: ignore[misc]
    """A session on a page. `state` is what the page shows; `drafts` is what it has typed and not yet submitted."""

    _esm = _script()
    _css = HERE / "widget.css"
    state = traitlets.Dict().tag(sync=True)
    drafts = traitlets.Dict().tag(sync=True)

    def __init__(self, session: Session) -> None:
        self.session = session
        self.uid = secrets.token_hex(8)
        super().__init__(state=self._state())
        self.on_msg(self._receive)

    def _state(self) -> dict[str, Any]:
        state = self.session.state(self.uid)
        return state | {"status": fallback.status(state)}

    def refresh(self) -> None:
        """Send what has changed to every page that shows this quiz."""
        self.state = self._state()

    def _receive(self, _: object, message: object, __: object) -> None:
        if not isinstance(message, dict):
            return
        told = ""
        try:
            replies = self.session.receive(message)
        except Exception as error:  # noqa: BLE001 — a page can show no traceback; say it there, and stay alive
            told = error.render() if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
            replies = []
        done = {a.attempt for a in self.session.attempts if a.event == "answer"}
        self._drop_drafts(message, done)
        for widget in _widgets.get(self.session.name, [self]):
            if widget.session is not self.session:
                widget.session.take(self.session.attempts)
            widget.refresh()
        # The page waits for "done": without it, it tells the learner that the kernel does not reply.
        request = message.get("request")
        for reply in replies:
            if reply["type"] == "told":
                told = reply["text"]
            else:
                self.send(reply | {"request": request})
        self.send({"type": "done", "request": request, "text": told})

    def _drop_drafts(self, message: Mapping[str, Any], done: set[str]) -> None:
        """A draft that was submitted is one no longer."""
        attempt = message.get("attempt")
        if isinstance(attempt, dict) and (attempt.get("attempt") in done or attempt.get("event") == "again"):
            again = attempt.get("event") == "again"
            self.drafts = {} if again else {k: v for k, v in self.drafts.items() if k != attempt.get("item")}


def quiz(name: str, bank: str | os.PathLike[str] | None = None, mode: str | None = None) -> float | None:
    """Show a quiz: `quiz("03_ndarray/views")`.

    `bank` is a folder of quiz files, where it is not the course's own; `mode` is practice, graded or exam, where it is
    not the one the quiz file says. Under nbgrader's autograde the points are returned; otherwise nothing.
    """
    session = _session(name, bank, mode)
    running = os.environ.get("NBGRADER_EXECUTION")
    if running in ("autograde", "validate"):
        return _without_a_person(session, running)
    _sessions.pop(session.name, None)
    _sessions[session.name] = session
    widget = QuizWidget(session)
    _widgets.setdefault(session.name, []).append(widget)
    del _widgets[session.name][:-8]  # a cell that is run again leaves its last widget behind
    questions = fallback.bundle(widget.state)
    display(questions | widget._repr_mimebundle_()[0], raw=True)
    display(fallback.status(widget.state), raw=True, display_id=widget.uid)
    return None


def answer(item: str, response: object = None) -> None:
    """Answer a question without the widget: `answer("slice-no-copy", "b")`, with the letter as displayed.

    Several: `"a, c"`; an order: `"c a b"`; pairs: `"1c 2a"`; lines of a program: `"c a >b"`, a `>` for each step of
    indentation; a number or text: as it is. The answer is recorded as if it had been given in the quiz.
    """
    session, question = _find_item(item)
    view = next((card["view"] for card in session.state("")["items"] if card["id"] == question.full_id), None)
    if view is None:
        raise UsageMistake(
            f"{item!r} belongs to an exam that is not running",
            place=session.name,
            help="start it, or go on with it, where the quiz is shown",
        )
    if not isinstance(question, Question):
        raise UsageMistake(f"{item!r} is answered in its own cell", help=str(view.get("pointer", "")))
    if response is None:
        raise UsageMistake("the answer is missing", help=f'write answer("{item}", "{letters.how_to(view)}")')
    session.answer(question, letters.response_from(view, str(response)))
    uid = secrets.token_hex(8)
    state = session.state(uid)
    state["items"] = [card for card in state["items"] if card["id"] == question.full_id]
    state["attempts"] = [a for a in state["attempts"] if a["item"] == question.full_id]
    for widget in _widgets.get(session.name, []):
        widget.session.take(session.attempts)
        widget.refresh()
    shown = fallback.status(state, attempts=True)
    text, html = fallback.feedback(state["items"][0])
    display(shown | {"text/plain": text, "text/html": html}, raw=True)
    if session.problem:
        print(session.problem)  # a warning beside the answer, in every front end


def _session(name: str, bank: str | os.PathLike[str] | None, mode: str | None) -> Session:
    chapter, _, section_id = name.partition("/")
    if not chapter or not section_id:
        raise UsageMistake(
            f"{name!r} does not name a quiz",
            place="quiz(…)",
            help='write chapter and section: quiz("03_ndarray/views")',
        )
    folder = Path.cwd()
    found = banks.find(chapter, folder=Path(bank) if bank is not None else None)
    return Session(
        found,
        found.section(section_id),
        folder=folder,
        learner=learner_in(folder),
        mode=mode,
        others=functools.partial(course_progress, folder, found),
    )


def _find_item(name: str) -> tuple[Session, Any]:
    """Return the session and the item of `slice-no-copy` or `03_ndarray/slice-no-copy`."""
    for session in reversed(_sessions.values()):
        for item in session.items:
            if name in (item.id, item.full_id):
                return session, item
    chapter, _, id = name.partition("/")
    if not id:
        known = [item.id for session in _sessions.values() for item in session.items]
        raise (
            UnknownName("question", name, known, place="answer(…)")
            if known
            else UsageMistake(
                f"no quiz with a question {name!r} has been shown here",
                place="answer(…)",
                help=f'run the cell with the quiz first, or write its chapter: answer("03_ndarray/{name}", …)',
            )
        )
    found = banks.find(chapter)
    item = found.item(id)
    section = next(section for section in found.sections if item in section.items)
    session = _session(f"{chapter}/{section.id}", None, None)
    _sessions[session.name] = session
    return session, next(i for i in session.items if i.id == id)


def _without_a_person(session: Session, running: str) -> float | None:
    """What nbgrader's Validate and autograde see: the notebook's own answers, marked or counted."""
    found = find_notebooks(Path.cwd(), _inputs())
    made = [answers.from_notebook(path, quiz=session.name).attempts for path in found]
    if running != "validate" and len(set(made)) > 1:  # whoever validates has just saved theirs, so it is the newest
        names = ", ".join(sorted(path.name for path in found))
        raise CourseError(
            f"two notebooks here may be the one that runs, with different answers: {names}",
            place=session.name,
            help="give one of them another first line of code, or a folder of its own",
        )
    session.take(made[0] if made else ())
    if running == "validate":
        if missing := session.unanswered():
            raise UnansweredItems(session.name, missing, session.progress()["of"])
        print(f"All {session.progress()['of']} questions of {session.name} are answered.")
        return None
    state = session.state("")
    display(fallback.bundle(state), raw=True)
    display(fallback.status(state), raw=True)
    return session.points()


def _inputs() -> list[str]:
    from IPython import get_ipython

    shell = get_ipython()
    return [str(text) for text in shell.user_ns.get("In", [])[1:]] if shell else []
