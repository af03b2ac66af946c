"""A whole small film: repeatable, and true to its thorax."""

import numpy as np
import pytest

from models.synthesis.anatomy import SIDES, draw_anatomy
from models.synthesis.collapse import Pneumothorax
from models.synthesis.film import Sampling, film_outlines
from models.synthesis.geometry import Projection
from models.synthesis.synthesis import SyntheticFilm, synthesise_film
from models.synthesis.thorax import Thorax

SMALL = Projection(96, 96, 409.6 / 96)
COARSE = Sampling(4.2, 4.0)


def make(seed: int, *air: Pneumothorax) -> SyntheticFilm:
    return synthesise_film(Thorax(seed, air), SMALL, sampling=COARSE)


@pytest.fixture(scope="module")
def film() -> SyntheticFilm:
    return make(4, Pneumothorax("left", "apical", 700.0))


def test_the_same_seed_gives_the_same_film(film: SyntheticFilm) -> None:
    again = make(4, Pneumothorax("left", "apical", 700.0))
    assert np.array_equal(again.pixels, film.pixels)
    assert np.array_equal(again.air_mm, film.air_mm)


def test_the_outlines_alone_are_those_of_the_film(film: SyntheticFilm) -> None:
    outlines = film_outlines(film.thorax, SMALL, COARSE)
    lung = np.minimum(outlines.pleural, np.minimum(-outlines.mediastinum, -outlines.abdomen)) > 0
    both = film.truth.lung_fields["right"] | film.truth.lung_fields["left"]
    # The planes lie elsewhere, so that a few pixels on the edge may differ.
    assert np.mean(lung != both) < 0.004


def test_another_seed_is_another_person() -> None:
    assert draw_anatomy(4) == draw_anatomy(4)
    assert draw_anatomy(4) != draw_anatomy(5)


def test_the_air_on_the_film_adds_up_to_the_requested_millilitres(film: SyntheticFilm) -> None:
    # A ray's air, times the area that its pixel covers where the air is: about the plane through the origin.
    pixel_area = (SMALL.pixel_mm / SMALL.magnification) ** 2
    assert film.air_mm.sum() * pixel_area / 1000.0 == pytest.approx(700.0, rel=0.05)


def test_the_mask_is_air_beyond_the_lung_on_the_right_side(film: SyntheticFilm) -> None:
    truth = film.truth
    mask = truth.pneumothorax
    assert mask.sum() > 80
    assert film.air_mm[mask].min() > 0.0
    assert not np.any(mask & ~truth.lung_fields["left"])
    assert not np.any(mask & truth.lung_fields["right"])
    rows = np.nonzero(mask)[0]
    assert np.median(rows) < np.median(np.nonzero(truth.lung_fields["left"])[0])  # apical: above the middle


def test_tissues_have_the_order_of_a_real_film(film: SyntheticFilm) -> None:
    """Air outside black, then lung, heart and abdomen."""
    shown = film.pixels / 4095.0
    truth = film.truth
    lung = shown[truth.lung_fields["right"]].mean()
    abdomen = shown[84:94, 30:66].mean()
    heart = shown[58:66, 44:58].mean()
    assert shown[:4, :8].max() < 0.02
    assert lung < heart < 1.0
    assert 0.12 < lung < 0.45
    assert 0.6 < abdomen < 1.0


def test_lungs_are_of_human_size_on_both_sides(film: SyntheticFilm) -> None:
    for side in SIDES:
        volumes = film.thorax.volumes[side]
        assert 1500.0 < volumes.lung_ml + volumes.pneumothorax_ml < 4500.0
        columns = np.nonzero(film.truth.lung_fields[side])[1]
        assert (columns.mean() > 47.5) == (side == "left")


@pytest.mark.parametrize("seed", [1])
def test_every_person_gets_two_lungs_and_a_sane_film(seed: int) -> None:
    other = make(seed)
    assert not other.truth.pneumothorax.any()
    assert other.air_mm.max() == 0.0
    for field in other.truth.lung_fields.values():
        assert 0.06 < field.mean() < 0.25
    assert other.pixels.max() <= 4095


def test_the_mediastinum_is_fat_where_there_is_no_organ() -> None:
    thorax = Thorax(4)
    x = np.arange(-60.0, 61.0, 1.0, dtype=np.float32)[None, :]
    z = np.array([[75.0], [-60.0]], np.float32)
    behind_the_breastbone = thorax.plane(x, -30.0, z, 1.0)
    # Prevascular fat in front of the arch's branches, soft tissue in the heart.
    assert behind_the_breastbone.hounsfield[0, 60] == pytest.approx(-75.0, abs=5.0)
    assert behind_the_breastbone.hounsfield[1, 75] == pytest.approx(40.0, abs=5.0)
    # The pleura and what lies under it stay soft tissue, so that the lung's border does too.
    edge = np.flatnonzero(np.abs(behind_the_breastbone.mediastinum[0] - 1.5) < 1.0)
    assert len(edge)
    assert behind_the_breastbone.hounsfield[0, edge].max() < 60.0
    assert behind_the_breastbone.hounsfield[0, edge].min() > 0.0


def test_vessels_are_parted_by_their_radius() -> None:
    vessels = Thorax(4).vessels()
    thin, broad = vessels.parted(2.4)
    assert len(thin) + len(broad) == len(vessels)
    assert (
        0.5 * (thin.start_radius + thin.end_radius).max()
        <= 2.4
        < 0.5 * (broad.start_radius + broad.end_radius).min()
    )
