"""Other weights in the window: chosen, said, refused, put away; what other weights said is looked at anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx_viewer.ui.analyst import EngineState
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.reading import AnalysisState

TWO = ("attention-unet", "mask-rcnn")
NO_CONSENSUS = "No consensus is made: it was fitted to the shipped weights, not to Mask R-CNN (own weights)."


@pytest.fixture
def two(engine):
    engine.models = TWO
    return engine


@pytest.fixture
def use(qtbot):
    """Choose weights in the dialog as its buttons do, and wait until the films are looked at with them."""

    def choose(window, weights: Path | None, name: str = "mask-rcnn") -> None:
        window.networks.open_at(name)
        window.networks.use(name, weights)

        def settled() -> bool:
            reading = window.pane.reading
            return (
                window.analyst.state is EngineState.READY
                and not window.analyst.busy
                and (reading is None or reading.state is AnalysisState.DONE)
            )

        qtbot.waitUntil(settled)

    return choose


def test_each_network_has_a_tab_with_its_card_its_engine_and_its_weights(two, window, open_film, positive):
    open_film(window, positive)
    window.actions_[Act.NETWORKS].trigger()
    dialog = window.networks
    titles = [dialog.tabs.tabText(place) for place in range(dialog.tabs.count())]
    assert titles == ["Attention U-Net", "Mask R-CNN", "Lung fields", "Consensus"]
    shown = dialog.tabs.widget(1).toPlainText()
    assert "image ROC-AUC 0.95 [0.90, 0.99]" in shown
    assert "Meant to reach 0.97." in shown
    assert "torch, cpu" in shown
    assert "mask-rcnn.safetensors" in shown
    assert dialog.state.text() == "The shipped weights are at work."
    dialog.tabs.setCurrentIndex(1)
    assert (dialog.file.isEnabled(), dialog.shipped.isEnabled()) == (True, False)
    for place in (2, 3):
        # Lung fields and consensus belong to the program.
        dialog.tabs.setCurrentIndex(place)
        assert (dialog.file.isEnabled(), dialog.folder.isEnabled()) == (False, False)


def test_with_own_weights_the_film_is_looked_at_anew_and_there_is_no_consensus(
    two, window, open_film, positive, use
):
    open_film(window, positive)
    assert [finding.source for finding in window.pane.reading.review.findings] == ["consensus"]
    use(window, Path("runs/own.pth"))
    panel = window.column.findings
    assert panel.face_texts() == [
        "Pneumothorax suggested by Attention U-Net (score 0.93, threshold 0.41)",
        "Pneumothorax suggested by Mask R-CNN (own weights) (score 0.93, threshold 0.41)",
        "Attention U-Net and Mask R-CNN (own weights) both see a right apical pneumothorax.",
        NO_CONSENSUS,
    ]
    assert panel.opinions.texts() == [
        "Attention U-Net 0.93 ≥ 0.41",
        "Mask R-CNN own 0.93 ≥ 0.41",
        "Right: both. Left: none. Dice 1.00.",
        "Findings, measurements and edits are about the outline of Attention U-Net.",
    ]
    # The same place is offered once, and the consensus's suggestion went with the consensus.
    assert [finding.source for finding in window.pane.reading.review.findings] == ["attention-unet"]
    assert "own.pth" in window.networks.state.text()
    assert window.messages.text == "Mask R-CNN (own weights) works with own.pth."
    assert window.networks.tabs.count() == 3
    use(window, None)
    assert window.messages.text == "The shipped weights are at work."
    assert [finding.source for finding in window.pane.reading.review.findings] == ["consensus"]
    assert len(two.asked) == 3


def test_weights_that_do_not_fit_are_refused_in_a_sentence_and_nothing_changes(
    two, window, open_film, positive, use
):
    open_film(window, positive)
    use(window, Path("wrong.pth"))
    said = "The weights are not used: wrong.pth does not fit this network: stem.weight is missing"
    assert window.messages.text.startswith(said)
    assert window.networks.state.text().startswith(said)
    assert window.analyst.weights == {}
    assert window.pane.reading.analysis.agreed is not None
    assert len(two.asked) == 1


def test_maps_of_the_former_weights_are_not_shown_for_the_new_ones(
    two, window, open_film, positive, use, qtbot
):
    open_film(window, positive)
    window.column.why.switch("shap")
    qtbot.waitUntil(lambda: window.column.why.shown is not None)
    use(window, Path("own.pth"))
    kept = window.explanations.done(window.pane.reading.key)
    assert "shap" not in [key.method for key, _map in kept]
    assert window.column.why.shown is None


def test_a_film_kept_from_other_weights_is_looked_at_anew_when_it_is_opened(
    two, new_window, open_film, positive, qtbot
):
    first = new_window()
    open_film(first, positive)
    first.close()
    two.own = {"mask-rcnn": Path("own.pth")}
    again = new_window()
    open_film(again, positive)
    qtbot.waitUntil(lambda: again.pane.reading.analysis.agreed is None)
    assert len(two.asked) == 2


def test_every_film_that_other_weights_answered_about_is_analysed_anew_without_being_opened(
    two, new_window, open_film, positive, negative, qtbot
):
    first = open_film(new_window(), positive)
    answered, first_review = first.pane.reading.analysis, first.pane.reading.review
    first.close()
    two.own = {"mask-rcnn": Path("own.pth")}
    again = open_film(new_window(), negative)
    again.open([positive])
    key = answered.image_key
    qtbot.waitUntil(lambda: key in again.library.statuses and again.library.statuses[key].analysed)
    assert again.desk.known(key) is None
    assert len(two.asked) == 2
    again.actions_[Act.ANALYSE_ALL].trigger()
    qtbot.waitUntil(lambda: [asked for asked, _options in two.asked][2:] == [key])
    # The suggestion of the consensus goes in the saved review as well.
    store = again._store
    assert [finding.source for finding in first_review.findings] == ["consensus"]
    qtbot.waitUntil(lambda: [finding.source for finding in store.load(key).findings] == ["attention-unet"])
    assert store.load_analysis(key).agreed is None
    # Nothing is asked twice of the same weights.
    again.actions_[Act.ANALYSE_ALL].trigger()
    qtbot.wait(300)
    assert len(two.asked) == 3


def test_analysing_every_film_leaves_a_signed_one_alone(
    two, new_window, open_film, positive, negative, qtbot
):
    first = open_film(new_window(), positive)
    key = first.pane.reading.key
    first.pane.reading.sign("Dr Reader")
    first.close()
    two.own = {"mask-rcnn": Path("own.pth")}
    again = open_film(new_window(), negative)
    again.open([positive])
    qtbot.waitUntil(lambda: key in again.library.statuses and again.library.statuses[key].signed)
    again.actions_[Act.ANALYSE_ALL].trigger()
    qtbot.wait(300)
    assert len(two.asked) == 2
    assert again._store.load_analysis(key).agreed is not None


def test_a_signed_review_stays_and_says_whose_answers_it_holds(two, window, open_film, positive, use):
    open_film(window, positive)
    reading = window.pane.reading
    reading.sign("Dr Reader")
    use(window, Path("own.pth"))
    assert [finding.source for finding in reading.review.findings] == ["consensus"]
    assert len(two.asked) == 1
    said = "These answers are not of the weights at work now but of attention-unet-test, mask-rcnn-test."
    assert said in window.column.findings.face_texts()


def test_shipped_weights_are_the_way_out_where_own_ones_could_not_be_loaded(
    two, new_window, qtbot
):
    two.load_failure = "own.pth holds no tensors by name"
    window = new_window({"mask-rcnn": Path("own.pth")})
    qtbot.waitUntil(lambda: window.analyst.state is EngineState.FAILED)
    window.actions_[Act.NETWORKS].trigger()
    dialog = window.networks
    assert dialog.state.text() == "The models could not be loaded: own.pth holds no tensors by name"
    assert not dialog.file.isEnabled()
    dialog.shipped.click()
    qtbot.waitUntil(lambda: window.analyst.state is EngineState.READY)
    assert dialog.tabs.count() == 4
