"""Start JupyterLab in the working copy, or find the one that runs there.

The server is JupyterLab's own, with a configuration of ours in the working copy (`.course/jupyter`): what the user has
in their home is neither read nor changed. No news, no update check, no telemetry; the kernel is this Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from course.errors import CourseError, LabDidNotStart, PortBusy
from course.files import write_whole

__all__ = ["Lab", "free_port", "is_instructors_course", "open_browser", "running", "start", "stop_signals"]

FIRST_PORT, PORTS_TRIED = 8888, 100
START_SECONDS = 60
STOP_SECONDS = 15

NBGRADER_SERVER = ("formgrader", "validate_assignment", "assignment_list", "course_list")

# Lab's defaults, under the learner's own choices: whatever they change in Lab's settings is kept.
SETTINGS: dict[str, Any] = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": True, "autosaveInterval": 30},
    "@jupyterlab/notebook-extension:tracker": {
        "codeCellConfig": {"lineNumbers": True},  # rustc's messages speak of the lines of the cell
        "kernelShutdown": False,
        "recordTiming": False,
    },
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
}


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that answers: where it is, and the process if we started it."""

    url: str
    token: str
    port: int
    pid: int
    process: subprocess.Popen[bytes] | None = None

    def address(self, notebook: str = "") -> str:
        """Return the address that opens Lab, with a notebook in front, without a password."""
        page = f"lab/tree/{urllib.parse.quote(notebook)}" if notebook else "lab"
        return f"{self.url}{page}" + (f"?token={self.token}" if self.token else "")

    def ask(self, what: str, seconds: float = 3) -> Any:
        """Return the JSON that the server's REST interface gives, such as `sessions`."""
        # The address is one that the server on this machine wrote into its own file.
        request = urllib.request.Request(f"{self.url}api/{what}")  # noqa: S310
        if self.token:
            request.add_header("Authorization", f"token {self.token}")
        # A proxy from the environment must not be asked for our own machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=seconds) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        """Tell whether the server is up."""
        try:
            self.ask("status")
        except (OSError, ValueError):
            return False
        return True

    def open_notebooks(self) -> set[str]:
        """Return the file names of the notebooks that have a kernel in this Lab."""
        try:
            return {str(session["path"]) for session in self.ask("sessions") if session.get("type") == "notebook"}
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def wait(self) -> int:
        """Wait until the server ends by itself; return its exit code."""
        return self.process.wait() if self.process else 0

    def stop(self) -> None:
        """End the server we started, and its kernels with it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def running(folder: Path) -> Lab | None:
    """Return the Jupyter server whose root is `folder`, if one answers."""
    from jupyter_core.paths import jupyter_runtime_dir

    for file in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        lab = _described(file)
        if lab and lab[1] == folder.resolve() and lab[0].answers():
            return lab[0]
    return None


def _described(file: Path) -> tuple[Lab, Path] | None:
    """Read a server's own description of itself; None where it is gone or half written."""
    try:
        info = json.loads(file.read_text("utf-8"))
        lab = Lab(str(info["url"]), str(info.get("token", "")), int(info["port"]), int(info["pid"]))
        return lab, Path(info["root_dir"]).resolve()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def free_port(wanted: int | None = None) -> int:
    """Return the port asked for, or the first free one from 8888. Raises `PortBusy`."""
    tried = range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    if wanted is not None:
        if _is_free(wanted):
            return wanted
        raise PortBusy(wanted, next((port for port in tried if _is_free(port)), None))
    for port in tried:
        if _is_free(port):
            return port
    raise CourseError(
        f"the ports {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are all in use", help="course lab --port N"
    )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port that only waits for its last connection to time out counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def is_instructors_course(folder: Path) -> bool:
    """Tell whether a folder is an nbgrader course, which Lab opens as it is."""
    return (folder / "nbgrader_config.py").is_file()


