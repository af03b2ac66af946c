"""Mask pasting, pixel probabilities and image scores against worked numbers."""

from __future__ import annotations

import math

import pytest
import torch

from models.mask_rcnn.scoring import image_logit, paste, pixel_probability


def test_a_mask_as_fine_as_its_box_is_pasted_pixel_by_pixel() -> None:
    mask = torch.tensor([[[0.1, 0.2], [0.3, 0.4]]])
    pasted = paste(mask, torch.tensor([[2.0, 1.0, 4.0, 3.0]]), 5, 6)
    assert pasted.shape == (1, 5, 6)
    torch.testing.assert_close(pasted[0, 1:3, 2:4], mask[0])
    assert float(pasted.sum()) == pytest.approx(1.0)


def test_a_coarse_mask_is_sampled_between_its_cells() -> None:
    # A box of 4 pixels over 2 cells: centres at 1 and 3; pixel centres at .5, 1.5, 2.5, 3.5.
    mask = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
    row = paste(mask, torch.tensor([[0.0, 0.0, 4.0, 4.0]]), 4, 4)[0, 1]
    torch.testing.assert_close(row, torch.tensor([0.0, 0.25, 0.75, 0.75]))


def test_boxes_need_not_lie_on_pixels() -> None:
    # Half a pixel to the right: what is sampled lies half way between two cells.
    mask = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
    row = paste(mask, torch.tensor([[0.5, 0.0, 2.5, 2.0]]), 2, 4)[0, 0]
    torch.testing.assert_close(row, torch.tensor([0.0, 0.5, 0.5, 0.0]))


def test_a_pixel_is_air_where_at_least_one_detection_holds_it() -> None:
    masks = torch.tensor([[[0.5]], [[1.0]]])
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 2.0, 1.0]])
    probability = pixel_probability(torch.tensor([0.8, 0.4]), masks, boxes, 1, 2)
    # A single cell over two pixels: each lies a quarter of the way out of its centre.
    assert float(probability[0, 0]) == pytest.approx(1 - (1 - 0.4) * (1 - 0.4 * 0.75), abs=1e-5)
    assert float(probability[0, 1]) == pytest.approx(0.4 * 0.75, abs=1e-5)


def test_a_certain_detection_leaves_the_gradient_of_the_others() -> None:
    scores = torch.tensor([1.0, 0.5], requires_grad=True)
    box = torch.tensor([[0.0, 0.0, 1.0, 1.0]] * 2)
    pixel_probability(scores, torch.ones(2, 1, 1), box, 1, 1).sum().backward()
    assert scores.grad is not None and bool(scores.grad.isfinite().all())


def test_nothing_detected_is_an_empty_map_and_a_low_score() -> None:
    nothing = torch.zeros((0, 4))
    assert not pixel_probability(torch.zeros(0), torch.zeros((0, 2, 2)), nothing, 3, 4).any()
    assert float(image_logit(torch.zeros(0))) == pytest.approx(-12)


def test_odds_of_detections_add_up() -> None:
    # Odds of 1 and of 3.
    logits = torch.tensor([0.0, math.log(3.0)])
    assert float(image_logit(logits)) == pytest.approx(math.log(4.0), abs=1e-4)


def test_only_the_strongest_detections_count() -> None:
    assert float(image_logit(torch.zeros(100))) == pytest.approx(math.log(8.0), abs=1e-4)
