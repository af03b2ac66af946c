"""Layers of air thinner than two voxels, whose profiles and volumes are known."""

from __future__ import annotations

import numpy as np
import pytest

from models.ct import Label, segment
from models.ct.profile import fit_profiles, profile, resolution
from models.ct.wall import DEPTHS_MM
from models.prediction import Side

TISSUE, LUNG, LINE, SIGMA = 1040.0, 160.0, 450.0, 0.8


def seen(gap_mm: float, wall_mm: float = -0.15, count: int = 40) -> np.ndarray:
    """Profiles of wall, gap, pleura and lung with the noise that is left of a patch."""
    tissue, lung, line = profile(gap_mm, wall_mm, SIGMA)
    values = TISSUE * tissue + LUNG * lung + (LINE * line if gap_mm else 0.0)
    noise = np.random.default_rng(3).normal(0, 3.0, (count, len(DEPTHS_MM)))
    return (values + noise).astype(np.float32)


def test_a_profile_is_wall_gap_line_and_lung() -> None:
    tissue, lung, line = profile(2.0, 0.0, 0.5)
    step = DEPTHS_MM[1] - DEPTHS_MM[0]
    middle = int(np.argmin(np.abs(DEPTHS_MM)))
    # Half of the tissue at the wall, half of the lung and the line's peak 2 mm deeper.
    assert tissue[middle] == pytest.approx(0.5)
    assert lung[middle + 5] == pytest.approx(0.5)
    assert line.sum() * step == pytest.approx(1.0, abs=1e-3)
    assert line.max() == pytest.approx(1 / (0.5 * np.sqrt(2 * np.pi)))


@pytest.mark.parametrize("gap_mm", [1.0, 1.5, 3.0, 5.0])
def test_the_gap_is_found_to_a_fifth_of_a_millimetre(gap_mm: float) -> None:
    fit = fit_profiles(seen(gap_mm), SIGMA)
    assert np.abs(fit.gap_mm - gap_mm).max() <= 0.2
    assert np.median(fit.line) == pytest.approx(LINE, rel=0.1)
    assert np.median(fit.lung) == pytest.approx(LUNG, abs=5)
    # Noise is what is left with the layer, and more without.
    assert np.median(fit.error) < 4.0 < 3.0 * np.median(fit.error) < np.median(fit.without)


def test_a_wall_without_a_layer_needs_none() -> None:
    fit = fit_profiles(seen(0.0), SIGMA)
    assert np.median(fit.without) < 4.0


def test_the_resolution_is_that_of_the_scan() -> None:
    assert resolution(np.concatenate([seen(0.0), seen(1.5)])) == pytest.approx(SIGMA)


def test_a_shell_of_two_and_a_half_millimetres_is_found_with_its_volume(chest) -> None:
    made = chest(shrink_mm=2.5, spacing_mm=(1.5, 1.5, 1.5), stomach=False)
    found = segment(made.hounsfield, made.spacing_mm)
    voxel_ml = float(np.prod(made.spacing_mm)) / 1000
    measured = np.count_nonzero(found.of(Label.RIGHT_PNEUMOTHORAX)) * voxel_ml
    assert measured == pytest.approx(made.air_ml, rel=0.06, abs=5)
    assert not found.of(Label.LEFT_PNEUMOTHORAX).any()
    assert found.lung_hounsfield[Side.LEFT] == pytest.approx(-850, abs=8)
