"""What a scan lists, how it groups and sorts, and that a bad file stops nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ptx_viewer.progress import Cancelled
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

Write = Callable[..., Path]


def test_groups_by_uid_and_never_by_name_or_folder(write: Write, tmp_path: Path) -> None:
    shared = {"PatientID": "P1", "StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.1"}
    write("a/IM1.dcm", **shared, InstanceNumber=2)
    write("b/IM1.dcm", **shared, InstanceNumber=1)
    write("a/IM2.dcm", **(shared | {"SeriesInstanceUID": "1.2.1.2"}), SeriesNumber=7)
    write("a/IM3.dcm", PatientID="P1", StudyInstanceUID="1.2.2")
    write("a/IM4.dcm", PatientID="P2", PatientName="Other^Patient")
    catalogue = scan([tmp_path])
    assert catalogue.unreadable == ()
    first, second = sorted(catalogue.patients, key=lambda patient: patient.identity.patient_id)
    assert [first.identity.patient_id, second.identity.patient_id] == ["P1", "P2"]
    assert {study.study_instance_uid for study in first.studies} == {"1.2.1", "1.2.2"}
    study = next(study for study in first.studies if study.study_instance_uid == "1.2.1")
    assert {series.series_instance_uid: len(series.instances) for series in study.series} == {
        "1.2.1.1": 2,
        "1.2.1.2": 1,
    }
    pair = next(series for series in study.series if series.series_instance_uid == "1.2.1.1")
    assert [entry.instance_number for entry in pair.instances] == [1, 2]
    assert [Path(entry.display_path).parent.name for entry in pair.instances] == ["b", "a"]


def test_same_id_from_different_issuers_is_not_one_patient(write: Write, tmp_path: Path) -> None:
    write("a.dcm", PatientID="1", IssuerOfPatientID="North")
    write("b.dcm", PatientID="1", IssuerOfPatientID="South")
    assert len(scan([tmp_path]).patients) == 2


def test_patients_without_id_are_told_apart_by_name(write: Write, tmp_path: Path) -> None:
    write("a.dcm", PatientID="", PatientName="One")
    write("b.dcm", PatientID="", PatientName="Two")
    write("c.dcm", PatientID="", PatientName="Two")
    assert [len(patient.studies) for patient in scan([tmp_path]).patients] == [1, 2]


def test_ct_runs_from_head_to_feet_whatever_the_numbers_say(write_slice: Write, tmp_path: Path) -> None:
    for number, z in enumerate([10.0, -5.5, 30.25, 2.0], start=1):
        write_slice(f"{number}.dcm", z, number)
    (series,) = scan([tmp_path]).series()
    assert [entry.image_position[2] for entry in series.instances if entry.image_position] == [
        30.25,
        10.0,
        2.0,
        -5.5,
    ]


def test_localiser_does_not_fall_between_the_slices(write_slice: Write, tmp_path: Path) -> None:
    write_slice("scout.dcm", 15, 1, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    for number, z in enumerate([10.0, 20.0, 30.0], start=2):
        write_slice(f"{number}.dcm", z, number)
    (series,) = scan([tmp_path]).series()
    assert [entry.instance_number for entry in series.instances] == [1, 4, 3, 2]


def test_slices_without_position_keep_the_order_of_their_numbers(write_slice: Write, tmp_path: Path) -> None:
    for number, z in ((3, 1.0), (1, 2.0), (2, 3.0)):
        write_slice(f"{number}.dcm", z, number, ImagePositionPatient=None)
    (series,) = scan([tmp_path]).series()
    assert [entry.instance_number for entry in series.instances] == [1, 2, 3]


def test_missing_uids_are_made_and_stay_the_same(write: Write, tmp_path: Path) -> None:
    write("a.dcm", SOPInstanceUID=None, StudyInstanceUID=None, SeriesInstanceUID=None)
    path = tmp_path / "a.dcm"
    # MediaStorageSOPInstanceUID stands in for the SOP instance UID.
    (first,) = scan([path]).instances()
    assert first.sop_instance_uid == "1.2.3"
    assert first.study_instance_uid
    assert first.series_instance_uid
    moved = tmp_path / "elsewhere.dcm"
    path.rename(moved)
    (again,) = scan([moved]).instances()
    assert (again.study_instance_uid, again.series_instance_uid) == (
        first.study_instance_uid,
        first.series_instance_uid,
    )


def test_copy_is_left_out_and_told(write: Write, tmp_path: Path) -> None:
    original = write("a.dcm")
    (tmp_path / "b.dcm").write_bytes(original.read_bytes())
    catalogue = scan([tmp_path])
    assert [entry.file for entry in catalogue.instances()] == [original]
    (row,) = catalogue.unreadable
    assert row.display_path == str(tmp_path / "b.dcm")
    assert row.reason == f"A copy of {original}, which is shown."
    assert row.harmless


def test_same_identifier_with_other_content_is_not_called_a_copy(write: Write, tmp_path: Path) -> None:
    write("a.dcm", SOPInstanceUID="1.2.3.4")
    write("b.dcm", np.zeros((4, 4), np.uint8), SOPInstanceUID="1.2.3.4")
    (row,) = scan([tmp_path]).unreadable
    assert "same identifier" in row.reason
    assert "Open this file by itself" in row.reason
    assert not row.harmless


def test_one_file_named_twice_is_listed_once(write: Write, tmp_path: Path) -> None:
    path = write("a.dcm")
    catalogue = scan([path, tmp_path, path])
    assert len(list(catalogue.instances())) == 1
    assert catalogue.unreadable == ()


def test_sidecars_are_passed_over_in_a_folder_but_not_when_named(write: Write, tmp_path: Path) -> None:
    write("film.dcm")
    for name in ("notes.txt", "report.pdf", "Thumbs.db", ".DS_Store", "README"):
        (tmp_path / name).write_text("not an image")
    assert scan([tmp_path]).unreadable == ()
    (row,) = scan([tmp_path / "notes.txt"]).unreadable
    assert row.reason == "This is not a DICOM file, nor a PNG or JPEG picture."


def test_dicom_under_a_sidecars_name_is_found(write: Write, tmp_path: Path) -> None:
    write("export.txt")
    assert len(list(scan([tmp_path]).instances())) == 1


def test_unknown_file_in_a_folder_gets_a_row_and_stops_nothing(write: Write, tmp_path: Path) -> None:
    write("film.dcm")
    (tmp_path / "broken").write_bytes(b"\x17" * 500)
    catalogue = scan([tmp_path])
    assert len(list(catalogue.instances())) == 1
    (row,) = catalogue.unreadable
    assert row.reason == "This is not a DICOM file, nor a PNG or JPEG picture."


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="file names are text there")
def test_file_name_that_is_no_text_is_shown_as_text(write: Write, tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.dcm")
    write("film.dcm").rename(odd)
    (entry,) = scan([tmp_path]).instances()
    assert entry.display_path == f"{tmp_path}/\ufffd\ufffd.dcm"
    assert read_image(entry).shape == (12, 10)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_broken_links_do_not_block(write: Write, tmp_path: Path) -> None:
    write("film.dcm")
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "passed-over.txt")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    catalogue = scan([tmp_path, tmp_path / "pipe"])
    assert len(list(catalogue.instances())) == 1
    assert {Path(row.display_path).name for row in catalogue.unreadable} == {"link", "pipe"}
    assert {row.reason for row in catalogue.unreadable} == {"This is a broken link or a device, not a file."}


def test_path_that_is_not_there(tmp_path: Path) -> None:
    (row,) = scan([tmp_path / "nowhere"]).unreadable
    assert row.reason == "There is no such file or folder."


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="needs symbolic links")
def test_loop_of_symbolic_links_ends(write: Write, tmp_path: Path) -> None:
    write("deep/er/film.dcm")
    (tmp_path / "deep" / "er" / "round").symlink_to(tmp_path, target_is_directory=True)
    assert len(list(scan([tmp_path]).instances())) == 1


def test_progress_reaches_one_and_cancels(write: Write, tmp_path: Path) -> None:
    for number in range(5):
        write(f"{number}.dcm")
    fractions: list[float] = []
    scan([tmp_path], lambda fraction, _message: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0

    def stop(fraction: float, _message: str) -> None:
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan([tmp_path], stop)


def test_pictures_are_films_with_uids_from_their_content(tmp_path: Path) -> None:
    film = tmp_path / "film.png"
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(film)
    (entry,) = scan([tmp_path]).instances()
    assert (entry.rows, entry.columns, entry.sop_class_uid) == (8, 8, "")
    moved = film.rename(tmp_path / "renamed.png")
    (again,) = scan([moved]).instances()
    assert again.sop_instance_uid == entry.sop_instance_uid
    assert len({entry.sop_instance_uid, entry.series_instance_uid, entry.study_instance_uid}) == 3
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(moved)
    (other,) = scan([moved]).instances()
    assert other.sop_instance_uid != entry.sop_instance_uid


def test_nothing_of_the_patient_reaches_the_log(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write("Secretname_19700101.dcm", PatientName="Secretname^Given", PatientID="ID-4711")
    path.write_bytes(path.read_bytes()[:-30])
    (row,) = scan([tmp_path]).unreadable
    assert row.reason == "The file is cut short: it holds less pixel data than its header announces."
    assert "StudyError" in caplog.text
    for secret in ("Secretname", "19700101", "4711"):
        assert secret not in caplog.text
