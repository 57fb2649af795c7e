"""Write the Rust side of the border: an `extern "C"` function around each function that Python may call.

The shim is appended to the cell's text, so that the learner's lines keep their numbers. Each of its lines
remembers which part of which signature it stands for: an error there is shown on that signature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count

from course.rust.signature import Function, Place
from course.rust.types import (
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

__all__ = ["Shim", "needs_ndarray", "symbol", "write_shim"]

_PRIMITIVE = "::core::primitive::"


@dataclass(frozen=True)
class Shim:
    """The shim's text, and for each of its lines (from 0) what it stands for in the cell, if anything."""

    text: str
    places: tuple[tuple[Function, str, Place] | None, ...]


def symbol(function: Function) -> str:
    """Return the name a function is exported under: linkers take letters of ASCII only."""
    name = re.sub(r"\W", lambda other: f"_{ord(other[0]):x}_", function.name.removeprefix("r#"), flags=re.ASCII)
    return f"course_call_{name}"


def needs_ndarray(function: Function) -> bool:
    """Tell whether the shim of a function names ndarray."""
    return any(isinstance(t, (View, Array)) for t in _all_types(function))


def _all_types(function: Function) -> list[Type]:
    return _within(*(p.type for p in function.parameters), function.result)


def _within(*types: Type) -> list[Type]:
    """Return the types, and those they hold."""
    found: list[Type] = []
    waiting = [*types]
    while waiting:
        found.append(waiting.pop())
        match found[-1]:
            case Tuple(items):
                waiting += items
            case Option(item) | Result(item, _) | Vector(item):
                waiting.append(item)
    return found


def write_shim(functions: tuple[Function, ...], *, prints: bool) -> Shim:
    """Return the text that makes the functions callable. `prints`: end each call by showing what was printed."""
    lines: list[str] = []
    places: list[tuple[Function, str, Place] | None] = []

    def add(text: str, stands_for: tuple[Function, str, Place] | None = None) -> None:
        for line in text.splitlines():
            lines.append(line)
            places.append(stands_for)

    add("#[allow(warnings, unsafe_code, clippy::all)]")
    add("mod __course_border {")
    add("use ::course_border::{Words, guard, flush};")
    types = {t for f in functions for t in _all_types(f)}
    if any(isinstance(t, Slice) for t in types):
        add(_SLICES)
    if any(isinstance(t, (Str, Text)) for f in functions for p in f.parameters for t in _within(p.type)):
        add(_TEXT)
    for rank, mutable in sorted({(t.rank or 0, t.mutable) for t in types if isinstance(t, View)}):
        add(_view_helper(rank or None, mutable))
    for function in functions:
        _add_function(add, function, prints)
    add("}")
    return Shim("\n".join(lines) + "\n", tuple(places))


# Each helper takes a reference to a variable of the call: what is lent lives as long as that, and no longer.
_SLICES = """\
unsafe fn lend<'a, T>(_: &'a (), address: usize, length: usize) -> &'a [T] {
    unsafe { ::core::slice::from_raw_parts(address as *const T, length) }
}
unsafe fn lend_mut<'a, T>(_: &'a (), address: usize, length: usize) -> &'a mut [T] {
    unsafe { ::core::slice::from_raw_parts_mut(address as *mut T, length) }
}
"""
_TEXT = """\
unsafe fn text<'a>(_: &'a (), address: usize, length: usize) -> &'a ::core::primitive::str {
    unsafe { ::core::str::from_utf8_unchecked(::core::slice::from_raw_parts(address as *const u8, length)) }
}
"""


def _view_helper(rank: int | None, mutable: bool) -> str:
    """Write the function that makes a view. Strides arrive positive; `flips` has a bit for each axis to reverse."""
    kind = f"::ndarray::ArrayView{'Mut' if mutable else ''}"
    pointer = "mut" if mutable else "const"
    if rank is None:
        inputs = "axes: usize, shape: usize, strides: usize"
        dimension = "::ndarray::IxDyn"
        start = (
            "let n: &[usize] = ::core::slice::from_raw_parts(shape as *const usize, axes);"
            "let s: &[usize] = ::core::slice::from_raw_parts(strides as *const usize, axes);"
            "let (n, s) = (::ndarray::IxDyn(n), ::ndarray::IxDyn(s));"
        )
    else:
        inputs = f"n: [usize; {rank}], s: [usize; {rank}]"
        dimension = f"::ndarray::Ix{rank}"
        start = ""
    name = f"view{'_mut' if mutable else ''}{'_any' if rank is None else rank}"
    return f"""\
unsafe fn {name}<'a, T>(_: &'a (), address: usize, {inputs}, flips: usize) -> {kind}<'a, T, {dimension}> {{ unsafe {{
    use ::ndarray::ShapeBuilder as _;
    {start}
    let mut view = {kind}::from_shape_ptr(n.strides(s), address as *{pointer} T);
    if flips != 0 {{
        for axis in 0..view.ndim() {{ if flips >> axis & 1 == 1 {{ view.invert_axis(::ndarray::Axis(axis)); }} }}
    }}
    view
}} }}
"""


class _Inputs:
    """Hands out the names of the flat arguments and keeps their declarations."""

    def __init__(self) -> None:
        self.declared: list[str] = []

    def new(self, rust_type: str) -> str:
        name = f"a{len(self.declared)}"
        self.declared.append(f"{name}: {rust_type}")
        return name


