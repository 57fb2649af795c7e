"""Real Jupyter kernels to measure in: what a person waits for is the time from the request to the reply."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from course.errors import CourseError

__all__ = ["Kernel", "Reply", "kernel"]


@dataclass(frozen=True)
class Reply:
    """What came back: the seconds from request to reply, and the text of the result (empty where there is none)."""

    seconds: float
    text: str


class Kernel:
    """A running kernel with one way to ask it something."""

    def __init__(self, name: str, client: Any) -> None:
        self.name = name
        self._client = client

    def run(self, code: str, timeout: float = 600) -> Reply:
        """Run a cell and wait; a cell that fails stops the measurement, for its time would mean nothing."""
        started = time.perf_counter()
        request = self._client.execute(code, allow_stdin=False)
        reply = self._client.get_shell_msg(timeout=timeout)
        seconds = time.perf_counter() - started
        while reply["parent_header"].get("msg_id") != request:  # the answer to an earlier question
            reply = self._client.get_shell_msg(timeout=timeout)
            seconds = time.perf_counter() - started
        texts = list(self._texts(request))
        if reply["content"]["status"] != "ok":
            said = "\n".join([*texts, *reply["content"].get("traceback", [])])
            raise CourseError(f"a cell of the benchmark failed in {self.name}:\n{code}\n{said}")
        return Reply(seconds, texts[-1] if texts else "")

    def _texts(self, request: str) -> Iterator[str]:
        """Yield the text of each result that the request made, until the kernel says it is done."""
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=30)
            except Empty:
                return
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return
            if message["msg_type"] in ("execute_result", "display_data"):
                yield content["data"].get("text/plain", "")
            elif message["msg_type"] == "stream" and content["name"] == "stderr":
                yield content["text"]


@contextlib.contextmanager
def kernel(name: str, argv: list[str], environment: dict[str, str] | None = None) -> Iterator[Kernel]:
    """Start a kernel by its command line (`{connection_file}` in it is filled in), and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        place = Path(folder) / "kernels" / "bench"
        place.mkdir(parents=True)
        specification = {"argv": argv, "display_name": name, "language": name, "interrupt_mode": "signal"}
        (place / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
        finder = KernelSpecManager(kernel_dirs=[str(place.parent)], ensure_native_kernel=False)
        manager = KernelManager(kernel_name="bench", kernel_spec_manager=finder)
        # What a kernel prints for itself must not get into the figures that we print.
        silence = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        manager.start_kernel(env={**os.environ, **(environment or {})}, cwd=folder, **silence)
        try:
            client = manager.blocking_client()
            client.start_channels()
            client.wait_for_ready(timeout=120)
            yield Kernel(name, client)
            client.stop_channels()
        finally:
            manager.shutdown_kernel(now=True)
