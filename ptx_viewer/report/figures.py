"""The pictures of a report: the film with its outlines, and the film under each heatmap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.attribution import Attribution
from models.prediction import Prediction
from ptx_viewer.rendering import (
    CONSENSUS_COLOUR,
    MODEL_COLOUR,
    READER_COLOUR,
    SECOND_MODEL_COLOUR,
    SIGNED_COLOUR_MAP,
    THIRD_MODEL_COLOUR,
    source_colour,
)
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.review import Decision, Finding

from . import wording
from .content import MapLook, ReportContent
from .film import Film, Placed, colour_bar
from .page import MUTED, SMALL, TINY, Page

_GAP = 6.0
_ALONE_WIDTH = 112.0
_MOST_HEIGHT = 88.0
_BAR_HEIGHT = 2.6
_LINE = 0.38
#: Of a network's own outline beside the consensus.
_OPINION_LINE = 0.16
_HALO = 0.4
_HALO_COLOUR = (0, 0, 0)
_SOLID = (0.0, 0.0)
_COLOUR_NAMES = {
    MODEL_COLOUR: "orange",
    SECOND_MODEL_COLOUR: "cyan",
    THIRD_MODEL_COLOUR: "pink",
    READER_COLOUR: "white",
    CONSENSUS_COLOUR: "red",
}


_PLAIN = MapLook()


@dataclass(frozen=True)
class _Figure:
    attribution: Attribution | None
    caption: str
    look: MapLook = _PLAIN
    #: Networks whose own outlines are drawn beside the findings.
    opinions: tuple[Prediction, ...] = ()

    @property
    def coloured(self) -> bool:
        """Whether the map lies over the film: one without evidence would look like a finding."""
        return self.attribution is not None and self.attribution.below_cutoff is None


def write_figures(
    page: Page,
    content: ReportContent,
    film: Film,
    findings: Sequence[Finding],
    heatmaps: Sequence[tuple[Attribution, MapLook]],
    *,
    with_film: bool,
) -> None:
    """Print the film, and the film under each heatmap, two beside each other.

    Parameters
    ----------
    page : Page
    content : ReportContent
    film : Film
        Of ``content.image``.
    findings : sequence of Finding
        Outlined in every figure, in the order of their numbers.
    heatmaps : sequence of (Attribution, MapLook)
    with_film : bool
        Whether the film without a heatmap comes first.
    """
    figures: list[_Figure] = []
    if with_film:
        beside = _beside(content.analysis, findings)
        figures = [_Figure(None, _film_caption(content, findings, beside), opinions=beside)]
    figures += [
        _Figure(attribution, wording.heatmap(attribution, content.title_of(attribution.model)), look)
        for attribution, look in heatmaps
    ]
    width = _ALONE_WIDTH if len(figures) == 1 and with_film else (page.epw - _GAP) / 2
    for start in range(0, len(figures), 2):
        row = figures[start : start + 2]
        placed = place_in(film, width)
        below = max(_height_below(page, figure, width) for figure in row)
        page.keep_together(placed.height + below)
        top = page.get_y()
        for column, figure in enumerate(row):
            left = page.l_margin + column * (width + _GAP)
            _write_figure(page, film, findings, figure, (left, top, width), placed)
        page.set_xy(page.l_margin, top + placed.height + below)


def _beside(analysis: ImageAnalysis, findings: Sequence[Finding]) -> tuple[Prediction, ...]:
    """Return the networks whose outlines are drawn thin: of several, those that are not all findings."""
    if analysis.consensus is None:
        return ()

    def listed(model: str, mask: NDArray[np.bool_]) -> bool:
        own = [each.suggested for each in findings if each.source == model and each.suggested is not None]
        return any(np.array_equal(mask, suggested) for suggested in own)

    return tuple(
        made
        for made in analysis.predictions
        if not all(listed(made.model, instance.mask) for instance in made.instances)
    )


def place_in(film: Film, width: float, most_height: float = _MOST_HEIGHT) -> Placed:
    """Return the film's size within a column, keeping its proportion."""
    height = min(most_height, width * film.proportion)
    return Placed(0.0, 0.0, height / film.proportion, height)


def _height_below(page: Page, figure: _Figure, width: float) -> float:
    bar = _BAR_HEIGHT + 4.5 if figure.coloured else 0.0
    return bar + 1.5 + page.height_of(figure.caption, SMALL, width) + 3.0


def _write_figure(
    page: Page,
    film: Film,
    findings: Sequence[Finding],
    figure: _Figure,
    cell: tuple[float, float, float],
    size: Placed,
) -> None:
    left, top, width = cell
    placed = Placed(left + (width - size.width) / 2, top, size.width, size.height)
    attribution = figure.attribution
    picture = (
        film.jpeg()
        if attribution is None or not figure.coloured
        else film.jpeg_with(attribution, figure.look.colour_map, figure.look.opacity)
    )
    page.image(picture, placed.left, placed.top, placed.width, placed.height)
    draw_edge_letters(page, film, placed)
    # rect_clip alone would leave fpdf2 believing in colours that end with the clip.
    with page.local_context(), page.rect_clip(placed.left, placed.top, placed.width, placed.height):
        opinions = [(film.polygons(made.mask, placed), source_colour(made.model)) for made in figure.opinions]
        for polygons, colour in opinions:
            _polygons(page, polygons, colour, _OPINION_LINE, _SOLID)
        for finding in findings:
            draw_outline(page, film, placed, finding, source_colour(finding.source))
        # Again on top, without the dark edge: where a network's outline runs along the consensus both
        # colours are seen.
        for polygons, colour in opinions:
            _polygons(page, polygons, colour, _OPINION_LINE, _SOLID, halo=0.0)
        for number, finding in enumerate(findings, start=1):
            _number(page, film, placed, finding, number, source_colour(finding.source))
    y = placed.top + placed.height + 1.5
    if attribution is not None and figure.coloured:
        y = _write_bar(page, figure.look, attribution, (placed.left, y, placed.width))
    page.set_xy(left, y)
    page.write_line(figure.caption, SMALL, width=width)


