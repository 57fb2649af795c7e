"""Tasks: code that a learner writes, and the one definition by which a notebook and a grader judge it."""
