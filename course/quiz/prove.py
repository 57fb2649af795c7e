"""Prove keys: run what a question shows, run its `proof`, draw its variants, and compare with the key as written.

What is proved
- a program with `text output` or `= does not compile: E0382`: it is compiled (Rust) and run, for several variants;
- a fence `python proof` or `rust proof`: what it prints *answers the question*, and must be graded fully right. The
  value of a Python proof's last line is printed as in a notebook; a choice is answered by an option's id or text,
  one a line; an ordering by the steps in order; a matching by `left -> right` lines. With variants, `shown` holds the
  values that were drawn;
- variants: twenty are drawn; each must fill in every `{{name}}`, and its own key must be graded right;
- a Parsons problem: arranged, it parses (Python) or compiles (Rust). A `rust proof` holds what it needs around it, and
  where that has a `main`, the program runs and must end well;
- a task: see `course.tasks.proving`.

Authors' programs are trusted, as the course's own code is; they run in a child process with a time limit.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.errors import CannotGrade, CannotWrite, CourseError, RustMissing, UnreadableResponse
from course.files import write_whole
from course.quiz import variants
from course.quiz.grade import grade
from course.quiz.lint import Finding
from course.quiz.model import Item, Matching, Ordering, Output, Parsons, Proof, Quiz, SeveralChoice, SingleChoice, Task
from course.quiz.questions import TYPES
from course.quiz.questions._text import normalised
from course.quiz.questions.output import as_printed
from course.quiz.questions.parsons import STEP

__all__ = ["Proofs", "Run", "prove", "run_python", "run_rust"]

SECONDS = 20.0  # one compile or one run
DRAWN = 20  # variants tried of each item
RUN = 3  # …of which so many are compiled and run
ARRANGED = "// the arranged lines"  # in a proof: where they go; without it they come first
_FORMAT = 1  # of cached results


@dataclass(frozen=True)
class Run:
    """What became of a program: did it compile, with which codes; what it printed, and how it ended."""

    compiles: bool
    codes: tuple[str, ...] = ()
    printed: str = ""
    ended: int = 0
    said: str = ""  # the compiler's or the interpreter's message

    @property
    def last_words(self) -> str:
        """The last line of what the compiler or interpreter said."""
        lines = [line for line in self.said.splitlines() if line.strip()]
        return lines[-1][:200] if lines else f"exit code {self.ended}"


@dataclass
class Proofs:
    """What proving found: how many keys agree, which have drifted, and what could not be run here."""

    proved: int = 0
    drifted: list[Finding] = field(default_factory=list)
    not_proved: list[Finding] = field(default_factory=list)

    def __iadd__(self, other: Proofs) -> Proofs:
        self.proved += other.proved
        self.drifted += other.drifted
        self.not_proved += other.not_proved
        return self


def prove(quizzes: Iterable[Quiz], *, workers: int | None = None) -> Proofs:
    """Prove every key of these quizzes that can be proved; programs run side by side, results are remembered."""
    jobs = [job for quiz in quizzes for item in quiz.items if item.keyed for job in _jobs(quiz, item)]
    total = Proofs()
    with ThreadPoolExecutor(workers or os.cpu_count() or 2) as pool:
        for found in pool.map(lambda job: job(), jobs):
            total += found
    return total


Job = Callable[[], Proofs]


def _jobs(quiz: Quiz, item: Item) -> list[Job]:
    """Return what is to be done for an item; jobs are independent of each other."""
    jobs: list[Job] = []
    if isinstance(item, Parsons):
        jobs.append(functools.partial(_parses if item.language == "python" else _compiles, quiz, item))
    if isinstance(item, Task):
        jobs.append(functools.partial(_task, quiz, item))
    if item.variant is None:
        cases: list[dict[str, Any] | None] = [None]
    else:
        checked, cases = _drawn(quiz, item)
        jobs.append(lambda: checked)
        cases = cases[:RUN]
    for shown in cases:
        if isinstance(item, Output):
            jobs.append(functools.partial(_output, quiz, item, shown))
        if item.proof is not None and not isinstance(item, Parsons):
            jobs.append(functools.partial(_proof, quiz, item, item.proof, shown))
    return jobs


def _place(quiz: Quiz, line: int) -> str:
    return f"{quiz.path}:{line}:1"


def _drift(quiz: Quiz, line: int, message: str, help: str) -> Proofs:
    return Proofs(drifted=[Finding("drifted", _place(quiz, line), message, help)])


# -- one item


def _arranged(item: Parsons) -> str:
    text = {line.id: line.text for line in item.lines}
    return "\n".join(" " * STEP * level + text[id] for id, level in item.solution or ())


def _parses(quiz: Quiz, item: Parsons) -> Proofs:
    try:
        ast.parse(_arranged(item))
    except SyntaxError as bad:
        message = f"#{item.id}: the arranged program does not parse: {bad.msg}, its line {bad.lineno}"
        return _drift(quiz, item.line, message, "mend the program")
    return Proofs(proved=1)


def _compiles(quiz: Quiz, item: Parsons) -> Proofs:
    arranged, around = _arranged(item), item.proof.code if item.proof else ""
    program = around.replace(ARRANGED, arranged, 1) if ARRANGED in around else f"{arranged}\n\n{around}"
    try:
        run = run_rust(program, compile_only="fn main" not in program)
    except CourseError as error:
        return _not_here(quiz, item, error)
    if not run.compiles:
        said = ", ".join((*run.codes, run.last_words))
        message = f"#{item.id}: the arranged program does not compile: {said}"
        return _drift(quiz, item.line, message, "mend it; what it needs around it stands in a fence `rust proof`")
    if run.ended != 0:
        message = f"#{item.id}: the arranged program ended with exit code {run.ended}: {run.last_words}"
        return _drift(quiz, item.line, message, "mend the program or the proof")
    return Proofs(proved=1)


def _task(quiz: Quiz, item: Task) -> Proofs:
    from course.tasks.proving import prove_task

    return Proofs(*prove_task(quiz, item))


def _drawn(quiz: Quiz, item: Item) -> tuple[Proofs, list[dict[str, Any] | None]]:
    """Draw variants, and check of each that it is whole and that its own key is right."""
    cases: list[dict[str, Any] | None] = []
    line = item.variant.line if item.variant else item.line
    for n in range(DRAWN):
        try:
            shown = variants.shown_values(item, learner="proof", n=n) or {}
            if variants.shown_values(item, learner="proof", n=n) != shown:
                message = f"#{item.id}: variant(rng) gives different values for the same seed"
                return _drift(quiz, line, message, "draw everything from rng"), []
            stem = variants.fill_stem(item, shown)
            seen = [stem.title, stem.body, *(hint.text for hint in stem.hints), *_texts(stem)]
            if missing := {name for text in seen for name in variants.names_in(text)}:
                message = f"#{item.id}: variant(rng) does not say what {{{{{min(missing)}}}}} is"
                return _drift(quiz, line, message, f"return a value for {min(missing)!r}"), []
            filled = variants.fill_key(item, shown)
            kind = TYPES[item.type]
            answer = kind.answer(filled)
            if answer and (missing := variants.names_in(json.dumps(answer) + filled.explanation)):
                message = f"#{item.id}: neither variant nor key says what {{{{{min(missing)}}}}} is"
                return _drift(quiz, line, message, f"return a value for {min(missing)!r}"), []
            if answer and grade(item, answer, shown=shown).verdict != "right":
                message = f"#{item.id}: with {shown} the key itself is not graded right: {answer}"
                return _drift(quiz, line, message, "mend key(shown), or the tolerance"), []
        except (CannotGrade, UnreadableResponse) as error:
            return _drift(quiz, line, f"#{item.id}: {error.message}", error.help or "mend the fence"), []
        cases.append(shown)
    return Proofs(proved=1), cases


def _texts(item: Item) -> list[str]:
    if isinstance(item, SingleChoice | SeveralChoice | Ordering):
        return [option.text for option in item.options]
    if isinstance(item, Matching):
        return [option.text for option in (*item.left, *item.right)]
    return []


def _output(quiz: Quiz, item: Output, shown: dict[str, Any] | None) -> Proofs:
    filled = variants.fill_key(item, shown)
    assert isinstance(filled, Output)
    try:
        run = (run_rust if item.language == "rust" else run_python)(filled.code)
    except CourseError as error:
        return _not_here(quiz, item, error)
    note = f" (with {shown})" if shown else ""
    line = item.code_line or item.line
    if filled.error is not None:
        if run.compiles:
            return _drift(quiz, line, f"#{item.id}: the key says it does not compile, but it does{note}", "mend one")
        if filled.error and filled.error not in run.codes:
            stated, computed = filled.error, ", ".join(run.codes) or "no code"
            message = f"#{item.id}: the key says {stated}, the compiler says {computed}{note}"
            return _drift(quiz, line, message, f"write `= does not compile: {run.codes[0] if run.codes else ''}`")
        return Proofs(proved=1)
    if not run.compiles:
        codes = ", ".join(run.codes) or run.last_words
        message = f"#{item.id}: the key says it runs, but it does not compile: {codes}{note}"
        return _drift(quiz, line, message, "mend the program or the key")
    if run.ended != 0:
        message = f"#{item.id}: the program ended with exit code {run.ended}: {run.last_words}{note}"
        return _drift(quiz, line, message, "mend the program")
    if as_printed(run.printed) != filled.prints:
        message = f"#{item.id}: the key says it prints {filled.prints!r}, it prints {as_printed(run.printed)!r}{note}"
        return _drift(quiz, line, message, "mend the fence `text output`")
    return Proofs(proved=1)


def _not_here(quiz: Quiz, item: Item, error: CourseError) -> Proofs:
    finding = Finding("not-proved", _place(quiz, item.line), f"#{item.id}: {error.message}", error.help)
    return Proofs(not_proved=[finding])


def _proof(quiz: Quiz, item: Item, proof: Proof, shown: dict[str, Any] | None) -> Proofs:
    given = dict(shown or {})
    try:
        if proof.language == "rust":
            run = run_rust(variants.substitute(proof.code, given))
        else:
            run = run_python(f"shown = {given!r}\n" + _printing(proof.code) if shown else _printing(proof.code))
    except CourseError as error:
        return _not_here(quiz, item, error)
    line = proof.line or item.line
    if not run.compiles or run.ended != 0:
        said = ", ".join(run.codes) or run.last_words
        return _drift(quiz, line, f"#{item.id}: the proof does not run: {said}", "mend the proof")
    filled = variants.fill_key(item, shown)
    kind = TYPES[item.type]
    note = f" (with {shown})" if shown else ""
    stated = " ".join(kind.answer_text(filled).split())
    computed = as_printed(run.printed)
    try:
        right = grade(item, _response(filled, computed), shown=shown).verdict == "right"
    except (UnreadableResponse, CannotGrade) as error:
        message = f"#{item.id}: the proof computes {computed!r}, which does not answer the question: {error.message}"
        return _drift(quiz, line, message + note, "see `Proofs` in docs/quiz-files.md")
    if right:
        return Proofs(proved=1)
    message = f"#{item.id}: the proof computes {computed!r}, the key says {stated!r}{note}"
    return _drift(quiz, line, message, "mend the key, or the proof")


def _response(item: Item, printed: str) -> dict[str, Any]:
    """Return the response that a proof's output means."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    if isinstance(item, SingleChoice | SeveralChoice):
        return {"options": [_named(item.options, line) for line in lines]}
    if isinstance(item, Ordering):
        return {"order": [_named(item.options, line) for line in lines]}
    if isinstance(item, Matching):
        pairs = (line.partition("->") for line in lines)
        return {"pairs": {_named(item.left, a.strip()): _named(item.right, b.strip()) for a, _, b in pairs}}
    if isinstance(item, Output):
        return {"text": printed}
    if item.type in ("number", "short"):
        return {"text": lines[-1] if lines else ""}
    raise CannotGrade(f"a proof cannot answer an item of type {item.type}")


