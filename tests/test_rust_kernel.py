"""`%%rust` in a real kernel: what the front end receives, and that the kernel outlives its cells."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

pytestmark = [pytest.mark.needs("rust", "gcc")]

START = """\
import numpy as np
from course.rust import magic
magic.register(get_ipython())
"""


class Kernel:
    """A kernel and what it says."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str, *, interrupt_after: float | None = None) -> list[dict[str, Any]]:
        """Run a cell to its end; return its outputs: message type and content."""
        sent = self.client.execute(code)
        if interrupt_after is not None:
            time.sleep(interrupt_after)
            self.manager.interrupt_kernel()
        outputs: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return outputs
            if message["msg_type"] in {"stream", "display_data", "execute_result", "error"}:
                outputs.append({"kind": message["msg_type"], **message["content"]})


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    cache = tmp_path_factory.mktemp("cache")
    folder = Path(__file__).parent.parent
    environment = {**os.environ, "COURSE_CACHE_DIR": str(cache), "PYTHONPATH": str(folder)}
    environment.pop("PYTEST_CURRENT_TEST", None)  # in sight of it, ipykernel leaves file descriptors alone
    manager.start_kernel(env=environment, cwd=str(cache))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        found = Kernel(manager, client)
        assert found.run(START) == []
        yield found
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def texts(outputs: list[dict[str, Any]], name: str) -> str:
    return "".join(o["text"] for o in outputs if o["kind"] == "stream" and o["name"] == name)


def test_a_function_of_a_cell_is_called_in_the_next(kernel: Kernel) -> None:
    assert kernel.run("%%rust\nfn double(x: &[f64]) -> Vec<f64> { x.iter().map(|v| 2.0 * v).collect() }") == []
    (result,) = kernel.run("double(np.arange(3.0))")
    assert result["data"]["text/plain"] == "array([0., 2., 4.])"


def test_what_rust_prints_appears_in_the_cell_that_called_it(kernel: Kernel) -> None:
    kernel.run('%%rust\nfn say(s: &str) { print!("hello {s}") }')
    outputs = kernel.run("say('there'); import time; time.sleep(0.5)")
    assert texts(outputs, "stdout") == "hello there"


def test_a_compile_error_shows_messages_and_fails_without_a_traceback(kernel: Kernel) -> None:
    shown, error = kernel.run("%%rust\nfn f() -> f64 {\n    total\n}")
    assert shown["kind"] == "display_data"
    assert "error[E0425]" in shown["data"]["text/plain"]
    assert '<div class="course-rust"' in shown["data"]["text/html"]
    assert error["kind"] == "error"
    assert error["ename"] == "CellDoesNotCompile"
    assert len(error["traceback"]) == 1
    assert "does not compile, 1 error: E0425" in error["traceback"][0]
    assert "--> cell:2:5" in error["evalue"]  # what a program that runs notebooks reports


def test_a_failed_cell_stops_those_queued_behind_it(kernel: Kernel) -> None:
    kernel.client.execute("import time; time.sleep(2)")  # both wait behind it, however late they are sent
    kernel.client.execute("%%rust\nfn f() -> f64 { total }", stop_on_error=True)
    later = kernel.client.execute("reached = True")
    reply = kernel.client.get_shell_msg(timeout=60)
    while reply["parent_header"].get("msg_id") != later:
        reply = kernel.client.get_shell_msg(timeout=60)
    assert reply["content"]["status"] == "aborted"
    kernel.run("pass")


def test_a_panic_is_an_exception_and_the_kernel_lives(kernel: Kernel) -> None:
    kernel.run("%%rust\nfn index(x: &[f64], i: usize) -> f64 {\n    x[i]\n}")
    (error,) = kernel.run("index(np.zeros(2), 5)")
    assert error["ename"] == "RustPanic"
    assert "the len is 2 but the index is 5" in error["evalue"]
    assert "line 2: x[i]" in "".join(error["traceback"])
    (result,) = kernel.run("index(np.ones(2), 1)")
    assert result["data"]["text/plain"] == "1.0"


def test_an_abort_in_an_isolated_call_leaves_the_kernel_alive(kernel: Kernel) -> None:
    kernel.run("%%rust --isolated\nfn abort() { std::process::abort() }\nfn one() -> i32 { 1 }")
    outputs = kernel.run("abort()")
    assert outputs[-1]["ename"] == "RustCrash"
    assert "SIGABRT" in outputs[-1]["evalue"]
    (result,) = kernel.run("one()")
    assert result["data"]["text/plain"] == "1"


def test_a_program_is_shown_live_and_ended_by_an_interrupt(kernel: Kernel) -> None:
    source = 'fn main() { println!("started"); std::thread::sleep(std::time::Duration::from_secs(600)); }'
    outputs = kernel.run(f"%%rust\n{source}", interrupt_after=3)
    assert texts(outputs, "stdout") == "started\n"
    assert outputs[-1]["ename"] == "KeyboardInterrupt"


def test_an_interrupt_gives_control_back_from_an_interruptible_call(kernel: Kernel) -> None:
    kernel.run(
        "%%rust --interruptible\nuse std::{thread, time::Duration};\n"
        "fn slow(x: &mut [f64]) { thread::sleep(Duration::from_secs(5)); x[0] = 1.0 }"
    )
    outputs = kernel.run("x = np.zeros(1); slow(x)", interrupt_after=1)
    assert outputs[-1]["ename"] == "KeyboardInterrupt"
    assert "runs on in the background" in texts(outputs, "stderr")


def test_the_magic_explains_itself_and_the_compilers_codes(kernel: Kernel) -> None:
    sent = kernel.client.execute("%%rust?")
    reply = kernel.client.get_shell_msg(timeout=60)
    while reply["parent_header"].get("msg_id") != sent:
        reply = kernel.client.get_shell_msg(timeout=60)
    (page,) = reply["content"]["payload"]
    assert "--isolated" in page["data"]["text/plain"]
    (shown,) = kernel.run("%rust --explain E0382")
    assert shown["data"]["text/markdown"].startswith("### E0382")
    outputs = kernel.run("%rust --version")
    assert texts(outputs, "stdout").startswith("rustc 1.")
    (error,) = kernel.run("%rust --explian E0382")
    assert error["ename"] == "UsageMistake"
