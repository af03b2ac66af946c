from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.training.readers.run_length import encode_relative
from models.training.shapes import AVERAGE, LEVELS, retreat_profiles

WIDTH = (AVERAGE.inner - AVERAGE.outer) * 1024
TOP, BOTTOM, OUTER = (round(share * 1024) for share in (AVERAGE.top, AVERAGE.bottom, AVERAGE.outer))


def annotations(folder: Path, masks: dict[str, np.ndarray]) -> Path:
    path = folder / "train-rle.csv"
    rows = [f"{name},{encode_relative(mask)}" for name, mask in masks.items()]
    path.write_text("\n".join(["ImageId,EncodedPixels", *rows]) + "\n", encoding="utf-8")
    return path


def crescent() -> np.ndarray:
    """Air along the upper half of the film-left lung, a quarter of its width thick."""
    mask = np.zeros((1024, 1024), bool)
    mask[TOP : (TOP + BOTTOM) // 2, OUTER : OUTER + round(WIDTH / 4)] = True
    return mask


def test_a_profile_is_the_thickness_in_lung_widths_from_apex_to_base(tmp_path: Path) -> None:
    (profile,) = retreat_profiles(annotations(tmp_path, {"a": crescent()}), held_out=())
    np.testing.assert_allclose(profile[: LEVELS // 2 - 1], 0.25, atol=0.003)
    np.testing.assert_array_equal(profile[LEVELS // 2 + 1 :], 0)


def test_the_other_lung_gives_the_same_profile(tmp_path: Path) -> None:
    both = {"a": crescent(), "b": crescent()[:, ::-1]}
    first, second = retreat_profiles(annotations(tmp_path, both), held_out=())
    np.testing.assert_allclose(first, second, atol=0.003)


def test_held_out_films_films_without_air_and_air_beside_the_heart_are_not_used(tmp_path: Path) -> None:
    medial = np.zeros((1024, 1024), bool)
    inner = round(AVERAGE.inner * 1024)
    medial[300:600, inner - 40 : inner] = True
    masks = {"kept": crescent(), "held": crescent(), "none": np.zeros((1024, 1024), bool), "medial": medial}
    assert retreat_profiles(annotations(tmp_path, masks), held_out={"held"}).shape == (1, LEVELS)


def test_most_real_masks_give_a_profile_and_apical_air_is_the_rule(shared_data: Path) -> None:
    profiles = retreat_profiles(shared_data / "siim" / "train-rle.csv.gz", held_out=())
    assert len(profiles) > 2000
    assert profiles.min() >= 0
    assert profiles.max() <= 1
    upper, lower = profiles[:, : LEVELS // 2].mean(), profiles[:, LEVELS // 2 :].mean()
    assert upper > 2 * lower


def test_a_foreign_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"other\.csv"):
        retreat_profiles(path, held_out=())
