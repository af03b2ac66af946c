"""What Detectron2 minimises and what the torchvision engine minimises are the same numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.mask_rcnn.checkpoint import load_checkpoint
from models.mask_rcnn.config import SHIPPED
from models.mask_rcnn.engines import build_network, detectron2_obstacle
from models.mask_rcnn.losses import Target, losses
from models.mask_rcnn.network import MaskRcnn

pytestmark = [
    pytest.mark.filterwarnings("ignore:torch.meshgrid:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning"),
]

#: Every anchor and every region is drawn, so that chance decides nothing.
EVERYTHING = replace(
    SHIPPED, anchors_sampled=100_000, anchors_positive=0.5, rois_sampled=10_000, rois_positive=0.5
)
SIZE = 128


@pytest.fixture(autouse=True)
def _detectron2() -> None:
    obstacle = detectron2_obstacle()
    if obstacle is not None:
        pytest.skip(f"{obstacle}: there is nothing to compare with")


def batch(*, films: int = 2) -> tuple[Tensor, list[Target]]:
    """Return films with a bright ellipse on either side, the second film with one alone."""
    generator = torch.Generator().manual_seed(5)
    x = 0.1 * torch.randn(films, 1, SIZE, SIZE, generator=generator)
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    truths = []
    for film in range(films):
        masks = []
        for middle in (32, 96)[film:]:
            mask = ((rows - 50) / 30) ** 2 + ((columns - middle) / 18) ** 2 < 1
            x[film, 0][mask] += 1
            masks.append(mask)
        boxes = [
            [float(m.any(0).nonzero()[0]), float(m.any(1).nonzero()[0]),
             float(m.any(0).nonzero()[-1] + 1), float(m.any(1).nonzero()[-1] + 1)]
            for m in masks
        ]  # fmt: skip
        classes = torch.zeros(len(masks), dtype=torch.int64)
        truths.append(Target(torch.tensor(boxes), classes, torch.stack(masks)))
    return x, truths


def test_losses_and_gradients_agree() -> None:
    from detectron2.utils.events import EventStorage

    torch.manual_seed(0)
    ours, theirs = build_network(EVERYTHING, "torchvision"), build_network(EVERYTHING, "detectron2")
    assert isinstance(ours, MaskRcnn)
    theirs.load_state_dict(ours.state_dict())
    x, truths = batch()
    found = losses(ours.train(), x, truths)
    with EventStorage():
        expected = theirs.train()(x, truths)
    assert set(expected) == set(found) - {"loss_image"}
    for name, value in expected.items():
        assert value > 0
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)
    sum(found[name] for name in expected).backward()  # type: ignore[union-attr]
    sum(expected.values()).backward()
    gradients = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        assert (parameter.grad is None) == (gradients[name].grad is None)
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad, gradients[name].grad, rtol=1e-3, atol=1e-5)


def test_a_film_with_a_label_alone_is_left_out() -> None:
    from models.mask_rcnn.detectron2_engine import to_inputs

    x, truths = batch()
    truths[0] = replace(truths[0], outlined=False, label=1.0)
    (only,) = to_inputs(x, truths)
    torch.testing.assert_close(only["image"], x[1], rtol=0, atol=0)
    assert len(only["instances"]) == 1


class FourFilms:
    """Draws the same films again and again, as a task does."""

    def batch(self, _rng: np.random.Generator) -> dict[str, Tensor]:
        x, truths = batch()
        numbered = [
            (target.masks * torch.arange(1, len(target.masks) + 1)[:, None, None]).sum(0).to(torch.uint8)
            for target in truths
        ]
        known = torch.ones(len(x), dtype=torch.bool)
        return {"x": x, "instances": torch.stack(numbered), "known": known, "positive": known}


def test_its_trainer_learns_and_leaves_a_checkpoint_for_either_engine(tmp_path: Path) -> None:
    from models.training.detectron2_trainer import train_with_detectron2

    config = replace(SHIPPED, backbone="test_resnet", frozen_stages=0)
    torch.manual_seed(0)
    network: Any = build_network(config, "detectron2")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    file = train_with_detectron2(network, FourFilms(), tmp_path, steps=3)  # type: ignore[arg-type]
    key = "roi_heads.mask_head.predictor.weight"
    assert not torch.equal(network.state_dict()[key], before[key])
    other = build_network(config, "torchvision")
    load_checkpoint(other, file)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value, rtol=0, atol=0)
    # Goes on where it stopped: nothing is left to do.
    again = train_with_detectron2(network, FourFilms(), tmp_path, steps=3)  # type: ignore[arg-type]
    assert again == file
