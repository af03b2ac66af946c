"""Grey-level arithmetic against DICOM's formulas and against pydicom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing

from ptx_viewer.study.image import Window
from ptx_viewer.study.luts import (
    LookupTable,
    apply_sigmoid,
    apply_window,
    automatic_window,
    levels,
    rescale,
    to_display,
    window_from_levels,
)

_values = hnp.arrays(np.int16, st.integers(1, 40))
_windows = st.builds(
    Window, center=st.floats(-4000, 4000, allow_nan=False), width=st.floats(1.5, 8000, allow_nan=False)
)


def test_linear_window_by_hand() -> None:
    # PS3.3 C.11.2.1.2.1 with c=2048, w=4096: 0 -> 0, 4095 -> 1, and (x - 2047.5) / 4095 + 0.5 between
    shown = apply_window(np.array([-5, 0, 1024, 4095, 5000], np.int16), Window(2048, 4096))
    np.testing.assert_allclose(shown, [0, 0, 1024 / 4095, 1, 1], atol=1e-6)
    assert shown.dtype == np.float32


def test_width_of_one_is_a_threshold() -> None:
    # c=100, w=1: x <= 99.5 is black, x > 99.5 white
    shown = apply_window(np.array([98, 99, 100, 101], np.int16), Window(100, 1))
    np.testing.assert_array_equal(shown, [0, 0, 1, 1])


def test_polarity_comes_after_the_window() -> None:
    raw = np.array([0, 50, 100, 150], np.int16)
    window = Window(50.5, 101)  # 0 -> 0, 100 -> 1
    np.testing.assert_allclose(to_display(raw, window, inverted=True), [1, 0.5, 0, 0], atol=1e-6)


@given(_values, _windows)
def test_window_agrees_with_pydicom(raw: np.ndarray, window: Window) -> None:
    ds = Dataset()
    ds.WindowCenter, ds.WindowWidth = f"{window.center:.4f}", f"{window.width:.4f}"
    ds.PhotometricInterpretation, ds.BitsStored, ds.PixelRepresentation = "MONOCHROME2", 16, 1
    theirs = apply_windowing(raw, ds)  # onto -32768 .. 32767
    rounded = Window(float(ds.WindowCenter), float(ds.WindowWidth))
    np.testing.assert_allclose(apply_window(raw, rounded), (theirs + 32768) / 65535, atol=2e-4)


@given(_values, _windows, st.booleans())
def test_display_is_bounded_and_monotonic(raw: np.ndarray, window: Window, inverted: bool) -> None:
    shown = to_display(np.sort(raw), window, inverted)
    assert shown.min() >= 0
    assert shown.max() <= 1
    steps = np.diff(shown)
    assert (steps <= 0).all() if inverted else (steps >= 0).all()


@given(_values, _windows)
def test_inverting_twice_changes_nothing(raw: np.ndarray, window: Window) -> None:
    np.testing.assert_allclose(
        1 - to_display(raw, window, inverted=True), to_display(raw, window, inverted=False), atol=1e-6
    )


@given(_windows)
def test_levels_and_window_are_inverse(window: Window) -> None:
    back = window_from_levels(*levels(window))
    assert back.center == pytest.approx(window.center)
    assert back.width == pytest.approx(window.width)


def test_large_offsets_keep_their_grey_levels() -> None:
    raw = np.array([16_777_216, 16_777_217, 16_777_218], np.int32)  # beyond float32's whole numbers
    np.testing.assert_allclose(apply_window(raw, window_from_levels(16_777_216, 16_777_218)), [0, 0.5, 1])


def test_sigmoid_by_hand() -> None:
    shown = apply_sigmoid(np.array([40, 140, -(10**6), 10**6], np.int32), Window(40, 400))
    np.testing.assert_allclose(shown, [0.5, 1 / (1 + np.exp(-1)), 0, 1], atol=1e-6)


@given(
    hnp.arrays(np.uint16, st.integers(1, 30)),
    st.integers(-5, 5).filter(bool),
    st.integers(-40000, 40000),
)
def test_whole_rescale_stays_whole_and_exact(stored: np.ndarray, slope: int, intercept: int) -> None:
    raw = rescale(stored, float(slope), float(intercept))
    assert raw.dtype in (np.int16, np.int32)
    np.testing.assert_array_equal(raw.astype(np.int64), stored.astype(np.int64) * slope + intercept)


@given(hnp.arrays(np.int16, st.integers(1, 30)), st.floats(0.001, 10), st.floats(-1000, 1000))
def test_fractional_rescale_is_floating_point(stored: np.ndarray, slope: float, intercept: float) -> None:
    if slope == int(slope) and intercept == int(intercept):
        return
    raw = rescale(stored, slope, intercept)
    assert raw.dtype == np.float32
    np.testing.assert_allclose(raw, stored.astype(np.float64) * slope + intercept, rtol=1e-5, atol=1e-3)


def test_hounsfield_units_fit_sixteen_bits() -> None:
    raw = rescale(np.array([0, 4095], np.uint16), 1.0, -1024.0)
    assert raw.dtype == np.int16
    assert raw.tolist() == [-1024, 3071]


def test_lookup_table_holds_its_ends() -> None:
    table = LookupTable(first=-2, entries=np.array([10, 20, 30]), bits=5)
    assert table(np.array([-100, -2, -1, 0, 100], np.int16)).tolist() == [10, 10, 20, 30, 30]
    np.testing.assert_allclose(table.brightness(np.array([0])), [30 / 31])


def test_window_nearest_to_a_linear_table_is_that_line() -> None:
    table = LookupTable(first=100, entries=np.arange(256), bits=8)
    black, white = levels(table.linear_window())
    assert black == pytest.approx(100)
    assert white == pytest.approx(355)


@given(hnp.arrays(np.int16, (6, 7)))
def test_automatic_window_is_usable_for_any_image(raw: np.ndarray) -> None:
    window = automatic_window(raw)
    black, white = levels(window)
    assert raw.min() - 1e-6 <= black <= white <= raw.max() + 1e-6
    assert np.isfinite(to_display(raw, window, inverted=False)).all()


def test_automatic_window_ignores_padding() -> None:
    raw = np.tile(np.arange(100, dtype=np.int16), (100, 1))
    raw[:, :40] = -2000
    black, white = levels(automatic_window(raw, raw == -2000))
    assert 40 <= black <= 41
    assert 98 <= white <= 99
