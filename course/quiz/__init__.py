"""The quiz engine: what a quiz file says, how a response is graded, what a learner may see. It needs no Jupyter.

quiz = load("quizzes/03_ndarray.md")
question = quiz.item("slice-no-copy")
view(question)                                    # before answering: no key, no feedback
grade(question, {"options": ["borrows"]}).points  # a pure function
reveal(question, {"options": ["borrows"]})        # after answering
"""

from course.quiz.grade import Graded, grade
from course.quiz.parse import load, parse
from course.quiz.variants import draw, order, shown_values
from course.quiz.view import hint, reveal, view

__all__ = ["Graded", "draw", "grade", "hint", "load", "order", "parse", "reveal", "shown_values", "view"]
