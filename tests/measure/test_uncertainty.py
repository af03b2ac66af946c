from __future__ import annotations

import numpy as np
import pytest

from ptx_viewer.measure.millimetres import SCALES, scale_range, scale_words, usable
from ptx_viewer.measure.uncertainty import (
    interval,
    interval_words,
    larger_outline,
    smaller_outline,
    threshold_range,
)
from ptx_viewer.study.spacing import Spacing, SpacingBasis


def test_thresholds_are_one_apart_in_log_odds() -> None:
    assert threshold_range(0.5) == (pytest.approx(0.26894, abs=1e-5), pytest.approx(0.73106, abs=1e-5))
    low, high = threshold_range(0.2)
    assert low / (1 - low) == pytest.approx(0.25 / np.e)
    assert high / (1 - high) == pytest.approx(0.25 * np.e)
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_range(1.0)


def test_the_higher_threshold_stays_below_what_the_network_ever_says() -> None:
    # One in log-odds above .35 is .594; a network that levels off at .59 would lose its whole outline.
    low, high = threshold_range(0.35, 0.59)
    assert low == threshold_range(0.35)[0]
    assert high == pytest.approx(0.47)
    # Nothing inside reaches the threshold (an outline from elsewhere): it is not lowered.
    assert threshold_range(0.35, 0.1)[1] == 0.35


def test_the_larger_outline_grows_and_finds_nothing_new_elsewhere() -> None:
    probability = np.array([[0.9, 0.6, 0.4, 0.1, 0.4, 0.4]], dtype=np.float32)
    air = probability >= 0.5
    everywhere = np.ones_like(air)
    assert larger_outline(air, probability, 0.3, everywhere).tolist() == [[True] * 3 + [False] * 3]
    forbidden = np.array([[True, True, False, True, True, True]])
    assert larger_outline(air, probability, 0.3, forbidden).tolist() == [[True, True] + [False] * 4]


def test_the_smaller_outline_may_vanish() -> None:
    probability = np.array([[0.9, 0.6, 0.4]], dtype=np.float32)
    air = probability >= 0.5
    assert smaller_outline(air, probability, 0.7).tolist() == [[True, False, False]]
    assert not smaller_outline(air, probability, 0.95).any()


def test_the_value_lies_in_its_interval() -> None:
    assert interval(5.0, [6.0, 7.0]) == (5.0, 7.0)
    assert interval(5.0, []) == (5.0, 5.0)


def test_every_basis_has_its_range_of_scales() -> None:
    assert set(SCALES) == set(SpacingBasis)
    assert scale_range(Spacing(1, 1, SpacingBasis.PATIENT)) == (1.0, 1.0)
    low, high = scale_range(Spacing(1, 1, SpacingBasis.DETECTOR_PLANE))
    assert (low, high) == (pytest.approx(150 / 180), 1.0)
    assert scale_range(None) == (1.0, 1.0)


def test_an_unknown_calibration_is_named_and_invents_no_interval() -> None:
    unknown = Spacing(1, 1, SpacingBasis.UNKNOWN)
    assert "not known" in scale_words(unknown)
    assert interval_words([], unknown) == ""
    assert interval_words(["outline"], unknown).startswith(
        "outline; the calibration's own error is not known"
    )
    assert interval_words([], Spacing(1, 1, SpacingBasis.PATIENT)) == ""


def test_a_spacing_that_is_no_length_is_none() -> None:
    assert usable(Spacing(float("nan"), 1, SpacingBasis.PATIENT)) is None
    assert usable(Spacing(1, 0, SpacingBasis.PATIENT)) is None
    assert usable(Spacing(1, 1, SpacingBasis.PATIENT)) is not None
