"""Each explanation of both networks: how long it takes, and beside the stock call of its own library.

Models are loaded, the film has 2,048 pixels an edge: an ordinary size.  The stock calls get the film as
it is:

* Grad-CAM: captum's own call in the network at 2,048 pixels an edge, with the layers that the program
  looks at; it takes gigabytes;
* SHAP: ``shap.KernelExplainer`` with its own number of looks, 2,048 and two a region;
* LIME: ``lime_image``'s ``explain_instance`` with its 1,000 looks.

SHAP and LIME are asked the same question as the program, that is with the same regions and stand-in: only so
can their maps say the same in the end.  A look takes the whole film, makes the changed one and lets the
network prepare and score it, one by one in float32; its duration is the median of some looks, and what
the libraries do besides is not counted.  The stock maps are made with all looks on the film in the
network's grid (:mod:`stock`: kept on disk, so that a benchmark stopped by its patience goes on when it is
run again).
How far the stock call repeats itself with another seed stands beside the comparison.

Correlations are Spearman's over the regions that lie in the lungs (Grad-CAM: over the lungs' pixels);
differences of less than a twentieth of a map's peak count as ties.  A real film is used where one is at hand
(PTX_VIEWER_TEST_DATA), else the synthetic one.
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
from scipy.stats import spearmanr

import resources
from explain.cache import AttributionCache
from explain.faithfulness import measure_faithfulness
from explain.methods import METHODS, explain, title
from explain.question import lungs_in_grid
from explain.settling import TIE
from explain.similarity import rank_correlation, visible
from explain.target import Target
from models import zoo
from models.device import select_device
from models.geometry import GridTransform
from models.pneumothorax import PneumothoraxModel
from models.prediction import LungFields
from models.preprocess import to_network

from .stock import LIME_LOOKS, SHAP_LOOKS, Game, KeptLooks, stock_lime, stock_shap, without

RUNS = 3
EDGE = 2048
#: Looks of the full-size film from which the duration of one is taken.
TIMED_LOOKS = 24
SECONDS = {"grad-cam": 0.5}  # the others: 10
DEVICES = ["cpu"] if select_device("auto").type == "cpu" else ["cpu", select_device("auto").type]
NETWORKS = ("attention-unet", "mask-rcnn")
#: Draws of what is seen where a region is absent, as many as the program's own map sees on a CPU.
STAND_INS = {"shap": 4, "lime": 1}
SAMPLED = {"shap": stock_shap, "lime": stock_lime}
_REAL = Path(os.environ.get("PTX_VIEWER_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True, eq=False)
class Case:
    """A model and a film of 2,048 pixels an edge."""

    model: PneumothoraxModel
    pixels: NDArray[np.float32]
    lungs: LungFields


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
def lungs(request: pytest.FixtureRequest, pixels: NDArray[np.float32]) -> LungFields:
    found = zoo.load_lung_fields(request.param).predict(pixels).lungs
    assert found is not None
    return found


@pytest.fixture(scope="module", params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=NETWORKS)
def case(request: pytest.FixtureRequest, device: str, pixels: NDArray[np.float32], lungs: LungFields) -> Case:
    return Case(zoo.load(request.param, device), pixels, lungs)


def where(case: Case) -> str:
    place = "two CPU cores" if case.model.device.type == "cpu" else case.model.device.type
    return f"{case.model.name} on {place}"


def timed(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the middle of the seconds that `work` takes once everything is loaded."""
    work()
    return sorted(duration(work) for _ in range(runs))[runs // 2]


def duration(work: Callable[..., object], *arguments: object) -> float:
    """Return the seconds that one call takes."""
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


@pytest.mark.parametrize("method", METHODS)
def test_duration(case: Case, method: str, figure) -> None:
    most = SECONDS.get(method, 10.0) if case.model.device.type == "cpu" else 1.0
    seconds = timed(lambda: explain(case.model, case.pixels, method, lungs=case.lungs))
    made = explain(case.model, case.pixels, method, lungs=case.lungs).provenance
    looks = "" if made.samples is None else f", {made.samples} looks"
    settled = ", not settled" if made.settled is False else ""
    figure(f"{title(method)}, {where(case)}{looks}{settled}", seconds, "s", at_most=most)


def test_duration_of_the_verdict(case: Case, figure) -> None:
    prediction = case.model.predict(case.pixels)
    made = explain(case.model, case.pixels, "grad-cam")
    seconds = timed(lambda: measure_faithfulness(case.model, case.pixels, made, prediction))
    figure(f"faithfulness of a first map, {where(case)}", seconds, "s", at_most=3.0)


def test_grad_cam_beside_captum(case: Case, figure) -> None:
    from captum.attr import LayerAttribution, LayerGradCam, LayerGradientXActivation

    model, layers = case.model, case.model.explained_layers
    transform = GridTransform(case.pixels.shape, EDGE)
    large = torch.from_numpy(to_network(case.pixels, transform, model.preprocessing))[None, None]
    own, _ = model.prepare(case.pixels)

    def stock(film: torch.Tensor) -> NDArray[np.float32]:
        film = film.to(model.device).clone().requires_grad_(True)
        maps = []
        for layer in layers:
            if layer.by_place:
                product = LayerGradientXActivation(model.score, layer.module).attribute(film).detach()
                maps.append(product.sum(dim=1, keepdim=True).relu())
            else:
                found = LayerGradCam(model.score, layer.module).attribute(film, relu_attributions=True)
                # With its history it would hold gigabytes while the next layer asks for as many.
                maps.append(found.detach())
        fine = [LayerAttribution.interpolate(each, case.pixels.shape, "bilinear")[0, 0] for each in maps]
        return sum(each / each.max().clamp_min(1e-12) for each in fine).detach().float().cpu().numpy()

    ours = explain(model, case.pixels, "grad-cam").heatmap
    inside = case.lungs.right | case.lungs.left

    def likeness(theirs: NDArray[np.float32]) -> float:
        seen = [np.where(inside, visible(np.where(inside, each, 0), TIE), 0) for each in (ours, theirs)]
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return rank_correlation(seen[0][box], seen[1][box])

    seconds = timed(lambda: explain(model, case.pixels, "grad-cam"))
    compare(case, figure, "Grad-CAM", seconds, timed(lambda: stock(large), 1), likeness(stock(large)))
    figure(
        f"Grad-CAM, {where(case)}: captum in the network's own grid", likeness(stock(own)), "", at_least=0.9
    )


@pytest.mark.parametrize("method", SAMPLED)
def test_duration_beside_the_library(case: Case, figure, method: str) -> None:
    seconds = timed(lambda: explain(case.model, case.pixels, method, lungs=case.lungs), 1)
    made = explain(case.model, case.pixels, method, lungs=case.lungs)
    assert made.regions is not None and made.regions.min() == 0
    changed = without(case.pixels, made.regions, case.lungs.right | case.lungs.left, STAND_INS[method])
    count = int(made.regions.max()) + 1
    gone = np.random.default_rng(0).random((TIMED_LOOKS + 2, count)) < 0.5

    @torch.inference_mode()
    def look(row: NDArray[np.bool_]) -> float:
        return float(case.model.score(case.model.prepare(changed(row).astype(np.float32))[0]))

    for row in gone[:2]:  # compiles, loads
        look(row)
    each = float(np.median([duration(look, row) for row in gone[2:]]))
    looks = SHAP_LOOKS + 2 * count if method == "shap" else LIME_LOOKS
    faster(case, figure, f"{title(method)} ({looks} looks of {each:.2f} s)", seconds, looks * each)


@pytest.mark.parametrize("method", SAMPLED)
def test_likeness_to_the_library(case: Case, figure, method: str) -> None:
    made = explain(case.model, case.pixels, method, lungs=case.lungs)
    assert made.regions is not None
    grid, transform = case.model.prepare(case.pixels)
    # The film is square: the grid has no padding, and as many pixels in each direction.
    regions = cv2.resize(made.regions, grid.shape[-2:], interpolation=cv2.INTER_NEAREST_EXACT)
    inside = lungs_in_grid(case.lungs, transform)
    count = int(regions.max()) + 1
    changed = without(grid[0, 0].float().cpu().numpy(), regions, inside, STAND_INS[method])

    @torch.inference_mode()
    def play(present: NDArray[np.bool_]) -> NDArray[np.float64]:
        films = torch.from_numpy(np.stack([changed(~row) for row in present]).astype(np.float32))
        return case.model.score(films[:, None].to(grid.device)).double().cpu().numpy()

    about = AttributionCache.key(case.model, case.pixels, method, Target.image_score(), lungs=case.lungs)
    game: Game = KeptLooks(about, play)
    theirs, again = (SAMPLED[method](game, count, seed) for seed in (0, 1))
    ours = np.array([made.heatmap[made.regions == region].mean() for region in range(count)])
    in_lungs = np.array([inside[regions == region].mean() >= 0.5 for region in range(count)])
    name = f"{title(method)}, {where(case)}, {int(in_lungs.sum())} regions in the lungs"
    figure(f"{name}: correlation with stock", ranks(ours, theirs, in_lungs), "", at_least=0.9)
    mean = ranks(ours, (theirs + again) / 2, in_lungs)
    figure(f"{name}: correlation with the mean of two seeds of stock", mean, "", at_least=0.9)
    figure(f"{name}: stock with its own second seed", ranks(theirs, again, in_lungs), "", at_least=0.9)


def ranks(first: NDArray[np.floating], second: NDArray[np.floating], where: NDArray[np.bool_]) -> float:
    """Return Spearman's correlation of two lists of regions; what cannot be told apart counts as equal."""
    rounded = [np.round(each / (TIE * np.abs(each).max())) for each in (first, second)]
    return float(spearmanr(rounded[0][where], rounded[1][where]).statistic)


def faster(case: Case, figure, name: str, ours: float, stock: float) -> None:
    figure(f"{name}, {where(case)}: {ours:.1f} s, stock {stock:.0f} s", stock / ours, "times", at_least=20)


def compare(case: Case, figure, name: str, ours: float, stock: float, correlation: float) -> None:
    assert np.isfinite([ours, stock, correlation]).all()
    faster(case, figure, name, ours, stock)
    figure(f"{name}, {where(case)}: rank correlation with stock", correlation, "", at_least=0.9)
