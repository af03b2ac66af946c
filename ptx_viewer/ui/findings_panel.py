"""FINDINGS: what the networks say, what the reader makes of it, and how the outlines are drawn."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QProgressBar, QVBoxLayout, QWidget

from .analyst import Analyst
from .faces import Face, face_of
from .finding_row import FindingRow, SideQuestion, headline
from .keys import KEY_OF, Act
from .opinions_box import OpinionsBox
from .reading import AnalysisState, Reading
from .viewport import MaskStyle
from .widgets import ActionButton, CalmComboBox, CalmSlider, Section, clear, label, row

_STYLES = (MaskStyle.OUTLINE, MaskStyle.FILL, MaskStyle.HIDDEN)


class FindingsPanel(Section):
    """The list of findings with its state in words above it."""

    findingChosen = Signal(str)
    findingAsked = Signal(str, object)
    sideAnswered = Signal(object)
    maskStyleChanged = Signal(object, float)

    def __init__(self, actions: dict[Act, QAction], analyst: Analyst, parent: QWidget | None = None) -> None:
        super().__init__("FINDINGS", parent)
        self._actions = actions
        self._analyst = analyst
        self._shown_face: Face | None = None
        self._shown_rows: tuple[object, ...] = ()
        self._face = QVBoxLayout()
        self._face.setSpacing(3)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self.opinions = OpinionsBox(analyst)
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        self._question = SideQuestion()
        self._question.answered.connect(self.sideAnswered)
        self._hint = label("Draw the finding on the film.  Esc stops.", "quiet")
        self._add = ActionButton(actions[Act.ADD_FINDING])
        self._networks = ActionButton(actions[Act.NETWORKS])
        self.style_ = CalmComboBox()
        self.style_.addItems(["Outline", "Fill", "Hidden"])
        self.style_.setToolTip(KEY_OF[Act.MASK_STYLE].tooltip)
        self.style_.setAccessibleName("Mask style")
        self.opacity = CalmSlider(5, 100, 45, "Opacity of the masks")
        self.style_.currentIndexChanged.connect(self._emit_style)
        self.opacity.valueChanged.connect(self._emit_style)
        self.rows.addLayout(self._face)
        self.rows.addWidget(self._bar)
        self.rows.addWidget(self.opinions)
        self.rows.addLayout(self._list)
        self.rows.addWidget(self._question)
        self.rows.addWidget(self._hint)
        self.rows.addLayout(row(self._add, self._networks))
        self.rows.addLayout(row(label("Masks", "quiet", wrap=False), self.style_, self.opacity, stretch=2))
        self.set_adding(drawing=False, asking=False)
        self.refresh(None)

    @property
    def mask_style(self) -> tuple[MaskStyle, float]:
        """How masks are drawn now, and their opacity 0..1."""
        return _STYLES[self.style_.currentIndex()], self.opacity.value() / 100

    def next_style(self) -> None:
        """Outline, fill, hidden, and round again."""
        self.style_.setCurrentIndex((self.style_.currentIndex() + 1) % len(_STYLES))

    def set_adding(self, *, drawing: bool, asking: bool) -> None:
        """Say what is expected while the reader adds a finding."""
        self._hint.setVisible(drawing and not asking)
        self._question.setVisible(asking)

    def face_texts(self) -> list[str]:
        """Return the state in words, as shown."""
        return [self._face.itemAt(i).widget().text() for i in range(self._face.count())]

    def finding_rows(self) -> list[FindingRow]:
        """Return the rows of the list."""
        return [self._list.itemAt(i).widget() for i in range(self._list.count())]

    def refresh(self, reading: Reading | None) -> None:
        """Show `reading` as it stands now."""
        self._show_face(face_of(reading, self._analyst))
        running = reading is not None and reading.state is AnalysisState.RUNNING
        self._bar.setVisible(running)
        if running and reading is not None:
            self._bar.setValue(round(1000 * reading.progress))
        self.opinions.refresh(reading.analysis if reading is not None else None)
        self._show_rows(reading)

    def _show_face(self, face: Face) -> None:
        # Progress comes many times a second: what has not changed is left alone, under the mouse too.
        if face == self._shown_face:
            return
        self._shown_face = face
        clear(self._face)
        for index, line in enumerate(face.lines):
            role = "problem" if face.problem and index == 0 else ("quiet" if index else "")
            self._face.addWidget(label(line, role))
        if face.action is not None:
            self._face.addWidget(ActionButton(self._actions[face.action], role="primary"))

    def _show_rows(self, reading: Reading | None) -> None:
        findings = reading.review.findings if reading is not None else ()
        selected = reading.selected if reading is not None else None
        locked = reading is not None and reading.locked
        titles = {finding.source: self._analyst.title_of(finding.source) for finding in findings}
        wanted = (findings, selected, locked, tuple(titles.values()))
        if wanted == self._shown_rows:
            return
        self._shown_rows = wanted
        had_focus = self._holds_focus()
        clear(self._list)
        for finding in findings:
            made = FindingRow(
                finding,
                headline(finding),
                titles[finding.source],
                selected=selected is not None and finding.finding_id == selected.finding_id,
                locked=locked,
            )
            made.chosen.connect(self.findingChosen)
            made.asked.connect(self.findingAsked)
            self._list.addWidget(made)
            if had_focus and selected is finding:
                made.take_focus()

    def _holds_focus(self) -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and any(made.isAncestorOf(focused) for made in self.finding_rows())

    def _emit_style(self) -> None:
        self.maskStyleChanged.emit(*self.mask_style)
