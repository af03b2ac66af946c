"""Each explanation beside the stock call of its own library, models loaded.

The stock call explains the film at 2,048 pixels an edge, an ordinary size: SHAP and LIME of a function that
takes such films and prepares them itself, one by one; Grad-CAM in the network at 1,024, in its favour.
Stock SHAP (``KernelExplainer`` with its own number of evaluations, 2,048 and two a region) and LIME
(``explain_instance``, 1,000) are asked the same question as the program: the same regions, the same stand-in
for absent ones. Only so do their maps say the same in the end.
They would take many minutes, so they are timed at two small numbers of evaluations and scaled to all of them
(the printed figure says so), and their map is made with all evaluations on the film in the network's own
grid. ``PTX_VIEWER_FULL_STOCK=1`` runs them in full on the film instead: nothing is scaled then.

Correlations are those of Spearman; differences of less than a twentieth of a map's peak count as ties.
A real film is used where one is at hand (PTX_VIEWER_TEST_DATA), else the synthetic one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydicom import dcmread

import resources
from explain.faithfulness import measure_faithfulness
from explain.methods import METHODS, explain, title
from explain.settling import TIE
from explain.similarity import rank_correlation, visible
from explain.stand_in import feathered, lung_like
from models import zoo
from models.device import select_device
from models.geometry import GridTransform
from models.pneumothorax import PneumothoraxModel
from models.prediction import LungFields
from models.preprocess import to_network

RUNS = 3
EDGE, GRAD_CAM_EDGE = 2048, 1024
#: None is shap's own choice.
SHAP_EVALUATIONS, LIME_EVALUATIONS = None, 1000
#: Evaluations of the two short runs.
SHORT = (50, 80)
IN_FULL = os.environ.get("PTX_VIEWER_FULL_STOCK") == "1"
SECONDS = {"grad-cam": 0.5}  # the others: 10
DEVICES = ["cpu"] if select_device("auto").type == "cpu" else ["cpu", select_device("auto").type]
_REAL = Path(os.environ.get("PTX_VIEWER_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))

#: A film, its regions, its lungs, and how many evaluations to spend: a map.
Stock = Callable[[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_], int | None], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Case:
    """A model and a film of 2,048 pixels an edge."""

    model: PneumothoraxModel
    pixels: NDArray[np.float32]
    lungs: LungFields

    def logits(self, films: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the image logits [N] of films [N, H, W, 3], one by one: what stock libraries are given."""
        with torch.inference_mode():
            return np.array(
                [
                    float(self.model.score(self.model.prepare(film[..., 0].astype(np.float32))[0]))
                    for film in films
                ]
            )


