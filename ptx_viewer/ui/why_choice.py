"""Which map a viewport asks for: whose answer, by which method, about what, and whether that can be asked."""

from __future__ import annotations

from explain.methods import GRADIENT_METHODS, METHODS, title

from .analyst import Analyst
from .explanations import Explanations
from .map_entry import MapKey, MapState
from .pane import Pane


class WhyChoice:
    """Answers about the choices of any viewport; knows no widget."""

    def __init__(self, analyst: Analyst, explanations: Explanations) -> None:
        self._analyst = analyst
        self._explanations = explanations

    @staticmethod
    def models_of(pane: Pane) -> tuple[str, ...]:
        """Return the networks that answered about the film; their consensus is explained by each of them."""
        analysis = pane.reading.analysis if pane.reading is not None else None
        return tuple(made.model for made in analysis.predictions) if analysis is not None else ()

    def model_of(self, pane: Pane) -> str:
        """Return the network that is explained, ``""`` where none has answered."""
        models = self.models_of(pane)
        return pane.why.model if pane.why.model in models else next(iter(models), "")

    def key_of(self, pane: Pane, method: str) -> MapKey:
        """Return which map a method's row stands for."""
        image = pane.reading.key if pane.reading is not None else ""
        return MapKey(image, self.model_of(pane), method, pane.why.target.key)

    def unusable(self, pane: Pane, method: str) -> str | None:
        """Return why a method does not apply to what a viewport shows; None where it does."""
        if not self.models_of(pane):
            return "Nothing was scored."
        model = self.model_of(pane)
        info = self._analyst.info
        if method in GRADIENT_METHODS and info is not None and model in info.without_gradients:
            first, *others = [title(each) for each in METHODS if each in GRADIENT_METHODS]
            names = [first, *(name.lower() for name in others)]
            return (
                f"{', '.join(names[:-1])} and {names[-1]} need gradients, "
                f"which {self._analyst.title_of(model)} does not offer."
            )
        return None

    def ask(self, pane: Pane, *, again: bool = False) -> None:
        """Ask for the map that a viewport shows; one that failed or was cancelled only if `again`."""
        method, reading = pane.why.shown, pane.reading
        if method is None or reading is None or self.unusable(pane, method) is not None:
            return
        key = self.key_of(pane, method)
        if again or self._explanations.entry(key).state is MapState.NOT_COMPUTED:
            self._explanations.ask(reading.image, key, pane.why.target, reading.analysis)
