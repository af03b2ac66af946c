"""Which film of the same patient came before."""

from __future__ import annotations

from collections.abc import Iterator

from ptx_viewer.study.catalogue import Catalogue, PatientEntry, StudyEntry

from .displayable import Displayable, displayables


def latest_film(catalogue: Catalogue) -> Displayable | None:
    """Return what a reader wants to see first: a film of the latest study of the first patient with films."""
    for patient in catalogue.patients:
        found = list(_films(patient))
        if found:
            # The first of the latest: max() keeps the earliest of equals.
            return max(found, key=lambda one: (one[0].date, one[0].time))[1]
    return None


def prior_of(catalogue: Catalogue, item: Displayable) -> tuple[Displayable, StudyEntry] | None:
    """Return the film of the same patient's latest study before that of `item`, and the study.

    Among the films of one study, one with the same series description comes first: a lateral view
    is no prior of a frontal one.  A study without a date is neither before nor after another.
    """
    if not item.is_film:
        return None
    for patient in catalogue.patients:
        for study, film in _films(patient):
            if film.key == item.key:
                return _latest_before(patient, study, item)
    return None


def _latest_before(
    patient: PatientEntry, current: StudyEntry, item: Displayable
) -> tuple[Displayable, StudyEntry] | None:
    earlier = [
        (study, film)
        for study, film in _films(patient)
        if study.date and current.date and (study.date, study.time) < (current.date, current.time)
    ]
    if not earlier:
        return None

    def order(found: tuple[StudyEntry, Displayable]) -> tuple[str, str, bool]:
        study, film = found
        return study.date, study.time, film.series.description == item.series.description

    study, film = max(earlier, key=order)
    return film, study


def _films(patient: PatientEntry) -> Iterator[tuple[StudyEntry, Displayable]]:
    for study in patient.studies:
        for series in study.series:
            for film in displayables(series):
                if film.is_film:
                    yield study, film
