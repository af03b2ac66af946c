"""Maps land where the evidence is: planted patches on films of every posture, synthetic and real."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from explain.methods import METHODS, explain
from models.geometry import Turn
from models.prediction import LungFields
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

Film = NDArray[np.float32]


def chequered(film: Film, top: int, left: int, cells: int = 12) -> tuple[Film, NDArray[np.bool_]]:
    """Plant what the detector looks for: cells that are one pixel of its own grid."""
    cell = max(film.shape) // 96
    rows, columns = np.indices((cells * cell, cells * cell)) // cell
    patch = (slice(top, top + len(rows)), slice(left, left + len(rows)))
    planted, mask = film.copy(), np.zeros(film.shape, np.bool_)
    planted[patch] = 0.5 + 0.45 * (1 - (rows + columns) % 2 * 2)
    mask[patch] = True
    return planted, mask


def hits(heatmap: Film, mask: NDArray[np.bool_]) -> bool:
    """Pointing game; a region has its maximum everywhere, so that it must overlap."""
    return bool((heatmap >= heatmap.max() * 0.999)[mask].any())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("place", [(96, 96), (300, 280)])
def test_a_planted_patch_is_found_on_a_synthetic_film(
    texture_detector, sample_film: Film, method: str, place: tuple[int, int]
) -> None:
    planted, mask = chequered(sample_film[:480], *place)
    made = explain(texture_detector(), planted, method)
    assert hits(made.heatmap, mask)
    assert made.heatmap[mask].mean() > 5 * abs(made.heatmap[~mask].mean())


@pytest.mark.parametrize("method", METHODS)
def test_a_planted_patch_is_found_on_real_films(texture_detector, shared_data: Path, method: str) -> None:
    folder = shared_data / "siim" / "images"
    for number, path in enumerate(sorted(folder.glob("*.png"))[:6:3]):
        film = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (768, 768)).astype(np.float32) / 255
        planted, mask = chequered(film, 200 + 90 * number, 120 + 120 * number)
        assert hits(explain(texture_detector(), planted, method).heatmap, mask), path.name


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("turn", [Turn(flip_columns=True), Turn(transpose=True, flip_rows=True)])
def test_a_film_stored_otherwise_has_the_same_map(
    texture_detector, sample_film: Film, method: str, turn: Turn
) -> None:
    """Flipped and turned, and not square: padded in the network's grid."""
    planted, _ = chequered(np.ascontiguousarray(sample_film[:480, 60:410]), 96, 40)
    halves = np.zeros((2, *planted.shape), np.bool_)
    halves[0, 100:400, 30:160] = halves[1, 100:400, 190:320] = True
    lying = LungFields(turn.undo(halves[0]), turn.undo(halves[1]), card_id="")
    upright = explain(texture_detector(), planted, method, lungs=LungFields(*halves, card_id=""))
    other = explain(texture_detector(), turn.undo(planted), method, turn=turn, lungs=lying)
    np.testing.assert_allclose(turn.apply(other.heatmap), upright.heatmap, atol=1e-5)
    assert upright.heatmap.shape == planted.shape
    if upright.regions is not None:
        assert (turn.apply(other.regions) != upright.regions).mean() < 0.01
        assert upright.regions.min() == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_film_of_inverse_polarity_has_the_same_map(
    texture_detector, sample_film: Film, method: str, tmp_path: Path
) -> None:
    """Both polarities are written to DICOM files and read by the program."""
    planted, mask = chequered(sample_film[:480], 192, 240)
    maps = []
    for polarity in ("MONOCHROME1", "MONOCHROME2"):
        stored = np.round(planted * 4095).astype(np.uint16)
        path = tmp_path / f"{polarity}.dcm"
        _write(path, 4095 - stored if polarity == "MONOCHROME1" else stored, polarity)
        image = read_image(next(scan([path]).instances()))
        maps.append(explain(texture_detector(), image.pixels, method).heatmap)
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-4)
    assert hits(maps[0], mask)


def _write(path: Path, stored: NDArray[np.uint16], polarity: str) -> None:
    sample = next((Path(__file__).parents[2] / "resources" / "sample_study").glob("current*.dcm"))
    dataset = pydicom.dcmread(sample)
    dataset.PhotometricInterpretation = polarity
    dataset.PresentationLUTShape = "INVERSE" if polarity == "MONOCHROME1" else "IDENTITY"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsStored, dataset.HighBit, dataset.BitsAllocated = 12, 11, 16
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"):
        if keyword in dataset:
            del dataset[keyword]
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.save_as(path)
