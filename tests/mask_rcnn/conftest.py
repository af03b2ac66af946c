"""Four synthetic films and a network that has learned them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.geometry import GridTransform
from models.mask_rcnn.config import SHIPPED
from models.mask_rcnn.network import MaskRcnn
from models.preprocess import to_network
from models.training.mask_rcnn_task import split_instances, targets

SIZE = 96
TINY = dataclasses.replace(
    SHIPPED,
    backbone="mobilenetv3_small_050",
    fpn_channels=32,
    box_width=64,
    mask_pool=7,
    mask_convs=1,
    mask_channels=32,
    rpn_levels=(2, 3),
    anchor_sizes=((20.0,), (32.0,)),
    before_nms=(60, 60),
    after_nms=(30, 20),
    frozen_stages=0,
)
#: Pieces of air on each film: top, left, bottom, right.
PIECES = ((), ((10, 10, 34, 30),), ((50, 56, 80, 88),), ((8, 60, 40, 80), (50, 10, 80, 32)))


@dataclasses.dataclass(frozen=True, eq=False)
class SyntheticFilm:
    """Grey noise with dark ellipses.

    Attributes
    ----------
    pixels : ndarray of float32, shape [SIZE, SIZE]
        0..1.
    mask : ndarray of uint8, shape [SIZE, SIZE]
    """

    pixels: NDArray[np.float32]
    mask: NDArray[np.uint8]


def synthetic_film(pieces: tuple[tuple[int, int, int, int], ...]) -> SyntheticFilm:
    rng = np.random.default_rng(len(pieces))
    pixels = rng.normal(0.7, 0.05, (SIZE, SIZE)).astype(np.float32)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    for top, left, bottom, right in pieces:
        down, across = (y - (top + bottom) / 2) / (bottom - top), (x - (left + right) / 2) / (right - left)
        mask[down**2 + across**2 < 0.25] = 1
    pixels[mask > 0] -= 0.6
    return SyntheticFilm(np.clip(pixels, 0, 1), mask)


def batch_of(films: list[SyntheticFilm]) -> dict[str, Tensor]:
    transform = GridTransform((SIZE, SIZE), SIZE)
    return {
        "x": torch.from_numpy(np.stack([to_network(film.pixels, transform) for film in films]))[:, None],
        "instances": torch.from_numpy(np.stack([split_instances(film.mask) for film in films])),
        "known": torch.ones(len(films), dtype=torch.bool),
        "positive": torch.tensor([bool(film.mask.any()) for film in films]),
    }


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads wait for each other longer than they work on a network as small as this."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def synthetic_films() -> list[SyntheticFilm]:
    """Without air, with one piece, with another, with two."""
    return [synthetic_film(pieces) for pieces in PIECES]


@pytest.fixture(scope="session")
def learned(synthetic_films: list[SyntheticFilm]) -> MaskRcnn:
    """A tiny network trained on the four films alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = MaskRcnn(TINY)
    batch = batch_of(synthetic_films)
    truth = targets(batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    network.train()
    for _ in range(100):
        parts = network(batch["x"], truth)
        optimiser.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
    torch.set_num_threads(before)
    return network.eval()
