"""cargo, run from a notebook."""

from __future__ import annotations

import pytest

from course.errors import CourseError, RustMissing
from course.rust import toolchain
from course.rust.project import cargo, run_project


def project(folder, main):
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text('[package]\nname = "small"\nversion = "0.1.0"\nedition = "2024"\n')
    (folder / "src" / "main.rs").write_text(main)
    return folder


@pytest.mark.needs("rust")
def test_cargo_runs_a_project_and_shows_what_it_prints(tmp_path, capsys):
    cargo("run", "--quiet", folder=project(tmp_path, 'fn main() { println!("4 penguins"); }'))

    assert capsys.readouterr().out == "4 penguins\n"


@pytest.mark.needs("rust")
def test_a_project_that_fails_is_an_error_below_what_it_said(tmp_path, capsys):
    with pytest.raises(CourseError, match="cargo run ended with exit code 101"):
        cargo("run", "--quiet", folder=project(tmp_path, "fn main() { let x = 1; x = 2; }"))

    assert "E0384" in capsys.readouterr().out


@pytest.mark.needs("rust")
def test_a_project_of_files_is_made_run_and_removed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    main = 'fn main() { print!("{}", include_str!("birds.txt")); }'
    run_project("birds", {"src/main.rs": main, "src/birds.txt": "4 pingüinos\n"})

    shown = capsys.readouterr().out
    assert shown.startswith('$ cargo new --quiet --vcs=none birds\n\nbirds/Cargo.toml:\n[package]\nname = "birds"\n')
    assert "[dependencies]\n\n$ cargo run --quiet --release\n4 pingüinos\n\nbirds/target/release/birds: " in shown
    assert shown.endswith(" kB\n")
    assert list(tmp_path.iterdir()) == []


def test_without_rust_cargo_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    toolchain.forget()

    with pytest.raises(RustMissing):
        cargo("--version", folder=tmp_path)
