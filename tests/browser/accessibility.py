"""axe-core in a page: which accessibility rules are broken there."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# Every rule is tried on every element, but only what is broken is described: the list of all that is well takes longer
# to make and to send than the rules take.
RUN = """(where) => axe.run(where ?? document, { resultTypes: ["violations"] }).then((found) =>
  [found.passes.length, found.violations.map((one) => [one.id, one.nodes.map((node) => node.html)])])"""


def broken(page: Page, where: str | None = None) -> list[tuple[str, list[str]]]:
    """Return the rules that a page breaks, or a part of it, with the elements that break them."""
    page.evaluate(AXE)
    passed, found = page.evaluate(RUN, where)
    assert passed, "axe looked at nothing"
    return [(rule, elements) for rule, elements in found]
