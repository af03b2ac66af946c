from __future__ import annotations

import numpy as np
import pytest

from models.training.insertion import Inserted, insert_pneumothorax, pleural_depth

SIZE = 256


def chest() -> tuple[np.ndarray, np.ndarray]:
    """Return a drawn film uint8 [256, 256] and its right lung, an ellipse at the film's left."""
    rows, columns = np.indices((SIZE, SIZE))
    right = ((rows - 128) / 90) ** 2 + ((columns - 75) / 45) ** 2 <= 1
    left = right[:, ::-1]
    grain = np.random.default_rng(0).normal(0, 6, (SIZE, SIZE))
    film = np.where(right | left, 90.0, 190.0) + grain
    return np.clip(film, 0, 255).astype(np.uint8), right


def inserted(count: int) -> list[Inserted]:
    film, lung = chest()
    made = [insert_pneumothorax(film, lung, True, np.random.default_rng(seed)) for seed in range(count)]
    return [m for m in made if m is not None]


def test_nothing_outside_the_lung_changes_and_the_air_lies_within_it() -> None:
    film, lung = chest()
    made = inserted(25)
    assert len(made) >= 15
    for one in made:
        np.testing.assert_array_equal(one.image[~lung], film[~lung])
        assert not (one.mask & ~lung).any()
        assert one.image.dtype == np.uint8
        assert one.mask.dtype == np.bool_


def test_the_air_is_neither_invisible_nor_the_whole_lung() -> None:
    _, lung = chest()
    smallest = 150 * (SIZE / 384) ** 2
    areas = [int(one.mask.sum()) for one in inserted(25)]
    assert min(areas) >= smallest
    assert max(areas) <= 0.75 * lung.sum()
    assert max(areas) > 4 * min(areas)  # small and large ones


def test_the_air_touches_the_chest_wall_and_is_darker_than_it_was() -> None:
    film, lung = chest()
    depth = pleural_depth(lung, right=True)
    for one in inserted(25):
        assert depth[one.mask].min() == 0
        inner = one.mask & (depth > 2)
        if inner.sum() > 200:
            assert one.image[inner].mean() < film[inner].mean() + 3


def test_the_same_seed_gives_the_same_pneumothorax() -> None:
    first, second = inserted(6), inserted(6)
    assert len(first) == len(second)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.image, two.image)
        np.testing.assert_array_equal(one.mask, two.mask)
    assert not np.array_equal(first[0].mask, first[1].mask)


def test_the_wall_lies_at_the_apex_and_laterally_not_at_the_mediastinum_or_the_base() -> None:
    lung = np.zeros((60, 60), np.bool_)
    lung[10:50, 5:25] = True  # the patient's right lung, a rectangle at the film's left
    depth = pleural_depth(lung, right=True)
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(depth[10:50, 5], 0)  # lateral
    assert depth[10, 10] == 0  # the apex, lateral part
    assert depth[30, 24] == 19  # at the mediastinum: as far as the lung is wide
    assert depth[49, 20] == 15  # at the base
    mirrored = pleural_depth(np.ascontiguousarray(lung[:, ::-1]), right=False)
    np.testing.assert_array_equal(mirrored[:, ::-1], depth)


@pytest.mark.parametrize("lung", ["empty", "low", "thin"])
def test_a_lung_field_too_small_for_one_is_left_alone(lung: str) -> None:
    film, _ = chest()
    field = np.zeros((SIZE, SIZE), np.bool_)
    if lung == "low":
        field[100:140, 40:110] = True
    if lung == "thin":
        field[20:220, 70:75] = True
    assert insert_pneumothorax(film, field, True, np.random.default_rng(0)) is None


def test_the_film_itself_is_not_changed() -> None:
    film, lung = chest()
    before, outline = film.copy(), lung.copy()
    insert_pneumothorax(film, lung, True, np.random.default_rng(1))
    np.testing.assert_array_equal(film, before)
    np.testing.assert_array_equal(lung, outline)


def test_a_real_profile_shapes_the_air() -> None:
    film, lung = chest()
    profile = np.zeros((1, 24), np.float32)
    profile[0, :12] = 0.3  # the upper half, three tenths of the lung's width
    rows = np.flatnonzero(lung.any(axis=1))
    middle = (rows[0] + rows[-1]) // 2
    upper = []
    for seed in range(30):
        made = insert_pneumothorax(film, lung, True, np.random.default_rng(seed), profile)
        if made is not None:
            upper.append(made.mask[:middle].sum() / made.mask.sum())
    # Two of three follow the profile: their air lies above the middle, stretched by a fifth at most.
    assert np.mean(np.array(upper) > 0.8) > 0.6
