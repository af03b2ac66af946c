"""WHY: one row a method, the question above them, and what each map is worth."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explain.attribution import Attribution
from explain.methods import METHODS, title
from explain.target import Target
from ptx_viewer.report.content import MapLook

from .analyst import Analyst
from .explanations import Explanations
from .keys import Act
from .map_entry import CheckState, MapKey, MapState
from .model_box import ModelBox
from .pane import Pane
from .target_box import TargetBox
from .viewport import HeatmapLayer
from .why_choice import WhyChoice
from .why_layer import heatmap_layer
from .why_row import MethodRow
from .why_view import RowView, row_view
from .widgets import ActionButton, Section, label, row

#: The key of each method's row, in the order of the rows.
METHOD_ACTS = dict(
    zip(
        METHODS,
        (Act.METHOD_1, Act.METHOD_2, Act.METHOD_3, Act.METHOD_4, Act.METHOD_5, Act.METHOD_6),
        strict=True,
    )
)
_OPACITY_STEP = 10
_HINTS = {
    Act.EXPLAIN_BOX: "Drag a box over the region on the film.  Esc stops.",
    Act.EXPLAIN_STROKE: "Brush over the region on the film.  Esc stops.",
}


class WhyPanel(Section):
    """The maps of the film in the active viewport: asked for here, drawn by the viewports."""

    #: What the viewports show has changed.
    mapsChanged = Signal()
    #: The reader wants to draw a region.
    drawingAsked = Signal(object)

    def __init__(
        self,
        actions: dict[Act, QAction],
        analyst: Analyst,
        explanations: Explanations,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("WHY", parent)
        self._analyst = analyst
        self._explanations = explanations
        self._pane: Pane | None = None
        self.choice = WhyChoice(analyst, explanations)
        self._left_out: set[MapKey] = set()
        self._flickered = False
        self._empty = label("", "quiet")
        self._empty.setObjectName("why-empty")
        self.target = TargetBox()
        self.model = ModelBox()
        self._model_label = label("Model", "quiet", wrap=False)
        self._missing = label("", "quiet")
        self._missing.setObjectName("not-applicable")
        self._hint = label("", "quiet")
        self._hidden = label("Maps are hidden; the space bar brings them back.", "quiet")
        self._which = label("")
        compare = ActionButton(actions[Act.COMPARE_MAPS])
        self._compare_models = ActionButton(actions[Act.COMPARE_MODELS])
        self.rows_: dict[str, MethodRow] = {
            method: MethodRow(act, title(method)) for method, act in METHOD_ACTS.items()
        }
        self._content = QWidget()
        content = QVBoxLayout(self._content)
        content.setContentsMargins(0, 0, 0, 0)
        content.setSpacing(4)
        explain = label("Explain", "quiet", wrap=False)
        for name in (explain, self._model_label):
            name.setFixedWidth(46)
        content.addWidget(self._which)
        content.addLayout(row(explain, self.target, stretch=1))
        content.addLayout(row(self._model_label, self.model, self._compare_models, stretch=1))
        content.addWidget(self._missing)
        content.addWidget(self._hint)
        content.addWidget(self._hidden)
        for made in self.rows_.values():
            content.addWidget(made)
        content.addLayout(row(compare))
        self.rows.addWidget(self._empty)
        self.rows.addWidget(self._content)
        self._connect()
        self.set_drawing(None)
        self.set_side("")
        self.refresh()

    # ------------------------------------------------------------------ what the window asks

    @property
    def shown(self) -> Attribution | None:
        """The map of the active viewport, if there is one yet."""
        pane = self._pane
        key = self.choice.key_of(pane, pane.why.shown) if pane is not None and pane.why.shown else None
        return self._explanations.entry(key).attribution if key is not None else None

    @property
    def reported(self) -> tuple[tuple[Attribution, MapLook], ...]:
        """The maps of the film that go into the report, and how each is drawn."""
        reading = self._pane.reading if self._pane is not None else None
        if reading is None:
            return ()
        return tuple(
            (attribution, self._look(attribution.method))
            for key, attribution in self._explanations.done(reading.key)
            if key not in self._left_out
        )

    def layer_of(self, pane: Pane) -> HeatmapLayer | None:
        """Return what a viewport shows."""
        method = pane.why.shown
        key = self.choice.key_of(pane, method) if method else None
        attribution = self._explanations.entry(key).attribution if key is not None else None
        if attribution is None or self._flickered or method is None:
            return None
        return heatmap_layer(
            attribution,
            self.rows_[method].style_,
            self._analyst.title_of(attribution.model),
            several_models=len(self.choice.models_of(pane)) > 1,
            anyway=pane.why.anyway,
        )

    def show_pane(self, pane: Pane) -> None:
        """Follow the choices of `pane` from now on."""
        self._pane = pane
        self.refresh()

    def switch(self, method: str) -> None:
        """Show a method's map in the active viewport, or hide it; what is not there yet is asked for."""
        pane = self._pane
        if pane is None or self.choice.unusable(pane, method) is not None:
            return
        self._flickered = False
        pane.why.show(None if pane.why.shown == method else method)
        self.choice.ask(pane, again=True)
        self.refresh()

    def switch_last(self) -> None:
        """Hide the map, or show the one that was shown last."""
        if self._pane is not None:
            state = self._pane.why
            self.switch(state.shown or state.last or METHODS[0])

    def flicker(self) -> None:
        """Take all maps off the films, or bring them back."""
        self._flickered = not self._flickered
        self.refresh()

    def change_opacity(self, by: int) -> None:
        """Make the map shown fainter or stronger."""
        if self._pane is not None and self._pane.why.shown is not None:
            slider = self.rows_[self._pane.why.shown].opacity
            slider.setValue(slider.value() + by * _OPACITY_STEP)

    def explain(self, pane: Pane, target: Target) -> None:
        """Ask about something else; the map shown follows."""
        pane.why.target = target
        pane.why.anyway = False
        pane.draw_masks()
        self.choice.ask(pane)
        self.refresh()

    def set_drawing(self, act: Act | None) -> None:
        """Say what is expected while the reader draws a region."""
        self._hint.setText(_HINTS[act] if act is not None else "")
        self._hint.setVisible(act is not None)

    def set_side(self, side: str) -> None:
        """Say which viewport the rows are about; ``""`` while nothing is compared."""
        self._which.setText(f"Side by side: these rows are about the {side} film." if side else "")
        self._which.setVisible(bool(side))

    # ------------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show how things stand for the active viewport."""
        pane = self._pane
        reading = pane.reading if pane is not None else None
        analysis = reading.analysis if reading is not None else None
        if analysis is not None:
            self._explanations.take(analysis)
        scored = analysis is not None and bool(analysis.predictions)
        if reading is None:
            self._empty.setText("No image is shown.")
        elif analysis is None:
            self._empty.setText("Explanations can be asked for when the image has been analysed.")
        else:
            self._empty.setText("Nothing was scored, so there is nothing to explain.")
        self._empty.setVisible(not scored)
        self._content.setVisible(scored)
        if pane is not None and scored:
            self._list_models(pane)
            self.target.refresh(reading, pane.why, self.choice.model_of(pane), self._analyst.title_of)
            self._show_rows(pane)
        self._hidden.setVisible(self._flickered)
        self.mapsChanged.emit()

    def _show_rows(self, pane: Pane) -> None:
        # The reason is the same for every method that does not apply: it is said once.
        reasons = {self.choice.unusable(pane, method) for method in METHODS} - {None}
        self._missing.setText(next(iter(reasons), ""))
        self._missing.setVisible(bool(reasons))
        for method, made in self.rows_.items():
            made.show_view(self._view(pane, method))

    def _view(self, pane: Pane, method: str) -> RowView:
        key = self.choice.key_of(pane, method)
        unusable = self.choice.unusable(pane, method)
        model = self._analyst.title_of(self.choice.model_of(pane))
        entry = self._explanations.entry(key)
        return row_view(
            method, pane.why, entry, model, unusable=unusable or "", in_report=key not in self._left_out
        )

    def _list_models(self, pane: Pane) -> None:
        models = self.choice.models_of(pane)
        titles = [self._analyst.title_of(model) for model in models]
        self.model.show_models(titles, models.index(self.choice.model_of(pane)))
        for widget in (self.model, self._model_label, self._compare_models):
            widget.setVisible(len(models) > 1)

    # ------------------------------------------------------------------ what the reader does

    def _connect(self) -> None:
        self.target.targetChosen.connect(self._on_target)
        self.target.drawingAsked.connect(self.drawingAsked)
        self.model.activated.connect(self._on_model)
        self._explanations.changed.connect(self._on_map)
        for method, made in self.rows_.items():
            made.toggled.connect(self._about(self.switch, method))
            made.cancelled.connect(self._about(self._cancel, method))
            made.styleChanged.connect(self.mapsChanged)
            made.reportChanged.connect(self._about(self._report, method))
            made.anywayAsked.connect(self._about(self._show_anyway, method))

    @staticmethod
    def _about(call: Callable[[str], None], method: str) -> Callable[..., None]:
        return lambda *_arguments: call(method)

    def _on_target(self, target: Target) -> None:
        if self._pane is not None:
            self.explain(self._pane, target)

    def _on_model(self, index: int) -> None:
        pane = self._pane
        if pane is not None:
            pane.why.model = self.choice.models_of(pane)[index]
            pane.why.anyway = False
            if self.target.of_another_network(pane.why):
                pane.why.target = Target.image_score()
                pane.draw_masks()
            self.choice.ask(pane)
            self.refresh()

    def _on_map(self, key: MapKey) -> None:
        pane = self._pane
        if pane is not None and pane.reading is not None and pane.reading.key == key.image:
            made = self.rows_.get(key.method)
            if made is not None and self.choice.key_of(pane, key.method) == key:
                made.show_view(self._view(pane, key.method))
        entry = self._explanations.entry(key)
        if entry.state is not MapState.RUNNING and entry.check is not CheckState.RUNNING:
            self.mapsChanged.emit()

    def _cancel(self, method: str) -> None:
        if self._pane is not None:
            self._explanations.cancel(self.choice.key_of(self._pane, method))

    def _report(self, method: str) -> None:
        if self._pane is not None:
            self._left_out ^= {self.choice.key_of(self._pane, method)}
            self._show_rows(self._pane)

    def _show_anyway(self, _method: str) -> None:
        if self._pane is not None:
            self._pane.why.anyway = not self._pane.why.anyway
            self.refresh()

    def _look(self, method: str) -> MapLook:
        style = self.rows_[method].style_
        return MapLook(style.colour_map, style.opacity)
