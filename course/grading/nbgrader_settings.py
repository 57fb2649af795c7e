"""What a class's nbgrader_config.py sets: nbgrader as it is, with its traps closed.

    from course.grading.nbgrader_settings import configure

    c = get_config()
    configure(c, __file__)

Whatever the file says below that wins. Nothing of nbgrader is imported here: preprocessors are named in dotted form.
docs/instructors.md says what each setting is for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

__all__ = ["CONFIG", "configure"]

CONFIG = """\
# An ordinary nbgrader course. What the next lines set, and why: docs/instructors.md of the course.
from course.grading.nbgrader_settings import configure

c = get_config()  # noqa: F821 - nbgrader provides it
configure(c, __file__)

# Your own settings go below; `course release` never writes over this file.
"""

_OURS = "course.grading.nbgrader_plugins"
_STOCK = "nbgrader.preprocessors"

# nbgrader's own list, but that solutions are not cut a second time: a notebook the course has built has stubs in the
# language of each cell, and no solution.
GENERATE = [
    f"{_STOCK}.IncludeHeaderFooter",
    f"{_STOCK}.InstantiateTests",
    f"{_STOCK}.LockCells",
    f"{_OURS}.ClearSolutions",
    f"{_STOCK}.ClearOutput",
    f"{_STOCK}.CheckCellMetadata",
    f"{_STOCK}.ComputeChecksums",
    f"{_STOCK}.SaveCells",
    f"{_STOCK}.ClearHiddenTests",
    f"{_STOCK}.ClearMarkScheme",
    f"{_STOCK}.ComputeChecksums",
    f"{_STOCK}.CheckCellMetadata",
]

# Ours comes first: before outputs are cleared (answers may be only there) and before ids are compared.
SANITIZE = [
    f"{_OURS}.MendCells",
    f"{_STOCK}.ClearOutput",
    f"{_STOCK}.DeduplicateIds",
    f"{_STOCK}.OverwriteKernelspec",
    f"{_STOCK}.OverwriteCells",
    f"{_STOCK}.CheckCellMetadata",
]

# Ours comes after whatever a kernel may have done: points are written by the grader's own process and nobody else.
AUTOGRADE = [
    f"{_OURS}.Execute",
    f"{_OURS}.WritePoints",
    f"{_STOCK}.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    f"{_STOCK}.LimitOutput",
    f"{_STOCK}.SaveAutoGrades",
    f"{_STOCK}.AssignLatePenalties",
    f"{_STOCK}.CheckCellMetadata",
]

FEEDBACK = [
    f"{_STOCK}.GetGrades",
    f"{_OURS}.ShowAnswers",
    f"{_OURS}.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]


def configure(c: Any, file: str) -> None:
    """Set an nbgrader configuration `c` for the class in the folder of its nbgrader_config.py, `file`."""
    root = Path(file).resolve().parent
    c.CourseDirectory.root = str(root)
    c.CourseDirectory.course_id = re.sub(r"[^A-Za-z0-9_.-]+", "-", root.name).strip("-.") or "course"
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", ".course"]
    c.GenerateAssignment.preprocessors = list(GENERATE)
    c.Autograde.sanitize_preprocessors = list(SANITIZE)
    c.Autograde.autograde_preprocessors = list(AUTOGRADE)
    c.Autograde.exclude_overwriting = {
        chapter: [f"{chapter}.answers.jsonl", "claims.json"] for chapter in _chapters(root)
    }
    c.GenerateFeedback.preprocessors = list(FEEDBACK)
    c.Execute.shutdown_kernel = "immediate"  # a kernel that is to end need not be asked nicely


def _chapters(root: Path) -> list[str]:
    try:
        return sorted(json.loads((root / ".course" / "release.json").read_text("utf-8"))["chapters"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
