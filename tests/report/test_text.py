"""Which character has a font, and what cleaning takes away."""

from __future__ import annotations

import unicodedata

import pytest
from fontTools.ttLib import TTFont

from ptx_viewer.report.text import (
    FALLBACK_FONTS,
    FONT_FOLDER,
    characters_of,
    clean,
    font_for,
    missing_characters,
    name_character,
    needs_shaping,
    shorten,
)
from ptx_viewer.report.wording import age, date, person, time


def test_every_shipped_font_is_used_and_has_its_licence():
    fonts = {path.name for path in FONT_FOLDER.glob("*.ttf")}
    assert fonts == {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf", *FALLBACK_FONTS}
    licences = {path.stem.removeprefix("LICENSE-") for path in FONT_FOLDER.glob("LICENSE-*.txt")}
    assert {name for name in fonts if not any(name.startswith(licence) for licence in licences)} == set()


@pytest.mark.parametrize("name", ["DejaVuSans.ttf", *FALLBACK_FONTS])
def test_fonts_have_a_shape_for_every_letter_that_they_claim(name):
    # Some fonts map thousands of characters to an empty glyph: their names would vanish silently.
    with TTFont(FONT_FOLDER / name, lazy=True) as font:
        glyphs, offsets = font.getBestCmap(), font["loca"]
        empty = [code for code, glyph in glyphs.items() if not _shape(font, offsets, glyph)]
    letters = [chr(code) for code in empty if unicodedata.category(chr(code))[0] in "LMN"]
    blank_by_nature = ("VARIATION SELECTOR", "FILLER", "GRAPHEME JOINER")
    names = [unicodedata.name(letter) for letter in letters]
    assert [name for name in names if not any(kind in name for kind in blank_by_nature)] == []


def _shape(font: TTFont, offsets, glyph: str) -> bool:
    index = font.getGlyphID(glyph)
    return offsets[index] != offsets[index + 1]


@pytest.mark.parametrize(
    ("character", "font"),
    [
        ("A", "DejaVuSans.ttf"),
        ("ж", "DejaVuSans.ttf"),
        ("م", "DejaVuSans.ttf"),
        ("王", "DroidSansFallbackFull.ttf"),
        ("さ", "DroidSansFallbackFull.ttf"),
        ("힣", "PTXHangul-Regular.ttf"),
        ("क", "NotoSansDevanagari-Regular.ttf"),
        ("ส", "NotoSansThai-Regular.ttf"),
        ("\U0001f9e0", None),
    ],
)
def test_character_gets_its_font(character, font):
    assert font_for(character) == font


def test_all_modern_hangul_is_covered():
    assert set(range(0xAC00, 0xD7A4)) <= characters_of("PTXHangul-Regular.ttf")


def test_missing_characters_are_named_once_in_order():
    assert missing_characters("a\U0001f9e0b\U00010380\U0001f9e0\n") == ("\U0001f9e0", "\U00010380")
    assert name_character("\U0001f9e0") == "U+1F9E0 BRAIN"
    assert name_character("\ue123") == "U+E123"


@pytest.mark.parametrize("text", ["محمد", "דוד", "कृष्णा", "สมชาย", "a\u0328\u0301"])
def test_scripts_that_join_stack_or_run_leftward_are_shaped(text):
    assert needs_shaping(text)


@pytest.mark.parametrize("text", ["Doe, Jane × 3", "Nguyễn", "Ωώ Жѝ", "王小明 さくら", "김철수", "Արամ"])
def test_other_scripts_are_not_shaped(text):
    assert not needs_shaping(text)


def test_cleaning_composes_and_drops_what_could_deceive():
    assert clean("e\u0301") == "é"
    assert clean("\u1100\u1161\u11a8") == "각"
    assert clean("a\r\nb\rc\u2028d\te\x00\x1b") == "a\nb\nc\nd    e"
    assert clean("ab\u202ecd\u2066\ufeff\u00ad") == "abcd"


def test_shortening_says_what_is_left_out():
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 3) == "abc… (4 more characters)"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^Mary^Dr^PhD", "Doe, Jane Mary Dr PhD"),
        ("Wang^XiaoDong=王^小東", "Wang, XiaoDong (王 小東)"),
        ("=山田^太郎", "山田 太郎"),
        ("Doe", "Doe"),
        ("^Jane", "Jane"),
        ("^^^^", ""),
        ("", ""),
    ],
)
def test_person_name_is_written_as_people_do(written, name):
    assert person(written) == name


def test_dates_times_and_ages_are_written_out_or_left_alone():
    assert (date("20260228"), date("2026"), date("")) == ("2026-02-28", "2026", "")
    assert (time("142530.5"), time("1425"), time("noon")) == ("14:25", "14:25", "noon")
    assert (age("066Y"), age("003D"), age("old")) == ("66 years", "3 days", "old")
