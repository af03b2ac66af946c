"""The published formulas, as numbers in and numbers out."""

from __future__ import annotations

from typing import Final

import numpy as np

#: Rhea 1982 (Radiology 144:733), as tabled: average interpleural distance in cm, and percent.
RHEA_CM: Final = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
RHEA_PERCENT: Final = (10.0, 14.0, 18.0, 23.0, 27.0, 32.0, 36.0, 40.0, 49.0)
#: Thresholds of the size classes in mm.
BTS_LARGE_MM: Final = 20.0
ACCP_LARGE_MM: Final = 30.0


def collins(a_cm: float, b_cm: float, c_cm: float) -> float:
    """Return the percentage of Collins 1995 (AJR 165:1127): 4.2 + 4.7 (A + B + C), lengths in cm.

    0 where there is no pneumothorax, which the regression's intercept does not know; at most 100,
    which a sum of 20.4 cm reaches.
    """
    total = a_cm + b_cm + c_cm
    return min(100.0, 4.2 + 4.7 * total) if total > 0 else 0.0


def rhea(average_cm: float) -> float | None:
    """Return the percentage of Rhea 1982 for an average interpleural distance in cm.

    Interpolated in the table, and between 0 and its first entry; None beyond its last one (5 cm,
    49 %), where nothing was measured.
    """
    if average_cm > RHEA_CM[-1]:
        return None
    return float(np.interp(average_cm, (0.0, *RHEA_CM), (0.0, *RHEA_PERCENT)))


def light_index(lung: float, hemithorax: float) -> float:
    """Return the percentage of Light: 100 (1 - lung³ / hemithorax³), diameters in one unit.

    Raises
    ------
    ValueError
        If the hemithorax has no width.
    """
    if not hemithorax > 0:
        raise ValueError("the hemithorax has no width")
    return float(np.clip(100.0 * (1.0 - (lung / hemithorax) ** 3), 0.0, 100.0))


def kircher_swartz(
    lung_length: float, lung_width: float, hemithorax_length: float, hemithorax_width: float
) -> float:
    """Return the percentage of Kircher and Swartz 1954: 100 (A - a) / A, areas as length × width.

    Raises
    ------
    ValueError
        If the hemithorax has no area.
    """
    area = hemithorax_length * hemithorax_width
    if not area > 0:
        raise ValueError("the hemithorax has no area")
    return float(np.clip(100.0 * (1.0 - lung_length * lung_width / area), 0.0, 100.0))


def size_class(distance_mm: float, threshold_mm: float) -> str:
    """Return ``"large"`` from the threshold on, ``"small"`` below it."""
    return "large" if distance_mm >= threshold_mm else "small"
