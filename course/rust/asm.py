"""The assembly of a cell's functions, made readable: names demangled, instructions and labels only."""

from __future__ import annotations

import re
from dataclasses import replace

from course.errors import UnknownName, UsageMistake
from course.rust.compile import Flags, Unit, assembly, unit
from course.rust.highlight import Listing

__all__ = ["functions_in", "show_assembly"]


def show_assembly(units: list[Unit], flags: Flags, function: str = "") -> Listing:
    """Return the assembly of the last unit's functions, or of one of them."""
    names = [f.name for f in units[-1].cell.functions] or sorted(units[-1].cell.items)
    if function and function not in names:
        raise UnknownName("function of this cell", function, names)
    if units[-1].cell.has_main:
        raise UsageMistake(
            "--asm shows functions, and this cell is a program", help="move the function to its own cell"
        )
    found = functions_in(assembly([*units[:-1], exposed(units[-1])], flags))
    wanted = [function] if function else [n for n in names if n in found]
    text = "\n".join(found[name] for name in wanted if name in found)
    return Listing(text, "gas", f"assembly of {', '.join(wanted)}")


def exposed(cell: Unit) -> Unit:
    """Return the cell with its functions kept apart from the code that calls them: inlined, they would have no name."""
    data = cell.source.encode()
    for function in sorted(cell.cell.functions, key=lambda f: f.place.line, reverse=True):
        start = data.find(function.source.encode())
        data = data[:start] + b"#[inline(never)] " + data[start:]
    return replace(unit(data.decode(), cell.name), file=cell.file)


def functions_in(text: str) -> dict[str, str]:
    """Return each function of the cell in rustc's assembly: its name → its lines, without directives."""
    found: dict[str, str] = {}
    name, kept = "", []
    for line in text.splitlines():
        label = re.match(r"([A-Za-z_.$][\w.$]*):", line)
        if label and not label[1].startswith((".L", "L", "ltmp")):
            name = demangle(label[1])
            if "__course_border" in name or not name.startswith("cell::"):
                name = ""  # the code around the cell, and instances of other crates' code
                continue
            kept = [f"{name}:"]
            continue
        if not name:
            continue
        if re.match(r"\s*\.(size|cfi_endproc|section|text|globl)", line):
            if len(kept) > 1:
                found.setdefault(name.rpartition("::")[2], "\n".join(_without_idle_labels(kept)) + "\n")
            if not line.strip().startswith(".cfi"):
                name = ""
        elif label or not re.match(r"\s*[.#]", line):
            kept.append(demangle_in(line).rstrip())
    return found


def _without_idle_labels(lines: list[str]) -> list[str]:
    """Leave out labels that nothing jumps to."""
    body = "\n".join(line for line in lines if not line.endswith(":"))
    return [line for line in lines if not (line.startswith((".L", "L")) and line[:-1] not in body)]


def demangle_in(line: str) -> str:
    """Replace the mangled names in a line."""
    return re.sub(r"_R[A-Za-z]\w+", lambda m: demangle(m[0]), line)


def demangle(symbol: str) -> str:
    """Read the path out of a symbol in Rust's v0 mangling: the identifiers, without the crate hashes and types."""
    symbol = symbol.removeprefix("_") if symbol.startswith("__R") else symbol
    if not symbol.startswith("_R"):
        return symbol
    parts: list[str] = []
    position = 2
    while position < len(symbol):
        hashed = re.compile(r"s[0-9A-Za-z]*_").match(symbol, position)
        if hashed:
            position = hashed.end()
            continue
        number = re.compile(r"(\d+)_?").match(symbol, position)
        if number and 0 < int(number[1]) <= len(symbol) - number.end():
            end = number.end() + int(number[1])
            parts.append(symbol[number.end() : end])
            position = end
        else:
            position += 1
    return "::".join(parts) if parts else symbol
