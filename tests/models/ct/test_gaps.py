"""Which pieces of a chest wall hold a layer, and where it is read between thick slices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from models.ct import Label, segment
from models.ct.border import Levels
from models.ct.gaps import hanging_together, layer_gaps
from models.ct.profile import profile
from models.ct.wall import DEPTHS_MM, Wall

#: A flat wall of 40 x 40 points, each 25 mm²: 400 cm².
SIDE, EACH_MM2 = 40, 25.0
LEVELS = Levels(air=-1000.0, lung=-840.0)


def wall(profiles: np.ndarray | None = None, across_slices: float = 0.0) -> Wall:
    count = SIDE * SIDE
    one = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(SIDE, SIDE))
    alone = sparse.eye_array(SIDE)
    joined = (sparse.kron(one, alone) + sparse.kron(alone, one)) > 0
    neighbours = sparse.csr_array(joined.astype(np.float32))
    scale = sparse.diags_array((1.0 / neighbours.sum(axis=1)).astype(np.float32))
    normals = np.tile(np.float32([across_slices, 0.0, np.sqrt(1 - across_slices**2)]), (count, 1))
    return Wall(
        np.zeros((count, 3), np.float32),
        normals,
        np.full(count, EACH_MM2),
        sparse.csr_array(scale @ neighbours),
        np.ones(count, np.bool_),
        np.zeros((count, len(DEPTHS_MM)), np.float32) if profiles is None else profiles,
    )


def patch(rows: int, columns: int, at: tuple[int, int] = (0, 0)) -> np.ndarray:
    chosen = np.zeros((SIDE, SIDE), np.bool_)
    chosen[at[0] : at[0] + rows, at[1] : at[1] + columns] = True
    return chosen.ravel()


NONE = patch(0, 0)


@pytest.mark.parametrize(
    ("likely", "found", "certain", "counts"),
    [
        # 2 cm² of which 1 cm² is found by its density, or a point less.
        (patch(2, 4), patch(1, 4), NONE, True),
        (patch(2, 4), patch(1, 3), NONE, False),
        # 1 cm² darker than lung, in a piece of 60 cm² or of 50 cm².
        (patch(6, 40), NONE, patch(1, 4), True),
        (patch(5, 40), NONE, patch(1, 4), False),
        # Nothing darker than lung: 200 cm² or a row less.
        (patch(20, 40), NONE, NONE, True),
        (patch(19, 40), NONE, NONE, False),
    ],
)
def test_a_piece_counts_by_what_is_certain_and_by_how_far_it_reaches(likely, found, certain, counts) -> None:
    together = hanging_together(wall(), likely, found, certain)
    assert np.array_equal(together, likely) if counts else not together.any()


def test_what_fits_a_layer_in_many_pieces_is_no_layer() -> None:
    # 200 cm² in one piece, and 181 or 201 cm² in rows elsewhere that do not touch it.
    most = patch(20, 40)
    for rows, counts in ((9, True), (10, False)):
        others = np.zeros_like(most)
        for row in range(rows):
            others |= patch(1, 40, at=(21 + 2 * row, 0))
        weight = wall()
        weight.areas_mm2[others] *= 2.01
        together = hanging_together(weight, most | others, NONE, NONE)
        assert (together == most).all() if counts else not together.any()


def profiles(gap_mm: np.ndarray, sigma_mm: float) -> np.ndarray:
    """Hounsfield units under a wall with layers `gap_mm` [N], and the noise that is left of a patch."""
    out = np.empty((len(gap_mm), len(DEPTHS_MM)), np.float32)
    for gap in np.unique(gap_mm):
        tissue, lung, line = profile(float(gap), 0.0, sigma_mm)
        out[gap_mm == gap] = 1040 * tissue + 160 * lung + (450 * line if gap else 0.0) + LEVELS.air
    return out + np.random.default_rng(4).normal(0, 2.0, out.shape).astype(np.float32)


def test_a_thin_layer_alone_is_found_by_its_extent() -> None:
    far, near = (np.where(patch(rows, 40), 1.2, 0.0) for rows in (24, 12))
    assert not layer_gaps(wall(profiles(near, 0.8)), LEVELS, (1.5, 1.0, 1.0), 0.8, NONE).any()
    gap = layer_gaps(wall(profiles(far, 0.8)), LEVELS, (1.5, 1.0, 1.0), 0.8, NONE)
    assert gap.reshape(SIDE, SIDE)[:23] == pytest.approx(1.2, abs=0.15)
    assert not gap.reshape(SIDE, SIDE)[26:].any()


@pytest.mark.parametrize("reading", [0.0, 1 / 6])
def test_between_thick_slices_the_blur_that_fits_is_taken(reading: float) -> None:
    # A wall across slices of 2.5 mm: their thickness blurs, and reading between them may.
    sigma = float(np.sqrt(0.8**2 + (1 / 12 + reading) * (0.9 * 2.5) ** 2))
    gap = np.where(patch(30, 40), 3.0, 0.0)
    found = layer_gaps(wall(profiles(gap, sigma), 0.9), LEVELS, (2.5, 1.0, 1.0), 0.8, NONE)
    assert np.median(found[gap > 0]) == pytest.approx(3.0, abs=0.2)


def test_a_shell_of_one_and_a_quarter_millimetres_is_found(chest) -> None:
    made = chest(shrink_mm=1.25, spacing_mm=(1.5, 1.5, 1.5), stomach=False)
    found = segment(made.hounsfield, made.spacing_mm)
    voxel_ml = float(np.prod(made.spacing_mm)) / 1000
    measured = np.count_nonzero(found.of(Label.RIGHT_PNEUMOTHORAX)) * voxel_ml
    assert measured == pytest.approx(made.air_ml, rel=0.15)
    assert not found.of(Label.LEFT_PNEUMOTHORAX).any()


def test_a_cleft_between_two_walls_is_no_layer() -> None:
    # Dark as a layer of 3 mm, beside air found by its density: but what lies beneath is tissue.
    tissue, beneath, _ = profile(3.0, 0.0, 0.8)
    for lung, counts in ((160.0, True), (900.0, False)):
        values = np.tile(np.float32(1040 * tissue + lung * beneath + LEVELS.air), (SIDE * SIDE, 1))
        found = patch(10, 40)
        gap = layer_gaps(wall(values), LEVELS, (1.5, 1.0, 1.0), 0.8, found)
        assert (gap > 0).all() if counts else not gap[~patch(12, 40)].any()
