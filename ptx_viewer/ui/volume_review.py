"""A CT series in the window: when planes are shown, and what keys and panels then refer to."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from models.prediction import Side
from ptx_viewer.review.review import Decision
from ptx_viewer.study.image import Window

from . import theme
from .keys import Act
from .mpr import LUNG_WINDOW, MprView, Outlined, Outlines, Plane
from .pane import Pane
from .viewport import Drawing
from .volume_desk import is_volume
from .volume_export import findings_work, report_work
from .volume_reading import VolumeReading

if TYPE_CHECKING:
    from .main_window import MainWindow


class VolumeReview(QObject):
    """Keeps the planes, the panels of the series and the volume's desk in step."""

    changed = Signal()
    #: What keys and buttons can do now may be different.
    acted = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._w = window
        self.view = MprView()
        self.on = False
        self._outlined: tuple[object, ...] = ()
        desk, column = window.volumes, window.column
        desk.volumeRead.connect(self._on_volume)
        desk.readingChanged.connect(self._follow_reading)
        desk.segmented.connect(self._on_segmented)
        desk.problem.connect(window.messages.warn)
        desk.changed.connect(self.acted)
        desk.saved.connect(lambda key: window.library.refresh_statuses([key]))
        self.view.windowChanged.connect(self._on_window)
        self.view.painted.connect(self._on_painted)
        self.view.told.connect(self._on_told)
        self.view.drawingMade.connect(self._on_made)
        self.view.drawingMoved.connect(self._on_moved)
        self.view.drawingSelected.connect(self._on_selected)
        for plane, view in self.view.views.items():
            view.set_drawing_source(partial(self._drawings, plane), partial(self._describe, plane))
        window.bar.brush_radius.valueChanged.connect(self.view.set_brush_radius)
        column.volume.findingChosen.connect(self._on_chosen)
        column.volume.findingAsked.connect(self._on_asked)
        column.volume.sideAnswered.connect(self._on_side)

    # ------------------------------------------------------------------ what is under review

    @property
    def offered(self) -> bool:
        """Whether the active viewport shows a series that can be segmented."""
        return is_volume(self._w.pane.item)

    @property
    def reading(self) -> VolumeReading | None:
        """The series in the active viewport; None where that shows none."""
        return self._w.volumes.reading if self.offered else None

    @property
    def exportable(self) -> bool:
        """Whether there is something to report: the series is read and segmented."""
        reading = self.reading
        return reading is not None and reading.can_draw

    def enable_actions(self) -> None:
        """Allow what can be done with a series, where that differs from an image."""
        reading, actions = self.reading, self._w.actions_
        if reading is None:
            return
        actions[Act.CANCEL].setEnabled(True)
        actions[Act.ADD_FINDING].setEnabled(reading.can_draw and not reading.locked)
        actions[Act.FILL_BETWEEN].setEnabled(reading.selected is not None and not reading.locked)
        for act in (Act.EXPORT, Act.EXPORT_FINDINGS):
            actions[act].setEnabled(self.exportable and not self._w.exporter.running)
        # On a single slice of the stack the reader measures as on any image: that can be undone there.
        image = self._w.pane.reading
        if not self.on and image is not None:
            actions[Act.UNDO].setEnabled(reading.can_undo or image.can_undo)
            actions[Act.REDO].setEnabled(reading.can_redo or image.can_redo)
            own = image.measuring.own_selected and not image.locked
            actions[Act.REMOVE_FINDING].setEnabled(actions[Act.REMOVE_FINDING].isEnabled() or own)

    def follow(self, pane: Pane) -> None:
        """Take note of what the active viewport shows now."""
        if is_volume(pane.item):
            if not self._w.volumes.holds(pane.item):
                self._leave()
                self._w.volumes.attend(pane.item)
        elif self._w.volumes.item is not None:
            self._w.volumes.close()
            self._leave()
        elif self.on:
            self.stop()

    def segment(self) -> bool:
        """Segment the series of the active viewport; False when it is none."""
        item = self._w.pane.item
        if item is None or not self.offered:
            return False
        self._w.volumes.open(item, segment=True)
        return True

    # ------------------------------------------------------------------ the planes

    def toggle(self) -> None:
        """Show the three planes of the series, or the viewports again."""
        item = self._w.pane.item
        if self.on or item is None or not self.offered:
            self.stop()
            return
        self.on = True
        self._w.volumes.open(item)
        if self._w.volumes.volume is not None and self.view.volume is not self._w.volumes.volume:
            self._on_volume()
        self._on_window(self.view.window_.center, self.view.window_.width)
        self.changed.emit()
        self.view.active.setFocus()

    def stop(self) -> None:
        """Show the viewports again."""
        self.on = False
        if self._w.pane.image is not None:
            shown = self._w.pane.viewport.window
            self._w.bar.window_box.set_window(shown.center, shown.width)
        self.changed.emit()

    def scroll(self, by: int) -> bool:
        """Scroll the active plane; False while no planes are shown."""
        if self.on:
            self.view.active.step(by)
        return self.on

    def set_window(self, center: float, width: float) -> bool:
        """Window the planes; False while none are shown."""
        if self.on:
            self.view.set_window(Window(center, width))
        return self.on

    def zoom(self, factor: float) -> bool:
        """Magnify the active plane; False while no planes are shown."""
        if self.on:
            self.view.active.zoom_by(factor)
        return self.on

    def fit(self) -> bool:
        """Show the whole of every plane; False while none are shown."""
        if self.on:
            for view in self.view.views.values():
                view.fit()
        return self.on

    def reset(self) -> bool:
        """Show the planes as at first; False while none are shown."""
        if self.on:
            self.fit()
            self.view.set_window(LUNG_WINDOW)
        return self.on

    # ------------------------------------------------------------------ findings

    def add(self) -> bool:
        """Ask for the side of a finding to draw; False where the viewport shows no series."""
        reading = self.reading
        if reading is not None and reading.can_draw and not reading.locked:
            self._w.column.volume.ask_side(True)
        return reading is not None

    def step_finding(self, by: int) -> bool:
        """Go to the next or the previous finding; False where the viewport shows no series."""
        reading = self.reading
        if reading is not None:
            reading.select_step(by)
            self._jump()
        return reading is not None

    def fill_between(self) -> None:
        """Fill the slices between those on which the selected finding is outlined, and say what was done."""
        reading = self.reading
        if reading is None or reading.selected is None:
            return
        filled = reading.fill_between(reading.selected.finding_id)
        self._w.messages.tell(
            f"{filled} slice{'s were' if filled > 1 else ' was'} filled in between those outlined."
            if filled
            else "No slice is empty between those that the selected finding is outlined on."
        )

    def remove(self) -> bool:
        """Remove what the reader drew; False where the viewport shows no series or nothing is chosen."""
        reading = self.reading
        if reading is None:
            return False
        if reading.measuring.remove():
            return True
        if reading.selected is None:
            return False
        reading.remove_finding(reading.selected.finding_id)
        return True

    def _on_chosen(self, finding_id: str) -> None:
        if self.reading is not None:
            self.reading.select(finding_id)
            self._jump()

    def _on_asked(self, finding_id: str, act: Act) -> None:
        if self.reading is not None:
            self.reading.select(finding_id)
            self._w.actions_[act].trigger()

    def _on_side(self, side: Side) -> None:
        reading = self.reading
        self._w.column.volume.ask_side(False)
        if reading is None:
            return
        finding_id = reading.add_finding(side)
        if finding_id is not None:
            reading.select(finding_id)
            self._show_planes()
            self.view.activate(Plane.AXIAL)
            self._w.actions_[Act.TOOL_BRUSH].trigger()
            fill = self._w.actions_[Act.FILL_BETWEEN].shortcut().toString()
            self._w.messages.tell(
                f"Draw the finding in any plane. {fill} fills the slices between those drawn."
            )

    def _jump(self) -> None:
        reading = self.reading
        if reading is not None and reading.selected is not None:
            self._show_planes()
            self._outline()
            self.view.jump_to(self._outlines(reading).find(reading.selected.finding_id))

    def _show_planes(self) -> None:
        if not self.on:
            self.toggle()

    # ------------------------------------------------------------------ results

    def export(self, path: Path, *, overwrite: bool) -> None:
        """Write the PDF report of the series as it stands now."""
        self._w.column.impression.flush()
        if self.reading is not None and self.exportable:
            self._w.exporter.run(
                "The report was", "Writing the report", report_work(self.reading, path, overwrite)
            )

    def export_findings(self, folder: Path) -> None:
        """Write ``findings.json`` of the series as it stands now, with its outlines slice by slice."""
        self._w.column.impression.flush()
        item = self._w.volumes.item
        if self.reading is not None and item is not None and self.exportable:
            work = findings_work(self.reading, item.series, folder)
            self._w.exporter.run("The findings were", "Writing findings.json", work)

    # ------------------------------------------------------------------ from the desk to the planes

    def _leave(self) -> None:
        self.view.clear()
        self._outlined = ()
        if self.on:
            self.stop()

    def _on_volume(self) -> None:
        volume = self._w.volumes.volume
        if volume is not None:
            self.view.show_volume(volume)
            self._outlined = ()
            self._outline()
            self.view.refresh_drawings()
            self.acted.emit()

    def _follow_reading(self) -> None:
        reading = self._w.volumes.reading
        if reading is not None:
            unique = Qt.ConnectionType.UniqueConnection
            for signal in (reading.reviewChanged, reading.selectionChanged, reading.analysisChanged):
                signal.connect(self._outline, unique)
            for signal in (reading.reviewChanged, reading.selectionChanged, reading.stateChanged):
                signal.connect(self.acted, unique)
            reading.measuring.changed.connect(self.view.refresh_drawings, unique)
            reading.measuring.changed.connect(self.acted, unique)
            reading.measuring.shown.connect(self._on_shown, unique)
        self.acted.emit()

    def _on_segmented(self) -> None:
        """Show what was found where it is outlined: a slice of the stack bears no outline."""
        if not self.on:
            self._jump()

    def _outline(self) -> None:
        """Draw the findings that stand, unless they are drawn already."""
        reading = self._w.volumes.reading
        if reading is None or self.view.volume is not reading.volume:
            return
        selected = reading.selected.finding_id if reading.selected is not None else None
        wanted = (reading.analysis, *reading.review.findings, selected)
        if wanted != self._outlined:
            self._outlined = wanted
            self.view.show_outlines(self._outlines(reading))
        self.view.set_edit_target(None if reading.locked else selected)

    def _outlines(self, reading: VolumeReading) -> Outlines:
        analysis, selected = reading.analysis, reading.selected
        found = analysis.segmentation if analysis is not None else None
        return Outlines(
            None if found is None else found.labels,
            tuple(
                Outlined(
                    finding.finding_id,
                    finding.side,
                    finding.mask,
                    theme.colour_of(finding.source),
                    finding is selected,
                )
                for finding in reading.review.findings
                if finding.decision is not Decision.REJECTED
            ),
        )

    def _on_window(self, center: float, width: float) -> None:
        if self.on:
            self._w.bar.window_box.set_window(center, width)

    # ------------------------------------------------------------------ from the planes to the review

    def _on_painted(self, finding_id: str, plane: Plane, index: int, mask: object) -> None:
        if self.reading is not None:
            self.reading.repaint(finding_id, plane, index, mask)  # type: ignore[arg-type]

    def _on_told(self, reason: str) -> None:
        signed = self.reading is not None and self.reading.locked
        self._w.messages.tell("The review is signed. Unsign it to change anything." if signed else reason)

    def _on_made(self, plane: Plane, index: int, kind: object, points: object) -> None:
        if self.reading is not None:
            self.reading.measuring.make(plane, index, kind, points)  # type: ignore[arg-type]

    def _on_moved(self, drawing_id: str, points: object) -> None:
        if self.reading is not None:
            self.reading.measuring.move(drawing_id, points)  # type: ignore[arg-type]

    def _on_selected(self, drawing_id: str) -> None:
        if self.reading is not None:
            self.reading.measuring.select(drawing_id)

    def _on_shown(self, annotation: object) -> None:
        if self.on:
            self.view.show_annotation(annotation)  # type: ignore[arg-type]

    def _drawings(self, plane: Plane, index: int) -> tuple[Drawing, ...]:
        reading = self._w.volumes.reading
        return reading.measuring.drawings(plane, index) if reading is not None else ()

    def _describe(self, plane: Plane, index: int, drawing: Drawing) -> tuple[str, ...]:
        reading = self._w.volumes.reading
        return reading.measuring.describe(plane, index, drawing) if reading is not None else ()
