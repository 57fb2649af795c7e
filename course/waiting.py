"""A line in a notebook that says what is being waited for, and goes away when it is there."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from IPython.display import display

__all__ = ["Shown", "Waiting"]


class Shown:
    """Something to display: HTML, and a twin in plain text."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


class Waiting:
    """`with Waiting("building the crates, once") as tell:` shows, from the first `tell(fraction, what)` on, how far."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._handle: Any = None
        self._last = ""

    def __enter__(self) -> Callable[[float, str], None]:
        return self._tell

    def _tell(self, fraction: float, now: str) -> None:
        percent = round(100 * min(max(fraction, 0.0), 1.0))
        text = f"{self.what}: {percent} % ({now})"
        if text == self._last:
            return
        self._last = text
        bar = f'<progress max="100" value="{percent}"></progress> {percent} % <small>{html.escape(now)}</small>'
        shown = Shown(f"<label>{html.escape(self.what)}: {bar}</label>", text)
        if self._handle is None:
            self._handle = display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.update(Shown("", ""))
