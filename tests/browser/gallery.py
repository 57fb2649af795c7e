"""The widget on a bare page, in every state: what the accessibility tests look at, and people too.

python -m tests.browser.gallery FOLDER        # writes one HTML page per state and theme
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course.quiz import load, parse
from course.quiz.answers import Attempt, new_id, now
from course.quiz.codec import from_json
from course.quiz.session import Session
from course.quiz.strip import strip

HERE = Path(__file__).resolve().parent
BANK = HERE.parent / "fixtures" / "widget"
SOURCE = HERE.parents[1] / "course" / "quiz"
SCRIPTS = ("widget_store.js", "widget_controls.js", "widget_card.js", "widget.js")
QUIZ, EXAM = load(BANK / "01_kinds.md"), load(BANK / "02_exam.md")

WRONG: dict[str, Any] = {
    "copies": {"options": ["slice"]},
    "true-false": {"options": ["yes"]},
    "borrow": {"options": ["clone"]},
    "bytes": {"text": "9"},
    "crate": {"text": "numpy"},
    "prints": {"text": "7"},
    "python": {"text": "1"},
    "moved": {"text": "[1] [1]"},
    "add": {"text": "1000"},
}
NOT_READ: dict[str, Any] = {
    "bytes": {"text": "1,500"},
    "types": {"pairs": {}},
    "moved": {"compiles": False, "code": "X"},
}


def _right(item: Any, session: Session) -> Any:
    from course.quiz import reveal, shown_values

    shown = shown_values(item, learner=session.learner, n=0, secret="")
    return reveal(item, None, shown=shown, answer=True)["answer"]


def _wrong(item: Any, session: Session) -> Any:
    right = _right(item, session)
    if item.id in WRONG and item.id != "true-false":
        return WRONG[item.id]
    if "order" in right:
        return {"order": right["order"][::-1]}
    if "pairs" in right:
        ids = list(right["pairs"])
        return {"pairs": {a: right["pairs"][b] for a, b in zip(ids, ids[1:] + ids[:1], strict=True)}}
    if "lines" in right:
        return {"lines": right["lines"][::-1]}
    return {"options": [next(o.id for o in item.options if o.id not in right["options"])]}


def _partly(item: Any, session: Session) -> Any:
    right = _right(item, session)
    if "order" in right:
        return {"order": [right["order"][1], right["order"][0], *right["order"][2:]]}
    if "lines" in right:
        return {"lines": right["lines"][:-1]}
    if "pairs" in right:
        a, b = list(right["pairs"])[:2]
        return {"pairs": {**right["pairs"], a: right["pairs"][b], b: right["pairs"][a]}}
    if item.id == "moved":
        return {"compiles": False, "code": "E0502"}
    return {"options": right["options"][:1]} if "options" in right else _wrong(item, session)


def _session(folder: Path, section: str = "every", quiz: Any = QUIZ, **options: Any) -> Session:
    return Session(quiz, quiz.section(section), folder=folder, learner="l-1", **options)


def _send(session: Session, item: str, response: Any, event: str = "answer", **fields: Any) -> None:
    made = Attempt(attempt=new_id(), item=item, response=response, at=now(), mode=session.mode, event=event, **fields)
    session.receive({"type": "submit", "attempt": made.as_dict()})


def _answered(pick: Callable[[Any, Session], Any], **options: Any) -> Callable[[Path], list[dict[str, Any]]]:
    def make(folder: Path) -> list[dict[str, Any]]:
        session = _session(folder, **options)
        for item in session.items:
            if item.hints:
                session.receive({"type": "hint", "item": item.full_id, "number": 1})
            _send(session, item.full_id, pick(item, session), confidence=3, hints=min(1, len(item.hints)))
        return [session.state("u")]

    return make


def _revealed(folder: Path) -> list[dict[str, Any]]:
    session = _session(folder)
    for item in session.items:
        _send(session, item.full_id, _wrong(item, session))
        _send(session, item.full_id, None, event="reveal")
    return [session.state("u")]


def _not_read(folder: Path) -> list[dict[str, Any]]:
    session = _session(folder)
    for name, response in NOT_READ.items():
        _send(session, f"01_kinds/{name}", response)
    session.problem = "The answers file was not written (there is no space left on the disk; free some space)."
    return [session.state("u")]


def _exam(*events: str) -> Callable[[Path], list[dict[str, Any]]]:
    def make(folder: Path) -> list[dict[str, Any]]:
        session = _session(folder, "exam", EXAM)
        for event in events:
            _send(session, session.name, None, event=event)
            if event == "start":
                _send(session, "02_exam/owns", {"options": ["array"]})
        return [session.state("u")]

    return make


def _retrying(folder: Path) -> list[dict[str, Any]]:
    session = _session(folder)
    for item in session.items:
        _send(session, item.full_id, _wrong(item, session))
        session.receive({"type": "retry", "item": item.full_id})
    return [session.state("u")]


def _keyless(folder: Path) -> list[dict[str, Any]]:
    """A learner bank: answered, and nothing here could mark it."""
    keyed = parse(
        (BANK / "01_kinds.md").read_text("utf-8").replace("---\n", "---\nmode: graded\n", 1), path="01_kinds.md"
    )
    session = _session(folder, quiz=from_json(json.loads(strip(keyed))))
    whole = _session(folder)
    for item in whole.items:
        _send(session, item.full_id, _right(item, whole))
    return [session.state("u")]


STATES: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "open": lambda folder: [_session(folder, name).state(name) for name in ("every", "small", "cards")],
    "wrong": _answered(_wrong),
    "partly": _answered(_partly),
    "right": _answered(_right),
    "revealed": _revealed,
    "retrying": _retrying,
    "not-read": _not_read,
    "waiting": lambda folder: [_session(folder).state("u")],
    "silent": lambda folder: [_session(folder).state("u")],
    "keyless": _keyless,
    "recorded": _answered(_right, mode="graded"),
    "exam-ready": _exam(),
    "exam-running": _exam("start"),
    "exam-paused": _exam("start", "pause"),
    "exam-done": _exam("start", "hand-in"),
}


# Where the page itself makes the state: it answers every question, and no kernel hears it. Milliseconds of patience.
PATIENCE = {"waiting": 10**9, "silent": 0}


def page_html(states: list[dict[str, Any]], theme: str, patience: int | None = None) -> str:
    """Return a page that shows these states with the widget's own script and style, and a model without a kernel.

    With `patience` every question is answered and checked, and that many milliseconds later the kernel was silent.
    """
    script = "\n".join((SOURCE / name).read_text("utf-8") for name in SCRIPTS).replace(
        "export default", "const widget ="
    )
    press = ""
    if patience is not None:
        script = script.replace("const PATIENCE = 1500", f"const PATIENCE = {patience}")
        press = """for (const form of document.querySelectorAll(".cq-item")) {
          for (const box of form.querySelectorAll("input[type=text], textarea")) box.value = "1";
          for (const menu of form.querySelectorAll("select")) menu.selectedIndex = 1;
          form.querySelector("input[type=radio], input[type=checkbox], .cq-add")?.click();
          form.querySelector("button[type=submit]").click();
        }"""
    ground = {"light": "#fff", "dark": "#111"}[theme]
    ink = {"light": "rgb(0 0 0 / 87%)", "dark": "#fff"}[theme]
    data = json.dumps([state | {"status": {}} for state in states]).replace("</", "<\\/")
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Quiz</title>
<style>body {{ margin: 16px; background: {ground}; --jp-layout-color1: {ground}; --jp-ui-font-color0: {ink}; }}
{(SOURCE / "widget.css").read_text("utf-8")}</style>
<body data-jp-theme-light="{"true" if theme == "light" else "false"}"><main></main><script type="module">
{script}
for (const state of {data}) {{
  const values = {{ state, drafts: {{}} }};
  const model = {{ get: (name) => values[name], set: (name, value) => (values[name] = value), save_changes() {{}},
                   send() {{}}, on() {{}}, off() {{}} }};
  const el = document.createElement("div");
  document.querySelector("main").append(el);
  widget.render({{ model, el }});
}}
{press}
</script>"""


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in STATES.items():
        with tempfile.TemporaryDirectory() as place:
            states = make(Path(place))
        for theme in ("light", "dark"):
            (folder / f"{name}-{theme}.html").write_text(page_html(states, theme, PATIENCE.get(name)), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
