"""What is seen where a part of the film is taken away: lung without structure, but with a lung's grain.

A blurred lung is no absence.  It has no vessels, and "no vessels beyond a line" is what a pneumothorax
looks like: films without one seem to have one as soon as a part of a lung is blurred, and blurring
the air of a real one raises its score.  So the blurred film is given back the grain of this film's
own lungs, as noise of the same spectrum and strength with its phases drawn at random: nothing in it is a
line, a vessel or an edge, and nothing is missing either.  docs/explanations.md has the figures by which
it was chosen.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from explain.baseline import blurred

#: In captions.
GRAINED = "blurred film with its lungs' grain"
#: Grain is what is finer than a Gaussian of this standard deviation, as a share of the grid's edge.
GRAIN_SCALE = 1 / 72
#: Window in which the strength of grain is taken, as a share of the grid's edge.
STRENGTH_WINDOW = 1 / 17
#: Lung fields are widened by this share of the grid's edge: the pleura lies on their border, not inside.
MARGIN = 1 / 48
#: Standard deviation of the transition to the stand-in, as a share of the grid's edge: a sharp border in
#: a lung would be a line.
TRANSITION = 1 / 96

Grid = NDArray[np.float32]
Mask = NDArray[np.bool_]


def lung_like(film: Tensor, content: Mask, lungs: Mask | None, seed: int = 0) -> Tensor:
    """Return the film with nothing on it but its coarse greys and grain.

    Parameters
    ----------
    film : Tensor, shape [1, 1, S, S]
    content : ndarray of bool, shape [S, S]
        False in the padding, which stays as it is.
    lungs : ndarray of bool, shape [S, S], or None
        Both lung fields.  Inside, grain has everywhere the median strength of the lungs', so that a
        place without vessels gets no less; without lung fields the whole film counts as one.
        Outside, its strength follows the film.
    seed : int
        Of the phases.

    Returns
    -------
    Tensor, shape [1, 1, S, S]
        Within the film's own range.
    """
    grey = film[0, 0].float().cpu().numpy()
    coarse = blurred(film, content)[0, 0].float().cpu().numpy()
    fine = np.where(content, grey - _smooth(grey, content, GRAIN_SCALE), np.float32(0))
    width = int(grey.shape[0] * STRENGTH_WINDOW) | 1
    strength = np.sqrt(np.maximum(ndimage.uniform_filter(fine**2, width), 0))
    donors = content if lungs is None or not (lungs & content).any() else lungs & content
    reach = ndimage.distance_transform_edt(~donors) <= MARGIN * grey.shape[0]
    inside, rng = reach & content, np.random.default_rng(seed)
    grain = _noise(fine, donors, rng) * np.float32(np.median(strength[donors]))
    outside = content & ~inside
    if outside.any():
        elsewhere = _noise(fine, outside, rng) * _smooth(strength, content, 2 * GRAIN_SCALE)
        grain = np.where(inside, grain, elsewhere)
    low, high = (float(edge) for edge in (grey[content].min(), grey[content].max()))
    made = np.where(content, np.clip(coarse + grain, low, high), grey).astype(np.float32)
    return torch.from_numpy(made)[None, None].to(film)


def feathered(mask: NDArray[np.generic], content: Mask) -> Grid:
    """Return a mask [S, S] with a soft edge, float32 0..1; 0 in the padding.

    Masks that fill the film together without overlap still add up to 1 everywhere on it.
    """
    return np.where(content, _smooth(mask.astype(np.float32), content, TRANSITION), np.float32(0))


def replaced(film: Tensor, stand_in: Tensor, gone: Tensor) -> Tensor:
    """Return films [N, 1, S, S] of which the share `gone` [N, 1, S, S], 0..1, is seen as the stand-in."""
    return torch.lerp(film, stand_in, gone.to(film))


def _smooth(values: Grid, content: Mask, share: float) -> Grid:
    """Return a Gaussian mean over the film alone, whatever the padding holds."""
    sigma = share * values.shape[0]
    weight = ndimage.gaussian_filter(content.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(content, values, np.float32(0)), sigma)
    return np.asarray(total / np.maximum(weight, np.float32(1e-6)), np.float32)


def _noise(fine: Grid, where: Mask, rng: np.random.Generator) -> Grid:
    """Return noise [S, S] of mean strength 1 with the spectrum that `fine` has inside `where`."""
    # Smoothed by one bin: the spectrum of a texture, not that of its particular lines.
    amplitude = ndimage.gaussian_filter(np.abs(np.fft.rfft2(np.where(where, fine, 0))), 1.0)
    phases = np.angle(np.fft.rfft2(rng.standard_normal(fine.shape)))
    noise = np.fft.irfft2(amplitude * np.exp(1j * phases), s=fine.shape)
    spread = float(noise.std())
    return np.asarray(noise / spread if spread > 0 else noise, np.float32)
