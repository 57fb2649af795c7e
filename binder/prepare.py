"""What `course lab` does at its first start, done while Binder builds the image: a learner there opens no terminal."""

import json
import subprocess
import sys
from pathlib import Path

from course.chapters import Course
from course.files import write_whole
from course.lab import NBGRADER_SERVER, SETTINGS
from course.working_copy import WorkingCopy

# A Rust cell that needs ndarray: its first compilation also compiles what every later cell links to.
CELL = "fn total(x: ndarray::ArrayView2<f64>) -> f64 { x.sum() }"
WARM = f"shell = get_ipython(); shell.run_line_magic('load_ext', 'course'); shell.run_cell_magic('rust', '', {CELL!r})"


def prepare() -> None:
    """Make the working copy, hide what is for instructors, and compile a first cell."""
    course = Course.find(Path(__file__).parent.parent)
    copy, made = WorkingCopy.make(course, None)
    print(f"{len(made)} chapters in {copy.folder}")

    # In this environment's own folders, so that whatever starts Jupyter finds it.
    environment = Path(sys.prefix)
    disabled = {"@jupyterlab/apputils-extension:announcements": True, "@jupyter/nbgrader": True}
    extensions = {f"nbgrader.server_extensions.{name}": False for name in NBGRADER_SERVER}
    for name, content in {
        "etc/jupyter/labconfig/page_config.json": {"disabledExtensions": disabled},
        "etc/jupyter/jupyter_server_config.d/zz-course.json": {"ServerApp": {"jpserver_extensions": extensions}},
        "share/jupyter/lab/settings/overrides.json": SETTINGS,
    }.items():
        write_whole(environment / name, json.dumps(content, indent=1) + "\n")

    subprocess.run([sys.executable, "-m", "IPython", "-c", WARM], check=True)


if __name__ == "__main__":
    prepare()
