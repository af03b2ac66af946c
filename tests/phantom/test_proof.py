"""The proof: agreement worked out by hand, tables that are taken up again, a small run."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ptx_viewer.phantom.agreement import agreement
from ptx_viewer.phantom.proof_cases import TRUE_MASK, Row, true_mask_rows
from ptx_viewer.phantom.proof_ct import CT_VOLUME, SEGMENTATION
from ptx_viewer.phantom.proof_report import write_report
from ptx_viewer.phantom.proof_table import extend_table, read_rows
from ptx_viewer.phantom.prove import prove


def row(seed: int, method: str, truth: float, measured: float | None, mask: str = TRUE_MASK) -> Row:
    unit = "mL" if method == CT_VOLUME else "mm²"
    return Row(
        seed, "apical", "left", 100.0, 4.0, mask, method, unit, truth, measured, "" if measured else "no"
    )


def test_agreement_by_hand() -> None:
    found = agreement(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 5.0]))
    # Differences 1, 0, 2: mean 1, standard deviation 1.
    assert (found.count, found.bias, found.largest) == (3, 1.0, 2.0)
    assert (found.lower, found.upper) == pytest.approx((1.0 - 1.96, 1.0 + 1.96))
    assert found.correlation == pytest.approx(np.sqrt(0.75))
    with pytest.raises(ValueError, match="two pairs"):
        agreement(np.array([1.0]), np.array([1.0]))


def test_a_table_is_taken_up_where_it_ended(tmp_path: Path) -> None:
    asked: list[int] = []

    def measure(seed: int) -> Iterator[Row]:
        asked.append(seed)
        yield row(seed, "pneumothorax area", 10.0 + seed, None if seed == 1 else 11.0)

    path = tmp_path / "table.csv"
    first = extend_table(path, 2, measure, lambda *_: None)
    second = extend_table(path, 4, measure, lambda *_: None)
    assert asked == [0, 1, 2, 3]
    assert second[:2] == first
    assert read_rows(path) == second
    assert second[1].measured is None


def test_another_file_is_not_taken_for_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "true-mask.csv").write_text("a,b\n1,2\n")
    assert prove(["--out", str(tmp_path), "--only", "report"]) == 2
    assert "not a table of this proof" in capsys.readouterr().err
    assert prove(["--out", str(tmp_path), "--count", "1"]) == 2


def test_the_report_says_what_was_reached_and_what_was_not(tmp_path: Path) -> None:
    rows = [row(seed, "pneumothorax area", 100.0, 100.0 + 0.9 * seed) for seed in range(4)]
    rows += [
        row(seed, CT_VOLUME, 100.0, 104.0, mask) for seed in range(4) for mask in (TRUE_MASK, SEGMENTATION)
    ]
    document = write_report(tmp_path / "proof", _folder(tmp_path, rows)).read_text()
    # 0, 0.9, 1.8 and 2.7 % off: three of four within 2 %; 4 mL are within 5 mL.
    assert "| projected area within 2 %, true mask | not always | 3 of 4 | 2.7 % |" in document
    assert "| CT volume within 3 % or 5 mL, segmentation | yes | 4 of 4 | 4 mL |" in document
    assert "| pneumothorax area, mm² | 4 | +1.35 |" in document
    # Seeds 0 and 3 have slices of 1.5 mm.
    assert "| slices of 1.5 mm | 2 | 2 | +4.0 | +4.0 | +4 |" in document
    assert "| apical | 4 | 4 | +4.0 | +4.0 | +4 |" in document
    for name in ("true-mask.png", "ct.png"):
        assert f"proof/{name}" in document
        assert (tmp_path / "proof" / name).stat().st_size > 5000


def _folder(tmp_path: Path, rows: list[Row]) -> list[Row]:
    (tmp_path / "proof").mkdir()
    return rows


def test_one_thorax_measured_on_its_true_mask() -> None:
    rows = {each.method: each for each in true_mask_rows(1)}
    area = rows["pneumothorax area"]
    assert area.truth is not None
    assert area.measured == pytest.approx(area.truth, rel=0.02)
    distance = rows["apex-to-cupola distance"]
    assert distance.measured == pytest.approx(distance.truth, abs=1.0)
