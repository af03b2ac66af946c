from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.evaluation.insertion_check import check_insertion
from models.evaluation.insertion_sheet import Insertion, write_sheet

GREY, WHITE, ORANGE = [90, 90, 90], [255, 255, 255], [0, 159, 230]


def test_a_row_shows_a_film_before_and_after_beside_another(tmp_path: Path) -> None:
    before = np.full((560, 560), 90, np.uint8)
    mask = np.zeros((560, 560), np.bool_)
    mask[100:300, 200:400] = True
    after = np.where(mask, 255, before).astype(np.uint8)
    other = np.full((560, 560), 30, np.uint8)
    write_sheet([Insertion(before, after, mask)] * 3, [(other, ~mask)] * 2, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    # Two rows of five tiles of 280 pixels: as many as there are of both; a heading above.
    assert sheet.shape == (26 + 2 * 280, 5 * 280, 3)
    row = sheet[26 + 100]  # in the middle of the inserted square
    assert [row[280 * column + 150].tolist() for column in range(4)] == [GREY, WHITE, WHITE, [30, 30, 30]]
    # The outline runs where the inserted square begins, at half the film's column 200, in its own tile alone.
    assert row[280 * 2 + 100].tolist() == ORANGE
    assert row[280 + 100].tolist() == WHITE


def test_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no film takes an insertion"):
        write_sheet([], [], tmp_path / "sheet.png")
    assert not (tmp_path / "sheet.png").exists()


def test_digital_films_need_a_sheet_to_be_shown_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        check_insertion(["--digital"])
    assert caught.value.code == 2
    assert "--digital needs --sheet" in capsys.readouterr().err
