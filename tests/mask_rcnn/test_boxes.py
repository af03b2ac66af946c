"""Anchors and box arithmetic against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from models.mask_rcnn.boxes import cell_anchors, clip, decode, encode, grid_anchors, nonempty
from models.mask_rcnn.losses import label_anchors, sample

UNIT = (1.0, 1.0, 1.0, 1.0)


def test_anchors_have_the_stated_area_and_ratio_and_are_not_rounded() -> None:
    # A ratio of 2 is twice as high as wide: 32 / sqrt(2) by 32 sqrt(2).
    anchors = cell_anchors((32.0, 64.0), (0.5, 1.0, 2.0))
    half = 16 / math.sqrt(2)
    expected = torch.tensor(
        [[-2 * half, -half, 2 * half, half], [-16, -16, 16, 16], [-half, -2 * half, half, 2 * half]]
    )
    torch.testing.assert_close(anchors[:3], expected)
    torch.testing.assert_close(anchors[3:], expected * 2)


def test_anchors_go_row_by_row_from_the_corner() -> None:
    cells = torch.tensor([[-1.0, -1.0, 1.0, 1.0], [-2.0, -2.0, 2.0, 2.0]])
    anchors = grid_anchors(2, 3, 8, cells)
    assert anchors.shape == (12, 4)
    # Detectron2 centres the first anchor on the corner itself, not on the middle of its place.
    assert anchors[0].tolist() == [-1, -1, 1, 1]
    assert anchors[1].tolist() == [-2, -2, 2, 2]
    assert anchors[2].tolist() == [7, -1, 9, 1]
    assert anchors[6].tolist() == [-1, 7, 1, 9]


def test_decoding_moves_by_shares_of_the_size_and_stretches_exponentially() -> None:
    box = torch.tensor([[10.0, 20.0, 30.0, 60.0]])  # 20 wide, 40 high, around (20, 40)
    deltas = torch.tensor([[0.5, -0.25, math.log(2.0), 0.0]])
    # Around (20 + 10, 40 - 10), 40 wide and 40 high.
    torch.testing.assert_close(decode(deltas, box, UNIT), torch.tensor([[10.0, 10.0, 50.0, 50.0]]))
    scaled = decode(deltas * torch.tensor([10.0, 10.0, 5.0, 5.0]), box, (10.0, 10.0, 5.0, 5.0))
    torch.testing.assert_close(scaled, torch.tensor([[10.0, 10.0, 50.0, 50.0]]))


def test_decoding_never_grows_a_box_more_than_sixty_two_and_a_half_times() -> None:
    grown = decode(torch.tensor([[0.0, 0.0, 50.0, 50.0]]), torch.tensor([[0.0, 0.0, 2.0, 2.0]]), UNIT)
    torch.testing.assert_close(grown[0, 2] - grown[0, 0], torch.tensor(125.0))


def test_decoding_gives_a_box_for_each_class() -> None:
    box = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
    boxes = decode(torch.tensor([[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]]), box, UNIT)
    assert boxes.tolist() == [[0, 0, 4, 4, 4, 0, 8, 4]]


def test_encoding_is_the_way_back() -> None:
    torch.manual_seed(0)
    boxes, truth = (torch.rand(20, 4) * 50 for _ in range(2))
    boxes[:, 2:] += boxes[:, :2] + 1
    truth[:, 2:] += truth[:, :2] + 1
    weights = (10.0, 10.0, 5.0, 5.0)
    torch.testing.assert_close(decode(encode(truth, boxes, weights), boxes, weights), truth)


def test_boxes_are_cut_at_the_image_and_empty_ones_known() -> None:
    boxes = torch.tensor([[-5.0, -5.0, 4.0, 200.0], [150.0, 10.0, 170.0, 20.0]])
    cut = clip(boxes, rows=100, columns=120)
    assert cut.tolist() == [[0, 0, 4, 100], [120, 10, 120, 20]]
    assert nonempty(cut).tolist() == [True, False]


def test_anchors_are_foreground_from_seven_tenths_or_where_none_is_better() -> None:
    truth = torch.tensor([[0.0, 0.0, 10.0, 10.0], [100.0, 100.0, 110.0, 110.0]])
    anchors = torch.tensor(
        [
            [0.0, 0.0, 10.0, 8.0],  # .8 of the first
            [0.0, 0.0, 10.0, 5.0],  # .5: neither
            [0.0, 0.0, 10.0, 2.0],  # .2: background
            [100.0, 100.0, 110.0, 104.0],  # .4, but the best that the second has
        ]
    )
    labels, matched = label_anchors(truth, anchors)
    assert labels.tolist() == [1, -1, 0, 1]
    assert matched[[0, 3]].tolist() == [0, 1]


def test_without_truth_every_anchor_is_background() -> None:
    labels, _ = label_anchors(torch.zeros((0, 4)), torch.rand(5, 4))
    assert labels.tolist() == [0] * 5


@pytest.mark.parametrize(("foreground", "expected"), [(1, (1, 7)), (6, (2, 6))])
def test_sampling_fills_what_the_foreground_lacks(foreground: int, expected: tuple[int, int]) -> None:
    labels = torch.tensor([1] * foreground + [-1] * 3 + [0] * 20)
    positive, negative = sample(labels, 0, count=8, positive=0.25, generator=torch.Generator().manual_seed(0))
    assert (len(positive), len(negative)) == expected
    assert (labels[positive] == 1).all() and (labels[negative] == 0).all()
    again, _ = sample(labels, 0, count=8, positive=0.25, generator=torch.Generator().manual_seed(0))
    assert torch.equal(positive, again)
