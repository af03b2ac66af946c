"""What the reader measured by hand: drawn on the film, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ptx_viewer.measure.annotation import Annotation, Quantity, drawn_line, measure_annotation
from ptx_viewer.rendering import ANNOTATION_COLOUR
from ptx_viewer.review.review import Finding

from .content import ReportContent
from .figures import draw_edge_letters, draw_outline, place_in
from .film import Film, Placed
from .page import TINY, Page

_WIDTH, _MOST_HEIGHT = 118.0, 112.0
_LINE, _HALO = 0.35, 0.5
_LABEL_HEIGHT = 3.2
_OUTLINE = (150, 150, 150)


def write_annotations(page: Page, content: ReportContent, film: Film, findings: Sequence[Finding]) -> None:
    """Print the film with everything that the reader measured, and a table of the numbers.

    Nothing is printed when the reader measured nothing.
    """
    annotations = content.review.annotations if content.review is not None else ()
    if not annotations:
        return
    placed = place_in(film, _WIDTH, _MOST_HEIGHT)
    page.keep_together(placed.height + 14)
    page.heading("Measured by the reader")
    top = page.get_y()
    placed = Placed(page.l_margin + (page.epw - placed.width) / 2, top, placed.width, placed.height)
    page.image(film.jpeg(), placed.left, placed.top, placed.width, placed.height)
    draw_edge_letters(page, film, placed)
    with page.local_context(), page.rect_clip(placed.left, placed.top, placed.width, placed.height):
        for finding in findings:
            draw_outline(page, film, placed, finding, _OUTLINE)
        for annotation in annotations:
            _line(page, film, placed, annotation)
        for annotation in annotations:
            _label(page, film, placed, annotation)
    page.set_xy(page.l_margin, top + placed.height + 3)
    page.section_table(
        "Numbers of these measurements",
        ("Measurement", "Value", "Method"),
        [_row(content, annotation) for annotation in annotations],
        (30, 60, 90),
    )


def _row(content: ReportContent, annotation: Annotation) -> tuple[str, str, str]:
    image = content.image
    values = image.raw if image.colour is None else None
    quantities = measure_annotation(annotation, values, image.raw_unit, image.spacing)
    methods = dict.fromkeys(quantity.method for quantity in quantities)
    missing = dict.fromkeys(f"Not valid: {q.why_not}" for q in quantities if q.why_not is not None)
    return (
        annotation.title,
        ", ".join(_value(quantity) for quantity in quantities),
        ". ".join([*methods, *missing]),
    )


def _value(quantity: Quantity) -> str:
    text = quantity.text.replace("\u00a0", " ")
    return text if quantity.name in ("length", "angle") else f"{quantity.name} {text}"


def _line(page: Page, film: Film, placed: Placed, annotation: Annotation) -> None:
    """Draw a shape, dark-edged so that it stands out from bone as well as from air."""
    points = [film.place(point, placed) for point in drawn_line(annotation.kind, annotation.points)]
    for colour, width in (((0, 0, 0), _LINE + _HALO), (ANNOTATION_COLOUR, _LINE)):
        page.set_draw_color(*colour)
        page.set_line_width(width)
        for start, end in pairwise(points):
            page.line(*start, *end)


def _label(page: Page, film: Film, placed: Placed, annotation: Annotation) -> None:
    """Write the name under which the table lists it beside its lowest point, inside the film."""
    points = [film.place(point, placed) for point in drawn_line(annotation.kind, annotation.points)]
    x, y = max(points, key=lambda point: point[1])
    page.set_font_size(TINY)
    width = page.get_string_width(annotation.title) + 1.6
    left = min(max(x - width / 2, placed.left), placed.left + placed.width - width)
    top = min(y + 0.8, placed.top + placed.height - _LABEL_HEIGHT)
    page.set_fill_color(0, 0, 0)
    page.rect(left, top, width, _LABEL_HEIGHT, style="F")
    page.set_xy(left, top)
    page.set_text_color(*ANNOTATION_COLOUR)
    page.cell(width, _LABEL_HEIGHT, page.printable(annotation.title), align="C")
