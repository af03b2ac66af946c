"""The report's sentences, where a word matters: never "normal", never more than was found."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from explain.attribution import Attribution
from models.cards import ModelCard
from models.prediction import Prediction
from ptx_viewer import map_wording
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.validity import ROTATED
from ptx_viewer.measure.view import FilmView
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.review import Decision, Finding, ImageReview, Verdict
from ptx_viewer.study.spacing import Spacing

READER = "reader"
_SHIPPED, _OWN = "the shipped weights", "not the shipped weights, but a user's own:"

_AGE_UNITS = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}


def model_statement(prediction: Prediction, title: str) -> str:
    """Say what one model found in the whole image."""
    figures = f"(score {prediction.score:.2f}, threshold {prediction.threshold:.2f})"
    if not prediction.present:
        return f"No pneumothorax found by {title} {figures}."
    outlined = "" if prediction.instances else " Nothing reached the threshold for an outline."
    return f"Pneumothorax suggested by {title} {figures}.{outlined}"


def engines(analysis: ImageAnalysis, device: str, title_of: Callable[[str], str]) -> str:
    """Say what each network ran on, and with whose layers."""
    parts = [f"{title_of(made.model)} on {made.device} with {made.engine}" for made in analysis.predictions]
    return f"Run: {', '.join(parts)}." if parts else f"Device: {device}"


def weights(analysis: ImageAnalysis, title_of: Callable[[str], str]) -> tuple[str, ...]:
    """Name the weight file of each network where one of them is a user's own; else the cards say it all."""
    files = [(made.model, made.weights) for made in analysis.predictions if made.weights is not None]
    if all(file.shipped for _model, file in files):
        return ()
    return tuple(
        f"{title_of(model)}: {_SHIPPED if file.shipped else _OWN} {file.name}, sha256 {file.sha256}."
        for model, file in files
    )


def weighting(card: ModelCard) -> str:
    """Say how a consensus weighs its networks, and how that was chosen."""
    weights = " and ".join(
        f"{', '.join(f'{name} {share:.2f}' for name, share in card.options[what].items())} ({of})"
        for what, of in (("pixel_weights", "pixels"), ("score_weights", "image score"))
    )
    return f"Weights: {weights}, chosen thus: {card.threshold_rule}."


def refusal(reason: str, scored: bool) -> str:
    """Say why an image was refused, and that a reader overrode it when it was scored all the same."""
    sentence = reason.rstrip(".")
    if scored:
        return f"Not recognised as a frontal chest film: {sentence}. Scored because the reader asked for it."
    return f"Not scored by any model: {sentence}."


def verdict(review: ImageReview | None) -> str:
    """Say the reader's answer for the image."""
    if review is None:
        return "Not reviewed by a reader: suggestions of the models only."
    return {
        Verdict.OPEN: "Reader: no verdict yet.",
        Verdict.PNEUMOTHORAX: "Reader: Pneumothorax.",
        Verdict.NONE_FOUND: "Reader: No pneumothorax found.",
    }[review.verdict]


def signature(review: ImageReview | None) -> str:
    """Say who signed and when, or that nobody has."""
    if review is None or not review.signed_by:
        return "Not signed: a draft."
    when = f", {timestamp(review.signed_at)}" if review.signed_at is not None else ""
    return f"Signed by {review.signed_by}{when}."


def decision(finding: Finding, reviewed: bool) -> str:
    """Say what the reader did with a finding."""
    if finding.source == READER:
        return (
            "rejected, drawn by the reader"
            if finding.decision is Decision.REJECTED
            else "drawn by the reader"
        )
    words = {
        Decision.SUGGESTED: "suggested, not yet decided" if reviewed else "suggested",
        Decision.ACCEPTED: "accepted",
        Decision.REJECTED: "rejected",
    }[finding.decision]
    return f"{words}, outline edited by the reader" if finding.edited else words


def rotation(view: FilmView) -> str:
    """Say what is known of the patient's rotation and the beam's direction."""
    known = [view.oblique, ROTATED if view.rotated else ""]
    return "; ".join(filter(None, known)) or "not assessed"


