"""The pool: jobs in, what came of them out, in any order, whatever the jobs do.

Each worker is a thread of this process with two or three zygotes of its own: a small one (NumPy), a large one (all that
the chapter's own notebook imports), and one that compiles Rust. They start when a job first needs them.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType

from course.errors import CourseError, NoSandbox
from course.grading.sandbox.cells import modules
from course.grading.sandbox.isolation import Isolation
from course.grading.sandbox.jobs import Done, Job
from course.grading.sandbox.running import Runner
from course.grading.sandbox.rust_cells import Shelf
from course.grading.sandbox.worker import Lost, Zygote

__all__ = ["Pool"]

_SMALL = ("numpy",)
_TRIES = 2  # a job whose worker is lost so often is not tried again


class Pool:
    """Workers for submissions; a context manager.

    Args:
        workers: how many submissions are run at a time.
        isolation: what holds them; None asks the machine.
        seconds_per_submission: wall seconds for all cells and calls of one job, compiling apart.
        memory: MiB that a job's cells may use beside what each case's limits give.
        warm: packages to import before the first submission: what the chapter's own notebook imports.
        anyway: run although this machine can hold nothing.

    Raises:
        NoSandbox: this machine cannot hold a stranger's code, and `anyway` was not said.
    """

    def __init__(
        self,
        workers: int,
        *,
        isolation: Isolation | None = None,
        seconds_per_submission: float = 60.0,
        memory: int = 1024,
        warm: tuple[str, ...] = ("numpy",),
        anyway: bool = False,
    ) -> None:
        self.isolation = isolation or Isolation.probe()
        if not self.isolation.holds and not anyway:
            raise NoSandbox(self.isolation.why)
        self.workers = max(1, workers)
        self.seconds = seconds_per_submission
        self.memory = memory
        self.warm = tuple(dict.fromkeys((*_SMALL, *warm)))
        self._todo: queue.SimpleQueue[tuple[Job, queue.SimpleQueue[Done]] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._shelf = Shelf()
        self._closing = threading.Event()

    def __enter__(self) -> Pool:
        for number in range(self.workers):
            thread = threading.Thread(target=self._serve, name=f"sandbox {number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers and what runs in them."""
        self._closing.set()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Run jobs; yield what came of each as it comes. Never raises for what a job did.

        Jobs are taken from the iterable in this thread, and only a few more than are running.
        """
        done: queue.SimpleQueue[Done] = queue.SimpleQueue()  # this run's own: one left in the middle disturbs no other
        out = 0
        for job in jobs:
            self._todo.put((job, done))
            out += 1
            if out >= 2 * self.workers:
                yield done.get()
                out -= 1
        for _ in range(out):
            yield done.get()

    # In the worker's thread

    def _serve(self) -> None:
        zygotes: dict[str, Zygote] = {
            "small": Zygote("run", self.isolation, _SMALL, self._closing),
            "large": Zygote("run", self.isolation, self.warm, self._closing),
            "compile": Zygote("compile", self.isolation, (), self._closing),
        }
        try:
            while (taken := self._todo.get()) is not None and not self._closing.is_set():
                job, done = taken
                done.put(self._one(job, zygotes))
        finally:
            for zygote in zygotes.values():
                zygote.stop()

    def _one(self, job: Job, zygotes: dict[str, Zygote]) -> Done:
        wanted = modules(job.cells) & {name.split(".")[0] for name in self.warm} - set(_SMALL)
        runner = Runner(
            run=zygotes["large" if wanted else "small"],
            compiler=zygotes["compile"],
            shelf=self._shelf,
            seconds=self.seconds,
            memory=self.memory,
        )
        started = time.monotonic()
        reason = ""
        for _ in range(_TRIES):
            try:
                return runner.do(job, self.isolation.words)
            except Lost as lost:
                reason = str(lost)
            except CourseError as error:
                return self._failed(job, error.message, "machine", started)
            except Exception as error:  # noqa: BLE001 - a fault of ours costs one submission, and is named
                return self._failed(job, f"the grader failed: {type(error).__name__}: {error}", "machine", started)
        return self._failed(job, f"the worker was lost twice ({reason})", "machine", started)

    def _failed(self, job: Job, problem: str, fault: str, started: float) -> Done:
        return Done(
            job.id,
            problem=problem,
            isolation=self.isolation.words,
            seconds=time.monotonic() - started,
            fault=fault,
        )


def default_workers() -> int:
    """Return how many submissions to run at a time on this machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
