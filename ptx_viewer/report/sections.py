"""The sections of one film's report, in the order in which a reader wants them."""

from __future__ import annotations

from collections.abc import Sequence

from models.cards import CONSENSUS, ModelCard
from ptx_viewer import opinions
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.results import Consensus
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.review import Finding
from ptx_viewer.study.image import Image2D

from . import wording
from .annotations import write_annotations
from .audit import write_audit
from .constructions import write_constructions
from .content import ReportContent
from .figures import write_figures
from .film import Film
from .page import BODY, INK, MUTED, SMALL, TINY, Page
from .prior import write_changes
from .text import missing_characters, name_character, shorten

# Longer than any real field: what a damaged or hostile header holds must not fill pages.
_FIELD_LENGTH = 200
_CELL_LENGTH = 600


def write_film(page: Page, content: ReportContent) -> None:
    """Write everything about one film, starting on a new page."""
    patient = content.image.patient
    # The name comes last: one that runs from right to left would turn what follows it.
    page.start_film(
        f"Patient ID {patient.patient_id or 'not stated'} · "
        f"{wording.date(patient.study_date) or 'no study date'} · "
        f"{wording.person(patient.name) or 'no name'}"
    )
    findings = _findings(content)
    _identity(page, content.image)
    page.write_line(f"Rotation: {wording.rotation(content.view)}.", TINY, colour=MUTED)
    _conclusion(page, content)
    page.set_y(page.get_y() + 3)
    film = Film(content.image)
    # The first row beside the figures it led to; more maps after what is read first.
    heatmaps = content.heatmaps
    write_figures(page, content, film, findings, heatmaps[:1], with_film=True)
    _finding_table(page, content, findings)
    write_constructions(page, content, film, findings)
    _measurement_table(page, content)
    write_changes(page, content)
    write_annotations(page, content, film, findings)
    if len(heatmaps) > 1:
        page.heading("More explanations")
        write_figures(page, content, film, findings, heatmaps[1:], with_film=False)
    write_audit(page, content.review.audit if content.review is not None else ())
    _models(page, content)
    _notices(page, content)


def _findings(content: ReportContent) -> tuple[Finding, ...]:
    """Return the review's findings, or what is suggested where nobody has reviewed."""
    if content.review is not None:
        return content.review.findings
    return review_from_analysis(content.analysis).findings


def _identity(page: Page, image: Image2D) -> None:
    patient, taken, reference = image.patient, image.acquisition, image.reference
    rows, columns = image.shape
    date = " ".join(
        text for text in (wording.date(patient.study_date), wording.time(patient.study_time)) if text
    )
    kind = " ".join(text for text in (taken.modality, taken.body_part, taken.view_position) if text)
    person = [
        ("Patient", wording.person(patient.name)),
        ("Patient ID", patient.patient_id),
        ("Birth date", wording.date(patient.birth_date)),
        ("Sex, age", ", ".join(text for text in (patient.sex, wording.age(patient.age)) if text)),
        ("Institution", patient.institution),
    ]
    study = [
        ("Study date", date),
        ("Study", patient.study_description),
        ("Series", patient.series_description),
        ("Accession", patient.accession_number),
        ("Image", f"{kind}, {columns} × {rows} pixels".lstrip(", ")),
    ]
    top, half = page.get_y(), (page.epw - 6) / 2
    ends = []
    for place, pairs in enumerate((person, study)):
        page.set_y(top)
        shortened = [(label, shorten(text, _FIELD_LENGTH)) for label, text in pairs]
        page.fields(shortened, 21, page.l_margin + place * (half + 6), half)
        ends.append(page.get_y())
    page.set_y(max(ends))
    frame = f", frame {reference.frame + 1}" if reference.frame else ""
    page.write_line(
        f"File {shorten(reference.display_path, _FIELD_LENGTH)}{frame} · SOP instance UID "
        f"{shorten(reference.sop_instance_uid, 70) or 'not stated'}",
        TINY,
        colour=MUTED,
    )
    page.write_line(f"Calibration: {wording.calibration(image.spacing)}", TINY, colour=MUTED)
    everything = "".join(text for pairs in (person, study) for _, text in pairs)
    _say_missing(page, everything + reference.display_path)


def _conclusion(page: Page, content: ReportContent) -> None:
    review, analysis = content.review, content.analysis
    page.heading("Conclusion")
    page.write_line(wording.verdict(review), 10.5, bold=True)
    page.write_line(wording.signature(review), SMALL, colour=MUTED)
    page.set_y(page.get_y() + 1)
    if analysis.refused is not None:
        page.write_line(wording.refusal(analysis.refused, bool(analysis.predictions)), BODY)
    if analysis.consensus is not None:
        _second_opinion(page, content, analysis.consensus)
    for prediction in analysis.predictions:
        page.write_line(wording.model_statement(prediction, content.title_of(prediction.model)), BODY)
    if not analysis.predictions and analysis.refused is None:
        page.write_line("No model has scored this film.", BODY)
    if review is not None and review.impression.strip():
        page.heading("Impression of the reader")
        page.write_line(review.impression.strip(), BODY)
        _say_missing(page, review.impression)


