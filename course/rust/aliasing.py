"""Refuse to lend memory twice where Rust may write to it: within a call, and between calls that run at once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from course.errors import AliasError
from course.rust.border import arrays_in
from course.rust.signature import Function

__all__ = ["LENT", "NUMBERS", "check_aliases", "check_lent", "share"]

_EXACT_WORK = 1_000_000  # candidate solutions tried before two arrays that might overlap count as overlapping

LENT: dict[int, tuple[Function, list[str], tuple[Any, ...]]] = {}
"""Calls that run now, in any thread (an interrupted one may run on): the function and its arguments."""

NUMBERS = itertools.count()
"""Numbers calls: the keys of `LENT`."""


def _arrays(function: Function, names: list[str], values: tuple[Any, ...]) -> list[tuple[str, Any, bool]]:
    return [a for n, p, v in zip(names, function.parameters, values, strict=True) for a in arrays_in(p.type, v, n)]


def check_aliases(function: Function, names: list[str], values: tuple[Any, ...]) -> None:
    """Raise `AliasError` when one argument's memory is written to and is also another's."""
    for (first, x, writes_x), (second, y, writes_y) in itertools.combinations(_arrays(function, names, values), 2):
        if (writes_x or writes_y) and share(x, y):
            raise AliasError(function.name, first, second)


def check_lent(mark: int) -> None:
    """Raise `AliasError` when the call numbered `mark` would use memory that another running call writes to."""
    function, names, values = LENT[mark]
    mine = _arrays(function, names, values)
    for other, (running, their_names, their_values) in list(LENT.items()):
        if other == mark:
            continue
        for (name, x, writes), (_, y, wrote) in itertools.product(mine, _arrays(running, their_names, their_values)):
            if (writes or wrote) and share(x, y):
                raise AliasError(function.name, name, running.name, running=True)


def share(x: Any, y: Any) -> bool:
    """Tell whether two arrays share memory; where that would take too long to find out, say yes."""
    if not np.may_share_memory(x, y):
        return False
    try:
        return bool(np.shares_memory(x, y, max_work=_EXACT_WORK))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True
