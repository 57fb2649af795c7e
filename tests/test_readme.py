import re
from pathlib import Path

from course.chapters import Course

ROOT = Path(__file__).resolve().parents[1]


def test_the_readme_lists_every_chapter_with_its_title_and_minutes():
    text = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d\d) \| \[(.+?)\]\((.+?)\).*? \| (\d+) \|$", text, re.MULTILINE)

    wanted = [(c.name[:2], c.title, f"notebooks/{c.name}.ipynb", str(c.minutes)) for c in Course(ROOT).chapters()]
    assert rows == wanted


def test_the_map_names_what_exists():
    text = (ROOT / "README.md").read_text("utf-8").partition("## The map")[2].partition("\n## ")[0]
    named = [name for row in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)]

    assert len(named) >= 6
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readmes_first_screen_has_the_two_lines():
    first = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:20])

    assert "pip install uv && uv run course lab" in first
    assert "pip install uv && uv run pytest" in first
