"""JupyterLab as `course lab` starts it: a real server, on its port, with our configuration and nobody else's."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course import lab
from course.errors import CourseError, LabDidNotStart, PortBusy

FIXTURE = Path(__file__).parent / "fixtures" / "learner_course"
COURSE = (sys.executable, "-c", "from course.cli import main; main()")


def world(folder: Path) -> dict[str, str]:
    """Return an environment with an empty home, and without what Jupyter or we read from a real one."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "COURSE", "XDG", "NBGRADER"))}
    return kept | {"HOME": str(folder / "home"), "COURSE_NO_RUST": "1", "NO_COLOR": "1"}


@contextlib.contextmanager
def course_lab(cwd: Path, *args: str, env: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """Run `course lab` until it answers; give the process, the address and what it said. Ctrl+C ends it.

    It begins with SIGINT ignored, as shells begin what they put in the background.
    """
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *COURSE, "lab", "--no-browser", *args],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if found := re.search(r"JupyterLab is running: (http\S+)", line):
                yield process, found[1], said
                break
        else:
            pytest.fail("course lab ended before it answered: " + "\n".join(said))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, "Ctrl+C is a good end"


def get(address: str, where: str, /, **data: Any) -> Any:
    base, _, token = address.partition("?token=")
    root = base.partition("/lab")[0]
    body = json.dumps(data).encode() if data else None
    request = urllib.request.Request(f"{root}/{where}", body, {"Authorization": f"token {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.loads(text) if (text := answer.read().decode()).startswith(("{", "[")) else text


def page_config(address: str) -> dict[str, Any]:
    page = get(address, "lab")
    found = re.search(r'<script id="jupyter-config-data" type="application/json">\s*(.*?)\s*</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def other_python(home: Path) -> None:
    """Put a kernel called python3 that is another Python, and a server configuration, into a home."""
    for where in (".local/share/jupyter", "Library/Jupyter"):
        kernel = home / where / "kernels/python3/kernel.json"
        kernel.parent.mkdir(parents=True)
        kernel.write_text(json.dumps({"argv": ["/other/python", "-m", "x"], "display_name": "x", "language": "python"}))
    config = home / ".jupyter/jupyter_server_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"ServerApp": {"base_url": "/elsewhere/"}}))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, list[str], dict[str, str]]]:
    """Give one `course lab` that runs for all the tests of this module: clone, address, what it said, environment."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(FIXTURE, folder / "clone")
    other_python(folder / "home")
    env = world(folder)
    with course_lab(folder / "clone", env=env) as (_, address, said):
        yield folder / "clone", address, said, env


Running = tuple[Path, str, list[str], dict[str, str]]


def run(cwd: Path, *args: str, env: dict[str, str], **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COURSE, *args], cwd=cwd, env=env, capture_output=True, text=True, check=False, **more)


def test_lab_says_what_it_does_and_opens_the_first_chapter(running: Running):
    clone, address, said, _ = running

    assert said[0] == "made a copy of 3 chapters for you in learning"
    assert "/lab/tree/00_hello.ipynb?token=" in address
    assert get(address, "api/contents/00_hello.ipynb")["type"] == "notebook"
    assert (clone / "learning" / "00_hello.ipynb").is_file()


def test_nbgraders_menus_and_the_news_are_off_for_learners(running: Running):
    disabled = page_config(running[1])["disabledExtensions"]

    assert "@jupyter/nbgrader" in disabled
    assert "@jupyterlab/apputils-extension:announcements" in disabled


def test_labs_defaults_are_ours_and_autosave_is_on(running: Running):
    docs = get(running[1], "lab/api/settings/@jupyterlab/docmanager-extension:plugin")
    news = get(running[1], "lab/api/settings/@jupyterlab/apputils-extension:notification")

    assert docs["schema"]["properties"]["autosave"]["default"] is True
    assert docs["schema"]["properties"]["autosaveInterval"]["default"] == 30
    assert news["schema"]["properties"]["fetchNews"]["default"] == "false"


def test_the_kernel_is_this_python_whatever_the_home_holds(running: Running):
    specs = get(running[1], "api/kernelspecs")

    assert specs["default"] == "python3"
    assert specs["kernelspecs"]["python3"]["spec"]["argv"][0] == sys.executable


def test_nothing_is_written_to_the_users_configuration(running: Running):
    home = Path(running[3]["HOME"])

    assert [p.name for p in (home / ".jupyter").rglob("*")] == ["jupyter_server_config.json"]


def test_a_second_lab_gives_the_address_of_the_first(running: Running):
    clone, address, _, env = running

    again = run(clone, "lab", "--no-browser", "02", env=env)

    assert again.returncode == 0
    assert address.replace("00_hello", "02_views") in again.stdout
    assert "already running" in again.stdout


def test_no_argument_gives_the_address_of_the_lab_that_runs(running: Running):
    clone, address, _, env = running

    assert address in run(clone, env=env).stdout


def test_a_reset_says_when_the_notebook_is_open_in_lab(running: Running):
    clone, address, _, env = running
    session = {"path": "01_rows.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    get(address, "api/sessions", **session)

    done = run(clone, "reset", "01", "--yes", env=env)

    assert "01_rows is open in JupyterLab" in done.stdout
    assert "Reload Notebook from Disk" in done.stdout


def test_an_instructors_course_is_opened_as_it_is_with_its_menus(tmp_path: Path):
    clone, taught = tmp_path / "clone", tmp_path / "class"
    shutil.copytree(FIXTURE, clone)
    taught.mkdir()
    (taught / "nbgrader_config.py").write_text("c = get_config()\n")

    with course_lab(clone, "--instructor", "--dir", str(taught), env=world(tmp_path)) as (process, address, _):
        assert "@jupyter/nbgrader" not in page_config(address)["disabledExtensions"]
        assert not list(taught.glob("*.ipynb"))
        server = next((Path(tmp_path / "home")).rglob("jpserver-*.json"))
        pid = json.loads(server.read_text("utf-8"))["pid"]
        process.send_signal(signal.SIGTERM)  # a closed terminal ends the server as Ctrl+C does
        process.wait(30)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_busy_port_is_an_error_that_names_a_free_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]

        with pytest.raises(PortBusy) as caught:
            lab.free_port(busy)

    assert caught.value.message == f"port {busy} is in use"
    assert "leave out --port" in caught.value.help


def test_without_a_port_a_busy_one_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(lab, "FIRST_PORT", other.getsockname()[1])

        assert lab.free_port() > other.getsockname()[1]


def test_a_server_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'No module named jupyterlab' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))

    with pytest.raises(LabDidNotStart, match="No module named jupyterlab"):
        lab.start(tmp_path, tmp_path / ".course", tmp_path)


def test_windows_is_told_about_wsl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("platform.system", lambda: "Windows")

    with pytest.raises(CourseError, match="WSL") as caught:
        lab.start(tmp_path, tmp_path / ".course", tmp_path)

    assert "wsl --install" in caught.value.help


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": "http://localhost:1/"}', '{"url": 1, "port": "x"}'])
def test_a_servers_description_that_is_half_written_is_passed_over(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "jpserver-1.json").write_text(content)

    assert lab.running(tmp_path) is None


def test_a_server_that_died_without_tidying_up_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    info = {"url": "http://localhost:9/", "token": "x", "port": 9, "pid": 1, "root_dir": str(tmp_path)}
    (tmp_path / "jpserver-1.json").write_text(json.dumps(info))

    assert lab.running(tmp_path) is None
