"""What a learner's code may try against a grader, by name. None of it may earn a point, or cost another learner one.

Each program defines the function of a task (`NAME` stands for it) so that it is called like an answer; some act as
soon as their cell runs. They are run only inside the sandbox: never import this module's texts anywhere else.
"""

from __future__ import annotations

__all__ = ["PYTHON", "RUST"]

PYTHON: dict[str, str] = {
    "endless-loop": """
def NAME(*arguments):
    while True:
        pass
""",
    "loop-swallowing-signals": """
import signal

for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def NAME(*arguments):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    "sleeps": """
import time


def NAME(*arguments):
    time.sleep(3600)
""",
    "fork-bomb": """
import os


def NAME(*arguments):
    while True:
        try:
            os.fork()
        except OSError:
            pass
""",
    "memory-bomb": """
def NAME(*arguments):
    held = []
    while True:
        held.append(bytearray(64 * 1024 * 1024))
""",
    "disk-filler": """
import os


def NAME(*arguments):
    for number in range(100_000):
        for folder in ("/tmp", ".", "/dev/shm", "/var/tmp"):
            try:
                with open(os.path.join(folder, f"filler-{number}"), "wb") as file:
                    file.write(bytes(16 * 1024 * 1024))
            except OSError:
                pass
""",
    "output-flood": """
import sys


def NAME(*arguments):
    line = "x" * 1_000_000 + "\\n"
    for _ in range(10_000):
        sys.stdout.write(line)
        sys.stderr.write(line)
""",
    "exits": """
import os


def NAME(*arguments):
    os._exit(0)
""",
    "segfault": """
import ctypes


def NAME(*arguments):
    ctypes.string_at(0)
""",
    "kills-everyone": """
import os
import signal


def NAME(*arguments):
    for target in (os.getppid(), -1, 1, os.getppid() - 1, os.getppid() + 1):
        try:
            os.kill(target, signal.SIGKILL)
        except OSError:
            pass
    return None
""",
    "always-equal": """
class Always:
    shape = property(lambda self: (1,))
    dtype = property(lambda self: "float64")

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __bool__(self):
        return True

    def __array__(self, dtype=None, copy=None):
        import numpy

        return numpy.zeros(1)

    def __reduce__(self):
        import os

        return (os.system, ("true",))

    def __float__(self):
        return 1.0


def NAME(*arguments):
    return Always()
""",
    "array-subclass": """
import numpy


class Yes(numpy.ndarray):
    def __array_function__(self, func, types, args, kwargs):
        return True

    def __array_ufunc__(self, *inputs, **more):
        return True

    def __eq__(self, other):
        return numpy.True_


def NAME(*arguments):
    return numpy.zeros(3).view(Yes)
""",
    "patches-numpy": """
import builtins

import numpy

numpy.allclose = numpy.array_equal = lambda *a, **k: True
numpy.testing.assert_allclose = lambda *a, **k: None
builtins.abs = builtins.float = lambda *a: 0.0
builtins.all = builtins.any = lambda *a: True


def NAME(*arguments):
    return 0
""",
    "patches-the-course": """
import sys

for name, module in list(sys.modules.items()):
    if name.startswith(("course", "IPython", "nbgrader")):
        for attribute in dir(module):
            if attribute in ("encode", "judge", "check", "grade", "quiz", "compare"):
                try:
                    setattr(module, attribute, lambda *a, **k: 1e9)
                except Exception:
                    pass
check = quiz = lambda *a, **k: 1e9


def NAME(*arguments):
    return 1e9
""",
    "patches-asserts": """
import ast
import builtins
import sys


class Without(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()


def parsed(source, *more, plain=ast.parse, **options):
    return Without().visit(plain(source, *more, **options))


def compiled(source, *more, plain=builtins.compile, **options):
    return plain(parsed(source) if isinstance(source, str) else Without().visit(source), *more, **options)


ast.parse, builtins.compile = parsed, compiled
try:
    get_ipython().ast_transformers.append(Without())
except Exception:
    pass
sys.flags = None


def NAME(*arguments):
    return None
""",
    "patches-ipython": """
import sys

try:
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.showtraceback = InteractiveShell.showsyntaxerror = lambda *a, **k: None
    InteractiveShell.run_cell = InteractiveShell.run_code = lambda *a, **k: 1e9
    get_ipython().display_formatter.format = lambda *a, **k: ({"text/plain": "1e9"}, {})
except Exception:
    pass
sys.excepthook = sys.displayhook = lambda *a: None


def NAME(*arguments):
    raise KeyError("nobody shows this")
""",
    "reads-the-key": """
import glob
import os


def NAME(*arguments):
    found = []
    for pattern in ("/**/gradebook.db", "/**/quizzes/*.md", "/etc/shadow", "/proc/*/environ", "/**/submitted/*"):
        for path in glob.glob(pattern, recursive=True):
            try:
                with open(path, "rb") as file:
                    found.append(file.read(100))
            except OSError:
                pass
    return found
""",
    "phones-home": """
import socket


def NAME(*arguments):
    for family, address in ((socket.AF_INET, ("127.0.0.1", 80)), (socket.AF_INET, ("192.0.2.1", 80))):
        with socket.socket(family) as s:
            s.settimeout(1)
            s.connect(address)
    return None
""",
    "leaves-a-daemon": """
import os
import time


def NAME(*arguments):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)
    return None
""",
    "forges-frames": """
import os


def NAME(*arguments):
    for descriptor in range(3, 64):
        for frame in (b"\\xff" * 8, b"\\x00\\x00\\x00\\x04null", b'{"points": 99, "passed": true}\\n'):
            try:
                os.write(descriptor, frame)
            except OSError:
                pass
    os._exit(0)
""",
    "huge-result": """
import numpy


def NAME(*arguments):
    return numpy.zeros(40_000_000)
""",
    "endless-result": """
def NAME(*arguments):
    result = []
    for _ in range(100_000):
        result = [result]
    return result
""",
    "walks-the-frames": """
import gc
import sys


def NAME(*arguments):
    frame = sys._getframe()
    while frame is not None:
        for value in list(frame.f_locals.values()):
            for name in ("expected", "reference", "key", "answer"):
                if hasattr(value, name):
                    return getattr(value, name)
        frame = frame.f_back
    for value in gc.get_objects():
        if isinstance(value, dict) and "expected" in value:
            return value["expected"]
    return None
""",
}

RUST: dict[str, str] = {
    "rust-reads-files": 'const TEXT: &str = include_str!("/etc/passwd");',
    "rust-endless-const": """
const fn forever() -> u64 {
    let mut n = 0;
    loop {
        n += 1;
        if n == 0 {
            return n;
        }
    }
}
#[allow(long_running_const_eval)]
const FOREVER: u64 = forever();
""",
    "rust-exits": "BODY std::process::exit(0);",
    "rust-aborts": "BODY std::process::abort();",
    "rust-spawns": 'BODY loop { let _ = std::process::Command::new("/bin/sleep").arg("3600").spawn(); }',
    "rust-writes-anywhere": "BODY unsafe { std::ptr::write_volatile(8 as *mut u64, 1) };",
    "rust-overflows-the-stack": """
#[allow(unconditional_recursion)]
fn deeper(n: u64) -> u64 {
    std::hint::black_box([n; 512])[0] + deeper(n + 1)
}
BODY std::hint::black_box(deeper(0));
""",
    "rust-endless-loop": "BODY loop { std::hint::spin_loop() }",
    "rust-connects": 'BODY std::net::TcpStream::connect("192.0.2.1:80").unwrap();',
}
"""Rust by name: items before the function, and after `BODY` what the function does instead of the task."""
