"""Programs that must not compile against a learner's code, tried with the compiler; nothing of them is run."""

from __future__ import annotations

from collections.abc import Iterable

from course.quiz.prove import run_rust
from course.tasks.definition import Reject

__all__ = ["rejected"]


def rejected(rejects: Iterable[Reject], source: str) -> dict[str, bool]:
    """Return of each whether the compiler refuses it with its code, and accepts its twin.

    Raises:
        RustMissing: there is no compiler here.
    """
    found = {}
    for reject in rejects:
        wrong, right = reject.sources(source)
        refused = run_rust(wrong, compile_only=True)
        found[reject.id] = (
            not refused.compiles and reject.code in refused.codes and run_rust(right, compile_only=True).compiles
        )
    return found
