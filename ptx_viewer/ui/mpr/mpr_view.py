"""Three planes beside each other, linked by one cursor."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ptx_viewer.review.volume import PlaneAnnotation
from ptx_viewer.study.image import Window
from ptx_viewer.study.planes import Cursor, Plane, Planes
from ptx_viewer.study.volume import Volume
from ptx_viewer.ui.viewport import MaskStyle, Tool
from ptx_viewer.ui.widgets import label

from .outlines import Outlined, Outlines
from .plane_view import PlaneView

#: What a chest is first looked at with.
LUNG_WINDOW = Window(-600, 1500)


class MprView(QWidget):
    """Axial large at the left, coronal over sagittal at the right, and what is under the cursor."""

    windowChanged = Signal(float, float)
    #: Finding, plane, its number and its new mask.
    painted = Signal(str, object, int, object)
    told = Signal(str)
    #: Plane, its number, AnnotationKind and points of a measurement that was drawn.
    drawingMade = Signal(object, int, object, object)
    drawingMoved = Signal(str, object)
    drawingSelected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.window_ = LUNG_WINDOW
        self._planes: Planes | None = None
        self._outlines = Outlines()
        self._cursor = Cursor(0, 0, 0)
        self._active = Plane.AXIAL
        self.views = {plane: PlaneView(plane) for plane in Plane}
        self._probe: QLabel = label("", "quiet", wrap=False)
        self._probe.setContentsMargins(8, 0, 8, 2)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.views[Plane.AXIAL], 0, 0, 2, 1)
        layout.addWidget(self.views[Plane.CORONAL], 0, 1)
        layout.addWidget(self.views[Plane.SAGITTAL], 1, 1)
        layout.addWidget(self._probe, 2, 0, 1, 2)
        layout.setColumnStretch(0, 3)
        layout.setColumnStretch(1, 2)
        layout.setRowStretch(0, 1)
        layout.setRowStretch(1, 1)
        for plane, view in self.views.items():
            view.cursorMoved.connect(self.set_cursor)
            view.windowChanged.connect(self.set_window)
            view.activated.connect(lambda plane=plane: self.activate(plane))
            view.painted.connect(lambda *stroke, plane=plane: self._on_painted(plane, *stroke))
            view.told.connect(self.told)
            view.drawingMade.connect(lambda kind, points, view=view: self._on_made(view, kind, points))
            view.drawingMoved.connect(self.drawingMoved)
            view.drawingSelected.connect(self.drawingSelected)
        self.activate(Plane.AXIAL)

    @property
    def volume(self) -> Volume | None:
        """What is shown."""
        return None if self._planes is None else self._planes.volume

    @property
    def cursor_(self) -> Cursor:
        """Where the planes meet."""
        return self._cursor

    @property
    def active(self) -> PlaneView:
        """The plane that keys scroll."""
        return self.views[self._active]

    def show_volume(self, volume: Volume) -> None:
        """Show a volume in the lung window, the cursor in its middle."""
        self._planes, self._outlines = Planes(volume), Outlines()
        slices, rows, columns = volume.hounsfield.shape
        for view in self.views.values():
            view.show_planes(self._planes)
        self.set_window(LUNG_WINDOW)
        self.set_cursor(Cursor(slices // 2, rows // 2, columns // 2))

    def show_outlines(self, outlines: Outlines) -> None:
        """Draw outlines of this volume; the cursor stays."""
        self._outlines = outlines
        for view in self.views.values():
            view.show_outlines(outlines)
        self._describe()

    def clear(self) -> None:
        """Let go of the volume."""
        self._planes, self._outlines = None, Outlines()
        for view in self.views.values():
            view.show_planes(None)
        self._describe()

    def activate(self, plane: Plane) -> None:
        """Choose the plane that keys scroll."""
        self._active = plane
        for own, view in self.views.items():
            view.set_active(own is plane)

    def set_cursor(self, cursor: Cursor) -> None:
        """Move all planes to a voxel."""
        self._cursor = cursor
        for view in self.views.values():
            view.set_cursor(cursor)
        self._describe()

    def set_window(self, window: Window) -> None:
        """Show all planes with a window."""
        self.window_ = window
        for view in self.views.values():
            view.set_window(window)
        self.windowChanged.emit(window.center, window.width)

    def set_style(self, style: MaskStyle, opacity: float) -> None:
        """Draw pleural air as outline or fill, or hide it."""
        for view in self.views.values():
            view.set_style(style, opacity)

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left mouse button does."""
        for view in self.views.values():
            view.set_tool(tool)

    def set_brush_radius(self, pixels: float) -> None:
        """Choose the size of brush and eraser."""
        for view in self.views.values():
            view.set_brush_radius(pixels)

    def set_edit_target(self, finding_id: str | None) -> None:
        """Choose the finding that brush and eraser change."""
        for view in self.views.values():
            view.set_edit_target(finding_id)

    def refresh_drawings(self) -> None:
        """Draw what the reader measured as it now stands."""
        for view in self.views.values():
            view.refresh_drawings()

    def jump_to(self, finding: Outlined | None) -> None:
        """Bring the cursor to the middle of a finding, in the slice with most of it."""
        if finding is None or not finding.mask.any():
            return
        areas = [0 if plane is None else int(np.count_nonzero(plane)) for plane in finding.mask.slices]
        at = int(np.argmax(areas))
        rows, columns = np.nonzero(finding.mask.plane(at))
        # The voxel nearest to the middle: a crescent's own middle lies in the lung.
        nearest = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
        self.set_cursor(Cursor(at, int(rows[nearest]), int(columns[nearest])))

    def show_annotation(self, annotation: PlaneAnnotation) -> None:
        """Show the plane that something was measured on."""
        if self._planes is not None:
            self.set_cursor(self._planes.moved(annotation.plane, self._cursor, annotation.index))
            self.activate(annotation.plane)

    def probe_text(self) -> str:
        """Return position, Hounsfield units and label under the cursor."""
        if self._planes is None:
            return ""
        volume, at = self._planes.volume, self._cursor
        index = (at.slice_, at.row, at.column)
        x, y, z = (volume.affine @ [*index, 1.0])[:3]
        words = f"slice {at.slice_ + 1}, x {x:.0f} y {y:.0f} z {z:.0f} mm: {int(volume.hounsfield[index])} HU"
        name = self._outlines.name_at(at)
        return f"{words}, {name}" if name else words

    def _on_made(self, view: PlaneView, kind: object, points: object) -> None:
        self.drawingMade.emit(view.plane, view.index, kind, points)

    def _on_painted(self, plane: Plane, finding_id: str, index: int, mask: object) -> None:
        self.painted.emit(finding_id, plane, index, mask)

    def _describe(self) -> None:
        self._probe.setText(self.probe_text())
