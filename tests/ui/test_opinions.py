"""Two networks and their consensus on the screen: who says what, what is drawn, and what is decided about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from ptx_viewer.review.review import Finding
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.reading import AnalysisState
from ptx_viewer.ui.theme import colour_of

TWO = ("attention-unet", "mask-rcnn")


def film_colours(window) -> dict[str, int]:
    """How many pixels of the film on the screen have each source's colour, to within what smoothing does."""
    picture = window.grid.active.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.width(), 4)
    found = {}
    for source in (*TWO, "consensus"):
        colour = QColor(colour_of(source))
        wanted = np.array([colour.blue(), colour.green(), colour.red()])
        found[source] = int((np.abs(pixels[..., :3].astype(int) - wanted) < 30).all(axis=-1).sum())
    return found


@pytest.fixture
def two(engine):
    engine.models = TWO
    return engine


def test_both_networks_and_their_consensus_are_listed(two, window, open_film, positive, qtbot):
    open_film(window, positive)
    panel = window.column.findings
    assert panel.face_texts() == [
        "Pneumothorax suggested by the consensus (score 0.93, threshold 0.41)",
        "Attention U-Net and Mask R-CNN both see a right apical pneumothorax.",
    ]
    assert panel.opinions.texts() == [
        "Consensus 0.93 ≥ 0.41",
        "Attention U-Net 0.93 ≥ 0.41",
        "Mask R-CNN 0.93 ≥ 0.41",
        "Right: both. Left: none. Dice 1.00.",
        "Findings, measurements and edits are about the consensus outline.",
    ]
    # One finding, not three; measured once.
    assert [finding.source for finding in window.pane.reading.review.findings] == ["consensus"]
    qtbot.waitUntil(lambda: bool(window.pane.reading.measurements))
    assert {m.model for m in window.pane.reading.measurements} == {"consensus"}


def test_disagreement_is_said_and_can_be_decided(two, window, open_film, positive):
    two.silent = ("mask-rcnn",)
    open_film(window, positive)
    panel = window.column.findings
    said = "Attention U-Net sees a right apical pneumothorax, Mask R-CNN does not."
    assert said in panel.face_texts()
    reading = window.pane.reading
    # The mean of the pixels is .5 and of the scores .475: the consensus outlines it.
    assert [finding.finding_id for finding in reading.review.findings] == ["consensus-1"]
    window.actions_[Act.ACCEPT].trigger()
    assert reading.review.findings[0].decision == "accepted"


def test_a_film_without_a_finding_says_so_and_lists_nothing(two, window, open_film, negative):
    open_film(window, negative)
    panel = window.column.findings
    assert panel.face_texts() == [
        "No pneumothorax found by the consensus (score 0.03, threshold 0.41)",
        "Neither Attention U-Net nor Mask R-CNN found a pneumothorax.",
    ]
    assert panel.finding_rows() == []
    assert "Dice: no outline to compare." in panel.opinions.texts()[3]
    assert film_colours(window) == dict.fromkeys((*TWO, "consensus"), 0)


def test_a_single_network_has_no_opinions_box(window, open_film, positive):
    open_film(window, positive)
    assert window.column.findings.opinions.isHidden()
    assert [finding.source for finding in window.pane.reading.review.findings] == ["attention-unet"]


def test_each_outline_is_drawn_in_its_colour_and_can_be_taken_off(two, window, open_film, positive, qtbot):
    open_film(window, positive)
    switches = window.column.findings.opinions.switches
    assert list(switches) == ["consensus", *TWO]
    # The outlines coincide: the last thin one lies over the thick one of the consensus, which shows too.
    drawn = film_colours(window)
    assert drawn["mask-rcnn"] > 100
    assert drawn["consensus"] > 0
    switches["mask-rcnn"].click()
    drawn = film_colours(window)
    assert drawn["mask-rcnn"] == 0
    assert drawn["attention-unet"] > 100
    switches["consensus"].click()
    assert film_colours(window)["consensus"] == 0
    # What is hidden stays so on the next film, and the review is as it was.
    assert window.panes.all[0].viewport.edit_target is None
    assert [finding.source for finding in window.pane.reading.review.findings] == ["consensus"]


