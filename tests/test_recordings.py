import json
import os
import subprocess
import sys
import textwrap

import nbformat
import pytest

from course import recordings
from course.build import build, released
from course.chapters import Course
from course.errors import CourseError, RustMissing
from tests.courses import chapter_of

BODY = """
```python
%load_ext course
import numpy as np
```

```rust
/// Add them up.
fn total(x: &[f64]) -> f64 {
    x.iter().sum()
}
```

```python
result = total(np.ones(3))
result
```

```rust magic_args="--name thrice"
fn thrice(x: f64) -> f64 {
    3.0 * x
}
```

```rust magic_args="--use thrice"
fn nine_times(x: f64) -> f64 {
    thrice(thrice(x))
}
```

```python
nine_times(1.0)
```

```python
f"it is {result}"
```

```python
1 + 1
```

```python
result = 5
result + 1
```

```rust solution="twice"
fn twice(x: f64) -> f64 {
    // BEGIN SOLUTION
    2.0 * x
    // END SOLUTION
}
```

```python tests="twice" points=1
assert twice(2.0) == 4.0, "twice 2 is 4"
```
"""


def cells(tmp_path, body=BODY):
    return recordings.needing_rust(released(*chapter_of(body, tmp_path)))


def test_cells_that_need_rust_are_found_through_the_names_they_use(tmp_path):
    texts = [cell.text.splitlines()[-1] for cell in cells(tmp_path)]

    assert texts[:6] == ["}", "result", "}", "}", "nine_times(1.0)", 'f"it is {result}"']
    assert not {"1 + 1", "result + 1"} & set(texts)


def test_what_the_reader_writes_is_told_apart(tmp_path):
    assert [cell.id for cell in cells(tmp_path) if cell.written_by_reader] == ["twice", "twice-tests"]


def test_white_space_at_line_ends_does_not_change_the_key():
    assert recordings.key_of("a = 1  \nb\n") == recordings.key_of("a = 1\nb")
    assert recordings.key_of("a = 1\n\nb") != recordings.key_of("a = 1\nb")


def test_a_stand_in_says_what_it_needs_whatever_is_done_with_it():
    stand_in = recordings.StandIn("result", "there is no Rust on this machine")

    ways = [len, list, bool, float, abs, lambda s: s(1), lambda s: s + 1, lambda s: s[0], lambda s: s.shape]
    for use in [*ways, lambda s: s == 1]:
        with pytest.raises(RustMissing, match="`result` comes from a cell that needs Rust"):
            use(stand_in)
    told = recordings.refusal(stand_in)
    assert told is not None
    assert "course doctor --fix" in told.help
    assert recordings.refusal(len) is None
    assert repr(stand_in) == "<result: recorded, not computed here (there is no Rust on this machine)>"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    course, chapter = chapter_of(BODY, tmp_path_factory.mktemp("recorded"), needs="rust")
    build(course, [chapter])
    recordings.record(course, chapter)
    return course, chapter


@pytest.mark.needs("rust")
def test_a_recording_holds_what_its_cells_showed_and_on_which_machine(recorded):
    _, chapter = recorded
    content = json.loads(chapter.recording.read_text())

    outputs = [output for cell in content["cells"].values() for output in cell["outputs"]]
    texts = [output["data"]["text/plain"] for output in outputs if "data" in output]
    assert {"3.0", "'it is 3.0'"} <= set(texts)
    assert content["machine"]["rustc"].startswith("rustc 1.")
    assert content["recorded"].startswith("20")


