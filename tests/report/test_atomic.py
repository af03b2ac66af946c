"""Files that are wholly there or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from ptx_viewer.report.atomic import make_folder, write_atomically
from ptx_viewer.report.errors import ReportError


def test_content_is_written_and_nothing_else_is_left(tmp_path):
    write_atomically(tmp_path / "a.txt", b"new")
    write_atomically(tmp_path / "a.txt", b"newer")
    assert (tmp_path / "a.txt").read_bytes() == b"newer"
    assert len(list(tmp_path.iterdir())) == 1


def test_overwriting_can_be_forbidden(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")
    with pytest.raises(FileExistsError, match=r"a\.txt already exists\."):
        write_atomically(tmp_path / "a.txt", b"new", overwrite=False)
    assert (tmp_path / "a.txt").read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_full_disk_costs_nothing(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"old")
    # The temporary file becomes one that every write to fails, as on a disk without room.
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda *_: opened(Path("/dev/full"), "wb"))
    with pytest.raises(ReportError, match="the disk is full"):
        write_atomically(tmp_path / "a.txt", b"new")
    monkeypatch.undo()
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_failure_in_the_last_step_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"old")

    def refuse(self, target):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ReportError, match="not permitted"):
        write_atomically(tmp_path / "a.txt", b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_name_of_a_folder_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ReportError, match="could not be written"):
        write_atomically(tmp_path / "a", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_gives_a_sentence(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(ReportError, match="not permitted"):
            write_atomically(folder / "a.txt", b"new")
    finally:
        folder.chmod(stat.S_IRWXU)


def test_folder_below_a_file_gives_a_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportError, match=r"is a file|part of the path is a file"):
        make_folder(tmp_path / "file" / "deeper")
