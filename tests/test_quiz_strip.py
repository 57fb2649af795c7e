"""The learner bank: nothing that tells the key of a graded item is in it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from course.errors import CannotGrade
from course.quiz import bank, grade, load, parse, shown_values, view
from course.quiz.schema import complaint
from course.quiz.strip import strip

SOURCE = Path(__file__).parent / "fixtures" / "quizzes" / "every-type.md"


def test_no_canary_of_a_graded_item_is_in_the_learner_bank() -> None:
    source = SOURCE.read_text("utf-8")
    assert source.count("CANARY") > 20
    text = strip(parse(source, path="every-type.md"))
    assert "CANARY" not in text.replace("CANARY-NOT-A-KEY", "")
    assert "CANARY-NOT-A-KEY" in text


def test_no_hash_of_a_key_is_in_the_learner_bank() -> None:
    text = strip(load(SOURCE))
    keys = re.findall(r"CANARY[^\"`|{}>\n]*", SOURCE.read_text("utf-8").replace("CANARY-NOT-A-KEY", ""))
    for key in {k.strip() for k in keys} | {"borrows", "42", "E0382", "424.242 +- 1%"}:
        for name in ("md5", "sha1", "sha256", "blake2b"):
            assert hashlib.new(name, key.encode()).hexdigest()[:8] not in text, key


@pytest.mark.parametrize("key", ["424.242", "E0382", "#distractor", "total", "reference"])
def test_keys_that_are_no_canaries_are_gone_too(key: str) -> None:
    # `total` stands in the stem of the Parsons problem; the key's template is what must not.
    text = strip(load(SOURCE))
    assert key not in text.replace("total = sum(xs)", "").replace("return total", "")


def test_options_are_sorted_by_id_so_that_their_order_tells_nothing() -> None:
    data = json.loads(strip(load(SOURCE)))
    for section in data["sections"]:
        for item in section["questions"]:
            for name in ("options", "left", "right", "lines"):
                ids = [option["id"] for option in item.get(name, [])]
                assert ids == sorted(ids)


def test_where_the_key_stands_in_the_file_changes_nothing() -> None:
    text = "### Q {#q mode=graded}\n\n- [x] a {#a}\n- [ ] b {#b}\n- [ ] c {#c}\n"
    for other in ("- [ ] b {#b}\n- [x] a {#a}\n- [ ] c {#c}\n", "- [x] b {#b}\n- [ ] c {#c}\n- [ ] a {#a}\n"):
        assert strip(parse(text)) == strip(parse(text[: text.index("- [x]")] + other))


def test_the_order_of_steps_changes_nothing() -> None:
    head = "### Q {#q mode=graded}\n\n"
    assert strip(parse(head + "1. a\n2. b\n3. c\n")) == strip(parse(head + "1. c\n2. a\n3. b\n"))


def test_practice_items_keep_their_keys() -> None:
    text = SOURCE.read_text("utf-8").replace("mode: graded", "mode: practice")
    data = json.loads(strip(parse(text, path="every-type.md")))
    item = data["sections"][0]["questions"][0]
    assert item["options"][1]["correct"] is True
    assert item["explanation"] == "CANARY explanation one"


def test_a_learner_bank_is_canonical_and_fits_its_schema() -> None:
    text = strip(load(SOURCE))
    assert text == strip(load(SOURCE))
    assert complaint("quiz", json.loads(text)) is None


def test_a_learner_bank_is_read_shown_and_not_graded(tmp_path: Path) -> None:
    path = tmp_path / "every-type.json"
    path.write_text(strip(load(SOURCE)), "utf-8")
    quiz = bank.read(path)
    full = load(SOURCE)
    for item in quiz.items:
        shown = shown_values(item, learner="ada")
        assert shown == shown_values(full.item(item.id), learner="ada")
        seen, whole = view(item, shown=shown), view(full.item(item.id), shown=shown)
        if item.type == "matching":
            for each in (seen, whole):
                each["left"].sort(key=lambda option: option["id"])
        assert {**seen, "keyed": True} == whole
        with pytest.raises(CannotGrade, match="is not in this bank"):
            grade(item, {"options": ["borrows"]}, shown=shown)


def test_stripping_a_learner_bank_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "every-type.json"
    path.write_text(strip(load(SOURCE)), "utf-8")
    assert strip(bank.read(path)) == path.read_text("utf-8")
