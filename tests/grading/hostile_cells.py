"""Submissions that attack the grader: name → (cells, what is allowed to come of their first call).

Each defines `f(x)`, which an honest learner would let return `x + 1.0`. The outcomes are those of
`course.tasks.model.Ran`; where the call may come back, its value must not be the right one by cheating.
"""

from __future__ import annotations

HOSTILE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "loops for ever": (("def f(x):\n    while True: pass",), ("timeout",)),
    "loops for ever and swallows what would stop it": (
        (
            "import signal\n"
            "for s in range(1, 32):\n"
            "    try: signal.signal(s, signal.SIG_IGN)\n"
            "    except (OSError, ValueError): pass\n"
            "def f(x):\n"
            "    while True:\n"
            "        try:\n"
            "            while True: pass\n"
            "        except BaseException: pass",
        ),
        ("timeout",),
    ),
    "sleeps": (("import time\ndef f(x):\n    time.sleep(1000)",), ("timeout",)),
    "forks without an end": (
        ("import os\ndef f(x):\n    while True:\n        try: os.fork()\n        except OSError as e: raise RuntimeError(e)",),
        ("raised",),
    ),
    "starts threads without an end": (
        (
            "import threading, time\ndef f(x):\n    while True:\n"
            "        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
        ),
        ("raised",),
    ),
    "asks for all memory": (("def f(x):\n    a = []\n    while True: a.append(bytearray(1 << 24))",), ("memory",)),
    "asks for all memory with numpy": (
        ("import numpy as np\ndef f(x):\n    return np.ones((1 << 40,))",),
        ("memory",),
    ),
    "fills the disk": (
        (
            "import itertools\ndef f(x):\n    for i in itertools.count():\n"
            "        with open(f'/tmp/{i}', 'wb') as file: file.write(bytes(1 << 24))",
        ),
        ("raised",),
    ),
    "makes files without an end": (
        ("import itertools\ndef f(x):\n    for i in itertools.count(): open(f'/tmp/{i}', 'w').close()",),
        ("raised",),
    ),
    "writes elsewhere": (
        (
            "import os\ndef f(x):\n    for place in ('/', '/usr', '/dev', '/dev/shm', '/var/tmp', os.path.dirname(os.__file__)):\n"
            "        try: open(place + '/left-behind', 'w')\n        except OSError: continue\n"
            "        return 'wrote to ' + place\n    raise OSError('nowhere')",
        ),
        ("raised",),
    ),
    "prints ten gigabytes": (
        ("import os\ndef f(x):\n    while True: print('x' * 10_000_000)",),
        ("timeout",),
    ),
    "floods standard error": (
        ("import os\ndef f(x):\n    while True: os.write(2, b'x' * 1_000_000)",),
        ("crashed", "timeout"),
    ),
    "leaves by os._exit": (("import os\ndef f(x):\n    os._exit(0)",), ("crashed",)),
    "raises SystemExit": (("def f(x):\n    raise SystemExit(0)",), ("raised",)),
    "reads address 0": (("import ctypes\ndef f(x):\n    ctypes.string_at(0)",), ("crashed",)),
    "recurses without an end": (("def f(x):\n    return f(x)",), ("raised",)),
    "kills its parent": (("import os, signal\ndef f(x):\n    os.kill(os.getppid(), signal.SIGKILL)\n    return 'done'",), ("crashed", "raised", "returned")),
    "kills everything": (("import os, signal\ndef f(x):\n    os.kill(-1, signal.SIGKILL)",), ("raised", "crashed")),
    "kills neighbours by number": (
        (
            "import os, signal\ndef f(x):\n    reached = []\n    for pid in range(2, 70000):\n"
            "        try: os.kill(pid, signal.SIGKILL); reached.append(pid)\n        except OSError: pass\n"
            "    return reached",
        ),
        ("returned",),
    ),
    "returns what equals everything": (
        ("class Same:\n    def __eq__(self, other): return True\n    __hash__ = None\ndef f(x):\n    return Same()",),
        ("unreadable",),
    ),
    "returns a float that lies": (
        ("class Lie(float):\n    def __eq__(self, other): return True\ndef f(x):\n    return Lie(0)",),
        ("unreadable",),
    ),
    "returns an array subclass": (
        ("import numpy as np\nclass A(np.ndarray): pass\ndef f(x):\n    return np.ones(2).view(A)",),
        ("unreadable",),
    ),
    "returns what lies about being an array": (
        ("class A:\n    def __array__(self, *a, **k): raise SystemExit\ndef f(x):\n    return A()",),
        ("unreadable",),
    ),
    "returns what a pickle would run": (
        ("import os\nclass A:\n    def __reduce__(self): return (os.system, ('touch /tmp/x',))\ndef f(x):\n    return A()",),
        ("unreadable",),
    ),
    "returns a list that contains itself": (("def f(x):\n    a = []\n    a.append(a)\n    return a",), ("unreadable",)),
    "returns more than can be sent": (
        ("import numpy as np\ndef f(x):\n    return np.zeros(300_000_000, np.uint8)",),
        ("unreadable", "memory", "crashed"),
    ),
    "patches numpy": (("import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\ndef f(x):\n    return 0.0",), ("returned",)),
    "patches builtins": (
        ("import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.len = lambda x: 0\ndef f(x):\n    return 0.0",),
        ("returned", "raised", "unreadable", "crashed", "not-run"),
    ),
    "patches the wire": (
        (
            "from course.tasks import wire\nwire.encode = lambda value, **k: b'CTW1' + bytes(1000)\n"
            "def f(x):\n    return 0.0",
        ),
        ("unreadable",),
    ),
    "forges frames": (
        (
            "import os\ndef f(x):\n    for fd in range(3, 64):\n        try: os.write(fd, b'R' + bytes([255] * 4))\n"
            "        except OSError: pass\n    return 0.0",
        ),
        ("crashed",),
    ),
    "floods with frames": (
        (
            "import os\ndef f(x):\n    while True:\n        for fd in range(3, 64):\n"
            "            try: os.write(fd, b'O' + (1 << 20).to_bytes(4, 'big') + bytes(1 << 20))\n"
            "            except OSError: pass",
        ),
        ("crashed", "timeout"),
    ),
    "writes half a frame and waits": (
        (
            "import os, time\ndef f(x):\n    for fd in range(3, 64):\n        try: os.write(fd, b'R' + (1000).to_bytes(4, 'big'))\n"
            "        except OSError: pass\n    time.sleep(1000)",
        ),
        ("timeout",),
    ),
    "closes the pipe and waits": (
        ("import os, time\ndef f(x):\n    os.closerange(3, 256)\n    time.sleep(1000)",),
        ("timeout",),
    ),
    "opens a socket": (("import socket\ndef f(x):\n    socket.create_connection(('127.0.0.1', 22), 1)",), ("raised",)),
    "starts a program": (("import subprocess\ndef f(x):\n    return subprocess.run(['id'], capture_output=True).stdout",), ("raised",)),
    "leaves a daemon": (
        ("import os, time\ndef f(x):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(1000)\n    return x",),
        ("raised",),
    ),
    "makes namespaces": (
        ("import ctypes\nc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n    return [c.unshare(0x10000000), ctypes.get_errno()]",),
        ("returned",),
    ),
    "traces another process": (
        ("import ctypes\nc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n    return [c.ptrace(16, 1, 0, 0), ctypes.get_errno()]",),
        ("returned",),
    ),
}

