"""The compiler's messages, told over the cell: its own drawing, the cell's line numbers, colours for light and dark.

The drawing is rustc's, so that no label, note or suggestion is lost. What is changed: file names become cells,
long paths become short, and an error in the code we append is told again on the learner's own signature.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from course.rust.compile import Unit
from course.rust.explain import HELP_LINKS, help_line
from course.rust.shim import Shim
from course.rust.signature import LENT, NotSupported, Place
from course.rust.types import SUPPORTED

__all__ = ["Diagnostic", "Report", "cannot_cross", "read"]


@dataclass(frozen=True)
class Diagnostic:
    """One message: level ("error" or "warning"), code or "", the message alone, the whole drawing with ANSI colours.

    An error that is a lint has its name for a code, `invalid_reference_casting`; a warning has none.
    """

    level: str
    code: str
    message: str
    line: int
    ansi: str

    @property
    def text(self) -> str:
        """The drawing without colours."""
        return _ANSI.sub("", self.ansi)


@dataclass(frozen=True)
class Report:
    """What the compiler said about a cell. `verdict`: a line above it, as in "as expected: E0502"."""

    diagnostics: tuple[Diagnostic, ...]
    verdict: str = ""

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors alone."""
        return [d for d in self.diagnostics if d.level == "error"]

    @property
    def codes(self) -> list[str]:
        """The error codes, each once, in order."""
        return list(dict.fromkeys(d.code for d in self.errors if d.code))

    def helps(self) -> list[tuple[str, str, tuple[str, str] | None]]:
        """Return our own line for each code it exists for: (code, line, link)."""
        lines: dict[str, str] = {}
        for error in self.errors:
            if error.code not in lines and (line := help_line(error.code, error.message, error.text)):
                lines[error.code] = line
        return [(code, line, HELP_LINKS.get(code)) for code, line in lines.items()]

    def text(self) -> str:
        """Return the report as plain text."""
        parts = [self.verdict] if self.verdict else []
        parts += [d.text.rstrip("\n") for d in self.diagnostics]
        for code, line, link in self.helps():
            parts.append(f"help: {line} ({code}){f'; see {link[0]}' if link else ''}")
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """Return the report as HTML that follows JupyterLab's theme and reads well without it."""
        body = ""
        if self.verdict:
            body += f'<p class="course-rust-verdict">{html.escape(self.verdict)}</p>'
        warnings = [d for d in self.diagnostics if d.level != "error"]
        for diagnostic in self.errors:
            body += f"<pre>{_html(diagnostic.ansi.rstrip())}</pre>"
        for code, line, link in self.helps():
            see = f' · see <a href="{html.escape(link[1])}">{html.escape(link[0])}</a>' if link else ""
            body += f'<p class="course-rust-help"><b>help</b>: {_code_in(line)} <small>{code}</small>{see}</p>'
        for diagnostic in warnings:
            at = f" <small>line {diagnostic.line}</small>" if diagnostic.line else ""
            title, _, drawing = diagnostic.ansi.rstrip().partition("\n")  # the summary says what the title says
            body += (
                '<details class="course-rust-warning"><summary><b>warning</b>: '
                f"{_code_in(diagnostic.message)}{at}</summary>"
                f"<pre>{_html(drawing or title, titled=False)}</pre></details>"
            )
        return f'<div class="course-rust" role="group" aria-label="messages of the compiler">{STYLE}{body}</div>'


