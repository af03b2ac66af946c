from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training import films
from models.training.films import Film, load_bank, read_grey
from models.training.lungs import lung_films
from models.training.pneumothorax import pneumothorax_films


def picture(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), values.astype(np.uint8))
    return path


@pytest.fixture
def ramp() -> np.ndarray:
    return np.tile(np.linspace(0, 255, 64), (32, 1)).astype(np.uint8)


def test_a_mask_of_another_grid_than_its_film_lands_on_the_same_place(
    tmp_path: Path, ramp: np.ndarray
) -> None:
    """Film 32 x 64, mask drawn on 128 x 256: both letterboxed to 32 x 32."""
    mask = np.zeros((128, 256), np.uint8)
    mask[32:96, 64:128] = 255
    film = Film(
        "f", "test", picture(tmp_path / "film.png", ramp), picture(tmp_path / "mask.png", mask), True, "p"
    )
    bank = load_bank([film], 32)
    expected = np.zeros((32, 32), np.uint8)
    # 16 rows of film lie between row 8 and 23; the mask covers a quarter to three quarters of them.
    expected[8 + 4 : 8 + 12, 8:16] = 1
    np.testing.assert_array_equal(bank.masks[0], expected)
    assert bank.images.shape == (1, 32, 32)
    assert bank.images.dtype == np.uint8
    assert not bank.images[0, :8].any()
    assert not bank.images[0, 24:].any()
    assert bank.images[0, 8:24, -1].min() >= 250


def test_several_labels_are_kept_apart(tmp_path: Path, ramp: np.ndarray) -> None:
    mask = np.zeros((32, 64), np.uint8)
    mask[:, :20], mask[:, 44:] = 1, 2
    film = Film("f", "t", picture(tmp_path / "f.png", ramp), picture(tmp_path / "m.png", mask), False, "p")
    labels = load_bank([film], 64, lambda m: m).masks[0]
    np.testing.assert_array_equal(labels[16:48], mask)
    assert not labels[:16].any()
    assert set(np.unique(load_bank([film], 64).masks)) == {0, 1}


def test_what_is_known_of_each_film(tmp_path: Path, ramp: np.ndarray) -> None:
    image = picture(tmp_path / "f.png", ramp)
    drawn = picture(tmp_path / "m.png", np.full((32, 64), 255))
    rows = [
        Film("outlined", "t", image, drawn, True, "1"),
        Film("label only", "t", image, None, True, "2"),
        Film("negative", "t", image, None, False, "3"),
    ]
    bank = load_bank(rows, 16)
    assert bank.has_mask.tolist() == [True, False, True]
    assert bank.positive.tolist() == [True, True, False]
    part = bank.subset([2, 0])
    assert [f.film_id for f in part.films] == ["negative", "outlined"]
    assert part.masks[1].any()
    assert not part.masks[0].any()


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.png is not a readable picture"):
        read_grey(tmp_path / "broken.png")


def test_collections_are_listed_as_their_tables_say(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("image_id,resolution,pneumothorax\na,256,1\nb,256,0\n")
    positive, negative = films.siim(tmp_path)
    assert positive == Film("a", "siim", tmp_path / "images/a.png", tmp_path / "masks/a.png", True, "a")
    assert negative.mask is None
    assert not negative.positive
    (tmp_path / "labels.csv").write_text("file,patient_id,pneumothorax\n7_0.jpg,7,0\n7_1.jpg,7,1\n")
    first, second = films.nih(tmp_path)
    assert (first.film_id, first.positive, first.mask) == ("7_0", False, None)
    assert second.positive
    assert first.patient == second.patient == "nih-7"


def test_no_film_and_no_patient_stands_in_two_parts(shared_data: Path) -> None:
    parts = pneumothorax_films(shared_data)
    owners: dict[str, set[str]] = {}
    for name, members in parts.items():
        for film in members:
            owners.setdefault(film.patient, set()).add(name)
    assert [patient for patient, names in owners.items() if len(names) > 1] == []
    counts = Counter((film.source, film.film_id) for members in parts.values() for film in members)
    assert max(counts.values()) == 1
    assert {film.source for film in parts["validation"] + parts["test"]} == {"siim", "nih"}
    for name in ("validation", "test"):
        for source in ("siim", "nih"):
            assert {film.positive for film in parts[name] if film.source == source} == {True, False}


def test_films_known_twice_are_never_held_out(shared_data: Path) -> None:
    parts = pneumothorax_films(shared_data)
    held_out = [film.film_id for name in ("validation", "test") for film in parts[name]]
    train = [film.film_id for film in parts["train"]]
    for ending in ("2353.1517875172.311548", ".367.1517875162.573432"):
        assert not [name for name in held_out if name.endswith(ending)]
        assert len([name for name in train if name.endswith(ending)]) == 1
    assert "00001317_000" not in [film.film_id for film in parts["train"] if film.source == "nih-more"]


def test_the_splits_are_the_same_every_time(shared_data: Path) -> None:
    for split in (pneumothorax_films, lung_films):
        assert split(shared_data) == split(shared_data)


def test_lung_films_are_in_one_part_each_and_the_outside_test_is_whole(shared_data: Path) -> None:
    parts = lung_films(shared_data)
    counts = Counter(film.image for members in parts.values() for film in members)
    assert max(counts.values()) == 1
    assert {name: len(members) for name, members in parts.items()} == {
        "outlined": 463, "validation": 60, "test-jsrt": 40, "test-outside": 70,
        "other": 20, "validation-other": 6, "test-other": 10,
    }  # fmt: skip
    assert {film.source for film in parts["test-outside"]} == {"covid-lungs"}


def test_every_listed_film_is_there(shared_data: Path) -> None:
    parts = [*pneumothorax_films(shared_data).values(), *lung_films(shared_data).values()]
    listed = [film for part in parts for film in part]
    assert [film.film_id for film in listed if not film.image.is_file()] == []
    assert [film.film_id for film in listed if film.mask is not None and not film.mask.is_file()] == []
