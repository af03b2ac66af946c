"""What several networks make of one film: their consensus, and where they differ, in plain words.

The sentences are made here once; screen, report, ``findings.json`` and the terminal's table show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from models.agreement import Agreement, SideAgreement, agreement_of
from models.cards import ModelCard
from models.consensus import card_of, combine, no_consensus
from models.geometry import Turn
from models.prediction import LungFields, Prediction, Side
from ptx_viewer.measure.location import location
from ptx_viewer.results import Consensus, ImageAnalysis


def weigh(
    predictions: Sequence[Prediction],
    cards: Sequence[ModelCard],
    lungs: LungFields | None,
    turn: Turn = Turn(),  # noqa: B008  (frozen)
) -> Consensus | None:
    """Return what the networks' answers come to together; None of a single one.

    With a user's own weights among them they are compared, but not weighed into one answer.

    Parameters
    ----------
    predictions : sequence of Prediction
        In one grid, in the order in which the networks were asked.
    cards : sequence of ModelCard
        Of the same networks.
    lungs : LungFields or None
    turn : Turn
        Brings the source grid to the usual display.
    """
    if len(predictions) < 2:
        return None
    why_none = no_consensus(cards)
    made = None if why_none else combine(predictions, card_of(cards), lungs)
    agreement = agreement_of(predictions)
    titles = {card.name: card.title for card in cards}
    said = statements(predictions, agreement, titles.__getitem__, lungs, turn)
    return Consensus(made, agreement, said, why_none)


def statements(
    predictions: Sequence[Prediction],
    agreement: Agreement,
    title_of: Callable[[str], str],
    lungs: LungFields | None,
    turn: Turn = Turn(),  # noqa: B008  (frozen)
) -> tuple[str, ...]:
    """Say side by side what the networks see, and who does not see it.

    Parameters
    ----------
    predictions : sequence of Prediction
    agreement : Agreement
        Of these predictions.
    title_of : callable
        Returns a network's name as people say it.
    lungs : LungFields or None
        They tell where on its side an outline lies.
    turn : Turn
    """
    vague = [made.model for made in predictions if made.present and not made.instances]
    said = []
    for each in agreement.sides:
        if not each.seen_by:
            continue
        blind = [
            made.model for made in predictions if made.model not in each.seen_by and made.model not in vague
        ]
        said.append(_side_statement(each, blind, predictions, title_of, lungs, turn))
    if vague:
        verb = "suspects" if len(vague) == 1 else "suspect"
        said.append(f"{_listed(vague, title_of)} {verb} a pneumothorax without outlining one.")
    if not said:
        names = [made.model for made in predictions]
        if len(names) == 2:
            first, second = map(title_of, names)
            return (f"Neither {first} nor {second} found a pneumothorax.",)
        return (f"None of {_listed(names, title_of)} found a pneumothorax.",)
    return tuple(said)


def agreement_line(agreement: Agreement, title_of: Callable[[str], str]) -> str:
    """Return the figures in short, e.g. ``"Right: both. Left: none. Dice 0.62."``."""
    parts = [f"{each.side.value.capitalize()}: {each.word}." for each in agreement.sides]
    for overlap in agreement.overlaps:
        figure = "no outline to compare" if overlap.dice is None else f"{overlap.dice:.2f}"
        whose = ""
        if len(agreement.overlaps) > 1:
            whose = f" of {title_of(overlap.first)} and {title_of(overlap.second)}"
        parts.append(f"Dice{whose}: {figure}." if overlap.dice is None else f"Dice{whose} {figure}.")
    return " ".join(parts)


def basis(analysis: ImageAnalysis, title_of: Callable[[str], str]) -> str:
    """Say which outline is suggested, measured and edited; ``""`` of one network, or without any outline."""
    if analysis.consensus is None or not analysis.suggestions:
        return ""
    subject = "Findings, measurements and edits are about"
    if analysis.agreed is None:
        first, *others = dict.fromkeys(each.model for each in analysis.suggestions)
        also = f", and about that of {_listed(others, title_of)} where it meets no other" if others else ""
        return f"{subject} the outline of {title_of(first)}{also}."
    sentence = f"{subject} the consensus outline"
    alone: dict[str, list[str]] = {}
    for suggestion in analysis.suggestions:
        if suggestion.model != analysis.agreed.model:
            sides = alone.setdefault(suggestion.model, [])
            if suggestion.instance.side.value not in sides:
                sides.append(suggestion.instance.side.value)
    for model, sides in alone.items():
        where = " and ".join("unknown side" if side == Side.UNKNOWN else side for side in sides)
        sentence += f"; {where}, where the consensus outlines nothing, about that of {title_of(model)}"
    return f"{sentence}."


def _side_statement(
    each: SideAgreement,
    blind: Sequence[str],
    predictions: Sequence[Prediction],
    title_of: Callable[[str], str],
    lungs: LungFields | None,
    turn: Turn,
) -> str:
    masks = {
        made.model: np.logical_or.reduce([i.mask for i in made.instances if i.side is each.side])
        for made in predictions
        if made.model in each.seen_by
    }
    # Networks that see it in the same place share a clause.
    places: dict[str, list[str]] = {}
    for model, mask in masks.items():
        places.setdefault(location(mask, lungs, each.side, turn), []).append(model)
    clauses = []
    for place, models in places.items():
        words = _described(each.side, place)
        if clauses:
            clauses.append(f"{_listed(models, title_of)} a {words}one")
            continue
        both = " both" if len(models) == 2 == len(predictions) else ""
        verb = "sees" if len(models) == 1 else f"{both} see".strip()
        where = " on a side that is not known" if each.side is Side.UNKNOWN else ""
        clauses.append(f"{_listed(models, title_of)} {verb} a {words}pneumothorax{where}")
    if blind:
        clauses.append(f"{_listed(blind, title_of)} {'does' if len(blind) == 1 else 'do'} not")
    sentence = ", ".join(clauses)
    if len(masks) == 2 and not np.any(np.logical_and(*masks.values())):
        sentence += "; their outlines do not meet"
    return f"{sentence}."


def _described(side: Side, place: str) -> str:
    return "" if side is Side.UNKNOWN else f"{side.value} {place} ".replace("  ", " ")


def _listed(models: Sequence[str], title_of: Callable[[str], str]) -> str:
    """Return e.g. ``"A"``, ``"A and B"``, ``"A, B and C"``."""
    *first, last = map(title_of, models)
    return f"{', '.join(first)} and {last}" if first else last