def test_one_key_takes_the_networks_outlines_off_and_brings_them_back(two, window, open_film, positive):
    open_film(window, positive)
    window.actions_[Act.OPINIONS].trigger()
    drawn = film_colours(window)
    assert (drawn["attention-unet"], drawn["mask-rcnn"]) == (0, 0)
    assert drawn["consensus"] > 100
    assert not window.column.findings.opinions.switches["mask-rcnn"].isChecked()
    window.actions_[Act.OPINIONS].trigger()
    assert film_colours(window)["mask-rcnn"] > 100


def test_the_consensus_comes_back_after_a_restart(two, new_window, open_film, positive: Path, qtbot):
    first = open_film(new_window(), positive)
    with qtbot.waitSignal(first.desk.saved):
        first.actions_[Act.ACCEPT].trigger()
    first.close()
    second = open_film(new_window(), positive, AnalysisState.DONE)
    assert len(two.asked) == 1
    assert second.column.findings.opinions.texts()[3] == "Right: both. Left: none. Dice 1.00."
    assert [finding.finding_id for finding in second.pane.reading.review.findings] == ["consensus-1"]


def test_both_networks_maps_of_one_method_side_by_side(two, window, open_film, positive, qtbot):
    open_film(window, positive)
    window.actions_[Act.COMPARE_MODELS].trigger()
    left, right = window.panes.all[:2]
    assert (left.why.model, right.why.model) == TWO
    assert left.why.shown == right.why.shown == "grad-cam"
    why = window.column.why
    qtbot.waitUntil(lambda: all(why.layer_of(pane) is not None for pane in (left, right)))
    assert "Attention U-Net" in why.layer_of(left).caption
    assert "Mask R-CNN" in why.layer_of(right).caption
    assert window.actions_[Act.COMPARE_MODELS].isChecked()
    window.actions_[Act.COMPARE_MODELS].trigger()
    assert not window.comparison.on
    assert not window.actions_[Act.COMPARE_MODELS].isChecked()


def test_one_network_cannot_be_compared_with_itself(window, open_film, positive):
    open_film(window, positive)
    window.actions_[Act.COMPARE_MODELS].trigger()
    assert not window.comparison.on
    assert not window.actions_[Act.COMPARE_MODELS].isChecked()
    assert "two of them have answered" in window.messages.text


def test_each_networks_own_outline_can_be_asked_about(two, window, open_film, positive, qtbot):
    open_film(window, positive)
    target = window.column.why.target
    choices = [target.itemText(place) for place in range(target.count())]
    assert choices[:3] == [
        "The image score",
        "Right · 1.00, Consensus",
        "Right · 0.93, Attention U-Net's own",
    ]
    target.setCurrentIndex(2)
    target.activated.emit(2)
    assert window.pane.why.target.mask is not None
    window.column.why.model.setCurrentIndex(1)
    window.column.why.model.activated.emit(1)
    # The other network has an outline of its own: the question about the first one's is not carried over.
    assert window.pane.why.target.mask is None
    assert "Right · 0.93, Mask R-CNN's own" in [target.itemText(i) for i in range(target.count())]


def test_an_outline_is_named_once_whatever_number_its_finding_has(two, window, open_film, positive):
    open_film(window, positive)
    reading, why = window.pane.reading, window.column.why
    (agreed,) = reading.review.findings
    own = reading.analysis.answer("attention-unet").instances[0]
    elsewhere = np.roll(own.mask, 100, axis=0)
    # After other weights: an accepted outline keeps its number, and today's only one got the next.
    kept = replace(agreed, finding_id="attention-unet-2", source="attention-unet", suggested=own.mask)
    other = replace(kept, finding_id="attention-unet-1", suggested=elsewhere, mask=elsewhere)

    def choices(*findings: Finding) -> list[str]:
        reading.restore(reading.analysis, replace(reading.review, findings=findings))
        why.refresh()
        return [why.target.itemText(place) for place in range(why.target.count())][1 : 2 + len(findings)]

    named, own_name = "Right · 1.00, Attention U-Net", "Right · 0.93, Attention U-Net's own"
    assert choices(kept)[:1] == [named]
    assert own_name not in choices(kept)
    # The number of another outline hides nothing.
    assert choices(other) == [named, own_name]


@pytest.mark.parametrize("size", [(1024, 700), (1366, 768), (1920, 1080)])
def test_nothing_of_the_column_is_cut_off_at_its_right(two, window, open_film, positive, qtbot, size):
    open_film(window, positive)
    window.resize(*size)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
    column = window.column
    qtbot.waitUntil(lambda: column.widget().minimumSizeHint().width() <= column.viewport().width())