def _named(options: Iterable[Any], text: str) -> str:
    wanted = normalised(text.replace("`", ""))
    for option in options:
        if text == option.id or wanted == normalised(option.text.replace("`", "")):
            return str(option.id)
    return text


def _printing(code: str) -> str:
    """Return Python source that prints the value of its last line (of a list: one entry a line), as notebooks do."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return code  # the interpreter says what is wrong with it
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return code
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    if isinstance(last.value, ast.Call) and getattr(last.value.func, "id", "") == "print":
        return code
    value = ast.unparse(last.value)
    shown = "print(*_, sep='\\n') if isinstance(_, (list, tuple, set)) else print(_)"
    return f"{ast.unparse(tree)}\n_ = {value}\n{shown}\n"


# -- programs


def _remembered(key: str, compute: Callable[[], Run]) -> Run:
    """Return a program's result from the cache, or compute and keep it. A damaged entry is computed again."""
    from course.rust.places import cache_root

    path = cache_root() / "proofs" / f"{hashlib.sha256(f'{_FORMAT} {key}'.encode()).hexdigest()}.json"
    try:
        data = json.loads(path.read_text("utf-8"))
        return Run(**{**data, "codes": tuple(data["codes"])})
    except (OSError, ValueError, TypeError, KeyError):
        run = compute()
    with contextlib.suppress(CannotWrite):  # a cache that cannot be written only costs time
        write_whole(path, json.dumps({**run.__dict__, "codes": list(run.codes)}))
    return run


