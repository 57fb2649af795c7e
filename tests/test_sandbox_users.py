"""Whose processes a grader's workers are: root's grader has none of root's, and an ordinary user's grades as well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from course.grading.sandbox import Isolation, Job, Pool, command, confine
from course.rust import toolchain
from course.tasks import wire
from course.tasks.model import Limits
from tests.test_sandbox import HONEST, attack

pytestmark = [pytest.mark.needs("sandbox"), pytest.mark.timeout(600)]

WHO = "import os\ndef f(x):\n    return [*os.getresuid(), *os.getresgid(), *os.getgroups()]"
RUST = "%%rust\npub fn f(x: f64) -> f64 { x + 1.0 }"
THREADS = """
import threading
def f(x):
    def work():
        assert here.wait() >= 0
    here = threading.Barrier(4)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    here.wait()
    for thread in threads:
        thread.join()
    return x + 1.0
"""
"""Three threads that must all be there at once, beside the first."""

GRADER = """
import json, os, sys, threading
from course.grading.sandbox import Isolation, Job, Pool
from course.tasks import wire
from course.tasks.model import Limits

asked = json.load(sys.stdin)
for _ in range(asked["busy"]):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
argument = wire.encode((1.0,))
jobs = [
    Job(id, (cell,), "f", language, (argument,), Limits(seconds=seconds, memory=128, threads=threads))
    for id, cell, language, seconds, threads in asked["jobs"]
]
isolation = Isolation(**asked["isolation"]) if asked["isolation"] else None
with Pool(1, isolation=isolation, seconds_per_submission=30.0, memory=256) as pool:
    done = {one.job: one for one in pool.run(jobs)}
said = {}
for id, one in done.items():
    for run in one.runs[:1]:
        said[id] = run.outcome, repr(run.value), one.problem or run.error
    said.setdefault(id, ("", "", one.problem))
print(json.dumps({"uid": os.getuid(), "isolation": pool.isolation.words, "done": said}))
"""
"""A grader in a process of its own: jobs in, what came of them out; `busy` more threads belong to its user."""


def as_ordinary_user(tmp_path: Path) -> list[str]:
    """Return the start of a command line that runs the rest as an ordinary user: as the one we are, if we are not root.

    What root keeps for itself (Python installed below /root) is shown to that user as it is shown to workers.
    """
    variables = command.environment(str(tmp_path))
    if os.getuid() != 0:
        return ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
    if not Isolation.probe().bwrap:
        pytest.skip("without bubblewrap root cannot show its Python to another user")
    line = command.command("compile", [], bwrap=True, work="/unused")
    outer = line[: line.index(line[0], 1)]  # up to the second bubblewrap, which is the worker's own
    own = ["--perms", "1777", "--tmpfs", "/own"]
    at = outer.index("--")
    variables |= dict.fromkeys(("HOME", "TMPDIR"), "/own") | {"MPLCONFIGDIR": "/own/matplotlib"}
    return [*outer[:at], *own, *outer[at:], "env", "-i", *(f"{name}={value}" for name, value in variables.items())]


def grade(
    tmp_path: Path,
    jobs: dict[str, tuple[str, str, float, int]],
    *,
    isolation: dict[str, Any] | None = None,
    busy: int = 0,
) -> dict[str, Any]:
    asked = {"jobs": [(id, *job) for id, job in jobs.items()], "isolation": isolation, "busy": busy}
    settings = [f"COURSE_RUSTC={toolchain.find().rustc}"] if any(job[1] == "rust" for job in jobs.values()) else []
    done = subprocess.run(
        [*as_ordinary_user(tmp_path), *settings, sys.executable, "-s", "-c", GRADER],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["uid"] != 0
    return said


@pytest.mark.skipif(os.getuid() != 0, reason="the grader of this test is root")
def test_nothing_of_a_learner_runs_as_root_where_the_grader_is_root() -> None:
    """Neither as the code itself sees it, nor as the processes are seen from outside."""
    if not (Isolation.probe().bwrap or command.becomes_plain("run")):
        pytest.skip("without bubblewrap another user cannot reach a Python that is root's alone")
    plain = command.PLAIN_USER
    before = set(psutil.Process().children(recursive=True))  # what other tests of this process have left running
    with Pool(1, seconds_per_submission=20.0, memory=256) as pool:
        (done,) = pool.run([Job("who", (WHO,), "f", "python", (wire.encode((1.0,)),), Limits(seconds=15.0))])
        workers = [
            process
            for process in set(psutil.Process().children(recursive=True)) - before
            if Path(process.cmdline()[0]).name.startswith("python")
        ]
        assert workers
        for worker in workers:
            assert set(worker.uids()) == {plain}
            assert set(worker.gids()) == {plain}
    assert done.runs[0].value == [plain] * 6


@pytest.mark.needs("rust")
def test_an_ordinary_users_grader_is_held_and_answered_as_roots_is(tmp_path: Path) -> None:
    """The processes, threads, signals and namespaces that a user's rights decide on."""
    attacks = ("forks_without_an_end", "starts_threads_without_an_end", "kills_everything", "makes_namespaces")
    jobs: dict[str, tuple[str, str, float, int]] = {"who": (WHO, "python", 15.0, 1), "rust": (RUST, "rust", 15.0, 1)}
    for name in attacks:
        cell, outcomes = attack(name)
        jobs[name] = (cell, "python", 1.0 if "timeout" in outcomes else 15.0, 1)
        jobs[f"after {name}"] = (HONEST, "python", 15.0, 1)
    said = grade(tmp_path, jobs)
    assert said["isolation"] == Isolation.probe().words
    assert json.loads(said["done"]["who"][1])[:3] == [said["uid"]] * 3
    assert said["done"]["makes_namespaces"][1] == "[-1, 1]"
    for id, (outcome, value, problem) in said["done"].items():
        if id in attacks:
            assert outcome in attack(id)[1], (id, outcome, problem)
        elif id != "who":
            assert (outcome, value, problem) == ("returned", "2.0", ""), id


@pytest.mark.needs("rust")
def test_a_busy_account_does_not_cost_honest_work_its_threads(tmp_path: Path) -> None:
    """Without a user namespace the kernel counts what the account runs elsewhere, too."""
    if confine.landlock_version() < 1:
        pytest.skip("this kernel has no Landlock")
    landlock = {"bwrap": False, "namespaces": False, "landlock": True, "seccomp": True, "why": "in a test"}
    endless, outcomes = attack("starts_threads_without_an_end")
    jobs = {
        "threads": (THREADS, "python", 15.0, 4),
        "rust": (RUST, "rust", 15.0, 1),
        "endless": (endless, "python", 1.0 if "timeout" in outcomes else 15.0, 1),
    }
    said = grade(tmp_path, jobs, isolation=landlock, busy=100)["done"]
    assert said["threads"] == ["returned", "2.0", ""]
    assert said["rust"] == ["returned", "2.0", ""]
    assert said["endless"][0] in outcomes
