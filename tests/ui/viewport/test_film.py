"""The greys on the screen are the greys of the film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from models.prediction import Box
from ptx_viewer.study.image import Window
from ptx_viewer.study.luts import to_display
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan
from ptx_viewer.study.spacing import Spacing, SpacingBasis

TOP, LEFT = 50, 55  # of a 60 x 90 film in the middle of a 160 x 200 canvas


def film_of(shot: np.ndarray, rows: int = 60, columns: int = 90) -> np.ndarray:
    top, left = (160 - rows) // 2, (200 - columns) // 2
    part = shot[top : top + rows, left : left + columns]
    assert (part == part[..., :1]).all(), "a grey film has no colour"
    return part[..., 0]


def test_one_to_one_shows_exactly_the_displayed_pixels(films, show):
    viewport = show(films.noise())
    assert np.array_equal(film_of(films.render(viewport)), films.grey(viewport.image))


def test_all_around_the_film_is_pure_black(films, show):
    shot = films.render(show(np.full((60, 90), 200, np.int16)))
    assert (film_of(shot) == 255).all()
    shot[TOP : TOP + 60, LEFT : LEFT + 90] = 0
    assert not shot.any()


@pytest.mark.parametrize("inverted", [False, True])
def test_a_window_acts_on_the_raw_values_and_polarity_comes_after(films, show, inverted):
    viewport = show(films.noise(), inverted=inverted)
    viewport.set_window(60.0, 41.0)
    expected = np.rint(to_display(viewport.image.raw, Window(60.0, 41.0), inverted) * 255)
    assert np.array_equal(film_of(films.render(viewport)), expected)


def test_resetting_the_window_of_a_monochrome1_film_does_not_invert_it_again(films, show):
    viewport = show(films.noise(), inverted=True)
    before = films.render(viewport)
    viewport.set_window(60.0, 41.0)
    viewport.reset_window()
    assert np.array_equal(films.render(viewport), before)
    assert viewport.window == Window(100.0, 201.0)


def test_inverting_turns_the_greys_round_and_resetting_the_view_undoes_it(films, show):
    viewport = show(films.noise(), inverted=True)
    before = film_of(films.render(viewport))
    viewport.invert()
    assert viewport.inverted
    assert np.array_equal(film_of(films.render(viewport)), 255 - before)
    viewport.set_window(60.0, 41.0)
    assert np.array_equal(
        film_of(films.render(viewport)),
        np.rint(to_display(viewport.image.raw, Window(60.0, 41.0), False) * 255),
    )
    viewport.reset_window()
    viewport.reset_view()
    viewport.one_to_one()
    assert not viewport.inverted
    assert np.array_equal(film_of(films.render(viewport)), before)


def test_a_lookup_table_of_the_file_is_shown_until_the_reader_changes_the_window(films, show):
    raw = films.noise()
    curve = ((raw / 199.0) ** 3).astype(np.float32)
    viewport = show(raw, pixels=curve)
    assert np.array_equal(film_of(films.render(viewport)), np.rint(curve * 255))
    window = viewport.window
    viewport.set_window(window.center, window.width)
    assert np.array_equal(film_of(films.render(viewport)), np.rint(to_display(raw, window, False) * 255))
    viewport.reset_window()
    assert np.array_equal(film_of(films.render(viewport)), np.rint(curve * 255))


@pytest.mark.parametrize(
    ("raw", "window"),
    [
        (np.linspace(-32768, 32767, 5400).reshape(60, 90).astype(np.int16), Window(0.0, 65536.0)),
        (np.linspace(0, 65535, 5400).reshape(60, 90).astype(np.int32), Window(30000.0, 5000.0)),
        (np.linspace(-1024, 3071, 5400).reshape(60, 90).astype(np.int16), Window(40.0, 400.0)),
        (np.linspace(5e6, 5e6 + 4095, 5400).reshape(60, 90).astype(np.int32), Window(5e6 + 2000, 2000.0)),
    ],
    ids=["whole int16", "16 bit unsigned", "hounsfield", "large offset"],
)
def test_windowing_is_exact_for_whole_numbers(films, show, raw, window):
    viewport = show(raw, window)
    viewport.set_window(window.center + 1, window.width)
    expected = np.rint(to_display(raw, Window(window.center + 1, window.width), False) * 255)
    assert np.abs(film_of(films.render(viewport)).astype(int) - expected).max() == 0


@pytest.mark.parametrize(
    "raw",
    [
        np.linspace(0, 1, 5400).reshape(60, 90).astype(np.float32),
        np.linspace(-1e6, 1e6, 5400).reshape(60, 90).astype(np.int32),
    ],
    ids=["fractions of one", "beyond 65,536 steps"],
)
def test_windowing_is_within_one_grey_where_values_have_to_be_reduced_to_steps(films, show, raw):
    low, high = float(raw.min()), float(raw.max())
    window = Window((low + high) / 2 + 0.5, (high - low) + 1)
    viewport = show(raw, window)
    viewport.set_window(window.center, (high - low) / 3 + 1)
    expected = to_display(raw, Window(window.center, (high - low) / 3 + 1), False) * 255
    assert np.abs(film_of(films.render(viewport)) - expected).max() <= 1


def test_colour_is_shown_as_it_is_whatever_the_window(films, show):
    colour = np.random.default_rng(2).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    viewport = show(films.noise(), colour=colour)
    viewport.set_window(10.0, 5.0)
    assert np.array_equal(films.render(viewport)[TOP : TOP + 60, LEFT : LEFT + 90], colour)


def test_fitting_shows_the_whole_film_as_large_as_the_canvas_allows(films, viewport):
    viewport.show_image(films.image(np.full((300, 300), 200, np.int16)))
    lit = films.render(viewport)[..., 0] == 255
    assert lit.all(axis=0).sum() == 160
    assert lit.any(axis=1).all()
    assert viewport.zoom_percent == pytest.approx(160 / 300 * 100)
    assert viewport.fitted


def test_a_reduced_film_is_averaged_and_not_decimated(films, viewport):
    # One-pixel stripes at a quarter of the size: every decimation shows black or white bands.
    stripes = np.tile(np.array([0, 200], np.int16), (640, 320))
    viewport.show_image(films.image(stripes))
    assert viewport.zoom_percent == pytest.approx(25.0)
    lit = film_of(films.render(viewport), 160, 160)
    assert np.abs(lit.astype(int) - 128).max() <= 1


@pytest.mark.parametrize(("row_mm", "column_mm", "height", "width"), [(2, 1, 160, 80), (1, 2, 100, 200)])
def test_pixels_that_are_not_square_keep_their_true_aspect(films, viewport, row_mm, column_mm, height, width):
    viewport.show_image(
        films.image(
            np.full((50, 50), 200, np.int16), spacing=Spacing(row_mm, column_mm, SpacingBasis.PATIENT)
        )
    )
    lit = films.render(viewport)[..., 0] == 255
    assert (lit.any(axis=1).sum(), lit.any(axis=0).sum()) == (height, width)
    # The same where only the ratio is known.
    image = films.image(np.full((50, 50), 200, np.int16), spacing=None)
    viewport.show_image(replace(image, stated_pixel_height=row_mm / column_mm))
    lit = films.render(viewport)[..., 0] == 255
    assert (lit.any(axis=1).sum(), lit.any(axis=0).sum()) == (height, width)


def test_zooming_keeps_the_point_under_the_cursor(films, show, qtbot):
    viewport = show(films.noise(600, 600))
    place = QPointF(37, 121)
    before = viewport.probe(place)
    for factor in (2.0, 1.7, 0.6):
        viewport.zoom_by(factor, place)
        after = viewport.probe(place)
        assert abs(after.row - before.row) <= 1
        assert abs(after.column - before.column) <= 1


def test_the_film_cannot_be_lost_by_panning(films, show):
    viewport = show(np.full((60, 90), 200, np.int16))
    viewport.pan_by(10_000, -10_000)
    assert (films.render(viewport)[..., 0] == 255).sum() >= 45 * 30 - 100


def test_centring_on_a_box_brings_it_to_the_middle_and_never_magnifies_into_a_blur(films, viewport):
    viewport.show_image(films.image(films.noise(1000, 1000)))
    viewport.centre_on(Box(left=700, top=100, right=740, bottom=160))
    middle = viewport.probe(QPointF(100, 80))
    assert abs(middle.row - 130) <= 1
    assert abs(middle.column - 720) <= 1
    assert viewport.zoom_percent == pytest.approx(100 * 160 / (3 * 60))
    viewport.centre_on(Box(left=700, top=100, right=702, bottom=102))
    assert viewport.zoom_percent == 200.0


def test_an_image_thinner_than_a_screen_pixel_is_still_drawn(films, viewport):
    viewport.show_image(
        films.image(np.full((600, 2), 200, np.int16), spacing=Spacing(20.0, 0.02, SpacingBasis.PATIENT))
    )
    lit = films.render(viewport)[..., 0] == 255
    assert lit.any(axis=1).all()
    assert lit.any(axis=0).sum() == 1


def test_real_films_and_ct_slices_are_shown_exactly(films, viewport, shared_data):
    viewport.resize(400, 300)
    shown = 0
    for entry in scan([shared_data / "studies"]).instances():
        if entry.modality == "CT" and shown % 5:
            shown += 1
            continue
        image = read_image(entry)
        viewport.show_image(image)
        viewport.one_to_one()
        rows, columns = image.shape
        top, left = rows // 2 - 150, columns // 2 - 200
        middle = films.grey(image)[top : top + 300, left : left + 400]
        assert np.array_equal(films.render(viewport)[..., 0], middle), entry.modality
        shown += 1
    assert shown >= 10
