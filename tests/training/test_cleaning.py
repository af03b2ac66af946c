from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from models import zoo
from models.training import cleaning, films
from models.training.cleaning import clean, summary, write_left_out
from models.training.films import Film
from models.training.perceptual_hash import LookAlikes, correlation, hamming, perceptual_hash, thumbnail
from models.view_gate import refusal_reason


def scene(seed: int, shape: tuple[int, int] = (128, 96)) -> np.ndarray:
    """Return a smooth random picture, different for each seed."""
    coarse = np.random.default_rng(seed).random((9, 9)).astype(np.float32)
    smooth = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth * 255, 0, 255).astype(np.uint8)


def put(path: Path, grey: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), grey)
    return path


def test_the_hash_by_hand() -> None:
    """Brightness rises from left to right: of the cosine terms along columns every second is negative.

    A linear ramp has coefficients at odd frequencies alone, all of one sign (negative for a rise).
    """
    ramp = np.tile(np.linspace(0, 255, 64), (64, 1)).astype(np.uint8)
    bits = np.unpackbits(perceptual_hash(ramp)).reshape(8, 8)
    assert bits[0, [1, 3, 5]].tolist() == [0, 0, 0]
    rising, falling = perceptual_hash(ramp), perceptual_hash(255 - ramp)
    assert np.unpackbits(falling).reshape(8, 8)[0, [1, 3, 5]].tolist() == [1, 1, 1]
    assert hamming(rising, np.stack([rising, falling]))[0] == 0


def test_the_same_film_in_another_size_quality_or_brightness_is_found() -> None:
    seen = LookAlikes()
    for seed in range(40):
        seen.add(scene(seed))
    original = scene(17)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 40]
    versions = [
        cv2.resize(original, (300, 400)),
        cv2.imdecode(cv2.imencode(".jpg", original, quality)[1], cv2.IMREAD_GRAYSCALE),
        (original * 0.7 + 30).astype(np.uint8),
    ]
    for version in versions:
        assert seen.find(version) == 17
    for other in (original[:, ::-1], scene(99), 255 - original):
        assert seen.find(np.ascontiguousarray(other)) is None


def test_many_films_are_kept_in_mind() -> None:
    seen = LookAlikes()
    for seed in range(1100):
        seen.add(scene(seed, (24, 24)))
    assert seen.find(scene(1, (24, 24))) == 1
    assert seen.find(scene(1099, (24, 24))) == 1099


def test_correlation_by_hand() -> None:
    a = np.array([[0, 2], [0, 2]], np.uint8)
    assert correlation(a, a * 5 + 3) == pytest.approx(1)
    assert correlation(a, 2 - a) == pytest.approx(-1)
    assert correlation(a, np.array([[0, 0], [2, 2]], np.uint8)) == pytest.approx(0)
    assert correlation(a, np.full((2, 2), 7, np.uint8)) == 0
    assert thumbnail(scene(0)).shape == (64, 64)


@pytest.fixture
def collection(tmp_path: Path) -> list[Film]:
    blob = np.zeros((128, 96), np.uint8)
    blob[20:50, 20:40] = 255
    masks = {
        "drawn": put(tmp_path / "m" / "drawn.png", blob),
        "empty": put(tmp_path / "m" / "empty.png", blob * 0),
        "wide": put(tmp_path / "m" / "wide.png", np.ascontiguousarray(blob.T)),
        "broken": tmp_path / "m" / "broken.png",
    }
    masks["broken"].write_bytes(b"no picture")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    good = [put(tmp_path / f"{name}.png", scene(number)) for number, name in enumerate("abcdefgh")]
    again = put(tmp_path / "again.jpg", cv2.resize(scene(0), (192, 256)))
    flat = put(tmp_path / "flat.png", np.full((128, 96), 80, np.uint8))
    tiny = put(tmp_path / "tiny.png", scene(50, (40, 40)))
    return [
        Film("repeat without mask", "s", again, None, True, "1"),
        Film("outlined", "s", good[0], masks["drawn"], True, "2"),
        Film("negative", "s", good[1], None, False, "3"),
        Film("unreadable", "s", tmp_path / "bad.png", None, False, "4"),
        Film("flat", "s", flat, None, False, "5"),
        Film("tiny", "s", tiny, None, False, "6"),
        Film("empty mask", "s", good[2], masks["empty"], True, "7"),
        Film("other shape", "s", good[3], masks["wide"], True, "8"),
        Film("broken mask", "s", good[4], masks["broken"], True, "9"),
        Film("lateral", "s", good[5], None, False, "10"),
        Film("positive", "s", good[6], None, True, "11"),
    ]


