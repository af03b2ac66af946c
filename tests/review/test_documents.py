from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.prediction import Side
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.documents import DocumentError, from_document, to_document
from ptx_viewer.review.edits import add_finding, repaint, sign
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.review import AuditEvent, Finding, ImageReview, Verdict


def plain(value: Any) -> Any:
    """Return nested tuples that compare by value: dataclasses that hold arrays do not."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if is_dataclass(value):
        return (type(value).__name__, *(plain(getattr(value, field.name)) for field in fields(value)))
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    return (type(value).__name__, value)


def test_an_analysis_comes_back_whole(make_analysis: Callable[..., ImageAnalysis]) -> None:
    analysis = make_analysis("attention-unet", "mask-rcnn")
    text, arrays = to_document(analysis)
    assert plain(from_document(ImageAnalysis, text, arrays)) == plain(analysis)


def test_a_review_comes_back_whole(analysis: ImageAnalysis) -> None:
    review = add_finding(review_from_analysis(analysis), np.ones((40, 60), dtype=bool), Side.UNKNOWN)
    review = sign(repaint(review, "attention-unet-1", np.zeros((40, 60), dtype=bool)), "Ä. Reader")
    text, arrays = to_document(review)
    assert plain(from_document(ImageReview, text, arrays)) == plain(review)


def test_an_array_that_is_used_twice_is_kept_once_and_shared_again(analysis: ImageAnalysis) -> None:
    text, arrays = to_document(review_from_analysis(analysis))
    assert len(arrays) == 2
    restored = from_document(ImageReview, text, arrays)
    assert all(finding.suggested is finding.mask for finding in restored.findings)


times = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))
events = st.builds(AuditEvent, times, st.text(), st.text())
reviews = st.builds(
    ImageReview,
    image_key=st.text(min_size=1),
    verdict=st.sampled_from(Verdict),
    impression=st.text(),
    signed_by=st.text(),
    signed_at=st.none() | times,
    audit=st.lists(events, max_size=4).map(tuple),
)


@given(reviews)
def test_any_text_and_time_comes_back(review: ImageReview) -> None:
    text, arrays = to_document(review)
    assert plain(from_document(ImageReview, text, arrays)) == plain(review)


def test_numpy_numbers_become_plain_ones() -> None:
    finding = Finding("a-1", "a", Side.LEFT, np.float32(0.5), None, np.ones((1, 1), dtype=bool))  # type: ignore[arg-type]
    text, arrays = to_document(finding)
    assert from_document(Finding, text, arrays).score == 0.5


def test_a_score_that_is_no_number_is_refused() -> None:
    finding = Finding("a-1", "a", Side.LEFT, float("nan"), None, np.ones((1, 1), dtype=bool))
    with pytest.raises(DocumentError, match="cannot be kept"):
        to_document(finding)


def test_a_field_that_an_older_program_did_not_write_takes_its_default() -> None:
    assert from_document(ImageReview, '{"image_key": "1#0"}', []).verdict is Verdict.OPEN


def test_a_field_that_a_newer_program_added_is_passed_over() -> None:
    review = from_document(ImageReview, '{"image_key": "1#0", "second_reader": "B"}', [])
    assert review.image_key == "1#0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"image_key": 5}',
        '{"image_key": "1#0", "verdict": "perhaps"}',
        '{"image_key": "1#0", "signed_at": "yesterday"}',
        '{"image_key": "1#0", "findings": 3}',
        '{"image_key": "1#0", "findings": [{"finding_id": "a"}]}',
        '{"image_key": "1#0", "audit": [["2026-01-01T00:00:00+00:00", "x", "y"]]}',
    ],
)
def test_what_is_no_review_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="ImageReview cannot be read"):
        from_document(ImageReview, text, [])


def test_an_array_that_is_missing_is_refused(analysis: ImageAnalysis) -> None:
    text, arrays = to_document(review_from_analysis(analysis))
    with pytest.raises(DocumentError, match="cannot be read"):
        from_document(ImageReview, text, arrays[:1])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["image_key", "findings", "audit", "verdict", "array"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_arbitrary_json_gives_a_review_or_one_kind_of_error(value: Any) -> None:
    try:
        review = from_document(ImageReview, json.dumps(value), [])
    except DocumentError:
        return
    assert isinstance(review, ImageReview)
    assert isinstance(review.image_key, str)


def test_tuples_of_a_fixed_length_keep_it() -> None:
    @dataclass(frozen=True)
    class Pair:
        values: tuple[int, float]

    # Resolved in this module's globals: annotations are text here, but of built-in types.
    assert from_document(Pair, '{"values": [1, 2]}', []) == Pair((1, 2.0))
    with pytest.raises(DocumentError):
        from_document(Pair, '{"values": [1]}', [])
