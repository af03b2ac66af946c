"""A window on a small study, with an engine that answers what a test asks it to.

The networks are not what these tests are about: the engine here answers with the outlines that
the films were drawn with.  Files, store, measurements, report and every thread are the real ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication

from explain.attribution import Attribution, Faithfulness, Provenance, Repeatability
from explain.target import Target
from models.cards import DataSource, Figure, ModelCard
from models.consensus import card_of
from models.prediction import Box, Instance, LungFields, Prediction, Side
from ptx_viewer.engine import EngineError
from ptx_viewer.explaining import below_cutoff
from ptx_viewer.opinions import weigh
from ptx_viewer.progress import Progress
from ptx_viewer.results import AnalysisOptions, EngineInfo, ImageAnalysis, VolumeAnalysis
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.measured import current_measurements
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.volume import Volume
from ptx_viewer.ui.main_window import MainWindow
from ptx_viewer.ui.reading import AnalysisState
from ptx_viewer.ui.theme import apply_theme
from ptx_viewer.ui.viewport import FilmViewport
from ptx_viewer.volumes import analyse_volume

DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ROWS, COLUMNS = 200, 240
# The patient's right is at the left of the screen.
RIGHT_LUNG = np.s_[30:160, 30:100]
LEFT_LUNG = np.s_[30:160, 140:210]
GAS = np.s_[40:80, 35:75]
TITLES = {
    "attention-unet": "Attention U-Net",
    "unet": "U-Net",
    "mask-rcnn": "Mask R-CNN",
    "lung-fields": "Lung fields",
}


def model_card(name: str, title: str) -> ModelCard:
    return ModelCard(
        card_id=f"{name}-test",
        name=name,
        title=title,
        task="Outlines a pneumothorax on a frontal chest film.",
        architecture="U-Net",
        size=512,
        sources=(DataSource("Films <of> a test", "free", "training"),),
        split="by patient",
        preprocessing="none",
        threshold=0.41,
        mask_threshold=0.5,
        threshold_rule="chosen for the test",
        figures=(Figure("image ROC-AUC", 0.95, 0.90, 0.99, "films of a test", 24),),
        limitations=("Knows no drains.",),
        licence="CC BY 4.0",
        command="python train.py",
        commit="0" * 7,
        sha256="0" * 64,
        options={},
        tried="Meant to reach 0.97.",
    )


@dataclass
class SampleEngine:
    """Answers with the outlines that the films were drawn with.

    Attributes
    ----------
    refusal, failure, load_failure, map_failure : str
        What it says instead of an answer.
    go, loaded, map_go, check_go : threading.Event
        An analysis, the loading, a map, and its check, wait for these.
    models : tuple of str
        Which answer, each with the same outline.
    silent : tuple of str
        Which of them find nothing.
    without_gradients : tuple of str
    own : dict
        Files of a user's own weights by the networks' names; one called ``wrong.pth`` is refused.
    maps : list
        What was asked of it to explain: model, method and description of the target.
    """

    refusal: str = ""
    failure: str = ""
    load_failure: str = ""
    map_failure: str = ""
    models: tuple[str, ...] = ("attention-unet",)
    silent: tuple[str, ...] = ()
    without_gradients: tuple[str, ...] = ()
    go: threading.Event = field(default_factory=threading.Event)
    loaded: threading.Event = field(default_factory=threading.Event)
    map_go: threading.Event = field(default_factory=threading.Event)
    check_go: threading.Event = field(default_factory=threading.Event)
    own: dict[str, Path] = field(default_factory=dict)
    asked: list[tuple[str, AnalysisOptions]] = field(default_factory=list)
    maps: list[tuple[str, str, str]] = field(default_factory=list)
    checks: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for event in (self.go, self.loaded, self.map_go, self.check_go):
            event.set()
        self.closed = False

    def warm_up(self, progress: Progress) -> EngineInfo:
        progress(0.5, "Loading models")
        self._wait(self.loaded, progress, "Loading models")
        if self.load_failure:
            raise EngineError(self.load_failure)
        cards = [self.card(name) for name in (*self.models, "lung-fields")]
        if len(self.models) > 1 and not self.own:
            cards.append(card_of(cards[: len(self.models)]))
        engines = tuple((name, "torch") for name in self.models)
        return EngineInfo("cpu", tuple(cards), self.without_gradients, engines)

    def use_weights(self, weights: Mapping[str, Path], progress: Progress) -> EngineInfo:
        self._wait(self.loaded, progress, "Loading weights")
        if any(path.name == "wrong.pth" for path in weights.values()):
            raise EngineError("wrong.pth does not fit this network: stem.weight is missing")
        self.own, self.load_failure = dict(weights), ""
        return self.warm_up(progress)

    def card(self, name: str) -> ModelCard:
        """Return the card of the weights at work."""
        made = model_card(name, TITLES[name])
        if name not in self.own:
            return made
        file = self.own[name].name
        title = f"{made.title} (own weights)"
        return replace(made, card_id=f"{name}, {file}", title=title, weights_file=file)

    def analyse(self, image: Image2D, options: AnalysisOptions, progress: Progress) -> ImageAnalysis:
        self.asked.append((image.reference.key, options))
        progress(0.3, "Attention U-Net")
        self._wait(self.go, progress, "Attention U-Net")
        if self.failure:
            raise EngineError(self.failure)
        if self.refusal and not options.override_refusal:
            return ImageAnalysis(image.reference.key, refused=self.refusal)
        cards = [self.card(name) for name in self.models]
        return sample_analysis(image, self.refusal or None, self.models, self.silent, cards)

    def explain(
        self,
        image: Image2D,
        model: str,
        method: str,
        target: Target,
        analysis: ImageAnalysis | None,
        progress: Progress,
    ) -> Attribution:
        self.maps.append((model, method, target.description))
        progress(0.25, "scoring")
        self._wait(self.map_go, progress, "scoring")
        if self.map_failure:
            raise EngineError(self.map_failure)
        prediction = next(made for made in analysis.predictions if made.model == model)
        made = sample_map(image, model, method, target)
        return replace(made, below_cutoff=below_cutoff(made, target, prediction))

    def check(
        self,
        image: Image2D,
        attribution: Attribution,
        target: Target,
        analysis: ImageAnalysis | None,
        progress: Progress,
    ) -> Faithfulness:
        self.checks.append(("check", attribution.method))
        assert analysis.image_key == image.reference.key
        assert attribution.target == target.description
        progress(0.5, "checking")
        self._wait(self.check_go, progress, "checking")
        return Faithfulness(0.30, 0.61, 0.45, 0.52, "weakly", 0.40, 0.50, 0.2, 0.8)

    def repeat(
        self,
        image: Image2D,
        attribution: Attribution,
        target: Target,
        analysis: ImageAnalysis | None,
        progress: Progress,
    ) -> Faithfulness:
        self.checks.append(("repeat", attribution.method))
        assert analysis.image_key == image.reference.key
        assert attribution.target == target.description
        progress(0.5, "repeating")
        self._wait(self.check_go, progress, "repeating")
        return replace(attribution.faithfulness, repeatability=Repeatability(3, 0.91, 0.75))

    def analyse_volume(self, volume: Volume, progress: Progress) -> VolumeAnalysis:
        progress(0.3, "Finding the lungs")
        self._wait(self.go, progress, "Finding the lungs")
        if self.failure:
            raise EngineError(self.failure)
        return analyse_volume(volume, progress)

    def close(self) -> None:
        self.closed = True
        for event in (self.go, self.loaded, self.map_go, self.check_go):
            event.set()

    def _wait(self, event: threading.Event, progress: Progress, message: str) -> None:
        while not event.wait(0.01):
            progress(0.5, message)


def patches(image: Image2D) -> tuple[np.ndarray, LungFields]:
    """Return the pneumothorax and the lung fields that :func:`write_film` drew."""
    shape = image.shape
    right, left, gas = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
    right[RIGHT_LUNG] = True
    left[LEFT_LUNG] = True
    if "with-gas" in image.reference.file.stem:
        gas[GAS] = True
    return gas, LungFields(right, left, "lung-fields-test")


def sample_map(image: Image2D, model: str, method: str, target: Target) -> Attribution:
    """Return a map that differs by method and model: its values are known everywhere.

    Where the gas is drawn it is 1, or 0.5 for another model than the first.  Signed methods have -1 in
    the left lung field, and two superpixels: the right half of the patient, and the left one.
    """
    signed = method in ("shap", "lime")
    heatmap = np.zeros(image.shape, dtype=np.float32)
    heatmap[GAS] = 1.0 if model == "attention-unet" else 0.5
    regions = None
    if signed:
        heatmap[LEFT_LUNG] = -1.0
        regions = np.zeros(image.shape, dtype=np.int32)
        regions[:, COLUMNS // 2 :] = 1
    return Attribution(
        method=method,
        model=model,
        target=target.description,
        heatmap=heatmap,
        signed=signed,
        seconds=1.5,
        provenance=Provenance(
            "shap" if signed else "captum", None, "blurred film", 0 if signed else None, 100, effect=2.0,
            regions="2 regions" if signed else None,
        ),
        regions=regions,
    )  # fmt: skip


def silent_answer(image: Image2D, model: str) -> Prediction:
    """Return the answer of a network that finds nothing."""
    nothing = np.zeros(image.shape, dtype=np.float32)
    return Prediction(model, f"{model}-test", nothing, 0.02, 0.41, 0.5, (), 0.4, "cpu")


def sample_analysis(
    image: Image2D,
    refused: str | None = None,
    models: tuple[str, ...] = ("attention-unet",),
    silent: tuple[str, ...] = (),
    cards: Sequence[ModelCard] = (),
) -> ImageAnalysis:
    """Return what faultless networks would say about a film of :func:`write_film`; `silent` ones miss it."""
    cards = cards or [model_card(name, TITLES[name]) for name in models]
    ids = {card.name: card.card_id for card in cards}
    mask, fields = patches(image)
    instances = (Instance(mask, Box.around(mask), 0.93, Side.RIGHT),) if mask.any() else ()
    predictions = tuple(
        Prediction(
            model=model,
            card_id=ids[model],
            probability=mask.astype(np.float32),
            score=0.93 if instances else 0.03,
            threshold=0.41,
            mask_threshold=0.5,
            instances=instances,
            seconds=0.4,
            device="cpu",
        )
        if model not in silent
        else replace(silent_answer(image, model), card_id=ids[model])
        for model in models
    )
    heatmap = np.zeros(image.shape, dtype=np.float32)
    heatmap[GAS] = 1.0
    attribution = Attribution(
        method="grad-cam",
        model="attention-unet",
        target="image score",
        heatmap=heatmap,
        signed=False,
        seconds=0.4,
        provenance=Provenance("captum", "decoder", None, None, None),
        faithfulness=Faithfulness(0.21, 0.74, 0.45, 0.52, "yes"),
    )
    analysis = ImageAnalysis(
        image_key=image.reference.key,
        refused=refused,
        predictions=predictions,
        lung_fields=fields,
        attributions=(attribution,),
        consensus=weigh(predictions, cards, fields),
    )
    measured = current_measurements(review_from_analysis(analysis), analysis, image.spacing)
    return replace(analysis, measurements=measured)


def write_film(path: Path, number: int) -> Path:
    """Write a small frontal DX film: two dark lung fields, and gas in the right one when it is called so."""
    pixels = np.full((ROWS, COLUMNS), 180, dtype=np.uint8)
    pixels[RIGHT_LUNG] = 80
    pixels[LEFT_LUNG] = 80
    if "with-gas" in path.stem:
        pixels[GAS] = 20
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.file_meta.MediaStorageSOPClassUID = DX_FOR_PRESENTATION
    film.SOPClassUID = DX_FOR_PRESENTATION
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.10.1.{number}"
    film.StudyInstanceUID = "1.2.826.0.1.3680043.10.2"
    film.SeriesInstanceUID = f"1.2.826.0.1.3680043.10.3.{number}"
    film.PatientName, film.PatientID = "Synthetic^Sample", "SYN-1"
    film.StudyDate, film.StudyDescription = "20240105", "Chest"
    film.SeriesDescription, film.SeriesNumber = f"Film {number}", number
    film.Modality, film.BodyPartExamined, film.ViewPosition = "DX", "CHEST", "PA"
    film.PatientOrientation = ["L", "F"]
    film.ImagerPixelSpacing = [1.0, 1.0]
    film.Rows, film.Columns = ROWS, COLUMNS
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated = film.BitsStored = 8
    film.HighBit, film.PixelRepresentation = 7, 0
    film.PixelData = pixels.tobytes()
    film.save_as(path, enforce_file_format=True)
    return path


def write_slice(path: Path, number: int) -> Path:
    """Write one axial CT slice of 40 x 40 pixels, all of value `number` in Hounsfield units."""
    pixels = np.full((40, 40), number, dtype=np.int16)
    ct = Dataset()
    ct.file_meta = FileMetaDataset()
    ct.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ct.file_meta.MediaStorageSOPClassUID = CT_IMAGE
    ct.SOPClassUID = CT_IMAGE
    ct.SOPInstanceUID = ct.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.10.5.{number}"
    ct.StudyInstanceUID = "1.2.826.0.1.3680043.10.6"
    ct.SeriesInstanceUID = "1.2.826.0.1.3680043.10.7"
    ct.PatientName, ct.PatientID, ct.Modality = "Synthetic^Stack", "SYN-2", "CT"
    ct.SeriesDescription, ct.InstanceNumber = "Five slices", number
    ct.ImagePositionPatient, ct.ImageOrientationPatient = [0, 0, 5 * number], [1, 0, 0, 0, 1, 0]
    ct.PixelSpacing, ct.SliceThickness = [0.8, 0.8], 5
    ct.RescaleSlope, ct.RescaleIntercept = 1, 0
    ct.WindowCenter, ct.WindowWidth = 50, 350
    ct.Rows = ct.Columns = 40
    ct.SamplesPerPixel, ct.PhotometricInterpretation = 1, "MONOCHROME2"
    ct.BitsAllocated = ct.BitsStored = 16
    ct.HighBit, ct.PixelRepresentation = 15, 1
    ct.PixelData = pixels.tobytes()
    ct.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="session", autouse=True)
def _theme(qapp: QApplication) -> None:
    apply_theme(qapp)


@pytest.fixture
def engine() -> SampleEngine:
    return SampleEngine()


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "reviews.sqlite3"


@pytest.fixture
def new_window(qtbot, engine: SampleEngine, store_path: Path) -> Iterator[Callable[..., MainWindow]]:
    """Make windows on the same store, one after another; each is closed at the end."""
    made: list[MainWindow] = []

    def make(weights: Mapping[str, Path] | None = None) -> MainWindow:
        window = MainWindow(ReviewStore(store_path), engine, weights or {})
        made.append(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield make
    for window in made:
        if window.isVisible():
            window.close()
        window.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def window(new_window: Callable[[], MainWindow]) -> MainWindow:
    return new_window()


@pytest.fixture
def open_film(qtbot) -> Callable[..., MainWindow]:
    """Open one file and wait until its analysis has come to an end."""

    def run(window: MainWindow, path: Path, state: AnalysisState = AnalysisState.DONE) -> MainWindow:
        window.open([path])
        qtbot.waitUntil(
            lambda: window.pane.reading is not None and window.pane.reading.state is state, timeout=10_000
        )
        return window

    return run


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two films, the first with a pneumothorax."""
    folder = tmp_path_factory.mktemp("study")
    write_film(folder / "film-with-gas.dcm", 1)
    write_film(folder / "film-without.dcm", 2)
    return folder


@pytest.fixture(scope="session")
def ct_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CT of five slices, numbered and valued 1 to 5 from the feet up."""
    folder = tmp_path_factory.mktemp("ct")
    for number in range(1, 6):
        write_slice(folder / f"{6 - number}.dcm", number)
    return folder


@pytest.fixture
def positive(study: Path) -> Path:
    """The film with a pneumothorax."""
    return study / "film-with-gas.dcm"


@pytest.fixture
def negative(study: Path) -> Path:
    """The film without one."""
    return study / "film-without.dcm"


@pytest.fixture
def screen_point() -> Callable[[FilmViewport, int, int], QPoint]:
    """Return where a source pixel of a fitted, unturned film lies on its viewport."""

    def find(viewport: FilmViewport, row: int, column: int) -> QPoint:
        scale = min(viewport.width() / COLUMNS, viewport.height() / ROWS)
        left = (viewport.width() - scale * COLUMNS) / 2
        top = (viewport.height() - scale * ROWS) / 2
        return QPoint(round(left + scale * (column + 0.5)), round(top + scale * (row + 0.5)))

    return find


@pytest.fixture
def analysis_of() -> Callable[[Image2D], ImageAnalysis]:
    """Return what the engine of these tests says about a film."""
    return sample_analysis
