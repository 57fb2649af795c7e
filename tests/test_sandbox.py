"""The sandbox against submissions that attack it: each costs only itself, and is named."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from course.errors import NoSandbox
from course.grading.sandbox import Done, Isolation, Job, Pool
from course.tasks import wire
from course.tasks.model import Limits

pytestmark = pytest.mark.needs("sandbox")

HOSTILE = Path(__file__).parent / "fixtures" / "hostile"
"""Submissions that attack the grader. Each defines `f(x)`; its first line says what may come of calling it."""
ATTACKS = sorted(path.stem for path in HOSTILE.glob("*.py") if path.stem != "spy")
CANARY = "canary-7f3a91"
LIMITS = Limits(seconds=1.0, memory=128)


def job(id: str, *cells: str, arguments: tuple[object, ...] = (1.0,), calls: int = 1, **more: object) -> Job:
    settings: dict[str, object] = {"function": "f", "language": "python", "limits": LIMITS, **more}
    return Job(id, cells, cases=(wire.encode(arguments),) * calls, **settings)  # type: ignore[arg-type]


def attack(name: str) -> tuple[str, list[str]]:
    """Return a hostile cell, and the outcomes its first line allows."""
    cell = (HOSTILE / f"{name}.py").read_text(encoding="utf-8")
    return cell, cell.partition("\n")[0].removeprefix("# may: ").split(", ")


def patience(outcomes: list[str]) -> Limits:
    """Wait long only where something else than the clock must end it: this machine may be busy."""
    return LIMITS if "timeout" in outcomes else Limits(seconds=15.0, memory=128)


HONEST = "import numpy as np\ndef f(x):\n    return x + 1.0"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1, seconds_per_submission=20.0, memory=256) as pool:
        yield pool


def one(pool: Pool, wanted: Job) -> Done:
    (done,) = pool.run([wanted])
    assert done.fault != "machine", done.problem
    assert done.job == wanted.id
    return done


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_costs_only_itself(pool: Pool, name: str) -> None:
    cell, outcomes = attack(name)
    done, after = pool.run([job(name, cell, limits=patience(outcomes)), job("honest", HONEST)])
    assert done.job == name
    (run,) = done.runs
    assert run.outcome in outcomes, run
    assert run.outcome == "returned" or run.error
    assert not (type(run.value) is float and run.value == 2.0)
    if run.outcome in ("timeout", "memory", "crashed", "not-run"):
        assert done.problem
        assert done.fault == "submission"
    assert [r.value for r in after.runs] == [2.0]
    assert after.problem == ""


def test_no_neighbour_is_reached(pool: Pool) -> None:
    """Process numbers below 70000 hold nobody but the submission itself."""
    done = one(pool, job("kills", attack("kills_neighbours_by_number")[0]))
    assert done.runs[0].value in ([], [1])


def test_system_calls_that_are_refused_say_so(pool: Pool) -> None:
    for name in ("makes_namespaces", "traces_another_process"):
        assert one(pool, job(name, attack(name)[0])).runs[0].value == [-1, 1]


def test_nothing_of_the_instructor_can_be_read(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a key, the gradebook, /etc, another submission, an environment variable or an expected value."""
    monkeypatch.setenv("CANARY_SECRET", CANARY)
    secrets = [tmp_path / "key.md", tmp_path / "gradebook.db", tmp_path / "ada" / "03_ndarray.ipynb"]
    for secret in secrets:
        secret.parent.mkdir(exist_ok=True)
        secret.write_text(f"{CANARY} in {secret.name}", encoding="utf-8")
    with Pool(1, seconds_per_submission=10, memory=512) as fresh:
        other = job("other", f"SECRET = 'other {CANARY}'\ndef f(x): return SECRET + str(x)")
        places = ["/etc/passwd", "/etc/shadow", "/etc/hostname", *map(str, secrets), str(Path.home() / ".bashrc")]
        spy_cell = (HOSTILE / "spy.py").read_text(encoding="utf-8")
        spy = job("spy", spy_cell, arguments=((places, CANARY),), limits=Limits(seconds=8, memory=512))
        told, found = fresh.run([other, spy])
    assert CANARY in told.runs[0].value
    assert found.runs[0].outcome == "returned", found
    seen = found.runs[0].value
    # The word itself is in the question; what is beside it in a file or in another submission is not.
    for part in (f"{CANARY} in", f"other {CANARY}", "CANARY_SECRET", "root:", "gradebook.db|"):
        assert part.encode() not in seen.replace(repr(places).encode(), b"")


def test_what_a_submission_leaves_is_gone_for_the_next(pool: Pool) -> None:
    writes = "open('note', 'w').write('x')\nimport builtins, numpy\nbuiltins.note = numpy.note = 1\ndef f(x): return x"
    reads = (
        "import builtins, os, numpy\n"
        "def f(x): return [os.listdir('.'), hasattr(builtins, 'note'), hasattr(numpy, 'note')]"
    )
    _, after = pool.run([job("writes", writes), job("reads", reads)])
    assert after.runs[0].value == [[], False, False]


