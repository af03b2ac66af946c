"""WHY: the explanations of the answer, each with its target and how far it can be trusted."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QVBoxLayout, QWidget

from explain.attribution import Attribution, Faithfulness
from ptx_viewer.rendering import SEQUENTIAL_COLOUR_MAPS

from .analyst import Analyst
from .keys import KEY_OF, Act
from .reading import Reading
from .viewport import HeatmapLayer
from .widgets import CalmComboBox, CalmSlider, Section, clear, label, row

METHOD_NAMES = {"grad-cam": "Grad-CAM", "shap": "SHAP", "lime": "LIME"}
_VERDICTS = {"yes": "yes", "weakly": "weakly", "no": "no: do not rely on it"}


def method_name(method: str) -> str:
    """Return a method's name as the literature writes it."""
    return METHOD_NAMES.get(method, method)


def verdict_text(faithfulness: Faithfulness | None) -> str:
    """Return in one line whether the map explains the score."""
    if faithfulness is None:
        return "Better than chance: not tested"
    return f"Better than chance: {_VERDICTS.get(faithfulness.verdict, faithfulness.verdict)}"


def faithfulness_details(faithfulness: Faithfulness | None) -> str:
    """Return the figures behind the verdict."""
    if faithfulness is None:
        return "No deletion and insertion test was made for this map."
    return (
        "Deletion and insertion test (RISE):\n"
        f"deletion {faithfulness.deletion_auc:.2f}, random {faithfulness.random_deletion_auc:.2f} "
        "(low is good)\n"
        f"insertion {faithfulness.insertion_auc:.2f}, random {faithfulness.random_insertion_auc:.2f} "
        "(high is good)"
    )


class WhyPanel(Section):
    """Chooses the heatmap over the film and how it is coloured."""

    heatmapChanged = Signal()

    def __init__(self, analyst: Analyst, parent: QWidget | None = None) -> None:
        super().__init__("WHY", parent)
        self._analyst = analyst
        self._attributions: tuple[Attribution, ...] = ()
        self._shown: str | None = None
        self._left_out: set[str] = set()
        self._empty = label("", "quiet")
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        fainter, stronger = KEY_OF[Act.HEATMAP_FAINTER].shown, KEY_OF[Act.HEATMAP_STRONGER].shown
        self.opacity = CalmSlider(5, 100, 60, f"Opacity of the heatmap  ({fainter} and {stronger})")
        self.colour_map = CalmComboBox()
        self.colour_map.addItems([name.capitalize() for name in SEQUENTIAL_COLOUR_MAPS])
        self.colour_map.setToolTip("Colours of unsigned maps; signed maps are always zero-centred")
        self.colour_map.setAccessibleName("Colour map")
        self._controls = QWidget()
        controls = QVBoxLayout(self._controls)
        controls.setContentsMargins(0, 0, 0, 0)
        controls.addLayout(
            row(label("Opacity", "quiet", wrap=False), self.opacity, self.colour_map, stretch=1)
        )
        self.opacity.valueChanged.connect(self.heatmapChanged)
        self.colour_map.currentIndexChanged.connect(self.heatmapChanged)
        self.rows.addWidget(self._empty)
        self.rows.addLayout(self._list)
        self.rows.addWidget(self._controls)
        self.refresh(None)

    @property
    def colour_map_name(self) -> str:
        """Colour map of unsigned maps."""
        return SEQUENTIAL_COLOUR_MAPS[self.colour_map.currentIndex()]

    @property
    def shown(self) -> Attribution | None:
        """The explanation over the film, if any."""
        return next((a for a in self._attributions if _id(a) == self._shown), None)

    @property
    def reported(self) -> tuple[Attribution, ...]:
        """The explanations that go into the report."""
        return tuple(a for a in self._attributions if _id(a) not in self._left_out)

    def layer(self) -> HeatmapLayer | None:
        """Return what the viewport shows."""
        shown = self.shown
        if shown is None:
            return None
        return HeatmapLayer(
            shown.heatmap, shown.signed, self.opacity.value() / 100, self.colour_map_name, shown.caption
        )

    def toggle(self) -> None:
        """Show the first heatmap, or hide the one that is shown."""
        if self._attributions:
            self._show(None if self.shown is not None else _id(self._attributions[0]))

    def refresh(self, reading: Reading | None) -> None:
        """List the explanations of `reading`."""
        analysis = reading.analysis if reading is not None else None
        self._attributions = analysis.attributions if analysis is not None else ()
        if analysis is None:
            self._empty.setText("Explanations come with the analysis.")
        elif not analysis.predictions:
            self._empty.setText("Nothing was scored, so there is nothing to explain.")
        else:
            self._empty.setText("No explanation was asked for.")
        self._empty.setVisible(not self._attributions)
        self._controls.setVisible(bool(self._attributions))
        self._list_rows()
        self.heatmapChanged.emit()

    def toggles(self) -> list[QPushButton]:
        """Return the buttons that show a heatmap."""
        return self.findChildren(QPushButton, "show-heatmap")

    def _list_rows(self) -> None:
        clear(self._list)
        for attribution in self._attributions:
            self._list.addWidget(self._row(attribution))

    def _row(self, attribution: Attribution) -> QWidget:
        identity = _id(attribution)
        model = self._analyst.title_of(attribution.model)
        made = QWidget()
        layout = QVBoxLayout(made)
        layout.setContentsMargins(0, 0, 0, 2)
        layout.setSpacing(2)
        show = QPushButton(method_name(attribution.method))
        show.setObjectName("show-heatmap")
        show.setCheckable(True)
        show.setChecked(identity == self._shown)
        show.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        show.setToolTip(KEY_OF[Act.HEATMAP].tooltip)
        show.toggled.connect(lambda on: self._show(identity if on else None))
        report = QCheckBox("in report")
        report.setChecked(identity not in self._left_out)
        report.toggled.connect(lambda on: self._report(identity, on))
        layout.addLayout(row(show, label(f"{attribution.seconds:.1f} s", "quiet", wrap=False), report))
        layout.addWidget(label(f"Explains: {attribution.target} of {model}", "quiet"))
        verdict: QLabel = label(verdict_text(attribution.faithfulness))
        verdict.setObjectName("verdict")
        verdict.setToolTip(faithfulness_details(attribution.faithfulness))
        layout.addWidget(verdict)
        return made

    def _show(self, identity: str | None) -> None:
        self._shown = identity
        for button, attribution in zip(self.toggles(), self._attributions, strict=True):
            with QSignalBlocker(button):
                button.setChecked(_id(attribution) == identity)
        self.heatmapChanged.emit()

    def _report(self, identity: str, wanted: bool) -> None:
        if wanted:
            self._left_out.discard(identity)
        else:
            self._left_out.add(identity)


def _id(attribution: Attribution) -> str:
    return f"{attribution.method}/{attribution.model}/{attribution.target}"