@pytest.mark.needs("rust")
def test_a_recording_is_stale_when_a_cell_that_needs_rust_changes(recorded, tmp_path):
    import shutil

    shutil.copytree(recorded[0].root, tmp_path, dirs_exist_ok=True)
    course = Course(tmp_path)
    chapter = course.at("00_small")
    assert recordings.stale(course, [chapter]) == []

    source = chapter.source.read_text()
    chapter.source.write_text(source.replace("1 + 1", "1 + 2"))
    assert recordings.stale(course, [chapter]) == []  # it needs no Rust

    chapter.source.write_text(source.replace("np.ones(3)", "np.ones(4)"))
    (gone,) = [cell.id for cell in recordings.needing_rust(released(*recorded)) if "ones(3)" in cell.text]
    assert {what for _, what in recordings.stale(course, [chapter])} == {
        "changed since it was recorded",
        f"holds the cell {gone}, which is gone",
    }


REFUSED = """
```python
%load_ext course
```

```rust magic_args="--expect E0384"
fn total(x: f64) -> f64 {
    x += 1.0;
    x
}
```
"""


@pytest.mark.needs("rust")
def test_a_recording_is_stale_when_the_help_under_its_error_is_worded_anew(tmp_path, monkeypatch):
    from course.rust import explain

    course, chapter = chapter_of(REFUSED, tmp_path, needs="rust")
    recordings.record(course, chapter)
    assert recordings.stale(course, [chapter]) == []

    monkeypatch.setitem(explain.HELP, "E0384", "say that it changes")
    ((place, what),) = recordings.stale(course, [chapter])
    assert place.startswith("00_small, cell ")
    assert what == "our help under its error has another wording now"


@pytest.mark.needs("rust")
def test_without_rust_recorded_cells_show_what_they_showed_and_others_run(recorded, tmp_path):
    course, chapter = recorded
    notebook = released(course, chapter)
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_RUSTC"}
    # A PATH that lacks cargo, a home without toolchains, and an empty cache.
    environment |= {
        "COURSE_ROOT": str(course.root),
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "COURSE_CACHE_DIR": str(tmp_path / "cache"),
        "JUPYTER_PATH": f"{sys.prefix}/share/jupyter",
    }
    for name in ("CARGO_HOME", "RUSTUP_HOME"):
        environment.pop(name, None)
    path = tmp_path / "read.ipynb"
    nbformat.write(notebook, path)
    program = f"""
        import nbformat
        from nbclient import NotebookClient
        notebook = nbformat.read({str(path)!r}, 4)
        NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
        nbformat.write(notebook, {str(path)!r})
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=environment, check=True, timeout=120)
    ran = nbformat.read(path, 4)
    shown = {cell.id: cell.outputs for cell in ran.cells}
    by_text = {cell.source.splitlines()[-1]: cell.outputs for cell in ran.cells}

    for line, text in (("result", "3.0"), ("nine_times(1.0)", "9.0"), ('f"it is {result}"', "'it is 3.0'")):
        label, value = by_text[line]
        assert "Recorded on 20" in label.data["text/html"]
        assert value.data["text/plain"] == text
    assert by_text["1 + 1"][0].data["text/plain"] == "2"
    assert by_text["result + 1"][0].data["text/plain"] == "6"
    (said,) = shown["twice"]
    assert said.data["text/plain"].startswith("Not run: this cell is Rust of your own, and no Rust compiler was found")
    assert "`twice` can be called once it has run" in said.data["text/plain"]
    assert "<code>twice</code>" in said.data["text/html"]
    errors = {id: [o.ename for o in outputs if o.output_type == "error"] for id, outputs in shown.items()}
    assert {id for id, names in errors.items() if names} == {"twice-tests"}
    assert errors["twice-tests"] == ["RustMissing"]


@pytest.mark.needs("rust")
def test_a_chapter_whose_cell_fails_is_not_recorded(tmp_path):
    course, chapter = chapter_of(BODY.replace("1 + 1", "1 + one"), tmp_path, needs="rust")

    with pytest.raises(CourseError, match="the cell raises NameError"):
        recordings.record(course, chapter)
    assert not chapter.recording.exists()


def test_a_recording_that_cannot_be_read_is_named(tmp_path):
    course, chapter = chapter_of(BODY, tmp_path)
    chapter.recording.parent.mkdir()
    chapter.recording.write_text("{")

    with pytest.raises(CourseError, match="the recording cannot be read") as caught:
        recordings.stale(course, [chapter])
    assert caught.value.help == "course dev record 00_small"


ARRAYS = """
```python
%load_ext course
import numpy as np
```