@pytest.fixture(scope="module", autouse=True)
def two_cores() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.float32]:
    if (_REAL / "siim" / "index.csv").is_file():
        from explain.audit.films import load_film, outlined_films

        shown = load_film(outlined_films(_REAL)[0]).pixels
    else:
        stored = dcmread(Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm")
        shown = stored.pixel_array.astype(np.float32) / np.float32(2**stored.BitsStored - 1)
    return np.asarray(cv2.resize(shown, (EDGE, EDGE), interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module", params=DEVICES)
def case(request: pytest.FixtureRequest, pixels: NDArray[np.float32]) -> Case:
    model = zoo.load("attention-unet", request.param)
    return Case(model, pixels, zoo.load_lung_fields(request.param).predict(pixels).lungs)


def where(case: Case) -> str:
    return "two CPU cores" if case.model.device.type == "cpu" else case.model.device.type


def timed(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the middle of the seconds that `work` takes once everything is loaded."""
    work()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)[runs // 2]


@pytest.mark.parametrize("method", METHODS)
def test_duration(case: Case, method: str, figure) -> None:
    most = SECONDS.get(method, 10.0) if case.model.device.type == "cpu" else 1.0
    seconds = timed(lambda: explain(case.model, case.pixels, method, lungs=case.lungs))
    figure(f"{title(method)} on {where(case)}", seconds, "s", at_most=most)


def test_duration_of_the_verdict(case: Case, figure) -> None:
    prediction = case.model.predict(case.pixels)
    made = explain(case.model, case.pixels, "grad-cam")
    seconds = timed(lambda: measure_faithfulness(case.model, case.pixels, made, prediction))
    figure(f"faithfulness of a first map on {where(case)}", seconds, "s", at_most=3.0)


def test_grad_cam_beside_captum(case: Case, figure) -> None:
    from captum.attr import LayerAttribution, LayerGradCam

    transform = GridTransform(case.pixels.shape, GRAD_CAM_EDGE)
    film = torch.from_numpy(to_network(case.pixels, transform, case.model.preprocessing))[None, None]
    film = film.to(case.model.device)

    def stock() -> NDArray[np.float32]:
        grad_cam = LayerGradCam(case.model.score, *case.model.explained_layers)
        coarse = grad_cam.attribute(film.clone().requires_grad_(True), relu_attributions=True)
        fine = LayerAttribution.interpolate(coarse, case.pixels.shape, "bilinear")
        return fine[0, 0].detach().float().cpu().numpy()

    ours = explain(case.model, case.pixels, "grad-cam").heatmap
    seconds = timed(lambda: explain(case.model, case.pixels, "grad-cam"))
    compare(case, figure, "Grad-CAM", seconds, timed(stock, 1), likeness(ours, stock()))


def without(
    film: NDArray[np.float32], regions: NDArray[np.int32], lungs: NDArray[np.bool_]
) -> Callable[[NDArray[np.bool_]], NDArray[np.float32]]:
    """Return a function that takes regions away: a film [H, W] for bool [regions], true where gone."""
    everywhere = np.ones(film.shape, np.bool_)
    change = lung_like(torch.from_numpy(film)[None, None], everywhere, lungs)[0, 0].numpy() - film
    parts = [feathered(regions == region, everywhere) * change for region in range(int(regions.max()) + 1)]
    return lambda gone: film + sum(parts[region] for region in np.flatnonzero(gone))


def stock_shap(case: Case) -> Stock:
    import shap

    def run(
        film: NDArray[np.float32],
        regions: NDArray[np.int32],
        lungs: NDArray[np.bool_],
        evaluations: int | None,
    ) -> NDArray[np.float32]:
        count, changed = int(regions.max()) + 1, without(film, regions, lungs)

        def score(rows: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.concatenate([case.logits(changed(row == 0)[None, ..., None]) for row in rows])

        explainer = shap.KernelExplainer(score, np.zeros((1, count)))
        values = explainer.shap_values(
            np.ones((1, count)), nsamples=evaluations or "auto", l1_reg=False, silent=True
        )
        return np.reshape(values, count)[regions].astype(np.float32)

    return run


def stock_lime(case: Case) -> Stock:
    from lime.lime_image import LimeImageExplainer

    def run(
        film: NDArray[np.float32],
        regions: NDArray[np.int32],
        lungs: NDArray[np.bool_],
        evaluations: int | None,
    ) -> NDArray[np.float32]:
        changed = without(film, regions, lungs)
        places = np.unique(regions, return_index=True)[1]

        def score(sheets: NDArray[np.float32]) -> NDArray[np.float64]:
            # lime hides a region behind one grey alone: given a white sheet, it says which are hidden.
            gone = np.asarray(sheets)[..., 0].reshape(len(sheets), -1)[:, places] == 0
            return np.concatenate([case.logits(changed(each)[None, ..., None]) for each in gone])[:, None]

        explained = LimeImageExplainer(random_state=0).explain_instance(
            np.ones((*film.shape, 3), np.float32), score,
            labels=(0,), top_labels=None, hide_color=0, num_samples=evaluations, random_seed=0,
            segmentation_fn=lambda _film: regions,
        )  # fmt: skip
        weights = np.zeros(int(regions.max()) + 1, np.float32)
        for segment, weight in explained.local_exp[0]:
            weights[segment] = weight
        return weights[regions]

    return run


@pytest.mark.parametrize(
    ("method", "stock", "evaluations"),
    [("shap", stock_shap, SHAP_EVALUATIONS), ("lime", stock_lime, LIME_EVALUATIONS)],
    ids=["shap", "lime"],
)
def test_regions_beside_their_library(
    case: Case, figure, method: str, stock: Callable[[Case], Stock], evaluations: int | None
) -> None:
    began = time.perf_counter()
    made = explain(case.model, case.pixels, method, lungs=case.lungs)
    seconds = time.perf_counter() - began
    assert made.regions is not None and made.regions.min() == 0
    run, lungs = stock(case), case.lungs.right | case.lungs.left
    looks = evaluations or 2 * int(made.regions.max() + 1) + 2048  # as shap documents its own choice
    case.logits(case.pixels[None, ..., None])  # compiles, loads
    began = time.perf_counter()
    if IN_FULL:
        theirs = run(case.pixels, made.regions, lungs, evaluations)
        stock_seconds = time.perf_counter() - began
        name = title(method)
    else:
        run(case.pixels, made.regions, lungs, SHORT[0])
        between = time.perf_counter()
        run(case.pixels, made.regions, lungs, SHORT[1])
        first, second = between - began, time.perf_counter() - between
        each = (second - first) / (SHORT[1] - SHORT[0])
        stock_seconds = first + each * (looks - SHORT[0])
        grid, transform = case.model.prepare(case.pixels)
        small = ((grid[0, 0].float().cpu().numpy() + 1) / 2).astype(np.float32)
        # The film is square, so the grid has no padding.
        regions = cv2.resize(made.regions, small.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        inside = transform.forward(lungs.astype(np.float32)) >= 0.5
        theirs = transform.backward(run(small, regions, inside, evaluations))
        name = f"{title(method)} (stock scaled from {sum(SHORT)} looks)"
    compare(case, figure, name, seconds, stock_seconds, likeness(made.heatmap, theirs))


def likeness(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    return rank_correlation(visible(ours, TIE), visible(theirs, TIE))


def compare(case: Case, figure, name: str, ours: float, stock: float, correlation: float) -> None:
    assert np.isfinite([ours, stock, correlation]).all()
    figure(f"{name} on {where(case)}: faster than stock ({stock:.0f} s)", stock / ours, "times", at_least=20)
    figure(f"{name} on {where(case)}: rank correlation with stock", correlation, "", at_least=0.9)
