"""Structural rules: what the code of a solution must or must not contain, whatever it computes.

A rule reads source text and runs nothing. It looks at the task's function and at the functions of the same source
that it calls. A rule is a fence, not a wall: code that is built from texts at run time gets round it, and a person
who reads the submission sees that it does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from course.errors import CourseError

__all__ = ["RULES", "Rule", "rule_from_json"]


@dataclass(frozen=True)
class Rule:
    """A structural rule: its name, what it was given, and `words` for the learner."""

    name: str
    words: str
    names: tuple[str, ...] = ()

    def broken(self, source: str, function: str) -> str | None:
        """Return in words how the source of a solution breaks the rule, or None."""
        return _LOOKS[self.name](source, function, self.names)

    def to_json(self) -> dict[str, Any]:
        """Return the rule as a learner bank has it."""
        return {"name": self.name, "names": list(self.names)}


def _naming(name: str, words: str) -> Callable[..., Rule]:
    def make(*names: str) -> Rule:
        if not names or not all(isinstance(one, str) and re.fullmatch(r"[A-Za-z_][\w.]*", one) for one in names):
            raise CourseError(f"{name} names what must not be there", help=f'write {name}("sklearn", "np.cov")')
        return Rule(name, words.format(", ".join(names)), names)

    make.__name__ = name
    return make


RULES: dict[str, Any] = {
    "no_python_loops": Rule("no_python_loops", "no loop in Python (for, while, comprehensions)"),
    "must_be_rust": Rule("must_be_rust", "written in Rust, in a %%rust cell"),
    "must_use_numba": Rule("must_use_numba", "compiled by numba (@njit)"),
    "no_unsafe": Rule("no_unsafe", "without `unsafe`"),
    "must_not_call": _naming("must_not_call", "without calling {}"),
    "must_not_import": _naming("must_not_import", "without importing {}"),
}
"""Name → what a definition writes in `rules`: a rule, or a function that makes one."""


def rule_from_json(data: Mapping[str, Any]) -> Rule:
    """Return the rule that `to_json` described."""
    made = RULES.get(str(data.get("name")))
    names = [str(name) for name in data.get("names", ())]
    if made is None:
        raise CourseError(
            f"this course knows no rule {data.get('name')!r}", help="install a newer version of the course"
        )
    rule = made if isinstance(made, Rule) else made(*names)
    assert isinstance(rule, Rule)
    return rule


def is_rust(source: str) -> bool:
    """Whether the source of a solution is a Rust cell."""
    return source.lstrip().startswith("%%rust")


# A comment, a text or a character; of one that has no end, its beginning: then it goes on to the end of the source.
_NO_CODE = re.compile(
    r"""
      //[^\n]*
    | /\*
    | \b b? r (\#*) "
    | b? " (?: [^"\\] | \\. )*+ (?: " | \\? \Z )
    | b? ' (?: \\ (?: x [0-9a-fA-F]{2} | u \{ [^}\n]{1,12} \} | . ) | [^'\\\n] ) '
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def _bare(source: str) -> str:
    """Return Rust without comments, texts and characters, in time that grows as the source does."""
    parts: list[str] = []
    at = 0
    while (found := _NO_CODE.search(source, at)) is not None:
        parts += (source[at : found.start()], " ")
        at = found.end()
        if found[0] == "/*":
            at = _after_comment(source, at)
        elif found[1] is not None:
            end = source.find(f'"{found[1]}', at)
            at = len(source) if end < 0 else end + 1 + len(found[1])
    return "".join((*parts, source[at:]))


