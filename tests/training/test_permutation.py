from __future__ import annotations

from collections import Counter
from pathlib import Path

from models.training.films import Box, Film
from models.training.permutation import permuted


def films(source: str, positives: int, negatives: int) -> list[Film]:
    made = []
    for number in range(positives + negatives):
        positive = number < positives
        name = f"{source}-{number}"
        mask = Path(f"{name}-mask.png") if positive else None
        boxes = (Box(number, 0, 1, 1),) if positive else ()
        made.append(
            Film(name, source, Path(f"{name}.png"), mask, positive, name, boxes=boxes, drain=positive)
        )
    return made


def test_labels_change_hands_whole_and_stay_as_many_in_each_collection() -> None:
    given = films("a", 10, 30) + films("b", 2, 5)
    dealt = permuted(given, seed=0)
    assert [film.film_id for film in dealt] == [film.film_id for film in given]
    assert [film.image for film in dealt] == [film.image for film in given]
    assert [film.drain for film in dealt] == [film.drain for film in given]  # what is on the film stays
    for source in ("a", "b"):
        before = Counter((f.mask, f.positive, f.boxes) for f in given if f.source == source)
        assert Counter((f.mask, f.positive, f.boxes) for f in dealt if f.source == source) == before
    # By chance a quarter of the ten positives keeps a positive label, not all.
    assert sum(film.positive for film in dealt[:10]) < 8


def test_the_seed_decides_who_gets_what() -> None:
    given = films("a", 10, 30)
    assert permuted(given, 1) == permuted(given, 1) != permuted(given, 2)