def read(raw: Iterable[dict[str, Any]], units: Sequence[Unit], shim: Shim | None = None, verdict: str = "") -> Report:
    """Make a report of rustc's diagnostics about the last of the units."""
    last = units[-1]
    lines = last.source.rstrip("\n").count("\n") + 1
    found: list[Diagnostic] = []
    ours: list[Diagnostic] = []
    for message in raw:
        level = "error" if str(message["level"]).startswith("error") else str(message["level"])
        text = str(message.get("message", ""))
        if level not in {"error", "warning"} or re.match(r"aborting due to|\d+ warnings? emitted|For more info", text):
            continue
        spans = message.get("spans") or []
        primary = next((s for s in spans if s.get("is_primary")), None)
        at = _outermost(primary) if primary else None
        code = str((message.get("code") or {}).get("code", ""))
        if level == "warning" and code == "dead_code" and last.name:
            continue  # a named cell's items wait for other cells
        if level == "warning" and _of_a_stub(code, int(at["line_start"]) if at is not None else 0, last):
            continue
        idle = re.match(r"function `(\w+)` is never used", text) if code == "dead_code" else None
        stays = next((n for n in last.cell.not_supported if idle and n.function == idle[1]), None)
        if stays is not None and at is not None:
            found.append(_stays(stays))
            continue
        if level == "warning" and at is not None and at["file_name"] != last.file:
            continue  # an earlier cell's warning was shown with that cell
        if at is not None and at["file_name"] == last.file and at["line_start"] > lines:
            moved = _on_signature(message, code, at["line_start"] - lines - 1, shim, last)
            if moved is not None and level == "error":
                ours.append(moved)
            continue
        rendered = str(message.get("rendered") or f"{level}: {text}\n")
        rendered = rendered.replace("__course_inner::", "")  # cells that are used are modules within this one
        rendered = _without_shim(rendered, last, lines)
        line = int(at["line_start"]) if at is not None else 0
        found.append(
            Diagnostic(
                level, code if code.startswith("E") or level == "error" else "", text, line, _rename(rendered, units)
            )
        )
    if not any(d.level == "error" for d in found):
        # Errors of the cell itself explain those at the border; alone, the border's are told on the signature.
        found += list(dict.fromkeys(ours))
    if any(d.level == "error" for d in found):
        found = [d for d in found if d.level == "error"]  # first things first: warnings come when it compiles
    return Report(tuple(found), verdict)


def _of_a_stub(code: str, line: int, unit: Unit) -> bool:
    """Tell whether a warning only says that a function with a `todo!()` in it does not use things yet."""
    unfinished = unit.cell.unfinished
    if code in {"unused_imports", "dead_code"}:
        return bool(unfinished)
    return code in {"unused_variables", "unused_mut", "unused_assignments"} and any(
        first <= line <= last for first, last in unfinished
    )


def _outermost(span: dict[str, Any]) -> dict[str, Any]:
    """Follow a span out of macros to where a person wrote something."""
    while span.get("expansion") and not str(span["file_name"]).endswith(".rs"):
        span = span["expansion"]["span"]
    while span.get("expansion") and str(span["file_name"]).startswith(("/", "<")):
        span = span["expansion"]["span"]
    return span


def _on_signature(message: dict[str, Any], code: str, line: int, shim: Shim | None, unit: Unit) -> Diagnostic | None:
    """Tell an error in the appended code as one about the signature it was written for."""
    stands_for = shim.places[line] if shim is not None and 0 <= line < len(shim.places) else None
    if stands_for is None:
        return None
    function, part, place = stands_for
    what = "result" if part == "result" else part
    if "Display" in str(message.get("message")) or "ToString" in str(message.get("message")):
        text = f"the error type of `{function.name}` cannot be shown: it does not implement `std::fmt::Display`"
        label = "Python raises the error's text, so it needs one"
        help = 'implement Display for it, or return Result<_, String> with .map_err(|e| format!("{e:?}"))'
    elif code == "E0597":
        text = f"the {what} of `{function.name}` asks for memory that outlives the call"
        label = "lent for the time of the call only"
        help = LENT
    else:
        text = f"the {what} of `{function.name}` cannot cross to Python: {message.get('message')}"
        label = "is this type another one than its name says?"
        help = "types that cross are those of Rust and ndarray; a type of the same name hides them"
    return Diagnostic("error", code, text, place.line, _rename(_draw(text, code, label, help, place, unit), [unit]))


