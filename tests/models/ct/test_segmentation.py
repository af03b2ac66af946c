"""Lungs and pleural air of a chest whose volumes are known from its axes."""

from __future__ import annotations

import numpy as np
import pytest

from models.ct import Label, NoLungsError, segment
from models.prediction import Side


def millilitres(chest, mask) -> float:
    return np.count_nonzero(mask) * float(np.prod(chest.spacing_mm)) / 1000


def test_a_chest_without_pneumothorax_has_none(chest):
    made = chest()
    found = segment(made.hounsfield, made.spacing_mm)
    assert not found.pneumothorax.any()
    for side, mask in (("right", found.right_lung), ("left", found.left_lung)):
        assert millilitres(made, mask) == pytest.approx(made.lung_ml[side], rel=0.04)


def test_sides_are_the_patients(chest):
    made = chest()
    found = segment(made.hounsfield, made.spacing_mm)
    middle = made.hounsfield.shape[2] / 2
    # Columns run from the patient's right to the left.
    assert np.nonzero(found.right_lung)[2].max() < middle < np.nonzero(found.left_lung)[2].min()


@pytest.mark.parametrize(("shrink_mm", "side"), [(5.0, "right"), (10.0, "left"), (20.0, "right")])
def test_the_volume_of_pleural_air_is_found_on_its_side(chest, shrink_mm, side):
    made = chest(shrink_mm=shrink_mm, side=side)
    found = segment(made.hounsfield, made.spacing_mm)
    label = {"right": Label.RIGHT_PNEUMOTHORAX, "left": Label.LEFT_PNEUMOTHORAX}[side]
    measured = millilitres(made, found.of(label))
    assert measured == pytest.approx(made.air_ml, rel=0.06, abs=5)
    assert millilitres(made, found.pneumothorax) == measured


def test_trachea_stomach_and_air_under_the_skin_are_not_pleural(chest):
    made = chest(skin_air=True)
    found = segment(made.hounsfield, made.spacing_mm)
    assert not found.pneumothorax.any()
    airways = found.of(Label.AIRWAYS)
    # A tube of 8 mm radius and 130 mm length is 26 mL.
    assert 18 < millilitres(made, airways) < 34
    lungs = found.right_lung | found.left_lung
    assert not lungs[-3:].any()
    assert lungs[:, :, -20:].sum() == 0


def test_levels_come_from_the_scan_itself(chest):
    made = chest(lung=-800.0)
    found = segment(made.hounsfield, made.spacing_mm)
    assert found.air_hounsfield == pytest.approx(-1000, abs=8)
    assert found.lung_hounsfield[Side.LEFT] == pytest.approx(-800, abs=8)


def test_emphysema_is_named_a_confounder(chest):
    made = chest(lung=-962.0)
    found = segment(made.hounsfield, made.spacing_mm)
    assert any("emphysema" in notice for notice in found.notices)


def test_thick_slices_are_told(chest):
    made = chest(spacing_mm=(8.0, 1.5, 1.5))
    found = segment(made.hounsfield, made.spacing_mm)
    assert not found.pneumothorax.any()
    assert "The slices are 8.0 mm apart: thin layers of air can be missed." in found.notices


def test_lungs_cut_off_by_the_series_are_told(chest):
    made = chest()
    found = segment(made.hounsfield[25:], made.spacing_mm)
    assert any("cut off at the top" in notice for notice in found.notices)


def test_a_head_has_no_lungs():
    z, y, x = np.ogrid[-40:40, -60:60, -60:60]
    skull = (z / 38) ** 2 + (y / 50) ** 2 + (x / 45) ** 2 < 1
    head = np.where(skull, 40, -1000).astype(np.int16)
    head[40:48, 20:30, 55:65] = -1000  # a sinus
    with pytest.raises(NoLungsError, match="no lungs were found"):
        segment(head, (3.0, 2.0, 2.0))


@pytest.mark.parametrize(
    ("hounsfield", "spacing_mm"),
    [
        (np.zeros((4, 4), np.int16), (1.0, 1.0, 1.0)),
        (np.zeros((4, 64, 64), np.float32), (1.0, 1.0, 1.0)),
        (np.zeros((4, 64, 64), np.int16), (0.0, 1.0, 1.0)),
        (np.zeros((4, 64, 64), np.int16), (1.0, float("nan"), 1.0)),
    ],
)
def test_senseless_input_is_refused(hounsfield, spacing_mm):
    with pytest.raises(ValueError, match=r"int16|positive"):
        segment(hounsfield, spacing_mm)


def test_progress_rises_and_can_stop_the_work(chest):
    made = chest()
    seen: list[float] = []
    segment(made.hounsfield, made.spacing_mm, lambda fraction, _message: seen.append(fraction))
    assert seen == sorted(seen)
    assert len(seen) > 200

    class StopError(Exception):
        pass

    def stop(fraction: float, _message: str) -> None:
        if fraction > 0.5:
            raise StopError

    with pytest.raises(StopError):
        segment(made.hounsfield, made.spacing_mm, stop)


@pytest.mark.parametrize("lung", [-850.0, -700.0, -600.0])
def test_a_collapsed_lung_is_as_dense_as_it_is(chest, lung):
    made = chest(shrink_mm=15.0, lung=lung)
    found = segment(made.hounsfield, made.spacing_mm)
    assert found.lung_hounsfield[Side.RIGHT] == pytest.approx(lung, abs=8)
    assert millilitres(made, found.of(Label.RIGHT_PNEUMOTHORAX)) == pytest.approx(made.air_ml, rel=0.03)
    assert millilitres(made, found.right_lung) == pytest.approx(made.lung_ml["right"], rel=0.06)
