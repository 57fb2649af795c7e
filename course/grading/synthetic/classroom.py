"""Make a class: who hands in what, and what each must get.

Everything follows from the seed. A notebook is made from the released one, so it has the ids and locks that learners'
copies have; right code comes from the chapters' own solutions, wrong code from what the tasks list as wrong.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course import build
from course.chapters import Chapter, Course
from course.errors import UnknownName, UsageMistake
from course.files import write_whole
from course.grading.synthetic import hostile
from course.grading.synthetic.mangling import MANGLED, UNREADABLE, Handed, grade_id
from course.grading.synthetic.pupils import ABILITIES, Ability, attempts_for, hostile_python, hostile_rust
from course.notebook_file import Notebook
from course.quiz import answers, bank, draw
from course.quiz.model import Question, Quiz, Task
from course.tasks import definition

__all__ = ["KINDS", "Pupil", "make_class", "write_class"]

HONEST = tuple(ABILITIES)
HOSTILE = (*hostile.PYTHON, *hostile.RUST)
SLOW = ("huge",)  # 200 MB each: only where asked for by name

KINDS: dict[str, tuple[str, ...]] = {
    "honest": HONEST,
    "mangled": tuple(MANGLED),
    "unreadable": tuple(kind for kind in UNREADABLE if kind not in SLOW),
    "hostile": HOSTILE,
}
"""Groups of kinds; a mixed class has mostly honest ones, and some of each other group."""

SHARES = {"honest": 88, "mangled": 5, "unreadable": 3, "hostile": 4}

BROKEN = {
    "python": "def NAME(*arguments):\n    return arguments[0]..shape\n",
    "rust": "SIGNATURE {\n    let n: usize = 1.5;\n}\n",
}


@dataclass(frozen=True)
class Pupil:
    """One made-up learner's submission of one chapter.

    content: the notebook file as handed in. attempts: what their answers file holds. points: full item id → points
    that grading must give; an item whose points are not certain is left out. readable: False where the file cannot be
    graded at all.
    """

    name: str
    chapter: str
    kind: str
    content: bytes
    attempts: tuple[answers.Attempt, ...] = ()
    points: Mapping[str, float] = field(default_factory=dict)
    readable: bool = True

    @property
    def expected(self) -> dict[str, Any]:
        """What is known of this submission, for a test or a person."""
        return {
            "learner": self.name,
            "chapter": self.chapter,
            "kind": self.kind,
            "readable": self.readable,
            "points": dict(sorted(self.points.items())),
        }


class _Handout:
    """What a chapter's learners begin with: the released notebook, the solved cells, the quiz with its keys."""

    def __init__(self, course: Course, chapter: Chapter, released: Path | None, quiz: Path | None) -> None:
        self.name = chapter.name
        source = released if released is not None and released.is_file() else chapter.notebook
        self.notebook: Notebook = json.loads(source.read_bytes())
        self.quiz: Quiz = bank.read(quiz if quiz is not None and quiz.is_file() else chapter.quiz)
        self.tasks = [item for item in self.quiz.items if isinstance(item, Task)]
        solved = build.solved(course, chapter)
        self.solutions = {grade_id(cell): str(cell["source"]) for cell in solved.cells if grade_id(cell)}
        self.wrong = {task.id: [each.source for each in definition.load(task).wrong] for task in self.tasks}
        shown = {build.quiz_of("".join(cell["source"])): cell for cell in self.notebook["cells"]}
        self.sections = [s for s in self.quiz.sections if f"{self.name}/{s.id}" in shown]

    def copy(self) -> tuple[Notebook, dict[str, dict[str, Any]]]:
        """Return a fresh copy of the notebook, and its cells by grade_id."""
        notebook = copy.deepcopy(self.notebook)
        return notebook, {grade_id(cell): cell for cell in notebook["cells"] if grade_id(cell)}