def _stays(refused: NotSupported) -> Diagnostic:
    """Say quietly why a function that nothing in the cell uses did not become one of Python's."""
    text = f"`{refused.function}` stays inside the cell: the type of its {refused.part}, `{refused.type}`, cannot cross"
    help = refused.help or "types that cross are listed by %%rust?"
    ansi = f"\x1b[1m\x1b[33mwarning\x1b[0m\x1b[1m: {text}\x1b[0m\n  = help: {help}\n"
    return Diagnostic("warning", "", text, refused.place.line, ansi)


def cannot_cross(refused: NotSupported, unit: Unit) -> Report:
    """Report a public function whose signature holds a type that cannot cross."""
    text = f"`{refused.function}` cannot be called from Python: the type of its {refused.part} cannot cross"
    help = refused.help or "leave out `pub`: then it stays a helper of the cell"
    drawn = _draw(text, "", "no NumPy or Python value can become this", help, refused.place, unit)
    if refused.part == "result":
        drawn = drawn.replace("no NumPy or Python value can become this", "this cannot become a NumPy or Python value")
    start = "  \x1b[1m\x1b[94m=\x1b[0m \x1b[1mnote\x1b[0m: "
    note = "\n".join(start + f"\n{' ' * 10}".join(textwrap.wrap(line, 70)) for line in SUPPORTED)
    drawn = _rename(f"{drawn}{note}\n", [unit])
    return Report((Diagnostic("error", "", text, refused.place.line, drawn),))


def _draw(text: str, code: str, label: str, help: str, place: Place, unit: Unit) -> str:
    """Draw an error of ours in the compiler's manner."""
    lines = unit.source.splitlines()
    source = lines[place.line - 1]
    end = place.end_column if place.end_line == place.line else len(source) + 1
    gutter = len(str(place.line))
    blue, red, bold, off = "\x1b[1m\x1b[94m", "\x1b[1m\x1b[91m", "\x1b[1m", "\x1b[0m"
    title = f"{red}error{f'[{code}]' if code else ''}{off}{bold}: {text}{off}"
    pad = " " * gutter
    marks = "^" * max(end - place.column, 1)
    return "\n".join(
        [
            title,
            f"{pad}{blue}-->{off} {unit.file}:{place.line}:{place.column}",
            f"{pad} {blue}|{off}",
            f"{blue}{place.line} |{off} {source}",
            f"{pad} {blue}|{off} {' ' * (place.column - 1)}{red}{marks} {label}{off}",
            f"{pad} {blue}|{off}",
            f"{pad} {blue}={off} {bold}help{off}: {help}",
            "",
        ]
    )


_ANSI = re.compile(r"\x1b\[([0-9;]*)m")


def _without_shim(rendered: str, unit: Unit, lines: int) -> str:
    """Take the lines of a drawing out that show the code we append (as the end of a span, or the place of a note)."""
    if "__course" not in rendered and "course_border" not in rendered:
        return rendered
    kept = []
    for line in rendered.splitlines(keepends=True):
        plain = _ANSI.sub("", line)
        number = re.match(r"\s*(\d+)\s*[|~+-]", plain)
        beyond = number is not None and int(number[1]) > lines and unit.file in rendered
        if not (beyond or "__course" in plain or "course_border" in plain):
            kept.append(line)
    return "".join(kept)


def _rename(rendered: str, units: Sequence[Unit]) -> str:
    for unit in units:
        shown = f"cell {unit.name}" if unit.name else "cell"
        arrow = r"((?:-->|:::)(?:\x1b\[[0-9;]*m|\s)*)"
        rendered = re.sub(rf"{arrow}{re.escape(unit.file)}:(?=\d)", rf"\g<1>{shown}:", rendered)
    rendered = re.sub(r"/\S*?/registry/src/[^/\s]+/", "", rendered)
    rendered = re.sub(r"/\S*?/lib/rustlib/src/rust/library/|/rustc/[0-9a-f]+/library/", "library/", rendered)
    # rustc's last advice names a command line that a notebook does not have.
    rendered = re.sub(r"(?m)^.*For more information about this error, try.*\n?", "", rendered)
    return _without_library(rendered).rstrip("\n") + "\n"


