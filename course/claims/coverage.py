"""What linfa and rustlearn offer, read from their sources, beside scikit-learn's own list of estimators.

    course claims run linfa-comprehensive        uses the lists that ship with the course
    python -m course.claims.coverage             reads the crates' sources again and writes the list for linfa

An algorithm of linfa is a type that `Fit`, `FitWith`, `Transformer` or `NearestNeighbour` is implemented for, or that
guards the parameters of one (`ParamGuard`, `TransformGuard`): that is how linfa's own documentation finds them.
`ValidParams`, `Params` and `Fitted` are parts of such a type's name, not of the algorithm's.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from course.files import write_whole

__all__ = ["LINFA", "Area", "algorithms", "estimators", "linfa", "sources"]

LINFA = Path(__file__).with_name("data") / "linfa.json"
VERSION = "0.8.1"

_TRAITS = "Fit|FitWith|Transformer|ParamGuard|TransformGuard|NearestNeighbour"
_COMPOSED = "PredictInplace"  # in the crate `linfa` itself: models made of other models, which are not fitted
_MODULE = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*[;{]", re.MULTILINE)
_FITTED = re.compile(r"^pub struct Fitted(\w+)", re.MULTILINE)  # some are fitted by a method, not by a trait
_PARTS = re.compile(r"(ValidParams|Params|ParamsBase|ValidParamsBase|Base)$")
_NO_ALGORITHMS = frozenset({"P", "R", "T", "F", "KernelView"})  # blanket implementations, and a view


def sources(pattern: str) -> list[Path]:
    """Return the folders of crates' sources that cargo has downloaded here, by a pattern such as `linfa-*-0.8.1`."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    return sorted(path for path in home.glob(f"registry/src/*/{pattern}") if path.is_dir())


def algorithms(crate: Path) -> list[str]:
    """Return the names of the types in a crate that can be fitted or that transform, sorted."""
    traits = f"{_TRAITS}|{_COMPOSED}" if crate.name.startswith("linfa-0") else _TRAITS
    implements = re.compile(rf"^impl\b[^{{;]*?\b(?:{traits})\b[^{{;]*?\bfor\s+&?(?P<type>[A-Z]\w*)", re.MULTILINE)
    root = crate / "src"
    compiled = set(_MODULE.findall((root / "lib.rs").read_text("utf-8")))  # a folder that no `mod` names is dead
    found: set[str] = set()
    for path in sorted(root.rglob("*.rs")):
        first = path.relative_to(root).parts[0].removesuffix(".rs")
        if first != "lib" and first not in compiled:
            continue
        text = path.read_text("utf-8", errors="replace")
        found.update(_FITTED.findall(text))
        for match in implements.finditer(text):
            name = _PARTS.sub("", match["type"]).removeprefix("Fitted").removeprefix("Valid")
            if name and match["type"] not in _NO_ALGORITHMS:
                found.add(name)
    return sorted(found)


@dataclass(frozen=True)
class Area:
    """One part of scikit-learn: its estimators, and for each what of linfa does that job (or "")."""

    name: str
    covered: Mapping[str, str]

    @property
    def count(self) -> int:
        """How many of its estimators linfa covers."""
        return sum(bool(other) for other in self.covered.values())


def linfa() -> dict[str, dict[str, list[str]]]:
    """Return the list that ships: crate → algorithm → the estimators of scikit-learn that do the same."""
    found = json.loads(LINFA.read_text("utf-8"))["crates"]
    assert isinstance(found, dict)
    return found


def estimators() -> list[Area]:
    """Return scikit-learn's estimators by its own list, part by part, with linfa's counterparts."""
    from sklearn.utils import all_estimators

    counterparts: dict[str, str] = {}
    for crate, named in linfa().items():
        for algorithm, same in named.items():
            for estimator in same:
                counterparts[estimator] = f"{crate}: {algorithm}"
    parts: dict[str, dict[str, str]] = {}
    for name, type in all_estimators():
        part = type.__module__.split(".")[1].lstrip("_")
        parts.setdefault(part, {})[name] = counterparts.get(name, "")
    return [Area(name, covered) for name, covered in sorted(parts.items())]


def refresh(folders: Iterable[Path]) -> dict[str, dict[str, list[str]]]:
    """Return the list made anew from sources; counterparts written by hand are kept, new algorithms have none."""
    old = linfa() if LINFA.is_file() else {}
    found: dict[str, dict[str, list[str]]] = {}
    for folder in folders:
        crate = folder.name.rpartition("-")[0]
        names = algorithms(folder)
        if names:
            found[crate] = {name: old.get(crate, {}).get(name, []) for name in names}
    return found


if __name__ == "__main__":
    there = refresh(sources(f"linfa*-{VERSION}"))
    content = {"schema": 1, "version": VERSION, "crates": there}
    write_whole(LINFA, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
