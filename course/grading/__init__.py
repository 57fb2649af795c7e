"""Grading a class: release, submissions, sandboxed workers, the gradebook, regrading and feedback."""
