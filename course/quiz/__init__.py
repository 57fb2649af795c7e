"""The quiz engine: what a quiz file says, how a response is graded, what a learner may see. It needs no Jupyter.

quiz = load("quizzes/03_ndarray.md")
question = quiz.item("slice-no-copy")
view(question)                                    # before answering: no key, no feedback
grade(question, {"options": ["borrows"]}).points  # a pure function
reveal(question, {"options": ["borrows"]})        # after answering

In a notebook, `from course import quiz` and `quiz("03_ndarray/views")`: the package itself can be called, because
Python gives a package's name to the module of that name whatever else `course` says it is.
"""

import sys
from types import ModuleType
from typing import Any

from course.quiz.grade import Graded, grade
from course.quiz.parse import load, parse
from course.quiz.variants import draw, order, shown_values
from course.quiz.view import hint, reveal, view

__all__ = ["Graded", "draw", "grade", "hint", "load", "order", "parse", "reveal", "shown_values", "view"]


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from course.quiz.widget import quiz

        return quiz(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