def _without_library(rendered: str) -> str:
    """Take out the places inside the standard library, which nobody here can open; what is said of them stays."""
    kept: list[str] = []
    skip_bar = False
    for line in rendered.splitlines(keepends=True):
        plain = _ANSI.sub("", line).strip()
        if re.match(r"(-->|:::) library/", plain):
            skip_bar = True
        elif skip_bar and plain == "|":
            skip_bar = False
        elif not re.match(r"= note: (in this macro invocation|this error originates in the macro .*)$", plain):
            skip_bar = False
            kept.append(line)
    return "".join(kept)


# Colours

STYLE = """<style>
.course-rust { --r-red: #b3261e; --r-amber: #8a5300; --r-green: #1b6e2d; --r-blue: #0b57a4; --r-cyan: #00666f;
  border-left: 3px solid var(--r-red); padding: 0.1em 0 0.1em 0.8em; margin: 0.2em 0; }
body[data-jp-theme-light="false"] .course-rust { --r-red: #ff8a80; --r-amber: #ffc46b; --r-green: #8bd99a;
  --r-blue: #82b8ff; --r-cyan: #6fdbe6; }
.course-rust:has(> .course-rust-verdict) { border-left-color: var(--r-green); }
.course-rust:not(:has(> pre)) { border-left-color: var(--r-amber); }
.course-rust pre { margin: 0.3em 0; padding: 0; background: transparent; overflow-x: auto;
  white-space: pre !important; word-break: normal !important; overflow-wrap: normal !important;
  color: var(--jp-content-font-color1, inherit); font-size: var(--jp-code-font-size, 13px);
  line-height: 1.35; font-family: var(--jp-code-font-family, monospace); }
.course-rust .title { display: block; white-space: pre-wrap; overflow-wrap: anywhere; }
.course-rust p { margin: 0.4em 0; } .course-rust .b { font-weight: 600; }
.course-rust .red { color: var(--r-red); } .course-rust .amber { color: var(--r-amber); }
.course-rust .green { color: var(--r-green); } .course-rust .blue { color: var(--r-blue); }
.course-rust .cyan { color: var(--r-cyan); }
.course-rust-help b, .course-rust-verdict { color: var(--r-green); }
.course-rust-verdict { font-weight: 600; }
.course-rust-warning { font-size: 0.9em; } .course-rust-warning summary { cursor: pointer; }
.course-rust-warning b { color: var(--r-amber); }
</style>"""

_CLASSES = {
    "31": "red", "91": "red", "38;5;9": "red", "33": "amber", "93": "amber", "38;5;11": "amber", "32": "green",
    "92": "green", "38;5;10": "green", "34": "blue", "94": "blue", "38;5;12": "blue", "36": "cyan", "96": "cyan",
    "38;5;14": "cyan",
}  # fmt: skip


def _html(ansi: str, *, titled: bool = True) -> str:
    """Turn ANSI colours into spans with classes. `titled`: the first line may be folded, the others never."""
    out, bold, colour, position = [], False, "", 0
    for match in _ANSI.finditer(ansi):
        out.append(_span(ansi[position : match.start()], bold, colour))
        position = match.end()
        if match[1] in {"", "0"}:
            bold, colour = False, ""
        elif match[1] == "1":
            bold = True
        else:
            colour = _CLASSES.get(match[1], colour)
    out.append(_span(ansi[position:], bold, colour))
    title, line_end, drawing = "".join(out).partition("\n")
    return f'<span class="title">{title}</span>{drawing}' if line_end and titled else title + line_end + drawing


def _span(text: str, bold: bool, colour: str) -> str:
    classes = " ".join(filter(None, [colour, "b" if bold else ""]))
    escaped = html.escape(text, quote=False)
    return f'<span class="{classes}">{escaped}</span>' if classes and text.strip() else escaped


def _code_in(text: str) -> str:
    """Escape a sentence; what stands between backticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