SPY = """
import gc, os, sys
def f(x):
    found = []
    for place in x[0]:
        try:
            with open(place, 'rb') as file: found.append(file.read(100_000))
        except OSError: pass
    for pid in filter(str.isdigit, os.listdir('/proc')):
        for name in ('environ', 'cmdline'):
            try:
                with open(f'/proc/{pid}/{name}', 'rb') as file: found.append(file.read())
            except OSError: pass
    for root in ('/', '/tmp', '/home', '/root', '/etc', '/var', '/work', os.getcwd()):
        try: found += [name.encode() for name in os.listdir(root)]
        except OSError: pass
    frame = sys._getframe()
    while frame:
        found.append(repr(frame.f_locals).encode('utf-8', 'replace'))
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) is bytes or type(thing) is str or type(thing) is dict and len(thing) < 50:
            text = repr(thing)
            if x[1] in text and len(text) < 10_000: found.append(text.encode('utf-8', 'replace'))
    return b'|'.join(found)[:5_000_000]
"""
"""Looks everywhere it can: files, other processes, the frames above it, every object there is."""

HOSTILE_RUST: dict[str, tuple[str, tuple[str, ...], str]] = {
    "reads a file while compiling": (
        'fn f(x: f64) -> f64 { x + include_str!("/etc/passwd").len() as f64 }',
        ("not-run",),
        "does not compile",
    ),
    "evaluates a constant without an end": (
        "#![allow(long_running_const_eval)]\nconst fn w() -> f64 { let mut i = 0u64; loop { i += 1; if i == u64::MAX { return 0.0 } } }\n"
        "const W: f64 = w();\nfn f(x: f64) -> f64 { x + W }",
        ("not-run",),
        "compiler",
    ),
    "has types without an end": (
        "struct A<T>(T);\ntrait G { fn g(self, n: u32) -> f64; }\nimpl<T> G for A<T> { fn g(self, n: u32) -> f64 "
        "{ if n == 0 { 0.0 } else { A(self).g(n - 1) } } }\nfn f(x: f64) -> f64 { A(x).g(9) }",
        ("not-run",),
        "compile",
    ),
    "has macros without an end": (
        "macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)*) } }\nfn f(x: f64) -> f64 { m!(x x) }",
        ("not-run",),
        "compile",
    ),
    "reads the environment while compiling": (
        'fn f(x: f64) -> String { format!("{x}{:?}{:?}", option_env!("CANARY"), option_env!("HOME")) }',
        ("returned",),
        "",
    ),
    "starts a program": (
        'fn f(x: f64) -> f64 { std::process::Command::new("/usr/bin/id").output().unwrap(); x }',
        ("panicked",),
        "",
    ),
    "ends the process": ("fn f(x: f64) -> f64 { if x > 0.0 { std::process::exit(0) } x }", ("crashed",), ""),
    "aborts": ("fn f(x: f64) -> f64 { if x > 0.0 { std::process::abort() } x }", ("crashed",), ""),
    "writes where it may not": (
        "fn f(x: f64) -> f64 { unsafe { *(8 as *mut f64) = x; } x }",
        ("crashed",),
        "",
    ),
    "overflows its stack": (
        "fn g(n: u64) -> u64 { let a = [n; 1000]; if n == 0 { 0 } else { g(std::hint::black_box(n)) + a[(n % 7) as usize] } }\n"
        "fn f(x: f64) -> f64 { g(x as u64) as f64 }",
        ("crashed",),
        "stack",
    ),
    "holds four gigabytes": (
        "static mut A: [u8; 4 << 30] = [0; 4 << 30];\nfn f(x: f64) -> f64 { unsafe { A[x as usize] = 1; } x }",
        ("not-run", "returned", "crashed"),
        "",
    ),
    "asks for all memory": (
        "fn f(x: f64) -> f64 { let v = vec![x; 1 << 36]; v[v.len() - 1] }",
        ("memory",),
        "",
    ),
    "starts many threads": (
        "fn f(x: f64) -> f64 { let mut all = vec![]; for _ in 0..100000 { all.push(std::thread::spawn(|| "
        "std::thread::sleep(std::time::Duration::from_secs(1000)))); } x + all.len() as f64 }",
        ("panicked",),
        "",
    ),
    "loops for ever": ("fn f(x: f64) -> f64 { let mut y = x; loop { y = std::hint::black_box(y + 1.0); } }", ("timeout",), ""),
}
"""Rust cells that attack the grader: name → (source, outcomes allowed, a word of what is said)."""
