"""Where the rays of a film run: an ideal point source and a flat detector."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Projection:
    """A frontal film: postero-anterior with the source behind the patient, antero-posterior with it in front.

    The central ray passes the patient's coronal plane y = 0 at `centre_mm`, ``source_to_object_mm``
    from the source; millimetres are true there after division by :attr:`magnification`.

    Attributes
    ----------
    rows, columns : int
        Pixels of the detector.
    pixel_mm : float
        Pitch of the detector (ImagerPixelSpacing).
    source_to_detector_mm, source_to_object_mm : float
    centre_mm : tuple of float
        x and z of the central ray in the patient: where the film was centred.
    view : {"PA", "AP"}
        Either way the film is shown with the patient's left on the right.
    """

    rows: int
    columns: int
    pixel_mm: float
    source_to_detector_mm: float = 1800.0
    source_to_object_mm: float = 1640.0
    view: Literal["PA", "AP"] = "PA"
    centre_mm: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not 0 < self.source_to_object_mm < self.source_to_detector_mm:
            raise ValueError(
                "the patient must stand between source and detector: source-object "
                f"{self.source_to_object_mm} mm, source-detector {self.source_to_detector_mm} mm"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def magnification(self) -> float:
        """Enlargement of the plane through the origin: SID / SOD."""
        return self.source_to_detector_mm / self.source_to_object_mm

    @property
    def source(self) -> NDArray[np.float64]:
        """Position of the focal spot, [x, y, z] in mm."""
        return np.array([self.centre_mm[0], self._behind * self.source_to_object_mm, self.centre_mm[1]])

    @property
    def _behind(self) -> int:
        """Sign of the source's y."""
        return 1 if self.view == "PA" else -1

    def binned(self, factor: int) -> Projection:
        """Return the same detector read out in blocks of `factor` x `factor` pixels, rounded up."""
        return replace(
            self,
            rows=-(-self.rows // factor),
            columns=-(-self.columns // factor),
            pixel_mm=self.pixel_mm * factor,
        )

    def plane(self, y: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return x [1, columns] and z [rows, 1] in mm where the rays cross the plane at `y`."""
        scale = (self.source_to_object_mm - self._behind * y) / self.source_to_detector_mm * self.pixel_mm
        x = (np.arange(self.columns, dtype=np.float64) - (self.columns - 1) / 2.0) * scale + self.centre_mm[0]
        z = ((self.rows - 1) / 2.0 - np.arange(self.rows, dtype=np.float64)) * scale + self.centre_mm[1]
        return x[None, :].astype(np.float32), z[:, None].astype(np.float32)

    def project(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Project points [N, 3].

        Returns
        -------
        pixels : ndarray of float64, shape [N, 2]
            Row and column, pixel centres at whole numbers.
        scale : ndarray of float64, shape [N]
            Enlargement of each point's own plane.
        """
        scale = self.source_to_detector_mm / (self.source_to_object_mm - self._behind * points[:, 1])
        x, z = points[:, 0] - self.centre_mm[0], points[:, 2] - self.centre_mm[1]
        column = x * scale / self.pixel_mm + (self.columns - 1) / 2.0
        row = (self.rows - 1) / 2.0 - z * scale / self.pixel_mm
        return np.stack([row, column], axis=1), scale

    def path_per_depth(self) -> NDArray[np.float32]:
        """Return how many mm of its path each ray spends in one mm of y, [rows, columns]; 1 or more."""
        u = (np.arange(self.columns) - (self.columns - 1) / 2.0) * self.pixel_mm
        v = (np.arange(self.rows) - (self.rows - 1) / 2.0) * self.pixel_mm
        square = (u[None, :] ** 2 + v[:, None] ** 2) / self.source_to_detector_mm**2
        return np.sqrt(1.0 + square).astype(np.float32)
