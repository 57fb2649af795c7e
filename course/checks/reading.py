"""The rules that read a chapter: its headings, its words and links, its figures, its quiz."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from course.build import BEGIN, END, check_of, differences, quiz_of
from course.checks import READING, Page, rule, shown
from course.errors import CourseError
from course.source import Cell

Broken = Iterator[tuple[str, str, str]]

OPENING = ("You will do", "You will learn", "Before you start")
CLOSING = ("Your turn", "Quiz", "Take-away", "Further reading")
UNWRITTEN = "✎"
WORDS = {
    "simply": "leave it out; what is simple shows by itself",
    "obviously": "leave it out, or say why it is so",
    "trivial": "say what is done in how many steps",
    "trivially": "say what is done in how many steps",
    "blazing": "give the measured ratio",
    "blazingly": "give the measured ratio",
    "illegal": 'write "not allowed", and by whom',
}
VERBS = frozenset(
    """add allocate analyse annotate answer apply ask assess avoid balance benchmark borrow bound build calculate
    call catch change check choose clean combine compare compile compute connect convert copy count create
    cut debug decide declare define deploy derive double describe detect diagnose distinguish divide draw
    estimate evaluate explain export express extend fill find fit fix follow form frame generate give group
    handle hold identify implement improve index inspect install interpret judge keep know label launch link
    list load locate loop make mark match measure mend merge model mount move name normalise open order own
    parallelise parse pass pick plan plot port pose predict prepare prevent print process profile prove put
    quantify read rebuild recognise record reduce refactor remove repair replace report reproduce reshape
    return reuse rewrite run save say scale select separate serialise serve set share shape show simulate
    slice solve sort speed split standardise start state stop stream summarise swap switch take tell test
    time trace train transform translate transpose tune turn type understand unpack update use validate vary
    vectorise verify view visualise watch weigh work wrap write""".split()
)


@dataclass(frozen=True)
class Heading:
    """A heading of the chapter: its level, its text and the line it stands on."""

    level: int
    text: str
    line: int


def _tokens(page: Page) -> tuple[list[Token], int]:
    """Return the chapter as Markdown tokens, and how many lines to add to their line numbers (1-based)."""
    lines = page.source.path.read_text("utf-8-sig").splitlines()
    header = next(number for number, line in enumerate(lines) if number and line == "---") + 1
    return MarkdownIt("commonmark").enable("table").parse("\n".join(lines[header:])), header + 1


def headings_of(page: Page) -> list[Heading]:
    """Return the chapter's headings in their order."""
    tokens, first = _tokens(page)
    return [
        Heading(int(token.tag[1]), tokens[number + 1].content.strip(), (token.map or [0])[0] + first)
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def _section(page: Page, title: str) -> tuple[int, int] | None:
    """Return the first and the last line of the section `## title`."""
    headings = [heading for heading in headings_of(page) if heading.level <= 2]
    for number, heading in enumerate(headings):
        if heading.level == 2 and heading.text == title:
            end = headings[number + 1].line - 1 if number + 1 < len(headings) else 10**9
            return heading.line, end
    return None


def _items(page: Page, title: str) -> list[tuple[int, str]]:
    """Return the list items of a section: line and text."""
    span = _section(page, title)
    if not span:
        return []
    tokens, first = _tokens(page)
    found = []
    for number, token in enumerate(tokens):
        line = (token.map or [0])[0] + first
        if token.type == "list_item_open" and span[0] <= line <= span[1]:
            text = next((t.content for t in tokens[number:] if t.type == "inline"), "")
            found.append((line, text))
    return found


def _cells(page: Page, title: str) -> list[Cell]:
    span = _section(page, title)
    return [cell for cell in page.source.cells if span and span[0] <= cell.line <= span[1]]


@rule("headings", into=READING)
def _(page: Page) -> Broken:
    """The chapter has the course's headings in their order, with sections of its own between them."""
    headings = headings_of(page)
    titles = [heading for heading in headings if heading.level == 1]
    if len(titles) != 1 or titles[0].text != page.source.header.title:
        line = titles[-1].line if titles else page.source.cells[0].line if page.source.cells else 1
        wanted = f"# {page.source.header.title}"
        yield page.at(line), "the chapter's one title is not that of its header", f"write `{wanted}`, once"
    sections = [heading for heading in headings if heading.level == 2]
    names = [heading.text for heading in sections]
    wanted_names = [*OPENING, *CLOSING]
    for name in wanted_names:
        if name not in names:
            yield page.at(headings[-1].line if headings else 1), f"there is no section `## {name}`", f"add `## {name}`"
    there = [heading for heading in sections if heading.text in wanted_names]
    for heading, name in zip(there, [name for name in wanted_names if name in names], strict=False):
        if heading.text != name:
            yield page.at(heading.line), f"`## {heading.text}` stands where `## {name}` belongs", "move the section"
            return
    if names and not [name for name in names if name not in wanted_names]:
        yield page.at(sections[-1].line), "the chapter has no section of its own", "add `##` sections before Your turn"


@rule("objectives", into=READING)
def _(page: Page) -> Broken:
    """Each objective under “You will learn” begins with a verb: what the reader will be able to do."""
    if (span := _section(page, "You will learn")) is None:
        return
    items = _items(page, "You will learn")
    if not 2 <= len(items) <= 7:
        yield page.at(span[0]), f"{len(items)} objectives are listed", "list two to seven, one line each"
    for line, text in items:
        word = re.match(r"\W*([A-Za-z]+)", text)
        if not word or word[1].lower() not in VERBS:
            found = word[1] if word else text[:20]
            yield (
                page.at(line),
                f"an objective begins with {found!r}, not with a verb",
                "say what the reader will be able to do: “Predict when a slice copies”",
            )


@rule("something-to-do", into=READING)
def _(page: Page) -> Broken:
    """“Your turn” has something for the reader to write, and every solution is checked."""
    if (span := _section(page, "Your turn")) is None:
        return
    own = [cell for cell in _cells(page, "Your turn") if "solution" in cell.attributes or "essay" in cell.attributes]
    if not own:
        yield page.at(span[0]), "there is nothing to do in this chapter", 'add a ```python solution="…" cell'
    tested = {cell.attributes["tests"] for cell in page.source.cells if "tests" in cell.attributes}
    tested |= {name.partition("/")[2] for cell in page.source.cells if (name := check_of(cell.text))}
    for cell in page.source.cells:
        name = cell.attributes.get("solution")
        if name and name not in tested:
            help = f'add a cell check("{page.chapter.name}/{name}"), and the task to the quiz file'
            yield page.at(cell.line), f"nothing checks the solution {name!r}", help


@rule("quiz", into=READING)
def _(page: Page) -> Broken:
    """The chapter shows every section of its quiz file, the last of them under “Quiz”, and checks every task."""
    if (span := _section(page, "Quiz")) is None:
        return
    used = {name: cell for cell in page.source.cells if (name := quiz_of(cell.text))}
    if not any(quiz_of(cell.text) for cell in _cells(page, "Quiz")):
        yield page.at(span[0]), "there is no quiz under `## Quiz`", f'add a cell quiz("{page.chapter.name}/…")'
    if not page.chapter.quiz.is_file():
        yield (
            shown(page.course, page.chapter.quiz),
            "the chapter has no quiz file",
            f"course dev new {page.chapter.name} writes one to begin with",
        )
        return
    from course.quiz.model import Task
    from course.quiz.parse import load

    try:
        quiz = load(page.chapter.quiz)
    except CourseError as error:
        place = error.place.removeprefix(f"{page.course.root}/") or shown(page.course, page.chapter.quiz)
        yield place, error.message, error.help
        return
    checked = {check_of(cell.text) for cell in page.source.cells}
    for item in quiz.items:
        if isinstance(item, Task) and item.full_id not in checked:
            yield (
                f"{shown(page.course, page.chapter.quiz)}:{item.line}",
                f"no cell checks the task {item.id!r}",
                f'add check("{item.full_id}") to the chapter, after a cell with solution="{item.id}"',
            )
    for section in quiz.sections:
        if section.questions and f"{page.chapter.name}/{section.id}" not in used:
            yield (
                f"{shown(page.course, page.chapter.quiz)}:{section.line}",
                f"no cell shows the section {section.id!r}",
                f'add quiz("{page.chapter.name}/{section.id}") to the chapter',
            )


@rule("take-away", into=READING)
def _(page: Page) -> Broken:
    """“Take-away” says in two to six points what to remember."""
    if (span := _section(page, "Take-away")) and not 2 <= (count := len(_items(page, "Take-away"))) <= 6:
        yield page.at(span[0]), f"the take-away has {count} points", "list two to six, one sentence or two each"


@rule("alternative-text", into=READING)
def _(page: Page) -> Broken:
    """Every picture and every figure says in words what it shows."""
    tokens, first = _tokens(page)
    help = "say what a reader would see, with its numbers"
    for token in tokens:
        line = (token.map or [0])[0] + first
        for child in token.children or []:
            if child.type == "image" and len(child.content.strip()) < 10:
                yield page.at(line), "a picture without alternative text", help
        html = token.content if token.type == "html_block" else ""
        html += "".join(child.content for child in token.children or [] if child.type == "html_inline")
        for tag in re.findall(r"<img\b[^>]*>", html):
            if not re.search(r"""\balt=(["']).{10,}?\1""", tag):
                yield page.at(line), "a picture without alternative text", help
    for cell, call, line in _calls(page):
        if call == "show" and not re.search(r"\balt\s*=", cell.text):
            yield page.at(line), "show(…) without alt=…", help


@rule("figures", into=READING)
def _(page: Page) -> Broken:
    """Figures are shown by `show`, so that they have the course's look, labels and alternative text."""
    drawing: dict[int, tuple[Cell, int]] = {}
    shows: set[int] = set()
    for cell, call, line in _calls(page):
        if call in ("plt.show", "figure.show", "fig.show", "plt.savefig"):
            yield page.at(line), f"{call}(…) bypasses the course's figures", "end the cell with show(figure, alt=…)"
        elif call == "show":
            shows.add(id(cell))
        elif call in ("plt.subplots", "plt.figure", "plt.plot", "plt.imshow", "plt.scatter"):
            drawing.setdefault(id(cell), (cell, line))
    for key, (_, line) in drawing.items():
        if key not in shows:
            yield page.at(line), "a figure is drawn but not shown", "end the cell with show(figure, alt=…)"


@rule("words", into=READING)
def _(page: Page) -> Broken:
    """No word that makes a reader feel slow or promises what was not measured."""
    for cell in page.source.cells:
        if cell.kind != "markdown":
            continue
        for offset, line in enumerate(cell.text.splitlines()):
            for word in re.findall(r"[A-Za-z]+", line):
                if help := WORDS.get(word.lower()):
                    yield page.at(cell.line + offset), f"the word {word!r}", help


@rule("links", into=READING)
def _(page: Page) -> Broken:
    """Links and pictures inside the course lead somewhere."""
    tokens, first = _tokens(page)
    for token in tokens:
        for child in token.children or []:
            target = str(child.attrs.get("href") or child.attrs.get("src") or "")
            file = target.partition("#")[0]
            if not file or re.match(r"[a-z]+:", file):
                continue
            # Links are written as the learner follows them: from the folder of the notebooks.
            if not (page.course.notebooks / file).exists():
                yield (
                    page.at((token.map or [0])[0] + first),
                    f"the link {target!r} leads nowhere",
                    "write it as seen from notebooks/",
                )


@rule("unwritten", into=READING)
def _(page: Page) -> Broken:
    """Nothing of the template is left to be written."""
    for path in (page.source.path, page.chapter.quiz):
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if UNWRITTEN in line:
                what = line.partition(UNWRITTEN)[2].strip().rstrip(".") or "this line"
                yield f"{shown(page.course, path)}:{number}", "still to be written", f"write {what}"


@rule("built", into=READING)
def _(page: Page) -> Broken:
    """The committed notebook is what the source gives."""
    try:
        different = differences(page.course, [page.chapter])
    except CourseError as error:
        yield error.place.removeprefix(f"{page.course.root}/"), error.message, error.help
        return
    for one in different:
        if one.notebook == page.chapter.notebook:
            cell = f", cell {one.cell}" if one.cell else ""
            yield f"{shown(page.course, one.notebook)}{cell}", one.what, f"course dev build {page.chapter.name}"


def _calls(page: Page) -> Iterator[tuple[Cell, str, int]]:
    """Yield each call in the Python cells: the cell, the name called as it is written, and its line."""
    for cell in page.source.cells:
        if cell.language != "python":
            continue
        lines = cell.text.splitlines()
        # Magics and the marks of solutions are not Python that `ast` reads.
        plain = "\n".join("" if re.match(r"\s*[%!]", s) or BEGIN.match(s) or END.match(s) else s for s in lines)
        try:
            tree = ast.parse(plain)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield cell, ast.unparse(node.func), cell.line + node.lineno - 1
