"""Put the course's content into the wheel: built notebooks, recordings, quizzes as learner banks, solutions.

The sources of chapters and the Markdown of quizzes stay out: the solutions and keys of graded items are in them. The
solutions of practice tasks go in by themselves, for `solution(…)`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ContentHook(BuildHookInterface):
    """Strip the quizzes and name what goes under `course/content/`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add content to a standard wheel; a clone, installed in place, reads its own folders."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        try:
            from course.quiz.parse import load
            from course.quiz.strip import strip
            from course.tasks.solutions import solutions_in
        finally:
            sys.path.remove(str(root))
        into = build_data["force_include"]
        for path in sorted((root / "notebooks").glob("*.ipynb")):
            into[str(path)] = f"course/content/notebooks/{path.name}"
        for folder in ("recorded", "figures"):
            for path in sorted((root / "notebooks" / folder).glob("*")):
                into[str(path)] = f"course/content/notebooks/{folder}/{path.name}"
        self.stripped = tempfile.TemporaryDirectory()
        for path in sorted((root / "quizzes").glob("*.md")):
            bank = Path(self.stripped.name) / f"{path.stem}.json"
            quiz = load(path)
            bank.write_text(strip(quiz), "utf-8")
            into[str(bank)] = f"course/content/quizzes/{bank.name}"
            source = root / "notebooks" / "src" / f"{path.stem}.md"
            practice = {item.id for item in quiz.items if item.type == "task" and item.mode == "practice"}
            found = solutions_in(source.read_text("utf-8")) if source.is_file() and practice else {}
            if shipped := {slug: list(solution) for slug, solution in found.items() if slug in practice}:
                solutions = Path(self.stripped.name) / f"{path.stem}-solutions.json"
                solutions.write_text(json.dumps(shipped, ensure_ascii=False, sort_keys=True, indent=1) + "\n", "utf-8")
                into[str(solutions)] = f"course/content/solutions/{path.stem}.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the stripped quizzes again."""
        if version != "editable":
            self.stripped.cleanup()
