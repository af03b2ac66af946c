from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.networks.unet import UNetOutput
from models.training.films import Film, FilmBank
from models.training.out_of_fold import CUTS, OutOfFold, answers, compare, read_answers, write_answers

NAN = float("nan")


def made(fold: list[int], positive: list[bool], logit: list[float], best: list[int | None]) -> OutOfFold:
    """Films of one collection; `best` is the cut at which a film's Dice is .8 instead of .2."""
    dice = np.full((len(fold), len(CUTS)), NAN)
    for row, cut in enumerate(best):
        if cut is not None:
            dice[row] = 0.2
            dice[row, cut] = 0.8
    names = np.array([f"film {number}" for number in range(len(fold))])
    return OutOfFold(
        np.array(fold), names, np.array(["siim"] * len(fold)), np.array(positive), np.array(logit), dice
    )


def test_the_cut_of_a_fold_comes_from_the_other_folds() -> None:
    # Fold 0 does best at cut 1, fold 1 at cut 3: each is cut where the other does best.
    films = made([0, 0, 1, 1, 1], [True] * 4 + [False], [0.0] * 5, [1, 1, 3, 3, None])
    assert films.dice_of_positives().tolist() == [0.2, 0.2, 0.2, 0.2]
    # Where both do best at cut 2, each profits from the other's choice.
    films = made([0, 0, 1, 1, 1], [True] * 4 + [False], [0.0] * 5, [2, 2, 2, 2, None])
    assert films.dice_of_positives().tolist() == [0.8, 0.8, 0.8, 0.8]


def test_scores_of_different_folds_are_never_compared() -> None:
    # Within fold 0 (2 x 1 pairs) one pair of two is in order, within fold 1 (1 x 1) the only one;
    # the negative of fold 0 lies above the positive of fold 1, which says nothing.
    films = made(
        [0, 0, 0, 1, 1], [True, True, False, True, False], [9.0, 4.0, 5.0, 1.0, 0.0], [0, 0, None, 0, None]
    )
    everything = np.arange(5)
    assert films.auc(everything) == pytest.approx(2 / 3)
    assert np.isnan(films.auc(np.array([0, 1, 4])))


def test_differences_are_paired() -> None:
    first = made([0, 0, 1, 1], [True, False, True, False], [2.0, 1.0, 0.0, 1.0], [2, None, 2, None])
    second = made([0, 0, 1, 1], [True, False, True, False], [2.0, 1.0, 2.0, 1.0], [2, None, 2, None])
    dice, auc = compare(second, first)
    assert (dice.figure, dice.films, auc.figure, auc.films) == ("Dice of positives", 2, "siim ROC-AUC", 4)
    # The same masks: no difference in any bootstrap sample.
    assert dice.difference == (0.0, 0.0, 0.0)
    assert dice.value[0] == pytest.approx(0.8)
    assert auc.value[0] == 1.0
    assert auc.difference is not None
    assert auc.difference[0] == 0.5
    assert compare(first)[0].difference is None
    with pytest.raises(ValueError, match="not cross-validated on the same films"):
        compare(second, made([0], [True], [0.0], [0]))


class RightHalf(nn.Module):
    """Outlines the bright half that lies to the right, and only there; scores the mean grey."""

    def forward(self, x: torch.Tensor) -> UNetOutput:
        masks = torch.where(x > 0, 4.0, -4.0)
        masks[..., : x.shape[-1] // 2] = -4.0
        return UNetOutput(masks, x.mean(dim=(2, 3)))


def test_answers_are_the_mean_of_a_film_and_its_mirror_image(tmp_path: Path) -> None:
    image = np.zeros((2, 8, 8), np.uint8)
    image[0, :, 6:] = 255
    masks = (image > 0).astype(np.uint8)
    films = [
        Film("a", "siim", tmp_path / "a.png", tmp_path / "m.png", True, "a"),
        Film("b", "nih", tmp_path / "b.png", None, False, "b"),
    ]
    write_answers(answers(RightHalf(), FilmBank(films, image, masks), 1), tmp_path / "fold.csv")
    own = read_answers([tmp_path / "fold.csv"])
    assert own.film_id.tolist() == ["b", "a"]
    assert own.fold.tolist() == [1, 1]
    # Found in the film (.98) and not in its mirror image (.02): .5 in the mean, cut away above that.
    assert own.dice[1].tolist() == [1.0 if cut <= 0.5 else 0.0 for cut in CUTS]
    assert np.isnan(own.dice[0]).all()
    assert own.logit.tolist() == [-1.0, -0.5]
