"""A made-up class: submissions from perfect to broken to hostile, with the scores they must get.

`course dev class N FOLDER` writes them; tests and benchmarks grade them. `pupils` says who is in a class, `mangling`
what can happen to a notebook, `hostile` what a learner's code may try.
"""

from course.grading.synthetic.classroom import KINDS, Pupil, make_class, write_class

__all__ = ["KINDS", "Pupil", "make_class", "write_class"]