def _second_opinion(page: Page, content: ReportContent, consensus: Consensus) -> None:
    """Say what the networks together see, where they differ, and whose outline is measured."""
    together = consensus.prediction
    if together is not None:
        page.write_line(wording.model_statement(together, content.title_of(together.model)), BODY)
    for statement in consensus.statements:
        page.write_line(statement, BODY, bold=not consensus.agreement.unanimous)
    agreed = opinions.agreement_line(consensus.agreement, content.title_of)
    page.write_line(f"Who outlines what: {agreed}", SMALL, colour=MUTED)
    measured = opinions.basis(content.analysis, content.title_of)
    for line in (consensus.why_none, measured):
        if line:
            page.write_line(line, SMALL, colour=MUTED)


def _finding_table(page: Page, content: ReportContent, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    thresholds = {made.model: made.mask_threshold for made in content.analysis.answers}
    rows = []
    for number, finding in enumerate(findings, start=1):
        score = "no score" if finding.score is None else f"{finding.score:.2f}"
        threshold = thresholds.get(finding.source)
        rows.append(
            (
                str(number),
                finding.side.value,
                "the reader" if finding.source == wording.READER else content.title_of(finding.source),
                score
                if threshold is None or finding.score is None
                else f"{score} (outline from {threshold:.2f})",
                wording.decision(finding, content.review is not None),
            )
        )
    page.section_table(
        "Findings", ("No.", "Side", "Outlined by", "Score", "Reader's decision"), rows, (8, 20, 30, 32, 60)
    )


def _measurement_table(page: Page, content: ReportContent) -> None:
    if not content.measurements:
        return
    # Many values share what their intervals allow for: said once below, under a letter.
    bases = list(dict.fromkeys(m.interval_basis for m in content.measurements if wording.interval(m)))
    letters = {basis: chr(ord("a") + place) for place, basis in enumerate(bases)}
    rows = []
    for measurement in content.measurements:
        span = wording.interval(measurement)
        rows.append(
            (
                measurement.name,
                wording.value(measurement),
                f"{span} ({letters[measurement.interval_basis]})" if span else "",
                f"{measurement.side}, {_owner(content, measurement)}",
                shorten(wording.method(measurement), _CELL_LENGTH),
            )
        )
    page.section_table(
        "Measurements",
        ("Measurement", "Value", "Interval", "Side, outline of", "Method and validity"),
        rows,
        (34, 24, 23, 25, 74),
    )
    for basis, letter in letters.items():
        page.write_line(f"({letter}) Interval: {basis}.", TINY, colour=MUTED)


def _owner(content: ReportContent, measurement: Measurement) -> str:
    return "the reader" if measurement.model == wording.READER else content.title_of(measurement.model)


def _models(page: Page, content: ReportContent) -> None:
    weights = wording.weights(content.analysis, content.title_of)
    if not content.cards and not weights:
        return
    page.keep_together(34)
    page.heading("Models and how they did on held-out films")
    page.write_line(wording.engines(content.analysis, content.device, content.title_of), SMALL, colour=MUTED)
    for line in weights:
        page.write_line(line, SMALL, colour=MUTED)
    for card in content.cards:
        _card(page, card)


def _card(page: Page, card: ModelCard) -> None:
    page.keep_together(16)
    page.set_y(page.get_y() + 1)
    # The id of a user's own weights holds the beginning of their digest.
    digest = f", weights sha256 {card.sha256[:12]}" if card.shipped else ""
    page.write_line(f"{card.title}: card {card.card_id}{digest}", SMALL, bold=True)
    if card.name == CONSENSUS:
        page.write_line(wording.weighting(card), SMALL)
    for figure in card.figures:
        page.write_line(f"• {figure}", SMALL)
    if not card.figures:
        page.write_line("No held-out figures on the card.", SMALL)
    if card.limitations:
        page.write_line(f"Known limits: {' '.join(card.limitations)}", TINY, colour=MUTED)


def _notices(page: Page, content: ReportContent) -> None:
    notices = [*content.image.notices, *content.analysis.notices]
    for prediction in content.analysis.predictions:
        notices += prediction.notices
    notices = list(dict.fromkeys(notices))
    if not notices:
        return
    page.heading("Notices")
    for notice in notices:
        page.write_line(f"• {shorten(notice, _CELL_LENGTH)}", SMALL, colour=INK)


def _say_missing(page: Page, text: str) -> None:
    missing = missing_characters(text)
    if missing:
        names = ", ".join(name_character(character) for character in missing[:12])
        more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
        page.write_line(
            f"Shown as \N{REPLACEMENT CHARACTER} because no font of this report has them: {names}{more}.",
            SMALL,
        )
