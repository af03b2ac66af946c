"""Outline and score of one film by each network, weights loaded, and the memory that this takes."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
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


def sample_pixels():
    sample = Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm"
    (entry,) = scan([sample]).instances()
    return read_image(entry).pixels


def peak_megabytes(name: str | None) -> float:
    """Return the most memory that a process held that read a film and, where one is named, ran a network."""
    pixels = sample_pixels()
    if name is not None:
        zoo.load(name, "cpu").predict(pixels)
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


@pytest.mark.parametrize("name", zoo.main_models())
def test_memory(name, figure):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        alone = pool.apply(peak_megabytes, (None,))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        whole = pool.apply(peak_megabytes, (name,))
    figure(f"{name}: memory for one film, libraries included", whole, "MB", at_most=3000)
    figure(f"{name}: memory for one film, network alone", whole - alone, "MB", at_most=1000)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", zoo.main_models())
def test_prediction(name, device, figure):
    pixels = sample_pixels()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model = zoo.load(name, device)
        seconds = [model.predict(pixels).seconds for _ in range(RUNS + 1)][1:]
    finally:
        torch.set_num_threads(before)
    where, target = ("two CPU cores", 2.5) if device == "cpu" else (device, 0.1)
    figure(f"{name}: one film on {where}", statistics.median(seconds), "s", at_most=target)
