"""Tested Rust shown in prose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course.chapters import Course
from course.errors import UnknownName
from course.rust import show
from course.rust.asm import demangle, functions_in

SOURCE = """//! The file.

use std::fmt;

/// Twice.
/// As much.
#[inline]
pub fn twice(x: f64) -> f64 {
    x * 2.0 // "two"
}

// A remark that belongs to nothing.

struct Point(f64);

impl Point {
    /// Its length.
    fn length(&self) -> f64 {
        self.0.abs()
    }
}

mod inner {
    pub fn deep() {}
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a" / "src").mkdir(parents=True)
    (tmp_path / "a" / "src" / "points.rs").write_text(SOURCE)
    monkeypatch.setattr(show, "FOLDERS", [tmp_path])
    return tmp_path


def test_a_function_is_shown_with_what_stands_above_it(folder: Path) -> None:
    text = show.show_rust("points.rs", "twice").text
    assert text == '/// Twice.\n/// As much.\n#[inline]\npub fn twice(x: f64) -> f64 {\n    x * 2.0 // "two"\n}\n'


def test_a_remark_apart_does_not_belong_to_an_item(folder: Path) -> None:
    assert show.show_rust("src/points.rs", "Point").text == "struct Point(f64);\n"


def test_methods_and_inner_functions_are_found_and_dedented(folder: Path) -> None:
    method = show.show_rust("points.rs", "Point::length").text
    assert method == "/// Its length.\nfn length(&self) -> f64 {\n    self.0.abs()\n}\n"
    assert show.show_rust("points.rs", "deep").text == "pub fn deep() {}\n"


def test_without_an_item_the_whole_file_is_shown(folder: Path) -> None:
    assert show.show_rust("points.rs").text == SOURCE


def test_html_loses_no_character_and_markdown_is_a_fence(folder: Path) -> None:
    listing = show.show_rust("points.rs", "twice")
    bundle = listing._repr_mimebundle_()
    body = re.sub(r"<[^>]+>", "", re.search(r"<code>(.*)</code>", bundle["text/html"], re.DOTALL)[1])  # type: ignore[index]
    assert body.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&") == listing.text
    assert bundle["text/markdown"].startswith("```rust\n/// Twice.")
    assert '<span class="k">fn</span>' in bundle["text/html"]


@pytest.mark.parametrize(
    ("file", "item", "help"),
    [("pionts.rs", "twice", "points.rs"), ("points.rs", "twise", "twice"), ("points.rs", "length", "Point::length")],
)
def test_a_name_that_does_not_exist_is_answered_with_the_nearest(folder: Path, file: str, item: str, help: str) -> None:
    with pytest.raises(UnknownName) as caught:
        show.show_rust(file, item)
    assert help in caught.value.help


def test_every_public_function_of_the_lessons_is_shown_in_a_chapter() -> None:
    lessons = Path(show.__file__).parent / "crates" / "lessons" / "src"
    chapters = "".join(chapter.source.read_text("utf-8") for chapter in Course.find().chapters())
    for path in lessons.glob("*.rs"):
        for name in re.findall(r"^pub fn (\w+)", path.read_text("utf-8"), re.MULTILINE):
            assert f'show_rust("{path.name}", "{name}")' in chapters
            assert f"fn {name}" in show.show_rust(path.name, name).text


def test_mangled_names_are_read() -> None:
    assert demangle("_RNvCs1a2b3c_4cell5twice") == "cell::twice"
    assert demangle("main") == "main"


def test_functions_are_cut_out_of_assembly_without_directives_and_idle_labels() -> None:
    text = (
        "\t.text\n_RNvCs1_4cell5twice:\n\t.cfi_startproc\n\taddsd\t%xmm0, %xmm0\n.LBB0_1:\n\tretq\n.Lfunc_end0:\n"
        "\t.size\t_RNvCs1_4cell5twice, .Lfunc_end0-x\n"
    )
    assert functions_in(text) == {"twice": "cell::twice:\n\taddsd\t%xmm0, %xmm0\n\tretq\n"}