def make_class(
    course: Course,
    chapter: Chapter,
    size: int,
    *,
    kinds: Sequence[str] = (),
    seed: int = 0,
    released: Path | None = None,
    quiz: Path | None = None,
) -> Iterator[Pupil]:
    """Yield `size` submissions of a chapter.

    kinds: kinds or groups of `KINDS` to take in turn; without any, a class like a real one, by shares. released: the
    notebook learners were given; without it, the course's own. quiz: the bank with keys that the class is graded by,
    where it is not the course's own. Raises `UnknownName` for a kind that does not exist.
    """
    handout = _Handout(course, chapter, released, quiz)
    chosen = _kinds(kinds, size, seed)
    for number, kind in enumerate(chosen, start=1):
        rng = random.Random(f"{seed}/{chapter.name}/{number}")  # noqa: S311 - the same class for the same seed
        yield _pupil(handout, f"learner-{number:04d}", kind, rng)


def _kinds(asked: Sequence[str], size: int, seed: int) -> list[str]:
    if asked:
        known = {*KINDS, *(kind for kinds in KINDS.values() for kind in kinds), *SLOW}
        for name in asked:
            if name not in known:
                raise UnknownName("kind of learner", name, known)
        flat = [kind for name in asked for kind in KINDS.get(name, (name,))]
        return [flat[number % len(flat)] for number in range(size)]
    rng = random.Random(f"{seed}/kinds")  # noqa: S311
    taken = dict.fromkeys(KINDS, 0)
    chosen = []
    for _ in range(size):
        group = rng.choices(list(SHARES), list(SHARES.values()))[0]
        if group == "honest":
            chosen.append(rng.choices(HONEST, [ABILITIES[name].share for name in HONEST])[0])
        else:  # each kind in turn, so that a class of some hundreds has them all
            chosen.append(KINDS[group][taken[group] % len(KINDS[group])])
        taken[group] += 1
    return chosen


def _pupil(handout: _Handout, name: str, kind: str, rng: random.Random) -> Pupil:
    ability = ABILITIES.get(kind, ABILITIES["perfect"])
    notebook, cells = handout.copy()
    attempts, points = _answer(handout, cells, ability, name, rng)
    points |= _write_code(handout, cells, ability, rng, name)
    if kind in hostile.PYTHON or kind in hostile.RUST:
        attacked = _attack(handout, cells, kind)
        if kind.startswith("patches-"):  # what it breaks for its own other answers is its own affair
            points = {item: earned for item, earned in points.items() if item not in _tasks(handout)}
        points |= attacked
    if kind in MANGLED and handout.tasks:
        others = _tasks(handout)
        task = handout.tasks[rng.randrange(len(handout.tasks))]
        MANGLED[kind](Handed(notebook, task.id, rng))
        if kind == "without-solution":
            points[task.full_id] = 0.0
        elif kind in ("split", "without-imports"):  # how much of it can be saved is the grader's affair
            points.pop(task.full_id, None)
            if kind == "without-imports":
                points = {item: earned for item, earned in points.items() if item not in others}
    content = build.notebook_bytes(notebook)
    if kind in UNREADABLE:
        return Pupil(name, handout.name, kind, UNREADABLE[kind](content), tuple(attempts), {}, readable=False)
    return Pupil(name, handout.name, kind, content, tuple(attempts), points)


def _tasks(handout: _Handout) -> set[str]:
    return {task.full_id for task in handout.tasks}


def _answer(
    handout: _Handout, cells: Mapping[str, dict[str, Any]], ability: Ability, learner: str, rng: random.Random
) -> tuple[list[answers.Attempt], dict[str, float]]:
    everything: list[answers.Attempt] = []
    points: dict[str, float] = {}
    for section in handout.sections:
        drawn = draw(section, handout.name, learner=learner, secret=handout.quiz.seed)
        asked = tuple(item for item in drawn if isinstance(item, Question))
        attempts, earned = attempts_for(asked, ability, learner, handout.quiz.seed, rng)
        points |= earned
        everything += attempts
        cell = cells.get(f"quiz-{section.id}")
        if attempts and cell is not None:
            records = [attempt.as_dict() for attempt in attempts]
            cell["metadata"][answers.METADATA] = {"quiz": f"{handout.name}/{section.id}", "attempts": records}
    return everything, points


