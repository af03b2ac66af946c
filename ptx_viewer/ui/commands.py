"""What each action of the table does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog

from .keys import KEYS, Act
from .reading import Reading
from .reviewing import Reviewing
from .viewport import FilmViewport, Tool
from .why_panel import METHOD_ACTS

if TYPE_CHECKING:
    from .main_window import MainWindow

TOOLS = {
    Act.TOOL_WINDOW: Tool.WINDOW,
    Act.TOOL_PAN: Tool.PAN,
    Act.TOOL_ZOOM: Tool.ZOOM,
    Act.TOOL_SCROLL: Tool.SCROLL,
    Act.TOOL_BRUSH: Tool.BRUSH,
    Act.TOOL_ERASER: Tool.ERASER,
    Act.TOOL_SELECT: Tool.SELECT,
    Act.TOOL_RULER: Tool.RULER,
    Act.TOOL_ANGLE: Tool.ANGLE,
    Act.TOOL_ELLIPSE: Tool.ELLIPSE,
    Act.TOOL_RECTANGLE: Tool.RECTANGLE,
}
_LAYOUTS = {Act.LAYOUT_ONE: 1, Act.LAYOUT_TWO: 2, Act.LAYOUT_FOUR: 4}
_PRESETS = (Act.PRESET_1, Act.PRESET_2, Act.PRESET_3, Act.PRESET_4)
_ZOOM_STEP = 1.25
_BRUSH_STEP = 1.25
_ALL_SLICES = 10**9
_FILES = "Images (*.dcm *.dicom *.ima *.png *.jpg *.jpeg *.zip DICOMDIR);;All files (*)"


class Commands:
    """Connects every action with what it does to the window's parts."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window
        handlers = self._handlers()
        missing = [key.act for key in KEYS if key.act not in handlers]
        if missing:
            raise LookupError(f"no command for {', '.join(missing)}")
        for act, handler in handlers.items():
            window.actions_[act].triggered.connect(lambda _checked=False, handler=handler: handler())
            window.addAction(window.actions_[act])

    def export_to(self, path: Path, *, overwrite: bool) -> None:
        """Write the report of the active film or series to `path`."""
        if self._w.volume_review.reading is not None:
            self._w.volume_review.export(path, overwrite=overwrite)
            return
        reading = self._reading
        if reading is None:
            return
        self._w.column.impression.flush()
        why = self._w.column.why
        self._w.exporter.export(
            reading,
            path,
            overwrite=overwrite,
            maps=why.reported,
            cards=self._w.analyst.cards,
            prior=self._w.priors.stated,
        )

    @property
    def _reading(self) -> Reading | None:
        return self._w.pane.reading

    @property
    def _reviewing(self) -> Reviewing | None:
        """What decisions, measurements and undo refer to: the CT series where one is read as a whole."""
        return self._w.volume_review.reading or self._reading

    @property
    def _film(self) -> FilmViewport:
        return self._w.grid.active

    def _handlers(self) -> dict[Act, Callable[[], object]]:
        window, column = self._w, self._w.column
        handlers: dict[Act, Callable[[], object]] = {
            Act.OPEN_FOLDER: self._open_folder,
            Act.OPEN_FILES: self._open_files,
            Act.NEXT_SERIES: partial(window.step_series, 1),
            Act.PREVIOUS_SERIES: partial(window.step_series, -1),
            Act.EXPORT: self._export,
            Act.EXPORT_FINDINGS: self._export_findings,
            Act.QUIT: window.close,
            Act.NEXT_VIEWPORT: partial(window.grid.step, 1),
            Act.PREVIOUS_VIEWPORT: partial(window.grid.step, -1),
            Act.TOGGLE_BROWSER: window.modes.apply_panels,
            Act.TOGGLE_FINDINGS: window.modes.apply_panels,
            Act.FULL_SCREEN: window.modes.apply_full_screen,
            Act.LEAVE: window.modes.leave,
            Act.PRIVACY: window.modes.apply_privacy,
            Act.CHEAT_SHEET: window.modes.apply_cheat_sheet,
            Act.BRUSH_SMALLER: partial(self._brush, 1 / _BRUSH_STEP),
            Act.BRUSH_LARGER: partial(self._brush, _BRUSH_STEP),
            Act.FILL_BETWEEN: window.volume_review.fill_between,
            Act.UNDO: self._undo,
            Act.REDO: self._redo,
            Act.FIT: lambda: window.volume_review.fit() or self._film.fit(),
            Act.ONE_TO_ONE: self._on_film(FilmViewport.one_to_one),
            Act.ZOOM_IN: partial(self._zoom, _ZOOM_STEP),
            Act.ZOOM_OUT: partial(self._zoom, 1 / _ZOOM_STEP),
            Act.ROTATE_RIGHT: lambda: self._film.rotate(1),
            Act.ROTATE_LEFT: lambda: self._film.rotate(-1),
            Act.FLIP_HORIZONTAL: self._on_film(FilmViewport.flip_horizontal),
            Act.FLIP_VERTICAL: self._on_film(FilmViewport.flip_vertical),
            Act.INVERT: self._on_film(FilmViewport.invert),
            Act.RESET: self._reset,
            Act.NEXT_SLICE: partial(self._scroll, 1),
            Act.PREVIOUS_SLICE: partial(self._scroll, -1),
            Act.FIRST_SLICE: partial(self._scroll, -_ALL_SLICES),
            Act.LAST_SLICE: partial(self._scroll, _ALL_SLICES),
            Act.PLANES: window.volume_review.toggle,
            Act.TYPE_WINDOW: window.bar.window_box.focus,
            Act.ANALYSE: self._analyse,
            Act.ANALYSE_ALL: window.analyse_all,
            Act.SCORE_ANYWAY: partial(self._analyse, override=True),
            Act.CANCEL: window.cancel,
            Act.NETWORKS: window.show_networks,
            Act.NEXT_FINDING: partial(self._step_finding, 1),
            Act.PREVIOUS_FINDING: partial(self._step_finding, -1),
            Act.ACCEPT: self._with_finding(Reviewing.accept),
            Act.REJECT: self._with_finding(Reviewing.reject),
            Act.REOPEN: self._with_finding(Reviewing.reopen),
            Act.REMOVE_FINDING: self._remove,
            Act.NEXT_MEASUREMENT: self._with_reading(lambda reading: reading.measuring.step(1)),
            Act.PREVIOUS_MEASUREMENT: self._with_reading(lambda reading: reading.measuring.step(-1)),
            Act.PUT_BACK: self._with_reading(lambda reading: reading.measuring.put_back()),
            Act.ROTATED: self._turn_patient,
            Act.COMPARE_PRIOR: window.side_by_side.compare_prior,
            Act.ADD_FINDING: self._add_finding,
            Act.MASK_STYLE: column.findings.next_style,
            Act.HEATMAP: column.why.switch_last,
            Act.HEATMAP_FAINTER: partial(column.why.change_opacity, -1),
            Act.HEATMAP_STRONGER: partial(column.why.change_opacity, 1),
            Act.FLICKER: column.why.flicker,
            Act.EXPLAIN_BOX: partial(window.ask_region, Act.EXPLAIN_BOX),
            Act.EXPLAIN_STROKE: partial(window.ask_region, Act.EXPLAIN_STROKE),
            Act.COMPARE_MODELS: window.side_by_side.compare_models,
            Act.OPINIONS: column.findings.opinions.toggle_networks,
            Act.COMPARE_MAPS: window.side_by_side.compare_maps,
            Act.IMPRESSION: self._write_impression,
            Act.SIGN: column.impression.toggle_signature,
        }
        for act, tool in TOOLS.items():
            handlers[act] = partial(self._use_tool, tool)
        for method, act in METHOD_ACTS.items():
            handlers[act] = partial(column.why.switch, method)
        for act, count in _LAYOUTS.items():
            handlers[act] = partial(window.set_layout, count)
        for number, act in enumerate(_PRESETS):
            handlers[act] = partial(window.apply_preset, number)
        return handlers

    def _on_film(self, verb: Callable[[FilmViewport], None]) -> Callable[[], None]:
        return lambda: verb(self._film)

    def _with_reading(self, verb: Callable[[Any], None]) -> Callable[[], None]:
        def run() -> None:
            reviewing = self._reviewing
            if reviewing is not None:
                self._w.column.impression.flush()
                verb(reviewing)

        return run

    def _undo(self) -> None:
        self._w.column.impression.flush()
        steps = [one for one in self._undoable() if one.can_undo]
        if steps:
            steps[0].undo()

    def _redo(self) -> None:
        self._w.column.impression.flush()
        steps = [one for one in self._undoable() if one.can_redo]
        if steps:
            steps[0].redo()

    def _undoable(self) -> list[Reviewing]:
        """Return what has steps: a single slice of a stack comes before its series."""
        image = None if self._w.volume_review.on else self._reading
        return [one for one in (image, self._w.volume_review.reading) if one is not None]

    def _with_finding(self, verb: Callable[[Reviewing, str], None]) -> Callable[[], None]:
        def run() -> None:
            reading = self._reviewing
            if reading is not None and reading.selected is not None:
                verb(reading, reading.selected.finding_id)

        return run

    def _open_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._w, "Open a study folder")
        if folder:
            self._w.library.open([Path(folder)])

    def _open_files(self) -> None:
        files, _kind = QFileDialog.getOpenFileNames(self._w, "Open files", "", _FILES)
        if files:
            self._w.library.open([Path(file) for file in files])

    def _export(self) -> None:
        suggestion = str(Path.home() / self._w.exporter.default_name())
        chosen, _kind = QFileDialog.getSaveFileName(
            self._w, "Export a PDF report", suggestion, "PDF report (*.pdf)"
        )
        if not chosen:
            return
        path = Path(chosen)
        # The dialog has asked about the name that was typed; the one completed here may exist as well.
        complete = path.suffix.lower() == ".pdf"
        self.export_to(path if complete else path.with_name(path.name + ".pdf"), overwrite=complete)

    def _export_findings(self) -> None:
        reading = self._reading
        chosen = QFileDialog.getExistingDirectory(self._w, "Export findings.json into a new folder here")
        if not chosen:
            return
        folder = Path(chosen) / Path(self._w.exporter.default_name()).stem.replace("report", "findings")
        if self._w.volume_review.reading is not None:
            self._w.volume_review.export_findings(folder)
        elif reading is not None:
            self._w.exporter.export_findings(reading, folder, self._w.priors.stated)

    def _analyse(self, *, override: bool = False) -> None:
        if not override and self._w.volume_review.segment():
            return
        if self._reading is not None:
            self._w.desk.analyse(self._reading, override=override)

    def _scroll(self, by: int) -> None:
        if not self._w.volume_review.scroll(by):
            self._film.set_slice(self._film.slice_index + by)

    def _zoom(self, factor: float) -> None:
        if not self._w.volume_review.zoom(factor):
            self._film.zoom_by(factor)

    def _reset(self) -> None:
        if self._w.volume_review.reset():
            return
        self._film.reset_view()
        self._film.reset_window()

    def _brush(self, factor: float) -> None:
        field = self._w.bar.brush_radius
        step = field.value() * factor
        field.setValue(max(round(step), field.value() + 1) if factor > 1 else int(step))

    def _use_tool(self, tool: Tool) -> None:
        self._w.asking.stop()
        self._w.panes.set_tool(tool)
        self._w.volume_review.view.set_tool(tool)

    def _step_finding(self, by: int) -> None:
        if not self._w.volume_review.step_finding(by) and self._reading is not None:
            self._reading.select_step(by)
            self._w.jump_to_selected()

    def _remove(self) -> None:
        reading = self._reading
        own = reading is not None and not self._w.volume_review.on and reading.measuring.remove()
        if own or self._w.volume_review.remove():
            return
        if reading is not None and reading.selected is not None:
            reading.remove_finding(reading.selected.finding_id)

    def _add_finding(self) -> None:
        if self._w.volume_review.add():
            return
        if self._w.adding.start(self._w.pane):
            self._w.actions_[Act.TOOL_BRUSH].trigger()

    def _turn_patient(self) -> None:
        if self._reading is not None and self._w.volume_review.reading is None:
            self._w.column.impression.flush()
            self._reading.turn_patient()
        # The action has already turned, whether or not the review did.
        self._w.refresh_actions()

    def _write_impression(self) -> None:
        self._w.actions_[Act.TOGGLE_FINDINGS].setChecked(True)
        self._w.modes.apply_panels()
        self._w.column.impression.set_open(True)
        self._w.column.ensureWidgetVisible(self._w.column.impression)
        self._w.column.impression.text.setFocus()
