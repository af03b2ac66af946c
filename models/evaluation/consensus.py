"""The consensus of several networks: fitted on validation films, measured on held-out ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from models.cards import Figure, ModelCard
from models.consensus import combine, make_card, weighted_probability, weighted_score
from models.evaluation.answers import Answer, ask
from models.evaluation.decision import calibrate, choose_mask_threshold, specific_threshold
from models.evaluation.evaluation import Row, Scored
from models.evaluation.paired import AUC, DICE, UNGATED, paired_rows
from models.pneumothorax import PneumothoraxModel
from models.training.films import Film
from models.training.metrics import dice, roc_auc

#: Weights are tried in steps of a tenth.
STEPS = 10
#: Merits (Dice, ROC-AUC) this close to the best count as equal.
SLACK = 0.01
RULE = (
    "on the validation films, in steps of a tenth: the pixels' weights with the highest mean Dice of the "
    "outlined positives at the best pixel threshold, the scores' weights with the highest ROC-AUC of "
    "outlined positives against the negatives of each source, averaged; of those within .01 of the best the "
    "most even; "
    "the averaged score scaled after Platt, the image threshold chosen by the same rule as the networks' own"
)
#: What the cards call the films of a source, and what they add about its labels.
_SOURCES = {"siim": ("SIIM-ACR", ""), "nih": ("NIH ChestX-ray14", ", mined labels")}


@dataclass(frozen=True, eq=False)
class Panel:
    """What every network says about the same films.

    Attributes
    ----------
    names : tuple of str
        Of the networks.
    answers : tuple of tuple of Answer
        One tuple a network, in the order of the films.
    """

    names: tuple[str, ...]
    answers: tuple[tuple[Answer, ...], ...]

    @classmethod
    def ask(cls, models: Sequence[PneumothoraxModel], films: Sequence[Film]) -> Panel:
        """Run each network over the films."""
        return cls(tuple(model.name for model in models), tuple(tuple(ask(model, films)) for model in models))

    @property
    def scores(self) -> NDArray[np.float64]:
        """Image scores [N, M]."""
        return np.array([[a.prediction.score for a in of_one] for of_one in self.answers]).T

    @property
    def outlined(self) -> tuple[int, ...]:
        """Places of the films on which a reader outlined a pneumothorax."""
        return tuple(
            place for place, a in enumerate(self.answers[0]) if a.film.positive and a.truth is not None
        )


def weight_choices(members: int, steps: int = STEPS) -> list[tuple[float, ...]]:
    """Return every set of `members` weights in steps of ``1 / steps`` that adds up to 1, the most even first.

    No network is left out: each gets a step at least.
    """
    cuts = combinations(range(1, steps), members - 1)
    sets = [
        tuple((b - a) / steps for a, b in zip((0, *cut), (*cut, steps), strict=True)) for cut in cuts
    ]
    return sorted(sets, key=lambda weights: (round(float(np.var(weights)), 12), weights))


def fit_consensus(panel: Panel, members: Sequence[ModelCard], card_id: str, command: str) -> ModelCard:
    """Return the card of the consensus whose weights and thresholds suit the validation films best.

    Parameters
    ----------
    panel : Panel
        Answers about validation films.
    members : sequence of ModelCard
        Of the panel's networks, in the same order.
    card_id : str
    command : str
        What the card says fitted it.

    Raises
    ------
    ValueError
        If no film of the panel was outlined by a reader.
    """
    first = panel.answers[0]
    if not panel.outlined:
        raise ValueError("a consensus cannot be fitted without an outlined positive film")
    choices = weight_choices(len(members))

    def pixel_merit(weights: tuple[float, ...]) -> float:
        return _mean_dice(_blended(panel, weights))

    def score_merit(weights: tuple[float, ...]) -> float:
        return _balanced_auc(weighted_score(panel.scores, weights), first)

    pixel_weights, score_weights = _best(choices, pixel_merit), _best(choices, score_merit)
    mean = weighted_score(panel.scores, score_weights)
    positive = np.array([a.film.positive for a in first])
    calibration = calibrate(np.log(mean / (1 - mean)), positive)
    scores = weighted_score(panel.scores, score_weights, calibration)
    made = make_card(
        members,
        card_id=card_id,
        pixel_weights=dict(zip(panel.names, pixel_weights, strict=True)),
        score_weights=dict(zip(panel.names, score_weights, strict=True)),
        calibration=calibration,
        thresholds=(
            round(specific_threshold(scores, first), 4),
            choose_mask_threshold(_blended(panel, pixel_weights)),
        ),
        rule=f"{RULE}; {len(first)} films, {len(panel.outlined)} of them outlined positives",
        command=command,
    )
    # What limits each of them limits them together.
    shared = [limit for limit in members[0].limitations if all(limit in m.limitations for m in members)]
    return dataclasses.replace(made, limitations=(*made.limitations, *shared))


def consensus_answers(panel: Panel, card: ModelCard) -> list[Answer]:
    """Return the consensus on each film, from answers that were given before."""
    return [
        dataclasses.replace(of_film[0], prediction=combine([a.prediction for a in of_film], card, lungs=None))
        for of_film in zip(*panel.answers, strict=True)
    ]


def all_differences(panel: Panel, members: Sequence[ModelCard], together: Sequence[Answer]) -> list[Row]:
    """Return the consensus minus each network on the same films."""
    ours = Scored.of(together)
    return [
        dataclasses.replace(row, figure=f"consensus minus {card.title}: {row.figure}")
        for card, of_one in zip(members, panel.answers, strict=True)
        for row in paired_rows(Scored.of(of_one), ours)
    ]


def verdict(rows: Sequence[Row]) -> str:
    """Say whether the consensus beats the networks, from paired differences alone.

    It does where the whole interval of a difference to *every* network lies above zero.
    """
    won = []
    for group, figure in dict.fromkeys((row.group, row.figure.split(": ")[1]) for row in rows):
        same = [row for row in rows if row.group == group and row.figure.endswith(f": {figure}")]
        if all(row.low > 0 for row in same):
            won.append(f"{figure} ({_in_full(group)[0]})")
    if won:
        return f"On the held-out films the consensus beats each network in {' and '.join(won)}."
    return (
        "On the held-out films the consensus does not beat the better network beyond chance in any figure: "
        "no paired 95 % interval lies above zero for all networks."
    )


def with_figures(card: ModelCard, rows: Sequence[Row], differences: Sequence[Row]) -> ModelCard:
    """Return the card with what was measured on held-out films, paired differences included."""
    kept = [row for row in rows if row.figure in (AUC, DICE, UNGATED, "sensitivity", "specificity")]
    figures = []
    for row in (*kept, *differences):
        films, labels = _in_full(row.group)
        value, low, high = (round(number, 3) for number in (row.value, row.low, row.high))
        figures.append(Figure(row.figure, value, low, high, f"{films}, held out{labels}", row.films))
    return dataclasses.replace(
        card, figures=tuple(figures), limitations=(*card.limitations, verdict(differences))
    )


def _in_full(group: str) -> tuple[str, str]:
    """Return the films of a row as cards name them, e.g. of ``"siim, small"``, and a word on their labels."""
    source, comma, part = group.partition(", ")
    name, labels = _SOURCES.get(source, (source, ""))
    return f"{name}{comma}{part}", labels


def _best(
    choices: Sequence[tuple[float, ...]], merit: Callable[[tuple[float, ...]], float]
) -> tuple[float, ...]:
    """Return the first of the best choices; they come with the most even ones first.

    A handful of films cannot tell merits apart that differ by less than :data:`SLACK`.
    """
    merits = np.array([merit(weights) for weights in choices])
    return choices[int(np.flatnonzero(merits >= merits.max() - SLACK)[0])]


def _blended(panel: Panel, weights: tuple[float, ...]) -> list[Answer]:
    """Return the outlined films with the weighted map in place of a network's own."""
    blended = []
    for place in panel.outlined:
        of_film = [of_one[place] for of_one in panel.answers]
        mean = weighted_probability([a.prediction.probability for a in of_film], weights)
        blended.append(
            dataclasses.replace(
                of_film[0], prediction=dataclasses.replace(of_film[0].prediction, probability=mean)
            )
        )
    return blended


def _mean_dice(answers: Sequence[Answer]) -> float:
    threshold = choose_mask_threshold(answers)
    pairs = [(a.prediction.probability >= threshold, a.truth) for a in answers if a.truth is not None]
    return float(np.mean([dice(found, truth) for found, truth in pairs]))


def _balanced_auc(scores: NDArray[np.float64], answers: Sequence[Answer]) -> float:
    """Return the ROC-AUC of outlined positives against the negatives of each source, averaged."""
    outlined = np.array([a.film.positive and a.truth is not None for a in answers])
    negative = np.array([not a.film.positive for a in answers])
    sources = np.array([a.film.source for a in answers])
    areas = []
    for source in np.unique(sources[negative]):
        chosen = outlined | (negative & (sources == source))
        areas.append(roc_auc(outlined[chosen], scores[chosen]))
    return float(np.mean(areas))
