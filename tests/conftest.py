"""Markers for what a test needs: skipped with a reason where it is missing, failed where it is required."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

from course.capabilities import CAPABILITIES, Capability, probe, required

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

# A busy machine makes an example slow, not wrong; and a failure elsewhere should say how to repeat it here.
settings.register_profile("course", deadline=None, print_blob=True)
settings.load_profile("course")


@functools.cache
def _capability(name: str) -> Capability:
    return probe(name)


def skip_unless_required(reason: str, capability: str = "") -> NoReturn:
    """Skip a test, or fail it where COURSE_REQUIRE names the capability (without a name: where it names any)."""
    if capability in required() or (not capability and required()):
        pytest.fail(f"COURSE_REQUIRE asks for it, but it is missing. {reason}", pytrace=False)
    pytest.skip(reason)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"needs(*names): capabilities of the machine this test uses, of {', '.join(CAPABILITIES)}",
    )
    unknown = required() - set(CAPABILITIES)
    if unknown:
        raise pytest.UsageError(f"COURSE_REQUIRE names no capability: {', '.join(sorted(unknown))}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In CI a test that fails is tried once more: beside busy cores a browser or a kernel may outlast any patience.

    It is listed as RERUN at the end of the run: a race to be found. What fails for a reason fails again (Hypothesis
    begins with the example that failed).
    """
    if required():
        for item in items:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was wrong the first time: a second try that passes would hide it."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"first try of {report.nodeid}")
        terminalreporter.write_line("\n".join(report.longreprtext.splitlines()[-25:]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            found = _capability(name)
            if not found.present:
                skip_unless_required(f"needs {name}: {found.detail}", name)


# One Playwright for a process: while its driver runs, another cannot be started beside it. And one for a module, so
# that its event loop is not there while the tests of other modules run.


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(driver: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, started once for the tests of a module; a test makes contexts of its own in it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, 'tests that use a browser are marked `needs("chromium")`'
    browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
    yield browser
    browser.close()
