"""Two films, or two maps of one film, beside each other: what begins it, and what the window shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explain.methods import METHODS

from .keys import Act

if TYPE_CHECKING:
    from .main_window import MainWindow

_LAYOUTS = {1: Act.LAYOUT_ONE, 2: Act.LAYOUT_TWO, 4: Act.LAYOUT_FOUR}


class SideBySide:
    """Begins and ends comparisons of a window; only one goes on at a time."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window
        window.comparison.changed.connect(self.show_comparison)
        window.priors.changed.connect(self.show_priors)

    def compare_prior(self) -> None:
        """Show the prior film of the same patient beside the current one, or end that."""
        if self._w.priors.on:
            self._w.priors.stop()
        else:
            self._w.comparison.stop()
            self._w.priors.start()
        self.show_priors()

    def compare_maps(self) -> None:
        """Show the film twice, each with a map of its own, or end that."""
        self._w.priors.stop()
        if self._w.comparison.on:
            self._w.comparison.stop()
        elif not self._w.comparison.start():
            self._w.messages.tell("Maps can be compared when a film is shown.")
        self.show_comparison()

    def compare_models(self) -> None:
        """Show two networks' maps of one method side by side, or end that.

        The method and the question are those of the active viewport; its network stays there, and the next
        one that answered takes the other viewport.
        """
        why, pane = self._w.column.why, self._w.pane
        self._w.priors.stop()
        if self._w.comparison.on:
            self._w.comparison.stop()
            self.show_comparison()
            return
        models = why.choice.models_of(pane)
        if len(models) < 2:
            self._w.messages.tell("Networks can be compared when two of them have answered about the film.")
            self.show_comparison()
            return
        first = why.choice.model_of(pane)
        second = models[(models.index(first) + 1) % len(models)]
        method = pane.why.shown or pane.why.last or METHODS[0]
        pane.why.model = first
        if pane.why.shown is None:
            pane.why.show(method)
        why.choice.ask(pane)
        if self._w.comparison.start():
            other = self._w.pane
            other.why.model = second
            other.why.show(method)
            why.choice.ask(other)
            why.show_pane(other)
        self.show_comparison()

    def show_comparison(self) -> None:
        """Show which viewports are compared, and their maps."""
        on = self._w.comparison.on
        self._w.actions_[Act.COMPARE_MAPS].setChecked(on)
        self._w.actions_[Act.COMPARE_MODELS].setChecked(on)
        self._check_layout()
        self._w.column.why.set_side(self._w.comparison.side)
        self._w.show_maps()

    def show_priors(self) -> None:
        """Show whether there is a prior film, and what has changed since."""
        offered = self._w.priors.offered
        self._w.actions_[Act.COMPARE_PRIOR].setEnabled(offered is not None)
        self._w.actions_[Act.COMPARE_PRIOR].setChecked(self._w.priors.on)
        self._check_layout()
        study = offered[1] if offered is not None else None
        priors = self._w.priors
        self._w.column.measures.prior.show_state(study, priors.states, priors.changes())

    def _check_layout(self) -> None:
        self._w.actions_[_LAYOUTS[self._w.grid.count]].setChecked(True)