def test_a_worker_that_dies_is_replaced(pool: Pool) -> None:
    assert one(pool, job("before", HONEST)).runs[0].value == 2.0
    killed = psutil.Process().children(recursive=True)
    for process in killed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    for process in killed:  # it may be found dead before it is asked for anything
        with contextlib.suppress(psutil.NoSuchProcess):
            while process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
    assert one(pool, job("after", HONEST)).runs[0].value == 2.0


def test_nothing_is_left_when_a_pool_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp())  # into the shared one, others write meanwhile
    folder.chmod(0o755)  # a worker may be another user, whom pytest's own folders keep out
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    handles = len(list(Path("/proc/self/fd").iterdir()))
    with Pool(2, seconds_per_submission=3, memory=256) as pool:
        names = ("leaves_a_daemon", "fills_the_disk", "leaves_by_os_exit")
        done = list(pool.run(job(name, attack(name)[0]) for name in names))
        assert len(done) == 3
        assert {p.pid for p in psutil.Process().children(recursive=True)} - before
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= before
    assert len(list(Path("/proc/self/fd").iterdir())) <= handles
    folder.rmdir()  # which a folder with something in it refuses


def test_a_pool_can_be_left_in_the_middle() -> None:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    cell = "import time\ndef f(x):\n    time.sleep(x)"
    with Pool(1, seconds_per_submission=300) as pool:
        jobs = pool.run(job(str(n), cell, arguments=(n * 200.0,), limits=Limits(200)) for n in range(9))
        assert next(jobs).job == "0"
        jobs.close()  # type: ignore[attr-defined]
        started = time.monotonic()
    assert time.monotonic() - started < 60
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= before


def test_a_run_left_in_the_middle_does_not_disturb_the_next(pool: Pool) -> None:
    left = pool.run(job(f"left {n}", HONEST) for n in range(5))
    next(left)
    assert one(pool, job("next", HONEST)).job == "next"


def test_cases_after_a_lost_one_are_run(pool: Pool) -> None:
    """One bad case does not take the others along, as long as they are few."""
    cell = "import os\ndef f(x):\n    if x in (2.0, 3.0): os._exit(1)\n    return x"
    cases = tuple(wire.encode((float(n),)) for n in range(1, 6))
    done = one(pool, Job("some", (cell,), "f", "python", cases, LIMITS))
    assert [r.outcome for r in done.runs] == ["returned", "crashed", "crashed", "returned", "returned"]
    done = one(pool, Job("all", ("import os\ndef f(x):\n    os._exit(1)",), "f", "python", cases, LIMITS))
    assert [r.outcome for r in done.runs] == ["crashed"] * 3 + ["not-run"] * 2


def test_the_time_a_case_waits_for_a_processor_is_not_its_own(pool: Pool) -> None:
    busy = (
        "import time\ndef f(x):\n    begun = time.process_time()\n    while time.process_time() < begun + 1.0: pass\n"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * len(os.sched_getaffinity(0)))
    ]
    try:
        done = one(pool, job("waits", busy, limits=Limits(seconds=1.8, memory=128)))
    finally:
        for other in others:
            other.kill()
            other.wait()

    assert done.runs[0].outcome == "returned"


def test_values_and_changed_arguments_come_back(pool: Pool) -> None:
    cell = "def f(x, y):\n    x[0] = 7\n    return {'a': (x, y)}"
    done = one(pool, job("changes", cell, arguments=(np.arange(3.0), [1, None])))
    value, arguments = done.runs[0].value, done.runs[0].arguments
    np.testing.assert_array_equal(value["a"][0], [7, 1, 2])
    np.testing.assert_array_equal(arguments[0], [7, 1, 2])
    assert value["a"][1] == arguments[1] == [1, None]


def test_what_a_notebook_has_and_a_worker_has_not_does_no_harm(pool: Pool) -> None:
    cells = (
        "%load_ext course\n%matplotlib inline\n!ls\nfiles = !ls\nfrom course import show, quiz, check, claim, answer",
        "quiz('03_ndarray/views')\nclaim('x')\nshow(None, alt='a')\npoints = check('03_ndarray/a')\ndisplay(1)\nhelp?",
        "%%bash\nrm -rf /",
        "%%time\nimport numpy as np\nfrom IPython.display import HTML\nHTML('a')",
        "def f(x):\n    return x + points + (17\n       % 5)",
    )
    assert one(pool, job("magics", *cells)).runs[0].value == 3.0


def test_a_missing_name_is_told(pool: Pool) -> None:
    done = one(pool, job("cell", "y = helper(1)\ndef f(x): return x"))
    assert (done.runs[0].outcome, done.missing_name) == ("not-run", "helper")
    assert done.problem == "cell 1: NameError: name 'helper' is not defined"
    done = one(pool, job("call", "def f(x): return helper(x)"))
    assert (done.runs[0].outcome, done.missing_name) == ("raised", "helper")


