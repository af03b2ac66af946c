"""What has changed since the prior film, or the offer to look at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ptx_viewer.measure.annotation import READER
from ptx_viewer.measure.change import Change
from ptx_viewer.study.catalogue import StudyEntry

from . import theme
from .browser import nice_date
from .keys import Act
from .measure_wording import capital, number_text, sentence
from .reading import AnalysisState
from .widgets import ActionButton, clear, label, row

TitleOf = Callable[[str], str]
_UNDER_WAY = (AnalysisState.RESTORING, AnalysisState.WAITING, AnalysisState.RUNNING)


class PriorBox(QWidget):
    """A line that offers the prior film; while the two are compared, the change of each measurement."""

    def __init__(self, actions: dict[Act, QAction], title_of: TitleOf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title_of = title_of
        self._action = actions[Act.COMPARE_PRIOR]
        self._title = label("", "group")
        self._button = ActionButton(self._action)
        self._button.setCheckable(True)
        self._action.toggled.connect(self._button.setChecked)
        # A click has already turned the button: the action says how it stands.
        self._button.clicked.connect(lambda: self._button.setChecked(self._action.isChecked()))
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self._shown: tuple[object, ...] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(2)
        layout.addLayout(row(self._title, self._button, stretch=0))
        layout.addLayout(self._list)
        self.hide()

    def show_state(
        self,
        study: StudyEntry | None,
        states: Sequence[AnalysisState],
        changes: tuple[Change, ...],
    ) -> None:
        """Show the offer of a film of `study`, and, given the two films' states, what has changed."""
        wanted = (study, tuple(states), changes)
        if wanted == self._shown:
            return
        self._shown = wanted
        self.setVisible(study is not None)
        clear(self._list)
        if study is None:
            return
        date = nice_date(study.date)
        self._title.setText(f"Change since {date}" if states else f"Prior film of {date}")
        for line in prior_lines(states, changes, self._title_of):
            self._list.addWidget(_Line(*line))

    def texts(self) -> list[str]:
        """Everything that is written, from top to bottom; nothing while there is no prior film."""
        if self.isHidden():
            return []
        return [self._title.text(), *(one.text() for one in self._lines())]

    def _lines(self) -> list[QLabel]:
        rows = (self._list.itemAt(index).widget() for index in range(self._list.count()))
        return [text for one in rows for text in one.findChildren(QLabel) if text.text()]


class _Line(QWidget):
    """Name and difference, and below them both values or why they are not compared."""

    def __init__(self, name: str, difference: str, below: str) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 1, 6, 1)
        layout.setSpacing(0)
        if name:
            value = label(difference, wrap=False)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            value.setStyleSheet(f"font-weight: bold; color: {theme.TEXT};")
            layout.addLayout(row(label(name), value, stretch=0))
        if below:
            layout.addWidget(label(below, "quiet"))


def prior_lines(
    states: Sequence[AnalysisState], changes: tuple[Change, ...], title_of: TitleOf
) -> tuple[tuple[str, str, str], ...]:
    """Return name, difference and explanation of each line; nothing while the films are not compared.

    Parameters
    ----------
    states : sequence of AnalysisState
        Of the current and the prior film; empty while they are not side by side.
    changes : tuple of Change
    title_of : callable
        From a network's name to what its card calls it.
    """
    if not states:
        return ()
    for state, film in zip(states, ("current", "prior"), strict=True):
        if state in _UNDER_WAY:
            return (("", "", f"The {film} film is being analysed."),)
        if state is not AnalysisState.DONE:
            return (("", "", f"The {film} film is not analysed, so nothing can be compared."),)
    if not changes:
        return (("", "", "Nothing is outlined on either film."),)
    lines: list[tuple[str, str, str]] = []
    for side in dict.fromkeys(change.side for change in changes):
        lines += _side_lines(side, [change for change in changes if change.side == side], title_of)
    return tuple(lines)


def _side_lines(side: str, changes: Sequence[Change], title_of: TitleOf) -> list[tuple[str, str, str]]:
    if all(change.prior is None for change in changes):
        return [(capital(side), "new", "Nothing is outlined on this side of the prior film.")]
    if all(change.current is None for change in changes):
        return [(capital(side), "gone", "Nothing is outlined on this side of the current film.")]
    return [_change_line(side, change, title_of) for change in changes]


def _change_line(side: str, change: Change, title_of: TitleOf) -> tuple[str, str, str]:
    name = f"{capital(change.name)}, {side}"
    if change.difference is None or change.prior is None or change.current is None:
        return name, "not compared", sentence(change.why_not or "")
    assert change.prior.value is not None
    assert change.current.value is not None
    unit = f"\u00a0{change.unit}"
    then, now = (number_text(m.value, change.unit) for m in (change.prior, change.current))
    sign = "+" if change.difference > 0 else ""
    parts = [f"{then} → {now}{unit}", *change.remarks]
    if change.prior.model != change.current.model:
        before, after = (
            "the reader" if one.model == READER else title_of(one.model)
            for one in (change.prior, change.current)
        )
        parts.append(f"outlined by {before} then, {after} now")
    return name, f"{sign}{number_text(change.difference, change.unit)}{unit}", " · ".join(parts)