def _after_comment(source: str, at: int) -> int:
    """Return where a block comment ends that begins before `at`: they nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(source, at):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    return len(source)


@dataclass
class _Code:
    """Python source as the rules see it: the functions in question, and what imported names stand for."""

    functions: list[ast.AST]
    aliases: dict[str, str]
    imports: set[str]
    tree: ast.Module


def _parsed(source: str, function: str) -> _Code | None:
    plain = "\n".join("" if re.match(r"\s*[%!]", line) else line for line in source.splitlines())
    try:
        tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    aliases: dict[str, str] = {"np": "numpy"}
    imports: set[str] = set()
    named: dict[str, ast.AST] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imports.add(alias.name)
                aliases[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imports.add(f"{node.module}.{alias.name}")
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda | ast.Call):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    named.setdefault(target.id, node)
    reached: dict[str, ast.AST] = {}
    todo = [function]
    while todo:
        name = todo.pop()
        if name in named and name not in reached:
            reached[name] = named[name]
            todo += [part.id for part in ast.walk(named[name]) if isinstance(part, ast.Name)]
    return _Code(list(reached.values()), aliases, imports, tree)


def _no_python_loops(source: str, function: str, _names: tuple[str, ...]) -> str | None:
    if is_rust(source) or (code := _parsed(source, function)) is None:
        return None
    loops = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    for node in (part for f in code.functions for part in ast.walk(f)):
        if isinstance(node, loops):
            return f"there is a loop in Python (line {node.lineno}): write it with NumPy's whole-array operations"
    for name in _calls(code):
        if name in ("map", "filter", "numpy.vectorize", "numpy.apply_along_axis", "numpy.frompyfunc"):
            return f"`{name}` is a loop in Python: write it with NumPy's whole-array operations"
    return None


def _must_be_rust(source: str, function: str, _names: tuple[str, ...]) -> str | None:
    if is_rust(source) and re.search(rf"\bfn\s+{re.escape(function)}\b", _bare(source)):
        return None
    return f"`{function}` is not from a Rust cell: write it in a cell that begins with %%rust"


def _must_use_numba(source: str, function: str, _names: tuple[str, ...]) -> str | None:
    plain = f"`{function}` is plain Python: keep @njit above the def"
    if is_rust(source) or (code := _parsed(source, function)) is None:
        return plain
    compiled = {"jit", "njit", "vectorize", "guvectorize", "numba.jit", "numba.njit"}
    for node in ast.walk(code.tree):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if _dotted(called, code.aliases).removeprefix("numba.") in compiled:
                    return None
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            called = node.value.func.func if isinstance(node.value.func, ast.Call) else node.value.func
            if function in names and _dotted(called, code.aliases).removeprefix("numba.") in compiled:
                return None
    return plain


def _no_unsafe(source: str, _function: str, _names: tuple[str, ...]) -> str | None:
    if is_rust(source) and re.search(r"\bunsafe\b", _bare(source)):
        return "there is `unsafe` in it: this can be written without"
    return None


def _must_not_call(source: str, function: str, names: tuple[str, ...]) -> str | None:
    if is_rust(source):
        text = _bare(source)
        for name in names:
            if re.search(rf"(?<![\w.]){re.escape(name.replace('.', '::'))}\b|\.{re.escape(name)}\b", text):
                return f"it uses `{name}`: write what that does yourself"
        return None
    if (code := _parsed(source, function)) is None:
        return None
    forbidden = [(name, _whole(name, code.aliases)) for name in names]
    for called in _calls(code):
        for name, whole in forbidden:
            method = "." not in name and called.startswith("?.") and called.endswith(f".{name}")
            if called == whole or called.startswith(f"{whole}.") or method:
                return f"it uses `{name}`: write what that does yourself"
    return None


def _must_not_import(source: str, function: str, names: tuple[str, ...]) -> str | None:
    if is_rust(source):
        text = _bare(source)
        for name in names:
            if re.search(rf"\b(?:use|extern\s+crate)\s+(?:::)?{re.escape(name)}\b|\b{re.escape(name)}::", text):
                return f"it uses `{name}`: do without"
        return None
    if (code := _parsed(source, function)) is None:
        return None
    for module in sorted(code.imports):
        for name in names:
            if module == name or module.startswith(f"{name}."):
                return f"it imports `{name}`: do without"
    return None


def _whole(name: str, aliases: Mapping[str, str]) -> str:
    first, dot, rest = name.partition(".")
    return aliases.get(first, first) + dot + rest


def _dotted(node: ast.AST, aliases: Mapping[str, str]) -> str:
    """Return a name as it is imported: `np.linalg.inv` is numpy.linalg.inv; a method of a value is `?.name`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(aliases.get(node.id, f"?.{node.id}" if parts else node.id))
        if parts[-1].startswith("?."):
            parts[-1] = "?"
    else:
        parts.append("?")
    return ".".join(reversed(parts))


def _calls(code: _Code) -> Iterator[str]:
    """Yield what the functions in question use by name: calls, decorators, and functions handed on."""
    for node in (part for f in code.functions for part in ast.walk(f)):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            yield _dotted(node, code.aliases)


_LOOKS: dict[str, Callable[[str, str, tuple[str, ...]], str | None]] = {
    "no_python_loops": _no_python_loops,
    "must_be_rust": _must_be_rust,
    "must_use_numba": _must_use_numba,
    "no_unsafe": _no_unsafe,
    "must_not_call": _must_not_call,
    "must_not_import": _must_not_import,
}
