"""What is seen in the place of a part of the film: does it draw the disease, does it take it away?

Asked of the shipped Attention U-Net on validation films, never on those held out.  On films without a
pneumothorax a random place in the lungs is replaced, where the score should stay; on outlined films the
outlined air, where it should fall, and as many pixels elsewhere in the lungs, where it should stay.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage

from explain.audit.films import load_film
from explain.baseline import blurred
from explain.question import lungs_in_grid
from explain.similarity import shrink
from explain.stand_in import feathered, lung_like, replaced
from models import zoo
from models.device import half_precision
from models.training.films import Film, read_grey
from models.training.metrics import bootstrap
from models.training.pneumothorax import pneumothorax_films

REAL = Path(os.environ.get("PTX_VIEWER_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
NEGATIVES = 12
#: Longest side in pixels: the networks see less.
EDGE = 512
#: Random places: discs of these shares of the grid's edge.
RADII = (14 / 288, 26 / 288)
#: A change of this many logits on a film without a pneumothorax counts as one drawn.
DRAWN = 1.0

Mask = NDArray[np.bool_]


def mean_grey(film: torch.Tensor, content: Mask, lungs: Mask) -> torch.Tensor:
    grey = film[0, 0].numpy()
    flat = np.where(lungs, grey[lungs].mean(), grey[content & ~lungs].mean())
    return torch.from_numpy(np.where(content, flat, grey).astype(np.float32))[None, None]


STAND_INS: dict[str, Callable[[torch.Tensor, Mask, Mask], torch.Tensor]] = {
    "mean grey": mean_grey,
    "blurred film": lambda film, content, _lungs: blurred(film, content),
    "with its lungs' grain": lung_like,
}


class Case:
    """A film in the network's grid and the places that are replaced."""

    def __init__(self, model, lung_model, film: Film, number: int) -> None:
        outlined = load_film(film) if film.mask is not None else None
        pixels = outlined.pixels if outlined else read_grey(film.image).astype(np.float32) / np.float32(255)
        pixels = shrink(pixels, EDGE)
        self.film, transform = model.prepare(pixels)
        self.content = transform.content_mask()
        self.lungs = lungs_in_grid(lung_model.predict(pixels).lungs, transform) & self.content
        rng = np.random.default_rng(number)
        self.air: Mask | None = None
        if outlined is None:
            self.elsewhere = [self.disc(rng, radius * len(self.content), self.lungs) for radius in RADII]
            return
        air = transform.forward(shrink(outlined.truth.astype(np.float32), EDGE)) >= 0.3
        # With a little of the border, where its line lies.
        self.air = ndimage.binary_dilation(air, iterations=3) & self.content
        radius = float(np.sqrt(self.air.sum() / np.pi))
        free = self.lungs & ~ndimage.binary_dilation(self.air, iterations=round(radius))
        self.elsewhere = [self.disc(rng, radius, free if free.any() else self.lungs & ~self.air)]

    def disc(self, rng: np.random.Generator, radius: float, where: Mask) -> Mask:
        rows, columns = np.nonzero(where)
        chosen = rng.integers(len(rows))
        down, across = np.indices(where.shape)
        inside = (down - rows[chosen]) ** 2 + (across - columns[chosen]) ** 2 <= radius**2
        return inside & self.content

    def changes(self, model, stand_in, masks: list[Mask]) -> NDArray[np.float64]:
        """Return by how much the logit changes when each mask is replaced."""
        nothing = stand_in(self.film, self.content, self.lungs)
        gone = np.stack([np.zeros_like(self.content), *masks])
        shares = torch.from_numpy(np.stack([feathered(mask, self.content) for mask in gone])[:, None])
        with torch.inference_mode(), half_precision(model.device):
            logits = model.score(replaced(self.film, nothing, shares)).double().numpy()
        return logits[1:] - logits[0]


@pytest.fixture(scope="module")
def model():
    return zoo.load("attention-unet", "cpu")


@pytest.fixture(scope="module")
def cases(model) -> tuple[list[Case], list[Case]]:
    if not (REAL / "siim" / "index.csv").is_file():
        pytest.skip("the film collections are not at hand")
    lung_model = zoo.load_lung_fields("cpu")
    films = pneumothorax_films(REAL)["validation"]
    positive = [film for film in films if film.positive and film.mask is not None]
    negative = [film for film in films if not film.positive][:NEGATIVES]
    return tuple([Case(model, lung_model, each, number) for number, each in enumerate(group)]
                 for group in (positive, negative))  # type: ignore[return-value]  # fmt: skip


@pytest.mark.parametrize("name", STAND_INS)
def test_what_is_seen_in_the_place_of_a_region(name: str, model, cases, figure) -> None:
    positive, negative = cases
    stand_in = STAND_INS[name]
    drawn = np.concatenate([case.changes(model, stand_in, case.elsewhere) for case in negative])
    pairs = np.array([case.changes(model, stand_in, [case.air, *case.elsewhere]) for case in positive])

    def interval(values: NDArray[np.float64]) -> str:
        mean, low, high = bootstrap(lambda chosen: float(values[chosen].mean()), len(values))
        return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"

    figure(f"{name}: change of {len(drawn)} places without pneumothorax, {interval(drawn)}: size",
           float(np.abs(drawn).mean()), "logits", at_most=0.3)  # fmt: skip
    figure(
        f"{name}: share of them with a pneumothorax drawn", float((drawn > DRAWN).mean()), "", at_most=0.05
    )
    figure(f"{name}: change elsewhere on {len(pairs)} outlined films, {interval(pairs[:, 1])}: size",
           float(np.abs(pairs[:, 1]).mean()), "logits", at_most=0.3)  # fmt: skip
    figure(f"{name}: outlined air replaced, {interval(pairs[:, 0])}: fall",
           -float(pairs[:, 0].mean()), "logits", at_least=0.5)  # fmt: skip
