"""What a cell offers to Python: its top-level functions, read from the syntax tree.

A function crosses when every type of its signature is one of `types.py`; for the others this module says which
part stands in the way, and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import tree_sitter
import tree_sitter_rust

from course.rust.types import (
    SCALARS,
    Array,
    Option,
    Result,
    Scalar,
    Slice,
    StaticStr,
    Str,
    Text,
    Tuple,
    Type,
    Unit,
    Vector,
    View,
)
from course.rust.whole import only_whole_operations

__all__ = ["LENT", "Cell", "Function", "NotSupported", "Parameter", "Place", "read_cell"]


@dataclass(frozen=True)
class Place:
    """Where something stands in the cell: lines and columns from 1, the end column exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function: its name for Python, its type, where it stands."""

    name: str
    type: Type
    place: Place


@dataclass(frozen=True)
class Function:
    """A function that can be called from Python."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    doc: str
    signature: str
    source: str
    place: Place
    result_place: Place


@dataclass(frozen=True)
class NotSupported:
    """A function that cannot be called from Python: the part of its signature that stands in the way, and a way out."""

    function: str
    part: str
    type: str
    place: Place
    help: str
    public: bool


@dataclass(frozen=True)
class Cell:
    """What was read from a cell. `unfinished`: first and last line of each function that is still `todo!()`.

    `whole`: all its loops are inside whole operations of ndarray (`course.rust.whole`).
    """

    functions: tuple[Function, ...]
    not_supported: tuple[NotSupported, ...]
    has_main: bool
    parses: bool
    roots: frozenset[str]
    prints: bool
    items: frozenset[str] = field(default=frozenset())
    unfinished: tuple[tuple[int, int], ...] = ()
    whole: bool = False


class _UnsupportedError(Exception):
    def __init__(self, node: tree_sitter.Node, help: str = "") -> None:
        super().__init__(_text(node))
        self.node = node
        self.help = help


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _place(node: tree_sitter.Node) -> Place:
    return Place(node.start_point.row + 1, _column(node, end=False), node.end_point.row + 1, _column(node, end=True))


def _column(node: tree_sitter.Node, *, end: bool) -> int:
    """Return a column in characters: tree-sitter counts bytes, people and rustc's renderings count characters."""
    byte, column = (node.end_byte, node.end_point.column) if end else (node.start_byte, node.start_point.column)
    root = node
    while root.parent is not None:
        root = root.parent
    line = (root.text or b"")[byte - column - root.start_byte : byte - root.start_byte]
    return len(line.decode(errors="replace")) + 1


def read_cell(source: str) -> Cell:
    """Read what a cell offers. Never fails: what cannot be parsed is left to the compiler to explain."""
    tree = _parser().parse(source.encode())
    functions: list[Function] = []
    refused: list[NotSupported] = []
    items: set[str] = set()
    has_main = False
    above: list[tree_sitter.Node] = []
    for node in tree.root_node.named_children:
        if node.type in {"line_comment", "block_comment", "attribute_item"}:
            above.append(node)
            continue
        attributes, above = above, []
        name = node.child_by_field_name("name")
        if name is not None:
            items.add(_text(name))
        if node.type != "function_item" or name is None:
            continue
        if _text(name) == "main":
            has_main = True
        elif not node.has_error and _may_cross(node, attributes):
            read = _read_function(node, attributes)
            (functions if isinstance(read, Function) else refused).append(read)  # type: ignore[arg-type]
    return Cell(
        tuple(functions),
        tuple(refused),
        has_main,
        not tree.root_node.has_error,
        frozenset(_roots(tree.root_node)),
        re.search(r"\be?print(ln)?!|\bdbg!|\bstd(out|err)\b", source) is not None,
        frozenset(items),
        tuple(_unfinished(tree.root_node)) if "todo!" in source else (),
        only_whole_operations(tree.root_node),
    )


def _unfinished(root: tree_sitter.Node) -> Iterator[tuple[int, int]]:
    """Yield where the functions stand whose body holds a `todo!()`: the innermost function of each."""
    stack = [root]
    while stack:
        node = stack.pop()
        name = node.child_by_field_name("macro") if node.type == "macro_invocation" else None
        around: tree_sitter.Node | None = node if name is not None and _text(name) == "todo" else None
        while around is not None and around.type != "function_item":
            around = around.parent
        if around is not None:
            yield around.start_point.row + 1, around.end_point.row + 1
        stack.extend(node.named_children)


def _may_cross(node: tree_sitter.Node, attributes: list[tree_sitter.Node]) -> bool:
    """Leave out generic, unsafe, async and extern functions, and tests: they have no place at the border."""
    for modifiers in (c for c in node.children if c.type == "function_modifiers"):
        if any(m.type in {"unsafe", "async", "extern_modifier"} for m in modifiers.children):
            return False
    generics = node.child_by_field_name("type_parameters")
    if generics is not None and any(c.type != "lifetime_parameter" for c in generics.named_children):
        return False
    return not any(re.match(r"#\[\s*(test|cfg)\b", _text(a)) for a in attributes)


