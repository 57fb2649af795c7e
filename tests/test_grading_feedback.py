"""`course feedback`: what a learner's page says, what it must never hold, and when it is written."""

from __future__ import annotations

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from nbgrader.api import Gradebook as Book

from course.cli import main
from course.errors import CourseError, UnknownName
from course.grading.batch import grade_class
from course.grading.classfolder import ClassFolder
from course.grading.engine import Options
from course.grading.feedback import Made, feedback
from course.grading.release import release
from tests.nbgrader.classroom import NAME, Classroom, answered, at, attempt, coded, make_course

pytestmark = pytest.mark.needs("sandbox")

ROOT = Path(__file__).parents[1]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
HOSTILE = '</p></section><script>fetch("https://example.org")</script><img src=x onerror=alert(1)>'
HIDDEN = ("4321", "8642")


class Class(Classroom):
    """A graded class and its pages."""

    @property
    def open(self) -> ClassFolder:
        return ClassFolder.open(self.folder)

    def grade(self) -> None:
        grade_class(self.open, [NAME], options=Options(workers=1))

    def feedback(self, **more: Any) -> Made:
        return feedback(self.open, [NAME], **more)

    def page(self, learner: str) -> str:
        return self.path("feedback", learner, "html").read_text("utf-8")

    def again(self, learner: str, notebook: dict[str, Any]) -> None:
        shutil.rmtree(self.folder / "submitted" / learner)
        self.hand_in(learner, notebook)


def _essay(notebook: dict[str, Any], text: str) -> dict[str, Any]:
    notebook["cells"][at(notebook, "why-rust")]["source"] = text
    return notebook


