"""What two networks make of one film, sentence by sentence, and what the reader is asked to decide."""

from __future__ import annotations

import numpy as np
import pytest

from models.agreement import agreement_of
from models.cards import ModelCard
from models.prediction import Box, Instance, LungFields, Prediction, Side
from ptx_viewer.opinions import agreement_line, basis, statements, weigh
from ptx_viewer.results import ImageAnalysis

TITLES = {"attention-unet": "Attention U-Net", "mask-rcnn": "Mask R-CNN", "unet": "U-Net"}
RIGHT_APEX, RIGHT_BASE, RIGHT_SIDE = np.s_[0:25, 0:15], np.s_[70:90, 0:15], np.s_[35:55, 0:15]
LEFT_APEX = np.s_[0:25, 85:100]


def area(*places) -> np.ndarray:
    mask = np.zeros((90, 100), dtype=np.bool_)
    for place in places:
        mask[place] = True
    return mask


LUNGS = LungFields(area(np.s_[0:90, 0:40]), area(np.s_[0:90, 60:100]), "lungs")


def answer(
    model: str, *places, score: float = 0.9, value: float = 0.9, side: Side | None = None
) -> Prediction:
    probability = area(*places).astype(np.float32) * value
    masks = [area(place) for place in places] if score >= 0.4 and value >= 0.5 else []
    found = tuple(
        Instance(mask, Box.around(mask), value, side or (Side.LEFT if mask[:, 50:].any() else Side.RIGHT))
        for mask in masks
    )
    return Prediction(model, f"{model}-1", probability, score, 0.4, 0.5, found, 0.5, "cpu")


def nothing(model: str) -> Prediction:
    return answer(model, score=0.05)


def said(*predictions: Prediction) -> tuple[str, ...]:
    return statements(predictions, agreement_of(predictions), TITLES.__getitem__, LUNGS)


def card(name: str) -> ModelCard:
    return ModelCard(
        card_id=f"{name}-1", name=name, title=TITLES[name], task="", architecture="", size=256, sources=(),
        split="", preprocessing="", threshold=0.4, mask_threshold=0.5, threshold_rule="", figures=(),
        limitations=(), licence="free", command="", commit="", sha256="0", options={},
    )  # fmt: skip


def analysed(*predictions: Prediction) -> ImageAnalysis:
    consensus = weigh(predictions, [card(made.model) for made in predictions], LUNGS)
    return ImageAnalysis("film#0", predictions=predictions, lung_fields=LUNGS, consensus=consensus)


def test_what_only_one_sees_is_said_plainly():
    assert said(answer("attention-unet", RIGHT_APEX), nothing("mask-rcnn")) == (
        "Attention U-Net sees a right apical pneumothorax, Mask R-CNN does not.",
    )
    assert said(nothing("attention-unet"), answer("mask-rcnn", LEFT_APEX)) == (
        "Mask R-CNN sees a left apical pneumothorax, Attention U-Net does not.",
    )


def test_what_both_see_is_said_once():
    assert said(answer("attention-unet", RIGHT_APEX), answer("mask-rcnn", RIGHT_APEX)) == (
        "Attention U-Net and Mask R-CNN both see a right apical pneumothorax.",
    )


def test_two_places_on_one_side_are_told_apart():
    assert said(answer("attention-unet", RIGHT_APEX), answer("mask-rcnn", RIGHT_BASE)) == (
        "Attention U-Net sees a right apical pneumothorax, Mask R-CNN a right basal one; "
        "their outlines do not meet.",
    )
    assert said(answer("attention-unet", RIGHT_APEX), answer("mask-rcnn", np.s_[0:45, 0:15])) == (
        "Attention U-Net sees a right apical pneumothorax, Mask R-CNN a right apicolateral one.",
    )


def test_each_side_has_a_sentence_of_its_own():
    assert said(answer("attention-unet", RIGHT_APEX), answer("mask-rcnn", LEFT_APEX)) == (
        "Attention U-Net sees a right apical pneumothorax, Mask R-CNN does not.",
        "Mask R-CNN sees a left apical pneumothorax, Attention U-Net does not.",
    )


