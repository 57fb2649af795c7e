"""Coverage-guided fuzzing of everything that reads a stranger's text: quiz files, quizdown, numbers, responses.

    uv run --group fuzz python tests/fuzz/fuzz_quiz.py -max_total_time=60

needs atheris (Linux, x86-64). An exception other than those the code promises stops the run and leaves the input in a
file `crash-…` in the current folder. `tests/test_quiz_fuzz.py` runs it for a few seconds where atheris is installed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["course", "markdown_it"]):
    from course.errors import CannotGrade, CourseError, QuizErrors, UnreadableResponse
    from course.quiz import grade, load, order, parse, shown_values, view
    from course.quiz.codec import from_json, quiz_json
    from course.quiz.exchange.quizdown import convert
    from course.quiz.lint import lint
    from course.quiz.numbers import read_with_unit
    from course.quiz.strip import strip

FIXTURES = Path(__file__).parent.parent / "fixtures" / "quizzes"
EVERY_TYPE = [item for item in load(FIXTURES / "every-type.md").items if item.type not in ("task", "essay")]
SHOWN = {item.id: shown_values(item) for item in EVERY_TYPE}


def quiz_file(text: str) -> None:
    """A quiz file is read whole and goes to JSON and back, or has errors with places."""
    try:
        quiz = parse(text, path="q.md")
    except QuizErrors as found:
        if not all(error.place.startswith("q.md:") and error.help for error in found.errors):
            raise  # an error without place or help is one too many
        return
    data = json.loads(json.dumps(quiz_json(quiz)))
    assert quiz_json(from_json(data)) == data
    strip(quiz)
    lint(quiz)
    for item in quiz.items:
        if item.variant is None:  # its code is the author's: never run here
            view(item, order=order(item))


def quizdown(text: str) -> None:
    """A text is converted or refused."""
    try:
        made = convert(text)
    except CourseError:
        return
    quiz_file(made.text)


def number(text: str) -> None:
    """A text is a number or no attempt."""
    for unit in ("", "ms", "%"):
        try:
            read_with_unit(text, unit)
        except UnreadableResponse:
            continue


def response(text: str) -> None:
    """JSON is graded or refused."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = {"text": text}
    for item in EVERY_TYPE:
        try:
            graded = grade(item, data, shown=SHOWN[item.id])
        except (UnreadableResponse, CannotGrade):
            continue
        assert 0 <= graded.fraction <= 1


TARGETS = (quiz_file, quizdown, number, response)


def one_input(data: bytes) -> None:
    """Give the text to the target its first byte names."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:].decode("utf-8", "replace"))


def seeds(folder: Path) -> None:
    """Write a corpus to begin with: the fixtures, as quiz files and as quizdown, and a few numbers and responses."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in FIXTURES.glob("*.md"):
        for target in (0, 1):
            (folder / f"{target}-{path.stem}").write_bytes(bytes([target]) + path.read_bytes())
    choice = "\n### Q {#q}\n\n- [x] a\n- [ ] b\n"
    for at, front in enumerate(
        ("title: 0x" + 900 * "F", "a: &a [x, x]\nb: [*a, *a]", "title: [" + 200 * "[", "<<: {a: 1}")
    ):
        for target in (0, 1):
            (folder / f"{target}-front-{at}").write_bytes(bytes([target]) + f"---\n{front}\n---\n{choice}".encode())
    for target in (0, 1):
        (folder / f"{target}-comments").write_bytes(bytes([target]) + f"### Q\n\n{'<!--' * 300}\n{choice}".encode())
    for at, text in enumerate(("1,500", "3 × 10⁻³ ms", "-1/3", "12 000,5")):
        (folder / f"2-{at}").write_bytes(b"\x02" + text.encode())
    for at, data in enumerate(({"options": ["borrows"]}, {"lines": [["a", 1]]}, {"compiles": False, "code": "E0382"})):
        (folder / f"3-{at}").write_bytes(b"\x03" + json.dumps(data).encode())


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        atheris.Setup([*sys.argv, corpus], one_input)
        atheris.Fuzz()
