"""The learner bank: a quiz without anything that tells a graded item's key, as canonical JSON.

Markdown cannot be shipped for graded items: the order of a list, an `[x]`, a fence *are* keys. What stays of a graded
item: its type, stem, options sorted by id, hints, points, and the code that makes its variants. Practice items keep
everything, for the widget answers them at once.
"""

from __future__ import annotations

import json

from course.quiz.codec import quiz_json
from course.quiz.model import Quiz

__all__ = ["strip"]


def strip(quiz: Quiz) -> str:
    """Return the learner bank of a quiz: equal quizzes give equal text."""
    return json.dumps(quiz_json(quiz, learner=True), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
