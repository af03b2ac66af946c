"""Random changes of a film that leave its label true; image and mask move together."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training import artefacts


@dataclass(frozen=True)
class Augmentation:
    """Strength of each change; 0 or False switches it off, for an ablation.

    Attributes
    ----------
    flip : bool
        Mirror left and right (the label map of sided classes must be swapped by the caller).
    rotation_degrees, scale, shift : float
        Largest rotation, relative zoom and relative translation.
    elastic_pixels : float
        Amplitude of a smooth random displacement.
    brightness, contrast, gamma : float
        Largest relative change.
    noise : float
        Largest standard deviation of Gaussian noise, in units of the full grey range.
    blur : float
        Largest standard deviation of a Gaussian blur in pixels; the smallest is 0.2.
    jpeg : bool
        Recompress now and then at a random quality.
    cutout : int
        Largest number of erased squares.
    device_cutout : float
        Share of films from which drains, wires and burnt-in labels are taken away.
    grid_lines : float
        Largest amplitude of an anti-scatter grid's lines, in units of the full grey range; on a fifth of
        the films.
    collimation : float
        Largest share of the edge that a shutter covers, on a fifth of the films; never labelled pixels.
    letters : int
        Largest number of texts burnt into the film's outer part.
    """

    flip: bool = True
    rotation_degrees: float = 12.0
    scale: float = 0.15
    shift: float = 0.06
    elastic_pixels: float = 5.0
    brightness: float = 0.12
    contrast: float = 0.25
    gamma: float = 0.35
    noise: float = 0.04
    blur: float = 1.0
    jpeg: bool = True
    cutout: int = 2
    device_cutout: float = 0.0
    grid_lines: float = 0.0
    collimation: float = 0.0
    letters: int = 0

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if value < 0:
                raise ValueError(f"the augmentation {name} cannot be negative")
        if self.scale >= 1 or self.contrast > 1 or self.device_cutout > 1 or self.collimation >= 0.5:
            raise ValueError(
                "of the augmentations, scale must be below 1, contrast and device_cutout at most 1, "
                "collimation below 0.5"
            )

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], size: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], bool]:
        """Return a changed film.

        Parameters
        ----------
        image, mask : ndarray of uint8, shape [S, S]
        size : int
            Edge of the result: the whole film, resampled.
        rng : numpy.random.Generator

        Returns
        -------
        image : ndarray of float32, shape [size, size], 0..1
        mask : ndarray of uint8, shape [size, size]
        flipped : bool
        """
        image = self._scanned(image, mask, rng)
        flipped = bool(self.flip and rng.random() < 0.5)
        columns, rows = self._sampling(image.shape[0], size, flipped, rng)
        moved = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        labels = cv2.remap(mask, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        return self._grey(np.asarray(moved, np.uint8), rng), np.asarray(labels, np.uint8), flipped

    def _scanned(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        # What stands on the film itself comes first: it is turned and bent with the film.  A switch that
        # is off draws no random number: the films of earlier runs stay the same.
        if self.device_cutout and rng.random() < self.device_cutout:
            image = artefacts.without_devices(image)
        if self.letters:
            image = artefacts.letters(image, self.letters, rng)
        if self.collimation and rng.random() < 0.2:
            image = artefacts.collimation(image, mask, self.collimation, rng)
        if self.grid_lines and rng.random() < 0.2:
            image = artefacts.grid_lines(image, self.grid_lines, rng)
        return image

    def _sampling(
        self, source: int, size: int, flipped: bool, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        angle = np.deg2rad(rng.uniform(-self.rotation_degrees, self.rotation_degrees))
        zoom = source / size / (1.0 + rng.uniform(-self.scale, self.scale))
        offset = rng.uniform(-self.shift, self.shift, 2) * source
        grid = (np.arange(size, dtype=np.float32) - (size - 1) / 2) * zoom
        x, y = np.meshgrid(-grid if flipped else grid, grid)
        columns = np.cos(angle) * x - np.sin(angle) * y + (source - 1) / 2 + offset[0]
        rows = np.sin(angle) * x + np.cos(angle) * y + (source - 1) / 2 + offset[1]
        if self.elastic_pixels and rng.random() < 0.5:
            # Displacements on a coarse lattice, resampled smoothly: bends, never tears.
            lattice = rng.normal(0.0, self.elastic_pixels * 0.6, (2, 6, 6)).astype(np.float32)
            columns = columns + cv2.resize(lattice[0], (size, size), interpolation=cv2.INTER_CUBIC)
            rows = rows + cv2.resize(lattice[1], (size, size), interpolation=cv2.INTER_CUBIC)
        return columns.astype(np.float32), rows.astype(np.float32)

    def _grey(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
        if self.jpeg and rng.random() < 0.2:
            quality = int(rng.integers(40, 90))
            _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
        grey = image.astype(np.float32) / 255.0
        if self.blur and rng.random() < 0.2:
            sigma = rng.uniform(0.2, max(0.2, self.blur))
            grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)
        if self.gamma:
            grey = grey ** np.float32(np.exp(rng.uniform(-self.gamma, self.gamma)))
        gain = 1.0 + rng.uniform(-self.contrast, self.contrast)
        level = 0.5 + rng.uniform(-self.brightness, self.brightness)
        grey = (grey - 0.5) * np.float32(gain) + np.float32(level)
        if self.noise and rng.random() < 0.4:
            grey = grey + rng.normal(0.0, rng.uniform(0, self.noise), grey.shape).astype(np.float32)
        for _ in range(int(rng.integers(0, self.cutout + 1)) if self.cutout else 0):
            edge = min(int(rng.integers(6, 28)), grey.shape[0] // 2)
            top, left = rng.integers(0, grey.shape[0] - edge, 2)
            grey[top : top + edge, left : left + edge] = rng.random()
        return np.asarray(np.clip(grey, 0.0, 1.0), np.float32)
