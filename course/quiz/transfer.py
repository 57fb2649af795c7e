"""Taking answers home and bringing them back: for machines that forget, as Binder does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from course.errors import CannotWrite, CourseError
from course.quiz import answers
from course.quiz.answers import Attempt

__all__ = ["cannot_keep", "download", "sentence", "upload"]


def download(folder: Path, more: Iterable[Attempt]) -> tuple[str, str]:
    """Return every answer of a folder, all chapters together, as one file's text; and what could not be read."""
    everything, problem = list(more), ""
    for path in sorted(folder.glob("*.answers.jsonl")):
        try:
            everything += answers.read(path).attempts
        except CourseError as error:
            problem = sentence(error)
    return answers.write_text(everything), problem


def upload(folder: Path, text: object) -> tuple[str, tuple[Attempt, ...]]:
    """Add the answers of such a file to the folder's own, and return what to say, and the attempts found."""
    if not isinstance(text, str):
        return "This is not an answers file.", ()
    log = answers.read_text(text)
    by_file: dict[Path, list[Attempt]] = {}
    for attempt in log.attempts:
        by_file.setdefault(answers.file_for(attempt.item, folder), []).append(attempt)
    new, words = 0, []
    try:
        for path, made in by_file.items():
            new += len(answers.add(path, made))
    except CannotWrite as error:
        words.append(cannot_keep(error))
    read = "1 record" if len(log.attempts) == 1 else f"{len(log.attempts)} records"
    words.insert(0, f"{read} read, {new} of them new here.")
    if log.problems:
        lines = "1 line" if len(log.problems) == 1 else f"{len(log.problems)} lines"
        words.append(f"{lines} could not be read (the first: {log.problems[0].message}).")
    return " ".join(words), log.attempts


def sentence(error: CourseError) -> str:
    """Return an error as learners read it in the page: a sentence, then what to do."""
    text = error.message[:1].upper() + error.message[1:]
    return f"{text}. {error.help[:1].upper()}{error.help[1:]}." if error.help else f"{text}."


def cannot_keep(error: CannotWrite) -> str:
    """Return the sentence about an answers file that cannot be written."""
    return f"The answers file {Path(error.place).name} was not written ({error.message}; {error.help})."
