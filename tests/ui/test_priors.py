"""The prior film of the same patient: found, shown beside the current one, linked, and compared."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest
from pypdf import PdfReader
from PySide6.QtCore import QPointF

from ptx_viewer.study.catalogue import Catalogue, InstanceEntry, PatientEntry, SeriesEntry, StudyEntry
from ptx_viewer.study.image import PatientIdentity, Window
from ptx_viewer.ui.displayable import Displayable, displayables
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.priors import latest_film, prior_of
from ptx_viewer.ui.reading import AnalysisState
from ptx_viewer.ui.viewport.geometry import ViewState
from ptx_viewer.ui.viewport.layers import Look
from ptx_viewer.ui.viewport.linking import Frame, transferred


def dated(date: str, *descriptions: str, time: str = "", modality: str = "DX") -> StudyEntry:
    series = tuple(
        SeriesEntry(
            f"{date}{time}.{number}",
            modality,
            description,
            number,
            (
                InstanceEntry(
                    Path("film.dcm"),
                    "film.dcm",
                    date,
                    f"{date}{time}.{number}",
                    f"{date}{time}.{number}.1",
                    "1.2",
                    modality,
                    10,
                    10,
                ),
            ),
        )
        for number, description in enumerate(descriptions)
    )
    return StudyEntry(date + time, date, time, "Chest", "", series)


def patient(*studies: StudyEntry) -> PatientEntry:
    return PatientEntry(PatientIdentity(), studies)


def film(entry: StudyEntry, number: int = 0) -> Displayable:
    return displayables(entry.series[number])[0]


def test_the_prior_is_the_latest_earlier_film_of_the_same_patient():
    first, second, third = dated("20230101", "PA"), dated("20230601", "PA"), dated("20240101", "PA")
    catalogue = Catalogue((patient(first, second, third), patient(dated("20231201", "PA"))), ())
    found = prior_of(catalogue, film(third))
    assert found is not None
    assert (found[0].key, found[1]) == (film(second).key, second)
    assert prior_of(catalogue, film(first)) is None


def test_times_part_the_studies_of_one_day_and_without_a_date_there_is_no_order():
    morning, evening = dated("20230101", "PA", time="0800"), dated("20230101", "PA", time="2000")
    catalogue = Catalogue((patient(evening, morning, dated("", "PA")),), ())
    assert prior_of(catalogue, film(evening))[1] is morning
    assert prior_of(catalogue, film(morning)) is None


def test_a_series_of_the_same_name_comes_before_a_lateral_view_and_ct_is_no_prior():
    before = dated("20230101", "Lateral", "PA")
    now = dated("20240101", "PA")
    catalogue = Catalogue((patient(before, dated("20230601", "Chest", modality="CT"), now),), ())
    assert prior_of(catalogue, film(now))[0].series.description == "PA"


def test_the_latest_film_of_the_first_patient_is_what_is_shown_first():
    old, new = dated("20230101", "PA"), dated("20240101", "PA", "Lateral")
    catalogue = Catalogue((patient(old, new), patient(dated("20250101", "PA"))), ())
    assert latest_film(catalogue).key == film(new).key
    assert latest_film(Catalogue((), ())) is None


def test_the_same_part_of_a_film_of_other_size_and_values_is_shown():
    look = Look(ViewState(zoom=2.0, centre=(30.0, 40.0), quarter_turns=1), True, Window(150.0, 50.0))
    source = Frame((80, 60), 0.5, Window(100.0, 100.0))
    target = Frame((160, 120), 0.25, Window(1000.0, 2000.0))
    there = transferred(look, source, target)
    # Four times the fitted film, in the middle of it; the centre half a width above, half as wide.
    assert there.view == ViewState(zoom=1.0, centre=(60.0, 80.0), quarter_turns=1)
    assert there.window == Window(2000.0, 1000.0)
    assert there.inverted
    assert transferred(Look(ViewState(), False, None), source, target) == Look(ViewState(), False, None)


@pytest.fixture
def two_studies(study_with_prior, window, qtbot):
    """The window with the current film of two."""
    window.open([study_with_prior])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.DONE,
        timeout=10_000,
    )
    qtbot.waitUntil(lambda: bool(window.pane.reading.measurements), timeout=10_000)
    return window


@pytest.fixture
def study_with_prior(study: Path, tmp_path: Path) -> Path:
    """The film with a pneumothorax, and one of the year before with a smaller one."""
    for name, number, date in (("film-with-gas.dcm", 1, "20240105"), ("prior-with-gas.dcm", 7, "20230105")):
        file = pydicom.dcmread(study / "film-with-gas.dcm")
        file.StudyDate = date
        file.StudyInstanceUID = f"1.2.826.0.1.3680043.10.2.{number}"
        file.SeriesInstanceUID = f"1.2.826.0.1.3680043.10.3.{number}"
        file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.10.1.{number}"
        file.SeriesDescription = "PA"
        file.save_as(tmp_path / name)
    return tmp_path


def compared(window, qtbot) -> None:
    window.actions_[Act.COMPARE_PRIOR].trigger()
    qtbot.waitUntil(lambda: window.priors.states == (AnalysisState.DONE, AnalysisState.DONE), timeout=10_000)
    qtbot.waitUntil(lambda: all(pane.reading.measurements for pane in window.panes.all[:2]), timeout=10_000)


def test_the_current_film_comes_first_and_the_prior_one_is_offered(two_studies):
    window = two_studies
    assert window.pane.image.patient.study_date == "20240105"
    assert window.actions_[Act.COMPARE_PRIOR].isEnabled()
    assert window.column.measures.prior.texts() == ["Prior film of 2023-01-05"]


def test_the_change_of_each_measurement_is_listed(two_studies, qtbot):
    window = two_studies
    compared(window, qtbot)
    prior = window.panes.all[1].reading
    finding = prior.review.findings[0]
    smaller = finding.mask.copy()
    smaller[60:] = False
    prior.repaint(finding.finding_id, smaller)
    qtbot.waitUntil(lambda: any(m.model == "reader" for m in prior.measurements), timeout=10_000)
    # 40 x 40 pixels of 1 mm² now, 20 x 40 then.
    (area,) = [change for change in window.priors.changes() if change.name == "pneumothorax area"]
    assert (area.prior.value, area.current.value, area.difference) == (800.0, 1600.0, 800.0)
    texts = window.column.measures.prior.texts()
    assert texts[0] == "Change since 2023-01-05"
    place = texts.index("Pneumothorax area, right")
    assert texts[place + 1] == "+800\u00a0mm²"
    assert texts[place + 2].startswith("800 → 1\u2009600\u00a0mm²")
    assert "outlined by the reader then, Attention U-Net now" in texts[place + 2]


def test_a_report_of_the_current_film_states_the_change(two_studies, qtbot, tmp_path):
    window = two_studies
    assert window.priors.stated is None
    compared(window, qtbot)
    with qtbot.waitSignal(window.exporter.finished, timeout=30_000):
        window.commands.export_to(tmp_path / "report.pdf", overwrite=True)
    words = " ".join(page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages)
    assert "Change since the prior film of 2023-01-05" in words
    assert "1600 mm²" in words
    with qtbot.waitSignal(window.exporter.finished, timeout=30_000):
        window.exporter.export_findings(window.pane.reading, tmp_path / "out", window.priors.stated)
    (image,) = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))["images"]
    area = next(one for one in image["prior"]["changes"] if one["name"] == "pneumothorax area")
    assert (area["prior"]["value"], area["current"]["value"], area["difference"]) == (1600, 1600, 0)
    # A report of the prior film itself has nothing to compare with.
    window.grid.activate(1)
    assert window.priors.stated is None


def test_the_films_move_together_and_part_again(two_studies, qtbot):
    window = two_studies
    compared(window, qtbot)
    left, right = (pane.viewport for pane in window.panes.all[:2])
    assert (window.grid.count, left.image.patient.study_date, right.image.patient.study_date) == (
        2,
        "20240105",
        "20230105",
    )
    left.zoom_by(2.0, QPointF(100, 100))
    left.set_window(90, 60)
    assert right.look == left.look
    right.pan_by(13, -8)
    right.invert()
    assert left.look == right.look
    window.actions_[Act.COMPARE_PRIOR].trigger()
    assert (window.grid.count, window.priors.on) == (1, False)
    assert window.pane.image.patient.study_date == "20240105"
    assert not window.actions_[Act.COMPARE_PRIOR].isChecked()


def test_another_film_in_either_viewport_ends_the_comparison(two_studies, qtbot, negative):
    window = two_studies
    compared(window, qtbot)
    window.open([negative])
    qtbot.waitUntil(lambda: len(window.library.items) == 3, timeout=10_000)
    window.show_item(next(item.key for item in window.library.items if "without" in item.entry.display_path))
    assert not window.priors.on
    assert not window.actions_[Act.COMPARE_PRIOR].isChecked()
    left, right = (pane.viewport for pane in window.panes.all[:2])
    qtbot.waitUntil(lambda: left.image is not None and left.image.reference.file.stem == "film-without")
    left.rotate(1)
    assert right.quarter_turns == 0


def test_without_an_outline_on_the_prior_film_a_side_is_new(window, qtbot, study_with_prior):
    (study_with_prior / "prior-with-gas.dcm").rename(study_with_prior / "prior.dcm")
    window.open([study_with_prior])
    qtbot.waitUntil(lambda: bool(window.pane.reading and window.pane.reading.measurements), timeout=10_000)
    window.actions_[Act.COMPARE_PRIOR].trigger()
    qtbot.waitUntil(lambda: window.priors.states == (AnalysisState.DONE, AnalysisState.DONE), timeout=10_000)
    assert window.column.measures.prior.texts() == [
        "Change since 2023-01-05",
        "Right",
        "new",
        "Nothing is outlined on this side of the prior film.",
    ]


def test_the_shipped_sample_study_has_a_prior_and_a_current_film(window, qtbot):
    import resources

    window.open([Path(resources.__file__).parent / "sample_study"])
    qtbot.waitUntil(lambda: window.pane.image is not None, timeout=20_000)
    assert window.pane.image.reference.file.stem == "current-with-pneumothorax"
    assert window.actions_[Act.COMPARE_PRIOR].isEnabled()
    window.actions_[Act.COMPARE_PRIOR].trigger()
    right = window.panes.all[1]
    qtbot.waitUntil(lambda: right.image is not None, timeout=20_000)
    assert right.image.reference.file.stem == "prior-without-pneumothorax"
