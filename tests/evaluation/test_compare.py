"""Networks and their consensus side by side on the same films."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from models import zoo
from models.cards import CONSENSUS, card_path, load_card
from models.consensus import weighted_score
from models.evaluation import compare
from models.evaluation.compare import Candidate, differences, left_out, table, with_consensus
from models.evaluation.consensus import Panel
from models.evaluation.evaluation import Row, Scored
from models.training.films import Film

NETWORKS = ("attention-unet", "mask-rcnn")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Film]:
    """A film called positive, with a mask, and one without: noise, for the way and not the figures."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    made = []
    for name in ("positive", "negative"):
        cv2.imwrite(str(folder / f"{name}.png"), rng.integers(0, 255, (96, 96), dtype=np.uint8))
        mask = np.zeros((96, 96), np.uint8)
        mask[:40, :40] = 255 * (name == "positive")
        cv2.imwrite(str(folder / f"{name}-mask.png"), mask)
        made.append(
            Film(name, "siim", folder / f"{name}.png", folder / f"{name}-mask.png", name == "positive", name)
        )
    return made


def test_the_consensus_is_listed_beside_the_networks_that_it_weighs(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {name: load_card(card_path(name)).card_id for name in NETWORKS}
    card = load_card(card_path(CONSENSUS))
    fitted = dataclasses.replace(card, options=card.options | {"members": ids})
    shown = {CONSENSUS: fitted}
    monkeypatch.setattr(compare, "load_card", lambda path: shown.get(path.stem) or load_card(path))
    assert with_consensus(NETWORKS) == (*NETWORKS, CONSENSUS)
    assert with_consensus(("unet", *NETWORKS)) == ("unet", *NETWORKS, CONSENSUS)
    assert with_consensus(("attention-unet", "unet")) == ("attention-unet", "unet")
    assert with_consensus((CONSENSUS, "attention-unet")) == (CONSENSUS, "attention-unet")
    # Of other weights it says nothing.
    shown[CONSENSUS] = dataclasses.replace(card, options=card.options | {"members": ids | {"mask-rcnn": "x"}})
    assert with_consensus(NETWORKS) == NETWORKS
    assert "fitted to other weights" in left_out(NETWORKS)
    assert left_out(("attention-unet", "unet")) == left_out((*NETWORKS, CONSENSUS)) == ""
    with pytest.raises(ValueError, match="fitted to other weights than those that ship"):
        with_consensus((*NETWORKS, CONSENSUS))


def test_the_consensus_costs_what_its_networks_cost_together(films: list[Film]) -> None:
    together = compare._measure(CONSENSUS, films, "cpu")
    models = [zoo.load(name, "cpu") for name in NETWORKS]
    sizes = [sum(p.numel() for p in model.network.parameters()) for model in models]
    assert together.parameters == sum(sizes)
    options = load_card(card_path(CONSENSUS)).options
    expected = weighted_score(
        Panel.ask(models, films).scores,
        [options["score_weights"][name] for name in NETWORKS],
        (options["calibration_slope"], options["calibration_offset"]),
    )
    np.testing.assert_allclose(together.scored.score, expected, atol=1e-3)
    assert "| Consensus (consensus) | " in table([together])
    assert f" | {sum(sizes) / 1e6:.1f} | " in table([together])


def candidate(title: str, scores: tuple[float, ...]) -> Candidate:
    positive = np.array([True, True, False, False])
    words = np.full(4, "")
    scored = Scored(
        np.full(4, "nih"), positive, np.array(scores), words, words, (None,) * 4, (None,) * 4
    )
    return Candidate(title, title, "", [Row("nih", "image ROC-AUC", 0.5, 0.4, 0.6, 4)], scored, 1, 0.1, None)


def test_every_network_is_held_against_every_earlier_one() -> None:
    # The first ranks every positive below every negative, the others above: no draw of films changes that.
    wrong, right, same = (0.1, 0.2, 0.3, 0.4), (0.9, 0.8, 0.1, 0.2), (0.7, 0.8, 0.2, 0.3)
    text = differences([candidate("A", wrong), candidate("B", right), candidate("C", same)])
    assert "B minus A, paired:\n\n- nih: image ROC-AUC +1.000 [+1.000, +1.000] (4 films)" in text
    assert "C minus A, paired:\n\n- nih: image ROC-AUC +1.000 [+1.000, +1.000] (4 films)" in text
    assert "C minus B, paired:\n\n- nih: image ROC-AUC +0.000 [+0.000, +0.000] (4 films)" in text


def test_a_consensus_that_cannot_be_compared_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.evaluation.command import compare_command

    assert compare_command(["consensus", "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "neither a folder with images/" in error
    assert error.count("\n") == 1


def test_the_members_of_the_shipped_consensus_ship() -> None:
    assert set(load_card(card_path(CONSENSUS)).options["members"]) <= set(zoo.main_models())
