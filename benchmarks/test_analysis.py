"""One film through lung fields, Attention U-Net and Grad-CAM with its faithfulness, models loaded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

import resources
from models.device import select_device
from ptx_viewer.analysis import Analyser
from ptx_viewer.results import AnalysisOptions
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

RUNS = 3
DEVICES = ["cpu"] if select_device("auto").type == "cpu" else ["cpu", select_device("auto").type]


@pytest.mark.parametrize("device", DEVICES)
def test_analysis(device, figure, tmp_path):
    sample = Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm"
    (entry,) = scan([sample]).instances()
    image = read_image(entry)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        analyser = Analyser(device, cache=tmp_path)
        analyser.analyse(image)  # loads the models
        seconds, predicting = [], []
        for _ in range(RUNS):
            for kept in tmp_path.iterdir():
                kept.unlink()  # a map that was made before costs nothing
            began = time.perf_counter()
            analyser.analyse(image)
            seconds.append(time.perf_counter() - began)
            began = time.perf_counter()
            analyser.analyse(image, AnalysisOptions(explain=()))
            predicting.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(before)
    target = 3.0 if device == "cpu" else 0.5
    where = "two CPU cores" if device == "cpu" else device
    middle = RUNS // 2
    figure(f"analysis of one film on {where}, with Grad-CAM", sorted(seconds)[middle], "s", at_most=target)
    figure(
        f"analysis of one film on {where}, without Grad-CAM", sorted(predicting)[middle], "s", at_most=target
    )
