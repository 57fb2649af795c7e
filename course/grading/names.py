"""What a piece of a notebook's code binds, reads and may change: facts for `slicing`, from the syntax alone.

The facts err on one side: a name too many costs time, a name too few would cost a learner's points. Nothing is run.
"""

from __future__ import annotations

import ast
import functools
import re
import symtable
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from course.grading.sandbox.cells import python_of

__all__ = ["FILES", "PROCESS", "PROCESS_MODULES", "RANDOM", "Facts", "facts_of", "rust_facts"]

LONGEST = 200_000  # characters of a cell that is looked into; a longer one is taken along whatever it does
LONG = 10_000
MOST_ORDERS = 100  # names that one cell gives orders to; with more, it is taken along whatever it does

FILES, PROCESS, RANDOM = "<files>", "<process>", "<random>"
"""Names for what is not in the namespace and yet shared: files, settings of the process, random number streams."""

# Code that can read or bind what its syntax does not show.
_WILD_NAMES = frozenset(
    "exec eval compile globals locals vars setattr delattr __import__ get_ipython __builtins__ __builtin__".split()
)
_WILD_MODULES = frozenset("builtins ctypes gc importlib inspect IPython __main__ code codeop".split())
_WILD_ATTRIBUTES = frozenset(
    "__dict__ __globals__ __code__ __closure__ __defaults__ __kwdefaults__ __setattr__ __builtins__ __wrapped__ "
    "_getframe f_globals f_locals modules meta_path settrace setprofile".split()
)
_FILE_NAMES = frozenset("open Path os io pathlib shutil tempfile pickle shelve sqlite3 zipfile".split())
_FILE_ATTRIBUTES = frozenset(
    "save savez savez_compressed savetxt load loadtxt genfromtxt fromfile tofile memmap read_csv to_csv read_text "
    "write_text read_bytes write_bytes savefig dump".split()
)
PROCESS_MODULES = frozenset("warnings sys os locale decimal signal faulthandler resource threading time".split())
_PURE_RANDOM = frozenset("default_rng Generator SeedSequence PCG64 RandomState BitGenerator".split())
_SETTING = re.compile(r"set|seed|filter|simple|manual|enable|disable|register|chdir|push|pop")
_GROWING = re.compile(r"append|insert|extend|update|remove|clear|add|discard|sort|reverse")
# Decorators that keep no state which a result could depend on.
_PURE_DECORATORS = frozenset(
    "njit jit vectorize guvectorize generated_jit stencil cache lru_cache wraps staticmethod classmethod property "
    "dataclass overload".split()
)


@dataclass(frozen=True)
class Facts:
    """What a piece of code does with names of the notebook's namespace.

    binds: what it binds, and how: "def", "import", "constant" or "data" (anything that may change or be changed).
    touches: names read when it runs. inside: for each function it defines, the names that calling it touches.
    changes: names whose value it writes into (`x[0] = …`, `x.a = …`): these are data, whoever bound them.
    orders: names it calls for what that sets (`np.seterr(…)`). modules: name → the module it is imported from.
    wild: it can do what its syntax does not show. broken: it does not compile, so it does nothing.
    """

    binds: Mapping[str, str] = field(default_factory=dict)
    touches: frozenset[str] = frozenset()
    inside: Mapping[str, frozenset[str]] = field(default_factory=dict)
    changes: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()
    modules: Mapping[str, str] = field(default_factory=dict)
    wild: bool = False
    broken: bool = False


def facts_of(text: str) -> Facts:
    """Return the facts of a cell or a part of one, IPython's signs read as a worker reads them."""
    if len(text) > LONGEST:
        return Facts(wild=True)
    return _long(text) if len(text) > LONG else _short(text)


@functools.lru_cache(maxsize=4096)
def _short(text: str) -> Facts:
    return _read(text)


@functools.lru_cache(maxsize=32)  # a submission can have twenty of them: they stay for its next task, no longer
def _long(text: str) -> Facts:
    return _read(text)