```rust
use ndarray::ArrayView1;

fn total(x: ArrayView1<f64>) -> f64 {
    x.sum()
}
```

```python
total(np.ones(4))
```
"""


@pytest.mark.needs("rust", "crates")
def test_with_a_compiler_but_no_crates_and_no_network_recordings_are_shown(tmp_path, monkeypatch):
    from course.checks.running import execute, failures

    course, chapter = chapter_of(ARRAYS, tmp_path / "course", needs="rust, crates")
    recordings.record(course, chapter)
    # An empty cache of crates, and cargo with nothing downloaded and no network.
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    monkeypatch.setenv("CARGO_NET_OFFLINE", "true")

    ran = execute(released(course, chapter), course, chapter)

    assert failures(ran) == []
    label, value = ran.cells[-1].outputs
    assert "Recorded on 20" in label.data["text/html"]
    assert value.data["text/plain"] == "4.0"


EXTRA_BODY = """
```python
%load_ext course
```

```python
import torch

weights = torch.ones(3)
weights.sum()
```

```python
f"all in all {weights.sum():.0f}"
```

```python
1 + 1
```
"""


def test_cells_that_use_pythons_torch_are_recorded_too(tmp_path):
    texts = [cell.text.splitlines()[-1] for cell in cells(tmp_path, EXTRA_BODY)]

    assert texts == ["weights.sum()", 'f"all in all {weights.sum():.0f}"']


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("import torch.nn as nn, json", {"torch", "json"}),
        ("def f():\n    from safetensors.torch import save_file", {"safetensors"}),
        ("%matplotlib inline\nfrom torch import nn", {"torch"}),
        ("from . import torch", set()),
        ("'import torch'", set()),
        ("import torch as", set()),
    ],
)
def test_what_a_cell_imports_is_read_from_its_syntax(text, packages):
    assert recordings.imported(text) == packages


def test_without_torch_its_cells_show_what_was_recorded(tmp_path):
    course, chapter = chapter_of(EXTRA_BODY, tmp_path)
    build(course, [chapter])
    first, second = recordings.needing_rust(released(course, chapter))
    shown = {first.key: "tensor(3.)", second.key: "'all in all 3'"}
    content = {
        "schema": 1,
        "chapter": chapter.name,
        "recorded": "2026-11-23",
        "machine": {"processor": "one", "system": "Linux", "rustc": "rustc 1.95.0", "python": "3.11"},
        "cells": {
            cell.key: {
                "cell": cell.id,
                "sets": sorted(cell.sets),
                "outputs": [{"data": {"text/plain": shown[cell.key]}}],
            }
            for cell in (first, second)
        },
    }
    course.recordings.mkdir(parents=True, exist_ok=True)
    chapter.recording.write_text(json.dumps(content))
    script = textwrap.dedent(
        """
        import importlib.util
        import sys

        found = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name == "torch" else found(name, *rest)
        from IPython.core.interactiveshell import InteractiveShell

        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "course")
        for cell in (FIRST, SECOND, "weights + 1"):
            shell.run_cell(cell)
        print("torch" in sys.modules)
        """
    )
    script = script.replace("FIRST", repr(first.text)).replace("SECOND", repr(second.text))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | {"COURSE_ROOT": str(tmp_path)},
        timeout=120,
        check=False,
    )
    assert "tensor(3.)" in done.stdout, done.stderr
    assert "all in all 3" in done.stdout
    assert "`weights` comes from a cell that needs torch: Python's torch is not installed" in done.stdout
    assert "uv sync --extra torch" in done.stdout
    assert done.stdout.rstrip().endswith("False")
