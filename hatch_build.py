"""Put the course's content into the wheel: built notebooks, recordings, and quizzes as learner banks.

The sources of chapters and the Markdown of quizzes stay out: solutions and the keys of graded items are in them.
"""

from __future__ import annotations

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
            bank.write_text(strip(load(path)), "utf-8")
            into[str(bank)] = f"course/content/quizzes/{bank.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the stripped quizzes again."""
        if version != "editable":
            self.stripped.cleanup()
