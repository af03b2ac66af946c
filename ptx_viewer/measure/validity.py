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


#: What the reader says of a patient who stood turned.
ROTATED = "the patient is rotated (reader's judgement)"
_ROTATED_LENGTH = f"{ROTATED}, which changes what lies at the edges of the chest"


def view_problem(view: FilmView) -> str | None:
    """Return why no line can be drawn on a film of this view, or None."""
    if view.oblique:
        return f"the film is oblique: {view.oblique}"
    return _VIEWS.get(view.projection)


def rotation_problem(view: FilmView) -> str | None:
    """Return why nothing that rests on the midline or on the width of a side applies, or None.

    A rotated chest shows its two sides unequally wide, the heart over one of them and the mediastinum
    aside, so midline, shares of a side and comparisons of the sides are off.  Straight distances from
    chest wall to lung stay, with a remark: :func:`remarks`.
    """
    return ROTATED if view.rotated else None


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


def class_problem(view: FilmView) -> str | None:
    """Return why a guideline's size class does not apply, or None."""
    return size_problem(view) or adult_problem(view)


def diameter_problem(view: FilmView) -> str | None:
    """Return why nothing that follows from the width of lung and hemithorax applies, or None."""
    return size_problem(view) or rotation_problem(view)


def rhea_problem(view: FilmView) -> str | None:
    """Return why Rhea's table does not apply, or None."""
    return class_problem(view) or rotation_problem(view)


def collins_problem(view: FilmView) -> str | None:
    """Return why Collins's regression, derived from erect inspiratory PA films, does not apply, or None."""
    if problem := rhea_problem(view):
        return problem
    if view.projection is Projection.AP:
        return "the film is AP: the regression was derived from PA films"
    if view.respiration is Respiration.EXPIRATION:
        return "the film was taken in expiration: the regression was derived from inspiratory films"
    return None


def remarks(view: FilmView) -> str:
    """Say what a reader has to know beside a distance or its class; ``""`` for nothing."""
    return _ROTATED_LENGTH if view.rotated else ""


def assumptions(view: FilmView) -> str:
    """Say what is taken for granted where the header is silent; ``""`` where it is not."""
    silent = []
    if view.projection is Projection.UNKNOWN:
        silent.append("PA")
    if view.posture is Posture.UNKNOWN:
        silent.append("erect")
    return f"{' and '.join(silent)} not stated in the file, assumed" if silent else ""
