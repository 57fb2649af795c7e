"""What is Optional is folded in a real JupyterLab and Notebook 7, runs all the same, and opens at a click."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from course.build import notebook_bytes, released
from tests.courses import chapter_of

pytestmark = pytest.mark.needs("chromium")

BODY = """# Small

## One

```python
kept = "before"
```

### Optional: more

Folded with its cell.

```python
kept = "from the fold"
```

## Two

```python
print(kept)
```
"""


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_what_is_optional_is_folded_runs_with_the_rest_and_opens_at_a_click(lab: Any, app: str) -> None:
    path = lab.folder / "00_small.ipynb"
    path.write_bytes(notebook_bytes(released(*chapter_of(BODY, lab.folder / "course"))))
    page = lab.open(path, app=app)
    folded = page.locator(".jp-CodeCell").filter(has_text='kept = "from the fold"')
    expect(page.locator(".jp-OutputArea-output", has_text="from the fold")).to_be_visible()
    expect(folded).to_be_hidden()
    expect(page.get_by_role("heading", name="Optional: more")).to_be_visible()

    page.get_by_text("1 cell hidden").click()

    expect(folded).to_be_visible()
