"""One viewport with what it shows: the bridge between a reading and the film."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from ptx_viewer.review.review import Decision
from ptx_viewer.study.image import Image2D

from . import theme
from .desk import Desk, Opened
from .displayable import Displayable
from .finding_row import headline
from .reading import Reading
from .viewport import REGION_COLOUR, FilmViewport, HeatmapLayer, MaskLayer
from .why_state import WhyState

#: Identity of the finding that is being drawn and is not yet in the review.
NEW_FINDING = "new-finding"
#: How the identity of a network's own outline begins: it is no finding of the review.
OPINION = "opinion:"
#: Identity of the outline around the region that is asked about.
ASKED_REGION = "asked-region"

_EMPTY = "Choose a series, or drop files here"

#: The review of a slice is looked up when scrolling pauses (milliseconds).
_SCROLL_PAUSE_MS = 120


class Pane(QObject):
    """Opens a row of the browser in its viewport and keeps the overlays up to date."""

    readingChanged = Signal()
    newFindingDrawn = Signal(object)

    def __init__(self, viewport: FilmViewport, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewport = viewport
        self.item: Displayable | None = None
        self.reading: Reading | None = None
        self.notices: tuple[str, ...] = ()
        self.failure = ""
        self.why = WhyState()
        self._desk = desk
        self._drawing = False
        self._hidden: frozenset[str] = frozenset()
        self._heatmap: HeatmapLayer | None = None
        self._opening = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_SCROLL_PAUSE_MS)
        self._pause.timeout.connect(self._adopt)
        viewport.sliceChanged.connect(lambda _index: self._on_slice())
        viewport.maskEdited.connect(self._on_painted)
        viewport.clear(_EMPTY)

    @property
    def image(self) -> Image2D | None:
        """The image in the viewport."""
        return self.viewport.image

    def show(self, item: Displayable) -> None:
        """Open `item` in the background and show it when it is decoded."""
        self._opening += 1
        ticket = self._opening
        self.item = item
        self.failure = ""
        self.notices = ()
        self._leave()
        self.viewport.clear("Opening")

        def done(opened: Opened) -> None:
            if ticket == self._opening:
                self._take(opened)

        def failed(reason: str) -> None:
            if ticket == self._opening:
                self.failure = reason
                self.viewport.show_unreadable(reason)
                self.readingChanged.emit()

        def progress(fraction: float, _message: str) -> None:
            if ticket == self._opening and self.image is None:
                self.viewport.clear(f"Opening, {fraction:.0%}")

        self._desk.open(item, done, failed, progress)
        self.readingChanged.emit()

    def show_same(self, other: Pane) -> None:
        """Show the film of another pane without opening it again."""
        image = other.image
        if other.item is None or image is None:
            return
        self._opening += 1
        self.item, self.failure, self.notices = other.item, "", other.notices
        self._leave()
        self.viewport.show_image(image)
        self._pause.stop()
        self._adopt()

    def show_nothing(self) -> None:
        """Put the image away."""
        self._opening += 1
        self.item, self.failure, self.notices = None, "", ()
        self._leave()
        self.viewport.clear(_EMPTY)
        self.readingChanged.emit()

    def set_drawing(self, drawing: bool) -> None:
        """Begin or end drawing a new finding."""
        self._drawing = drawing
        self.draw_masks()

    def set_hidden_sources(self, hidden: frozenset[str]) -> None:
        """Choose whose outlines are not drawn."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.draw_masks()

    def set_heatmap(self, layer: HeatmapLayer | None) -> None:
        """Show a heatmap of the present reading."""
        self._heatmap = layer
        if self._matches():
            self.viewport.set_heatmap(layer)

    def draw_masks(self) -> None:
        """Give the viewport the masks of the review as it stands, and what the brush may change."""
        reading = self.reading
        if reading is None or not self._matches():
            return
        selected = reading.selected
        layers = [
            MaskLayer(
                finding.finding_id,
                finding.mask,
                theme.colour_of(finding.source),
                headline(finding),
                selected is not None and finding.finding_id == selected.finding_id,
            )
            for finding in reading.review.findings
            if finding.decision is not Decision.REJECTED and finding.source not in self._hidden
        ]
        # Above the findings, but thin: where both run along each other both are seen.
        layers += self._opinions(reading)
        target = selected.finding_id if selected is not None else None
        if all(layer.finding_id != target for layer in layers):
            target = None
        if self._drawing and not reading.locked:
            empty = np.zeros(reading.image.shape, dtype=np.bool_)
            layers.append(MaskLayer(NEW_FINDING, empty, theme.colour_of("reader"), "", True))
            target = NEW_FINDING
        if self.why.target.mask is not None and self.why.target.mask.shape == reading.image.shape:
            layers.append(MaskLayer(ASKED_REGION, self.why.target.mask, REGION_COLOUR, dashed=True))
        self.viewport.set_masks(layers)
        self.viewport.set_edit_target(None if reading.locked else target)

    def _opinions(self, reading: Reading) -> list[MaskLayer]:
        """Return the networks' own outlines beside those of their consensus."""
        analysis = reading.analysis
        if analysis is None or analysis.consensus is None:
            return []
        return [
            MaskLayer(
                f"{OPINION}{made.model}-{number}",
                instance.mask,
                theme.colour_of(made.model),
                context=True,
            )
            for made in analysis.predictions
            if made.model not in self._hidden
            for number, instance in enumerate(made.instances, start=1)
        ]

    def _take(self, opened: Opened) -> None:
        if isinstance(opened, Image2D):
            self.notices = opened.notices
            self.viewport.show_image(opened)
        else:
            self.notices = opened.notices
            self.viewport.show_stack(opened, len(opened) // 2)
        self._pause.stop()
        self._adopt()

    def _on_slice(self) -> None:
        self._pause.start()

    def _adopt(self) -> None:
        """Bring the reading of the image that is shown now onto the desk."""
        image = self.image
        if image is None or self.item is None:
            self._leave()
            self.readingChanged.emit()
            return
        if self.reading is None or self.reading.key != image.reference.key:
            self._leave()
            self.reading = self._desk.reading(image, is_film=self.item.is_film)
            self.reading.reviewChanged.connect(self.draw_masks)
            self.reading.analysisChanged.connect(self.draw_masks)
            self.reading.selectionChanged.connect(self.draw_masks)
        self.draw_masks()
        self.readingChanged.emit()

    def _leave(self) -> None:
        if self.reading is not None:
            self.reading.reviewChanged.disconnect(self.draw_masks)
            self.reading.analysisChanged.disconnect(self.draw_masks)
            self.reading.selectionChanged.disconnect(self.draw_masks)
            self.reading = None
        self._drawing = False
        self._heatmap = None
        self.why.forget_image()

    def _matches(self) -> bool:
        """Whether the viewport shows the image of the reading (and not already another slice)."""
        image = self.image
        return image is not None and self.reading is not None and image.reference.key == self.reading.key

    def _on_painted(self, finding_id: str, mask: NDArray[np.bool_]) -> None:
        if finding_id == NEW_FINDING:
            self.newFindingDrawn.emit(mask)
        elif self.reading is not None:
            self.reading.repaint(finding_id, mask)
