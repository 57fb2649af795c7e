"""Which generic functions a cell compiles itself although it links to shared instances: the prelude misses them."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from course.errors import CourseError
from course.rust import crates, toolchain
from course.rust.signature import read_cell

__all__ = ["Compiled", "compiled_functions"]

# Libraries whose algorithms the prelude instantiates, and those they stand on.
_SHARED = re.compile(r"^[<&(\[\s]*(?:mut )?(linfa\w*|smartcore|argmin\w*|bhtsne|kdtree|sprs)::")
# Where ndarray's loops are; around them are many small functions that every cell compiles in its place.
_LOOPS = re.compile(r"^<?ndarray::(Zip|iter|iterators|itertools|numeric|numeric_util|linalg|concatenate|stack)\b")
# What is small, or made anew by every crate whatever is shared.
_TRIVIAL = re.compile(
    r" as (std|core)::(fmt::|convert::|clone::|default::|error::Error|ops::Drop)|::<impl std::convert::From<|drop_glue"
)


@dataclass(frozen=True)
class Compiled:
    """What one cell makes the compiler do: the functions it compiles, and those of libraries that are missing."""

    functions: int
    misses: tuple[str, ...]


def compiled_functions(source: str, *, shared: bool = True) -> Compiled:
    """Compile the Rust of a cell and count the functions that became machine code in it.

    Raises CourseError where it does not compile.
    """
    built = crates.ensure()
    uses = set(re.findall(r"\b[a-z_][a-z0-9_]*\b", source))
    whole = read_cell(source).whole
    instances = built.instances(uses, whole=whole) if shared else frozenset()
    with tempfile.TemporaryDirectory(prefix="course-misses-") as folder:
        path = Path(folder) / "cell.rs"
        path.write_text(source, encoding="utf-8")
        command = [str(toolchain.find().rustc), "--crate-name", "cell", "--crate-type", "lib", "--edition", "2024"]
        # Dead code counts: a cell's functions are private, and called from the outside all the same.
        command += ["-C", "opt-level=3", "-C", "link-dead-code", "-Zprint-mono-items=yes", "--cap-lints", "allow"]
        command += [*built.rustc_args(uses, instances), "--emit=obj", "-o", str(Path(folder) / "cell.o"), str(path)]
        environment = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise CourseError(f"the cell does not compile:\n{done.stderr.strip()}")
    items = [line.removeprefix("MONO_ITEM fn ").partition(" @@ ")[0] for line in done.stdout.splitlines()]
    functions = [
        item for item, line in zip(items, done.stdout.splitlines(), strict=True) if line.startswith("MONO_ITEM fn")
    ]
    named = (item for item in functions if _SHARED.match(item) or (whole and _LOOPS.match(item)))
    misses = sorted(item for item in named if not _TRIVIAL.search(item))
    return Compiled(len(functions), tuple(misses))
