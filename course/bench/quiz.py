"""How many responses a second one core grades: single choice alone, and a mix of every type of question.

`course dev bench quiz` prints it. Each response is graded from the plain question, nothing remembered from an earlier
one, half of them right and half wrong.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click

from course.quiz import grade, parse
from course.quiz.model import Item, Quiz

__all__ = ["Row", "command", "run"]

_QUIZ = """
### One? {#single}

- [x] a {#a}
- [ ] b {#b}
- [ ] c {#c}
- [ ] d {#d}

### Some? {#several}

- [x] a {#a}
- [x] b {#b}
- [ ] c {#c}
- [ ] d {#d}

### How much? {#number}

= 1.414 +- 1%

### Which word? {#short}

= "rustlearn" | "rust-learn"

### Which pattern? {#pattern}

= /rust-?learn(ing)?/

### In which order? {#ordering}

1. read {#a}
2. split {#b}
3. fit {#c}
4. score {#d}
5. report {#e}

### What goes with what? {#matching}

| left | right |
|------|-------|
| a | 1 |
| b | 2 |
| c | 3 |
|   | 4 |

### Arrange. {#parsons}

```python parsons
def mean(xs):
    total = 0
    for x in xs:
        total += x
    return total / len(xs)
    return total #distractor
```

### What does it print? {#output}

```python
print(1, 2)
print(3)
```

```text output
1 2
3
```
"""


@dataclass(frozen=True)
class Row:
    """One measurement: what, how many a second (median of the rounds), and the slowest and fastest round."""

    what: str
    per_second: float
    slowest: float
    fastest: float
    rounds: int


def _pairs(quiz: Quiz) -> list[tuple[Item, dict[str, Any]]]:
    matching, parsons = quiz.item("matching"), quiz.item("parsons")
    pairs = dict(matching.pairs or {})  # type: ignore[attr-defined]
    lines = [list(entry) for entry in parsons.solution or ()]  # type: ignore[attr-defined]
    one = next(iter(pairs.values()))
    responses: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "single": ({"options": ["a"]}, {"options": ["c"]}),
        "several": ({"options": ["a", "b"]}, {"options": ["a", "c"]}),
        "number": ({"text": "1.41"}, {"text": "1,5e0"}),
        "short": ({"text": "Rust-Learn"}, {"text": "smartcore"}),
        "pattern": ({"text": "rustlearn"}, {"text": "smartcore"}),
        "ordering": ({"order": list("abcde")}, {"order": list("bacde")}),
        "matching": ({"pairs": pairs}, {"pairs": dict.fromkeys(pairs, one)}),
        "parsons": ({"lines": lines}, {"lines": lines[::-1]}),
        "output": ({"text": "1 2\n3\n"}, {"text": "1 2 3"}),
    }
    return [(quiz.item(id), response) for id, both in responses.items() for response in both]


def _rate(work: Sequence[tuple[Item, dict[str, Any]]], seconds: float) -> float:
    done = 0
    started = time.perf_counter()
    while True:
        for item, response in work:
            grade(item, response)
        done += len(work)
        passed = time.perf_counter() - started
        if passed >= seconds:
            return done / passed


def run(*, rounds: int = 7, seconds: float = 0.5) -> list[Row]:
    """Measure: `rounds` rounds of `seconds` for each row, interleaved, the garbage collector off."""
    quiz = parse(_QUIZ, path="bench.md")
    pairs = _pairs(quiz)
    work = {
        "single choice": [pair for pair in pairs if pair[0].type == "single"] * 50,
        "every type mixed": pairs * 5,
    }
    for each in work.values():
        _rate(each, 0.05)  # warm-up
    rates: dict[str, list[float]] = {what: [] for what in work}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for what, each in work.items():
                rates[what].append(_rate(each, seconds))
                gc.collect()
    finally:
        if collecting:
            gc.enable()
    return [Row(what, statistics.median(r), min(r), max(r), rounds) for what, r in rates.items()]


@click.command("quiz")
@click.option("--json", "as_json", is_flag=True, help="Write the measurements as JSON.")
def command(as_json: bool) -> None:
    """Responses graded a second, on one core."""
    rows = run()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    from rich.table import Table

    from course.cli._console import console

    table = Table("responses", "graded a second", "slowest round", "fastest round")
    for row in rows:
        table.add_row(row.what, f"{row.per_second:,.0f}", f"{row.slowest:,.0f}", f"{row.fastest:,.0f}")
    console.print(table)
