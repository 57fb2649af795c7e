"""What is added to the compiler's messages: a line of help for each common code, and its own explanations."""

from __future__ import annotations

import re
import subprocess

from course.errors import UsageMistake
from course.rust import toolchain

__all__ = ["HELP", "HELP_LINKS", "explain", "help_line"]

HELP: dict[str, str] = {
    "E0004": "the match leaves out a case: add an arm for each pattern that is named above, or _ => for the rest",
    "E0061": "the call gives more or fewer values than the function takes: compare it with the function's first line",
    "E0070": "what stands left of = is no place: to write into part of an array, say x.slice_mut(s![…]).assign(&y) "
    "or x.fill(0.0)",
    "E0106": "a reference that is returned must say whose memory it borrows: return an owned value "
    "(Vec, Array1, String), or name the lifetime, as in fn f<'a>(x: &'a [f64]) -> &'a [f64]",
    "E0261": "a lifetime must be announced before it is used: write it after the name, as in fn f<'a>(x: &'a [f64])",
    "E0277": "a type lacks an ability that is used here: of two number types convert one (n as f64); take a value out "
    "of its Option or Result first (match; ? only where the function returns one, too); for a type of your own, "
    "write the impl",
    "E0282": "the compiler cannot tell which type is meant: write it where the value is named (let x: Vec<f64> = …) "
    "or at the call (collect::<Vec<f64>>())",
    "E0308": "the type the compiler found differs from the one this place needs: convert it "
    "(n as f64, &x, x.to_owned()), or look for a stray semicolon after the last expression",
    "E0283": "the compiler cannot tell which type is meant: write it where the value is named (let x: Vec<f64> = …) "
    "or at the call (collect::<Vec<f64>>())",
    "E0317": "an if without else has the value (): add an else that gives a value of the same type",
    "E0369": "there is no such operator for these two types: lend an array (&a - &b, &a - 1.0), take a number out "
    "of its Option first (if let Some(n) = …), or convert one (n as f64)",
    "E0373": "the closure may live longer than what it borrows: write move |…| so that it owns it, "
    "or use std::thread::scope, which waits for its threads",
    "E0382": "the value has moved to a new owner and cannot be used here any more: borrow it with & where it moved, "
    "or give away x.clone()",
    "E0384": "a variable keeps its first value unless it is declared with let mut",
    "E0425": "nothing of this name is in sight: check the spelling, declare it with let, "
    "call it as a method (x.len(), not len(x)), or bring a named cell's items in with --use",
    "E0432": "this path leads nowhere: check the spelling; %rust --crates lists the crates that cells may use",
    "E0433": "the first part of this path is unknown: check the spelling, add a use line; "
    "%rust --crates lists the crates that cells may use",
    "E0499": "two &mut borrows of the same value are alive at once: end the first before the second begins, "
    "or split the value (split_at_mut, multi_slice_mut)",
    "E0502": "something is borrowed to be read while it is borrowed to be changed: end one of the two borrows "
    "before the other begins, or copy what you need first",
    "E0505": "a value cannot move or be dropped while something still borrows it: use the borrow up first, or clone",
    "E0507": "a value cannot be moved out from behind a reference: borrow it with &, or take a copy with clone()",
    "E0515": "a reference cannot outlive what it points at, and locals end with their function: return the value "
    "itself (x.to_owned(), x.to_vec())",
    "E0594": "what is assigned to must be reached through mut: let mut x, or a parameter of type &mut T "
    "(ArrayViewMut for arrays)",
    "E0596": "to change something it must be reached through mut: let mut x, or a parameter of type &mut T "
    "(ArrayViewMut for arrays)",
    "E0597": "a borrow outlives the value it points at: declare the value earlier, or return an owned copy",
    "E0599": "the type has no method of this name: check the spelling, take the value out of its Option or Result "
    "first, or bring the method's trait into scope (use linfa::prelude::*)",
    "E0605": "as converts between number types only: write a method for the rest (parse(), to_string(), collect())",
    "E0606": "as converts the value, not what points at it: take a reference's value with * first (*x as f64), "
    "a text's with parse()",
    "E0608": "this type has no [ ]: index a slice, a Vec or an array; a number out of a tuple is x.0",
    "E0614": "only a reference is followed with *: leave the * out, or borrow with & first (a ** 2 is a.powi(2))",
    "E0716": "a temporary value ends with its statement while it is still borrowed: give it a name with let",
}
"""Error code → what usually mends it, in one line."""

