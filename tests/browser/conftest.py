"""A real JupyterLab (with Notebook 7 beside it) and a real Chromium, started once for all browser tests.

`lab` is what a test takes: it makes notebooks in a folder of its own and opens them in pages of its own. Tests find a
quiz's controls by role and name, as a learner or a screen reader does.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from playwright.sync_api import TimeoutError as TooLong

from course.capabilities import find_firefox

ROOT = Path(__file__).resolve().parents[2]
QUIZZES = ROOT / "tests" / "fixtures" / "widget"
expect.set_options(timeout=20_000)


class Server:
    """One Jupyter server, with settings of its own and nothing of the person who runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "work"
        self.root.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        extensions = folder / "path" / "labextensions"
        extensions.mkdir(parents=True)
        # The extension as it is in the sources, before any copy that was installed.
        (extensions / "course-quiz").symlink_to(ROOT / "course" / "labextension", target_is_directory=True)
        settings = folder / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text(
            json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True})
        )
        env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "COURSE", "NBGRADER", "IPYTHON"))}
        env |= {
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_PATH": str(folder / "path"),
            "IPYTHONDIR": str(folder / "ipython"),
            "HOME": str(folder),
            "COURSE_BANK": str(QUIZZES),
            "COURSE_LEARNER": "browser-tests",
        }
        self.log = folder / "server.log"
        options = [
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.open_browser=False",
            "--ServerApp.allow_root=True",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            "--ServerApp.ip=127.0.0.1",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options], env=env, stdout=log, stderr=log, cwd=folder
            )
        self._wait()

    def _wait(self) -> None:
        for _ in range(300):
            if self.process.poll() is not None:
                break
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=5):
                return
            time.sleep(0.2)
        self.stop()
        pytest.fail(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}", pytrace=False)

    def api(self, method: str, path: str) -> Any:
        request = urllib.request.Request(f"{self.url}/api/{path}?token={self.token}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def stop_kernels(self) -> None:
        for session in self.api("GET", "sessions"):
            with suppress(OSError):
                self.api("DELETE", f"sessions/{session['id']}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Lab:
    """What a browser test works with: a folder for notebooks, and pages that show them."""

    def __init__(self, server: Server, browser: Browser, folder: Path) -> None:
        self.server, self.browser, self.folder = server, browser, folder
        self.url, self.token = server.url, server.token
        self._contexts: list[BrowserContext] = []

    def notebook(self, *sources: str, name: str = "01_kinds.ipynb", folder: Path | None = None) -> Path:
        """Write a notebook with these code cells and return its path."""
        cells = [
            {
                "cell_type": "code",
                "id": f"cell-{n}",
                "metadata": {},
                "source": s,
                "outputs": [],
                "execution_count": None,
            }
            for n, s in enumerate(sources)
        ]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = (folder or self.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": cells})
        )
        return path

    def quiz(self, section: str = "01_kinds/small", **options: Any) -> Path:
        """Write a notebook that shows one quiz."""
        return self.notebook("from course.quiz.widget import answer, quiz", f'quiz("{section}")', **options)

    def page(self, **options: Any) -> Page:
        """Return a new page with nothing remembered from any other."""
        context = self.browser.new_context(viewport={"width": 1100, "height": 1400}, **options)
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        return context.new_page()

    def open(self, path: Path, *, app: str = "lab", page: Page | None = None, run: bool = True) -> Page:
        """Open a notebook in JupyterLab (`app="lab"`) or Notebook 7 (`"notebook"`), and run all its cells."""
        page = page or self.page()
        place = path.relative_to(self.server.root).as_posix()
        start = {"lab": f"lab/workspaces/w{secrets.token_hex(4)}/tree", "notebook": "notebooks"}[app]
        page.goto(f"{self.url}/{start}/{place}?token={self.token}")
        self.ready(page)
        if run:
            self.run_all(page)
        return page

    def ready(self, page: Page) -> None:
        """Wait until the notebook is open and its kernel idle."""
        page.wait_for_function(
            """() => { const panel = window.jupyterapp?.shell?.currentWidget;
                       return panel?.content?.model?.cells?.length > 0
                           && panel.sessionContext?.session?.kernel?.status === 'idle'; }""",
            timeout=60_000,
        )

    def command(self, page: Page, name: str) -> None:
        page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def run_all(self, page: Page) -> None:
        self.command(page, "notebook:run-all-cells")

    def save(self, page: Page, *, keys: str | None = None) -> None:
        """Save (by `keys`, where given) until nothing is left to save: a quiz may write once more a moment later."""
        saved = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
        for seconds in (5, 5, 20):
            page.keyboard.press(keys) if keys else self.command(page, "docmanager:save")
            with suppress(TooLong):
                page.wait_for_function(saved, timeout=seconds * 1000)
                return
        pytest.fail("the notebook stays changed, however often it is saved")

    def restart(self, page: Page) -> None:
        """Restart the kernel, without asking and without running anything.

        The page has nothing to ask it any more: JupyterLab 4.6 loses sight of a kernel that is restarted while requests
        of a page just opened are on their way (once in fifteen times), and shows it as starting until the next reload.
        """
        page.wait_for_function(
            """() => { const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                       const now = performance.now();
                       if (kernel.status !== 'idle' || !window.idleSince) window.idleSince = now;
                       return now - window.idleSince > 1000; }""",
            timeout=60_000,
        )
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.ready(page)

    def attempts(self, path: Path) -> Sequence[Any]:
        """Return the attempts that a saved notebook carries."""
        from course.quiz.answers import from_notebook

        return from_notebook(path).attempts

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def firefox(driver: Playwright) -> Iterator[Browser]:
    path = find_firefox()
    assert path, 'tests that use Firefox are marked `needs("firefox")`'
    # An unchanged Firefox, driven by WebDriver BiDi; Playwright's own build of Firefox is another program.
    browser = driver.firefox.launch(channel="moz-firefox", executable_path=path)
    yield browser
    browser.close()


def _lab(server: Server, browser: Browser) -> Iterator[Lab]:
    folder = server.root / secrets.token_hex(4)
    folder.mkdir()
    made = Lab(server, browser, folder)
    yield made
    made.close()
    server.stop_kernels()


@pytest.fixture
def lab(lab_server: Server, chromium: Browser) -> Iterator[Lab]:
    yield from _lab(lab_server, chromium)


@pytest.fixture
def firefox_lab(lab_server: Server, firefox: Browser) -> Iterator[Lab]:
    yield from _lab(lab_server, firefox)
