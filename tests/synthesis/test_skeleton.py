"""Bones lie where anatomy has them: the spine's levels, clavicles on the ribs, blades beside the lungs."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from models.synthesis.anatomy import RIB_Z, SIDES, draw_anatomy, sign
from models.synthesis.bones import long_bone, ring
from models.synthesis.cavity import spine_x
from models.synthesis.film import Sampling, film_outlines
from models.synthesis.geometry import Projection
from models.synthesis.materials import CORTICAL_BONE, MUSCLE
from models.synthesis.shoulders import shoulder_tubes
from models.synthesis.skeleton import rib_course
from models.synthesis.spine import add_spine, bone_density, spine_tubes
from models.synthesis.thorax import Thorax
from models.synthesis.tubes import Tubes, project_tubes

FINE = Projection(820, 200, 0.5)
SOFT = 40.0


def test_a_long_bone_is_a_cylinder_with_half_balls_at_its_ends() -> None:
    outer, inner = long_bone(
        [(0.0, 0.0, -30.0), (0.0, 0.0, 0.0), (0.0, 0.0, 30.0)], [6.0, 6.0, 6.0], 1.5, 200.0
    )
    pixel_mm2 = (FINE.pixel_mm / FINE.magnification) ** 2
    whole = np.pi * 36.0 * 60.0 + 4.0 / 3.0 * np.pi * 216.0
    assert project_tubes(outer, FINE).sum() * pixel_mm2 == pytest.approx(
        whole * (CORTICAL_BONE - MUSCLE), rel=0.03
    )
    # Through the middle of the shaft: 12 mm of bone, 9 mm of it core.
    through = project_tubes(outer, FINE)[410, 100] + project_tubes(inner, FINE)[410, 100]
    assert through == pytest.approx(12.0 * (CORTICAL_BONE - MUSCLE) - 9.0 * (CORTICAL_BONE - 200.0), rel=0.03)


def test_the_cortex_thins_out_towards_a_broad_end() -> None:
    outer, inner = long_bone(
        [(0.0, 0.0, -40.0), (0.0, 0.0, -20.0), (0.0, 0.0, 10.0), (0.0, 0.0, 40.0)], [6.0, 6.0, 6.0, 12.0], 2.0
    )
    walls = outer.start_radius - inner.start_radius
    broad = outer.start_radius > 11.0
    assert walls[np.abs(outer.start[:, 2]) < 8.0] == pytest.approx(2.0, abs=0.01)
    assert np.all(walls[broad] < 1.0)


def test_a_ring_seen_end_on_is_empty_in_the_middle() -> None:
    tube = ring(np.zeros(3), np.array([5.0, 0.0, 0.0]), np.array([0.0, 0.0, 8.0]), 0.8, 1000.0)
    image = project_tubes(tube, FINE)
    half_pixels = FINE.magnification / FINE.pixel_mm
    rim = image[round(409.5 - 8.0 * half_pixels)].max()
    assert image[408:412, 98:102].max() == 0.0
    assert rim == pytest.approx(1600.0, rel=0.15)


@pytest.mark.parametrize("seed", [1, 4, 8])
def test_discs_show_between_the_bodies_of_the_middle_spine(seed: int) -> None:
    anatomy = draw_anatomy(seed)
    z = np.arange(-140.0, 130.0, 0.5, dtype=np.float32)[:, None]
    middle = np.zeros((1, 1), np.float32)
    bone_mm_hu = np.zeros(len(z))
    for y in np.arange(20.0, 100.0, 1.0):
        plane = np.full((len(z), 1), SOFT, np.float32)
        add_spine(plane, anatomy, middle, float(y), z, 1.0)
        bone_mm_hu += plane[:, 0] - SOFT
    smooth = gaussian_filter1d(bone_mm_hu, 1.0 / 0.5)
    bodies = (RIB_Z[3:9] + anatomy.rib_phase_mm) * anatomy.height
    at_bodies, at_discs = (
        np.interp(heights, z[:, 0], smooth) for heights in (bodies, 0.5 * (bodies[1:] + bodies[:-1]))
    )
    # A level ray passes some 25 mm of bone through the middle of a body, and little of it in a disc; further
    # up and down the plates are tilted over the discs, as on a film of a person.
    assert at_bodies == pytest.approx(25.0 * (bone_density(anatomy) - SOFT) + 1000.0, rel=0.35)
    assert np.all(at_discs < 0.7 * np.minimum(at_bodies[1:], at_bodies[:-1]))


def test_pedicles_are_pairs_of_rings_beside_the_midline() -> None:
    anatomy = draw_anatomy(4)
    image = project_tubes(spine_tubes(anatomy)[0], FINE)
    # The seventh thoracic vertebra: each pedicle a rim around a clear middle, three quarters of the body's
    # half width of 15.5 mm from the midline and a little above its centre.
    level = (RIB_Z[6] + anatomy.rib_phase_mm) * anatomy.height
    axis = float(spine_x(anatomy, np.full((1, 1), level, np.float32))[0, 0])
    for side in (-1, 1):
        place = np.array([[axis + side * 0.74 * 15.2 * anatomy.width, 52.0, level + 3.2]])
        row, column = np.rint(FINE.project(place)[0][0]).astype(int)
        across = image[row, column - 12 : column + 13]
        assert across[11:14].mean() < 0.35 * across[:11].max()
        assert across[11:14].mean() < 0.35 * across[14:].max()


@pytest.mark.parametrize("seed", range(8))
def test_a_clavicle_crosses_the_second_rib_on_the_film(seed: int) -> None:
    anatomy = draw_anatomy(seed)
    _, bones = shoulder_tubes(anatomy, np.random.default_rng([seed, 3]), arms=False)
    clavicles = [outer for outer, _ in bones if np.ptp(outer.start[:, 0]) > 100.0]
    assert len(clavicles) == 2
    for clavicle in clavicles:
        side = int(np.sign(clavicle.start[0, 0]))
        rib = rib_course(anatomy, 1, side, np.linspace(0.05, 1.0, 200))
        across, height = _on_film(clavicle.start, side)
        rib_across, rib_height = _on_film(rib, side)
        within = (rib_across > across.min()) & (rib_across < across.max())
        above = rib_height[within] > np.interp(rib_across[within], across, height)
        assert above.any()
        assert not above.all()


def _on_film(points: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the midline and height on the film, ordered by distance."""
    pixels, _ = Projection(1024, 1024, 0.4).project(points)
    across = side * (pixels[:, 1] - 511.5)
    order = np.argsort(across, kind="stable") if np.all(np.diff(across) > 0) else np.arange(len(across))
    return across[order], -pixels[order, 0]