def _read(text: str) -> Facts:
    code = python_of(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
            table = symtable.symtable(code, "<cell>", "exec")
        return _Reader(tree, table).facts()
    except (SyntaxError, ValueError):
        return Facts(broken=True)
    except (RecursionError, MemoryError):
        return Facts(wild=True)


def rust_facts(functions: tuple[str, ...]) -> Facts:
    """Return the facts of a `%%rust` cell that offers these functions."""
    return Facts(binds=dict.fromkeys(functions, "def"))


class _Reader:
    def __init__(self, tree: ast.Module, table: symtable.SymbolTable) -> None:
        self.tree, self.table = tree, table
        self.binds: dict[str, str] = {}
        self.modules: dict[str, str] = {}
        self.changes: set[str] = set()
        self.orders: set[str] = set()
        self.extra: set[str] = set()  # pseudo-names
        self.wild = False

    def facts(self) -> Facts:
        functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self._statements(self.tree.body, functions)
        for node in _walk(self.tree.body, set(functions)):
            self._look(node)
        outside, self.changes = self.changes, set()
        touches: set[str] = set(self.extra)
        inside: dict[str, set[str]] = {}
        for symbol in self.table.get_symbols():
            name = symbol.get_name()
            if symbol.is_referenced():
                touches.add(name)
            if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                self.binds.setdefault(name, "data")
        for function in functions:
            for node in ast.walk(function):
                self._look(node)
        within, self.changes = self.changes, outside
        if len(self.orders) > MOST_ORDERS:  # each of them would be noted with each function
            return Facts(wild=True)
        for child in self.table.get_children():
            used, written = _globals(child)
            for name in written:
                self.binds[name] = "data"
            if child.get_type() == "function" and self.binds.get(child.get_name()) == "def":
                # Two functions of one name in one cell are one entry: all that either touches.
                inside.setdefault(child.get_name(), set()).update(used, written, self.extra, self._orders_as_names())
                self.changes |= within & used  # the rest are names of its own
            else:
                touches |= used | written
        if touches & _WILD_NAMES or any(names & _WILD_NAMES for names in inside.values()):
            self.wild = True
        return Facts(
            self.binds,
            frozenset(touches | self._orders_as_names()),
            {name: frozenset(names) for name, names in inside.items()},
            frozenset(self.changes),
            frozenset(self.orders),
            self.modules,
            self.wild,
        )

    def _orders_as_names(self) -> frozenset[str]:
        return frozenset(f"{name}()" for name in self.orders)

    # ---- what single nodes tell ----

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            self._changed(node)
        elif isinstance(node, ast.AugAssign):
            self._changed(node.target)
        elif isinstance(node, ast.Call):
            self._order(node)
        if isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Name) and node.id in _FILE_NAMES:
            self.extra.add(FILES)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                self._imported(alias.asname or alias.name.partition(".")[0], alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "*":
                    self.wild = True
                else:
                    self._imported(alias.asname or alias.name, f"{node.module or ''}.{alias.name}")

    def _imported(self, name: str, module: str) -> None:
        self.modules[name] = module
        if module.partition(".")[0] in _WILD_MODULES:
            self.wild = True

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr in _WILD_ATTRIBUTES:
            self.wild = True
        if node.attr in _FILE_ATTRIBUTES:
            self.extra.add(FILES)
        parent = node.value
        # np.random.normal, but not np.random.default_rng: what that returns has a stream of its own.
        if isinstance(parent, ast.Attribute) and parent.attr == "random" and node.attr not in _PURE_RANDOM:
            self.extra.add(RANDOM)

    def _changed(self, node: ast.expr) -> None:
        root = _root(node)
        if root:
            self.changes.add(root)

    def _order(self, call: ast.Call) -> None:
        function = call.func
        if isinstance(function, ast.Name):
            order = _SETTING.match(function.id)
        elif isinstance(function, ast.Attribute):
            order = _SETTING.match(function.attr)
            if isinstance(function.value, ast.Attribute):  # sys.path.append, os.environ.update
                order = order or _GROWING.fullmatch(function.attr)
        else:
            return
        if order and (root := _root(function)):
            self.orders.add(root)

    # ---- what the statements bind ----

    def _statements(self, body: list[ast.stmt], functions: list[ast.FunctionDef | ast.AsyncFunctionDef]) -> None:
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append(statement)
                self._bind(statement.name, "def" if _stateless(statement) else "data")
            elif isinstance(statement, ast.ClassDef):
                self._bind(statement.name, "data")
            elif isinstance(statement, ast.Import | ast.ImportFrom):
                for alias in statement.names:
                    self._bind(alias.asname or alias.name.partition(".")[0], "import")
            elif isinstance(statement, ast.Assign) and _constant(statement.value):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        self._bind(target.id, "constant")
            for inner in _blocks(statement):
                self._statements(inner, functions)

    def _bind(self, name: str, how: str) -> None:
        known = self.binds.get(name)
        self.binds[name] = how if known in (None, how) else "data"


def _walk(body: list[ast.stmt], without: set[ast.FunctionDef | ast.AsyncFunctionDef]) -> Iterator[ast.AST]:
    """Yield every node but the bodies of some functions; their decorators and defaults run with the cell."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node in without:
            waiting += [*node.decorator_list, node.args]
        else:
            yield node
            waiting += ast.iter_child_nodes(node)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of a compound statement that run in the same namespace."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(statement, name, None)
        if isinstance(inner, list):
            yield inner
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def _globals(table: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """Return the global names that a scope and those within it read, and those they write."""
    used: set[str] = set()
    written: set[str] = set()
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        for symbol in scope.get_symbols():
            if symbol.is_global():
                used.add(symbol.get_name())
                if symbol.is_declared_global() and symbol.is_assigned():
                    written.add(symbol.get_name())
        waiting += scope.get_children()
    return used, written


def _root(node: ast.expr) -> str:
    """Return the name that a chain of attributes, subscripts and calls begins with, or ""."""
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _stateless(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether calling a function leaves nothing in it that the next call could see."""
    defaults = [*function.args.defaults, *(d for d in function.args.kw_defaults if d is not None)]
    if not all(_constant(default) for default in defaults):
        return False
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in _PURE_DECORATORS:
            return False
    return True


def _constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.UnaryOp):
        return _constant(node.operand)
    if isinstance(node, ast.BinOp):
        return _constant(node.left) and _constant(node.right)
    return isinstance(node, ast.Tuple) and all(_constant(part) for part in node.elts)
