"""Beer-Lambert, scatter, noise and the characteristic curve."""

import numpy as np
import pytest

from models.synthesis.exposure import Exposure, expose
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


def test_another_tone_darkens_the_lung_and_leaves_black_and_the_order_alone() -> None:
    depths = np.repeat(np.repeat(np.array([[0.0, 1.7, 4.0]], np.float32), 64, 0), 64, 1)
    signal = np.exp(-depths)
    usual, darker = (for_presentation(signal, 1.0, tone)[32, 32::64] / 4095 for tone in (1.0, 1.5))
    assert darker == pytest.approx(usual**1.5, abs=1e-3)


def test_bone_shows_in_front_of_the_abdomen_as_well_as_of_the_lung() -> None:
    """The curve is flat where much absorbs; what is small keeps its contrast there."""
    steps = []
    for depth in (1.6, 4.4):
        field = np.full((160, 160), depth, np.float32)
        field[60:100, 76:84] += 0.05  # a rib's margin, 1.6 mm
        field[:8] = 0.0
        shown = for_presentation(np.exp(-field), 0.2).astype(float)
        steps.append(shown[70:90, 78:82].mean() - shown[70:90, 20:40].mean())
    assert steps[0] > 60.0
    assert steps[1] > 0.3 * steps[0]


def test_a_thicker_patient_is_shown_nearly_alike() -> None:
    rng = np.random.default_rng(1)
    film = np.zeros((96, 96), np.float32)
    film[8:, 8:88] = 4.0
    film[16:70, 12:40] = film[16:70, 56:84] = 1.7
    film += rng.normal(0.0, 0.01, film.shape).astype(np.float32) * (film > 0)
    usual, thick = (for_presentation(np.exp(-scale * film), 4.0).astype(float) for scale in (1.0, 1.2))
    lung = np.s_[30:60, 18:34]
    # By the curve alone a density of 2.04 in place of 1.70 would be some 800 of 4,095 brighter.
    assert 0.0 < thick[lung].mean() - usual[lung].mean() < 500.0


def test_only_air_is_black() -> None:
    shown = for_presentation(
        np.exp(-np.array([[0.0, 0.14, 0.5, 0.8]], np.float32).repeat(32, 0).repeat(32, 1)), 1.0
    )
    assert shown[16, 8] == 0
    assert shown[16, 112] > 40
