"""The paper: A4 with a running head, a foot, headings, fields and tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from ptx_viewer import DISCLAIMER

from .text import BASE_FAMILY, Fonts, clean, needs_shaping
from .wording import timestamp

INK = (24, 28, 33)
MUTED = (92, 99, 108)
RULE = (200, 205, 211)
SHADE = (242, 244, 246)

_MARGIN = 15.0
_FOOT = 17.0
_SHORT_TABLE = 6
# No text can hold this: control characters are cleaned away before anything is printed.  Two
# characters, because fpdf2 reserves the width of one digit less than the placeholder is long.
_PAGE_COUNT = "\x1f#"

BODY, SMALL, TINY = 9.0, 8.0, 7.0
# Millimetres of line height for a point of type: 1.36 times its size.
_LEADING = 0.48


class Page(FPDF):
    """An A4 document in which every text passes through the font check.

    Parameters
    ----------
    program : str
        Name and version, for the foot of each page.
    created : datetime
    """

    def __init__(self, program: str, created: datetime) -> None:
        super().__init__(format="A4", unit="mm")
        self.fonts_in_use = Fonts(self)
        self.alias_nb_pages(_PAGE_COUNT)
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=_FOOT + 3)
        self.c_margin = 0.0
        self._program = program
        self._created = created
        self._identity = ""
        self._first_of_film = False
        self._film_title = ""

    def start_film(self, identity: str, title: str = "Pneumothorax review of a chest film") -> None:
        """Begin a film on a page of its own under `title`; `identity` heads its further pages."""
        self._identity, self._first_of_film, self._film_title = identity, True, title
        self.add_page()
        self._first_of_film = False

    def header(self) -> None:
        """Draw the running head: the title on a film's first page, the identity on the others."""
        # A page may break inside a table, whose text must go on as it was.
        shaping = self.text_shaping
        self.set_y(_MARGIN - 5)
        if self._first_of_film:
            self.write_line(self._film_title, 15, bold=True, height=8)
        else:
            self.write_line(self._one_line(self._identity, self.epw, SMALL), SMALL, colour=MUTED, height=5)
        self._rule(self.get_y() + 1)
        self.set_y(self.get_y() + 4)
        self.text_shaping = shaping

    def footer(self) -> None:
        """Draw the foot: disclaimer, what wrote the page and when, page number."""
        shaping = self.text_shaping
        self.set_text_shaping(False)
        self.set_y(-_FOOT)
        self._rule(self.get_y())
        self.set_y(self.get_y() + 2)
        self._style(SMALL, bold=True, colour=INK)
        self.cell(self.epw * 0.7, 4, DISCLAIMER)
        self._style(SMALL, bold=False, colour=INK)
        self.cell(0, 4, f"Page {self.page_no()} of {_PAGE_COUNT}", align="R", new_x="LMARGIN", new_y="NEXT")
        self._style(TINY, bold=False, colour=MUTED)
        self.cell(0, 4, f"Created {timestamp(self._created)} by {self._program}")
        self.text_shaping = shaping

    def printable(self, text: str) -> str:
        """Return `text` with its fonts ready, and U+FFFD for what none of them has."""
        return self.fonts_in_use.printable(text)

    def keep_together(self, height: float) -> None:
        """Go to a new page when `height` millimetres do not fit on this one."""
        if self.will_page_break(height):
            self.add_page()

    def heading(self, text: str) -> None:
        """Write a section's heading, with room for at least some of what follows."""
        self.keep_together(22)
        self.set_y(self.get_y() + 3.5)
        self.write_line(text, 10.5, bold=True, height=5.5)
        self.set_y(self.get_y() + 0.8)

    def write_line(
        self,
        text: str,
        size: float = BODY,
        *,
        bold: bool = False,
        colour: tuple[int, int, int] = INK,
        height: float | None = None,
        width: float = 0.0,
        align: str = "L",
    ) -> None:
        """Write a text from where the pen is, and go to the start of the next line.

        Each of its lines is a paragraph of its own, because a paragraph runs in one
        direction and a reader may write in several languages.
        """
        left = self.get_x()
        for paragraph in clean(text).split("\n"):
            self.set_x(left)
            printable = self.printable(paragraph)
            self._style(size, bold, colour)
            self.multi_cell(
                width, height or size * _LEADING, printable, align=align, new_x="LMARGIN", new_y="NEXT"
            )

    def label(self, text: str, size: float, colour: tuple[int, int, int], edge: float) -> None:
        """Write a bold letter or number in the middle of a square whose corner is the pen's place."""
        printable = self.printable(text)
        self._style(size, True, colour)
        self.cell(edge, edge, printable, align="C")

    def height_of(self, text: str, size: float, width: float) -> float:
        """Return how many millimetres a paragraph of that width will take."""
        printable = self.printable(text)
        self._style(size, False, INK)
        height = self.multi_cell(width, size * _LEADING, printable, align="L", dry_run=True, output="HEIGHT")
        return cast(float, height)

    def fields(self, pairs: Sequence[tuple[str, str]], label_width: float, left: float, width: float) -> None:
        """Write labelled values below one another in a column of the page."""
        for label, text in pairs:
            top = self.get_y()
            self.set_xy(left, top)
            self._style(SMALL, False, MUTED)
            self.cell(label_width, BODY * _LEADING, label)
            self.set_xy(left + label_width, top)
            printable = self.printable(text or "not stated")
            self._style(BODY, False, INK if text else MUTED)
            self.multi_cell(
                width - label_width, BODY * _LEADING, printable, align="L", new_x="LMARGIN", new_y="NEXT"
            )
            self.set_y(self.get_y() + 0.5)

    def section_table(
        self,
        title: str,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
    ) -> None:
        """Write a heading and a table; the column headings come again on each page that it reaches."""
        # A short table that would break stands better whole on the next page.
        if len(rows) <= _SHORT_TABLE:
            self.keep_together(20 + 10 * len(rows))
        self.heading(title)
        printable = [[self.printable(text) for text in row] for row in rows]
        # A table is laid out as a whole: one cell that needs shaping has all of it shaped.
        self.set_text_shaping(any(needs_shaping(text) for row in printable for text in row))
        self._style(SMALL, False, INK)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        with self.table(
            col_widths=tuple(widths),
            width=self.epw,
            align="L",
            text_align="L",
            v_align="TOP",
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="B", color=INK, fill_color=SHADE),
            line_height=SMALL * _LEADING,
            padding=(1.0, 1.5, 1.0, 1.5),
        ) as table:
            table.row(headings)
            for row in printable:
                table.row(row)
        self.set_x(self.l_margin)

    def _render_styled_text_line(self, *args: Any, **kwargs: Any) -> bool:
        """Set the base font on the page before a line that may begin in another font.

        fpdf2 2.8.9 sets it inside the line, which forgets it at its end, and believes it
        set: the next line would have no font (its issue 1772 in the case of coloured text).
        """
        if not self.current_font_is_set_on_page and self.current_font is not None:
            self._out(self._set_font_for_page(self.current_font, self.font_size_pt))
        return bool(super()._render_styled_text_line(*args, **kwargs))

    def _rule(self, y: float) -> None:
        self.set_draw_color(*RULE)
        self.set_line_width(0.25)
        self.line(self.l_margin, y, self.w - self.r_margin, y)

    def _style(self, size: float, bold: bool, colour: tuple[int, int, int]) -> None:
        self.set_font(BASE_FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _one_line(self, text: str, width: float, size: float) -> str:
        """Return `text` cut so that it fits on one line."""
        text = self.printable(" ".join(text.split()))[:400]
        self._style(size, False, INK)
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(text + "…") > width:
            text = text[: -max(1, len(text) // 20)]
        return text + "…"
