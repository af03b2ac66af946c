"""The films of a batch: what is drawn, in which shares, and how films are made of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.training.augment import Augmentation
from models.training.drains import draw_drain
from models.training.films import FilmBank
from models.training.insertion import insert_pneumothorax
from models.training.transplant import Hemithorax, transplant

#: Labels of lung-field outlines.
RIGHT, LEFT = 1, 2
#: Films that are drawn before one is given up that takes an insertion or a transplant.
_TRIES = 40


@dataclass(frozen=True)
class BatchSettings:
    """Films of each kind in a batch.

    Attributes
    ----------
    outlined, negative, inserted, transplanted, labelled, digital : int
        With a drawn mask; without a pneumothorax; with an inserted one; with one transplanted from an
        outlined film; positive by label alone; of the digital thorax, with and without one.
    drain : float
        Share of the negative and the inserted films on which a chest drain is drawn.
    healthy_transplants : float
        Share of the negative films that get another negative film's lung: a seam tells nothing.
    """

    outlined: int = 5
    negative: int = 3
    inserted: int = 2
    transplanted: int = 0
    labelled: int = 1
    digital: int = 1
    drain: float = 0.3
    healthy_transplants: float = 0.0

    def __post_init__(self) -> None:
        counts = (
            self.outlined, self.negative, self.inserted, self.transplanted, self.labelled, self.digital,
        )  # fmt: skip
        if min(counts) < 0 or self.outlined + self.inserted + self.transplanted < 1 or self.negative < 1:
            raise ValueError("a batch needs films with a mask (outlined or inserted) and negative films")
        for name in ("drain", "healthy_transplants"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1, not {getattr(self, name):g}")

    @property
    def needs_lungs(self) -> bool:
        """Whether lung fields must be known on the negative films."""
        return bool(self.inserted or self.transplanted or self.drain or self.healthy_transplants)


class Example(NamedTuple):
    """One film as the network sees it.

    Attributes
    ----------
    grey : ndarray of float32, shape [S, S]
        0 = black .. 1 = white.
    mask : ndarray of uint8, shape [S, S]
        1 where there is air; all 0 where nobody drew it.
    known : bool
        Whether the mask says where the pneumothorax is, or that there is none.
    positive : bool
    """

    grey: NDArray[np.float32]
    mask: NDArray[np.uint8]
    known: bool
    positive: bool


@dataclass
class FilmMix:
    """Draws batches in fixed shares of source and label.

    Neither the source nor the share of positives within a source tells the answer: the inserted and the
    transplanted positives lie on films of the same collections as the negatives, and chest drains are
    drawn on negatives and on films with an inserted pneumothorax alike.

    Parameters
    ----------
    outlined : FilmBank
        Films with a drawn mask, all positive.
    outlined_lungs : ndarray of uint8, shape [N, S, S], or None
        Their lung fields (1 right, 2 left); needed for transplants alone.
    negatives : FilmBank
        Films called negative; ``masks`` hold lung fields: they also host insertions and transplants.
    labelled : FilmBank
        Positives by image label alone; their masks are unknown.
    profiles : ndarray of float32, shape [N, L], or None
        See :func:`models.training.shapes.retreat_profiles`; None draws every retreat by formula.
    digital : FilmBank
        Films of the digital thorax with their masks, with and without a pneumothorax.
    size : int
        Edge of the network's grid.
    """

    outlined: FilmBank
    negatives: FilmBank
    labelled: FilmBank
    profiles: NDArray[np.float32] | None
    digital: FilmBank
    size: int
    outlined_lungs: NDArray[np.uint8] | None = None
    settings: BatchSettings = BatchSettings()
    augmentation: Augmentation = field(default_factory=Augmentation)
    #: Negatives of each source are drawn equally often, however many there are; outlined films too.
    _by_source: list[NDArray[np.int64]] = field(init=False)
    _outlined_by_source: list[NDArray[np.int64]] = field(init=False)
    _donors: list[Hemithorax] = field(init=False)

    def __post_init__(self) -> None:
        self._by_source = _by_source(self.negatives)
        self._outlined_by_source = _by_source(self.outlined)
        self._donors = []
        if self.settings.transplanted and self.outlined_lungs is not None:
            for image, mask, lungs in zip(
                self.outlined.images, self.outlined.masks, self.outlined_lungs, strict=True
            ):
                self._donors += donors(image, mask > 0, lungs)

    def draw(self, rng: np.random.Generator) -> list[Example]:
        """Return the films of one batch."""
        shares, made = self.settings, list[Example]()

        def add(image: NDArray[np.uint8], mask: NDArray[np.uint8], known: bool, positive: bool) -> None:
            grey, labels, _ = self.augmentation(image, mask, self.size, rng)
            made.append(Example(grey, (labels > 0).astype(np.uint8), known, positive))

        for _ in range(shares.outlined):
            index = _drawn(self._outlined_by_source, rng)
            add(self.outlined.images[index], self.outlined.masks[index], True, True)
        for _ in range(shares.negative):
            image = self._negative(rng)
            add(image, np.zeros_like(image), True, False)
        for _ in range(shares.inserted):
            add(*self._insert(rng), True, True)
        for _ in range(shares.transplanted):
            add(*self._transplant(rng), True, True)
        for index in rng.integers(0, max(1, len(self.labelled.films)), shares.labelled):
            add(self.labelled.images[index], self.labelled.masks[index], False, True)
        for index in rng.integers(0, max(1, len(self.digital.films)), shares.digital):
            film = self.digital.films[index]
            add(self.digital.images[index], self.digital.masks[index], True, film.positive)
        return made

    def _side(self, rng: np.random.Generator) -> Hemithorax:
        """Draw one side of a negative film, at times with a drain."""
        index = _drawn(self._by_source, rng)
        image, right = self.negatives.images[index], bool(rng.random() < 0.5)
        lungs = self.negatives.masks[index]
        field, other = (lungs == RIGHT, lungs == LEFT) if right else (lungs == LEFT, lungs == RIGHT)
        if rng.random() < self.settings.drain:
            image = draw_drain(image, field, right, rng)
        return Hemithorax(image, field, other, np.zeros_like(field), right)

    def _negative(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        host = self._side(rng)
        if self.settings.healthy_transplants and rng.random() < self.settings.healthy_transplants:
            made = transplant(self._side(rng), host)
            if made is not None:
                return made.image
        return host.image

    def _insert(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        while True:
            host = self._side(rng)
            made = insert_pneumothorax(host.image, host.field, host.right, rng, self.profiles)
            if made is not None:
                return made.image, made.mask.astype(np.uint8)

    def _transplant(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        for _ in range(_TRIES if self._donors else 0):
            made = transplant(self._donors[int(rng.integers(len(self._donors)))], self._side(rng))
            if made is not None:
                return made.image, made.mask.astype(np.uint8)
        return self._insert(rng)


def _by_source(bank: FilmBank) -> list[NDArray[np.int64]]:
    sources = np.array([film.source for film in bank.films])
    return [np.flatnonzero(sources == name) for name in np.unique(sources)]


def _drawn(groups: Sequence[NDArray[np.int64]], rng: np.random.Generator) -> int:
    group = groups[int(rng.integers(len(groups)))]
    return int(group[int(rng.integers(group.size))])


def donors(image: NDArray[np.uint8], mask: NDArray[np.bool_], lungs: NDArray[np.uint8]) -> list[Hemithorax]:
    """Return the sides of an outlined film that have air, each with its own.

    Every connected piece of the mask belongs to the lung field that it overlaps most; a piece that touches
    neither belongs to no side.

    Parameters
    ----------
    image, lungs : ndarray of uint8, shape [S, S]
    mask : ndarray of bool, shape [S, S]
    """
    pieces, count = ndimage.label(mask)
    found = []
    sides = {RIGHT: np.zeros_like(mask), LEFT: np.zeros_like(mask)}
    for number in range(1, count + 1):
        piece = pieces == number
        overlap = {side: int((piece & (lungs == side)).sum()) for side in sides}
        if max(overlap.values()):
            sides[RIGHT if overlap[RIGHT] >= overlap[LEFT] else LEFT] |= piece
    for side, own in sides.items():
        if own.any():
            other = lungs == (LEFT if side == RIGHT else RIGHT)
            found.append(Hemithorax(image, (lungs == side) | own, other & ~own, own, side == RIGHT))
    return found
