"""Text of any script on paper: which of the report's fonts has a character, and which have none."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF

import resources

FONT_FOLDER = Path(resources.__file__).parent / "fonts"
BASE_FAMILY = "DejaVu"
_BASE_REGULAR = "DejaVuSans.ttf"
_BASE_BOLD = "DejaVuSans-Bold.ttf"

#: In the order in which a character looks for its font.
FALLBACK_FONTS = (
    "PTXHangul-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansBengali-Regular.ttf",
    "NotoSansTamil-Regular.ttf",
    "NotoSansTelugu-Regular.ttf",
    "NotoSansGujarati-Regular.ttf",
    "NotoSansGurmukhi-Regular.ttf",
    "NotoSansKannada-Regular.ttf",
    "NotoSansMalayalam-Regular.ttf",
    "NotoSansKhmer-Regular.ttf",
    "NotoSansMyanmar-Regular.ttf",
    "DroidSansFallbackFull.ttf",
)
# Every Noto font here is of a script whose letters change shape or order.
_COMPLEX_SCRIPTS = "NotoSans"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Direction overrides and isolates could make an identity read as another one; the rest is invisible.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)


@cache
def characters_of(font_file: str) -> frozenset[int]:
    """Return the code points that a font of the report has a glyph for."""
    with TTFont(FONT_FOLDER / font_file, lazy=True) as font:
        return frozenset(font.getBestCmap())


def font_for(character: str) -> str | None:
    """Return the file of the first font that has `character`, None when no font has it."""
    code = ord(character)
    return next((name for name in (_BASE_REGULAR, *FALLBACK_FONTS) if code in characters_of(name)), None)


def needs_shaping(text: str) -> bool:
    """Whether `text` runs from right to left, joins its letters or stacks them."""
    return any(
        unicodedata.bidirectional(character) in ("R", "AL")
        or unicodedata.category(character) in ("Mn", "Mc")
        or (font_for(character) or "").startswith(_COMPLEX_SCRIPTS)
        for character in text
        if not character.isascii()
    )


def missing_characters(text: str) -> tuple[str, ...]:
    """Return the characters of `text` that no font of the report can show, each once, in order."""
    return tuple(c for c in dict.fromkeys(clean(text)) if c != "\n" and font_for(c) is None)


def name_character(character: str) -> str:
    """Return e.g. ``"U+1F600 GRINNING FACE"``."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X} {name}".rstrip()


def clean(text: str) -> str:
    """Bring `text` into a printable form: composed, one kind of line end, no control characters.

    Composing (NFC) lets a font show a syllable or an accented letter as one glyph.
    """
    text = unicodedata.normalize("NFC", text)
    text = re.sub("\r\n?|\u2028|\u2029|\x0b|\x0c|\x85", "\n", text).replace("\t", "    ")
    text = _INVISIBLE.sub("", text)
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) != "Cc")


def shorten(text: str, length: int) -> str:
    """Cut `text` to `length` characters and say how many are left out."""
    if len(text) <= length:
        return text
    return f"{text[:length]}… ({len(text) - length} more characters)"


class Fonts:
    """Adds fonts to a document as its text comes to need them.

    Parameters
    ----------
    pdf : FPDF
        Gets the base family at once; the other fonts take half a second to parse, which
        a report in a European language need not spend.
    """

    def __init__(self, pdf: FPDF) -> None:
        self._pdf = pdf
        self._added: list[str] = []
        pdf.add_font(BASE_FAMILY, "", FONT_FOLDER / _BASE_REGULAR)
        pdf.add_font(BASE_FAMILY, "B", FONT_FOLDER / _BASE_BOLD)

    def printable(self, text: str) -> str:
        """Return `text` as it can be printed; what no font has becomes U+FFFD.

        The document is set to shape the text where its script needs that.  Elsewhere it
        is not: shaping places glyph by glyph, which some readers copy as s p a c e d text.
        """
        characters = []
        for character in clean(text):
            font = _BASE_REGULAR if character == "\n" else font_for(character)
            if font not in (None, _BASE_REGULAR):
                self._add(font)
            characters.append(_REPLACEMENT if font is None else character)
        printable = "".join(characters)
        self._pdf.set_text_shaping(needs_shaping(printable))
        return printable

    def _add(self, font_file: str) -> None:
        if font_file in self._added:
            return
        self._added.append(font_file)
        self._pdf.add_font(_family(font_file), "", FONT_FOLDER / font_file)
        order = sorted(self._added, key=FALLBACK_FONTS.index)
        self._pdf.set_fallback_fonts([_family(name) for name in order], exact_match=False)


def _family(font_file: str) -> str:
    # fpdf2 reads the letters B and I at the end of a font's key as bold and italic.
    return f"fallback{FALLBACK_FONTS.index(font_file)}"
