"""`%%rust` and `%rust`: the notebook's side. Translates only; the work is done by the modules beside this one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from course.errors import CellCannotCross, CellDoesNotCompile, NotAsExpected, UsageMistake
from course.rust import compile as compiling
from course.rust import crates, diagnostics, explain, flags, toolchain
from course.rust.call import CellLibrary, RustFunction
from course.rust.isolated import IsolatedFunction, Worker
from course.waiting import Shown, Waiting

__all__ = ["RustMagics", "Session", "refused", "register"]


@dataclass
class Session:
    """What one notebook has compiled: its named cells, loaded libraries, and the warnings it was shown.

    `ready`: the functions of plain cells, by their whole text: such a cell run again unchanged has nothing to do.
    `refused`: functions whose newest cell did not compile; Python may still hold an older one of that name.
    """

    named: dict[str, tuple[compiling.Unit, list[str]]] = field(default_factory=dict)
    loaded: dict[str, CellLibrary] = field(default_factory=dict)
    warned: set[str] = field(default_factory=set)
    ready: dict[tuple[str, str], list[RustFunction | IsolatedFunction]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def units(self, source: str, chosen: flags.CellFlags) -> list[compiling.Unit]:
        """Return the cells to compile together: those used, each after what it uses itself, and this one."""
        order: list[str] = []

        def visit(name: str) -> None:
            if name not in order:
                for other in self.named[name][1]:
                    if other in self.named:
                        visit(other)
                order.append(name)

        for name in chosen.use:
            if self.named[name][0].cell.has_main:
                raise UsageMistake(
                    f"the cell {name!r} is a program",
                    help="--use takes cells of functions: move them to one of their own",
                )
            visit(name)
        if chosen.name in order:
            raise UsageMistake(f"the cell {chosen.name!r} would use itself", help="give it another --name")
        return [*(self.named[name][0] for name in order), compiling.unit(source, chosen.name)]


def run(session: Session, line: str, source: str, namespace: dict[str, Any]) -> None:
    """Do what a `%%rust` cell asks for."""
    if (again := session.ready.get((line, source))) is not None:
        namespace.update((function.__name__, function) for function in again)
        session.refused.difference_update(function.__name__ for function in again)
        return
    chosen = flags.parse(line, known_cells=set(session.named))
    units = session.units(source, chosen)
    if chosen.expect:
        _expect(units, chosen)
        return
    # By the text, not by the syntax tree: that has no function where the syntax is wrong.
    names = set(re.findall(r"^(?:pub )?fn (\w+)", source, re.MULTILINE))
    session.refused |= names
    _compile_and_define(session, line, source, namespace, units, chosen)
    session.refused -= names


def _compile_and_define(
    session: Session,
    line: str,
    source: str,
    namespace: dict[str, Any],
    units: list[compiling.Unit],
    chosen: flags.CellFlags,
) -> None:
    _refuse_what_cannot_cross(units[-1])
    built = _build(units, chosen)
    _show_warnings(session, built, units, chosen)
    if chosen.name:
        session.named[chosen.name] = (units[-1], list(chosen.use))
    if chosen.time:
        print(_timing_note(built, chosen))
    if chosen.asm is not None:
        from course.rust.asm import show_assembly

        display(show_assembly(units, chosen.compile(), chosen.asm))
    if units[-1].cell.has_main:
        from course.rust.program import run_program

        run_program(built.artifact, timed=chosen.time)
        return
    functions = _functions(session, built, units, chosen)
    namespace.update((function.__name__, function) for function in functions)
    if chosen.plain:
        session.ready[line, source] = functions


def _waiting(units: list[compiling.Unit], chosen: flags.CellFlags) -> compiling.Built:
    """Compile; show what is waited for where the crates have to be built first."""
    with Waiting("building the crates that cells may use, once") as progress:
        return compiling.build(units, chosen.compile(), progress=progress)


def _build(units: list[compiling.Unit], chosen: flags.CellFlags) -> compiling.Built:
    try:
        return _waiting(units, chosen)
    except compiling.Refused as refused:
        report = diagnostics.read(refused.diagnostics, units, refused.shim)
    display(Shown(report.html(), report.text()))
    raise CellDoesNotCompile(report.codes, max(len(report.errors), 1), report.text())


def _expect(units: list[compiling.Unit], chosen: flags.CellFlags) -> None:
    try:
        _waiting(units, chosen)
    except compiling.Refused as refused:
        report = diagnostics.read(refused.diagnostics, units, refused.shim)
    else:
        raise NotAsExpected(chosen.expect, None)
    if chosen.expect not in report.codes:
        display(Shown(report.html(), report.text()))
        raise NotAsExpected(chosen.expect, report.codes)
    verdict = f"as expected, the compiler refuses this cell: {chosen.expect}"
    report = diagnostics.Report(report.diagnostics, verdict)
    display(Shown(report.html(), report.text()))


def _refuse_what_cannot_cross(unit: compiling.Unit) -> None:
    for refused in unit.cell.not_supported:
        if refused.public:
            report = diagnostics.cannot_cross(refused, unit)
            display(Shown(report.html(), report.text()))
            place = f"the cell, line {refused.place.line}"
            raise CellCannotCross(
                refused.function, refused.part, refused.type, place=place, help=refused.help, text=report.text()
            )


def _show_warnings(
    session: Session, built: compiling.Built, units: list[compiling.Unit], chosen: flags.CellFlags
) -> None:
    key = str(built.artifact)
    if chosen.quiet or key in session.warned:
        return
    session.warned.add(key)
    report = diagnostics.read(built.diagnostics, units)
    if report.diagnostics:
        display(Shown(report.html(), report.text()))


def _timing_note(built: compiling.Built, chosen: flags.CellFlags) -> str:
    when = "compiled earlier in" if built.cached else "compiled in"
    mode = [f"-C opt-level={chosen.opt}", "overflow wraps" if chosen.wrapping else "overflow checked"]
    mode += ["all instructions of this machine"] if chosen.native else []
    mode += ["generic code compiled in the cell"] if built.crates else []
    return f"{when} {built.seconds:.2f} s ({', '.join(mode)})"


def _functions(
    session: Session, built: compiling.Built, units: list[compiling.Unit], chosen: flags.CellFlags
) -> list[RustFunction | IsolatedFunction]:
    readable = units[-1].cell.functions
    if not readable:
        return []
    texts = {u.file: (u.name, u.source) for u in units}
    if chosen.isolated:
        worker = Worker(built.artifact, units)
        return [IsolatedFunction(f, worker, timed=chosen.time) for f in readable]
    library = session.loaded.get(str(built.artifact))
    if library is None:
        library = session.loaded[str(built.artifact)] = CellLibrary(built.artifact, texts)
    library.texts = texts
    return [RustFunction(f, library, interruptible=chosen.interruptible, timed=chosen.time) for f in readable]


def _status() -> str:
    found = toolchain.find()
    ready, detail = crates.status()
    count, size = compiling.cells_size()
    return "\n".join(
        [
            found.version,
            f"crates: {'ready' if ready else 'not ready'}, {detail}",
            f"compiled cells: {count}, {size / 1e6:.0f} MB (course cache clear removes them)",
        ]
    )


_LINE_HELP = """\
%rust --explain E0382   the compiler's own explanation of an error code
%rust --version         which compiler is used
%rust --status          compiler, crates, compiled cells
%rust --crates          the crates that cells may use, with versions
%%rust?                 how to write a Rust cell, and all its flags"""


def _line(line: str) -> None:
    words = line.split()
    match words:
        case [] | ["--help"] | ["-h"]:
            print(_LINE_HELP)
        case ["--explain", code]:
            text = explain.explain(code)
            display({"text/markdown": text, "text/plain": text}, raw=True)
        case ["--version"]:
            print(toolchain.find().version)
        case ["--status"]:
            print(_status())
        case ["--crates"]:
            versions = crates.ensure().versions
            print("\n".join(f"{name} {version}" for name, version in sorted(versions.items())))
        case _:
            known = ["--explain", "--version", "--status", "--crates"]
            raise UsageMistake(
                f"%rust does not know {line.strip()!r}",
                help=f"there is: {', '.join(known)}; a cell of Rust starts with two signs: %%rust",
            )


_DOCUMENTATION = f"""A cell of Rust: its functions become Python functions.

    %%rust
    fn mean(x: &[f64]) -> f64 {{
        x.iter().sum::<f64>() / x.len() as f64
    }}

    mean(np.arange(5.0))        # in the next cell; the array is lent, not copied

