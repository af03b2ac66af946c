"""A small analysed film: 40 × 60 pixels, a pneumothorax on each side, one model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from explain.attribution import Attribution, Faithfulness, Provenance
from models.prediction import Box, Instance, LungFields, Prediction, Side
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.edits import Clock
from ptx_viewer.review.store import ReviewStore

SHAPE = (40, 60)
Rectangle = Callable[[int, int, int, int], np.ndarray]


def _rectangle(top: int, left: int, rows: int, columns: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + rows, left : left + columns] = True
    return mask


@pytest.fixture
def rectangle() -> Rectangle:
    return _rectangle


@pytest.fixture
def clock() -> Clock:
    """Return a clock that starts at 2026-01-01 08:00 UTC and goes on a minute each time it is read."""
    start = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)
    reads = iter(range(10_000))
    return lambda: start + timedelta(minutes=next(reads))


def _prediction(model: str, seed: int, *masks: tuple[np.ndarray, Side]) -> Prediction:
    probability = np.random.default_rng(seed).random(SHAPE, dtype=np.float32)
    instances = tuple(
        Instance(mask, Box.around(mask), 0.9 - 0.1 * n, side) for n, (mask, side) in enumerate(masks)
    )
    return Prediction(
        model=model,
        card_id=f"{model}-1",
        probability=probability,
        score=0.93 if masks else 0.1,
        threshold=0.4,
        mask_threshold=0.5,
        instances=instances,
        seconds=1.25,
        device="cpu",
        notices=("Memory ran out; the CPU was used.",),
    )


@pytest.fixture
def make_analysis() -> Callable[..., ImageAnalysis]:
    """Return a function: the analysis of a film by the models named, each with the same two findings."""

    def make(*models: str, image_key: str = "1.2.3#0", found: bool = True) -> ImageAnalysis:
        masks = (
            (_rectangle(5, 5, 4, 20), Side.RIGHT),  # 80 px
            (_rectangle(5, 35, 2, 15), Side.LEFT),  # 30 px
        )
        predictions = tuple(
            _prediction(model, seed, *(masks if found else ())) for seed, model in enumerate(models)
        )
        heatmap = np.random.default_rng(9).uniform(-1, 1, SHAPE).astype(np.float32)
        heatmap[0, :10] = 0
        return ImageAnalysis(
            image_key=image_key,
            predictions=predictions,
            # 600 px each.
            lung_fields=LungFields(_rectangle(5, 5, 30, 20), _rectangle(5, 35, 30, 20), "lung-fields-1", 0.2),
            attributions=(
                Attribution(
                    method="grad-cam",
                    model=models[0] if models else "none",
                    target="image score",
                    heatmap=heatmap,
                    signed=True,
                    seconds=0.5,
                    provenance=Provenance("captum 0.8", "encoder.4", None, 7, None),
                    faithfulness=Faithfulness(0.1, 0.8, 0.3, 0.4, "yes"),
                ),
            ),
            measurements=(
                Measurement("pneumothorax area", 8.0, "mm²", "by hand", "right", "attention-unet"),
                Measurement("share", None, "%", "by hand", "left", "attention-unet", False, "why not"),
            ),
            notices=("Read in 0.1 s.",),
        )

    return make


@pytest.fixture
def analysis(make_analysis: Callable[..., ImageAnalysis]) -> ImageAnalysis:
    return make_analysis("attention-unet")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the tested store lies; its folder does not exist yet."""
    return tmp_path / "data" / "reviews.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[ReviewStore]:
    with ReviewStore(path) as opened:
        yield opened
