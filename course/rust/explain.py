"""What is added to the compiler's messages: a line of help for each common code, and its own explanations."""

from __future__ import annotations

import re
import subprocess

from course.errors import UsageMistake
from course.rust import toolchain

__all__ = ["HELP", "HELP_LINKS", "explain"]

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
