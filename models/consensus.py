"""Several networks' answers for one film as one: a weighted average of their probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.cards import CONSENSUS, ModelCard, card_path, load_card
from models.instances import find_instances
from models.prediction import LungFields, Prediction

#: How the weights of a consensus that nobody fitted come about.
EQUAL_RULE = (
    "equal weights; each threshold is the mean of the networks' own: not fitted on validation films and not "
    "measured"
)


def card_of(members: Sequence[ModelCard]) -> ModelCard:
    """Return the card of the consensus of some networks.

    The shipped card holds for exactly the weights that it was fitted with; any other choice of
    networks gets equal weights, and a card that says so.

    Parameters
    ----------
    members : sequence of ModelCard
        Of two networks or more.

    Raises
    ------
    ValueError
        If there are fewer than two, one of them works with a user's own weights, or its card states no
        thresholds.
    """
    if len(members) < 2:
        raise ValueError(f"a consensus needs two networks or more, got {len(members)}")
    why_none = no_consensus(members)
    if why_none:
        raise ValueError(why_none)
    path = card_path(CONSENSUS)
    if path.is_file():
        shipped = load_card(path)
        if shipped.options["members"] == {card.name: card.card_id for card in members}:
            return shipped
    return unfitted_card(members)


def no_consensus(members: Sequence[ModelCard]) -> str:
    """Return in a sentence why the networks' answers are not weighed into one; ``""`` where they are.

    Weights and thresholds of a consensus are chosen for the weights of its networks: of a user's own nobody
    knows how sure their scores are.
    """
    own = [card.title for card in members if not card.shipped]
    if not own:
        return ""
    return f"No consensus is made: it was fitted to the shipped weights, not to {' and '.join(own)}."


def unfitted_card(members: Sequence[ModelCard]) -> ModelCard:
    """Return the card of a consensus with equal weights.

    Raises
    ------
    ValueError
        If a network's card states no thresholds.
    """
    thresholds = [card.threshold for card in members if card.threshold is not None]
    mask_thresholds = [card.mask_threshold for card in members if card.mask_threshold is not None]
    if len(thresholds) < len(members) or len(mask_thresholds) < len(members):
        raise ValueError("a network whose card states no thresholds can take no part in a consensus")
    ids = ", ".join(card.card_id for card in members)
    return make_card(
        members,
        card_id=f"consensus-equal ({ids})",
        pixel_weights=dict.fromkeys((card.name for card in members), 1 / len(members)),
        score_weights=dict.fromkeys((card.name for card in members), 1 / len(members)),
        calibration=(1.0, 0.0),
        thresholds=(float(np.mean(thresholds)), float(np.mean(mask_thresholds))),
        rule=EQUAL_RULE,
    )


def make_card(
    members: Sequence[ModelCard],
    *,
    card_id: str,
    pixel_weights: Mapping[str, float],
    score_weights: Mapping[str, float],
    calibration: tuple[float, float],
    thresholds: tuple[float, float],
    rule: str,
    command: str = "",
) -> ModelCard:
    """Return the card of a consensus, without figures.

    Parameters
    ----------
    members : sequence of ModelCard
    card_id : str
    pixel_weights, score_weights : mapping of str to float
        By the networks' names; each set adds up to 1.
    calibration : tuple of float
        Slope and offset on the logit of the averaged score.
    thresholds : tuple of float
        Of the image and of the pixels.
    rule : str
        How weights and thresholds were chosen, and on which films.
    command : str
        What fitted them.
    """
    titles = " and ".join(card.title for card in members)
    return ModelCard(
        card_id=card_id,
        name=CONSENSUS,
        title="Consensus",
        task="weighs the networks' answers into one outline and one score",
        architecture=f"weighted average of the probabilities of {titles}",
        size=max(card.size for card in members),
        sources=(),
        split="no weights of its own were trained; see the networks' cards",
        preprocessing="as each network's card says",
        threshold=thresholds[0],
        mask_threshold=thresholds[1],
        threshold_rule=rule,
        figures=(),
        limitations=("What all networks miss, the consensus misses.",),
        licence=" and ".join(dict.fromkeys(card.licence for card in members)),
        command=command,
        commit="",
        # Of the networks' own sums: the consensus is exactly as old as what it weighs.
        sha256=hashlib.sha256("".join(card.sha256 for card in members).encode()).hexdigest(),
        options={
            "members": {card.name: card.card_id for card in members},
            "pixel_weights": dict(pixel_weights),
            "score_weights": dict(score_weights),
            "calibration_slope": calibration[0],
            "calibration_offset": calibration[1],
        },
    )


def combine(predictions: Sequence[Prediction], card: ModelCard, lungs: LungFields | None) -> Prediction:
    """Weigh the answers for one film into one.

    The probability of a pixel is ``sum(w_i p_i)``, whatever the networks' image scores; the image
    score is ``sigmoid(slope * logit(sum(v_i s_i)) + offset)``, and below its threshold nothing
    is outlined.

    Parameters
    ----------
    predictions : sequence of Prediction
        One of each network that the card names, in one grid.
    card : ModelCard
        See :func:`card_of`.
    lungs : LungFields or None
        They decide each finding's side.

    Returns
    -------
    Prediction
        Of the model ``"consensus"``; its seconds are the sum of the networks' own.

    Raises
    ------
    ValueError
        If the predictions are not those of the card's networks, or not of one shape.
    """
    options = card.options
    if sorted(made.model for made in predictions) != sorted(options["members"]):
        raise ValueError(
            f"the consensus of {', '.join(options['members'])} cannot be made from "
            f"{', '.join(made.model for made in predictions)}"
        )
    if len({made.probability.shape for made in predictions}) > 1:
        raise ValueError("the networks' probabilities are not in one grid")
    assert card.threshold is not None
    assert card.mask_threshold is not None
    pixel_weights = [options["pixel_weights"][made.model] for made in predictions]
    probability = weighted_probability([made.probability for made in predictions], pixel_weights)
    score = weighted_score(
        np.array([[made.score for made in predictions]]),
        [options["score_weights"][made.model] for made in predictions],
        (options["calibration_slope"], options["calibration_offset"]),
    )[0]
    present = score >= card.threshold
    return Prediction(
        model=CONSENSUS,
        card_id=card.card_id,
        probability=probability,
        score=float(score),
        threshold=card.threshold,
        mask_threshold=card.mask_threshold,
        instances=find_instances(probability, card.mask_threshold, lungs) if present else (),
        seconds=sum(made.seconds for made in predictions),
        device=", ".join(dict.fromkeys(made.device for made in predictions)),
        engine=", ".join(dict.fromkeys(made.engine for made in predictions)),
    )


def weighted_probability(
    probabilities: Sequence[NDArray[np.float32]], weights: Sequence[float]
) -> NDArray[np.float32]:
    """Return the weighted average of probability maps [H, W], kept within 0..1."""
    mean = np.zeros_like(probabilities[0])
    for probability, weight in zip(probabilities, weights, strict=True):
        mean += np.float32(weight) * probability
    return np.clip(mean, 0.0, 1.0, out=mean)


def weighted_score(
    scores: NDArray[np.float64], weights: Sequence[float], calibration: tuple[float, float] = (1.0, 0.0)
) -> NDArray[np.float64]:
    """Return the consensus scores [N] of the networks' scores [N, M].

    Parameters
    ----------
    scores : ndarray of float64, shape [N, M]
        One row a film, one column a network.
    weights : sequence of float
        M weights that add up to 1.
    calibration : tuple of float
        Slope and offset on the logit of the average (Platt 1999).
    """
    mean = np.clip(scores @ np.asarray(weights, dtype=np.float64), 1e-6, 1 - 1e-6)
    logit = np.log(mean / (1 - mean)) * calibration[0] + calibration[1]
    return np.asarray(1 / (1 + np.exp(-logit)))