@pytest.mark.parametrize("seed", [0, 4, 7, 11])
def test_the_medial_border_of_the_blade_lies_beside_the_lung(seed: int) -> None:
    thorax = Thorax(seed)
    projection = Projection(256, 256, 1.6)
    outlines = film_outlines(thorax, projection, Sampling(3.2, 6.0))
    lungs = np.minimum(outlines.pleural, np.minimum(-outlines.mediastinum, -outlines.abdomen)) > 0
    _, bones = shoulder_tubes(thorax.anatomy, np.random.default_rng([seed, 3]), arms=False)
    blades: dict[int, list[Tubes]] = {sign(side): [] for side in SIDES}
    for outer, _ in bones:
        if np.ptp(outer.start[:, 2]) > 90.0:  # the two long borders
            blades[int(np.sign(outer.start[0, 0]))].append(outer)
    for side, borders in blades.items():
        assert len(borders) == 2
        medial = min(borders, key=lambda border: float(np.abs(border.start[:, 0]).min()))
        pixels, _ = projection.project(medial.sheared(-thorax.turn).start)
        for row, column in np.rint(pixels).astype(int):
            inside = np.flatnonzero(lungs[row])
            if len(inside):
                assert side * (column - (inside.max() if side > 0 else inside.min())) > 0
