"""Outline and score of one film by each network, weights loaded."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
import torch

import resources
from models import zoo
from models.device import select_device
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

RUNS = 5
DEVICES = ["cpu"] if select_device("auto").type == "cpu" else ["cpu", select_device("auto").type]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", zoo.main_models())
def test_prediction(name, device, figure):
    sample = Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm"
    (entry,) = scan([sample]).instances()
    pixels = read_image(entry).pixels
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model = zoo.load(name, device)
        seconds = [model.predict(pixels).seconds for _ in range(RUNS + 1)][1:]
    finally:
        torch.set_num_threads(before)
    where, target = ("two CPU cores", 2.5) if device == "cpu" else (device, 0.1)
    figure(f"{name}: one film on {where}", statistics.median(seconds), "s", at_most=target)
