"""Grey JPEG 2000 frames are decoded exactly as pydicom does, but without its hold on the program."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import get_frame
from pydicom.uid import JPEG2000Lossless

import resources
from ptx_viewer.study.jpeg2000 import decode_grey

SAMPLE = Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm"


def encoded(dataset, pixels, bits=None, **values) -> bytes:
    made = dataset(pixels, **values)
    if bits is not None:
        made.BitsStored, made.HighBit = bits, bits - 1
    made.compress(JPEG2000Lossless, generate_instance_uid=False)
    return get_frame(made.PixelData, 0, number_of_frames=1)


@pytest.mark.parametrize(
    ("bits", "dtype"), [(8, np.uint8), (10, np.uint16), (12, np.uint16), (16, np.uint16)]
)
def test_unsigned_grey_is_decoded_exactly(dataset, bits, dtype):
    pixels = np.random.default_rng(bits).integers(0, 2**bits, (70, 90)).astype(dtype)
    pixels[0, :2] = 0, 2**bits - 1
    found = decode_grey(encoded(dataset, pixels, bits), bits, pixels.dtype.itemsize * 8)
    assert found.dtype == dtype
    assert np.array_equal(found, pixels)


def test_every_other_kind_of_frame_is_left_to_pydicom(dataset):
    signed = np.random.default_rng(0).integers(-1000, 1000, (40, 40)).astype(np.int16)
    assert decode_grey(encoded(dataset, signed), 16, 16) is None
    colour = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    assert decode_grey(encoded(dataset, colour), 8, 8) is None
    grey = encoded(dataset, np.arange(1600, dtype=np.uint16).reshape(40, 40), 12)
    assert decode_grey(grey, 11, 16) is None  # the header and the frame disagree
    assert decode_grey(grey[: len(grey) // 2], 12, 16) is None
    assert decode_grey(b"", 12, 16) is None
    assert decode_grey(b"\xff\xd8\xff\xf7", 12, 16) is None


def test_signed_and_coloured_frames_are_still_read(write, image_of):
    signed = np.random.default_rng(0).integers(-1000, 1000, (40, 40)).astype(np.int16)
    path = write("signed.dcm", signed)
    made = pydicom.dcmread(path)
    made.compress(JPEG2000Lossless, generate_instance_uid=False)
    made.save_as(path)
    assert np.array_equal(image_of(path).raw, signed)


def test_other_threads_go_on_while_a_film_is_decoded():
    film = pydicom.dcmread(SAMPLE)
    frame = get_frame(film.PixelData, 0, number_of_frames=1)
    turns, ended = [], threading.Event()

    def go_on() -> None:
        while not ended.wait(0.001):
            turns.append(None)

    thread = threading.Thread(target=go_on)
    thread.start()
    before = len(turns)
    found = decode_grey(frame, film.BitsStored, film.BitsAllocated)
    during = len(turns) - before
    ended.set()
    thread.join()
    assert np.array_equal(found, film.pixel_array)
    # With the lock held there would be one turn at the most.
    assert during > 5
