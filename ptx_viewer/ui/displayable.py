"""What one viewport can show: a film, a multi-frame image, or a stack of slices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from ptx_viewer.review.volume import series_key
from ptx_viewer.study.catalogue import Catalogue, InstanceEntry, SeriesEntry

#: Modalities whose series is one stack of slices; every other instance stands for itself.
STACK_MODALITIES = frozenset({"CT", "MR", "PT"})
#: Modalities that are reviewed as films: these are analysed when they are shown.
FILM_MODALITIES = frozenset({"CR", "DX", "RG", "SC"})
#: What files that are not DICOM carry (PNG and JPEG films).
PICTURE_MODALITIES = frozenset({"", "OT"})


@dataclass(frozen=True)
class Displayable:
    """One row of the series browser.

    Attributes
    ----------
    series : SeriesEntry
    entry : InstanceEntry
        The instance itself, or the middle one of a stack (for the thumbnail).
    stack : bool
        Whether the whole series is shown as a stack of slices.
    """

    series: SeriesEntry
    entry: InstanceEntry
    stack: bool

    @property
    def key(self) -> str:
        """Identity within the catalogue."""
        return self.series.series_instance_uid if self.stack else self.entry.sop_instance_uid

    @property
    def image_keys(self) -> tuple[str, ...]:
        """Keys under which reviews of its images, and of a stack as a whole, are stored.

        Of each instance the first frame's.
        """
        entries = self.series.instances if self.stack else (self.entry,)
        keys = tuple(f"{entry.sop_instance_uid}#0" for entry in entries)
        return (*keys, series_key(self.series.series_instance_uid)) if self.stack else keys

    @property
    def is_film(self) -> bool:
        """Whether the networks are meant for it: a projection radiograph or a plain picture of one."""
        if self.stack or self.entry.number_of_frames > 1:
            return False
        return self.entry.modality in FILM_MODALITIES or (
            self.entry.modality in PICTURE_MODALITIES and is_picture_name(self.entry.display_path)
        )

    @property
    def title(self) -> str:
        """Modality and number of images, e.g. ``"CT · 30"``."""
        modality = self.entry.modality or "Image"
        if self.stack:
            return f"{modality} · {len(self.series.instances)}"
        if self.entry.number_of_frames > 1:
            return f"{modality} · {self.entry.number_of_frames}"
        return modality

    @property
    def subtitle(self) -> str:
        """What the series calls itself, or the file's name."""
        return self.series.description or PurePath(self.entry.display_path).name


def is_picture_name(path: str) -> bool:
    """Whether `path` ends like a PNG or JPEG picture."""
    return PurePath(path).suffix.lower() in {".png", ".jpg", ".jpeg"}


def displayables(series: SeriesEntry) -> tuple[Displayable, ...]:
    """Return what `series` offers to viewports, in display order."""
    if series.modality in STACK_MODALITIES and len(series.instances) > 1:
        return (Displayable(series, series.instances[len(series.instances) // 2], stack=True),)
    return tuple(Displayable(series, entry, stack=False) for entry in series.instances)


def all_displayables(catalogue: Catalogue) -> tuple[Displayable, ...]:
    """Return every row of the browser from top to bottom."""
    return tuple(item for series in catalogue.series() for item in displayables(series))
