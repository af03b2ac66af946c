"""What the libraries' own calls make of a film: Kernel SHAP and LIME, asked the program's own question.

Thousands of looks of the network take minutes.  They are kept on disk, in ``.benchmarks/stock``: a
benchmark that runs out of its patience skips, and goes on where it was when it is run again.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from lime.lime_image import LimeImageExplainer
from numpy.typing import NDArray

from explain.shap_library import numpy_state_kept, shap
from explain.stand_in import feathered, lung_like

FOLDER = Path(__file__).parents[1] / ".benchmarks" / "stock"
#: Seconds of looks in one test.
PATIENCE = 240
#: Looks of `shap.KernelExplainer` beside two a region, as it documents its own choice; lime's default.
SHAP_LOOKS, LIME_LOOKS = 2048, 1000

#: Regions that are there, bool [N, regions]: logits [N].
Game = Callable[[NDArray[np.bool_]], NDArray[np.float64]]
Grid = NDArray[np.float32]


def without(
    film: Grid, regions: NDArray[np.int32], lungs: NDArray[np.bool_], stand_ins: int
) -> Callable[[NDArray[np.bool_]], Grid]:
    """Return a function that takes regions away: a film [H, W] for bool [regions], true where gone.

    What is seen in their place is one of as many draws as the program's own map takes the mean of: which
    one, the combination of regions decides.
    """
    everywhere = np.ones(film.shape, np.bool_)
    shown = torch.from_numpy(film)[None, None]
    changes = [lung_like(shown, everywhere, lungs, seed)[0, 0].numpy() - film for seed in range(stand_ins)]
    shares = [feathered(regions == region, everywhere) for region in range(int(regions.max()) + 1)]

    def changed(gone: NDArray[np.bool_]) -> Grid:
        change = changes[zlib.crc32(gone.tobytes()) % stand_ins]
        return film + change * sum((shares[region] for region in np.flatnonzero(gone)), np.float32(0))

    return changed


class KeptLooks:
    """A game whose answers are kept on disk.

    Parameters
    ----------
    about : str
        What the answers depend on: weights, film, regions, precision.
    game : Game
    """

    def __init__(self, about: str, game: Game) -> None:
        self._game = game
        self._path = FOLDER / f"{hashlib.sha256(about.encode()).hexdigest()[:20]}.npz"
        self._known: dict[bytes, float] = {}
        if self._path.is_file():
            with np.load(self._path) as stored:
                rows = np.unpackbits(stored["rows"], axis=1, count=int(stored["regions"])).astype(np.bool_)
                self._known = {
                    row.tobytes(): value for row, value in zip(rows, stored["values"], strict=True)
                }
        self._ends = time.perf_counter() + PATIENCE

    def __call__(self, present: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return the logits [N] of films with the regions `present` [N, regions] only."""
        wanted = np.asarray(present).astype(np.bool_)
        missing = [row for row in np.unique(wanted, axis=0) if row.tobytes() not in self._known]
        for place in range(0, len(missing), 8):
            if time.perf_counter() > self._ends:
                self._keep(wanted.shape[1])
                pytest.skip(f"{len(missing) - place} looks of the stock call are missing: run again")
            rows = np.stack(missing[place : place + 8])
            self._known.update(zip((row.tobytes() for row in rows), self._game(rows).tolist(), strict=True))
        if missing:
            self._keep(wanted.shape[1])
        return np.array([self._known[row.tobytes()] for row in wanted])

    def _keep(self, regions: int) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        rows = np.stack([np.frombuffer(key, np.bool_) for key in self._known])
        temporary = self._path.with_suffix(".tmp.npz")
        np.savez(
            temporary,
            rows=np.packbits(rows, axis=1),
            values=np.array([*self._known.values()]),
            regions=regions,
        )
        temporary.replace(self._path)


def stock_shap(game: Game, regions: int, seed: int = 0) -> NDArray[np.float64]:
    """Return the values [regions] of `shap.KernelExplainer` with its own number of looks."""
    with numpy_state_kept(seed):
        explainer = shap.KernelExplainer(lambda rows: game(np.asarray(rows) > 0), np.zeros((1, regions)))
        found = explainer.shap_values(np.ones((1, regions)), nsamples="auto", l1_reg=False, silent=True)
    return np.reshape(found, regions)


def stock_lime(game: Game, regions: int, seed: int = 0) -> NDArray[np.float64]:
    """Return the weights [regions] of `LimeImageExplainer.explain_instance` with its own number of looks."""
    # lime hides a region behind one grey alone: given a white sheet of a pixel a region, it says which.
    sheet, labels = np.ones((1, regions, 3), np.float32), np.arange(regions)[None]

    def score(sheets: NDArray[np.float32]) -> NDArray[np.float64]:
        return game(np.asarray(sheets)[:, 0, :, 0] > 0)[:, None]

    explained = LimeImageExplainer(random_state=seed).explain_instance(
        sheet, score, labels=(0,), top_labels=None, hide_color=0, num_samples=LIME_LOOKS, random_seed=seed,
        batch_size=LIME_LOOKS, segmentation_fn=lambda _film: labels,
    )  # fmt: skip
    weights = np.zeros(regions)
    for region, weight in explained.local_exp[0]:
        weights[region] = weight
    return weights