def _roots(node: tree_sitter.Node) -> Iterator[str]:
    """Yield each name that may be a crate's: first parts of paths, names that `use` and `extern crate` start with."""
    stack = [node]
    while stack:
        node = stack.pop()
        kind = node.type
        if kind == "extern_crate_declaration":
            name = node.child_by_field_name("name")
            if name is not None:
                yield _text(name)
        elif kind in {"scoped_identifier", "scoped_type_identifier", "scoped_use_list", "use_wildcard"}:
            path = node.child_by_field_name("path") or (node.named_children[0] if node.named_children else None)
            if path is not None and path.type == "identifier":
                yield _text(path)
        elif kind in {"use_declaration", "use_as_clause"}:
            path = node.child_by_field_name("argument") or node.child_by_field_name("path")
            if path is not None and path.type == "identifier":
                yield _text(path)
            if path is not None and path.type == "use_list":
                yield from (_text(c) for c in path.named_children if c.type == "identifier")
        elif kind == "token_tree":
            # Inside a macro call there is no tree, only tokens: `name ::`.
            for here, after in zip(node.children, node.children[1:], strict=False):
                if here.type == "identifier" and after.type == "::":
                    yield _text(here)
        stack.extend(node.children)


def _read_function(node: tree_sitter.Node, attributes: list[tree_sitter.Node]) -> Function | NotSupported:
    name_node = node.child_by_field_name("name")
    list_node = node.child_by_field_name("parameters")
    assert name_node is not None
    assert list_node is not None
    name = _text(name_node)
    public = any(c.type == "visibility_modifier" for c in node.children)
    body = node.child_by_field_name("body")
    assert body is not None
    head = (node.text or b"")[: body.start_byte - node.start_byte].decode()
    forever = _forever(head)
    parameters: list[Parameter] = []
    part = "result"
    try:
        for number, child in enumerate(c for c in list_node.named_children if c.type == "parameter"):
            pattern, type_node = child.child_by_field_name("pattern"), child.child_by_field_name("type")
            assert pattern is not None
            assert type_node is not None
            plain = pattern.type == "identifier"
            part = f"parameter `{_text(pattern)}`"
            type_ = _parameter_type(type_node)
            if forever.intersection(_LIFETIME.findall(_text(type_node))):
                raise _UnsupportedError(type_node, LENT)
            parameters.append(Parameter(_text(pattern) if plain else f"argument_{number}", type_, _place(type_node)))
        part = "result"
        result_node = node.child_by_field_name("return_type")
        result: Type = Unit() if result_node is None else _result_type(result_node)
    except _UnsupportedError as error:
        return NotSupported(name, part, _text(error.node), _place(error.node), error.help, public)
    except RecursionError:
        help = "write a type that a person can read: tuples in tuples in tuples have no place in a signature"
        return NotSupported(name, part, "a type nested too deeply", _place(name_node), help, public)
    return Function(
        name,
        tuple(parameters),
        result,
        _doc(attributes),
        " ".join(re.sub(r"^pub(\([^)]*\))?\s+", "", head).split()),
        _text(node),
        _place(name_node),
        _place(name_node if result_node is None else result_node),
    )


_LIFETIME = re.compile(r"'\w+")
LENT = (
    "what Python lends ends with the call: leave 'static out, and copy what must last longer "
    "(.to_vec(), .to_owned(), .to_string())"
)


def _forever(head: str) -> set[str]:
    """Return the lifetimes in a function's head that outlive any call: `'static`, and those bound to it."""
    bounds = re.findall(r"('\w+)\s*:((?:\s*\+?\s*'\w+)+)", head)
    found = {"'static"}
    for _ in bounds:  # each round follows the bounds one step further
        found |= {name for name, longer in bounds if found.intersection(_LIFETIME.findall(longer))}
    return found


def _doc(attributes: list[tree_sitter.Node]) -> str:
    lines = []
    for node in attributes:
        text = _text(node).rstrip("\n")
        if text.startswith("///") and not text.startswith("////"):
            lines.append(text[3:].removeprefix(" "))
        elif text.startswith("/**") and not text.startswith("/***"):
            lines += [re.sub(r"^\s*\* ?", "", line).rstrip() for line in text[3:-2].strip().splitlines()]
    return "\n".join(lines).strip()


def _path_and_arguments(node: tree_sitter.Node) -> tuple[str, list[tree_sitter.Node]]:
    """Return the last name of a path and its type arguments, lifetimes left out."""
    arguments: list[tree_sitter.Node] = []
    if node.type == "generic_type":
        inside = node.child_by_field_name("type_arguments")
        arguments = [c for c in (inside.named_children if inside else []) if c.type != "lifetime"]
        inner = node.child_by_field_name("type")
        assert inner is not None
        node = inner
    return _text(node).rpartition("::")[2].strip(), arguments


_WIDE = "128-bit integers have no NumPy type: use i64, u64 or f64"
_RANKS = {f"Ix{n}": n for n in range(1, 7)} | {"IxDyn": None}