Arrays are borrowed: &[f64], &mut [f64] (one dimension, contiguous), ArrayView1<f64>, ArrayViewMut2<f64>, …
(use ndarray::ArrayView1; any strides). Results: numbers, Vec<f64>, Array1<f64>, Array2<f64>, String, tuples, Option
(None), Result (raises the error's text). A panic raises RustPanic with its message and line.
A cell with fn main is a program: it runs in a child process, and what it prints appears here.

Flags, after %%rust on the first line:

{flags.usage()}

%rust --explain E0382 explains an error code, %rust --crates lists what cells may `use`.
"""


@magics_class
class RustMagics(Magics):  # type: ignore[misc]
    """The magics of a notebook, with what it has compiled so far."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.session = Session()

    @line_cell_magic  # type: ignore[untyped-decorator]
    def rust(self, line: str, cell: str | None = None) -> None:
        # IPython shows this method's documentation for `%%rust?`; it is made from the table of flags below.
        __tracebackhide__ = True
        if cell is None:
            _line(line)
        else:
            run(self.session, line, cell, self.shell.user_ns)


RustMagics.rust.__doc__ = _DOCUMENTATION


def refused(shell: Any) -> set[str]:
    """Return the functions of a notebook whose newest cell the compiler refused."""
    magics = getattr(getattr(shell, "magics_manager", None), "registry", {}).get(RustMagics.__name__)
    return magics.session.refused if isinstance(magics, RustMagics) else set()


def register(ip: Any) -> None:
    """Give an IPython shell the magics `%rust` and `%%rust`."""
    ip.register_magics(RustMagics)