def test_a_lenient_job_goes_on_after_a_cell_that_raises(pool: Pool) -> None:
    cells = ("raise ValueError('stub')", HONEST)
    assert one(pool, job("strict", *cells)).runs[0].outcome == "not-run"
    done = one(pool, job("lenient", *cells, lenient=True))
    assert (done.runs[0].value, done.problem) == (2.0, "")


def test_a_function_that_is_not_there_is_named(pool: Pool) -> None:
    done = one(pool, job("none", "def g(x): return x"))
    assert (done.runs[0].outcome, done.runs[0].error) == ("missing", "there is no function called `f`")
    assert one(pool, job("number", "f = 1")).runs[0].error == "`f` is not a function"
    done = one(pool, job("stub", "def f(x):\n    raise NotImplementedError()"))
    assert done.runs[0].outcome == "stub"


def test_outputs_are_kept_up_to_a_bound(pool: Pool) -> None:
    cells = ("print('a' * 10_000_000)", "1 + 1", "1 / 0", "def f(x): return x")
    done = one(pool, job("prints", *cells, outputs=True, lenient=True))
    texts = [(output.cell, len(output.text), output.error) for output in done.outputs]
    assert texts == [(1, 65536, ""), (2, 2, ""), (3, 0, "cell 3: ZeroDivisionError: division by zero"), (4, 0, "")]


def test_figures_are_png_and_nothing_else() -> None:
    cell = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('a')\ndef f(x): return x"
    with Pool(1, warm=("matplotlib",)) as pool:
        done = one(pool, job("plots", cell, outputs=True, limits=Limits(10, 512)))
    assert [figure[:4] for figure in done.outputs[0].figures] == [b"\x89PNG"]


def test_an_isolation_that_holds_nothing_is_refused() -> None:
    with pytest.raises(NoSandbox, match="switched off"):
        Pool(1, isolation=Isolation.none())
    with Pool(1, isolation=Isolation.none(), anyway=True) as pool:
        done = one(pool, job("open", HONEST))
    assert done.runs[0].value == 2.0
    assert done.isolation == "none (limits and a clock only)"


WEAK = (
    "loops_for_ever",
    "asks_for_all_memory",
    "writes_elsewhere",
    "leaves_by_os_exit",
    "kills_its_parent",
    "kills_everything",
    "opens_a_socket",
    "starts_a_program",
    "leaves_a_daemon",
    "forges_frames",
    "makes_namespaces",
)


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "in bubblewrap"])
def landlocked(request: pytest.FixtureRequest) -> Iterator[Pool]:
    from course.grading.sandbox import confine

    if confine.landlock_version() < 1:
        pytest.skip("this kernel has no Landlock")
    isolation = Isolation(bwrap=request.param, namespaces=False, landlock=True, seccomp=True, why="in a test")
    with Pool(1, isolation=isolation, seconds_per_submission=20.0, memory=256) as pool:
        yield pool


@pytest.mark.parametrize("name", WEAK)
def test_where_there_are_no_namespaces_landlock_holds(landlocked: Pool, name: str) -> None:
    cell, outcomes = attack(name)
    done, after = landlocked.run([job(name, cell, limits=patience(outcomes)), job("honest", HONEST)])
    assert done.runs[0].outcome in outcomes, done
    assert done.isolation.endswith("Landlock + seccomp + limits")
    assert after.runs[0].value == 2.0


def test_landlock_hides_files_and_cleans_up(landlocked: Pool, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret", encoding="utf-8")
    cell = (
        "import os\nopen('left', 'w').close()\ndef f(place):\n    try: open(place)\n"
        "    except OSError as error: return [type(error).__name__, os.listdir('.')]"
    )
    for _ in range(2):
        done = one(landlocked, job("reads", cell, arguments=(str(tmp_path / "key"),)))
        assert done.runs[0].value == [
            "FileNotFoundError" if landlocked.isolation.bwrap else "PermissionError",
            ["left"],
        ]


def test_what_holds_is_said_in_words() -> None:
    assert Isolation(True, True, False, True).words == "bubblewrap + own namespaces + seccomp + limits"
    assert Isolation(True, True, False, True).holds
    assert not Isolation(True, False, False, True).holds
    assert not Isolation(False, False, True, False).holds
    assert Isolation.probe().holds


def test_equal_submissions_have_equal_results(pool: Pool) -> None:
    """Chance begins the same for everybody, and so does the order of sets."""
    cell = (
        "import random, numpy as np\n"
        "def f(x): return [random.random(), float(np.random.rand()), list({'a', 'b', 'c', str(x)})]"
    )
    first, second = pool.run([job("first", cell), job("second", cell)])
    assert first.runs[0].value == second.runs[0].value


def test_the_doctor_says_what_holds() -> None:
    from course.capabilities import probe

    assert Isolation.probe().words in probe("sandbox").detail


def test_what_workers_see_can_be_asked(tmp_path: Path) -> None:
    from course.grading.sandbox.command import shows

    assert shows(Path(np.__file__))
    assert not shows(tmp_path / "bank")
    assert not shows(Path(__file__))
