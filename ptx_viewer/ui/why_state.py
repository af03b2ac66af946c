"""What one viewport asks of the networks: which map of which model, about what."""

from __future__ import annotations

from dataclasses import dataclass, field

from explain.target import Target


@dataclass
class WhyState:
    """The reader's choice for one viewport.

    Attributes
    ----------
    model : str
        ``""`` until the reader chooses: the first model that answered.
    target : Target
    shown : str or None
        Method of the map over the film.
    last : str
        Method that was shown last, for the key that brings it back.
    anyway : bool
        Whether a map below the cut-off is drawn all the same.
    """

    model: str = ""
    target: Target = field(default_factory=Target.image_score)
    shown: str | None = None
    last: str = ""
    anyway: bool = False

    def show(self, method: str | None) -> None:
        """Show another map, or none."""
        self.last = method or self.shown or self.last
        self.shown = method
        self.anyway = False

    def forget_image(self) -> None:
        """Begin anew with another image: a region belongs to one film only."""
        self.target, self.shown, self.last, self.anyway = Target.image_score(), None, "", False
