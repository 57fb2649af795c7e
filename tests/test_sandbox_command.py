"""What a worker is given before it starts."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from course.grading.sandbox import command


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that nobody has imported yet, where Python finds it."""
    place = tmp_path / "warmed_first" / "deeper"
    place.mkdir(parents=True)
    (place.parent / "__init__.py").write_text("")
    (place / "__init__.py").write_text("loaded = True\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    return place


def test_what_a_worker_imports_has_its_bytecode_even_where_the_environment_forbids_it(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    command.prepare("run", ("warmed_first.deeper", "not_installed_anywhere"))

    assert Path(importlib.util.cache_from_source(str(package / "__init__.py"))).exists()


def test_packages_with_bytecode_are_not_imported_to_make_it(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package / "__init__.py").write_text(f"open({str(package / 'imported')!r}, 'a').write('x')\n")
    command.prepare("run", ("warmed_first.deeper",))
    command._write_bytecode.cache_clear()

    command.prepare("run", ("warmed_first.deeper",))

    assert (package / "imported").read_text() == "x"
