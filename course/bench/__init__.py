"""What the README states in figures, measured on the machine it is read on; each table has its command."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table as RichTable

from course.errors import RustMissing
from course.rust import toolchain

__all__ = ["Table", "machine"]


@dataclass
class Table:
    """A table of results that can be shown in a terminal, kept as JSON, or pasted into a page.

    `rows` hold text, ready to read; `measurements` hold the figures behind it, in seconds, one record for each.
    """

    title: str
    command: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)

    def rich(self) -> RichTable:
        """Return the table for a terminal."""
        table = RichTable(title=self.title, caption="\n".join([machine(), *self.notes]), title_justify="left")
        table.caption_justify = "left"
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="left" if number == 0 else "right")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """Return the table as Markdown, with the command that makes it and the machine it was made on."""
        lines = ["| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "|".join("---" if number == 0 else "---:" for number in range(len(self.columns))) + "|")
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in self.rows]
        notes = " ".join([f"`{self.command}` on {machine()}.", *self.notes])
        return "\n".join([*lines, "", notes, ""])

    def as_json(self) -> dict[str, Any]:
        """Return the table for a program."""
        return {
            "schema": 1,
            "title": self.title,
            "command": self.command,
            "machine": machine(),
            "date": time.strftime("%Y-%m-%d"),
            "measurements": self.measurements,
            "notes": self.notes,
        }


def machine() -> str:
    """Say in a line what the figures were measured on."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # only Linux has it
    try:
        rustc = toolchain.find().version.rsplit(" (", 1)[0]
    except RustMissing:
        rustc = "no rustc"
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {rustc}"
