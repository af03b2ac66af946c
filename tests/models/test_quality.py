"""The shipped weights do on held-out films what their cards say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import zoo
from models.evaluation.answers import ask
from models.evaluation.boxes import NAME as BOX_AP50
from models.evaluation.boxes import box_figure
from models.lung_fields import LungFieldModel
from models.training.evaluate_pneumothorax import pneumothorax_figures
from models.training.films import read_grey
from models.training.lungs import lung_films
from models.training.metrics import dice
from models.training.pneumothorax import pneumothorax_films

#: Another processor, or half precision, may move one film in a dozen across a threshold.
TOLERANCE = 0.1


def test_lung_fields_on_a_sample_of_the_held_out_films(lung_model: LungFieldModel, shared_data: Path) -> None:
    """The mean of a few films lies near the card's: within its interval and two standard errors."""
    parts = lung_films(shared_data)
    stated = [f for f in lung_model.card.figures if f.name == "lung fields, mean Dice"]
    assert [f.n for f in stated] == [len(parts["test-jsrt"]), len(parts["test-outside"])]
    for figure, films in zip(stated, (parts["test-jsrt"], parts["test-outside"]), strict=True):
        values = []
        for film in films[::7]:
            lungs = lung_model.predict(read_grey(film.image).astype(np.float32) / 255.0).lungs
            values.append(dice(lungs.right | lungs.left, read_grey(film.mask) > 0))
        error = float(np.std(values) / np.sqrt(len(values)))
        assert figure.low - 2 * error - 0.005 <= np.mean(values) <= figure.high + 2 * error + 0.005


@pytest.mark.parametrize("name", zoo.main_models())
def test_pneumothorax_figures_are_those_of_the_card(name: str, shared_data: Path) -> None:
    model = zoo.load(name, "cpu")
    held_out = [f for f in pneumothorax_films(shared_data)["test"] if f.source == "siim"]
    stated = {f.name: f for f in model.card.figures if "SIIM" in f.data}
    if not stated:
        pytest.skip("the card of these weights states no figures yet")
    assert stated["image ROC-AUC"].n == len(held_out)
    answers = ask(model, held_out)
    measured = {f.name: f for f in pneumothorax_figures(answers) if "SIIM" in f.data}
    if BOX_AP50 in stated:
        measured[BOX_AP50] = box_figure(answers, "SIIM-ACR, held out")
    assert measured.keys() == stated.keys()
    for kind, figure in measured.items():
        assert figure.value == pytest.approx(stated[kind].value, abs=TOLERANCE), kind
        assert figure.n == stated[kind].n
