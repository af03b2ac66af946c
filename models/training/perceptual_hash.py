"""Films that look alike: a hash of the coarse picture, and a look at the candidates it finds."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

#: Edge of the coarse picture, and of the corner of its cosine transform that is kept.
_COARSE, _KEPT = 32, 8
#: Edge of the thumbnail with which candidates are compared.
THUMBNAIL = 64
#: Bits in which two hashes of the same film may differ.
MOST_BITS = 10
#: Correlation of two thumbnails from which on they show the same film.
LEAST_CORRELATION = 0.985
_BITS_SET = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


def perceptual_hash(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 64 bits that hardly change when a film is resized, recompressed or brightened, uint8 [8].

    The signs, against their median, of the lowest 8 x 8 coefficients of the discrete cosine transform of
    a 32 x 32 picture (Zauner 2010, "Implementation and benchmarking of perceptual image hash
    functions", section 3.2.1).

    Parameters
    ----------
    grey : ndarray of uint8, shape [H, W]
    """
    coarse = cv2.resize(grey, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA).astype(np.float64)
    lowest = dctn(coarse, norm="ortho")[:_KEPT, :_KEPT].ravel()
    # The first coefficient is the mean brightness.
    return np.packbits(lowest > np.median(lowest[1:]))


def thumbnail(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a film as uint8 [64, 64], without keeping proportions."""
    return np.asarray(cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA), np.uint8)


def hamming(first: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return in how many bits each of `others` [N, 8] differs from `first` [8]."""
    return np.asarray(_BITS_SET[others ^ first].sum(axis=1, dtype=np.int64))


def correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Return Pearson's correlation of two thumbnails; 0 where one is blank."""
    a, b = (values.astype(np.float64).ravel() for values in (first, second))
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / scale if scale else 0.0


class LookAlikes:
    """Films seen so far, searched for the ones that a new film repeats."""

    def __init__(self) -> None:
        self._hashes = np.zeros((1024, 8), np.uint8)
        self._thumbnails = np.zeros((1024, THUMBNAIL, THUMBNAIL), np.uint8)
        self._count = 0

    def find(self, grey: NDArray[np.uint8]) -> int | None:
        """Return the number of the first film that `grey` repeats, in the order of adding; or None."""
        small = thumbnail(grey)
        for number in self._candidates(perceptual_hash(grey)):
            if correlation(small, self._thumbnails[number]) >= LEAST_CORRELATION:
                return number
        return None

    def add(self, grey: NDArray[np.uint8]) -> None:
        """Keep one more film in mind."""
        if self._count == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
            self._thumbnails = np.concatenate([self._thumbnails, np.zeros_like(self._thumbnails)])
        self._hashes[self._count] = perceptual_hash(grey)
        self._thumbnails[self._count] = thumbnail(grey)
        self._count += 1

    def _candidates(self, bits: NDArray[np.uint8]) -> Iterator[int]:
        distance = hamming(bits, self._hashes[: self._count])
        yield from (int(number) for number in np.flatnonzero(distance <= MOST_BITS))