def _scalar(node: tree_sitter.Node) -> Scalar | None:
    text = _text(node)
    if text in {"i128", "u128"}:
        raise _UnsupportedError(node, _WIDE)
    return Scalar(text) if text in SCALARS else None


def _element(node: tree_sitter.Node) -> Scalar:
    element = _scalar(node)
    if element is None:
        raise _UnsupportedError(node, f"elements of arrays that cross are {', '.join(SCALARS)}")
    return element


def _ranked(name: str, stem: str, arguments: list[tree_sitter.Node]) -> tuple[Scalar, int | None] | None:
    """Read `Stem2<T>`, `StemD<T>` or `Stem<T, Ix2>`; None when the name is another."""
    match = re.fullmatch(rf"{stem}([1-6]|D)?", name)
    if match is None or not arguments:
        return None
    if match[1] is None:
        dimension = _text(arguments[1]).rpartition("::")[2] if len(arguments) == 2 else ""
        return (_element(arguments[0]), _RANKS[dimension]) if dimension in _RANKS else None
    return _element(arguments[0]), None if match[1] == "D" else int(match[1])


def _tuple_items(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    return [c for c in node.named_children if c.type not in {"line_comment", "block_comment"}]


def _parameter_type(node: tree_sitter.Node) -> Type:
    scalar = _scalar(node)
    if scalar is not None:
        return scalar
    if node.type == "unit_type":
        return Unit()
    if node.type == "tuple_type":
        return Tuple(tuple(_parameter_type(c) for c in _tuple_items(node)))
    if node.type == "reference_type":
        return _parameter_reference(node)
    name, arguments = _path_and_arguments(node)
    if name == "String" and not arguments:
        return Text()
    if name == "Option" and len(arguments) == 1:
        return Option(_parameter_type(arguments[0]))
    for stem, mutable in (("ArrayView", False), ("ArrayViewMut", True)):
        view = _ranked(name, stem, arguments)
        if view is not None:
            return View(*view, mutable)
    owned = _ranked(name, "Array", arguments)
    if owned is not None:
        rank = "D" if owned[1] is None else owned[1]
        raise _UnsupportedError(
            node, f"NumPy owns the memory, so it can only be borrowed: take ArrayView{rank}<{owned[0]}>"
        )
    if name == "Vec" and len(arguments) == 1:
        raise _UnsupportedError(
            node, f"NumPy owns the memory, so it can only be borrowed: take &[{_text(arguments[0])}]"
        )
    raise _UnsupportedError(node)


def _parameter_reference(node: tree_sitter.Node) -> Type:
    inner = node.child_by_field_name("type")
    assert inner is not None
    mutable = any(c.type == "mutable_specifier" for c in node.children)
    if inner.type == "array_type":
        element, length = inner.child_by_field_name("element"), inner.child_by_field_name("length")
        assert element is not None
        if length is not None:
            raise _UnsupportedError(node, f"a NumPy array has no fixed length: take &[{_text(element)}]")
        return Slice(_element(element), mutable)
    if _text(inner) == "str" and not mutable:
        return Str()
    name, arguments = _path_and_arguments(inner)
    owned = _ranked(name, "Array", arguments)
    if owned is not None:
        view = f"ArrayView{'Mut' if mutable else ''}{'D' if owned[1] is None else owned[1]}<{owned[0]}>"
        raise _UnsupportedError(node, f"a reference to an Array cannot point at NumPy's memory: take {view}")
    if name == "Vec" and len(arguments) == 1:
        slice_ = f"&{'mut ' if mutable else ''}[{_text(arguments[0])}]"
        raise _UnsupportedError(node, f"a reference to a Vec cannot point at NumPy's memory: take {slice_}")
    raise _UnsupportedError(node)


def _result_type(node: tree_sitter.Node) -> Type:
    scalar = _scalar(node)
    if scalar is not None:
        return scalar
    if node.type == "unit_type":
        return Unit()
    if node.type == "tuple_type":
        return Tuple(tuple(_result_type(c) for c in _tuple_items(node)))
    if node.type == "reference_type":
        if re.fullmatch(r"&\s*'static\s+str", _text(node)):
            return StaticStr()
        raise _UnsupportedError(node, "a result must own what it returns: for example Vec<f64>, Array1<f64> or String")
    name, arguments = _path_and_arguments(node)
    if name == "String" and not arguments:
        return Text()
    if name == "Option" and len(arguments) == 1:
        return Option(_result_type(arguments[0]))
    if name == "Result" and len(arguments) in {1, 2}:
        return Result(_result_type(arguments[0]), _text(arguments[1]) if len(arguments) == 2 else "")
    if name == "Vec" and len(arguments) == 1:
        return Vector(_result_type(arguments[0]))
    owned = _ranked(name, "Array", arguments)
    if owned is not None:
        return Array(*owned)
    if name.startswith("ArrayView"):
        raise _UnsupportedError(node, "a result must own what it returns: add .to_owned() and return an Array")
    raise _UnsupportedError(node)