def _child(command: list[str], folder: str, what: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise CourseError(f"{what} took more than {SECONDS:g} seconds", help="make it shorter") from None
    except OSError as error:
        raise CourseError(f"{what} did not start: {error.strerror}", help="course doctor") from None


def run_python(code: str) -> Run:
    """Run a Python program with this interpreter in an empty folder."""

    def compute() -> Run:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "program.py")
            program.write_text(code, "utf-8")
            done = _child([sys.executable, "-I", "-X", "utf8", str(program)], folder, "the program")
        return Run(True, (), done.stdout, done.returncode, done.stderr[-2000:])

    # Another NumPy may print another thing: what is installed is part of the question.
    import numpy as np

    return _remembered(f"python {sys.version} numpy {np.__version__}\n{code}", compute)


def whole_program(code: str) -> str:
    """Return a snippet as a program: as it is where it has a `main`, else as the body of one."""
    return code if re.search(r"\bfn\s+main\s*\(", code) else f"fn main() {{\n{code}\n}}\n"


def run_rust(code: str, *, compile_only: bool = False) -> Run:
    """Compile a Rust program, and run it where it compiles; crates that cells may use are there.

    compile_only: only find out whether it compiles.

    Raises:
        RustMissing: there is no compiler here.
        CourseError: it takes too long, or uses crates that are not built.
    """
    from course.rust import crates, toolchain

    found = toolchain.find()
    program = whole_program(code)
    named = set(re.findall(r"\b([a-z][a-z0-9_]*)\s*::", program)) - {"std", "core", "alloc", "crate", "self", "super"}
    arguments = ["--edition", "2024", "--crate-name", "program", "--error-format", "json"]
    stamp = found.version
    if named & _workspace_crates():
        if not crates.ready():
            raise RustMissing("it uses crates that are not built yet", help="course cache build")
        built = crates.ensure()
        if "tch" in named and "tch" not in built.names:
            raise RustMissing("it uses tch, which is not built here", help="course cache build --torch")
        if uses := named & built.names:
            arguments += built.rustc_args(set(uses))
            stamp += f" {built.key}"

    if compile_only:
        arguments += ["--emit", "metadata"]
        stamp += " compile only"

    def compute() -> Run:
        with tempfile.TemporaryDirectory() as folder:
            source, binary = Path(folder, "program.rs"), Path(folder, "program")
            source.write_text(program, "utf-8")
            done = _child([str(found.rustc), *arguments, "-o", str(binary), str(source)], folder, "the compiler")
            if done.returncode != 0:
                codes, said = _diagnosed(done.stderr)
                return Run(False, codes, "", done.returncode, said)
            if compile_only:
                return Run(True)
            ran = _child([str(binary)], folder, "the program")
            return Run(True, (), ran.stdout, ran.returncode, ran.stderr[-2000:])

    return _remembered(f"rust {stamp}\n{program}", compute)


def _workspace_crates() -> frozenset[str]:
    return frozenset(
        {"ndarray", "linfa", "rustlearn", "smartcore", "rayon", "rand", "rand_xoshiro", "csv", "serde", "tch"}
        | {f"linfa_{part}" for part in ("clustering", "logistic", "linear", "trees", "preprocessing", "svm", "nn")}
        | {f"linfa_{part}" for part in ("reduction", "bayes", "elasticnet", "tsne", "ensemble", "datasets", "ica")}
    )


def _diagnosed(stderr: str) -> tuple[tuple[str, ...], str]:
    """Return the codes of the errors that the compiler reported, each once, and its first message."""
    codes: dict[str, None] = {}
    said = ""
    for line in stderr.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            said = said or line
            continue
        if message.get("level") == "error":
            code = (message.get("code") or {}).get("code")
            if code:
                codes[code] = None
            said = said or str(message.get("message", ""))
    return tuple(codes), said