def start(folder: Path, private: Path, course_root: Path, *, port: int | None = None, instructor: bool = False) -> Lab:
    """Start JupyterLab with `folder` as its root and wait until it answers.

    Its configuration and log go to `private`. Raises `PortBusy`, `LabDidNotStart`, and on Windows an error that says
    WSL.
    """
    if platform.system() == "Windows":
        raise CourseError(
            "the course runs on Linux, macOS, and in Windows' WSL",
            help="in PowerShell: wsl --install; then open Ubuntu and do the same there",
        )
    chosen = free_port(port)
    environment = _configure(private / "jupyter", course_root, instructor=instructor)
    log_path = private / "lab.log"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={folder}"]
    command += [f"--ServerApp.port={chosen}", "--ServerApp.port_retries=0", "--LabApp.extension_manager=readonly"]
    if os.geteuid() == 0:
        command.append("--allow-root")  # in containers everybody is root, and the server listens on this machine only
    write_whole(log_path, b"")
    with log_path.open("ab") as log:
        # A session of its own: Ctrl+C reaches us alone, and we end the server in good order.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        return _when_it_answers(process, log_path)
    except BaseException:
        Lab("", "", chosen, process.pid, process).stop()
        raise


def _when_it_answers(process: subprocess.Popen[bytes], log: Path) -> Lab:
    from jupyter_core.paths import jupyter_runtime_dir

    description = Path(jupyter_runtime_dir()) / f"jpserver-{process.pid}.json"
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = _described(description)
        if found and found[0].answers():
            lab = found[0]
            return Lab(lab.url, lab.token, lab.port, lab.pid, process)
        time.sleep(0.05)
    said = log.read_text("utf-8", errors="replace").strip().splitlines()
    raise LabDidNotStart(log, "\n".join(said[-5:]))


def _configure(folder: Path, course_root: Path, *, instructor: bool) -> dict[str, str]:
    """Write the server's configuration and return the environment that makes it, and it alone, count."""
    disabled = {"@jupyterlab/apputils-extension:announcements": True}
    if not instructor:
        disabled["@jupyter/nbgrader"] = True
    kernel = {
        "argv": [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",  # as notebooks name it, so that opening one does not change it
        "language": "python",
        "metadata": {"debugger": True},
    }
    extensions = {f"nbgrader.server_extensions.{name}": instructor for name in NBGRADER_SERVER}
    files: dict[str, Any] = {
        "labconfig/page_config.json": {"disabledExtensions": disabled},
        "labconfig/default_setting_overrides.json": SETTINGS,
        "jupyter_server_config.json": {"ServerApp": {"jpserver_extensions": extensions}},
        "data/kernels/python3/kernel.json": kernel,
    }
    for name, content in files.items():
        write_whole(folder / name, json.dumps(content, indent=1) + "\n")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folder),
        # First in the search for kernels: a `python3` in the user's home may be another Python.
        "JUPYTER_PATH": os.pathsep.join(filter(None, (str(folder / "data"), os.environ.get("JUPYTER_PATH")))),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "COURSE_ROOT": str(course_root),
    }
    if instructor:
        # An instructor's own nbgrader configuration keeps its say.
        theirs = os.environ.get("JUPYTER_CONFIG_DIR", str(Path("~/.jupyter").expanduser()))
        environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
            filter(None, (theirs, os.environ.get("JUPYTER_CONFIG_PATH")))
        )
    return environment


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Turn a closed terminal and a polite kill into Ctrl+C, so that the server ends with us.

    SIGINT is among them because a shell that starts us in the background tells us to ignore it.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def open_browser(address: str) -> bool:
    """Open the address in the user's browser; False where there is none to open."""
    on_linux = sys.platform.startswith("linux")
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    if on_linux and not has_screen:
        # Without a screen `webbrowser` would start a text browser in this terminal. WSL has Windows' browser.
        opener = shutil.which("wslview")
        if opener is None:
            return False
        return subprocess.run([opener, address], check=False).returncode == 0
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
