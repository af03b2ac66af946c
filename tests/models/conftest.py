"""The shipped networks, loaded once, and a film that every clone has."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

import resources
from models import zoo
from models.lung_fields import LungFieldModel
from models.pneumothorax import PneumothoraxModel


@pytest.fixture(scope="session")
def sample_film() -> NDArray[np.float32]:
    """Return the synthetic film with a pneumothorax, 0..1, float32 [512, 470]: not square on purpose."""
    folder = Path(resources.__file__).parent / "sample_study"
    stored = pydicom.dcmread(folder / "current-with-pneumothorax.dcm")
    shown = stored.pixel_array.astype(np.float32) / (2**stored.BitsStored - 1)
    small = cv2.resize(shown, (512, 512), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, 21:491])


@pytest.fixture(scope="session")
def lung_model() -> LungFieldModel:
    return zoo.load_lung_fields("cpu")


@pytest.fixture(scope="session")
def pneumothorax_model() -> PneumothoraxModel:
    return zoo.load("attention-unet", "cpu")