def calibration(spacing: Spacing | None) -> str:
    """Say what a millimetre rests on."""
    if spacing is None:
        return "No pixel spacing in the file: lengths and areas are given in pixels, never in millimetres."
    basis = f"basis: {spacing.basis.value}"
    if spacing.description:
        basis += f" ({spacing.description})"
    return f"{spacing.row_mm:.4g} × {spacing.column_mm:.4g} mm per pixel (rows × columns), {basis}."


def number(measurement: Measurement) -> str:
    """Return a measurement's number with its unit, without a precision that the method has not."""
    if not measurement.valid or measurement.value is None:
        return "not valid"
    return f"{digits(measurement.value, measurement)} {measurement.unit}"


def value(measurement: Measurement) -> str:
    """Return a measurement's number with its class, and whether the reader edited it."""
    text = number(measurement)
    if measurement.category:
        text += f": {measurement.category}"
    return f"{text}, edited by the reader" if measurement.edited else text


def interval(measurement: Measurement) -> str:
    """Return the lowest and highest plausible value; ``""`` where they are not known."""
    if measurement.interval is None or not measurement.valid:
        return ""
    low, high = (digits(end, measurement) for end in measurement.interval)
    return f"{low} to {high}"


def digits(value: float, measurement: Measurement) -> str:
    """Return a number as that measurement's numbers are written."""
    largest = max(abs(value), abs(measurement.value or 0.0))
    digits = 0 if largest >= 100 or measurement.unit in ("px", "px²") else 1
    # Not "-0.0".
    return f"{round(value, digits) + 0.0:.{digits}f}"


def method(measurement: Measurement) -> str:
    """Return a measurement's method, and why it does not apply where it does not."""
    if measurement.valid:
        return measurement.method
    return f"{measurement.method}. Not valid: {measurement.why_not or 'no reason given'}"


def heatmap(attribution: Attribution, title: str) -> str:
    """Say what a map is, what it may not be taken for, and how far it is to be trusted."""
    parts = (
        map_wording.no_evidence(attribution),
        f"{map_wording.caption(attribution, title)}.",
        faithfulness(attribution),
    )
    return " ".join(part for part in parts if part)


def faithfulness(attribution: Attribution) -> str:
    """Say how far a map is to be trusted."""
    test = attribution.faithfulness
    if test is None:
        return "How far the map explains the score was not measured."
    return ". ".join((map_wording.verdict(test), *map_wording.figures(test))) + "."


def timestamp(when: datetime) -> str:
    """Return e.g. ``"2026-03-01 14:05 UTC+01:00"``."""
    offset = when.strftime("%z")
    zone = f" UTC{offset[:3]}:{offset[3:5]}" if offset and offset.strip("+-0") else " UTC" if offset else ""
    return f"{when:%Y-%m-%d %H:%M}{zone}"


def date(text: str) -> str:
    """Return a DICOM date (DA, YYYYMMDD) as YYYY-MM-DD, anything else as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"\d{8}", text) else text


def time(text: str) -> str:
    """Return a DICOM time (TM, HHMM[SS[.f]]) as HH:MM, anything else as it is."""
    return f"{text[:2]}:{text[2:4]}" if re.fullmatch(r"\d{4}(\d\d(\.\d+)?)?", text) else text


def age(text: str) -> str:
    """Return a DICOM age (AS, e.g. 045Y) in words, anything else as it is."""
    found = re.fullmatch(r"(\d{3})([DWMY])", text)
    if found is None:
        return text
    return f"{int(found[1])} {_AGE_UNITS[found[2]]}"


def person(name: str) -> str:
    """Return a DICOM person name (PN, PS3.5 6.2.1) as people write it.

    Component groups (alphabetic, ideographic, phonetic) are all kept, the later ones in
    parentheses; within a group the family name comes first, then a comma.
    """
    groups = []
    for group in name.split("="):
        family, *rest = (part.strip() for part in group.split("^"))
        others = " ".join(part for part in rest if part)
        separator = ", " if others.isascii() and family.isascii() else " "
        written = separator.join(part for part in (family, others) if part)
        if written:
            groups.append(written)
    first, *later = groups or [""]
    return first + "".join(f" ({group})" for group in later)
