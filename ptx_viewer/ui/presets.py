"""Window presets: the usual ones for CT, and steps of contrast for films, whose values have no unit."""

from __future__ import annotations

from dataclasses import dataclass

from ptx_viewer.study.image import Image2D, Window


@dataclass(frozen=True)
class Preset:
    """A named window; None means the image's own."""

    name: str
    window: Window | None


def presets_for(image: Image2D) -> tuple[Preset, ...]:
    """Return the presets of an image; their place is their key (1 to 4, as OHIF numbers CT's)."""
    own = Preset("As in the file", None)
    if image.raw_unit == "HU":
        return (
            Preset("Soft tissue", Window(40, 400)),
            Preset("Lung", Window(-600, 1500)),
            own,
            Preset("Bone", Window(480, 2500)),
        )
    center, width = image.window.center, image.window.width
    low, high = float(image.raw.min()), float(image.raw.max())
    return (
        own,
        Preset("Higher contrast", Window(center, width * 0.6)),
        Preset("Lower contrast", Window(center, width * 1.6)),
        Preset("Full range", Window((low + high) / 2, max(high - low, 1e-6))),
    )
