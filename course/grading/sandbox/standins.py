"""What a learner's cells find in place of what only a notebook has: the widgets, IPython, a screen.

In a worker there is nobody to show anything to. `quiz(…)`, `check(…)`, `show(…)` and their like do nothing there and
say nothing, so that cells that use them run. `check` gives 0.0: what it gives is never read.
"""

from __future__ import annotations

import sys
import types
from typing import Any

__all__ = ["Nothing", "install"]

_SILENT = ("answer", "claim", "hint", "quiz", "show", "show_rust", "solution", "time_lanes")


class Nothing:
    """Takes every call and every attribute, and gives itself."""

    def __call__(self, *args: Any, **kwargs: Any) -> Nothing:
        return self

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __bool__(self) -> bool:
        return False  # so that "is there a notebook?" is answered

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __repr__(self) -> str:
        return "<nothing: there is no notebook here>"


def _zero(*_: Any, **__: Any) -> float:
    return 0.0


def install() -> dict[str, Any]:
    """Put the stand-ins where imports find them; return the names that a notebook has without an import."""
    import course

    nothing = Nothing()
    for name in _SILENT:
        setattr(course, name, nothing)
    setattr(course, "check", _zero)  # noqa: B010 - mypy knows that the package has no such name of its own
    ipython = types.ModuleType("IPython")
    shown = types.ModuleType("IPython.display")
    for module in (ipython, shown):
        for name in ("display", "clear_output", "HTML", "Markdown", "Image", "SVG", "Math", "Latex", "Code", "JSON"):
            setattr(module, name, nothing)
        module.__getattr__ = lambda name: Nothing().__getattr__(name)  # type: ignore[method-assign]
    ipython.__path__ = []
    setattr(ipython, "get_ipython", lambda: nothing)  # noqa: B010
    setattr(ipython, "display", shown)  # noqa: B010 - the module has the name of the function in it
    sys.modules |= {"IPython": ipython, "IPython.display": shown}
    return {"display": nothing, "get_ipython": lambda: nothing}
