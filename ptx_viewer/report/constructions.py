"""The film with the lines that its measurements are made from."""

from __future__ import annotations

from collections.abc import Sequence

from ptx_viewer.measure.construction import Segment
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.tension import USUAL
from ptx_viewer.rendering import ANNOTATION_COLOUR
from ptx_viewer.review.review import Finding

from . import wording
from .content import ReportContent
from .figures import draw_edge_letters, draw_outline, place_in
from .film import Film, Placed
from .page import SMALL, TINY, Page

_WIDTH = 118.0
_MOST_HEIGHT = 112.0
_LINE, _HALO, _END = 0.35, 0.5, 0.55
_LABEL_HEIGHT = 3.2
#: A line that runs sideways by less than this share of its label's width counts as upright.
_LEVEL = 0.1
#: The finding's colour is that of its outline; the lines have one of their own.
_COLOUR = ANNOTATION_COLOUR
_OUTLINE = (150, 150, 150)

#: Left, top and right of a label.
Box = tuple[float, float, float]


def write_constructions(page: Page, content: ReportContent, film: Film, findings: Sequence[Finding]) -> None:
    """Print the film with the lines of the lengths that were measured, each with its value.

    Of each side only the lines of one outline are drawn, the reader's if there are any: those of two
    would lie over each other.  Lines that only enter a ratio (widths and lengths) are left out.
    """
    shown = _drawn(content.measurements)
    if not shown:
        return
    placed = place_in(film, _WIDTH, _MOST_HEIGHT)
    caption = _caption(content, [measurement for measurement, _ in shown])
    below = 1.5 + page.height_of(caption, SMALL, page.epw) + 3.0
    page.keep_together(placed.height + below + 10)
    page.heading("Lines of the measurements")
    top = page.get_y()
    placed = Placed(page.l_margin + (page.epw - placed.width) / 2, top, placed.width, placed.height)
    page.image(film.jpeg(), placed.left, placed.top, placed.width, placed.height)
    draw_edge_letters(page, film, placed)
    with page.local_context(), page.rect_clip(placed.left, placed.top, placed.width, placed.height):
        for finding in findings:
            draw_outline(page, film, placed, finding, _OUTLINE)
        for _, segment in shown:
            _line(page, film, placed, segment)
        taken: list[Box] = []
        for measurement, segment in shown:
            _label(page, film, placed, measurement, segment, taken)
    page.set_xy(page.l_margin, top + placed.height + 1.5)
    page.write_line(caption, SMALL)


def _drawn(measurements: Sequence[Measurement]) -> list[tuple[Measurement, Segment]]:
    """Return each line once, with the first measurement that is its length; no hint at nothing."""
    models: dict[str, str] = {}
    for measurement in measurements:
        if measurement.construction is not None and (
            measurement.model == wording.READER or measurement.side not in models
        ):
            models[measurement.side] = measurement.model
    found: dict[tuple[str, str], tuple[Measurement, Segment]] = {}
    for measurement in measurements:
        construction = measurement.construction
        if (
            measurement.valid
            and construction is not None
            and len(construction.segments) == 1
            and measurement.category not in USUAL.values()
            and models[measurement.side] == measurement.model
        ):
            segment = construction.segments[0]
            found.setdefault((measurement.side, segment.name), (measurement, segment))
    return list(found.values())


def _line(page: Page, film: Film, placed: Placed, segment: Segment) -> None:
    """Draw a segment with its ends, dark-edged so that it stands out from bone as well as from air."""
    start, end = film.place(segment.start, placed), film.place(segment.end, placed)
    for colour, width in (((0, 0, 0), _LINE + _HALO), (_COLOUR, _LINE)):
        page.set_draw_color(*colour)
        page.set_line_width(width)
        page.line(*start, *end)
    page.set_fill_color(*_COLOUR)
    for x, y in (start, end):
        page.ellipse(x - _END / 2, y - _END / 2, _END, _END, style="F")


def _label(
    page: Page, film: Film, placed: Placed, measurement: Measurement, segment: Segment, taken: list[Box]
) -> None:
    """Write a line's name and length beside its end, where no other label stands."""
    text = f"{segment.name} {wording.number(measurement)}"
    page.set_font_size(TINY)
    width = page.get_string_width(text) + 1.6
    x, y = film.place(segment.end, placed)
    run = x - film.place(segment.start, placed)[0]
    # On from the end of the line, never back over it; of an upright one where there is more film.
    onwards = run > 0 if abs(run) > _LEVEL * width else x < placed.left + placed.width / 2
    left = x + 1.2 if onwards else x - 1.2 - width
    left = min(max(left, placed.left), placed.left + placed.width - width)
    top = y - _LABEL_HEIGHT / 2
    while any(
        abs(top - other) < _LABEL_HEIGHT and left < other_right and other_left < left + width
        for other_left, other, other_right in taken
    ):
        top += 0.4
    top = min(max(top, placed.top), placed.top + placed.height - _LABEL_HEIGHT)
    taken.append((left, top, left + width))
    page.set_fill_color(0, 0, 0)
    page.rect(left, top, width, _LABEL_HEIGHT, style="F")
    page.set_xy(left, top)
    page.set_text_color(*_COLOUR)
    page.cell(width, _LABEL_HEIGHT, page.printable(text), align="C")


def _caption(content: ReportContent, shown: Sequence[Measurement]) -> str:
    owners = dict.fromkeys(
        "the reader" if m.model == wording.READER else content.title_of(m.model) for m in shown
    )
    caption = (
        "A, B, C: interpleural distances; hilum: lateral distance at its estimated level; apex to cupola. "
        f"Outline of {' and '.join(owners)} in grey."
    )
    if any(measurement.edited for measurement in shown):
        caption += " Lines that the reader moved are marked as edited in the table."
    return caption
