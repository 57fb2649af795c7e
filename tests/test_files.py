import os
import resource
import subprocess
import sys
import textwrap

import pytest

from course.errors import CannotWrite
from course.files import write_whole


def test_content_replaces_what_was_there(tmp_path):
    path = tmp_path / "chapter.ipynb"
    path.write_text("old")

    write_whole(path, "néw")

    assert path.read_text("utf-8") == "néw"
    assert [file.name for file in tmp_path.iterdir()] == ["chapter.ipynb"]


def test_folders_are_made_on_the_way(tmp_path):
    write_whole(tmp_path / "a" / "b.txt", b"x")

    assert (tmp_path / "a" / "b.txt").read_bytes() == b"x"


def test_a_new_file_is_as_readable_as_any_other(tmp_path):
    write_whole(tmp_path / "ours", "x")
    (tmp_path / "other").write_text("x")

    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "notebooks").write_text("a file")

    with pytest.raises(CannotWrite) as caught:
        write_whole(tmp_path / "notebooks" / "a.ipynb", "x")

    assert "notebooks/a.ipynb" in caught.value.place


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into read-only folders")
def test_a_read_only_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(CannotWrite, match="you may not write there"):
            write_whole(tmp_path / "a.txt", "x")
    finally:
        tmp_path.chmod(0o700)


def test_when_the_disk_takes_no_more_the_old_file_is_whole_and_nothing_is_left_over(tmp_path):
    path = tmp_path / "chapter.ipynb"
    path.write_text("old")
    # A limit on file size makes the write fail half way, as a full disk does.
    program = f"""
        import resource, signal
        from pathlib import Path
        from course.errors import CannotWrite
        from course.files import write_whole
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.getrlimit(resource.RLIMIT_FSIZE)[1]}))
        try:
            write_whole(Path({str(path)!r}), "x" * 5000)
        except CannotWrite as error:
            print(error.message)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)

    assert done.stdout == "cannot write: the file would be larger than this system allows\n"
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["chapter.ipynb"]
