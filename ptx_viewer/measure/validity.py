"""Which measurement a film's view switches off, and why."""

from __future__ import annotations

from .view import FilmView, Posture, Projection, Respiration

#: The formulas and guidelines are about adults.
ADULT_YEARS = 16

NO_MILLIMETRES = "the image gives no usable pixel spacing, so nothing in centimetres applies"
_LYING = {
    Posture.SUPINE: "the film is supine: air gathers in front of the lung and at its base, where these lines "
    "do not reach",
    Posture.PRONE: "the film is prone: air gathers behind the lung, where these lines do not reach",
    Posture.DECUBITUS: "the patient lies on the side: air gathers at the upper side",
}
_VIEWS = {
    Projection.LATERAL: "the film is lateral: both sides lie over each other",
    Projection.OBLIQUE: "the film is oblique: the patient is rotated",
}


def view_problem(view: FilmView) -> str | None:
    """Return why no line can be drawn on a film of this view, or None."""
    return _VIEWS.get(view.projection)


def size_problem(view: FilmView) -> str | None:
    """Return why no formula or guideline for an erect film says anything about this one, or None.

    An AP film is usually taken in bed: unless the header says that the patient was erect, it is not
    assumed.
    """
    if problem := view_problem(view):
        return problem
    if view.posture in _LYING:
        return _LYING[view.posture]
    if view.projection is Projection.AP and view.posture is not Posture.ERECT:
        return "the film is AP and the file does not state that the patient was erect"
    return None


def adult_problem(view: FilmView) -> str | None:
    """Return why what was derived from adults does not apply, or None."""
    if view.age_years is not None and view.age_years < ADULT_YEARS:
        return "the patient is a child: the method is about adults"
    return None


def rhea_problem(view: FilmView) -> str | None:
    """Return why Rhea's table does not apply, or None."""
    return size_problem(view) or adult_problem(view)


def collins_problem(view: FilmView) -> str | None:
    """Return why Collins's regression, derived from erect inspiratory PA films, does not apply, or None."""
    if problem := rhea_problem(view):
        return problem
    if view.projection is Projection.AP:
        return "the film is AP: the regression was derived from PA films"
    if view.respiration is Respiration.EXPIRATION:
        return "the film was taken in expiration: the regression was derived from inspiratory films"
    return None


def assumptions(view: FilmView) -> str:
    """Say what is taken for granted where the header is silent; ``""`` where it is not."""
    silent = []
    if view.projection is Projection.UNKNOWN:
        silent.append("PA")
    if view.posture is Posture.UNKNOWN:
        silent.append("erect")
    return f"{' and '.join(silent)} not stated in the file, assumed" if silent else ""
