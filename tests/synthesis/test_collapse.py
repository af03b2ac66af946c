"""A collapsed lung: as much air as asked for, where it was asked for."""

import numpy as np
import pytest

from models.synthesis.anatomy import draw_anatomy, sign
from models.synthesis.cavity import dome_z
from models.synthesis.collapse import Collapse, Kind, Pneumothorax, deformed, solve_collapse
from models.synthesis.thorax import Thorax
from models.synthesis.vessels import grow_vessels


@pytest.fixture(scope="module", params=["right-apical", "left-basal", "right-tension", "left-loculated"])
def thorax(request: pytest.FixtureRequest) -> Thorax:
    side, kind = request.param.split("-")
    return Thorax(11, (Pneumothorax(side, kind, 380.0),))


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
    step = 5.0
    positions, shares = air_voxels(thorax, step)
    assert shares.sum() * step**3 / 1000.0 == pytest.approx(380.0, rel=0.02)
    (asked,) = thorax.pneumothoraces
    # A turned patient's midline, and under tension a shifted one.
    assert np.all(positions[:, 0] * sign(asked.side) > -45.0)
    middle = float(np.average(positions[:, 2], weights=shares))
    lowest, highest = {
        "apical": (30.0, 130.0),
        "basal": (-150.0, -20.0),
        "tension": (-60.0, 100.0),
        "loculated": (-60.0, 40.0),
    }[asked.kind]
    assert lowest < middle < highest


def test_volumes_are_reported_and_the_other_lung_is_full(thorax: Thorax) -> None:
    (asked,) = thorax.pneumothoraces
    other = "left" if asked.side == "right" else "right"
    here = thorax.volumes[asked.side]
    assert here.pneumothorax_ml == pytest.approx(380.0, abs=2.0)
    assert here.percent == pytest.approx(100 * 380.0 / (380.0 + here.lung_ml), abs=0.2)
    assert thorax.volumes[other].pneumothorax_ml == 0.0
    assert thorax.volumes[other].percent == 0.0


def test_the_collapsed_lung_is_denser_by_at_most_its_loss_of_volume(thorax: Thorax) -> None:
    (asked,) = thorax.pneumothoraces
    here, other = asked.side, "left" if asked.side == "right" else "right"
    density = (thorax.lung_hounsfield(here) + 1000.0) / (thorax.lung_hounsfield(other) + 1000.0)
    volumes = thorax.volumes[here]
    assert 1.05 < density <= 1.0 + volumes.pneumothorax_ml / volumes.lung_ml


@pytest.mark.parametrize("kind", ["apical", "lateral", "basal", "tension"])
def test_the_map_and_its_inverse_cancel(kind: Kind) -> None:
    collapse = Collapse("left", kind, 0.6, base_z=-110.0, apex_z=140.0)
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
    assert isinstance(collapse, Collapse)
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


def test_tension_shifts_the_mediastinum_away_and_presses_the_diaphragm_down() -> None:
    person = draw_anatomy(4)
    left = deformed(person, (Pneumothorax("left", "tension", 1500.0),))
    assert left.shift_mm < -20.0
    assert left.depression_mm[0] == 0.0
    assert dome_z(left, "left") < dome_z(person, "left") - 20.0
    right = deformed(person, (Pneumothorax("right", "tension", 1500.0),))
    assert right.shift_mm == -left.shift_mm
    # More air, more shift; other kinds leave the mediastinum where it is.
    assert deformed(person, (Pneumothorax("left", "tension", 2400.0),)).shift_mm < left.shift_mm
    assert deformed(person, (Pneumothorax("left", "apical", 1500.0),)) == person


def test_a_shifted_heart_makes_room_on_one_side_and_takes_it_on_the_other() -> None:
    normal = Thorax(4).volumes
    tense = Thorax(4, (Pneumothorax("left", "tension", 1500.0),)).volumes
    assert tense["right"].lung_ml < normal["right"].lung_ml - 100.0
    assert tense["left"].lung_ml + tense["left"].pneumothorax_ml > normal["left"].lung_ml + 200.0


@pytest.mark.parametrize(
    ("requests", "sentence"),
    [
        ([("left", "apical"), ("left", "basal")], "asked for twice"),
        ([("left", "tension"), ("right", "tension")], "cannot shift both ways"),
    ],
)
def test_contradicting_requests_are_refused(requests: list[tuple[str, str]], sentence: str) -> None:
    air = tuple(Pneumothorax(side, kind, 300.0) for side, kind in requests)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=sentence):
        Thorax(4, air)
