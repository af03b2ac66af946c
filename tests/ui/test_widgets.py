"""Building blocks of the panels, as they are drawn."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QPushButton

from ptx_viewer.ui.theme import apply_theme
from ptx_viewer.ui.widgets import ElidedButton

NAME = "consensus of attention-unet-4 and mask-rcnn-1 with weights of a reader.pth"


def drawn(qtbot, button: QPushButton, width: int):
    qtbot.addWidget(button)
    button.setProperty("role", "link")
    button.resize(width, 26)
    button.ensurePolished()
    return button.grab().toImage()


@pytest.mark.parametrize("width", [90, 200])
def test_a_name_that_does_not_fit_ends_in_dots(qtbot, width):
    apply_theme(QApplication.instance())
    shown = drawn(qtbot, made := ElidedButton(NAME), width)
    assert made.text() == NAME
    assert shown != drawn(qtbot, QPushButton(NAME), width)
    # What a plain button draws of the name cut at some letter and ended in dots.
    cuts = (f"{NAME[:end].rstrip()}\N{HORIZONTAL ELLIPSIS}" for end in range(4, 40))
    assert any(shown == drawn(qtbot, QPushButton(text), width) for text in cuts)


def test_a_name_that_fits_is_left_as_it_is(qtbot):
    apply_theme(QApplication.instance())
    assert drawn(qtbot, ElidedButton(NAME), 900) == drawn(qtbot, QPushButton(NAME), 900)
