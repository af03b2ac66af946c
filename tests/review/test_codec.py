from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ptx_viewer.review.codec import CodecError, decode, encode

shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=40)


@given(hnp.arrays(np.bool_, shapes))
def test_masks_come_back_exactly(mask: np.ndarray) -> None:
    restored = decode(encode(mask))
    assert restored.dtype == np.bool_
    assert not restored.flags.writeable
    np.testing.assert_array_equal(restored, mask)


@given(hnp.arrays(np.float32, shapes, elements=st.floats(0, 1, width=32)))
def test_probabilities_come_back_to_half_a_16_bit_level(values: np.ndarray) -> None:
    restored = decode(encode(values))
    assert restored.dtype == np.float32
    assert restored.shape == values.shape
    np.testing.assert_allclose(restored, values, rtol=0, atol=0.5 / 65535 + 1e-7)


@given(hnp.arrays(np.float32, shapes, elements=st.floats(-1, 1, width=32)))
def test_signed_maps_keep_zero_and_their_values_to_half_a_level(values: np.ndarray) -> None:
    restored = decode(encode(values))
    np.testing.assert_allclose(restored, values, rtol=0, atol=0.5 / 32767 + 1e-7)
    assert np.all(restored[values == 0] == 0)


def test_the_ends_of_the_range_are_exact() -> None:
    unsigned = np.array([[0, 1]], dtype=np.float32)
    signed = np.array([[-1, 0, 1]], dtype=np.float32)
    assert decode(encode(unsigned)).tolist() == [[0, 1]]
    np.testing.assert_allclose(decode(encode(signed)), signed, atol=1e-7)


def test_values_beyond_one_are_scaled_not_clipped() -> None:
    values = np.array([[-4, 0, 2]], dtype=np.float32)
    np.testing.assert_allclose(decode(encode(values)), values, atol=4 / 65534 + 1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_map_with_a_value_that_is_no_number_is_refused(bad: float) -> None:
    values = np.zeros((4, 4), dtype=np.float32)
    values[2, 2] = bad
    with pytest.raises(CodecError, match="not numbers"):
        encode(values)


@pytest.mark.parametrize("array", [np.zeros((2, 2), np.uint8), np.zeros(4, bool), np.zeros((2, 2, 2), bool)])
def test_only_masks_maps_and_labels_are_coded(array: np.ndarray) -> None:
    with pytest.raises(CodecError, match="only masks, labels and maps"):
        encode(array)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data)


@given(st.integers(0, 2**32 - 1), st.data())
def test_damaged_bytes_are_refused_or_give_an_array_of_the_stated_shape(
    seed: int, data: st.DataObject
) -> None:
    array = np.random.default_rng(seed).random((9, 13)) < 0.5
    coded = bytearray(encode(array))
    position = data.draw(st.integers(25, len(coded) - 1))
    coded[position] ^= data.draw(st.integers(1, 255))
    try:
        restored = decode(bytes(coded[: data.draw(st.integers(position + 1, len(coded)))]))
    except CodecError:
        return
    assert restored.shape == (9, 13)


@pytest.mark.parametrize("dtype", [np.bool_, np.float32])
def test_truncated_bytes_are_refused(dtype: type) -> None:
    coded = encode((np.random.default_rng(0).random((50, 50)) < 0.5).astype(dtype))
    for length in (0, 3, 24, 25, 40, len(coded) // 2):
        with pytest.raises(CodecError):
            decode(coded[:length])


def test_bytes_cannot_unpack_to_more_than_they_announce() -> None:
    bomb = struct.pack("<4sIId?", b"MASK", 8, 8, 0.0, False) + zlib.compress(bytes(10**7))
    with pytest.raises(CodecError, match="wrong length"):
        decode(bomb)
    huge = struct.pack("<4sIId?", b"MAP ", 2**31, 2**31, 1.0, False) + zlib.compress(b"")
    with pytest.raises(CodecError, match="not a coded mask, map or labels"):
        decode(huge)


def test_a_blob_in_a_film_is_compact() -> None:
    mask = np.zeros((3000, 3000), dtype=bool)
    mask[400:900, 300:1100] = True
    assert len(encode(mask)) < 20_000
    ramp = np.tile(np.linspace(0, 1, 3000, dtype=np.float32), (3000, 1))
    assert len(encode(ramp)) < 200_000


def test_labels_come_back_exactly() -> None:
    labels = np.arange(3 * 5 * 4, dtype=np.uint8).reshape(3, 5, 4)
    restored = decode(encode(labels))
    assert restored.dtype == np.uint8
    assert not restored.flags.writeable
    np.testing.assert_array_equal(restored, labels)
    odd = struct.pack("<4sIId?", b"LABL", 15, 4, 7.0, False) + zlib.compress(bytes(60))
    with pytest.raises(CodecError, match="do not come out even"):
        decode(odd)
