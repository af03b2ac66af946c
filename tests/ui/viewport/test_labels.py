"""What is written over the film, and that it can be read."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter

from ptx_viewer.study.image import Orientation, Window
from ptx_viewer.study.spacing import Spacing, SpacingBasis
from ptx_viewer.ui.viewport import HeatmapLayer, labels
from ptx_viewer.ui.viewport.annotations import Annotations, round_length
from ptx_viewer.ui.viewport.geometry import ViewState
from ptx_viewer.ui.viewport.orientation import edge_letters
from ptx_viewer.ui.viewport.text import TextBlock, wrap

DETECTOR = Spacing(0.143, 0.143, SpacingBasis.DETECTOR_PLANE)


@pytest.fixture
def font(qapp) -> QFont:
    font = QFont(qapp.font())
    font.setPixelSize(13)
    return font


def annotations(image, **changes) -> Annotations:
    usual = Annotations(
        image=image,
        window=None,
        zoom_percent=39.0,
        view=ViewState(),
        inverted=False,
        slice_index=2,
        slices=30,
        private=False,
        pixels_per_mm=2.7,
        heatmap=None,
        labels=True,
    )
    return replace(usual, **changes)


def paint(annotation: Annotations, width: int, height: int, font: QFont) -> tuple[QImage, list[QRectF]]:
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.fill(0)
    painter = QPainter(picture)
    taken = annotation.paint(painter, QSizeF(width, height), font)
    painter.end()
    return picture, taken


LONG = {
    "name": "Musterfrau-Lichtenstein von und zu Hohenberg, Anna Maria",
    "study_description": "Thorax in zwei Ebenen p.a. und seitlich im Stehen",
    "series_description": "Thorax p.a. nachverarbeitet",
    "age": "063Y",
}


@pytest.mark.parametrize(
    ("size", "heat", "spacing"),
    [
        *itertools.product(
            [(400, 400), (400, 300), (320, 240), (800, 600), (1600, 900)],
            [None, "Grad-CAM of attention-unet: image score, layer decoder.4, 2.1 s"],
            [None, DETECTOR, Spacing(0.2, 0.2, SpacingBasis.CALIBRATED_FIDUCIAL)],
        )
    ],
    ids=str,
)
def test_no_label_lies_over_another_or_off_the_canvas(films, font, size, heat, spacing):
    image = films.image(films.noise(), spacing=spacing)
    image = replace(image, patient=replace(image.patient, **LONG))
    layer = HeatmapLayer(np.zeros((60, 90), np.float32), signed=True, caption=heat) if heat else None
    turned = ViewState(quarter_turns=1, flipped_horizontally=True, flipped_vertically=True)
    _, taken = paint(
        annotations(image, heatmap=layer, view=turned, inverted=True, pixels_per_mm=2.7 if spacing else None),
        *size,
        font,
    )
    assert len(taken) >= 8
    for one, other in itertools.combinations(taken, 2):
        assert not one.intersects(other), (one, other)
    assert all(QRectF(0, 0, *size).contains(rectangle) for rectangle in taken if not rectangle.isEmpty())


def test_in_half_a_window_a_caption_is_written_to_its_end(films, font):
    said = (
        "SHAP of Attention U-Net: image score, 20 regions following the lungs, baseline blurred film with "
        "its lungs' grain, 114 samples, seed 0, 67.1 s"
    )
    layer = HeatmapLayer(np.zeros((60, 90), np.float32), signed=True, caption=said)
    # What two films side by side leave of a window of 1,366 pixels.
    lines = annotations(films.image(films.noise()), heatmap=layer)._caption(font, 190.0, 700.0)
    assert " ".join(lines) == said


@pytest.mark.parametrize(
    "said",
    [
        "Grad-CAM of Attention U-Net: image score, decoder stage at 1/8 resolution; encoder at 1/8 and 1/16, "
        "place by place (HiResCAM), 1.7 s",
        "Grad-CAM of Mask R-CNN: image score, backbone at 1/8, 1/16 and 1/32 resolution, "
        "place by place (HiResCAM), 2.2 s",
    ],
)
def test_in_half_of_a_small_window_the_layer_of_a_map_is_written_to_its_end(films, font, said):
    layer = HeatmapLayer(np.zeros((60, 90), np.float32), signed=False, caption=said)
    # What two films side by side leave of a window of 1,024 x 700 pixels.
    lines = annotations(films.image(films.noise()), heatmap=layer)._caption(font, 115.0, 635.0)
    assert " ".join(lines) == said
    # On a low canvas the film goes first.
    low = annotations(films.image(films.noise()), heatmap=layer)._caption(font, 115.0, 300.0)
    assert len(low) == 7 and low[-1].endswith("…")


def test_a_pixel_size_keeps_its_unit_where_it_must_be_broken(films, font):
    text = labels.calibration_text(films.image(films.noise(), spacing=Spacing(0.182, 0.182, DETECTOR.basis)))
    size = text.removeprefix("Pixel spacing ").split(" ")[0]
    width = QFontMetricsF(font).horizontalAdvance(size) - 5
    lines = wrap(text, font, width)
    assert " ".join(lines).replace(labels.NO_BREAK, " ") == text.replace(labels.NO_BREAK, " ")
    assert all(QFontMetricsF(font).horizontalAdvance(line) <= width for line in lines)


def test_privacy_takes_the_patient_off_the_screen_and_leaves_the_rest(films, qtbot, viewport):
    viewport.resize(600, 400)
    viewport.set_corner_labels_visible(True)
    image = films.image(np.zeros((60, 90), np.int16))
    stranger = replace(image.patient, name="Roe, Rita", patient_id="X", birth_date="", sex="M")
    viewport.show_image(image)
    named = films.render(viewport)
    viewport.set_privacy(True)
    hidden = films.render(viewport)
    assert (named[:80, :250] != hidden[:80, :250]).any()
    assert np.array_equal(named[80:], hidden[80:])
    assert np.array_equal(named[:, 300:], hidden[:, 300:])
    viewport.show_image(replace(image, patient=stranger))
    assert np.array_equal(films.render(viewport), hidden), "nothing on the screen depends on who it is"
    viewport.set_privacy(False)
    viewport.show_image(image)
    assert np.array_equal(films.render(viewport), named)


def test_the_corners_say_who_what_and_how(films):
    image = films.image(films.noise(), unit="HU", spacing=DETECTOR)
    assert labels.patient_lines(image, private=False) == ["Doe, Jane", "ID-4711", "born 1961-03-04, F"]
    assert labels.patient_lines(image, private=True) == ["Patient hidden"]
    assert labels.image_lines(image, 2, 30) == [
        "2024-01-15",
        "Thorax",
        "PA erect",
        "DX CHEST PA",
        "Image 3 / 30",
    ]
    view = ViewState(quarter_turns=1, flipped_horizontally=True)
    assert labels.window_lines(image, Window(40.0, 400.0), 38.6, view, inverted=True) == [
        "W 400  L 40 HU",
        "Zoom 39 %",
        "Rotated 90°",
        "Flipped left-right",
        "Inverted",
    ]


@pytest.mark.parametrize(
    ("spacing", "text"),
    [
        (None, "Uncalibrated: pixels only"),
        (DETECTOR, "Pixel spacing 0.143 × 0.143 mm, detector plane"),
        (Spacing(0.5, 0.7, SpacingBasis.UNKNOWN), "Pixel spacing 0.5 × 0.7 mm, unknown basis"),
        (Spacing(0.13, 0.13, SpacingBasis.ERMF), "Pixel spacing 0.13 × 0.13 mm, ERMF, estimated"),
    ],
)
def test_millimetres_always_come_with_their_basis(films, spacing, text):
    image = films.image(films.noise(), spacing=spacing)
    assert labels.calibration_text(image).replace(labels.NO_BREAK, " ") == text


def test_dates_and_ages_are_readable_and_nonsense_is_left_as_it_is():
    assert labels.readable_date("19610304") == "1961-03-04"
    assert labels.readable_date("1961.03.04") == "1961.03.04"
    assert [labels.readable_age(age) for age in ("053Y", "010M", "", "53", "old")] == [
        "53 y",
        "10 m",
        "",
        "53",
        "old",
    ]


def test_a_lookup_table_is_not_called_a_window(films):
    raw = films.noise()
    image = films.image(raw, pixels=((raw / 199.0) ** 3).astype(np.float32))
    assert labels.window_lines(image, None, 100, ViewState(), inverted=False)[0] == "VOI LUT of the file"
    linear = films.image(raw)
    assert labels.window_lines(linear, None, 100, ViewState(), inverted=False)[0] == "W 201  L 100"


@pytest.mark.parametrize(
    ("view", "letters"),
    [
        (ViewState(), ("R", "H", "L", "F")),
        (ViewState(quarter_turns=1), ("F", "R", "H", "L")),
        (ViewState(quarter_turns=2), ("L", "F", "R", "H")),
        (ViewState(quarter_turns=3), ("H", "L", "F", "R")),
        (ViewState(flipped_horizontally=True), ("L", "H", "R", "F")),
        (ViewState(flipped_vertically=True), ("R", "F", "L", "H")),
        (ViewState(quarter_turns=1, flipped_horizontally=True), ("H", "R", "F", "L")),
        (ViewState(quarter_turns=1, flipped_vertically=True), ("F", "L", "H", "R")),
    ],
)
def test_orientation_letters_follow_the_film(view, letters):
    assert edge_letters(Orientation("L", "F", stated=True), view) == letters


def test_an_assumed_orientation_is_marked_as_assumed():
    assert edge_letters(Orientation("L", "F", stated=False), ViewState()) == ("R?", "H?", "L?", "F?")
    assert edge_letters(Orientation("", "", stated=False), ViewState()) == ("", "", "", "")
    assert edge_letters(Orientation("LA", "FP", stated=True), ViewState()) == ("RP", "HA", "LA", "FP")


@pytest.mark.parametrize(
    ("longest", "length"), [(1.0, 1.0), (1.9, 1.0), (4.99, 2.0), (73.0, 50.0), (100.0, 100.0), (0.07, 0.05)]
)
def test_the_scale_bar_has_a_round_length(longest, length):
    assert round_length(longest) == pytest.approx(length)


def test_the_scale_bar_is_as_long_as_it_says(films, show, viewport):
    viewport.resize(600, 400)
    show(np.zeros((60, 90), np.int16), zoom=2.0, spacing=Spacing(0.5, 0.5, SpacingBasis.DETECTOR_PLANE))
    bare = films.render(viewport).astype(int)
    viewport.set_corner_labels_visible(True)
    drawn = (films.render(viewport) - bare).max(axis=2) > 120
    # Two screen pixels a film pixel of half a millimetre: 4 pixels a millimetre, 2 cm are 80.
    runs = [
        len(list(run)) for row in drawn[330:400, 300:] for lit, run in itertools.groupby(row.tolist()) if lit
    ]
    assert abs(max(runs) - 81) <= 2


def test_text_is_light_on_dark_whatever_the_film(font):
    picture = QImage(120, 40, QImage.Format.Format_RGB32)
    picture.fill(0xFFFFFFFF)
    painter = QPainter(picture)
    area = TextBlock(["W 4096"], font).paint(painter, 10, 8)
    painter.end()
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(40, picture.bytesPerLine())[:, 0:480:4]
    text = rows[int(area.top()) : int(area.bottom()), int(area.left()) : int(area.right())]
    assert (text < 80).mean() > 0.2, "a dark rim on white film"
    assert (text > 180).any()


def test_lines_break_between_words_and_units_stay_with_their_numbers(font):
    width = QFontMetricsF(font).horizontalAdvance("layer decoder.4, 2.1") + 1
    assert wrap("layer decoder.4, 2.1 s", font, width) == ["layer decoder.4,", "2.1 s"]
    assert wrap("", font, width) == []
    (line,) = wrap("W" * 200, font, 100)
    assert line.endswith("…")


def test_a_message_stands_in_place_of_the_image(films, viewport):
    viewport.show_image(films.image(np.zeros((60, 90), np.int16)))
    viewport.clear("Loading…")
    assert viewport.image is None
    loading = films.render(viewport)
    viewport.show_unreadable("The file is not a DICOM file.")
    unreadable = films.render(viewport)
    viewport.clear()
    empty = films.render(viewport)
    for one, other in itertools.combinations((loading, unreadable, empty), 2):
        assert (one != other).any()
    for shot in (loading, unreadable, empty):
        lit = shot.max(axis=2) > 100
        rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
        assert abs((rows[0] + rows[-1]) / 2 - 80) < 8
        assert abs((columns[0] + columns[-1]) / 2 - 100) < 4


_AT_125_PERCENT = """
    import sys, importlib.util
    import numpy as np
    from PySide6.QtWidgets import QApplication, QWidget
    spec = importlib.util.spec_from_file_location("helpers", sys.argv[1])
    helpers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helpers)
    from ptx_viewer.ui.viewport import FilmViewport
    application = QApplication([])
    window = QWidget()
    window.resize(401, 301)
    viewport = FilmViewport(window)
    viewport.set_corner_labels_visible(False)
    viewport.setGeometry(51, 37, 203, 161)   # begins between two device pixels
    image = helpers.build_image(helpers.noise())
    viewport.show_image(image)
    viewport.one_to_one()
    assert viewport.devicePixelRatioF() == 1.25
    assert round(viewport.zoom_percent) == 100
    shot = helpers.render(window)[..., 0].astype(int)
    expected = helpers.grey(image).astype(int)
    rows, columns = expected.shape
    places = [
        (top, left)
        for top in range(shot.shape[0] - rows)
        for left in range(shot.shape[1] - columns)
        if shot[top, left] == expected[0, 0]
        and np.array_equal(shot[top : top + rows, left : left + columns], expected)
    ]
    print(len(places))
"""


def test_at_125_percent_a_film_pixel_is_still_exactly_one_device_pixel(qapp):
    conftest = str(Path(__file__).parent / "conftest.py")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_AT_125_PERCENT), conftest],
        env={**os.environ, "QT_SCALE_FACTOR": "1.25", "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"
