"""DICOMDIR and .zip: everything in them, nothing outside them."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from ptx_viewer.progress import Cancelled, silent
from ptx_viewer.study import archive
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

Write = Callable[..., Path]


def write_dicomdir(folder: Path, *file_ids: list[str]) -> Path:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    records = []
    for file_id in file_ids:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.RecordInUseFlag = 0xFFFF
        record.ReferencedFileID = file_id
        records.append(record)
    ds.DirectoryRecordSequence = records
    path = folder / "DICOMDIR"
    ds.save_as(path, enforce_file_format=True)
    return path


def test_dicomdir_lists_its_files_in_any_letter_case(write: Write, tmp_path: Path) -> None:
    write("disc/dicom/im000001")
    write("disc/DICOM2/IM2")
    write("disc/not-listed.dcm")
    path = write_dicomdir(tmp_path / "disc", ["DICOM", "IM000001"], ["DICOM2", "IM2"])
    catalogue = scan([path])
    assert catalogue.unreadable == ()
    assert sorted(entry.file.name for entry in catalogue.instances()) == ["IM2", "im000001"]


def test_file_missing_from_a_disc_is_told(write: Write, tmp_path: Path) -> None:
    write("disc/IM1")
    catalogue = scan([write_dicomdir(tmp_path / "disc", ["IM1"], ["IM2"])])
    assert len(list(catalogue.instances())) == 1
    (row,) = catalogue.unreadable
    assert row.display_path.endswith("IM2")
    assert row.reason == "The DICOMDIR lists this file, but it is not there."


@pytest.mark.parametrize("file_id", [["..", "secret"], ["/etc", "passwd"], ["C:", "x"], ["a/../../secret"]])
def test_dicomdir_cannot_reach_outside_its_folder(write: Write, tmp_path: Path, file_id: list[str]) -> None:
    write("secret")
    write("disc/IM1")
    catalogue = scan([write_dicomdir(tmp_path / "disc", ["IM1"], file_id)])
    assert [entry.file.name for entry in catalogue.instances()] == ["IM1"]
    (row,) = catalogue.unreadable
    assert row.reason == "The DICOMDIR points outside its own folder; that file was not opened."


def test_dicomdir_cannot_follow_a_link_outside(write: Write, tmp_path: Path) -> None:
    outside = write("secret")
    write("disc/IM1")
    (tmp_path / "disc" / "LINK").symlink_to(outside)
    (row,) = scan([write_dicomdir(tmp_path / "disc", ["LINK"])]).unreadable
    assert "outside its own folder" in row.reason


def test_folder_with_a_dicomdir_shows_each_file_once(write: Write, tmp_path: Path) -> None:
    write("disc/IM1")
    write("disc/EXTRA")
    write_dicomdir(tmp_path / "disc", ["IM1"])
    catalogue = scan([tmp_path / "disc"])
    assert sorted(entry.file.name for entry in catalogue.instances()) == ["EXTRA", "IM1"]
    assert catalogue.unreadable == ()


def test_broken_dicomdir(tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes(b"nothing of the kind")
    (row,) = scan([tmp_path / "DICOMDIR"]).unreadable
    assert row.reason == "This is not a DICOM file, nor a PNG or JPEG picture."


def test_zip_is_read_under_its_own_names(write: Write, tmp_path: Path) -> None:
    source = write("film.dcm")
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(source, "XR/1.dcm")
        packed.writestr("XR/notes.txt", "nothing")
        packed.writestr("__MACOSX/._1.dcm", "nothing")
    source.unlink()
    catalogue = scan([path])
    (entry,) = catalogue.instances()
    assert entry.display_path == f"{path}/XR/1.dcm"
    assert catalogue.unreadable == ()
    assert read_image(entry).shape == (12, 10)
    assert stat.S_IMODE(entry.file.parent.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("name", ["../escaped.dcm", "/escaped.dcm", "a/../../escaped.dcm", "..\\escaped.dcm"])
def test_zip_cannot_write_outside(write: Write, tmp_path: Path, name: str) -> None:
    source = write("film.dcm")
    path = tmp_path / "inner" / "study.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(name, source.read_bytes())
    before = set(tmp_path.rglob("*"))
    catalogue = scan([path])
    assert not list(catalogue.instances())
    (row,) = catalogue.unreadable
    assert "outside the archive" in row.reason
    assert set(tmp_path.rglob("*")) == before


def test_links_in_a_zip_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "study.zip"
    member = zipfile.ZipInfo("link")
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(member, "/etc/passwd")
    (row,) = scan([path]).unreadable
    assert row.reason == "This is a link inside a .zip archive, not a file; it was not opened."


def test_password_protected_zip(tmp_path: Path) -> None:
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("1.dcm", b"x" * 50)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag "encrypted", in the local and the central header
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    (row,) = scan([path]).unreadable
    assert "password" in row.reason


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing of the kind"])
def test_broken_zip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.zip"
    path.write_bytes(content)
    (row,) = scan([path]).unreadable
    assert row.reason == "The .zip archive is damaged or incomplete and cannot be opened."


def test_archive_inside_an_archive(write: Write, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.zip", tmp_path / "outer.zip"
    with zipfile.ZipFile(inner, "w") as packed:
        packed.write(write("film.dcm"), "film.dcm")
    with zipfile.ZipFile(outer, "w") as packed:
        packed.write(inner, "inner.zip")
    (row,) = scan([outer]).unreadable
    assert row.display_path == f"{outer}/inner.zip"
    assert row.reason == "This is an archive inside an archive; unpack it first and open the folder."


def test_damaged_member_does_not_stop_the_others(write: Write, tmp_path: Path) -> None:
    good, bad = write("good.dcm"), write("bad.dcm")
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(good, "good.dcm")
        packed.write(bad, "bad.dcm")
    content = bytearray(path.read_bytes())
    at = content.index(b"bad.dcm") + 300
    content[at] ^= 0xFF  # the checksum no longer holds
    path.write_bytes(bytes(content))
    catalogue = scan([path])
    assert [entry.display_path for entry in catalogue.instances()] == [f"{path}/good.dcm"]
    (row,) = catalogue.unreadable
    assert row.reason == "This file inside the .zip archive is damaged and cannot be unpacked."


def test_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("1.dcm", b"\0" * 2_000_000)
    monkeypatch.setattr(archive, "SUSPICIOUS_BYTES", 1_000_000)
    (row,) = scan([path]).unreadable
    assert row.reason == "This file unpacks to far more than a picture would; it was not opened."
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 1_000_000)
    (row,) = scan([path]).unreadable
    assert "was not opened" in row.reason
    monkeypatch.setattr(archive, "MAX_MEMBERS", 0)
    (row,) = scan([path]).unreadable
    assert "files" in row.reason


def test_cancelled_unpacking_leaves_nothing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(3):
            packed.write(write(f"{number}.dcm"), f"{number}.dcm")
    calls = []

    def stop(_fraction: float, message: str) -> None:
        calls.append(message)
        if len(calls) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        archive.extract(path, stop)
    assert list(temporary.iterdir()) == []
    files, problems = archive.extract(path, silent)
    assert (len(files), problems) == (3, [])