def draw_outline(
    page: Page, film: Film, placed: Placed, finding: Finding, colour: tuple[int, int, int]
) -> None:
    """Draw a finding's outline; dashed the model's own where the reader edited it, dotted if rejected."""
    rejected = finding.decision is Decision.REJECTED
    if finding.edited and finding.suggested is not None:
        _polygons(page, film.polygons(finding.suggested, placed), colour, _LINE * 0.7, (1.6, 1.0))
    dash = (0.4, 0.9) if rejected else _SOLID
    _polygons(page, film.polygons(finding.mask, placed), colour, _LINE, dash)


def _polygons(
    page: Page,
    polygons: Sequence[NDArray[np.float64]],
    colour: tuple[int, int, int],
    line: float,
    dash: tuple[float, float],
    halo: float = _HALO,
) -> None:
    """Draw closed lines with a dark edge, so that they stand out from bone as well as from air."""
    page.set_dash_pattern(*dash)
    for stroke, width in ((_HALO_COLOUR, line + halo), (colour, line)):
        if stroke == _HALO_COLOUR and dash != _SOLID:
            # A dark edge would make thin dashes unreadable.
            continue
        page.set_draw_color(*stroke)
        page.set_line_width(width)
        for polygon in polygons:
            page.polygon([(float(x), float(y)) for x, y in polygon], style="D")
    page.set_dash_pattern()


def _number(
    page: Page, film: Film, placed: Placed, finding: Finding, number: int, colour: tuple[int, int, int]
) -> None:
    """Write a finding's number at the top of its outline, kept inside the film."""
    polygons = film.polygons(finding.mask, placed)
    if not polygons:
        return
    points = np.concatenate(polygons)
    x, y = points[np.argmin(points[:, 1])]
    _tag(page, str(number), (float(x) - 2.0, float(y) - 4.6), placed, colour)


def draw_edge_letters(page: Page, film: Film, placed: Placed) -> None:
    """Write the patient's side at the left and right edge, as the marker on a film does."""
    left, right = film.edges
    if left:
        _tag(page, left, (placed.left + 1, placed.top + 1), placed, READER_COLOUR)
    if right:
        _tag(page, right, (placed.left + placed.width - 5, placed.top + 1), placed, READER_COLOUR)


def _tag(
    page: Page, text: str, corner: tuple[float, float], placed: Placed, colour: tuple[int, int, int]
) -> None:
    x = min(max(corner[0], placed.left), placed.left + max(0.0, placed.width - 4))
    y = min(max(corner[1], placed.top), placed.top + max(0.0, placed.height - 4))
    page.set_fill_color(0, 0, 0)
    page.rect(x, y, 4, 4, style="F")
    page.set_xy(x, y)
    page.label(text, SMALL, colour, 4.0)


def _write_bar(
    page: Page, look: MapLook, attribution: Attribution, cell: tuple[float, float, float]
) -> float:
    """Print the colour bar with its scale; return where the next thing may stand."""
    left, top, width = cell
    name = SIGNED_COLOUR_MAP if attribution.signed else look.colour_map
    page.image(colour_bar(name), left, top, width, _BAR_HEIGHT)
    labels = ("−1 against", "0", "+1 for") if attribution.signed else ("0", "", "1 strongest")
    for label, align in zip(labels, "LCR", strict=True):
        page.set_xy(left, top + _BAR_HEIGHT + 0.3)
        page.write_line(label, TINY, colour=MUTED, width=width, align=align)
    return top + _BAR_HEIGHT + 4.5


def _film_caption(
    content: ReportContent, findings: Sequence[Finding], beside: Sequence[Prediction]
) -> str:
    """Say whose outline has which colour and line."""
    sources = list(dict.fromkeys(finding.source for finding in findings))
    parts = []
    for source in sources:
        who = "the reader" if source == wording.READER else content.title_of(source)
        parts.append(f"{_COLOUR_NAMES[source_colour(source)]}: {who}")
    for made in beside:
        if made.instances:
            colour = _COLOUR_NAMES[source_colour(made.model)]
            parts.append(f"thin {colour}: own outline of {content.title_of(made.model)}")
    if any(finding.edited and finding.suggested is not None for finding in findings):
        parts.append("dashed: the model's outline before the reader edited it")
    if any(finding.decision is Decision.REJECTED for finding in findings):
        parts.append("dotted: rejected by the reader")
    caption = f"Film with outlines ({'; '.join(parts)})." if parts else "Film. Nothing is outlined."
    if not content.image.orientation.stated:
        caption += " The file does not state the orientation; the usual view is assumed."
    return caption
