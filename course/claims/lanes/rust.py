"""Rust lanes: compiled as a cell with `%%rust --native --wrapping --no-share` is, and called as a cell's functions are.

Overflow checks are off and every instruction of the machine may be used, as for the C lanes. What is compiled is kept
in the cache of compiled cells, so a learner's machine needs nothing but Rust (and the crates, where a lane names one).
"""

from __future__ import annotations

import functools
from pathlib import Path
from types import MappingProxyType

from course.errors import CourseError
from course.rust.call import CellLibrary, RustFunction
from course.rust.compile import Flags, Refused, build, unit

__all__ = ["FLAGS", "library"]

FLAGS = Flags(native=True, wrapping=True, share=False)


@functools.cache
def library(*names: str) -> MappingProxyType[str, RustFunction]:
    """Compile Rust files of this folder, the last seeing what those before it define; return the last one's functions.

    Raises:
        CourseError: the compiler refuses a lane, which is a mistake of the course (its message is in the error).
    """
    units = [unit((Path(__file__).parent / f"{name}.rs").read_text(encoding="utf-8"), name) for name in names]
    try:
        built = build(units, FLAGS)
    except Refused as refused:
        said = "\n".join(d.get("rendered", d["message"]) for d in refused.diagnostics if d["level"] == "error")
        raise CourseError(f"the Rust lane {names[-1]}.rs does not compile here:\n{said}") from None
    loaded = CellLibrary(built.artifact, {u.file: (u.name, u.source) for u in units})
    return MappingProxyType({f.name: RustFunction(f, loaded) for f in units[-1].cell.functions})
