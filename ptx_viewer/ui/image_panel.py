"""IMAGE: calibration, and what was assumed or repaired while reading the file."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ptx_viewer.study.image import Image2D

from .widgets import Section, clear, label


def calibration_text(image: Image2D) -> str:
    """Return pixel size with its basis."""
    rows, columns = image.shape
    size = f"{columns} × {rows} pixels"
    if image.spacing is None:
        return f"{size}. Not calibrated: nothing is stated in millimetres."
    spacing = image.spacing
    detail = f" ({spacing.description})" if spacing.description else ""
    return f"{size} of {spacing.row_mm:.3f} × {spacing.column_mm:.3f} mm, {spacing.basis}{detail}"


class ImagePanel(Section):
    """What the reader should know about the file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("IMAGE", parent)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(4)
        self.rows.addLayout(self._lines)
        self.refresh(None, ())

    def refresh(self, image: Image2D | None, notices: tuple[str, ...]) -> None:
        """Describe `image`."""
        clear(self._lines)
        if image is None:
            self._lines.addWidget(label("No image is shown.", "quiet"))
            return
        self._lines.addWidget(label(calibration_text(image)))
        for notice in dict.fromkeys((*notices, *image.notices)):
            self._lines.addWidget(label(notice, "quiet"))
