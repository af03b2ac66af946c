"""Strokes land in the source grid, wherever the film lies on the screen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from ptx_viewer.ui.viewport import FilmViewport, MaskLayer, Tool
from ptx_viewer.ui.viewport.brush import Stroke

ROWS, COLUMNS = 60, 90


@pytest.fixture
def painting(films, show) -> FilmViewport:
    viewport = show(films.noise(ROWS, COLUMNS))
    viewport.set_masks([MaskLayer("a", np.zeros((ROWS, COLUMNS), bool), "#ff9f1c")])
    viewport.set_edit_target("a")
    viewport.set_tool(Tool.BRUSH)
    viewport.set_brush_radius(0.5)
    return viewport


@pytest.mark.parametrize(
    ("turns", "across", "down"), [*itertools.product(range(4), (False, True), (False, True))]
)
def test_a_stroke_lands_on_the_pixels_under_it_in_every_position(painting, drag, qtbot, turns, across, down):
    painting.rotate(turns)
    if across:
        painting.flip_horizontal()
    if down:
        painting.flip_vertical()
    # What numpy says about where pixels go tells which ones lie under a line on the screen.
    index = np.rot90(np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS), -turns)
    index = index[:, ::-1] if across else index
    index = index[::-1] if down else index
    top, left = (160 - index.shape[0]) // 2, (200 - index.shape[1]) // 2
    expected = np.zeros(ROWS * COLUMNS, bool)
    expected[index[10, 5:26]] = True

    with qtbot.waitSignal(painting.maskEdited) as edited:
        drag(painting, [(left + 5, top + 10), (left + 12, top + 10), (left + 25, top + 10)])
    finding, mask = edited.args
    assert finding == "a"
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, expected.reshape(ROWS, COLUMNS))


def test_a_stroke_reports_once_and_leaves_the_given_mask_alone(painting, drag, qtbot):
    before = np.zeros((ROWS, COLUMNS), bool)
    painting.set_masks([MaskLayer("a", before, "#ff9f1c")])
    edits = []
    painting.maskEdited.connect(lambda *edit: edits.append(edit))
    drag(painting, [(80, 80), (85, 80), (90, 85), (95, 90)])
    assert len(edits) == 1
    assert not before.any()


def test_the_painted_mask_stays_on_the_screen(films, painting, drag):
    painting.set_brush_radius(6)
    empty = films.render(painting)
    drag(painting, [(100, 80)])
    painting.set_tool(Tool.WINDOW)
    painted = films.render(painting)
    assert (painted != empty).any(axis=2).sum() > 2 * np.pi * 6
    assert any((painted == (255, 159, 28)).all(axis=2).ravel())


def test_the_eraser_takes_away_and_only_where_it_went(painting, drag, qtbot):
    painting.set_masks([MaskLayer("a", np.ones((ROWS, COLUMNS), bool), "#ff9f1c")])
    painting.set_tool(Tool.ERASER)
    with qtbot.waitSignal(painting.maskEdited) as edited:
        drag(painting, [(55 + 40, 50 + 30)])
    expected = np.ones((ROWS, COLUMNS), bool)
    expected[30, 40] = False
    assert np.array_equal(edited.args[1], expected)


def test_escape_gives_the_stroke_up(films, painting, drag, qtbot):
    before = films.render(painting)
    edits = []
    painting.maskEdited.connect(lambda *edit: edits.append(edit))
    painting.set_brush_radius(8)
    drag(painting, [(80, 80), (110, 90)], release=False)
    assert (films.render(painting) != before).any(), "the stroke is visible while it is painted"
    qtbot.keyClick(painting, Qt.Key.Key_Escape)
    qtbot.mouseRelease(painting, Qt.MouseButton.LeftButton)
    painting.set_tool(Tool.WINDOW)
    assert edits == []
    assert np.array_equal(films.render(painting), before)


def test_a_stroke_that_changes_nothing_is_not_an_edit(painting, drag, qtbot):
    painting.set_tool(Tool.ERASER)
    with qtbot.assertNotEmitted(painting.maskEdited):
        drag(painting, [(80, 80), (110, 90)])


def test_without_a_finding_to_change_the_brush_does_nothing(films, painting, drag, qtbot):
    painting.set_edit_target(None)
    before = films.render(painting)
    with qtbot.assertNotEmitted(painting.maskEdited):
        drag(painting, [(80, 80), (110, 90)])
    assert np.array_equal(films.render(painting), before)


def test_new_masks_end_a_stroke_on_the_old_ones(painting, drag, qtbot):
    drag(painting, [(80, 80), (110, 90)], release=False)
    with qtbot.assertNotEmitted(painting.maskEdited):
        painting.set_masks([MaskLayer("a", np.zeros((ROWS, COLUMNS), bool), "#ff9f1c")])
        qtbot.mouseRelease(painting, Qt.MouseButton.LeftButton)


def test_the_circle_under_the_cursor_has_the_size_of_the_brush(films, painting, drag):
    painting.set_brush_radius(20)
    bare = films.render(painting)
    drag(painting, [(100, 80), (100, 80)], button=Qt.MouseButton.RightButton, release=False)
    changed = (films.render(painting) != bare).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    # A radius of 20 pixels, and 1.5 of the line's dark rim outside.
    assert abs((rows[-1] - rows[0] + 1) - 43) <= 2
    assert abs((columns[-1] - columns[0] + 1) - 43) <= 2


points = st.tuples(st.floats(-5, 35), st.floats(-5, 25))


@given(path=st.lists(points, min_size=1, max_size=4), radius=st.floats(0.5, 6))
def test_a_pixel_is_painted_when_its_centre_is_within_the_radius_of_the_path(path, radius):
    stroke = Stroke(np.zeros((20, 30), bool), radius, erase=False)
    for point in path:
        stroke.move_to(*point)
    rows, columns = np.mgrid[:20, :30] + 0.5
    near = np.full((20, 30), np.inf)
    ends = list(itertools.pairwise(path)) or [(path[0], path[0])]
    for (x0, y0), (x1, y1) in ends:
        for share in np.linspace(0, 1, 400):
            near = np.minimum(near, np.hypot(columns - x0 - share * (x1 - x0), rows - y0 - share * (y1 - y0)))
    under = {(int(np.floor(y)), int(np.floor(x))) for x, y in path}
    for row, column in np.argwhere(stroke.mask != (near <= radius)):
        close = abs(near[row, column] - radius) < 0.05
        assert close or (row, column) in under