def test_nobody_found_anything_is_never_called_normal():
    assert said(nothing("attention-unet"), nothing("mask-rcnn")) == (
        "Neither Attention U-Net nor Mask R-CNN found a pneumothorax.",
    )
    assert said(nothing("attention-unet"), nothing("mask-rcnn"), nothing("unet")) == (
        "None of Attention U-Net, Mask R-CNN and U-Net found a pneumothorax.",
    )


def test_a_suspicion_without_an_outline_is_no_denial():
    suspects = answer("mask-rcnn", RIGHT_APEX, value=0.3)
    assert suspects.present
    assert said(answer("attention-unet", RIGHT_APEX), suspects) == (
        "Attention U-Net sees a right apical pneumothorax.",
        "Mask R-CNN suspects a pneumothorax without outlining one.",
    )


def test_three_networks():
    assert said(
        answer("attention-unet", RIGHT_APEX), answer("mask-rcnn", RIGHT_APEX), nothing("unet")
    ) == ("Attention U-Net and Mask R-CNN see a right apical pneumothorax, U-Net does not.",)


def test_an_unknown_side_is_called_so():
    one = answer("attention-unet", RIGHT_APEX, side=Side.UNKNOWN)
    assert said(one, nothing("mask-rcnn")) == (
        "Attention U-Net sees a pneumothorax on a side that is not known, Mask R-CNN does not.",
    )


def test_figures_of_the_agreement_in_short():
    # 25 rows x 15 columns each, 375 pixels; the second is 20 rows down: 75 shared.
    made = agreement_of([answer("attention-unet", RIGHT_APEX), answer("mask-rcnn", np.s_[20:45, 0:15])])
    assert agreement_line(made, TITLES.__getitem__) == "Right: both. Left: none. Dice 0.20."
    none = agreement_of([nothing("attention-unet"), nothing("mask-rcnn")])
    assert agreement_line(none, TITLES.__getitem__) == "Right: none. Left: none. Dice: no outline to compare."


def test_a_single_network_is_put_to_the_reader_as_it_is():
    analysis = ImageAnalysis("film#0", predictions=(answer("attention-unet", RIGHT_APEX, LEFT_APEX),))
    assert weigh(analysis.predictions, [card("attention-unet")], LUNGS) is None
    assert [(s.model, s.number) for s in analysis.suggestions] == [
        ("attention-unet", 1),
        ("attention-unet", 2),
    ]
    assert basis(analysis, TITLES.__getitem__) == ""


def test_of_two_networks_the_consensus_is_put_to_the_reader():
    analysis = analysed(answer("attention-unet", RIGHT_APEX), answer("mask-rcnn", RIGHT_APEX))
    assert [(s.model, s.instance.side) for s in analysis.suggestions] == [("consensus", Side.RIGHT)]
    words = basis(analysis, TITLES.__getitem__)
    assert words == "Findings, measurements and edits are about the consensus outline."


def test_what_the_consensus_leaves_out_of_a_side_is_not_hidden():
    # Scores .9 and .05: the mean, .475, reaches .4; .9 / 2 of the pixels does not reach .5.
    analysis = analysed(answer("attention-unet", RIGHT_APEX), nothing("mask-rcnn"))
    assert analysis.consensus.prediction.instances == ()
    assert [(s.model, s.number) for s in analysis.suggestions] == [("attention-unet", 1)]
    assert basis(analysis, TITLES.__getitem__) == (
        "Findings, measurements and edits are about the consensus outline; right, where the consensus "
        "outlines nothing, about that of Attention U-Net."
    )


def test_a_film_with_no_finding_has_empty_lists_everywhere():
    analysis = analysed(nothing("attention-unet"), nothing("mask-rcnn"))
    assert analysis.suggestions == ()
    assert basis(analysis, TITLES.__getitem__) == ""
    assert analysis.consensus.prediction.instances == ()
    assert not analysis.consensus.prediction.mask.any()
    assert not analysis.consensus.prediction.present


@pytest.mark.parametrize(("model", "found"), [("mask-rcnn", True), ("consensus", True), ("other", False)])
def test_answers_are_found_by_name(model, found):
    analysis = analysed(nothing("attention-unet"), nothing("mask-rcnn"))
    assert (analysis.answer(model) is not None) is found
    assert [made.model for made in analysis.answers] == ["attention-unet", "mask-rcnn", "consensus"]
