"""Labels dealt out at random: what a network learns from them, no explanation should share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from models.training.films import Film


def permuted(films: Sequence[Film], seed: int) -> list[Film]:
    """Return the films with each other's labels, for the data randomisation test (Adebayo et al. 2018).

    Mask, image-level label and boxes change hands together and stay as many as they were, within each
    collection: which collection a film comes from says as much about its label as before.

    Parameters
    ----------
    films : sequence of Film
    seed : int

    Returns
    -------
    list of Film
        In the order of `films`.
    """
    dealt = list(films)
    rng = np.random.default_rng(seed)
    sources = np.array([film.source for film in films])
    for source in np.unique(sources):
        places = np.flatnonzero(sources == source)
        for place, other in zip(places, rng.permutation(places), strict=True):
            giver = films[int(other)]
            dealt[int(place)] = dataclasses.replace(
                films[int(place)], mask=giver.mask, positive=giver.positive, boxes=giver.boxes
            )
    return dealt
