"""Agreement of a measurement with the truth: bias, limits of agreement, correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Agreement:
    """Bland and Altman's comparison (Lancet 1986;1:307).

    Attributes
    ----------
    count : int
    bias : float
        Mean of measured minus true.
    lower, upper : float
        Limits of agreement: bias ± 1.96 standard deviations of the differences.
    correlation : float
        Pearson's r; not a number where one of the two does not vary.
    largest : float
        Greatest absolute difference.
    """

    count: int
    bias: float
    lower: float
    upper: float
    correlation: float
    largest: float


def agreement(truth: NDArray[np.float64], measured: NDArray[np.float64]) -> Agreement:
    """Compare measured values with true ones, both [N] with N of 2 or more.

    Raises
    ------
    ValueError
        If there are fewer than two pairs.
    """
    if len(truth) != len(measured) or len(truth) < 2:
        raise ValueError(f"agreement needs two pairs or more, got {len(truth)} and {len(measured)}")
    difference = measured - truth
    bias, spread = float(difference.mean()), 1.96 * float(difference.std(ddof=1))
    varies = truth.std() > 0 and measured.std() > 0
    return Agreement(
        len(truth),
        bias,
        bias - spread,
        bias + spread,
        float(np.corrcoef(truth, measured)[0, 1]) if varies else float("nan"),
        float(np.abs(difference).max()),
    )