def _write_code(
    handout: _Handout, cells: Mapping[str, dict[str, Any]], ability: Ability, rng: random.Random, learner: str
) -> dict[str, float]:
    points: dict[str, float] = {}
    for task in handout.tasks:
        cell = cells[task.id]
        what = rng.choices(("solved", "wrong", "left", "broken"), ability.tasks)[0]
        wrong = handout.wrong[task.id]
        if what == "solved":
            cell["source"] = _signed(handout.solutions[task.id], task.language, learner)
            points[task.full_id] = task.points
        elif what == "wrong" and wrong:
            source = _in_its_cell("".join(cell["source"]), rng.choice(wrong))  # partial credit: not certain
            cell["source"] = _signed(source, task.language, learner)
        elif what == "broken":
            text = BROKEN[task.language].replace("NAME", task.function)
            cell["source"] = text.replace("SIGNATURE", f"%%rust\npub fn {task.function}()")
            points[task.full_id] = 0.0
        else:
            points[task.full_id] = 0.0
    return points


def _attack(handout: _Handout, cells: Mapping[str, dict[str, Any]], kind: str) -> dict[str, float]:
    language = "python" if kind in hostile.PYTHON else "rust"
    attacked = {}
    for task in handout.tasks:
        if task.language != language:
            continue
        cell = cells[task.id]
        if language == "python":
            cell["source"] = hostile_python(hostile.PYTHON[kind], task.function)
        else:
            cell["source"] = hostile_rust(hostile.RUST[kind], handout.solutions[task.id], task.function)
        attacked[task.full_id] = 0.0
    return attacked


def _signed(source: str, language: str, learner: str) -> str:
    """Return a solution that no other learner has: a grader that knows equal code again must not gain by it here."""
    if language == "rust":
        return f'{source.rstrip()}\n\n#[allow(dead_code)]\nconst WRITTEN_BY: &str = "{learner}";\n'
    return f'{source.rstrip()}\n\n\nwritten_by = "{learner}"\n'


def _in_its_cell(stub: str, source: str) -> str:
    """Return a wrong solution as its cell holds it: below the `%%rust` line, where there is one."""
    first = stub.partition("\n")[0]
    return f"{first}\n{source}" if first.startswith("%%") and not source.startswith("%%") else source


def write_class(folder: Path, pupils: Iterator[Pupil], *, with_answers: bool = True) -> Path:
    """Write submissions as nbgrader keeps them, `folder/submitted/LEARNER/CHAPTER/`; return the list of what to expect.

    The list, `folder/expected.json`, is for tests and people; graders do not read it.
    """
    submitted = folder / "submitted"
    if submitted.is_dir() and any(submitted.iterdir()) and not (folder / "expected.json").is_file():
        raise UsageMistake(
            "there are submissions here that nobody made up",
            place=str(submitted),
            help="choose an empty folder; made-up learners and real ones are not mixed",
        )
    path = folder / "expected.json"
    before = json.loads(path.read_bytes()) if path.is_file() else []
    known = {(each["learner"], each["chapter"]): each for each in before}
    for pupil in pupils:
        home = submitted / pupil.name / pupil.chapter
        home.mkdir(parents=True, exist_ok=True)
        write_whole(home / f"{pupil.chapter}.ipynb", pupil.content)
        if with_answers and pupil.attempts:
            text = answers.write_text(pupil.attempts)
            write_whole(home / f"{pupil.chapter}.answers.jsonl", text.encode())
        known[pupil.name, pupil.chapter] = pupil.expected
    write_whole(path, json.dumps([known[key] for key in sorted(known)], indent=1, sort_keys=True) + "\n")
    return path
