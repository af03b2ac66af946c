"""Scrolling through a series: order, memory, and honesty about irregular slices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ptx_viewer.progress import Cancelled, silent
from ptx_viewer.study import stack as stack_module
from ptx_viewer.study.catalogue import SeriesEntry
from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.scan import scan
from ptx_viewer.study.stack import Stack, open_stack

Write = Callable[..., Path]


@pytest.fixture
def series(write_slice: Write, tmp_path: Path) -> Callable[..., SeriesEntry]:
    """A CT series with slices at these heights; the stored value counts them in the order given."""

    def _series(*heights: float, **values: object) -> SeriesEntry:
        for number, z in enumerate(heights, start=1):
            own = {key: value(number, z) if callable(value) else value for key, value in values.items()}
            write_slice(f"{number:03d}.dcm", z, number, **own)
        (found,) = scan([tmp_path]).series()
        return found

    return _series


def values_of(stack: Stack) -> list[int]:
    return [int(stack.image(index).raw[0, 0]) + 1024 for index in range(len(stack))]


def test_even_stack_in_order_without_notices(series: Callable[..., SeriesEntry]) -> None:
    stack = open_stack(series(0, 16, 8, 24))
    assert len(stack) == 4
    assert values_of(stack) == [4, 2, 3, 1]
    assert stack.positions == (24, 16, 8, 0)
    assert stack.notices == ()


def test_missing_slices_are_counted(series: Callable[..., SeriesEntry]) -> None:
    stack = open_stack(series(0, 8, 16, 40, 48))
    assert stack.notices == (
        "About 2 slice(s) are missing: the usual distance is 8.00 mm, the largest gap 24.00 mm.",
    )
    assert len(stack) == 5  # nothing is interpolated


def test_repeated_position_is_told(series: Callable[..., SeriesEntry]) -> None:
    assert open_stack(series(0, 8, 8, 16)).notices == ("1 slice(s) lie at the position of another slice.",)


def test_uneven_distances_are_told(series: Callable[..., SeriesEntry]) -> None:
    assert open_stack(series(0, 8, 16, 26, 34)).notices == (
        "The distance between slices is uneven: 8.00 to 10.00 mm.",
    )


def test_gantry_tilt_is_told(series: Callable[..., SeriesEntry]) -> None:
    # Slices leaning by 20 degrees, moved along the table (z).
    cos, sin = np.cos(np.radians(20)), np.sin(np.radians(20))
    found = series(0, 10, 20, ImageOrientationPatient=[1, 0, 0, 0, cos, sin])
    assert open_stack(found).notices == (
        "The slices are tilted by 20.0° against their stacking direction (gantry tilt).",
    )


def test_oblique_slices_without_tilt_are_not_called_tilted(series: Callable[..., SeriesEntry]) -> None:
    cos, sin = np.cos(np.radians(20)), np.sin(np.radians(20))
    found = series(
        0,
        10,
        20,
        ImageOrientationPatient=[1, 0, 0, 0, cos, sin],
        ImagePositionPatient=lambda _number, z: [0, -sin * z, cos * z],
    )
    stack = open_stack(found)
    assert stack.notices == ()
    assert stack.positions == pytest.approx((20, 10, 0))


def test_mixed_planes_are_told(series: Callable[..., SeriesEntry]) -> None:
    found = series(
        0,
        8,
        16,
        ImageOrientationPatient=lambda number, _z: [1, 0, 0, 0, 0, -1] if number == 1 else [1, 0, 0, 0, 1, 0],
    )
    assert "different planes" in open_stack(found).notices[0]


def test_slices_without_position_are_told(series: Callable[..., SeriesEntry]) -> None:
    stack = open_stack(series(0, 8, ImagePositionPatient=None))
    assert stack.positions is None
    assert "do not state where their slices lie" in stack.notices[0]


def test_frames_of_one_file(write: Write) -> None:
    frames = np.stack([np.full((4, 5), value, np.int16) for value in (5, 6, 7)])
    (found,) = scan([write("a.dcm", frames, Modality="XA")]).series()
    stack = open_stack(found)
    assert [int(stack.image(index).raw[0, 0]) for index in range(3)] == [5, 6, 7]
    assert stack.image(2).reference.frame == 2


def test_memory_stays_within_its_bound_and_values_stay_right(
    series: Callable[..., SeriesEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    slice_bytes = 8 * 8 * 2
    monkeypatch.setattr(stack_module, "CACHE_BYTES", 3 * slice_bytes)
    stack = open_stack(series(*range(10)))
    for _ in range(2):
        assert values_of(stack) == list(range(10, 0, -1))
        assert len(stack._frames) == 3
        assert stack._frames_bytes == 3 * slice_bytes


def test_image_seen_again_needs_no_file(series: Callable[..., SeriesEntry]) -> None:
    stack = open_stack(series(0, 8))
    first = stack.image(0)
    first.reference.file.unlink()
    again = stack.image(0)
    np.testing.assert_array_equal(again.pixels, first.pixels)
    assert again.raw is first.raw
    with pytest.raises(ValueError, match="read-only"):
        again.raw[0, 0] = 1


def test_reading_ahead_fills_the_memory_around_the_image_looked_at(
    series: Callable[..., SeriesEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_module, "CACHE_BYTES", 3 * 8 * 8 * 2)
    found = series(*range(9))
    stack = open_stack(found)
    stack.read_ahead(4, silent)
    for entry in found.instances:
        entry.file.unlink()
    assert [int(stack.image(index).raw[0, 0]) + 1024 for index in (3, 4, 5)] == [6, 5, 4]
    with pytest.raises(StudyError):
        stack.image(0)


def test_damaged_slice_leaves_the_others(series: Callable[..., SeriesEntry]) -> None:
    found = series(0, 8, 16)
    middle = found.instances[1].file
    middle.write_bytes(middle.read_bytes()[:-40])
    stack = open_stack(found)
    with pytest.raises(StudyError, match="cut short"):
        stack.image(1)
    assert int(stack.image(0).raw[0, 0]) == 3 - 1024
    assert int(stack.image(2).raw[0, 0]) == 1 - 1024


def test_index_out_of_range(series: Callable[..., SeriesEntry]) -> None:
    stack = open_stack(series(0, 8))
    for index in (-1, 2):
        with pytest.raises(IndexError):
            stack.image(index)


def test_opening_can_be_cancelled(series: Callable[..., SeriesEntry]) -> None:
    def stop(_fraction: float, _message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        open_stack(series(0, 8), stop)