def test_what_cannot_be_used_is_left_out_with_its_reason(collection: list[Film], tmp_path: Path) -> None:
    lateral = cv2.imread(str(collection[9].image), cv2.IMREAD_GRAYSCALE) / np.float32(255)

    def gate(pixels: np.ndarray) -> str | None:
        return "a lateral view" if np.array_equal(pixels, lateral) else None

    reading = clean(collection, gate)
    assert [film.film_id for film in reading.films] == ["outlined", "negative", "positive"]
    assert {item.name: (item.reason, item.detail) for item in reading.left_out} == {
        "repeat without mask": (cleaning.REPEATED, "the same as s outlined"),
        "unreadable": (cleaning.UNREADABLE, ""),
        "flat": (cleaning.BLANK, "the picture is blank or has only a few grey levels"),
        "tiny": (cleaning.BLANK, "the picture is only 40 × 40 pixels"),
        "empty mask": (cleaning.EMPTY_MASK, "empty.png"),
        "other shape": (cleaning.OTHER_SHAPE, "film 96 x 128, mask 128 x 96"),
        "broken mask": (cleaning.UNREADABLE_MASK, "broken.png"),
        "lateral": (cleaning.OTHER_VIEW, "a lateral view"),
    }
    assert summary(reading)[0] == ("3 films of 3 patients: 2 with pneumothorax (1 outlined), 1 without")
    assert "2 left out: the film shows nothing" in summary(reading)
    write_left_out(reading.left_out, tmp_path / "left-out.csv")
    with (tmp_path / "left-out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == [item.name for item in reading.left_out]
    assert rows[0] == {
        "name": "repeat without mask", "reason": cleaning.REPEATED, "detail": "the same as s outlined",
    }  # fmt: skip


def test_films_of_an_earlier_collection_are_not_repeated(collection: list[Film]) -> None:
    reading = clean([collection[2]], earlier=[collection[1]])
    assert [film.film_id for film in reading.films] == ["negative"]
    reading = clean([collection[0]], earlier=[collection[1]])
    assert reading.films == ()
    assert reading.left_out[0].detail == "the same as s outlined"


def test_the_doubles_of_the_real_collections_are_found(shared_data: Path) -> None:
    """One SIIM-ACR film stands in the further NIH films too, and nothing else is taken for a double."""
    siim = films.siim(shared_data / "siim")
    more = films.nih(shared_data / "nih-more", "nih-more")
    known = [film for film in more if film.film_id == "00001317_000"]
    others = [film for film in more if film not in known][:40]
    reading = clean([*siim, *others, *known])
    assert [item.name for item in reading.left_out] == ["00001317_000"]
    assert (
        reading.left_out[0].detail == "the same as siim 1.2.276.0.7230010.3.1.4.8323329.6414.1517875198.57641"
    )


def test_laterals_are_left_out_by_the_shipped_gate(shared_data: Path) -> None:
    model = zoo.load_lung_fields("cpu")
    laterals = films.pictures(shared_data / "not-frontal", "not-frontal")[:6]
    frontal = films.siim(shared_data / "siim")[:6]
    reading = clean([*laterals, *frontal], lambda pixels: refusal_reason(model.predict(pixels)))
    names = [item.name for item in reading.left_out if item.reason == cleaning.OTHER_VIEW]
    assert len(set(names) & {film.film_id for film in laterals}) >= 5
    assert len(set(names) & {film.film_id for film in frontal}) <= 1