def _output(**data: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {k.replace("_", "/"): v for k, v in data.items()}, "metadata": {}}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class with somebody of each sort, graded: what tests change is a copy of it."""
    folder = tmp_path_factory.mktemp("feedback")
    course, bank = make_course(folder)
    release(folder / "class", course, (), banks=[bank])
    room = Class(folder / "class")
    ada = coded(answered(room, room.right("ada")), "return 2 * x")
    room.hand_in("ada", _essay(ada, "It gives memory safety, and it is as fast as C."))
    bob = coded(answered(room, room.partly("bob")), "return x if x[0] > 2 else 2 * x")
    plot = {"cell_type": "code", "id": "p", "metadata": {}, "source": "plot()", "execution_count": 1}
    outputs = [
        _output(image_png=PNG, text_html="<script>steal()</script>"),
        _output(text_html=f'<img src="data:image/png;base64,{PNG}" alt="{HOSTILE[:4]}&quot; onload=steal()">'),
        _output(text_html="<iframe src='https://example.org'></iframe>"),
    ]
    bob["cells"].append(plot | {"outputs": outputs})
    room.hand_in("bob", bob)
    log = [
        attempt("owns", {"options": ["view"]}, HOSTILE),
        attempt("sum", {"text": HOSTILE}, HOSTILE),
        attempt("borrow", {"options": [HOSTILE]}, HOSTILE),
    ]
    mal = coded(answered(room, log), f"return '''{HOSTILE}'''")
    mal["cells"].insert(0, mal["cells"][at(mal, "twice")] | {"id": "copy", "source": HOSTILE})
    room.hand_in("mal", _essay(mal, HOSTILE))
    room.hand_in("eve", room.released())
    room.path("submitted", "torn").parent.mkdir(parents=True)
    room.path("submitted", "torn").write_text("{")
    room.grade()
    room.feedback()
    return folder


@pytest.fixture
def room(graded: Path, tmp_path: Path) -> Class:
    shutil.copytree(graded / "class", tmp_path / "class")
    return Class(tmp_path / "class")


@pytest.fixture(scope="module")
def pages(graded: Path) -> dict[str, str]:
    room = Class(graded / "class")
    return {name: room.page(name) for name in ("ada", "bob", "mal", "eve", "torn")}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("code", "span", "bdi", "strong"):
            self.text.append(" ")

    def handle_data(self, data: str) -> None:
        self.text.append(data if self.lasttag != "style" or data.isspace() else "")


def read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


def words(page: str) -> str:
    """Return what is to be read in a page, on one line."""
    return " ".join("".join(read(page).text).split())


# ---- what it says ----


def test_a_page_says_what_was_answered_what_it_earned_and_why(pages: dict[str, str]):
    said = words(pages["bob"])

    assert "5 of 14 points" in said
    assert "`" not in said
    assert re.search(
        r"Which one owns its memory\? .*Array1 your answer, right CANARY-FEEDBACK .*✓ right 2 of 2 points", said
    )
    assert re.search(r"Which of these borrow\? .*a\.view\(\) your answer, right .*◐ partly right 2 of 4 points", said)
    assert "Your answer 0 ✗ not right 0 of 1 point" in said
    assert "return x if x[0] > 2 else 2 * x" in said
    assert "◐ partly right" in said
    assert "✓ passes twice([1, 2]) [2, 4] as expected" in said
    assert "0 of 1 hidden cases pass" in said
    assert "The cases shown pass, but not every hidden one" in said


def test_what_was_not_answered_is_said(pages: dict[str, str]):
    said = words(pages["eve"])

    assert "0 of 14 points" in said
    assert said.count("– no answer") >= 3
    assert "Nothing was written for it." in said


def test_an_essay_is_not_marked_until_a_person_has(pages: dict[str, str], room: Class):
    said = words(pages["ada"])
    assert "10 of 10 points so far (4 more to be marked by a person)" in said
    assert "… not marked yet A person marks it." in said
    assert "It gives memory safety, and it is as fast as C." in said
    assert "Provisional" not in said

    with Book(room.open.gradebook_url) as book:
        grade = book.find_grade("why-rust", NAME, NAME, "ada")
        grade.manual_score, grade.needs_manual_grade = 3.5, False
        book.find_comment("why-rust", NAME, NAME, "ada").manual_comment = "Say <why> C is not safe."
        book.db.commit()
    room.feedback()

    said = words(room.page("ada"))
    assert "13.5 of 14 points" in said
    assert "✎ marked 3.5 of 4 points" in said
    assert "From your instructor Say <why> C is not safe." in said


def test_what_a_person_gave_stands_in_the_page(room: Class):
    with Book(room.open.gradebook_url) as book:
        grade = book.find_grade("quiz-views", NAME, NAME, "bob")
        grade.manual_score, grade.extra_credit = 6.5, 0.5
        book.find_comment("twice", NAME, NAME, "bob").manual_comment = "see me"
        book.find_submission_notebook(NAME, NAME, "bob").late_submission_penalty = 3.0
        book.db.commit()

    made = room.feedback()

    said = words(room.page("bob"))
    assert (made.written, made.unchanged) == (1, 4)
    assert "A person gave 6.5 in place of 4. 0.5 extra were given." in said
    assert "From your instructor see me" in said
    assert "5 of 14 points (3 taken off for being late)" in said


def test_what_could_not_be_graded_has_a_page_that_says_why(pages: dict[str, str], room: Class):
    said = words(pages["torn"])
    assert "What you handed in could not be graded The notebook is not JSON" in said
    assert "No points yet" in said

    room.path("submitted", "bob").write_text("{")
    room.grade()
    room.feedback()

    said = words(room.page("bob"))
    assert "The points below are those of your earlier submission." in said
    assert "5 of 14 points" in said


def test_figures_are_shown_as_images_with_a_description(pages: dict[str, str]):
    images = [own for tag, own in read(pages["bob"]).tags if tag == "img"]

    assert [own["src"] for own in images] == [f"data:image/png;base64,{PNG}"] * 2
    assert images[0]["alt"] == "Figure 1 of your notebook; it was saved without a description"
    assert images[1]["alt"] == f'{HOSTILE[:4]}" onload=steal()'
    assert set(images[1]) == {"src", "alt"}


# ---- what it must never hold ----


@pytest.mark.parametrize("learner", ["ada", "bob", "mal", "eve", "torn"])
def test_no_key_and_no_hidden_case_is_in_a_page(pages: dict[str, str], learner: str):
    text = pages[learner]
    chosen = {"CANARY-FEEDBACK"} if learner in ("ada", "bob") else set()

    assert set(re.findall(r"CANARY-[A-Z-]+|canary\w*", text)) == chosen
    for value in HIDDEN:
        assert value not in text
    for other in {"ada", "bob", "eve", "torn"} - {learner}:
        assert not re.search(rf"\b{other}\b", text)


def test_with_keys_the_page_has_answers_explanations_hidden_cases_and_the_rubric(room: Class):
    room.feedback(keys=True)

    bob, ada = words(room.page("bob")), words(room.page("ada"))
    for canary in ("EXPLANATION-OWNS", "EXPLANATION-BORROW", "EXPLANATION-SUM", "FEEDBACK"):
        assert f"CANARY-{canary}" in bob
    assert "a.slice(s![..]) right, and not chosen" in bob
    assert HIDDEN[0] in bob
    assert HIDDEN[1] in bob
    assert "names memory safety 2 “memory safety”" in ada
    assert "This page holds the answers" in ada
    assert "10 of 10 points so far" in ada


@pytest.mark.parametrize("learner", ["ada", "bob", "mal", "eve", "torn"])
def test_nothing_in_a_page_runs_or_loads(pages: dict[str, str], learner: str):
    allowed = set(
        "html head meta title style body header main footer section article h1 h2 h3 p span strong small bdi code pre "
        "div ul ol li table thead tbody tr th td a figure figcaption img".split()
    )
    for tag, own in read(pages[learner]).tags:
        assert tag in allowed, tag
        assert not [name for name in own if name.startswith("on") or name in ("style", "srcset", "action")]
        assert (own.get("src") or "data:image/").startswith("data:image/")
        assert (own.get("href") or "#").startswith("#")
    policy = next(own["content"] for tag, own in read(pages[learner]).tags if own.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


def test_hostile_words_are_words(pages: dict[str, str]):
    said = words(pages["mal"])

    assert said.count('<script>fetch("https://example.org")</script>') >= 3
    assert "Feedback for mal" in said


# ---- when it is written ----


def test_the_same_class_gives_the_same_pages_and_none_is_written_again(room: Class, tmp_path: Path):
    stamp = room.path("feedback", "ada", "html").stat().st_mtime_ns

    made = room.feedback()
    elsewhere = room.feedback(out=tmp_path / "out")

    assert (made.written, made.unchanged, made.exit_code) == (0, 5, 0)
    assert room.path("feedback", "ada", "html").stat().st_mtime_ns == stamp
    assert elsewhere.written == 5
    for name in ("ada", "torn"):
        assert (tmp_path / "out" / name / f"{NAME}.html").read_text("utf-8") == room.page(name)


def test_one_learner_alone_and_one_that_is_not_there(room: Class):
    shutil.rmtree(room.folder / "feedback")

    assert room.feedback(learners=["bob"]).written == 1
    assert [path.name for path in (room.folder / "feedback").iterdir()] == ["bob"]
    with pytest.raises(UnknownName, match="bop"):
        room.feedback(learners=["bop"])


def test_who_was_not_graded_or_handed_in_again_is_named(room: Class):
    room.hand_in("new", room.released())
    room.again("ada", room.released())

    made = room.feedback()

    assert made.not_graded == [(NAME, "new")]
    assert [(name, why.partition(":")[0]) for _, name, why in made.problems] == [
        ("ada", "handed in again since it was graded")
    ]
    assert made.exit_code == 3
    assert "Another version was handed in since." in words(room.page("ada"))


def test_scores_of_an_older_key_are_not_explained_by_a_newer(room: Class):
    path = room.folder / ".course" / "banks" / f"{NAME}.json"
    path.write_text(path.read_text("utf-8").replace("CANARY-EXPLANATION-SUM", "Another."), "utf-8")
    before = room.page("bob")

    made = room.feedback()

    assert (made.written, made.unchanged) == (0, 1)  # the torn one has no scores to explain
    assert len(made.problems) == 4
    assert "the key has changed" in made.problems[0][2]
    assert room.page("bob") == before


def test_nothing_graded_is_said(graded: Path, tmp_path: Path):
    shutil.copytree(graded / "class", tmp_path / "class")
    room = Class(tmp_path / "class")
    for path in (room.folder / ".course").glob("grading.sqlite*"):
        path.unlink()

    with pytest.raises(CourseError, match="nothing has been graded yet"):
        room.feedback()


def test_nbgrader_releases_the_pages(room: Class):
    beside = room.folder / "submitted" / "ada" / NAME
    (beside / "timestamp.txt").write_text("2026-03-02 11:30:00 UTC")
    (beside / "submission_secret.txt").write_text("secret")
    shutil.rmtree(room.folder / "feedback")
    room.grade()
    room.feedback(learners=["ada"])
    exchange = room.folder.parent / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    done = room.api(
        CourseDirectory={"course_id": "spring", "root": str(room.folder), "student_id": "ada"},
        Exchange={"root": str(exchange), "path_includes_course": False},
    ).release_feedback(NAME)

    assert done["success"], done
    (page,) = (exchange / "spring" / "feedback").glob("*.html")
    assert page.read_text("utf-8") == room.page("ada")


def test_the_command_says_what_it_did_and_fits_its_schema(room: Class, capsys: pytest.CaptureFixture[str]):
    room.hand_in("new", room.released())
    schema = json.loads((ROOT / "docs/schemas/feedback.schema.json").read_text("utf-8"))

    with pytest.raises(SystemExit) as exit:
        main(["feedback", str(room.folder), "--json"])
    assert exit.value.code == 3
    Draft202012Validator(schema).validate(json.loads(capsys.readouterr().out))
    with pytest.raises(SystemExit):
        main(["feedback", str(room.folder), "--keys"])
    said = capsys.readouterr().out
    assert "pages written" in said
    assert "they hold the answers" in said
    assert f"{NAME}  new  not graded yet: course grade" in said
