"""A collapsed lung: as much air as asked for, where it was asked for."""

import numpy as np
import pytest

from models.synthesis.anatomy import draw_anatomy, sign
from models.synthesis.collapse import KINDS, Collapse, Pneumothorax, solve_collapse
from models.synthesis.thorax import Thorax
from models.synthesis.vessels import grow_vessels


@pytest.fixture(scope="module", params=["right-apical", "left-lateral", "right-basal"])
def thorax(request: pytest.FixtureRequest) -> Thorax:
    side, kind = request.param.split("-")
    return Thorax(11, Pneumothorax(side, kind, 420.0))


def air_voxels(thorax: Thorax, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions [N, 3] of a regular grid and the share of pleural air at each."""
    x = np.arange(-170.0, 170.0, step, dtype=np.float32)[None, :]
    z = np.arange(-200.0, 160.0, step, dtype=np.float32)[:, None]
    positions, shares = [], []
    for y in np.arange(-130.0, 130.0, step):
        air = thorax.plane(x, float(y), z, 1.0).pneumothorax
        rows, columns = np.nonzero(air > 0.01)
        positions.append(np.stack([x[0, columns], np.full(len(rows), y), z[rows, 0]], axis=1))
        shares.append(air[rows, columns])
    return np.concatenate(positions), np.concatenate(shares)


def test_the_air_on_a_regular_grid_has_the_requested_volume_and_place(thorax: Thorax) -> None:
    step = 4.0
    positions, shares = air_voxels(thorax, step)
    assert shares.sum() * step**3 / 1000.0 == pytest.approx(420.0, rel=0.02)
    asked = thorax.pneumothorax
    assert asked is not None
    assert np.all(positions[:, 0] * sign(asked.side) > -12.0)  # a turned patient's midline
    middle = np.average(positions[:, 2], weights=shares)
    assert {"apical": middle > 30.0, "lateral": -60.0 < middle < 60.0, "basal": middle < -20.0}[asked.kind]


def test_volumes_are_reported_and_the_other_lung_is_full(thorax: Thorax) -> None:
    asked = thorax.pneumothorax
    assert asked is not None
    other = "left" if asked.side == "right" else "right"
    here = thorax.volumes[asked.side]
    assert here.pneumothorax_ml == pytest.approx(420.0, abs=2.0)
    assert here.percent == pytest.approx(100 * 420.0 / (420.0 + here.lung_ml), abs=0.2)
    assert thorax.volumes[other].pneumothorax_ml == 0.0
    assert thorax.volumes[other].percent == 0.0


def test_the_collapsed_lung_is_denser_by_at_most_its_loss_of_volume(thorax: Thorax) -> None:
    asked = thorax.pneumothorax
    assert asked is not None
    here, other = asked.side, "left" if asked.side == "right" else "right"
    density = (thorax.lung_hounsfield(here) + 1000.0) / (thorax.lung_hounsfield(other) + 1000.0)
    volumes = thorax.volumes[here]
    assert 1.05 < density <= 1.0 + volumes.pneumothorax_ml / volumes.lung_ml


@pytest.mark.parametrize("kind", KINDS)
def test_the_map_and_its_inverse_cancel(kind: str) -> None:
    collapse = Collapse("left", kind, 0.6, base_z=-110.0, apex_z=140.0)  # type: ignore[arg-type]
    points = np.random.default_rng(0).uniform((5.0, -90.0, -100.0), (120.0, 90.0, 139.0), (500, 3))
    moved = collapse.to_collapsed(points)
    x, y, z = (moved[:, k : k + 1].astype(np.float32) for k in range(3))
    back = np.concatenate([np.broadcast_to(part, x.shape) for part in collapse.to_full(x, y, z)], axis=1)
    assert back == pytest.approx(points, abs=0.02)


def test_vessels_stay_inside_the_collapsed_lung() -> None:
    request = Pneumothorax("right", "apical", 900.0)
    anatomy = draw_anatomy(4)
    collapse = solve_collapse(anatomy, request)
    vessels = grow_vessels(anatomy, "right", 4, twigs=150)
    shown = vessels.contrast > 0.99
    tips = collapse.to_collapsed(vessels.end[shown])
    x, y, z = (tips[:, k : k + 1].astype(np.float32) for k in range(3))
    assert collapse.lung(anatomy, x, y, z).min() > -2.0
    # The uncollapsed tree reaches into what is now air.
    x, y, z = (vessels.end[shown][:, k : k + 1].astype(np.float32) for k in range(3))
    assert (collapse.lung(anatomy, x, y, z) < -3.0).mean() > 0.03


def test_vessels_taper_and_are_thickest_at_the_hilum() -> None:
    vessels = grow_vessels(draw_anatomy(4), "left", 4, twigs=150)
    assert np.all(vessels.end_radius <= vessels.start_radius + 1e-9)
    thickest = vessels.start[np.argmax(vessels.start_radius)]
    assert np.hypot(thickest[0] - 25.0, thickest[2] - 20.0) < 30.0


@pytest.mark.parametrize(("volume", "sentence"), [(0.0, "positive volume"), (9000.0, "do not fit")])
def test_an_impossible_volume_is_refused_in_a_sentence(volume: float, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        solve_collapse(draw_anatomy(4), Pneumothorax("right", "apical", volume))
