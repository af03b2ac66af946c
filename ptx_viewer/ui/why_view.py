"""What the row of one method says in each state: words only, no widgets."""

from __future__ import annotations

from dataclasses import dataclass

from ptx_viewer import map_wording

from .map_entry import CheckState, MapEntry, MapState
from .why_state import WhyState

_TRUST = "How far to trust it"


@dataclass(frozen=True)
class RowView:
    """One method's row.

    Attributes
    ----------
    title : str
    on : bool
        Whether the map is the one over the film.
    usable : bool
        Whether the method can be asked for.
    status : str
        How far the map is, in a word or a number.
    caption : str
        The status at length: what the map is.
    progress : float or None
        0..1 while the map is made or waits to be.
    note : str
        Why there is no map, or why it shows no evidence.
    problem : bool
        Whether `note` says that something went wrong.
    verdict, figures : str
        How far the map explains the score, in words and in numbers.
    doubtful : bool
        Whether the verdict is that it does not.
    drawn : bool
        Whether there is a map over the film, whose looks can be changed.
    signed, has_regions : bool
        Of the map, once there is one.
    below : bool
        Whether the map lies below the cut-off.
    anyway : bool
        Whether it is drawn all the same.
    reportable, in_report : bool
        Whether the map can go, and goes, into the report.
    """

    title: str
    on: bool = False
    usable: bool = True
    status: str = ""
    caption: str = ""
    progress: float | None = None
    note: str = ""
    problem: bool = False
    verdict: str = ""
    figures: str = ""
    doubtful: bool = False
    drawn: bool = False
    signed: bool = False
    has_regions: bool = False
    below: bool = False
    anyway: bool = False
    reportable: bool = False
    in_report: bool = False


def row_view(
    method: str,
    state: WhyState,
    entry: MapEntry,
    model_title: str,
    *,
    unusable: str = "",
    in_report: bool = True,
) -> RowView:
    """Return what the row of `method` says.

    Parameters
    ----------
    method : str
    state : WhyState
        Of the active viewport.
    entry : MapEntry
        Of the map that `state` asks of the method.
    model_title : str
    unusable : str
        Why the method does not apply, ``""`` where it does.
    in_report : bool
        Whether the reader wants the map in the report.
    """
    name = map_wording.method_title(method)
    if unusable:
        return RowView(name, usable=False, status="n/a", caption=unusable)
    on = state.shown == method
    if entry.attribution is not None:
        return _finished(name, on, state, entry, model_title, in_report)
    match entry.state:
        case MapState.WAITING:
            return RowView(name, on, status=entry.message or "waiting", progress=0.0)
        case MapState.RUNNING:
            return RowView(
                name, on, status=f"{entry.progress:.0%}", caption=entry.message, progress=entry.progress
            )
        case MapState.FAILED:
            return RowView(name, on, status="failed", note=entry.message, problem=True)
        case MapState.CANCELLED:
            return RowView(name, on, status="cancelled")
    return RowView(name, on, status="not yet")


def _finished(
    name: str, on: bool, state: WhyState, entry: MapEntry, model_title: str, in_report: bool
) -> RowView:
    attribution = entry.attribution
    assert attribution is not None
    verdict, figures, doubtful = _trust(entry)
    below = attribution.below_cutoff is not None
    return RowView(
        name,
        on,
        status=f"{attribution.seconds:.1f} s",
        caption=map_wording.caption(attribution, model_title),
        note=map_wording.no_evidence(attribution),
        verdict=verdict,
        figures=figures,
        doubtful=doubtful,
        drawn=on and (not below or state.anyway),
        signed=attribution.signed,
        has_regions=attribution.regions is not None,
        below=below,
        anyway=state.anyway,
        reportable=True,
        in_report=in_report,
    )


def _trust(entry: MapEntry) -> tuple[str, str, bool]:
    """Return verdict, figures, and whether the verdict is no."""
    measured = entry.attribution.faithfulness if entry.attribution is not None else None
    if measured is not None:
        lines = ["Deletion and insertion test on this film:", *map_wording.figures(measured)]
        if entry.check in (CheckState.WAITING, CheckState.RUNNING):
            lines.append("repeatability over seeds: being measured")
        figures = "\n".join(lines)
        return map_wording.verdict(measured), figures, measured.verdict == "no"
    match entry.check:
        case CheckState.WAITING:
            return f"{_TRUST}: measured next", "", False
        case CheckState.RUNNING:
            return f"{_TRUST}: measuring, {entry.progress:.0%}", "", False
        case CheckState.FAILED:
            return f"{_TRUST} could not be measured", entry.message, True
    return f"{_TRUST} was not measured", "", False
