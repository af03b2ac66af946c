"""Beer-Lambert, scatter, noise and the characteristic curve."""

import numpy as np
import pytest

from models.synthesis.film import Exposure, expose, lead_marker
from models.synthesis.geometry import Projection
from models.synthesis.materials import MU_WATER, attenuation
from models.synthesis.processing import for_presentation

QUIET = Exposure(quanta_per_mm2=1e14, scatter_fraction_of_primary=0.0)


def test_hounsfield_units_are_linear_in_attenuation() -> None:
    values = attenuation(np.array([-1000.0, 0.0, 1000.0], np.float32))
    assert values == pytest.approx([0.0, MU_WATER, 2 * MU_WATER])


def test_ten_centimetres_of_water_transmit_by_beer_lambert() -> None:
    depth = np.full((32, 32), 100.0 * MU_WATER, np.float32)
    signal = expose(depth, 1.0, QUIET, np.random.default_rng(0))
    assert signal == pytest.approx(np.full((32, 32), np.exp(-1.93)), rel=1e-4)


def test_scatter_adds_its_share_of_the_primary_beam() -> None:
    depth = np.full((64, 64), 2.0, np.float32)
    scattered = Exposure(quanta_per_mm2=1e14, scatter_fraction_of_primary=0.5)
    signal = expose(depth, 2.0, scattered, np.random.default_rng(0))
    assert signal.mean() == pytest.approx(1.5 * np.exp(-2.0), rel=1e-3)


def test_noise_follows_the_number_of_quanta() -> None:
    def relative_noise(depth: float) -> float:
        signal = expose(
            np.full((256, 256), depth, np.float32),
            1.0,
            Exposure(quanta_per_mm2=1e5, scatter_fraction_of_primary=0.0),
            np.random.default_rng(3),
        )
        return float(signal.std() / signal.mean())

    assert relative_noise(2.0) / relative_noise(0.0) == pytest.approx(np.exp(1.0), rel=0.02)


def test_the_open_beam_is_black_and_thicker_is_whiter() -> None:
    depths = np.repeat(np.repeat(np.array([[0.0, 1.0, 2.0, 4.0]], np.float32), 64, 0), 64, 1)
    shown = for_presentation(expose(depths, 1.0, QUIET, np.random.default_rng(0)), 1.0)
    assert shown.dtype == np.uint16
    assert shown[32, 0] == 0
    assert np.all(np.diff(shown[32, 32::64].astype(int)) > 200)
    assert shown.max() <= 4095


def test_the_marker_is_an_l_at_the_upper_right() -> None:
    marker = lead_marker(Projection(205, 205, 2.0))
    rows, columns = np.nonzero(marker > 0.3)
    assert rows.max() < 30
    assert columns.min() > 170
    # The foot points to the right of an upright letter, so that the film's sides cannot be confused.
    widths = [np.count_nonzero(marker[row] > 0.3) for row in (rows.min() + 1, rows.max())]
    assert widths[0] < widths[1]
