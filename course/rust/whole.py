"""Which cells only call whole operations of ndarray: those may link to instances compiled once.

`x.sum_axis(Axis(0))` is four hundred generic functions. A cell that compiles them itself takes three to eight times as
long as one that finds them compiled, and gains nothing: the loop is inside. A cell with a loop or a closure of its own
is different. There the compiler has to see through ndarray's small functions, and everything is compiled in the cell.

So the question is answered from what a cell is written with, and "no" is the answer to whatever is not listed here.
The calls themselves stand in `crates/prelude/src/ndarray.rs`.
"""

from __future__ import annotations

import tree_sitter

__all__ = ["OPERATIONS", "VIEWS", "only_whole_operations"]

OPERATIONS = frozenset(
    "to_owned into_owned clone sum mean var std product dot sum_axis mean_axis var_axis std_axis product_axis fill "
    "assign scaled_add select to_vec abs exp ln sqrt powi powf "
    "zeros ones from_elem eye linspace range from_vec from_diag from_shape_vec concatenate stack".split()
)
"""Methods, constructors and macros whose loops are compiled in the prelude."""

VIEWS = frozenset(
    "view view_mut t reversed_axes row column row_mut column_mut slice slice_mut index_axis diag diag_mut "
    "nrows ncols len dim shape strides raw_dim is_empty ndim as_ptr s".split()
)
"""What only looks: no loop, or one over axes."""

# Rust around it, which is the same whoever compiles it.
_AROUND = frozenset(
    "Some Ok Err Axis unwrap expect ok_or unwrap_or is_none is_some to_string into from max min vec format print "
    "println assert assert_eq panic todo".split()
)
_TYPES = frozenset(
    "Array1 Array2 ArrayView1 ArrayView2 ArrayViewMut1 ArrayViewMut2 Axis Option Some None Result Ok Err String Vec "
    "Debug".split()
)
_NUMBERS = frozenset({"f64", "usize", "isize", "bool", "str"})
_ITEMS = frozenset(
    {"use_declaration", "function_item", "const_item", "attribute_item", "line_comment", "block_comment"}
)
_OWN_CODE = frozenset(
    {"closure_expression", "for_expression", "while_expression", "loop_expression", "type_parameter", "unsafe_block"}
)
_TOKENS = frozenset({"|", "||", "for", "while", "loop", "unsafe"})  # the same inside a macro, which has no tree
_NAMES = frozenset({"identifier", "field_identifier", "type_identifier"})


def only_whole_operations(root: tree_sitter.Node) -> bool:
    """Say whether all loops of a cell are inside whole operations on `f64` arrays of one and two dimensions."""
    if root.has_error or not all(item.type in _ITEMS for item in root.named_children):
        return False
    named = (item.child_by_field_name("name") for item in root.named_children)
    own = {_text(node) for node in named if node is not None}
    known = OPERATIONS | VIEWS | _AROUND
    stack = [root]
    while stack:
        node = stack.pop()
        kind = node.type
        if kind in _TOKENS and node.parent is not None and node.parent.type == "token_tree":
            return False
        if kind in _OWN_CODE or (kind == "primitive_type" and _text(node) not in _NUMBERS):
            return False
        if kind == "use_as_clause" or (kind == "generic_type" and _other_elements(node)):
            return False
        if kind in _NAMES and (name := _text(node))[:1].isupper() and name not in _TYPES and name not in own:
            return False
        if (called := _called(node)) is not None and called[0] not in known and not (called[1] and called[0] in own):
            return False
        stack.extend(node.children)
    return True


def _other_elements(node: tree_sitter.Node) -> bool:
    """Say whether a type is an array of something else than `f64`: the prelude has no others."""
    name, arguments = node.child_by_field_name("type"), node.child_by_field_name("type_arguments")
    if name is None or arguments is None or not _text(name).startswith("Array"):
        return False
    return any(_text(argument) != "f64" for argument in arguments.named_children if argument.type != "lifetime")


def _called(node: tree_sitter.Node) -> tuple[str, bool] | None:
    """Return the name of what a node calls, a function, a method or a macro, and whether it stands alone.

    Only a name alone can be a function of the cell: `x.map_axis(…)` is ndarray's, whatever the cell defines. Inside a
    macro there is no tree, only tokens: a name before a bracket, an exclamation mark or `::<`.
    """
    if node.type == "call_expression":
        function = node.child_by_field_name("function")
        return None if function is None else (_last(function), function.type == "identifier")
    if node.type == "macro_invocation":
        macro = node.child_by_field_name("macro")
        return None if macro is None else (_last(macro), False)
    if node.type == "identifier" and node.parent is not None and node.parent.type == "token_tree":
        before, after = node.prev_sibling, node.next_sibling
        alone = before is None or before.type not in {".", "::"}
        if after is not None and after.type in {"token_tree", "!"}:
            return _text(node), alone
        if after is not None and after.type == "::" and after.next_sibling is not None:
            name = _text(node)
            return (name, alone) if after.next_sibling.type == "<" and name not in _TYPES else None
    return None


def _last(node: tree_sitter.Node) -> str:
    """Return the last name of a path or of a chain of fields; what has none, such as a called closure, gives ""."""
    while True:
        inner = node.child_by_field_name("field") or node.child_by_field_name("name")
        if node.type == "generic_function":
            inner = node.child_by_field_name("function")
        if inner is None:
            return _text(node) if node.type in _NAMES else ""
        node = inner


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()