_NDARRAY = r"Array([1-6]|D)?|ArrayView(Mut)?([1-6]|D)?|Axis|Zip|Ix[1-6]|IxDyn|array|azip|s|stack|concatenate"
_NUMBER = r"[iu](8|16|32|64|128|size)|f32|f64|integer|floating-point number"
_ITERATOR = (
    r"(Map|Filter|FilterMap|Zip|Rev|Take|Skip|Enumerate|Chunks|Windows|Iter|Range|StepBy|Chain|Flatten|FlatMap)<"
)

# For E0308: what is expected, what is found, what mends that. The first that fits is taken.
_MISMATCHES: tuple[tuple[str, str, str], ...] = (
    (r"(Option|Result)<", r"(Option|Result)<", HELP["E0308"]),
    (r"Option<", r"\(\)", HELP["E0308"]),
    (r"Option<", r"", "an Option is wanted here: wrap the value in Some(…)"),
    (r"Result<", r"[^(]", "a Result is wanted here: wrap the value in Ok(…)"),
    (
        r"\(\)",
        r"(Option|Result)<",
        "only a function's last expression is its result: to leave earlier, return it, as in return Err(…);",
    ),
    (
        r"",
        r"(Option|Result)<",
        "the value is still in its Option or Result: take it out (match; ? where the function returns one, too)",
    ),
    (
        r"",
        r"\(\)",
        "() is no value: the last expression of a block is its value, without a semicolon; and = assigns, == compares",
    ),
    (r"f32|f64", r"integer", "a float is written with a point: 1.0 instead of 1"),
    (_NUMBER, _NUMBER, "numbers are never converted by themselves: say it with as, as in n as f64"),
    (
        r"&(mut )?str|String",
        _NUMBER,
        "a text is wanted here: write it in quotes, or make one of the number: n.to_string()",
    ),
    (r"String", r"&", 'a String owns its text: "…".to_string()'),
    (r"&", r"[^&]", "a reference is wanted here: lend the value with & (&mut where it is changed)"),
    (r"Vec<", _ITERATOR, "an iterator has computed nothing yet: gather what it gives with .collect()"),
    (r"Vec<|Array", r"&", "this only borrows its memory: copy what it points at (x.to_vec(), x.to_owned())"),
    (r"[^&]", r"&", "this is a reference: take what it points at with * (*x), or clone() it"),
)

# For E0277, which says of a hundred things that a type lacks an ability: the beginning of its message, what mends that.
_LACKS: tuple[tuple[str, str], ...] = (
    (
        r"the `\?` operator can only be applied",
        "? takes a value out of an Option or a Result, and this is neither: leave the ? out",
    ),
    (
        r"the `\?` operator can only be used in a closure",
        "? would leave the closure alone, not the function around it: write a for loop, where ? leaves the function",
    ),
    (
        r"the `\?` operator can only be used in",
        "? hands on what is missing: the function must return an Option or a Result itself; else use match",
    ),
    (
        r"the `\?` operator can only be used on `Result`s",
        "the function returns a Result, and this is an Option: say what is wrong when it is empty, x.ok_or(…)?",
    ),
    (
        r"the `\?` operator can only be used on `Option`s",
        "the function returns an Option, and this is a Result: let its error go, x.ok()?",
    ),
    (
        r"`\?` couldn't convert the error",
        "? hands on an error of another type than the function's: x.map_err(|error| error.to_string())?",
    ),
    (
        rf"(cannot|can't) \w+ `(&*({_NUMBER})|{{\w+}})` \w+ `(&*({_NUMBER})|{{\w+}})`",
        "numbers are never converted by themselves: say it with as, as in n as f64",
    ),
    (r"the type .* cannot be indexed by", "an index is a usize: x[i as usize]"),
    (
        r"a value of type .* cannot be built",
        "collect() gathers what the iterator gives, which is of another type: convert each first, .map(|x| …)",
    ),
    (r"a value of type .* cannot be made", "name the type that comes out, as in .sum::<f64>()"),
    (
        r".* doesn't implement `(std::fmt::)?(Display|Debug)`",
        "print it with {:?}; a type of your own needs #[derive(Debug)]",
    ),
    (r".* is not an iterator", "for walks through something: a range (0..n), or x.iter()"),
    (
        r"the size for values of type",
        "a run of values has no length of its own to be kept by: lend it (&x[1..]), or copy it (x[1..].to_vec())",
    ),
)

