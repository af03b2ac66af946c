"""What has changed since the prior film: in the PDF report and in ``findings.json``."""

from __future__ import annotations

from typing import Any

from ptx_viewer.measure.change import Change
from ptx_viewer.measure.measurement import Measurement

from . import wording
from .content import PriorFilm, ReportContent
from .page import MUTED, TINY, Page


def write_changes(page: Page, content: ReportContent) -> None:
    """Print each measurement then and now, and the change; nothing when no prior film was compared."""
    prior = content.prior
    if prior is None:
        return
    since = wording.date(prior.study_date) or "an earlier date"
    title = f"Change since the prior film of {since}"
    if prior.changes:
        page.section_table(
            title,
            ("Measurement", "Side", "Prior", "Now", "Change", "Remark"),
            [_row(change, content) for change in prior.changes],
            (46, 14, 24, 24, 24, 48),
        )
    else:
        page.heading(title)
        page.write_line("Nothing is outlined on either film.")
    page.write_line(
        f"Prior film: SOP instance UID {prior.reference.sop_instance_uid or 'not stated'}. A change is given "
        "where both films were taken and measured alike.",
        TINY,
        colour=MUTED,
    )


def prior_entry(prior: PriorFilm | None) -> dict[str, Any] | None:
    """Return the comparison as ``findings.json`` holds it."""
    if prior is None:
        return None
    return {
        "study_date": wording.date(prior.study_date) or None,
        "study_instance_uid": prior.reference.study_instance_uid,
        "sop_instance_uid": prior.reference.sop_instance_uid,
        "changes": [
            {
                "name": change.name,
                "side": change.side,
                "unit": change.unit,
                "prior": _number(change.prior),
                "current": _number(change.current),
                "difference": change.difference,
                "within_uncertainty": change.within_uncertainty,
                "why_not": change.why_not,
            }
            for change in prior.changes
        ],
    }


def _row(change: Change, content: ReportContent) -> tuple[str, str, str, str, str, str]:
    return (
        change.name,
        change.side,
        _text(change.prior),
        _text(change.current),
        _difference(change),
        _remark(change, content),
    )


def _text(measurement: Measurement | None) -> str:
    if measurement is None:
        return "nothing outlined"
    if measurement.valid and measurement.value is None:
        return measurement.category or "no number"
    return wording.number(measurement)


def _difference(change: Change) -> str:
    if change.difference is None or change.current is None:
        return "not compared"
    sign = "+" if change.difference > 0 else ""
    return f"{sign}{wording.digits(change.difference, change.current)} {change.unit}".rstrip()


def _remark(change: Change, content: ReportContent) -> str:
    if change.why_not is not None:
        return change.why_not
    parts = [*change.remarks]
    if change.prior is not None and change.current is not None and change.prior.model != change.current.model:
        then, now = (
            "the reader" if one.model == wording.READER else content.title_of(one.model)
            for one in (change.prior, change.current)
        )
        parts.append(f"outlined by {then} then, {now} now")
    return "; ".join(parts)


def _number(measurement: Measurement | None) -> dict[str, Any] | None:
    """Return value and interval of one film; None where nothing is outlined."""
    if measurement is None:
        return None
    return {
        "value": measurement.value if measurement.valid else None,
        "interval": None if measurement.interval is None else list(measurement.interval),
        "model": measurement.model,
        "category": measurement.category,
    }
