"""The report of the film in front of the reader, written in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

import ptx_viewer
from explain.attribution import Attribution
from models.cards import LUNG_FIELDS, ModelCard, card_path, load_card
from models.consensus import card_of
from ptx_viewer.measure.annotation import annotation_measurements
from ptx_viewer.measure.view import film_view
from ptx_viewer.progress import Progress
from ptx_viewer.report.content import MapLook, PriorFilm, ReportContent
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.measured import current_measurements

from .failure import sentence
from .reading import Reading
from .workers import Workers

_log = logging.getLogger(__name__)


class Exporter(QObject):
    """Assembles what the report states and says where it went."""

    changed = Signal()
    finished = Signal(str)
    failed = Signal(str)

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self.running = ""

    @staticmethod
    def default_name() -> str:
        """Return a file name that says nothing about the patient."""
        return f"ptx-report-{datetime.now():%Y-%m-%d-%H%M}.pdf"

    def export(
        self,
        reading: Reading,
        path: Path,
        *,
        overwrite: bool,
        maps: tuple[tuple[Attribution, MapLook], ...],
        cards: tuple[ModelCard, ...],
        prior: PriorFilm | None = None,
    ) -> None:
        """Write the report of `reading` as it stands now, with the prior film that is beside it."""
        image, review = reading.image, reading.review
        analysis = reading.analysis or ImageAnalysis(reading.key)
        device = next((prediction.device for prediction in analysis.predictions), "")

        def work(_progress: Progress) -> Path:
            # The layout library takes half a second to import; the window must not start with that.
            from ptx_viewer.report.pdf import write_pdf

            content = ReportContent(
                image=image,
                analysis=analysis,
                review=review,
                measurements=current_measurements(review, analysis, image.spacing, film_view(image)),
                attributions=tuple(attribution for attribution, _look in maps),
                looks=tuple(look for _attribution, look in maps),
                cards=cards_of(analysis, cards),
                device=device,
                program_version=ptx_viewer.__version__,
                created=datetime.now().astimezone(),
                prior=prior,
            )
            write_pdf(content, path, overwrite=overwrite)
            return path

        self.run("The report was", "Writing the report", work)

    def export_findings(self, reading: Reading, folder: Path, prior: PriorFilm | None = None) -> None:
        """Write ``findings.json`` of `reading` into `folder`, with the reader's own numbers.

        The measurements are those that hold now, lines that the reader moved marked as edited, and
        after them what the reader measured by hand.
        """
        image, review = reading.image, reading.review
        analysis = reading.analysis or ImageAnalysis(reading.key)

        def work(_progress: Progress) -> Path:
            from ptx_viewer.report.findings import ImageRecord, write_findings

            values = image.raw if image.colour is None else None
            measurements = [
                *current_measurements(review, analysis, image.spacing, film_view(image)),
                *(
                    measurement
                    for annotation in review.annotations
                    for measurement in annotation_measurements(
                        annotation, values, image.raw_unit, image.spacing
                    )
                ),
            ]
            stated = replace(analysis, measurements=tuple(measurements))
            record = ImageRecord.of(image, stated, prior, review)
            created = datetime.now().astimezone()
            return write_findings(folder, [record], (), ptx_viewer.__version__, created)

        self.run("The findings were", "Writing findings.json", work)

    def run(self, subject: str, running: str, work: Callable[[Progress], Path]) -> None:
        """Write something in the background and say where it went, e.g. "The report was" written to..."""
        self.running = running
        self.changed.emit()
        self._workers.report.submit(
            running,
            work,
            done=lambda written: self._end(f"{subject} written to {written}"),
            failed=lambda error: self._end(f"{subject} not written: {sentence(error)}", failed=True),
            cancelled=lambda: self._end(f"{subject} not written: it was cancelled.", failed=True),
        )

    def _end(self, message: str, *, failed: bool = False) -> None:
        self.running = ""
        self.changed.emit()
        (self.failed if failed else self.finished).emit(message)


def cards_of(analysis: ImageAnalysis, loaded: Sequence[ModelCard]) -> tuple[ModelCard, ...]:
    """Return the cards of exactly the weights that gave an analysis's answers.

    Parameters
    ----------
    analysis : ImageAnalysis
        Perhaps restored, and of other weights than those at work now.
    loaded : sequence of ModelCard
        Of the weights at work.

    Returns
    -------
    tuple of ModelCard
        Loaded or shipped ones; none for weights that are neither.
    """
    wanted = {prediction.model: prediction.card_id for prediction in analysis.predictions}
    if analysis.lung_fields is not None:
        wanted[LUNG_FIELDS] = analysis.lung_fields.card_id
    cards: list[ModelCard] = []
    for name, card_id in wanted.items():
        card = next((card for card in loaded if (card.name, card.card_id) == (name, card_id)), None)
        card = card if card is not None else _shipped_card(name, card_id)
        if card is not None:
            cards.append(card)
    networks = [card for card in cards if card.name != LUNG_FIELDS]
    if analysis.agreed is not None and len(networks) == len(analysis.predictions):
        together = card_of(networks)
        if together.card_id == analysis.agreed.card_id:
            cards.append(together)
    return tuple(cards)


def _shipped_card(name: str, card_id: str) -> ModelCard | None:
    try:
        card = load_card(card_path(name))
    except (OSError, ValueError):
        _log.warning("the card of %s cannot be read", name)
        return None
    return card if card.card_id == card_id else None