# For E0599, a method that is not there: what it was asked of, what mends that.
_NO_METHOD: tuple[tuple[str, str], ...] = (
    (
        r"enum `(Option|Result)<",
        "the value is still in its Option or Result: take it out (match; ? where the function returns one, too)",
    ),
    (
        r"(reference `&(mut )?\[|struct `Vec<)",
        "a slice or Vec has few of NumPy's methods: go through x.iter(), x.iter().sum::<f64>(), or take an ArrayView1",
    ),
    (r"type `f\d+`", "a number has no method of this name: look for one alike (x.powi(2), x.sqrt(), x.abs())"),
    (r"type `[iu](\d+|size)`", "whole numbers have few of a float's methods: convert first, as in (n as f64).sqrt()"),
)


def help_line(code: str, message: str, drawing: str) -> str:
    """Return our line for an error: the code's, or a closer one where the compiler's words allow; "" for none."""
    missing = re.match(r"cannot find .*`(\w+)!?` in this scope", message)
    if missing is not None and re.fullmatch(_NDARRAY, missing[1]) and code in HELP:
        return f"add the line use ndarray::{missing[1]};"
    if code == "E0282" and "declared on the enum `Result`" in drawing:
        return "to leave the function with an error, return it, as in return Err(…);"
    if code == "E0599" and (asked := re.match(r"no method named .* found for (.*) in the current scope", message)):
        return next((line for pattern, line in _NO_METHOD if re.match(pattern, asked[1])), HELP[code])
    if code == "E0277":
        return next((line for pattern, line in _LACKS if re.match(pattern, message)), HELP[code])
    types = re.search(r"expected (?:`([^`]+)`|([a-z -]+)), found (?:`([^`]+)`|([a-z -]+))", drawing)
    if code == "E0308" and types is not None:
        expected, found = types[1] or types[2], types[3] or types[4]
        fitting = (line for want, have, line in _MISMATCHES if re.match(want, expected) and re.match(have, found))
        return next(fitting, HELP[code])
    return HELP.get(code, "")


HELP_LINKS: dict[str, tuple[str, str]] = {}
"""Error code → (label, address) of the page that teaches it. The course fills this; nothing here knows of chapters."""


def explain(code: str) -> str:
    """Return the compiler's own explanation of an error code, as Markdown."""
    wanted = code.strip().upper()
    if re.fullmatch(r"\d{1,4}", wanted):
        wanted = f"E{int(wanted):04d}"
    if not re.fullmatch(r"E\d{4}", wanted):
        raise UsageMistake(f"{code!r} is not an error code", help="a code is E and four digits: %rust --explain E0382")
    found = toolchain.find()
    done = subprocess.run(
        [str(found.rustc), "--edition", "2024", "--explain", wanted],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise UsageMistake(f"the compiler knows no error {wanted}", help="the code stands in brackets in its message")
    # Its examples are marked for its own tests (`compile_fail,E0382,edition2018`); for a reader they are Rust.
    text = re.sub(r"^```[^\n]*\n(.*?)^```", r"```rust\n\1```", done.stdout, flags=re.MULTILINE | re.DOTALL)
    return f"### {wanted}\n\n{text.strip()}\n"
