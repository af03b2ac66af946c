"""From displayed pixels to a network's input: one module for training, inference and explanation.

The steps: percentiles to black and white, then, where a network's card asks for it, noise removed and
local contrast equalised, then resizing to square pixels in proportion, with padding
(:mod:`models.geometry`, which also holds the way back for masks: the optional steps move nothing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import GridTransform, resample

#: Percentiles of the image that become black and white.
BLACK_PERCENTILE = 0.5
WHITE_PERCENTILE = 99.5
#: The optional steps work on the film at no more than this many pixels an edge, whatever grid follows: what
#: they do to a film does not depend on how finely it was digitised.
ENHANCED_EDGE = 1024
#: Tiles an edge for equalising local contrast (Zuiderveld 1994 proposes 8).
CLAHE_TILES = 8

Denoising = Literal["none", "bilateral", "non-local-means"]


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a film beyond the percentiles; nothing by default.

    Attributes
    ----------
    denoise : {"none", "bilateral", "non-local-means"}
        Edge-preserving smoothing (Tomasi and Manduchi 1998), or averaging of alike patches
        (Buades et al. 2005).
    denoise_strength : float
        Grey values, as a share of the full range, that count as noise.
    clahe : float
        Clip limit of contrast-limited adaptive histogram equalisation (Zuiderveld 1994); 0 is off, 2 to 4
        are usual for chest films.

    Raises
    ------
    ValueError
        If a value is unknown or negative.
    """

    denoise: Denoising = "none"
    denoise_strength: float = 0.03
    clahe: float = 0.0

    def __post_init__(self) -> None:
        if self.denoise not in get_args(Denoising):
            raise ValueError(f"denoise must be one of {', '.join(get_args(Denoising))}, not {self.denoise!r}")
        if self.denoise_strength <= 0 or self.clahe < 0:
            raise ValueError("denoise_strength must be above 0, and clahe 0 (off) or above")

    @property
    def active(self) -> bool:
        """Whether anything is done at all."""
        return self.denoise != "none" or self.clahe > 0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Preprocessing:
        """Return what a model card's options ask for under ``preprocessing``; nothing where they are silent.

        Raises
        ------
        ValueError
            If the card asks for something unknown.
        """
        try:
            return cls(**options.get("preprocessing", {}))
        except TypeError as error:
            raise ValueError(f"the card asks for unknown preprocessing: {error}") from error


#: Percentiles, resizing and padding alone.
PLAIN = Preprocessing()


def normalise(pixels: NDArray[np.floating | np.integer]) -> NDArray[np.float32]:
    """Stretch displayed pixels between robust percentiles to 0..1.

    Parameters
    ----------
    pixels : ndarray of float or integer, shape [H, W]
        As displayed, rising from black to white; any finite scale is accepted, e.g. 0..1 or 0..255.

    Returns
    -------
    ndarray of float32, shape [H, W]
        Clipped to 0..1; all 0 for an image of one grey value.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    if not np.isfinite(pixels).all():
        raise ValueError("the image holds values that are not finite numbers")
    # Some 512 rows and columns are plenty for the percentiles of a large film.
    step = max(1, min(pixels.shape) // 512)
    low, high = np.percentile(pixels[::step, ::step], [BLACK_PERCENTILE, WHITE_PERCENTILE])
    if high <= low:
        return np.zeros(pixels.shape, dtype=np.float32)
    stretched = (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(stretched, 0.0, 1.0, out=stretched)


def enhance(
    image: NDArray[np.float32], options: Preprocessing, square_shape: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Remove noise, then equalise local contrast, as far as `options` ask for it.

    Parameters
    ----------
    image : ndarray of float32, shape [H, W], 0..1
    options : Preprocessing
    square_shape : tuple of float, or None
        Rows and columns that square pixels would have; None where they are square.

    Returns
    -------
    ndarray of float32, 0..1
        The whole film in square pixels; its longer edge has at most :data:`ENHANCED_EDGE` pixels.
        `image` itself where nothing is to be done.
    """
    if not options.active:
        return image
    square = square_shape or image.shape
    scale = min(1.0, ENHANCED_EDGE / max(square))
    rows, columns = (max(1, round(length * scale)) for length in square)
    if (rows, columns) != image.shape:
        image = resample(image, rows, columns)
    if options.denoise == "bilateral":
        image = np.asarray(cv2.bilateralFilter(image, 7, options.denoise_strength, 2.0), np.float32)
    elif options.denoise == "non-local-means":
        grey = np.round(image * 255).astype(np.uint8)
        # Alike patches of 5 x 5 pixels are looked for within 11 x 11: a line keeps its own kind.
        smooth = cv2.fastNlMeansDenoising(grey, None, options.denoise_strength * 255, 5, 11)
        image = np.asarray(smooth, np.float32) / np.float32(255)
    if options.clahe:
        grey = np.round(image * 255).astype(np.uint8)
        equaliser = cv2.createCLAHE(options.clahe, (CLAHE_TILES, CLAHE_TILES))
        image = np.asarray(equaliser.apply(grey), np.float32) / np.float32(255)
    return np.clip(image, 0.0, 1.0)


def letterbox(
    pixels: NDArray[np.floating | np.integer], transform: GridTransform, options: Preprocessing = PLAIN
) -> NDArray[np.float32]:
    """Normalise an upright film, do what `options` ask for, and bring it into the network's grid.

    Parameters
    ----------
    pixels : ndarray of float or integer, shape [H, W]
        In the usual display already.
    transform : GridTransform
        Its turn is left alone.
    options : Preprocessing

    Returns
    -------
    ndarray of float32, shape [size, size]
        0 = black .. 1 = white; padding is black.

    Raises
    ------
    ValueError
        If a value is not finite, or `pixels` is not of the transform's turned shape.
    """
    if pixels.shape != transform.turned_shape:
        raise ValueError(f"expected an array of shape {transform.turned_shape}, got {pixels.shape}")
    return transform.place(enhance(normalise(pixels), options, transform.square_shape))


def to_network(
    pixels: NDArray[np.floating | np.integer], transform: GridTransform, options: Preprocessing = PLAIN
) -> NDArray[np.float32]:
    """Normalise `pixels` and bring them into the network's grid.

    Parameters
    ----------
    pixels : ndarray of float or integer, shape [H, W]
    transform : GridTransform
        From the grid of `pixels` to the network's.
    options : Preprocessing
        What the network was trained with, from its card.

    Returns
    -------
    ndarray of float32, shape [size, size]
        -1 = black .. 1 = white; padding is black.

    Raises
    ------
    ValueError
        If a value is not finite, or `pixels` is not of the transform's source shape.
    """
    # Turned first: the percentiles sample the same pixels however the film lies in its file.
    return letterbox(transform.turn.apply(pixels), transform, options) * 2.0 - 1.0