def _take(type_: Type, inputs: _Inputs) -> str:
    """Return the expression that makes a parameter from flat arguments; `border.py` packs in the same order."""
    match type_:
        case Scalar("bool"):
            return f"{inputs.new('u8')} != 0"
        case Scalar(name):
            return inputs.new(_PRIMITIVE + name)
        case Slice(element, mutable):
            helper = "lend_mut" if mutable else "lend"
            return f"{helper}::<{_PRIMITIVE}{element}>(&here, {inputs.new('usize')}, {inputs.new('usize')})"
        case View(element, rank, mutable):
            stem = f"view{'_mut' if mutable else ''}"
            address = inputs.new("usize")
            if rank is None:
                rest = ", ".join(inputs.new("usize") for _ in range(4))
                return f"{stem}_any::<{_PRIMITIVE}{element}>(&here, {address}, {rest})"
            shape = ", ".join(inputs.new("usize") for _ in range(rank))
            strides = ", ".join(inputs.new("usize") for _ in range(rank))
            flips = inputs.new("usize")
            return f"{stem}{rank}::<{_PRIMITIVE}{element}>(&here, {address}, [{shape}], [{strides}], {flips})"
        case Str() | Text():
            text = f"text(&here, {inputs.new('usize')}, {inputs.new('usize')})"
            return text if isinstance(type_, Str) else f"::std::string::String::from({text})"
        case Tuple(items):
            return "(" + "".join(f"{_take(item, inputs)}, " for item in items) + ")"
        case Option(item):
            given = inputs.new("u8")
            return (
                f"if {given} != 0 {{ ::core::option::Option::Some({_take(item, inputs)}) }}"
                " else { ::core::option::Option::None }"
            )
        case Unit():
            return "()"
    raise AssertionError(type_)


def _put(type_: Type, value: str, fresh: count[int]) -> str:
    """Return the statements that hand a result over; `border.py` reads in the same order."""
    match type_:
        case Scalar("f64"):
            return f"w.word({_PRIMITIVE}f64::to_bits({value}));"
        case Scalar("f32"):
            return f"w.word({_PRIMITIVE}f32::to_bits({value}) as u64);"
        case Scalar(name):
            return f"w.word({{ let number: {_PRIMITIVE}{name} = {value}; number }} as u64);"
        case Text():
            return f"w.text({value});"
        case StaticStr():
            return f"w.text(::std::string::String::from({value}));"
        case Unit():
            return f"let () = {value};"
        case Tuple(items):
            names = [f"x{next(fresh)}" for _ in items]
            inside = " ".join(_put(item, name, fresh) for item, name in zip(items, names, strict=True))
            return f"let ({''.join(f'{name}, ' for name in names)}) = {value}; {inside}"
        case Option(item):
            name = f"x{next(fresh)}"
            return (
                f"match {value} {{ ::core::option::Option::Some({name}) => {{ w.word(1); {_put(item, name, fresh)} }} "
                "::core::option::Option::None => w.word(0) }"
            )
        case Result(item, _):
            name = f"x{next(fresh)}"
            return (
                f"match {value} {{ ::core::result::Result::Ok({name}) => {{ w.word(1); {_put(item, name, fresh)} }} "
                "::core::result::Result::Err(error) => "
                "{ w.word(0); w.text(::std::string::ToString::to_string(&error)); } }"
            )
        case Vector(Scalar(name)):
            return f"w.vector::<{_PRIMITIVE}{name}>({value});"
        case Vector(item):
            list_, name = f"x{next(fresh)}", f"x{next(fresh)}"
            return (
                f"let {list_} = {value}; w.word({list_}.len() as u64); "
                f"for {name} in {list_} {{ {_put(item, name, fresh)} }}"
            )
        case Array(element, rank):
            name = f"x{next(fresh)}"
            dimension = "::ndarray::IxDyn" if rank is None else f"::ndarray::Ix{rank}"
            return (
                f"let {name}: ::ndarray::Array<{_PRIMITIVE}{element}, {dimension}> = {value}; "
                f"w.layout({name}.shape(), {name}.strides()); "
                f"let ({name}, offset) = {name}.into_raw_vec_and_offset(); "
                f"w.word(offset.unwrap_or(0) as u64); w.vector({name});"
            )
    raise AssertionError(type_)


def direct(result: Type) -> bool:
    """Tell whether a result crosses as the C function's own return value; anything else crosses as words."""
    return isinstance(result, (Scalar, Unit))


def _add_function(add: object, function: Function, prints: bool) -> None:
    assert callable(add)
    inputs = _Inputs()
    arguments = [(p, _take(p.type, inputs)) for p in function.parameters]
    if isinstance(function.result, Unit):
        arrow, start, end = "", "", ""
    elif isinstance(function.result, Scalar):
        name = function.result.name
        arrow = " -> u8" if name == "bool" else f" -> {_PRIMITIVE}{name}"
        start = f"let mut out: {_PRIMITIVE}{name} = ::core::default::Default::default();"
        end = "out as u8" if name == "bool" else "out"
    else:
        arrow, start, end = " -> *mut u64", "let mut out: *mut u64 = ::core::ptr::null_mut();", "out"
    result_place = (function, "result", function.result_place)
    add(f'#[unsafe(export_name = "{symbol(function)}")]')
    add(f'unsafe extern "C" fn {symbol(function)}({", ".join(inputs.declared)}){arrow} {{')
    add(start)
    add("guard(&mut || { unsafe {")
    add("let here = ();")
    add(f"let value = super::{function.name}(", result_place)
    for parameter, expression in arguments:
        add(f"{expression},", (function, f"parameter `{parameter.name}`", parameter.place))
    add(");")
    if isinstance(function.result, Unit):
        add("let () = value;", result_place)
    elif isinstance(function.result, Scalar):
        add("out = value;", result_place)
    else:
        add("let mut w = Words::new();")
        add(_put(function.result, "value", count()), result_place)
        add("out = w.finish();")
    add("} });")
    if prints:
        add("flush();")
    add(end)
    add("}")
